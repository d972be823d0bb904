"""What stores have in common whose writes are steps of one transaction."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from openrest.datastore.records import Keeper, of_many
from openrest.errors import TooManyRecords
from openrest.interfaces import Change, Check, DataStore, Once, Record
from openrest.query import Query

__all__ = ["SteppedStore", "TransactionalStore"]

Made = TypeVar("Made")


class SteppedStore(DataStore):
    """Each write as steps in one transaction; a subclass says what a transaction and a step are.

    A step may be carried out more than once, and begins anew each time.
    """

    _keep: Keeper

    @abstractmethod
    def _atomically(self, step: Callable[[], Made], *, reads: bool) -> Made:
        """Carry out the step in a transaction, which an exception undoes.

        `reads` says that it runs somebody's function: what that reads has to hold until the end.
        """

    def _at_once(self, step: Callable[[], Made]) -> Made:
        """Carry out a step that is one statement, and runs nobody's function.

        Not within a `change` or `check` (ContractError).
        """
        return self._atomically(step, reads=False)

    @abstractmethod
    def _add(self, record: Record) -> Record:
        """Store a kept record, and give it its key."""

    @abstractmethod
    def _put(self, key: Any, record: Record) -> None:
        """Store a kept record in the place of the one with the key."""

    @abstractmethod
    def _remove(self, key: Any) -> None:
        """Remove the record; RecordNotFound when there is none."""

    def _locked(self, key: Any) -> Record:
        """The record, which nobody else changes until the transaction ends."""
        return self.get(key)

    def _all_locked(self, query: Query) -> list[Record]:
        """The records that meet the conditions, which nobody else changes until it ends."""
        return list(self.find(query))

    def insert(self, record: Record, check: Check | None = None) -> Record:
        if check is None:
            kept = self._keep(record)
            return self._at_once(lambda: self._add(dict(kept)))
        return self.insert_many([record], check)[0]

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        kept = [self._keep(record) for record in records]
        return self._atomically(lambda: self._add_all(kept, check), reads=check is not None)

    def update(self, key: Any, change: Change) -> Record:
        return self._atomically(lambda: self._replace(key, change(self._locked(key))), reads=True)

    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        def step() -> list[Record]:
            found = self._at_most(query, most)
            return [self._replace(record[self.key.name], change(record)) for record in found]

        return self._atomically(step, reads=True)

    def delete(self, key: Any, check: Check | None = None) -> None:
        if check is None:
            self._at_once(lambda: self._remove(key))
            return

        def step() -> None:
            check(self._locked(key))
            self._remove(key)

        self._atomically(step, reads=True)

    def delete_many(self, query: Query, most: int, check: Check | None = None) -> int:
        def step() -> int:
            found = self._at_most(query, most)
            if check is not None:
                for record in found:
                    check(copy.deepcopy(record))
            for record in found:
                self._remove(record[self.key.name])
            return len(found)

        return self._atomically(step, reads=True)

    def _add_all(self, kept: Sequence[Record], check: Check | None) -> list[Record]:
        if check is not None:
            for index, record in enumerate(kept):
                with of_many(index):
                    check(copy.deepcopy(record))
        made = []
        for index, record in enumerate(kept):
            with of_many(index):
                # A copy: the key of a step that was undone is not that of the next one.
                made.append(self._add(dict(record)))
        return made

    def _replace(self, key: Any, record: Record) -> Record:
        new = self._keep.instead(key, record)
        self._put(key, new)
        return new

    def _at_most(self, query: Query, most: int) -> list[Record]:
        found = self._all_locked(Query(query.conditions, limit=most + 1))
        if len(found) > most:
            raise TooManyRecords(most)
        return found


class TransactionalStore(SteppedStore):
    """Keeps the keys of requests, too: in the transaction that stores their records."""

    @abstractmethod
    def _remember(self, once: Once, records: Sequence[Record]) -> None:
        """Note in the transaction that the request has stored these records."""

    def _claim(self, once: Once) -> None:
        """See to it, before anything is stored, that the same request waits for this one."""

    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        kept = [self._keep(record) for record in records]

        def step() -> tuple[list[Record], bool]:
            known = self.recall_once(once)
            if known is not None:
                return known, True
            self._claim(once)
            made = self._add_all(kept, check)
            self._remember(once, made)
            return made, False

        return self._atomically(step, reads=check is not None)
