"""Shape -> an example: a wire value that the shape accepts, the same at every start."""

from __future__ import annotations

import decimal
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from marshmallow import validate

from openrest.errors import ModelError, RuleViolated
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.loading import wire_loader
from openrest.models.walking import bare

__all__ = ["example", "native_example", "true_example"]


def example(shape: s.Shape) -> Any:
    """A wire value that fits; a member's own example where its field declares one.

    Raises ModelError when none can be made up.
    """
    try:
        return _example(shape, frozenset())
    except _Endless:
        said = "it contains itself without end: let the member that does so be left out or null."
        raise ModelError(getattr(shape, "origin", "") or "the model", [said]) from None
    except _NoneFits as none:
        raise ModelError(f"field {none.name!r}", [_GIVE_ONE]) from None


def true_example(shape: s.Shape) -> Any:
    """The `example`, or MISSING where the rules of the shape refuse whatever is made up.

    Raises ModelError for a shape that contains itself without end.
    """
    try:
        made_up = _example(shape, frozenset())
        loaded = wire_loader(shape)(made_up)
    except (_NoneFits, RuleViolated):
        return s.MISSING
    except _Endless:
        return example(shape)
    if isinstance(shape, (s.Object, s.OneOf)) and loaded is None:
        raise TypeError("post_load gave None, which is no record: it returns what is stored")
    return made_up


_GIVE_ONE = "no example can be made up that its rules take: give one, metadata={'example': ...}."


class _Endless(Exception):
    """The shape contains itself here: whatever is optional is left out."""


