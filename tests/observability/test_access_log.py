"""One line of JSON for each request, however it ends, and nothing secret in it."""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest import models
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.authorization import Scope
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError, ContractError
from openrest.interfaces import Record, User
from openrest.observability import AccessLog
from openrest.query import Query
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse, NdjsonResponse
from tests.contract.client import Client
from tests.needs import fuzzed_in_ci, fuzzing
from tests.observability.watched import Lines, access_lines
from tests.serving.servers import openrest_run

MEMBERS = [
    "time", "method", "operation", "path", "status", "microseconds", "bytes", "complete", "user",
    "request_id", "trace_id", "span_id", "parent_id", "remote",
]  # fmt: skip

USERS: dict[str, User] = {"key of ada": {"id": "ada", "scopes": ["write"]}, "key of 7": {"id": 7}}


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


class Store(PythonListDataStore):
    """One of its records cannot be sent."""

    def stream(self, query: Query) -> Iterator[Record]:
        for record in super().stream(query):
            if record["text"] == "broken":
                raise RuntimeError("the disk is gone")
            yield record


class Plain(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"text": "first"}],
        "model": Note,
        "datastore": Store,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PUT", "DELETE"],
        "options": {"pagination": None},
    }
    view = {"response_class": JsonResponse, "options": {"alternatives": [NdjsonResponse]}}


class Notes(Plain):
    resource, controller, view = Plain.resource, Plain.controller, Plain.view

    @operation("GET", "/failure")
    def fail(self, call: Call) -> Result:
        """Fail."""
        raise ZeroDivisionError("a mistake in a handler")

    @operation("GET", "/lie")
    def lie(self, call: Call) -> Result:
        """Answer what is not declared."""
        return Result(None, 299)


class Guarded(Plain):
    resource = {**Notes.resource, "resource_name": "guarded"}
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": [],
        "options": {
            "authentication": ApiKeyAuthentication(
                lambda digest: next(
                    (u for k, u in USERS.items() if hash_api_key(k) == digest), None
                )
            ),
            "authorization": {"POST": Scope("write")},
        },
    }


@pytest.fixture
def lines() -> Iterator[Lines]:
    with access_lines() as found:
        yield found


def client(access_log: AccessLog | bool = True, *, debug: bool = False) -> Client:
    return Client(WSGIDispatcher([Notes, Guarded], access_log=access_log, debug=debug))


@pytest.mark.parametrize(
    ("method", "target", "status", "operation", "path"),
    [
        ("GET", "/notes/1", 200, "get_notes", "/notes/{id}"),
        ("HEAD", "/notes/1", 200, "get_notes", "/notes/{id}"),
        ("GET", "/notes/2", 404, "get_notes", "/notes/{id}"),
        ("GET", "/notes?secret=1", 422, "list_notes", "/notes"),
        ("POST", "/notes", 415, "create_notes", "/notes"),
        ("OPTIONS", "/notes", 204, None, "/notes"),
        ("PATCH", "/notes", 405, None, "/notes"),
        ("GET", "/nothing", 404, None, None),
        ("BREW", "/notes", 405, None, "/notes"),
        ("GET", "/notes/failure", 500, "fail_notes", "/notes/failure"),
        ("GET", "/notes/lie", 500, "lie_notes", "/notes/lie"),
        ("GET", "/docs", 200, "docs", "/docs"),
    ],
)
def test_each_request_has_one_line_with_its_row_and_status(
    method: str, target: str, status: int, operation: str | None, path: str | None, lines: Lines
) -> None:
    api = client()
    lines.texts.clear()
    answer = api.raw(method, target, b"" if method == "POST" else None, "text/plain")
    assert answer.status == status
    [line] = lines.texts
    found = json.loads(line)
    assert list(found) == MEMBERS
    assert (found["method"], found["status"]) == (method, status)
    assert (found["operation"], found["path"]) == (operation, path)
    assert (found["bytes"], found["complete"]) == (len(answer.data), True)
    assert found["microseconds"] >= 0


