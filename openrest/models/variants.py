"""The objects that one model becomes: what is read, created, replaced and patched.

Each is an `Object` of its own, so that each is checked and documented as what it is.
"""

from __future__ import annotations

from dataclasses import replace

from openrest.models.shapes import MISSING, Member, Nullable, Object, Shape, without_rules

__all__ = ["as_sent", "create_shape", "patch_shape", "read_shape", "replace_shape"]


def read_shape(model: Object, component: str) -> Object:
    """What answers show: every member but the write-only ones."""
    members = tuple(
        replace(member, required=member.always, default=MISSING)
        for member in model.members
        if not member.write_only
    )
    return replace(model, members=members, component=component, refine=None, ignore_unknown=False)


def create_shape(model: Object, component: str) -> Object:
    """What a create sends: every member that a client may set, and the server's own defaults."""
    members = tuple(member for member in model.members if not member.read_only)
    owned = tuple(replace(member, required=False) for member in model.members if member.read_only)
    return replace(model, members=members, owned=owned, component=component)


def replace_shape(model: Object, key: str, component: str) -> Object:
    """What a full replacement sends: as a create, less the key, which cannot be changed."""
    members = tuple(m for m in model.members if not m.read_only and m.name != key)
    owned = tuple(
        replace(m, required=False, default=MISSING)
        for m in model.members
        if m.read_only or m.name == key
    )
    return replace(model, members=members, owned=owned, component=component)


def patch_shape(model: Object, key: str, component: str) -> Object:
    """What a merge patch (RFC 7396) sends: any members; null removes one that may be absent.

    Rules run on the merged object, not here.
    """
    whole = replace_shape(model, key, component)
    return replace(whole, members=tuple(map(_patched, whole.members)), refine=None)


def _patched(member: Member) -> Member:
    shape = without_rules(member.shape)
    if not member.required and not member.nullable:
        shape = Nullable(shape=shape)
    return replace(member, shape=shape, required=False, default=MISSING)


def as_sent(shape: Object) -> Object:
    """The object as a client would have sent it: secrets included, null and default left out."""
    members = tuple(
        replace(m, write_only=False, required=False, default=MISSING, shape=_present(m.shape))
        for m in shape.members
    )
    return replace(shape, members=members)


def _present(shape: Shape) -> Shape:
    inner = without_rules(shape)
    return inner.shape if isinstance(inner, Nullable) else inner
