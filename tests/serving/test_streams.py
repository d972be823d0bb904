"""Streams through real servers: chunks, and an end that is missed when it is missing."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from tests.needs import CI, only_in_ci
from tests.serving.servers import PATIENCE, Server, command_on_free_port, openrest_run

SOURCE = """
import time
from pathlib import Path

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLiteDataStore
from openrest.query import Query
from openrest.views import JsonResponse, NdjsonResponse


class Row(models.Model):
    text = models.StringField(required=True)
    id = models.PkField()


class Store(SQLiteDataStore):
    def stream(self, query):
        try:
            for record in super().stream(query):
                if record["text"] == "fail":
                    raise RuntimeError("the disk is gone")
                if record["text"] == "wait":
                    time.sleep(0.001)
                yield record
        finally:
            Path("closed").touch()


def rows(name, texts):
    store = Store({"name": "rows.db", "table": name}, Row)
    if not store.count(Query()):
        store.insert_many([{"text": text} for text in texts])

    class Rows(Controller):
        resource = {"resource_name": name, "model": Row, "datastore": store}
        controller = {
            "list_verbs": ["GET"], "unique_verbs": [], "options": {"pagination": None},
        }
        view = {"response_class": JsonResponse, "options": {"alternatives": [NdjsonResponse]}}

    return Rows


LONG = ["a" * 40] * 5000
app = WSGIDispatcher([
    rows("whole", LONG), rows("failing", [*LONG, "fail"]), rows("slow", ["wait"] * 100_000),
])
"""

NDJSON = {"Accept": "application/x-ndjson"}

Start = Callable[[Path], AbstractContextManager[Server]]

SERVERS: dict[str, Start] = {
    "gunicorn": lambda folder: openrest_run(folder, "streams:app"),
    "granian": lambda folder: command_on_free_port(
        folder, "granian", "--interface", "wsgi", "--port", "{port}", "--no-ws", "streams:app"
    ),
    "waitress": lambda folder: command_on_free_port(
        folder, "waitress-serve", "--listen", "127.0.0.1:{port}", "streams:app"
    ),
}


@pytest.fixture(params=list(SERVERS) if CI else ["gunicorn"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "streams.py").write_text(SOURCE)
    with SERVERS[request.param](tmp_path) as server:
        yield server


@only_in_ci
def test_a_stream_arrives_in_chunks_breaks_off_visibly_and_can_be_left(
    server: Server, tmp_path: Path
) -> None:
    whole = server.ask("GET", "/whole", **NDJSON)
    headers = {name.lower(): value for name, value in whole.headers.items()}
    assert headers["transfer-encoding"] == "chunked"
    assert [json.loads(line)["id"] for line in whole.body.splitlines()] == list(range(1, 5001))

    with closing(server.connection()) as connection:
        connection.request("GET", "/failing", headers=NDJSON)
        answer = connection.getresponse()
        assert answer.status == 200
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
    assert "list_failing broke off in the middle of its answer" in server.logged()
    assert "the disk is gone" in server.logged()

    (tmp_path / "closed").unlink()
    with closing(server.socket()) as raw:
        raw.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 200")
    end = time.monotonic() + PATIENCE
    while not (tmp_path / "closed").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert (tmp_path / "closed").exists()

    old = server.tell(b"GET /whole HTTP/1.0\r\nAccept: application/x-ndjson\r\n\r\n")
    head, _, body = old.partition(b"\r\n\r\n")
    assert f"content-length: {len(whole.body)}".encode() in head.lower()
    assert body == whole.body
