"""Records in a table of a database that SQLAlchemy knows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from marshmallow import Schema

from openrest.datastore.columns import NO_VALUE
from openrest.datastore.decoding import Decoder
from openrest.datastore.once import stored_rows
from openrest.datastore.records import Keeper, is_assigned, validator_mistakes
from openrest.datastore.sql.engines import backend_of, pool_of
from openrest.datastore.sql.failures import Again, Refused
from openrest.datastore.sql.fitting import largest
from openrest.datastore.sql.keys import KeyTable, RememberedRecords
from openrest.datastore.sql.limits import index_mistakes, name_mistakes
from openrest.datastore.sql.pool import Done
from openrest.datastore.sql.prepared import Written, quoted
from openrest.datastore.sql.resource import Resource, mistakes_of, read
from openrest.datastore.sql.searching import Searched, is_search, passing
from openrest.datastore.sql.statements import Statements
from openrest.datastore.sql.tables import NAMES, Fitting, Table
from openrest.datastore.transactional import TransactionalStore
from openrest.datastore.validators import UniqueTogether
from openrest.errors import (
    ConfigurationError,
    RecordConflict,
    RecordNotFound,
    StoreError,
    StoreUnavailable,
)
from openrest.interfaces import Check, DataStore, Once, Record, StoreValidator
from openrest.models import model_shape
from openrest.models import shapes as s
from openrest.models.walking import stored_object
from openrest.query import OPERATORS, Condition, Query
from openrest.rehearsal import rehearsing

__all__ = ["SQLDataStore"]

Made = TypeVar("Made")

#: As many keys are in one condition.
_CHUNK: Final = 500


class SQLDataStore(TransactionalStore):
    """Keeps records in a table of PostgreSQL, MariaDB, MySQL or SQLite.

        class Tweet(Model):
            fields = [StringField(name="text", required=True), PkField(name="id")]

        store = SQLDataStore({"url": "postgresql://localhost/twitter", "table": "tweets"}, Tweet)
        store.insert({"text": "Hello"})  # {"text": "Hello", "id": 1}

    In the place of ``"url"`` there may be an ``"engine"`` of SQLAlchemy; ``"table"`` is a name, a
    `Table` or a mapped class. Further keys: ``"pool_size"``, how many connections a process has at
    most (8), and in seconds ``"pool_timeout"``, for which a thread waits for one (5),
    ``"statement_timeout"``, after which the database ends a statement (30), and
    ``"connect_timeout"`` (5). All stores of one URL share a pool.

    A missing table is made. An existing one is used as it is, never altered, and refused with
    every difference when it does not fit (TableMismatch). A `change` or `check` may be called more
    than once: the transaction is begun anew where the database has undone it in favour of another.
    Raises ConfigurationError for a resource that cannot be used, and StoreUnavailable where the
    database cannot be reached.
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
        subject = f"SQLDataStore of {model.__name__}"
        mistakes = [*validator_mistakes(self), *mistakes_of(resource)]
        if mistakes:
            raise ConfigurationError(subject, mistakes)
        where = read(resource)
        self._pool, mistakes = pool_of(where)
        if mistakes:
            raise ConfigurationError(subject, mistakes)
        self._keep = Keeper(self.shape, self.key)
        self._assigned = is_assigned(self.key)
        self._table, self._fitting = self._prepared(where, subject)
        dialect = self._pool.engine.dialect
        backend = self._pool.backend
        columns = self._fitting.columns
        self._statements = Statements(
            where.table, where.schema, columns, self.key.name, backend, dialect
        )
        key = next(column for column in columns if column.name == self.key.name)
        self._largest_key = largest(key.type)
        self._name = quoted(dialect, where.schema, where.table)
        self._decoder = Decoder(
            where.table,
            self.shape,
            self.key.name,
            {each.name: each.decode for each in columns if each.decode},
        )
        self._remembered = RememberedRecords(where.table, self.shape, self.key.name)
        self._searched = Searched(self._found, self.key.name)

    @classmethod
    def table_of(
        cls,
        connection: sa.Connection,
        resource: Any,
        model: type[Schema],
        validators: Sequence[StoreValidator] = (),
        metadata: sa.MetaData | None = None,
    ) -> sa.Table:
        """The table that a store of these is made with, among the others of `metadata`.

        For tools that compare it with the one that there is, such as alembic. Nothing is made; the
        connection tells what the server can do. Raises ConfigurationError as the store does.
        """
        mistakes = [*mistakes_of(resource)]
        if mistakes:
            raise ConfigurationError(f"{cls.__name__} of {model.__name__}", mistakes)
        shape, key = model_shape(model)
        backend = backend_of(connection.dialect)
        backend.prepare(connection)
        asked = Table.asked_for(read(resource), stored_object(shape), key, validators, backend)
        if metadata is None:
            metadata = sa.MetaData(naming_convention=NAMES)
        return asked.described(metadata)

    @cached_property
    def _keys(self) -> KeyTable:
        return KeyTable(self._name, self._pool.backend, self._pool.engine.dialect)

    def prepare_once(self) -> None:
        """Make the table of the keys, unless the database has it.

        Raises TableMismatch where something else in it has its name.
        """
        with self._pool.connected() as connection:
            self._keys.prepare(connection)

    def find(self, query: Query) -> Iterable[Record]:
        return self._searched.find(query) if is_search(query) else self._found(query)

    def stream(self, query: Query) -> Iterator[Record]:
        """The records of `find`, all of one moment, read a batch at a time.

        It has a connection of its own, besides those of the pool, until it ends or is closed.
        """
        if is_search(query):
            if query == replace(query, offset=0, limit=None, beyond=None, backwards=False):
                yield from passing(query, self.stream(self._searched.narrowed(query)))
            else:
                yield from self._searched.find(query)
            return
        statements = self._statements.find(query)
        if query.backwards or len(statements) > 1 or self._pool.is_inside:
            # The first of them is the last that is read, or only this thread sees them yet.
            yield from self.find(query)
            return
        names = self._statements.wanted(query)
        with closing(self._pool.batches(statements)) as batches:
            for rows in batches:
                yield from self._decoder(rows, names)

    def count(self, query: Query) -> int:
        if is_search(query):
            return sum(1 for _ in self._searched.nearest_first(_counted(query)))
        [[count]] = self._pool.read(*self._statements.count(query))
        return int(count)

    def count_up_to(self, query: Query, most: int) -> int:
        if is_search(query):
            return sum(1 for _ in islice(self._searched.nearest_first(_counted(query)), most))
        [[count]] = self._pool.read(*self._statements.count_up_to(query, most))
        return int(count)

    def get(self, key: Any) -> Record:
        return self._one(self._statements.get(self._key_value(key)), key)

    def atomic_with(self, other: DataStore) -> bool:
        """Whether it is of the same database, as the same URL or engine says."""
        return isinstance(other, SQLDataStore) and other._pool is self._pool

    def together(self, step: Callable[[], Made]) -> Made:
        return self._pool.together(step, self._name)

    def recall_once(self, once: Once) -> list[Record] | None:
        known = stored_rows(self._pool.read(*self._keys.recall(once)), once)
        return None if known is None else self._remembered.records(known)

    def forget_once(self, once: Once) -> None:
        self._write(self._keys.forget(once))

    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        made = super().insert_once(once, records, check)
        if not made[1] and not rehearsing():
            # Not in the transaction, which would wait for those of other requests.
            with suppress(StoreUnavailable):
                self._forget_some(once.now)
        return made

    def close(self) -> None:
        """Close the connections that nobody uses; the store can still be used, and opens others."""
        self._pool.dispose()

    def _atomically(self, step: Callable[[], Made], *, reads: bool) -> Made:
        return self._pool.atomically(step, self._name, strict=reads)

    def _at_once(self, step: Callable[[], Made]) -> Made:
        self._pool.refuse_within()
        return step()

    def _locked(self, key: Any) -> Record:
        return self._one(self._statements.lock(self._key_value(key)), key)

    def _all_locked(self, query: Query) -> list[Record]:
        if not is_search(query):
            return self._found(query, lock=True)
        # They are locked by their keys and looked at once more: not all are that are read.
        keys = [record[self.key.name] for record in self._searched.find(query)]
        locked: list[Record] = []
        for start in range(0, len(keys), _CHUNK):
            chunk = Condition(self.key.name, "in", keys[start : start + _CHUNK])
            again = replace(query, conditions=(*query.conditions, chunk))
            locked += passing(query, self._found(self._searched.narrowed(again), lock=True))
        return locked

    def _add(self, record: Record) -> Record:
        name = self.key.name
        if self._assigned and name not in record and rehearsing():
            # The count of the database would not be undone, so that a key would be left out.
            record = {**record, name: -random.randint(1, self._largest_key)}  # nosec B311  # nobody gains by guessing it
        if name not in record:
            return self._add_assigned(record)
        if self._assigned and self._fitting.sequence and not rehearsing():
            return self._add_with_key(record)
        self._write(self._statements.inserted(record, assigned=False))
        return record

    def _add_assigned(self, record: Record) -> Record:
        try:
            done = self._write(self._statements.inserted(record, assigned=True))
        except RecordConflict as conflict:
            if conflict.members == (self.key.name,):
                raise StoreError(
                    f"{self._name}: the database gives keys that are taken, or none is left"
                ) from conflict
            raise
        record[self.key.name] = done.rows[0][0] if done.rows else done.last_key
        return record

    def _add_with_key(self, record: Record) -> Record:
        """Store a record that brings the key which the database would give it some day."""

        def step() -> None:
            self._write(self._statements.inserted(record, assigned=False))
            self._pool.write(*self._advance(record[self.key.name]), self._name)

        if self._pool.is_inside:
            step()
        else:
            self._pool.atomically(step, self._name, strict=False)
        return record

    def _advance(self, key: int) -> Written:
        """The statement that lets keys begin after this one, if they are not there yet."""
        sequence = str(self._fitting.sequence)
        named = sequence.replace("%", "%%")  # which is a mark of psycopg
        return (
            f"SELECT setval(%(of)s, %(key)s) FROM {named} "  # nosec B608  # names of the model, quoted
            "WHERE last_value < %(key)s OR (last_value = %(key)s AND NOT is_called)",
            {"of": sequence, "key": key},
        )

    def _put(self, key: Any, record: Record) -> None:
        self._write(self._statements.updated(record, self._key_value(key)))

    def _remove(self, key: Any) -> None:
        if not self._write(self._statements.delete(self._key_value(key))).count:
            raise RecordNotFound(key)

    def _claim(self, once: Once) -> None:
        self._write(self._keys.over(once))
        try:
            self._pool.write(*self._keys.claim(once), self._name)
        except Refused as refused:
            if refused.failure.what == "taken":  # by one that has been carried out meanwhile
                raise Again(str(refused)) from refused
            raise

    def _remember(self, once: Once, records: Sequence[Record]) -> None:
        self._write(self._keys.keep(once, self._remembered.rows(records)))

    def _forget_some(self, now: float) -> None:
        for resource, key in self._pool.read(*self._keys.ended(now)):
            self._write(self._keys.ended_one(resource, key, now))

    def _one(self, statement: Written, key: Any) -> Record:
        for record in self._decoder(self._pool.read(*statement), self._statements.names):
            return record
        raise RecordNotFound(key)

    def _found(self, query: Query, *, lock: bool = False) -> list[Record]:
        names = self._statements.wanted(query)
        statements = self._statements.find(query, lock=lock)
        rows: list[Any] = []
        most = s.INT64_MAX if query.limit is None else query.offset + query.limit
        for statement in statements:
            rows += self._pool.read(*statement)
            if len(statements) > 1 and len(rows) >= most:
                break
        if len(statements) > 1:
            rows = rows[query.offset : most]
        records = self._decoder(rows, names)
        if query.backwards:
            records.reverse()
        return records

    def _write(self, statement: Written) -> Done:
        try:
            return self._pool.write(*statement, self._name)
        except Refused as refused:
            raise self._fitting.meaning(refused) from refused.__cause__

    def _key_value(self, key: Any) -> Any:
        try:
            return self._statements.key(key)
        except NO_VALUE:
            raise RecordNotFound(key) from None

    def _prepared(self, where: Resource, subject: str) -> tuple[Table, Fitting]:
        backend = self._pool.backend
        with self._pool.connected() as connection:
            backend.prepare(connection)
            table = Table.asked_for(where, self.shape, self.key, self.validators, backend)
            names = [member.name for member in self.shape.members]
            mistakes = [
                *name_mistakes(backend, names, connection.dialect.max_identifier_length),
                *index_mistakes(table),
            ]
            if mistakes:
                raise ConfigurationError(subject, mistakes)
            return table, table.prepare(connection)


def _counted(query: Query) -> Query:
    """The query whose records are counted: whatever its window, and what is wanted of them."""
    return replace(query, order=(), members=(), offset=0, limit=None, beyond=None, backwards=False)
