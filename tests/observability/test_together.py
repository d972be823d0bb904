"""Watching, and what else a dispatcher does to requests: each says the same in all places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from openrest import models
from openrest.audit import AuditEntry, AuditTrail
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.authorization import Role
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.edge import CORS, Proxies
from openrest.query import Query
from openrest.ratelimit import RateLimit
from openrest.views import JsonResponse
from tests.audit.stores import entries
from tests.contract.client import Client
from tests.observability.watched import Lines, access_lines

KEYS = ApiKeyAuthentication(
    {
        hash_api_key("ada"): {"id": "ada"},
        hash_api_key("bob"): {"id": "bob"},
        hash_api_key("hr"): {"id": "hr", "roles": ["hr"]},
    }
)


class Person(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)
    owner = models.StringField(dump_only=True)
    salary = models.IntegerField(allow_none=True)


@pytest.fixture
def lines() -> Iterator[Lines]:
    with access_lines() as found:
        yield found


def serve(trail: AuditTrail | None = None, options: Any = None, **arguments: Any) -> Client:
    class People(Controller):
        resource = {
            "resource_name": "people",
            "resource": [],
            "model": Person,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PATCH", "DELETE"],
            "options": {
                "authentication": KEYS,
                **(options or {}),
                **({} if trail is None else {"audit": trail}),
            },
        }
        view = {"response_class": JsonResponse}

    return Client(WSGIDispatcher([People], access_log=True, debug=True, **arguments))


def test_a_request_has_one_name_in_its_answer_in_the_log_and_in_the_trail(lines: Lines) -> None:
    trail = AuditTrail(PythonListDataStore([], AuditEntry))
    api = serve(trail, request_ids=True)
    for sent in ({}, {"X-Request-ID": "7f3a"}, {"X-Request-ID": "a b\x1b"}):
        answer = api.send("POST", "/people", {"name": "a"}, headers={"X-API-Key": "ada", **sent})
        name = answer.headers["X-Request-ID"]
        assert lines.last["request_id"] == name
        assert [*trail.store.find(Query())][-1]["request_id"] == name
    answer = api.raw("GET", "/nothing")
    assert lines.last["request_id"] == answer.headers["X-Request-ID"]


def test_the_address_is_that_of_the_client_behind_a_proxy_that_is_trusted(lines: Lines) -> None:
    api = serve(proxies=Proxies(trusted=["10.0.0.1"]))
    forwarded = {"X-Forwarded-For": "192.0.2.9"}
    api.raw("GET", "/people", headers=forwarded, REMOTE_ADDR="10.0.0.1")
    assert lines.last["remote"] == "192.0.2.9"
    api.raw("GET", "/people", headers=forwarded, REMOTE_ADDR="10.0.0.2")
    assert lines.last["remote"] == "10.0.0.2"


def test_what_is_answered_before_any_operation_has_a_line_and_is_counted(lines: Lines) -> None:
    api = serve(hosts=["api.example.com"], cors=CORS(origins=["https://a.example"]), metrics=True)
    refused = api.raw("GET", "/people", headers={"Host": "other.example"})
    assert (lines.last["status"], lines.last["operation"]) == (refused.status, None)
    assert refused.status >= 400
    preflight = {
        "Host": "api.example.com",
        "Origin": "https://a.example",
        "Access-Control-Request-Method": "POST",
    }
    answer = api.raw("OPTIONS", "/people", headers=preflight)
    assert (lines.last["method"], lines.last["status"]) == ("OPTIONS", answer.status)
    assert api.app.meter is not None
    text = api.app.meter.text()
    [family] = [f for f in text_string_to_metric_families(text) if f.name.endswith("http_requests")]
    counted = {
        (sample.labels["operation"], sample.labels["status"])
        for sample in family.samples
        if sample.name.endswith("_total")
    }
    assert ("", str(refused.status)) in counted
    assert ("", str(answer.status)) in counted


def test_a_request_that_is_one_too_many_has_a_line_with_its_user(lines: Lines) -> None:
    api = serve(options={"ratelimit": RateLimit("1/day")})
    for status in (200, 429):
        assert api.get("/people", **{"X-API-Key": "ada"}).status == status
        assert (lines.last["status"], lines.last["user"]) == (status, "ada")


SCOPED: Any = {
    "scope": lambda user: {"owner": user["id"]},
    "readable": {"salary": Role("hr")},
}


@pytest.mark.parametrize("guarded", [False, True])
def test_what_each_user_writes_to_their_own_is_in_one_trail(guarded: bool) -> None:
    trail = AuditTrail(PythonListDataStore([], AuditEntry), guarded=guarded)
    api = serve(trail, SCOPED)
    for user in ("ada", "bob"):
        headers = {"X-API-Key": user}
        assert api.send("POST", "/people", {"name": user}, headers=headers).status == 201
    # It is not theirs, so it is not there.
    answer = api.send("DELETE", "/people/1", headers={"X-API-Key": "bob"})
    assert answer.status == 404
    found = entries(trail.store)
    assert [(each["user"], each["action"], each["after"]["owner"]) for each in found] == [
        ("ada", "create", "ada"),
        ("bob", "create", "bob"),
    ]
    # What not everybody may read is there where the trail is said to have it.
    assert [("salary" in each["after"]) for each in found] == [guarded, guarded]
