"""Query -> the parameters that ask another API for it, and what is left to look at here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from openrest.datastore.keyset import Way, stretches
from openrest.datastore.rest.forms import Form
from openrest.datastore.rest.pages import Pairs
from openrest.datastore.rest.upstream import Upstream
from openrest.models import shapes as s
from openrest.models.walking import bare
from openrest.query import (
    COMPARISONS,
    MEMBERSHIP,
    ORDERING,
    AnyOf,
    Condition,
    Order,
    Query,
    Search,
    Test,
    members_of,
)

__all__ = ["Asked", "Asking"]

#: openrest's own bound on alternatives.
_ALTERNATIVES = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """Parameters, and the tests that no parameter says: they are to be held against each record.

    `members` are the fields that the records then have; None for all of them.
    """

    pairs: Pairs
    left: tuple[Test, ...]
    members: tuple[str, ...] | None = None


class Asking:
    """Writes queries in the words of an upstream."""

    def __init__(self, shape: s.Object, key: s.Member, upstream: Upstream, form: Form) -> None:
        self._key = key.name
        self._upstream = upstream
        self._form = form
        self._booleans = {m.name for m in shape.members if isinstance(bare(m.shape), s.Boolean)}
        self._may_lack = {m.name for m in shape.members if m.nullable or not m.always}

    def __call__(self, query: Query) -> Asked:
        """What asks for the records that meet the conditions, in their order."""
        pairs: dict[str, str] = {}
        left: list[Test] = []
        for test in query.conditions:
            if self._goes_without_saying(test):
                continue
            said = self._said(test)
            if said is None or said[0] in pairs:
                left.append(test)
            else:
                pairs[said[0]] = said[1]
        if query.order and self._upstream.sort is not None:
            pairs[self._upstream.sort] = ",".join(map(self._sorted, query.order))
        members = self._needed(query, left)
        if members is not None and self._upstream.fields is not None:
            names = [self._form.names[name] for name in members]
            if not any("," in name for name in names):
                pairs[self._upstream.fields] = ",".join(names)
        return Asked(tuple(pairs.items()), tuple(left), members)

    def _needed(self, query: Query, left: Sequence[Test]) -> tuple[str, ...] | None:
        """The fields that are asked for: those that are wanted, and those to look at here."""
        if query.members is None:
            return None
        looked_at = {name for test in left for name in members_of(test)}
        ordered = {order.member for order in query.order}
        return tuple(sorted({*query.members, *looked_at, *ordered, self._key}))

    def parts(self, query: Query) -> list[Query]:
        """Queries that together find all that meets the conditions: one, unless a list is long."""
        whole = replace(query, order=(), offset=0, limit=None, beyond=None, backwards=False)
        most = self._upstream.most_values
        for place, test in enumerate(query.conditions):
            if isinstance(test, Condition) and test.operator == "in" and len(test.value) > most:
                values = [*test.value]
                before, after = query.conditions[:place], query.conditions[place + 1 :]
                return [
                    replace(whole, conditions=(*before, replace(test, value=chunk), *after))
                    for first in range(0, len(values), most)
                    for chunk in [values[first : first + most]]
                ]
        return [whole]

    def beyond(self, query: Query) -> Iterator[Query]:
        """Queries without a position that find what is beyond that of the query, the nearest first.

        Those of a query that goes backwards have their order turned round.
        """
        order = (*query.order, Order(self._key))
        if query.backwards:
            order = tuple(replace(one, descending=not one.descending) for one in order)
        if query.beyond is None:
            yield replace(query, order=order, offset=0, limit=None, backwards=False)
            return
        ways = [
            Way(
                descending=one.descending,
                nullable=one.member in self._may_lack,
                first=query.backwards,
            )
            for one in order
        ]
        for stretch in stretches(ways, [value is not None for value in query.beyond]):
            tests: list[Test] = []
            for one, value in zip(order[: stretch.same], query.beyond, strict=False):
                if value is None:
                    tests.append(Condition(one.member, "isnull", True))
                else:
                    tests.append(Condition(one.member, "eq", value))
            one, value = order[stretch.same], query.beyond[stretch.same]
            match stretch.next:
                case "beyond":
                    if one.member in self._booleans and value is not one.descending:
                        continue  # nothing is beyond the last of two values
                    operator = "lt" if one.descending else "gt"
                    tests.append(Condition(one.member, operator, value))
                case other:
                    tests.append(Condition(one.member, "isnull", other == "null"))
            rest = order[stretch.start :]
            # An ascending key goes without saying.
            if rest and rest[-1] == Order(self._key):
                rest = rest[:-1]
            yield replace(
                query, conditions=(*query.conditions, *tests), order=rest, beyond=None,
                offset=0, limit=None, backwards=False,
            )  # fmt: skip

    def turns_round(self, query: Query) -> bool:
        """Whether the order of the query can be asked for from its end.

        Null is last in either direction, so an order by what may be null cannot be.
        """
        return not any(order.member in self._may_lack for order in query.order)

    def _plainly(self, test: Condition) -> Condition:
        """The test as equality, where it leaves one of two values: APIs do not order these."""
        if test.member in self._booleans and test.operator in ORDERING and test.value is not None:
            compare = COMPARISONS[test.operator]
            passing = [value for value in (False, True) if compare(value, test.value)]
            if len(passing) == 1:
                return Condition(test.member, "eq", passing[0])
        return test

    def _goes_without_saying(self, test: Test) -> bool:
        """Whether every record passes, so that there need not be a parameter for it."""
        return (
            isinstance(test, Condition)
            and test.operator == "isnull"
            and test.value is False
            and test.member not in self._may_lack
        )

    def _said(self, test: Test) -> tuple[str, str] | None:
        """The parameter that says the test; None where there is none."""
        upstream = self._upstream
        match test:
            case Condition():
                test = self._plainly(test)
                member, operator, value = test.member, test.operator, test.value
                name = self._parameter(member, operator)
                text = None if name is None else self._text(member, operator, value)
                return None if name is None or text is None else (name, text)
            case AnyOf(alternatives=alternatives):
                if upstream.any_of is None or len(alternatives) > _ALTERNATIVES:
                    return None
                every = [self._alternative(one) for one in alternatives]
                if None in every or not every:
                    return None
                return upstream.any_of, json.dumps(every, ensure_ascii=False)
            case Search(members=members, text=text):
                same = upstream.search is not None and set(members) == set(upstream.searched)
                return (str(upstream.search), text) if same else None

    def _alternative(self, conditions: Sequence[Condition]) -> dict[str, Any] | None:
        said: dict[str, Any] = {}
        for one in map(self._plainly, conditions):
            name = self._parameter(one.member, one.operator)
            if (
                name is None
                or name in said
                or self._text(one.member, one.operator, one.value) is None
            ):
                return None
            if one.operator == "isnull":
                said[name] = one.value
            elif one.operator in MEMBERSHIP:
                said[name] = [
                    self._form.wire(one.member, each) for each in one.value if each is not None
                ]
            else:
                said[name] = self._form.wire(one.member, one.value)
        return said

    def _parameter(self, member: str, operator: str) -> str | None:
        template = self._upstream.filters.get(operator)
        if operator == "isnull" and member not in self._may_lack:
            return None
        if operator in ORDERING and member in self._booleans:
            return None
        return None if template is None else template.replace("{name}", self._form.names[member])

    def _text(self, member: str, operator: str, value: Any) -> str | None:
        if operator == "isnull":
            return "true" if value else "false"
        if value is None:
            return None
        if operator not in MEMBERSHIP:
            text = self._form.text(member, value)
            # An empty text is no parameter to many.
            return text or None
        # Null is among no values: what it is compared with makes no difference.
        texts = [self._form.text(member, each) for each in value if each is not None]
        if not 0 < len(texts) <= self._upstream.most_values:
            return None
        if any(not text or "," in text for text in texts):
            return None
        return ",".join(filter(None, texts))

    def _sorted(self, order: Order) -> str:
        return f"{'-' if order.descending else ''}{self._form.names[order.member]}"
