"""Formatters change a record before it is dumped, and declare what they add or remove."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from openrest.contract import Contribution
from openrest.interfaces import CallView
from openrest.models import ShapedField
from openrest.models import shapes as s
from openrest.models.derive import field_shape
from openrest.models.examples import example
from openrest.models.walking import without_rules

__all__ = ["AddResourceUri", "FunctionFormatter", "formatter"]

Record = dict[str, Any]


class AddResourceUri:
    """``"add_resource_uri"``: each object shows its own address as `resource_uri`."""

    def __init__(self, resource_name: str, key: s.Member) -> None:
        self._resource_name = resource_name
        self._key = key.name
        shown = example(key.shape) if key.example is s.MISSING else key.example
        self._example = f"/{resource_name}/{shown}"

    def contribution(self) -> Contribution:
        return Contribution(
            adds=(
                s.Member(
                    name="resource_uri",
                    wire="resource_uri",
                    shape=s.String(format="uri-reference"),
                    required=True,
                    read_only=True,
                    description="Address of this object",
                    example=self._example,
                ),
            ),
            needs=(self._key,),
        )

    def __call__(self, record: Record, call: CallView) -> Record:
        return {**record, "resource_uri": call.uri(self._resource_name, record[self._key])}


@dataclass(frozen=True, slots=True)
class FunctionFormatter:
    """A user's function, and the members that it declares to add or remove."""

    function: Callable[..., Record]
    adds: tuple[s.Member, ...] = ()
    removes: tuple[str, ...] = ()

    def contribution(self) -> Contribution:
        """What the function declares."""
        return Contribution(adds=self.adds, removes=self.removes)

    def __call__(self, record: Record, call: CallView) -> Record:
        """The record that the function makes of a copy."""
        return self.function(dict(record), call)


def formatter(
    *, adds: Sequence[ShapedField] = (), removes: Sequence[str] = ()
) -> Callable[[Callable[[Record, Any], Record]], FunctionFormatter]:
    """Declare a function of a record and the call as a formatter.

        @formatter(adds=[models.IntegerField(name="length")])
        def add_length(record, call):
            return {**record, "length": len(record["message"])}

    Added fields are in every object; removed ones are named as in records. A function that does
    something else than it declares is a ContractError.
    """

    def decorate(function: Callable[[Record, Any], Record]) -> FunctionFormatter:
        members = []
        for field in adds:
            if not field.declared_name:
                raise ValueError(
                    f"{function.__name__}: an added {type(field).__name__} has no name="
                )
            members.append(
                s.Member(
                    name=field.declared_name,
                    wire=field.data_key or field.declared_name,
                    shape=without_rules(field_shape(field)),
                    required=True,
                    read_only=True,
                    description=str(field.metadata.get("description", "")),
                    example=field.metadata.get("example", s.MISSING),
                )
            )
        return FunctionFormatter(function, tuple(members), tuple(removes))

    return decorate


def formatted(shape: Any, formatters: Sequence[Any]) -> Any:
    """The object that answers show once the formatters have run.

    Raises ValueError where one removes what is not there or adds what is there already.
    """
    if isinstance(shape, s.OneOf):
        variants = tuple((value, formatted(each, formatters)) for value, each in shape.variants)
        return replace(shape, variants=variants)
    for part in formatters:
        contribution = part.contribution()
        names = {member.name for member in shape.members}
        for name in contribution.removes:
            if name not in names:
                raise ValueError(f"removes {name!r}, which the model does not have")
        members = [member for member in shape.members if member.name not in contribution.removes]
        for added in contribution.adds:
            if any(added.name == member.name or added.wire == member.wire for member in members):
                raise ValueError(f"adds {added.name!r}, which is there already")
        shape = replace(shape, members=(*members, *contribution.adds))
    return shape
