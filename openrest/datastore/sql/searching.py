"""Searches in a database: it narrows them, and the words are looked for here.

No database knows the words of `openrest.words`, which are the same in every store, and no table of
its user's has a place for them. What a row must have in its texts for a word to be there, it can
say; of these rows the words are looked for.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from openrest.interfaces import Record
from openrest.query import AnyOf, Condition, Query, Search, Test

__all__ = ["Searched", "is_search", "passing"]

#: So many rows are read at first, and twice as many each time after it, up to the other number.
_FEW: Final = 100
_MANY: Final = 10_000

#: A part of a word that no case of letters makes another. The sign of Kelvin is a k, too, and the
#: long s an s; of letters beyond ASCII, databases do not know all forms, unless they have one.
_SURE: Final = re.compile("[a-jl-rt-z0-9\u0080-\U0010ffff]+")


def is_search(query: Query) -> bool:
    """Whether there is a search in it."""
    return any(isinstance(test, Search) for test in query.conditions)


class Searched:
    """Finds the records of queries with searches, by reading those that may be some of them."""

    def __init__(self, read: Callable[[Query], list[Record]], key: str) -> None:
        self._read = read
        self._key = key

    def find(self, query: Query) -> list[Record]:
        """The records in the window of the query."""
        end = None if query.limit is None else query.offset + query.limit
        found = [*islice(self.nearest_first(query), query.offset, end)]
        return found[::-1] if query.backwards else found

    def nearest_first(self, query: Query) -> Iterator[Record]:
        """All that meet the conditions, from where the query begins, whatever its window."""
        searches = [test for test in query.conditions if isinstance(test, Search)]
        if not all(test.words for test in searches):
            return
        page, size = self.narrowed(query), _FEW
        while True:
            records = self._read(replace(page, limit=size))
            yield from _passing(searches, reversed(records) if query.backwards else records)
            if len(records) < size:
                return
            last = records[0] if query.backwards else records[-1]
            page = replace(page, beyond=query.position(last, self._key))
            size = min(2 * size, _MANY)

    def narrowed(self, query: Query) -> Query:
        """A query of records among which all are that this one finds, without any window."""
        tests: list[Test] = []
        members = query.members
        for test in query.conditions:
            if not isinstance(test, Search):
                tests.append(test)
                continue
            if members is not None:
                members = (*members, *test.members)
            for word in test.words:
                part = max(_sure_parts(word), key=len, default="")
                if part:
                    contains = ((Condition(name, "icontains", part),) for name in test.members)
                    tests.append(AnyOf(tuple(contains)))
        if members is not None:
            members = tuple(dict.fromkeys([*members, *(order.member for order in query.order)]))
        return replace(query, conditions=tuple(tests), members=members, offset=0, limit=None)


def passing(query: Query, records: Iterable[Record]) -> Iterator[Record]:
    """Those of the records in which the words of the query's searches are."""
    return _passing([test for test in query.conditions if isinstance(test, Search)], records)


def _passing(searches: Sequence[Search], records: Iterable[Record]) -> Iterator[Record]:
    return (one for one in records if all(test.holds(one) for test in searches))


def _sure_parts(word: str) -> Iterator[str]:
    """The parts of a word that are in a text, in either case, wherever the word is."""
    for part in _SURE.findall(word):
        yield from "".join(c if c.isascii() or _has_no_case(c) else " " for c in part).split()


def _has_no_case(character: str) -> bool:
    return unicodedata.ucd_3_2_0.category(character) == "Lo"
