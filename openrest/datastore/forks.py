"""What objects that live as long as a store have to do when the process is forked."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Literal, TypeVar

__all__ = ["at_each_fork"]

Thing = TypeVar("Thing")


def at_each_fork(
    thing: Thing, act: Callable[[Thing], object], *, when: Literal["before", "after_in_child"]
) -> None:
    """Have `act` done with the thing at each fork, as long as somebody else keeps the thing.

    `act` must not keep it: it is a function of the class, not a method of the thing.
    """
    known = weakref.ref(thing)

    def hook() -> None:
        found = known()
        if found is not None:
            act(found)

    if not hasattr(os, "register_at_fork"):
        return  # Windows has no fork
    if when == "before":
        os.register_at_fork(before=hook)
    else:
        os.register_at_fork(after_in_child=hook)
