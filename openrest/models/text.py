"""Shape -> the reader of query, path and header text.

In a query every value is text; this is how each shape spells its values there. A number is
spelled as in JSON, so ``5.0`` is an integer here as it is in a body; a boolean is ``true`` or
``false``; the items of a list have commas between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from openrest import messages as msg
from openrest.errors import Mistake
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.formats import NO_COMMA
from openrest.models.loading import Enough, loader
from openrest.models.walking import without_rules

__all__ = ["Read", "has_text_form", "text_reader", "text_shape"]

#: (the texts given for one parameter, list that takes the mistakes) -> native value
Read = Callable[[Sequence[str], list[Mistake]], Any]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII).fullmatch
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII).fullmatch

#: More digits than any double or bounded integer needs; int() is quadratic in them.
_MAX_DIGITS = 40


def has_text_form(shape: s.Shape) -> bool:
    """Whether values of the shape can be written in a query string."""
    return text_shape(shape) is not None


def text_shape(shape: s.Shape) -> s.Shape | None:
    """Those values of the shape that a query string can spell; None where there are none.

    Null has no spelling, a list has at least one item, and no item has a comma in it.
    """
    match shape:
        case s.Nullable(shape=inner):
            return text_shape(inner)
        case s.Except(shape=inner) | s.Ruled(shape=inner) if not isinstance(inner, s.List):
            spelled = text_shape(inner)
            return None if spelled is None else replace(shape, shape=spelled)
        case s.List(item=item, max_items=most) if most != 0:
            spelled = _item(without_rules(item))
            if spelled is None:
                return None
            return replace(shape, item=spelled, min_items=max(1, shape.min_items))
        case s.Ruled(shape=s.List() as inner):
            return text_shape(inner)
        case (
            s.Object() | s.OneOf() | s.AnyValue() | s.Map() | s.Tuple() | s.List() | s.Plucked()
            | s.Deferred() | s.Except()
        ):  # fmt: skip
            return None
        case s.Constant(value=value):
            return None if value is None or isinstance(value, (list, dict)) else shape
        case _:
            return shape


def _item(shape: s.Shape) -> s.Shape | None:
    """The values of an item that have no comma in their text."""
    match shape:
        case s.String():
            return replace(shape, patterns=(*shape.patterns, NO_COMMA))
        case s.Choice(pairs=pairs):
            kept = tuple(pair for pair in pairs if "," not in str(pair[0]))
            return replace(shape, pairs=kept, component=None if kept != pairs else shape.component)
        case s.Parsed(pattern=pattern):
            return None if pattern.search(",") or "," in shape.example else shape
        case s.Except(shape=inner) | s.Ruled(shape=inner):
            spelled = _item(inner)
            return None if spelled is None else replace(shape, shape=spelled)
        case s.List() | s.Nullable():
            return None
        case _:
            return text_shape(shape)


def text_reader(shape: s.Shape) -> Read:
    """The compiled reader of a shape's text form.

    Its mistakes carry an empty pointer, or one into a list (``#/1``), to which the caller gives
    the parameter's name.
    """
    spell = _speller(shape)
    load = loader(shape)
    many = _is_list(shape)

    def read(texts: Sequence[str], mistakes: list[Mistake]) -> Any:
        if len(texts) > 1:
            mistakes.append(Mistake(say(msg.GIVEN_TWICE), pointer=""))
            return None
        if not many:
            return load(spell(texts[0]), "", mistakes)
        try:
            return load([spell(text) for text in texts[0].split(",")], "#", mistakes)
        except Enough:
            return None

    return read


def _is_list(shape: s.Shape) -> bool:
    while isinstance(shape, (s.Nullable, s.Ruled, s.Except)):
        shape = shape.shape
    return isinstance(shape, s.List)


def _speller(shape: s.Shape) -> Callable[[str], Any]:
    """Text -> wire value; a text that spells none is handed on, for the loader to refuse."""
    match shape:
        case s.Nullable(shape=inner) | s.Except(shape=inner) | s.Ruled(shape=inner):
            return _speller(inner)
        case s.List(item=inner):
            return _speller(inner)
        case s.Boolean():
            return _boolean
        case s.Integer(exact=True) | s.Timestamp(exact=True, whole=True):
            return _whole
        case s.Integer() | s.Number() | s.Timestamp() | s.Duration():
            return _number
        case s.Choice(pairs=pairs):
            return _choice([wire for wire, _ in pairs], shape.exact)
        case _:
            return str


def _boolean(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


def _whole(text: str) -> Any:
    return int(text) if _WHOLE(text) and len(text) <= _MAX_DIGITS else text


def _number(text: str) -> Any:
    if not _NUMBER(text):
        return text
    if _WHOLE(text) and len(text) <= _MAX_DIGITS:
        return int(text)
    try:
        # float() would round 9007199254740992.5 to the integer before it.
        exact = Decimal(text)
    except InvalidOperation:  # an exponent that no number can have
        return float(text)
    if exact.adjusted() < _MAX_DIGITS and exact == exact.to_integral_value():
        return int(exact)
    return float(text)


def _choice(wires: list[Any], exact: bool) -> Callable[[str], Any]:
    read = _whole if exact and all(type(wire) is int for wire in wires) else _number

    def spell(text: str) -> Any:
        if text in wires:
            return text
        if any(type(wire) is bool for wire in wires) and text in ("true", "false"):
            return text == "true"
        return read(text)

    return spell
