"""What attackers try at the edge of an API, each with what comes of it: nothing."""

import gzip
import json
import logging
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest import models
from openrest.contract import Header, Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare, operation
from openrest.datastore import PythonListDataStore
from openrest.edge import CORS
from openrest.errors import ContractError
from openrest.models import shapes as s
from openrest.pagination import Pagination
from openrest.views import JsonResponse, MessagePackResponse, XmlResponse, YamlResponse
from tests.contract.client import Answer, Client

EVIL = "evil.example"
#: What may stand in a header: no end of a line, and nothing that a terminal heeds.
PLAIN = re.compile(r"[\x20-\x7e]*")


class Note(models.Model):
    name = models.StringPkField()
    text = models.StringField()


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"name": "a", "text": "one"}, {"name": "b", "text": "two"}],
        "model": Note,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PUT", "DELETE"],
        "options": {"pagination": Pagination(1, max_limit=10)},
    }
    view = {
        "response_class": JsonResponse,
        "options": {
            "alternatives": [XmlResponse, YamlResponse, MessagePackResponse],
            "formatters": ["add_resource_uri"],
        },
    }

    @operation(
        "GET",
        "/failing/{text}",
        parameters=[Parameter(name="text", location="path", shape=s.String(), required=True)],
    )
    def failure(self, call: Call) -> Result:
        """Fail."""
        raise ZeroDivisionError

    @declare(headers=[Header(name="X-Text", shape=s.String(), required=False)])
    def get(self, call: Call) -> Result:
        """Put what somebody has stored into a header, as no handler should."""
        record = self.store.get(call.key)
        copied = record["text"] if record["name"].startswith("header") else "a"
        return Result(record, headers=[("X-Text", copied)])


def make(**options: Any) -> WSGIDispatcher:
    options = {"request_ids": True, "debug": False, **options}
    return WSGIDispatcher([Notes], cors=CORS(origins=["https://app.example"]), **options)


APP = make()


@pytest.fixture
def api() -> Client:
    return Client(make())


def create(api: Client, name: str, text: str = "") -> Answer:
    return api.post("/notes", {"name": name, "text": text})


# Whoever says for which host a request is, has no say in what is answered.


@pytest.mark.parametrize(
    "forged",
    [
        {"Host": EVIL},
        {"Host": f"localhost:80@{EVIL}"},
        {"Host": "localhost", "X-Forwarded-Host": EVIL},
        {"Host": "localhost", "Forwarded": f"host={EVIL};proto=https"},
        {"Host": "localhost", "X-Forwarded-Prefix": f"//{EVIL}"},
        {"Host": "localhost", "X-Original-URL": f"//{EVIL}/", "X-Rewrite-URL": f"//{EVIL}/"},
        {"Host": "localhost", "X-Forwarded-Server": EVIL, "X-Host": EVIL},
    ],
)
def test_no_link_leads_to_another_host(api: Client, forged: dict[str, str]) -> None:
    answers = [
        api.raw("GET", "/notes?limit=1", headers=forged),
        api.raw("POST", "/notes", b'{"name": "c"}', headers=forged),
        api.raw("GET", "/notes/a", headers=forged),
        api.raw("GET", "/", headers=forged),
        api.raw("GET", "/", headers={**forged, "Accept": "text/html"}),
        api.raw("GET", "/openapi.json", headers=forged),
        api.raw("GET", "/nothing", headers=forged),
    ]
    for answer in answers:
        assert EVIL not in f"{answer.headers} {answer.data!r}"
    assert [answer.status for answer in answers] == [200, 201, 200, 200, 303, 200, 404]


@pytest.mark.parametrize("root", [f"//{EVIL}", f"///{EVIL}", f"/\\{EVIL}", f"\\\\{EVIL}"])
def test_a_redirection_stays_on_this_host_wherever_the_api_is_mounted(root: str) -> None:
    client = Client(make())
    answer = client.raw("GET", "/", headers={"Accept": "text/html"}, SCRIPT_NAME=root)
    assert answer.status == 303
    assert re.match(r"/[^/\\]", answer.headers["Location"])


