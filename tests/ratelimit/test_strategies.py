"""No strategy allows more than its definition, nor less, in memory and in Redis alike."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from openrest.ratelimit import Count, MemoryStorage, RedisStorage, Storage, Use
from openrest.ratelimit.strategies import STRATEGIES, Strategy, StrategyName
from tests.ratelimit.servers import redis_url

#: Times are whole milliseconds here.
WINDOWS = (1_000, 60_000, 86_400_000)
KINDS = pytest.mark.parametrize("kind", STRATEGIES)


@dataclass
class Clock:
    """Gives seconds, and is set in milliseconds."""

    now: int = 1_700_000_000_000

    def __call__(self) -> float:
        # Halfway to the next one, so that no rounding of a float makes it another.
        return (self.now + 0.5) / 1000


@dataclass
class Counted:
    """One limit in one storage, whose clock the test sets."""

    storage: Storage
    strategy: Strategy
    clock: Clock
    key: str = field(default_factory=lambda: str(uuid.uuid4()))

    def take(self, cost: int) -> Count:
        [count] = self.storage.take([Use(self.key, self.strategy, cost)])
        return count


def in_memory(strategy: Strategy) -> Counted:
    clock = Clock()
    return Counted(MemoryStorage(clock=clock), strategy, clock)


@dataclass(frozen=True)
class Drawn:
    quota: int
    window: int
    #: Each a time to wait and a cost.
    steps: Sequence[tuple[int, int]]


@st.composite
def sequences(draw: st.DrawFn, *, least: int = 0) -> Drawn:
    quota = draw(st.one_of(st.integers(1, 12), st.integers(61, 400)))
    window = draw(st.sampled_from(WINDOWS))
    waits = st.one_of(
        st.just(0),
        st.integers(least * window, window // 20),
        st.integers(least * window, 2 * window),
    )
    costs = st.integers(0, quota) if quota < 60 else st.integers(0, quota // 3)
    return Drawn(quota, window, draw(st.lists(st.tuples(waits, costs), min_size=1, max_size=25)))


@dataclass(frozen=True)
class Event:
    at: int
    cost: int
    allowed: bool


def events(counted: Counted, drawn: Drawn) -> list[Event]:
    found = []
    for wait, cost in drawn.steps:
        counted.clock.now += wait
        found.append(Event(counted.clock.now, cost, counted.take(cost).wait == 0))
    return found


def of_fixed_windows(drawn: Drawn, seen: Sequence[Event], step: int) -> Iterator[bool]:
    """Whether each request is allowed by the definition."""
    end, used = 0, 0
    for event in seen:
        if event.at >= end:
            end, used = 0, 0
        allowed = used + event.cost <= drawn.quota
        if allowed and event.cost:
            end, used = end or event.at + drawn.window, used + event.cost
        yield allowed


def of_moving_windows(drawn: Drawn, seen: Sequence[Event], step: int) -> Iterator[bool]:
    """The same; each step of a window counts as if all of it were at the end of the step."""
    for place, event in enumerate(seen):
        used = 0
        for earlier in seen[:place]:
            if earlier.allowed:
                until = -(-(earlier.at + 1) // step) * step - 1 + drawn.window
                used += earlier.cost if event.at < until else 0
        yield used + event.cost <= drawn.quota


def of_token_buckets(drawn: Drawn, seen: Sequence[Event], step: int) -> Iterator[bool]:
    """The same, with fractions."""
    level, at = Fraction(drawn.quota), 0
    for event in seen:
        level += Fraction((event.at - at) * drawn.quota, drawn.window)
        level, at = min(level, Fraction(drawn.quota)), event.at
        allowed = level >= event.cost
        level -= event.cost if allowed else 0
        yield allowed


DEFINITIONS = {
    "fixed-window": of_fixed_windows,
    "moving-window": of_moving_windows,
    "token-bucket": of_token_buckets,
}


@KINDS
@given(drawn=sequences())
def test_a_strategy_allows_what_its_definition_allows(kind: StrategyName, drawn: Drawn) -> None:
    strategy = STRATEGIES[kind](drawn.quota, drawn.window)
    seen = events(in_memory(strategy), drawn)
    expected = list(DEFINITIONS[kind](drawn, seen, strategy.step))
    assert [event.allowed for event in seen] == expected


@given(drawn=sequences())
def test_no_moving_window_has_more_than_the_quota(drawn: Drawn) -> None:
    seen = events(in_memory(STRATEGIES["moving-window"](drawn.quota, drawn.window)), drawn)
    for event in seen:
        before = [e for e in seen if e.allowed and event.at - drawn.window < e.at <= event.at]
        assert sum(e.cost for e in before) <= drawn.quota


@given(drawn=sequences())
def test_no_span_of_time_has_more_than_the_bucket_and_what_came_in(drawn: Drawn) -> None:
    seen = events(in_memory(STRATEGIES["token-bucket"](drawn.quota, drawn.window)), drawn)
    for place, first in enumerate(seen):
        used = 0
        for event in seen[place:]:
            used += event.cost if event.allowed else 0
            came = Fraction((event.at - first.at) * drawn.quota, drawn.window)
            assert used <= drawn.quota + came


@KINDS
@given(drawn=sequences())
def test_what_is_said_to_be_left_is_left_for_so_long(kind: StrategyName, drawn: Drawn) -> None:
    counted = in_memory(STRATEGIES[kind](drawn.quota, drawn.window))
    events(counted, drawn)
    count = counted.take(0)
    if count.more_after:
        counted.clock.now += count.more_after - 1
        assert counted.take(0).available == count.available
        counted.clock.now += 1
        assert counted.take(0).available > count.available
    else:
        assert count.available == drawn.quota
        assert counted.take(drawn.quota).wait == 0


@KINDS
@given(drawn=sequences(), cost=st.integers(1, 400))
def test_there_is_room_after_the_wait_and_not_before(
    kind: StrategyName, drawn: Drawn, cost: int
) -> None:
    counted = in_memory(STRATEGIES[kind](drawn.quota, drawn.window))
    events(counted, drawn)
    left, cost = counted.take(0).available, min(cost, drawn.quota)
    wait = counted.take(cost).wait
    assert (wait > 0) == (cost > left)
    if wait:
        counted.clock.now += wait - 1
        assert counted.take(cost).wait == 1
        counted.clock.now += 1
        assert counted.take(cost).wait == 0


@KINDS
@given(drawn=sequences(least=-1))
def test_a_clock_that_is_put_back_gives_nothing_away(kind: StrategyName, drawn: Drawn) -> None:
    counted = in_memory(STRATEGIES[kind](drawn.quota, drawn.window))
    used = sum(event.cost for event in events(counted, drawn) if event.allowed)
    forward = sum(max(0, wait) for wait, _ in drawn.steps)
    assert used <= drawn.quota * (forward // drawn.window + 2)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[RedisStorage, Clock]]:
    """A storage in Redis with a clock of its own; nothing of it stays there."""
    url, prefix, clock = redis_url(), f"openrest-test-{uuid.uuid4()}", Clock()
    yield RedisStorage(url, prefix=prefix, clock=clock), clock
    with redis.Redis.from_url(url) as connection:
        for key in connection.scan_iter(f"{prefix}:*"):
            connection.delete(key)


@KINDS
@given(drawn=sequences(least=-1))
def test_redis_counts_as_memory_does(
    kind: StrategyName, drawn: Drawn, shared: tuple[RedisStorage, Clock]
) -> None:
    storage, clock = shared
    strategy = STRATEGIES[kind](drawn.quota, drawn.window)
    memory, server = in_memory(strategy), Counted(storage, strategy, clock)
    clock.now = memory.clock.now
    for wait, cost in drawn.steps:
        memory.clock.now += wait
        clock.now += wait
        assert server.take(cost) == memory.take(cost)


@pytest.mark.parametrize(
    ("quota", "window"), [(1, 366 * 86_400_000), (7, 60_000), (140_000, 366 * 86_400_000)]
)
@KINDS
def test_large_numbers_are_as_exact_in_redis(
    kind: StrategyName, quota: int, window: int, shared: tuple[RedisStorage, Clock]
) -> None:
    storage, clock = shared
    strategy = STRATEGIES[kind](quota, window)
    memory, server = in_memory(strategy), Counted(storage, strategy, clock)
    clock.now = memory.clock.now
    for wait in (0, 1, window // 7, 3, window - 5, 5, window * 9, 1):
        for cost in (quota - quota // 3, 1, 0, quota):
            memory.clock.now += wait
            clock.now += wait
            assert server.take(cost) == memory.take(cost)


@pytest.mark.parametrize("quota", [60, 61, 100_000])
def test_the_memory_of_a_moving_window_is_bounded(quota: int) -> None:
    strategy = STRATEGIES["moving-window"](quota, 60_000)
    state, longest = strategy.current((), 0), 0
    for now in range(0, 300_000, 50):
        state = strategy.current(state, now)
        if not strategy.wait(state, now, 1):
            state = strategy.use(state, now, 1)
        longest = max(longest, len(state) // 2)
    assert longest <= 62


@KINDS
def test_several_limits_are_used_together_or_not_at_all(
    kind: StrategyName, shared: tuple[RedisStorage, Clock]
) -> None:
    clock = Clock()
    few, many = STRATEGIES[kind](2, 60_000), STRATEGIES[kind](9, 3_600_000)
    for storage in (MemoryStorage(clock=clock), shared[0]):
        keys = [str(uuid.uuid4()), str(uuid.uuid4())]
        uses = [Use(keys[0], many, 2), Use(keys[1], few, 1)]
        left = [[count.available for count in storage.take(uses)] for _ in range(4)]
        assert left == [[7, 1], [5, 0], [5, 0], [5, 0]]
        refused = storage.take(uses)
        assert refused[0].wait == 0 and refused[1].wait > 0
