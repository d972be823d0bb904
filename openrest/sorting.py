"""The order of a list, and the query parameter that chooses it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Final

from openrest.contract import Contribution, Parameter
from openrest.interfaces import CallView, DataStore
from openrest.models import shapes as s
from openrest.models.walking import bare
from openrest.options import Names, store_name
from openrest.query import Order

__all__ = ["SORT", "Sorting", "read_sorting"]

#: The parameter that chooses the order.
SORT: Final = "sort"

#: Its key in a call, which an author's own parameter called ``sort`` does not have.
_KEY: Final = ":sort"

#: The kinds of values that objects can be sorted by.
_SORTED: tuple[type[s.Shape], ...] = (s.Boolean, *s.ORDERED)


class Sorting:
    """``?sort=-age,name``: by age, the highest first, and those of one age by name.

    `names` are the fields that a client may sort by, `default` the order where none is asked for,
    in the same form: ``["-age", "name"]``. Objects without a value come last, in either
    direction, and the store completes every order with the key, so that pages are stable.
    """

    def __init__(self, shape: s.Object, names: Sequence[str], default: Sequence[str] = ()) -> None:
        wires = {name: shape.member(name).wire for name in names}
        #: In JSON -> the order that it stands for.
        self._orders = {
            f"{sign}{wire}": Order(name, bool(sign))
            for name, wire in wires.items()
            for sign in ("", "-")
        }
        self.default = tuple(Order(text.removeprefix("-"), text[0] == "-") for text in default)
        #: The default in the words of the document: "`age` (descending), `name`"; "" without one.
        self.shown = ", ".join(
            f"`{shape.member(order.member).wire}`{' (descending)' if order.descending else ''}"
            for order in self.default
        )

    def contribution(self) -> Contribution:
        """The parameter, where there is a field to choose."""
        if not self._orders:
            return Contribution()
        choice = s.Choice(pairs=tuple(self._orders.items()))
        return Contribution(
            description=f"`{SORT}` chooses another order.",
            parameters=(
                Parameter(
                    name=_KEY,
                    wire=SORT,
                    shape=s.List(item=choice, min_items=1, max_items=len(self._orders) // 2),
                    description="The order of the objects, by one member after the other; "
                    "descending with - before it",
                ),
            ),
        )

    def without(self, hidden: Collection[str]) -> Sorting:
        """The same without the choice of the fields in `hidden`."""
        kept = copy(self)
        kept._orders = {
            text: order for text, order in self._orders.items() if order.member not in hidden
        }
        return kept

    def order(self, call: CallView) -> tuple[Order, ...]:
        """The order that the call asks for, or the default."""
        asked: Sequence[Order] | None = call.query.get(_KEY)
        return self.default if asked is None else tuple(asked)


def sortable(shape: s.Object) -> list[str]:
    """The fields that objects can be sorted by, by their names in records."""
    return [
        member.name
        for member in shape.members
        if member.compute is None
        and not member.write_only
        and isinstance(bare(member.shape), _SORTED)
        # Commas stand between the names, and a sign before them.
        and not member.wire.startswith("-")
        and "," not in member.wire
    ]


def read_sorting(
    options: Mapping[str, Any],
    shown: s.Object,
    hidden: set[str],
    store: type[DataStore] | DataStore,
) -> tuple[Sorting | None, list[str]]:
    """What the options ``sorting`` and ``default_sort`` ask for, or every mistake in them.

    `shown` are the members that answers show, `hidden` the names of the others that are stored.
    """
    if "sorting" not in options and "default_sort" not in options:
        return None, []
    asked, default = options.get("sorting", ()), options.get("default_sort", ())
    able = sortable(shown)
    check = Names(
        known=[member.name for member in shown.members],
        hidden=hidden,
        able=able,
        why_not_hidden="answers do not show this field, and an order would.",
        why_not_able="its values have no order.",
        or_true=True,
    )
    names = able if asked is True else asked
    mistakes = [f"controller.options.sorting: {mistake}" for mistake in check.mistakes(names)]
    mistakes += [
        f"controller.options.default_sort: {mistake}"
        for mistake in replace(check, or_true=False).mistakes(_unsigned(default))
    ]
    if not store.sortable:
        mistakes.append(f"controller.options.sorting: {store_name(store)} cannot sort.")
    return (None, mistakes) if mistakes else (Sorting(shown, names, default), [])


def _unsigned(names: Any) -> Any:
    """The names of an order without their signs; what is no list of names as it is."""
    if isinstance(names, str) or not isinstance(names, Sequence):
        return names
    return [str(name).removeprefix("-") for name in names]
