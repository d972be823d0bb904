"""How a limit counts: three strategies, each a few whole numbers and nothing but arithmetic.

Times are whole milliseconds. `openrest.ratelimit.script` says the same in Lua, for Redis.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Final, Literal

__all__ = [
    "EXACT",
    "STRATEGIES",
    "FixedWindow",
    "MovingWindow",
    "State",
    "Strategy",
    "StrategyName",
    "TokenBucket",
]

StrategyName = Literal["fixed-window", "moving-window", "token-bucket"]

#: What has been used, in the words of a strategy; nothing where all is there.
State = tuple[int, ...]

#: In so many steps a window moves, and so many numbers it needs at most.
_STEPS: Final = 60
#: Up to here whole numbers are exact in a double, which is what Lua has.
EXACT: Final = 2**53


@dataclass(frozen=True, slots=True)
class Strategy(ABC):
    """Counts the use of a `quota` in a `window` of milliseconds.

    A state is handed in and a new one comes back, so that storages decide where they keep it.
    """

    quota: int
    window: int

    kind: ClassVar[StrategyName]

    @property
    def step(self) -> int:
        """The milliseconds between two times that it tells apart."""
        return 1

    @abstractmethod
    def current(self, state: State, now: int) -> State:
        """What of a state still counts."""

    @abstractmethod
    def wait(self, state: State, now: int, cost: int) -> int:
        """For how long a current state has no room for the cost; 0 where it has."""

    @abstractmethod
    def use(self, state: State, now: int, cost: int) -> State:
        """The current state once the cost is used."""

    @abstractmethod
    def available(self, state: State) -> int:
        """What is left in a current state."""

    @abstractmethod
    def more_after(self, state: State, now: int) -> int:
        """For how long there is no more than that; 0 where all is there."""


class FixedWindow(Strategy):
    """At most the quota in each window, the first of which begins with the first use.

    So between two windows twice the quota may be used within one. The state is the end of the
    window and what has been used in it.
    """

    __slots__ = ()
    kind = "fixed-window"

    def current(self, state: State, now: int) -> State:
        return state if state and now < state[0] else ()

    def wait(self, state: State, now: int, cost: int) -> int:
        return 0 if cost <= self.available(state) else state[0] - now

    def use(self, state: State, now: int, cost: int) -> State:
        end, used = state or (now + self.window, 0)
        return (end, used + cost)

    def available(self, state: State) -> int:
        return self.quota - state[1] if state else self.quota

    def more_after(self, state: State, now: int) -> int:
        return state[0] - now if state else 0


class MovingWindow(Strategy):
    """At most the quota in any time as long as the window.

    A quota of more than 60 is counted in steps of a 60th of the window: what is used counts for up
    to a step longer, never shorter, and 62 pairs of numbers are the most that a state has. Each
    pair is a time and what counts until then, in their order.
    """

    __slots__ = ()
    kind = "moving-window"

    @property
    def step(self) -> int:
        return 1 if self.quota <= _STEPS else -(-self.window // _STEPS)

    def current(self, state: State, now: int) -> State:
        place = 0
        while place < len(state) and state[place] <= now:
            place += 2
        return state[place:]

    def wait(self, state: State, now: int, cost: int) -> int:
        needed = cost - self.available(state)
        if needed <= 0:
            return 0
        place = 0
        while needed > state[place + 1]:
            needed -= state[place + 1]
            place += 2
        return state[place] - now

    def use(self, state: State, now: int, cost: int) -> State:
        # As if it were at the end of its step: so it counts for no less than a window.
        until = (now // self.step + 1) * self.step - 1 + self.window
        if not state or until > state[-2]:
            return (*state, until, cost)
        return (*state[:-1], state[-1] + cost)

    def available(self, state: State) -> int:
        return self.quota - sum(state[1::2])

    def more_after(self, state: State, now: int) -> int:
        return state[0] - now if state else 0


class TokenBucket(Strategy):
    """A bucket that holds the quota and fills up steadily, from empty to full in a window.

    So the whole quota may be used at once, and then as much as comes in. The state is what is in
    the bucket, in parts of a token of which the quota comes in each millisecond, and the time at
    which that was so.
    """

    __slots__ = ()
    kind = "token-bucket"

    def current(self, state: State, now: int) -> State:
        if not state:
            return ()
        level, at = state
        # A clock that was put back fills nothing up until it is where it was.
        level += max(0, now - at) * self.quota
        return () if level >= self.quota * self.window else (level, max(at, now))

    def wait(self, state: State, now: int, cost: int) -> int:
        return self._until(state, now, cost * self.window)

    def use(self, state: State, now: int, cost: int) -> State:
        level, at = state or (self.quota * self.window, now)
        return (level - cost * self.window, at)

    def available(self, state: State) -> int:
        return state[0] // self.window if state else self.quota

    def more_after(self, state: State, now: int) -> int:
        return self._until(state, now, (self.available(state) + 1) * self.window) if state else 0

    def _until(self, state: State, now: int, wanted: int) -> int:
        """In how long so much is in the bucket."""
        level, at = state or (self.quota * self.window, now)
        return -(-(wanted - level) // self.quota) + at - now if wanted > level else 0


#: By the name in ``RateLimit(..., strategy="...")``.
STRATEGIES: Final[dict[StrategyName, type[Strategy]]] = {
    cls.kind: cls for cls in (FixedWindow, MovingWindow, TokenBucket)
}
