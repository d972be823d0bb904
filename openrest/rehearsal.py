"""Writes that are carried out and undone, to see whether they would succeed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

__all__ = ["rehearsal", "rehearsing"]

_REHEARSING: Final[ContextVar[bool]] = ContextVar("_REHEARSING", default=False)


@contextmanager
def rehearsal() -> Iterator[None]:
    """Within it, each write to a store that `rehearses` is undone before it returns.

    It holds for what the thread does that enters it, and for its stores alone: a mail that is
    sent meanwhile is sent.
    """
    token = _REHEARSING.set(True)
    try:
        yield
    finally:
        _REHEARSING.reset(token)


def rehearsing() -> bool:
    """Whether what this thread writes is to be undone."""
    return _REHEARSING.get()
