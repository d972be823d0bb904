"""Credentials that are wrong too often, from one address."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from openrest.authentication import BasicAuthentication, hash_password
from openrest.authorization import Anyone
from openrest.errors import ConfigurationError
from openrest.pipeline import COUNTED_ALONE
from openrest.ratelimit import MemoryStorage, RateLimit
from openrest.testing.contract import check_contract
from tests.needs import fuzzed_in_ci
from tests.ratelimit.apis import ADA, Caller, caller, left, notes
from tests.ratelimit.test_strategies import Clock

RIGHT, WRONG = {"X-API-Key": ADA}, {"X-API-Key": "wrong"}


def statuses(api: Caller, number: int, **headers: str) -> list[int]:
    return [api.get("/notes", **headers).status for _ in range(number)]


def test_an_address_that_guesses_too_often_is_refused_even_with_the_right_key() -> None:
    clock = Clock()
    limit = RateLimit("2/minute", storage=MemoryStorage(clock=clock))
    api = caller(notes(known=True), guesses=limit)
    assert statuses(api, 3, **WRONG) == [401, 401, 429]
    refused = api.get("/notes", **RIGHT)
    assert refused.status == 429
    assert refused.json["detail"] == "Credentials were wrong too often. Try again in 60 s."
    assert refused.headers["Retry-After"] == "60"
    assert refused.headers["RateLimit"] == '"guesses";r=0;t=60'
    assert refused.headers["RateLimit-Policy"] == '"guesses";q=2;w=60'
    api.address = "192.0.2.2"
    assert statuses(api, 1, **RIGHT) == [200]
    api.address = "192.0.2.1"
    clock.now += 60_000
    assert statuses(api, 1, **RIGHT) == [200]


def test_what_is_right_is_not_counted_and_neither_is_who_says_nothing() -> None:
    api = caller(notes(known=True), guesses="2/day")
    assert statuses(api, 5, **RIGHT) == [200] * 5
    assert statuses(api, 5) == [401] * 5
    assert statuses(api, 3, **WRONG) == [401, 401, 429]


def test_guesses_are_counted_across_resources_and_verbs() -> None:
    api = caller(notes(known=True), notes(name="others", known=True), guesses="2/day")
    assert api.get("/notes", **WRONG).status == 401
    assert api.send("POST", "/others", {"text": "a"}, headers=WRONG).status == 401
    assert api.get("/others/1", **WRONG).status == 429


@pytest.mark.parametrize(
    ("options", "several", "warnings"),
    [
        ({"guesses": "2/day"}, True, [COUNTED_ALONE % "guesses='2/day'"]),
        ({"guesses": "2/day"}, False, []),
        ({}, True, []),
    ],
)
def test_guesses_that_several_processes_count_alone_are_warned_of_once(
    options: dict[str, str], several: bool, warnings: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    api = caller(notes(known=True), **options)
    for _ in range(3):
        api.raw("GET", "/notes", **{"wsgi.multiprocess": several})
    assert caplog.messages == warnings


def test_networks_of_ipv6_guess_together() -> None:
    api = caller(notes(known=True), guesses="2/day")
    found = []
    for number in range(3):
        api.address = f"2001:db8::{number:x}"
        found += statuses(api, 1, **WRONG)
    assert found == [401, 401, 429]


def test_no_password_is_verified_for_an_address_that_is_beyond_it() -> None:
    asked: list[str] = []
    users = {"ada": {"id": 1, "password": hash_password("secret")}}

    def find(name: str) -> Any:
        asked.append(name)
        return users.get(name)

    api = caller(notes(authentication=BasicAuthentication(find)), guesses="1/day")
    sent = {"Authorization": "Basic " + b64encode(b"ada:wrong").decode()}
    assert statuses(api, 3, **sent) == [401, 429, 429]
    assert asked == ["ada"]


def test_guesses_are_announced_where_credentials_are_asked_for_and_nowhere_else() -> None:
    api = caller(
        notes(known=True, authorization={"GET": Anyone()}), notes(name="open"), guesses="2/day"
    )
    for methods in (api.document["paths"][path] for path in ("/notes", "/notes/{id}")):
        for entry in methods.values():
            refused = api.resolved(entry["responses"]["429"])
            assert refused["description"] == "Credentials were wrong too often from this address"
            assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= set(refused["headers"])
            assert "RateLimit" not in entry["responses"].get("200", {}).get("headers", {})
    assert "429" not in api.document["paths"]["/open"]["get"]["responses"]
    assert "429" not in str(caller(notes(known=True)).document["paths"])


def test_a_row_with_a_limit_and_with_guesses_announces_both() -> None:
    api = caller(notes(RateLimit("3/day"), known=True), guesses="2/day")
    entry = api.document["paths"]["/notes"]["get"]
    assert api.resolved(entry["responses"]["429"])["description"] == (
        "There were too many requests; or: Credentials were wrong too often from this address"
    )
    assert statuses(api, 4, **RIGHT) == [200, 200, 200, 429]
    assert left(api.get("/notes", **RIGHT))[0][0] == "default"
    assert statuses(api, 3, **WRONG) == [401, 401, 429]
    assert left(api.get("/notes", **RIGHT))[0][0] == "guesses"


@pytest.mark.parametrize(
    ("guesses", "mistake"),
    [
        (20, "guesses must be None, a text such as '20/minute' or a RateLimit, not 20."),
        (
            "20 per minute",
            "guesses: RateLimit: '20 per minute' is no limit, such as '100/minute' or "
            "'5/10 seconds'.",
        ),
        (RateLimit("20/minute", cost=2), "guesses: each counts 1, so it has no cost."),
    ],
)
def test_what_is_no_limit_of_guesses_is_refused(guesses: Any, mistake: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        caller(notes(), guesses=guesses)
    assert refused.value.mistakes == (mistake,)


@fuzzed_in_ci
def test_schemathesis_finds_no_difference() -> None:
    # Its own probes are wrong on purpose.
    limit = RateLimit("2000/day", name="guesses")
    api = caller(notes(known=True), guesses=limit)
    settings = {"auth": {"openapi": {"ApiKey": {"api_key": ADA}}}}
    check_contract(api.app, examples=5, seed=1, settings=settings)
