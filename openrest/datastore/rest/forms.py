"""Records as the objects of another API, and back."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from openrest.datastore.rest.pages import tokens
from openrest.datastore.rest.upstream import Upstream
from openrest.errors import ContractError, InvalidData, UpstreamFailed
from openrest.interfaces import Record
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.loading import wire_loader
from openrest.models.variants import stored_shape
from openrest.models.walking import bare, rebuilt, without_rules

__all__ = ["Form"]


class Form:
    """What the members of a model are there, and how their values are written."""

    def __init__(self, shape: s.Object, key: s.Member, upstream: Upstream) -> None:
        self._key = key
        #: Of each field the member that it is there.
        self.names = {m.name: upstream.names.get(m.name, m.wire) for m in shape.members}
        self._fields = {name: field for field, name in self.names.items()}
        shapes = {m.name: _lenient(without_rules(stored_shape(m.shape))) for m in shape.members}
        self._load = {name: wire_loader(one) for name, one in shapes.items()}
        self._dump = {name: dumper(one) for name, one in shapes.items()}
        self._kinds = {name: bare(one) for name, one in shapes.items()}
        self._members = {m.name: m for m in shape.members}
        own = {m.name for m in shape.members if m.read_only}
        self._owned = frozenset(own if upstream.owned is None else upstream.owned)
        if key.read_only:
            self._owned |= {key.name}

    def load(self, found: Any, what: str, members: Collection[str] | None = None) -> Record:
        """The record of an object, or those of its `members`; `what` was asked for it.

        Members that the model does not have are left out. Raises UpstreamFailed where it does not
        fit the model.
        """
        if not isinstance(found, dict):
            raise UpstreamFailed(f"{what} has {_shown(found)} where an object should be")
        record: Record = {}
        for name, member in self._members.items():
            there = self.names[name]
            value = found.get(there)
            if value is None:
                asked = members is None or name in members
                if member.nullable and (asked or there in found):
                    record[name] = None  # to leave it out is how many say null
                elif asked and self._is_missed(member):
                    raise UpstreamFailed(f"{what}: {_shown(found)} has no {there!r}")
                continue
            try:
                record[name] = self._load[name](value)
            except InvalidData as broken:
                raise UpstreamFailed(
                    f"{what}: {there!r} is {_shown(value)}, which does not fit: {broken}"
                ) from broken
        return record

    def _is_missed(self, member: s.Member) -> bool:
        needed = member.always or member.name == self._key.name
        return needed and not member.nullable and not member.write_only

    def without_owned(self, kept: Record, given: Record) -> Record:
        """A new record without what it has by default and the other side sets by itself."""
        return {
            name: value for name, value in kept.items() if name in given or name not in self._owned
        }

    def dump(self, record: Record, current: Record | None = None) -> dict[str, Any]:
        """The object that makes the record, or takes the place of the `current` one.

        Raises ContractError for a value that the other side sets by itself.
        """
        sent = {}
        for name, value in record.items():
            if name not in self._owned:
                sent[self.names[name]] = value if value is None else self._dump[name](value)
            elif value != (None if current is None else current.get(name)):
                raise ContractError(
                    f"The field {name!r} is set by the API that keeps the data, and {value!r:.80} "
                    "is not sent: leave it out of `owned` of the Upstream if it can be."
                )
        if current is not None and self._key.name not in self._owned:
            sent.pop(self.names[self._key.name])
        return sent

    def blamed(self, problem: Any, *, many: bool) -> tuple[int | None, list[str]]:
        """The fields that a problem (RFC 9457) is about, by the pointers in its ``errors``.

        Where there were `many` objects, it says which of them was wrong, too.
        """
        errors = problem.get("errors") if isinstance(problem, dict) else None
        index, fields = None, []
        for error in errors if isinstance(errors, list) else ():
            pointer = error.get("pointer") if isinstance(error, dict) else None
            if not isinstance(pointer, str) or not pointer.startswith("#/"):
                continue
            place = [*tokens(unquote(pointer[1:]))]
            if many and place[0].isdecimal() and len(place[0]) < 9:
                index = int(place.pop(0))
            name = self._fields.get(place[0]) if place else None
            if name is not None and name not in fields:
                fields.append(name)
        return index, fields

    def text(self, member: str, value: Any) -> str | None:
        """A value in a query string; None where it cannot be in one."""
        wire = self.wire(member, value)
        match wire:
            case str():
                return wire
            case bool():
                return "true" if wire else "false"
            case int() | float():
                return _json(wire)
            case _:
                return None

    def wire(self, member: str, value: Any) -> Any:
        """A value of a member, or of a part of its text, as JSON has it."""
        if isinstance(self._kinds[member], s.String):
            return value
        return self._dump[member](value)


def _lenient(shape: s.Shape) -> s.Shape:
    """The shape whose objects may have members more, which are left out."""
    if isinstance(shape, s.Object) and shape.extra == "refuse":
        shape = replace(shape, extra="ignore")
    return rebuilt(shape, _lenient)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _shown(value: Any) -> str:
    """A value of JSON in a line of the log."""
    if isinstance(value, Mapping):
        return f"an object with {', '.join(map(repr, value))}"[:200] if value else "an empty object"
    return "an array" if isinstance(value, list) else f"{_json(value):.80}"
