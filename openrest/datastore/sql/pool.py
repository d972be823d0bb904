"""The connections to one database that all of its stores share, and the transactions on them."""

from __future__ import annotations

import random
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.pool import PoolProxiedConnection

from openrest.datastore.forks import at_each_fork
from openrest.datastore.sql.backend import Backend
from openrest.datastore.sql.failures import Again, Lost, Refused, Silent
from openrest.datastore.sql.silence import GRACE, Line, Silence
from openrest.errors import ConfigurationError, ContractError, StoreError, StoreUnavailable
from openrest.rehearsal import rehearsing
from openrest.store_time import TIME_IS_UP, time_left

__all__ = ["Done", "Pool"]

Made = TypeVar("Made")

#: How often a transaction is carried out that the database undoes, and for how many seconds at
#: most it is left alone before.
_ATTEMPTS: Final = 20
_PAUSE: Final = 0.05

#: As many rows of a stream are in memory at a time.
_BATCH: Final = 256

#: In the notes that SQLAlchemy keeps of a connection which has been set up: for how many seconds
#: a statement may take there.
_READY: Final = "openrest"
#: In the same notes: its `Line`.
_LINE: Final = "openrest_line"


@dataclass(frozen=True, slots=True)
class Done:
    """What a statement has done."""

    rows: Sequence[tuple[Any, ...]]
    count: int
    last_key: Any


