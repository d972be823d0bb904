"""Several schemes as one."""

from __future__ import annotations

from typing import Any

import pytest

from openrest.authentication import AllOf, AnyOf, ApiKeyAuthentication, hash_api_key
from openrest.controllers import WSGIDispatcher
from openrest.errors import ConfigurationError, CredentialsRefused
from openrest.interfaces import Authentication
from openrest.testing.contract import check_contract
from tests.authentication.test_apikey import api
from tests.needs import fuzzed_in_ci

PROGRAM = ApiKeyAuthentication(
    {hash_api_key("program"): {"id": "app", "via": "program"}}, name="Program"
)
PERSON = ApiKeyAuthentication(
    {hash_api_key("person"): {"id": "ada"}},
    name="Person",
    location="query",
    parameter="person",
)


def test_any_one_of_them_is_enough() -> None:
    client = api(AnyOf(PROGRAM, PERSON))
    assert client.get("/notes").status == 401
    assert client.get("/notes", **{"X-API-Key": "program"}).status == 200
    assert client.get("/notes?person=person").status == 200
    assert client.get("/notes?person=wrong").status == 401
    # What is wrong for one is no matter where it is right for another.
    assert client.get("/notes?person=person", **{"X-API-Key": "wrong"}).status == 200
    assert client.get("/notes?person=wrong", **{"X-API-Key": "program"}).status == 200
    assert client.document["paths"]["/notes"]["get"]["security"] == [
        {"Program": []},
        {"Person": []},
    ]


def test_all_of_them_are_needed() -> None:
    client = api(AllOf(PROGRAM, PERSON))
    program = {"X-API-Key": "program"}
    assert client.get("/notes").status == 401
    assert client.get("/notes", **program).status == 401
    assert client.get("/notes?person=person").status == 401
    assert client.get("/notes?person=wrong", **program).status == 401
    made = client.send("POST", "/notes?person=person", {"text": "x"}, headers=program)
    assert made.json["text"] == "x by ada"
    assert client.document["paths"]["/notes"]["get"]["security"] == [{"Program": [], "Person": []}]
    challenges = client.get("/notes").headers["WWW-Authenticate"]
    assert challenges == ('ApiKey in="header", name="X-API-Key", ApiKey in="query", name="person"')


def test_two_resources_have_no_two_schemes_of_one_name() -> None:
    made = [
        type(api(ApiKeyAuthentication({}, parameter=name)).app.controllers[0])
        for name in ("X-One", "X-Two")
    ]
    other = {**made[1].resource, "resource_name": "others"}
    classes = [made[0], type("Others", (made[1],), {"resource": other})]
    with pytest.raises(ConfigurationError, match="two security schemes have the name 'ApiKey'"):
        WSGIDispatcher(classes)


def test_they_can_be_nested() -> None:
    other = ApiKeyAuthentication({}, name="Other", parameter="Other")
    joined = AnyOf(AllOf(PROGRAM, PERSON), other)
    assert joined.requirements(()) == ({"Program": [], "Person": []}, {"Other": []})
    assert AllOf(AnyOf(PROGRAM, PERSON), other).requirements(()) == (
        {"Program": [], "Other": []},
        {"Person": [], "Other": []},
    )


@pytest.mark.parametrize("kind", [AnyOf, AllOf])
@pytest.mark.parametrize("parts", [(), (PROGRAM,), (PROGRAM, "key"), (PROGRAM, PROGRAM)])
def test_what_cannot_be_joined_is_refused(kind: type[Any], parts: Any) -> None:
    with pytest.raises(ValueError, match="joins two schemes or more|two schemes have the name"):
        kind(*parts)


def test_a_scheme_of_ones_own_is_one_class() -> None:
    class Trusted(Authentication):
        """Whoever has come through the gate has a header of it."""

        schemes = {"Gate": {"type": "apiKey", "in": "header", "name": "X-Gate"}}

        def requirements(self, scopes: Any) -> Any:
            return ({"Gate": []},)

        def authenticate(self, credentials: Any) -> Any:
            name = credentials.header("X-Gate")
            if name == "nobody":
                raise CredentialsRefused
            return None if name is None else {"id": name}

        def challenges(self, refused: Any) -> Any:
            return ("Gate",)

    client = api(Trusted())
    made = client.send("POST", "/notes", {"text": "x"}, headers={"X-Gate": "ada"})
    assert made.json["text"] == "x by ada"
    refused = client.get("/notes", **{"X-Gate": "nobody"})
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Gate")


KEYS = {"Program": {"api_key": "program"}, "Person": {"api_key": "person"}}


@fuzzed_in_ci
@pytest.mark.parametrize("kind", [AnyOf, AllOf])
def test_the_document_and_the_server_agree(kind: type[Any]) -> None:
    client = api(kind(PROGRAM, PERSON))
    check_contract(client.app, examples=40, settings={"auth": {"openapi": KEYS}})
