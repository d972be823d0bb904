"""Shape -> what a column of a database holds, whichever database it is."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import sqlalchemy as sa

from openrest.datastore import columns as plain
from openrest.datastore.columns import Convert
from openrest.models import shapes as s

__all__ = ["NATIVE", "Column", "Kind", "Value", "same", "then", "value_of"]

#: What the values of a column are.
Kind = Literal[
    "text", "integer", "number", "boolean", "instant", "moment", "time", "date", "uuid", "decimal",
    "json",
]  # fmt: skip

Types = tuple[type, ...]


def same(element: Any) -> Any:
    """The element as it is."""
    return element


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What the values of a member are in Python, before a driver gets them.

    `encode` makes one of a native value, and `decode` a native value of one; None where they are
    the same. They raise one of `openrest.datastore.columns.NO_VALUE`.
    """

    kind: Kind
    encode: Convert | None = None
    decode: Convert | None = None
    ordered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    `type` is the one that it has in the database, `bind` that of values which are bound, and
    `stored` are the types of Python that the driver takes for it.

    The functions make expressions of SQLAlchemy: of the column the one that is selected (`read`),
    compared for equality (`compare`), and ordered (`order`); of a bound value the one to store
    (`write`), and those that the column is compared with, for equality (`match`) and by less and
    more (`mark`).
    """

    name: str
    kind: Kind
    type: sa.types.TypeEngine[Any]
    bind: sa.types.TypeEngine[Any]
    stored: Types
    encode: Convert | None = None
    decode: Convert | None = None
    required: bool = False
    ordered: bool = True
    read: Callable[[Any], Any] = same
    compare: Callable[[Any], Any] = same
    order: Callable[[Any], Any] = same
    write: Callable[[Any], Any] = same
    match: Callable[[Any], Any] = same
    mark: Callable[[Any], Any] = same

    @property
    def is_text(self) -> bool:
        """Whether the native values are the stored texts."""
        return self.kind == "text" and self.encode is None

    def encoded(self, value: Any) -> Any:
        """What to bind for a value that fits the model."""
        return value if value is None or self.encode is None else self.encode(value)

    def bound(self, value: Any) -> Any:
        """What to bind for a value that nobody has checked yet, such as a key or a condition's."""
        if value is None:
            return None
        stored = value if self.encode is None else self.encode(value)
        if self.stored == (float,) and type(stored) is int:
            return float(stored)
        if type(stored) not in self.stored:
            raise TypeError(f"{stored!r} cannot be in a column of the type {self.type}")
        if type(stored) is int and not s.INT64_MIN <= stored <= s.INT64_MAX:
            raise TypeError(f"{stored!r} is too large for a column of the type {self.type}")
        if type(stored) is str:
            stored.encode()  # no driver can bind a lone surrogate
            if "\0" in stored:
                raise ValueError("no text has a NUL in it")
        return stored


def then(first: Convert | None, second: Convert | None) -> Convert | None:
    """Both conversions, one after the other."""
    if first is None or second is None:
        return first or second
    return lambda value: second(first(value))


#: What the types of SQLite stand for where they stand for themselves.
_KINDS: Final[dict[str, Kind]] = {"TEXT": "text", "INTEGER": "integer", "REAL": "number"}


def value_of(member: s.Member) -> Value:
    """The values of a member."""
    return _value(member, member.shape)


def _value(member: s.Member, shape: s.Shape) -> Value:
    match shape:
        case s.Ruled(shape=inner) | s.Nullable(shape=inner) | s.Except(shape=inner):
            return _value(member, inner)
        case s.Boolean():
            return Value(kind="boolean")
        case s.Timestamp(whole=True, per_second=per_second):
            return Value(kind="instant", encode=_utc, decode=_whole(per_second))
        case s.DateTime() | s.Timestamp():
            return Value(kind="instant", encode=_utc)
        case s.NaiveDateTime():
            return Value(kind="moment", encode=_without_offset)
        case s.Time():
            return Value(kind="time", encode=_without_offset)
        case s.Date():
            return Value(kind="date")
        case s.Uuid():
            return Value(kind="uuid")
        case s.Decimal(places=places):
            return Value(kind="decimal", encode=_exactly(places), decode=_exactly(places))
        case s.Choice(pairs=pairs) if {type(wire) for wire, _ in pairs} == {bool}:
            wires = {native: wire for wire, native in pairs}
            return Value(kind="boolean", encode=wires.__getitem__, decode=dict(pairs).__getitem__)
        case _:
            column = plain.column(member)
            return Value(
                kind="json" if column.json else _KINDS[column.type],
                encode=column.encode,
                decode=column.decode,
                ordered=column.ordered,
            )


def _utc(value: dt.datetime) -> dt.datetime:
    if value.tzinfo is None:
        raise ValueError(f"{value} has no offset")
    return value.astimezone(dt.UTC)


def _whole(per_second: int) -> Convert:
    unit = dt.timedelta(seconds=1) / per_second

    def decode(value: dt.datetime) -> dt.datetime:
        if value.microsecond * dt.timedelta(microseconds=1) % unit:
            raise ValueError(f"{value} is no whole number of {unit.total_seconds():g} seconds")
        return value

    return decode


def _without_offset(value: Any) -> Any:
    if value.tzinfo is not None:
        raise ValueError(f"{value} has an offset")
    return value


def _exactly(places: int) -> Convert:
    unit = decimal.Decimal(1).scaleb(-places)
    context = decimal.Context(prec=30, traps=[decimal.Inexact, decimal.InvalidOperation])

    def exact(value: decimal.Decimal) -> decimal.Decimal:
        if not value.is_finite():
            raise ValueError(f"{value} is not finite")
        return value.quantize(unit, context=context)

    return exact


#: The types of Python that stand for the kinds, where the driver takes them as they are.
NATIVE: Final[dict[Kind, Types]] = {
    "text": (str,),
    "json": (str,),
    "integer": (int,),
    "number": (float,),
    "boolean": (bool,),
    "instant": (dt.datetime,),
    "moment": (dt.datetime,),
    "time": (dt.time,),
    "date": (dt.date,),
    "uuid": (uuid.UUID,),
    "decimal": (decimal.Decimal,),
}
