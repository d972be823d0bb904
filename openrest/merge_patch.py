"""JSON Merge Patch, RFC 7396."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from openrest import messages as msg
from openrest.errors import InvalidData, RuleViolated, StoreError
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.loading import wire_loader
from openrest.models.variants import replace_shape, stored_shape
from openrest.models.walking import bare, each, without_rules

__all__ = ["MergePatch", "may_conflict", "merge"]

_ANYTHING = s.Nullable(shape=s.AnyValue())


def merge(target: Any, patch: Any, shape: s.Shape | None = None) -> Any:
    """The wire value that `patch` makes of `target` (RFC 7396, section 2); neither is changed.

    Null removes a member; where the shape of the target has null as a value, it is that value.
    Where the patch makes another one of several objects of it, what that does not have goes, too.
    """
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    shape = None if shape is None else bare(shape)
    kind = None if shape is None else _variant(shape, {**merged, **patch})
    if isinstance(shape, s.OneOf) and kind is not _variant(shape, merged):
        # What the new kind does not have goes with the old one: nothing could be left of it.
        known = _wires(kind)
        merged = {name: value for name, value in merged.items() if name in known}
    for spelled, value in patch.items():
        inner = _member_shape(kind, spelled)
        name = _canonical(kind, spelled)
        if inner is not None and value is not None and isinstance(bare(inner), s.Constant):
            merged[name] = value  # whole: null is a value in it
        elif value is not None:
            merged[name] = merge(merged.get(name), value, inner)
        elif isinstance(inner, s.Nullable):
            merged[name] = None
        else:
            merged.pop(name, None)
    return merged


def _variant(shape: s.Shape, merged: dict[str, Any]) -> s.Shape | None:
    """The one of a choice of objects that the merged members name."""
    if isinstance(shape, s.OneOf):
        kind = merged.get(shape.discriminator)
        return next((variant for value, variant in shape.variants if value == kind), None)
    return shape


def _canonical(shape: s.Shape | None, wire: str) -> str:
    """The name of a member as it is answered; that of a UUID has other spellings, too."""
    if not isinstance(shape, s.Map) or shape.key is None:
        return wire
    keys = replace(shape, value=_ANYTHING, min_members=0, max_members=None)
    return str(next(iter(dumper(keys)(wire_loader(without_rules(keys))({wire: None})))))


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
        case s.Map(value=value, min_members=low, max_members=high):
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


class MergePatch:
    """Merges a patch into a record and validates the whole of what comes out."""

    def __init__(self, model: s.Object | s.OneOf, key: s.Member) -> None:
        self._model = model
        self._whole = _without_secrets(replace_shape(model, key.name, ""))
        self._owned = frozenset(m.name for m in model.members if m.read_only and m.stored) | {
            key.name
        }
        #: The members that no client can send whole, with their names in JSON.
        stored = [member for member in model.members if member.stored]
        self._hidden = {m.name: m.wire for m in stored if _is_hidden(m)}
        self._shapes = {m.name: m.shape for m in stored}
        self._load = wire_loader(self._whole)
        self._dump = dumper(stored_shape(self._whole))

    def __call__(self, current: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
        """The new record, from the current one and a patch in wire form.

        Raises RuleViolated where the merged object is refused by a rule, or lacks what a part of
        it requires; StoreError where the stored record itself does not fit its model.
        """
        before = self._dump(current)
        try:
            record = self._load(merge(before, patch, self._whole))
        except RuleViolated:
            raise
        except InvalidData as broken:
            self._check_stored(before)
            raise RuleViolated(broken.mistakes, msg.PATCH_BROKEN) from broken
        # Neither a hook nor a field of the author's own must hash a password again because the
        # name has changed, and what only the server sets in an inner object is not made anew.
        kept = self._owned | {name for name, wire in self._hidden.items() if wire not in patch}
        if isinstance(self._model, s.OneOf):
            kind = _variant(self._model, record)
            kept &= {m.name for m in kind.members} if isinstance(kind, s.Object) else set()
        return {
            **{
                name: _with_hidden(
                    self._shapes[name], value, current.get(name), patch.get(self._hidden[name])
                )
                if name in self._hidden
                else value
                for name, value in record.items()
                if name not in kept
            },
            **{name: current[name] for name in kept if name in current},
        }

    def _check_stored(self, before: dict[str, Any]) -> None:
        try:
            self._load(before)
        except RuleViolated:
            pass  # an older rule may have let it in
        except InvalidData as broken:
            raise StoreError(f"The stored record does not fit its model: {broken}") from broken


def _without_secrets(shape: Any) -> Any:
    """The shape that does not ask for what a record may have no longer: a password sent twice."""
    if isinstance(shape, s.OneOf):
        return replace(shape, variants=tuple((v, _without_secrets(o)) for v, o in shape.variants))
    members = tuple(replace(m, required=m.required and not m.write_only) for m in shape.members)
    return replace(shape, members=members)


def _is_hidden(member: s.Member) -> bool:
    """Whether what is dumped of the member and loaded again may be another value.

    Nobody is shown it or a part of it, only the server sets a part, or an author's own field
    converts what it loads.
    """
    return member.write_only or any(map(_is_partial, each(member.shape)))


def _is_partial(shape: s.Shape) -> bool:
    match shape:
        case s.AnyValue(load=load):
            return load is not None
        case s.Object(members=members):
            return any(member.write_only or member.read_only for member in members)
        case _:
            return False


def _with_hidden(shape: s.Shape, new: Any, old: Any, patch: Any) -> Any:
    """The new value with what is hidden in the old one, where the patch does not name that.

    Arrays are replaced whole, so the objects in them are new.
    """
    if not (isinstance(new, dict) and isinstance(old, dict) and isinstance(patch, dict)):
        return new
    kind = _variant(bare(shape), new)
    match kind:
        case s.Object(members=members) if kind is _variant(bare(shape), old):
            kept = {
                m.name: old[m.name]
                if m.read_only or m.wire not in patch
                else _with_hidden(m.shape, new.get(m.name), old[m.name], patch[m.wire])
                for m in members
                if m.stored and m.name in old and (m.read_only or _is_hidden(m))
            }
            return {**new, **{name: value for name, value in kept.items() if value is not None}}
        case s.Map(value=value):
            patched = {_canonical(kind, wire): item for wire, item in patch.items()}
            spell = dumper(replace(kind, value=_ANYTHING))
            return {
                name: _with_hidden(value, item, old.get(name), patched[wire])
                if (wire := next(iter(spell({name: None})))) in patched
                else old.get(name, item)
                for name, item in new.items()
            }
        case _:
            return new
