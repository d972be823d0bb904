"""What clients send is a value wherever it arrives: never a part of a statement, or a place."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import DataStore, SQLDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError, OpenRestError
from openrest.pagination import CursorPagination
from openrest.query import Condition, Query
from openrest.views import CsvResponse, JsonResponse
from tests.attacks.worlds import SIGNS
from tests.contract.client import Client
from tests.datastore.sql.servers import Server, server

NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9._~!$'()*+,;=:@-]")
ALIVE = [("alive",)]


class Note(models.Model):
    slug = models.StringPkField()
    title = models.StringField(required=True)
    more = models.DictField()
    # Words of SQL, and the names of columns that every table has.
    select = models.StringField()
    rowid_ = models.StringField(data_key='or"der` by')


@pytest.fixture(params=["SQLiteDataStore", "sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Server]]:
    kind = "sqlite" if request.param == "SQLiteDataStore" else request.param
    with server(kind, tmp_path) as made:
        yield request.param, made


def store_of(kind: str, database: Server, table: str) -> tuple[type[DataStore], dict[str, Any]]:
    if kind == "SQLiteDataStore":
        return SQLiteDataStore, {"name": database.engine.url.database, "table": table}
    return SQLDataStore, {"url": database.url, "table": table}


def canary(database: Server) -> str:
    table = database.table()
    database.run(f"CREATE TABLE {table} (word VARCHAR(10))")
    database.run(f"INSERT INTO {table} VALUES ('alive')")
    return table


def api(kind: str, database: Server) -> Client:
    store, source = store_of(kind, database, database.table())

    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": source,
            "model": Note,
            "datastore": store,
        }
        controller = {
            "list_verbs": ["GET", "POST", "PATCH", "DELETE"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {
                "filters": {"slug": True, "title": True, "select": True, "rowid_": True},
                "any_of": True,
                "sorting": True,
                "search": ["title", "select"],
                "partial": True,
                "bulk": True,
                "upsert": True,
                "json_patch": True,
                "pagination": CursorPagination(5, secret=SIGNS, total="exact"),
            },
        }
        view = {"response_class": JsonResponse, "options": {"alternatives": [CsvResponse]}}

    return Client(WSGIDispatcher([Notes], debug=True))


_PIECES = [
    "'", '"', "`", "--", ";", "/*", "*/", "\\", "%", "_", "*", "(", ")", "?", ":p0", "%s", "%(a)s",
    "{}", "$1", "x'27'", " OR 1=1", " UNION SELECT word FROM {canary}", "DROP TABLE {canary}",
    "'; DROP TABLE {canary}; --", '"; DROP TABLE {canary}; --', "1; DELETE FROM {canary}",
    "pg_sleep(9)", "NEAR(", "title:", " AND ", " NOT ", "^", "\n", "\t", "é", "\u02bc",
    "\uff07", "a",     "../", "slug", "rowid",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=4).map("".join)


def test_what_is_sent_is_a_value_and_no_statement(database: tuple[str, Server]) -> None:
    kind, at = database
    table, client = canary(at), api(kind, at)
    numbers = itertools.count()

    @settings(max_examples=25)
    @example("'; DROP TABLE {canary}; --", '" OR ""="')
    @example("%' OR '1'='1", "\\")
    @given(TEXTS, TEXTS)
    def hold(one: str, other: str) -> None:
        text, name = one.replace("{canary}", table), other.replace("{canary}", table)
        # Keys have what an address can have: quotes, brackets and semicolons are among it.
        slug = f"{next(numbers)}{NOT_IN_KEYS.sub('', text)}"
        sent = {"slug": slug, "title": text, "select": name, 'or"der` by': text, "more": {name: 1}}
        assert client.post("/notes", sent).json == sent
        address = f"/notes/{quote(slug, safe='')}"
        assert client.get(address).json == sent
        assert client.get(f"/notes/{quote('x' + text, safe='')}").status == 404
        asked = {"slug": slug, "title": text, "select": name, 'or"der` by': text}
        for parameter, value in asked.items():
            query = urlencode({"slug": slug, parameter: value})
            [found] = client.get(f"/notes?{query}").json["object_list"]
            assert found == sent
            query = urlencode({"any_of": json.dumps([{"slug": slug, parameter: value}])})
            assert client.get(f"/notes?{query}").json["meta"]["total_count"] == 1
        for operator in ("__icontains", "__startswith", "__in", "__gte", "__ne", "__nin"):
            query = urlencode({"slug": slug, f"title{operator}": text})
            assert client.get(f"/notes?{query}").status in (200, 422)
        # What is a pattern in SQL is none here.
        query = urlencode({"slug": slug, "title__icontains": f"{text}_%"})
        assert client.get(f"/notes?{query}").json["object_list"] == []
        assert client.get(f"/notes?{urlencode({'q': text})}").status in (200, 422)
        for parameter in ("sort", "fields", text, f"title__{name}"):
            assert client.get(f"/notes?{urlencode({parameter: name})}").status in (200, 422)
        assert client.get(f"/notes?{urlencode({'cursor': text})}").status == 404
        patched = client.patch(address, {"title": name, "more": {name: None, text: 2}})
        assert patched.json["title"] == name
        assert client.delete(f"/notes?{urlencode({'slug': slug})}").json == {"affected": 1}
        assert at.run(f"SELECT word FROM {table}") == ALIVE

    hold()
    assert client.get("/notes").json["object_list"] == []


@pytest.mark.parametrize(
    "name",
    ['x"; DROP TABLE {canary}; --', "x'; DROP TABLE {canary}; --", "x`; --", "a b", "%s", "select"],
)
def test_the_name_of_a_table_is_a_name(database: tuple[str, Server], name: str) -> None:
    kind, at = database
    table = canary(at)
    meant = name.replace("{canary}", table)
    store, source = store_of(kind, at, meant)
    try:
        made = store(source, Note)
        try:
            made.insert({"slug": "a", "title": meant})
            found = [*made.find(Query((Condition("title", "eq", meant),)))]
            assert [record["slug"] for record in found] == ["a"]
        finally:
            quoted = meant.replace('"', '""').replace(
                "%", "%%" if kind != "SQLiteDataStore" else "%"
            )
            at.run(f'DROP TABLE IF EXISTS "{quoted}"')
    except ConfigurationError as refused:
        assert isinstance(refused, OpenRestError)
    assert at.run(f"SELECT word FROM {table}") == ALIVE
