"""The index by which SQLiteDataStore searches: right whoever writes, and never too narrow."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from openrest import models
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.datastore.fulltext import SearchIndex
from openrest.errors import StoreUnavailable, TableMismatch
from openrest.query import Query, Search
from openrest.words import has_letter, plain, words_of
from tests.needs import CI


class Note(models.Model):
    fields = [
        models.PkField(name="id"),
        models.StringField(name="title", required=True),
        models.StringField(name="rank"),  # a word of FTS5's own
        models.IntegerField(name="size"),
    ]


NAME = "notes_search_rank+title"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.db"


def notes(path: Path, *members: str) -> SQLiteDataStore:
    store = SQLiteDataStore({"name": path, "table": "notes", "timeout": 5}, Note)
    store.prepare_search(members or ("title", "rank"))
    return store


def run(path: Path, *statements: str) -> list[tuple[Any, ...]]:
    """What a program that knows nothing of the store reads or writes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return [row for sql in statements for row in connection.execute(sql).fetchall()]


def found(store: SQLiteDataStore, text: str) -> list[int]:
    query = Query((Search(("title", "rank"), text),))
    keys = [record["id"] for record in store.find(query)]
    assert store.count(query) == len(keys)
    return keys


def indexed(path: Path, text: str) -> list[int]:
    """What the index alone finds."""
    rows = run(path, f"""SELECT rowid FROM "{NAME}" WHERE "{NAME}" MATCH '{text}' ORDER BY 1""")
    return [key for (key,) in rows]


def test_the_records_that_are_there_are_found_when_search_is_turned_on(path: Path) -> None:
    store = SQLiteDataStore({"name": path, "table": "notes"}, Note)
    store.insert_many([{"title": "One"}, {"title": "Two", "rank": "one"}, {"title": "Three"}])
    assert found(notes(path), "one") == [1, 2]
    assert indexed(path, "one") == [1, 2]


def test_the_index_is_asked_and_the_table_of_the_user_stays_as_it_was(path: Path) -> None:
    plain_store = SQLiteDataStore({"name": path, "table": "notes"}, Note)
    before = run(path, "SELECT sql FROM sqlite_schema WHERE name = 'notes'")
    store = notes(path)
    assert run(path, "SELECT sql FROM sqlite_schema WHERE name = 'notes'") == before
    for each, uses in ((store, True), (plain_store, False)):
        sql, values = each._statements.find(Query((Search(("title", "rank"), "x y"),)))
        plan = each._database.rows(f"EXPLAIN QUERY PLAN {sql}", values)
        assert any("VIRTUAL TABLE" in str(step) for step in plan) is uses
        # A store that does not search the table keeps its index right.
        each.insert({"title": "x", "rank": "y"})
    assert found(store, "x y") == [1, 2]


def test_every_program_that_writes_the_table_keeps_the_index_right(path: Path) -> None:
    store = notes(path)
    run(
        path,
        "INSERT INTO notes (title, rank) VALUES ('red apple', NULL), ('pear', 'red'), ('fig', '')",
        "UPDATE notes SET title = 'green ' || title WHERE id = 1",
        "UPDATE notes SET size = 3",
    )
    assert (found(store, "red"), found(store, "green apple")) == ([1, 2], [1])
    run(path, "UPDATE notes SET id = 9 WHERE id = 2", "UPDATE notes SET rank = title")
    assert (found(store, "pear"), found(store, "red")) == ([9], [1])
    run(path, "DELETE FROM notes WHERE id = 1")
    assert (found(store, "green"), indexed(path, "green")) == ([], [])
    run(path, "DELETE FROM notes")
    assert indexed(path, "red OR pear OR fig") == []


def test_a_row_that_is_replaced_is_found_by_its_new_words_alone(path: Path) -> None:
    store = notes(path)
    run(path, "INSERT INTO notes (id, title) VALUES (1, 'old'), (2, 'other')")
    run(path, "PRAGMA recursive_triggers = 0", "REPLACE INTO notes (id, title) VALUES (1, 'new')")
    assert (found(store, "old"), found(store, "new")) == ([], [1])
    store.delete(1)
    assert (found(store, "old"), found(store, "new"), found(store, "other")) == ([], [], [2])