class Pool:
    """Runs statements on the connections of an engine, each thread on one at a time.

    Statements are texts with values to bind, as the driver takes them. A connection commits each
    of them by itself, but for those of a transaction. `owned` says that the engine is for nobody
    else. A child of this process begins with no connections. `options` are those of a resource.
    """

    def __init__(
        self, engine: sa.Engine, backend: Backend, options: Mapping[str, float], *, owned: bool
    ) -> None:
        self.engine = engine
        self.backend = backend
        self.options = options
        self._statement_timeout = options["statement_timeout"]
        self._owned = owned
        self._errors: tuple[type[Exception], ...] = (engine.dialect.loaded_dbapi.Error, Silence)
        self._threads = threading.local()
        self._name = _name(engine.url)
        at_each_fork(self, Pool._forked, when="after_in_child")
        if owned:
            weakref.finalize(self, engine.dispose)

    def read(self, sql: str, values: Any) -> Sequence[tuple[Any, ...]]:
        """All rows that a query gives: in the transaction of this thread, if it has one."""
        inside = self._inside()
        if inside is not None:
            return inside.read(sql, values)
        try:
            return self._alone(self._rows, sql, values)
        except Lost:
            # Perhaps only the connection, which may have been idle for long; and if more is gone,
            # there are no others that are as old. Nothing was written.
            return self._alone(self._rows, sql, values)

    def write(self, sql: str, values: Any, table: str) -> Done:
        """Run a statement that writes, in the transaction of this thread or as one of its own."""
        inside = self._inside()
        if inside is not None and inside.takes_parts:
            return self._part(inside, lambda: inside.execute(sql, values), takes_parts=False)
        if inside is not None:
            return inside.execute(sql, values)
        if rehearsing():
            return self.atomically(lambda: self.write(sql, values, table), table, strict=False)
        return self._repeated(lambda _: self._alone(self._execute, sql, values))

    def atomically(self, step: Callable[[], Made], table: str, *, strict: bool) -> Made:
        """Carry out the step in a transaction, once more where the database has undone it.

        In a `strict` one, what it reads holds until all is written. An exception undoes it, and so
        does its end, while this thread is `rehearsing`.
        """

        def attempt(repeated: bool) -> Made:
            with self._transaction(table, strict=strict, repeated=repeated):
                return step()

        inside = self._inside()
        if inside is None:
            return self._repeated(attempt)
        self.refuse_within()
        return self._part(inside, step, takes_parts=False)

    def together(self, step: Callable[[], Made], table: str) -> Made:
        """Carry out the step in a strict transaction, of which what it writes becomes a part."""

        def attempt(repeated: bool) -> Made:
            with self._transaction(table, strict=True, repeated=repeated) as inside:
                inside.takes_parts = True
                return step()

        inside = self._inside()
        if inside is None:
            return self._repeated(attempt)
        self.refuse_within()
        return self._part(inside, step, takes_parts=True)

    def refuse_within(self) -> None:
        """Raise ContractError where this thread is within a `change` or `check`."""
        inside = self._inside()
        if inside is not None and not inside.takes_parts:
            raise ContractError("A change or check must not write to the database that runs it.")

    def _part(self, inside: _Transaction, step: Callable[[], Made], *, takes_parts: bool) -> Made:
        """Carry out a step in a transaction that goes on where it fails."""
        part = inside.begin_part(takes_parts=takes_parts)
        try:
            made = step()
            inside.execute(f"RELEASE SAVEPOINT {part}", None)
            return made
        except (Again, Lost, Silent):
            raise  # the database has undone the whole
        except Exception:
            inside.undo_part(part)
            raise
        finally:
            inside.end_part()

    def batches(
        self, statements: Sequence[tuple[str, Any]]
    ) -> Generator[Sequence[tuple[Any, ...]], None, None]:
        """All rows that queries give, some at a time, as they are when the first one begins.

        On a connection of its own, which is closed at the end: this thread may write meanwhile.
        """
        try:
            connection, cursor_of = self._streaming()
        except Lost:
            connection, cursor_of = self._streaming()
        try:
            for number, (sql, values) in enumerate(statements):
                with self._closing(connection, cursor_of(number)) as cursor:
                    yield from self._fetched(connection, cursor, sql, values)
        finally:
            self.backend.relax()
            connection.close()

    def _fetched(
        self, connection: PoolProxiedConnection, cursor: Any, sql: str, values: Any
    ) -> Iterator[Sequence[tuple[Any, ...]]]:
        try:
            self.backend.watch(self._statement_timeout)
            with self._patiently(connection):
                cursor.execute(sql, values)
            while rows := self._batch(connection, cursor):
                yield rows
                self.backend.watch(self._statement_timeout)
        except self._errors as error:
            raise self._failed(error, connection) from error

    def _batch(self, connection: PoolProxiedConnection, cursor: Any) -> Sequence[tuple[Any, ...]]:
        with self._patiently(connection):
            rows: Sequence[tuple[Any, ...]] = cursor.fetchmany(_BATCH)
            return rows

    @contextmanager
    def _closing(self, connection: PoolProxiedConnection, cursor: Any) -> Iterator[Any]:
        """The cursor of a stream while it is read, perhaps not to its end."""
        try:
            yield cursor
        finally:
            # The database may have something to say to that, too; the connection ends next.
            with suppress(*self._errors):
                if connection.is_valid:
                    with self._patiently(connection):
                        cursor.close()
            self.backend.forget(cursor)

    @property
    def is_inside(self) -> bool:
        """Whether this thread has a transaction."""
        return self._inside() is not None

    @contextmanager
    def connected(self) -> Iterator[sa.Connection]:
        """A connection of SQLAlchemy for what is done at the start.

        Raises ConfigurationError for what the database refuses.
        """
        try:
            with self._connect() as connection, connection.begin():
                yield connection
        except exc.TimeoutError as error:
            raise StoreUnavailable(
                f"{self._name}: all connections of the pool are in use"
            ) from error
        except exc.DBAPIError as error:
            cause = error.orig if isinstance(error.orig, Exception) else error
            passes = isinstance(error, (exc.OperationalError, exc.InterfaceError))
            if passes and self.backend.failure(cause).what == "away":
                raise StoreUnavailable(f"{self._name}: {_text(cause)}") from error
            raise ConfigurationError(
                f"the database {self._name!r}", [f"{_text(cause)}."]
            ) from error

    def _connect(self) -> sa.Connection:
        try:
            return self.engine.connect()
        except TypeError as error:  # PyMySQL's word for an option in the URL that it does not know
            raise ConfigurationError(f"the database {self._name!r}", [f"{error}."]) from error

    def dispose(self) -> None:
        """Close all connections that nobody uses; the next statement opens another."""
        self.engine.dispose()

    def _streaming(self) -> tuple[PoolProxiedConnection, Callable[[int], Any]]:
        """A connection that is no longer one of the pool, and what makes cursors of it."""
        connection = self._checked_out()
        connection.detach()
        begin, cursor_of = self.backend.stream(_driver(connection))
        try:
            for statement in begin:
                self._execute(connection, statement, None)
        except BaseException:
            connection.close()
            raise
        return connection, cursor_of

    def _inside(self) -> _Transaction | None:
        return getattr(self._threads, "transaction", None)

    def _repeated(self, attempt: Callable[[bool], Made]) -> Made:
        for number in range(_ATTEMPTS):
            if number:
                # Not all at the same moment, and later the more of them there seem to be.
                time.sleep(random.uniform(0, min(_PAUSE, 0.001 * 2**number)))  # nosec B311  # nobody gains by guessing it
            try:
                return attempt(number > 0)
            except Again as error:
                last = error
        raise StoreUnavailable(f"{last.reason} ({_ATTEMPTS} times)") from last

    @contextmanager
    def _transaction(self, table: str, *, strict: bool, repeated: bool) -> Iterator[_Transaction]:
        begin = list(self.backend.begin(strict=strict))
        queue = self.backend.queue(table) if repeated else None
        if queue is not None:
            begin.append(queue)
        try:
            inside = self._begun(begin)
        except Lost:
            inside = self._begun(begin)  # it has done nothing yet
        self._threads.transaction = inside
        try:
            yield inside
            if rehearsing():
                inside.roll_back()
            else:
                inside.commit()
        except Exception:
            inside.roll_back()
            raise
        except BaseException:
            # It may have come in the middle of a statement, whose answer nobody has read.
            inside.connection.invalidate()
            raise
        finally:
            self._threads.transaction = None
            self._give_back(inside.connection)

    def _begun(self, begin: Sequence[str]) -> _Transaction:
        connection = self._checked_out()
        inside = _Transaction(self, connection)
        try:
            for statement in begin:
                inside.execute(statement, None)
        except BaseException:
            inside.roll_back()
            self._give_back(connection)
            raise
        return inside

    def _alone(
        self, run: Callable[[PoolProxiedConnection, str, Any], Made], sql: str, values: Any
    ) -> Made:
        """What a statement gives that is no part of a transaction."""
        connection = self._checked_out()
        try:
            self._limit(connection)
            return run(connection, sql, values)
        except StoreError:
            raise
        except BaseException:
            connection.invalidate()
            raise
        finally:
            self._give_back(connection)

    def _checked_out(self) -> PoolProxiedConnection:
        try:
            connection = self.engine.raw_connection()
        except exc.TimeoutError as error:
            raise StoreUnavailable(
                f"{self._name}: all connections of the pool are in use"
            ) from error
        except self._errors as error:
            raise StoreUnavailable(f"{self._name}: {_text(error)}") from error
        if self._owned and _READY in connection.info:
            return connection
        try:
            if _LINE not in connection.info:
                connection.info[_LINE] = Line(self.backend.socket_of(_driver(connection)))
            with self._in_time(connection):
                if not self._owned:
                    self.engine.dialect.set_isolation_level(_driver(connection), "AUTOCOMMIT")
                self._set_up(connection)
        except StoreError:  # the time is up: half set up it is of no use to others
            _invalidate(connection)
            raise
        except self._errors as error:
            failed = self._failed(error, connection)
            _invalidate(connection)
            raise failed from error
        return connection

    def _set_up(self, connection: PoolProxiedConnection) -> None:
        if _READY not in connection.info:
            self.backend.set_up(_driver(connection), self._statement_timeout)
            connection.info[_READY] = self._statement_timeout

    def _limit(self, connection: PoolProxiedConnection) -> None:
        """Have the statement that begins now end in time: in that of its request, too."""
        seconds = time_left(self._statement_timeout)
        self.backend.watch(seconds)
        self._tell(connection, seconds)

    def _in_time(self, connection: PoolProxiedConnection) -> Line:
        """Within this, what the database is asked ends with Silence where it says nothing.

        Little later than its request may take: what is done then is committed or undone.
        """
        line: Line = connection.info[_LINE]
        now = time.monotonic()
        line.until = max(now, min(TIME_IS_UP.get(), now + self._statement_timeout)) + GRACE
        return line

    def _patiently(self, connection: PoolProxiedConnection) -> Line:
        """The same for a stream, which may go on when the time of its request is up."""
        line: Line = connection.info[_LINE]
        line.until = time.monotonic() + self._statement_timeout + GRACE
        return line

    def _tell(self, connection: PoolProxiedConnection, seconds: float) -> None:
        """Tell the database how long a statement may take, unless it knows."""
        if connection.info.get(_READY) != seconds:
            for statement in self.backend.limit(seconds):
                self._execute(connection, statement, None)
            connection.info[_READY] = seconds

    def _give_back(self, connection: PoolProxiedConnection) -> None:
        self.backend.relax()
        if not self._owned and connection.is_valid:
            passing: tuple[type[Exception], ...] = (StoreError, *self._errors)
            try:
                self._tell(connection, self._statement_timeout)  # it is that of others, too
                with self._in_time(connection):
                    self.engine.dialect.reset_isolation_level(_driver(connection))
            except passing:
                _invalidate(connection)
        connection.close()

    def _execute(self, connection: PoolProxiedConnection, sql: str, values: Any) -> Done:
        try:
            with self._in_time(connection):
                cursor = _driver(connection).cursor()
                cursor.execute(sql, values) if values is not None else cursor.execute(sql)
                rows = cursor.fetchall() if cursor.description else ()
            return Done(rows, cursor.rowcount, getattr(cursor, "lastrowid", None))
        except self._errors as error:
            raise self._failed(error, connection) from error

    def _rows(
        self, connection: PoolProxiedConnection, sql: str, values: Any
    ) -> Sequence[tuple[Any, ...]]:
        # Not by `_execute`: to ask psycopg for a description takes as long as a fetch.
        try:
            with self._in_time(connection):
                cursor = _driver(connection).cursor()
                cursor.execute(sql, values)
                rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
            return rows
        except self._errors as error:
            raise self._failed(error, connection) from error

    def _failed(self, error: Exception, connection: PoolProxiedConnection) -> StoreError:
        """What to raise for an error of the driver. A connection that is gone is given up."""
        text = f"{self._name}: {_text(error)}"
        if isinstance(error, Silence):
            self._give_up(connection)
            return Silent(text)
        failure = self.backend.failure(error)
        if self.backend.is_lost(error) or self.engine.dialect.is_disconnect(
            error,  # type: ignore[arg-type]
            connection.dbapi_connection,
            None,
        ):
            self._give_up(connection)
            return Lost(text)
        match failure.what:
            case "again":
                return Again(text)
            case "away":
                return StoreUnavailable(text)
            case _:
                return Refused(text, failure)

    def _give_up(self, connection: PoolProxiedConnection) -> None:
        connection.invalidate()
        # The others are as old, and a server that starts again has closed them all.
        self.engine.dispose()

    def _forked(self) -> None:
        # Not closed: that would tell the server to end what the parent still uses.
        self.engine.dispose(close=False)
        self._threads = threading.local()


