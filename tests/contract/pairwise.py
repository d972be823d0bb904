"""A small table of choices in which every two choices of different kinds stand together."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import combinations

__all__ = ["pairs_of", "table"]

#: A kind of choice and what was chosen, by its place.
Pair = tuple[tuple[str, int], tuple[str, int]]
Row = dict[str, int]


def pairs_of(row: Row) -> set[Pair]:
    """The pairs of choices that stand in a row."""
    return set(combinations(sorted(row.items()), 2))


def table(sizes: Mapping[str, int], seed: int = 0, least: int = 0) -> Sequence[Row]:
    """Rows that have every pair of choices among them, and at least so many of them.

    `sizes` says how many choices there are of each kind. Each row is the best of some that are
    put together by chance, one kind after the other.
    """
    chance = random.Random(seed)
    missing = {
        ((one, first), (other, second))
        for one, other in combinations(sorted(sizes), 2)
        for first in range(sizes[one])
        for second in range(sizes[other])
    }
    rows: list[Row] = []
    while missing or len(rows) < least:
        drawn = [_row(sizes, missing, chance) for _ in range(20)]
        best = max(drawn, key=lambda row: len(pairs_of(row) & missing))
        missing -= pairs_of(best)
        rows.append(best)
    return rows


def _row(sizes: Mapping[str, int], missing: set[Pair], chance: random.Random) -> Row:
    row: Row = {}
    for kind in chance.sample(sorted(sizes), len(sizes)):
        choices = chance.sample(range(sizes[kind]), sizes[kind])

        def gain(choice: int, kind: str = kind) -> int:
            return len(pairs_of({**row, kind: choice}) & missing)

        row[kind] = max(choices, key=gain)
    return row
