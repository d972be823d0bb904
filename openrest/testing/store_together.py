"""The rules of steps of several writes, as tests."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import pytest

from openrest.errors import ContractError, RecordConflict, RecordNotFound
from openrest.interfaces import DataStore, Record
from openrest.query import Query
from openrest.rehearsal import rehearsal
from openrest.testing.store_base import Hooks, Page, exact, keys

__all__ = ["TogetherRules"]

#: How long a reader is waited for that a correct store may let wait, in seconds.
_MOMENT = 0.2
_THREADS = 4

PAGES: list[Record] = [{"slug": slug, "title": slug.upper(), "visits": 0} for slug in "ab"]


class _Refused(Exception):
    """What a step raises in these tests."""


def _visited(page: Record) -> Record:
    return {**page, "visits": page["visits"] + 1}


def _page(slug: str) -> Record:
    return {"slug": slug, "title": slug, "visits": 0}


class TogetherRules(Hooks):
    """What is written within `together`, where a store `changes_together`."""

    def joint(self) -> DataStore:
        """A store of two pages, where it changes together."""
        store = self.make_store(Page, PAGES)
        if not store.changes_together:
            pytest.skip(f"{type(store).__name__} does not change together")
        return self.writable(store)

    def atomic(self, store: DataStore) -> Iterator[DataStore]:
        """Stores of two pages that take part in its steps: another one, where there can be."""
        yield store
        other = self.make_store(Page, PAGES)
        if store.atomic_with(other):
            yield other

    def test_a_step_gives_what_it_makes_and_writes_all_of_it(self) -> None:
        store = self.joint()
        *_, other = self.atomic(store)

        def step() -> str:
            store.update("a", _visited)
            other.delete("b")
            other.insert_many([_page("c"), _page("d")], lambda page: None)
            return "made"

        assert store.together(step) == "made"
        assert keys(other.find(Query()), "slug") == ["a", "c", "d"]
        assert store.get("a")["visits"] == 1

    def test_an_exception_undoes_all_of_a_step(self) -> None:
        store = self.joint()
        for other in self.atomic(store):

            def step(other: DataStore = other) -> None:
                store.insert(_page("c"))
                store.update("a", _visited)
                other.delete("b")
                other.insert_many([_page("d"), _page("e")])
                raise _Refused

            with pytest.raises(_Refused):
                store.together(step)
            assert exact(list(store.find(Query()))) == exact(PAGES)
            assert exact(list(other.find(Query()))) == exact(PAGES)

    def test_a_step_reads_what_it_has_written(self) -> None:
        store = self.joint()

        def step() -> None:
            store.delete("a", lambda page: None)
            store.insert(_page("c"))
            store.update("b", _visited)
            with pytest.raises(RecordNotFound):
                store.get("a")
            assert store.get("b")["visits"] == 1
            assert keys(store.find(Query()), "slug") == ["b", "c"]
            assert keys(store.stream(Query()), "slug") == ["b", "c"]
            assert (store.count(Query()), store.count_up_to(Query(), 1)) == (2, 1)

        store.together(step)

    def test_a_write_that_fails_within_a_step_leaves_nothing_of_itself(self) -> None:
        store = self.joint()

        def step() -> None:
            store.insert(_page("c"))
            with pytest.raises(RecordConflict):
                store.insert_many([_page("d"), _page("a")])
            with pytest.raises(RecordNotFound):
                store.update("e", _visited)
            with pytest.raises(_Refused):
                store.together(fail)
            store.update("a", _visited)

        def fail() -> None:
            store.delete("b")
            raise _Refused

        store.together(step)
        assert keys(store.find(Query()), "slug") == ["a", "b", "c"]
        assert store.get("a")["visits"] == 1

    def test_nobody_else_sees_a_part_of_a_step(self) -> None:
        store = self.joint()
        with ThreadPoolExecutor(1) as pool:

            def step() -> Future[list[Any]]:
                store.delete("a")
                reading = pool.submit(lambda: keys(store.find(Query()), "slug"))
                wait([reading], _MOMENT)
                store.delete("b")
                return reading

            assert store.together(step).result() in (["a", "b"], [])

    def test_no_step_is_lost_between_many_threads(self) -> None:
        store = self.joint()

        def visit() -> None:
            for _ in range(5):
                store.together(step)

        def step() -> None:
            visits = store.get("a")["visits"]
            store.update("a", lambda page: {**page, "visits": visits + 1})

        with ThreadPoolExecutor(_THREADS) as pool:
            for done in [pool.submit(visit) for _ in range(_THREADS)]:
                done.result()
        assert store.get("a")["visits"] == 5 * _THREADS

    def test_a_rehearsed_step_sees_what_it_does_and_is_undone(self) -> None:
        store = self.joint()
        if not store.rehearses:
            pytest.skip(f"{type(store).__name__} does not rehearse")

        def step() -> list[str]:
            store.delete("a")
            store.insert(_page("c"))
            return keys(store.find(Query()), "slug")

        with rehearsal():
            assert store.together(step) == ["b", "c"]
        assert exact(list(store.find(Query()))) == exact(PAGES)
        assert store.together(step) == ["b", "c"]
        assert keys(store.find(Query()), "slug") == ["b", "c"]

    def test_a_change_within_a_step_must_not_write_to_its_store(self) -> None:
        store = self.joint()

        def writes(page: Record) -> Record:
            store.update("b", _visited)
            return page

        def begins(page: Record) -> Record:
            store.together(lambda: store.delete("b"))
            return page

        def inserts(page: Record) -> Record:
            store.insert(_page("c"))
            return page

        def deletes(page: Record) -> Record:
            store.delete("b")
            return page

        for change in (writes, begins, inserts, deletes):
            with pytest.raises(ContractError):
                store.together(lambda change=change: store.update("a", change))  # type: ignore[misc]
            with pytest.raises(ContractError):
                store.update("a", change)
        assert exact(list(store.find(Query()))) == exact(PAGES)
