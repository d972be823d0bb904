"""Where stores keep the keys of requests, and that they forget them again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from openrest import models
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.datastore.once import FORGOTTEN, KEYS_TABLE, KeyTable
from openrest.errors import ConfigurationError, StoreError, TableMismatch
from openrest.interfaces import Once


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


class Ranked(Note):
    rank = models.IntegerField(required=True)


class Signed(Note):
    author = models.StringField(allow_none=True)


def notes(path: Path, model: Any = Note, table: str = "notes") -> SQLiteDataStore:
    store = SQLiteDataStore({"name": path / "notes.db", "table": table}, model)
    store.prepare_once()
    return store


def run(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path / "notes.db", isolation_level=None)) as connection:
        return connection.execute(sql).fetchall()


def once(key: str, now: float = 0, until: float = 10) -> Once:
    return Once(key=key, fingerprint="x", now=now, until=until)


def test_keys_whose_time_is_over_are_deleted_some_at_a_time(tmp_path: Path) -> None:
    store = notes(tmp_path)
    for number in range(3 * FORGOTTEN):
        store.insert_once(once(f"{number}"), [{"text": "a"}])
    kept = [3 * FORGOTTEN]
    for number in range(4):
        store.insert_once(once(f"new {number}", now=10, until=20), [{"text": "b"}])
        [(count,)] = run(tmp_path, f"SELECT count(*) FROM {KEYS_TABLE}")
        kept.append(count)
    assert kept == [48, 33, 18, 3, 4]


def test_a_list_store_forgets_keys_some_at_a_time() -> None:
    store = PythonListDataStore([], Note)
    for number in range(3 * FORGOTTEN):
        store.insert_once(once(f"{number}"), [{"text": "a"}])
    store.forget_once(once("0"))
    kept = []
    for number in range(4):
        store.insert_once(once(f"new {number}", now=10, until=20), [{"text": "b"}])
        kept.append(len(store._tables.remembered))
    assert kept == [33, 18, 3, 4]


@pytest.mark.parametrize(
    ("statement", "values"),
    [(KeyTable.recall, ("notes", "a", 0)), (KeyTable.forget_some, (0,))],
)
def test_no_statement_reads_all_keys(tmp_path: Path, statement: str, values: Any) -> None:
    notes(tmp_path)
    with closing(sqlite3.connect(tmp_path / "notes.db")) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    assert not [row for row in plan if row[-1].startswith(f"SCAN {KEYS_TABLE}")]


def test_two_tables_of_a_file_have_keys_of_their_own(tmp_path: Path) -> None:
    one, other = notes(tmp_path), notes(tmp_path, table="others")
    one.insert_once(once("a"), [{"text": "a"}])
    assert other.insert_once(once("a"), [{"text": "a"}])[1] is False
    # SQLite takes names in any case for the same.
    assert notes(tmp_path, table="NOTES").recall_once(once("a")) == [{"text": "a", "id": 1}]


def test_a_file_without_keys_has_no_table_for_them(tmp_path: Path) -> None:
    SQLiteDataStore({"name": tmp_path / "notes.db", "table": "notes"}, Note)
    assert run(tmp_path, "SELECT name FROM sqlite_schema WHERE type = 'table'") == [
        ("notes",),
        ("sqlite_sequence",),
    ]


def test_another_table_with_the_name_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    run(tmp_path, f"CREATE TABLE {KEYS_TABLE} (a)")
    with pytest.raises(TableMismatch, match="needs this name"):
        notes(tmp_path)
    assert run(tmp_path, f"SELECT * FROM {KEYS_TABLE}") == []


def test_no_records_are_kept_in_the_table_of_the_keys(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is the table of the keys of requests"):
        notes(tmp_path, table=KEYS_TABLE.upper())


def test_a_file_that_takes_the_place_of_another_gets_the_table(tmp_path: Path) -> None:
    store = notes(tmp_path)
    (tmp_path / "new").mkdir()
    SQLiteDataStore({"name": tmp_path / "new" / "notes.db", "table": "notes"}, Note).close()
    store.close()
    for name in ("notes.db", "notes.db-wal", "notes.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "new" / "notes.db").rename(tmp_path / "notes.db")
    assert store.insert_once(once("a"), [{"text": "a"}])[1] is False


def test_a_model_with_another_optional_field_still_has_the_answers(tmp_path: Path) -> None:
    notes(tmp_path).insert_once(once("a"), [{"text": "a"}])
    run(tmp_path, "ALTER TABLE notes ADD COLUMN author TEXT")
    known = notes(tmp_path, Signed).recall_once(once("a"))
    assert known == [{"id": 1, "text": "a", "author": None}]


def test_a_model_with_another_required_field_says_so(tmp_path: Path) -> None:
    notes(tmp_path).insert_once(once("a"), [{"text": "a"}])
    run(tmp_path, "ALTER TABLE notes ADD COLUMN rank INTEGER NOT NULL DEFAULT 0")
    with pytest.raises(StoreError, match="before the model had 'rank'"):
        notes(tmp_path, Ranked).recall_once(once("a"))
