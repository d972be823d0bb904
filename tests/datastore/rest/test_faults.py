"""What an upstream can do wrong, by a server that does just that."""

from __future__ import annotations

import gzip
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from typing import Any

import pytest

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import OverlayDataStore, RestDataStore, Upstream
from openrest.errors import (
    ContractError,
    RecordConflict,
    RecordNotFound,
    RecordRefused,
    StoreUnavailable,
    UpstreamFailed,
    UpstreamTimedOut,
)
from openrest.query import Query
from openrest.store_time import NO_TIME_LEFT, TIME_IS_UP
from openrest.views import JsonResponse
from tests.contract.client import Client


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


#: What a server does with a connection, once it has read a request: the bytes of it are given.
Act = Callable[[socket.socket, bytes], None]


def reply(
    body: Any = None,
    status: str = "200 OK",
    *headers: str,
    data: bytes | None = None,
    length: int | None = None,
) -> Act:
    """Answers with a body, of which it says another length than it has where one is given."""
    sent = json.dumps(body).encode() if data is None else data
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(sent) if length is None else length}"]
    if not any(header.startswith("Content-Type:") for header in headers):
        lines.append("Content-Type: application/json")
    head = "\r\n".join([*lines, *headers, "", ""]).encode()

    def act(connection: socket.socket, request: bytes) -> None:
        connection.sendall(head + sent)

    return act


def drip(connection: socket.socket, request: bytes) -> None:
    with suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
        connection.sendall(b"Content-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.05)


def drip_header(connection: socket.socket, request: bytes) -> None:
    with suppress(OSError):
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)


def hang(connection: socket.socket, request: bytes) -> None:
    time.sleep(3)


def close(connection: socket.socket, request: bytes) -> None:
    connection.close()


class Scripted:
    """A server that does with each request what comes next in its script; the last for all more."""

    def __init__(self, *script: Act) -> None:
        self.script = list(script)
        self.requests: list[bytes] = []
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/notes"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while request := self._read(connection):
                self.requests.append(request)
                act = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                act(connection, request)

    def _read(self, connection: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return b""
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # close() alone leaves who waits in accept()
        self._socket.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Scripted]]:
    servers: list[Scripted] = []

    def make(*script: Act) -> Scripted:
        servers.append(Scripted(*script))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def store_of(
    server: Scripted, clock: Callable[[], float] = time.monotonic, **options: Any
) -> RestDataStore:
    upstream = Upstream(writes=True)
    return RestDataStore({"url": server.url, "upstream": upstream, **options}, Note, clock=clock)


def methods(server: Scripted) -> list[str]:
    return [request.split(b" ")[0].decode() for request in server.requests]


NOTES = [{"id": 1, "text": "a"}]


@pytest.mark.parametrize("act", [drip, drip_header, hang], ids=["body", "header", "nothing"])
def test_a_call_is_over_in_its_time_however_slowly_the_answer_comes(
    act: Act, serve: Callable[..., Scripted]
) -> None:
    store = store_of(serve(act), seconds=0.3)
    start = time.monotonic()
    with pytest.raises(UpstreamTimedOut, match="no answer within 0.3 s"):
        store.find(Query())
    assert time.monotonic() - start < 2


