"""Records in a table of a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from marshmallow import Schema

from openrest.datastore.columns import STORED_AS, Column, column
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
        path, name, timeout = _read(resource, validator_mistakes(self))
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
