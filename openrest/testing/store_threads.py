"""The rules of sharing a store among threads, as tests."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from openrest.errors import RecordConflict, RecordNotFound
from openrest.interfaces import Change, DataStore, Record
from openrest.query import Query
from openrest.testing.store_base import Hooks, Page, keys

__all__ = ["ThreadRules"]

#: How long a thread waits for one that a correct store may be holding up, in seconds.
_MOMENT = 0.2
_THREADS = 8


def together(*actions: Callable[[], object]) -> None:
    """Run the actions at the same time, each in a thread; raise what one of them raised."""
    barrier = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> None:
        barrier.wait(timeout=30)
        action()

    with ThreadPoolExecutor(len(actions)) as pool:
        for done in [pool.submit(run, action) for action in actions]:
            done.result()


def _cannot_be_overtaken(other: DataStore, write: Callable[[Change], object]) -> None:
    """See that the page of `other` stays while the write, which looks for it, goes on."""
    looking, deleted = threading.Event(), threading.Event()

    def look(record: Record) -> Record:
        other.get("a")
        looking.set()
        deleted.wait(_MOMENT)
        other.get("a")
        return record

    def overtake() -> None:
        looking.wait(30)
        other.delete("a")
        deleted.set()

    together(lambda: write(look), overtake)


class ThreadRules(Hooks):
    """What threads do to one another, which is nothing."""

    def test_no_update_is_lost_between_two_threads(self) -> None:
        store = self.writable(self.make_store(Page, [{"slug": "a", "title": "A", "visits": 0}]))
        reading, written = threading.Event(), threading.Event()

        def slow(page: Record) -> Record:
            reading.set()
            written.wait(_MOMENT)
            return {**page, "visits": page["visits"] + 1}

        def overtake() -> None:
            reading.wait(30)
            store.update("a", lambda page: {**page, "visits": page["visits"] + 1})
            written.set()

        together(lambda: store.update("a", slow), overtake)
        assert store.get("a")["visits"] == 2

    def test_no_update_is_lost_between_many_threads(self) -> None:
        store = self.writable(self.make_store(Page, [{"slug": "a", "title": "A", "visits": 0}]))

        def visit() -> None:
            for _ in range(10):
                store.update("a", lambda page: {**page, "visits": page["visits"] + 1})

        together(*[visit] * _THREADS)
        assert store.get("a")["visits"] == 10 * _THREADS

    def test_a_record_is_not_deleted_between_check_and_delete(self) -> None:
        store = self.writable(self.make_store(Page, [{"slug": "a", "title": "A", "visits": 0}]))
        checking, written = threading.Event(), threading.Event()

        class Visited(Exception):
            """The page is to stay."""

        def unvisited(page: Record) -> None:
            checking.set()
            written.wait(_MOMENT)
            if page["visits"]:
                raise Visited

        def remove() -> None:
            with suppress(Visited):
                store.delete("a", unvisited)

        def overtake() -> None:
            checking.wait(30)
            with suppress(RecordNotFound):
                store.update("a", lambda page: {**page, "visits": 1})
                written.set()

        together(remove, overtake)
        # Either it was deleted first, or the check has seen it as it was changed.
        assert keys(store.find(Query()), "slug") == (["a"] if written.is_set() else [])

    def test_what_a_check_reads_of_an_atomic_store_holds_until_all_is_written(self) -> None:
        page: Record = {"slug": "a", "title": "A", "visits": 0}
        store = self.writable(self.make_store(Page, [page, {**page, "slug": "b"}]))
        for other in (store, self.make_store(Page, [page])):
            if store.atomic_with(other):
                new = {**page, "slug": "of-itself" if other is store else "of-another"}
                _cannot_be_overtaken(other, functools.partial(store.insert, new))
                other.insert(page)
                _cannot_be_overtaken(other, functools.partial(store.update, "b"))

    def test_one_of_many_inserts_of_a_key_succeeds(self) -> None:
        store = self.writable(self.make_store(Page, []))
        conflicts: list[RecordConflict] = []

        def insert() -> None:
            for slug in "abcde":
                try:
                    store.insert({"slug": slug, "title": slug, "visits": 0})
                except RecordConflict as conflict:
                    conflicts.append(conflict)

        together(*[insert] * _THREADS)
        assert keys(store.find(Query()), "slug") == ["a", "b", "c", "d", "e"]
        assert len(conflicts) == 5 * (_THREADS - 1)

    def test_every_insert_gets_a_key_of_its_own(self) -> None:
        store = self.writable(self.people())
        given: list[int] = []

        def insert() -> None:
            given.extend(store.insert({"name": "Ada", "age": None})["id"] for _ in range(5))

        together(*[insert] * _THREADS)
        assert sorted(given) == list(range(9, 9 + 5 * _THREADS))
        assert keys(store.find(Query())) == [1, 2, 3, 5, 8, *sorted(given)]

    def test_readers_see_all_of_an_insert_many_or_nothing(self) -> None:
        store = self.writable(self.make_store(Page, []))
        done = threading.Event()

        def write() -> None:
            for batch in range(10):
                slugs = [f"{batch}-{number}" for number in range(10)]
                store.insert_many([{"slug": s, "title": s, "visits": 0} for s in slugs])
            done.set()

        def read() -> None:
            while not done.is_set():
                assert store.count(Query()) % 10 == 0
                assert len(list(store.find(Query()))) % 10 == 0

        together(write, read, read)
        assert store.count(Query()) == 100
