"""The objects that one model becomes: what is read, created, replaced and patched.

Each is an `Object` of its own (or a `OneOf`), so that each is checked and documented as what it
is. What is nested in it becomes the same: what is read of it, what is sent, or a patch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from openrest.models import shapes as s
from openrest.models.walking import each, rebuilt, without_rules

__all__ = [
    "create_shape",
    "patch_shape",
    "read_shape",
    "replace_shape",
    "sent_name",
    "stored_shape",
]

#: Name of a nested object -> its name in the document.
Rename = Callable[[str], str]
Change = Callable[[Any], Any]


def _as_it_is(name: str) -> str:
    return name


def read_shape(model: Any, component: str, rename: Rename = _as_it_is) -> Any:
    """What answers show: every member but the write-only ones."""

    def shown(shape: s.Shape) -> s.Shape:
        match shape:
            case s.Object():
                members = tuple(map(member, (m for m in shape.members if not m.write_only)))
                extra: s.Extra = "keep" if shape.extra == "keep" else "refuse"
                name = _renamed(shape, rename)
                return replace(shape, members=members, component=name, refine=None, extra=extra)
            case s.OneOf():
                return _one_of(shape, _renamed(shape, rename), shown)
            case _:
                return rebuilt(shape, shown)

    def member(member: s.Member) -> s.Member:
        shape = member.compute.shape if member.compute else shown(member.shape)
        return replace(member, shape=shape, required=member.always, default=s.MISSING)

    return _called(component, shown(model))


def create_shape(model: Any, component: str, rename: Rename = _as_it_is) -> Any:
    """What a create sends: every member that a client may set, and the server's own defaults."""
    return _called(component, _sender(rename)(model))


def replace_shape(model: Any, key: str, component: str, rename: Rename = _as_it_is) -> Any:
    """What a full replacement sends: as a create, less the key, which cannot be changed."""
    return _called(component, _sender(rename)(_fixed(model, key)))


def patch_shape(model: Any, key: str, component: str, rename: Rename = _as_it_is) -> Any:
    """What a merge patch (RFC 7396) sends: any members; null removes one that may be absent.

    Objects in it are patches, too; arrays are replaced whole. Rules run on the merged object.
    """
    sent = _sender(rename)

    def patch(shape: s.Shape) -> s.Shape:
        match shape:
            case s.Object():
                name = f"{_renamed(shape, rename)}Patch" if shape.component else None
                members = tuple(map(member, (m for m in shape.members if not m.read_only)))
                return replace(
                    shape, members=members, owned=_owned(shape), component=name, refine=None
                )
            case s.OneOf():
                return replace(
                    _one_of(shape, f"{_renamed(shape, rename)}Patch", patch), partial=True
                )
            case s.Map():
                value = patch(_or_null(shape.value))
                # How many members there are at last, only the merged object tells. Where they are
                # bounded anyway, one patch can take out all and put as many in their place.
                free = replace(shape, value=value, min_members=0, max_members=None)
                return replace(free, max_members=free.most and 2 * (shape.most or 0))
            case s.Ruled(shape=inner, words=words):
                patched = patch(inner)
                return replace(shape, shape=patched, rules=()) if words else patched
            case s.Nullable() | s.Except() | s.Deferred():
                return rebuilt(shape, patch)
            case _:
                return without_rules(sent(shape))

    def member(member: s.Member) -> s.Member:
        shape = member.shape if member.required else _or_null(member.shape)
        return replace(member, shape=patch(shape), required=False, default=s.MISSING)

    return _called(component, patch(_fixed(model, key)))


