"""MariaDB and MySQL, by PyMySQL."""

from __future__ import annotations

import datetime as dt
import decimal
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from openrest.datastore.columns import Convert
from openrest.datastore.sql.backend import Backend, Failure, Found, Place
from openrest.datastore.sql.columns import NATIVE, Column, Kind, then, value_of
from openrest.datastore.sql.fitting import choices, holds, longest, text_fits
from openrest.models import shapes as s
from openrest.models.walking import bare

__all__ = ["MariaDB"]

#: Number of an error -> what it means.
_MEANINGS: Final[dict[int, Any]] = {
    1213: "again",  # a deadlock
    1020: "again",  # the record has changed since it was read
    1412: "again",  # the table has changed since the transaction began
    1062: "taken",
    1586: "taken",
    1216: "missing",
    1452: "missing",
    1217: "referenced",
    1451: "referenced",
    1467: "full",
    1205: "away",  # the lock wait timeout
    1969: "away",  # the statement timeout, of MariaDB and of MySQL
    3024: "away",
    1317: "away",  # somebody has ended the statement
    1927: "away",  # ... or the connection
    1021: "away",
    1037: "away",
    1040: "away",
    1041: "away",
    1053: "away",
    1114: "away",
    1203: "away",
    1290: "away",
    1836: "away",
}
#: These are the driver's own: the server cannot be reached, or does not answer.
_NOT_REACHED: Final = range(2000, 2100)

#: A name in an error about a foreign key.
_QUOTED: Final = "`((?:``|[^`])+)`"

_NAMES: Final = ("mysql", "mariadb")

#: The longest text of four bytes a character that an index of InnoDB holds.
_INDEX_BYTES: Final = 3072


