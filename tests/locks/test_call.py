"""Lock 3: a handler gets parsed values and no request; what is not declared cannot be read."""

from dataclasses import fields
from typing import Any

import pytest
from marshmallow.validate import Range

from openrest import models, parsing
from openrest.contract import Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.models import shapes as s
from openrest.views import JsonResponse
from tests.contract.client import Answer, Client

CALLS: list[Call] = []


class Item(models.Model):
    id = models.PkField()
    name = models.StringField()


class Step(models.Model):
    by = models.IntegerField(required=True, validate=Range(1, 9))


class Items(Controller):
    resource = {
        "resource_name": "items",
        "resource": [{"name": "a"}],
        "model": Item,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PATCH"]}
    view = {"response_class": JsonResponse}

    @operation(
        "POST",
        "/{id}/look",
        body=Step,
        parameters=[
            Parameter(name="depth", shape=s.Integer(), default=1),
            Parameter(name="who", wire="X-Who", location="header", shape=s.String()),
        ],
    )
    def look(self, call: Call) -> Result:
        """Keep the call."""
        CALLS.append(call)
        return Result(self.store.get(call.key))

    @operation("POST", "/{id}/pry")
    def pry(self, call: Call) -> Result:
        """Read what is not declared."""
        call.query["offset"]
        return Result(self.store.get(call.key))

    @operation("POST", "/{id}/reach")
    def reach(self, call: Any) -> Result:
        """Reach for the request."""
        call.request.headers["Cookie"]
        return Result(self.store.get(call.key))


@pytest.fixture
def api() -> Client:
    return Client(WSGIDispatcher([Items], debug=True))


def undeclared(api: Client) -> list[Answer]:
    """The answers to a parameter, and to a member, that nobody has declared."""
    return [
        api.get("/items?ofset=1"),
        api.get("/items/1?offset=1"),
        api.post("/items?name=a", {}),
        api.post("/items", {"nmae": "a"}),
        api.patch("/items/1", {"nmae": "a"}),
        api.send("POST", "/items/1/look", {"by": 1, "bye": 2}),
    ]


def test_a_call_has_what_is_declared_and_nothing_else(api: Client) -> None:
    CALLS.clear()
    headers = {"X-Who": "me", "Cookie": "a=b", "Authorization": "Bearer x", "X-Other": "y"}
    assert api.send("POST", "/items/1/look?depth=3", {"by": 2}, headers=headers).status == 200
    [call] = CALLS
    assert {field.name: getattr(call, field.name) for field in fields(call)} == {
        "operation": call.operation,
        "root": "",
        "path": {"id": 1},
        "query": {"depth": 3},
        "headers": {"who": "me"},
        "body": {"by": 2},
        "sent": [("depth", "3")],
        "checked": False,
        "later": [],
        "kept": {},
        "limited": (),
        "address": "/items/1/look",
        "media_type": "application/json",
        "streams": False,
        "within": (),
        "fingerprint": "",
        "user": None,
        "replayed": None,
        "request_id": "",
    }
    assert not hasattr(call, "__dict__")


def test_a_call_is_of_native_values_with_their_defaults(api: Client) -> None:
    CALLS.clear()
    api.send("POST", "/items/1/look", {"by": 2.0})
    assert (CALLS[0].query, CALLS[0].headers, CALLS[0].body) == ({"depth": 1}, {}, {"by": 2})
    assert type(CALLS[0].body["by"]) is int


def test_the_same_of_another_request_is_another_call(api: Client) -> None:
    CALLS.clear()
    for _ in range(2):
        api.send("POST", "/items/1/look", {"by": 2})
    assert CALLS[0] is not CALLS[1]
    assert CALLS[0].query is not CALLS[1].query


@pytest.mark.parametrize("method", ["pry", "reach"])
def test_a_handler_that_reads_what_is_not_declared_fails_at_its_first_call(
    api: Client, method: str
) -> None:
    assert api.send("POST", f"/items/1/{method}").status == 500


def test_what_is_not_declared_is_refused_with_the_name_that_was_meant(api: Client) -> None:
    answers = undeclared(api)
    assert [answer.status for answer in answers] == [422] * 6
    assert [answer.errors for answer in answers] == [
        [{"parameter": "ofset", "detail": "is not a parameter here. Did you mean 'offset'?"}],
        [{"parameter": "offset", "detail": "is not a parameter here."}],
        [{"parameter": "name", "detail": "is not a parameter here."}],
        [
            {
                "pointer": "#/nmae",
                "detail": "is not a member of this object. Did you mean 'name'?",
            }
        ],
        [
            {
                "pointer": "#/nmae",
                "detail": "is not a member of this object. Did you mean 'name'?",
            }
        ],
        [{"pointer": "#/bye", "detail": "is not a member of this object. Did you mean 'by'?"}],
    ]


def test_a_parser_that_overlooks_a_parameter_is_noticed(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overlook(plan: Any, environ: Any, limits: Any, mistakes: Any) -> Any:
        return [], dict(plan.defaults)

    monkeypatch.setattr(parsing, "_query", overlook)
    assert [answer.status for answer in undeclared(api)][:3] != [422] * 3


def test_a_loader_that_overlooks_a_member_is_noticed(api: Client) -> None:
    plan = api.app.pipeline.plans["/items", "POST"]
    plan.loaders = dict.fromkeys(plan.loaders, lambda body: {"name": body.get("name", "")})
    assert undeclared(api)[3].status != 422
