"""Records in a table of a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from marshmallow import Schema

from openrest.datastore.columns import NO_VALUE, STORED_AS, Convert, column
from openrest.datastore.database import Connection, Database, connect, switch_to_wal
from openrest.datastore.decoding import Decoder, remembered_rows
from openrest.datastore.fulltext import SearchIndex, can_index
from openrest.datastore.once import KEYS_TABLE, KeyTable, stored_rows
from openrest.datastore.records import (
    Keeper,
    is_assigned,
    unique_members,
    validator_mistakes,
)
from openrest.datastore.statements import Statements
from openrest.datastore.tables import Table, TableFound
from openrest.datastore.transactional import TransactionalStore
from openrest.datastore.validators import UniqueTogether
from openrest.errors import (
    ConfigurationError,
    RecordNotFound,
    StoreError,
    StoreUnavailable,
    did_you_mean,
)
from openrest.interfaces import Change, DataStore, Once, Record, StoreValidator
from openrest.models import shapes as s
from openrest.query import OPERATORS, Query

__all__ = ["SQLiteDataStore"]

Made = TypeVar("Made")

_KEYS: Final = ("name", "table", "timeout", "statement_timeout")

#: For how many seconds a process waits at its start while another one makes an index.
_BUILDING: Final = 600.0


class SQLiteDataStore(TransactionalStore):
    """Keeps records in a table of a SQLite file; both are made when they are missing.

        class Tweet(Model):
            fields = [StringField(name="text", required=True), PkField(name="id")]

        store = SQLiteDataStore({"name": "twitter.db", "table": "tweets"}, Tweet)
        store.insert({"text": "Hello"})  # {"text": "Hello", "id": 1}

    A third key, ``"timeout"``, is how many seconds a write waits for the writes of others (5
    unless given); readers wait for nobody. A statement that works for longer than
    ``"statement_timeout"`` seconds (30 unless given) is given up: StoreUnavailable. A write that
    has returned survives a loss of power.

    The columns have the names of the fields: `table` has the statement that makes them. An
    existing table is used as it is, never altered, and refused with every difference when it does
    not fit (TableMismatch). Raises ConfigurationError for a resource or file that cannot be used.
    """

    operators = OPERATORS
    alternatives = True
    sortable = True
    searchable = True
    seekable = True
    idempotent = True
    can_be_away = True
    rehearses = True
    changes_many = True
    changes_together = True
    enforces = (UniqueTogether,)

    def __init__(
        self, resource: Any, model: type[Schema], validators: Sequence[StoreValidator] = ()
    ) -> None:
        super().__init__(resource, model, validators)
        path, name, timeout = self._read(resource, model)
        patience = resource.get("statement_timeout", 30)
        columns = tuple(map(column, self.shape.members))
        self.table = Table(
            name=name,
            columns=columns,
            key=self.key.name,
            assigned=is_assigned(self.key),
            uniques=tuple(unique_members(validators)),
            references=tuple(m.name for m in self.shape.members if m.reference is not None),
        )
        found = _prepare(path, timeout, self.table)
        self._place = path, timeout
        self._database = Database(path, timeout, self.table, found, statement_timeout=patience)
        self._keep = Keeper(self.shape, self.key)
        self._keys = KeyTable(name)
        self._statements = Statements(self.table)
        self._names = tuple(each.name for each in columns)
        # By strictness: another file, with another table that fits, may take the place of this.
        self._decoders = {
            strict: Decoder(
                name,
                self.shape,
                self.key.name,
                {
                    each.name: each.decode or _only(STORED_AS[each.type])
                    for each in columns
                    if each.decode or not strict
                },
            )
            for strict in (True, False)
        }

    def prepare_search(self, members: Sequence[str]) -> None:
        """Make the index of these fields and fill it, unless the file has it.

        There is none where the keys are text, or SQLite is without FTS5: a search then reads all
        texts. Raises TableMismatch where something else in the file has the name of the index.
        """
        index = SearchIndex(table=self.table, members=tuple(sorted(members)))
        path, timeout = self._place
        with _opened(path, max(timeout, _BUILDING)) as connection:
            if not can_index(connection, self.table):
                return
            index.prepare(connection)
        self._database.beside.append(index)
        self._statements.indexes[index.members] = index

    def prepare_once(self) -> None:
        """Make the table of the keys, unless the file has it.

        Raises TableMismatch where something else in the file has its name.
        """
        with _opened(*self._place) as connection:
            self._keys.prepare(connection)
        if self._keys not in self._database.beside:
            self._database.beside.append(self._keys)

    def find(self, query: Query) -> Iterable[Record]:
        names = self._statements.names(query)
        records = self._records(*self._statements.find(query), names)
        if query.backwards:
            records.reverse()
        return records

    def stream(self, query: Query) -> Iterator[Record]:
        """The records of `find`, all of one moment, read a batch at a time.

        While it lasts, what others write stays in the log of the file, which grows.
        """
        if query.backwards:
            yield from self.find(query)  # the first of them is the last that is read
            return
        names = self._statements.names(query)
        with closing(self._database.batches(*self._statements.find(query))) as batches:
            for rows in batches:
                yield from self._decoded(rows, names)

    def count(self, query: Query) -> int:
        [(count,)] = self._database.rows(*self._statements.count(query))
        return int(count)

    def count_up_to(self, query: Query, most: int) -> int:
        [(count,)] = self._database.rows(*self._statements.count_up_to(query, most))
        return int(count)

    def get(self, key: Any) -> Record:
        for record in self._records(self._statements.get, (self._key_value(key),), self._names):
            return record
        raise RecordNotFound(key)

    def atomic_with(self, other: DataStore) -> bool:
        """Whether it is of the same file, to which one transaction writes at a time."""
        return isinstance(other, SQLiteDataStore) and other._database.file == self._database.file

    def together(self, step: Callable[[], Made]) -> Made:
        with self._database.together():
            return step()

    def recall_once(self, once: Once) -> list[Record] | None:
        found = self._database.rows(self._keys.recall, self._keys.recalled(once))
        known = stored_rows(found, once)
        if known is None:
            return None
        required = [each.name for each in self.table.columns if each.required]
        rows = remembered_rows(known, self.table.name, self._names, required)
        return self._decoded(rows, self._names)

    def forget_once(self, once: Once) -> None:
        self._database.execute(self._keys.forget, self._keys.forgotten(once))

    def update(self, key: Any, change: Change) -> Record:
        """Replace the record by what `change` makes of it, as one atomic step.

        `change` must not write to the same file. In this store that is refused (ContractError);
        in another store it waits for itself, until the timeout.
        """
        return super().update(key, change)

    def close(self) -> None:
        """Close this thread's connection; the store can still be used, and opens another."""
        self._database.close()

    def _atomically(self, step: Callable[[], Made], *, reads: bool) -> Made:
        with self._database.transaction():
            return step()

    def _at_once(self, step: Callable[[], Made]) -> Made:
        self._database.refuse_within()
        return step()

    def _add(self, record: Record) -> Record:
        values = self._statements.inserted(record)
        try:
            cursor = self._database.execute(self._statements.insert, values)
        except StoreUnavailable as error:
            if self._no_key_is_left(error):
                raise StoreError(f"{self.table.name}: every key has been given") from error
            raise
        record.setdefault(self.key.name, cursor.lastrowid)
        return record

    def _put(self, key: Any, record: Record) -> None:
        values = (*self._statements.updated(record), self._key_value(key))
        self._database.execute(self._statements.update, values)

    def _remember(self, once: Once, records: Sequence[Record]) -> None:
        rows = [
            dict(zip(self._names, self._statements.inserted(each), strict=True)) for each in records
        ]
        self._database.execute(self._keys.forget_some, (once.now,))
        self._database.execute(self._keys.keep, self._keys.kept(once, rows))

    def _no_key_is_left(self, error: StoreUnavailable) -> bool:
        # SQLite words this as it does a full disk, which passes.
        code = getattr(error.__cause__, "sqlite_errorcode", None)
        if code != sqlite3.SQLITE_FULL or not self.table.assigned:
            return False
        last = "SELECT seq FROM sqlite_sequence WHERE name = ? COLLATE NOCASE"
        return self._database.rows(last, (self.table.name,)) == [(s.INT64_MAX,)]

    def _remove(self, key: Any) -> None:
        cursor = self._database.execute(self._statements.delete, (self._key_value(key),))
        if not cursor.rowcount:
            raise RecordNotFound(key)

    def _key_value(self, key: Any) -> Any:
        try:
            return self._statements.key(key)
        except NO_VALUE:
            raise RecordNotFound(key) from None

    def _records(self, sql: str, values: Sequence[Any], names: Sequence[str]) -> list[Record]:
        return self._decoded(self._database.rows(sql, values), names)

    def _decoded(self, rows: Iterable[tuple[Any, ...]], names: Sequence[str]) -> list[Record]:
        return self._decoders[self._database.found.strict](rows, names)

    def _read(self, resource: Any, model: type[Schema]) -> tuple[Path, str, float]:
        """Path of the file, name of the table and timeout, out of what a user wrote."""
        mistakes = validator_mistakes(self)
        names = [member.name.lower() for member in self.shape.members]
        for double in sorted({name for name in names if names.count(name) > 1}):
            mistakes.append(f"SQLite takes the fields called {double!r}, in any case, for one.")
        if sqlite3.sqlite_version_info < (3, 37):
            mistakes.append(f"SQLite 3.37 is needed; this Python has {sqlite3.sqlite_version}.")
        if isinstance(resource, Mapping):
            mistakes.extend(_resource_mistakes(resource))
        else:
            wanted = '{"name": "twitter.db", "table": "tweets"}'
            mistakes.append(f"resource must be like {wanted}, not {resource!r}.")
        if mistakes:
            raise ConfigurationError(f"SQLiteDataStore of {model.__name__}", mistakes)
        # Absolute: the process may change its directory before a thread opens its connection.
        return Path(resource["name"]).absolute(), resource["table"], resource.get("timeout", 5)


