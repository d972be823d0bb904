"""What the checks of several options have in common: lists of names, and how a store is called."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from openrest.errors import did_you_mean
from openrest.interfaces import DataStore

__all__ = ["Names", "store_name", "verb_hint"]

_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def store_name(store: type[DataStore] | DataStore) -> str:
    """The name of a store's class, by which its author knows it."""
    return store.__name__ if isinstance(store, type) else type(store).__name__


def verb_hint(verb: Any, known: Collection[str]) -> str:
    """What was probably meant by a verb that is none of those `known`, which a resource serves."""
    if verb in _VERBS:
        return f" The resource does not serve {verb}: leave it out, or add it to its verbs."
    return did_you_mean(str(verb).upper(), known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Which fields an option may name, and why not the others.

    `known` are those that answers show, `hidden` the others that are stored; of those that are
    known, the option can do something with the ones that are `able`.
    """

    known: Collection[str]
    hidden: Collection[str]
    able: Collection[str]
    why_not_hidden: str
    why_not_able: str
    or_true: bool = False

    def mistakes(self, names: Any) -> Iterator[str]:
        """What is wrong with the names: a sentence for each mistake."""
        if isinstance(names, str) or not isinstance(names, Sequence):
            kind = "neither True nor a list" if self.or_true else "no list"
            yield f"is {kind} of names but {names!r}."
            return
        for name in names:
            if name in self.hidden:
                yield f"{name!r}: {self.why_not_hidden}"
            elif name not in self.known:
                yield f"{name!r}: the model has no such field.{did_you_mean(str(name), self.known)}"
            elif name not in self.able:
                yield f"{name!r}: {self.why_not_able}"
        if len(set(map(str, names))) < len(names):
            yield "a field is there twice."
