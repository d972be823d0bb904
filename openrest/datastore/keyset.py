"""What is beyond a position in an order, in SQL: ranges, for each of which an index can serve.

    after ("b", 7) in the order name, id:    name = 'b' AND id > 7, and then    name > 'b'

One comparison of rows would say the same, but only where every column goes up and none has a null;
and joined by *or*, SQLite would look at every row with the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Range", "Term", "order_by", "ranges"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A column of an order, in the direction in which it is read.

    `place` is the column, `value` what orders in its place, and `mark` the same of a value that is
    bound. Nulls come last, unless the order is read from its end, and they are `first`.
    """

    place: str
    value: str
    mark: str
    descending: bool
    nullable: bool
    first: bool


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

    `present` says which of its values are not null. The last of the terms tells all rows apart,
    and has no null.
    """
    for index in range(len(terms) - 1, -1, -1):
        term = terms[index]
        same = zip(terms[:index], present[:index], strict=True)
        tests = [f"{t.value} = {t.mark}" if there else f"{t.place} IS NULL" for t, there in same]
        values = tuple(number for number in range(index) if present[number])
        if present[index]:
            beyond = f"{term.value} {'<' if term.descending else '>'} {term.mark}"
            order = order_by(terms[index:], present=True)
            yield Range(" AND ".join([*tests, beyond]), (*values, index), order)
            if term.nullable and not term.first:
                without = f"{term.place} IS NULL"
                yield Range(" AND ".join([*tests, without]), values, order_by(terms[index + 1 :]))
        elif term.first:
            with_value = f"{term.place} IS NOT NULL"
            order = order_by(terms[index:], present=True)
            yield Range(" AND ".join([*tests, with_value]), values, order)
