"""The search of a list by words, and the query parameter that has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from openrest.contract import Contribution, Parameter
from openrest.interfaces import CallView, DataStore
from openrest.models import shapes as s
from openrest.models.walking import bare
from openrest.options import Names, store_name
from openrest.query import Search

__all__ = ["Q", "Searching", "read_search"]

#: The parameter that has the words.
Q: Final = "q"

#: Its key in a call, which an author's own parameter called ``q`` does not have.
_KEY: Final = ":q"

#: So many characters can be asked for, and so a hundred words at most.
LONGEST: Final = 200

_PLACE: Final = "controller.options.search"


class Searching:
    """``?q=two words``: objects in which a word begins with "two" and one with "words".

    `names` are the fields in which they may be; `openrest.query.Search` says what a word is.
    """

    def __init__(self, shape: s.Object, names: Sequence[str]) -> None:
        self.members = tuple(names)
        self._shape = shape
        self._shown = " or ".join(f"`{shape.member(name).wire}`" for name in names)

    def contribution(self) -> Contribution:
        """The parameter, and a sentence on it."""
        return Contribution(
            description=f"`{Q}` searches for words in {self._shown}.",
            parameters=(
                Parameter(
                    name=_KEY,
                    wire=Q,
                    shape=s.String(min_length=1, max_length=LONGEST),
                    description="Only objects that have all of these words, in any case of "
                    f"letters: each begins a word of {self._shown}. Words are letters and digits; "
                    "without any, nothing is found",
                ),
            ),
        )

    def within(self, names: Sequence[str]) -> Searching | None:
        """The search in these fields alone; None where there are none."""
        return Searching(self._shape, names) if names else None

    def tests(self, call: CallView) -> tuple[Search, ...]:
        """The test that the call asks for, if it does."""
        text: str | None = call.query.get(_KEY)
        return () if text is None else (Search(self.members, text),)


def read_search(
    options: Mapping[str, Any],
    shown: s.Object,
    hidden: set[str],
    store: type[DataStore] | DataStore,
) -> tuple[Searching | None, list[str]]:
    """What the option ``search`` asks for, or every mistake in it.

    `shown` are the members that answers show, `hidden` the names of the others that are stored.
    """
    if "search" not in options:
        return None, []
    names = options["search"]
    check = Names(
        known=[member.name for member in shown.members],
        hidden=hidden,
        able=[
            member.name
            for member in shown.members
            if member.compute is None and isinstance(bare(member.shape), s.String)
        ],
        why_not_hidden="answers do not show this field, and a search would give it away.",
        why_not_able="it is no text that is stored.",
    )
    mistakes = [f"{_PLACE}: {mistake}" for mistake in check.mistakes(names)]
    if not mistakes and not names:
        mistakes.append(f"{_PLACE}: names no field: leave it out.")
    if not store.searchable:
        mistakes.append(f"{_PLACE}: {store_name(store)} cannot search.")
    return (None, mistakes) if mistakes else (Searching(shown, names), [])
