"""SQLiteDataStore: the contract of every store, and what is its own."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema
from marshmallow import fields as ma

from openrest import models
from openrest.datastore import DataStore, SQLiteDataStore, UniqueTogether
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
from openrest.rehearsal import rehearsal
from openrest.store_time import NO_TIME_LEFT, TIME_IS_UP
from openrest.testing import StoreContract
from openrest.testing.store_base import MOST, Everything


class Tweet(models.Model):
    fields = [
        models.PkField(name="id"),
        models.StringField(name="text", required=True),
        models.IntegerField(name="likes", load_default=0),
        models.BooleanField(name="pinned", allow_none=True),
    ]


def tweets(path: Path, *validators: StoreValidator, timeout: float = 5) -> SQLiteDataStore:
    resource = {"name": str(path / "twitter.db"), "table": "tweets", "timeout": timeout}
    return SQLiteDataStore(resource, Tweet, validators)


def run(path: Path, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a program that knows nothing of the store reads or writes."""
    with closing(sqlite3.connect(path / "twitter.db", isolation_level=None)) as connection:
        return connection.execute(sql, values).fetchall()


class TestSQLiteDataStore(StoreContract):
    @pytest.fixture(autouse=True)
    def directory(self, tmp_path: Path) -> None:
        self.paths = (tmp_path / f"{number}.db" for number in itertools.count())

    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        store = SQLiteDataStore({"name": next(self.paths), "table": "t"}, model, validators)
        store.insert_many(seed)
        return store

    def peek(self, store: DataStore) -> list[Record]:
        with closing(sqlite3.connect(store.resource["name"])) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute("SELECT * FROM t")]

    def poke(self, store: DataStore, record: Record) -> None:
        values = [json.dumps(v) if isinstance(v, list) else v for v in record.values()]
        with closing(sqlite3.connect(store.resource["name"], isolation_level=None)) as connection:
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO t ({', '.join(record)}) VALUES ({marks})", values)


def test_a_missing_table_is_made_for_the_model(tmp_path: Path) -> None:
    tweets(tmp_path, UniqueTogether("text", "likes"))
    assert run(tmp_path, "SELECT sql FROM sqlite_schema WHERE name = 'tweets'") == [
        (
            'CREATE TABLE "tweets" (\n'
            '  "id" INTEGER PRIMARY KEY AUTOINCREMENT,\n'
            '  "text" TEXT NOT NULL,\n'
            '  "likes" INTEGER NOT NULL,\n'
            '  "pinned" INTEGER CHECK ("pinned" IN (0, 1)),\n'
            '  UNIQUE ("text", "likes")\n'
            ") STRICT",
        )
    ]


def test_a_table_whose_key_is_text_is_kept_in_the_order_of_the_key(tmp_path: Path) -> None:
    class Page(models.Model):
        fields = [models.StringPkField(name="slug"), models.StringField(name="title")]

    store = SQLiteDataStore({"name": tmp_path / "pages.db", "table": 'a "page"'}, Page)
    assert store.table.create_statement == (
        'CREATE TABLE "a ""page""" (\n'
        '  "slug" TEXT NOT NULL PRIMARY KEY,\n'
        '  "title" TEXT\n'
        ") STRICT, WITHOUT ROWID"
    )
    assert store.insert({"slug": "a"}) == store.get("a")


def test_each_type_is_stored_in_a_form_that_orders_as_its_values(tmp_path: Path) -> None:
    resource = {"name": tmp_path / "twitter.db", "table": "t"}
    SQLiteDataStore(resource, Everything).insert(
        {
            **MOST,
            "id": 1,
            "decimal": -MOST["decimal"],
            "instant": dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC),
            "seconds": dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC),
            "string": "é",
        }
    )
    with closing(sqlite3.connect(tmp_path / "twitter.db")) as connection:
        connection.row_factory = sqlite3.Row
        [row] = connection.execute("SELECT * FROM t").fetchall()
    assert dict(row) == {
        "id": 1,
        "string": "é",
        "short": "😀😀😀😀😀",
        "integer": 2**63 - 1,
        "small": 3,
        "float": 1.7976931348623157e308,
        "degrees": 90.0,
        "boolean": 1,
        "flag": 1,
        "decimal": "-999999999999.999999",
        "price": "0.00",
        "instant": "2026-03-01T09:30:00.000000Z",
        "ended": "1969-12-31T23:59:59.000000Z",
        "seconds": 1772357400,
        "day": "9999-12-31",
        "birthday": "2024-02-29",
        "uuid": "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "by_name": "GREEN",
        "by_value": "g",
        "level": 3,
        "strings": '["","\'","\\"","[]","null","😀"]',
        "prices": '["0.10","-1.00"]',
        "weeks": '[[],["2026-03-01"]]',
        "raw": '{"b":[1,1.5,null,true,{"":"é"}],"a":"null"}',
        "any": '[[],{},"",1000000000000000000000000000000]',
    }