class MariaDB(Backend):
    """Text compares by a binary collation; transactions are SERIALIZABLE where they read."""

    title = "MariaDB"
    index_bytes = _INDEX_BYTES

    def __init__(self) -> None:
        self._is_mariadb = True
        self._binary = "utf8mb4_nopad_bin"
        self._lowering = "utf8mb4_unicode_520_nopad_ci"

    @property
    def table_options(self) -> dict[str, Any]:
        options = {"engine": "InnoDB", "charset": "utf8mb4", "collate": self._binary}
        # SQLAlchemy goes by the name in the URL, which may be that of either.
        return {f"{name}_{key}": options[key] for name in _NAMES for key in options}

    def prepare(self, connection: sa.Connection) -> None:
        if not getattr(connection.dialect, "is_mariadb", False):
            self._is_mariadb = False
            self._binary, self._lowering = "utf8mb4_0900_bin", "utf8mb4_0900_ai_ci"
            return
        newest = "uca1400_ai_ci"
        known = connection.exec_driver_sql("SHOW COLLATION WHERE Collation = %s", (newest,))
        if known.first():
            self._lowering = newest

    def column(self, member: s.Member, *, indexed: bool) -> Column:
        value = value_of(member)
        type_ = self._type(member, value.kind, indexed=indexed)
        encode, decode = _CONVERTS.get(value.kind, (None, None))
        column = Column(
            name=member.name,
            kind=value.kind,
            type=type_,
            bind=sa.Text() if value.kind in _TEXTS else type_,
            stored=_STORED.get(value.kind, NATIVE[value.kind]),
            encode=then(value.encode, encode),
            decode=None if value.kind == "decimal" else then(decode, value.decode),
            required=member.always and not member.nullable,
            ordered=value.ordered,
        )
        if value.kind == "decimal":
            # From text: a literal such as 1E-7 would be a double.
            return _cast_from_text(column, type_)
        return column

    def fitted(self, column: Column, member: s.Member, found: Found) -> Column | str | None:
        type_, kind = found["type"], column.kind
        collation = found.get("collation")
        if isinstance(type_, mysql.ENUM) and kind == "text":
            wanted = choices(member.shape)
            if set(type_.enums) != set(wanted) or collation != self._binary:
                named = ", ".join(map(repr, wanted))
                return f"an ENUM of {named} COLLATE {self._binary}" if wanted else None
            # Its own order is the one in which its values were declared.
            return replace(column, order=lambda place: self.binary(sa.cast(place, sa.CHAR())))
        if kind in ("text", "json") and isinstance(type_, sa.String):
            if kind == "json" and collation == "utf8mb4_bin":
                return replace(column, type=type_)  # as JSON is; no JSON ends with a space
            is_other = isinstance(type_, (mysql.CHAR, mysql.ENUM, mysql.SET))
            fits = collation == self._binary and text_fits(member, _characters(type_))
            return replace(column, type=type_) if fits and not is_other else None
        if kind == "uuid":
            is_text = isinstance(type_, (mysql.CHAR, mysql.VARCHAR)) and (type_.length or 0) >= 36
            fits = is_text and collation in ("ascii_bin", "utf8mb4_bin", self._binary)
            return replace(column, type=type_) if fits else None
        if kind in ("instant", "moment", "time"):
            wanted_type = mysql.TIME if kind == "time" else mysql.DATETIME
            fits = isinstance(type_, wanted_type) and type_.fsp == 6
            return replace(column, type=type_) if fits else None
        if kind == "json":
            return None  # MySQL's own type spells values in its own way
        fitted = holds(column, member, type_)
        if kind == "decimal" and isinstance(fitted, Column):
            return _cast_from_text(fitted, column.type)
        return fitted

    def collations(self, connection: sa.Connection, place: Place) -> Mapping[str, str]:
        # The inspector tells only those that differ from that of the table.
        known = sa.text(
            "SELECT column_name, collation_name FROM information_schema.columns "
            "WHERE table_schema = coalesce(:schema, database()) AND table_name = :name"
        )
        name, schema = place
        rows = connection.execute(known, {"name": name, "schema": schema})
        return {row[0]: row[1] for row in rows}

    def spelled(self, name: str, dialect: sa.Dialect) -> str:
        # The inspector reads SHOW CREATE TABLE, and leaves a quote in a name twice as it is there.
        return _once(name, dialect.identifier_preparer.final_quote)

    def table_differences(self, connection: sa.Connection, place: Place) -> Iterator[str]:
        # What such an engine has written stays, whatever is undone: a dry run would be a write.
        known = sa.text(
            "SELECT known.engine FROM information_schema.tables AS known "
            "LEFT JOIN information_schema.engines AS engines ON engines.engine = known.engine "
            "WHERE known.table_schema = coalesce(:schema, database()) "
            "AND known.table_name = :name AND coalesce(engines.transactions, 'NO') <> 'YES'"
        )
        name, schema = place
        for (engine,) in connection.execute(known, {"name": name, "schema": schema}):
            yield f"its engine {engine} has no transactions: it must be one with, ENGINE=InnoDB."

    @property
    def index_options(self) -> dict[str, Any]:
        # Of a text without a length, which only has to be found faster, the beginning.
        return {f"{name}_length": 191 for name in _NAMES}

    def session(self, statement_timeout: float) -> Sequence[str]:
        # Strict: a value that a column does not hold is refused. A key of 0 is one like any other.
        modes = "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO"
        return (
            f"SET SESSION sql_mode = '{modes}', time_zone = '+00:00', "
            # A text orders by so many bytes of its beginning, which have to fit into a buffer.
            "max_sort_length = 16384",
            *self.limit(statement_timeout),
        )

    def limit(self, seconds: float) -> Sequence[str]:
        own = f"max_statement_time = {max(0.001, seconds):.6g}"
        if not self._is_mariadb:
            own = f"max_execution_time = {max(1, round(seconds * 1000))}"
        return (f"SET SESSION innodb_lock_wait_timeout = {max(1, round(seconds))}, {own}",)

    def patience(self, connection: Any, seconds: float) -> None:
        # It has one bound for what is said until it is there and after that.
        connection._read_timeout = connection._write_timeout = seconds

    def socket_of(self, connection: Any) -> int | None:
        # PyMySQL has none where it has closed it, and tells so when it is asked something.
        return None if connection._sock is None else connection._sock.fileno()

    def begin(self, *, strict: bool) -> Sequence[str]:
        start = "START TRANSACTION"
        return ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", start) if strict else (start,)

    def stream(self, connection: Any) -> tuple[Sequence[str], Callable[[int], Any]]:
        from pymysql.cursors import SSCursor  # the driver is there: this is its connection

        own = "max_statement_time = 0" if self._is_mariadb else "max_execution_time = 0"
        # A client that reads slowly is no reason to break off.
        begin = (
            f"SET SESSION net_write_timeout = 3600, {own}",
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        )
        return begin, lambda number: connection.cursor(SSCursor)

    def forget(self, cursor: Any) -> None:
        # It would read on as garbage, to the end of what it was asked.
        result, cursor.connection = cursor._result, None
        if result is not None:
            result.unbuffered_active = False

    def failure(self, error: Exception) -> Failure:
        number = error.args[0] if error.args and type(error.args[0]) is int else 0
        text = str(error.args[1]) if len(error.args) > 1 else ""
        if type(error).__name__ == "InterfaceError" or number in _NOT_REACHED:
            return Failure("away")
        what = _MEANINGS.get(number, "broken")
        # The values come first, and may have anything in them.
        taken = r".*for key '(.+)'$"
        if "FOREIGN KEY" in text:
            named = re.search(rf"CONSTRAINT {_QUOTED} FOREIGN", text)
            table = re.search(rf"fails \({_QUOTED}\.{_QUOTED}", text)
            return Failure(
                what, _once(named[1], "`") if named else "", _once(table[2], "`") if table else ""
            )
        named = re.search(taken, text, re.DOTALL)
        name = named[1] if named else ""
        # MySQL puts the name of the table before it.
        return Failure(what, name if self._is_mariadb else name.rpartition(".")[2])

    def is_lost(self, error: Exception) -> bool:
        # The server is shutting down, or somebody has ended the connection.
        return bool(error.args) and error.args[0] in (1053, 1927)

    def lowered(self, text: str) -> str:
        return text.lower().replace("ς", "σ")

    def nulls(self, value: Any, place: Any, *, first: bool) -> list[Any]:
        without = place.is_(None)
        return [without.desc() if first else without.asc(), value]

    def lower(self, place: Any) -> Any:
        # The tables of the server have one letter for each: the one that has two is spelled out,
        # and the one whose form goes by its place is given one form.
        spelled = sa.func.replace(place, "İ", "i̇")
        lowered = sa.func.lower(sa.collate(spelled, self._lowering))
        return self.binary(sa.func.replace(self.binary(lowered), "ς", "σ"))

    def contains(self, place: Any, text: Any) -> Any:
        return sa.func.locate(text, place) > 0

    def ends_with(self, place: Any, text: Any) -> Any:
        return sa.func.right(place, sa.func.char_length(text)) == text

    def binary(self, place: Any) -> Any:
        return sa.collate(place, self._binary)

    def _type(self, member: s.Member, kind: Kind, *, indexed: bool) -> sa.types.TypeEngine[Any]:
        if kind in ("text", "json"):
            most = longest(member.shape) if kind == "text" else None
            if indexed and most is not None:
                return mysql.VARCHAR(max(1, most), charset="utf8mb4", collation=self._binary)
            return mysql.LONGTEXT(charset="utf8mb4", collation=self._binary)
        if kind == "decimal":
            shape = bare(member.shape)
            assert isinstance(shape, s.Decimal)  # nosec B101  # says it to the type checker
            return mysql.DECIMAL(shape.digits, shape.places)
        return _TYPES[kind]()


