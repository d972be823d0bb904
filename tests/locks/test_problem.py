"""Lock 6: one RFC 9457 schema writes every error body, and is the one that is shown."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openrest import models, rendering
from openrest.contract import PROBLEM
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import SQLiteDataStore
from openrest.errors import Conflict, StoreUnavailable
from openrest.models.dumping import dumper
from openrest.models.jsonschema import json_schema
from openrest.models.loading import wire_loader
from openrest.views import JsonResponse
from tests.contract.client import PROBLEM as MEDIA_TYPE
from tests.contract.client import Answer, Client


class Item(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)


class Rich(Conflict):
    """A problem of a user's own, with a member that no document shows."""

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), "password": "tiger", "errors": [{"detail": "a", "hint": "b"}]}


@pytest.fixture
def api(tmp_path: Path) -> Client:
    class Items(Controller):
        resource = {
            "resource_name": "items",
            "resource": {"name": str(tmp_path / "items.db"), "table": "items"},
            "model": Item,
            "datastore": SQLiteDataStore,
        }
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse}

        @operation("POST", "/conflict", errors={409: "It clashes"})
        def conflict(self, call: Call) -> Result:
            """Clash."""
            raise Rich("No.")

        @operation("POST", "/fail")
        def fail(self, call: Call) -> Result:
            """Fail."""
            raise RuntimeError

        @operation("POST", "/leave")
        def leave(self, call: Call) -> Result:
            """Be away."""
            raise StoreUnavailable("gone")

    return Client(WSGIDispatcher([Items], debug=True))


def every_problem(api: Client) -> Iterator[Answer]:
    yield api.send("POST", "/items")
    yield api.raw("GET", "/nothing")
    yield api.send("GET", "/items/7")
    yield api.raw("DELETE", "/items")
    yield api.get("/items", Accept="image/png")
    yield api.send("POST", "/items/conflict")
    yield api.send("POST", "/items", data=b" " * 1_000_001)
    yield api.send("POST", "/items", data=b"a", content_type="text/plain")
    yield api.post("/items", {"nmae": 1})
    yield api.send("POST", "/items/fail")
    yield api.send("POST", "/items/leave")


def test_every_status_has_the_one_form(api: Client) -> None:
    answers = list(every_problem(api))
    assert [answer.status for answer in answers] == [
        400, 404, 404, 405, 406, 409, 413, 415, 422, 500, 503,
    ]  # fmt: skip
    for answer in answers:
        assert answer.headers["Content-Type"] == MEDIA_TYPE
        assert answer.json["type"] == "about:blank"
        assert answer.json["status"] == answer.status
        wire_loader(PROBLEM)(answer.json)
        # What the schema writes is what was sent: nothing else has had a hand in it.
        assert JsonResponse.encode(dumper(PROBLEM)(answer.json)) == answer.data


def test_the_schema_that_writes_is_the_one_that_is_shown(api: Client) -> None:
    assert api.document["components"]["schemas"]["Problem"] == json_schema(PROBLEM)
    assert api.document["components"]["schemas"]["Problem"]["additionalProperties"] is False


def test_every_error_of_every_operation_is_shown_with_that_schema(api: Client) -> None:
    for methods in api.document["paths"].values():
        for entry in methods.values():
            for status, response in entry["responses"].items():
                if int(status) >= 400:
                    content = api.resolved(response)["content"]
                    assert list(content) == [MEDIA_TYPE]
                    schema = content[MEDIA_TYPE]["schema"]
                    assert schema == {"$ref": "#/components/schemas/Problem"}


def test_a_member_that_the_schema_does_not_have_is_not_sent(api: Client) -> None:
    assert api.send("POST", "/items/conflict").json == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "No.",
        "errors": [{"detail": "a"}],
    }


def test_without_the_lock_the_member_goes_out_and_is_noticed(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "_dump_problem", lambda problem: problem)
    with pytest.raises(Exception, match="'password' was unexpected"):
        api.send("POST", "/items/conflict")


def test_another_form_of_error_is_noticed(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "PROBLEM_MEDIA_TYPE", "application/json")
    with pytest.raises(AssertionError):
        api.get("/items/7")
