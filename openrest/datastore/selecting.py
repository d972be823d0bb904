"""Conditions and order of a query, over records that are in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from openrest.datastore.records import unknown_field
from openrest.datastore.uniques import comparable
from openrest.interfaces import Record
from openrest.models import shapes as s
from openrest.query import Query, Test, members_of

__all__ = ["Selector"]


class Selector:
    """Finds records of one model. It is given them in the order of their keys."""

    def __init__(self, shape: s.Object) -> None:
        self._values = {member.name: comparable(member) for member in shape.members}

    def matching(self, tests: Sequence[Test], records: Iterable[Record]) -> list[Record]:
        """Those that pass the tests, in the same order."""
        for test in tests:
            for member in members_of(test):
                self._value_of(member)
        return [record for record in records if all(test.holds(record) for test in tests)]

    def ordered(self, query: Query, found: list[Record]) -> list[Record]:
        """The same records, in the order of the query."""
        # The last field first: sorting is stable, so each later sort keeps the earlier ones.
        for order in reversed(query.order):
            value = self._value_of(order.member)
            without = [record for record in found if record.get(order.member) is None]
            found = [record for record in found if record.get(order.member) is not None]
            found.sort(key=value, reverse=order.descending)
            found += without
        return found

    def _value_of(self, name: str) -> Callable[[Record], Any]:
        if name not in self._values:
            raise unknown_field(name, self._values)
        return self._values[name]
