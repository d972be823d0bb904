"""Records in a Python list: kept in memory, and gone with the process."""

from __future__ import annotations

import bisect
import copy
import threading
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Generic, TypeVar

from marshmallow import Schema

from openrest.datastore.once import RememberedKeys
from openrest.datastore.records import (
    Keeper,
    copier,
    is_assigned,
    of_many,
    unique_members,
    validator_mistakes,
)
from openrest.datastore.selecting import Selector
from openrest.datastore.uniques import Unique
from openrest.datastore.validators import UniqueTogether
from openrest.errors import (
    ConfigurationError,
    ContractError,
    RecordConflict,
    RecordNotFound,
    StoreError,
    TooManyRecords,
)
from openrest.interfaces import Change, Check, DataStore, Once, Record, StoreValidator
from openrest.models import shapes as s
from openrest.query import OPERATORS, Query, Test
from openrest.rehearsal import rehearsing

__all__ = ["PythonListDataStore"]

Made = TypeVar("Made")
Table = TypeVar("Table")


class _Tables:
    """All that a store has. A kept record is never changed, only replaced."""

    def __init__(self, uniques: list[Unique]) -> None:
        self.uniques = uniques
        self.records: dict[Any, Record] = {}
        self.keys: list[Any] = []  # ascending
        self.last_key = 0
        self.remembered = RememberedKeys()

    def copy(self) -> _Tables:
        """Tables of their own, with the same records."""
        new = copy.copy(self)
        new.uniques = [unique.copy() for unique in self.uniques]
        new.records = self.records.copy()
        new.keys = self.keys.copy()
        new.remembered = self.remembered.copy()
        return new


