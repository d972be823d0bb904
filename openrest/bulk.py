"""Many objects in one request, all of them or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openrest.models import shapes as s

__all__ = ["Bulk"]

_PLACE = "controller.options.bulk"


class Bulk:
    """Bounds on what one request does to many objects.

        "options": {"bulk": Bulk(max_items=100)}

    A POST may then have an array of at most `max_items` objects. Raises ValueError for a bound
    that makes no sense.
    """

    def __init__(self, *, max_items: int = 1000) -> None:
        for name, bound in (("max_items", max_items),):
            if type(bound) is not int or bound < 1:
                raise ValueError(f"Bulk: {name} must be a whole number from 1 on, not {bound!r}.")
        self.max_items = max_items

    def many(self, one: s.Object | s.OneOf) -> s.List:
        """An array of what is one object otherwise."""
        return s.List(item=one, min_items=1, max_items=self.max_items)


def read_bulk(options: Mapping[str, Any]) -> tuple[Bulk | None, list[str]]:
    """What the option ``bulk`` asks for, or what is wrong with it."""
    asked = options.get("bulk", False)
    if isinstance(asked, Bulk):
        return asked, []
    if type(asked) is not bool:
        return None, [f"{_PLACE}: is neither True nor False nor a Bulk but {asked!r}."]
    return (Bulk() if asked else None), []
