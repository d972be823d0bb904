"""Records in a Python list: kept in memory, and in a journal where there is to be one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from marshmallow import Schema

from openrest.datastore.list_journal import ListJournal, resource_mistakes
from openrest.datastore.list_tables import Tables
from openrest.datastore.records import (
    Keeper,
    copier,
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
    RecordNotFound,
    TooManyRecords,
)
from openrest.interfaces import Change, Check, DataStore, Once, Record, StoreValidator
from openrest.query import OPERATORS, Query, Test
from openrest.rehearsal import rehearsing

__all__ = ["PythonListDataStore"]

Made = TypeVar("Made")


class PythonListDataStore(DataStore):
    """Keeps records in memory, beginning with those of a list.

        class Person(Model):
            fields = [StringField(name="name", required=True), PkField(name="id")]

        store = PythonListDataStore([{"name": "Ada", "id": 1}, {"name": "Grace"}], Person)
        store.get(2)  # {"name": "Grace", "id": 2}

    The list holds native Python values keyed by field name and is copied: it stays as it is, and
    two stores may begin with the same one. What is absent is filled in as on a create, the key
    included. Raises ConfigurationError with every mistake in every record.

    With ``{"journal": "people.jsonl", "records": [...]}`` the records are those of this file, to
    which each write is added before it is done; the list is what a new file begins with, and may
    be left out. One process has a journal.
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

    def __init__(
        self, resource: Any, model: type[Schema], validators: Sequence[StoreValidator] = ()
    ) -> None:
        super().__init__(resource, model, validators)
        mistakes = [*validator_mistakes(self), *resource_mistakes(resource)]
        if mistakes:
            raise ConfigurationError(_subject(model), mistakes)
        self._keep = Keeper(self.shape, self.key)
        self._copy = copier(self.shape)
        self._select = Selector(self.shape)
        uniques = [Unique(members, self.shape) for members in unique_members(validators)]
        self._published = Tables(self.key, uniques)
        # Writers wait for one another, also while one runs somebody's `change`; readers wait
        # only for the instant in which the tables above are altered.
        self._writing = _WriteLock()
        self._altering = threading.Lock()
        self._journal: ListJournal | None = None
        if not isinstance(resource, Mapping):
            self._seed(resource, model)
            return
        self.can_be_away = True  # type: ignore[misc]  # what a class says of its stores
        self._journal = ListJournal(Path(resource["journal"]), self.shape, self.key)
        if self._journal.is_new:
            self._seed(resource.get("records", ()), model)
            self._journal.begin(self._published)
        else:
            self._journal.recover(self._published)

    @classmethod
    def for_resource(cls, resource: Any) -> type[DataStore]:
        if not isinstance(resource, Mapping):
            return cls
        return type(cls.__name__, (cls,), {"can_be_away": True, "__doc__": cls.__doc__})

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
            tables = self._tables
            return [tables.records[key] for key in query.window(tables.keys, lambda key: (key,))]

    def count(self, query: Query) -> int:
        if query.conditions:
            return len(self._matching(query.conditions))
        with self._altering:
            return len(self._tables.keys)

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
    def _tables(self) -> Tables:
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
            known = self._tables.remembered.recall(once)
            if known is None:
                self._add(kept, check, once)
        made = kept if known is None else known
        return [self._copy(record) for record in made], known is not None

    def recall_once(self, once: Once) -> list[Record] | None:
        with self._altering:
            known = self._tables.remembered.recall(once)
        return None if known is None else [self._copy(record) for record in known]

    def forget_once(self, once: Once) -> None:
        with self._written():
            self._note({"forget": once.key, "fingerprint": once.fingerprint})
            with self._altering:
                self._tables.remembered.forget(once)

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
        self._tables.refuse_conflicts(new, replaced={record[name] for record in old})
        if _stays():
            self._note({"put": new})
            with self._altering:
                self._tables.replace(old, new)
        return [self._copy(record) for record in new]

    def _remove(self, records: Sequence[Record], check: Check | None) -> None:
        if check is not None:
            for record in records:
                check(self._copy(record))
        if not _stays():
            return
        self._note({"delete": [record[self.key.name] for record in records]})
        with self._altering:
            self._tables.take_out(records)

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
            self._tables.assign_keys(kept)
            mistakes.extend(self._seed_conflicts(kept))
        if mistakes:
            raise ConfigurationError(_subject(model), mistakes)
        self._tables.put(kept)

    def _seed_conflicts(self, records: Sequence[Record]) -> Iterable[str]:
        for unique in (Unique((self.key.name,), self.shape), *self._tables.uniques):
            first: dict[Any, int] = {}
            for place, record in enumerate(records):
                values = unique.values(record)
                if values is not None and first.setdefault(values, place) != place:
                    names = " and ".join(unique.members)
                    yield f"resource[{place}] has the same {names} as resource[{first[values]}]."

    def _add(
        self, records: Sequence[Record], check: Check | None, once: Once | None = None
    ) -> None:
        if check is not None:
            for index, record in enumerate(records):
                with of_many(index):
                    check(self._copy(record))
        tables = self._tables
        tables.assign_keys(records)
        tables.refuse_conflicts(records)
        if _stays():
            self._note({"put": records} if once is None else {"put": records, "once": once})
            with self._altering:
                tables.put(records)
                if once is not None:
                    # A kept record is never changed: one serves for the records and the key.
                    tables.remembered.keep(once, [*records])

    def _note(self, change: dict[str, Any]) -> None:
        """Have a change in the journal, or kept for it until the step that it is of ends."""
        if self._journal is None or not any(change.values()):
            return
        tables = self._tables
        tables.changes.append(self._journal.written(change))
        if tables is self._published:
            try:
                self._journal.append(tables.changes, tables)
            finally:
                tables.changes = []

    def _current(self, key: Any) -> Record:
        try:
            return self._tables.records[key]
        except (KeyError, TypeError):  # a key that cannot be hashed is none either
            raise RecordNotFound(key) from None

    def _matching(self, tests: Sequence[Test]) -> list[Record]:
        """The records that pass the tests, by key."""
        with self._altering:
            records = self._tables.candidates(tests)
        return self._select.matching(tests, records)

    def _ordered(self, query: Query) -> list[Record]:
        return self._select.ordered(query, self._matching(query.conditions))


#: Held by whoever writes to any list: what a write reads of other lists, to see that a record it
#: refers to is there, nobody changes meanwhile.
_WRITING: Final = threading.RLock()


class _Thread(threading.local):
    """What this thread has written within a step, and nobody else sees yet: None without one."""

    drafts: dict[PythonListDataStore, Tables] | None = None


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
        _flush_all(drafts)
        for store, tables in drafts.items():
            with store._altering:
                store._published = tables


def _flush_all(drafts: Mapping[PythonListDataStore, Tables]) -> None:
    """Write what has changed to the journals: to all of them or to none."""
    done: list[tuple[ListJournal, int]] = []
    try:
        for store, tables in drafts.items():
            if tables.changes and store._journal is not None:
                before = store._journal.append(tables.changes, store._published)
                done.append((store._journal, before))
                tables.changes = []
    except BaseException:
        for journal, before in done:
            journal.take_back(before)
        raise


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
