"""Counts in memory: shared by threads, and bounded whoever comes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from openrest.ratelimit import MemoryStorage, RateLimit, Use
from openrest.ratelimit.strategies import STRATEGIES, StrategyName
from tests.needs import CI
from tests.ratelimit.apis import caller, notes
from tests.ratelimit.test_strategies import Clock

KINDS = pytest.mark.parametrize("kind", STRATEGIES)
THREADS = 8


@KINDS
def test_threads_are_allowed_exactly_the_quota_together(kind: StrategyName) -> None:
    memory, strategy = MemoryStorage(), STRATEGIES[kind](1000, 86_400_000)
    begin = threading.Barrier(THREADS)

    def take() -> int:
        begin.wait()
        return sum(memory.take([Use("a", strategy, 1)])[0].wait == 0 for _ in range(500))

    with ThreadPoolExecutor(THREADS) as pool:
        allowed = sum(future.result() for future in [pool.submit(take) for _ in range(THREADS)])
    # In a bucket a token comes in every 86 seconds.
    assert 1000 <= allowed <= (1001 if kind == "token-bucket" else 1000)


@KINDS
def test_no_window_has_more_however_many_threads_there_are(kind: StrategyName) -> None:
    clock = Clock()
    memory, strategy = MemoryStorage(clock=clock), STRATEGIES[kind](100, 1000)
    begin = threading.Barrier(THREADS)
    allowed: list[int] = []

    def take() -> None:
        begin.wait()
        for _ in range(1000):
            before = clock.now
            if not memory.take([Use("a", strategy, 1)])[0].wait:
                allowed.append(before)
            clock.now += 1  # threads may lose some of it, and none goes back

    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(take) for _ in range(THREADS)]:
            future.result()
    span = clock.now - Clock().now
    assert 100 <= len(allowed) <= 100 * (span // 1000 + 2)


def test_hostile_addresses_do_not_fill_the_memory() -> None:
    memory = MemoryStorage(max_keys=50)
    limit = RateLimit("9/day", storage=memory)
    api = caller(notes(limit))
    for number in range(200):
        api.address = f"10.0.{number // 256}.{number % 256}"
        assert api.get("/notes").status == 200
    assert len(memory) == 50


@KINDS
def test_who_has_used_much_is_not_forgotten_for_those_who_have_used_little(
    kind: StrategyName,
) -> None:
    memory, strategy = MemoryStorage(max_keys=100), STRATEGIES[kind](10, 86_400_000)
    for _ in range(10):
        memory.take([Use("busy", strategy, 1)])
    for number in range(20_000 if CI else 3000):
        memory.take([Use(f"hostile {number}", strategy, 1)])
    assert memory.take([Use("busy", strategy, 1)])[0].wait > 0
    assert len(memory) == 100


@KINDS
def test_what_is_over_is_forgotten_as_others_come(kind: StrategyName) -> None:
    clock = Clock()
    memory, strategy = MemoryStorage(clock=clock), STRATEGIES[kind](10, 60_000)
    for number in range(1000):
        memory.take([Use(str(number), strategy, 1)])
    clock.now += 120_000
    for number in range(600):
        memory.take([Use(f"later {number}", strategy, 1)])
    assert len(memory) <= 601


def test_looking_at_a_limit_keeps_nothing() -> None:
    memory, strategy = MemoryStorage(), STRATEGIES["fixed-window"](10, 60_000)
    for number in range(100):
        memory.take([Use(str(number), strategy, 0)])
    assert len(memory) == 0


@pytest.mark.parametrize("most", [0, -1, 1.5, True, "9"])
def test_what_is_no_number_of_keys_is_refused(most: int) -> None:
    with pytest.raises(ValueError, match="max_keys must be at least 1, not"):
        MemoryStorage(max_keys=most)
