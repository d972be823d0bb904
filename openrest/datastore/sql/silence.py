"""An end to waiting for a database that keeps a connection and says nothing on it.

A server ends a statement that takes too long, as long as it can tell so. One that is frozen, or a
proxy before it, may acknowledge whatever comes and never answer, or answer a byte at a time.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final, Literal

from openrest.datastore.forks import at_each_fork

__all__ = ["GRACE", "Line", "Silence"]

#: How many seconds longer than the server may take it is waited for: what it says itself tells
#: more, and leaves the connection as it is. MariaDB looks once a second whether a lock is late.
GRACE: Final = 2

#: A thread can wait no longer than some years.
_DAY: Final = 86_400.0


class Silence(Exception):
    """The database has not answered in time, and the connection was shut."""


class Line:
    """The socket of one connection, which is shut where what is asked there takes too long.

        line.until = time.monotonic() + 30
        with line:  # raises Silence
            cursor.execute(sql)

    For one call at a time. Without a number, there is nothing to shut.
    """

    __slots__ = ("_number", "_socket", "is_shut", "until")

    def __init__(self, number: int | None) -> None:
        self.until = math.inf
        self.is_shut = False
        self._number = number
        self._socket = None if number is None else _which(number)

    def __enter__(self) -> None:
        if self._socket is not None:
            _WATCH.begin(self)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> Literal[False]:
        if self._socket is not None:
            _WATCH.end(self)
            if self.is_shut and (kind is None or issubclass(kind, Exception)):
                raise Silence("it does not answer in time")
        return False

    def shut(self) -> None:
        """Have whoever waits for the socket see that it has ended."""
        self.is_shut = True
        assert self._number is not None  # nosec B101  # says it to the type checker
        with suppress(OSError):
            # The driver may close it at this moment, and something else get its number: so it is
            # looked at by a number that nobody else has.
            with socket.socket(fileno=os.dup(self._number)) as own:
                if _which(own.fileno()) == self._socket:
                    own.shutdown(socket.SHUT_RDWR)


def _which(number: int) -> tuple[int, int] | None:
    """What tells an open socket from others; None where the system does not show it."""
    try:
        found = os.fstat(number)
    except OSError:  # a socket of Windows is no file
        return None
    return found.st_dev, found.st_ino


class _Watch:
    """The calls that are going on in this process, and a thread that shuts those that are late."""

    def __init__(self) -> None:
        self._begin_anew()
        at_each_fork(self, _Watch._begin_anew, when="after_in_child")

    def _begin_anew(self) -> None:
        # One thread may come here twice: what is collected as garbage may be a stream, whose
        # end is such a call.
        self._lock = threading.RLock()
        self._lines: set[Line] = set()
        self._looks_at = math.inf
        self._calls: SimpleQueue[None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def begin(self, line: Line) -> None:
        with self._lock:
            self._lines.add(line)
            if line.until < self._looks_at:
                self._looks_at = line.until
                self._wake()

    def end(self, line: Line) -> None:
        # After this the line is not shut, whoever has it next.
        with self._lock:
            self._lines.discard(line)

    def _wake(self) -> None:
        if self._thread is not None:
            self._calls.put(None)
            return
        thread = threading.Thread(target=self._run, name="openrest-silence", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is about to end, or there are too many
            self._looks_at = math.inf  # the next call tries again
        else:
            self._thread = thread

    def _run(self) -> None:
        while True:
            seconds = self._look()
            with suppress(Empty):
                self._calls.get(timeout=min(seconds, _DAY))

    def _look(self) -> float:
        """Shut what is late; for how many seconds nothing else is."""
        with self._lock:
            now = time.monotonic()
            # Not before: most calls have ended long ago by then, and need not wake it each.
            if self._looks_at <= now:
                for line in [*self._lines]:
                    if line.until <= now:
                        line.shut()
                        self._lines.discard(line)
                self._looks_at = min((line.until for line in self._lines), default=math.inf)
            return self._looks_at - now


_WATCH: Final = _Watch()
