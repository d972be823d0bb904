"""Requests that are answered as if, and write nothing: ``?dry_run=true``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

from openrest.contract import Contribution, Parameter, ResponseSpec
from openrest.interfaces import CallView, DataStore
from openrest.models import shapes as s
from openrest.options import store_name
from openrest.rehearsal import rehearsal

__all__ = ["DRY_RUN", "DryRun", "is_dry", "read_dry_run", "rehearsed"]

#: Its key in a call, which an author's own parameter called ``dry_run`` does not have.
DRY_RUN: Final = ":dry_run"
_PLACE: Final = "controller.options.dry_run"


class DryRun:
    """``?dry_run=true`` on what writes: every check of the real thing, and nothing is written.

    It is a parameter and no preference: whoever does not know a preference ignores it, and would
    write; an unknown parameter is refused.
    """

    def contribution(self, handler: str, *, creates: bool) -> Contribution:
        """What it adds to the operation of this handler of a controller, which may create."""
        if handler in ("get_list", "get"):
            return Contribution()
        said = ""
        if creates:
            said = "it would be created: what key and address it would have, nobody knows yet"
        elif handler == "delete":
            said = "it would be gone, and is there as before"
        would = ResponseSpec(status=204, description=f"With `dry_run` {said}", content="nothing")
        return Contribution(
            description="With `dry_run` everything is checked, also against what is stored, and "
            "nothing is written.",
            parameters=(
                Parameter(
                    name=DRY_RUN,
                    wire="dry_run",
                    shape=s.Boolean(),
                    default=False,
                    description="Whether to answer as if, and write nothing",
                ),
            ),
            responses=(would,) if said else (),
        )


def is_dry(call: CallView) -> bool:
    """Whether the call shall write nothing."""
    return bool(call.query.get(DRY_RUN))


def rehearsed(call: CallView) -> AbstractContextManager[None]:
    """What a handler is run in: where the call is dry, its writes are undone."""
    return rehearsal() if is_dry(call) else nullcontext()


def read_dry_run(options: Mapping[str, Any], store: Any) -> tuple[DryRun | None, list[str]]:
    """What the option ``dry_run`` asks for, or what is wrong with it."""
    asked = options.get("dry_run", False)
    if type(asked) is not bool:
        return None, [f"{_PLACE}: is neither True nor False but {asked!r}."]
    is_store = isinstance(store, DataStore) or (
        isinstance(store, type) and issubclass(store, DataStore)
    )
    if asked and is_store and not store.rehearses:
        return None, [f"{_PLACE}: {store_name(store)} cannot undo what it has written."]
    return (DryRun() if asked else None), []
