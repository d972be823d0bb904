"""PostgreSQL, by psycopg 3."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from openrest.datastore.columns import Convert
from openrest.datastore.sql.backend import Backend, Failure, Found, Place
from openrest.datastore.sql.columns import NATIVE, Column, Kind, Value, same, then, value_of
from openrest.datastore.sql.fitting import choices, has_free_values, holds, text_fits, with_places
from openrest.errors import ConfigurationError
from openrest.models import shapes as s
from openrest.models.walking import bare

__all__ = ["PostgreSQL"]

#: SQLSTATE -> what it means; those that begin with one of `_AWAY` pass by themselves.
_MEANINGS: Final[dict[str, Any]] = {
    "40001": "again",  # serialization_failure
    "40P01": "again",  # deadlock_detected
    "25P02": "again",  # what failed before it in this transaction was one of the two
    "23505": "taken",
    "2200H": "full",  # sequence_generator_limit_exceeded
    "57014": "away",  # query_canceled, as the statement timeout does
    "55P03": "away",  # lock_not_available
    "25006": "away",  # read_only_sql_transaction: a standby has taken the place of the server
    "25P03": "away",  # idle_in_transaction_session_timeout
}
_AWAY: Final = ("08", "53", "57P", "58")

_NAME: Final = "openrest"
#: The collation of ICU whose lower case is that of Unicode, whatever the language.
_ICU: Final = "und-x-icu"


def _by_code_points(place: Any) -> Any:
    return sa.collate(place, "C")


def _as_text(place: Any) -> Any:
    return sa.cast(place, sa.Text())


def _text_by_code_points(place: Any) -> Any:
    return sa.collate(_as_text(place), "C")


def _cast_to(type_: sa.types.TypeEngine[Any]) -> Callable[[Any], Any]:
    return lambda bound: sa.cast(bound, type_)


class PostgreSQL(Backend):
    """Text compares by the collation "C"; transactions are SERIALIZABLE where they read."""

    title = "PostgreSQL"
    ignores_case = False
    null_is_less = False
    returns = True

    def __init__(self) -> None:
        self._icu = True

    def prepare(self, connection: sa.Connection) -> None:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            database = f"the database {connection.engine.url.database!r}"
            raise ConfigurationError(database, [f"its encoding is {encoding}: it must be UTF8."])
        known = sa.text("SELECT count(*) FROM pg_collation WHERE collname = :name")
        self._icu = bool(connection.execute(known, {"name": _ICU}).scalar())

    def collations(self, connection: sa.Connection, place: Place) -> Mapping[str, str]:
        """Those that take several texts for the same."""
        known = sa.text(
            "SELECT attname, collname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
            "JOIN pg_namespace ON pg_namespace.oid = relnamespace "
            "JOIN pg_collation ON pg_collation.oid = attcollation "
            "WHERE relname = :name AND NOT collisdeterministic "
            "AND coalesce(nspname = CAST(:schema AS text), pg_table_is_visible(pg_class.oid))"
        )
        name, schema = place
        rows = connection.execute(known, {"name": name, "schema": schema})
        return {row[0]: row[1] for row in rows}

    def checked_late(self, connection: sa.Connection, place: Place) -> Collection[str]:
        """Those of constraints that are DEFERRABLE: perhaps only the commit refuses a row."""
        known = sa.text(
            "SELECT own.relname FROM pg_index JOIN pg_class AS own ON own.oid = indexrelid "
            "JOIN pg_class AS known ON known.oid = indrelid "
            "JOIN pg_namespace ON pg_namespace.oid = known.relnamespace "
            "WHERE known.relname = :name AND indisunique AND NOT indimmediate "
            "AND coalesce(nspname = CAST(:schema AS text), pg_table_is_visible(known.oid))"
        )
        name, schema = place
        return {row[0] for row in connection.execute(known, {"name": name, "schema": schema})}

    def column(self, member: s.Member, *, indexed: bool) -> Column:
        value = value_of(member)
        type_ = _TYPES[value.kind](member)
        column = Column(
            name=member.name,
            kind=value.kind,
            type=type_,
            bind=sa.Text() if value.kind in ("text", "json") else type_,
            stored=NATIVE[value.kind],
            encode=value.encode,
            decode=_decode(value),
            required=member.always and not member.nullable,
            ordered=value.ordered,
        )
        if value.kind == "json":
            # Of the values of the type json, which keeps them as they were written, PostgreSQL
            # compares none.
            return replace(
                column,
                read=_as_text,
                compare=_as_text,
                order=_text_by_code_points,
                write=_cast_to(sa.JSON()),
            )
        return replace(column, order=_by_code_points) if value.kind == "text" else column

    def fitted(self, column: Column, member: s.Member, found: Found) -> Column | str | None:
        type_, kind = found["type"], column.kind
        if isinstance(type_, pg.ENUM):
            return self._enum(column, member, type_)
        if isinstance(type_, pg.ARRAY):
            return self._array(column, member, type_)
        if kind == "text" and found.get("collation"):
            return "of a collation that takes no two texts for the same"
        if (
            kind == "text"
            and isinstance(type_, (sa.Text, sa.VARCHAR))
            and type(type_) is not pg.CITEXT
        ):
            return replace(column, type=type_) if text_fits(member, type_.length) else "TEXT"
        if kind == "json" and isinstance(type_, pg.JSONB):
            if has_free_values(member.shape):
                return "JSON: of JSONB 1e2 comes back as 100"
            to_jsonb = _cast_to(pg.JSONB())
            return replace(column, type=type_, compare=same, write=to_jsonb, match=to_jsonb)
        if kind == "decimal" and isinstance(type_, sa.Numeric) and type_.scale is None:
            return None if isinstance(type_, sa.Float) else with_places(column, member)
        return holds(column, member, type_) or ("TEXT" if kind == "text" else None)

    def _enum(self, column: Column, member: s.Member, type_: pg.ENUM) -> Column | str | None:
        wanted = choices(member.shape)
        if column.kind != "text" or set(wanted) != set(type_.enums):
            return f"an ENUM of {', '.join(map(repr, wanted))}" if wanted else None
        named = _cast_to(
            pg.ENUM(*type_.enums, name=type_.name, schema=type_.schema, create_type=False)
        )
        # Its own order is the one in which its values were declared.
        return replace(
            column, type=type_, read=_as_text, order=_text_by_code_points, write=named, match=named
        )

    def _array(self, column: Column, member: s.Member, type_: pg.ARRAY[Any]) -> Column | None:
        """The column of an array, where its items hold those of the list one by one."""
        shape = bare(member.shape)
        if not isinstance(shape, s.List) or isinstance(shape.item, s.Nullable):
            return None
        item = s.Member(name=member.name, wire=member.wire, shape=shape.item)
        found = {"type": type_.item_type}
        inner = self.fitted(self.column(item, indexed=False), item, found)
        if not isinstance(inner, Column) or inner.kind == "json" or inner.write is not same:
            return None
        to_array = _cast_to(type_)
        return replace(
            column,
            type=type_,
            bind=pg.ARRAY(inner.bind),
            stored=(list,),
            encode=_each(inner.encode),
            decode=_each(inner.decode),
            read=same,
            compare=same,
            order=same,
            write=to_array,
            match=to_array,
        )

    def session(self, statement_timeout: float) -> Sequence[str]:
        return (
            "SET TIME ZONE 'UTC'",
            # A role or a database may have others: psycopg reads instants in this style alone,
            # and with fewer digits a number comes back as another one.
            "SET datestyle = 'ISO'",
            "SET extra_float_digits = 3",
            *self.limit(statement_timeout),
        )

    def limit(self, seconds: float) -> Sequence[str]:
        return (f"SET statement_timeout = {max(1, round(seconds * 1000))}",)

    def socket_of(self, connection: Any) -> int:
        number: int = connection.fileno()
        return number

    def begin(self, *, strict: bool) -> Sequence[str]:
        return ("BEGIN ISOLATION LEVEL SERIALIZABLE" if strict else "BEGIN",)

    def queue(self, table: str) -> str:
        # It conflicts with itself and with no statement that reads or writes rows, and takes no
        # snapshot: what the transaction reads after it has waited is what is there then
        # (https://www.postgresql.org/docs/current/explicit-locking.html).
        return f"LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE"

    def stream(self, connection: Any) -> tuple[Sequence[str], Callable[[int], Any]]:
        # As a name: the rows stay with the server until they are fetched.
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        return (begin,), lambda number: connection.cursor(name=f"{_NAME}_{number}")

    def failure(self, error: Exception) -> Failure:
        state = getattr(error, "sqlstate", None)
        told = getattr(error, "diag", None)
        constraint = getattr(told, "constraint_name", None) or ""
        table = getattr(told, "table_name", None) or ""
        if state is None:
            is_away = type(error).__name__ in ("OperationalError", "InterfaceError")
            return Failure("away" if is_away else "broken")
        if state == "23503":
            is_gone = "still referenced" in (getattr(told, "message_detail", None) or "")
            return Failure("referenced" if is_gone else "missing", constraint, table)
        if state in _MEANINGS:
            return Failure(_MEANINGS[state], constraint, table)
        return Failure("away" if state.startswith(_AWAY) else "broken")

    def lower(self, place: Any) -> Any:
        return sa.func.lower(sa.collate(place, _ICU) if self._icu else place)

    def contains(self, place: Any, text: Any) -> Any:
        return sa.func.strpos(place, text) > 0

    def ends_with(self, place: Any, text: Any) -> Any:
        return sa.func.right(place, sa.func.char_length(text)) == text

    def binary(self, place: Any) -> Any:
        return _by_code_points(place)


def _decode(value: Value) -> Convert | None:
    match value.kind:
        case "instant":
            return then(_in_utc, value.decode)
        case "number":
            return then(_finite, value.decode)
        case "decimal":
            return _finite  # the column has the places
        case _:
            return value.decode


def _finite(value: Any) -> Any:
    if not math.isfinite(value):
        raise ValueError("it is not finite")
    return value


def _in_utc(value: dt.datetime) -> dt.datetime:
    return value if value.tzinfo is dt.UTC else value.astimezone(dt.UTC)


def _each(convert: Convert | None) -> Convert:
    def convert_all(values: list[Any]) -> list[Any]:
        if None in values:
            raise ValueError("an item is missing")
        return [convert(value) for value in values] if convert else values

    return convert_all


def _numeric(member: s.Member) -> sa.types.TypeEngine[Any]:
    shape = bare(member.shape)
    assert isinstance(shape, s.Decimal)  # nosec B101  # says it to the type checker
    return sa.Numeric(shape.digits, shape.places)


_TYPES: Final[dict[Kind, Callable[[s.Member], sa.types.TypeEngine[Any]]]] = {
    "text": lambda member: sa.Text(collation="C"),
    "json": lambda member: sa.JSON(),
    "integer": lambda member: sa.BigInteger(),
    "number": lambda member: sa.Double(),
    "boolean": lambda member: sa.Boolean(),
    "instant": lambda member: sa.DateTime(timezone=True),
    "moment": lambda member: sa.DateTime(),
    "time": lambda member: sa.Time(),
    "date": lambda member: sa.Date(),
    "uuid": lambda member: sa.Uuid(),
    "decimal": _numeric,
}