def test_what_is_undone_is_not_in_the_index(path: Path) -> None:
    store = notes(path)
    with pytest.raises(ZeroDivisionError), store._database.transaction():
        store._database.execute("INSERT INTO notes (title) VALUES ('gone')")
        raise ZeroDivisionError
    assert (found(store, "gone"), indexed(path, "gone")) == ([], [])


def test_new_records_have_their_own_keys_however_many_there_are(path: Path) -> None:
    store = notes(path)
    made = store.insert_many([{"title": f"a{number} b c d"} for number in range(3000)])
    assert [record["id"] for record in made] == list(range(1, 3001))
    assert store.insert({"title": "last"})["id"] == 3001
    assert found(store, "a2999") == [3000]


def test_an_index_that_is_there_is_left_alone(path: Path) -> None:
    notes(path).insert({"title": "one"})
    version = run(path, "PRAGMA schema_version")
    store = notes(path)
    assert run(path, "PRAGMA schema_version") == version
    assert found(store, "one") == [1]


@pytest.mark.parametrize(
    "damage",
    [
        f'DROP TRIGGER "{NAME} insert"',
        f'DROP TABLE "{NAME}"',
        f'DROP TABLE "{NAME}"; CREATE VIRTUAL TABLE "{NAME}" USING fts5(c0, c1)',
    ],
)
def test_an_index_that_is_not_whole_is_made_again(path: Path, damage: str) -> None:
    notes(path).insert({"title": "one"})
    triggers = [f'DROP TRIGGER IF EXISTS "{NAME} {event}"' for event in ("insert", "update")]
    run(path, *triggers, *(damage.replace("DROP TRIGGER", "DROP TRIGGER IF EXISTS")).split("; "))
    run(path, "INSERT INTO notes (title) VALUES ('one more')")
    assert found(notes(path), "one") == [1, 2]


