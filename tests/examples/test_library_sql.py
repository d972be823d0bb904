from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from openrest.controllers import WSGIDispatcher
from openrest.testing.contract import check_contract
from tests.datastore.sql.servers import KINDS, Server, server
from tests.needs import fuzzing, only_in_ci

Make = Callable[[str], WSGIDispatcher]


@pytest.fixture
def library(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WSGIDispatcher]:
    """The example, on a kind of database."""
    with server(request.param, tmp_path) as database:
        _drop(database)
        monkeypatch.setenv("DATABASE_URL", database.url)
        sys.modules.pop("examples.library_sql", None)
        module: Any = importlib.import_module("examples.library_sql")
        yield WSGIDispatcher([module.Authors, module.Books], debug=True)
        _drop(database)


def _drop(database: Server) -> None:
    for table in ("books", "authors"):
        database.run(f"DROP TABLE IF EXISTS {table}")


@pytest.mark.parametrize("library", KINDS, indirect=True)
def test_a_book_is_written_by_somebody_and_has_a_title_once(library: WSGIDispatcher) -> None:
    client = Client(library)
    book = {"title": "Dune", "author": 1, "price": "9.90", "tags": ["sand"]}
    assert client.post("/books", json=book).status_code == 409
    assert client.post("/authors", json={"name": "Frank Herbert"}).json == {
        "id": 1,
        "name": "Frank Herbert",
    }
    made = client.post("/books", json=book)
    assert made.status_code == 201
    assert client.post("/books", json=book).status_code == 409
    assert client.get(made.headers["Location"]).json == made.json
    listed = client.get("/books?price__gte=9&sort=-price").get_json()
    assert listed["meta"]["total_count"] == 1
    assert client.delete("/authors/1").status_code == 409


@fuzzing
@only_in_ci
@pytest.mark.parametrize("library", ["postgresql", "mariadb"], indirect=True)
def test_the_library_and_its_document_do_not_differ(library: WSGIDispatcher) -> None:
    assert check_contract(library, examples=50, seed=1).findings == ()
