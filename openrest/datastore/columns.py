"""Shape -> a column of SQLite: its type, and how values go in and come out.

Every column orders as its native values do, so that SQLite can filter and sort by itself.
What a value says beyond its type (a length, a bound, a choice) is not written into the table:
a model may be widened later, and the table stays as it is.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from openrest.errors import InvalidData
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.loading import wire_loader
from openrest.models.variants import stored_shape
from openrest.models.walking import rebuilt

__all__ = ["NO_VALUE", "STORED_AS", "Column", "Convert", "column", "quote"]

Type = Literal["TEXT", "INTEGER", "REAL"]
Convert = Callable[[Any], Any]

#: The Python type in which sqlite3 gives the values of a column.
STORED_AS: Final[dict[Type, type]] = {"TEXT": str, "INTEGER": int, "REAL": float}

#: What `Column.encode`, `decode` and `bound` raise for a value that is none of the field.
NO_VALUE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def quote(name: str) -> str:
    """The name as an identifier of SQL, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    `encode` and `decode` turn a native value into the stored one and back; None where the two
    are the same. They raise one of `NO_VALUE` for a value that is none of the field.
    """

    name: str
    type: Type
    encode: Convert | None = None
    decode: Convert | None = None
    #: Whether no record may lack a value.
    required: bool = False
    #: Whether values can be compared by less and more, not only by equal.
    ordered: bool = True
    #: The SQL in which stored values order as the native ones; {} is the column or a value.
    order: str = "{}"
    #: A constraint that holds for the type, with {} for the column.
    check: str = ""
    #: Whether the stored text is JSON.
    json: bool = False

    @property
    def sql(self) -> str:
        """The column's name, quoted."""
        return quote(self.name)

    @property
    def definition(self) -> str:
        """The column as CREATE TABLE takes it."""
        null = " NOT NULL" if self.required else ""
        check = f" CHECK ({self.check.format(self.sql)})" if self.check else ""
        return f"{self.sql} {self.type}{null}{check}"

    def bound(self, value: Any) -> Any:
        """What to bind for a value that nobody has checked yet, such as a key or a condition's."""
        if value is None:
            return None
        stored: Any = value if self.encode is None else self.encode(value)
        kind = self.type
        if kind == "TEXT" and isinstance(stored, str):
            stored.encode()  # sqlite3 cannot bind a lone surrogate
            return stored
        if kind == "INTEGER" and type(stored) is int and s.INT64_MIN <= stored <= s.INT64_MAX:
            return stored
        if kind == "REAL" and isinstance(stored, int | float):
            return float(stored)
        raise TypeError(f"{stored!r} cannot be in a column of the type {kind}")


def column(member: s.Member) -> Column:
    """The column that holds a member of a model."""
    required = member.always and not member.nullable
    return replace(_column(member.name, member.shape), required=required)


def _column(name: str, shape: s.Shape) -> Column:
    match shape:
        case s.Ruled(shape=inner) | s.Nullable(shape=inner) | s.Except(shape=inner):
            return _column(name, inner)
        case s.Parsed(write=write, parse=parse):
            return Column(name=name, type="TEXT", encode=write, decode=parse, ordered=False)
        case s.String():
            return Column(name=name, type="TEXT")
        case s.Integer():
            return Column(name=name, type="INTEGER")
        case s.Number():
            return Column(name=name, type="REAL")
        case s.Boolean():
            return Column(
                name=name,
                type="INTEGER",
                encode=int,
                decode={0: False, 1: True}.__getitem__,
                check="{} IN (0, 1)",
            )
        case s.Timestamp(whole=True):
            encode, decode = _counted(shape.per_second)
            return Column(name=name, type="INTEGER", encode=encode, decode=decode)
        case s.DateTime() | s.Timestamp():
            return Column(name=name, type="TEXT", encode=_datetime_text, decode=_datetime)
        case s.NaiveDateTime():
            return Column(name=name, type="TEXT", encode=_naive_text, decode=_naive)
        case s.Time():
            return Column(name=name, type="TEXT", encode=_time_text, decode=_time)
        case s.Duration():
            return Column(name=name, type="INTEGER", encode=_microseconds, decode=_span)
        case s.Date():
            return Column(
                name=name, type="TEXT", encode=dt.date.isoformat, decode=dt.date.fromisoformat
            )
        case s.Uuid():
            return Column(name=name, type="TEXT", encode=str, decode=uuid.UUID)
        case s.Decimal():
            return _decimal(name, shape)
        case s.Choice():
            return _choice(name, shape)
        case _:
            return _json(name, shape)


def _counted(per_second: int) -> tuple[Convert, Convert]:
    """Encode and decode of an instant that is a whole number of seconds, or of parts of one."""
    unit = dt.timedelta(seconds=1) / per_second

    def encode(value: dt.datetime) -> int:
        number, fraction = divmod(value - _EPOCH, unit)
        if fraction:
            raise ValueError(f"{value} is no whole number of {unit.total_seconds():g} seconds")
        return number

    def decode(number: int) -> dt.datetime:
        return _EPOCH + number * unit

    return encode, decode


def _microseconds(value: dt.timedelta) -> int:
    return value // _MICROSECOND


def _span(microseconds: int) -> dt.timedelta:
    return dt.timedelta(microseconds=microseconds)


