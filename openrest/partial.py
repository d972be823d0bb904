"""Answers with some of their members, and the query parameter that chooses these."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Final

from openrest.contract import Contribution, Parameter
from openrest.interfaces import CallView, Formatter
from openrest.models import shapes as s
from openrest.options import Names

__all__ = ["CHOSEN", "FIELDS", "Partial", "chosen_shape", "read_partial"]

#: The parameter that chooses the members.
FIELDS: Final = "fields"

#: Its key in a call, which an author's own parameter called ``fields`` does not have.
CHOSEN: Final = ":fields"

_PLACE: Final = "controller.options.partial"

Shown = s.Object | s.OneOf


class Partial:
    """``?fields=name,age``: of each object the name and the age, in the order that all have.

    `shown` is what answers show once the `formatters` have run, `names` the members of it that a
    client may choose. The discriminator of a OneOf is always there: without it nobody could tell
    which object it is.
    """

    def __init__(
        self, shown: Shown, names: Collection[str], formatters: Sequence[Formatter] = ()
    ) -> None:
        self._members = {m.wire: m for m in _members(shown) if m.name in names}
        parts = [formatter.contribution() for formatter in formatters]
        self._added = {member.name for part in parts for member in part.adds}
        #: What has to be known of a record whatever is asked for; None for all of it.
        self._needed: set[str] | None = (
            {shown.discriminator} if isinstance(shown, s.OneOf) else set()
        )
        for part in parts:
            if part.needs is None or self._needed is None:
                self._needed = None
            else:
                self._needed |= set(part.needs)

    def contribution(self) -> Contribution:
        """The parameter, and a sentence on it."""
        choice = s.Choice(pairs=tuple((wire, wire) for wire in self._members))
        return Contribution(
            description=f"`{FIELDS}` chooses the members of the answer.",
            parameters=(
                Parameter(
                    name=CHOSEN,
                    wire=FIELDS,
                    shape=s.List(item=choice, min_items=1, max_items=len(self._members)),
                    description="The members to send of each object, and no others; all of them "
                    "unless given",
                ),
            ),
        )

    def without(self, hidden: Collection[str]) -> Partial | None:
        """The same without the choice of the fields in `hidden`; None where there is no other."""
        kept = copy(self)
        kept._members = {wire: m for wire, m in self._members.items() if m.name not in hidden}
        return kept if kept._members else None

    def shape(self, shown: Shown) -> Shown:
        """What answers may show, whatever is chosen: nothing but a discriminator is required."""
        if isinstance(shown, s.OneOf):
            variants = tuple(
                (value, _optional(variant, {shown.discriminator}))
                for value, variant in shown.variants
            )
            return replace(shown, variants=variants)
        return _optional(shown)

    def members(self, call: CallView) -> tuple[str, ...] | None:
        """The fields of a record that the answer to the call is made of; None for all of them."""
        asked: Sequence[str] | None = call.query.get(CHOSEN)
        if asked is None or self._needed is None:
            return None
        chosen = [self._members[wire] for wire in asked]
        if any(member.compute is not None for member in chosen):
            return None  # it is made from the whole record
        names = {member.name for member in chosen} - self._added | self._needed
        return tuple(sorted(names))


def chosen_shape(shown: Any, wires: Collection[str]) -> Any:
    """What an answer shows when these members are asked for: all that are always there still are.

    `shown` is an object, or a page of objects.
    """
    match shown:
        case s.OneOf(discriminator=kind):
            wires = {*wires, kind}
            variants = tuple((value, chosen_shape(each, wires)) for value, each in shown.variants)
            return replace(shown, variants=variants)
        case s.Object():
            members = tuple(member for member in shown.members if member.wire in wires)
            return replace(shown, members=members, extra="refuse")
        case _:
            raise TypeError(f"{shown!r} has no members")


def _optional(shown: s.Object, kept: Collection[str] = ()) -> s.Object:
    required = [f"`{member.wire}`" for member in shown.members if member.required]
    words = f"Every object has {', '.join(required)}, unless `{FIELDS}` asks for other members."
    return replace(
        shown,
        members=tuple(replace(m, required=m.required and m.wire in kept) for m in shown.members),
        description="\n\n".join(filter(None, [shown.description, words if required else ""])),
    )


def _members(shown: Shown) -> list[s.Member]:
    """The members of all kinds of objects, each name in JSON once."""
    kinds = [kind for _, kind in shown.variants] if isinstance(shown, s.OneOf) else [shown]
    return list({member.wire: member for kind in kinds for member in kind.members}.values())


def read_partial(
    options: Mapping[str, Any], shown: Shown, hidden: set[str], formatters: Sequence[Formatter]
) -> tuple[Partial | None, list[str]]:
    """What the option ``partial`` asks for, or every mistake in it.

    `shown` is what answers show, `hidden` has the names of the fields that they do not show.
    """
    if "partial" not in options:
        return None, []
    members = _members(shown)
    # Commas stand between the names.
    able = [member.name for member in members if "," not in member.wire]
    names = able if options["partial"] is True else options["partial"]
    known = [member.name for member in members]
    check = Names(
        known=known,
        hidden=hidden - set(known),
        able=able,
        why_not_hidden="answers do not show this field.",
        why_not_able="its name has a comma, which stands between names: give it a data_key.",
        or_true=True,
    )
    mistakes = [f"{_PLACE}: {mistake}" for mistake in check.mistakes(names)]
    if not mistakes and not names:
        mistakes.append(f"{_PLACE}: names no field: leave it out.")
    return (None, mistakes) if mistakes else (Partial(shown, names, formatters), [])
