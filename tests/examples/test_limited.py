from __future__ import annotations

import pytest
from werkzeug.test import Client

from examples.limited import Quotes, cost
from openrest.controllers import Controller, WSGIDispatcher
from openrest.ratelimit import RateLimit
from openrest.testing.contract import check_contract
from tests.needs import fuzzing


@pytest.mark.parametrize(
    ("headers", "remaining"),
    [({"X-API-Key": "key-of-ada"}, 999), ({"X-API-Key": "key-of-bob"}, 990), ({}, 900)],
)
def test_a_request_costs_what_the_plan_says(headers: dict[str, str], remaining: int) -> None:
    answer = Client(WSGIDispatcher([Quotes], debug=True)).get("/quotes", headers=headers)
    assert answer.headers["RateLimit-Policy"] == '"plan";q=1000;w=3600, "burst";q=20;w=1'
    assert answer.headers["RateLimit"].startswith(f'"plan";r={remaining};')


def quotes(*limits: RateLimit) -> type[Controller]:
    """The same with other limits."""

    class Other(Quotes):
        controller = {
            **Quotes.controller,
            "options": {**Quotes.controller["options"], "ratelimit": limits},
        }

    return Other


def test_who_is_not_known_has_ten_requests() -> None:
    client = Client(WSGIDispatcher([quotes(RateLimit("1000/hour", cost=cost))], debug=True))
    assert [client.get("/quotes").status_code for _ in range(11)] == [200] * 10 + [429]


@fuzzing
def test_the_document_tells_the_truth() -> None:
    settings = {"auth": {"openapi": {"ApiKey": {"api_key": "key-of-ada"}}}}
    # With room for all that schemathesis sends, also without the key.
    roomy = [RateLimit("1000000/hour", cost=cost), RateLimit("1000000/second", name="burst")]
    check_contract(
        WSGIDispatcher([quotes(*roomy)], debug=True, guesses="1000000/hour"),
        examples=3,
        seed=1,
        settings=settings,
    )
