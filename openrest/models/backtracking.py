"""Patterns that take forever: found before anybody sends the text that does it.

Python tries every way in which a pattern may match. Where a repetition can take the same text in
two ways, their number doubles with each time round, and some thirty characters keep a worker busy
for hours (OWASP, Regular expression Denial of Service). Such a pattern is one whose automaton has
two different loops at one place with the same text in both: exponential ambiguity, after Weber and
Seidl, On the degree of ambiguity of finite automata (1991).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

__all__ = ["takes_forever"]

# Python's own parser of patterns: the one that the engine itself has.
op: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

_LAST: Final = 0x10FFFF
#: Repetitions up to so many more times are written out; of others it is as if they had no end.
_WRITTEN_OUT: Final = 9
#: So are no more places than this: what has more is a loop, too.
_MOST_PLACES: Final = 150

_CATEGORIES: Final = {
    op.CATEGORY_DIGIT: ((48, 57),),
    op.CATEGORY_SPACE: ((9, 13), (32, 32)),
    op.CATEGORY_WORD: ((48, 57), (65, 90), (95, 95), (97, 122)),
}

Ranges = tuple[tuple[int, int], ...]


@dataclass(slots=True)
class _Part:
    """What a part of a pattern begins and ends with, and in how many ways it may be empty."""

    empty: int = 1
    first: Counter[int] = field(default_factory=Counter)
    last: Counter[int] = field(default_factory=Counter)


def takes_forever(regex: str, flags: int = 0) -> bool:
    """Whether some text makes Python try a number of ways that doubles with its length.

    It is told of the repetitions alone: also of a pattern in which nothing can fail behind them.
    """
    made = _Automaton()
    made.sequence(parser.parse(regex, flags))
    return made.is_exponential()


class _Automaton:
    """The places of a pattern that take a character, and which may come after which.

    It is Glushkov's, with the number of ways from one place to the next: two are ambiguous.
    """

    def __init__(self) -> None:
        self._takes: list[Ranges] = []
        self._after: defaultdict[int, Counter[int]] = defaultdict(Counter)

    def sequence(self, tree: Any) -> _Part:
        """All parts, one after the other."""
        whole = _Part()
        for kind, value in tree:
            whole = self._joined(whole, self._part(kind, value))
        return whole

    def _part(self, kind: Any, value: Any) -> _Part:
        if kind is op.BRANCH:
            return _either(map(self.sequence, value[1]))
        if kind is op.SUBPATTERN:
            return self.sequence(value[3])
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            return self._repeated(*value)
        ranges = _ranges(kind, value)
        if ranges is None:  # an anchor: it takes nothing
            return _Part()
        place = len(self._takes)
        self._takes.append(ranges)
        return _Part(0, Counter({place: 1}), Counter({place: 1}))

    def _joined(self, one: _Part, other: _Part) -> _Part:
        self._follow(one, other)
        return _Part(
            min(one.empty * other.empty, 2),
            one.first + _times(other.first, one.empty),
            other.last + _times(one.last, other.empty),
        )

    def _follow(self, one: _Part, other: _Part) -> None:
        for place, ways in one.last.items():
            for following, more in other.first.items():
                self._after[place][following] += ways * more

    def _repeated(self, low: int, high: Any, tree: Any) -> _Part:
        endless = high == op.MAXREPEAT or high - low > _WRITTEN_OUT
        copies = max(low, 1) if endless else high
        if not copies:
            return _Part()
        before = len(self._takes)
        first = self.sequence(tree)
        if copies * (len(self._takes) - before) + before > _MOST_PLACES:
            copies, endless = 1, True
        optional = 1 if endless else high - low
        parts = [first, *(self.sequence(tree) for _ in range(copies - 1))]
        if endless:
            self._follow(parts[-1], parts[-1])
            optional = 1 if low == 0 else 0
        whole = _Part()
        # Each one that may be left out is inside of the one before: (a(a(a)?)?)?.
        for number, part in reversed([*enumerate(parts)]):
            whole = self._joined(part, whole)
            if number >= copies - optional:
                whole.empty = 1
        return whole

    def is_exponential(self) -> bool:
        """Whether two different ways lead from one place back to it with the same text."""
        for loop in _loops(range(len(self._takes)), self._next):
            within = set(loop)
            for place in loop:
                ways = self._after[place]
                if any(ways[other] > 1 for other in within):
                    return True
            pairs = [(one, other) for one in loop for other in loop]
            for together in _loops(pairs, lambda pair, within=within: self._both(pair, within)):
                kinds = {one == other for one, other in together}
                if len(kinds) == 2:
                    return True
        return False

    def _next(self, place: int) -> Iterator[int]:
        yield from self._after[place]

    def _both(self, pair: tuple[int, int], within: set[int]) -> Iterator[tuple[int, int]]:
        """Where two readers of one text may be next."""
        for one in self._after[pair[0]]:
            for other in self._after[pair[1]]:
                if one in within and other in within and self._share(one, other):
                    yield one, other

    def _share(self, one: int, other: int) -> bool:
        return one == other or any(
            low <= end and start <= high
            for low, high in self._takes[one]
            for start, end in self._takes[other]
        )


def _either(parts: Iterator[_Part]) -> _Part:
    whole = _Part(0)
    for part in parts:
        whole.empty = min(whole.empty + part.empty, 2)
        whole.first += part.first
        whole.last += part.last
    return whole


def _times(ways: Counter[int], number: int) -> Counter[int]:
    return Counter({place: each * number for place, each in ways.items()} if number else {})


def _ranges(kind: Any, value: Any) -> Ranges | None:
    """The characters that a part takes; None for one that takes none."""
    if kind is op.LITERAL:
        return ((value, value),)
    if kind is op.NOT_LITERAL:
        return _all_but(((value, value),))
    if kind in (op.ANY, op.ATOMIC_GROUP, op.POSSESSIVE_REPEAT):
        # Whatever an atomic group has taken, it takes in no other way: it is like one character.
        return ((0, _LAST),)
    if kind is op.RANGE:
        return (value,)
    if kind is op.CATEGORY:
        # Of a negated one it is enough that it takes much.
        return _CATEGORIES.get(value, ((0, _LAST),))
    if kind is op.IN:
        parts = [_ranges(*each) or () for each in value if each[0] is not op.NEGATE]
        taken = tuple(sorted(one for part in parts for one in part))
        return _all_but(taken) if value[0][0] is op.NEGATE else taken
    return None


def _all_but(taken: Ranges) -> Ranges:
    found, begin = [], 0
    for low, high in sorted(taken):
        if begin < low:
            found.append((begin, low - 1))
        begin = max(begin, high + 1)
    return (*found, (begin, _LAST))


def _loops(nodes: Any, following: Any) -> Iterator[list[Any]]:
    """The sets of nodes from each of which every other one can be reached (Tarjan)."""
    index: dict[Any, int] = {}
    lowest: dict[Any, int] = {}
    waiting: list[Any] = []
    on_way: set[Any] = set()
    for root in nodes:
        if root in index:
            continue
        work = [(root, iter([*following(root)]))]
        index[root] = lowest[root] = len(index)
        waiting.append(root)
        on_way.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = lowest[other] = len(index)
                    waiting.append(other)
                    on_way.add(other)
                    work.append((other, iter([*following(other)])))
                    break
                if other in on_way:
                    lowest[node] = min(lowest[node], index[other])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                if lowest[node] == index[node]:
                    found: list[Any] = []
                    while not found or found[-1] != node:
                        found.append(waiting.pop())
                        on_way.discard(found[-1])
                    if len(found) > 1 or node in {*following(node)}:
                        yield found