def _naive_text(value: dt.datetime) -> str:
    """Always of one width, so that the order of the texts is that of the times."""
    if value.tzinfo is not None:
        raise ValueError(f"{value} has an offset")
    return value.isoformat(timespec="microseconds")


def _naive(text: str) -> dt.datetime:
    if len(text) != 26:
        raise ValueError("must look like 2026-03-01T09:30:00.000000")
    return dt.datetime.fromisoformat(text)


def _time_text(value: dt.time) -> str:
    if value.tzinfo is not None:
        raise ValueError(f"{value} has an offset")
    return value.isoformat(timespec="microseconds")


def _time(text: str) -> dt.time:
    if len(text) != 15:
        raise ValueError("must look like 09:30:00.000000")
    return dt.time.fromisoformat(text)


def _datetime_text(value: dt.datetime) -> str:
    """Always in UTC and of one width, so that the order of the texts is that of the instants."""
    if value.tzinfo is None:
        raise ValueError(f"{value} has no offset")
    return value.astimezone(dt.UTC).isoformat(timespec="microseconds")[:-6] + "Z"


def _datetime(text: str) -> dt.datetime:
    if len(text) != 27 or text[-1] != "Z":
        raise ValueError("must look like 2026-03-01T09:30:00.000000Z")
    return dt.datetime.fromisoformat(text)


def _decimal(name: str, shape: s.Decimal) -> Column:
    # All the places are written out: without the point the texts are then integers of at most
    # 18 digits, which SQLite compares exactly. It would read "2.50" itself as a double.
    unit = decimal.Decimal(1).scaleb(-shape.places)
    context = decimal.Context(prec=30, traps=[decimal.Inexact, decimal.InvalidOperation])
    fraction = rf"\.[0-9]{{{shape.places}}}" if shape.places else ""
    fits = re.compile(f"-?[0-9]+{fraction}").fullmatch

    def encode(value: decimal.Decimal) -> str:
        return f"{value.quantize(unit, context=context):f}"

    def decode(text: str) -> decimal.Decimal:
        if not fits(text):
            raise ValueError(f"must have {shape.places} digits after the point")
        return decimal.Decimal(text)

    return Column(
        name=name,
        type="TEXT",
        encode=encode,
        decode=decode,
        order="CAST(replace({}, '.', '') AS INTEGER)" if shape.places else "CAST({} AS INTEGER)",
    )


def _choice(name: str, shape: s.Choice) -> Column:
    kinds = {type(wire) for wire, _ in shape.pairs}
    if kinds == {str}:
        kind: Type = "TEXT"
    elif kinds == {bool} or (
        kinds == {int} and all(s.INT64_MIN <= wire <= s.INT64_MAX for wire, _ in shape.pairs)
    ):
        kind = "INTEGER"
    elif kinds == {float}:
        kind = "REAL"
    else:
        return _mixed_choice(name, shape)
    if kinds != {bool} and all(wire is native for wire, native in shape.pairs):
        return Column(name=name, type=kind)
    return Column(
        name=name,
        type=kind,
        # A column of booleans is one of integers, and True is bound as what it is stored as.
        encode={native: int(w) if kinds == {bool} else w for w, native in shape.pairs}.__getitem__,
        decode=dict(shape.pairs).__getitem__,
    )


def _mixed_choice(name: str, shape: s.Choice) -> Column:
    natives = {_dumps(wire): native for wire, native in shape.pairs}
    # By type too: True and 1 are the same key of a dict.
    texts = {(type(native), native): text for text, native in natives.items()}
    return Column(
        name=name,
        type="TEXT",
        encode=lambda native: texts[type(native), native],
        decode=natives.__getitem__,
        ordered=False,
    )


def _json(name: str, shape: s.Shape) -> Column:
    kept = _kept(stored_shape(shape))
    dump, load = dumper(kept), wire_loader(kept)

    def decode(text: str) -> Any:
        try:
            return load(json.loads(text))
        except InvalidData as broken:
            raise ValueError(str(broken)) from broken

    return Column(
        name=name,
        type="TEXT",
        encode=lambda value: _dumps(dump(value)),
        decode=decode,
        ordered=False,
        json=True,
    )


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _kept(shape: s.Shape) -> s.Shape:
    """The shape as it is stored, a user's own fields included."""
    match shape:
        case s.AnyValue(load=load, dump=dump) if load is not None:
            return _either(load, dump or _unspeakable)
        case _:
            return rebuilt(shape, _kept)


def _either(load: Convert, dump: Convert) -> s.AnyValue:
    """A value of a user's own field: as it is where JSON can say it, else as the field dumps it.

    To dump and load every value would be wrong: a field may hash what it loads.
    """

    def wrap(native: Any) -> dict[str, Any]:
        if _is_json(native):
            return {"native": native}
        return {"wire": dump(native)}

    def unwrap(stored: Any) -> Any:
        return stored["native"] if "native" in stored else load(stored["wire"])

    return s.AnyValue(load=unwrap, dump=wrap)


def _unspeakable(value: Any) -> Any:
    raise TypeError(f"{value!r} is nothing that JSON can say")


def _is_json(value: Any) -> bool:
    match value:
        case None | bool() | int() | float() | str():
            return type(value) in (type(None), bool, int, float, str)
        case list():
            return all(map(_is_json, value))
        case dict():
            return all(type(key) is str for key in value) and all(map(_is_json, value.values()))
        case _:
            return False