def _resource_mistakes(resource: Mapping[Any, Any]) -> Iterable[str]:
    for key in resource:
        if key not in _KEYS:
            yield f"resource: unknown key {key!r}.{did_you_mean(str(key), _KEYS)}"
    name, table = resource.get("name"), resource.get("table")
    if not isinstance(name, (str, Path)) or not str(name):
        yield f"resource['name'] must be the path of a file, not {name!r}."
    elif str(name).startswith((":memory:", "file:")):
        yield (
            f"resource['name'] is {name!r}: each thread would see a database of its own. Give the "
            "path of a file, or keep the records in memory with PythonListDataStore."
        )
    elif not Path(name).absolute().parent.is_dir():
        yield f"resource['name']: there is no directory {Path(name).absolute().parent}."
    elif Path(name).is_dir():
        yield f"resource['name']: {Path(name).absolute()} is a directory."
    if not isinstance(table, str) or not table or "\0" in table or table.startswith("sqlite_"):
        yield f"resource['table'] must be the name of a table, not {table!r}."
    elif table.lower() == KEYS_TABLE:
        yield f"resource['table']: {table!r} is the table of the keys of requests."
    for key, usual in (("timeout", 5), ("statement_timeout", 30)):
        timeout = resource.get(key, usual)
        if type(timeout) not in (int, float) or not 0 <= timeout <= 3600:
            yield f"resource[{key!r}] must be a number of seconds, at most 3600, not {timeout!r}."


def _only(kind: type) -> Convert:
    """What decodes a value that is stored as it is, in a table that may hold any other."""

    def same(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"it is a {type(value).__name__}")
        return value

    return same


def _prepare(path: Path, timeout: float, table: Table) -> TableFound:
    with _opened(path, timeout, create=True) as connection:
        switch_to_wal(connection, timeout)
        return table.prepare(connection)


@contextmanager
def _opened(path: Path, timeout: float, *, create: bool = False) -> Iterator[Connection]:
    """A connection for what is done at the start."""
    try:
        # Closed again at once: a server that forks after this hands no connection on.
        with closing(connect(path, timeout, create=create)) as connection:
            yield connection
    except sqlite3.Error as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise StoreUnavailable(f"{path}: {error}") from error
        raise ConfigurationError(f"the file {str(path)!r}", [f"{error}."]) from error