@pytest.mark.parametrize(
    "target",
    [f"//{EVIL}", f"//{EVIL}/..", f"/\\{EVIL}", f"///{EVIL}", f"/%2f{EVIL}", f"/%5c{EVIL}",
     f"//{EVIL}/notes", "/.//notes", "/https://evil.example"],
)  # fmt: skip
def test_no_address_is_a_redirection(api: Client, target: str) -> None:
    for accept in ("*/*", "text/html"):
        answer = api.raw("GET", target, headers={"Accept": accept})
        assert (answer.status, "Location" in answer.headers) == (404, False)


# No input puts a line of its own into the headers.

INJECTIONS = [
    "a\r\nSet-Cookie: sid=1",
    "a\nSet-Cookie: sid=1",
    "a\r\n\r\n<script>",
    "a\u2028Set-Cookie: sid=1",
    # As Latin-1 its last byte would be the end of a line.
    "a\u560a\u560dSet-Cookie: sid=1",
    "a\x00b",
    "a\x1b[2Jb",
    "a\x85b",
]


def quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def check_headers(answer: Answer) -> None:
    for name, value in answer.headers.items():
        assert PLAIN.fullmatch(name)
        assert PLAIN.fullmatch(value), (name, value)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_input_ends_a_line_of_the_headers(api: Client, text: str) -> None:
    check_headers(create(api, text))
    check_headers(api.raw("GET", f"/notes/{quoted(text)}"))
    check_headers(api.raw("GET", f"/{quoted(text)}"))
    check_headers(api.raw("GET", f"/notes?text={quoted(text)}&limit=1"))
    check_headers(api.raw("GET", f"/notes?{quoted(text)}=1"))
    check_headers(api.raw(text, "/notes"))
    for name in ("X-Request-ID", "Origin", "Accept", "Accept-Encoding", "Host", "If-None-Match",
                 "Access-Control-Request-Method", "Content-Encoding", "Cookie"):  # fmt: skip
        for method in ("GET", "OPTIONS", "POST"):
            check_headers(api.raw(method, "/notes", b"{}", headers={name: text}))
    check_headers(api.raw("POST", "/notes", b"{}", content_type=text))
    check_headers(api.raw("GET", "/", headers={"Accept": "text/html"}, SCRIPT_NAME=f"/{text[:1]}"))


@given(st.text(), st.sampled_from(["path", "query", "X-Request-ID", "Origin", "Accept"]))
def test_no_text_does(text: str, place: str) -> None:
    client = CLIENT
    safe = quoted(text.encode(errors="replace").decode())
    match place:
        case "path":
            check_headers(client.raw("GET", f"/notes/{safe}"))
        case "query":
            check_headers(client.raw("GET", f"/notes?text={safe}"))
        case _:
            check_headers(client.raw("GET", "/notes", headers={place: text}))


CLIENT = Client(APP)


@pytest.mark.parametrize("text", [t for t in INJECTIONS if not re.fullmatch(r"[\x20-\xff]*", t)])
def test_a_handler_that_copies_what_is_stored_into_a_header_is_stopped(text: str) -> None:
    if "\x00" in text:
        pytest.skip("no text of a model has a NUL")
    client = Client(make())
    create(client, "header", text)
    answer = client.get("/notes/header")
    assert (answer.status, "X-Text" in answer.headers) == (500, False)
    strict = Client(make(debug=True))
    create(strict, "header", text)
    with pytest.raises(ContractError, match="X-Text with characters that no header may have"):
        strict.get("/notes/header")


# What is asked for is the method and the path, and nothing else.


@pytest.mark.parametrize(
    "name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method"]
)
def test_no_header_makes_another_method_of_it(api: Client, name: str) -> None:
    for method in ("GET", "POST"):
        api.raw(method, "/notes/a", b"{}", headers={name: "DELETE"})
    assert api.get("/notes/a").status == 200


def test_no_parameter_does(api: Client) -> None:
    assert api.get("/notes/a?_method=DELETE").status == 422
    assert api.raw("POST", "/notes/a?_method=DELETE", b"_method=DELETE").status == 405
    assert api.get("/notes/a").status == 200