def test_its_time_is_that_of_the_request_in_utc(lines: Lines) -> None:
    api = client()
    before = dt.datetime.now(dt.UTC)
    api.get("/notes")
    found = lines.last["time"]
    assert found.endswith("Z")
    assert before <= dt.datetime.fromisoformat(found) <= dt.datetime.now(dt.UTC)


def test_an_error_that_leaves_the_application_has_a_line_too(lines: Lines) -> None:
    api = client(debug=True)
    lines.texts.clear()
    with pytest.raises(ContractError):
        api.raw("GET", "/notes/lie")
    [line] = map(json.loads, lines.texts)
    assert (line["status"], line["complete"], line["bytes"]) == (500, False, 0)


def streaming(*texts: str) -> WSGIDispatcher:
    class Long(Notes):
        resource = {**Notes.resource, "resource": [{"text": text} for text in texts]}

    return WSGIDispatcher([Long], access_log=True, debug=True)


def asked(app: WSGIDispatcher) -> Any:
    """The body of a list in NDJSON, which is a stream, as a server has it."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/notes",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_ACCEPT": "application/x-ndjson",
        "REMOTE_ADDR": "192.0.2.7",
    }
    return app(environ, lambda *_: lambda _: None)


LONG = ["a" * 4000] * 40


def test_a_stream_has_its_line_once_its_last_chunk_is_taken(lines: Lines) -> None:
    body = asked(streaming(*LONG))
    size = len(next(body))
    assert lines.texts == []
    size += sum(map(len, body))
    assert len(lines.texts) == 1
    body.close()
    assert len(lines.texts) == 1
    assert (lines.last["bytes"], lines.last["complete"]) == (size, True)
    assert lines.last["remote"] == "192.0.2.7"


def test_a_stream_that_breaks_off_has_one_line_and_is_not_complete(lines: Lines) -> None:
    body = asked(streaming(*LONG, "broken"))
    sent = []
    with pytest.raises(RuntimeError):
        sent.extend(body)
    body.close()
    body.close()
    assert len(lines.texts) == 1
    assert (lines.last["status"], lines.last["complete"]) == (200, False)


def test_a_client_that_goes_away_has_one_line_with_what_was_sent(lines: Lines) -> None:
    body = asked(streaming(*LONG))
    size = len(next(body))
    body.close()
    assert len(lines.texts) == 1
    assert (lines.last["bytes"], lines.last["complete"]) == (size, False)


def test_of_a_user_it_has_the_id_alone(lines: Lines) -> None:
    api = client()
    for key, user in (("key of ada", "ada"), ("key of 7", "7")):
        api.get("/guarded", **{"X-API-Key": key})
        assert lines.last["user"] == user
        assert key not in lines.texts[-1]
    assert "scopes" not in "".join(lines.texts)


def test_who_may_not_is_named_and_who_is_not_known_is_nobody(lines: Lines) -> None:
    api = client()
    answer = api.send("POST", "/guarded", {"text": "a"}, headers={"X-API-Key": "key of 7"})
    assert (answer.status, lines.last["status"], lines.last["user"]) == (403, 403, "7")
    answer = api.send("POST", "/guarded", {"text": "a"}, headers={"X-API-Key": "a wrong one"})
    assert (answer.status, lines.last["status"], lines.last["user"]) == (401, 401, None)
    assert "wrong one" not in lines.texts[-1]


def test_it_has_the_name_of_the_request_that_something_in_front_gave_it(lines: Lines) -> None:
    environ: dict[str, Any] = {"openrest.request_id": "7f3a"}
    client().raw("GET", "/notes", **environ)
    assert lines.last["request_id"] == "7f3a"


def test_it_has_the_path_that_was_asked_for_where_that_is_wanted_and_never_the_query(
    lines: Lines,
) -> None:
    api = client(AccessLog(target=True))
    api.raw("GET", "/notes/%C3%A9%0A?token=secret")
    assert lines.last["target"] == "/notes/%C3%A9%0A"
    assert "secret" not in lines.texts[-1]
    client().raw("GET", "/notes/secret")
    assert "secret" not in lines.texts[-1]


#: What begins a line, clears a screen, hides or turns round a text, or is no text at all.
BREAKING = [
    "a\r\nb",
    "a\x1b[2Jb",
    "a\x9b31mb",
    "a\u2028b",
    "a\u202eb",
    "a\x00b",
    "a\ud800b",
    "a\x7f",
]


@pytest.mark.parametrize("text", BREAKING)
def test_nothing_that_is_sent_breaks_a_line(text: str, lines: Lines) -> None:
    api = client(AccessLog(target=True))
    USERS["key of a breaker"] = {"id": text}
    environ: dict[str, Any] = {"REMOTE_ADDR": text, "openrest.request_id": text}
    try:
        api.raw("GET", "/guarded", headers={"X-API-Key": "key of a breaker"}, **environ)
        # PEP 3333: what is sent is bytes, each of them a character.
        sent = text.encode("utf-8", "surrogatepass").decode("latin-1")
        api.raw(sent, "/guarded", **environ)
        api.raw("GET", "/", PATH_INFO=f"/{sent}", **environ)
    finally:
        del USERS["key of a breaker"]
    for line in lines.texts:
        assert line.isprintable()
        line.encode("utf-8")
        json.loads(line)
    assert lines.last["remote"] == text.encode("unicode_escape").decode()


ANY_BYTES = st.text(st.characters(max_codepoint=255))
WATCHED = client(AccessLog(target=True))


@fuzzing
@given(ANY_BYTES, st.text(st.characters()), ANY_BYTES)
def test_no_text_breaks_a_line(method: str, user: str, path: str) -> None:
    api = WATCHED
    USERS["key of anybody"] = {"id": user}
    with access_lines() as found:
        api.raw("GET", "/guarded", headers={"X-API-Key": "key of anybody"})
        api.raw(method, "/", PATH_INFO=path)
    for line in found.texts:
        assert line.isprintable()
        assert len(line) < 5000
        json.loads(line)


def test_long_texts_are_cut(lines: Lines) -> None:
    api = client(AccessLog(target=True))
    api.raw("X" * 9000, "/" + "y" * 9000, REMOTE_ADDR="z" * 9000)
    assert lines.last["method"] == "X" * 40
    assert lines.last["target"] == "/" + "y" * 999
    assert lines.last["remote"] == "z" * 200


def test_none_is_written_unless_it_is_wanted(lines: Lines) -> None:
    client(False).get("/notes")
    with access_lines(logging.WARNING) as quiet:
        client().get("/notes")
    assert lines.texts == quiet.texts == []


@pytest.mark.parametrize("wrong", ["yes", 1, None, logging.getLogger()])
def test_what_is_no_access_log_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError) as refused:
        client(wrong)
    said = f"access_log must be True, False or an AccessLog, not {wrong!r}."
    assert refused.value.mistakes == (said,)


def test_what_is_no_choice_of_a_target_is_refused() -> None:
    with pytest.raises(ValueError, match="target is True or False, not 'path'"):
        AccessLog(target="path")  # type: ignore[arg-type]


@fuzzed_in_ci
def test_schemathesis_finds_no_difference_where_somebody_watches() -> None:
    app = WSGIDispatcher([Plain], access_log=True, traces=True, debug=True)
    with access_lines() as found:
        check_contract(app, examples=5, seed=1)
    assert len(found.texts) > 10
    for line in found.texts:
        assert list(json.loads(line)) == MEMBERS


APP = """
from examples.address import ApiApp
from openrest.controllers import WSGIDispatcher

app = WSGIDispatcher([ApiApp], access_log=True)
"""


def test_openrest_run_writes_it_to_standard_output_and_nothing_else_to_it(tmp_path: Path) -> None:
    (tmp_path / "watched.py").write_text(APP)
    with openrest_run(tmp_path, "watched:app") as server:
        assert server.ask("GET", "/address/1").status == 200
        assert server.ask("DELETE", "/address").status == 405
        assert server.process.stdout is not None
        written = [json.loads(server.process.stdout.readline()) for _ in range(2)]
    assert [(line["path"], line["status"]) for line in written] == [
        ("/address/{id}", 200), ("/address", 405),
    ]  # fmt: skip
    assert [line["remote"] for line in written] == ["127.0.0.1", "127.0.0.1"]
    assert server.logged() == ""
