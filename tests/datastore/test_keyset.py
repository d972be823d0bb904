"""What SQLite does for a position in an order: it seeks with an index, and never scans."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from openrest import models
from openrest.datastore import SQLiteDataStore
from openrest.query import AnyOf, Condition, Order, Query


class Song(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)
    seconds = models.IntegerField(allow_none=True)
    level = models.FloatField()


class Page(models.Model):
    slug = models.StringPkField()
    visits = models.IntegerField(allow_none=True)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteDataStore]:
    made = SQLiteDataStore({"name": str(tmp_path / "songs.db"), "table": "songs"}, Song)
    with closing(sqlite3.connect(tmp_path / "songs.db")) as connection:
        connection.execute("CREATE INDEX by_name ON songs (name)")
        connection.execute("CREATE INDEX by_seconds ON songs (seconds)")
        connection.execute("CREATE INDEX by_longest ON songs (seconds DESC)")
    yield made
    made.close()


def plan(store: SQLiteDataStore, query: Query) -> list[str]:
    """What SQLite does, a line a step, without what joins the steps."""
    sql, values = store._statements.find(query)
    rows = store._database.rows(f"EXPLAIN QUERY PLAN {sql}", values)
    steps = [detail for *_, detail in rows]
    return [step for step in steps if step.startswith(("SEARCH", "SCAN songs", "USE", "SCAN main"))]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("order", "beyond", "steps"),
    [
        ((), (7,), ["SEARCH songs USING INTEGER PRIMARY KEY (rowid{sign}?)"]),
        ((Order("id", True),), (7, 7), ["SEARCH songs USING INTEGER PRIMARY KEY (rowid{other}?)"]),
        ((Order("name"),), ("a", 7), [
            "SEARCH songs USING INDEX by_name (name=? AND rowid{sign}?)",
            "SEARCH songs USING INDEX by_name (name{sign}?)",
        ]),
    ],
)  # fmt: skip
def test_a_position_is_found_by_an_index_in_both_directions(
    store: SQLiteDataStore,
    backwards: bool,
    order: tuple[Order, ...],
    beyond: tuple[object, ...],
    steps: list[str],
) -> None:
    sign, other = ("<", ">") if backwards else (">", "<")
    query = Query(order=order, limit=21, beyond=beyond, backwards=backwards)
    assert plan(store, query) == [step.format(sign=sign, other=other) for step in steps]


def test_nulls_are_a_range_of_their_own(store: SQLiteDataStore) -> None:
    order = (Order("seconds"),)
    forwards = Query(order=order, limit=21, beyond=(5, 7))
    assert plan(store, forwards) == [
        "SEARCH songs USING INDEX by_longest (seconds=? AND rowid>?)",
        "SEARCH songs USING INDEX by_seconds (seconds>?)",
        "SEARCH songs USING INDEX by_longest (seconds=?)",
    ]
    among_nulls = Query(order=order, limit=21, beyond=(None, 7), backwards=True)
    assert plan(store, among_nulls) == [
        "SEARCH songs USING INDEX by_longest (seconds=? AND rowid<?)",
        "SEARCH songs USING INDEX by_seconds (seconds>?)",  # than null: those with a value
    ]


def test_a_descending_order_is_read_from_an_index_without_sorting(store: SQLiteDataStore) -> None:
    query = Query(order=(Order("seconds", True),), limit=21, beyond=(5, 7))
    assert plan(store, query) == [
        "SEARCH songs USING INDEX by_longest (seconds=? AND rowid>?)",
        "SEARCH songs USING INDEX by_longest (seconds<?)",
        "SEARCH songs USING INDEX by_longest (seconds=?)",
    ]


def test_conditions_take_no_index_away(store: SQLiteDataStore) -> None:
    level = Condition("level", "ne", 1.5)
    query = Query((level,), (Order("name"),), limit=21, beyond=("a", 7))
    assert [step.replace("main.", "") for step in plan(store, query)] == [
        "SEARCH songs USING INDEX by_name (name=? AND rowid>?)",
        "SEARCH songs USING INDEX by_name (name>?)",
    ]


def test_the_first_and_the_last_page_are_the_ends_of_an_index(store: SQLiteDataStore) -> None:
    for backwards in (False, True):
        by_name = Query(order=(Order("name"),), limit=21, backwards=backwards)
        assert plan(store, by_name) == ["SCAN songs USING INDEX by_name"]
        [step] = plan(store, Query(order=(Order("seconds"),), limit=21, backwards=backwards))
        assert step.startswith("SCAN songs USING INDEX by_")


def test_a_key_of_text_is_a_position_too(tmp_path: Path) -> None:
    pages = SQLiteDataStore({"name": str(tmp_path / "pages.db"), "table": "songs"}, Page)
    query = Query(limit=21, beyond=("home",))
    assert plan(pages, query) == ["SEARCH songs USING PRIMARY KEY (slug>?)"]
    pages.close()


def test_as_many_values_as_any_filter_takes_can_be_bound_in_every_range(
    store: SQLiteDataStore,
) -> None:
    store.insert_many([{"name": "a", "seconds": number} for number in range(5)])
    many = Condition("seconds", "in", tuple(range(100)))
    any_of = AnyOf(tuple((many, Condition("id", "in", tuple(range(100)))) for _ in range(20)))
    order = (Order("name"), Order("seconds"), Order("level"))
    query = Query((any_of, any_of), order, limit=3, beyond=("a", 1, None, 2))
    assert [record["id"] for record in store.find(query)] == [3, 4, 5]
