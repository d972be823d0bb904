"""The time that a request may be at its stores, however many things it asks of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher, operation
from openrest.datastore import SQLiteDataStore
from openrest.errors import ConfigurationError, StoreUnavailable
from openrest.interfaces import Record
from openrest.operations import Call, Result
from openrest.query import Query
from openrest.store_time import NO_TIME_LEFT, TIME_IS_UP, time_left
from openrest.views import JsonResponse
from tests.contract.client import Client


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


def api(folder: Path, **options: Any) -> Client:
    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": {"name": str(folder / "notes.db"), "table": "notes"},
            "model": Note,
            "datastore": SQLiteDataStore,
        }
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT"]}
        view = {"response_class": JsonResponse}

        @operation("GET", "/endless", returns=None)
        def ask_for_ever(self, call: Call) -> Result:
            """Ask for ever."""
            while True:
                self.store.count(Query())

        @operation("POST", "/{id}/endless", returns="record")
        def change_for_ever(self, call: Call) -> Result:
            """Change for ever."""

            def change(record: Record) -> Record:
                while True:
                    self.store.get(record["id"])

            return Result(self.store.update(call.key, change))

        @operation("POST", "/later", status=204, returns=None)
        def work_later(self, call: Call) -> Result:
            """Work later."""

            def work() -> None:
                self.store.insert({"text": f"with {time_left(3600):.0f} s"})

            call.afterwards(work)
            return Result(None, 204)

    return Client(WSGIDispatcher([Notes], debug=True, **options))


def test_a_request_that_asks_a_store_again_and_again_comes_to_an_end(tmp_path: Path) -> None:
    client = api(tmp_path, max_store_seconds=0.2)
    answer = client.get("/notes/endless")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


def test_what_it_has_written_until_then_is_undone_and_the_next_request_has_time_again(
    tmp_path: Path,
) -> None:
    client = api(tmp_path, max_store_seconds=0.2)
    assert client.send("POST", "/notes", {"text": "one"}).status == 201
    assert client.send("POST", "/notes/1/endless").status == 503
    assert client.get("/notes/1").json == {"id": 1, "text": "one"}
    assert client.send("PUT", "/notes/1", {"text": "two"}).status == 200


def test_the_log_says_what_was_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    api(tmp_path, max_store_seconds=0.2).get("/notes/endless")
    assert caplog.messages == [f"ask_for_ever_notes: the store is away: {NO_TIME_LEFT}"]


def test_work_that_is_put_off_has_all_its_time(tmp_path: Path) -> None:
    client = api(tmp_path, max_store_seconds=0.2)
    assert client.send("POST", "/notes/later").status == 204
    assert client.get("/notes/1").json["text"] == "with 3600 s"


def test_there_is_no_less_time_outside_of_a_request() -> None:
    assert time_left(3600) == 3600


@pytest.mark.parametrize(("rest", "left"), [(100, 5), (3, 3)])
def test_what_begins_has_the_time_that_it_may_take_or_what_is_left(
    rest: float, left: float
) -> None:
    token = TIME_IS_UP.set(time.monotonic() + rest)
    assert time_left(5) == pytest.approx(left, abs=0.5)
    TIME_IS_UP.reset(token)


def test_nothing_begins_when_the_time_is_up() -> None:
    token = TIME_IS_UP.set(time.monotonic() - 1)
    with pytest.raises(StoreUnavailable, match=NO_TIME_LEFT):
        time_left(5)
    TIME_IS_UP.reset(token)


@pytest.mark.parametrize("seconds", [0, -1, "60", True, None, float("nan")])
def test_a_time_that_is_none_is_refused(tmp_path: Path, seconds: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"max_store_seconds must be .* more than 0, not"):
        api(tmp_path, max_store_seconds=seconds)


@pytest.mark.parametrize("seconds", [0.5, 3600, float("inf")])
def test_it_may_be_any_time(tmp_path: Path, seconds: float) -> None:
    assert api(tmp_path, max_store_seconds=seconds).get("/notes").status == 200