def test_a_call_takes_no_longer_than_its_request_may(serve: Callable[..., Scripted]) -> None:
    store = store_of(serve(hang), seconds=30)
    start = time.monotonic()
    token = TIME_IS_UP.set(start + 0.3)
    with pytest.raises(UpstreamTimedOut, match="no answer within 0.3 s"):
        store.find(Query())
    with pytest.raises(StoreUnavailable, match=NO_TIME_LEFT):
        store.find(Query())
    TIME_IS_UP.reset(token)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (reply(data=b"<html>", status="200 OK"), "is no JSON"),
        (
            reply([], "200 OK", "Content-Type: text/html; charset=utf-8"),
            "is text/html instead of JSON",
        ),
        (
            reply([], "302 Found", "Location: http://elsewhere.example/"),
            "a redirection to http://elsewhere.example/, which is not followed",
        ),
        (reply(NOTES, length=1000), "IncompleteRead"),
        (reply(data=b'[{"id":1,"id":2}]'), "is no JSON"),
        (reply(data=b"[" * 5000 + b"]" * 5000), "is no JSON"),
        (reply({"notes": []}), "has no array of objects at the top"),
        (reply([], "401 Unauthorized"), "see to the credentials"),
        (reply([], "404 Not Found"), "is 404"),
        (reply([], "500 Internal Server Error"), "answers 500"),
        (reply(NOTES, "200 OK", "Content-Encoding: gzip"), "failed to decode it"),
        (close, "closed"),
        (
            lambda connection, _: connection.sendall(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n[]\r\n"
            ),
            "GET",
        ),
        (lambda connection, _: connection.sendall(b"SSH-2.0-OpenSSH\r\n\r\n"), "SSH"),
    ],
)
def test_an_answer_that_is_none_is_a_failure_of_the_upstream(
    act: Act, said: str, serve: Callable[..., Scripted]
) -> None:
    def and_close(connection: socket.socket, request: bytes) -> None:
        with closing(connection):
            act(connection, request)

    with pytest.raises(UpstreamFailed) as failed:
        store_of(serve(and_close), seconds=2, retries=0).find(Query())
    assert said in str(failed.value)


@pytest.mark.parametrize(
    "act",
    [
        reply(data=b" " * 3000 + b"[]"),
        reply(data=gzip.compress(b" " * 3000), status="200 OK", length=None),
    ],
    ids=["plain", "compressed"],
)
def test_a_body_is_read_no_further_than_its_bound(act: Act, serve: Callable[..., Scripted]) -> None:
    bomb = reply(None, "200 OK", "Content-Encoding: gzip", data=gzip.compress(b" " * 50_000_000))
    for one in (act, bomb):
        with pytest.raises(UpstreamFailed):
            store_of(serve(one), max_bytes=1000).find(Query())


def test_what_is_too_long_leaves_no_connection_in_use(serve: Callable[..., Scripted]) -> None:
    server = serve(reply(data=b" " * 3000 + b"[]"))
    store = store_of(server, max_bytes=1000, connections=1)
    for _ in range(3):
        with pytest.raises(UpstreamFailed, match="more than 1000 bytes"):
            store.find(Query())


def test_bytes_behind_an_answer_are_not_the_next_answer(serve: Callable[..., Scripted]) -> None:
    forged = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
    good = json.dumps(NOTES).encode()
    server = serve(reply(data=good + forged, length=len(good)), reply(NOTES))
    store = store_of(server)
    assert store.find(Query()) == NOTES
    time.sleep(0.05)
    assert store.find(Query()) == NOTES


def test_a_read_is_repeated_after_a_passing_failure(serve: Callable[..., Scripted]) -> None:
    server = serve(close, reply(status="503 Service Unavailable"), reply(NOTES))
    assert store_of(server).find(Query()) == NOTES
    assert methods(server) == ["GET", "GET", "GET"]


@pytest.mark.parametrize("act", [close, reply(status="503 Service Unavailable")])
def test_a_write_is_not_repeated_once_it_was_sent(act: Act, serve: Callable[..., Scripted]) -> None:
    server = serve(act)
    with pytest.raises(StoreUnavailable):
        store_of(server).insert({"text": "a"})
    assert methods(server) == ["POST"]


def test_a_write_is_repeated_where_nothing_was_sent(serve: Callable[..., Scripted]) -> None:
    server = serve(reply({"id": 7, "text": "a"}, "201 Created"))
    port = int(server.url.split(":")[2].split("/")[0])
    server.close()
    store = store_of(server, retries=10)
    timer = threading.Timer(0.3, lambda: setattr(server, "_socket", again(port)))
    timer.start()

    def again(port: int) -> socket.socket:
        made = socket.create_server(("127.0.0.1", port))
        server._socket = made
        threading.Thread(target=server._accept, daemon=True).start()
        return made

    assert store.insert({"text": "a"}) == {"id": 7, "text": "a"}
    assert methods(server) == ["POST"]


def test_a_server_that_asks_for_patience_is_given_it(serve: Callable[..., Scripted]) -> None:
    server = serve(reply([], "503 Service Unavailable", "Retry-After: 30"))
    with pytest.raises(StoreUnavailable) as away:
        store_of(server, seconds=1).find(Query())
    assert (away.value.retry_after, len(server.requests)) == (30, 1)