def test_the_records_are_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    store.insert_many([{"text": "one"}, {"text": "two"}, {"text": "three"}])
    store.delete(3)
    store.close()
    again = tweets(tmp_path)
    assert list(again.find(Query())) == [
        {"id": 1, "text": "one", "likes": 0, "pinned": None},
        {"id": 2, "text": "two", "likes": 0, "pinned": None},
    ]
    assert again.insert({"text": "four"})["id"] == 4


def test_a_write_that_has_returned_survives_a_loss_of_power(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    seen: list[Any] = []

    def look() -> None:
        for pragma in ("journal_mode", "synchronous"):
            seen.extend(store._database.rows(f"PRAGMA {pragma}"))

    look()
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    full = 2
    assert seen == [("wal",), (full,), ("wal",), (full,)]


def test_the_path_is_that_of_the_directory_in_which_the_store_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = SQLiteDataStore({"name": "twitter.db", "table": "tweets"}, Tweet)
    monkeypatch.chdir("/")
    assert store.insert({"text": "one"})["id"] == 1
    assert run(tmp_path, "SELECT text FROM tweets") == [("one",)]


def test_a_path_may_have_any_characters(tmp_path: Path) -> None:
    name = "what? 100% #1 & é.db"
    store = SQLiteDataStore({"name": tmp_path / name, "table": "tweets"}, Tweet)
    store.insert({"text": "one"})
    store.close()
    assert os.listdir(tmp_path) == [name]


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (
            "twitter.db",
            "SQLiteDataStore of Tweet: resource must be like "
            """{"name": "twitter.db", "table": "tweets"}, not 'twitter.db'.""",
        ),
        (
            {"nam": "twitter.db", "timeout": -1},
            "SQLiteDataStore of Tweet has 4 mistakes:\n"
            "  - resource: unknown key 'nam'. Did you mean 'name'?\n"
            "  - resource['name'] must be the path of a file, not None.\n"
            "  - resource['table'] must be the name of a table, not None.\n"
            "  - resource['timeout'] must be a number of seconds, at most 3600, not -1.",
        ),
        (
            {"name": ":memory:", "table": "tweets"},
            "SQLiteDataStore of Tweet: resource['name'] is ':memory:': each thread would see a "
            "database of its own. Give the path of a file, or keep the records in memory with "
            "PythonListDataStore.",
        ),
        (
            {"name": "/nowhere/at/all/twitter.db", "table": "tweets"},
            "SQLiteDataStore of Tweet: resource['name']: there is no directory /nowhere/at/all.",
        ),
        (
            {"name": "/", "table": "sqlite_sequence"},
            "SQLiteDataStore of Tweet has 2 mistakes:\n"
            "  - resource['name']: / is a directory.\n"
            "  - resource['table'] must be the name of a table, not 'sqlite_sequence'.",
        ),
    ],
)
def test_a_resource_that_cannot_be_used_is_refused_with_every_mistake(
    resource: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SQLiteDataStore(resource, Tweet)
    assert str(caught.value) == message


def test_an_old_sqlite_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    with pytest.raises(ConfigurationError) as caught:
        tweets(tmp_path)
    assert str(caught.value) == (
        "SQLiteDataStore of Tweet: SQLite 3.37 is needed; this Python has 3.34.1."
    )


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "twitter.db").write_text("It was a dark and stormy night. " * 40)
    with pytest.raises(ConfigurationError) as caught:
        tweets(tmp_path)
    assert str(caught.value) == (f"the file '{tmp_path}/twitter.db': file is not a database.")


def test_fields_that_differ_in_case_alone_are_refused(tmp_path: Path) -> None:
    class Two(models.Model):
        fields = [
            models.PkField(name="id"),
            models.StringField(name="name"),
            models.StringField(name="Name"),
        ]

    with pytest.raises(ConfigurationError) as caught:
        SQLiteDataStore({"name": tmp_path / "two.db", "table": "two"}, Two)
    assert str(caught.value) == (
        "SQLiteDataStore of Two: SQLite takes the fields called 'name', in any case, for one."
    )


