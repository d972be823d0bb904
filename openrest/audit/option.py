"""The option ``audit`` of a controller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from openrest.audit.trail import AuditTrail
from openrest.errors import ConfigurationError, did_you_mean
from openrest.interfaces import DataStore
from openrest.models import shapes as s
from openrest.models.walking import stored_object

__all__ = ["read_audit"]

_PLACE: Final = "controller.options.audit"


def read_audit(
    options: Mapping[str, Any], store: Any, shape: s.Object | s.OneOf | None
) -> tuple[AuditTrail | None, list[str]]:
    """What the option `audit` asks for, or what is wrong with it.

    `store` and `shape` are the resource's; the shape is None where the model is none.
    """
    asked = options.get("audit")
    if asked is None:
        return None, []
    if isinstance(asked, DataStore):
        try:
            asked = AuditTrail(asked)
        except ConfigurationError as error:
            return None, [f"{_PLACE}: {mistake}" for mistake in error.mistakes]
    if not isinstance(asked, AuditTrail):
        return None, [f"{_PLACE}: is neither an AuditTrail nor a datastore but {asked!r}."]
    if asked.is_of(store):
        return None, [f"{_PLACE}: is the store of the resource itself: entries about entries."]
    return asked, [*_not_copied(asked, shape)]


def _not_copied(trail: AuditTrail, shape: s.Object | s.OneOf | None) -> Iterator[str]:
    """What of a resource with this shape the trail cannot copy."""
    if shape is None or not trail.copies:
        return
    theirs = {member.name: _kind(member.shape) for member in trail.shape.members}
    shown = {m.name: m for m in stored_object(shape).members if not m.write_only}
    for name in trail.copies:
        if name not in shown:
            said = f"the trail copies {name!r}, which the model has not, or shows to nobody."
            yield f"{_PLACE}: {said}{did_you_mean(name, shown)}"
        elif (mine := _kind(shown[name].shape)) is not theirs[name]:
            kinds = f"{mine.__name__} here and {theirs[name].__name__} in the entries"
            yield f"{_PLACE}: the trail copies {name!r}, which is {kinds}."


def _kind(shape: s.Shape) -> type[s.Shape]:
    while isinstance(shape, s.Ruled | s.Nullable):
        shape = shape.shape
    return type(shape)
