"""Shape -> a cell of a CSV file: how a value is written as text, and read again.

A cell has the text that a query parameter would have; what has no such text is there as JSON.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from openrest.datastore.columns import NO_VALUE, column
from openrest.errors import Mistake
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.text import text_reader, text_shape
from openrest.models.variants import stored_shape
from openrest.models.walking import bare

__all__ = ["Cell", "cell"]

#: The instants that `datetime.fromisoformat` reads as RFC 3339 does, but for days that are not.
_IN_UTC = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ", re.ASCII).fullmatch

Encode = Callable[[Any], str]
Decode = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What the cells of one column hold.

    `encode` gives the text of a native value, `decode` the native value of a text, or raises
    ValueError with what is wrong with it.
    """

    name: str
    encode: Encode
    decode: Decode
    #: Whether an empty cell that is not quoted is no value: None where the field is `nullable`.
    optional: bool
    nullable: bool
    #: Whether the empty text is a value.
    takes_empty: bool

    def missing(self, *, quoted: bool) -> bool:
        """Whether an empty cell has no value, and so is not the empty text.

        Where a field always has a value, an empty cell can mean nothing but the empty text: most
        programs write that without quotes.
        """
        return not self.takes_empty or (self.optional and not quoted)


def cell(member: s.Member) -> Cell:
    """The cells of a member of a model."""
    shape = stored_shape(member.shape)
    encode, decode = _as_text(shape) if _has_one_text(shape) else _as_json(member)
    return Cell(
        name=member.name,
        encode=encode,
        decode=decode,
        optional=member.nullable or not member.always,
        nullable=member.nullable,
        takes_empty=_takes(decode, ""),
    )


def _takes(decode: Decode, text: str) -> bool:
    try:
        decode(text)
    except ValueError:
        return False
    return True


def _has_one_text(shape: s.Shape) -> bool:
    """Whether each value has a text, and no two values have the same."""
    match bare(shape):
        case s.List() | s.Constant():
            return False
        case s.Choice(pairs=pairs):
            return len({type(wire) for wire, _ in pairs}) == 1
        case _:
            return text_shape(shape) is not None


def _as_json(member: s.Member) -> tuple[Encode, Decode]:
    """As in a column of SQLite."""
    kept = column(member)

    def decode(text: str) -> Any:
        try:
            return kept.decode(text) if kept.decode else text
        except NO_VALUE as error:
            raise ValueError(f"is no JSON of the field: {error}") from error

    return kept.encode or str, decode


def _as_text(shape: s.Shape) -> tuple[Encode, Decode]:
    dump, read = dumper(shape), text_reader(shape)

    def encode(value: Any) -> str:
        wire = dump(value)
        match wire:
            case bool():
                return "true" if wire else "false"
            case str():
                return wire
            case _:
                return repr(wire)

    def decode(text: str) -> Any:
        mistakes: list[Mistake] = []
        value = read([text], mistakes)
        if mistakes:
            raise ValueError(", ".join(str(mistake.detail) for mistake in mistakes))
        return value

    return encode, _quick(shape, decode)


def _quick(shape: s.Shape, decode: Decode) -> Decode:
    """The same as `decode`, sooner for the values that most cells have: a file may have millions.

    What it does not know at once, it leaves to `decode`.
    """
    if isinstance(shape, s.Nullable):
        return _quick(shape.shape, decode)
    match shape:
        case s.String(patterns=()):
            return _quick_text(shape, decode)
        case s.Integer(minimum=low, maximum=high):

            def integer(text: str) -> Any:
                # At most 18 digits, none of them a zero that stands before others.
                if text.isdigit() and text.isascii() and len(text) < 19 and text[0] != "0":
                    value = int(text)
                    if low <= value <= high:
                        return value
                return decode(text)

            return integer
        case s.Number(minimum=least, maximum=most):

            def number(text: str) -> Any:
                whole, _, fraction = text.partition(".")
                # Such as 12.5; JSON has no other spelling of it.
                if whole.isdigit() and fraction.isdigit() and whole[0] != "0" and text.isascii():
                    value = float(text)
                    if least < value < most:
                        return value
                return decode(text)

            return number
        case s.Boolean():
            known = {"true": True, "false": False}

            def boolean(text: str) -> Any:
                return known[text] if text in known else decode(text)

            return boolean
        case s.Decimal():
            return _quick_decimal(shape, decode)
        case s.DateTime():

            def instant(text: str) -> Any:
                if _IN_UTC(text):
                    with suppress(ValueError):  # `decode` says it in the words of the field
                        return dt.datetime.fromisoformat(text)
                return decode(text)

            return instant
        case _:
            return decode


def _quick_decimal(shape: s.Decimal, decode: Decode) -> Decode:
    # Without a sign: zero may have none.
    fits = re.compile(shape.pattern.replace("-?", ""), re.ASCII).fullmatch
    context = decimal.Context(prec=30)
    unit = decimal.Decimal(1).scaleb(-shape.places)

    def number(text: str) -> Any:
        if fits(text):
            return decimal.Decimal(text).quantize(unit, context=context)
        return decode(text)

    return number


def _quick_text(shape: s.String, decode: Decode) -> Decode:
    low, high = shape.min_length, s.INT64_MAX if shape.max_length is None else shape.max_length

    def text_of(text: str) -> Any:
        if low <= len(text) <= high and text.isascii() and "\0" not in text:
            return text
        return decode(text)

    return text_of
