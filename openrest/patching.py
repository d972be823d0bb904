"""What a patch of either kind does to a record, and what it must leave as it is."""

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

__all__ = ["Patching", "canonical", "variant_of"]

_ANYTHING = s.Nullable(shape=s.AnyValue())


def variant_of(shape: s.Shape, merged: dict[str, Any]) -> s.Shape | None:
    """The one of a choice of objects that the merged members name."""
    if isinstance(shape, s.OneOf):
        kind = merged.get(shape.discriminator)
        return next((variant for value, variant in shape.variants if value == kind), None)
    return shape


def canonical(shape: s.Shape | None, wire: str) -> str:
    """The name of a member as it is answered; that of a UUID has other spellings, too."""
    if not isinstance(shape, s.Map) or shape.key is None:
        return wire
    keys = replace(shape, value=_ANYTHING, min_members=0, max_members=None)
    return str(next(iter(dumper(keys)(wire_loader(without_rules(keys))({wire: None})))))


class Patching:
    """Makes a record of the wire object that a patch has made, and validates the whole of it."""

    def __init__(self, model: s.Object | s.OneOf, key: s.Member) -> None:
        self._model = model
        #: What a client can send of the whole object, but what it need not send again.
        self.whole = _without_secrets(replace_shape(model, key.name, ""))
        self.owned = frozenset(m.name for m in model.members if m.read_only and m.stored) | {
            key.name
        }
        #: The members that no client can send whole, with their names in JSON.
        stored = [member for member in model.members if member.stored]
        self._hidden = {m.name: m.wire for m in stored if _is_hidden(m)}
        self._shapes = {m.name: m.shape for m in stored}
        self._load = wire_loader(self.whole)
        self._dump = dumper(stored_shape(self.whole))

    def wire(self, current: dict[str, Any]) -> dict[str, Any]:
        """The record as clients send it, less what nobody is shown."""
        found: dict[str, Any] = self._dump(current)
        return found

    def record(
        self,
        current: dict[str, Any],
        before: dict[str, Any],
        patched: Any,
        patch: dict[str, Any],
    ) -> dict[str, Any]:
        """The new record, from the current one, its wire form and the one that is patched.

        `patch` has what was named of each object, as a merge patch does: what is hidden and not
        named stays.
        Raises RuleViolated where the patched object is refused by a rule, or lacks what a part of
        it requires; StoreError where the stored record itself does not fit its model.
        """
        try:
            record = self._load(patched)
        except RuleViolated:
            raise
        except InvalidData as broken:
            self._check_stored(before)
            raise RuleViolated(broken.mistakes, msg.PATCH_BROKEN) from broken
        # Neither a hook nor a field of the author's own must hash a password again because the
        # name has changed, and what only the server sets in an inner object is not made anew.
        kept = self.owned | {name for name, wire in self._hidden.items() if wire not in patch}
        if isinstance(self._model, s.OneOf):
            kind = variant_of(self._model, record)
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
    kind = variant_of(bare(shape), new)
    match kind:
        case s.Object(members=members) if kind is variant_of(bare(shape), old):
            kept = {
                m.name: old[m.name]
                if m.read_only or m.wire not in patch
                else _with_hidden(m.shape, new.get(m.name), old[m.name], patch[m.wire])
                for m in members
                if m.stored and m.name in old and (m.read_only or _is_hidden(m))
            }
            return {**new, **{name: value for name, value in kept.items() if value is not None}}
        case s.Map(value=value):
            patched = {canonical(kind, wire): item for wire, item in patch.items()}
            spell = dumper(replace(kind, value=_ANYTHING))
            return {
                name: _with_hidden(value, item, old.get(name), patched[wire])
                if (wire := next(iter(spell({name: None})))) in patched
                else old.get(name, item)
                for name, item in new.items()
            }
        case _:
            return new
