"""Shape -> the reader of query, path and header text.

In a query every value is text; this is how each shape spells its values there. A number is
spelled as in JSON, so ``5.0`` is an integer here as it is in a body; a boolean is ``true`` or
``false``; a list repeats its parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from openrest import messages as msg
from openrest.errors import Mistake
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.loading import Enough, loader

__all__ = ["has_text_form", "text_reader"]

#: (the texts given for one parameter, list that takes the mistakes) -> native value
Read = Callable[[Sequence[str], list[Mistake]], Any]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII).fullmatch

#: More digits than any double or bounded integer needs; int() is quadratic in them.
_MAX_DIGITS = 40


def has_text_form(shape: s.Shape) -> bool:
    """Whether values of the shape can be written in a query string."""
    match shape:
        case s.Object() | s.AnyValue():
            return False
        case s.Nullable(shape=inner) | s.Except(shape=inner) | s.Ruled(shape=inner):
            return has_text_form(inner)
        case s.List(max_items=0):
            return False  # no parameter at all would ask for it
        case s.List(item=item):
            plain = s.without_rules(item)
            return has_text_form(item) and not isinstance(plain, (s.List, s.Nullable))
        case _:
            return True


def text_reader(shape: s.Shape) -> Read:
    """The compiled reader of a shape's text form.

    Its mistakes carry an empty pointer, to which the caller gives the parameter's name.
    """
    spell = _speller(shape)
    load = loader(shape)

    def read_one(texts: Sequence[str], mistakes: list[Mistake]) -> Any:
        if len(texts) > 1:
            mistakes.append(Mistake(say(msg.GIVEN_TWICE), pointer=""))
            return None
        return load(spell(texts[0]), "", mistakes)

    def read_many(texts: Sequence[str], mistakes: list[Mistake]) -> Any:
        try:
            return load([spell(text) for text in texts], "", mistakes)
        except Enough:
            return None

    return read_many if isinstance(shape, s.List) else read_one


def _speller(shape: s.Shape) -> Callable[[str], Any]:
    """Text -> wire value; a text that spells none is handed on, for the loader to refuse."""
    match shape:
        case s.Nullable(shape=inner) | s.Except(shape=inner) | s.Ruled(shape=inner):
            return _speller(inner)
        case s.List(item=inner):
            return _speller(inner)
        case s.Boolean():
            return _boolean
        case s.Integer() | s.Number() | s.Timestamp():
            return _number
        case s.Choice(pairs=pairs):
            return _choice([wire for wire, _ in pairs])
        case _:
            return str


def _boolean(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


def _number(text: str) -> Any:
    if not _NUMBER(text):
        return text
    if text.lstrip("-").isdigit() and len(text) <= _MAX_DIGITS:
        return int(text)
    # float() would round 9007199254740992.5 to the integer before it.
    exact = Decimal(text)
    if exact.adjusted() < _MAX_DIGITS and exact == exact.to_integral_value():
        return int(exact)
    return float(text)


def _choice(wires: list[Any]) -> Callable[[str], Any]:
    def spell(text: str) -> Any:
        if text in wires:
            return text
        if any(type(wire) is bool for wire in wires) and text in ("true", "false"):
            return text == "true"
        return _number(text)

    return spell
