"""Query parameters that narrow a list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from marshmallow import fields as ma

from openrest.contract import Contribution, Parameter
from openrest.interfaces import CallView
from openrest.models import shapes as s
from openrest.models.derive import field_shape
from openrest.models.examples import native_example
from openrest.models.links import link_or_key
from openrest.models.text import has_text_form
from openrest.models.walking import bare, may_refuse, without_rules
from openrest.query import MEMBERSHIP, ORDERING, TEXT, AnyOf, Condition, Test, members_of

__all__ = ["CustomFilter", "Filters", "Operator"]

Operator = Literal[
    "eq", "ne", "lt", "lte", "gt", "gte", "in", "nin", "contains", "icontains", "startswith",
    "istartswith", "endswith", "isnull",
]  # fmt: skip

#: How many values ``in`` and ``nin`` take.
MOST_VALUES: Final = 100
#: How many alternatives there are: with as many values in each, still fewer than SQLite can bind.
MOST_ALTERNATIVES: Final = 20

#: The parameter that joins by *or*.
ANY_OF: Final = "any_of"

#: What a parameter is that no field has.
OWN: Final = "a filter of your own"

#: In the words of the document, after "Only objects whose age".
_WORDS: Final[Mapping[str, str]] = {
    "eq": "equals this",
    "ne": "differs from this",
    "lt": "is less than this",
    "lte": "is this or less",
    "gt": "is more than this",
    "gte": "is this or more",
    "in": "is one of these",
    "nin": "is none of these",
    "contains": "contains this",
    "icontains": "contains this, in any case of letters",
    "startswith": "begins with this",
    "istartswith": "begins with this, in any case of letters",
    "endswith": "ends with this",
    "isnull": "has no value (true) or has one (false)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomFilter:
    """A parameter of one's own: what `tests` makes of its value narrows the list.

        adult = CustomFilter(
            field=models.BooleanField(),
            tests=lambda adult: [Condition("age", "gte" if adult else "lt", 18)],
            description="Only objects of age, or only those that are not",
        )

    `field` says which values it takes.
    """

    field: ma.Field[Any]
    tests: Callable[[Any], Iterable[Test]]
    description: str = ""


class Filters:
    """``?age__gte=5&name=Ada``: each parameter is a test of one field, joined by *and*.

    `chosen` says which: a field's name leads to its operators, or to True for all that its values
    and the store have; any other name to a `CustomFilter`. Without it there is equality on every
    field that answers show. With `any_of` there is a parameter more, which joins by *or*.
    """

    def __init__(
        self,
        shape: s.Object,
        operators: frozenset[str],
        chosen: Mapping[str, Any] | None = None,
        *,
        any_of: bool = False,
    ) -> None:
        #: Of each parameter its name, and what it is; a name that is there twice is a mistake.
        self.named: list[tuple[str, str]] = []
        self._fields: dict[str, tuple[str, str]] = {}  # wire -> the field's name, the operator
        self._own: dict[str, CustomFilter] = {}
        self._joins_by_or = any_of
        self._parameters: list[Parameter] = []
        members = members_by_name(shape)
        for name, wanted in (dict.fromkeys(members) if chosen is None else chosen).items():
            if isinstance(wanted, CustomFilter):
                self._add_own(name, wanted)
                continue
            able = [each for each in operators_of(members[name]) if each in operators]
            if wanted is None:
                wanted = [each for each in able if each == "eq"]
            for operator in able if wanted is True else wanted:
                self._add(members[name], operator)
        if any_of:
            self._add_any_of()

    def _add(self, member: s.Member, operator: str) -> None:
        wire = member.wire if operator == "eq" else f"{member.wire}__{operator}"
        shape = _asked(member, operator)
        assert shape is not None, "operators_of has it"  # nosec B101
        self.named.append((wire, f"{operator!r} of the field {member.name!r}"))
        self._fields[wire] = (member.name, operator)
        self._parameters.append(
            Parameter(
                name=wire,
                shape=shape,
                description=f"Only objects whose {member.wire} {_WORDS[operator]}",
            )
        )

    def _add_own(self, name: str, own: CustomFilter) -> None:
        self.named.append((name, OWN))
        self._own[name] = own
        self._parameters.append(
            Parameter(name=name, shape=field_shape(own.field), description=own.description)
        )

    def _add_any_of(self) -> None:
        tests = s.Object(
            members=tuple(
                s.Member(name=p.wire, wire=p.wire, shape=p.shape)
                for p in self._parameters
                if p.wire in self._fields
            )
        )
        self.named.append((ANY_OF, "the option any_of"))
        self._parameters.append(
            Parameter(
                name=ANY_OF,
                shape=s.List(item=tests, min_items=1, max_items=MOST_ALTERNATIVES),
                is_json=True,
                # Any object passes it: made up, it would be of numbers that JavaScript rounds.
                example=[{}],
                description="Only objects that pass all the tests in one of these, or in more; "
                "each test is named like a parameter",
            )
        )

    def without(self, hidden: Collection[str]) -> Filters:
        """Those that ask by none of the fields in `hidden`.

        What a filter of one's own asks by, an example of its values tells.
        """
        kept = copy(self)
        kept._fields = {wire: one for wire, one in self._fields.items() if one[0] not in hidden}
        kept._own = {
            name: own
            for name, own in self._own.items()
            if not any(
                member in hidden
                for test in own.tests(native_example(field_shape(own.field)))
                for member in members_of(test)
            )
        }
        known = kept._fields.keys() | kept._own.keys()
        kept.named = [one for one in self.named if one[0] in known]
        kept._parameters = [one for one in self._parameters if one.wire in known]
        if self._joins_by_or and kept._fields:
            kept._add_any_of()
        return kept

    @property
    def asks_of_fields(self) -> bool:
        """Whether there is any filter on a field."""
        return bool(self._fields)

    def contribution(self) -> Contribution:
        """The parameters, and a sentence on them."""
        words = ""
        if self._fields:
            words = "Parameters that are named like members keep only the objects with "
            words += (
                "exactly these values."
                if all(operator == "eq" for _, operator in self._fields.values())
                else "these values; with an operator behind the name, `name__operator`, those that "
                "pass its test."
            )
        return Contribution(description=words, parameters=tuple(self._parameters))

    def conditions(self, call: CallView) -> tuple[Test, ...]:
        """The tests that the call's query asks for."""
        tests: list[Test] = []
        for wire, value in call.query.items():
            if wire in self._fields:
                tests.append(Condition(*self._fields[wire], value))
            elif wire in self._own:
                tests.extend(self._own[wire].tests(value))
            elif wire == ANY_OF and self._joins_by_or:
                tests.append(AnyOf(tuple(map(self._every, value))))
        return tuple(tests)

    def _every(self, asked: Mapping[str, Any]) -> tuple[Condition, ...]:
        return tuple(Condition(*self._fields[wire], value) for wire, value in asked.items())


