"""Calling a WSGI or ASGI application in-process, at no cost but the application's own."""

import asyncio
import dataclasses
import io
import time
from collections.abc import Callable
from typing import Any

HEADERS = [
    ("Host", "bench.test"),
    ("User-Agent", "bench"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip, deflate"),
]


@dataclasses.dataclass(frozen=True)
class Request:
    """One request; ``body`` is JSON text, or empty for none."""

    method: str
    target: str
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    @property
    def headers(self) -> list[tuple[str, str]]:
        if not self.body:
            return HEADERS
        return [
            *HEADERS,
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(self.body))),
        ]


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclasses.dataclass(frozen=True)
class Cost:
    """Microseconds per request: of CPU of the whole process, and of wall clock."""

    cpu: float
    wall: float


def _cost(cpu: int, wall: int, count: int) -> Cost:
    return Cost(cpu / count / 1_000, wall / count / 1_000)


class WSGIClient:
    """Calls a WSGI application, consuming and closing what it returns."""

    def __init__(self, app: Callable[..., Any]) -> None:
        self.app = app

    def close(self) -> None:
        """Do nothing: WSGI has no shutdown."""

    @staticmethod
    def _environ(request: Request) -> dict[str, Any]:
        environ = {
            "REQUEST_METHOD": request.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query,
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": "50000",
            "SERVER_NAME": "bench.test",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(request.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in request.headers:
            key = name.upper().replace("-", "_")
            environ[key if key.startswith("CONTENT_") else f"HTTP_{key}"] = value
        return environ

    def ask(self, request: Request) -> Answer:
        """Return the answer to ``request``, untimed."""
        started: list[Any] = []

        def start_response(status: str, headers: Any, exc_info: Any = None) -> None:
            started[:] = [int(status[:3]), {name.lower(): value for name, value in headers}]

        chunks = self.app(self._environ(request), start_response)
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        return Answer(started[0], started[1], body)

    def cost(self, request: Request, count: int) -> Cost:
        """Return the mean cost of ``request`` over ``count`` calls in a row."""
        # Made beforehand, as a server would; each call gets its own, as applications write there.
        environs = [self._environ(request) for _ in range(count)]
        app = self.app

        def start_response(status: str, headers: Any, exc_info: Any = None) -> None:
            pass

        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        for environ in environs:
            chunks = app(environ, start_response)
            b"".join(chunks)
            if hasattr(chunks, "close"):
                chunks.close()
        cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
        return _cost(cpu, wall, count)


class ASGIClient:
    """Awaits an ASGI application in one event loop, which stays open for the whole run."""

    def __init__(self, app: Callable[..., Any], runner: asyncio.Runner) -> None:
        self.app = app
        self.runner = runner
        self._lifespan = runner.run(self._start())

    async def _start(self) -> tuple[asyncio.Task[None], asyncio.Queue[Any]]:
        """Run the application's startup, and leave its lifespan task waiting for the end."""
        inbox: asyncio.Queue[Any] = asyncio.Queue()
        outbox: asyncio.Queue[Any] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        task = asyncio.ensure_future(self.app(scope, inbox.get, outbox.put))
        await inbox.put({"type": "lifespan.startup"})
        message = await outbox.get()
        if message["type"] != "lifespan.startup.complete":
            raise RuntimeError(f"the application did not start: {message}")
        return task, inbox

    def close(self) -> None:
        """Run the application's shutdown."""

        async def stop() -> None:
            task, inbox = self._lifespan
            await inbox.put({"type": "lifespan.shutdown"})
            await task

        self.runner.run(stop())

    @staticmethod
    def _call(request: Request) -> tuple[dict[str, Any], Callable[[], Any]]:
        """Return a scope and a ``receive`` of its own for one call."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 50000),
            "scheme": "http",
            "method": request.method,
            "root_path": "",
            "path": request.path,
            "raw_path": request.path.encode(),
            "query_string": request.query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in request.headers],
            "state": {},
        }
        message = {"type": "http.request", "body": request.body, "more_body": False}

        async def receive() -> dict[str, Any]:
            return message

        return scope, receive

    def ask(self, request: Request) -> Answer:
        """Return the answer to ``request``, untimed."""
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def one() -> None:
            await self.app(*self._call(request), send)

        self.runner.run(one())
        headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], headers, body)

    def cost(self, request: Request, count: int) -> Cost:
        """Return the mean cost of ``request`` over ``count`` calls in a row."""
        calls = [self._call(request) for _ in range(count)]
        app = self.app

        async def send(message: Any) -> None:
            pass

        # Timed inside the loop: entering it is not part of a request.
        async def many() -> Cost:
            wall, cpu = time.perf_counter_ns(), time.process_time_ns()
            for scope, receive in calls:
                await app(scope, receive, send)
            cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
            return _cost(cpu, wall, count)

        return self.runner.run(many())
