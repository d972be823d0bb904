"""A SQLite file: one connection a thread, and sqlite3's errors as those of a store."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from openrest.datastore.forks import at_each_fork
from openrest.datastore.fulltext import SearchIndex
from openrest.datastore.once import KeyTable
from openrest.datastore.tables import Table, TableFound
from openrest.errors import (
    ContractError,
    RecordConflict,
    StoreError,
    StoreUnavailable,
    TableMismatch,
)
from openrest.rehearsal import rehearsing
from openrest.store_time import NO_TIME_LEFT, TIME_IS_UP, time_left
from openrest.words import found as words_found

__all__ = [
    "AWAY",
    "FOUND",
    "LOWER",
    "STEPS",
    "TAKEN",
    "Connection",
    "Database",
    "connect",
    "lower",
    "switch_to_wal",
]

#: A function of SQL: text in lower case, as in Python. SQLite's own knows ASCII alone.
LOWER: Final = "openrest_lower"

#: A function of SQL: whether words, with spaces between them, begin words of the texts that follow.
FOUND: Final = "openrest_found"

#: The device and the number of a file: they differ when another one has taken its place.
_File = tuple[int, int]

#: For how many seconds a reader trusts that the file is still there: to ask costs as much as a
#: quarter of a `get`. A writer always asks.
_TRUSTED: Final = 0.1

#: So many steps of its machine, a millisecond or so, SQLite goes between two looks at the clock.
STEPS: Final = 100_000

#: As many rows of a stream are in memory at a time.
_BATCH: Final = 256

#: What passes by itself, or is for the machine's administrator: the client may try again.
AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CORRUPT,
    }
)
#: What two rows cannot both have.
TAKEN = frozenset(
    {
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_ROWID,
    }
)


class _Patience:
    """Until when a statement may go on, by time.monotonic().

    It stands beside its connection, which has to go as soon as nobody refers to it.
    """

    __slots__ = ("until",)

    def __init__(self) -> None:
        self.until = math.inf

    def is_over(self) -> bool:
        return time.monotonic() > self.until


class Connection(sqlite3.Connection):
    """Closes itself when it is dropped, but only in the process that opened it."""

    pid = 0
    patience: _Patience

    def __del__(self) -> None:
        if self.pid == os.getpid():
            self.close()


def connect(path: Path, timeout: float, *, create: bool = False) -> Connection:
    """An open connection that begins no transaction by itself; `timeout` is in seconds."""
    mode = "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        timeout=timeout,
        isolation_level=None,
        check_same_thread=False,  # the thread that drops the last reference closes it
        factory=Connection,
    )
    connection.pid = os.getpid()
    connection.patience = _Patience()
    connection.set_progress_handler(connection.patience.is_over, STEPS)
    # In WAL mode NORMAL may lose the last commits when the power fails; an answered 201 may not
    # be lost (https://www.sqlite.org/pragma.html#pragma_synchronous).
    connection.execute("PRAGMA synchronous=FULL")
    connection.create_function(LOWER, 1, lower, deterministic=True)
    connection.create_function(FOUND, -1, _found, deterministic=True)
    return connection


def lower(value: Any) -> Any:
    """The function `LOWER`."""
    return value.lower() if isinstance(value, str) else value


def _found(words: str, *texts: Any) -> bool:
    return words_found(words.split(" "), [text for text in texts if isinstance(text, str)])


def switch_to_wal(connection: sqlite3.Connection, timeout: float) -> None:
    """Make the file one in which reading and writing do not wait for each other.

    SQLite does not wait for its lock here, as it does elsewhere, so this asks again.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class Database:
    """Runs statements on the file at `path`, each thread on a connection of its own.

    `found` is what is known of the table in it. SQLite goes on with a file that has been deleted
    or replaced, and what it writes there is lost: that is StoreUnavailable, until a file whose
    table fits is there again.
    """

    def __init__(
        self,
        path: Path,
        timeout: float,
        table: Table,
        found: TableFound,
        *,
        statement_timeout: float,
    ) -> None:
        self.found = found
        self._statement_timeout = statement_timeout
        #: What the file has to have beside the table.
        self.beside: list[SearchIndex | KeyTable] = []
        #: The file itself, whatever it is called.
        self.file = path.resolve()
        self._path = path
        self._timeout = timeout
        self._table = table
        #: The file whose table is known to fit.
        self._fitting: _File | None = _look(path)
        self._process = _Process()
        # A server that imports an application and then forks its workers has only this thread.
        at_each_fork(self, Database.close_when_idle, when="before")

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows that a query gives."""
        handle = self._handle()
        connection = handle.connection
        now = time.monotonic()
        if now > handle.trusted_until and not connection.in_transaction:
            self._check(handle)
        connection.patience.until = now + time_left(self._statement_timeout)
        try:
            return connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def batches(
        self, sql: str, parameters: Sequence[Any] = ()
    ) -> Generator[list[tuple[Any, ...]], None, None]:
        """All rows that a query gives, some at a time, as they are when it begins.

        On a connection of its own: this thread may write meanwhile, which it could not on one
        that still reads an earlier moment.
        """
        if self.file in _THREAD.joint:
            yield self.rows(sql, parameters)  # another connection would not see what it wrote
            return
        if self._process.pid != os.getpid():
            self._after_fork()
        handle = self._open()
        try:
            self._begin(handle.connection)
            cursor = handle.connection.execute(sql, parameters)
            while rows := cursor.fetchmany(_BATCH):
                yield rows
                self._begin(handle.connection)  # it may have been a slow client
                if time.monotonic() > handle.trusted_until:
                    self._check(handle)
        except sqlite3.Error as error:
            raise self._failure(error) from error
        finally:
            handle.close()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a statement that writes, in the transaction of this thread or as one of its own."""
        handle = self._handle()
        connection = handle.connection
        self._begin(connection)
        try:
            if connection.in_transaction:
                return connection.execute(sql, parameters)
            if self.file in _THREAD.joint:
                raise StoreUnavailable(f"{self._path}: the transaction has been undone")
            if rehearsing():
                with self.transaction():
                    return connection.execute(sql, parameters)
            with self._turn():
                self._check(handle)
                self._begin(connection)  # it may have waited for its turn
                return connection.execute(sql, parameters)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def refuse_within(self) -> None:
        """Raise ContractError where this thread is within a `change` or `check`."""
        handle = self._handle()
        if handle.connection.in_transaction and not handle.takes_part:
            raise ContractError("A change or check must not write to the store that runs it.")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One atomic step of this thread: nobody else writes meanwhile, an exception undoes it.

        So does its end, while this thread is `rehearsing`.
        """
        handle = self._handle()
        connection = handle.connection
        if connection.in_transaction:
            with self._part(handle):
                yield
            return
        if self.file in _THREAD.joint:
            raise StoreUnavailable(f"{self._path}: the transaction has been undone")
        with self._turn():
            self._check(handle)
            # IMMEDIATE takes the write lock at once. A transaction that read first would be
            # refused when it came to write, without waiting, if another had written in between.
            self._control(connection, "BEGIN IMMEDIATE")
            try:
                yield
                self._control(connection, "ROLLBACK" if rehearsing() else "COMMIT")
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def together(self) -> Iterator[None]:
        """A transaction in which all that this thread writes to the file takes part.

        Whichever `Database` it is written through, it is written on the connection of this one.
        """
        with self.transaction():
            handle = self._handle()
            outer = _THREAD.joint.get(self.file)
            _THREAD.joint[self.file] = handle
            handle.takes_part = True
            try:
                yield
            finally:
                handle.takes_part = False
                if outer is None:
                    del _THREAD.joint[self.file]

    @contextmanager
    def _part(self, handle: _Handle) -> Iterator[None]:
        """A write within a transaction `together`, which an exception undoes by itself."""
        self.refuse_within()
        connection = handle.connection
        self._control(connection, "SAVEPOINT openrest_part")
        handle.takes_part = False
        try:
            yield
            self._control(connection, "RELEASE openrest_part")
        except BaseException:
            # After some failures SQLite has undone the whole transaction already.
            if connection.in_transaction:
                self._control(connection, "ROLLBACK TO openrest_part")
                self._control(connection, "RELEASE openrest_part")
            raise
        finally:
            handle.takes_part = True

    def close(self) -> None:
        """Close the connection of this thread; the next statement opens a new one."""
        self._process.threads.handle = None

    def close_when_idle(self) -> None:
        """Close the connection of this thread unless it is in the middle of a transaction."""
        handle: _Handle | None = getattr(self._process.threads, "handle", None)
        if handle is not None and not handle.connection.in_transaction:
            self.close()

    def _handle(self) -> _Handle:
        joint = _THREAD.joint.get(self.file)
        if joint is not None:
            return self._joined(joint)
        if self._process.pid != os.getpid():
            self._after_fork()
        handle: _Handle | None = getattr(self._process.threads, "handle", None)
        if handle is None:
            self._process.threads.handle = handle = self._open()
        return handle

    def _joined(self, joint: _Handle) -> _Handle:
        """The connection of another `Database`, where it is to a file whose table fits here."""
        if joint.connection.pid != os.getpid():
            raise StoreError(f"{self._path}: the process was forked within a transaction")
        if joint.file != self._fitting:
            self._process.threads.handle = self._open()
        return joint

    def _open(self) -> _Handle:
        file = _look(self._path)
        try:
            handle = _Handle(connect(self._path, self._timeout), file, self._process.opened)
            if file != self._fitting:
                self.found = self._table.compare(handle.connection)
                for each in self.beside:
                    each.prepare(handle.connection)
                switch_to_wal(handle.connection, self._timeout)
        except sqlite3.Error as error:
            raise self._failure(error) from error
        except TableMismatch as error:
            raise StoreError(f"{self._path}: {error}") from error
        self._check(handle)  # it may have been replaced between the look and the opening
        self._fitting = file
        return handle

    def _check(self, handle: _Handle) -> None:
        """See that the connection is to the file at the path; one that is not is closed."""
        try:
            if _look(self._path) != handle.file:
                raise StoreUnavailable(f"{self._path}: another file has taken its place")
        except StoreUnavailable:
            # Not only the number: once it is free, the next file may be given the same.
            self._fitting = None
            self.close()
            handle.close()
            raise
        handle.trusted_until = time.monotonic() + _TRUSTED

    def _after_fork(self) -> None:
        # SQLite keeps its locks on a file in the memory of the process, and a child believes to
        # hold what its parent holds (https://www.sqlite.org/howtocorrupt.html, section 2.6).
        if self._process.opened:
            raise StoreError(
                f"{self._path}: the process had it open in other threads when it was forked, and "
                "SQLite cannot be used in this child of it. Fork before such threads start."
            )
        self._process = _Process()

    def _begin(self, connection: Connection) -> None:
        """Have the statement that begins now end in time."""
        connection.patience.until = time.monotonic() + time_left(self._statement_timeout)

    def _control(self, connection: Connection, sql: str) -> None:
        connection.patience.until = math.inf  # what is done already is not given up
        try:
            connection.execute(sql)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    @contextmanager
    def _turn(self) -> Iterator[None]:
        turn = self._process.turn
        if not turn.acquire(timeout=time_left(self._timeout)):
            raise StoreUnavailable(f"{self._path}: another thread is writing")
        try:
            yield
        finally:
            turn.release()

    def _failure(self, error: sqlite3.Error) -> StoreError:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code in TAKEN and str(error).lower() in self.found.conflicts:
            return RecordConflict(self.found.conflicts[str(error).lower()])
        if code & 0xFF == sqlite3.SQLITE_INTERRUPT:
            longer = f"a statement took longer than {self._statement_timeout} s"
            late = time.monotonic() > TIME_IS_UP.get()
            return StoreUnavailable(f"{self._path}: {NO_TIME_LEFT if late else longer}")
        if code & 0xFF in AWAY:
            return StoreUnavailable(f"{self._path}: {error}")
        return StoreError(f"{self._path}: {error}")


class _Process:
    """What one process has of the file: a connection for each thread, and whose turn it is."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.threads = threading.local()
        #: Every open connection. One that a child inherits is kept here for good: to close it
        #: would undo what the parent does in the memory that they share.
        self.opened: set[Connection] = set()
        #: Held by the thread that writes. SQLite lets waiting connections sleep and try again,
        #: whoever is lucky first; here the threads of a process come one after another.
        self.turn = threading.Lock()


class _Handle:
    """Closes its connection when its thread ends, but only in the process that opened it."""

    def __init__(self, connection: Connection, file: _File, opened: set[Connection]) -> None:
        self.connection = connection
        self.file = file
        #: When a reader has to check that the file is still there, by time.monotonic().
        self.trusted_until = 0.0
        #: Whether a write takes part in the transaction that there is.
        self.takes_part = False
        self._opened = opened
        opened.add(connection)

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        if self.connection.pid == os.getpid():
            self._opened.discard(self.connection)
            self.connection.close()


class _Thread(threading.local):
    """The connections on which this thread has begun a transaction `together`, by their files."""

    def __init__(self) -> None:
        self.joint: dict[Path, _Handle] = {}


_THREAD: Final = _Thread()


def _look(path: Path) -> _File:
    """Which file is at the path. Raises StoreUnavailable when none is, or one without a table."""
    try:
        found = os.stat(path)
    except FileNotFoundError as error:
        raise StoreUnavailable(f"{path}: the file is gone") from error
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}") from error
    if not found.st_size:
        raise StoreUnavailable(f"{path}: the file is empty")
    return found.st_dev, found.st_ino
