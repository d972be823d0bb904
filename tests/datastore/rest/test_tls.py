"""Over TLS the other side is who it says it is, and is as bounded as without."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from openrest import models
from openrest.datastore import RestDataStore
from openrest.errors import UpstreamFailed, UpstreamTimedOut
from openrest.query import Query

BODY = b'[{"id":1}]'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"


class Thing(models.Model):
    id = models.PkField()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str, float], str]]:
    """The port of a server with a certificate for a name, that waits before each byte it sends."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    sockets: list[socket.socket] = []

    def answer(listener: socket.socket, context: ssl.SSLContext, pause: float) -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                    while connection.recv(65536):
                        for byte in HEAD + BODY:
                            connection.sendall(bytes([byte]))
                            time.sleep(pause)

    def start(name: str, pause: float) -> str:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)
        threading.Thread(target=answer, args=[listener, context, pause], daemon=True).start()
        return f"https://localhost:{listener.getsockname()[1]}/things"

    yield start
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()


def test_a_server_is_known_by_the_certificates_that_are_given(
    serve: Callable[[str, float], str], tmp_path: Path
) -> None:
    store = RestDataStore({"url": serve("localhost", 0), "ca_file": tmp_path / "ca.pem"}, Thing)
    assert store.find(Query()) == [{"id": 1}]
    assert store.find(Query()) == [{"id": 1}]


def test_a_server_whose_certificate_nobody_vouches_for_is_not_asked(
    serve: Callable[[str, float], str],
) -> None:
    with pytest.raises(UpstreamFailed, match="certificate verify failed"):
        RestDataStore({"url": serve("localhost", 0)}, Thing).find(Query())


def test_a_server_with_another_name_is_not_asked(
    serve: Callable[[str, float], str], tmp_path: Path
) -> None:
    resource = {"url": serve("elsewhere.example", 0), "ca_file": tmp_path / "ca.pem"}
    with pytest.raises(UpstreamFailed, match="certificate verify failed"):
        RestDataStore(resource, Thing).find(Query())


def test_an_answer_that_drips_is_over_in_the_time_of_the_call(
    serve: Callable[[str, float], str], tmp_path: Path
) -> None:
    resource = {"url": serve("localhost", 0.02), "ca_file": tmp_path / "ca.pem", "seconds": 0.5}
    start = time.monotonic()
    with pytest.raises(UpstreamTimedOut):
        RestDataStore(resource, Thing).find(Query())
    assert time.monotonic() - start < 1.7  # all of it would take 2 s
