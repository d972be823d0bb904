"""A store around another one, for those that change a part of what the other does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

from openrest.interfaces import Change, Check, DataStore, Once, Record
from openrest.query import Query

__all__ = ["StoreAround"]

Made = TypeVar("Made")

#: What is known of a store: all that its class says, and whose records it has.
_KNOWN: Final = (*DataStore.__annotations__, "resource", "shape", "key", "validators")


class StoreAround(DataStore):
    """Does what the store `base` can do, as it does it."""

    def __init__(self, base: DataStore) -> None:
        vars(self).update({name: getattr(base, name) for name in _KNOWN})
        self.base = base

    @property
    def innermost(self) -> DataStore:
        return self.base.innermost

    def atomic_with(self, other: DataStore) -> bool:
        return self.innermost.atomic_with(other.innermost)

    def ping(self) -> None:
        self.base.ping()

    def prepare_search(self, members: Sequence[str]) -> None:
        self.base.prepare_search(members)

    def prepare_once(self) -> None:
        self.base.prepare_once()

    def find(self, query: Query) -> Iterable[Record]:
        return self.base.find(query)

    def stream(self, query: Query) -> Iterator[Record]:
        return self.base.stream(query)

    def count(self, query: Query) -> int:
        return self.base.count(query)

    def count_up_to(self, query: Query, most: int) -> int:
        return self.base.count_up_to(query, most)

    def get(self, key: Any) -> Record:
        return self.base.get(key)

    def together(self, step: Callable[[], Made]) -> Made:
        return self.base.together(step)

    def insert(self, record: Record, check: Check | None = None) -> Record:
        return self.base.insert(record, *_given(check))

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        return self.base.insert_many(records, *_given(check))

    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        return self.base.insert_once(once, records, check)

    def recall_once(self, once: Once) -> list[Record] | None:
        return self.base.recall_once(once)

    def forget_once(self, once: Once) -> None:
        self.base.forget_once(once)

    def update(self, key: Any, change: Change) -> Record:
        return self.base.update(key, change)

    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        return self.base.update_many(query, change, most)

    def delete(self, key: Any, check: Check | None = None) -> None:
        self.base.delete(key, check)

    def delete_many(self, query: Query, most: int, check: Check | None = None) -> int:
        return self.base.delete_many(query, most, check)


def _given(check: Check | None) -> list[Check]:
    """As arguments: a store that somebody wrote may know of no check."""
    return [] if check is None else [check]
