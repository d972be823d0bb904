"""Lifecycle: the contract of every store, and the times that it notes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import Schema

from openrest import models
from openrest.datastore import DataStore, PythonListDataStore, SQLiteDataStore
from openrest.datastore.lifecycle import Lifecycle, Times
from openrest.errors import RecordNotFound
from openrest.interfaces import Record, StoreValidator
from openrest.query import Condition, Order, Query
from openrest.testing import StoreContract


class TestLifecycle(StoreContract):
    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        return Lifecycle(PythonListDataStore(seed, model, validators), Times())


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    made = models.DateTimeField(dump_only=True)
    changed = models.TimestampField(dump_only=True)
    gone = models.DateTimeField(dump_only=True, allow_none=True)


TIMES = Times(created_at="made", updated_at="changed", deleted_at="gone")


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 1, 9, 30, 0, 123456, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def tick(self) -> None:
        self.now += dt.timedelta(minutes=1, microseconds=1)


def make(kind: str, folder: Path) -> DataStore:
    if kind == "list":
        return PythonListDataStore([], Note)
    return SQLiteDataStore({"name": folder / "notes.db", "table": "notes"}, Note)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["list", "sqlite"])
def notes(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Lifecycle:
    return Lifecycle(make(request.param, tmp_path), TIMES, clock)


def changed(text: str) -> Callable[[Record], Record]:
    return lambda current: {**current, "text": text}


def test_a_record_has_the_times_of_its_making_and_of_its_last_change(
    notes: Lifecycle, clock: Clock
) -> None:
    first = clock.now
    made = notes.insert({"text": "a"})
    # A TimestampField has whole seconds.
    assert (made["made"], made["changed"]) == (first, first.replace(microsecond=0))
    clock.tick()
    notes.update(1, changed("b"))
    kept = notes.get(1)
    assert (kept["made"], kept["changed"]) == (first, clock.now.replace(microsecond=0))
    assert [record["made"] for record in notes.insert_many([{"text": "c"}] * 2)] == [clock.now] * 2


def test_a_deleted_record_is_nowhere_and_stays_in_the_store_below(
    notes: Lifecycle, clock: Clock
) -> None:
    notes.insert_many([{"text": "a"}, {"text": "b"}])
    notes.delete(1)
    assert notes.count(Query()) == notes.count_up_to(Query(), 9) == 1
    assert [record["id"] for record in notes.find(Query())] == [2]
    assert [record["id"] for record in notes.stream(Query())] == [2]
    for attempt in (
        lambda: notes.get(1),
        lambda: notes.update(1, changed("c")),
        lambda: notes.delete(1),
        lambda: notes.delete(1, lambda current: None),
    ):
        with pytest.raises(RecordNotFound):
            attempt()
    assert notes.base.get(1)["gone"] == clock.now
    assert notes.insert({"text": "c"})["id"] == 3


def test_a_check_that_raises_leaves_the_record(notes: Lifecycle) -> None:
    notes.insert({"text": "a"})

    def refuse(current: Record) -> None:
        current.clear()
        raise ValueError

    with pytest.raises(ValueError):
        notes.delete(1, refuse)
    assert notes.get(1)["text"] == "a"


@pytest.mark.parametrize("kind", ["list", "sqlite"])
@settings(max_examples=20)
@given(
    texts=st.lists(st.sampled_from("abc"), max_size=6),
    deleted=st.sets(st.integers(1, 6)),
    window=st.tuples(st.integers(0, 4), st.none() | st.integers(0, 4)),
    wanted=st.sampled_from("abc"),
)
def test_any_query_finds_what_it_would_find_if_the_deleted_ones_were_gone(
    kind: str,
    texts: list[str],
    deleted: set[int],
    window: tuple[int, int | None],
    wanted: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    soft = Lifecycle(make(kind, tmp_path_factory.mktemp("soft")), Times(deleted_at="gone"))
    hard = PythonListDataStore([], Note)
    for store in (soft, hard):
        store.insert_many([{"text": text} for text in texts])
        for key in deleted & set(range(1, len(texts) + 1)):
            store.delete(key)
    offset, limit = window
    query = Query((Condition("text", "ne", wanted),), (Order("text", True),), offset, limit)

    def shown(store: DataStore) -> list[Any]:
        return [(record["id"], record["text"]) for record in store.find(query)]

    assert shown(soft) == shown(hard)
    assert soft.count(query) == hard.count(query)
