"""Shape -> a function that checks a wire value and gives the native one.

Check and conversion are one pass, compiled once into closures. A loader never stops at the first
mistake: it appends each one, with its JSON pointer (RFC 6901), to the list it is handed. What it
returns after a mistake is meaningless.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from marshmallow import ValidationError

from openrest.errors import InvalidData, Mistake, RuleViolated, did_you_mean
from openrest.models import shapes as s
from openrest.models.formats import DATE, DATE_TIME, UUID

__all__ = ["Load", "loader", "object_loader", "same", "wire_loader"]

#: (wire value, JSON pointer of the place, list that takes the mistakes) -> native value
Load = Callable[[Any, str, list[Mistake]], Any]


def same(one: Any, other: Any) -> bool:
    """Whether two wire values are equal in JSON, where ``true`` is not ``1`` but ``1.0`` is."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return (type(one) is bool) == (type(other) is bool) and bool(one == other)


def loader(shape: s.Shape) -> Load:
    """The compiled loader of a shape."""
    match shape:
        case s.Boolean():
            return _load_boolean
        case s.Integer():
            return _integer(shape.minimum, shape.maximum)
        case s.Timestamp():
            return _timestamp(shape)
        case s.Number():
            return _number(shape)
        case s.Decimal():
            return _decimal(shape)
        case s.String():
            return _string(shape)
        case s.DateTime():
            return _load_datetime
        case s.Date():
            return _load_date
        case s.Uuid():
            return _load_uuid
        case s.Choice():
            return _choice(shape)
        case s.Except():
            return _except(shape)
        case s.List():
            return _list(shape)
        case s.Nullable():
            return _nullable(shape)
        case s.Ruled():
            return _ruled(shape)
        case s.AnyValue():
            return _any(shape)
        case s.Object():
            return _object(shape)
        case _:
            raise TypeError(f"{shape!r} is not a shape that can be loaded")


def wire_loader(shape: s.Shape) -> Callable[[Any], Any]:
    """`loader` as a function of the value alone, for one value that stands by itself.

    It raises InvalidData with every mistake, or RuleViolated where all that is wrong is
    something that no schema can say.
    """
    load = loader(shape)

    def load_or_raise(value: Any) -> Any:
        mistakes: list[Mistake] = []
        native = load(value, "#", mistakes)
        if mistakes:
            broken = [mistake for mistake in mistakes if not isinstance(mistake, _Rule)]
            raise InvalidData(broken) if broken else RuleViolated(mistakes)
        return native

    return load_or_raise


def object_loader(shape: s.Object) -> Callable[[Any], dict[str, Any]]:
    """`wire_loader` of an object: a record keyed by field name, its defaults filled in.

    The schema's own hooks run last, on what fits.
    """
    load = wire_loader(shape)
    if shape.refine is None:
        return load
    refine = shape.refine

    def load_and_refine(value: Any) -> dict[str, Any]:
        return refine(value, load(value))

    return load_and_refine


class _Rule(Mistake):
    """A mistake that no schema can say."""

    __slots__ = ()


def _mistake(mistakes: list[Mistake], at: str, detail: str) -> None:
    mistakes.append(Mistake(detail, pointer=at))


def _load_boolean(value: Any, at: str, mistakes: list[Mistake]) -> Any:
    if type(value) is not bool:
        _mistake(mistakes, at, "must be true or false")
    return value


