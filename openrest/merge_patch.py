"""JSON Merge Patch, RFC 7396."""

from __future__ import annotations

from typing import Any

from openrest.models import shapes as s
from openrest.models.walking import bare
from openrest.patching import Patching, canonical, variant_of

__all__ = ["MergePatch", "may_conflict", "merge"]


def merge(target: Any, patch: Any, shape: s.Shape | None = None) -> Any:
    """The wire value that `patch` makes of `target` (RFC 7396, section 2); neither is changed.

    Null removes a member; where the shape of the target has null as a value, it is that value.
    Where the patch makes another one of several objects of it, what that does not have goes, too.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    shape = None if shape is None else bare(shape)
    kind = None if shape is None else variant_of(shape, {**merged, **patch})
    if isinstance(shape, s.OneOf) and kind is not variant_of(shape, merged):
        # What the new kind does not have goes with the old one: nothing could be left of it.
        known = _wires(kind)
        merged = {name: value for name, value in merged.items() if name in known}
    for spelled, value in patch.items():
        inner = _member_shape(kind, spelled)
        name = canonical(kind, spelled)
        if inner is not None and value is not None and isinstance(bare(inner), s.Constant):
            merged[name] = value  # whole: null is a value in it
        elif value is not None:
            merged[name] = merge(merged.get(name), value, inner)
        elif isinstance(inner, s.Nullable):
            merged[name] = None
        else:
            merged.pop(name, None)
    return merged


def _wires(shape: s.Shape | None) -> set[str]:
    return {member.wire for member in shape.members} if isinstance(shape, s.Object) else set()


def _member_shape(shape: s.Shape | None, wire: str) -> s.Shape | None:
    match shape:
        case s.Object(members=members):
            found = next((member.shape for member in members if member.wire == wire), None)
        case s.Map(value=found):
            # Here null can say nothing else than that the member shall go (RFC 7396, section 1).
            found = bare(found)
        case _:
            return None
    while isinstance(found, s.Ruled):
        found = found.shape
    return found


def may_conflict(shape: s.Shape, seen: frozenset[int] = frozenset()) -> bool:
    """Whether a patch that fits may make an object that does not.

    It may where it makes an inner object that was not there, of which it has but a part; where
    it changes which one of several an object is; and where the number of members has bounds.
    """
    match shape:
        case s.OneOf():
            return True
        case s.Object(members=members):
            return any(_may_lack(m.shape) or may_conflict(m.shape, seen) for m in members)
        case s.Map(value=value, min_members=low, most=high):
            return bool(low) or high is not None or _may_lack(value) or may_conflict(value, seen)
        case s.Nullable(shape=inner_shape) | s.Ruled(shape=inner_shape):
            return may_conflict(inner_shape, seen)
        case s.Deferred():
            return id(shape) not in seen and may_conflict(shape.shape, seen | {id(shape)})
        case _:
            return False


def _may_lack(shape: s.Shape) -> bool:
    part = bare(shape)
    return isinstance(part, s.Object) and any(member.required for member in part.members)


class MergePatch(Patching):
    """Merges a patch into a record and validates the whole of what comes out."""

    def __call__(self, current: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
        """The new record, from the current one and a patch in wire form; raises as `record`."""
        before = self.wire(current)
        return self.record(current, before, merge(before, patch, self.whole), patch)
