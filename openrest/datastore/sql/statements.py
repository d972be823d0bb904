"""The statements on one table: written once, and then only bound to values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from openrest.datastore.columns import NO_VALUE
from openrest.datastore.keyset import Stretch, Way, stretches
from openrest.datastore.sql.backend import Backend
from openrest.datastore.sql.columns import Column
from openrest.datastore.sql.conditions import Conditions, Names, bind, bound
from openrest.datastore.sql.prepared import Prepared, Written
from openrest.errors import ContractError
from openrest.interfaces import Record
from openrest.models import shapes as s
from openrest.query import Order, Query, Test

__all__ = ["Statements"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Term(Way):
    column: Column
    place: Any

    def ordering(self, backend: Backend, *, present: bool) -> list[Any]:
        """What orders by it; `present` says that it has no null in these rows."""
        value = self.column.order(self.place)
        value = value.desc() if self.descending else value.asc()
        first_unless_told = self.descending is not backend.null_is_less
        if present or not self.nullable or self.first is first_unless_told:
            return [value]
        return backend.nulls(value, self.place, first=self.first)


class Statements:
    """Each statement on a table; those that ask nothing of a query are compiled once."""

    def __init__(
        self,
        name: str,
        schema: str | None,
        columns: Sequence[Column],
        key: str,
        backend: Backend,
        dialect: sa.Dialect,
    ) -> None:
        self._columns = {column.name: column for column in columns}
        self._key = self._columns[key]
        self._backend = backend
        self._dialect = dialect
        self.names = tuple(self._columns)
        named = [sa.column(column.name, column.type) for column in columns]
        self._table = sa.table(name, *named, schema=schema)
        self._places = {column.name: self._table.c[column.name] for column in columns}
        self._key_place = self._places[key]
        self._conditions = Conditions(self._columns, self._places, backend)
        self._prepare()
        self._finding = lru_cache(maxsize=256)(self._find)
        self._counting = lru_cache(maxsize=256)(self._count)

    def _prepare(self) -> None:
        of_key = self._key.compare(self._key_place) == self._key.match(bind(self._key, "key"))
        one = self._selecting(self.names).where(of_key)
        window: dict[str, Any] = {
            name: sa.bindparam(name, type_=sa.BigInteger()) for name in ("limit", "offset")
        }
        page = self._selecting(self.names).order_by(*self._order((), backwards=False))
        page = page.limit(window["limit"]).offset(window["offset"])
        # A model may have nothing but its key, and UPDATE must set something.
        changed = [each for each in self._columns.values() if each is not self._key] or [self._key]
        self._changed = changed
        setting, names = _binds(changed)
        update = sa.update(self._table).where(of_key).values(setting)
        self.get = self._prepared(one, ["key"])
        self.lock = self._prepared(one.with_for_update(), ["key"])
        self.page = self._prepared(page, ["limit", "offset"])
        self.update = self._prepared(update, [*names, "key"])
        self.delete = self._prepared(sa.delete(self._table).where(of_key), ["key"])
        every = [*self._columns.values()]
        without_key = [column for column in every if column is not self._key]
        self.insert = self._inserting(every)
        #: For a key that the database assigns, which it gives back where it can.
        self.insert_assigned = self._inserting(without_key, returning=self._backend.returns)
        self._without_key = without_key

    def key(self, key: Any) -> Any:
        """The value to bind for a key. One of NO_VALUE for what can be the key of no record."""
        bound = self._key.bound(key)
        if bound is None:
            raise TypeError("no record has the key None")
        return bound

    def inserted(self, record: Record, *, assigned: bool) -> Written:
        """The statement that stores a kept record; `assigned` where the database makes its key."""
        if assigned:
            return self.insert_assigned(*_encoded(record, self._without_key))
        return self.insert(*_encoded(record, [*self._columns.values()]))

    def updated(self, record: Record, key: Any) -> Written:
        """The statement that stores a kept record in the place of the one with the bound key."""
        return self.update(*_encoded(record, self._changed), key)

    def wanted(self, query: Query) -> tuple[str, ...]:
        """The columns that `find` asks for: those that are wanted, and the key."""
        if query.members is None:
            return self.names
        wanted = {self._conditions.column(name).name for name in query.members}
        return tuple(n for n in self.names if n in wanted or n == self._key.name)

    def find(self, query: Query, *, lock: bool = False) -> list[Written]:
        """The statements that give the rows of a query, ordered, one after the other.

        Of a single one they are those of the window. Of several, each gives as many as the window
        and what is before it could take. One that is `backwards` has them from the end.
        """
        limit = s.INT64_MAX if query.limit is None else min(query.limit, s.INT64_MAX)
        offset = min(query.offset, s.INT64_MAX)
        if query == Query(offset=query.offset, limit=query.limit) and not lock:
            return [self.page(limit, offset)]
        tests, values = self._conditions.taken_out(query.conditions)
        position = self._position(query)
        present = None if position is None else tuple(value is not None for value in position)
        prepared = self._finding(
            tests, query.order, self.wanted(query), present, query.backwards, lock
        )
        if len(prepared) > 1:
            limit, offset = min(limit + offset, s.INT64_MAX), 0
        return [each(*values, *(position or ()), limit, offset) for each in prepared]

    def count(self, query: Query) -> Written:
        """The statement that counts the rows of a query, whatever its window."""
        tests, values = self._conditions.taken_out(query.conditions)
        return self._counting(tests)(*values)

    def count_up_to(self, query: Query, most: int) -> Written:
        """The statement that counts the rows of a query and stops at `most`."""
        tests, values = self._conditions.taken_out(query.conditions)
        return self._counting(tests, bounded=True)(*values, most)

    def _position(self, query: Query) -> list[Any] | None:
        """What to bind for the position that a query goes on from."""
        if query.beyond is None:
            return None
        names = [*(order.member for order in query.order), self._key.name]
        return [
            bound(self._conditions.column(name), value)
            for name, value in zip(names, query.beyond, strict=True)
        ]

    def _find(
        self,
        tests: tuple[Test, ...],
        orders: tuple[Order, ...],
        wanted: tuple[str, ...],
        present: tuple[bool, ...] | None,
        backwards: bool,
        lock: bool,
    ) -> list[Prepared]:
        """The statements of `find`: they take the values of the tests and the position, and two.

        `present` says which values of the position are not null.
        """
        names = Names()
        select = self._selecting(wanted).where(
            *(self._conditions.expression(test, names) for test in tests)
        )
        if lock:
            select = select.with_for_update()
        terms = self._terms(orders, backwards)
        if present is None:
            selects = [select.order_by(*self._order(orders, backwards=backwards))]
        else:
            position = [names.next() for _ in present]
            selects = [
                self._within(select, stretch, terms, present, position)
                for stretch in stretches(terms, present)
            ]
        limit, offset = (sa.bindparam(name, type_=sa.BigInteger()) for name in ("limit", "offset"))
        taken = [*names.given, "limit", "offset"]
        return [self._prepared(each.limit(limit).offset(offset), taken) for each in selects]

    def _count(self, tests: tuple[Test, ...], bounded: bool = False) -> Prepared:
        names = Names()
        met = [self._conditions.expression(test, names) for test in tests]
        if not bounded:
            count = sa.select(sa.func.count()).select_from(self._table).where(*met)
            return self._prepared(count, names.given)
        some: Any = sa.select(sa.literal_column("1").label("one")).select_from(self._table)
        some = some.where(*met).limit(sa.bindparam("most", type_=sa.BigInteger()))
        counting = sa.select(sa.func.count()).select_from(some.subquery("some"))
        return self._prepared(counting, [*names.given, "most"])

    def _prepared(self, statement: Any, names: Sequence[str]) -> Prepared:
        return Prepared(statement, self._dialect, names)

    def _inserting(self, columns: Sequence[Column], *, returning: bool = False) -> Prepared:
        setting, names = _binds(columns)
        insert = sa.insert(self._table).values(setting)
        if returning:
            insert = insert.returning(self._key_place)
        return self._prepared(insert, names)

    def _selecting(self, names: Sequence[str]) -> Any:
        return sa.select(*(self._columns[name].read(self._places[name]) for name in names))

    def _within(
        self,
        select: Any,
        stretch: Stretch,
        terms: Sequence[_Term],
        present: Sequence[bool],
        position: Sequence[str],
    ) -> Any:
        """The rows of a stretch; the values of the position are bound by these names."""
        tests = []
        for term, there, name in zip(terms[: stretch.same], present, position, strict=False):
            tests.append(_same_as(term, name) if there else term.place.is_(None))
        term = terms[stretch.same]
        match stretch.next:
            case "beyond":
                place = term.column.order(term.place)
                mark = term.column.mark(bind(term.column, position[stretch.same]))
                tests.append(place < mark if term.descending else place > mark)
            case "null":
                tests.append(term.place.is_(None))
            case "value":
                tests.append(term.place.is_not(None))
        order: list[Any] = []
        for number, each in enumerate(terms[stretch.start :] or terms[-1:]):
            first = number == 0 and stretch.next != "null"
            order += each.ordering(self._backend, present=first)
        return select.where(*tests).order_by(*order)

    def _order(self, orders: Sequence[Order], *, backwards: bool) -> list[Any]:
        terms = self._terms(orders, backwards)
        return [each for term in terms for each in term.ordering(self._backend, present=False)]

    def _terms(self, orders: Sequence[Order], backwards: bool) -> list[_Term]:
        """An order with the key, in the direction in which it is read."""
        terms = []
        # What comes after the key tells a position from the record that has its key by now.
        has_key = any(order.member == self._key.name for order in orders)
        for order in orders if has_key else (*orders, Order(self._key.name)):
            column = self._conditions.column(order.member)
            terms.append(
                _Term(
                    column=column,
                    place=self._places[column.name],
                    descending=order.descending is not backwards,
                    nullable=not column.required and column is not self._key,
                    first=backwards,
                )
            )
        return terms


def _same_as(term: _Term, name: str) -> Any:
    return term.column.compare(term.place) == term.column.match(bind(term.column, name))


def _binds(columns: Sequence[Column]) -> tuple[dict[str, Any], list[str]]:
    """What the columns are set to, and the names of the values that are bound for it."""
    names = [f"v{number}" for number in range(len(columns))]
    setting = {
        column.name: column.write(bind(column, name))
        for column, name in zip(columns, names, strict=True)
    }
    return setting, names


def _encoded(record: Record, columns: Sequence[Column]) -> list[Any]:
    values = []
    for column in columns:
        try:
            values.append(column.encoded(record.get(column.name)))
        except NO_VALUE as error:
            raise ContractError(f"The field {column.name!r} cannot be stored: {error}") from error
    return values
