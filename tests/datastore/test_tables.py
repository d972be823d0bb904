"""Existing tables: those that fit a model, and what is said of those that do not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from openrest import models
from openrest.datastore import SQLiteDataStore, UniqueTogether
from openrest.errors import ContractError, StoreError, TableMismatch
from openrest.interfaces import StoreValidator
from openrest.query import Query


class Tweet(models.Model):
    fields = [
        models.PkField(name="id"),
        models.StringField(name="text", required=True),
        models.IntegerField(name="likes", required=True),
        models.BooleanField(name="pinned", allow_none=True),
    ]


def run(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path / "twitter.db", isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def tweets(path: Path, *validators: StoreValidator) -> SQLiteDataStore:
    resource = {"name": path / "twitter.db", "table": "tweets"}
    return SQLiteDataStore(resource, Tweet, validators)


KEY = "id INTEGER PRIMARY KEY AUTOINCREMENT"
REST = "text TEXT NOT NULL, likes INTEGER NOT NULL, pinned INTEGER"


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (
            [f"CREATE TABLE tweets ({KEY})"],
            "the table 'tweets' has 3 mistakes:\n"
            '  - the column "text" TEXT NOT NULL is missing.\n'
            '  - the column "likes" INTEGER NOT NULL is missing.\n'
            '  - the column "pinned" INTEGER is missing.',
        ),
        (
            [f"CREATE TABLE tweets ({KEY}, text BLOB NOT NULL, likes NOT NULL, pinned TEXT)"],
            "the table 'tweets' has 3 mistakes:\n"
            '  - the column "text" is BLOB: it must be TEXT.\n'
            '  - the column "likes" is of no type: it must be INTEGER.\n'
            '  - the column "pinned" is TEXT: it must be INTEGER.',
        ),
        (
            [f"CREATE TABLE tweets ({KEY}, text TEXT, likes INT NOT NULL, pinned INT NOT NULL)"],
            "the table 'tweets' has 2 mistakes:\n"
            '  - the column "text" may be NULL, and the field always has a value.\n'
            '  - the column "pinned" is NOT NULL, and the field may have no value.',
        ),
        (
            [
                f"CREATE TABLE tweets ({KEY}, {REST}, author TEXT NOT NULL, "
                "seen INTEGER, retweets INTEGER NOT NULL DEFAULT 0)"
            ],
            "the table 'tweets': the column \"author\" is NOT NULL without a DEFAULT, and the "
            "model has no such field.",
        ),
        (
            [f"CREATE TABLE tweets (id INTEGER PRIMARY KEY, {REST})"],
            "the table 'tweets': the column \"id\" is not AUTOINCREMENT: a deleted record's key "
            "would be given again. It must be INTEGER PRIMARY KEY AUTOINCREMENT.",
        ),
        (
            [f"CREATE TABLE tweets (id INTEGER NOT NULL, {REST})"],
            "the table 'tweets': its primary key is none: it must be (\"id\").",
        ),
        (
            [f"CREATE TABLE tweets (id INTEGER, {REST}, PRIMARY KEY (likes, id))"],
            'the table \'tweets\': its primary key is ("likes", "id"): it must be ("id").',
        ),
        (
            [
                f"CREATE TABLE tweets ({KEY}, text TEXT COLLATE NOCASE NOT NULL, "
                "likes INTEGER NOT NULL, pinned INTEGER GENERATED ALWAYS AS (likes > 5))"
            ],
            "the table 'tweets' has 2 mistakes:\n"
            '  - the column "pinned" is generated and cannot be written.\n'
            "  - a column has a COLLATE clause: texts must compare as they are.",
        ),
        (
            [
                f"CREATE TABLE tweets ({KEY}, {REST}, UNIQUE (likes, pinned))",
                "CREATE UNIQUE INDEX some ON tweets (text) WHERE likes > 5",
            ],
            "the table 'tweets' has 2 mistakes:\n"
            '  - its unique index "some" is partial or on an expression.\n'
            '  - its unique index "sqlite_autoindex_tweets_1" asks for '
            "UniqueTogether('likes', 'pinned').",
        ),
        (
            ["CREATE VIEW tweets AS SELECT 1 AS id, 'one' AS text, 1 AS likes, NULL AS pinned"],
            "the table 'tweets': it is a view, not a table.",
        ),
    ],
    ids=[
        "missing columns",
        "other types",
        "nullability",
        "unknown column",
        "keys given twice",
        "no key",
        "two keys",
        "other columns",
        "unknown indexes",
        "view",
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_every_difference(
    tmp_path: Path, statements: list[str], message: str
) -> None:
    run(tmp_path, *statements)
    with pytest.raises(TableMismatch) as caught:
        tweets(tmp_path)
    assert str(caught.value) == message


def test_a_key_of_text_is_never_null(tmp_path: Path) -> None:
    class Page(models.Model):
        fields = [models.StringPkField(name="slug")]

    run(tmp_path, "CREATE TABLE pages (slug TEXT PRIMARY KEY)")
    with pytest.raises(TableMismatch) as caught:
        SQLiteDataStore({"name": tmp_path / "twitter.db", "table": "pages"}, Page)
    assert str(caught.value) == (
        "the table 'pages': the column \"slug\" may be NULL, and the field always has a value."
    )


def test_a_validator_needs_an_index_and_is_told_how_to_make_it(tmp_path: Path) -> None:
    run(tmp_path, f"CREATE TABLE tweets ({KEY}, {REST})")
    with pytest.raises(TableMismatch) as caught:
        tweets(tmp_path, UniqueTogether("text", "likes"))
    statement = 'CREATE UNIQUE INDEX "tweets_text_likes" ON "tweets" ("text", "likes")'
    assert str(caught.value) == (
        "the table 'tweets': no unique index keeps UniqueTogether('text', 'likes'): " + statement
    )
    run(tmp_path, statement)
    assert tweets(tmp_path, UniqueTogether("text", "likes")).count(Query()) == 0


def test_a_table_of_another_program_is_used_as_it_is(tmp_path: Path) -> None:
    made = (
        'CREATE TABLE "Tweets" ("ID" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "text" '
        'VARCHAR(280) NOT NULL, "likes" BIGINT NOT NULL, "pinned" BOOLEAN, "extra" BLOB)'
    )
    run(tmp_path, made, "INSERT INTO tweets VALUES (7, 'seven', 7, 1, x'00')")
    store = tweets(tmp_path)
    assert store.get(7) == {"id": 7, "text": "seven", "likes": 7, "pinned": True}
    assert store.insert({"text": "eight", "likes": 0})["id"] == 8
    with closing(sqlite3.connect(tmp_path / "twitter.db")) as connection:
        sql = "SELECT sql FROM sqlite_schema WHERE name = 'Tweets'"
        assert connection.execute(sql).fetchall() == [(made,)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            "(1, 'one', 'many', 0)",
            "tweets: the record with the key 1 has a value in 'likes' that is none of the field: "
            "'many'",
        ),
        (
            "(1, x'6f6e65', 1, 0)",
            "tweets: the record with the key 1 has a value in 'text' that is none of the field: "
            "b'one'",
        ),
        (
            "(1, 'one', 1, 2)",
            "tweets: the record with the key 1 has a value in 'pinned' that is none of the field: "
            "2",
        ),
    ],
    ids=["text", "blob", "boolean"],
)
def test_a_value_that_is_none_of_its_field_does_not_go_out(
    tmp_path: Path, values: str, message: str
) -> None:
    run(tmp_path, f"CREATE TABLE tweets ({KEY}, {REST})", f"INSERT INTO tweets VALUES {values}")
    store = tweets(tmp_path)
    with pytest.raises(StoreError) as caught:
        store.get(1)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (models.DateTimeField(name="value"), "'2026-03-01 09:30:00'"),
        (models.DateTimeField(name="value"), "'2026-13-01T09:30:00.000000Z'"),
        (models.DateField(name="value"), "'yesterday'"),
        (models.UUIDField(name="value"), "'5a2f1c0e'"),
        (models.DecimalField(name="value", places=2), "'2.5'"),
        (models.DecimalField(name="value", places=2), "'NaN'"),
        (models.ListField(models.IntegerField(), name="value"), """'["one"]'"""),
        (models.ListField(models.IntegerField(), name="value"), "'[1'"),
        (models.TimestampField(name="value"), "9223372036854775807"),
    ],
)
def test_a_text_that_is_none_of_its_field_does_not_go_out(
    tmp_path: Path, field: models.ShapedField, text: str
) -> None:
    Model = type("Model", (models.Model,), {"fields": [models.PkField(name="id"), field]})
    store = SQLiteDataStore({"name": tmp_path / "twitter.db", "table": "t"}, Model)
    run(tmp_path, f"INSERT INTO t (value) VALUES ({text})")
    with pytest.raises(StoreError, match="^t: the record with the key 1 has a value in 'value'"):
        list(store.find(Query()))


def test_a_strict_table_takes_no_value_of_another_type(tmp_path: Path) -> None:
    tweets(tmp_path)
    with pytest.raises(sqlite3.IntegrityError):
        run(tmp_path, "INSERT INTO tweets (text, likes) VALUES ('one', 'many')")
    with pytest.raises(sqlite3.IntegrityError):
        run(tmp_path, "INSERT INTO tweets (text, likes, pinned) VALUES ('one', 1, 2)")


def test_a_model_of_a_key_alone_can_be_updated(tmp_path: Path) -> None:
    class Token(models.Model):
        fields = [models.StringPkField(name="token")]

    store = SQLiteDataStore({"name": tmp_path / "twitter.db", "table": "tokens"}, Token)
    store.insert({"token": "a"})
    assert store.update("a", dict) == {"token": "a"}
    with pytest.raises(ContractError, match="The key 'a' was changed to 'b'."):
        store.update("a", lambda _: {"token": "b"})