class _Seen(Generic[Table]):
    """A table of a store, as this thread sees it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name.removeprefix("_")

    def __get__(self, store: PythonListDataStore, owner: type) -> Table:
        found: Table = getattr(store._tables, self._name)
        return found

    def __set__(self, store: PythonListDataStore, value: Table) -> None:
        setattr(store._tables, self._name, value)


class PythonListDataStore(DataStore):
    """Keeps records in memory, beginning with those of a list.

        class Person(Model):
            fields = [StringField(name="name", required=True), PkField(name="id")]

        store = PythonListDataStore([{"name": "Ada", "id": 1}, {"name": "Grace"}], Person)
        store.get(2)  # {"name": "Grace", "id": 2}

    The list holds native Python values keyed by field name and is copied: it stays as it is, and
    two stores may begin with the same one. What is absent is filled in as on a create, the key
    included. Raises ConfigurationError with every mistake in every record.
    """

    operators = OPERATORS
    alternatives = True
    sortable = True
    searchable = True
    seekable = True
    rehearses = True
    changes_many = True
    changes_together = True
    idempotent = True
    enforces = (UniqueTogether,)

    _uniques = _Seen[list[Unique]]()
    _records = _Seen[dict[Any, Record]]()
    _keys = _Seen[list[Any]]()
    _last_key = _Seen[int]()
    _remembered = _Seen[RememberedKeys]()

    def __init__(
        self, resource: Any, model: type[Schema], validators: Sequence[StoreValidator] = ()
    ) -> None:
        super().__init__(resource, model, validators)
        mistakes = validator_mistakes(self)
        if not isinstance(resource, (list, tuple)):
            mistakes.append(f"resource must be a list of records, not {resource!r}.")
        if mistakes:
            raise ConfigurationError(_subject(model), mistakes)
        self._keep = Keeper(self.shape, self.key)
        self._copy = copier(self.shape)
        self._select = Selector(self.shape)
        self._published = _Tables(
            [Unique(members, self.shape) for members in unique_members(validators)]
        )
        # Writers wait for one another, also while one runs somebody's `change`; readers wait
        # only for the instant in which the tables above are altered.
        self._writing = _WriteLock()
        self._altering = threading.Lock()
        self._seed(resource, model)

    def find(self, query: Query) -> Iterable[Record]:
        return [self._copy(record) for record in self._window(query)]

    def stream(self, query: Query) -> Iterator[Record]:
        # A kept record is never changed, so each can be copied when its turn comes.
        return map(self._copy, self._window(query))

    def _window(self, query: Query) -> list[Record]:
        if query.conditions or query.order:
            key = self.key.name
            ordered = self._ordered(query)
            return [*query.window(ordered, lambda record: query.position(record, key))]
        with self._altering:
            keys = query.window(self._keys, lambda key: (key,))
            return [self._records[key] for key in keys]

    def count(self, query: Query) -> int:
        if query.conditions:
            return len(self._matching(query.conditions))
        with self._altering:
            return len(self._keys)

    def count_up_to(self, query: Query, most: int) -> int:
        return min(self.count(query), most)

    def get(self, key: Any) -> Record:
        with self._altering:
            record = self._current(key)
        return self._copy(record)

    def atomic_with(self, other: DataStore) -> bool:
        """Whether it is of lists, too: all those of a process are written one at a time."""
        return isinstance(other, PythonListDataStore)

    def together(self, step: Callable[[], Made]) -> Made:
        """Carry out the step on tables that nobody else sees before it has come to its end.

        It copies the tables of each list that it writes to, which holds references and no records.
        """
        with self._writing.around_others(), _drafting():
            return step()

    @property
    def _tables(self) -> _Tables:
        drafts = _THREAD.drafts
        return self._published if drafts is None else drafts.get(self, self._published)

    @contextmanager
    def _written(self) -> Iterator[None]:
        with self._writing:
            drafts = _THREAD.drafts
            if drafts is not None and self not in drafts:
                drafts[self] = self._published.copy()
            yield

    def insert(self, record: Record, check: Check | None = None) -> Record:
        return self.insert_many([record], check)[0]

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        kept = [self._keep(record) for record in records]
        with self._written():
            self._add(kept, check)
        return [self._copy(record) for record in kept]

    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        kept = [self._keep(record) for record in records]
        with self._written():
            known = self._remembered.recall(once)
            if known is None:
                self._add(kept, check)
            if known is None and _stays():
                # A kept record is never changed: the same one serves for the records and the key.
                with self._altering:
                    self._remembered.keep(once, kept)
        made = kept if known is None else known
        return [self._copy(record) for record in made], known is not None

    def recall_once(self, once: Once) -> list[Record] | None:
        with self._altering:
            known = self._remembered.recall(once)
        return None if known is None else [self._copy(record) for record in known]

    def forget_once(self, once: Once) -> None:
        with self._written(), self._altering:
            self._remembered.forget(once)

    def update(self, key: Any, change: Change) -> Record:
        """Replace the record by what `change` makes of it, as one atomic step.

        `change` must not write to this store (ContractError).
        """
        with self._written():
            return self._replace([self._current(key)], change)[0]

    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        with self._written():
            return self._replace(self._at_most(query, most), change)

    def delete(self, key: Any, check: Check | None = None) -> None:
        with self._written():
            self._remove([self._current(key)], check)

    def delete_many(self, query: Query, most: int, check: Check | None = None) -> int:
        with self._written():
            found = self._at_most(query, most)
            self._remove(found, check)
        return len(found)

    def _at_most(self, query: Query, most: int) -> list[Record]:
        found = self._matching(query.conditions)
        if len(found) > most:
            raise TooManyRecords(most)
        return found

    def _replace(self, old: Sequence[Record], change: Change) -> list[Record]:
        name = self.key.name
        new = [self._keep.instead(record[name], change(self._copy(record))) for record in old]
        self._refuse_conflicts(new, replaced={record[name] for record in old})
        if _stays():
            with self._altering:
                for unique in self._uniques:
                    for record in old:
                        unique.remove(record)
                    for record in new:
                        unique.add(record, record[name])
                self._records |= {record[name]: record for record in new}
        return [self._copy(record) for record in new]

    def _remove(self, records: Sequence[Record], check: Check | None) -> None:
        if check is not None:
            for record in records:
                check(self._copy(record))
        if not _stays():
            return
        with self._altering:
            for record in records:
                key = record[self.key.name]
                for unique in self._uniques:
                    unique.remove(record)
                del self._records[key]
                del self._keys[bisect.bisect_left(self._keys, key)]

    def _seed(self, resource: Sequence[Any], model: type[Schema]) -> None:
        mistakes: list[str] = []
        kept: list[Record] = []
        for place, record in enumerate(resource):
            if not isinstance(record, dict):
                mistakes.append(f"resource[{place}]: {record!r} is not a dict.")
                continue
            good, wrong = self._keep.check(record)
            mistakes.extend(f"resource[{place}], {text}" for text in wrong)
            kept.append(good)
        if not mistakes:
            self._assign_keys(kept)
            mistakes.extend(self._seed_conflicts(kept))
        if mistakes:
            raise ConfigurationError(_subject(model), mistakes)
        self._put(kept)

    def _seed_conflicts(self, records: Sequence[Record]) -> Iterable[str]:
        for unique in (Unique((self.key.name,), self.shape), *self._uniques):
            first: dict[Any, int] = {}
            for place, record in enumerate(records):
                values = unique.values(record)
                if values is not None and first.setdefault(values, place) != place:
                    names = " and ".join(unique.members)
                    yield f"resource[{place}] has the same {names} as resource[{first[values]}]."

    def _add(self, records: Sequence[Record], check: Check | None) -> None:
        if check is not None:
            for index, record in enumerate(records):
                with of_many(index):
                    check(self._copy(record))
        self._assign_keys(records)
        self._refuse_conflicts(records)
        if _stays():
            self._put(records)

    def _assign_keys(self, records: Sequence[Record]) -> None:
        """Give a key to each record without one. The store's own count moves when they are put."""
        if not is_assigned(self.key):
            return
        name, last = self.key.name, self._last_key
        # Those that bring their key first: no other record may be given it.
        last = max([last, *(record[name] for record in records if name in record)])
        for record in records:
            if name not in record:
                last += 1
                if last > s.INT64_MAX:
                    raise StoreError("Every key has been given: no record can be added.")
                record[name] = last

    def _refuse_conflicts(self, records: Sequence[Record], replaced: Container[Any] = ()) -> None:
        name = self.key.name
        taken: set[Any] = set()
        seen: list[set[Any]] = [set() for _ in self._uniques]
        for index, record in enumerate(records):
            with of_many(index):
                key = record[name]
                if key in taken or (key in self._records and key not in replaced):
                    raise RecordConflict((name,))
                taken.add(key)
                for unique, values in zip(self._uniques, seen, strict=True):
                    if unique.clash(record, values, replaced):
                        raise RecordConflict(unique.members)

    def _put(self, records: Sequence[Record]) -> None:
        name = self.key.name
        keys = [record[name] for record in records]
        with self._altering:
            for key, record in zip(keys, records, strict=True):
                self._records[key] = record
                for unique in self._uniques:
                    unique.add(record, key)
                if self._keys and key < self._keys[-1]:
                    bisect.insort(self._keys, key)
                else:
                    self._keys.append(key)
        if is_assigned(self.key):
            self._last_key = max([self._last_key, *keys])

    def _current(self, key: Any) -> Record:
        try:
            return self._records[key]
        except (KeyError, TypeError):  # a key that cannot be hashed is none either
            raise RecordNotFound(key) from None

    def _matching(self, tests: Sequence[Test]) -> list[Record]:
        """The records that pass the tests, by key."""
        with self._altering:
            records = [self._records[key] for key in self._keys]
        return self._select.matching(tests, records)

    def _ordered(self, query: Query) -> list[Record]:
        return self._select.ordered(query, self._matching(query.conditions))


