"""Through real servers: one line for each request, and answers that are as without."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest

from tests.needs import CI
from tests.serving.servers import Answer, Server, command_on_free_port, openrest_run

SOURCE = """
import logging
from pathlib import Path

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.views import JsonResponse, NdjsonResponse

log = logging.getLogger("openrest.access")
log.addHandler(logging.FileHandler("access.log"))
log.setLevel(logging.INFO)
log.propagate = False


class Row(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


class Store(PythonListDataStore):
    def stream(self, query):
        for record in super().stream(query):
            if record["text"] == "fail":
                raise RuntimeError("the disk is gone")
            yield record


def rows(name, texts):
    class Rows(Controller):
        resource = {
            "resource_name": name,
            "resource": [{"text": text} for text in texts],
            "model": Row,
            "datastore": Store,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "DELETE"],
            "options": {"pagination": None},
        }
        view = {"response_class": JsonResponse, "options": {"alternatives": [NdjsonResponse]}}

    return Rows


LONG = ["a" * 40] * 20_000
app = WSGIDispatcher(
    [rows("whole", LONG), rows("failing", [*LONG, "fail"])], access_log=True, traces=True
)
"""

Start = Callable[[Path], AbstractContextManager[Server]]

SERVERS: dict[str, Start] = {
    "gunicorn": lambda folder: openrest_run(folder, "watched:app"),
    "granian": lambda folder: command_on_free_port(
        folder, "granian", "--interface", "wsgi", "--port", "{port}", "--no-ws", "watched:app"
    ),
    "waitress": lambda folder: command_on_free_port(
        folder, "waitress-serve", "--listen", "127.0.0.1:{port}", "watched:app"
    ),
}
NDJSON = {"Accept": "application/x-ndjson"}


def lines(folder: Path, number: int) -> list[dict[str, Any]]:
    """The lines of the access log, once there are so many, in the order of the requests.

    Each is written after its answer was sent, by whichever thread has sent it.
    """
    while True:
        found = (folder / "access.log").read_text().splitlines()
        if len(found) >= number:
            return sorted(map(json.loads, found), key=lambda line: str(line["time"]))


def header(answer: Answer, name: str) -> str:
    """A header, however a server writes its name."""
    return {each.lower(): value for each, value in answer.headers.items()}[name.lower()]


@pytest.mark.parametrize("name", list(SERVERS) if CI else ["gunicorn"])
def test_each_request_has_one_line_whatever_becomes_of_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "watched.py").write_text(SOURCE)
    with SERVERS[name](tmp_path) as server:
        made = server.ask("POST", "/whole", {"text": "b"})
        assert (made.status, header(made, "Content-Length")) == (201, str(len(made.body)))
        etag = header(made, "ETag")
        key = made.json()["id"]
        assert server.ask("GET", f"/whole/{key}", If_None_Match=etag).status == 304
        head = server.ask("HEAD", f"/whole/{key}")
        assert (header(head, "Content-Length"), head.body) == (str(len(made.body)), b"")
        assert server.ask("DELETE", f"/whole/{key}").status == 204
        assert server.ask("GET", f"/whole/{key}").status == 404
        assert server.ask("PUT", "/whole").status == 405
        whole = server.ask("GET", "/whole", **NDJSON)
        assert whole.body.count(b"\n") == 20_000
        # One that breaks off, and one of which the client wants no more.
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            server.ask("GET", "/failing", **NDJSON)
        with closing(server.socket()) as raw:
            raw.sendall(b"GET /whole HTTP/1.1\r\nHost: a\r\nAccept: application/x-ndjson\r\n\r\n")
            assert raw.recv(100)
        found = lines(tmp_path, 9)
    assert len(found) == len(lines(tmp_path, 9)) == 9
    answered = [(line["method"], line["path"], line["status"]) for line in found]
    assert answered == [
        ("POST", "/whole", 201),
        ("GET", "/whole/{id}", 304),
        ("HEAD", "/whole/{id}", 200),
        ("DELETE", "/whole/{id}", 204),
        ("GET", "/whole/{id}", 404),
        ("PUT", "/whole", 405),
        ("GET", "/whole", 200),
        ("GET", "/failing", 200),
        ("GET", "/whole", 200),
    ]
    assert [line["complete"] for line in found[:8]] == [True] * 7 + [False]
    assert found[6]["bytes"] == len(whole.body)
    assert {line["remote"] for line in found} == {"127.0.0.1"}
