"""When a record was made, changed and deleted: a store around another one that notes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from openrest.datastore.around import StoreAround
from openrest.errors import RecordNotFound, did_you_mean
from openrest.interfaces import Change, Check, DataStore, Once, Record
from openrest.models import shapes as s
from openrest.models.walking import bare, stored_object
from openrest.options import store_name
from openrest.query import Condition, Query

__all__ = ["Lifecycle", "Times", "read_times"]

Clock = Callable[[], dt.datetime]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True, slots=True)
class Times:
    """The fields that have the times of a record, or None for those that nobody notes."""

    created_at: str | None = None
    updated_at: str | None = None
    deleted_at: str | None = None


class Lifecycle(StoreAround):
    """Notes in each record when it was made, changed last, and deleted.

        class Note(Model):
            id = PkField()
            text = StringField(required=True)
            changed = DateTimeField(dump_only=True)

        store = Lifecycle(PythonListDataStore([], Note), Times(updated_at="changed"))
        store.insert({"text": "Hello"})  # {"id": 1, "text": "Hello", "changed": ...}

    With `deleted_at` a deleted record stays in `base`, where only the author finds it: this store
    has it no longer. Its key and its unique values stay taken. `clock` gives the time, in UTC.
    """

    def __init__(self, base: DataStore, times: Times, clock: Clock = _now) -> None:
        super().__init__(base)
        self._clock = clock
        self._created = self._stamps(times.created_at, times.updated_at)
        self._updated = self._stamps(times.updated_at)
        self._ended = self._stamps(times.deleted_at, times.updated_at)
        self._deleted_at = times.deleted_at

    def find(self, query: Query) -> Iterable[Record]:
        return super().find(self._living(query))

    def stream(self, query: Query) -> Iterator[Record]:
        return super().stream(self._living(query))

    def count(self, query: Query) -> int:
        return super().count(self._living(query))

    def count_up_to(self, query: Query, most: int) -> int:
        return super().count_up_to(self._living(query), most)

    def get(self, key: Any) -> Record:
        return self._alive(key, super().get(key))

    def insert(self, record: Record, check: Check | None = None) -> Record:
        return super().insert({**record, **self._stamped(self._created)}, check)

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        stamps = self._stamped(self._created)
        new = [{**record, **stamps} for record in records]
        return super().insert_many(new, check)

    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        stamps = self._stamped(self._created)
        return super().insert_once(once, [{**record, **stamps} for record in records], check)

    def update(self, key: Any, change: Change) -> Record:
        def stamped(current: Record) -> Record:
            return {**change(self._alive(key, current)), **self._stamped(self._updated)}

        return super().update(key, stamped)

    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        stamps = self._stamped(self._updated)
        return super().update_many(
            self._living(query), lambda current: {**change(current), **stamps}, most
        )

    def delete(self, key: Any, check: Check | None = None) -> None:
        """Remove the record, or note that it is deleted, as one atomic step with `check`."""
        if self._deleted_at is None:
            super().delete(key, check)
            return

        def end(current: Record) -> Record:
            self._alive(key, current)
            if check is not None:
                check(dict(current))
            return {**current, **self._stamped(self._ended)}

        super().update(key, end)

    def delete_many(self, query: Query, most: int, check: Check | None = None) -> int:
        if self._deleted_at is None:
            return super().delete_many(query, most, check)
        stamps = self._stamped(self._ended)

        def end(current: Record) -> Record:
            if check is not None:
                check(dict(current))
            return {**current, **stamps}

        return len(super().update_many(self._living(query), end, most))

    def _living(self, query: Query) -> Query:
        if self._deleted_at is None:
            return query
        living = Condition(self._deleted_at, "isnull", True)
        return replace(query, conditions=(*query.conditions, living))

    def _alive(self, key: Any, record: Record) -> Record:
        if self._deleted_at is not None and record.get(self._deleted_at) is not None:
            raise RecordNotFound(key)
        return record

    def _stamps(self, *names: str | None) -> Mapping[str, dt.timedelta]:
        """The fields to set, each with the unit that its values are whole numbers of."""
        units = {}
        for name in filter(None, names):
            shape = bare(self.shape.member(name).shape)
            counted = isinstance(shape, s.Timestamp) and shape.whole
            units[name] = (
                dt.timedelta(seconds=1) / shape.per_second
                if isinstance(shape, s.Timestamp) and counted
                else dt.timedelta(microseconds=1)
            )
        return units

    def _stamped(self, stamps: Mapping[str, dt.timedelta]) -> Record:
        now = self._clock() if stamps else _EPOCH
        return {name: now - (now - _EPOCH) % unit for name, unit in stamps.items()}


def read_times(
    options: Mapping[str, Any], shape: s.Object | s.OneOf, store: type[DataStore] | DataStore
) -> tuple[Times | None, list[str]]:
    """The times that the options of a resource name, or every mistake in them."""
    names = {field.name: options[field.name] for field in fields(Times) if field.name in options}
    members = {member.name: member for member in stored_object(shape).members}
    mistakes = []
    for option, name in names.items():
        place = f"resource.options.{option}"
        if name not in members:
            near = did_you_mean(str(name), members)
            mistakes.append(f"{place}: the model has no field {name!r}.{near}")
        else:
            mistakes += [f"{place}: {why}" for why in _unfit(option, members[name])]
    if len(set(map(str, names.values()))) < len(names):
        mistakes.append("resource.options: one field cannot have two of the times.")
    if "deleted_at" in names and "isnull" not in store.operators:
        mistakes.append(
            f"resource.options.deleted_at: {store_name(store)} cannot do 'isnull', which finds "
            "what is not deleted."
        )
    return (None, mistakes) if mistakes or not names else (Times(**names), [])


def _unfit(option: str, member: s.Member) -> Iterator[str]:
    if not isinstance(bare(member.shape), (s.DateTime, s.Timestamp)):
        yield f"the values of {member.name!r} are no times with an offset."
    elif not member.read_only:
        yield f"clients can send {member.name!r}: give it dump_only=True."
    elif option == "deleted_at" and member.always and not member.nullable:
        yield f"{member.name!r} has a value in every record, and here it says which are deleted."
