"""Shapes: what one field means, as frozen data.

A marshmallow field is turned into a shape once, when its model is created. Checking, loading,
dumping, the JSON Schema, the reading of query text, the column and the example are all derived
from the shape, so none of them can disagree with another. Nothing of marshmallow is in here.

Two words are kept apart: the *wire* value is what JSON carries (a string such as
``"2026-03-01"``), the *native* value is what records hold (a `datetime.date`).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Final, Literal, TypeVar

from openrest.models.patterns import Pattern

__all__ = [
    "INT64_MAX",
    "INT64_MIN",
    "MISSING",
    "NULL",
    "AnyValue",
    "Boolean",
    "Choice",
    "Computed",
    "Constant",
    "Date",
    "DateTime",
    "Decimal",
    "Deferred",
    "Duration",
    "Except",
    "Integer",
    "Link",
    "List",
    "Map",
    "Member",
    "Missing",
    "NaiveDateTime",
    "Nullable",
    "Number",
    "Object",
    "OneOf",
    "Parsed",
    "Plucked",
    "Reference",
    "Ruled",
    "Shape",
    "String",
    "Time",
    "Timestamp",
    "Tuple",
    "Uuid",
    "portable_name",
]

T = TypeVar("T")

INT64_MIN: Final = -(2**63)
INT64_MAX: Final = 2**63 - 1

#: What `Ruled.words` calls a null where none may be.
NULL: Final = "null"

#: The largest finite double: a number beyond it would be read as infinity.
FLOAT_MAX: Final = 1.7976931348623157e308

#: Seconds of 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, the ends of Python's calendar.
TIMESTAMP_MIN: Final = -62135596800
TIMESTAMP_MAX: Final = 253402300799

#: The longest time span: as many days as microseconds in 64 bits can count, rounded down.
DAYS_MAX: Final = 100_000_000

#: As many members an object may have whose names are numbers or the like, unless it says more.
MOST_NAMES: Final = 1000


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
    """A whole number within inclusive bounds; native `int`.

    ``5.0`` is one, as in JSON Schema since draft 6, unless `exact`: for draft 4, on which
    OpenAPI 3.0 stands, a number with a fraction part is no integer.
    """

    minimum: int = INT64_MIN
    maximum: int = INT64_MAX
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp(Shape):
    """Time since 1970-01-01T00:00:00Z; native aware `datetime.datetime` in UTC.

    Whole seconds, or with `whole=False` a number with fractions. `per_second` is 1 for seconds
    and 1000 for milliseconds; the bounds, inclusive, are in that unit. `exact` as in `Integer`.
    """

    minimum: float = TIMESTAMP_MIN
    maximum: float = TIMESTAMP_MAX
    per_second: int = 1
    whole: bool = True
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration(Shape):
    """A span of time as a number of `unit`, which microseconds can count; native `timedelta`.

    The bounds are inclusive and in that unit.
    """

    unit: dt.timedelta = dt.timedelta(seconds=1)
    minimum: float = -DAYS_MAX * 86400
    maximum: float = DAYS_MAX * 86400


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
    SQLite's functions end at it: a model means the same in every store. `words` are texts with a
    meaning of their own, which the schema lists; they fit the rest as well.
    """

    min_length: int = 0
    max_length: int | None = None
    patterns: tuple[Pattern, ...] = ()
    format: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DateTime(Shape):
    """An instant, RFC 3339 with its offset; native aware `datetime.datetime` in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NaiveDateTime(Shape):
    """A date and time of day without an offset, as on a wall; native naive `datetime.datetime`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Date(Shape):
    """A day of the calendar, RFC 3339 ``full-date``; native `datetime.date`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Time(Shape):
    """A time of day without an offset, RFC 3339 ``partial-time``; native `datetime.time`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uuid(Shape):
    """A UUID in its hyphenated form (RFC 9562, section 4); native `uuid.UUID`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed(Shape):
    """Text of a grammar whose values are no `str` in Python: an IP address, a date like 1/2/2026.

    `parse` makes the native value of a text that matches the pattern, and `write` the text of a
    native value. What `parse` refuses (ValueError) no schema can say; with `total` it refuses
    nothing, or only what is none of the `formats` of JSON Schema, of which the text has one. `what`
    completes *must be ...*, and `example` is a text that fits.
    """

    pattern: Pattern
    parse: Callable[[str], Any]
    write: Callable[[Any], str]
    what: str
    example: str
    formats: tuple[str, ...] = ()
    total: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Parsed):
    """A link to an object of a resource; native is its key, which has the `shape`.

    What leads to no such object here is refused by `parse`.
    """

    resource: str
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Shape):
    """One of some values: pairs of a wire value (string, number or boolean) and its native one.

    `component` is the name under which the document shows it. `exact` as in `Integer`.
    """

    pairs: tuple[tuple[Any, Any], ...]
    component: str | None = None
    origin: str = field(default="", compare=False)
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Shape):
    """One JSON value and no other; native is the same value."""

    value: Any


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
class Tuple(Shape):
    """An array with one item of each shape, in their order; native `tuple`."""

    items: tuple[Shape, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Map(Shape):
    """An object with any members: their names have the shape `key`, their values `value`.

    Without a `key` any name will do. Native `dict` keyed by the native values of `key`, which is
    a shape of strings, or an integer in canonical decimal digits.
    """

    key: Shape | None = None
    value: Shape
    min_members: int = 0
    max_members: int | None = None

    @property
    def most(self) -> int | None:
        """How many members there may be; None for as many as there are.

        Python's hashes of texts are drawn anew at each start, those of numbers are not, and many
        numbers that meet in a `dict` take a time that grows with their square. So of names that are
        more than text there are few, unless `max_members` says how many.
        """
        if self.max_members is not None or isinstance(self.key, String | Choice | Date | None):
            return self.max_members
        return max(MOST_NAMES, self.min_members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Nullable(Shape):
    """The values of `shape`, or null."""

    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled(Shape):
    """The values of `shape` that no rule refuses: what no schema can say.

    A rule is a function of the native value that raises marshmallow's ValidationError. `words`
    are what its author says of a mistake: from a template of `openrest.messages`, or `NULL`, to
    the function that words it for the wire value.
    """

    shape: Shape
    rules: tuple[Callable[[Any], Any], ...] = ()
    words: Mapping[str, Callable[[Any], str]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyValue(Shape):
    """Any JSON value but null: all that is known of a field of a user's own class.

    `load` and `dump` are that field's; what `load` refuses (marshmallow's ValidationError) is a
    rule that no schema can say.
    """

    load: Callable[[Any], Any] | None = None
    dump: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plucked(Shape):
    """One member of a nested object, which stands for the whole of it.

    Native is ``{member: value}``, the wire value is that of the member.
    """

    shape: Shape
    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """What answers show of a member: `make` gives it, of the `shape`, from the whole record."""

    make: Callable[[dict[str, Any]], Any]
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a member refers to: an object of the `resource`, by its key.

    `field` is the name of the key, where the author gave one. `on_delete` says what becomes of a
    record whose target is deleted: nothing, for the target stays; it goes, too; or it refers to
    nothing. In the format ``uri`` clients see a link to it in the place of its key.
    """

    resource: str
    field: str = ""
    format: Literal["key", "uri"] = "key"
    on_delete: Literal["restrict", "cascade", "set_null"] = "restrict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of an object.

    `name` is the key in records, `wire` the name in JSON. `default` is a native value, or a
    function without arguments that gives one, for a member that the client left out (or, when
    it is read-only, may not send). What answers show is made by `compute`, where there is one;
    when the member is also read-only, nothing of it is stored. `required_words` are what its
    author says of a client that left it out. `reference` says what its value refers to. One that
    is `guarded` is not shown to everybody.
    """

    name: str
    wire: str
    shape: Shape
    required: bool = False
    is_key: bool = False
    read_only: bool = False
    write_only: bool = False
    default: Any = MISSING
    compute: Computed | None = None
    description: str = ""
    deprecated: bool = False
    example: Any = MISSING
    required_words: str = ""
    reference: Reference | None = None
    guarded: bool = False

    @property
    def nullable(self) -> bool:
        """Whether null is a value of this member."""
        shape = self.shape
        while isinstance(shape, Ruled):
            shape = shape.shape
        return isinstance(shape, Nullable)

    @property
    def stored(self) -> bool:
        """Whether records in a store have this member."""
        return self.compute is None or not self.read_only

    @property
    def always(self) -> bool:
        """Whether every stored record has this member, and every answer shows it.

        What nobody is shown may have been dropped by a hook: a password that was sent twice.
        """
        return not self.guarded and (
            (self.required and not self.write_only)
            or self.nullable
            or self.default is not MISSING
            or self.compute is not None
        )


#: What becomes of the members that an object does not know.
Extra = Literal["refuse", "ignore", "keep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Object(Shape):
    """An object with these members; native `dict` keyed by their names.

    `owned` are the members that only the server sets: a client may not send them, and the schema
    does not show them. `extra` says what becomes of unknown members. `component` is the name
    under which the document shows the object, and `origin` the class that it was made of; without
    a name it is written where it stands. `refine` runs a schema's own hooks: from a wire object
    that fits and the record it loads to, it gives the final record.
    """

    members: tuple[Member, ...]
    owned: tuple[Member, ...] = ()
    component: str | None = None
    origin: str = field(default="", compare=False)
    description: str = ""
    extra: Extra = "refuse"
    refine: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]] | None = None

    def member(self, name: str) -> Member:
        """The member with this name in records; KeyError when there is none."""
        for member in self.members:
            if member.name == name:
                return member
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf(Shape):
    """One of several objects; the member `discriminator` says which, in each of them.

    `variants` are pairs of the discriminator's value and the object. With `partial` the
    discriminator may be left out, as in a patch: then the object has to fit any of them.
    `members` are those of all variants, for a store that keeps them in one table; a variant's own
    are not required there.
    """

    discriminator: str
    variants: tuple[tuple[str, Object], ...]
    members: tuple[Member, ...] = ()
    partial: bool = False
    component: str | None = None
    origin: str = field(default="", compare=False)
    description: str = ""

    def member(self, name: str) -> Member:
        """The member with this name in records; KeyError when there is none."""
        for member in self.members:
            if member.name == name:
                return member
        raise KeyError(name)


class Deferred(Shape):
    """A shape that is looked up when it is needed: a model may nest itself, or one made later.

    Equal only to itself. What is made from it is made once (`once`), so that a shape that
    contains itself is walked without end nowhere.
    """

    _find: Callable[[], Shape]
    _made: dict[Any, Any]

    def __init__(self, find: Callable[[], Shape]) -> None:
        object.__setattr__(self, "_find", find)  # past the frozen base
        object.__setattr__(self, "_made", {})

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @cached_property
    def shape(self) -> Shape:
        """The shape that it stands for."""
        return self._find()

    def once(self, make: Callable[[Shape], T]) -> T:
        """What `make` gives for the shape; the same object for the same function."""
        if make not in self._made:
            self._made[make] = make(self.shape)
        made: T = self._made[make]
        return made

    def through(self, change: Callable[[Shape], Shape]) -> Deferred:
        """The changed shape, just as deferred; the same object for the same change.

        What a change has made is not changed by it again: a model in itself, to which each walk
        does so, would go on without end.
        """
        place = (Deferred, change)
        if place not in self._made:
            changed = Deferred(lambda: change(self.shape))
            changed._made[place] = changed
            self._made[place] = changed
        made: Deferred = self._made[place]
        return made


#: The kinds of values that have an order: less is a smaller number, an earlier time, a text before
#: another by its code points.
ORDERED: Final[tuple[type[Shape], ...]] = (
    Integer, Number, Decimal, String, Date, DateTime, NaiveDateTime, Time, Timestamp, Duration,
    Uuid,
)  # fmt: skip


def portable_name(name: str) -> str:
    """The name in the characters that names of components have (OpenAPI, Components Object)."""
    return re.sub("[^A-Za-z0-9._-]", "_", name)
