from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import CSVDataStore, DataStore, PythonListDataStore, SQLiteDataStore
from openrest.testing.contract import check_contract
from tests.needs import CI, fuzzed_in_ci


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> type[Controller]:
    from examples.people import People  # its file is made where the test is

    monkeypatch.chdir(tmp_path)
    return People


def test_people_are_kept_in_a_csv_file(people: type[Controller], tmp_path: Path) -> None:
    client = Client(WSGIDispatcher([people]))
    for name, age in (("Ada", 36), ('"Grace", of the Navy', None)):
        made = client.post("/people", json={"name": name, "age": age, "joined": "2026-03-01"})
        assert made.status_code == 201
    assert (tmp_path / "people.csv").read_text() == (
        'id,name,age,joined\n1,Ada,36,2026-03-01\n2,"""Grace"", of the Navy",,2026-03-01\n'
    )


@fuzzed_in_ci
def test_the_document_tells_the_truth(people: type[Controller]) -> None:
    report = check_contract(WSGIDispatcher([people], debug=True), examples=100 if CI else 20)
    assert report.findings == ()


def served(
    people: type[Controller], store: type[DataStore], where: Any
) -> Callable[..., tuple[int, bytes, str | None]]:
    class People(people):  # type: ignore[misc, valid-type]
        """As in the example, elsewhere."""

        resource = {**people.resource, "resource": where, "datastore": store}

    client = Client(WSGIDispatcher([People]))

    def ask(method: str, path: str, **options: Any) -> tuple[int, bytes, str | None]:
        answer = client.open(path, method=method, **options)
        return answer.status_code, answer.data, answer.headers.get("ETag")

    return ask


#: What is asked of each store, in this order.
PERSON = {"name": "Ada", "age": 36, "joined": "2026-03-01"}
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    *(
        ("POST", "/people", {"json": {**PERSON, **other}})
        for other in ({}, {"name": ' "é"\r\n,;'}, {"age": None}, {"age": 0}, {"name": "=1+1"})
    ),
    ("POST", "/people", {"json": {**PERSON, "name": ""}}),
    ("PUT", "/people/2", {"json": {**PERSON, "name": "😀"}}),
    ("PATCH", "/people/3", {"json": {"age": 7}, "content_type": "application/merge-patch+json"}),
    ("DELETE", "/people/5", {}),
    ("DELETE", "/people/5", {}),
    ("GET", "/people/2", {}),
    ("GET", "/people/9", {}),
    *(
        ("GET", f"/people?{query}", {})
        for query in (
            "", "limit=2&offset=1", "sort=-age,name", "age__gte=7&age__lt=37", "age__isnull=true",
            "name__istartswith=a", "q=ad", "name=Ada", "nme=Ada",
        )
    ),
    ("GET", "/people", {"headers": {"Accept": "text/csv"}}),
]  # fmt: skip


def test_the_same_requests_are_answered_byte_for_byte_as_by_other_stores(
    people: type[Controller], tmp_path: Path
) -> None:
    csv = served(people, CSVDataStore, {"path": tmp_path / "same.csv"})
    sqlite = served(people, SQLiteDataStore, {"name": tmp_path / "same.db", "table": "people"})
    memory = served(people, PythonListDataStore, [])
    for method, path, options in ASKED:
        answer = csv(method, path, **options)
        assert answer == sqlite(method, path, **options), (method, path)
        assert answer == memory(method, path, **options), (method, path)
    # A list is never away, so its document has no 503.
    for path in ("/openapi.json", "/openapi.yaml", "/schema/people"):
        assert csv("GET", path)[1] == sqlite("GET", path)[1]
    assert csv("GET", "/schema/people")[1] == memory("GET", "/schema/people")[1]