class _Transaction:
    """What one thread has open. One that `takes_parts` goes on where a part of it has failed."""

    def __init__(self, pool: Pool, connection: PoolProxiedConnection) -> None:
        self.connection = connection
        self.takes_parts = False
        self._parts = 0
        self._pool = pool
        self._failure: StoreError | None = None

    def execute(self, sql: str, values: Any) -> Done:
        return self._noting(self._pool._execute, sql, values)

    def read(self, sql: str, values: Any) -> Sequence[tuple[Any, ...]]:
        return self._noting(self._pool._rows, sql, values)

    def _noting(
        self, run: Callable[[PoolProxiedConnection, str, Any], Made], sql: str, values: Any
    ) -> Made:
        if self._failure is not None and not self.connection.is_valid:
            raise self._failure  # somebody's function has caught it
        try:
            self._pool._limit(self.connection)
            return run(self.connection, sql, values)
        except StoreError as error:
            self._failure = error
            raise

    def begin_part(self, *, takes_parts: bool) -> str:
        """The name of a part, which may have parts itself."""
        name = f"openrest_{self._parts}"
        self.execute(f"SAVEPOINT {name}", None)
        self._parts += 1
        self.takes_parts = takes_parts
        return name

    def undo_part(self, name: str) -> None:
        """Undo what it has written, and forget what has failed in it."""
        # However little time is left: the database takes nothing else before that.
        self._pool.backend.relax()
        self._pool._execute(self.connection, f"ROLLBACK TO SAVEPOINT {name}", None)
        self._failure = None

    def end_part(self) -> None:
        """Go on with what it is a part of."""
        self._parts -= 1
        self.takes_parts = True

    def commit(self) -> None:
        if self._failure is not None:
            # Somebody's function has caught it; the database has given up what came before.
            raise self._failure
        self._pool.backend.relax()  # what is done already is not given up
        try:
            self._pool._execute(self.connection, "COMMIT", None)
        except (Lost, Silent) as error:
            raise StoreUnavailable(
                f"{error.reason}: nobody knows whether the last write was stored"
            ) from error

    def roll_back(self) -> None:
        if self.connection.is_valid:
            self._pool.backend.relax()
            try:
                self._pool._execute(self.connection, "ROLLBACK", None)
            except StoreError:
                _invalidate(self.connection)


def _invalidate(connection: PoolProxiedConnection) -> None:
    if connection.is_valid:  # not one that is given up already, which SQLAlchemy warns of
        connection.invalidate()


def _driver(connection: PoolProxiedConnection) -> Any:
    """The connection of the driver."""
    return connection.dbapi_connection


def _name(url: sa.URL) -> str:
    """Which database it is, without a user and a password."""
    where = f"{url.host or 'localhost'}:{url.port}" if url.port else url.host or ""
    return "/".join(filter(None, [where, url.database])) or url.get_backend_name()


def _text(error: Exception) -> str:
    """The first line of what the driver says; the others have values of the statement in them."""
    texts = [str(one) for one in error.args if isinstance(one, str)] or [str(error)]
    lines = texts[0].strip().splitlines()
    return lines[0] if lines else type(error).__name__
