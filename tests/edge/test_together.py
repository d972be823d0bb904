"""All of the edge at once: one answer has it all, and each document is a good one."""

from typing import Any

import pytest
from openapi_spec_validator import validate

from openrest import models
from openrest.authentication import AllOf, AnyOf, ApiKeyAuthentication, hash_api_key
from openrest.contract import Header
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare
from openrest.datastore import PythonListDataStore
from openrest.edge import CORS, Proxies
from openrest.errors import ConfigurationError
from openrest.models import shapes as s
from openrest.openapi import VERSIONS, Version
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.client import Client
from tests.needs import fuzzed_in_ci


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


USERS: Any = {hash_api_key("key"): {"id": 1}}
BY_COOKIE = ApiKeyAuthentication(USERS, location="cookie", parameter="sid", name="Cookie")
BY_HEADER = ApiKeyAuthentication(USERS, name="Header")


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"text": "a" * 2000}],
        "model": Note,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        "options": {"authentication": BY_COOKIE},
    }
    view = {"response_class": JsonResponse}


def make(openapi: Version = "3.1") -> WSGIDispatcher:
    return WSGIDispatcher(
        [Notes],
        openapi=openapi,
        cors=CORS(origins=["https://app.example"], credentials=True),
        hosts=["localhost"],
        proxies=Proxies(trusted=["10.0.0.0/8"]),
        request_ids=True,
        hsts=True,
        compress=True,
        health=True,
        debug=True,
    )


def test_one_answer_has_it_all() -> None:
    headers = {
        "Host": "localhost",
        "Cookie": "sid=key",
        "Origin": "https://app.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "192.0.2.7",
        "X-Request-ID": "a",
        "Accept-Encoding": "gzip",
    }
    answer = Client(make()).raw("GET", "/notes/1", headers=headers, REMOTE_ADDR="10.0.0.1")
    assert answer.status == 200
    assert {name: answer.headers[name] for name in sorted(answer.headers) if name != "ETag"} == {
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Origin": "https://app.example",
        "Access-Control-Expose-Headers": "Accept, Accept-Encoding, Accept-Patch, Allow, ETag, "
        "Link, Location, Retry-After, WWW-Authenticate, X-Request-ID",
        "Cache-Control": "private, no-cache",
        "Content-Encoding": "gzip",
        "Content-Length": str(len(answer.data)),
        "Content-Type": "application/json",
        "Strict-Transport-Security": "max-age=31536000",
        "Vary": "Accept-Encoding, Origin",
        "X-Content-Type-Options": "nosniff",
        "X-Request-ID": "a",
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_the_document_is_a_good_one_in_each_version(version: Version) -> None:
    document = Client(make(version)).document
    assert document["openapi"].startswith(version)
    if version != "3.2":  # which the validator does not know yet
        validate(document)
    headers = document["components"]["headers"]
    assert headers.keys() == {
        "Access-Control-Allow-Credentials",
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
        "Strict-Transport-Security",
        "Vary",
        "X-Content-Type-Options",
        "X-Request-ID",
    }


def test_a_joined_scheme_has_the_cookies_of_all_its_parts() -> None:
    other = ApiKeyAuthentication(USERS, location="cookie", parameter="other", name="Other")
    assert BY_HEADER.cookies == frozenset()
    assert AnyOf(BY_HEADER, BY_COOKIE).cookies == {"sid"}
    assert AllOf(BY_COOKIE, other).cookies == {"sid", "other"}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("X-Content-Type-Options", {}),
        ("Strict-Transport-Security", {"hsts": True}),
        ("Access-Control-Allow-Origin", {"cors": CORS(origins=["*"])}),
    ],
)
def test_no_operation_declares_what_goes_with_every_answer(name: str, options: Any) -> None:
    class Own(Notes):
        @declare(headers=[Header(name=name, shape=s.String())])
        def get(self, call: Call) -> Result:
            """Send it itself."""
            return Result(self.store.get(call.key), headers=[(name, "a")])

    with pytest.raises(ConfigurationError) as caught:
        WSGIDispatcher([Own], **options)
    assert caught.value.mistakes == (
        f"get_notes declares the header {name}, which goes with every answer: leave it out.",
    )


def test_every_mistake_of_all_options_is_told_at_once() -> None:
    wrong: Any = {"cors": 1, "hosts": 1, "proxies": 1, "request_ids": 1, "hsts": 1}
    with pytest.raises(ConfigurationError) as caught:
        WSGIDispatcher([Notes], max_url_bytes=0, max_header_bytes=0, **wrong)
    assert list(caught.value.mistakes) == [
        "max_url_bytes must be at least 1, not 0.",
        "max_header_bytes must be at least 1, not 0.",
        "hosts must be a list of hosts, not 1.",
        "proxies must be a Proxies, not 1.",
        "hsts must be True, False or an HSTS, not 1.",
        "cors must be a CORS, not 1.",
        "request_ids must be True, False or a RequestIds, not 1.",
    ]


@fuzzed_in_ci
@pytest.mark.parametrize("version", VERSIONS)
def test_the_document_tells_the_truth(version: Version) -> None:
    settings = {
        "headers": {"Origin": "https://app.example", "X-Request-ID": "a"},
        "auth": {"openapi": {"Cookie": {"api_key": "key"}}},
    }

    def fresh() -> WSGIDispatcher:
        return make(version)

    check_contract(fresh, examples=10, seed=1, settings=settings)
