"""No credential of a request is in a log, on standard output or on standard error."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from openrest import models
from openrest.cli.server_log import ServerLog
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import DataStore, RestDataStore, SQLDataStore, Upstream
from openrest.errors import ConfigurationError, StoreUnavailable
from openrest.views import JsonResponse
from tests.contract.client import Client
from tests.datastore.rest.upstreams import served
from tests.examples.guarded import HEADERS, PASSWORD, QUERIES, SECRETS, WRONG
from tests.needs import CI
from tests.serving.servers import ROOT, openrest_run

#: Those that have an application of their own.
EXAMPLES = sorted(
    f"examples.{path.stem}"
    for path in (ROOT / "examples").glob("*.py")
    if re.search("^app = ", path.read_text(encoding="utf-8"), re.MULTILINE)
)


def leaks(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


@pytest.mark.parametrize("example", EXAMPLES if CI else ["examples.tweets"])
def test_whatever_is_asked_of_an_example_nothing_secret_is_told(
    example: str, tmp_path: Path
) -> None:
    # What is asked for in vain is soon found out at a port that nobody has.
    nowhere = {"ADDRESS_URL": "http://127.0.0.1:1/address"}
    variables = {**os.environ, **nowhere, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.examples.guarded", example],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    sent = [int(number) for number in re.findall(r"^\d+", done.stdout, re.MULTILINE)]
    assert len(sent) == 3
    assert all(number > len(HEADERS) for number in sent)
    # All that there is to tell has been told.
    assert '"user":"ada"' in done.stderr
    assert "the users are away" in done.stderr
    assert "ZeroDivisionError: a mistake in a store" in done.stderr
    assert leaks(done.stdout + done.stderr) == []


APP = """
import examples.tweets
from tests.examples.guarded import guarded

app = guarded(examples.tweets.app)
"""


def test_nor_is_it_by_the_server(tmp_path: Path) -> None:
    (tmp_path / "served.py").write_text(APP)
    with openrest_run(tmp_path, "served:app") as server:
        statuses = set()
        for headers in HEADERS:
            if any(re.search(r"[\x00-\x1f]", value) for value in headers.values()):
                continue  # the client sends no such thing
            sent = {name.replace("-", "_"): value for name, value in headers.items()}
            for query in QUERIES:
                statuses.add(server.ask("GET", f"/tweets{query}", **sent).status)
        # A request that is none.
        server.tell(
            f"GET /tweets?api_key={SECRETS[0]} HTTP/9\r\nX-API-Key: {SECRETS[0]}\r\n\r\n".encode()
        )
        server.tell(f"GET /tweets HTTP/1.1\r\nX-API-Key {SECRETS[0]}\r\n\r\n".encode())
        server.send_signal(signal.SIGTERM)
        assert server.process.stdout is not None
        written = server.process.stdout.read()
    assert {200, 401} <= statuses
    assert written.count('"operation":"list_tweets"') > len(HEADERS)
    assert leaks(written + server.logged()) == []


def test_of_a_request_that_fails_the_server_logs_no_query(caplog: pytest.LogCaptureFixture) -> None:
    log = ServerLog.__new__(ServerLog)
    log.error_log = logging.getLogger("gunicorn.error")
    log.exception("Error handling request %s %s", "GET", f"/tweets?api_key={WRONG}")
    log.exception(ZeroDivisionError("no text"))
    log.warning("Worker with pid %s was terminated due to signal %s", 7, 9)
    assert [record.getMessage() for record in caplog.records] == [
        "Error handling request GET /tweets",
        "no text",
        "Worker with pid 7 was terminated due to signal 9",
    ]


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


def served_by(store: DataStore) -> Client:
    class Notes(Controller):
        resource = {"resource_name": "notes", "model": Note, "datastore": store}
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": []}
        view = {"response_class": JsonResponse}

    return Client(WSGIDispatcher([Notes], access_log=True, traces=True, debug=True))


@pytest.mark.parametrize("status", [401, 429, 500, 503])
def test_what_another_server_is_sent_is_in_no_log(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    def refusing(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        assert environ["HTTP_AUTHORIZATION"] == f"Bearer {WRONG}"
        start_response(f"{status} Refused", [("Content-Length", "0")])
        return [b""]

    caplog.set_level(logging.DEBUG)
    with served(refusing) as url:
        upstream = Upstream.openrest(operators=["eq"])
        headers = {"Authorization": f"Bearer {WRONG}"}
        store = RestDataStore({"url": url, "headers": headers, "upstream": upstream}, Note)
        api = served_by(store)
        assert api.get("/notes").status in (502, 503)
        assert api.post("/notes", {"text": "a"}).status in (409, 502, 503)
    assert caplog.text
    assert leaks(caplog.text) == []


@pytest.mark.parametrize("kind", ["postgresql+psycopg", "mariadb+pymysql"])
def test_the_password_of_a_database_that_is_away_is_in_no_error(kind: str) -> None:
    url = f"{kind}://ada:{PASSWORD}@127.0.0.1:1/notes"
    with pytest.raises(StoreUnavailable) as away:
        SQLDataStore({"url": url, "table": "notes"}, Note)
    assert leaks("".join(traceback.format_exception(away.value))) == []


def test_the_password_of_an_address_that_is_none_is_in_no_mistake() -> None:
    for url in (f"nothing://ada:{PASSWORD}@localhost/notes", f"ada:{PASSWORD}@localhost"):
        with pytest.raises(ConfigurationError) as refused:
            SQLDataStore({"url": url, "table": "notes"}, Note)
        assert leaks(str(refused.value)) == []
    with pytest.raises(ConfigurationError) as refused:
        RestDataStore({"url": f"http://ada:{PASSWORD}@localhost/notes", "sort": 1}, Note)
    assert leaks(str(refused.value)) == []