@pytest.mark.parametrize(
    "target",
    [
        "/..%2fnotes", "/%2e%2e/notes", "/../notes", "/./notes", "//notes", "/notes//", "/notes/",
        "/notes;a=1", "/notes;/a", "/notes%00", "/notes%2f", "/NOTES", "/notes%20",
        "/notes/a/", "/notes/a/..", "/notes/..%2fnotes", "/docs/../notes", "/docs/%2e%2e/notes",
        "/docs/..%2f..%2fetc%2fpasswd", "/docs/swagger-ui.css%00.html", "/docs/swagger-ui.css/",
        "/schema/../notes", "/schema/..%2fnotes", "/notes.json", "/notes/a%00", "/notes/%00",
        # Slash and dot in more bytes than UTF-8 has for them.
        "/notes%c0%af", "/%c0%ae%c0%ae/notes", "/notes/%c0%af", "/notes/%e0%80%af", "/notes/%ff",
        "/\uff4eotes", "/notes/\uff41",
    ],
)  # fmt: skip
def test_each_address_has_one_spelling_and_any_other_is_404(api: Client, target: str) -> None:
    answer = api.raw("GET", target)
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_an_escaped_slash_is_a_slash_as_wsgi_has_it(api: Client) -> None:
    # PEP 3333 hands on a path that is decoded. So this is the same object, with all its checks.
    assert api.raw("GET", "/notes%2fa").json == api.get("/notes/a").json


def test_a_key_with_a_slash_in_it_is_not_a_way_to_another_object(api: Client) -> None:
    create(api, "../notes/a", "mine")
    place = "/notes/..%2Fnotes%2Fa"
    assert api.raw("DELETE", place).status == 404
    assert api.get("/notes/a").json["text"] == "one"


# A few bytes do not become many.


def test_nothing_is_decompressed(api: Client) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    for coding in ("gzip", "deflate", "br", "zstd", "gzip, gzip", "x"):
        answer = api.raw("POST", "/notes", bomb, headers={"Content-Encoding": coding})
        api.check("POST", "/notes", answer)
        assert answer.status == 415
        assert answer.headers["Accept-Encoding"] == "identity"
        assert answer.errors == [{"header": "Content-Encoding", "detail": "must be identity"}]


def test_what_is_sent_as_it_is_may_say_so(api: Client) -> None:
    headers = {"Content-Encoding": "identity"}
    assert api.raw("POST", "/notes", b'{"name": "c"}', headers=headers).status == 201


def test_no_xml_is_read(api: Client) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>'
    for media_type in ("application/xml", "text/xml", "application/json+xml"):
        assert api.raw("POST", "/notes", bomb, media_type).status == 415


def test_no_alias_of_yaml_is_followed(api: Client) -> None:
    lines = ["a: &a [x, x]", *(f"{c}: &{c} [*{p}, *{p}]" for p, c in ("ab", "bc", "cd", "de"))]
    bomb = "\n".join(lines).encode()
    answer = api.raw("POST", "/notes", bomb, "application/yaml")
    assert answer.status == 400
    assert "an anchor or an alias" in answer.json["detail"]


@pytest.mark.parametrize(
    "data",
    [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\x91" * 100],
)
def test_no_length_of_messagepack_is_believed(api: Client, data: bytes) -> None:
    assert api.raw("POST", "/notes", data, "application/vnd.msgpack").status == 400


def test_of_a_hundred_thousand_names_a_hundred_are_told(api: Client) -> None:
    body = {"name": "c", **{f"n{number}": 0 for number in range(80_000)}}
    answer = api.raw("POST", "/notes", json.dumps(body, separators=(",", ":")).encode())
    assert (answer.status, len(answer.errors)) == (422, 100)


# The log shows what happened, and not what somebody likes to be read there.


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_address_ends_a_line_of_the_log(text: str, caplog: pytest.LogCaptureFixture) -> None:
    if "\x00" in text:
        pytest.skip("no key has a NUL")
    with caplog.at_level(logging.DEBUG):
        answer = CLIENT.raw("GET", f"/notes/failing/{quoted(text)}", headers={"X-Request-ID": text})
    assert answer.status == 500
    assert len(caplog.messages) == 1
    assert PLAIN.fullmatch(caplog.messages[0])


# Other sites.


@given(st.text(), st.sampled_from(["", "https://", "https://app.example", "https://app.example."]))
def test_no_origin_is_repeated_but_the_one_that_is_named(text: str, start: str) -> None:
    origin = start + text
    answer = CLIENT.raw("GET", "/notes", headers={"Origin": origin})
    allowed = answer.headers.get("Access-Control-Allow-Origin")
    assert allowed == ("https://app.example" if origin == "https://app.example" else None)
