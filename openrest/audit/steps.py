"""Work that is done once what has been written together is stored, and not if it is undone."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final, TypeVar

__all__ = ["after_step", "stepping"]

Made = TypeVar("Made")
Work = Callable[[], object]

#: The work that waits for the end of the step that this thread is in; None outside of one.
_WAITING: Final[ContextVar[list[Work] | None]] = ContextVar("_WAITING", default=None)


def after_step(work: Work) -> None:
    """Have the work done at the end of the outermost step, or now where there is none."""
    waiting = _WAITING.get()
    if waiting is None:
        work()
    else:
        waiting.append(work)


def stepping(together: Callable[[Callable[[], Made]], Made], step: Callable[[], Made]) -> Made:
    """What `DataStore.together` makes of a step, and then the work that has waited for its end.

    Of a step that is begun anew, or fails, what waited before does not count.
    """
    outer = _WAITING.get()
    kept: list[Work] = []

    def anew() -> Made:
        kept.clear()
        token = _WAITING.set(kept)
        try:
            return step()
        finally:
            _WAITING.reset(token)

    made = together(anew)
    for work in kept:
        if outer is None:
            work()
        else:
            outer.append(work)
    return made
