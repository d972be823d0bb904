"""marshmallow's validators -> narrower shapes; what no schema can say stays a rule."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from marshmallow import ValidationError, validate

from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.loading import same, wire_loader
from openrest.models.patterns import Pattern, UnportablePattern

__all__ = ["narrow"]

Rule = Callable[[Any], Any]

#: The shapes whose wire value is the native one, so that a validator's values are wire values.
_PLAIN = (s.String, s.Integer, s.Number, s.Boolean)


def narrow(shape: s.Shape, validators: Iterable[Rule]) -> s.Shape:
    """The shape that also meets the validators; those that no schema can say become its rules.

    Raises ValueError, with a sentence, for a validator that cannot mean what it says.
    """
    rules: list[Rule] = []
    for validator in _flat(validators):
        narrower = _narrow(shape, validator)
        if narrower is None:
            rules.append(validator)
        else:
            shape = narrower
    return s.Ruled(shape=shape, rules=tuple(rules)) if rules else shape


def _flat(validators: Iterable[Rule]) -> Iterator[Rule]:
    for validator in validators:
        if isinstance(validator, validate.And) and type(validator) is validate.And:
            yield from _flat(validator.validators)
        else:
            yield validator


def _narrow(shape: s.Shape, validator: Rule) -> s.Shape | None:
    """The narrower shape; None where the validator stays a rule."""
    # The exact classes: a subclass may have changed what the validator means.
    kind = type(validator)
    if isinstance(shape, s.Choice) and kind.__module__ == validate.__name__:
        return _fewer(shape, validator)
    if isinstance(validator, validate.Length) and kind is validate.Length:
        return _length(shape, validator)
    if isinstance(validator, validate.Range) and kind is validate.Range:
        return _range(shape, validator)
    if isinstance(validator, validate.Regexp) and kind is validate.Regexp:
        return _regexp(shape, validator)
    if isinstance(validator, validate.OneOf) and kind is validate.OneOf:
        return _one_of(shape, list(validator.choices))
    if isinstance(validator, validate.Equal) and kind is validate.Equal:
        return _one_of(shape, [validator.comparable])
    if isinstance(validator, validate.NoneOf) and kind is validate.NoneOf and _is_plain(shape):
        return _none_of(shape, list(validator.iterable))
    if isinstance(validator, validate.ContainsOnly) and isinstance(shape, s.List):
        item = _one_of(shape.item, list(validator.choices))
        return None if item is None else replace(shape, item=item)
    return None


def _none_of(shape: s.Shape, refused: list[Any]) -> s.Shape:
    """The shape less those of the values that it has; a second NoneOf adds to the first."""
    inner, values = (shape.shape, shape.values) if isinstance(shape, s.Except) else (shape, ())
    return s.Except(shape=inner, values=(*values, *_values_of(inner, refused)))


def _values_of(shape: s.Shape, values: Iterable[Any]) -> Iterator[Any]:
    """Those of the values that the shape has, as wire values."""
    load, dump = wire_loader(shape), dumper(shape)
    for value in values:
        try:
            yield dump(load(value))
        except Exception:  # whatever the value is, it is none that the shape has
            continue


def _is_plain(shape: s.Shape) -> bool:
    return _is_plain(shape.shape) if isinstance(shape, s.Except) else isinstance(shape, _PLAIN)


def _fewer(shape: s.Choice, validator: Rule) -> s.Shape:
    def passes(native: Any) -> bool:
        try:
            validator(native)
        except ValidationError:
            return False
        return True

    pairs = tuple(pair for pair in shape.pairs if passes(pair[1]))
    if not pairs:
        raise ValueError(f"{validator!r} leaves no value")
    return s.Choice(pairs=pairs)


def _one_of(shape: s.Shape, choices: list[Any]) -> s.Shape | None:
    if not _is_plain(shape):
        return None
    load = wire_loader(shape)
    pairs: list[tuple[Any, Any]] = []
    for wire in _values_of(shape, choices):
        if not any(same(wire, known) for known, _ in pairs):
            pairs.append((wire, load(wire)))
    if not pairs:
        raise ValueError(f"none of the choices {choices!r} is a value of the field")
    return s.Choice(pairs=tuple(pairs))


def _length(shape: s.Shape, validator: validate.Length) -> s.Shape:
    low, high = validator.min or 0, validator.max
    if validator.equal is not None:
        low = high = validator.equal
    match shape:
        case s.Except(shape=inner):
            return replace(shape, shape=_length(inner, validator))
        case s.String():
            low, high = max(low, shape.min_length), _least(high, shape.max_length)
            narrower: s.Shape = replace(shape, min_length=low, max_length=high)
        case s.List():
            low, high = max(low, shape.min_items), _least(high, shape.max_items)
            narrower = replace(shape, min_items=low, max_items=high)
        case _:
            raise ValueError(f"Length says nothing of {_name(shape)}")
    if high is not None and low > high:
        raise ValueError(f"no length is at least {low} and at most {high}")
    return narrower


def _least(*bounds: int | None) -> int | None:
    return min((bound for bound in bounds if bound is not None), default=None)


def _range(shape: s.Shape, validator: validate.Range) -> s.Shape | None:
    low, high = validator.min, validator.max
    if any(isinstance(bound, float) and not math.isfinite(bound) for bound in (low, high)):
        raise ValueError("the bounds of a Range are finite: leave out the one that is not")
    match shape:
        case s.Except(shape=inner):
            narrower = _range(inner, validator)
            return None if narrower is None else replace(shape, shape=narrower)
        case s.Integer():
            if low is not None:
                bound = math.ceil(low) + (not validator.min_inclusive and math.ceil(low) == low)
                shape = replace(shape, minimum=max(shape.minimum, bound))
            if high is not None:
                bound = math.floor(high) - (
                    not validator.max_inclusive and math.floor(high) == high
                )
                shape = replace(shape, maximum=min(shape.maximum, bound))
            if shape.minimum > shape.maximum:
                raise ValueError(
                    f"no integer is at least {shape.minimum} and at most {shape.maximum}"
                )
            return shape
        case s.Number():
            open_low, open_high = not validator.min_inclusive, not validator.max_inclusive
            if low is not None and (low > shape.minimum or (open_low and low == shape.minimum)):
                shape = replace(shape, minimum=float(low), exclusive_minimum=open_low)
            if high is not None and (high < shape.maximum or (open_high and high == shape.maximum)):
                shape = replace(shape, maximum=float(high), exclusive_maximum=open_high)
            if shape.minimum > shape.maximum:
                raise ValueError(f"no number is between {shape.minimum} and {shape.maximum}")
            return shape
        case s.Decimal() | s.Date() | s.DateTime() | s.Timestamp():
            return None  # text has no order in JSON Schema
        case _:
            raise ValueError(f"Range says nothing of {_name(shape)}")


def _regexp(shape: s.Shape, validator: validate.Regexp) -> s.Shape:
    if isinstance(shape, s.Except):
        return replace(shape, shape=_regexp(shape.shape, validator))
    if not isinstance(shape, s.String):
        raise ValueError(f"Regexp says nothing of {_name(shape)}")
    regex, flags = validator.regex.pattern, validator.regex.flags
    error = "" if validator.error == validator.default_message else validator.error
    try:
        pattern = Pattern.from_python(str(regex), flags, error)
    except UnportablePattern as reason:
        raise ValueError(f"the pattern {regex!r} cannot be documented: {reason}") from reason
    return replace(shape, patterns=(*shape.patterns, pattern))


def _name(shape: s.Shape) -> str:
    name = type(shape).__name__.lower()
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
