"""SQLite, by the module of Python."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

import sqlalchemy as sa

from openrest.datastore import columns as plain
from openrest.datastore.database import AWAY, LOWER, STEPS, TAKEN, lower, switch_to_wal
from openrest.datastore.sql.backend import Backend, Failure, Found, Place
from openrest.datastore.sql.columns import Column, Kind
from openrest.datastore.tables import unique_indexes
from openrest.models import shapes as s
from openrest.store_time import time_left

__all__ = ["SQLite"]

_TYPES: Final[dict[str, tuple[Kind, sa.types.TypeEngine[Any], type]]] = {
    "TEXT": ("text", sa.Text(), str),
    "INTEGER": ("integer", sa.Integer(), int),
    "REAL": ("number", sa.REAL(), float),
}


class _Patience(threading.local):
    """Until when the statement of this thread may go on, by time.monotonic()."""

    until = math.inf

    def is_over(self) -> bool:
        return time.monotonic() > self.until


_PATIENCE: Final = _Patience()


class SQLite(Backend):
    """The columns are those of `openrest.datastore.SQLiteDataStore`."""

    title = "SQLite"

    @property
    def table_options(self) -> dict[str, Any]:
        return {"sqlite_autoincrement": True, "sqlite_strict": True}

    def column(self, member: s.Member, *, indexed: bool) -> Column:
        column = plain.column(member)
        kind, type_, stored = _TYPES[column.type]
        order = column.order

        def ordering(place: Any) -> Any:
            if order == "{}":
                return place
            whole = sa.func.replace(place, ".", "") if "replace" in order else place
            return sa.cast(whole, sa.Integer())

        return Column(
            name=column.name,
            kind="json" if column.json else kind,
            type=type_,
            bind=type_,
            stored=(stored,),
            encode=column.encode,
            decode=column.decode,
            required=column.required,
            ordered=column.ordered,
            order=ordering,
            mark=ordering,
        )

    def fitted(self, column: Column, member: s.Member, found: Found) -> Column | None:
        wanted: dict[Kind, Any] = {
            "text": sa.String,
            "json": sa.String,
            "integer": sa.Integer,
            "number": sa.Float,
        }
        type_: sa.types.TypeEngine[Any] = found["type"]
        # What is in a BOOLEAN column are whole numbers.
        fits = isinstance(type_, (wanted[column.kind], sa.Boolean))
        return replace(column, type=type_) if fits else None

    def unique_indexes(
        self, connection: sa.Connection, place: Place
    ) -> Mapping[str, tuple[str, ...]] | None:
        # The inspector looks for constraints in the text of CREATE TABLE, and reads no quotes or
        # parentheses in a name.
        name, schema = place
        if schema is not None:
            return None
        driver = cast(sqlite3.Connection, connection.connection.driver_connection)
        return unique_indexes(driver, name)

    def session(self, statement_timeout: float) -> Sequence[str]:
        return (
            *self.limit(statement_timeout),
            "PRAGMA synchronous = FULL",
        )

    def limit(self, seconds: float) -> Sequence[str]:
        return (f"PRAGMA busy_timeout = {round(seconds * 1000)}",)

    def watch(self, seconds: float) -> None:
        _PATIENCE.until = time.monotonic() + seconds

    def relax(self) -> None:
        _PATIENCE.until = math.inf

    def set_up(self, connection: Any, statement_timeout: float) -> None:
        super().set_up(connection, statement_timeout)
        switch_to_wal(connection, time_left(statement_timeout))
        connection.set_progress_handler(_PATIENCE.is_over, STEPS)
        connection.create_function(LOWER, 1, lower, deterministic=True)

    def begin(self, *, strict: bool) -> Sequence[str]:
        # It takes the lock of the only writer at once, so what it reads holds, too.
        return ("BEGIN IMMEDIATE",)

    def stream(self, connection: Any) -> tuple[Sequence[str], Callable[[int], Any]]:
        return ("BEGIN",), lambda number: connection.cursor()

    def failure(self, error: Exception) -> Failure:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        if code in TAKEN:
            return Failure("taken", str(error).partition(": ")[2].lower())
        if code == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
            return Failure("missing")
        passes = code & 0xFF in AWAY or code & 0xFF == sqlite3.SQLITE_INTERRUPT
        return Failure("away" if passes else "broken")

    def lower(self, place: Any) -> Any:
        return getattr(sa.func, LOWER)(place)

    def contains(self, place: Any, text: Any) -> Any:
        return sa.func.instr(place, text) > 0

    def ends_with(self, place: Any, text: Any) -> Any:
        start = sa.func.length(place) - sa.func.length(text) + 1
        return sa.func.substr(place, start) == text
