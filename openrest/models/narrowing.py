"""marshmallow's validators -> narrower shapes; what no schema can say stays a rule."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from marshmallow import ValidationError, validate

from openrest import messages as msg
from openrest.models import shapes as s
from openrest.models.addresses import EMAIL, EMAIL_LENGTH, EMAIL_LOCAL, url
from openrest.models.backtracking import takes_forever
from openrest.models.dumping import dumper
from openrest.models.examples import native_example
from openrest.models.loading import same, wire_loader
from openrest.models.mistakes import check_validator
from openrest.models.patterns import Pattern, UnportablePattern
from openrest.models.wording import Words, author_words, words_of

__all__ = ["narrow"]

Rule = Callable[[Any], Any]

#: The shapes of which each value has one spelling, so that a schema can list some of them.
_PLAIN = (s.String, s.Integer, s.Number, s.Boolean, s.Date)


def narrow(shape: s.Shape, validators: Iterable[Rule]) -> s.Shape:
    """The shape that also meets the validators; those that no schema can say become its rules.

    Raises ValueError, with a sentence, for a validator that cannot mean what it says.
    """
    rules: list[Rule] = []
    words: dict[str, Words] = {}
    for validator in _flat(validators):
        check_validator(validator)
        try:
            narrower = _narrow(shape, validator)
            own_words = {} if narrower is None else words_of(validator)
        except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
            # Its bounds or choices are of another type than the values.
            raise ValueError(f"{validator!r} cannot check {_name(shape)}: {error}") from error
        if narrower is None:
            rules.append(validator)
        else:
            shape = narrower
            words |= own_words
    if not rules and not words:
        return shape
    return s.Ruled(shape=shape, rules=tuple(rules), words=words)


def _flat(validators: Iterable[Rule]) -> Iterator[Rule]:
    for validator in validators:
        if isinstance(validator, validate.And) and type(validator) is validate.And:
            yield from _flat(validator.validators)
        else:
            yield validator


def _narrow(shape: s.Shape, validator: Any) -> s.Shape | None:
    """The narrower shape; None where the validator stays a rule."""
    # The exact classes: a subclass may have changed what the validator means.
    kind = type(validator)
    if isinstance(shape, s.AnyValue) and shape.load is not None:
        return None  # of what its author's conversion gives
    if isinstance(shape, s.Choice) and kind.__module__ == validate.__name__:
        return _fewer(shape, validator)
    if kind is validate.Length:
        return _length(shape, validator)
    if kind is validate.Range:
        return _range(shape, validator)
    if kind is validate.Regexp:
        return _regexp(shape, validator)
    if kind is validate.OneOf:
        return _one_of(shape, list(validator.choices))
    if kind is validate.Equal:
        return _one_of(shape, [validator.comparable])
    if kind is validate.NoneOf and _is_plain(shape):
        return _none_of(shape, list(validator.iterable))
    if kind is validate.Email or kind is validate.URL:
        return _address(shape, validator)
    if kind is validate.ContainsOnly:
        return _contains(shape, validator, list(validator.choices), none=False)
    if kind is validate.ContainsNoneOf:
        return _contains(shape, validator, list(validator.iterable), none=True)
    return None


def _address(shape: s.Shape, validator: Any) -> s.Shape | None:
    if isinstance(shape, s.Except):
        narrower = _address(shape.shape, validator)
        return None if narrower is None else replace(shape, shape=narrower)
    if not isinstance(shape, s.String):
        raise ValueError(f"{type(validator).__name__} says nothing of {_name(shape)}")
    error = _own_error(validator)
    if isinstance(validator, validate.Email):
        error = error or msg.MAIL
        most = _least(shape.max_length, EMAIL_LENGTH)
        pattern, kind = EMAIL, "email"
        local = replace(EMAIL_LOCAL, error=error)
        shape = replace(shape, max_length=most, patterns=(*shape.patterns, local))
    else:
        of_a_path = msg.URL_OR_PATH if validator.absolute else msg.PATH
        error = error or (of_a_path if validator.relative else msg.URL)
        pattern = url(
            validator.schemes,
            relative=validator.relative,
            absolute=validator.absolute,
            dotless=not validator.require_tld,
        )
        kind = "uri-reference" if validator.relative else "uri"
    patterns = (*shape.patterns, replace(pattern, error=error))
    return replace(shape, patterns=patterns, format=shape.format or kind)


def _contains(shape: s.Shape, validator: Any, values: list[Any], *, none: bool) -> s.Shape | None:
    if not isinstance(shape, s.List) or not _is_plain(shape.item):
        return None
    item = _none_of(shape.item, values) if none else _one_of(shape.item, values)
    words = words_of(validator)
    if words and item is not None:
        item = s.Ruled(shape=item, words=words)
    return None if item is None else replace(shape, item=item)


def _none_of(shape: s.Shape, refused: list[Any]) -> s.Shape:
    """The shape less those of the values that it has; a second NoneOf adds to the first."""
    inner, values = (shape.shape, shape.values) if isinstance(shape, s.Except) else (shape, ())
    return s.Except(shape=inner, values=(*values, *_values_of(inner, refused)))


def _values_of(shape: s.Shape, values: Iterable[Any]) -> Iterator[Any]:
    """Those of the values that the shape has, as wire values."""
    load, dump = wire_loader(shape), dumper(shape)
    for value in values:
        if isinstance(value, bool) and isinstance(shape, (s.Integer, s.Number)):
            value = int(value)  # to which it is equal in Python, where marshmallow compares
        elif isinstance(value, (int, float)) and isinstance(shape, s.Boolean) and value in (0, 1):
            value = bool(value)
        try:
            # A date is given as a date, and all else as the same in JSON and in Python.
            wire = dump(load(dump(value)))
        except Exception:  # whatever the value is, it is none that the shape has  # nosec B112  # that is what is asked
            continue
        if isinstance(shape, s.Number) and abs(wire) >= 2**53:
            raise ValueError(f"{value!r}: from 2**53 on, a double stands for more than one integer")
        yield wire


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
        case s.Map():
            low, high = max(low, shape.min_members), _least(high, shape.max_members)
            narrower = replace(shape, min_members=low, max_members=high)
        case s.Tuple(items=items):
            if not low <= len(items) <= (len(items) if high is None else high):
                raise ValueError(f"Length refuses the {len(items)} items that there always are")
            narrower = shape
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
            if any(abs(b or 0) >= 2**53 for b, o in ((low, open_low), (high, open_high)) if o):
                raise ValueError(
                    "an exclusive bound from 2**53 on: a double there stands for more than one "
                    "integer, so the bound could not be kept"
                )
            if shape.minimum > shape.maximum:
                raise ValueError(f"no number is between {shape.minimum} and {shape.maximum}")
            return shape
        case s.Timestamp() | s.Duration():
            return _span_range(shape, validator)
        case s.Decimal():
            for bound in (low, high):
                if isinstance(bound, float) and decimal.Decimal(bound) != decimal.Decimal(
                    str(bound)
                ):
                    raise ValueError(
                        f"Range: the float {bound} is not quite {bound}: give "
                        f"decimal.Decimal('{bound}')"
                    )
            _check_bounds(shape, validator)
            return None
        case (
            s.Date() | s.DateTime() | s.NaiveDateTime() | s.Time() | s.Parsed()
        ):  # fmt: skip
            _check_bounds(shape, validator)
            return None  # text has no order in JSON Schema
        case _:
            raise ValueError(f"Range says nothing of {_name(shape)}")


def _check_bounds(shape: s.Shape, validator: validate.Range) -> None:
    """Raise TypeError where no value can be compared with the bounds, which stay a rule."""
    with suppress(ValidationError):
        validator(native_example(shape))


def _span_range(shape: s.Timestamp | s.Duration, validator: validate.Range) -> s.Shape | None:
    """Bounds that are times and spans, as the numbers that stand for them."""
    if not (validator.min_inclusive and validator.max_inclusive):
        return None
    dump = dumper(shape)
    try:
        low = shape.minimum if validator.min is None else max(shape.minimum, dump(validator.min))
        high = shape.maximum if validator.max is None else min(shape.maximum, dump(validator.max))
    except TypeError as error:
        raise ValueError("the bounds of its Range are of another type than its values") from error
    if low > high:
        raise ValueError(f"nothing is at least {validator.min} and at most {validator.max}")
    return replace(shape, minimum=low, maximum=high)


def _regexp(shape: s.Shape, validator: validate.Regexp) -> s.Shape:
    if isinstance(shape, s.Except):
        return replace(shape, shape=_regexp(shape.shape, validator))
    if not isinstance(shape, s.String):
        raise ValueError(f"Regexp says nothing of {_name(shape)}")
    regex, flags = validator.regex.pattern, validator.regex.flags
    error = _own_error(validator)
    try:
        pattern = Pattern.from_python(str(regex), flags, error)
    except UnportablePattern as reason:
        raise ValueError(f"the pattern {regex!r} cannot be documented: {reason}") from reason
    if takes_forever(str(regex), flags):
        raise ValueError(
            f"the pattern {regex!r} takes forever with some texts: what it repeats can be the same "
            "text in two ways, as in '(a+)+'. Say each in one way, such as '[a-z]+(?:-[a-z]+)*' "
            "instead of '(?:[a-z]+-?)+'"
        )
    return replace(shape, patterns=(*shape.patterns, pattern))


def _own_error(validator: Any) -> str:
    """What its author says of a text that does not match; "" where that is marshmallow's own.

    Raises ValueError for a placeholder that is not filled in.
    """
    if validator.error == validator.default_message:
        return ""
    author_words(str(validator.error), {"regex": "", "sample": ""})
    return str(validator.error)


def _name(shape: s.Shape) -> str:
    name = type(shape).__name__.lower()
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
