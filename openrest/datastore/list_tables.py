"""What a list in memory has: its records, in the order of their keys, and what is found by them."""

from __future__ import annotations

import bisect
import copy
from collections.abc import Container, Iterable, Sequence
from typing import Any

from openrest.datastore.once import RememberedKeys
from openrest.datastore.records import is_assigned, of_many
from openrest.datastore.uniques import Unique
from openrest.errors import RecordConflict, StoreError
from openrest.interfaces import Record
from openrest.models import shapes as s
from openrest.query import Condition, Test

__all__ = ["Tables"]


class Tables:
    """The records of a store; for one thread at a time. A record is never changed, only replaced.

    `changes` are those that are to be in a journal, and are not yet.
    """

    def __init__(self, key: s.Member, uniques: list[Unique]) -> None:
        self._key = key.name
        self._assigns = is_assigned(key)
        self.uniques = uniques
        self.records: dict[Any, Record] = {}
        self.keys: list[Any] = []  # ascending
        self.last_key = 0
        self.remembered = RememberedKeys()
        self.changes: list[dict[str, Any]] = []

    def copy(self) -> Tables:
        """Tables of their own, with the same records."""
        new = copy.copy(self)
        new.uniques = [unique.copy() for unique in self.uniques]
        new.records = self.records.copy()
        new.keys = self.keys.copy()
        new.remembered = self.remembered.copy()
        new.changes = self.changes.copy()
        return new

    def assign_keys(self, records: Sequence[Record]) -> None:
        """Give a key to each record without one. The count goes on when they are put."""
        if not self._assigns:
            return
        # Those that bring their key first: no other record may be given it.
        given = (record[self._key] for record in records if self._key in record)
        last = max([self.last_key, *given])
        for record in records:
            if self._key not in record:
                last += 1
                if last > s.INT64_MAX:
                    raise StoreError("Every key has been given: no record can be added.")
                record[self._key] = last

    def refuse_conflicts(self, records: Sequence[Record], replaced: Container[Any] = ()) -> None:
        """See that the records may be put, in the place of those with the keys `replaced`.

        Raises RecordConflict.
        """
        taken: set[Any] = set()
        seen: list[set[Any]] = [set() for _ in self.uniques]
        for index, record in enumerate(records):
            with of_many(index):
                key = record[self._key]
                if key in taken or (key in self.records and key not in replaced):
                    raise RecordConflict((self._key,))
                taken.add(key)
                for unique, values in zip(self.uniques, seen, strict=True):
                    if unique.clash(record, values, replaced):
                        raise RecordConflict(unique.members)

    def put(self, records: Sequence[Record]) -> None:
        """Add records whose keys no other has."""
        for record in records:
            key = record[self._key]
            self.records[key] = record
            for unique in self.uniques:
                unique.add(record, key)
            if self.keys and key < self.keys[-1]:
                bisect.insort(self.keys, key)
            else:
                self.keys.append(key)
            if self._assigns:
                self.last_key = max(self.last_key, key)

    def replace(self, old: Sequence[Record], new: Sequence[Record]) -> None:
        """Put new records in the place of old ones with the same keys."""
        for unique in self.uniques:
            for record in old:
                unique.remove(record)
            for record in new:
                unique.add(record, record[self._key])
        self.records |= {record[self._key]: record for record in new}

    def take_out(self, records: Iterable[Record]) -> None:
        """Remove records that are there."""
        for record in records:
            key = record[self._key]
            for unique in self.uniques:
                unique.remove(record)
            del self.records[key]
            del self.keys[bisect.bisect_left(self.keys, key)]

    def candidates(self, tests: Sequence[Test]) -> list[Record]:
        """All records that may pass the tests, in the order of their keys.

        By the key, or by values that are unique, those are found that there are; otherwise it is
        all of them.
        """
        return [self.records[key] for key in self._keys_of(tests)]

    def _keys_of(self, tests: Sequence[Test]) -> list[Any]:
        asked = {(t.member, t.operator): t.value for t in tests if isinstance(t, Condition)}
        if (self._key, "eq") in asked:
            wanted: Iterable[Any] = [asked[self._key, "eq"]]
        elif (self._key, "in") in asked:
            wanted = asked[self._key, "in"] or ()
        else:
            for unique in self.uniques:
                if all((member, "eq") in asked for member in unique.members):
                    return unique.owners({member: asked[member, "eq"] for member in unique.members})
            return self.keys
        try:
            return sorted({key for key in wanted if key in self.records})
        except TypeError:  # what cannot be hashed is no key
            return self.keys
