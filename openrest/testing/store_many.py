"""The rules of changing many records at once, as tests."""

from __future__ import annotations

import pytest

from openrest.errors import RecordConflict, TooManyRecords
from openrest.interfaces import Change, DataStore, Record
from openrest.query import Condition, Query
from openrest.rehearsal import rehearsal
from openrest.testing.store_base import PEOPLE, Hooks, exact, keys

__all__ = ["ManyRules"]

#: Two people: 1 and 8. The window is of no matter.
OF_36 = Query((Condition("age", "eq", 36),), offset=1, limit=1)


class _Refused(Exception):
    """What a change or check raises in these tests."""


def _refuse_the_last(record: Record) -> Record:
    """A change, or a check, that spoils what it is given, and refuses one of two."""
    record["name"] = "Nobody"
    if record["id"] == 8:
        raise _Refused
    return record


def _named(name: str) -> Change:
    return lambda record: {**record, "name": name}


class ManyRules(Hooks):
    """What `update_many` and `delete_many` do, where a store `changes_many`."""

    def changing_many(self, store: DataStore) -> DataStore:
        """The store, where it can change many, and find them."""
        if not store.changes_many or "eq" not in store.operators:
            pytest.skip(f"{type(store).__name__} does not change many")
        return self.writable(store)

    def test_update_many_replaces_each_record_by_the_changed_one(self) -> None:
        store = self.changing_many(self.people())
        new = store.update_many(OF_36, lambda record: {**record, "age": record["id"]}, 2)
        assert exact(new) == exact([{**PEOPLE[0], "age": 1}, {**PEOPLE[4], "age": 8}])
        assert exact(list(store.find(Query()))) == exact([new[0], *PEOPLE[1:4], new[1]])
        assert store.update_many(OF_36, lambda record: {**record, "age": 0}, 2) == []

    def test_delete_many_removes_each_record(self) -> None:
        store = self.changing_many(self.people())
        seen: list[Record] = []
        assert store.delete_many(OF_36, 2, seen.append) == 2
        assert exact(seen) == exact([PEOPLE[0], PEOPLE[4]])
        assert keys(store.find(Query())) == [2, 3, 5]
        assert store.delete_many(OF_36, 2) == 0
        assert store.delete_many(Query((Condition("id", "eq", 3),)), 1) == 1
        assert keys(store.find(Query())) == [2, 5]

    def test_many_are_changed_all_or_none(self) -> None:
        store = self.changing_many(self.people())
        with pytest.raises(_Refused):
            store.update_many(OF_36, _refuse_the_last, 2)
        with pytest.raises(_Refused):
            store.delete_many(OF_36, 2, _refuse_the_last)
        assert exact(list(store.find(Query()))) == exact(PEOPLE)

    def test_more_than_the_most_are_not_changed(self) -> None:
        store = self.changing_many(self.people())
        called: list[Record] = []

        def change(record: Record) -> Record:
            called.append(record)
            return record

        for most in (0, 1):
            with pytest.raises(TooManyRecords) as caught:
                store.update_many(OF_36, change, most)
            assert caught.value.most == most
            with pytest.raises(TooManyRecords):
                store.delete_many(OF_36, most, called.append)
        assert called == []
        assert exact(list(store.find(Query()))) == exact(PEOPLE)

    def test_unique_values_conflict_on_update_many(self) -> None:
        store = self.changing_many(self.unique_people("name", "age"))
        for name in ("Ada", "Barbara"):  # the first record has the one, and the other is new
            with pytest.raises(RecordConflict) as caught:
                store.update_many(OF_36, _named(name), 2)
            assert caught.value.members == ("name", "age")
            assert exact(list(store.find(Query()))) == exact(PEOPLE)
        assert len(store.update_many(OF_36, lambda record: {**record, "nick": "N"}, 2)) == 2

    def test_update_many_keeps_the_keys(self) -> None:
        store = self.changing_many(self.people())
        with pytest.raises(Exception, match="key"):
            store.update_many(OF_36, lambda record: {**record, "id": 70 + record["id"]}, 2)
        assert exact(list(store.find(Query()))) == exact(PEOPLE)

    def test_many_that_are_rehearsed_are_undone(self) -> None:
        store = self.changing_many(self.people())
        if not store.rehearses:
            pytest.skip(f"{type(store).__name__} does not rehearse")
        with rehearsal():
            assert len(store.update_many(OF_36, lambda record: {**record, "age": 1}, 2)) == 2
            assert store.delete_many(OF_36, 2) == 2
        assert exact(list(store.find(Query()))) == exact(PEOPLE)