def test_nobody_there_is_away(serve: Callable[..., Scripted]) -> None:
    server = serve(hang)
    server.close()
    with pytest.raises(StoreUnavailable, match="refused"):
        store_of(server).find(Query())


def test_all_connections_in_use_is_away(serve: Callable[..., Scripted]) -> None:
    store = store_of(serve(reply(NOTES)), connections=1, seconds=0.2)
    with store._client._free, pytest.raises(StoreUnavailable, match="connections are in use"):
        store.find(Query())
    assert store.find(Query()) == NOTES


def test_whoever_waits_for_a_connection_has_no_more_time(serve: Callable[..., Scripted]) -> None:
    store = store_of(serve(hang), connections=1, seconds=1)
    errors: list[StoreUnavailable] = []

    def get() -> None:
        with pytest.raises(StoreUnavailable) as away:
            store.get(1)
        errors.append(away.value)

    threads = [threading.Thread(target=get) for _ in range(4)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 4 and UpstreamTimedOut in map(type, errors)
    assert time.monotonic() - start < 3  # each after the other would be 4 s


def test_who_fails_again_and_again_is_left_alone_for_a_while(
    serve: Callable[..., Scripted],
) -> None:
    now = [100.0]
    server = serve(*[reply(status="500 Oops")] * 4, reply(NOTES))
    store = store_of(server, lambda: now[0], retries=0, failures=3, pause=10)
    for _ in range(3):
        with pytest.raises(UpstreamFailed):
            store.find(Query())
    now[0] += 2.5
    with pytest.raises(StoreUnavailable, match="left alone for now") as alone:
        store.find(Query())
    assert (alone.value.retry_after, len(server.requests)) == (8, 3)
    now[0] += 8
    with pytest.raises(UpstreamFailed):  # a trial, which begins the pause anew
        store.find(Query())
    with pytest.raises(StoreUnavailable, match="left alone for now"):
        store.find(Query())
    now[0] += 11
    assert store.find(Query()) == NOTES
    assert store.find(Query()) == NOTES


def test_a_refusal_is_no_failure(serve: Callable[..., Scripted]) -> None:
    store = store_of(serve(reply([], "404 Not Found")), failures=1)
    for _ in range(3):
        with pytest.raises(RecordNotFound):
            store.get(1)


def test_an_answer_that_has_not_changed_is_not_sent_again(serve: Callable[..., Scripted]) -> None:
    server = serve(
        reply(NOTES, "200 OK", 'ETag: "one"'),
        reply(None, "304 Not Modified", 'ETag: "one"', data=b""),
        reply([], "200 OK", 'ETag: "two"'),
    )
    store = store_of(server)
    assert [store.find(Query()) for _ in range(3)] == [NOTES, NOTES, []]
    asked = [b'If-None-Match: "one"' in request for request in server.requests]
    assert asked == [False, True, True]


def test_what_is_not_to_be_kept_is_not(serve: Callable[..., Scripted]) -> None:
    server = serve(reply(NOTES, "200 OK", 'ETag: "one"', "Cache-Control: private, No-Store"))
    store = store_of(server)
    assert [store.find(Query()) for _ in range(2)] == [NOTES, NOTES]
    assert not any(b"If-None-Match" in request for request in server.requests)


def test_an_object_is_the_one_that_was_asked_for(serve: Callable[..., Scripted]) -> None:
    store = store_of(serve(tagged('"one"')))
    with pytest.raises(UpstreamFailed, match="of 2 is about 1"):
        store.get(2)


def test_an_object_is_not_asked_for_in_a_coding_that_would_cost_its_etag(
    serve: Callable[..., Scripted],
) -> None:
    server = serve(tagged('"one"'), reply(NOTES))
    store_of(server).get(1)
    store_of(server).find(Query())
    codings = [b"Accept-Encoding: gzip" in request for request in server.requests]
    assert codings == [False, True]


def test_no_more_is_kept_than_fits(serve: Callable[..., Scripted]) -> None:
    server = serve(reply(NOTES, "200 OK", 'ETag: "one"'))
    store = store_of(server, cache_bytes=0)
    for _ in range(2):
        assert store.find(Query()) == NOTES
    assert not any(b"If-None-Match" in request for request in server.requests)


def tagged(etag: str, text: str = "a") -> Act:
    return reply({"id": 1, "text": text}, "200 OK", f"ETag: {etag}")


def changed(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "text": record["text"] + "!"}


def test_a_change_that_somebody_forestalled_begins_anew(serve: Callable[..., Scripted]) -> None:
    server = serve(
        tagged('"one"'),
        reply(status="412 Precondition Failed"),
        tagged('"two"', "b"),
        reply({"id": 1, "text": "b!"}),
    )
    assert store_of(server).update(1, changed) == {"id": 1, "text": "b!"}
    assert methods(server) == ["GET", "PUT", "GET", "PUT"]
    puts = [request for request in server.requests if request.startswith(b"PUT")]
    assert [b'If-Match: "one"' in puts[0], b'If-Match: "two"' in puts[1]] == [True, True]
    assert puts[1].endswith(b'{"text":"b!"}')


def test_a_change_begins_anew_as_often_as_its_time_allows(serve: Callable[..., Scripted]) -> None:
    forestalled = [tagged('"one"'), reply(status="412 Precondition Failed")] * 25
    server = serve(*forestalled, tagged('"two"', "b"), reply({"id": 1, "text": "b!"}))
    assert store_of(server).update(1, changed) == {"id": 1, "text": "b!"}


def test_a_change_that_is_always_forestalled_ends_with_its_time(
    serve: Callable[..., Scripted],
) -> None:
    def late(connection: socket.socket, request: bytes) -> None:
        time.sleep(0.15)
        refuse = reply(status="412 Precondition Failed")
        (tagged('"one"') if request.startswith(b"GET") else refuse)(connection, request)

    server = serve(late)
    with pytest.raises(StoreUnavailable, match="too many write at the same time"):
        store_of(server, seconds=0.5).update(1, changed)
    assert len(server.requests) <= 6


@pytest.mark.parametrize(
    "act",
    [reply({"id": 1, "text": "a"}), tagged('W/"weak"'), tagged('"a","b"'), tagged('"a"b"')],
)
def test_without_a_strong_etag_nothing_is_changed(act: Act, serve: Callable[..., Scripted]) -> None:
    server = serve(act)
    with pytest.raises(UpstreamFailed, match="has no strong ETag"):
        store_of(server).update(1, changed)
    assert methods(server) == ["GET"]


def problem(*pointers: str) -> dict[str, Any]:
    return {"detail": "secret", "errors": [{"pointer": pointer} for pointer in pointers]}


@pytest.mark.parametrize(
    ("act", "kind", "members"),
    [
        (reply(problem("#/text"), "422 Unprocessable Content"), RecordRefused, ("text",)),
        (reply(problem("#/text"), "409 Conflict"), RecordRefused, ("text",)),
        (reply(problem(), "400 Bad Request"), RecordRefused, ()),
        (reply(data=b"no", status="422 Unprocessable Content"), RecordRefused, ()),
        (reply(problem("#/id"), "409 Conflict"), RecordConflict, ("id",)),
    ],
)
def test_a_refusal_names_the_fields_and_not_the_words_of_the_upstream(
    act: Act, kind: type[RecordConflict], members: Sequence[str], serve: Callable[..., Scripted]
) -> None:
    with pytest.raises(kind) as refused:
        store_of(serve(act)).insert({"text": "a"})
    assert type(refused.value) is kind
    assert refused.value.members == members
    assert "secret" not in str(refused.value) + repr(refused.value.details)


def test_an_object_that_is_nowhere_is_a_failure(serve: Callable[..., Scripted]) -> None:
    for place in ("http://[", "http://elsewhere.example/notes/5"):
        server = serve(reply(None, "201 Created", f"Location: {place}", data=b""))
        with pytest.raises(UpstreamFailed, match="gives neither the object nor where it is"):
            store_of(server).insert({"text": "a"})
        assert methods(server) == ["POST"]


def test_headers_that_are_none_are_not_shown(serve: Callable[..., Scripted]) -> None:
    store = store_of(serve(reply([])), headers=lambda: {"Authorization": "secret\r\n"})
    with pytest.raises(ContractError) as refused:
        store.find(Query())
    assert "secret" not in str(refused.value)


def test_an_object_that_is_not_in_the_answer_is_where_it_says(
    serve: Callable[..., Scripted],
) -> None:
    server = serve(
        reply(None, "201 Created", "Location: /notes/5", data=b""), reply({"id": 5, "text": "a"})
    )
    assert store_of(server).insert({"text": "a"}) == {"id": 5, "text": "a"}
    assert server.requests[1].startswith(b"GET /notes/5 ")


def test_headers_go_with_each_request_and_into_no_message(
    serve: Callable[..., Scripted], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    server = serve(reply([], "403 Forbidden"))
    tokens = iter(["first", "second"])
    store = store_of(server, headers=lambda: {"Authorization": f"Bearer {next(tokens)}"})
    said = []
    for _ in range(2):
        with pytest.raises(UpstreamFailed) as failed:
            store.find(Query())
        said.append(str(failed.value))
    assert b"Authorization: Bearer first" in server.requests[0]
    assert b"Authorization: Bearer second" in server.requests[1]
    assert "Bearer" not in "".join(said) + caplog.text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_has_connections_of_its_own(serve: Callable[..., Scripted]) -> None:
    server = serve(reply(NOTES))
    store = store_of(server)
    assert store.find(Query()) == NOTES
    pid = os.fork()
    if not pid:
        os._exit(0 if store.find(Query()) == NOTES else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert store.find(Query()) == NOTES
    assert (server.connections, len(server.requests)) == (2, 3)


def api(server: Scripted, **options: Any) -> WSGIDispatcher:
    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": {"url": server.url, "upstream": Upstream(writes=True), **options},
            "model": Note,
            "datastore": RestDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        }
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Notes], debug=True)