def stored_shape(shape: Any) -> Any:
    """The shape of what a store keeps: with what nobody is shown, without rules and defaults."""
    match shape:
        case s.Object():
            members = tuple(
                replace(
                    member,
                    shape=stored_shape(member.shape),
                    read_only=False,
                    write_only=False,
                    compute=None,
                    default=s.MISSING,
                )
                for member in shape.members
                if member.stored
            )
            return replace(shape, members=members, owned=(), refine=None)
        case s.OneOf():
            return rebuilt(replace(shape, members=()), stored_shape)
        case s.Ruled():
            return stored_shape(shape.shape)
        case _:
            return rebuilt(shape, stored_shape)


def sent_name(model: s.Object | s.OneOf, name: str) -> str:
    """The name of what is sent of a nested object: its own where that is what is read, too."""
    return name if _is_read_as_sent(model) else f"{name}Create"


def _sender(rename: Rename) -> Change:
    def sent(shape: s.Shape) -> s.Shape:
        match shape:
            case s.Object():
                members = tuple(
                    replace(m, shape=sent(m.shape)) for m in shape.members if not m.read_only
                )
                owned = tuple(
                    replace(m, shape=sent(m.shape), required=False)
                    for m in (*shape.members, *shape.owned)
                    if m.read_only
                )
                return replace(shape, members=members, owned=owned, component=name(shape))
            case s.OneOf():
                return _one_of(shape, name(shape), sent)
            case _:
                return rebuilt(shape, sent)

    def name(shape: s.Object | s.OneOf) -> str | None:
        renamed = _renamed(shape, rename)
        return None if renamed is None else sent_name(shape, renamed)

    return sent


def _is_read_as_sent(model: s.Shape) -> bool:
    return all(
        member.required == member.always and not member.read_only and not member.write_only
        for part in each(model)
        if isinstance(part, s.Object)
        for member in part.members
    ) and not any(isinstance(part, s.Object) and part.extra == "ignore" for part in each(model))


def _fixed(model: Any, key: str) -> Any:
    """The model with its key, and all that only the server sets, as a client cannot change it."""
    if isinstance(model, s.OneOf):
        variants = tuple((value, _fixed(variant, key)) for value, variant in model.variants)
        return replace(model, variants=variants)
    members = tuple(
        replace(m, read_only=True, required=False, default=s.MISSING)
        if m.read_only or m.name == key
        else m
        for m in model.members
    )
    return replace(model, members=members)


def _owned(shape: s.Object) -> tuple[s.Member, ...]:
    return tuple(replace(m, required=False) for m in shape.members if m.read_only)


def _or_null(shape: s.Shape) -> s.Shape:
    bare = shape
    while isinstance(bare, s.Ruled):
        bare = bare.shape
    return shape if isinstance(bare, s.Nullable) else s.Nullable(shape=shape)


def _renamed(shape: s.Object | s.OneOf, rename: Rename) -> str | None:
    return None if shape.component is None else rename(shape.component)


def _one_of(shape: s.OneOf, name: str | None, change: Change) -> s.OneOf:
    variants = tuple((value, change(variant)) for value, variant in shape.variants)
    return _called(name, replace(shape, variants=variants))  # type: ignore[no-any-return]


def _called(name: str | None, shape: Any) -> Any:
    """The shape under a name; the variants of a OneOf have its name and what tells them apart."""
    if isinstance(shape, s.OneOf):
        suffixes = _suffixes([value for value, _ in shape.variants])
        variants = tuple(
            (value, replace(variant, component=f"{name}{suffix}"))
            for (value, variant), suffix in zip(shape.variants, suffixes, strict=True)
        )
        shape = replace(shape, variants=variants)
    return replace(shape, component=name)


def _suffixes(values: Iterable[str]) -> list[str]:
    """What tells the components of variants apart: their values, and a number where those fail."""
    found: list[str] = []
    for place, value in enumerate(values, 1):
        suffix = _capitalised(value)
        while not suffix or suffix in found:
            suffix += str(place)
        found.append(suffix)
    return found


def _capitalised(value: str) -> str:
    words = re.split("[^A-Za-z0-9]+", value)
    return "".join(word[:1].upper() + word[1:] for word in words)
