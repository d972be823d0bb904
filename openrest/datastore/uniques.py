"""What a store in memory knows of the values that no two records share."""

from __future__ import annotations

import copy
import datetime as dt
import decimal
import json
import operator
import uuid
from collections.abc import Callable, Container
from typing import Any

from openrest.interfaces import Record
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.variants import stored_shape
from openrest.models.walking import bare

__all__ = ["Unique", "comparable"]

#: The values of a record, or None where one is missing.
Values = tuple[Any, ...] | None


class Unique:
    """The keys of records by their values of some fields, which no two of them share.

    A record that lacks one of the values shares them with none.
    """

    def __init__(self, members: tuple[str, ...], shape: s.Object) -> None:
        self.members = members
        self._read = [comparable(shape.member(name)) for name in members]
        self._owners: dict[Values, Any] = {}

    def copy(self) -> Unique:
        """One that notes by itself, with what this one has noted."""
        new = copy.copy(self)
        new._owners = self._owners.copy()
        return new

    def add(self, record: Record, key: Any) -> None:
        """Note the values of a record."""
        values = self.values(record)
        if values is not None:
            self._owners[values] = key

    def remove(self, record: Record) -> None:
        """Forget the values of a record."""
        self._owners.pop(self.values(record), None)

    def clash(self, record: Record, seen: set[Values], replaced: Container[Any] = ()) -> bool:
        """Whether the record has values that are `seen`, or those of one that is noted.

        `replaced` are the keys of noted records that give way. The values are seen then.
        """
        values = self.values(record)
        if values is None:
            return False
        if values in seen or (values in self._owners and self._owners[values] not in replaced):
            return True
        seen.add(values)
        return False

    def owners(self, record: Record) -> list[Any]:
        """The key of the record with these values, if there is one."""
        values = self.values(record)
        return [self._owners[values]] if values in self._owners else []

    def values(self, record: Record) -> Values:
        """The values of a record; None where one of them is missing."""
        if any(record.get(name) is None for name in self.members):
            return None
        return tuple(_salted(read(record)) for read in self._read)


def _salted(value: Any) -> Any:
    """What is equal where values are, and whose hash nobody can foresee.

    Python's hashes of texts are drawn anew at each start. Those of numbers are not, and a client
    may have made records of thousands that have the same one. A member has values of one type.
    """
    match value:
        case str() | bool():
            return value
        case int() | float() | decimal.Decimal():
            return "{}/{}".format(*value.as_integer_ratio())
        case uuid.UUID():
            return value.hex
        case dt.datetime() if value.tzinfo is not None:
            return value.astimezone(dt.UTC).isoformat()
        case dt.timedelta():
            return str(value // dt.timedelta.resolution)
        case _:
            return value


def comparable(member: s.Member) -> Callable[[Record], Any]:
    """A function of a record: its value of the member, as one that can be hashed and ordered.

    A choice goes by its wire value, a list by its JSON text: the same order as in a database.
    """
    name, shape = member.name, member.shape
    shape = bare(stored_shape(shape))
    dump = dumper(shape)
    match shape:
        case s.Parsed():
            return lambda record: dump(record[name])
        case (
            s.List() | s.Tuple() | s.Map() | s.Object() | s.OneOf() | s.AnyValue() | s.Constant()
            | s.Plucked()
        ):  # fmt: skip
            return lambda record: json.dumps(dump(record[name]))
        case s.Choice(pairs=pairs) if len({type(wire) for wire, _ in pairs}) > 1:
            return lambda record: json.dumps(dump(record[name]))
        case s.Choice():
            return lambda record: dump(record[name])
        case _:
            return operator.itemgetter(name)
