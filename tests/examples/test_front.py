"""An API in front of another one, which really runs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

import examples.address
import examples.front
from openrest.controllers import WSGIDispatcher
from openrest.testing.contract import check_contract
from tests.contract.client import Client
from tests.datastore.rest.upstreams import served
from tests.needs import fuzzed_in_ci


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[WSGIDispatcher]:
    upstream = importlib.reload(examples.address)
    with served(upstream.app) as url:
        monkeypatch.setenv("ADDRESS_URL", f"{url}/address")
        yield importlib.reload(examples.front).app
    monkeypatch.undo()
    importlib.reload(examples.front)


def test_what_is_written_at_the_front_is_behind_it(app: WSGIDispatcher) -> None:
    client = Client(app)
    made = client.post("/residents", {"full_name": "Ada", "age": 36})
    assert made.json == {"id": 100, "full_name": "Ada", "age": 36}
    assert client.patch("/residents/100", {"age": 37}).json["age"] == 37
    behind = Client(importlib.import_module("examples.address").app)
    assert behind.get("/address/100").json == {"age": 37, "name": "Ada", "id": 100}
    found = client.get("/residents?full_name=Ada").json
    assert [one["id"] for one in found["object_list"]] == [100]
    assert found["meta"]["total_count"] == 1


def test_what_the_front_does_not_take_is_not_asked_of_the_upstream(app: WSGIDispatcher) -> None:
    client = Client(app)
    assert client.post("/residents", {"full_name": "Ada", "age": 151}).status == 422
    assert client.raw("DELETE", "/residents/1").status == 405


def test_without_the_upstream_the_data_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADDRESS_URL", "http://127.0.0.1:1/address")
    client = Client(importlib.reload(examples.front).app)
    assert client.get("/residents").status == 503
    assert client.get("/health/ready").status == 503
    assert client.get("/health/live").status == 200


@fuzzed_in_ci
def test_the_front_keeps_its_document(app: WSGIDispatcher) -> None:
    check_contract(app)
