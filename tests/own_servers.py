"""Databases that a test starts and stops, in a folder of its own; nobody else has them."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.needs import missing

__all__ = ["SERVERS", "OwnServer", "own_server"]

#: Seconds until a server has to answer, or to be gone: far more than it takes on a busy machine.
PATIENCE = 60


class OwnServer:
    """A server that is started and stopped again and again, always at the same port."""

    def __init__(self, url: str, port: int, command: list[str], user: str | None) -> None:
        self.url = url
        self._port = port
        self._command = command
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._process = subprocess.Popen(
            self._command,
            user=self._user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            assert self._process.poll() is None, f"{self._command} has ended"
            time.sleep(0.05)
        raise AssertionError(f"{self._command} does not listen")

    def stop(self, number: int) -> None:
        """Send it a signal, with SIGKILL to all of its processes, and wait until it is gone."""
        assert self._process is not None, "it runs"
        if number == signal.SIGKILL:
            os.killpg(self._process.pid, number)
        else:
            self._process.send_signal(number)
        self._process.wait(PATIENCE)
        self._process = None

    def end(self) -> None:
        """Stop it, where it runs."""
        if self._process is not None:
            self.stop(signal.SIGKILL)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _run(command: list[str], user: str | None) -> None:
    done = subprocess.run(command, user=user, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _program(name: str, *folders: str) -> str:
    for folder in folders:
        for found in sorted(Path("/").glob(f"{folder.lstrip('/')}/{name}"), reverse=True):
            return str(found)
    return shutil.which(name) or missing(f"there is no {name}")


def _user(name: str) -> str | None:
    """Whom to run as: a database refuses the superuser. None is whoever runs the test."""
    if os.geteuid():
        return None
    try:
        return pwd.getpwnam(name).pw_name
    except KeyError:
        missing(f"there is no user {name}")


def _postgresql(folder: Path, port: int) -> OwnServer:
    programs = "/usr/lib/postgresql/*/bin"
    user = _user("postgres")
    data = str(folder / "data")
    _run([_program("initdb", programs), "-U", "postgres", "-A", "trust", "-D", data], user)
    command = [_program("postgres", programs), "-D", data, "-p", str(port), "-k", str(folder)]
    return OwnServer(
        f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres", port, command, user
    )


def _mariadb(folder: Path, port: int) -> OwnServer:
    user = _user("mysql")
    data = f"--datadir={folder / 'data'}"
    install = _program("mariadb-install-db", "/usr/bin")
    _run([install, "--no-defaults", data, "--auth-root-authentication-method=normal"], user)
    command = [
        _program("mariadbd", "/usr/sbin"), "--no-defaults", data, f"--port={port}",
        "--bind-address=127.0.0.1", f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}",
    ]  # fmt: skip
    return OwnServer(f"mariadb+pymysql://root@127.0.0.1:{port}/test", port, command, user)


def _redis(folder: Path, port: int, *options: str) -> OwnServer:
    # Each write is on the disk before it is acknowledged.
    command = [
        _program("redis-server", "/usr/bin"), "--port", str(port), "--bind", "127.0.0.1", "--dir",
        str(folder), "--save", "", "--appendonly", "yes", "--appendfsync", "always", *options,
    ]  # fmt: skip
    return OwnServer(f"redis://127.0.0.1:{port}", port, command, None)


def _node(folder: Path, port: int) -> OwnServer:
    """A Redis that would be one of a cluster."""
    return _redis(folder, port, "--cluster-enabled", "yes")


#: Kind -> what makes one in a folder, at a port.
SERVERS: dict[str, Callable[[Path, int], OwnServer]] = {
    "postgresql": _postgresql,
    "mariadb": _mariadb,
    "redis": _redis,
    "redis node": _node,
}
_USERS = {"postgresql": "postgres", "mariadb": "mysql"}


@contextmanager
def own_server(kind: str) -> Iterator[OwnServer]:
    """A server of a kind, which runs; it ends with the test."""
    # Not in the folder of the test, which no other user may enter.
    folder = Path(tempfile.mkdtemp(prefix="openrest-"))
    user = _user(_USERS[kind]) if kind in _USERS else None
    if user is not None:
        shutil.chown(folder, user)
    try:
        server = SERVERS[kind](folder, _free_port())
        server.start()
        try:
            yield server
        finally:
            server.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
