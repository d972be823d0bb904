"""Records in a CSV file."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from marshmallow import Schema

from openrest.datastore.cells import cell
from openrest.datastore.csv_file import CAN_LOCK, Lock, Signature, TextFile
from openrest.datastore.csv_options import resource_mistakes
from openrest.datastore.csv_reading import NAMED, Reader, Written
from openrest.datastore.csv_state import Draft, Locks, State
from openrest.datastore.csv_table import BadRow, Content
from openrest.datastore.records import Keeper, is_assigned, unique_members, validator_mistakes
from openrest.datastore.selecting import Selector
from openrest.datastore.transactional import SteppedStore
from openrest.datastore.uniques import Unique
from openrest.datastore.validators import UniqueTogether
from openrest.errors import (
    ConfigurationError,
    ContractError,
    RecordNotFound,
    StoreError,
    StoreUnavailable,
    TableMismatch,
)
from openrest.interfaces import DataStore, Record, StoreValidator
from openrest.models import shapes as s
from openrest.query import OPERATORS, Query, Test, members_of
from openrest.rehearsal import rehearsing

__all__ = ["CSVDataStore"]

Made = TypeVar("Made")

log = logging.getLogger("openrest")

#: So many rows are encoded and written at a time.
_ROWS: Final = 8192

#: How often a file is read anew that changes while it is read.
_ATTEMPTS: Final = 3


class CSVDataStore(SteppedStore):
    """Keeps records in a CSV file, which is made when it is missing.

        class Person(Model):
            fields = [StringField(name="name", required=True), PkField(name="id")]

        store = CSVDataStore({"path": "people.csv"}, Person)
        store.insert({"name": "Ada"})  # {"name": "Ada", "id": 1}

    Further keys: ``"encoding"``, that of its byte order mark or UTF-8 unless given; ``"delimiter"``
    and ``"quote"``, found in its header; ``"on_bad_row"``, what to do where rows do not fit the
    model: ``"refuse"`` the file, or ``"skip"`` them, which keeps them in it; ``"timeout"``, how
    many seconds a write waits for other processes (5).

    The header has the names of the fields, in any order, perhaps among other columns. Each write
    replaces the file by a new one, in which all that is not changed is written as it was. Raises
    TableMismatch where the file does not fit the model, and ConfigurationError for a resource that
    cannot be used.
    """

    operators = OPERATORS
    alternatives = True
    sortable = True
    searchable = True
    seekable = True
    can_be_away = True
    rehearses = True
    changes_many = True
    changes_together = True
    enforces = (UniqueTogether,)

    def __init__(
        self, resource: Any, model: type[Schema], validators: Sequence[StoreValidator] = ()
    ) -> None:
        super().__init__(resource, model, validators)
        options = self._options(resource, model)
        path = Path(options["path"])
        self._refuse_bad = options.get("on_bad_row", "refuse") == "refuse"
        self._file = TextFile(path, options.get("timeout", 5))
        self._turn_timeout = options.get("timeout", 5)
        self._reader = Reader(
            subject=f"the file {str(resource['path'])!r}",
            cells=tuple(map(cell, self.shape.members)),
            key=self.key.name,
            uniques=tuple(Unique(names, self.shape) for names in unique_members(validators)),
            encoding=options.get("encoding"),
            delimiter=options.get("delimiter"),
            quote=options.get("quote"),
        )
        self._keep = Keeper(self.shape, self.key)
        self._select = Selector(self.shape)
        self._state = State()
        self._locks = Locks()
        try:
            self._create()
            self._load()
        except StoreUnavailable as error:
            raise ConfigurationError(f"the file {str(path)!r}", [f"{error}."]) from error

    def ping(self) -> None:
        self._current()

    def find(self, query: Query) -> Iterable[Record]:
        return list(self.stream(query))

    def stream(self, query: Query) -> Iterator[Record]:
        # What is served is never changed, so each record can be read when its turn comes.
        content = self._current()
        wanted = None if query.members is None else tuple(query.members)
        read = content.layout.reader(wanted)
        return (content.record(key, read) for key in self._keys(content, query))

    def count(self, query: Query) -> int:
        content = self._current()
        if not query.conditions:
            return len(content.keys)
        return len(self._matching(content, query.conditions))

    def count_up_to(self, query: Query, most: int) -> int:
        return min(self.count(query), most)

    def get(self, key: Any) -> Record:
        try:
            return self._current().record(key)
        except (KeyError, TypeError):  # a key that cannot be hashed is none either
            raise RecordNotFound(key) from None

    def atomic_with(self, other: DataStore) -> bool:
        """Whether it is this one: each file has a lock of its own."""
        return other is self

    def _keys(self, content: Content, query: Query) -> Sequence[Any]:
        if not query.conditions and not query.order:
            return query.window(content.keys, lambda key: (key,))
        key = self.key.name
        orders = tuple(order.member for order in query.order)
        found = self._matching(content, query.conditions, orders)
        ordered = self._select.ordered(query, found)
        window = query.window(ordered, lambda record: query.position(record, key))
        return [record[key] for record in window]

    def _matching(
        self, content: Content, tests: Sequence[Test], members: tuple[str, ...] = ()
    ) -> list[Record]:
        """The records that pass the tests, with the fields of these and with `members`."""
        tested = (member for test in tests for member in members_of(test))
        records = content.records((self.key.name, *tested, *members))
        return self._select.matching(tests, records)

    def together(self, step: Callable[[], Made]) -> Made:
        with self._transaction():
            return step()

    def _atomically(self, step: Callable[[], Made], *, reads: bool) -> Made:
        with self._transaction() as draft:
            draft.is_writing = True
            return step()

    @contextmanager
    def _transaction(self) -> Iterator[Draft]:
        """Write what is changed within at its end; within another one, hand it to that."""
        state, locks = self._state, self._locks
        if locks.writer == threading.get_ident():
            outer = self._draft
            if outer.is_writing:
                raise ContractError("A change or check must not write to the store that runs it.")
            draft = state.draft = outer.part()
            try:
                yield draft
            finally:
                state.draft = outer
            outer.take(draft)
            return
        if not locks.turn.acquire(timeout=self._turn_timeout):
            raise StoreUnavailable(f"{self._file.path}: another thread is writing")
        try:
            with self._file.locked() as lock:
                self._file.refuse_read_only()
                self._refresh()
                with locks.loading:
                    # A reader may load what another program writes meanwhile: this draft is
                    # of the file as it is now, and must not take the place of any other.
                    written, signature = state.written, state.signature
                    draft = state.draft = Draft(state.served, self._last_key(lock))
                locks.writer = threading.get_ident()
                try:
                    yield draft
                finally:
                    locks.writer = None
                    state.draft = None
                if draft.changed is not None and not rehearsing():
                    if draft.last_key > lock.last_key:
                        # Before the record: a key that is lost is better than one given twice.
                        lock.last_key = draft.last_key
                    self._commit(draft.changed, written, signature)
        finally:
            locks.turn.release()

    def _last_key(self, lock: Lock) -> int:
        """The last key that was given, to a row that is there or to one that was."""
        if not is_assigned(self.key):
            return 0
        return max(lock.last_key, self._state.served.last_key or 0)

    def _add(self, record: Record) -> Record:
        draft = self._draft
        if is_assigned(self.key):
            name = self.key.name
            if name not in record:
                if draft.last_key >= s.INT64_MAX:
                    raise StoreError("Every key has been given: no record can be added.")
                record[name] = draft.last_key + 1
            draft.last_key = max(draft.last_key, record[name])
        draft.change().add(record)
        return record

    def _put(self, key: Any, record: Record) -> None:
        self._draft.change().put(key, record)

    def _remove(self, key: Any) -> None:
        self.get(key)  # RecordNotFound, and then nothing is copied
        self._draft.change().remove(key)

    @property
    def _draft(self) -> Draft:
        assert self._state.draft is not None, "outside of a transaction"  # nosec B101
        return self._state.draft

    def _current(self) -> Content:
        """What this thread reads: what it is about to write, or else what is in the file."""
        state = self._state
        if self._locks.writer == threading.get_ident():
            return self._draft.content
        if self._file.look() != state.signature or not state.is_certain:
            self._refresh()
        return state.served

    def _refresh(self) -> None:
        """See that what is served is in the file. Raises StoreUnavailable."""
        state = self._state
        with self._locks.loading:
            seen = self._file.look()
            if seen == state.broken:
                raise StoreUnavailable(state.reason)
            if seen == state.signature and state.is_certain:
                return
            try:
                self._load()
            except TableMismatch as mismatch:
                state.reason, state.broken = str(mismatch), seen
                log.error("%s", mismatch)
                raise StoreUnavailable(state.reason) from mismatch

    def _load(self) -> None:
        """Read the file. Raises TableMismatch, and StoreUnavailable."""
        state = self._state
        for _ in range(_ATTEMPTS):
            with self._file.open() as file:
                before = self._file.signature_of(file)
                if not before[2]:
                    raise StoreUnavailable(f"{self._file.path}: the file is empty")
                try:
                    written, content = self._reader.read(file, refuse=self._refuse_bad)
                except TableMismatch:
                    if self._file.is_still(file, before):
                        raise
                    continue
                if self._file.is_still(file, before):
                    break
        else:
            raise StoreUnavailable(f"{self._file.path}: another program is writing it")
        if content.bad != state.reported:
            self._report(content.bad)
            state.reported = content.bad
        state.serve(content, written, before, is_certain=self._file.is_settled(before))

    def _report(self, bad: Sequence[BadRow]) -> None:
        for row in bad[:NAMED]:
            log.warning("%s: skipped %s", self._file.path, row)
        if len(bad) > NAMED:
            log.warning("%s: skipped %s more rows", self._file.path, len(bad) - NAMED)

    def _commit(self, content: Content, written: Written, expected: Signature | None) -> None:
        with self._locks.loading:
            seen = self._file.replace(_encoded(content, written), expected)
            self._state.serve(content, written, seen, is_certain=True)

    def _create(self) -> None:
        """Make the file unless it is there; two processes may want to at the same time."""
        if self._file.path.exists() and self._file.path.stat().st_size:
            return
        with self._file.locked():
            found = self._file.look() if self._file.path.exists() else None
            if found is None or not found[2]:
                self._file.replace([self._reader.empty()[2]], found)

    def _options(self, resource: Any, model: type[Schema]) -> Mapping[str, Any]:
        mistakes = validator_mistakes(self)
        if not CAN_LOCK:
            mistakes.append("This system has no lock that processes can hold against one another.")
        if isinstance(resource, Mapping):
            mistakes.extend(resource_mistakes(resource))
        else:
            mistakes.append(f'resource must be like {{"path": "people.csv"}}, not {resource!r}.')
        if mistakes:
            raise ConfigurationError(f"CSVDataStore of {model.__name__}", mistakes)
        # Absolute: the process may change its directory.
        return {**resource, "path": Path(resource["path"]).absolute()}


def _encoded(content: Content, written: Written) -> Iterator[bytes]:
    yield written.bom
    for start in range(0, len(content.rows), _ROWS):
        text = "".join(content.rows[start : start + _ROWS])
        try:
            yield text.encode(written.encoding)
        except UnicodeEncodeError as error:
            shown = text[error.start : error.end]
            raise StoreError(f"The encoding {written.encoding} has no {shown!r:.20}.") from error
