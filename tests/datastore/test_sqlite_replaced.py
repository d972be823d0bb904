"""SQLiteDataStore when somebody else alters its table, or deletes or replaces its file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from openrest import models
from openrest.datastore import SQLiteDataStore
from openrest.errors import StoreError, StoreUnavailable
from openrest.query import Condition, Order, Query


class Note(models.Model):
    fields = [
        models.StringPkField(name="id"),
        models.StringField(name="note"),
        models.IntegerField(name="size"),
    ]


class Other(models.Model):
    fields = [models.StringPkField(name="id"), models.StringField(name="title")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.db"


@pytest.fixture
def store(path: Path) -> SQLiteDataStore:
    store = notes(path)
    store.insert_many([{"id": "a", "note": "one", "size": 1}, {"id": "b", "note": "two"}])
    return store


@pytest.fixture(autouse=True)
def readers_always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openrest.datastore.database._TRUSTED", -1.0)


def notes(path: Path) -> SQLiteDataStore:
    return SQLiteDataStore({"name": path, "table": "notes", "timeout": 1}, Note)


def run(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(sql).fetchall()


def remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def replace(path: Path, model: type[models.Model], key: str) -> None:
    """Have another file take the place, made by somebody who stops the writers meanwhile."""
    other = path.with_name("other.db")
    made = SQLiteDataStore({"name": other, "table": "notes"}, model)
    made.insert({"id": key})
    made.close()
    remove(path)
    other.rename(path)


USES: dict[str, Callable[[SQLiteDataStore], Any]] = {
    "get": lambda store: store.get("a"),
    "find": lambda store: store.find(Query()),
    "count": lambda store: store.count(Query()),
    "ping": lambda store: store.ping(),
    "insert": lambda store: store.insert({"id": "c", "note": "three"}),
    "insert_many": lambda store: store.insert_many([{"id": "c"}]),
    "update": lambda store: store.update("a", dict),
    "delete": lambda store: store.delete("a"),
    "checked delete": lambda store: store.delete("a", lambda record: None),
}


@pytest.mark.parametrize("change", ["RENAME COLUMN note TO text", "DROP COLUMN note"])
def test_a_column_that_disappears_is_not_read_as_a_text(
    store: SQLiteDataStore, path: Path, change: str
) -> None:
    run(path, f"ALTER TABLE notes {change}")
    for use in (
        lambda: store.get("a"),
        lambda: store.find(Query()),
        lambda: store.find(Query(order=(Order("note"),))),
        lambda: store.count(Query(conditions=(Condition("note", "eq", "note"),))),
        lambda: store.count(Query(conditions=(Condition("note", "gt", "a"),))),
        lambda: store.insert({"id": "c", "note": "three"}),
    ):
        with pytest.raises(StoreError, match="no such column|no column named") as caught:
            use()
        assert not isinstance(caught.value, StoreUnavailable)


def test_a_key_that_disappears_deletes_nothing(store: SQLiteDataStore, path: Path) -> None:
    run(path, "ALTER TABLE notes RENAME COLUMN id TO name")
    with pytest.raises(StoreError, match=r"no such column: notes\.id"):
        store.delete("id")
    assert run(path, "SELECT count(*) FROM notes") == [(2,)]


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_deleted_file_is_an_unavailable_store_until_it_is_back(
    store: SQLiteDataStore, path: Path, use: Callable[[SQLiteDataStore], Any]
) -> None:
    store.close()
    saved = shutil.copy(path, path.with_name("saved.db"))
    store.get("a")
    remove(path)
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as caught:
            use(store)
        assert str(caught.value) == f"{path}: the file is gone"
    assert not path.exists()
    assert len(store._database._process.opened) == 0
    os.rename(saved, path)
    use(store)
    store.insert({"id": "d"})
    assert run(path, "SELECT id FROM notes WHERE id = 'd'") == [("d",)]


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_file_that_takes_the_place_is_used_from_the_next_statement_on(
    store: SQLiteDataStore, path: Path, use: Callable[[SQLiteDataStore], Any]
) -> None:
    replace(path, Note, "a")
    with pytest.raises(StoreUnavailable) as caught:
        use(store)
    assert str(caught.value) == f"{path}: another file has taken its place"
    assert store.count(Query()) == 1
    use(store)


def test_no_thread_writes_to_the_file_that_was(store: SQLiteDataStore, path: Path) -> None:
    ready, replaced = threading.Event(), threading.Event()
    answers: list[Any] = []

    def write() -> None:
        store.get("a")
        ready.set()
        replaced.wait(30)
        for key in ("x", "y"):
            try:
                answers.append(store.insert({"id": key})["id"])
            except StoreUnavailable as error:
                answers.append(str(error))

    thread = threading.Thread(target=write)
    thread.start()
    ready.wait(30)
    replace(path, Note, "z")
    replaced.set()
    thread.join()
    assert answers == [f"{path}: another file has taken its place", "y"]
    assert run(path, "SELECT id FROM notes ORDER BY id") == [("y",), ("z",)]


@pytest.mark.parametrize("opened", [True, False])
def test_an_emptied_file_is_an_unavailable_store(
    store: SQLiteDataStore, path: Path, opened: bool
) -> None:
    if not opened:
        store.close()
    remove(path)
    path.touch()
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as caught:
            store.insert({"id": "c"})
        assert str(caught.value) == f"{path}: the file is empty"
    assert path.stat().st_size == 0


def test_a_file_whose_table_does_not_fit_is_not_used(store: SQLiteDataStore, path: Path) -> None:
    replace(path, Other, "a")
    with pytest.raises(StoreUnavailable):
        store.insert({"id": "c"})
    for _ in range(2):
        with pytest.raises(StoreError) as caught:
            store.delete("a")
        assert not isinstance(caught.value, StoreUnavailable)
        assert 'the column "note" TEXT is missing.' in str(caught.value)
        assert 'the column "size" INTEGER is missing.' in str(caught.value)
    assert run(path, "SELECT id FROM notes") == [("a",)]
    run(path, "DROP TABLE notes")
    with pytest.raises(StoreError, match="the table 'notes': it is missing"):
        store.count(Query())
    replace(path, Note, "b")
    assert store.get("b")["id"] == "b"


def test_a_loose_table_that_takes_the_place_is_read_with_care(
    store: SQLiteDataStore, path: Path
) -> None:
    remove(path)
    run(path, "CREATE TABLE notes (id TEXT NOT NULL PRIMARY KEY, note TEXT, size INTEGER)")
    run(path, "INSERT INTO notes VALUES ('a', 'one', 'large')")
    with pytest.raises(StoreUnavailable):
        store.get("a")
    with pytest.raises(StoreError, match="that is none of the field: 'large'"):
        store.get("a")


def test_a_reader_trusts_the_file_for_a_moment(
    store: SQLiteDataStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openrest.datastore.database._TRUSTED", 60.0)
    store.update("a", dict)
    remove(path)
    assert store.get("a")["note"] == "one"
    with pytest.raises(StoreUnavailable):
        store.insert({"id": "c"})
    with pytest.raises(StoreUnavailable):
        store.get("a")


def test_a_stream_is_of_the_file_that_is_there_when_it_begins(
    store: SQLiteDataStore, path: Path
) -> None:
    store.get("a")
    replace(path, Note, "z")
    assert [record["id"] for record in store.stream(Query())] == ["z"]
    remove(path)
    with pytest.raises(StoreUnavailable, match="the file is gone"):
        next(store.stream(Query()))


def test_a_stream_ends_with_an_error_where_its_file_is_replaced(
    store: SQLiteDataStore, path: Path
) -> None:
    store.insert_many([{"id": f"{n}"} for n in range(1000)])
    stream = store.stream(Query())
    next(stream)
    replace(path, Note, "a")
    with pytest.raises(StoreUnavailable, match="another file has taken its place"):
        list(stream)
    assert len(store._database._process.opened) <= 1  # that of this thread


def test_a_stream_that_is_given_up_lets_go_of_its_connection(store: SQLiteDataStore) -> None:
    store.close()
    stream = store.stream(Query())
    next(stream)
    assert len(store._database._process.opened) == 1
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(store._database._process.opened) == 0


def test_a_table_of_a_replaced_file_takes_part_in_a_step_where_it_fits(
    store: SQLiteDataStore, path: Path, tmp_path: Path
) -> None:
    others = SQLiteDataStore({"name": path, "table": "others"}, Other)
    others.insert({"id": "x", "title": "X"})
    copied = tmp_path / "copied.db"
    run(path, f"VACUUM INTO '{copied}'")
    remove(path)
    os.replace(copied, path)
    with pytest.raises(StoreUnavailable):
        store.delete("b")  # it has seen that its file is gone, and the other has not

    def step() -> None:
        store.insert({"id": "c"})
        others.delete("x")

    store.together(step)
    assert run(path, "SELECT count(*) FROM notes UNION ALL SELECT count(*) FROM others") == [
        (3,), (0,)
    ]  # fmt: skip
    remove(path)
    notes(path)
    store.close()
    with pytest.raises(StoreError):
        store.together(step)
    assert run(path, "SELECT count(*) FROM notes") == [(0,)]
