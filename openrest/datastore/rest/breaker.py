"""A circuit breaker: who has failed again and again is left alone for a while."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from openrest.errors import StoreUnavailable

__all__ = ["Breaker", "Failure"]


class Failure(Exception):
    """What counts as a failure, as its cause; it does not leave the breaker."""


class Breaker:
    """Lets calls through, until `failures` of them in a row have failed.

    Then none goes through for `seconds`, and after them one, as a trial: where it fails, too, the
    pause begins anew; otherwise all is as before. `clock` gives seconds.
    """

    def __init__(self, failures: int, seconds: float, clock: Callable[[], float]) -> None:
        self._failures, self._seconds, self._clock = failures, seconds, clock
        self._failed = 0
        self._until = 0.0
        self._tried = False
        self._lock = threading.Lock()

    @contextmanager
    def call(self, name: str) -> Iterator[None]:
        """One call; StoreUnavailable where none may be made. A `Failure` within is its cause."""
        trial = self._admit(name)
        try:
            yield
        except Failure as failure:
            self._note_failure()
            cause = failure.__cause__
            assert cause is not None, "a Failure is raised from what it means"  # nosec B101
            raise cause from cause.__cause__
        except BaseException:
            # Nothing is known of the other side: the next one is the trial.
            if trial:
                self._release()
            raise
        self._note_success()

    def _admit(self, name: str) -> bool:
        with self._lock:
            if self._failed < self._failures:
                return False
            wait = self._until - self._clock()
            if wait > 0 or self._tried:
                raise StoreUnavailable(
                    f"{name} has failed {self._failed} times in a row and is left alone for now",
                    max(1, math.ceil(wait)),
                )
            self._tried = True
            return True

    def _note_failure(self) -> None:
        with self._lock:
            self._failed += 1
            self._tried = False
            if self._failed >= self._failures:
                self._until = self._clock() + self._seconds

    def _note_success(self) -> None:
        with self._lock:
            self._failed = 0
            self._tried = False

    def _release(self) -> None:
        with self._lock:
            self._tried = False
