"""The rules of writing once, however often it is asked for, as tests."""

from __future__ import annotations

import copy

import pytest

from openrest.datastore.validators import UniqueTogether
from openrest.errors import KeyReused, RecordConflict
from openrest.interfaces import DataStore, Once, Record
from openrest.query import Query
from openrest.rehearsal import rehearsal
from openrest.testing.store_base import (
    COMMON,
    LEAST,
    MOST,
    PEOPLE,
    Everything,
    Hooks,
    Page,
    Person,
    Ticket,
    exact,
    keys,
)
from openrest.testing.store_threads import together
from openrest.testing.store_writes import Refused

__all__ = ["OnceRules"]

_THREADS = 8


def once(key: str = "a", fingerprint: str = "x", *, now: float = 0, until: float = 10) -> Once:
    """A request that is remembered for ten seconds unless it says otherwise."""
    return Once(key=key, fingerprint=fingerprint, now=now, until=until)


def page(slug: str) -> Record:
    return {"slug": slug, "title": slug.upper(), "visits": 0}


class OnceRules(Hooks):
    """What `insert_once` does."""

    def pages(self) -> DataStore:
        """An empty store of pages that keeps keys."""
        return self.idempotent(self.writable(self.make_store(Page, [])))

    def test_a_store_has_insert_once_or_says_that_it_has_not(self) -> None:
        store = self.people()
        inherited = type(store).insert_once is DataStore.insert_once
        assert inherited is not store.idempotent

    def test_insert_once_stores_the_records_and_gives_them_back(self) -> None:
        store = self.idempotent(self.writable(self.people()))
        records: list[Record] = [{"name": "Barbara", "age": 28, "tags": ["clu"]}]
        made, replayed = store.insert_once(once(), records)
        assert replayed is False
        assert exact(made) == exact([{**records[0], "id": 9}])
        assert exact(store.get(9)) == exact(made[0])

    def test_the_same_request_is_answered_again_and_stores_nothing(self) -> None:
        store = self.idempotent(self.writable(self.people()))
        records: list[Record] = [{"name": "Barbara", "age": 28}, {"name": "Karen", "age": None}]
        made, _ = store.insert_once(once(), records)
        again = store.insert_once(once(now=9, until=19), records)
        assert exact(again[0]) == exact(made)
        assert again[1] is True
        assert keys(store.find(Query())) == [1, 2, 3, 5, 8, 9, 10]

    def test_a_generated_key_is_the_same_when_the_request_comes_again(self) -> None:
        store = self.idempotent(self.writable(self.make_store(Ticket, [])))
        made, _ = store.insert_once(once(), [{"seat": "A1"}])
        assert store.insert_once(once(), [{"seat": "A1"}]) == (made, True)

    def test_a_remembered_record_is_as_it_was_whatever_has_become_of_it(self) -> None:
        store = self.pages()
        first, _ = store.insert_once(once("a"), [page("a")])
        second, _ = store.insert_once(once("b"), [page("b")])
        store.update("a", lambda old: {**old, "title": "Changed"})
        store.delete("b")
        assert store.insert_once(once("a"), [page("a")]) == (first, True)
        assert store.insert_once(once("b"), [page("b")]) == (second, True)
        assert keys(store.find(Query()), "slug") == ["a"]

    def test_whoever_changes_a_remembered_record_changes_nothing(self) -> None:
        store = self.idempotent(self.writable(self.people()))
        records: list[Record] = [{"name": "Barbara", "age": 28, "tags": ["clu"]}]
        made, _ = store.insert_once(once(), records)
        kept = copy.deepcopy(made)
        records[0]["tags"].append("spoilt")
        made[0]["tags"].append("spoilt")
        again, _ = store.insert_once(once(), records)
        again[0]["tags"].append("spoilt")
        assert exact(store.insert_once(once(), records)[0]) == exact(kept)
        assert exact(store.get(9)) == exact(kept[0])

    def test_whatever_is_remembered_comes_back_as_it_was(self) -> None:
        store = self.idempotent(self.writable(self.make_store(Everything, [])))
        for number, record in enumerate((COMMON, LEAST, MOST)):
            made, _ = store.insert_once(once(str(number)), [copy.deepcopy(record)])
            again, replayed = store.insert_once(once(str(number)), [copy.deepcopy(record)])
            assert replayed
            assert exact(again) == exact(made)

    def test_a_key_of_another_request_is_refused(self) -> None:
        store = self.pages()
        made, _ = store.insert_once(once(), [page("a")])
        with pytest.raises(KeyReused):
            store.insert_once(once(fingerprint="y"), [page("b")])
        assert keys(store.find(Query()), "slug") == ["a"]
        assert store.insert_once(once(), [page("a")]) == (made, True)

    def test_keys_are_compared_character_for_character(self) -> None:
        store = self.pages()
        for slug, key in zip("abcdef", ("a", "A", "a'--", '"a"', "%", "_"), strict=True):
            assert store.insert_once(once(key), [page(slug)])[1] is False
        assert store.count(Query()) == 6

    def test_a_key_is_forgotten_at_its_time_and_not_before(self) -> None:
        store = self.pages()
        store.insert_once(once(now=0, until=10), [page("a")])
        assert store.insert_once(once(now=9.5, until=19.5), [page("a")])[1] is True
        # From the first request on: one that is answered again does not make it longer.
        made = store.insert_once(once(fingerprint="y", now=10, until=20), [page("b")])
        assert made == ([page("b")], False)
        assert store.insert_once(once(fingerprint="y", now=15, until=25), [page("b")])[1] is True

    def test_many_keys_whose_time_is_over_leave_the_others(self) -> None:
        store = self.pages()
        store.insert_once(once("kept", until=100), [page("kept")])
        for number in range(40):
            store.insert_once(once(f"{number}", until=10), [page(f"{number}")])
        for number in range(40, 80):
            store.insert_once(once(f"{number}", now=20, until=30), [page(f"{number}")])
        assert store.insert_once(once("kept", now=20, until=120), [page("kept")])[1] is True
        assert store.insert_once(once("79", now=20, until=30), [page("79")])[1] is True

    def test_a_refused_request_is_not_remembered(self) -> None:
        store = self.pages()
        store.insert(page("a"))
        with pytest.raises(RecordConflict) as caught:
            store.insert_once(once(), [page("b"), page("a")])
        assert caught.value.index == 1
        assert keys(store.find(Query()), "slug") == ["a"]
        assert store.insert_once(once(fingerprint="y"), [page("c")]) == ([page("c")], False)

    def test_a_check_sees_what_is_stored_and_nothing_that_was(self) -> None:
        store = self.pages()
        seen: list[Record] = []

        def refuse(record: Record) -> None:
            seen.append(record)
            raise Refused

        with pytest.raises(Refused):
            store.insert_once(once(), [page("a")], refuse)
        assert seen == [page("a")]
        assert store.count(Query()) == 0
        store.insert_once(once(), [page("a"), page("b")], seen.append)
        assert store.insert_once(once(), [page("a"), page("b")], seen.append)[1] is True
        assert seen[1:] == [page("a"), page("b")]

    def test_a_request_is_recalled_as_it_is_answered_again(self) -> None:
        store = self.pages()
        assert store.recall_once(once()) is None
        store.insert_once(once(), [page("a")])
        assert store.recall_once(once(now=9)) == [page("a")]
        assert store.recall_once(once(now=10)) is None
        with pytest.raises(KeyReused):
            store.recall_once(once(fingerprint="y"))

    def test_a_rehearsed_request_is_not_remembered(self) -> None:
        store = self.pages()
        if not store.rehearses:
            pytest.skip(f"{type(store).__name__} does not rehearse")
        with rehearsal():
            assert store.insert_once(once(), [page("a")]) == ([page("a")], False)
        assert store.recall_once(once()) is None
        assert store.count(Query()) == 0
        store.insert_once(once(), [page("a")])
        with rehearsal():
            assert store.insert_once(once(), [page("a")]) == ([page("a")], True)

    def test_a_request_can_be_forgotten_before_its_time(self) -> None:
        store = self.pages()
        store.insert_once(once("a"), [page("a")])
        store.insert_once(once("b"), [page("b")])
        store.forget_once(once("a"))
        store.forget_once(once("b", fingerprint="y"))
        store.forget_once(once("c"))
        assert store.insert_once(once("a"), [page("c")])[1] is False
        assert store.insert_once(once("b"), [page("b")])[1] is True

    def test_a_request_that_comes_again_is_in_no_conflict_with_itself(self) -> None:
        store = self.people()
        if not issubclass(UniqueTogether, store.enforces):
            pytest.skip(f"{type(store).__name__} does not keep UniqueTogether")
        store = self.idempotent(self.make_store(Person, PEOPLE[:1], [UniqueTogether("name")]))
        records: list[Record] = [{"name": "Barbara", "age": 28}]
        made, _ = store.insert_once(once(), records)
        assert store.insert_once(once(), records) == (made, True)

    def test_the_keys_of_two_stores_are_not_the_same(self) -> None:
        one, other = self.pages(), self.pages()
        one.insert_once(once(), [page("a")])
        assert other.insert_once(once(), [page("a")]) == ([page("a")], False)
        assert other.count(Query()) == 1

    def test_of_many_threads_with_one_request_exactly_one_stores_it(self) -> None:
        store = self.idempotent(self.writable(self.people()))
        answers: list[tuple[list[Record], bool]] = []

        def insert() -> None:
            for key in "abcde":
                answers.append(store.insert_once(once(key), [{"name": key, "age": None}]))

        together(*[insert] * _THREADS)
        assert store.count(Query()) == len(PEOPLE) + 5
        assert sum(not replayed for _, replayed in answers) == 5
        assert len({(made[0]["name"], made[0]["id"]) for made, _ in answers}) == 5
