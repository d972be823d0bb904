"""Asks no server again that has just not answered: a server that hangs must not hang requests."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

__all__ = ["Circuit"]

log = logging.getLogger("openrest")


class Circuit:
    """Whether a server may be asked: not for so many `seconds` after it has failed.

    Then one request asks, and as long as it waits for the answer no other does. An outage is
    logged once, and its end too. `clock` gives seconds.
    """

    def __init__(
        self, name: str, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name, self._seconds, self._clock = name, seconds, clock
        #: When it may be asked again; None while all is well.
        self._again: float | None = None
        self._lock = threading.Lock()

    def may_ask(self) -> bool:
        """Whether this request may ask; it has to say then whether it `worked` or `failed`."""
        if self._again is None:
            return True
        with self._lock:
            now = self._clock()
            if self._again is not None and now < self._again:
                return False
            if self._again is not None:
                self._again = now + self._seconds
            return True

    def worked(self) -> None:
        """The server has answered."""
        if self._again is None:
            return
        with self._lock:
            was_away, self._again = self._again is not None, None
        if was_away:
            log.warning("%s is there again", self.name)

    def failed(self, reason: object) -> None:
        """The server has not answered."""
        with self._lock:
            was_away, self._again = self._again is not None, self._clock() + self._seconds
        if not was_away:
            log.warning("%s is away: %s", self.name, reason)
