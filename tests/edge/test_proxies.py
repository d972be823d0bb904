"""What proxies say is believed of those alone that are trusted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.edge import Proxies
from openrest.edge.proxies import Forwarded
from openrest.errors import ConfigurationError
from openrest.views import JsonResponse
from tests.contract.client import Client

ALL = ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix"]
TRUSTED = ["10.0.0.0/8", "fd00::/8", "unix"]


class Note(models.Model):
    id = models.PkField()


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{}],
        "model": Note,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse}


def seen(peer: str, hops: int = 1, names: Any = ALL, **headers: Any) -> dict[str, str]:
    """What is known of a request that comes from a peer with such headers."""
    environ: dict[str, Any] = {
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "inner:8000",
        "SERVER_NAME": "inner",
        "SERVER_PORT": "8000",
        "SCRIPT_NAME": "",
        **{f"HTTP_X_FORWARDED_{name.upper()}": value for name, value in headers.items()},
    }
    Forwarded(Proxies(trusted=TRUSTED, hops=hops, headers=names)).admit(environ)
    return {
        "from": environ["REMOTE_ADDR"],
        "by": environ["wsgi.url_scheme"],
        "for": environ["HTTP_HOST"],
        "below": environ["SCRIPT_NAME"],
    }


UNTOUCHED = {"by": "http", "for": "inner:8000", "below": ""}
SAID: dict[str, Any] = {
    "for": "192.0.2.7",
    "proto": "https",
    "host": "api.example.com",
    "prefix": "/api",
}


@pytest.mark.parametrize("peer", ["10.0.0.1", "fd00::1", "::ffff:10.0.0.1", ""])
def test_a_trusted_proxy_is_believed(peer: str) -> None:
    assert seen(peer, **SAID) == {
        "from": "192.0.2.7",
        "by": "https",
        "for": "api.example.com",
        "below": "/api",
    }


@pytest.mark.parametrize("peer", ["192.0.2.1", "11.0.0.1", "fe80::1", "::1", "127.0.0.1", "10.0.0"])
def test_nobody_else_is(peer: str) -> None:
    assert seen(peer, **SAID) == {"from": peer, **UNTOUCHED}


def test_a_header_that_is_not_named_is_not_looked_at() -> None:
    found = seen("10.0.0.1", names=["X-Forwarded-Proto"], **SAID)
    assert found == {"from": "10.0.0.1", **UNTOUCHED, "by": "https"}


def test_unless_told_it_is_the_address_and_the_scheme() -> None:
    named = Proxies(trusted=TRUSTED).headers
    assert seen("10.0.0.1", names=named, **SAID) == {
        **UNTOUCHED,
        "from": "192.0.2.7",
        "by": "https",
    }


@pytest.mark.parametrize(
    ("hops", "chain", "client"),
    [
        (1, "192.0.2.7", "192.0.2.7"),
        # The client has written the first one itself.
        (1, "198.51.100.1, 192.0.2.7", "192.0.2.7"),
        (1, "10.0.0.9, 192.0.2.7", "192.0.2.7"),
        # One proxy alone, though there may be two.
        (2, "192.0.2.7", "192.0.2.7"),
        (2, "192.0.2.7, 10.0.0.2", "192.0.2.7"),
        (2, "198.51.100.1, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        # It came to the second proxy past the first one.
        (2, "198.51.100.1, 192.0.2.7", "192.0.2.7"),
        (2, "10.0.0.2, 192.0.2.7", "192.0.2.7"),
        (3, "198.51.100.1, 192.0.2.7, 10.0.0.3, 10.0.0.2", "192.0.2.7"),
        # More of them than there may be.
        (2, "192.0.2.7, 10.0.0.3, 10.0.0.2", "10.0.0.3"),
        (1, "192.0.2.7:5123", "192.0.2.7"),
        (1, "[2001:db8::7]:5123", "2001:db8::7"),
        (1, "2001:DB8::7", "2001:db8::7"),
        # What is no address changes nothing.
        (1, "unknown", "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, ",", "10.0.0.1"),
        (1, "192.0.2.7, evil\x1b[2J", "10.0.0.1"),
        (2, "192.0.2.7, unknown", "10.0.0.1"),
    ],
)
def test_of_a_chain_as_much_is_believed_as_trusted_proxies_have_added(
    hops: int, chain: str, client: str
) -> None:
    assert seen("10.0.0.1", hops, **{"for": chain})["from"] == client


@given(st.text(st.characters(codec="latin-1")), st.sampled_from([1, 2, 3]))
def test_whatever_a_client_writes_first_is_not_its_address(forged: str, hops: int) -> None:
    chain = f"{forged}, 192.0.2.7" + ", 10.0.0.2" * (hops - 1)
    # An open quote swallows what follows; then nothing is believed but the proxy's own address.
    assert seen("10.0.0.1", hops, **{"for": chain})["from"] in ("192.0.2.7", "10.0.0.1")


@pytest.mark.parametrize(
    ("proto", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("http", "http"), ("http, https", "https"),
     ("javascript", "http"), ("wss", "http"), ("", "http")],
)  # fmt: skip
def test_the_scheme_is_http_or_https(proto: str, scheme: str) -> None:
    assert seen("10.0.0.1", proto=proto)["by"] == scheme


def test_a_proxy_may_hand_on_what_the_one_before_it_has_set() -> None:
    found = seen("10.0.0.1", 2, **{"for": "192.0.2.7, 10.0.0.2"}, proto="https")
    assert (found["from"], found["by"]) == ("192.0.2.7", "https")


def test_links_have_the_prefix_and_hosts_are_those_of_the_proxy() -> None:
    app = WSGIDispatcher(
        [Notes],
        proxies=Proxies(trusted=TRUSTED, headers=ALL),
        hosts=["api.example.com", "localhost"],
        debug=True,
    )
    client = Client(app)
    headers = {"X-Forwarded-Prefix": "/api", "X-Forwarded-Host": "api.example.com", "Host": "inner"}
    answer = client.raw("GET", "/", headers=headers, REMOTE_ADDR="10.0.0.1")
    assert answer.json["links"]["notes"] == "/api/notes"
    assert client.raw("GET", "/", headers=headers, REMOTE_ADDR="192.0.2.1").status == 421


@pytest.mark.parametrize("prefix", ["//evil.example", "/\\evil.example", "https://evil.example"])
def test_a_prefix_leads_to_no_other_host(prefix: str) -> None:
    app = WSGIDispatcher([Notes], proxies=Proxies(trusted=TRUSTED, headers=ALL), debug=True)
    headers = {"X-Forwarded-Prefix": prefix}
    answer = Client(app).raw("GET", "/", headers=headers, REMOTE_ADDR="10.0.0.1")
    for link in answer.json["links"].values():
        assert link[0] == "/"
        assert link[1] not in "/\\"


@pytest.mark.parametrize(
    ("proxies", "mistakes"),
    [
        (True, ["proxies must be a Proxies, not True."]),
        (
            Proxies(
                trusted=["10.0.0.1/8", "0.0.0.0/0", "::/0", "evil", "::ffff:10.0.0.0/104",
                         "*", "unix"],
                hops=0,
                headers=["X-Forwarded-Fro", "X-Real-IP"],
            ),
            [
                "proxies.trusted[0]: '10.0.0.1/8' has bits beyond its prefix. Did you mean "
                "'10.0.0.0/8'?",
                "proxies.trusted[1]: '0.0.0.0/0' is everybody, and everybody could write what is "
                "believed.",
                "proxies.trusted[2]: '::/0' is everybody, and everybody could write what is "
                "believed.",
                "proxies.trusted[3]: 'evil' is no address, no network and not 'unix'.",
                "proxies.trusted[4]: '::ffff:10.0.0.0/104' is written as IPv4.",
                "proxies.trusted[5]: '*' is no address, no network and not 'unix'.",
                "proxies.hops: is 1 to 10, not 0.",
                "proxies.headers: 'X-Forwarded-Fro' is none of X-Forwarded-For, "
                "X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Prefix. Did you mean "
                "'X-Forwarded-For'?",
                "proxies.headers: 'X-Real-IP' is none of X-Forwarded-For, X-Forwarded-Proto, "
                "X-Forwarded-Host, X-Forwarded-Prefix.",
                "proxies.hops: which they were is told by X-Forwarded-For alone. Name it in "
                "headers.",
            ],
        ),
        (
            Proxies(trusted=[], headers="X-Forwarded-For"),
            [
                "proxies.trusted: is not a list of networks but [].",
                "proxies.headers: is not a list of headers but 'X-Forwarded-For'.",
            ],
        ),
        (
            Proxies(trusted=["10.0.0.1"], hops=2, headers=["X-Forwarded-Proto"]),
            [
                "proxies.hops: which they were is told by X-Forwarded-For alone. Name it in "
                "headers."
            ],
        ),
        (Proxies(trusted=[7]), ["proxies.trusted[0]: 7 is no text."]),  # type: ignore[list-item]
    ],
)  # fmt: skip
def test_every_mistake_is_named_at_the_start(proxies: Any, mistakes: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        WSGIDispatcher([Notes], proxies=proxies)
    assert list(caught.value.mistakes) == mistakes
