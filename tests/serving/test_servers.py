"""Every WSGI server sends what the application answers, unchanged."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from werkzeug.test import Client

from openrest.controllers import WSGIDispatcher
from tests.serving.servers import (
    Answer,
    Server,
    ask,
    command_on_free_port,
    openrest_run,
    tweets_in,
)

APP = "examples.tweets:app"

Start = Callable[[Path], AbstractContextManager[Server]]

SERVERS: dict[str, Start] = {
    "gunicorn": lambda folder: openrest_run(folder, APP),
    "gunicorn with 4 workers": lambda folder: openrest_run(folder, APP, "--workers", "4"),
    "granian": lambda folder: command_on_free_port(
        folder, "granian", "--interface", "wsgi", "--port", "{port}", "--no-ws", APP
    ),
    "waitress": lambda folder: command_on_free_port(
        folder, "waitress-serve", "--listen", "127.0.0.1:{port}", APP
    ),
}

ADA = {"author": "Ada", "message": "Hello"}
JSON = {"Content_Type": "application/json"}
PATCH = {"Content_Type": "application/merge-patch+json"}

#: method, path, body, headers
REQUESTS: list[tuple[str, str, Any, dict[str, str]]] = [
    ("POST", "/tweets", ADA, {}),
    ("POST", "/tweets", {"author": "Grace", "message": "Grüße 👋"}, {}),
    ("GET", "/tweets", None, {}),
    ("GET", "/tweets?limit=1", None, {}),
    ("GET", "/tweets?author=Ada&offset=0", None, {}),
    ("GET", "/tweets?author=%F0%9F%91%8B", None, {}),
    ("GET", "/tweets?message=Gr%C3%BC%C3%9Fe+%F0%9F%91%8B", None, {}),
    ("GET", "/tweets?author=%FF", None, {}),
    ("GET", "/tweets?limt=1", None, {}),
    ("HEAD", "/tweets", None, {}),
    ("OPTIONS", "/tweets", None, {}),
    ("GET", "/tweets/1", None, {}),
    ("HEAD", "/tweets/1", None, {}),
    ("PUT", "/tweets/1", {"author": "Ada", "message": "Changed"}, {}),
    ("PATCH", "/tweets/1", b'{"message": "Again"}', PATCH),
    ("POST", "/tweets/1/retweet", None, {}),
    ("POST", "/tweets", {"author": "", "massage": "Hello"}, {}),
    ("POST", "/tweets", b"{", JSON),
    ("POST", "/tweets", b"", JSON),
    ("POST", "/tweets", None, {}),
    ("POST", "/tweets", b"author=Ada", {"Content_Type": "application/x-www-form-urlencoded"}),
    ("POST", "/tweets", b" " * 1_000_001, JSON),
    ("GET", "/tweets", None, {"Accept": "text/html"}),
    ("DELETE", "/tweets", None, {}),
    ("BREW", "/tweets", None, {}),
    ("GET", "/tweets/", None, {}),
    ("GET", "/tweets/one", None, {}),
    ("GET", "/tweets/%31", None, {}),
    ("GET", "/tweets/1%2F2", None, {}),
    ("GET", "/tweets/%00", None, {}),
    ("GET", "/tweets/%FF", None, {}),
    ("GET", "/nothing/%C3%A9?x=1", None, {}),
    ("GET", "/", None, {}),
    ("GET", "/", None, {"Accept": "text/html"}),
    ("GET", "/schema/tweets", None, {}),
    ("GET", "/openapi.json", None, {}),
    ("GET", "/openapi.yaml", None, {}),
    ("GET", "/docs", None, {"Accept": "text/html"}),
    ("GET", "/docs/swagger-ui-bundle.js", None, {}),
    ("DELETE", "/tweets/1", None, {}),
    ("GET", "/tweets/1", None, {}),
]

#: What belongs to the connection and not to the answer.
OF_THE_SERVER = {"connection", "date", "server", "via", "keep-alive", "transfer-encoding"}


@pytest.fixture(params=list(SERVERS.values()), ids=list(SERVERS))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    start: Start = request.param
    with start(tmp_path) as server:
        yield server


@pytest.fixture
def application(tmp_path: Path) -> WSGIDispatcher:
    """The application of the servers in this process, on a file of its own."""
    return tweets_in(tmp_path / "reference.db")


def test_every_answer_is_that_of_the_application(
    server: Server, application: WSGIDispatcher
) -> None:
    client = Client(application)
    with closing(server.connection()) as connection:
        for method, path, body, headers in REQUESTS:
            sent = ask(connection, method, path, body, **headers)
            assert seen(sent) == seen(asked(client, method, path, body, headers)), (method, path)
    assert "Traceback" not in server.logged()


def asked(client: Client, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
    """The answer of the application itself."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        fields["Content-Type"] = "application/json"
    path, _, query = path.partition("?")
    response = client.open(
        query_string=query,
        method=method,
        data=body,
        headers=fields,
        environ_overrides={"PATH_INFO": unquote(path, encoding="latin-1")},
    )
    return Answer(response.status_code, dict(response.headers), response.data)


def seen(answer: Answer) -> tuple[int, dict[str, str], bytes]:
    """What a client sees of the application, without what belongs to the connection."""
    headers = {
        name.lower(): value
        for name, value in answer.headers.items()
        if name.lower() not in OF_THE_SERVER and (name.lower(), value) != ("content-length", "0")
    }
    return answer.status, headers, answer.body