def test_threads_that_make_the_same_table_all_succeed(tmp_path: Path) -> None:
    failures: list[BaseException] = []
    barrier = threading.Barrier(8)

    def make() -> None:
        barrier.wait()
        try:
            tweets(tmp_path).insert({"text": "one"})
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert tweets(tmp_path).count(Query()) == 8


def test_a_statement_works_no_longer_than_its_timeout(tmp_path: Path) -> None:
    resource = {"name": str(tmp_path / "twitter.db"), "table": "tweets", "statement_timeout": 0.01}
    store = SQLiteDataStore(resource, Tweet)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    for run in (store._database.rows, store._database.execute):
        with pytest.raises(StoreUnavailable, match=r"a statement took longer than 0\.01 s"):
            run(endless)
    with pytest.raises(StoreUnavailable, match="took longer"):
        next(store._database.batches(endless))
    assert store.insert({"text": "Hello"})["id"] == 1
    assert store.count(Query()) == 1


def test_a_statement_works_no_longer_than_its_request_may(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    for run in (store._database.rows, store._database.execute):
        token = TIME_IS_UP.set(time.monotonic() + 0.05)
        with pytest.raises(StoreUnavailable, match=NO_TIME_LEFT):
            run(endless)
        TIME_IS_UP.reset(token)
    assert store.insert({"text": "Hello"})["id"] == 1


def test_a_writer_waits_no_longer_than_the_timeout(tmp_path: Path) -> None:
    store = tweets(tmp_path, timeout=0.05)
    store.insert({"text": "one"})
    with closing(sqlite3.connect(tmp_path / "twitter.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for write in (
            lambda: store.insert({"text": "two"}),
            lambda: store.update(1, dict),
            lambda: store.delete(1),
        ):
            with pytest.raises(StoreUnavailable) as caught:
                write()
            assert str(caught.value) == f"{tmp_path}/twitter.db: database is locked"
            assert caught.value.retry_after == 1
        assert store.get(1)["text"] == "one"
        other.execute("ROLLBACK")
    assert store.insert({"text": "two"})["id"] == 2


def test_a_store_waits_for_others_when_it_is_made(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "twitter.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable) as caught:
            tweets(tmp_path, timeout=0.05)
        assert str(caught.value) == f"{tmp_path}/twitter.db: database is locked"
        made: list[SQLiteDataStore] = []
        thread = threading.Thread(target=lambda: made.append(tweets(tmp_path)))
        thread.start()
        thread.join(0.1)
        assert made == []
        other.execute("ROLLBACK")
        thread.join()
    assert made[0].insert({"text": "one"})["id"] == 1


def test_a_thread_waits_no_longer_than_the_timeout_for_another_one(tmp_path: Path) -> None:
    store = tweets(tmp_path, timeout=0.05)
    store.insert({"text": "one"})
    changing, done = threading.Event(), threading.Event()

    def slow(record: Record) -> Record:
        changing.set()
        done.wait(30)
        return {**record, "likes": 1}

    thread = threading.Thread(target=store.update, args=(1, slow))
    thread.start()
    changing.wait(30)
    with pytest.raises(StoreUnavailable) as caught:
        store.insert({"text": "two"})
    assert str(caught.value) == f"{tmp_path}/twitter.db: another thread is writing"
    assert (store.get(1)["likes"], store.count(Query())) == (0, 1)  # readers do not wait
    done.set()
    thread.join()
    assert store.get(1)["likes"] == 1


def test_a_change_cannot_write_to_the_store_that_runs_it(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    store.insert({"text": "one"})

    def nested(record: Record) -> Record:
        store.update(1, dict)
        return record

    with pytest.raises(ContractError) as caught:
        store.update(1, nested)
    assert str(caught.value) == "A change or check must not write to the store that runs it."
    assert store.insert({"text": "two"})["id"] == 2


def test_an_error_of_a_change_stays_what_it_is(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    store.insert({"text": "one"})

    def fail(record: Record) -> Record:
        raise sqlite3.OperationalError("of a database of the user's own")

    with pytest.raises(sqlite3.OperationalError, match="of a database of the user's own"):
        store.update(1, fail)


def test_a_full_disk_is_an_unavailable_store(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    store._database.execute("PRAGMA max_page_count = 5")
    with pytest.raises(StoreUnavailable) as caught:
        store.insert({"text": "long" * 10000})
    assert str(caught.value) == f"{tmp_path}/twitter.db: database or disk is full"
    assert store.insert({"text": "short"})["id"] == 1


def test_a_store_whose_keys_are_used_up_will_not_come_back(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    store.insert({"id": 2**63 - 1, "text": "the last"})
    for write in (
        lambda: store.insert({"text": "one too many"}),
        lambda: store.insert_many([{"text": "one too many"}]),
    ):
        with pytest.raises(StoreError) as caught:
            write()
        assert not isinstance(caught.value, StoreUnavailable)
        assert str(caught.value) == "tweets: every key has been given"
    assert store.count(Query()) == 1


def test_a_table_that_disappears_is_a_store_error(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    run(tmp_path, "DROP TABLE tweets")
    with pytest.raises(StoreError) as caught:
        store.count(Query())
    assert str(caught.value) == f"{tmp_path}/twitter.db: no such table: tweets"


def test_a_file_that_disappears_is_not_made_anew(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    for name in os.listdir(tmp_path):
        (tmp_path / name).unlink()
    with pytest.raises(StoreUnavailable) as caught:
        store.count(Query())
    assert str(caught.value) == f"{tmp_path}/twitter.db: the file is gone"
    assert os.listdir(tmp_path) == []


def test_a_record_that_does_not_fit_the_model_is_not_stored(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    with pytest.raises(ContractError) as caught:
        store.insert({"txt": "one", "likes": "5"})
    assert str(caught.value) == (
        "The record does not fit its model: field 'text': is required; "
        "field 'likes': '5' must be an integer; "
        "'txt' is no field of the model. Did you mean 'text'?."
    )
    assert store.count(Query()) == 0


def test_a_value_that_json_cannot_say_is_not_stored(tmp_path: Path) -> None:
    class Note(models.Model):
        id = models.PkField()
        raw = ma.Raw()

    store = SQLiteDataStore({"name": tmp_path / "notes.db", "table": "notes"}, Note)
    with pytest.raises(ContractError) as caught:
        store.insert({"raw": {1, 2}})
    assert str(caught.value) == (
        "The field 'raw' cannot be stored: Object of type set is not JSON serializable"
    )


def test_what_can_be_no_key_is_not_found(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    for key in ("1", 1.0, True, 2**63, None):
        with pytest.raises(RecordNotFound):
            store.get(key)


def test_conditions_that_no_column_can_meet_are_refused(tmp_path: Path) -> None:
    store = SQLiteDataStore({"name": tmp_path / "all.db", "table": "t"}, Everything)
    for query, message in {
        Query(conditions=(Condition("strng", "eq", "a"),)): (
            "The model has no field 'strng'. Did you mean 'string'?"
        ),
        Query(order=(Order("strng"),)): "The model has no field 'strng'. Did you mean 'string'?",
        Query(conditions=(Condition("integer", "eq", "5"),)): (
            "'5' is no value of the field 'integer'."
        ),
        Query(conditions=(Condition("integer", "lt", 2**63),)): (
            "9223372036854775808 is no value of the field 'integer'."
        ),
        Query(conditions=(Condition("price", "gt", Decimal("0.001")),)): (
            "Decimal('0.001') is no value of the field 'price'."
        ),
        Query(conditions=(Condition("instant", "lt", dt.datetime(2026, 3, 1)),)): (
            "datetime.datetime(2026, 3, 1, 0, 0) is no value of the field 'instant'."
        ),
        Query(conditions=(Condition("string", "eq", "\ud800"),)): (
            "'\\ud800' is no value of the field 'string'."
        ),
        Query(conditions=(Condition("raw", "lt", "a"),)): (
            "The values of the field 'raw' have no order."
        ),
    }.items():
        with pytest.raises(ContractError) as caught:
            list(store.find(query))
        assert str(caught.value) == message


class Hashed(ma.String):
    """Loads a password as its hash: to load what is stored would hash it again."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return f"hash of {value}"


class Duration(ma.Field[dt.timedelta]):
    """Has native values that JSON cannot say."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return dt.timedelta(seconds=value)

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.total_seconds()


def test_the_value_of_a_field_of_ones_own_comes_back_as_it_was(tmp_path: Path) -> None:
    class Account(models.Model):
        password = Hashed(load_only=True)
        session = Duration()
        breaks = ma.List(Duration())
        id = models.PkField()

    store = SQLiteDataStore({"name": tmp_path / "accounts.db", "table": "accounts"}, Account)
    record = {
        "password": "hash of sesame",
        "session": dt.timedelta(minutes=5),
        "breaks": [dt.timedelta(seconds=1)],
        "id": 1,
    }
    assert store.insert(record) == record
    assert store.get(1) == record
    assert store.update(1, dict) == record
    assert store.get(1) == record


def test_a_unique_index_of_another_order_and_case_keeps_the_validator(tmp_path: Path) -> None:
    run(
        tmp_path,
        "CREATE TABLE Tweets (ID INTEGER PRIMARY KEY AUTOINCREMENT, Text TEXT NOT NULL, "
        "Likes INTEGER NOT NULL, Pinned INTEGER) STRICT",
    )
    run(tmp_path, "CREATE UNIQUE INDEX likes_text ON Tweets (Likes, Text)")
    store = tweets(tmp_path, UniqueTogether("text", "likes"))
    store.insert({"id": 7, "text": "one"})
    with pytest.raises(RecordConflict) as caught:
        store.insert({"text": "one"})
    assert caught.value.members == ("text", "likes")
    with pytest.raises(RecordConflict) as caught:
        store.insert({"id": 7, "text": "two"})
    assert caught.value.members == ("id",)


def test_connections_are_closed_with_their_threads(tmp_path: Path) -> None:
    store = tweets(tmp_path)
    opened = store._database._process.opened
    assert len(opened) == 0
    thread = threading.Thread(target=lambda: store.insert({"text": "one"}))
    thread.start()
    thread.join()
    assert len(opened) == 0
    assert store.count(Query()) == 1
    assert len(opened) == 1
    store.close()
    assert len(opened) == 0
    assert store.count(Query()) == 1


# Steps of several writes


class Like(models.Model):
    tweet = models.IntegerField(required=True)
    id = models.PkField()


def likes(path: Path) -> SQLiteDataStore:
    return SQLiteDataStore({"name": str(path / "twitter.db"), "table": "likes"}, Like)


def test_tables_of_one_file_change_together(tmp_path: Path) -> None:
    store, other = tweets(tmp_path), likes(tmp_path)
    store.insert({"text": "Hello"})

    def step() -> int:
        store.delete(1)
        other.insert_many([{"tweet": 1}, {"tweet": 2}], lambda like: None)
        other.together(lambda: other.update(2, lambda like: {**like, "tweet": 3}))
        assert [like["tweet"] for like in other.stream(Query())] == [1, 3]
        assert run(tmp_path, "SELECT count(*) FROM likes") == [(0,)]
        return store.count(Query())

    def fails() -> None:
        step()
        raise RecordNotFound(7)

    with pytest.raises(RecordNotFound):
        store.together(fails)
    assert (store.count(Query()), other.count(Query())) == (1, 0)
    with rehearsal():
        assert store.together(step) == 0
    assert (store.count(Query()), other.count(Query())) == (1, 0)
    assert store.together(step) == 0
    assert run(tmp_path, "SELECT tweet FROM likes ORDER BY id") == [(1,), (3,)]


def test_a_write_through_another_table_is_a_step_of_its_own_again_after_a_step(
    tmp_path: Path,
) -> None:
    store, other = tweets(tmp_path), likes(tmp_path)
    store.together(lambda: other.insert({"tweet": 1}))
    other.insert({"tweet": 2})
    store.close()
    assert run(tmp_path, "SELECT tweet FROM likes ORDER BY id") == [(1,), (2,)]


def test_a_change_must_not_write_to_another_table_of_its_file_within_a_step(
    tmp_path: Path,
) -> None:
    store, other = tweets(tmp_path), likes(tmp_path)
    store.insert({"text": "Hello"})

    def change(tweet: Record) -> Record:
        other.insert_many([{"tweet": 1}])
        return tweet

    with pytest.raises(ContractError):
        store.together(lambda: store.update(1, change))
    assert other.count(Query()) == 0


def test_nothing_is_written_in_a_step_that_sqlite_has_undone(tmp_path: Path) -> None:
    store, other = tweets(tmp_path), likes(tmp_path)

    def step() -> None:
        store.insert({"text": "Hello"})
        store._database._handle().connection.rollback()  # as SQLite does where a disk is full
        with pytest.raises(StoreUnavailable):
            store.insert({"text": "World"})
        with pytest.raises(StoreUnavailable):
            other.insert({"tweet": 1})
        other.insert_many([{"tweet": 1}])

    with pytest.raises(StoreUnavailable):
        store.together(step)
    assert (store.count(Query()), other.count(Query())) == (0, 0)
