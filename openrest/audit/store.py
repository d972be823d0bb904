"""A store around another one that leaves an entry for each write in an audit trail."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from openrest.audit.steps import after_step, stepping
from openrest.audit.trail import AuditTrail, Write, step_together
from openrest.datastore.around import StoreAround
from openrest.interfaces import Change, Check, DataStore, Once, Record
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.loading import same
from openrest.query import Query
from openrest.rehearsal import rehearsing

__all__ = ["AuditedStore"]

Made = TypeVar("Made")


class AuditedStore(StoreAround):
    """Writes what `base` writes, and who has done it.

    `name` is that of the resource, and `shape` what its model says. What nobody is shown is not in
    an entry either, nor what is computed, nor the fields that are `hidden`; those that not
    everybody is shown only where the trail has them.
    """

    def __init__(
        self,
        base: DataStore,
        trail: AuditTrail,
        name: str,
        shape: s.Object | s.OneOf,
        hidden: Collection[str] = (),
    ) -> None:
        super().__init__(base)
        self._trail = trail
        self._name = name
        self._dump = dumper(_shown(shape, hidden, guarded=trail.guarded))
        self._dump_key = dumper(self.key.shape)
        self._is_atomic = step_together(base, trail.store)

    def together(self, step: Callable[[], Made]) -> Made:
        return stepping(self.base.together, step)

    def insert(self, record: Record, check: Check | None = None) -> Record:
        return self._written(
            lambda: StoreAround.insert(self, record, check), lambda new: self._created([new])
        )

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        return self._written(lambda: StoreAround.insert_many(self, records, check), self._created)

    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        return self._written(
            lambda: StoreAround.insert_once(self, once, records, check),
            lambda made: () if made[1] else self._created(made[0]),
        )

    def update(self, key: Any, change: Change) -> Record:
        before: dict[Any, Record] = {}
        return self._written(
            lambda: StoreAround.update(self, key, self._noting(change, before)),
            lambda new: self._updated(before, [new]),
        )

    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        before: dict[Any, Record] = {}
        noting = self._noting(change, before)
        return self._written(
            lambda: StoreAround.update_many(self, query, noting, most),
            lambda records: self._updated(before, records),
        )

    def delete(self, key: Any, check: Check | None = None) -> None:
        seen: list[Record] = []
        self._written(
            lambda: StoreAround.delete(self, key, _seeing(check, seen)),
            lambda _: self._deleted(seen[-1:]),
        )

    def delete_many(self, query: Query, most: int, check: Check | None = None) -> int:
        seen: list[Record] = []
        return self._written(
            lambda: StoreAround.delete_many(self, query, most, _seeing(check, seen)),
            # A store may begin anew, and those before were not deleted then.
            lambda count: self._deleted(seen[len(seen) - count :]),
        )

    def _written(self, write: Callable[[], Made], noted: Callable[[Made], Iterable[Write]]) -> Made:
        """What the write makes, with its entries: in the same step where that can be."""
        if rehearsing():
            return write()
        if self._is_atomic:

            def step() -> Made:
                made = write()
                self._trail.add([*map(self._trail.entry, noted(made))])
                return made

            return self.together(step)
        self._trail.check()
        made = write()
        entries = [*map(self._trail.entry, noted(made))]
        if entries:
            after_step(lambda: self._trail.add_late(entries))
        return made

    def _noting(self, change: Change, before: dict[Any, Record]) -> Change:
        def noting(current: Record) -> Record:
            # A change may spoil what it is given.
            before[current[self.key.name]] = copy.deepcopy(current)
            return change(current)

        return noting

    def _created(self, records: Sequence[Record]) -> Iterator[Write]:
        return (self._write("create", None, record) for record in records)

    def _updated(self, before: Mapping[Any, Record], records: Sequence[Record]) -> Iterator[Write]:
        for record in records:
            old = before[record[self.key.name]]
            if not same(old, record):
                yield self._write("update", old, record)

    def _deleted(self, records: Sequence[Record]) -> Iterator[Write]:
        return (self._write("delete", record, None) for record in records)

    def _write(self, action: str, before: Record | None, after: Record | None) -> Write:
        either: Any = before if after is None else after
        return Write(
            action=action,
            resource=self._name,
            key=str(self._dump_key(either[self.key.name])),
            copied={name: copy.deepcopy(either.get(name)) for name in self._trail.copies},
            before=None if before is None else self._dump(before),
            after=None if after is None else self._dump(after),
        )


def _seeing(check: Check | None, seen: list[Record]) -> Check:
    """The check, which notes what it sees."""

    def noting(record: Record) -> None:
        seen.append(copy.deepcopy(record))
        if check is not None:
            check(record)

    return noting


def _shown(shape: Any, hidden: Collection[str], *, guarded: bool) -> Any:
    """What entries show of an object: a record that lacks something has an entry, too."""
    members = tuple(
        replace(member, required=False, default=s.MISSING)
        for member in shape.members
        if member.compute is None and member.name not in hidden and (guarded or not member.guarded)
    )
    if isinstance(shape, s.OneOf):
        variants = tuple(
            (kind, _shown(one, hidden, guarded=guarded)) for kind, one in shape.variants
        )
        return replace(shape, members=members, variants=variants)
    return replace(shape, members=members)
