"""The SQL of one table in SQLite: texts, and the values to bind to them.

Names come from the model and are quoted; whatever comes from a request is bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from openrest.datastore.columns import NO_VALUE, Column, Convert
from openrest.datastore.database import FOUND, LOWER
from openrest.datastore.fulltext import SearchIndex
from openrest.datastore.keyset import Range, Term, order_by, ranges
from openrest.datastore.records import unknown_field
from openrest.datastore.tables import Table
from openrest.datastore.texts import after
from openrest.errors import ContractError
from openrest.interfaces import Record
from openrest.models import shapes as s
from openrest.query import (
    MEMBERSHIP,
    ORDERING,
    AnyOf,
    Condition,
    Order,
    Position,
    Query,
    Search,
    Test,
)

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
        #: Those that there are for searches, by the fields that they are of.
        self.indexes: dict[tuple[str, ...], SearchIndex] = {}
        self._columns = {column.name: column for column in table.columns}
        # With the name of the table: SQLite takes "note" alone for a text once the table, which
        # others may alter, has no such column, and WHERE "id" = 'id' is then true of every row.
        self._places = {column.name: f"{table.sql}.{column.sql}" for column in table.columns}
        self._key = self._columns[table.key]
        # A model may have nothing but its key, and UPDATE must set something.
        changed = [each for each in table.columns if each is not self._key] or [self._key]
        names = ", ".join(column.sql for column in table.columns)
        marks = ", ".join("?" for _ in table.columns)
        settings = ", ".join(f"{column.sql} = ?" for column in changed)
        self._key_place = self._places[table.key]
        of_key = f" WHERE {self._key_place} = ?"
        self._table = table.sql
        self._from = f" FROM {table.sql}"
        self._names = tuple(self._columns)
        places = ", ".join(self._places.values())
        self._select = f"SELECT {places}{self._from}"
        self._select_page = f"{self._select} ORDER BY {self._key_place} LIMIT ? OFFSET ?"
        beyond = f"{self._select} WHERE {self._key_place}"
        #: By the direction in which it is read.
        self._select_beyond = {
            False: f"{beyond} > ? ORDER BY {self._key_place} LIMIT ? OFFSET ?",
            True: f"{beyond} < ? ORDER BY {self._key_place} DESC LIMIT ? OFFSET ?",
        }
        self._count = f"SELECT count(*){self._from}"
        self.get = self._select + of_key
        self.insert = f"INSERT INTO {table.sql} ({names}) VALUES ({marks})"  # nosec B608  # names of the model, quoted
        self.update = f"UPDATE {table.sql} SET {settings}{of_key}"  # nosec B608  # names of the model, quoted
        self.delete = f"DELETE FROM {table.sql}{of_key}"  # nosec B608  # names of the model, quoted
        #: Clients ask for the same again and again, for other values, one page after the other.
        self._ranges = lru_cache(maxsize=256)(self._ranges_of)
        self._ordering = lru_cache(maxsize=256)(self._ordering_of)
        self._wanted = lru_cache(maxsize=256)(self._wanted_of)
        self._comparing = lru_cache(maxsize=256)(self._comparing_of)
        self._inserted = [(column.name, column.encode) for column in table.columns]
        self._updated = [(column.name, column.encode) for column in changed]

    def names(self, query: Query) -> tuple[str, ...]:
        """The columns that `find` asks for: those that are wanted, and the key."""
        return self._names if query.members is None else self._wanted(query.members)

    def find(self, query: Query) -> tuple[str, Sequence[Any]]:
        """The statement that gives the rows of a query, ordered, within its window.

        One that is `backwards` has them in the order in which they are read, from the end.
        """
        # SQLite has no larger numbers, and takes a negative limit for none.
        offset = min(query.offset, s.INT64_MAX)
        limit = -1 if query.limit is None else min(query.limit, s.INT64_MAX)
        if query.beyond is not None:
            return self._beyond(query, query.beyond, limit, offset)
        if not (query.conditions or query.order or query.backwards) and query.members is None:
            return self._select_page, (limit, offset)
        where, values = self._where(query.conditions)
        order = self._ordering(query.order, query.backwards)
        sql = f"{self._selecting(self.names(query))}{where} ORDER BY {order} LIMIT ? OFFSET ?"
        return sql, (*values, limit, offset)

    def _beyond(
        self, query: Query, position: Position, limit: int, offset: int
    ) -> tuple[str, Sequence[Any]]:
        if not query.conditions and not query.order and query.members is None:
            [key] = position
            return self._select_beyond[query.backwards], (_bound(self._key, key), limit, offset)
        names = [*(order.member for order in query.order), self._key.name]
        bound = [
            _bound(self._column(name), value) for name, value in zip(names, position, strict=True)
        ]
        found = self._ranges(
            query.order, query.backwards, tuple(value is not None for value in bound)
        )
        select = self._selecting(self.names(query))
        where, values = self._where(query.conditions)
        if len(found) == 1:
            [only] = found
            values += [bound[number] for number in only.values]
            tests = f"{where} AND {only.tests}" if where else f" WHERE {only.tests}"
            sql = f"{select}{tests} ORDER BY {only.order} LIMIT ? OFFSET ?"
            return sql, (*values, limit, offset)
        most = -1 if limit < 0 else min(limit + offset, s.INT64_MAX)
        # Each with a limit, so that SQLite neither reads on nor takes its order for idle.
        sql = " UNION ALL ".join(
            f"SELECT * FROM ({select} WHERE {each.tests} ORDER BY {each.order} LIMIT ?)"  # nosec B608  # names of the model, quoted
            for each in found
        )
        for each in found:
            values += [*(bound[number] for number in each.values), most]
        sql = f"{sql} LIMIT ? OFFSET ?"
        if where:
            # Once for all of the ranges: there is a limit to the values that can be bound.
            matching = f"SELECT * FROM main.{self._table}{where}"  # nosec B608  # names of the model, quoted
            sql = f"WITH {self._table} AS NOT MATERIALIZED ({matching}) {sql}"
        return sql, (*values, limit, offset)

    def count(self, query: Query) -> tuple[str, Sequence[Any]]:
        """The statement that counts the rows of a query, whatever its window."""
        if not query.conditions:
            return self._count, ()
        where, values = self._where(query.conditions)
        return self._count + where, values

    def count_up_to(self, query: Query, most: int) -> tuple[str, Sequence[Any]]:
        """The statement that counts the rows of a query and stops at `most`."""
        where, values = self._where(query.conditions)
        return f"SELECT count(*) FROM (SELECT 1{self._from}{where} LIMIT ?)", (*values, most)  # nosec B608  # names of the model, quoted

    def key(self, key: Any) -> Any:
        """The value to bind for a key. One of NO_VALUE for what can be the key of no record."""
        return self._key.bound(key)

    def inserted(self, record: Record) -> list[Any]:
        """The values that `insert` takes for a kept record."""
        return _encoded(record, self._inserted)

    def updated(self, record: Record) -> list[Any]:
        """The values that `update` takes for a kept record, before the key."""
        return _encoded(record, self._updated)

    def _wanted_of(self, members: tuple[str, ...]) -> tuple[str, ...]:
        wanted = {self._column(name).name for name in members}
        return tuple(n for n in self._names if n in wanted or n == self._key.name)

    def _ordering_of(self, orders: tuple[Order, ...], backwards: bool) -> str:
        return order_by(self._terms(orders, backwards))

    def _selecting(self, names: Sequence[str]) -> str:
        if names is self._names:
            return self._select
        return f"SELECT {', '.join(self._places[name] for name in names)}{self._from}"

    def _where(self, tests: Sequence[Test]) -> tuple[str, list[Any]]:
        values: list[Any] = []
        return (f" WHERE {self._every(tests, values)}" if tests else ""), values

    def _every(self, tests: Sequence[Test], values: list[Any]) -> str:
        """The tests joined by *and*; their values go into the list."""
        found = []
        for test in tests:
            match test:
                case Condition():
                    found.append(self._condition(test, values))
                case Search():
                    found.append(self._search(test, values))
                case AnyOf(alternatives=alternatives):
                    every = [self._every(alternative, values) for alternative in alternatives]
                    found.append(f"({' OR '.join(every) or 'FALSE'})")
        return " AND ".join(found) or "TRUE"

    def _search(self, search: Search, values: list[Any]) -> str:
        if not search.words:
            return "FALSE"
        columns = [self._text_column(name) for name in search.members]
        index = self.indexes.get(tuple(sorted(search.members)))
        match = index.match(search.words) if index is not None else ""
        # The index first: where SQLite reads the rows by another one, it asks in this order.
        narrowing = ""
        if index is not None and match:
            narrowing = f"{index.narrowing} AND "
            values.append(match)
        values.append(" ".join(search.words))
        places = ", ".join(self._places[column.name] for column in columns)
        return f"{narrowing}{FOUND}(?, {places})"

    def _condition(self, condition: Condition, values: list[Any]) -> str:
        name = condition.operator
        if name in _COMPARISONS:
            sql, column = self._comparing(condition.member, name)
            values.append(_bound(column, condition.value))
            return sql
        column = self._column(condition.member)
        place = self._places[column.name]
        if name == "isnull":
            return f"{place} IS {'' if condition.value else 'NOT '}NULL"
        if name in MEMBERSHIP:
            return self._membership(condition, column, values)
        self._text_column(column.name)
        if condition.value is not None:
            return _text(name, place, _bound(column, condition.value), values)
        return "NULL"

    def _comparing_of(self, member: str, operator: str) -> tuple[str, Column]:
        column = self._column(member)
        place, mark = self._places[column.name], "?"
        if operator in ORDERING:
            if not column.ordered:
                raise ContractError(f"The values of the field {column.name!r} have no order.")
            place, mark = column.order.format(place), column.order.format(mark)
        return f"{place} {_COMPARISONS[operator]} {mark}", column

    def _membership(self, condition: Condition, column: Column, values: list[Any]) -> str:
        place = self._places[column.name]
        if condition.value is None:
            return "NULL"
        # NOT IN of a list with a null would be true of nothing.
        asked = [_bound(column, value) for value in condition.value if value is not None]
        values.extend(asked)
        marks = ", ".join("?" for _ in asked)
        if condition.operator == "in":
            return f"{place} IN ({marks})"
        # NOT IN of no list at all would be true of null, too.
        return f"({place} IS NOT NULL AND {place} NOT IN ({marks}))"

    def _ranges_of(
        self, orders: tuple[Order, ...], backwards: bool, present: tuple[bool, ...]
    ) -> tuple[Range, ...]:
        terms = self._terms(orders, backwards)
        return tuple(ranges(terms, present[: len(terms)]))

    def _terms(self, orders: Sequence[Order], backwards: bool) -> list[Term]:
        """An order with the key, in the direction in which it is read."""
        terms = []
        # What comes after the key tells a position from the record that has its key by now.
        has_key = any(order.member == self._key.name for order in orders)
        for order in orders if has_key else (*orders, Order(self._key.name)):
            column = self._column(order.member)
            terms.append(
                Term(
                    place=self._places[column.name],
                    value=column.order.format(self._places[column.name]),
                    mark=column.order.format("?"),
                    descending=order.descending is not backwards,
                    nullable=not column.required and column is not self._key,
                    first=backwards,
                )
            )
        return terms

    def _text_column(self, name: str) -> Column:
        column = self._column(name)
        if column.type != "TEXT" or column.encode is not None:
            raise ContractError(f"The values of the field {name!r} are no text.")
        return column

    def _column(self, name: str) -> Column:
        if name not in self._columns:
            raise unknown_field(name, self._columns)
        return self._columns[name]


def _bound(column: Column, value: Any) -> Any:
    try:
        return column.bound(value)
    except NO_VALUE as error:
        raise ContractError(f"{value!r} is no value of the field {column.name!r}.") from error


def _text(operator: str, place: str, text: str, values: list[Any]) -> str:
    """A test of text; no pattern of LIKE or GLOB, in which some characters stand for others."""
    if operator.startswith("i"):
        place, text, operator = f"{LOWER}({place})", text.lower(), operator[1:]
    match operator:
        case "contains":
            values.append(text)
            return f"instr({place}, ?) > 0"
        case "startswith":
            end = after(text)
            values.extend([text] if end is None else [text, end])
            # As a range, for which an index serves. The order of UTF-8 is that of code points.
            return f"{place} >= ?" if end is None else f"({place} >= ? AND {place} < ?)"
        case _:
            values.extend([text, text])
            return f"substr({place}, length({place}) - length(?) + 1) = ?"


def _encoded(record: Record, encoders: Sequence[tuple[str, Convert | None]]) -> list[Any]:
    values = []
    for name, encode in encoders:
        value = record.get(name)
        try:
            values.append(value if value is None or encode is None else encode(value))
        except NO_VALUE as error:
            raise ContractError(f"The field {name!r} cannot be stored: {error}") from error
    return values
