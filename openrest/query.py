"""What a list request asks of a store: a `Query` of conditions, an order and a window."""

from __future__ import annotations

import operator
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from openrest.words import found, words_of

__all__ = [
    "COMPARISONS",
    "MEMBERSHIP",
    "OPERATORS",
    "ORDERING",
    "TEXT",
    "AnyOf",
    "Condition",
    "Order",
    "Position",
    "Query",
    "Search",
    "Test",
    "members_of",
]

Found = TypeVar("Found")

#: Those that need an order of the values.
ORDERING: Final = ("lt", "lte", "gt", "gte")
#: Those whose value is a collection of values.
MEMBERSHIP: Final = ("in", "nin")
#: Those on text. The ones with an "i" take letters in lower case and in upper case for the same,
#: as `str.lower` does.
TEXT: Final = ("contains", "icontains", "startswith", "istartswith", "endswith")

#: The operators that compare a stored value with the one that was asked for. Null (``None``)
#: matches no comparison, on either side: it is a value nobody knows (SQL, three-valued logic).
COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "in": lambda stored, values: stored in values,
    "nin": lambda stored, values: stored not in values,
    "contains": lambda stored, text: text in stored,
    "icontains": lambda stored, text: text.lower() in stored.lower(),
    "startswith": lambda stored, text: stored.startswith(text),
    "istartswith": lambda stored, text: stored.lower().startswith(text.lower()),
    "endswith": lambda stored, text: stored.endswith(text),
}

#: Every operator a condition may name; ``isnull`` compares nothing.
OPERATORS: Final[frozenset[str]] = frozenset(COMPARISONS) | {"isnull"}


@dataclass(frozen=True, slots=True)
class Condition:
    """One test: the field's name, an operator of `OPERATORS`, a native Python value.

    For ``in`` and ``nin`` the value is a collection of values, of which a store takes at least
    500, for ``isnull`` whether the record should have none.
    """

    member: str
    operator: str
    value: Any

    def holds(self, record: Mapping[str, Any]) -> bool:
        """Whether the record meets the condition: what every store must answer the same."""
        stored = record.get(self.member)
        if self.operator == "isnull":
            return (stored is None) is self.value
        if stored is None or self.value is None:
            return False
        return COMPARISONS[self.operator](stored, self.value)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives joined by *or*, each of them conditions that are joined by *and*."""

    alternatives: tuple[tuple[Condition, ...], ...]

    def holds(self, record: Mapping[str, Any]) -> bool:
        """Whether the record meets all conditions of one alternative."""
        return any(all(one.holds(record) for one in every) for every in self.alternatives)


@dataclass(frozen=True, slots=True)
class Search:
    """Every word of the text begins a word in one of the fields; a text without any finds nothing.

    Words are what spaces, signs and control characters leave between them, and are compared in one
    case of letters, each letter for itself: accents count. What these characters are, the tables of
    Unicode 3.2 say for good; a newer character, such as an emoji, is of the word that it touches.
    """

    members: tuple[str, ...]
    text: str
    #: The words of the text, in the form in which they are compared.
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", words_of(self.text))

    def holds(self, record: Mapping[str, Any]) -> bool:
        """Whether the words are in the record: what every store must answer the same."""
        texts = [record[name] for name in self.members if record.get(name) is not None]
        return bool(self.words) and found(self.words, texts)


#: What a query asks of each record.
Test = Condition | AnyOf | Search


def members_of(test: Test) -> Iterator[str]:
    """The names of the fields that a test is about."""
    match test:
        case Condition(member=member):
            yield member
        case AnyOf(alternatives=alternatives):
            yield from (one.member for every in alternatives for one in every)
        case Search(members=members):
            yield from members


@dataclass(frozen=True, slots=True)
class Order:
    """A field to sort by. Records without a value come last, in either direction."""

    member: str
    descending: bool = False


#: Where a record stands in an order: its values of the order's members, and then its key.
Position = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """Tests joined by *and*, an order, and a window of `limit` records after `offset`.

    A store completes the order with the key, ascending, so that pages are stable.
    `limit=None` asks for every record. `members` are the fields that are wanted of each, all of
    them unless given: a store may leave out the others, and gives what it gives as it is stored.

    A store that is `seekable` heeds two more. The window is one of the records that come after
    the position `beyond`, whether a record is there or not. With `backwards` it is counted from
    the end of the order, and `beyond` is before the position; the records still come in order.
    """

    conditions: tuple[Test, ...] = ()
    order: tuple[Order, ...] = ()
    offset: int = 0
    limit: int | None = None
    members: tuple[str, ...] | None = None
    beyond: Position | None = None
    backwards: bool = False

    def position(self, record: Mapping[str, Any], key: str) -> Position:
        """Where a record stands, whose key is in the field `key`."""
        return (*(record.get(order.member) for order in self.order), record[key])

    def is_beyond(self, position: Position) -> bool:
        """Whether what stands there is beyond: what every store must answer the same."""
        if self.beyond is None:
            return True
        for index, (value, border) in enumerate(zip(position, self.beyond, strict=True)):
            if value == border:
                continue
            if value is None or border is None:
                later = value is None
            else:
                # The key, which is the last one, is ascending.
                descending = index < len(self.order) and self.order[index].descending
                later = (value > border) is not descending
            return later is not self.backwards
        return False

    def choose(self, records: Iterable[dict[str, Any]], key: str) -> list[dict[str, Any]]:
        """Those of all records that it asks for: for a store that has them at hand.

        They come in the order of their keys, which are in the field `key`; its own is not heeded.
        """
        found = [each for each in records if all(test.holds(each) for test in self.conditions)]
        found.sort(key=lambda record: record[key])
        return [*self.window(found, lambda record: self.position(record, key))]

    def window(
        self, ordered: Sequence[Found], position: Callable[[Found], Position]
    ) -> Sequence[Found]:
        """The window of records, or of their keys, that are in order and meet the conditions.

        `position` tells where one of them stands.
        """
        start, end = 0, len(ordered)
        if self.backwards:
            if self.beyond is not None:
                end = bisect_left(ordered, True, key=lambda one: not self.is_beyond(position(one)))
            end = max(0, end - self.offset)
            start = 0 if self.limit is None else max(0, end - self.limit)
            return ordered[start:end]
        if self.beyond is not None:
            start = bisect_left(ordered, True, key=lambda one: self.is_beyond(position(one)))
        start += self.offset
        return ordered[start : None if self.limit is None else start + self.limit]
