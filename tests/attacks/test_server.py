"""What attackers try on the wire, against the server that ``openrest run`` starts."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from tests.serving.servers import Server, openrest_run

APP = """
import logging

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.contract import Parameter
from openrest.datastore import PythonListDataStore
from openrest.models import shapes as s
from openrest.views import JsonResponse


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"text": "a"}],
        "model": Note,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "DELETE"]}
    view = {"response_class": JsonResponse}

    @operation(
        "GET",
        "/failing/{text}",
        parameters=[Parameter(name="text", location="path", shape=s.String(), required=True)],
    )
    def failing(self, call: Call) -> Result:
        '''Fail.'''
        raise ZeroDivisionError


app = WSGIDispatcher([Notes], hsts=True, request_ids=True)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "noted.py").write_text(APP)
    with openrest_run(folder, "noted:app", "--threads", "4") as running:
        yield running


def count(server: Server) -> int:
    found = server.ask("GET", "/notes").json()["meta"]["total_count"]
    assert isinstance(found, int)
    return found


#: Deletes what is there, where somebody takes it for a request of its own.
HIDDEN = b"DELETE /notes/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST /notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

#: Requests of which two readers might not see the same end.
SHAPES = {
    "a length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n",
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 4\r\n\r\n",
    "two lengths in one": POST + b"Content-Length: 0, 4\r\n\r\n",
    "a length with a sign": POST + b"Content-Length: +5\r\n\r\n",
    "a length below nothing": POST + b"Content-Length: -5\r\n\r\n",
    "a length in hexadecimal": POST + b"Content-Length: 0x5\r\n\r\n",
    "a length with a line of its own": POST + b"Content-Length:\r\n 5\r\n\r\n",
    "a coding with a line of its own": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n",
    "a coding that nobody knows": POST + b"Transfer-Encoding: xchunked\r\n\r\n",
    "chunks that are not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n",
    "chunks twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n",
    "a space before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n",
    "a tab before the value": POST + b"Content-Length: 0\r\nTransfer-Encoding:\x0bchunked\r\n\r\n",
    "a space before the name": POST + b"A: b\r\n Transfer-Encoding: chunked\r\n\r\n",
    "no name": POST + b": chunked\r\n\r\n",
    "a NUL in a value": POST + b"A: b\x00c\r\n\r\n",
    "a carriage return in a value": POST + b"A: b\rTransfer-Encoding: chunked\r\n\r\n",
    "chunks in HTTP/1.0": POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n",
    "two hosts": b"GET /notes HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n",
    "a request line with spaces": b"GET /notes /evil HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method with a colon": b"GET: /notes HTTP/1.1\r\nHost: x\r\n\r\n",
    "another protocol": b"GET /notes HTTP/9.1\r\nHost: x\r\n\r\n",
}
#: Bodies in chunks whose ends are not certain.
CHUNKS = {
    "a size in 0x": b"0x5\r\n12345\r\n0\r\n\r\n",
    "a size with a sign": b"+5\r\n12345\r\n0\r\n\r\n",
    "a size with an underscore": b"0_5\r\n12345\r\n0\r\n\r\n",
    "a size that is none": b"z\r\n12345\r\n0\r\n\r\n",
    "a size of more than it has": b"6\r\n12345\r\n0\r\n\r\n",
    "a size of less than it has": b"4\r\n12345\r\n0\r\n\r\n",
    "a size without its line": b"5\n12345\r\n0\r\n\r\n",
}


def answers(said: bytes) -> list[int]:
    """The statuses of what a server has said on one connection."""
    return [int(found) for found in re.findall(rb"(?:^|\r\n|\})HTTP/1\.[01] ([0-9]{3}) ", said)]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_two_readers_might_read_otherwise_hides_no_request(server: Server, shape: str) -> None:
    said = server.tell(SHAPES[shape] + HIDDEN)
    assert answers(said) in ([400], [501]), said
    assert count(server) == 1


@pytest.mark.parametrize("shape", CHUNKS)
def test_chunks_whose_end_is_not_certain_hide_none(server: Server, shape: str) -> None:
    said = server.tell(POST + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS[shape] + HIDDEN)
    assert answers(said) == [400], said
    assert count(server) == 1


def test_a_header_with_an_underscore_is_none(server: Server) -> None:
    said = server.tell(
        b"GET /notes/1 HTTP/1.1\r\nHost: x\r\nX_Request_ID: evil\r\nConnection: close\r\n\r\n"
    )
    assert b"evil" not in said


@pytest.mark.parametrize("name", ["X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-SSL"])
def test_nobody_says_that_it_was_https_whom_the_application_does_not_trust(
    server: Server, name: str
) -> None:
    value = {"X-Forwarded-Proto": "https", "X-Forwarded-SSL": "on"}.get(name, "ssl")
    answer = server.ask("GET", "/notes/1", **{name.replace("-", "_"): value})
    assert answer.status == 200
    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("length", [8_000, 9_000])
def test_a_long_address_is_refused(server: Server, length: int) -> None:
    # The second is beyond what gunicorn reads of a request line, and it answers by itself.
    target = b"/notes?text=" + b"a" * length
    said = server.tell(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answers(said) == [414]
    assert (b"application/problem+json" in said) == (length == 8_000)


def test_many_headers_are_refused(server: Server) -> None:
    lines = b"".join(b"X-%d: %s\r\n" % (number, b"a" * 8000) for number in range(5))
    said = server.tell(b"GET /notes HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + lines + b"\r\n")
    assert answers(said) == [431]
    assert b"application/problem+json" in said


def test_others_are_answered_while_some_send_their_bodies_slowly(server: Server) -> None:
    with ExitStack() as open_ones:
        for _ in range(3):  # of four threads
            raw = open_ones.enter_context(closing(server.socket()))
            raw.sendall(POST + b"Content-Length: 1000\r\n\r\n{")
        for _ in range(5):
            assert server.ask("GET", "/notes/1").status == 200
    assert count(server) == 1


def test_no_address_ends_a_line_of_the_log(server: Server) -> None:
    before = server.logged()
    answer = server.ask("GET", "/notes/failing/a%0d%0aERROR%20openrest:%20evil%1b[2J%e2%80%a8")
    assert answer.status == 500
    [line] = [line for line in server.logged()[len(before) :].splitlines() if "failing/" in line]
    assert "GET /notes/failing/a%0D%0AERROR%20openrest:%20evil%1B%5B2J%E2%80%A8 failed" in line
    assert "\x1b" not in server.logged()
