"""``/health/live`` and ``/health/ready``: whether a process answers, and can reach its data."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError, StoreUnavailable
from openrest.health import Health
from openrest.interfaces import DataStore
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.client import Client


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    deleted = models.DateTimeField(allow_none=True, dump_only=True)


class Guarded(PythonListDataStore):
    """Its check is what `state` says: nothing, an error to raise, or an event to wait for."""

    state: Exception | threading.Event | None = None
    pings = 0

    def ping(self) -> None:
        self.pings += 1
        if isinstance(self.state, threading.Event):
            self.state.wait()
        elif self.state is not None:
            raise self.state


def notes(store: DataStore, name: str = "notes") -> type[Controller]:
    class Notes(Controller):
        resource = {
            "resource_name": name,
            "model": Note,
            "datastore": store,
            "options": {"deleted_at": "deleted"},
        }
        controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse}

    return Notes


def client(*controllers: type[Controller], health: Health | bool = True) -> Client:
    return Client(WSGIDispatcher(controllers, health=health, debug=True))


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_process_is_live_and_ready() -> None:
    api = client(notes(PythonListDataStore([], Note)))
    for place, word in (("live", "live"), ("ready", "ready")):
        answer = api.get(f"/health/{place}")
        assert (answer.status, answer.json) == (200, {"status": word})
        assert answer.headers["Cache-Control"] == "no-store"
        assert api.send("HEAD", f"/health/{place}").status == 200


@pytest.mark.parametrize("error", [StoreUnavailable("the disk is gone"), RuntimeError("a secret")])
def test_a_store_that_is_away_is_named_and_only_the_log_says_why(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    away, there = Guarded([], Note), Guarded([], Note)
    api = client(notes(away), notes(there, "others"))
    away.state = error
    answer = api.get("/health/ready")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json["detail"] == "The data of notes cannot be reached for now."
    assert str(error) in caplog.text
    assert api.get("/health/live").status == 200
    away.state = None
    assert api.get("/health/ready").status == 200


def test_a_store_of_several_resources_is_asked_once() -> None:
    store = Guarded([], Note)
    api = client(notes(store), notes(store, "others"))
    assert api.get("/health/ready").status == 200
    assert store.pings == 1
    store.state = StoreUnavailable("gone")
    detail = "The data of notes, others cannot be reached for now."
    assert api.get("/health/ready").json["detail"] == detail


def test_a_store_that_does_not_answer_is_not_waited_for_and_not_asked_again(
    hanging: threading.Event,
) -> None:
    slow, quick = Guarded([], Note), Guarded([], Note)
    api = client(notes(slow), notes(quick, "others"), health=Health(seconds=0.05))
    slow.state = hanging
    for _ in range(3):
        detail = "The data of notes cannot be reached for now."
        assert api.get("/health/ready").json["detail"] == detail
    assert (slow.pings, quick.pings) == (1, 3)
    hanging.set()
    slow.state = None
    while api.get("/health/ready").status == 503:
        pass
    assert api.get("/health/ready").status == 200
    assert slow.pings >= 2


def test_a_file_that_is_gone_is_not_ready_until_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    store = SQLiteDataStore({"name": str(path), "table": "notes"}, Note)
    api = client(notes(store))
    assert api.get("/health/ready").status == 200
    moved = path.rename(tmp_path / "moved.db")
    assert api.get("/health/ready").status == 503
    moved.rename(path)
    assert api.get("/health/ready").status == 200


def test_the_example_of_a_store_that_is_away_names_a_resource_that_there_is() -> None:
    api = client(notes(PythonListDataStore([], Note)), notes(PythonListDataStore([], Note), "more"))
    responses = api.document["paths"]["/health/ready"]["get"]["responses"]
    [content] = api.resolved(responses["503"])["content"].values()
    assert content["example"]["detail"] == "The data of notes cannot be reached for now."
    assert "503" not in client().document["paths"]["/health/ready"]["get"]["responses"]


def test_they_are_in_the_document_and_served_only_where_they_are_asked_for() -> None:
    store = PythonListDataStore([], Note)
    with_health, without = client(notes(store)), client(notes(store), health=False)
    assert {"/health/live", "/health/ready"} <= set(with_health.document["paths"])
    assert not [path for path in without.document["paths"] if "health" in path]
    assert without.raw("GET", "/health/live").status == 404


@pytest.mark.parametrize(
    ("health", "mistake"),
    [
        ("yes", "health must be True, False or a Health, not 'yes'."),
        (1, "health must be True, False or a Health, not 1."),
    ],
)
def test_what_is_no_health_is_refused(health: Any, mistake: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        client(health=health)
    assert refused.value.mistakes == (mistake,)


@pytest.mark.parametrize("seconds", [0, -1, 61, True, "1", float("nan")])
def test_what_is_no_time_to_wait_is_refused(seconds: Any) -> None:
    with pytest.raises(ValueError, match="seconds must be more than 0 and at most 60, not"):
        Health(seconds=seconds)


def test_schemathesis_finds_no_difference() -> None:
    store = PythonListDataStore([{"text": "a"}], Note)
    check_contract(WSGIDispatcher([notes(store)], health=True, debug=True), examples=5, seed=1)