_TEXTS: Final = ("text", "json", "uuid", "decimal")

_TYPES: Final[dict[Kind, Callable[[], sa.types.TypeEngine[Any]]]] = {
    "integer": sa.BigInteger,
    "number": sa.Double,
    "boolean": sa.Boolean,
    "instant": lambda: mysql.DATETIME(fsp=6),
    "moment": lambda: mysql.DATETIME(fsp=6),
    "time": lambda: mysql.TIME(fsp=6),
    "date": sa.Date,
    "uuid": lambda: mysql.CHAR(36, charset="ascii", collation="ascii_bin"),
}
_STORED: Final[dict[Kind, tuple[type, ...]]] = {
    "boolean": (int,),
    "uuid": (str,),
    "decimal": (str,),
}


def _once(name: str, mark: str) -> str:
    """A name that was between such marks, in which each of its own is there twice."""
    return name.replace(mark * 2, mark)


def _without_zone(value: dt.datetime) -> dt.datetime:
    return value.replace(tzinfo=None)


def _with_zone(value: dt.datetime) -> dt.datetime:
    return value.replace(tzinfo=dt.UTC)


def _moment(value: dt.datetime) -> dt.datetime:
    return value.replace()  # PyMySQL gives the text of what is no date


def _time(value: dt.timedelta) -> dt.time:
    if not dt.timedelta() <= value < dt.timedelta(days=1):
        raise ValueError(f"{value} is no time of a day")
    return (dt.datetime.min + value).time()


def _uuid_text(value: uuid.UUID) -> str:
    if type(value) is not uuid.UUID:
        raise TypeError(f"{value!r} is no UUID")
    return str(value)


def _decimal_text(value: decimal.Decimal) -> str:
    return f"{value:f}"


_CONVERTS: Final[dict[Kind, tuple[Convert | None, Convert | None]]] = {
    "boolean": (int, {0: False, 1: True}.__getitem__),
    "instant": (_without_zone, _with_zone),
    "moment": (None, _moment),
    "time": (None, _time),
    "uuid": (_uuid_text, uuid.UUID),
    "decimal": (_decimal_text, None),
}


def _cast_from_text(column: Column, type_: sa.types.TypeEngine[Any]) -> Column:
    def cast(bound: Any) -> Any:
        return sa.cast(bound, type_)

    return replace(column, write=cast, match=cast, mark=cast)


def _characters(type_: Any) -> int | None:
    """How many characters a column holds; None where all of them."""
    match type_:
        case mysql.TINYTEXT():
            return 255 // 4
        case mysql.MEDIUMTEXT() | mysql.LONGTEXT():
            return None
        case mysql.TEXT():
            return (2**16 - 1) // 4
        case _:
            return getattr(type_, "length", None)
