"""A store over another one: what is written is there, and what is below stays as it was."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import (
    DataStore,
    OverlayDataStore,
    PythonListDataStore,
    SQLiteDataStore,
    UniqueTogether,
)
from openrest.errors import (
    ConfigurationError,
    ContractError,
    RecordConflict,
    RecordNotFound,
    StoreError,
    StoreUnavailable,
)
from openrest.interfaces import Record, StoreValidator
from openrest.query import Condition, Order, Query
from openrest.testing import StoreContract
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.needs import fuzzed_in_ci


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    size = models.IntegerField(allow_none=True)
    tags = models.ListField(models.StringField())


class ReadOnly(PythonListDataStore):
    writable = False


class TestOverListDataStore(StoreContract):
    """All of the seed is below."""

    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        return OverlayDataStore(PythonListDataStore(seed, model, validators))


class TestOverSQLiteDataStore(StoreContract):
    """A part of the seed is below, and a part is written."""

    @pytest.fixture(autouse=True)
    def directory(self, tmp_path: Path) -> None:
        self.paths: Iterator[Path] = (tmp_path / f"{n}.db" for n in itertools.count())

    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        place = {"name": next(self.paths), "table": "t"}
        base = SQLiteDataStore(place, model, validators)
        half = len(seed) // 2
        base.insert_many(seed[:half])
        store = OverlayDataStore(base)
        store.insert_many(seed[half:])
        return store


SEED: list[Record] = [
    {"id": 1, "text": "a", "size": 1},
    {"id": 2, "text": "b", "size": None},
    {"id": 3, "text": "c", "size": 3, "tags": ["x"]},
]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def base() -> PythonListDataStore:
    return PythonListDataStore(copy.deepcopy(SEED), Note, [UniqueTogether("text")])


def found(store: DataStore, query: Query | None = None) -> list[Record]:
    return copy.deepcopy(list(store.find(query or Query())))


WRITES = {
    "insert": lambda store: store.insert({"text": "d"}),
    "insert many": lambda store: store.insert_many([{"text": "d"}, {"text": "e"}]),
    "update": lambda store: store.update(3, lambda note: {**note, "tags": ["y"]}),
    "update many": lambda store: store.update_many(
        Query((Condition("size", "isnull", False),)), lambda note: {**note, "size": 9}, 9
    ),
    "delete": lambda store: store.delete(1),
    "delete many": lambda store: store.delete_many(Query((Condition("id", "gt", 1),)), 9),
}


@pytest.mark.parametrize("write", WRITES)
def test_what_is_written_is_read_and_the_base_stays_as_it_was(
    base: PythonListDataStore, write: str
) -> None:
    before, overlay = found(base), OverlayDataStore(base)
    alone = PythonListDataStore(copy.deepcopy(SEED), Note)
    WRITES[write](overlay)
    WRITES[write](alone)
    assert found(overlay) == found(alone)
    assert list(overlay.stream(Query())) == found(alone)
    assert found(base) == before


def test_what_is_written_below_is_seen(base: PythonListDataStore) -> None:
    overlay = OverlayDataStore(base)
    overlay.delete(1)
    base.insert({"text": "new"})
    base.update(2, lambda note: {**note, "size": 7})
    assert [note["id"] for note in overlay.find(Query())] == [2, 3, 4]
    assert overlay.get(2)["size"] == 7


def test_a_key_that_is_given_below_as_well_is_that_of_one_record(
    base: PythonListDataStore,
) -> None:
    overlay = OverlayDataStore(base)
    mine = overlay.insert({"text": "mine"})
    theirs = base.insert({"text": "theirs"})
    assert mine["id"] == theirs["id"]
    assert [note["text"] for note in overlay.find(Query())] == ["a", "b", "c", "mine"]
    assert [note["text"] for note in overlay.stream(Query())] == ["a", "b", "c", "mine"]
    assert (overlay.count(Query()), overlay.count_up_to(Query(), 9)) == (4, 4)
    overlay.delete(mine["id"])
    with pytest.raises(RecordNotFound):
        overlay.get(mine["id"])
    assert overlay.count(Query()) == 3
    assert base.get(theirs["id"])["text"] == "theirs"


class Watched(PythonListDataStore):
    """Notes how many records it has been asked for at once."""

    most = 0

    def find(self, query: Query) -> list[Record]:
        found = list(super().find(query))
        self.most = max(self.most, len(found))
        return found


@pytest.mark.parametrize("backwards", [False, True])
def test_a_page_far_inside_and_a_count_read_little_of_the_base(backwards: bool) -> None:
    base = Watched([{"text": str(n)} for n in range(100)], Note)
    overlay = OverlayDataStore(base)
    overlay.delete(1)
    overlay.update(50, lambda note: {**note, "text": "changed"})
    page = Query(offset=80, limit=5, backwards=backwards)
    keys = [note["id"] for note in overlay.find(page)]
    assert keys == ([16, 17, 18, 19, 20] if backwards else [82, 83, 84, 85, 86])
    assert overlay.count_up_to(Query(), 90) == 90
    assert base.most <= 6


def test_a_store_that_cannot_write_is_written_over() -> None:
    overlay = OverlayDataStore(ReadOnly(copy.deepcopy(SEED), Note))
    overlay.update(1, lambda note: {**note, "text": "changed"})
    assert overlay.writable
    assert overlay.get(1)["text"] == "changed"


def test_values_that_are_taken_below_are_taken_unless_they_are_gone(
    base: PythonListDataStore,
) -> None:
    overlay = OverlayDataStore(base)
    with pytest.raises(RecordConflict):
        overlay.insert({"text": "a"})
    overlay.delete(1)
    overlay.insert({"text": "a"})
    with pytest.raises(RecordConflict):
        overlay.update(2, lambda note: {**note, "text": "a"})


def test_a_key_that_was_given_is_never_given_again(base: PythonListDataStore) -> None:
    clock = Clock()
    overlay = OverlayDataStore(base, seconds=10, clock=clock)
    assert overlay.insert({"text": "d"})["id"] == 4
    overlay.delete(4)
    assert overlay.insert({"text": "d"})["id"] == 5
    clock.now += 11
    assert overlay.insert({"text": "d"})["id"] == 6


def test_what_is_written_is_forgotten_so_long_after_the_last_write(
    base: PythonListDataStore,
) -> None:
    clock = Clock()
    overlay = OverlayDataStore(base, seconds=10, clock=clock)
    overlay.delete(1)
    clock.now += 9
    overlay.insert({"text": "d"})
    clock.now += 9
    assert [note["id"] for note in overlay.find(Query())] == [2, 3, 4]
    clock.now += 1
    assert found(overlay) == found(base)
    assert overlay.get(1)["text"] == "a"
    with pytest.raises(RecordNotFound):
        overlay.get(4)


def test_no_more_is_written_than_the_bound_until_it_is_forgotten(
    base: PythonListDataStore,
) -> None:
    clock = Clock()
    overlay = OverlayDataStore(base, most=2, seconds=10, clock=clock)
    overlay.delete(1)
    overlay.update(2, lambda note: {**note, "size": 5})
    overlay.update(2, lambda note: {**note, "size": 6})
    clock.now += 4
    with pytest.raises(StoreUnavailable) as refused:
        overlay.insert({"text": "d"})
    assert refused.value.retry_after == 6
    assert [note["id"] for note in overlay.find(Query())] == [2, 3]
    clock.now += 7
    overlay.insert({"text": "d"})


def test_a_write_that_never_fits_is_not_to_be_sent_again_soon(base: PythonListDataStore) -> None:
    overlay = OverlayDataStore(base, most=2, seconds=600)
    with pytest.raises(StoreUnavailable) as refused:
        overlay.delete_many(Query(), 9)
    assert refused.value.retry_after == 600
    assert overlay.count(Query()) == 3


def test_what_is_to_be_waited_for_is_not_rounded_down(base: PythonListDataStore) -> None:
    clock = Clock()
    overlay = OverlayDataStore(base, most=1, seconds=10, clock=clock)
    overlay.delete(1)
    clock.now += 4.5
    with pytest.raises(StoreUnavailable) as refused:
        overlay.delete(2)
    assert refused.value.retry_after == 6


@pytest.mark.parametrize("write", WRITES)
def test_a_change_must_not_write_to_its_store(base: PythonListDataStore, write: str) -> None:
    overlay = OverlayDataStore(base)

    def writes(note: Record) -> Record:
        WRITES[write](overlay)
        return note

    with pytest.raises(ContractError, match="must not write to the store that runs it"):
        overlay.update(2, writes)
    assert found(overlay) == found(base)


def test_a_base_that_cannot_leave_out_records_is_refused() -> None:
    class Plain(PythonListDataStore):
        operators = frozenset({"eq"})

    with pytest.raises(ConfigurationError, match="OverlayDataStore: Plain lacks nin"):
        OverlayDataStore(Plain([], Note))


@pytest.mark.parametrize("bounds", [{"most": 0}, {"seconds": -1}, {"most": True}])
def test_a_bound_that_makes_no_sense_is_refused(bounds: Any) -> None:
    with pytest.raises(ValueError, match="must be more than 0"):
        OverlayDataStore(PythonListDataStore([], Note), **bounds)


NOTES = st.fixed_dictionaries(
    {"text": st.sampled_from("abc")}, optional={"size": st.none() | st.integers(0, 3)}
)
KEYS = st.integers(1, 9)
STEPS = st.lists(
    st.tuples(st.just("insert"), NOTES, KEYS)
    | st.tuples(st.just("update"), NOTES, KEYS)
    | st.tuples(st.just("delete"), NOTES, KEYS),
    max_size=8,
)
QUERIES = st.builds(
    Query,
    conditions=st.lists(
        st.builds(Condition, st.just("size"), st.sampled_from(["gte", "ne"]), st.integers(0, 3)),
        max_size=1,
    ).map(tuple),
    order=st.lists(
        st.builds(Order, st.sampled_from(["text", "size", "id"]), st.booleans()), max_size=2
    ).map(tuple),
    offset=st.integers(0, 3),
    limit=st.none() | st.integers(0, 4),
    backwards=st.booleans(),
)


def carry_out(store: DataStore, step: tuple[str, Record, int]) -> object:
    kind, note, key = step
    try:
        match kind:
            case "insert":
                return store.insert(dict(note))
            case "update":
                return store.update(key, lambda current: {**current, **note})
            case _:
                store.delete(key)
    except StoreError as error:
        return type(error)
    return None


def after(store: DataStore, query: Query, place: int) -> Query:
    """The query beyond the record in this place of all, where there is one."""
    everything = found(store, Query(order=query.order))[place : place + 1]
    return replace(query, beyond=query.position(everything[0], "id")) if everything else query


@given(
    seed=st.lists(NOTES, max_size=6),
    steps=STEPS,
    query=QUERIES,
    beyond=st.none() | st.integers(0, 9),
)
def test_any_writes_and_any_query_are_answered_as_by_a_plain_list(
    seed: list[Record], steps: list[tuple[str, Record, int]], query: Query, beyond: int | None
) -> None:
    base = PythonListDataStore(copy.deepcopy(seed), Note)
    overlay, alone = OverlayDataStore(base), PythonListDataStore(copy.deepcopy(seed), Note)
    before = found(base)
    for step in steps:
        assert carry_out(overlay, step) == carry_out(alone, step)
    if beyond is not None:
        query = after(alone, query, beyond)
    assert found(overlay, query) == found(alone, query)
    assert list(overlay.stream(query)) == found(alone, query)
    assert overlay.count_up_to(query, 3) == alone.count_up_to(query, 3)
    assert overlay.count(query) == alone.count(query)
    assert found(base) == before


@fuzzed_in_ci
def test_the_document_tells_the_truth(tmp_path: Path) -> None:
    base = SQLiteDataStore({"name": tmp_path / "notes.db", "table": "notes"}, Note)
    base.insert_many(SEED)

    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "model": Note,
            "datastore": OverlayDataStore(base, most=10**9),
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {"sorting": True, "filters": {"size": True}},
        }
        view = {"response_class": JsonResponse}

    check_contract(WSGIDispatcher([Notes], debug=True), examples=10, seed=1)
    assert base.count(Query()) == 3
