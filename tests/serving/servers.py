"""Real servers in processes of their own, and what to ask them with."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openrest.cli.loading import load_app
from openrest.controllers import Controller, WSGIDispatcher
from openrest.openapi import Version

ROOT = Path(__file__).resolve().parents[2]
#: Where the commands of the environment are that runs the tests.
COMMANDS = Path(sys.executable).parent
#: Seconds until a server has to be there, or gone: far more than it takes on a busy machine.
PATIENCE = 30


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A running server. What it wrote to standard error is in `log`."""

    process: subprocess.Popen[str]
    host: str
    port: int
    log: Path
    announced: str = ""

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """One request on a connection of its own; `body` is sent as JSON unless it is bytes."""
        with closing(self.connection()) as connection:
            return ask(connection, method, path, body, **headers)

    def tell(self, request: bytes) -> bytes:
        """Send bytes as they are, and give back everything until the server closes."""
        with closing(self.socket()) as raw:
            raw.sendall(request)
            return b"".join(iter(lambda: raw.recv(65536), b""))

    def socket(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=PATIENCE)

    def send_signal(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def logged(self) -> str:
        return self.log.read_text(encoding="utf-8")


def ask(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    **headers: str,
) -> Answer:
    """One request on an open connection; ``Content_Type=`` is the header Content-Type."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        fields.setdefault("Content-Type", "application/json")
    connection.request(method, path, body, fields)
    response = connection.getresponse()
    return Answer(response.status, dict(response.headers), response.read())


def environment(**variables: str) -> dict[str, str]:
    """The environment of a server: it finds the examples, and its warnings are errors."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
    kept = {name: value for name, value in os.environ.items() if name != "OPENREST_DEBUG"}
    # gunicorn leaves a socket unclosed where it is handed one.
    warnings = "error,ignore::ResourceWarning"
    return {**kept, "PYTHONPATH": path, "PYTHONWARNINGS": warnings, **variables}


@contextmanager
def openrest_run(folder: Path, app: str, *options: str, **variables: str) -> Iterator[Server]:
    """``openrest run APP`` in `folder`, on a free port; it is ended with SIGTERM."""
    log = folder / "server.log"
    command = [str(COMMANDS / "openrest"), "run", app, "--port", "0", *options]
    with started(command, folder, log, variables) as process:
        announced = announcement(process, log)
        port = int(announced.partition("/docs")[0].rpartition(":")[2])
        yield Server(process, "127.0.0.1", port, log, announced)


KINDS = """
from pathlib import Path

from tests.contract.kinds import kind_models, serve

models = {{n: m for n, m in kind_models("{openapi}") if n in {resources!r} or not {resources!r}}}
app = serve(models, "sqlite", Path(), "{openapi}")
"""


@contextmanager
def kinds_run(folder: Path, openapi: Version, *resources: str) -> Iterator[Server]:
    """The API of every kind of field, or of some resources, described in a version of OpenAPI."""
    source = KINDS.format(openapi=openapi, resources=resources)
    (folder / "every_kind.py").write_text(source)
    with openrest_run(folder, "every_kind:app") as server:
        yield server


@contextmanager
def command_on_free_port(folder: Path, *command: str) -> Iterator[Server]:
    """Another server; ``{port}`` in its command is the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "server.log"
    words = [word.format(port=port) for word in command]
    with started([str(COMMANDS / words[0]), *words[1:]], folder, log, {}) as process:
        _wait_for_port(process, port, log)
        yield Server(process, "127.0.0.1", port, log)


@contextmanager
def started(
    command: list[str], folder: Path, log: Path, variables: Mapping[str, str]
) -> Iterator[subprocess.Popen[str]]:
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment(**variables),
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            # A group of its own, so that nothing of it is left over.
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
            if process.poll() is None:
                process.terminate()
                # A worker that is told before it has begun is given half a minute by gunicorn.
                process.wait(2 * PATIENCE)
        finally:
            kill_group(process)


def kill_group(process: subprocess.Popen[str]) -> None:
    """SIGKILL for a server that still runs, and all of its workers."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)


def announcement(process: subprocess.Popen[str], log: Path) -> str:
    """What ``openrest run`` says once it listens."""
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if line.startswith("Stop with"):
            return "".join(lines)
    raise AssertionError(f"The server did not start: {log.read_text(encoding='utf-8')}")


def _wait_for_port(process: subprocess.Popen[str], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"The server did not start: {log.read_text(encoding='utf-8')}")


def tweets_in(file: Path) -> WSGIDispatcher:
    """The example's application in this process, with its records in `file`."""
    [example] = load_app("examples.tweets", open_stores=False).controllers
    cls: type[Controller] = type(example)

    class Tweets(cls):  # type: ignore[valid-type,misc]  # mypy wants a name, not a value
        resource = {**cls.resource, "resource": {"name": str(file), "table": "tweets"}}

    return WSGIDispatcher(
        [Tweets], title="Tweets", contact={"name": "The openrest developers"}, license="MIT"
    )