#: Held by whoever writes to any list: what a write reads of other lists, to see that a record it
#: refers to is there, nobody changes meanwhile.
_WRITING: Final = threading.RLock()


class _Thread(threading.local):
    """What this thread has written within a step, and nobody else sees yet: None without one."""

    drafts: dict[PythonListDataStore, _Tables] | None = None


_THREAD: Final = _Thread()


@contextmanager
def _drafting() -> Iterator[None]:
    """Keep apart what is written within, and let others see all of it at the end."""
    outer = _THREAD.drafts
    # A step within another one may fail by itself.
    drafts = {store: tables.copy() for store, tables in (outer or {}).items()}
    _THREAD.drafts = drafts
    try:
        yield
    finally:
        _THREAD.drafts = outer
    if outer is not None:
        outer.update(drafts)
    elif not rehearsing():
        for store, tables in drafts.items():
            with store._altering:
                store._published = tables


def _stays() -> bool:
    """Whether to write: what is rehearsed within a step is undone with all of it."""
    return _THREAD.drafts is not None or not rehearsing()


class _WriteLock:
    """The lock of all lists, which refuses a thread that is writing to this one already."""

    def __init__(self) -> None:
        self._held = False

    def __enter__(self) -> None:
        _WRITING.acquire()
        self._refuse_itself()
        self._held = True

    def __exit__(self, *_: object) -> None:
        self._held = False
        _WRITING.release()

    @contextmanager
    def around_others(self) -> Iterator[None]:
        """Hold the lock for writes that take it once more."""
        _WRITING.acquire()
        self._refuse_itself()
        try:
            yield
        finally:
            _WRITING.release()

    def _refuse_itself(self) -> None:
        if self._held:
            _WRITING.release()
            raise ContractError("A change or check must not write to the store that runs it.")


def _subject(model: type[Schema]) -> str:
    return f"PythonListDataStore of {model.__name__}"
