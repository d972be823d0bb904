"""Which resources refer to which: found when a dispatcher mounts them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from openrest.config import Definition
from openrest.errors import did_you_mean
from openrest.interfaces import DataStore
from openrest.models import shapes as s
from openrest.models.walking import bare
from openrest.options import store_name

__all__ = ["Relation", "Relations", "find_relations"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relation:
    """A member of the `source`'s records refers, by its key, to a record of the `target`."""

    source: Definition
    target: Definition
    member: s.Member
    reference: s.Reference


class Relations:
    """The relations of the resources of one API, and the stores that have their records."""

    def __init__(
        self,
        found: Sequence[Relation],
        stores: Callable[[str], DataStore],
        scoped: Callable[[str], DataStore],
    ) -> None:
        self.found = tuple(found)
        #: The store of a resource, which knows nothing of the others.
        self.store = stores
        #: That store with the records alone that whoever asks has.
        self.scoped_store = scoped

    def outgoing(self, resource: str) -> tuple[Relation, ...]:
        """Those by which the records of a resource refer to others."""
        return tuple(one for one in self.found if one.source.name == resource)

    def incoming(self, resource: str) -> tuple[Relation, ...]:
        """Those by which the records of a resource are referred to."""
        return tuple(one for one in self.found if one.target.name == resource)

    def going_with(self, resource: str) -> tuple[Relation, ...]:
        """Those that the deletion of a record may have to do with, by cascades too."""
        found: dict[Relation, None] = {}
        names = [resource]
        for name in names:
            for one in self.incoming(name):
                found[one] = None
                if one.reference.on_delete == "cascade" and one.source.name not in names:
                    names.append(one.source.name)
        return tuple(found)


def find_relations(definitions: Sequence[Definition]) -> tuple[list[Relation], list[str]]:
    """The relations of the resources that are mounted together, and every mistake in them."""
    by_name = {definition.name: definition for definition in definitions}
    found: list[Relation] = []
    mistakes: list[str] = []
    for source in definitions:
        for member in source.shape.members:
            if member.reference is None:
                continue
            target = by_name.get(member.reference.resource)
            said = list(_mistakes(source, member, member.reference, target, by_name))
            mistakes += [f"{source.name}: the field {member.name!r} {text}" for text in said]
            if target is not None and not said:
                found.append(
                    Relation(
                        source=source, target=target, member=member, reference=member.reference
                    )
                )
    return found, mistakes


def _mistakes(
    source: Definition,
    member: s.Member,
    reference: s.Reference,
    target: Definition | None,
    known: Any,
) -> Iterator[str]:
    name = reference.resource
    if target is None:
        near = did_you_mean(name, known)
        yield f"refers to the resource {name!r}, which is not mounted here.{near}"
        return
    key = target.key
    if reference.field not in ("", key.name):
        near = did_you_mean(reference.field, [key.name])
        yield f"refers to the field {reference.field!r} of {name}, which is not its key.{near}"
    shape = bare(member.shape)
    kind = type(shape.shape if isinstance(shape, s.Link) else shape)
    wanted = type(bare(key.shape))
    if kind is not wanted:
        yield (
            f"is of the type {kind.__name__}, and the key {key.name!r} of {name}, to which it "
            f"refers, is of the type {wanted.__name__}: it must be a {_FIELDS[wanted]}."
        )
    if "eq" not in source.datastore.operators:
        store = store_name(source.datastore)
        yield f"refers to {name}, and {store} cannot find what refers to a record: it lacks 'eq'."


_FIELDS: dict[type[s.Shape], str] = {
    s.Integer: "IntForeignField",
    s.String: "StringForeignField",
    s.Uuid: "UUIDForeignField",
}
