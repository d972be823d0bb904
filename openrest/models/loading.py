"""Shape -> a function that checks a wire value and gives the native one.

Check and conversion are one pass, compiled once into closures. A loader never stops at the first
mistake: it appends each one, with its JSON pointer (RFC 6901), to the list it is handed, and
raises Enough when there are too many. What it returns after a mistake is meaningless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from marshmallow import ValidationError

from openrest import messages as msg
from openrest.errors import InvalidData, Mistake, RuleViolated
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.objects import map_loader, object_loader, one_of_loader
from openrest.models.places import rule_mistakes
from openrest.models.scalars import Enough, Load, Rule, mistake, same, scalar_loader
from openrest.models.times import time_loader

__all__ = ["Enough", "Load", "loader", "same", "wire_loader"]


def loader(shape: s.Shape) -> Load:
    """The compiled loader of a shape."""
    match shape:
        case s.Except():
            return _except(shape)
        case s.List():
            return _list(shape)
        case s.Tuple():
            return _tuple(shape)
        case s.Map():
            return map_loader(shape, loader)
        case s.Nullable():
            return _nullable(shape)
        case s.Ruled():
            return _ruled(shape)
        case s.AnyValue():
            return _any(shape)
        case s.Plucked():
            return _plucked(shape)
        case s.Object():
            return object_loader(shape, loader)
        case s.OneOf():
            return one_of_loader(shape, loader)
        case s.Deferred():
            return lambda value, at, mistakes: shape.once(loader)(value, at, mistakes)
        case _:
            return time_loader(shape) or scalar_loader(shape)


def wire_loader(shape: s.Shape) -> Callable[[Any], Any]:
    """`loader` as a function of the value alone, for one value that stands by itself.

    Of an object it gives a record keyed by field name, with its defaults filled in; the hooks of
    its schema run last, on what fits. It raises InvalidData with every mistake, or RuleViolated
    where all that is wrong is something that no schema can say.
    """
    load = loader(shape)

    def load_or_raise(value: Any) -> Any:
        mistakes: list[Mistake] = []
        try:
            native = load(value, "#", mistakes)
        except Enough:
            native = None
        if mistakes:
            broken = [found for found in mistakes if not isinstance(found, Rule)]
            raise InvalidData(broken) if broken else RuleViolated(mistakes)
        return native

    return load_or_raise


def _except(shape: s.Except) -> Load:
    load = loader(shape.shape)
    said = say(msg.EXCEPT, refused=", ".join(map(str, shape.values)))

    def load_except(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if any(same(value, refused) for refused in shape.values):
            mistake(mistakes, at, said)
            return None
        return load(value, at, mistakes)

    return load_except


def _list(shape: s.List) -> Load:
    load_item = loader(shape.item)
    low, high = shape.min_items, shape.max_items
    too_few = say(msg.NOT_EMPTY) if low == 1 else say(msg.MIN_ITEMS, minimum=low)

    def load_list(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not list:
            mistake(mistakes, at, say(msg.ARRAY))
            return None
        if len(value) < low:
            mistake(mistakes, at, too_few)
        elif high is not None and len(value) > high:
            mistake(mistakes, at, say(msg.MAX_ITEMS, maximum=high))
        return [load_item(item, f"{at}/{index}", mistakes) for index, item in enumerate(value)]

    return load_list


def _nullable(shape: s.Nullable) -> Load:
    load = loader(shape.shape)

    def load_nullable(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        return None if value is None else load(value, at, mistakes)

    return load_nullable


def _ruled(shape: s.Ruled) -> Load:
    load = loader(shape.shape)
    rules, words = shape.rules, shape.words

    def load_ruled(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        before = len(mistakes)
        native = load(value, at, mistakes)
        if len(mistakes) == before:
            for rule in rules:
                # marshmallow 4 ignores what a validator gives; whoever returns False meant it.
                if _refusing(rule, native, at, mistakes) is False:
                    mistakes.append(Rule(say(msg.REFUSED_BY_RULE), pointer=at))
        if words and len(mistakes) > before:
            _reword(mistakes, before, value, at, words)
        return native

    return load_ruled


def _reword(
    mistakes: list[Mistake],
    first: int,
    value: Any,
    at: str,
    words: Mapping[str, Callable[[Any], str]],
) -> None:
    """Say those of the mistakes from the first on that are of this very place in other words."""
    for index in range(first, len(mistakes)):
        found = mistakes[index]
        if found.pointer == at:
            template = getattr(found.detail, "template", "")
            word = words.get(s.NULL if value is None and s.NULL in words else template)
            if word is not None:
                mistakes[index] = replace(found, detail=word(value))


def _any(shape: s.AnyValue) -> Load:
    convert = shape.load

    def load_any(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if value is None:
            mistake(mistakes, at, say(msg.NOT_NULL))
            return None
        return value if convert is None else _refusing(convert, value, at, mistakes)

    return load_any


def _refusing(rule: Callable[[Any], Any], value: Any, at: str, mistakes: list[Mistake]) -> Any:
    try:
        return rule(value)
    except ValidationError as error:
        refused = rule_mistakes(error.messages, at)
        mistakes.extend(refused or [Rule(say(msg.REFUSED_BY_RULE), pointer=at)])
    return None


def _tuple(shape: s.Tuple) -> Load:
    loads = [loader(item) for item in shape.items]

    def load_tuple(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not list:
            mistake(mistakes, at, say(msg.ARRAY))
            return None
        if len(value) != len(loads):
            mistake(mistakes, at, say(msg.ITEMS, number=len(loads)))
            return None
        items = enumerate(zip(loads, value, strict=True))
        return tuple(load(item, f"{at}/{index}", mistakes) for index, (load, item) in items)

    return load_tuple


def _plucked(shape: s.Plucked) -> Load:
    load, name = loader(shape.shape), shape.member

    def load_plucked(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        return {name: load(value, at, mistakes)}

    return load_plucked