def test_something_else_that_has_the_name_is_not_touched(path: Path) -> None:
    SQLiteDataStore({"name": path, "table": "notes"}, Note)
    run(path, f'CREATE TABLE "{NAME}" (mine)')
    with pytest.raises(TableMismatch, match="its search needs the name .* which a table has"):
        notes(path)
    assert run(path, f'SELECT * FROM "{NAME}"') == []
    assert run(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'") == [(0,)]


def test_several_searches_of_one_table_do_not_disturb_each_other(path: Path) -> None:
    class Tricky(models.Model):
        fields = [
            models.PkField(name="id"),
            models.StringField(name="a"),
            models.StringField(name="b"),
            models.StringField(name="a+b"),
        ]

    store = SQLiteDataStore({"name": path, "table": "t"}, Tricky)
    for members in (("a", "b"), ("a+b",), ("b",), ("b", "a")):
        store.prepare_search(members)
    store.insert_many([{"a": "x"}, {"b": "x"}, {"a+b": "x"}])
    for members, expected in ((("a", "b"), [1, 2]), (("a+b",), [3]), (("b",), [2])):
        keys = [record["id"] for record in store.find(Query((Search(members, "x"),)))]
        assert keys == expected


def test_two_processes_may_turn_search_on_at_the_same_time(path: Path) -> None:
    store = SQLiteDataStore({"name": path, "table": "notes"}, Note)
    store.insert_many([{"title": f"one {number}"} for number in range(2000)])
    failed: list[BaseException] = []

    def start() -> None:
        try:
            assert len(found(notes(path), "one")) == 2000
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(indexed(path, "one")) == 2000


def test_a_file_that_takes_the_place_is_indexed_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openrest.datastore.database._TRUSTED", -1.0)
    store = notes(path)
    store.insert({"title": "old"})
    other = path.with_name("other.db")
    made = SQLiteDataStore({"name": other, "table": "notes"}, Note)
    made.insert_many([{"title": "new"}, {"title": "newer"}])
    made.close()
    store.close()
    os.replace(other, path)
    try:
        assert found(store, "new") == [1, 2]
    except StoreUnavailable:  # the first one to look is told that the file is another
        assert found(store, "new") == [1, 2]
    assert indexed(path, "newer") == [2]


def test_without_fts5_every_text_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openrest.datastore.fulltext._MODULE", "fts6")
    store = notes(path)
    store.insert_many([{"title": "One"}, {"title": "Two", "rank": "one"}])
    assert found(store, "one") == [1, 2]
    assert run(path, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%search%'") == [(0,)]


def test_a_table_whose_keys_are_text_has_no_index(path: Path) -> None:
    class Page(models.Model):
        fields = [models.StringPkField(name="slug"), models.StringField(name="title")]

    store = SQLiteDataStore({"name": path, "table": "pages"}, Page)
    store.prepare_search(["title"])
    store.insert({"slug": "a", "title": "One"})
    assert [page["slug"] for page in store.find(Query((Search(("title",), "one"),)))] == ["a"]
    assert run(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'") == [(0,)]


def test_as_many_words_as_a_parameter_has_room_for_can_be_searched(path: Path) -> None:
    words = " ".join(map(chr, range(0x4E00, 0x4E64)))
    store = notes(path)
    store.insert({"title": words})
    assert len(words_of(words)) == 100
    assert found(store, words) == [1]
    assert found(store, words + "x") == []


def test_the_longest_words_narrow_a_search(path: Path) -> None:
    [index] = notes(path)._database.beside
    assert isinstance(index, SearchIndex)
    assert index.match(words_of("a b c d e f \U0001f600 two three")) == (
        '"three"* AND "two"* AND "a"* AND "b"* AND "c"*'
    )
    assert index.match(["\U0001f600"]) == ""


def test_a_value_that_is_no_text_is_not_searched(path: Path) -> None:
    columns = "id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, rank TEXT, size INTEGER"
    run(path, f"CREATE TABLE notes ({columns})", "INSERT INTO notes (title) VALUES (x'6f6e65')")
    assert found(notes(path), "one") == []


# The index only narrows, so it must find all that `Search` finds. That is so if FTS5 takes nothing
# that separates words for a part of one, folds all that `plain` folds, and knows what has a letter.


def tokens(characters: Iterable[str]) -> Callable[[str], str | None]:
    """What FTS5 makes of each character as a word; None for what separates words."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(
            "CREATE VIRTUAL TABLE t USING fts5(c, tokenize="
            "\"unicode61 remove_diacritics 0 categories 'L* N* M* Co'\")"
        )
        connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, instance)")
        connection.executemany(
            "INSERT INTO t (rowid, c) VALUES (?, ?)", ((ord(each), each) for each in characters)
        )
        made = {chr(key): term for key, term in connection.execute("SELECT doc, term FROM v")}
    return made.get


@cache
def characters() -> list[tuple[str, str]]:
    """Every character, less the last planes without CI, and what `plain` makes of it."""
    last = sys.maxunicode if CI else 0x1FFFF
    codes = (*range(1, last + 1), *range(0xE0000, 0xE0200))
    every = [chr(code) for code in dict.fromkeys(codes) if not 0xD800 <= code <= 0xDFFF]
    return list(zip(every, plain("".join(every)), strict=True))


def test_what_separates_words_is_no_part_of_one_to_fts5() -> None:
    signs = [each for each, made in characters() if made == " "]
    assert len(signs) > 4000
    token = tokens(signs)
    assert [each for each in signs if token(each) is not None] == []


def test_fts5_takes_for_one_what_stands_for_one() -> None:
    cased = [pair for pair in characters() if pair[1] not in (pair[0], " ")]
    assert len(cased) > 700
    token = tokens({each for pair in cased for each in pair})
    assert [each for each, made in cased if token(each) != token(made)] == []


def test_what_has_a_letter_is_a_word_to_fts5() -> None:
    letters = [each for each, _ in characters()[:: 1 if CI else 17] if has_letter(each)]
    token = tokens(letters)
    assert [each for each in letters if token(each) is None] == []


def test_the_words_of_a_text_are_each_there_once_and_none_that_begins_another() -> None:
    assert words_of("Two TWO, twofold: \u00c9t\u00e9 -- 1st") == ("twofold", "\u00e9t\u00e9", "1st")
    assert words_of("...") == ()


def test_a_list_in_memory_has_nothing_to_prepare() -> None:
    store = PythonListDataStore([{"title": "One"}], Note)
    store.prepare_search(["title"])
    assert [note["id"] for note in store.find(Query((Search(("title",), "o"),)))] == [1]
