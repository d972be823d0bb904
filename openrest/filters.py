"""Query parameters that narrow a list."""

from __future__ import annotations

from openrest.contract import Contribution, Parameter
from openrest.interfaces import CallView
from openrest.models import shapes as s
from openrest.models.text import has_text_form
from openrest.models.walking import may_refuse, without_rules
from openrest.query import Condition

__all__ = ["EqualityFilters"]


class EqualityFilters:
    """``?age=5``: equality on every field that answers show and that text can spell.

    Several are joined by *and*. Null equals nothing, so it cannot be asked for. Nor can a date in
    a format of its own: that there is no 31/09/2026, no schema of a parameter could say.
    """

    def __init__(self, shape: s.Object) -> None:
        self._fields = {
            member.wire: member
            for member in shape.members
            if not member.write_only and member.compute is None and _is_asked_for(member.shape)
        }

    def contribution(self) -> Contribution:
        return Contribution(
            description="Parameters that are named like members keep only the objects with "
            "exactly these values.",
            parameters=tuple(
                Parameter(
                    name=wire,
                    shape=without_rules(member.shape),  # they have no say in what is compared
                    description=f"Only objects whose {wire} equals this",
                )
                for wire, member in self._fields.items()
            ),
        )

    def conditions(self, call: CallView) -> tuple[Condition, ...]:
        """One condition for each field that the call's query names."""
        return tuple(
            Condition(self._fields[wire].name, "eq", value)
            for wire, value in call.query.items()
            if wire in self._fields
        )


def _is_asked_for(shape: s.Shape) -> bool:
    return has_text_form(shape) and not may_refuse(without_rules(shape))
