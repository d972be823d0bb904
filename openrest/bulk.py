"""Many objects in one request, all of them or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from openrest import messages as msg
from openrest.contract import Contribution, ResponseSpec
from openrest.errors import Conflict
from openrest.messages import say
from openrest.models import shapes as s
from openrest.query import AnyOf, Query, Test

__all__ = ["Bulk"]

_AFFECTED: Final = s.Object(
    members=(
        s.Member(
            name="affected",
            wire="affected",
            shape=s.Integer(minimum=0),
            required=True,
            description="How many objects there were",
        ),
    )
)
_EXAMPLE: Final = {"affected": 1}
_PLACE: Final = "controller.options.bulk"


class Bulk:
    """Bounds on what one request does to many objects.

        "options": {"bulk": Bulk(max_items=100)}

    A POST may then have an array of at most `max_items` objects, and a PATCH or DELETE of a list
    may be about at most `max_affected` of those that its filters find. A PATCH is carried out for
    each of them, so the bytes of the patch as JSON times the objects are at most
    `max_patched_bytes`, unless it is about one. Raises ValueError for a bound that makes no sense.
    """

    def __init__(
        self,
        *,
        max_items: int = 1000,
        max_affected: int = 1000,
        max_patched_bytes: int = 2_000_000,
    ) -> None:
        bounds = {
            "max_items": max_items,
            "max_affected": max_affected,
            "max_patched_bytes": max_patched_bytes,
        }
        for name, bound in bounds.items():
            if type(bound) is not int or bound < 1:
                raise ValueError(f"Bulk: {name} must be a whole number from 1 on, not {bound!r}.")
        self.max_items = max_items
        self.max_affected = max_affected
        self.max_patched_bytes = max_patched_bytes

    def contribution(self, handler: str) -> Contribution:
        """What it adds to the operation of this handler of a controller."""
        if handler == "create":
            return Contribution(
                description=f"An array of at most {self.max_items} objects creates all of them or "
                "none; its answer is an array, and has no `Location`."
            )
        if handler not in ("patch_many", "delete_many"):
            return Contribution()
        refused = f"about more than {self.max_affected} objects"
        why = f"there are more than {self.max_affected} of them"
        if handler == "patch_many":
            heavy = f"times the bytes of the patch as JSON, are more than {self.max_patched_bytes}"
            refused += f", or about several that, {heavy}"
            why += f", or several that, {heavy}"
        return Contribution(
            description="A request without any filter is refused, and so is one "
            f"{refused}: then nothing is done.",
            responses=(
                ResponseSpec(
                    status=409,
                    description=f"No filter says which objects are meant, or {why}",
                    example=Conflict(say(msg.NO_FILTER)),
                ),
            ),
        )

    def affected(self, description: str) -> ResponseSpec:
        """The answer that says how many objects it was."""
        return ResponseSpec(
            status=200, description=description, content="value", shape=_AFFECTED, example=_EXAMPLE
        )

    def query(self, tests: tuple[Test, ...]) -> Query:
        """The query of a change to many objects; Conflict (409) where its tests leave out none."""
        if not any(map(_narrows, tests)):
            raise Conflict(say(msg.NO_FILTER))
        return Query(tests)

    def most_patched(self, size: int) -> int:
        """How many objects a patch of so many bytes may be about."""
        return min(self.max_affected, max(1, self.max_patched_bytes // size))

    def many(self, one: s.Object | s.OneOf) -> s.List:
        """An array of what is one object otherwise."""
        return s.List(item=one, min_items=1, max_items=self.max_items)


def _narrows(test: Test) -> bool:
    """Whether there can be an object that does not pass: an alternative without tests, all do."""
    return not isinstance(test, AnyOf) or all(test.alternatives)


def read_bulk(options: Mapping[str, Any]) -> tuple[Bulk | None, list[str]]:
    """What the option ``bulk`` asks for, or what is wrong with it."""
    asked = options.get("bulk", False)
    if isinstance(asked, Bulk):
        return asked, []
    if type(asked) is not bool:
        return None, [f"{_PLACE}: is neither True nor False nor a Bulk but {asked!r}."]
    return (Bulk() if asked else None), []
