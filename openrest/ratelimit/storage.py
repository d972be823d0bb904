"""Where it is kept what has been used of limits: the seam, and the memory of a process."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, Final, NamedTuple

from openrest.ratelimit.strategies import State, Strategy

__all__ = ["Count", "MemoryStorage", "Storage", "Use"]

#: As many of those that it has are looked at for one to forget.
_LOOKED_AT: Final = 16


class Use(NamedTuple):
    """What a request is about to use of one limit: `cost`, of what is kept under the `key`."""

    key: str
    strategy: Strategy
    cost: int


class Count(NamedTuple):
    """What is left of one limit, and for how long there is no more than that.

    With a `wait` there was no room, and nothing was used; then there will be. All times are
    milliseconds.
    """

    available: int
    more_after: int
    wait: int


class Storage(ABC):
    """Keeps what has been used of limits. It is shared by all threads."""

    #: Whether it may raise StoreUnavailable.
    can_be_away: ClassVar[bool] = False
    #: Whether each process counts for itself, so that several of them allow more than the limit.
    per_process: ClassVar[bool] = False

    @abstractmethod
    def take(self, uses: Sequence[Use]) -> Sequence[Count]:
        """Use all of it where there is room for all, and otherwise nothing, as one atomic step.

        No key is there twice. Raises StoreUnavailable, and says in the log why: a request that is
        allowed all the same does not.
        """


class MemoryStorage(Storage):
    """Counts in the memory of this process, for this process alone.

    It keeps `max_keys` counts at most, so that no number of addresses fills the memory. Beyond
    that it forgets, of some that it has had for long, the one of which least has been used. `clock`
    gives seconds. Raises ValueError for a number that makes no sense.
    """

    per_process = True

    def __init__(
        self, *, max_keys: int = 100_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if type(max_keys) is not int or max_keys < 1:
            raise ValueError(f"MemoryStorage: max_keys must be at least 1, not {max_keys!r}.")
        self._most, self._clock = max_keys, clock
        #: In the order in which they were looked at last.
        self._kept: dict[str, tuple[Strategy, State]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, uses: Sequence[Use]) -> Sequence[Count]:
        with self._lock:
            now = int(self._clock() * 1000)
            # Plain loops, as in all that each request goes through: a call costs more than a step.
            states, waits, is_full = [], [], False
            for key, strategy, cost in uses:
                kept = self._kept.get(key)
                state = () if kept is None else strategy.current(kept[1], now)
                wait = strategy.wait(state, now, cost)
                states.append(state)
                waits.append(wait)
                is_full = is_full or wait > 0
            counts = []
            for (key, strategy, cost), state, wait in zip(uses, states, waits, strict=True):
                if cost and not is_full:
                    state = strategy.use(state, now, cost)
                    if key not in self._kept:
                        self._make_room(now)
                    self._kept[key] = (strategy, state)
                available, more_after = strategy.available(state), strategy.more_after(state, now)
                counts.append(Count(available, more_after, wait))
            return counts

    def _make_room(self, now: int) -> None:
        # Two for each that comes: what is over goes sooner than others come.
        self._forget(2, now)
        if len(self._kept) >= self._most:
            self._forget(_LOOKED_AT, now, one_at_least=True)

    def _forget(self, number: int, now: int, *, one_at_least: bool = False) -> None:
        """Forget what is over, of so many that have not been looked at for the longest time."""
        before = len(self._kept)
        least: tuple[float, str] | None = None
        for key in [key for key, _ in zip(self._kept, range(number), strict=False)]:
            strategy, state = self._kept.pop(key)
            state = strategy.current(state, now)
            if state:
                self._kept[key] = (strategy, state)
                used = 1 - strategy.available(state) / strategy.quota
                least = min(least or (used, key), (used, key))
        if one_at_least and len(self._kept) == before and least is not None:
            del self._kept[least[1]]
