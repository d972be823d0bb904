"""A process that uses up a limit together with others; it imports little, so it is there soon."""

from __future__ import annotations

import multiprocessing
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from openrest.errors import StoreUnavailable
from openrest.ratelimit import RedisStorage, Use
from openrest.ratelimit.strategies import STRATEGIES, StrategyName

__all__ = ["PROCESSES", "Together", "processes"]

PROCESSES = 8
#: Far more than anything takes on a busy machine.
PATIENCE = 60


@dataclass
class Together:
    """What all of the processes have found so far, and the seconds since they began."""

    allowed: Any
    away: Any
    answers: Any
    stop: Any
    begun: float
    passed: float = 0

    def wait_until(self, done: Callable[[], bool]) -> None:
        """Wait for something that they do."""
        deadline = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < deadline
            time.sleep(0.01)


def _attempts(
    url: str, prefix: str, kind: StrategyName, quota: int, window: int, begin: Any, found: Together
) -> None:
    storage = RedisStorage(url, prefix=prefix, retry_seconds=0.05, timeout_seconds=PATIENCE)
    uses = [Use("all", STRATEGIES[kind](quota, window), 1)]
    begin.wait(PATIENCE)
    while not found.stop.is_set():
        try:
            wait = storage.take(uses)[0].wait
        except StoreUnavailable:
            with found.away.get_lock():
                found.away.value += 1
            time.sleep(0.01)
            continue
        with found.answers.get_lock():
            found.answers.value += 1
        if not wait:
            with found.allowed.get_lock():
                found.allowed.value += 1


@contextmanager
def processes(url: str, kind: StrategyName, quota: int, window: int) -> Iterator[Together]:
    """Processes that use up one limit meanwhile, as fast as they can."""
    context = multiprocessing.get_context("spawn")
    found = Together(
        allowed=context.Value("i", 0),
        away=context.Value("i", 0),
        answers=context.Value("i", 0),
        stop=context.Event(),
        begun=0,
    )
    begin = context.Barrier(PROCESSES + 1)
    arguments = (url, f"openrest-test-{uuid.uuid4()}", kind, quota, window, begin, found)
    workers = [context.Process(target=_attempts, args=arguments) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    try:
        found.begun = time.monotonic()
        begin.wait(PATIENCE)
        yield found
        found.stop.set()
        for worker in workers:
            worker.join(PATIENCE)
            assert worker.exitcode == 0
        found.passed = time.monotonic() - found.begun
    finally:
        for worker in workers:
            worker.kill()
