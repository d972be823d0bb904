"""JSON Merge Patch, RFC 7396."""

from __future__ import annotations

from typing import Any

from openrest.errors import InvalidData, RuleViolated, StoreError
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.loading import object_loader
from openrest.models.variants import as_sent, replace_shape

__all__ = ["MergePatch", "merge"]


def merge(target: Any, patch: Any) -> Any:
    """The wire value that `patch` makes of `target` (RFC 7396, section 2); neither is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


class MergePatch:
    """Merges a patch into a record and validates the whole of what comes out."""

    def __init__(self, model: s.Object, key: s.Member) -> None:
        whole = replace_shape(model, key.name, "")
        self._owned = frozenset(member.name for member in whole.owned)
        self._secret = frozenset(m.name for m in whole.members if m.write_only)
        self._wires = {member.name: member.wire for member in whole.members}
        self._load = object_loader(whole)
        self._nullable = {member.wire: member.name for member in whole.members if member.nullable}
        self._dump = dumper(as_sent(whole))

    def __call__(self, current: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
        """The new record, from the current one and a patch in wire form.

        Raises RuleViolated where a rule refuses the merged object, and StoreError where it does
        not fit: the patch does, so it is the stored record that does not.
        """
        merged = merge(self._dump(current), patch)
        # Null removes a member; where it is a value of its own, it is what is left, and what stays.
        for wire, name in self._nullable.items():
            if (patch[wire] if wire in patch else current.get(name)) is None:
                merged[wire] = None
        try:
            record = self._load(merged)
        except RuleViolated:
            raise
        except InvalidData as broken:
            raise StoreError(f"The stored record does not fit its model: {broken}") from broken
        # A hook that hashes a password must not hash it again because the name has changed.
        kept = self._owned | {name for name in self._secret if self._wires[name] not in patch}
        return {
            **{name: value for name, value in record.items() if name not in kept},
            **{name: current[name] for name in kept if name in current},
        }
