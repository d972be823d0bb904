"""What fails inside is 500 without internals, and the log has the rest under the same id."""

import logging
from collections.abc import Iterable
from typing import Any, NoReturn

import pytest

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import StoreError, StoreUnavailable
from openrest.interfaces import Change, Check, DataStore, Record
from openrest.query import Query
from openrest.views import JsonResponse, formatter
from tests.contract.client import MERGE_PATCH, Client


class Item(models.Model):
    id = models.PkField()
    text = models.StringField()


class Failing(DataStore):
    """Fails, whatever is asked of it."""

    operators = frozenset({"eq"})
    can_be_away = True

    def fail(self) -> NoReturn:
        raise self.resource  # it is the error

    def find(self, query: Query) -> Iterable[Record]:
        self.fail()

    def count(self, query: Query) -> int:
        self.fail()

    def get(self, key: Any) -> Record:
        self.fail()

    def insert(self, record: Record, check: Check | None = None) -> Record:
        self.fail()

    def update(self, key: Any, change: Change) -> Record:
        self.fail()

    def delete(self, key: Any, check: Check | None = None) -> None:
        self.fail()


def failing_with(error: BaseException, *, debug: bool = False) -> Client:
    class Items(Controller):
        resource = {
            "resource_name": "items",
            "resource": error,
            "model": Item,
            "datastore": Failing,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        }
        view = {"response_class": JsonResponse}

        @operation("POST", "/{id}/touch")
        def touch(self, call: Call) -> Result:
            """Touch it."""
            return Result(self.store.get(call.key))

    return Client(WSGIDispatcher([Items], debug=debug))


REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", "/items", None),
    ("HEAD", "/items", None),
    ("POST", "/items", {}),
    ("GET", "/items/1", None),
    ("PUT", "/items/1", {}),
    ("PATCH", "/items/1", {}),
    ("DELETE", "/items/1", None),
    ("POST", "/items/1/touch", None),
]


def send(client: Client, method: str, target: str, body: Any) -> Any:
    content_type = MERGE_PATCH if method == "PATCH" else "application/json"
    return client.send(method, target, body, content_type=content_type)


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("the password is tiger"),
        KeyError("the password is tiger"),
        StoreError("the password is tiger"),
        RecursionError("the password is tiger"),
        UnicodeEncodeError("utf-8", "the password is tiger", 0, 1, "tiger"),
    ],
)
def test_an_unexpected_error_is_500_without_internals_and_logged_with_its_id(
    error: Exception, debug: bool, caplog: pytest.LogCaptureFixture
) -> None:
    client = failing_with(error, debug=debug)
    for method, target, body in REQUESTS:
        caplog.clear()
        answer = send(client, method, target, body)
        [record] = caplog.records
        assert answer.status == 500
        assert record.exc_info is not None and record.exc_info[1] is error
        assert (record.name, record.levelno) == ("openrest", logging.ERROR)
        if method == "HEAD":
            continue
        instance = answer.json["instance"]
        assert answer.json == {
            "type": "about:blank",
            "title": "Internal Server Error",
            "status": 500,
            "detail": "The server failed; its log says why.",
            "instance": instance,
        }
        assert instance.startswith("urn:uuid:")
        assert record.getMessage() == f"{method} {target} failed: {instance}"


def test_no_two_failures_have_the_same_id() -> None:
    client = failing_with(RuntimeError())
    ids = {client.get("/items").json["instance"] for _ in range(10)}
    assert len(ids) == 10


def test_a_store_that_is_away_is_503_with_the_time_to_wait(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = failing_with(StoreUnavailable("tiger.db is locked", retry_after=7), debug=True)
    for method, target, body in REQUESTS:
        caplog.clear()
        answer = send(client, method, target, body)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
        if method != "HEAD":
            assert answer.json == {
                "type": "about:blank",
                "title": "Service Unavailable",
                "status": 503,
                "detail": "The data cannot be reached for now.",
            }
        [record] = caplog.records
        assert (record.levelno, record.exc_info) == (logging.WARNING, None)
        assert record.getMessage().endswith(": the store is away: tiger.db is locked")


def test_what_stops_the_process_is_not_held_up() -> None:
    for error in (KeyboardInterrupt(), SystemExit()):
        with pytest.raises(type(error)):
            failing_with(error).get("/items")


@formatter()
def break_down(record: Record, call: Call) -> Record:
    raise ZeroDivisionError("the password is tiger")


def test_a_formatter_or_format_that_fails_is_500(caplog: pytest.LogCaptureFixture) -> None:
    class NoResponse(JsonResponse):
        @staticmethod
        def encode(value: Any) -> bytes:
            raise ZeroDivisionError("the password is tiger")

    class Formatted(Controller):
        resource = {
            "resource_name": "items",
            "resource": [{}],
            "model": Item,
            "datastore": PythonListDataStore,
        }
        controller = {"list_verbs": [], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse, "options": {"formatters": [break_down]}}

    class Encoded(Controller):
        resource = {**Formatted.resource, "resource_name": "others"}
        controller = {"list_verbs": [], "unique_verbs": ["GET"]}
        view = {"response_class": NoResponse}

    client = Client(WSGIDispatcher([Formatted, Encoded], debug=True))
    for target in ("/items/1", "/others/1"):
        answer = client.get(target)
        assert answer.status == 500
        assert b"tiger" not in answer.data
        assert answer.json["instance"] in caplog.text