@pytest.mark.parametrize(
    ("act", "status", "detail"),
    [
        (close, 502, "The server that keeps the data failed."),
        (hang, 504, "The server that keeps the data has not answered in time."),
        (reply(status="429 Slow down"), 503, "The data cannot be reached for now."),
        (reply(status="502 Bad"), 502, "The server that keeps the data failed."),
        (reply(status="504 Late"), 504, "The server that keeps the data has not answered in time."),
        (reply(status="404 Not Found"), 404, "There is no record with the key 1."),
    ],
)
def test_failures_of_an_upstream_have_statuses_of_their_own(
    act: Act, status: int, detail: str, serve: Callable[..., Scripted]
) -> None:
    client = Client(api(serve(act), seconds=0.3, retries=0))
    for answer in (client.get("/notes/1"), client.delete("/notes/1")):
        assert (answer.status, answer.json["detail"]) == (status, detail)


def test_what_the_upstream_refuses_is_a_conflict(serve: Callable[..., Scripted]) -> None:
    client = Client(api(serve(reply(problem("#/text"), "422 No"))))
    answer = client.post("/notes", {"text": "a"})
    assert answer.status == 409
    assert answer.json["detail"] == "The server that keeps the data does not take this."
    assert answer.json["errors"] == [
        {"pointer": "#/text", "detail": "is refused by the server that keeps the data"}
    ]


def test_an_operation_of_ones_own_announces_what_the_upstream_refuses(
    serve: Callable[..., Scripted],
) -> None:
    server = serve(reply(problem("#/text"), "422 No"))

    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": {"url": server.url, "upstream": Upstream(writes=True)},
            "model": Note,
            "datastore": RestDataStore,
        }
        controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse}

        @operation("POST", "/copy", status=201)
        def copy(self, call: Call) -> Result:
            return Result(self.insert(call, {"text": "a"}), 201)

    answer = Client(WSGIDispatcher([Notes], debug=True)).send("POST", "/notes/copy")
    assert answer.status == 409


def test_an_overlay_over_an_upstream_announces_its_failures(
    serve: Callable[..., Scripted],
) -> None:
    upstream = Upstream(filters={"eq": "{name}", "nin": "{name}!"})
    source = {"url": serve(reply(status="500 Oops")).url, "upstream": upstream}

    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "model": Note,
            "datastore": OverlayDataStore(RestDataStore(source, Note)),
        }
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse}

    client = Client(WSGIDispatcher([Notes], debug=True))
    assert client.get("/notes/1").status == 502
    assert "502" in client.document["paths"]["/notes"]["get"]["responses"]
