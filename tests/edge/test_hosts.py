"""For which hosts an API answers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest.controllers import WSGIDispatcher
from openrest.edge import CORS
from openrest.errors import ConfigurationError
from openrest.testing.contract import check_contract
from tests.contract.client import Client
from tests.edge.notes import Notes
from tests.needs import fuzzed_in_ci

HOSTS = ["api.example.com", "*.example.org", "localhost", "127.0.0.1", "[::1]"]


def api(**options: Any) -> Client:
    return Client(WSGIDispatcher([Notes], hosts=HOSTS, debug=True, **options))


API = api()


@pytest.mark.parametrize(
    "host",
    [
        "api.example.com",
        "API.Example.COM",
        "api.example.com:8443",
        "a.example.org",
        "a-1.example.org:80",
        "localhost:5000",
        "127.0.0.1",
        "[::1]",
        "[::1]:5000",
    ],
)
def test_a_host_that_is_named_is_answered_for(host: str) -> None:
    assert API.get("/notes/1", Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "example.org",
        "a.b.example.org",
        ".example.org",
        "*.example.org",
        "api.example.com.",
        "api.example.com.evil.example",
        "evilapi.example.com",
        "api.example.com@evil.example",
        "api.example.com:80@evil.example",
        "api.example.com/evil",
        "api.example.com, evil.example",
        "api.example.com:",
        "api.example.com:http",
        "apixexample.com",
        "api.example.com\n",
        "::1",
        "[::2]",
        "127.0.0.2",
    ],
)
def test_any_other_is_421_before_anything_else(host: str) -> None:
    answer = API.get("/notes/1", Host=host)
    assert answer.status == 421
    assert answer.json == {
        "type": "about:blank",
        "title": "Misdirected Request",
        "status": 421,
        "detail": "This server does not answer for the host that the request names.",
    }


def test_a_request_that_names_no_host_is_for_none_of_them() -> None:
    assert API.raw("GET", "/notes/1").status == 421


@given(st.text())
def test_no_other_text_is_a_host(host: str) -> None:
    if host.lower().partition(":")[0] not in HOSTS:
        assert API.raw("GET", "/notes/1", headers={"Host": host}).status == 421


@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/nothing"), ("PUT", "/notes"), ("OPTIONS", "/notes"), ("GET", "/docs"),
     ("GET", "/openapi.json"), ("POST", "/notes")],
)  # fmt: skip
def test_it_is_421_whatever_is_asked(method: str, target: str) -> None:
    assert API.raw(method, target, headers={"Host": "evil.example"}).status == 421


def test_nothing_is_written_for_another_host() -> None:
    client = api()
    client.send("POST", "/notes", {"text": "b"}, headers={"Host": "evil.example"})
    assert client.get("/notes", Host="localhost").json["meta"]["total_count"] == 1


def test_without_the_option_every_host_is_answered_for_and_nothing_is_announced() -> None:
    client = Client(WSGIDispatcher([Notes], debug=True))
    assert client.get("/notes/1", Host="evil.example").status == 200
    assert "421" not in client.document["paths"]["/notes"]["get"]["responses"]


def test_pages_of_other_origins_may_read_that_it_is_misdirected() -> None:
    client = api(cors=CORS(origins=["https://app.example"]))
    answer = client.get("/notes/1", Host="evil.example", Origin="https://app.example")
    assert answer.status == 421
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"


@pytest.mark.parametrize(
    ("hosts", "mistakes"),
    [
        ("api.example.com", ["hosts must be a list of hosts, not 'api.example.com'."]),
        ([], ["hosts is empty: no request could be answered. Leave it out to answer all."]),
        (
            ["https://api.example.com/", "api.example.com:80", ".example.org", "API.example.com",
             "*", "localhost", "localhost", "a b", 7],
            [
                "hosts[0]: 'https://api.example.com/' is no host in lower case, without a scheme "
                "and a port. Did you mean 'api.example.com'?",
                "hosts[1]: 'api.example.com:80' is no host in lower case, without a scheme and a "
                "port. Did you mean 'api.example.com'?",
                "hosts[2]: '.example.org' is no host in lower case, without a scheme and a port. "
                "Did you mean '*.example.org'?",
                "hosts[3]: 'API.example.com' is no host in lower case, without a scheme and a "
                "port. Did you mean 'api.example.com'?",
                "hosts[4]: '*' is no host in lower case, without a scheme and a port.",
                "hosts[6]: 'localhost' is there twice.",
                "hosts[7]: 'a b' is no host in lower case, without a scheme and a port.",
                "hosts[8]: 7 is no host in lower case, without a scheme and a port.",
            ],
        ),
    ],
)  # fmt: skip
def test_every_mistake_is_named_at_the_start(hosts: Any, mistakes: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        WSGIDispatcher([Notes], hosts=hosts)
    assert list(caught.value.mistakes) == mistakes


@fuzzed_in_ci
def test_the_document_tells_the_truth() -> None:
    def make() -> WSGIDispatcher:
        return WSGIDispatcher([Notes], hosts=["localhost"], debug=True)

    check_contract(make, examples=10, seed=1)
