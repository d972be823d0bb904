"""What becomes known of one request while it is answered, for those who watch."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from openrest.interfaces import User
from openrest.observability.traces import Trace

__all__ = ["CURRENT_EXCHANGE", "Exchange", "Observer", "current_trace", "printable"]


@dataclass(slots=True)
class Exchange:
    """One request and its answer, as far as they have come.

    `operation` is the id of the row and `path` its template; both are empty where there is none.
    `bytes` are those of the body that the server has taken, and `complete` says that these are
    all. Without a status from the application a server answers 500.
    """

    environ: dict[str, Any]
    trace: Trace | None = None
    operation: str = ""
    path: str = ""
    user: User | None = None
    status: int = 500
    bytes: int = 0
    complete: bool = False
    #: Whether a store that it needed could not be reached.
    store_away: bool = False
    #: When it began: seconds since the epoch, and nanoseconds of a clock that nobody sets.
    at: float = field(default_factory=time.time)
    began: int = field(default_factory=time.perf_counter_ns)
    nanoseconds: int = 0

    def end(self) -> None:
        """Note how long it took."""
        self.nanoseconds = time.perf_counter_ns() - self.began

    @property
    def request_id(self) -> str | None:
        """What others call this request, where something in front has given it a name."""
        name = self.environ.get("openrest.request_id")
        return name if isinstance(name, str) else None

    @property
    def user_id(self) -> str | None:
        """The id of the user as text; None where nobody is known."""
        return None if self.user is None else str(self.user["id"])


class Observer(Protocol):
    """Is told of each exchange twice, by whichever thread has it."""

    def began(self, exchange: Exchange) -> None:
        """Called before anything of the request is read."""

    def ended(self, exchange: Exchange) -> None:
        """Called when its body has been sent, or will not be."""


#: The request that is being answered, where somebody watches.
CURRENT_EXCHANGE: Final[ContextVar[Exchange | None]] = ContextVar("CURRENT_EXCHANGE", default=None)


def current_trace() -> Trace | None:
    """The trace of the request that is being answered; None where nobody traces.

    For the lines of a log of one's own, and for what a handler asks of other servers:
    ``requests.get(url, headers=current_trace().headers())``.
    """
    exchange = CURRENT_EXCHANGE.get()
    return None if exchange is None else exchange.trace


def printable(text: str, most: int) -> str:
    """The text for a log: no control characters, no half of a surrogate pair, and not endless.

    A terminal obeys some of them, and others hide or turn round what stands beside them.
    """
    text = text[:most]
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