def members_by_name(shape: s.Object) -> dict[str, s.Member]:
    """The members by their names in records; others may show the same value once more."""
    stored = {member.name: member for member in shape.members if member.compute is None}
    return {**{member.name: member for member in shape.members}, **stored}


def operators_of(member: s.Member) -> list[str]:
    """The operators that a parameter can ask about a field, whatever the store can do."""
    if member.write_only or member.compute is not None:
        return []
    return [operator for operator in _WORDS if _asked(member, operator) is not None]


def _asked(member: s.Member, operator: str) -> s.Shape | None:
    """The values that an operator is asked with, as JSON; None where it makes no sense.

    Null passes no comparison, so it is none of them. A date in a format of its own cannot be asked
    for: that there is no 31/09/2026, no schema of a parameter could say.
    """
    kind = bare(member.shape)
    if operator == "isnull":
        return None if member.always and not member.nullable else s.Boolean()
    if isinstance(kind, s.Link):
        return link_or_key(kind) if operator == "eq" else None
    # Rules have no say in what is compared.
    shape = _without_null(without_rules(member.shape))
    if not has_text_form(shape) or may_refuse(shape):
        return None
    if operator in TEXT:
        return s.String(min_length=1, max_length=1000) if isinstance(kind, s.String) else None
    if operator in ORDERING:
        return _unbounded(kind) if isinstance(kind, s.ORDERED) else None
    if operator in MEMBERSHIP:
        several = s.List(item=shape, min_items=1, max_items=MOST_VALUES)
        return several if has_text_form(several) else None
    return shape


def _without_null(shape: s.Shape) -> s.Shape:
    match shape:
        case s.Nullable(shape=inner):
            return _without_null(inner)
        case s.Ruled(shape=inner):
            return replace(shape, shape=_without_null(inner))
        case _:
            return shape


def _unbounded(kind: s.Shape) -> s.Shape:
    """Any value of a kind: to ask for more than 150 is no mistake where 150 is the most."""
    match kind:
        case s.Integer():
            return s.Integer()
        case s.Number():
            return s.Number()
        case s.String():
            return s.String(max_length=1000)
        case s.Timestamp(per_second=scale):
            return replace(kind, minimum=s.TIMESTAMP_MIN * scale, maximum=s.TIMESTAMP_MAX * scale)
        case s.Duration(unit=unit):
            most = s.DAYS_MAX * (dt.timedelta(days=1) / unit)
            return replace(kind, minimum=-most, maximum=most)
        case _:
            return kind