class _NoneFits(Exception):
    """The rules of the member with this name refuse everything that can be made up."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def _example(shape: s.Shape, inside: frozenset[int]) -> Any:
    match shape:
        case s.Object():
            return _object(shape, inside)
        case s.OneOf():
            return _example(shape.variants[0][1], inside)
        case s.Deferred():
            if id(shape) in inside:
                raise _Endless
            return _example(shape.shape, inside | {id(shape)})
        case s.List():
            return _list(shape, inside)
        case s.Tuple(items=items):
            return [_example(item, inside) for item in items]
        case s.Map():
            return _map(shape, inside)
        case s.Nullable():
            try:
                return _example(shape.shape, inside)
            except _Endless:
                return None
        case s.Plucked(shape=inner):
            return _example(inner, inside)
        case s.Ruled(shape=inner) if _is_made_of_others(inner):
            return _example(inner, inside)
        case s.AnyValue():
            return "any value"
        case _:
            return next(filter(_fits(shape), _candidates(shape)), None)


def _is_made_of_others(shape: s.Shape) -> bool:
    return isinstance(shape, (s.Object, s.OneOf, s.Deferred, s.List, s.Tuple, s.Map, s.Plucked))


def _object(shape: s.Object, inside: frozenset[int]) -> dict[str, Any]:
    shown = {}
    for member in shape.members:
        if member.reference is not None and not member.required:
            continue  # what it refers to may not be there, and then the example would be refused
        try:
            shown[member.wire] = _member(member, inside)
        except _Endless:
            if member.required:
                raise
    return shown


def _list(shape: s.List, inside: frozenset[int]) -> list[Any]:
    if shape.max_items == 0:
        return []
    try:
        return [_example(shape.item, inside)] * max(1, shape.min_items)
    except _Endless:
        if shape.min_items:
            raise
        return []


def _map(shape: s.Map, inside: frozenset[int]) -> dict[str, Any]:
    if shape.max_members == 0:
        return {}
    try:
        value = _example(shape.value, inside)
    except _Endless:
        if shape.min_members:
            raise
        return {}
    number = max(1, shape.min_members)
    return dict.fromkeys(_names(shape.key, number), value)


def _names(key: s.Shape | None, number: int) -> list[str]:
    """As many names of members as are wanted."""
    if key is None:
        return ["name", *(f"name {count}" for count in range(2, number + 1))]
    fits = _fits(s.Map(key=key, value=s.Nullable(shape=s.AnyValue())))
    digits = [str(count) for count in range(1, number + 1)]
    made_up = [str(wire) for wire in _candidates(bare(key))]
    made_up += [f"{name}{count}" for name in made_up[:1] for count in digits]
    names = [name for name in dict.fromkeys([*made_up, *digits]) if fits({name: None})][:number]
    if len(names) < number:
        raise ModelError("a Dict", [f"no {number} names can be made up that its keys take."])
    return names


def native_example(shape: s.Shape) -> Any:
    """The native value of the `example`."""
    return wire_loader(shape)(example(shape))


def _member(member: s.Member, inside: frozenset[int]) -> Any:
    if member.example is not s.MISSING:
        return member.example
    if member.reference is not None and member.nullable:
        return None
    if member.default is not s.MISSING and not callable(member.default):
        return dumper(member.shape)(member.default)
    made_up = _example(member.shape, inside)
    if made_up is None and not _fits(member.shape)(None):
        raise _NoneFits(member.name)
    return made_up


def _fits(shape: s.Shape) -> Any:
    load = wire_loader(shape)

    def fits(value: Any) -> bool:
        try:
            load(value)
        except Exception:  # a user's own rule may raise anything on a value it did not expect
            return False
        return True

    return fits


def _candidates(shape: s.Shape) -> list[Any]:
    match shape:
        case s.Boolean():
            return [True, False]
        case s.Integer(minimum=low, maximum=high):
            return [1, 0, low, high, low + 1]
        case s.Timestamp(minimum=low, maximum=high, per_second=scale):
            return [1772357400 * scale, low, high]
        case s.Duration(minimum=low, maximum=high):
            return [90.0, 1.0, low, high, (low + high) / 2]
        case s.Number(minimum=low, maximum=high):
            return [1.5, 0.5, 0.0, low, high, (low / 2 + high / 2)]
        case s.Decimal():
            return [
                dumper(shape)(
                    decimal.Decimal(1).scaleb(0).quantize(decimal.Decimal(1).scaleb(-shape.places))
                ),
                "0",
            ]
        case s.String():
            return _texts(shape)
        case s.DateTime():
            return ["2026-03-01T09:30:00Z"]
        case s.NaiveDateTime():
            return ["2026-03-01T09:30:00"]
        case s.Date():
            return ["2026-03-01"]
        case s.Time():
            return ["09:30:00"]
        case s.Parsed(example=shown):
            return [shown]
        case s.Constant(value=value):
            return [value]
        case s.Uuid():
            return ["5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b"]
        case s.Choice():
            return [wire for wire, _ in shape.pairs]
        case s.Ruled(shape=inner, rules=rules):
            return [*_candidates(inner), *_bounds(inner, rules)]
        case s.Except(shape=inner):
            more = [2, 3, "text", "another text"]
            return [*_candidates(inner), *more]
        case _:
            return []


def _bounds(shape: s.Shape, rules: Iterable[Any]) -> list[Any]:
    """The bounds of a Range that no schema can say: of decimals, dates and times."""
    dump = dumper(shape)
    ranges = [rule for rule in rules if isinstance(rule, validate.Range)]
    found: list[Any] = []
    for bound in (bound for rule in ranges for bound in (rule.min, rule.max)):
        with suppress(Exception):  # whatever the bound is, it may be no value of the shape
            found.append(dump(bound))
    return found


def _texts(shape: s.String) -> list[str]:
    text = "string"
    if len(text) < shape.min_length:
        text = (text + " ") * shape.min_length
        text = text[: shape.min_length]
    elif shape.max_length is not None:
        text = text[: shape.max_length]
    samples = [pattern.sample() for pattern in shape.patterns]
    return [
        text,
        *samples,
        *(sample.ljust(shape.min_length, sample[-1:] or "a") for sample in samples),
    ]