def _integer(minimum: int, maximum: int) -> Load:
    def load_integer(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not int:
            # JSON Schema calls 5.0 an integer, and clients in some languages write it so.
            if type(value) is not float or not value.is_integer():
                _mistake(mistakes, at, "must be an integer")
                return None
            value = int(value)
        if value < minimum:
            _mistake(mistakes, at, f"must be at least {minimum}")
        elif value > maximum:
            _mistake(mistakes, at, f"must be at most {maximum}")
        return value

    return load_integer


def _timestamp(shape: s.Timestamp) -> Load:
    load_seconds = _integer(shape.minimum, shape.maximum)
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

    def load_timestamp(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        before = len(mistakes)
        seconds = load_seconds(value, at, mistakes)
        return None if len(mistakes) > before else epoch + dt.timedelta(seconds=seconds)

    return load_timestamp


def _number(shape: s.Number) -> Load:
    low, high = shape.minimum, shape.maximum

    def load_number(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not float and type(value) is not int:
            _mistake(mistakes, at, "must be a number")
            return None
        # Before the conversion: an integer beyond every double cannot be converted.
        if value < low or (shape.exclusive_minimum and value == low):
            word = "more than" if shape.exclusive_minimum else "at least"
            _mistake(mistakes, at, f"must be {word} {low:g}")
            return None
        if value > high or (shape.exclusive_maximum and value == high):
            word = "less than" if shape.exclusive_maximum else "at most"
            _mistake(mistakes, at, f"must be {word} {high:g}")
            return None
        if not math.isfinite(value):
            _mistake(mistakes, at, "must be a finite number")
            return None
        return float(value) + 0.0  # -0.0 becomes 0.0: the two are equal and must be stored alike

    return load_number


def _decimal(shape: s.Decimal) -> Load:
    fits = re.compile(shape.pattern[:-1]).fullmatch
    unit = decimal.Decimal(1).scaleb(-shape.places)
    whole = shape.digits - shape.places
    wanted = (
        f"must be a decimal number in a string, with at most {whole} digits before the point and "
        f"{shape.places} after it"
    )
    # The digits are bounded by the shape, not by the context that a thread happens to have.
    context = decimal.Context(prec=shape.digits + 1)

    def load_decimal(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not str or not fits(value):
            _mistake(mistakes, at, wanted)
            return None
        number = decimal.Decimal(value)
        return abs(number).quantize(unit, context=context).copy_sign(number or unit)

    return load_decimal


def _string(shape: s.String) -> Load:
    low, high, searches = shape.min_length, shape.max_length, [p.search for p in shape.patterns]

    def load_string(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not str:
            _mistake(mistakes, at, "must be a string")
            return None
        if len(value) < low:
            _mistake(
                mistakes,
                at,
                "must not be empty" if low == 1 else f"must have at least {low} characters",
            )
        elif high is not None and len(value) > high:
            _mistake(mistakes, at, f"must have at most {high} characters")
        if "\0" in value:
            _mistake(mistakes, at, "must not contain the character NUL")
        for pattern, search in zip(shape.patterns, searches, strict=True):
            if not search(value):
                _mistake(mistakes, at, f"must match the pattern {pattern.source}")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                _mistake(mistakes, at, "must be Unicode text without lone surrogates")
        return value

    return load_string


def _load_datetime(value: Any, at: str, mistakes: list[Mistake]) -> Any:
    if type(value) is str and DATE_TIME.search(value):
        try:
            return dt.datetime.fromisoformat(value).astimezone(dt.UTC)
        except ValueError:
            pass  # the pattern does not know how long a month is
    _mistake(mistakes, at, "must be a date and time with an offset, such as 2026-03-01T09:30:00Z")
    return None


def _load_date(value: Any, at: str, mistakes: list[Mistake]) -> Any:
    if type(value) is str and DATE.search(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass  # the pattern does not know how long a month is
    _mistake(mistakes, at, "must be a date, such as 2026-03-01")
    return None


def _load_uuid(value: Any, at: str, mistakes: list[Mistake]) -> Any:
    if type(value) is not str or not UUID.search(value):
        _mistake(mistakes, at, "must be a UUID, such as 5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b")
        return None
    return uuid.UUID(value)


def _choice(shape: s.Choice) -> Load:
    shown = ", ".join(str(wire) for wire, _ in shape.pairs)

    def load_choice(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        for wire, native in shape.pairs:
            if same(wire, value):
                return native
        near = ""
        if isinstance(value, str):
            near = did_you_mean(value, [wire for wire, _ in shape.pairs if isinstance(wire, str)])
        _mistake(
            mistakes, at, f"must be one of {shown}.{near}" if near else f"must be one of {shown}"
        )
        return None

    return load_choice


def _except(shape: s.Except) -> Load:
    load = loader(shape.shape)

    def load_except(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if any(same(value, refused) for refused in shape.values):
            _mistake(mistakes, at, f"must not be {', '.join(map(str, shape.values))}")
            return None
        return load(value, at, mistakes)

    return load_except


def _list(shape: s.List) -> Load:
    load_item = loader(shape.item)
    low, high = shape.min_items, shape.max_items

    def load_list(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not list:
            _mistake(mistakes, at, "must be an array")
            return None
        if len(value) < low:
            _mistake(mistakes, at, f"must have at least {low} items")
        elif high is not None and len(value) > high:
            _mistake(mistakes, at, f"must have at most {high} items")
        return [load_item(item, f"{at}/{index}", mistakes) for index, item in enumerate(value)]

    return load_list


def _nullable(shape: s.Nullable) -> Load:
    load = loader(shape.shape)

    def load_nullable(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        return None if value is None else load(value, at, mistakes)

    return load_nullable


def _ruled(shape: s.Ruled) -> Load:
    load = loader(shape.shape)

    def load_ruled(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        before = len(mistakes)
        native = load(value, at, mistakes)
        if len(mistakes) == before:
            for rule in shape.rules:
                _refusing(rule, native, at, mistakes)
        return native

    return load_ruled


def _any(shape: s.AnyValue) -> Load:
    convert = shape.load

    def load_any(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if value is None:
            _mistake(mistakes, at, "must not be null")
            return None
        return value if convert is None else _refusing(convert, value, at, mistakes)

    return load_any


def _refusing(rule: Callable[[Any], Any], value: Any, at: str, mistakes: list[Mistake]) -> Any:
    try:
        return rule(value)
    except ValidationError as error:
        mistakes.extend(rule_mistakes(error.messages, at))
    return None


def rule_mistakes(messages: Any, at: str) -> list[Mistake]:
    """The messages of marshmallow's ValidationError, nested as it nests them, as mistakes."""
    if isinstance(messages, Mapping):
        return [
            mistake
            for name, inner in messages.items()
            for mistake in rule_mistakes(
                inner, at if name == "_schema" else f"{at}/{_escape(str(name))}"
            )
        ]
    if isinstance(messages, list):
        return [mistake for inner in messages for mistake in rule_mistakes(inner, at)]
    return [_Rule(str(messages), pointer=at)]


def _escape(name: str) -> str:
    """A reference token of a JSON pointer in a URI fragment (RFC 6901, sections 3 and 6)."""
    return quote(
        name.replace("~", "~0").replace("/", "~1"), safe="~$!&'()*+,;=:@-._", errors="replace"
    )


def _object(shape: s.Object) -> Load:
    known = {member.wire for member in shape.members}
    owned = {member.wire for member in shape.owned}
    steps = [
        (m.wire, m.name, "/" + _escape(m.wire), loader(m.shape), m.required) for m in shape.members
    ]
    absent = [m for m in (*shape.members, *shape.owned) if m.always and not m.required]

    def load_object(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not dict:
            _mistake(mistakes, at, "must be an object")
            return None
        record: dict[str, Any] = {}
        before = len(mistakes)
        found = 0
        for wire, name, place, load, required in steps:
            if wire in value:
                found += 1
                record[name] = load(value[wire], at + place, mistakes)
            elif required:
                _mistake(mistakes, at + place, "is required")
        if found != len(value) and not shape.ignore_unknown:
            for wire in value:
                if wire in owned:
                    _mistake(mistakes, f"{at}/{_escape(wire)}", "is read-only: leave it out")
                elif wire not in known:
                    near = did_you_mean(wire, known)
                    _mistake(
                        mistakes, f"{at}/{_escape(wire)}", f"is not a member of this object.{near}"
                    )
        if len(mistakes) == before:
            for member in absent:
                if member.name not in record:
                    record[member.name] = fill(member)
        return record

    return load_object


def fill(member: s.Member) -> Any:
    """The native value of a member that was left out: its default, or null."""
    if member.default is s.MISSING:
        return None
    return member.default() if callable(member.default) else member.default
