"""The SQL of one table in SQLite: texts, and the values to bind to them.

Names come from the model and are quoted; whatever comes from a request is bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from openrest.datastore.columns import NO_VALUE, Column, Convert
from openrest.datastore.records import unknown_field
from openrest.datastore.tables import Table
from openrest.errors import ContractError
from openrest.interfaces import Record
from openrest.models import shapes as s
from openrest.query import Condition, Order, Query

__all__ = ["Statements"]

_COMPARISONS: Final[Mapping[str, str]] = {
    "eq": "=",
    "ne": "<>",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
}


class Statements:
    """Each statement on a table; those that ask nothing of a query are written once.

    `get` and `delete` take the key. `insert` takes a record's values of every column, `update`
    those of every column but the key, and then the key: `inserted` and `updated` give them.
    """

    def __init__(self, table: Table) -> None:
        self._columns = {column.name: column for column in table.columns}
        # With the name of the table: SQLite takes "note" alone for a text once the table, which
        # others may alter, has no such column, and WHERE "id" = 'id' is then true of every row.
        self._places = {column.name: f"{table.sql}.{column.sql}" for column in table.columns}
        self._key = self._columns[table.key]
        # A model may have nothing but its key, and UPDATE must set something.
        changed = [each for each in table.columns if each is not self._key] or [self._key]
        names = ", ".join(column.sql for column in table.columns)
        places = ", ".join(self._places.values())
        marks = ", ".join("?" for _ in table.columns)
        settings = ", ".join(f"{column.sql} = ?" for column in changed)
        self._key_place = self._places[table.key]
        of_key = f" WHERE {self._key_place} = ?"
        self._select = f"SELECT {places} FROM {table.sql}"
        self._select_page = f"{self._select} ORDER BY {self._key_place} LIMIT ? OFFSET ?"
        self._count = f"SELECT count(*) FROM {table.sql}"
        self.get = self._select + of_key
        self.insert = f"INSERT INTO {table.sql} ({names}) VALUES ({marks})"
        self.update = f"UPDATE {table.sql} SET {settings}{of_key}"
        self.delete = f"DELETE FROM {table.sql}{of_key}"
        self._inserted = [(column.name, column.encode) for column in table.columns]
        self._updated = [(column.name, column.encode) for column in changed]

    def find(self, query: Query) -> tuple[str, Sequence[Any]]:
        """The statement that gives the rows of a query, ordered, within its window."""
        # SQLite has no larger numbers, and takes a negative limit for none.
        offset = min(query.offset, s.INT64_MAX)
        limit = -1 if query.limit is None else min(query.limit, s.INT64_MAX)
        if not query.conditions and not query.order:
            return self._select_page, (limit, offset)
        where, values = self._where(query.conditions)
        order = ", ".join([*map(self._order, query.order), self._key_place])
        sql = f"{self._select}{where} ORDER BY {order} LIMIT ? OFFSET ?"
        return sql, (*values, limit, offset)

    def count(self, query: Query) -> tuple[str, Sequence[Any]]:
        """The statement that counts the rows of a query, whatever its window."""
        if not query.conditions:
            return self._count, ()
        where, values = self._where(query.conditions)
        return self._count + where, values

    def key(self, key: Any) -> Any:
        """The value to bind for a key. One of NO_VALUE for what can be the key of no record."""
        return self._key.bound(key)

    def inserted(self, record: Record) -> list[Any]:
        """The values that `insert` takes for a kept record."""
        return _encoded(record, self._inserted)

    def updated(self, record: Record) -> list[Any]:
        """The values that `update` takes for a kept record, before the key."""
        return _encoded(record, self._updated)

    def _where(self, conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
        tests, values = [], []
        for condition in conditions:
            sign, column = _COMPARISONS[condition.operator], self._column(condition.member)
            place = self._places[column.name]
            if sign in ("=", "<>"):
                tests.append(f"{place} {sign} ?")
            elif column.ordered:
                tests.append(f"{column.order.format(place)} {sign} {column.order.format('?')}")
            else:
                raise ContractError(f"The values of the field {column.name!r} have no order.")
            try:
                values.append(column.bound(condition.value))
            except NO_VALUE as error:
                raise ContractError(
                    f"{condition.value!r} is no value of the field {column.name!r}."
                ) from error
        return (" WHERE " + " AND ".join(tests) if tests else ""), values

    def _order(self, order: Order) -> str:
        column = self._column(order.member)
        # Descending, NULL is last already: SQLite takes it for less than any value.
        direction = " DESC" if order.descending else "" if column.required else " NULLS LAST"
        return column.order.format(self._places[column.name]) + direction

    def _column(self, name: str) -> Column:
        if name not in self._columns:
            raise unknown_field(name, self._columns)
        return self._columns[name]


def _encoded(record: Record, encoders: Sequence[tuple[str, Convert | None]]) -> list[Any]:
    values = []
    for name, encode in encoders:
        value = record.get(name)
        try:
            values.append(value if value is None or encode is None else encode(value))
        except NO_VALUE as error:
            raise ContractError(f"The field {name!r} cannot be stored: {error}") from error
    return values
