"""The rules of writes that are undone, as tests."""

from __future__ import annotations

import pytest

from openrest.errors import RecordConflict, RecordNotFound
from openrest.interfaces import DataStore, Record
from openrest.query import Query
from openrest.rehearsal import rehearsal
from openrest.testing.store_base import PEOPLE, Hooks, exact, keys

__all__ = ["RehearsalRules"]


class RehearsalRules(Hooks):
    """What a store does within a `rehearsal` that `rehearses`."""

    def rehearsing(self, store: DataStore) -> DataStore:
        """The store, where it can undo what it has written."""
        if not store.rehearses:
            pytest.skip(f"{type(store).__name__} does not rehearse")
        return self.writable(store)

    def test_a_rehearsed_write_gives_what_it_would_and_is_undone(self) -> None:
        store = self.rehearsing(self.people())
        seen: list[Record] = []
        with rehearsal():
            assert store.insert({"name": "Barbara", "age": 28})["name"] == "Barbara"
            new = store.insert_many([{"name": name, "age": 1} for name in "ab"], seen.append)
            assert keys(new, "name") == ["a", "b"]
            assert store.update(1, lambda record: {**record, "age": 37})["age"] == 37
            store.delete(1)
            store.delete(3, seen.append)
        assert keys(seen, "name") == ["a", "b", "Linus"]
        assert exact(list(store.find(Query()))) == exact(PEOPLE)

    def test_a_rehearsed_insert_uses_up_no_key(self) -> None:
        store = self.rehearsing(self.people())
        with rehearsal():
            store.insert({"name": "Barbara", "age": 28})
        assert store.insert({"name": "Barbara", "age": 28})["id"] == 9

    def test_a_rehearsed_write_is_refused_as_a_real_one(self) -> None:
        store = self.rehearsing(self.unique_people("name", "age"))
        with rehearsal():
            with pytest.raises(RecordConflict):
                store.insert({"name": "Ada", "age": 36})
            with pytest.raises(RecordConflict):
                store.insert_many([{"name": "a", "age": 1}, {"name": "a", "age": 1}])
            with pytest.raises(RecordConflict):
                store.update(8, lambda record: {**record, "name": "Ada"})
            with pytest.raises(RecordNotFound):
                store.update(4, lambda record: record)
            with pytest.raises(RecordNotFound):
                store.delete(4)
        assert exact(list(store.find(Query()))) == exact(PEOPLE)

    def test_what_is_written_after_a_rehearsal_stays(self) -> None:
        store = self.rehearsing(self.people())
        with rehearsal():
            store.delete(1)
        store.delete(1)
        assert keys(store.find(Query())) == [2, 3, 5, 8]
