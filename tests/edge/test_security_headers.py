"""What browsers are told to be strict about."""

from typing import Any

import pytest

from openrest.controllers import WSGIDispatcher
from openrest.edge import HSTS
from openrest.errors import ConfigurationError
from openrest.testing.contract import check_contract
from tests.contract.client import Client
from tests.edge.notes import Notes
from tests.needs import fuzzed_in_ci

SHOUTED: Any = "yes"


def api(**options: Any) -> Client:
    return Client(WSGIDispatcher([Notes], debug=True, **options))


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/notes/1"), ("HEAD", "/notes"), ("OPTIONS", "/notes"), ("GET", "/nothing"),
     ("PUT", "/notes"), ("POST", "/notes"), ("GET", "/docs"), ("GET", "/docs/start.js"),
     ("GET", "/openapi.json"), ("GET", "/docs/nothing")],
)  # fmt: skip
def test_no_answer_is_guessed_at(method: str, target: str) -> None:
    assert api().raw(method, target).headers["X-Content-Type-Options"] == "nosniff"


def test_the_document_says_so_once_and_that_it_is_always_there() -> None:
    document = api().document
    assert document["components"]["headers"]["X-Content-Type-Options"] == {
        "schema": {"type": "string", "enum": ["nosniff"]},
        "required": True,
        "description": "The content is what its media type says, and nothing else",
    }
    for methods in document["paths"].values():
        for operation in methods.values():
            for response in map(api().resolved, operation["responses"].values()):
                reference = {"$ref": "#/components/headers/X-Content-Type-Options"}
                assert response["headers"]["X-Content-Type-Options"] == reference


def test_the_page_is_shown_in_no_frame_and_tells_nobody_of_itself() -> None:
    headers = api().raw("GET", "/docs").headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Cross-Origin-Opener-Policy" not in headers


def test_over_https_no_page_that_has_opened_it_gets_hold_of_it() -> None:
    https: dict[str, Any] = {"wsgi.url_scheme": "https"}
    headers = api().raw("GET", "/docs", **https).headers
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"
    assert "Cross-Origin-Opener-Policy" not in api().raw("GET", "/notes", **https).headers


@pytest.mark.parametrize(
    ("hsts", "value"),
    [
        (True, "max-age=31536000"),
        (HSTS(max_age=60), "max-age=60"),
        (HSTS(subdomains=True), "max-age=31536000; includeSubDomains"),
        (HSTS(subdomains=True, preload=True), "max-age=31536000; includeSubDomains; preload"),
    ],
)
def test_browsers_are_to_come_by_https_alone(hsts: Any, value: str) -> None:
    client = api(hsts=hsts)
    secure: Any = {"wsgi.url_scheme": "https"}
    for target in ("/notes/1", "/notes/9", "/docs"):
        answer = client.raw("GET", target, **secure)
        assert answer.headers["Strict-Transport-Security"] == value


def test_over_http_nothing_is_said_of_it() -> None:
    assert "Strict-Transport-Security" not in api(hsts=True).get("/notes/1").headers


def test_without_the_option_nothing_is_said_of_it() -> None:
    secure: Any = {"wsgi.url_scheme": "https"}
    answer = api().raw("GET", "/notes/1", **secure)
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize(
    ("hsts", "mistake"),
    [
        (60, "hsts must be True, False or an HSTS, not 60."),
        (HSTS(max_age=-1), "hsts.max_age: is 0 to 315360000 seconds, not -1."),
        (HSTS(subdomains=SHOUTED), "hsts.subdomains: is neither True nor False but 'yes'."),
        (
            HSTS(preload=True),
            "hsts.preload: the list wants subdomains=True and a max_age of 31536000 or more.",
        ),
    ],
)
def test_a_mistake_is_named_at_the_start(hsts: Any, mistake: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        WSGIDispatcher([Notes], hsts=hsts)
    assert caught.value.mistakes == (mistake,)


@fuzzed_in_ci
def test_the_document_tells_the_truth() -> None:
    def make() -> WSGIDispatcher:
        return WSGIDispatcher([Notes], hsts=True, debug=True)

    check_contract(make, examples=10, seed=1)
