"""Scalar shapes -> the functions that check one wire value and give the native one."""

from __future__ import annotations

import decimal
import json
import math
import re
import uuid
from collections.abc import Callable
from typing import Any

from openrest import messages as msg
from openrest.errors import MAX_MISTAKES, Mistake, nearest
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.formats import UUID
from openrest.models.patterns import Pattern

__all__ = ["Enough", "Load", "Rule", "integer_loader", "mistake", "same", "scalar_loader"]

#: (wire value, JSON pointer of the place, list that takes the mistakes) -> native value
Load = Callable[[Any, str, list[Mistake]], Any]


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal in JSON, where ``true`` is not ``1`` but ``1.0`` is."""
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return (type(one) is bool) == (type(other) is bool) and bool(one == other)


def scalar_loader(shape: s.Shape) -> Load:
    """The compiled loader of a shape that no other shape is in."""
    match shape:
        case s.Boolean():
            return _load_boolean
        case s.Integer():
            return integer_loader(shape)
        case s.Number():
            return _number(shape)
        case s.Decimal():
            return _decimal(shape)
        case s.String():
            return _string(shape)
        case s.Uuid():
            return _load_uuid
        case s.Parsed():
            return _parsed(shape)
        case s.Choice():
            return _choice(shape)
        case s.Constant():
            return _constant(shape)
        case _:
            raise TypeError(f"{shape!r} is not a shape that can be loaded")


class Rule(Mistake):
    """A mistake that no schema can say."""

    __slots__ = ()


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


def integer_loader(shape: s.Integer) -> Load:
    """The compiled loader of an integer."""
    minimum, maximum, exact = shape.minimum, shape.maximum, shape.exact

    def load_integer(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not int:
            # JSON Schema calls 5.0 an integer, and clients in some languages write it so.
            if exact or type(value) is not float or not value.is_integer():
                mistake(mistakes, at, say(msg.INTEGER))
                return None
            value = int(value)
        if value < minimum:
            mistake(mistakes, at, say(msg.AT_LEAST, minimum=minimum))
        elif value > maximum:
            mistake(mistakes, at, say(msg.AT_MOST, maximum=maximum))
        return value

    return load_integer


def _number(shape: s.Number) -> Load:
    low, high = shape.minimum, shape.maximum
    # The document writes 1e300 for a double that is a little more, and means what it writes.
    written_low, written_high = decimal.Decimal(repr(low)), decimal.Decimal(repr(high))

    def load_number(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not float and type(value) is not int:
            mistake(mistakes, at, say(msg.NUMBER))
            return None
        # Before the conversion: an integer beyond every double cannot be converted.
        huge = type(value) is int and abs(value) >= 2**53
        if value < (written_low if huge else low) or (shape.exclusive_minimum and value == low):
            said = msg.MORE_THAN if shape.exclusive_minimum else msg.AT_LEAST
            mistake(mistakes, at, say(said, minimum=f"{low:g}"))
            return None
        if value > (written_high if huge else high) or (shape.exclusive_maximum and value == high):
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
    low, high = shape.min_length, shape.max_length
    searches = [(pattern, pattern.search) for pattern in shape.patterns]
    too_short = say(msg.NOT_EMPTY) if low == 1 else say(msg.MIN_LENGTH, minimum=low)
    too_long = say(msg.MAX_LENGTH, maximum=high)
    if low == high:
        too_short = too_long = say(msg.EXACT_LENGTH, number=low)

    def load_string(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not str:
            mistake(mistakes, at, say(msg.STRING))
            return None
        if len(value) < low:
            mistake(mistakes, at, too_short)
        elif high is not None and len(value) > high:
            # Patterns are not tried on it: some take their time on a long text.
            mistake(mistakes, at, too_long)
            return value
        if "\0" in value:
            mistake(mistakes, at, say(msg.NO_NUL))
        unmatched = [pattern for pattern, search in searches if not search(value)]
        if unmatched:
            # Two patterns of one address have one text.
            for said in dict.fromkeys(_unmatched(pattern, value) for pattern in unmatched):
                mistake(mistakes, at, said)
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                mistake(mistakes, at, say(msg.NO_SURROGATE))
        return value

    return load_string


def _unmatched(pattern: Pattern, value: str) -> str:
    if pattern.error:
        # The first two names are marshmallow's.
        return say(pattern.error, input=value, regex=pattern.source, sample=pattern.sample())
    return say(msg.PATTERN, pattern=pattern.source)


def _load_uuid(value: Any, at: str, mistakes: list[Mistake]) -> Any:
    if type(value) is not str or not UUID.search(value):
        mistake(mistakes, at, say(msg.UUID))
        return None
    return uuid.UUID(value)


def _parsed(shape: s.Parsed) -> Load:
    search, parse, total = shape.pattern.search, shape.parse, shape.total
    wanted = say(msg.PARSED, text=shape.what)
    said = say(msg.NOT_THERE)
    if isinstance(shape, s.Link):
        wanted = say(msg.LINK, resource=shape.resource, sample=shape.example)
        said = say(msg.REFERS_TO_NOTHING, resource=shape.resource)

    def load_parsed(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not str or not search(value):
            mistake(mistakes, at, wanted)
            return None
        try:
            return parse(value)
        except ValueError:
            if total:
                mistake(mistakes, at, wanted)
            else:
                mistakes.append(Rule(said, pointer=at))
        return None

    return load_parsed


def _constant(shape: s.Constant) -> Load:
    constant = shape.value
    wanted = say(msg.CONSTANT, value=json.dumps(constant, ensure_ascii=False))

    def load_constant(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if not same(value, constant):
            mistake(mistakes, at, wanted)
        return value

    return load_constant


def _choice(shape: s.Choice) -> Load:
    shown = ", ".join(str(wire) for wire, _ in shape.pairs)
    wanted = say(msg.CHOICE, choices=shown)
    texts = [wire for wire, _ in shape.pairs if isinstance(wire, str)]
    # In JSON true is not 1, and in Python it is: the key says which of the two it was.
    natives = {(type(wire) is bool, wire): native for wire, native in shape.pairs}
    whole = shape.exact and all(type(wire) is int for wire, _ in shape.pairs)
    kinds = (int,) if whole else (str, int, float, bool)

    def load_choice(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        # Draft 4 of JSON Schema, by type: 1.0 is none of a choice of integers.
        if type(value) in kinds:
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
