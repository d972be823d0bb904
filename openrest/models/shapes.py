"""Shapes: what one field means, as frozen data.

A marshmallow field is turned into a shape once, when its model is created. Checking, loading,
dumping, the JSON Schema, the reading of query text, the column and the example are all derived
from the shape, so none of them can disagree with another. Nothing of marshmallow is in here.

Two words are kept apart: the *wire* value is what JSON carries (a string such as
``"2026-03-01"``), the *native* value is what records hold (a `datetime.date`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from openrest.models.patterns import Pattern

__all__ = [
    "INT64_MAX",
    "INT64_MIN",
    "MISSING",
    "AnyValue",
    "Boolean",
    "Choice",
    "Date",
    "DateTime",
    "Decimal",
    "Except",
    "Integer",
    "List",
    "Member",
    "Missing",
    "Nullable",
    "Number",
    "Object",
    "Ruled",
    "Shape",
    "String",
    "Timestamp",
    "Uuid",
    "may_refuse",
    "without_rules",
]

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1

#: The largest finite double: a number beyond it would be read as infinity.
FLOAT_MAX: Final = 1.7976931348623157e308

#: Seconds of 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the ends of Python's calendar.
TIMESTAMP_MIN: Final = -62135596800
TIMESTAMP_MAX: Final = 253402300799


class Missing(Enum):
    """The type of `MISSING`, which tells *no default* from the default ``None``."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """The base of all shapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean(Shape):
    """``true`` or ``false``; native `bool`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer(Shape):
    """A whole number within inclusive bounds (``5.0`` is one, as in JSON Schema); native `int`."""

    minimum: int = INT64_MIN
    maximum: int = INT64_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp(Shape):
    """Whole seconds since 1970-01-01T00:00:00Z; native aware `datetime.datetime` in UTC."""

    minimum: int = TIMESTAMP_MIN
    maximum: int = TIMESTAMP_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Number(Shape):
    """A finite double within bounds; native `float`."""

    minimum: float = -FLOAT_MAX
    maximum: float = FLOAT_MAX
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decimal(Shape):
    """A decimal in a string, at most `digits` digits of which `places` are fractional.

    Native `decimal.Decimal`. With `fixed` every answer has all its places (``"2.50"``), without
    it none that say nothing (``"2.5"``).
    """

    digits: int = 18
    places: int = 6
    fixed: bool = False

    @property
    def pattern(self) -> str:
        """The wire form as a regular expression that JSON Schema, Rust and Python read alike."""
        whole = self.digits - self.places
        integral = f"(?:0|[1-9][0-9]{{0,{whole - 1}}})" if whole else "0"
        fraction = f"(?:\\.[0-9]{{1,{self.places}}})?" if self.places else ""
        return f"^-?{integral}{fraction}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class String(Shape):
    """Text of Unicode scalar values without NUL, its length counted in code points.

    Every one of `patterns` is found in it. NUL is refused because PostgreSQL cannot hold it and
    SQLite's functions end at it: a model means the same in every store.
    """

    min_length: int = 0
    max_length: int | None = None
    patterns: tuple[Pattern, ...] = ()
    format: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DateTime(Shape):
    """An instant, RFC 3339 with its offset; native aware `datetime.datetime` in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Date(Shape):
    """A day of the calendar, RFC 3339 ``full-date``; native `datetime.date`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uuid(Shape):
    """A UUID in its hyphenated form (RFC 9562, section 4); native `uuid.UUID`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Shape):
    """One of some values: pairs of a wire value (string, number or boolean) and its native one."""

    pairs: tuple[tuple[Any, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Except(Shape):
    """The values of `shape` but for some, given as wire values."""

    shape: Shape
    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class List(Shape):
    """An array whose items all have one shape; native `list`."""

    item: Shape
    min_items: int = 0
    max_items: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nullable(Shape):
    """The values of `shape`, or null."""

    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled(Shape):
    """The values of `shape` that no rule refuses: what no schema can say.

    A rule is a function of the native value that raises marshmallow's ValidationError.
    """

    shape: Shape
    rules: tuple[Callable[[Any], Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyValue(Shape):
    """Any JSON value but null: all that is known of a field of a user's own class.

    `load` and `dump` are that field's; what `load` refuses (marshmallow's ValidationError) is a
    rule that no schema can say.
    """

    load: Callable[[Any], Any] | None = None
    dump: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of an object.

    `name` is the key in records, `wire` the name in JSON. `default` is a native value, or a
    function without arguments that gives one, for a member that the client left out (or, when
    it is read-only, may not send).
    """

    name: str
    wire: str
    shape: Shape
    required: bool = False
    is_key: bool = False
    read_only: bool = False
    write_only: bool = False
    default: Any = MISSING
    description: str = ""
    example: Any = MISSING

    @property
    def nullable(self) -> bool:
        """Whether null is a value of this member."""
        return isinstance(without_rules(self.shape), Nullable)

    @property
    def always(self) -> bool:
        """Whether every stored record has this member, and every answer shows it."""
        return self.required or self.nullable or self.default is not MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Object(Shape):
    """An object with these members; native `dict` keyed by their names.

    `owned` are the members that only the server sets: a client may not send them, and the schema
    does not show them. Unknown members are refused unless `ignore_unknown`. `component` is the
    name under which the document shows the object; without one it is written where it stands.
    `refine` runs a schema's own hooks: from a wire object that fits and the record it loads to,
    it gives the final record.
    """

    members: tuple[Member, ...]
    owned: tuple[Member, ...] = ()
    component: str | None = None
    description: str = ""
    ignore_unknown: bool = False
    refine: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]] | None = None

    def member(self, name: str) -> Member:
        """The member with this name in records; KeyError when there is none."""
        for member in self.members:
            if member.name == name:
                return member
        raise KeyError(name)


def without_rules(shape: Shape) -> Shape:
    """The shape with the same schema that refuses nothing which fits it."""
    match shape:
        case Ruled(shape=inner):
            return without_rules(inner)
        case Nullable(shape=inner) | Except(shape=inner):
            return replace(shape, shape=without_rules(inner))
        case List(item=item):
            return replace(shape, item=without_rules(item))
        case _:
            return shape


def may_refuse(shape: Shape) -> bool:
    """Whether loading may refuse a value that fits the schema of the shape."""
    match shape:
        case Ruled():
            return True
        case AnyValue(load=load):
            return load is not None
        case Nullable(shape=inner) | Except(shape=inner) | List(item=inner):
            return may_refuse(inner)
        case Object(members=members, refine=refine):
            return refine is not None or any(may_refuse(member.shape) for member in members)
        case _:
            return False
