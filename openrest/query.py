"""What a list request asks of a store: a `Query` of conditions, an order and a window."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["COMPARISONS", "OPERATORS", "Condition", "Order", "Query"]

#: The operators that compare a stored value with the one that was asked for. Null (``None``)
#: matches no comparison, on either side: it is a value nobody knows (SQL, three-valued logic).
COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}

#: Every operator a condition may name.
OPERATORS: Final[frozenset[str]] = frozenset(COMPARISONS)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison: the field's name, an operator of `OPERATORS`, a native Python value."""

    member: str
    operator: str
    value: Any

    def holds(self, record: Mapping[str, Any]) -> bool:
        """Whether the record meets the condition: what every store must answer the same."""
        stored = record.get(self.member)
        if stored is None or self.value is None:
            return False
        return COMPARISONS[self.operator](stored, self.value)


@dataclass(frozen=True, slots=True)
class Order:
    """A field to sort by. Records without a value come last, in either direction."""

    member: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions joined by *and*, an order, and a window of `limit` records after `offset`.

    A store completes the order with the key, ascending, so that pages are stable.
    `limit=None` asks for every record.
    """

    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = ()
    offset: int = 0
    limit: int | None = None
