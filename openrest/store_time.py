"""How long a request may be at its stores, however many things it asks of them."""

from __future__ import annotations

import math
import time
from contextvars import ContextVar
from typing import Final

from openrest.errors import StoreUnavailable

__all__ = ["NO_TIME_LEFT", "TIME_IS_UP", "time_left"]

NO_TIME_LEFT: Final = "the request has been at its stores for longer than max_store_seconds"

#: When the time of the request that is being answered is up, by time.monotonic().
TIME_IS_UP: Final[ContextVar[float]] = ContextVar("TIME_IS_UP", default=math.inf)


def time_left(seconds: float) -> float:
    """How many seconds there are for what begins now and may take so many.

    A store that asks another machine, or that works for long, does that within them. Raises
    StoreUnavailable where the time of the request is up. Outside of one, as in a stream that is
    being sent, there are all of the `seconds`.
    """
    left = TIME_IS_UP.get() - time.monotonic()
    if left >= seconds:
        return seconds
    if left <= 0:
        raise StoreUnavailable(NO_TIME_LEFT)
    return left
