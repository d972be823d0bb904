"""The shapes within a shape: one place that knows where they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from openrest.models import shapes as s

__all__ = [
    "bare",
    "each",
    "may_refuse",
    "rebuilt",
    "renewed",
    "stored_object",
    "without_names",
    "without_rules",
]

Change = Callable[[s.Shape], s.Shape]


def rebuilt(shape: s.Shape, change: Change) -> s.Shape:
    """The shape with each one directly in it changed; a scalar stays as it is."""
    match shape:
        case s.Nullable() | s.Except() | s.Ruled() | s.Plucked():
            return replace(shape, shape=change(shape.shape))
        case s.List():
            return replace(shape, item=change(shape.item))
        case s.Tuple():
            return replace(shape, items=tuple(map(change, shape.items)))
        case s.Map():
            return replace(shape, key=shape.key and change(shape.key), value=change(shape.value))
        case s.Object():
            return replace(
                shape,
                members=_changed(shape.members, change),
                owned=_changed(shape.owned, change),
            )
        case s.OneOf():
            variants: Any = tuple((value, change(variant)) for value, variant in shape.variants)
            return replace(shape, variants=variants, members=_changed(shape.members, change))
        case s.Deferred():
            return shape.through(change)
        case _:
            return shape


def _changed(members: tuple[s.Member, ...], change: Change) -> tuple[s.Member, ...]:
    return tuple(replace(member, shape=change(member.shape)) for member in members)


def renewed(shape: Any) -> Any:
    """The same shape with deferred ones of its own.

    Those keep what is made of them: of this shape no longer than it is there itself.
    """
    known: dict[s.Deferred, s.Deferred] = {}

    def new(shape: s.Shape) -> s.Shape:
        if not isinstance(shape, s.Deferred):
            return rebuilt(shape, new)
        if shape not in known:
            known[shape] = s.Deferred(lambda: new(shape.shape))
        return known[shape]

    return new(shape)


def parts(shape: s.Shape) -> tuple[s.Shape, ...]:
    """The shapes directly in a shape; what a deferred one stands for is in it."""
    match shape:
        case s.Nullable() | s.Except() | s.Ruled() | s.Plucked() | s.Deferred():
            return (shape.shape,)
        case s.List():
            return (shape.item,)
        case s.Tuple():
            return shape.items
        case s.Map():
            return (shape.value,) if shape.key is None else (shape.key, shape.value)
        case s.Object():
            return tuple(member.shape for member in shape.members)
        case s.OneOf():
            return tuple(variant for _, variant in shape.variants)
        case _:
            return ()


def each(shape: s.Shape) -> Iterator[s.Shape]:
    """The shape and all that are in it, at any depth, inner ones first; each object once."""
    return _each(shape, set())


def _each(shape: s.Shape, seen: set[int]) -> Iterator[s.Shape]:
    if isinstance(shape, s.Deferred):
        if id(shape) in seen:
            return
        seen.add(id(shape))
    for part in parts(shape):
        yield from _each(part, seen)
    yield shape


def without_rules(shape: s.Shape) -> s.Shape:
    """The shape with the same schema that refuses nothing which fits it."""
    match shape:
        case s.Ruled(shape=inner, words=words):
            plain = without_rules(inner)
            return replace(shape, shape=plain, rules=()) if words else plain
        case s.AnyValue() | s.Parsed():
            return shape
        case s.Object(refine=refine) if refine is not None:
            return rebuilt(replace(shape, refine=None), without_rules)
        case _:
            return rebuilt(shape, without_rules)


def without_names(shape: s.Shape) -> s.Shape:
    """The shape whose objects may have any members or none; those that they have must fit."""
    if isinstance(shape, s.Object):
        members = tuple(replace(member, required=False) for member in shape.members)
        shape = replace(shape, members=members, extra="ignore")
    return rebuilt(shape, without_names)


def may_refuse(shape: s.Shape) -> bool:
    """Whether loading may refuse a value that fits the schema of the shape."""
    return any(map(_refuses, each(shape)))


def _refuses(shape: s.Shape) -> bool:
    match shape:
        case s.Ruled(rules=rules):
            return bool(rules)
        case s.AnyValue(load=load):
            return load is not None
        case s.Parsed(total=total):
            return not total
        case s.Object(refine=refine):
            return refine is not None
        case s.Map(key=key):
            # Two names can be one key: a UUID in capitals, an instant in two zones.
            once = (s.String, s.Choice, s.Integer, s.Date)
            return key is not None and not isinstance(bare(key), once)
        case _:
            return False


def bare(shape: s.Shape) -> s.Shape:
    """What is within null, rules and exceptions: the kind of value that it is."""
    while isinstance(shape, (s.Nullable, s.Ruled, s.Except, s.Deferred)):
        shape = shape.shape
    return shape


def _with_keys(shape: s.Shape) -> s.Shape:
    """The shape with the key itself where clients see a link to its object."""
    match shape:
        case s.Link(shape=key):
            return key
        case s.Nullable() | s.Ruled() | s.Except():
            return rebuilt(shape, _with_keys)
        case _:
            return shape


def stored_object(shape: s.Object | s.OneOf) -> s.Object:
    """The object that a store keeps of a model: all that is only computed is left out of it.

    What answers make of a member says nothing of when a record has it. Of a reference it keeps the
    key, whatever clients see of it.
    """
    members = tuple(
        replace(member, shape=_with_keys(member.shape), compute=None)
        for member in shape.members
        if member.stored
    )
    if isinstance(shape, s.OneOf):
        return s.Object(members=members, description=shape.description)
    return shape if members == shape.members else replace(shape, members=members)
