"""What is beyond a position in an order: ranges, for each of which an index can serve.

    after ("b", 7) in the order name, id:    name = 'b' AND id > 7, and then    name > 'b'

One comparison of rows would say the same, but only where every column goes up and none has a null;
and joined by *or*, SQLite would look at every row with the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Range", "Stretch", "Term", "Way", "order_by", "ranges", "stretches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How one column of an order is read.

    Nulls come last, unless the order is read from its end, and they are `first`.
    """

    descending: bool
    nullable: bool
    first: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows beyond a position, next to each other in the order.

    The first `same` columns have the values of the position. The next one is beyond that of the
    position, or has none (``null``), or has one.
    """

    same: int
    next: Literal["beyond", "null", "value"]

    @property
    def start(self) -> int:
        """The number of the first column that is not the same in all of them."""
        return self.same + 1 if self.next == "null" else self.same


def stretches(ways: Sequence[Way], present: Sequence[bool]) -> Iterator[Stretch]:
    """The rows beyond a position, from the nearest to the farthest.

    `present` says which of its values are not null. One of the columns tells all rows apart.
    """
    for index in range(len(ways) - 1, -1, -1):
        if present[index]:
            yield Stretch(index, "beyond")
            if ways[index].nullable and not ways[index].first:
                yield Stretch(index, "null")
        elif ways[index].first:
            yield Stretch(index, "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term(Way):
    """A column of an order in SQLite.

    `place` is the column, `value` what orders in its place, and `mark` the same of a value that is
    bound.
    """

    place: str
    value: str
    mark: str


@dataclass(frozen=True, slots=True)
class Range:
    """Rows that pass all of the tests; `order` is what follows ORDER BY.

    What the tests take are those values of the position that have the numbers in `values`.
    """

    tests: str
    values: tuple[int, ...]
    order: str


def order_by(terms: Sequence[Term], *, present: bool = False) -> str:
    """What follows ORDER BY; `present` says that the first column has no null in these rows."""
    texts = []
    for term in terms:
        text = f"{term.value} DESC" if term.descending else term.value
        # SQLite takes NULL for less than any value.
        if term.nullable and term.first is term.descending and not present:
            text += " NULLS FIRST" if term.first else " NULLS LAST"
        texts.append(text)
        present = False
    return ", ".join(texts)


def ranges(terms: Sequence[Term], present: Sequence[bool]) -> Iterator[Range]:
    """The rows beyond a position, from the nearest to the farthest.

    `present` says which of its values are not null. One of the terms tells all rows apart.
    """
    for stretch in stretches(terms, present):
        index = stretch.same
        term = terms[index]
        same = zip(terms[:index], present[:index], strict=True)
        tests = [f"{t.value} = {t.mark}" if there else f"{t.place} IS NULL" for t, there in same]
        values = [number for number in range(index) if present[number]]
        match stretch.next:
            case "beyond":
                tests.append(f"{term.value} {'<' if term.descending else '>'} {term.mark}")
                values.append(index)
            case "null":
                tests.append(f"{term.place} IS NULL")
            case "value":
                tests.append(f"{term.place} IS NOT NULL")
        order = order_by(terms[stretch.start :] or terms[-1:], present=stretch.next != "null")
        yield Range(" AND ".join(tests), tuple(values), order)
