"""Scalar shapes -> the functions that check one wire value and give the native one."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import re
import uuid
from collections.abc import Callable
from typing import Any

from openrest import messages as msg
from openrest.errors import MAX_MISTAKES, Mistake, nearest
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.formats import DATE, DATE_TIME, UUID
from openrest.models.patterns import Pattern

__all__ = ["Enough", "Load", "mistake", "same", "scalar_loader"]

#: (wire value, JSON pointer of the place, list that takes the mistakes) -> native value
Load = Callable[[Any, str, list[Mistake]], Any]


def same(one: Any, other: Any) -> bool:
    """Whether two wire values are equal in JSON, where ``true`` is not ``1`` but ``1.0`` is."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return (type(one) is bool) == (type(other) is bool) and bool(one == other)


def scalar_loader(shape: s.Shape) -> Load:
    """The compiled loader of a shape that no other shape is in."""
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
        case _:
            raise TypeError(f"{shape!r} is not a shape that can be loaded")


class Enough(Exception):
    """So many mistakes are taken down that no further one is looked for."""


def mistake(mistakes: list[Mistake], at: str, detail: str) -> None:
    """Take down what is wrong with the value at a place. Raises Enough after the last."""
    mistakes.append(Mistake(detail, pointer=at))
    if len(mistakes) >= MAX_MISTAKES:
        raise Enough


def _load_boolean(value: Any, at: str, mistakes: list[Mistake]) -> Any:
    if type(value) is not bool:
        mistake(mistakes, at, say(msg.BOOLEAN))
    return value


def _integer(minimum: int, maximum: int) -> Load:
    def load_integer(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not int:
            # JSON Schema calls 5.0 an integer, and clients in some languages write it so.
            if type(value) is not float or not value.is_integer():
                mistake(mistakes, at, say(msg.INTEGER))
                return None
            value = int(value)
        if value < minimum:
            mistake(mistakes, at, say(msg.AT_LEAST, minimum=minimum))
        elif value > maximum:
            mistake(mistakes, at, say(msg.AT_MOST, maximum=maximum))
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
            mistake(mistakes, at, say(msg.NUMBER))
            return None
        # Before the conversion: an integer beyond every double cannot be converted.
        if value < low or (shape.exclusive_minimum and value == low):
            said = msg.MORE_THAN if shape.exclusive_minimum else msg.AT_LEAST
            mistake(mistakes, at, say(said, minimum=f"{low:g}"))
            return None
        if value > high or (shape.exclusive_maximum and value == high):
            said = msg.LESS_THAN if shape.exclusive_maximum else msg.AT_MOST
            mistake(mistakes, at, say(said, maximum=f"{high:g}"))
            return None
        if not math.isfinite(value):
            mistake(mistakes, at, say(msg.FINITE))
            return None
        return float(value) + 0.0  # -0.0 becomes 0.0: the two are equal and must be stored alike

    return load_number


def _decimal(shape: s.Decimal) -> Load:
    fits = re.compile(shape.pattern[:-1]).fullmatch
    unit = decimal.Decimal(1).scaleb(-shape.places)
    whole = shape.digits - shape.places
    wanted = say(msg.DECIMAL, whole=whole, places=shape.places)
    # The digits are bounded by the shape, not by the context that a thread happens to have.
    context = decimal.Context(prec=shape.digits + 1)

    def load_decimal(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not str or not fits(value):
            mistake(mistakes, at, wanted)
            return None
        number = decimal.Decimal(value)
        return abs(number).quantize(unit, context=context).copy_sign(number or unit)

    return load_decimal


def _string(shape: s.String) -> Load:
    low, high, searches = shape.min_length, shape.max_length, [p.search for p in shape.patterns]

    def load_string(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not str:
            mistake(mistakes, at, say(msg.STRING))
            return None
        if len(value) < low:
            mistake(
                mistakes,
                at,
                say(msg.NOT_EMPTY) if low == 1 else say(msg.MIN_LENGTH, minimum=low),
            )
        elif high is not None and len(value) > high:
            # Patterns are not tried on it: some take their time on a long text.
            mistake(mistakes, at, say(msg.MAX_LENGTH, maximum=high))
            return value
        if "\0" in value:
            mistake(mistakes, at, say(msg.NO_NUL))
        for pattern, search in zip(shape.patterns, searches, strict=True):
            if not search(value):
                mistake(mistakes, at, _unmatched(pattern, value))
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                mistake(mistakes, at, say(msg.NO_SURROGATE))
        return value

    return load_string


def _unmatched(pattern: Pattern, value: str) -> str:
    if pattern.error:
        return say(pattern.error, input=value, regex=pattern.source)  # as marshmallow does
    return say(msg.PATTERN, pattern=pattern.source)


def _load_datetime(value: Any, at: str, mistakes: list[Mistake]) -> Any:
    if type(value) is str and DATE_TIME.search(value):
        try:
            return dt.datetime.fromisoformat(value).astimezone(dt.UTC)
        except ValueError:
            pass  # the pattern does not know how long a month is
    mistake(mistakes, at, say(msg.DATE_TIME))
    return None


def _load_date(value: Any, at: str, mistakes: list[Mistake]) -> Any:
    if type(value) is str and DATE.search(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            pass  # the pattern does not know how long a month is
    mistake(mistakes, at, say(msg.DATE))
    return None


def _load_uuid(value: Any, at: str, mistakes: list[Mistake]) -> Any:
    if type(value) is not str or not UUID.search(value):
        mistake(mistakes, at, say(msg.UUID))
        return None
    return uuid.UUID(value)


def _choice(shape: s.Choice) -> Load:
    shown = ", ".join(str(wire) for wire, _ in shape.pairs)
    wanted = say(msg.CHOICE, choices=shown)
    texts = [wire for wire, _ in shape.pairs if isinstance(wire, str)]
    # In JSON true is not 1, and in Python it is: the key says which of the two it was.
    natives = {(type(wire) is bool, wire): native for wire, native in shape.pairs}

    def load_choice(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) in (str, int, float, bool):
            found = natives.get((type(value) is bool, value), s.MISSING)
            if found is not s.MISSING:
                return found
        # To look for what was meant takes long, and nobody reads a hundred guesses.
        guess = isinstance(value, str) and len(mistakes) < 10
        near = nearest(value, texts) if guess else None
        said = say(msg.CHOICE_NEAR, choices=shown, near=near) if near else wanted
        mistake(mistakes, at, said)
        return None

    return load_choice
