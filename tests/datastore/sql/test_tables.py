"""The tables of SQLDataStore: made for the model, or compared with it."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import sqlite3
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from marshmallow import fields as ma
from marshmallow import validate
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from openrest import models
from openrest.datastore import SQLDataStore, UniqueTogether
from openrest.datastore.sql.failures import Again
from openrest.errors import (
    ConfigurationError,
    RecordConflict,
    StillReferenced,
    StoreError,
    StoreUnavailable,
    TableMismatch,
    TargetMissing,
)
from openrest.interfaces import Record, StoreValidator
from openrest.query import Condition, Order, Query
from openrest.rehearsal import rehearsal
from openrest.testing.store_base import MOST, Everything, exact
from tests.datastore.sql.servers import Server


class Tweet(models.Model):
    fields = [
        models.PkField(name="id"),
        models.StringField(name="text", required=True, validate=validate.Length(max=280)),
        models.IntegerField(name="likes", load_default=0),
        models.BooleanField(name="pinned", allow_none=True),
    ]


class Typed(models.Model):
    """Has a member of each type for which a database has one."""

    id = models.PkField()
    text = models.StringField()
    boolean = models.BooleanField()
    instant = models.DateTimeField()
    moment = models.NaiveDateTimeField()
    time = models.TimeField()
    day = models.DateField()
    uuid = models.UUIDField()
    price = models.DecimalField(digits=6, places=2)
    strings = models.ListField(models.StringField())
    number = models.FloatField()
    seconds = models.TimestampField()


def types(database: Server, table: str) -> dict[str, str]:
    """The columns of a table with their types, in words of the database."""
    found = sa.inspect(database.engine).get_columns(table)
    dialect = database.engine.dialect
    return {each["name"]: each["type"].compile(dialect=dialect) for each in found}


def store_of(
    database: Server, table: Any, model: Any = Tweet, *validators: StoreValidator
) -> SQLDataStore:
    return SQLDataStore({"url": database.url, "table": table}, model, validators)


def differences(database: Server, table: str, model: Any = Tweet, *validators: Any) -> list[str]:
    with pytest.raises(TableMismatch) as caught:
        store_of(database, table, model, *validators)
    assert caught.value.subject == f"the table {table!r}"
    return list(caught.value.mistakes)


def test_postgresql_gets_a_table_of_its_own_types(postgresql: Server) -> None:
    table = postgresql.table()
    store_of(postgresql, table, Typed)
    assert types(postgresql, table) == {
        "id": "BIGINT",
        "text": 'TEXT COLLATE "C"',
        "boolean": "BOOLEAN",
        "instant": "TIMESTAMP WITH TIME ZONE",
        "moment": "TIMESTAMP WITHOUT TIME ZONE",
        "time": "TIME WITHOUT TIME ZONE",
        "day": "DATE",
        "uuid": "UUID",
        "price": "NUMERIC(6, 2)",
        "strings": "JSON",
        "number": "DOUBLE PRECISION",
        "seconds": "TIMESTAMP WITH TIME ZONE",
    }


def test_mariadb_gets_a_table_of_its_own_types(mariadb: Server) -> None:
    table = mariadb.table()
    store_of(mariadb, table, Typed)
    assert types(mariadb, table) == {
        "id": "BIGINT(20)",
        "text": "LONGTEXT",
        "boolean": "TINYINT(1)",
        "instant": "DATETIME(6)",
        "moment": "DATETIME(6)",
        "time": "TIME(6)",
        "day": "DATE",
        "uuid": "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin",
        "price": "DECIMAL(6, 2)",
        "strings": "LONGTEXT",
        "number": "DOUBLE",
        "seconds": "DATETIME(6)",
    }


def test_a_table_that_was_made_is_used_again(database: Server) -> None:
    table = database.table()
    rules = (UniqueTogether("text", "likes"),)
    assert store_of(database, table, Tweet, *rules).insert({"text": "one"})["id"] == 1
    again = store_of(database, table, Tweet, *rules)
    assert again.insert({"text": "two"}) == {"id": 2, "text": "two", "likes": 0, "pinned": None}
    assert store_of(database, database.table(), Everything).insert({**MOST, "id": 1})["id"] == 1
    assert again.count(Query()) == 2


def test_a_table_of_everything_is_used_again(database: Server) -> None:
    table = database.table()
    store_of(database, table, Everything).insert(copy.deepcopy(MOST))
    assert store_of(database, table, Everything).get(MOST["id"]) == MOST


def test_threads_that_make_the_same_table_all_succeed(database: Server) -> None:
    table, failures = database.table(), list[BaseException]()
    barrier = threading.Barrier(6)

    def make() -> None:
        barrier.wait()
        try:
            store_of(database, table).insert({"text": "one"})
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store_of(database, table).count(Query()) == 6


def test_a_file_of_sqlite_in_which_another_program_is_writing_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    store = SQLDataStore({"url": f"sqlite:///{path}", "table": "notes"}, Tweet)
    writer = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    with contextlib.closing(writer):
        writer.execute("BEGIN IMMEDIATE")
        commit = threading.Timer(0.3, writer.execute, ["COMMIT"])
        commit.start()
        try:
            assert store.insert({"text": "one"})["id"] == 1
        finally:
            commit.join()


def test_every_difference_is_named_at_once_in_postgresql(postgresql: Server) -> None:
    table = postgresql.table()
    postgresql.run(
        f"CREATE TABLE {table} (id integer, text varchar(100) NOT NULL, likes smallint, "
        "owner text NOT NULL, UNIQUE (likes))"
    )
    assert differences(postgresql, table, Tweet, UniqueTogether("text")) == [
        'the column "text" is VARCHAR(100): it must be TEXT.',
        'the column "likes" is SMALLINT: it must be BIGINT.',
        'the column "likes" may be NULL, and the field always has a value.',
        'the column "pinned" BOOLEAN is missing.',
        'the column "owner" is NOT NULL without a DEFAULT, and the model has no such field.',
        'its primary key is none: it must be ("id").',
        f"no unique index keeps UniqueTogether('text'): CREATE UNIQUE INDEX "
        f'"{table}_text" ON "{table}" ("text")',
        f"its unique index \"{table}_likes_key\" asks for UniqueTogether('likes').",
    ]


def test_every_difference_is_named_at_once_in_mariadb(mariadb: Server) -> None:
    table = mariadb.table()
    mariadb.run(
        f"CREATE TABLE {table} (id integer PRIMARY KEY, text varchar(280) NOT NULL "
        "COLLATE utf8mb4_general_ci, likes bigint unsigned NOT NULL, pinned datetime)"
    )
    assert differences(mariadb, table) == [
        'the column "text" is VARCHAR(280) COLLATE utf8mb4_general_ci: it must be LONGTEXT '
        "CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin.",
        'the column "likes" is BIGINT(20) UNSIGNED: it must be BIGINT.',
        'the column "pinned" is DATETIME: it must be BOOL.',
        'the column "id" does not get a new value by itself, or one that was given before: it '
        "must be AUTO_INCREMENT.",
    ]


@pytest.mark.parametrize("engine", ["MyISAM", "MEMORY", "Aria"])
def test_an_engine_without_transactions_is_refused(engine: str, mariadb: Server) -> None:
    class Count(models.Model):
        id = models.PkField()
        number = models.IntegerField(required=True)

    table = mariadb.table()
    mariadb.run(
        f"CREATE TABLE {table} (id bigint AUTO_INCREMENT PRIMARY KEY, number bigint NOT NULL) "
        f"ENGINE={engine}"
    )
    assert differences(mariadb, table, Count) == [
        f"its engine {engine} has no transactions: it must be one with, ENGINE=InnoDB."
    ]
    mariadb.run(f"ALTER TABLE {table} ENGINE=InnoDB")
    store = store_of(mariadb, table, Count)
    with rehearsal():
        store.insert({"number": 1})
    assert store.count(Query()) == 0


@pytest.mark.parametrize("when", ["INITIALLY DEFERRED", "INITIALLY IMMEDIATE"])
def test_a_constraint_that_is_checked_late_keeps_nothing_unique(
    when: str, postgresql: Server
) -> None:
    class Page(models.Model):
        slug = models.StringPkField()
        title = models.StringField(required=True)

    table = postgresql.table()
    postgresql.run(
        f"CREATE TABLE {table} (slug text PRIMARY KEY DEFERRABLE {when}, title text NOT NULL, "
        f"CONSTRAINT {table}_late UNIQUE (title) DEFERRABLE {when})"
    )
    unique = UniqueTogether("title")
    assert differences(postgresql, table, Page, unique) == [
        f'its primary key "{table}_pkey" is DEFERRABLE: one that is checked late cannot be used.',
        f"no unique index keeps UniqueTogether('title'): CREATE UNIQUE INDEX "
        f'"{table}_title" ON "{table}" ("title")',
        f'its unique constraint "{table}_late" is DEFERRABLE: one that is checked late cannot be '
        "used.",
    ]
    postgresql.run(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey, ADD PRIMARY KEY (slug)")
    postgresql.run(f"CREATE UNIQUE INDEX {table}_title ON {table} (title)")
    store = store_of(postgresql, table, Page, unique)
    with pytest.raises(RecordConflict) as caught:
        store.insert_many([{"slug": slug, "title": "same"} for slug in ("a", "b")])
    assert caught.value.members == ("title",)


def test_a_unique_index_must_let_several_rows_be_without_a_value(postgresql: Server) -> None:
    class Page(models.Model):
        slug = models.StringPkField()
        title = models.StringField(allow_none=True)
        number = models.IntegerField(required=True)

    [(version,)] = postgresql.run("SHOW server_version_num")
    if int(version) < 150000:
        pytest.skip("it has no NULLS NOT DISTINCT")
    table = postgresql.table()
    postgresql.run(
        f"CREATE TABLE {table} (slug text PRIMARY KEY, title text, number bigint NOT NULL, "
        f"CONSTRAINT {table}_one UNIQUE NULLS NOT DISTINCT (title), "
        f"CONSTRAINT {table}_never_null UNIQUE NULLS NOT DISTINCT (number))"
    )
    columns = f"{table} (title, number)"
    postgresql.run(f"CREATE UNIQUE INDEX {table}_two ON {columns} NULLS NOT DISTINCT")
    unique = [UniqueTogether(*names) for names in (["title"], ["number"], ["title", "number"])]
    assert differences(postgresql, table, Page, *unique) == [
        f'its unique index "{table}_{name}" is NULLS NOT DISTINCT: it must let several rows '
        "be without a value, as NULLS DISTINCT does."
        for name in ("one", "two")
    ]
    postgresql.run(f"ALTER TABLE {table} DROP CONSTRAINT {table}_one, ADD UNIQUE (title)")
    postgresql.run(f"DROP INDEX {table}_two; CREATE UNIQUE INDEX {table}_two ON {columns}")
    store = store_of(postgresql, table, Page, *unique)
    store.insert_many([{"slug": slug, "title": None, "number": ord(slug)} for slug in "ab"])
    assert [record["title"] for record in store.find(Query())] == [None, None]


def test_a_key_that_is_given_again_is_refused_in_sqlite(tmp_path: Path) -> None:
    database = Server("sqlite", f"sqlite:///{tmp_path}/test.db")
    database.run("CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT NOT NULL, likes INT NOT NULL)")
    assert differences(database, "t") == [
        'the column "pinned" INTEGER is missing.',
        'the column "id" does not get a new value by itself, or one that was given before: it '
        "must be INTEGER PRIMARY KEY AUTOINCREMENT.",
    ]


def test_a_view_is_no_table(postgresql: Server) -> None:
    table = postgresql.table()
    postgresql.run(f"CREATE VIEW {table} AS SELECT 1 AS id")
    try:
        assert differences(postgresql, table) == ["it is a view, not a table."]
    finally:
        postgresql.run(f"DROP VIEW {table}")


def test_types_that_hold_the_same_values_are_used_as_they_are(postgresql: Server) -> None:
    class Item(models.Model):
        id = models.PkField()
        name = models.StringField(required=True, validate=validate.Length(max=20))
        size = models.IntegerField(validate=validate.Range(0, 100))
        mood = models.StringField(validate=validate.OneOf(["sad", "ok", "happy"]))
        tags = models.ListField(models.StringField())
        sizes = models.ListField(models.IntegerField())
        meta = models.ListField(models.DateField())
        price = models.DecimalField(places=2)

    table = postgresql.table()
    postgresql.run(f"CREATE TYPE mood_{table} AS ENUM ('sad', 'ok', 'happy')")
    try:
        postgresql.run(
            f"CREATE TABLE {table} (id serial PRIMARY KEY, name varchar(20) NOT NULL, "
            f"size smallint, mood mood_{table}, tags text[], sizes bigint[], meta jsonb, "
            "price numeric)"
        )
        store = store_of(postgresql, table, Item)
        first = {
            "name": "one",
            "size": 7,
            "mood": "sad",
            "tags": ["b", "a, {}\"'"],
            "sizes": [2**62, 0],
            "meta": [dt.date(2026, 3, 1)],
            "price": Decimal("2.50"),
        }
        assert store.insert(dict(first)) == {**first, "id": 1}
        assert store.get(1) == {**first, "id": 1}
        second = {"name": "two", "mood": "happy", "tags": [], "sizes": [], "meta": []}
        assert store.insert(dict(second)) == {**second, "id": 2}
        changed = store.update(2, lambda record: {**record, "mood": "ok", "tags": ["c"]})
        assert store.get(2) == changed
        assert [each["id"] for each in store.find(Query(order=(Order("mood"),)))] == [2, 1]
        for member in ("mood", "tags", "sizes", "meta", "price"):
            same = Query((Condition(member, "eq", first[member]),))
            assert [each["id"] for each in store.find(same)] == [1], member
        below = Query((Condition("mood", "lt", "sad"),))
        assert [each["id"] for each in store.find(below)] == [2]
        assert list(store.find(Query((Condition("mood", "startswith", "s"),)))) == [store.get(1)]
    finally:
        postgresql.run(f"DROP TABLE {table}")
        postgresql.run(f"DROP TYPE mood_{table}")


def test_types_of_mariadb_that_hold_the_same_values_are_used_as_they_are(mariadb: Server) -> None:
    class Item(models.Model):
        id = models.PkField()
        name = models.StringField(required=True, validate=validate.Length(max=20))
        size = models.IntegerField(validate=validate.Range(0, 100))
        mood = models.StringField(validate=validate.OneOf(["sad", "ok", "Happy"]))
        tags = models.ListField(models.StringField())
        price = models.DecimalField(places=2)

    table = mariadb.table()
    mariadb.run(
        f"CREATE TABLE {table} (id int AUTO_INCREMENT PRIMARY KEY, name varchar(20) NOT NULL, "
        "size tinyint, mood enum('sad', 'ok', 'Happy'), tags json, price decimal(30, 5)) "
        "CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin"
    )
    store = store_of(mariadb, table, Item)
    first = {
        "name": "one",
        "size": 7,
        "mood": "sad",
        "tags": ["b", "a"],
        "price": Decimal("2.50"),
    }
    assert store.insert(dict(first)) == {**first, "id": 1}
    assert str(store.get(1)) == str({"id": 1, **first})
    store.insert_many([{"name": "two", "mood": "ok"}, {"name": "three", "mood": "Happy"}])
    assert [each["id"] for each in store.find(Query(order=(Order("mood"),)))] == [3, 2, 1]
    for member in ("mood", "tags", "price"):
        same = Query((Condition(member, "eq", first[member]),))
        assert [each["id"] for each in store.find(same)] == [1], member
    for test in (Condition("mood", "lt", "ok"), Condition("mood", "startswith", "H")):
        assert [each["id"] for each in store.find(Query((test,)))] == [3], test
    assert store.count(Query((Condition("mood", "icontains", "hAPP"),))) == 1


def test_types_that_hold_other_values_are_refused(postgresql: Server) -> None:
    class Item(models.Model):
        id = models.PkField()
        mood = models.StringField(validate=validate.OneOf(["sad", "ok"]))
        names = models.ListField(models.ListField(models.StringField()))
        at = models.DateTimeField()
        code = models.StringField(validate=validate.Length(max=5))
        flags = models.ListField(models.StringField())

    table = postgresql.table()
    postgresql.run(f"CREATE TYPE mood_{table} AS ENUM ('sad', 'ok', 'happy')")
    try:
        postgresql.run(
            f"CREATE TABLE {table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
            f"mood mood_{table}, names text[], at timestamp, code char(5), flags integer[])"
        )
        assert differences(postgresql, table, Item) == [
            "the column \"mood\" is an ENUM of 'sad', 'ok', 'happy': it must be an ENUM of 'sad', "
            "'ok'.",
            'the column "names" is TEXT[]: it must be JSON.',
            'the column "at" is TIMESTAMP WITHOUT TIME ZONE: it must be TIMESTAMP WITH TIME ZONE.',
            'the column "code" is CHAR(5): it must be TEXT.',
            'the column "flags" is INTEGER[]: it must be JSON.',
            'the column "id" does not get a new value by itself, or one that was given before: it '
            "must be GENERATED BY DEFAULT AS IDENTITY.",
        ]
    finally:
        postgresql.run(f"DROP TABLE {table}")
        postgresql.run(f"DROP TYPE mood_{table}")


def test_jsonb_is_used_where_it_keeps_what_a_value_is(postgresql: Server) -> None:
    class Item(models.Model):
        id = models.PkField()
        numbers = models.ListField(models.FloatField())
        free = ma.Raw()

    table = postgresql.table()
    postgresql.run(f"CREATE TABLE {table} (id bigserial PRIMARY KEY, numbers jsonb, free jsonb)")
    assert differences(postgresql, table, Item) == [
        'the column "free" is JSONB: it must be JSON: of JSONB 1e2 comes back as 100.'
    ]
    postgresql.run(f"ALTER TABLE {table} ALTER free TYPE json")
    store = store_of(postgresql, table, Item)
    values = {"numbers": [1e16, 0.5, 100.0, 1.7976931348623157e308], "free": {"a": "\0", "b": 1e16}}
    made = store.insert(copy.deepcopy(values))
    assert exact(store.get(made["id"])) == exact({**values, "id": 1})
    same = Query((Condition("numbers", "eq", values["numbers"]),))
    assert store.count(same) == 1


def test_what_is_no_value_of_a_field_is_an_error_and_no_answer(postgresql: Server) -> None:
    class Item(models.Model):
        id = models.PkField()
        number = models.FloatField()
        price = models.DecimalField(places=2)
        tags = models.ListField(models.StringField())

    table = postgresql.table()
    postgresql.run(
        f"CREATE TABLE {table} (id bigserial PRIMARY KEY, number float8, price numeric(20, 4), "
        "tags text[])"
    )
    store = store_of(postgresql, table, Item)
    postgresql.run(
        f"INSERT INTO {table} (number, price, tags) VALUES "
        "(1.5, 2.5, '{a}'), ('NaN', 0, '{}'), (0, 'NaN', '{}'), (0, 2.505, '{}'), (0, 0, '{NULL}')"
    )
    whole = {"id": 1, "number": 1.5, "price": Decimal("2.50"), "tags": ["a"]}
    assert str(store.get(1)) == str(whole)
    for key in (2, 3, 4, 5):
        with pytest.raises(StoreError, match=f"the record with the key {key} has a value in"):
            store.get(key)


def test_a_collation_that_takes_texts_for_the_same_is_refused(postgresql: Server) -> None:
    table = postgresql.table()
    collation = f"folding_{table}"
    postgresql.run(
        f"CREATE COLLATION {collation} (provider = icu, locale = 'und-u-ks-level2', "
        "deterministic = false)"
    )
    elsewhere = f"first_{table}"
    postgresql.run(f"CREATE SCHEMA {elsewhere}")
    try:
        postgresql.run(
            f"CREATE TABLE {table} (id bigserial PRIMARY KEY, likes bigint NOT NULL, "
            f"pinned boolean, text text COLLATE {collation} NOT NULL)"
        )
        path = {"options": f"-csearch_path={elsewhere},public"}
        for url in (postgresql.url, sa.make_url(postgresql.url).update_query_dict(path)):
            with pytest.raises(TableMismatch) as caught:
                SQLDataStore({"url": url, "table": table}, Tweet)
            [difference] = caught.value.mistakes
            assert difference == (
                f'the column "text" is TEXT COLLATE {collation}: it must be of a collation that '
                "takes no two texts for the same."
            )
    finally:
        postgresql.run(f"DROP TABLE {table}")
        postgresql.run(f"DROP SCHEMA {elsewhere}")
        postgresql.run(f"DROP COLLATION {collation}")


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("postgresql", "smallserial PRIMARY KEY"),
        ("postgresql", "integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"),
        ("mariadb", "integer AUTO_INCREMENT PRIMARY KEY"),
    ],
)
def test_a_small_key_can_be_rehearsed(kind: str, key: str, request: pytest.FixtureRequest) -> None:
    database: Server = request.getfixturevalue(kind)
    table = database.table()
    database.run(f"CREATE TABLE {table} (id {key})")

    class Thing(models.Model):
        id = models.PkField()

    store = store_of(database, table, Thing)
    for _ in range(3):
        with rehearsal():
            assert store.insert({})["id"] < 0
    assert store.insert({}) == {"id": 1}
    assert store.insert_many([{}, {}]) == [{"id": 2}, {"id": 3}]


def test_long_texts_are_ordered_to_their_end(database: Server) -> None:
    store = store_of(database, database.table(), Author)
    names = [f"{'x' * 2000}{number}" for number in (3, 1, 2)]
    store.insert_many([{"name": name} for name in names])
    ordered = store.find(Query(order=(Order("name"),)))
    assert [record["name"] for record in ordered] == sorted(names)


def test_text_is_ordered_by_code_points_whatever_the_collation(postgresql: Server) -> None:
    table = postgresql.table()
    postgresql.run(
        f'CREATE TABLE {table} (id bigserial PRIMARY KEY, text text COLLATE "und-x-icu" NOT NULL, '
        "likes bigint NOT NULL, pinned boolean)"
    )
    store = store_of(postgresql, table)
    store.insert_many([{"text": text} for text in ("b", "B", "a", "é", "😀", "\uffff")])
    ordered = store.find(Query(order=(Order("text"),)))
    assert [each["text"] for each in ordered] == ["B", "a", "b", "é", "\uffff", "😀"]
    below = Query((Condition("text", "lt", "a"),))
    assert [each["text"] for each in store.find(below)] == ["B"]


def test_mariadb_needs_a_length_where_it_tells_rows_apart(mariadb: Server) -> None:
    class Page(models.Model):
        slug = models.StringPkField()
        title = models.StringField(validate=validate.Length(max=1000))
        text = models.StringField()

    with pytest.raises(ConfigurationError) as caught:
        store_of(mariadb, mariadb.table(), Page, UniqueTogether("title"), UniqueTogether("text"))
    assert str(caught.value) == (
        "SQLDataStore of Page has 2 mistakes:\n"
        "  - 'title' can have 1000 characters, and MariaDB tells rows apart by at most 768: give "
        "a smaller validate=Length(max=...).\n"
        "  - MariaDB needs to know how long 'text' can be, to tell rows apart by it: give it "
        "validate=Length(max=...), at most 768 characters."
    )


class Author(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)


class Book(models.Model):
    id = models.PkField()
    title = models.StringField(required=True, validate=validate.Length(max=100))
    author = models.IntForeignField(required=True, foreign={"resource": "authors"})


@pytest.fixture(params=["postgresql", "mariadb"])
def library(request: pytest.FixtureRequest) -> tuple[Server, SQLDataStore, SQLDataStore]:
    """Authors, and books with a foreign key that the database keeps, too."""
    database: Server = request.getfixturevalue(request.param)
    authors, books = database.table(), database.table()
    author_store = store_of(database, authors, Author)
    store_of(database, books, Book)
    database.run(
        f"ALTER TABLE {books} ADD CONSTRAINT {books}_of FOREIGN KEY (author) "
        f"REFERENCES {authors} (id)"
    )
    return database, author_store, store_of(database, books, Book)


def test_a_foreign_key_of_the_database_is_a_conflict_of_the_member(
    library: tuple[Server, SQLDataStore, SQLDataStore],
) -> None:
    _, authors, books = library
    with pytest.raises(TargetMissing) as caught:
        books.insert({"title": "Dune", "author": 7})
    assert caught.value.members == ("author",)
    author = authors.insert({"name": "Frank"})
    book = books.insert({"title": "Dune", "author": author["id"]})
    with pytest.raises(TargetMissing):
        books.update(book["id"], lambda record: {**record, "author": 99})
    with pytest.raises(StillReferenced):
        authors.delete(author["id"])
    books.delete(book["id"])
    authors.delete(author["id"])


def test_a_foreign_key_that_the_model_does_not_know_is_refused(postgresql: Server) -> None:
    class Blind(models.Model):
        id = models.PkField()
        title = models.StringField(required=True)
        author = models.IntegerField(required=True)

    authors, books = postgresql.table(), postgresql.table()
    store_of(postgresql, authors, Author)
    postgresql.run(
        f"CREATE TABLE {books} (id bigserial PRIMARY KEY, title text NOT NULL, "
        f"author bigint NOT NULL REFERENCES {authors} (id))"
    )
    assert differences(postgresql, books, Blind) == [
        f'its foreign key ("author") refers to "{authors}": one field of the model must be a '
        "ForeignField, which announces what is then refused."
    ]


@pytest.mark.parametrize("when", ["INITIALLY DEFERRED", "INITIALLY IMMEDIATE"])
def test_a_foreign_key_must_be_checked_at_once(when: str, postgresql: Server) -> None:
    authors, books = postgresql.table(), postgresql.table()
    store_of(postgresql, authors, Author)
    store_of(postgresql, books, Book)
    postgresql.run(
        f"ALTER TABLE {books} ADD CONSTRAINT {books}_of FOREIGN KEY (author) "
        f"REFERENCES {authors} (id) DEFERRABLE {when}"
    )
    if when == "INITIALLY DEFERRED":
        assert differences(postgresql, books, Book) == [
            f'its foreign key "{books}_of" is DEFERRABLE INITIALLY DEFERRED: one that is checked '
            "late cannot be used."
        ]
    else:
        with pytest.raises(TargetMissing) as caught:
            store_of(postgresql, books, Book).insert_many([{"title": "Dune", "author": 7}])
        assert caught.value.members == ("author",)


ODD = ['q"u', "q`u", "a)b", "``", "q'u", "per%cent", "ex%i", "%s", "%%", "%(a)s", "a b", "a:b"]


@pytest.mark.parametrize("name", ODD)
def test_a_column_may_have_any_name(name: str, database: Server) -> None:
    table = database.table()
    odd: Any = type(
        "Odd",
        (models.Model,),
        {
            "id": models.PkField(),
            name: models.StringField(required=True, validate=validate.Length(max=9)),
        },
    )
    store_of(database, table, odd, UniqueTogether(name)).insert({name: "one"})
    store = store_of(database, table, odd, UniqueTogether(name))
    with pytest.raises(RecordConflict) as caught:
        store.insert({name: "one"})
    assert caught.value.members == (name,)
    assert store.update(1, lambda record: {**record, name: "two"})[name] == "two"
    assert list(store.find(Query((Condition(name, "eq", "two"),)))) == [{"id": 1, name: "two"}]
    assert list(store.stream(Query(order=(Order(name),)))) == [{"id": 1, name: "two"}]


@pytest.mark.parametrize("odd", [*ODD, "a.b"])
def test_a_table_may_have_any_name(odd: str, database: Server) -> None:
    table = f"{database.table()}{odd}"
    unique = UniqueTogether("text", "likes")
    try:
        store_of(database, table, Tweet, unique)
        store = store_of(database, table, Tweet, unique)
        assert store.insert({"text": "one", "id": 5})["id"] == 5
        assert store.insert({"text": "two"})["id"] == 6
        with pytest.raises(RecordConflict) as caught:
            store.update(6, lambda record: {**record, "text": "one"})
        assert caught.value.members == ("text", "likes")
        assert len(list(store.stream(Query()))) == store.count(Query()) == 2
        undone = iter([Again("as if by the database")])

        def change(record: Record) -> Record:
            for error in undone:
                raise error
            return {**record, "likes": 3}

        assert store.update(6, change)["likes"] == 3
    finally:
        with database.engine.connect() as connection:
            sa.Table(table, sa.MetaData()).drop(connection, checkfirst=True)


def test_a_foreign_key_may_have_any_name_in_mariadb(mariadb: Server) -> None:
    class Odd(models.Model):
        id = models.PkField()
        locals()["q`u"] = models.IntForeignField(foreign={"resource": "authors"})

    authors, books = mariadb.table(), mariadb.table()
    author_store = store_of(mariadb, authors, Author)
    store_of(mariadb, books, Odd)
    mariadb.run(
        f"ALTER TABLE {books} ADD CONSTRAINT `{books}``of` FOREIGN KEY (`q``u`) "
        f"REFERENCES {authors} (id)"
    )
    store = store_of(mariadb, books, Odd)
    with pytest.raises(TargetMissing) as caught:
        store.insert({"q`u": 7})
    assert caught.value.members == ("q`u",)
    store.insert({"q`u": author_store.insert({"name": "Frank"})["id"]})
    with pytest.raises(StillReferenced):
        author_store.delete(1)


def test_a_unique_key_is_a_conflict_of_its_members(database: Server) -> None:
    store = store_of(database, database.table(), Tweet, UniqueTogether("text", "likes"))
    store.insert({"text": "for key 'x'", "likes": 1})
    with pytest.raises(RecordConflict) as caught:
        store.insert({"text": "for key 'x'", "likes": 1})
    assert caught.value.members == ("text", "likes")


def test_a_table_of_sqlalchemy_or_a_mapped_class_says_the_name(database: Server) -> None:
    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = database.table()
        __table_args__ = {
            "sqlite_autoincrement": True,
            "mariadb_charset": "utf8mb4",
            "mariadb_collate": "utf8mb4_nopad_bin",
        }
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str] = mapped_column(sa.String(280))
        likes: Mapped[int] = mapped_column(sa.BigInteger)
        pinned: Mapped[bool | None]

    assert store_of(database, Row).insert({"text": "one"})["id"] == 1
    assert store_of(database, Row.__table__).get(1)["text"] == "one"


def test_an_engine_may_be_given(database: Server) -> None:
    engine = sa.create_engine(database.url, pool_size=2)
    try:
        table = database.table()
        store = SQLDataStore({"engine": engine, "table": table}, Tweet)
        store.insert({"text": "one"})
        assert store.update(1, lambda record: {**record, "likes": 1})["likes"] == 1
        assert [*store.stream(Query())] == [store.get(1)]
        with engine.begin() as connection:  # which is as its owner left it
            connection.exec_driver_sql(f"UPDATE {table} SET likes = 5")
            connection.rollback()
        assert store.get(1)["likes"] == 1
        assert not store.atomic_with(store_of(database, table))
        assert store.atomic_with(SQLDataStore({"engine": engine, "table": table}, Tweet))
        store.close()
    finally:
        engine.dispose()


def test_a_key_that_a_record_brings_is_not_given_again(database: Server) -> None:
    store = store_of(database, database.table())
    store.insert({"text": "ten", "id": 10})
    store.insert({"text": "five", "id": 5})
    assert store.insert({"text": "next"})["id"] == 11
    store.delete(11)
    assert store.insert({"text": "next"})["id"] == 12


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_when_every_key_has_been_given_no_record_is_added(
    kind: str, request: pytest.FixtureRequest
) -> None:
    database: Server = request.getfixturevalue(kind)
    store = store_of(database, database.table())
    store.insert({"text": "last", "id": 2**63 - 1})
    with pytest.raises(StoreError) as caught:
        store.insert({"text": "one more"})
    assert not isinstance(caught.value, StoreUnavailable)
    assert store.count(Query()) == 1
