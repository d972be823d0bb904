"""Records in a table of a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from marshmallow import Schema

from openrest.datastore.columns import NO_VALUE, STORED_AS, Column, Convert, column
from openrest.datastore.database import Database, connect, switch_to_wal
from openrest.datastore.records import (
    Keeper,
    is_assigned,
    unique_members,
    validator_mistakes,
)
from openrest.datastore.tables import Table, TableFound
from openrest.datastore.validators import UniqueTogether
from openrest.errors import (
    ConfigurationError,
    ContractError,
    RecordNotFound,
    StoreError,
    StoreUnavailable,
    did_you_mean,
)
from openrest.interfaces import Change, Check, DataStore, Record, StoreValidator
from openrest.models import shapes as s
from openrest.query import OPERATORS, Condition, Order, Query

__all__ = ["SQLiteDataStore"]

_COMPARISONS: Final[Mapping[str, str]] = {
    "eq": "=",
    "ne": "<>",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
}
_KEYS: Final = ("name", "table", "timeout")


class SQLiteDataStore(DataStore):
    """Keeps records in a table of a SQLite file; both are made when they are missing.

        class Tweet(Model):
            fields = [StringField(name="text", required=True), PkField(name="id")]

        store = SQLiteDataStore({"name": "twitter.db", "table": "tweets"}, Tweet)
        store.insert({"text": "Hello"})  # {"text": "Hello", "id": 1}

    A third key, ``"timeout"``, is how many seconds a write waits for another process to finish
    its own (5 unless given). Readers wait for nobody. A write that has returned survives the loss
    of power.

    The columns have the names of the fields: `Table.create_statement` shows them. An existing
    table is used as it is, never altered, and refused with every difference when it does not fit
    (TableMismatch). Raises ConfigurationError for a resource or a file that cannot be used.
    """

    operators = OPERATORS
    sortable = True
    can_be_away = True
    enforces = (UniqueTogether,)

    def __init__(
        self, resource: Any, model: type[Schema], validators: Sequence[StoreValidator] = ()
    ) -> None:
        super().__init__(resource, model, validators)
        path, name, timeout = _read(resource, model, self._mistakes())
        columns = tuple(map(column, self.shape.members))
        self.table = Table(
            name=name,
            columns=columns,
            key=self.key.name,
            assigned=is_assigned(self.key),
            uniques=tuple(unique_members(validators)),
        )
        found = _prepare(path, timeout, self.table)
        self._database = Database(path, timeout, found.conflicts)
        self._keep = Keeper(self.shape, self.key)
        self._columns = {each.name: each for each in columns}
        self._names = tuple(self._columns)
        self._encoders = [(each.name, each.encode) for each in columns]
        self._decoders = [
            (each.name, each.decode or _only(STORED_AS[each.type]))
            for each in columns
            if each.decode or not found.strict
        ]
        self._optional = [m.name for m in self.shape.members if not m.always]
        self._write_statements(columns)

    def _mistakes(self) -> list[str]:
        mistakes = validator_mistakes(self)
        names = [member.name.lower() for member in self.shape.members]
        for name in sorted({name for name in names if names.count(name) > 1}):
            mistakes.append(f"to SQLite all fields called {name!r} in any case are one column.")
        return mistakes

    def _write_statements(self, columns: Sequence[Column]) -> None:
        table, key = self.table.sql, self._columns[self.key.name]
        names = ", ".join(each.sql for each in columns)
        changed = [each for each in columns if each is not key]
        self._where_key = f" WHERE {key.sql} = ?"
        self._by_key = f" ORDER BY {key.sql}"
        self._window = " LIMIT ? OFFSET ?"
        self._select = f"SELECT {names} FROM {table}"
        self._select_one = self._select + self._where_key
        self._select_page = self._select + self._by_key + self._window
        self._count = f"SELECT count(*) FROM {table}"
        self._insert = f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})"
        # A model may have nothing but its key, and UPDATE must set something.
        settings = ", ".join(f"{each.sql} = ?" for each in changed or [key])
        self._update = f"UPDATE {table} SET {settings}" + self._where_key
        self._changed = [(each.name, each.encode) for each in changed or [key]]
        self._delete = f"DELETE FROM {table}" + self._where_key

    def find(self, query: Query) -> Iterable[Record]:
        # SQLite has no larger numbers, and takes a negative limit for none.
        offset = min(query.offset, s.INT64_MAX)
        limit = -1 if query.limit is None else min(query.limit, s.INT64_MAX)
        if not query.conditions and not query.order:
            return self._records(self._select_page, (limit, offset))
        where, values = self._where(query.conditions)
        sql = self._select + where + self._order(query.order) + self._window
        return self._records(sql, (*values, limit, offset))

    def count(self, query: Query) -> int:
        where, values = self._where(query.conditions)
        [(count,)] = self._database.rows(self._count + where, values)
        return int(count)

    def get(self, key: Any) -> Record:
        for record in self._records(self._select_one, (self._key_value(key),)):
            return record
        raise RecordNotFound(key)

    def insert(self, record: Record) -> Record:
        return self._add(self._keep(record))

    def insert_many(self, records: Sequence[Record]) -> list[Record]:
        kept = [self._keep(record) for record in records]
        with self._database.transaction():
            return [self._add(record) for record in kept]

    def update(self, key: Any, change: Change) -> Record:
        """Replace the record by what `change` makes of it, as one atomic step.

        `change` must not write to the same file: to this store it is refused (ContractError),
        to another one it waits for itself until the timeout.
        """
        with self._database.transaction():
            new = self._keep({self.key.name: key, **change(self.get(key))})
            if new[self.key.name] != key:
                raise ContractError(f"The key {key!r} was changed to {new[self.key.name]!r}.")
            values = self._values(new, self._changed)
            self._database.execute(self._update, (*values, self._key_value(key)))
        return new

    def delete(self, key: Any, check: Check | None = None) -> None:
        if check is None:
            self._remove(key)
            return
        with self._database.transaction():
            check(self.get(key))
            self._remove(key)

    def close(self) -> None:
        """Close this thread's connection; the store can still be used and opens another."""
        self._database.close()

    def _add(self, record: Record) -> Record:
        cursor = self._database.execute(self._insert, self._values(record, self._encoders))
        record.setdefault(self.key.name, cursor.lastrowid)
        return record

    def _remove(self, key: Any) -> None:
        if not self._database.execute(self._delete, (self._key_value(key),)).rowcount:
            raise RecordNotFound(key)

    def _where(self, conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
        if not conditions:
            return "", []
        tests, values = [], []
        for condition in conditions:
            sign, field = _COMPARISONS[condition.operator], self._column(condition.member)
            if sign in ("=", "<>"):
                tests.append(f"{field.sql} {sign} ?")
            elif field.ordered:
                tests.append(f"{field.order.format(field.sql)} {sign} {field.order.format('?')}")
            else:
                raise ContractError(f"The values of the field {field.name!r} have no order.")
            try:
                values.append(field.bound(condition.value))
            except NO_VALUE as error:
                raise ContractError(
                    f"{condition.value!r} is no value of the field {field.name!r}."
                ) from error
        return " WHERE " + " AND ".join(tests), values

    def _order(self, orders: Sequence[Order]) -> str:
        terms = []
        for order in orders:
            field = self._column(order.member)
            # Descending, NULL is last already: SQLite takes it for less than anything.
            direction = " DESC" if order.descending else "" if field.required else " NULLS LAST"
            terms.append(field.order.format(field.sql) + direction)
        return " ORDER BY " + ", ".join([*terms, self._columns[self.key.name].sql])

    def _column(self, name: str) -> Column:
        try:
            return self._columns[name]
        except KeyError:
            near = did_you_mean(name, self._columns)
            raise ContractError(f"The model has no field {name!r}.{near}") from None

    def _key_value(self, key: Any) -> Any:
        try:
            return self._columns[self.key.name].bound(key)
        except NO_VALUE:
            raise RecordNotFound(key) from None

    def _values(self, record: Record, encoders: Sequence[tuple[str, Convert | None]]) -> list[Any]:
        """What to bind for a kept record."""
        values = []
        for name, encode in encoders:
            value = record.get(name)
            try:
                values.append(value if value is None or encode is None else encode(value))
            except NO_VALUE as error:
                raise ContractError(f"The field {name!r} cannot be stored: {error}") from error
        return values

    def _records(self, sql: str, values: Sequence[Any]) -> list[Record]:
        names = self._names
        # strict=False: the statement names the columns one by one, so their number is right.
        records = [dict(zip(names, row, strict=False)) for row in self._database.rows(sql, values)]
        # A column at a time, so that a row costs little more than its values.
        for name, decode in self._decoders:
            for record in records:
                value = record[name]
                if value is not None:
                    try:
                        record[name] = decode(value)
                    except NO_VALUE as error:
                        raise self._unreadable(record, name) from error
        for name in self._optional:
            for record in records:
                if record[name] is None:
                    del record[name]
        return records

    def _unreadable(self, record: Record, name: str) -> StoreError:
        return StoreError(
            f"{self.table.name}: the record with the key {record[self.key.name]!r} has a value in "
            f"{name!r} that is none of the field: {record[name]!r:.80}"
        )


def _read(resource: Any, model: type[Schema], mistakes: list[str]) -> tuple[Path, str, float]:
    """Path of the file, name of the table and timeout, out of what a user wrote."""
    subject = f"SQLiteDataStore of {model.__name__}"
    if not isinstance(resource, Mapping):
        wanted = '{"name": "twitter.db", "table": "tweets"}'
        mistakes.append(f"resource must be like {wanted}, not {resource!r}.")
        raise ConfigurationError(subject, mistakes)
    for key in resource:
        if key not in _KEYS:
            mistakes.append(f"resource: unknown key {key!r}.{did_you_mean(str(key), _KEYS)}")
    name, table = resource.get("name"), resource.get("table")
    timeout = resource.get("timeout", 5)
    if not isinstance(name, (str, Path)) or not str(name):
        mistakes.append(f"resource['name'] must be the path of a file, not {name!r}.")
    elif str(name).startswith((":memory:", "file:")):
        mistakes.append(
            f"resource['name'] is {name!r}: each thread would see a database of its own. Give the "
            "path of a file, or use PythonListDataStore to keep records in memory."
        )
    elif not Path(name).absolute().parent.is_dir():
        mistakes.append(f"resource['name']: there is no directory {Path(name).absolute().parent}.")
    elif Path(name).is_dir():
        mistakes.append(f"resource['name']: {Path(name).absolute()} is a directory.")
    if not isinstance(table, str) or not table or "\0" in table or table.startswith("sqlite_"):
        mistakes.append(f"resource['table'] must be the name of a table, not {table!r}.")
    if type(timeout) not in (int, float) or not 0 <= timeout <= 86400:
        mistakes.append(f"resource['timeout'] must be a number of seconds, not {timeout!r}.")
    if mistakes:
        raise ConfigurationError(subject, mistakes)
    # Absolute, for the process may change its directory before a thread opens its connection.
    return Path(str(name)).absolute(), str(table), float(timeout)


def _prepare(path: Path, timeout: float, table: Table) -> TableFound:
    try:
        # Closed again at once: a server that forks after this hands no connection on.
        with closing(connect(path, timeout, create=True)) as connection:
            switch_to_wal(connection, timeout)
            return table.prepare(connection)
    except sqlite3.Error as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise StoreUnavailable(f"{path}: {error}") from error
        raise ConfigurationError(f"the file {str(path)!r}", [f"{error}."]) from error


def _only(kind: type) -> Convert:
    def same(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"it is of type {type(value).__name__}")
        return value

    return same
