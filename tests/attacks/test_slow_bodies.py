"""Bodies that come slowly, never end, or end elsewhere than they say, under a real gunicorn."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from io import BytesIO
from pathlib import Path

import pytest

from openrest.bodies import Limits, discard_body
from tests.attacks.test_server import APP, HIDDEN, POST, answers
from tests.serving.servers import Server, openrest_run

THREADS = 4
LIMIT = 100_000
NOTE = json.dumps({"text": "slow"}).encode()
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
#: The bytes of a part that is sent again and again, and how many are given up after.
PART, PLENTY = 65_536, 200_000_000
#: As much more memory as a worker may ever have had, in KiB: many times `max_body_bytes`.
MORE = 50_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "noted.py").write_text(APP.replace("hsts=True", f"max_body_bytes={LIMIT}, hsts=True"))
    with openrest_run(folder, "noted:app", "--threads", str(THREADS)) as running:
        yield running


@pytest.fixture
def worker(server: Server) -> Iterator[int]:
    """The one worker: it is there afterwards, it answers, and it has one note."""
    assert texts(server) == ["a"]
    before = workers(server)
    [worker] = before
    yield int(worker)
    assert texts(server) == ["a"]
    assert workers(server) == before


def workers(server: Server) -> list[str]:
    pid = server.process.pid
    return Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()


def texts(server: Server) -> list[str]:
    return [note["text"] for note in server.ask("GET", "/notes").json()["object_list"]]


def most_memory(worker: int) -> int:
    """As much memory as the worker has ever had, in KiB."""
    status = Path(f"/proc/{worker}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0])


def slowly(chunked: bool) -> list[bytes]:
    """A request, cut where it comes slowly."""
    if not chunked:
        return [POST + b"Content-Length: %d\r\n\r\n" % len(NOTE), *(bytes([b]) for b in NOTE)]
    parts = b"".join(b"1\r\n%c\r\n" % byte for byte in NOTE) + b"0\r\n\r\n"
    return [CHUNKED, *(bytes([byte]) for byte in parts)]


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_others_are_answered_between_any_two_bytes_of_slow_bodies(
    server: Server, worker: int, chunked: bool
) -> None:
    with ExitStack() as open_ones:
        slow = [open_ones.enter_context(closing(server.socket())) for _ in range(THREADS - 1)]
        sent = slowly(chunked)
        # All but the last byte, and then they leave.
        for part in sent[:-1]:
            for raw in slow:
                raw.sendall(part)
            assert server.ask("GET", "/notes/1").status == 200


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_a_slow_body_is_read_to_its_end(server: Server, worker: int, chunked: bool) -> None:
    with closing(server.socket()) as raw:
        for part in slowly(chunked):
            raw.sendall(part)
            time.sleep(0.01)
        said = raw.recv(65_536)
    assert answers(said) == [201]
    place = said.partition(b"Location: ")[2].partition(b"\r\n")[0].decode()
    assert server.ask("DELETE", place).status == 204


#: Bodies without an end: what begins them, and what comes again and again.
ENDLESS = {
    "chunks": (b"", b"%x\r\n%s\r\n" % (PART, b" " * PART)),
    "small chunks": (b"", b"1\r\n \r\n" * (PART // 6)),
    "a chunk": (b"7fffffff\r\n", b" " * PART),
    "a chunk of more bytes than there are": (b"f" * 16 + b"\r\n", b" " * PART),
    "the size of a chunk": (b"", b"1" * PART),
    "what is said of a chunk": (b"5;a=", b"b" * PART),
    "headers at the end": (b"0\r\n", b"A: b\r\n" * (PART // 6)),
    "a header at the end": (b"0\r\nA: ", b"b" * PART),
}


@pytest.mark.parametrize("body", ENDLESS)
def test_a_body_that_never_ends_is_not_kept(server: Server, worker: int, body: str) -> None:
    before = most_memory(worker)
    start, again = ENDLESS[body]
    sent = 0
    with closing(server.socket()) as raw:
        raw.sendall(CHUNKED + start)
        with pytest.raises(OSError):  # the connection is closed at the other end
            while sent < PLENTY:
                raw.sendall(again)
                sent += len(again)
    assert most_memory(worker) - before < MORE


@pytest.mark.parametrize("rest", [b"x\r\n\r\n", HIDDEN], ids=["nothing", "request"])
def test_what_comes_after_a_body_is_no_part_of_it(server: Server, rest: bytes) -> None:
    """It is another request, or none: whoever sent it can do that anyway."""
    wrong = b'{"text": 1}'
    said = server.tell(
        POST + b"Content-Length: %d\r\n\r\n" % len(wrong) + wrong + rest.replace(b"/1 ", b"/9 ")
    )
    assert answers(said) in ([422, 400], [422, 404])
    assert texts(server) == ["a"]


@pytest.mark.parametrize(("seconds", "left"), [(60, 0), (-1, 9 * PART)])
def test_a_body_that_nobody_reads_is_taken_for_some_seconds(seconds: int, left: int) -> None:
    stream = BytesIO(b" " * (10 * PART))
    environ = {"wsgi.input": stream, "wsgi.input_terminated": True}
    discard_body(environ, Limits(), seconds)
    assert len(stream.read()) == left
