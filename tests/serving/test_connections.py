"""What happens on the wire under ``openrest run``: bodies, connections and their ends."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.serving.servers import Server, ask, openrest_run

ADA = json.dumps({"author": "Ada", "message": "Hello"}).encode()
HEAD = b"POST /tweets HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # One thread, so that a request is dealt with once a later one is answered.
    folder = tmp_path_factory.mktemp("server")
    with openrest_run(folder, "examples.tweets:app", "--threads", "1") as server:
        yield server


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    """The server, with no tweets."""
    for tweet in running.ask("GET", "/tweets").json()["object_list"]:
        assert running.ask("DELETE", tweet["resource_uri"]).status == 204
    yield running
    assert running.logged() == ""


def chunked(data: bytes, size: int) -> bytes:
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def response(raw: socket.socket) -> tuple[bytes, bytes]:
    """Status line and body of one answer on an open connection."""
    file = raw.makefile("rb")
    status = file.readline().rstrip()
    length = 0
    while (line := file.readline().rstrip()) != b"":
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return status, file.read(length)


def stored(server: Server) -> list[str]:
    return [tweet["message"] for tweet in server.ask("GET", "/tweets").json()["object_list"]]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_chunked_body_is_read_like_any_other(server: Server, size: int) -> None:
    with closing(server.socket()) as raw:
        raw.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(ADA, size))
        status, body = response(raw)
    assert status == b"HTTP/1.1 201 Created"
    assert json.loads(body)["message"] == "Hello"


def test_a_chunked_body_may_be_too_large(server: Server) -> None:
    with closing(server.socket()) as raw:
        large = chunked(ADA + b" " * 1_500_000, 100_000)
        raw.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + large)
        status, body = response(raw)
    assert status == b"HTTP/1.1 413 Content Too Large"
    assert (
        json.loads(body)["detail"]
        == "The body is larger than the 1000000 bytes that are read here."
    )


@pytest.mark.parametrize(
    ("method", "path", "content_type", "status"),
    [
        ("POST", "/tweets", "application/json", 413),
        ("POST", "/tweets", "image/png", 415),
        ("POST", "/nothing", "application/json", 404),
        ("POST", "/tweets/1", "application/json", 405),
    ],
)
def test_the_answer_arrives_although_a_large_body_is_not_read(
    server: Server, method: str, path: str, content_type: str, status: int
) -> None:
    with closing(server.connection()) as connection:
        for _ in range(2):  # and the connection can be used again
            answer = ask(connection, method, path, b" " * 3_000_000, Content_Type=content_type)
            assert answer.status == status


def test_a_client_may_wait_to_be_told_to_go_on(server: Server) -> None:
    with closing(server.socket()) as raw:
        raw.sendall(HEAD + b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(ADA))
        assert raw.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        raw.sendall(ADA)
        status, _ = response(raw)
    assert status == b"HTTP/1.1 201 Created"


def test_a_head_answer_has_the_headers_of_get_and_no_body(server: Server) -> None:
    path = server.ask("POST", "/tweets", ADA, Content_Type="application/json").headers["Location"]
    got = server.ask("GET", path)
    request = f"HEAD {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    raw = server.tell(request.encode())
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: %d" % len(got.body) in head
    assert body == b""


def test_one_connection_serves_many_requests(server: Server) -> None:
    with closing(server.connection()) as connection:
        connection.connect()
        first = connection.sock.getsockname()
        for method, path in [("HEAD", "/tweets"), ("GET", "/nothing"), ("OPTIONS", "/tweets")] * 5:
            ask(connection, method, path)
            assert ask(connection, "GET", "/tweets").json()["meta"]["count"] == 0
        assert connection.sock.getsockname() == first


def test_requests_may_be_sent_before_the_answers_are_read(server: Server) -> None:
    request = b"%sContent-Length: %d\r\n\r\n%s" % (HEAD, len(ADA), ADA)
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    answers = server.tell(request * 4 + last)
    assert answers.count(b"HTTP/1.1 201 Created\r\n") == 5
    assert len(stored(server)) == 5


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(
    "half",
    [
        HEAD,
        HEAD + b"Content-Length: 1000\r\n\r\n" + ADA,
        HEAD + b"Content-Length: 1000\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(ADA), ADA),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s" % (len(ADA), ADA[:5]),
    ],
    ids=["headers", "body", "no body", "chunks", "chunk"],
)
def test_nothing_is_stored_for_a_client_that_leaves_in_the_middle(
    server: Server, half: bytes, reset: bool
) -> None:
    with closing(server.socket()) as raw:
        raw.sendall(half)
        if reset:  # close() then sends RST instead of FIN
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert stored(server) == []
    assert server.ask("POST", "/tweets", ADA, Content_Type="application/json").status == 201


@pytest.mark.parametrize(
    ("framing", "detail"),
    [
        (b"Content-Length: 1000\r\n\r\n" + ADA, "The body ended before its Content-Length."),
        (
            b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s" % (len(ADA), ADA),
            "The body cannot be read to its end.",
        ),
        (
            b"Transfer-Encoding: chunked\r\n\r\nwhat?\r\n",
            "The body cannot be read to its end.",
        ),
        (
            b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nno trailer\r\n\r\n"
            % (len(ADA), ADA),
            "The body cannot be read to its end.",
        ),
    ],
    ids=["short", "no last chunk", "no size", "bad trailer"],
)
def test_a_body_that_is_not_whole_is_answered_400(
    server: Server, framing: bytes, detail: str
) -> None:
    # What has come is a whole tweet each time, and must not be taken for one.
    with closing(server.socket()) as raw:
        raw.sendall(HEAD + framing)
        raw.shutdown(socket.SHUT_WR)
        status, body = response(raw)
    assert status == b"HTTP/1.1 400 Bad Request"
    assert json.loads(body)["detail"] == detail
    assert stored(server) == []


def test_an_address_with_two_slashes_is_none_of_ours(server: Server) -> None:
    # Its links would name another host: //tweets?offset=0
    answer = server.ask("GET", "//tweets")
    assert answer.status == 404
    assert answer.json()["detail"] == "There is nothing at //tweets."


def test_a_long_query_is_read(server: Server) -> None:
    answer = server.ask("GET", "/tweets?message=" + "x" * 7_900)
    assert answer.status == 422


def test_options_of_the_server_as_a_whole_is_a_404(server: Server) -> None:
    answer = server.tell(b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
