"""What a query asks of each row, as expressions of SQLAlchemy and values to bind to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from openrest.datastore.columns import NO_VALUE
from openrest.datastore.records import unknown_field
from openrest.datastore.sql.backend import Backend
from openrest.datastore.sql.columns import Column
from openrest.datastore.texts import after
from openrest.errors import ContractError
from openrest.query import MEMBERSHIP, ORDERING, TEXT, AnyOf, Condition, Search, Test

__all__ = ["Conditions", "Names", "bind", "bound"]

_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "eq": lambda place, value: place == value,
    "ne": lambda place, value: place != value,
    "lt": lambda place, value: place < value,
    "lte": lambda place, value: place <= value,
    "gt": lambda place, value: place > value,
    "gte": lambda place, value: place >= value,
}


class Names:
    """The names of values, in the order in which they are bound."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def next(self) -> str:
        """One that was not given yet."""
        self.given.append(f"v{len(self.given)}")
        return self.given[-1]


class Conditions:
    """Tests on the columns of a table, each of which is in its place in a statement."""

    def __init__(
        self, columns: Mapping[str, Column], places: Mapping[str, Any], backend: Backend
    ) -> None:
        self._columns = columns
        self._places = places
        self._backend = backend

    def taken_out(self, tests: Sequence[Test]) -> tuple[tuple[Test, ...], list[Any]]:
        """The tests, each with the number of its values in their place, and what to bind for them.

        Clients ask the same again and again, with other values.
        """
        values: list[Any] = []
        return tuple(self._test_without(test, values) for test in tests), values

    def _test_without(self, test: Test, values: list[Any]) -> Test:
        match test:
            case Condition():
                return self._condition_without(test, values)
            case AnyOf(alternatives=alternatives):
                return AnyOf(
                    tuple(
                        tuple(self._condition_without(one, values) for one in every)
                        for every in alternatives
                    )
                )
            case Search():
                raise ContractError("SQLDataStore does not search.")

    def _condition_without(self, condition: Condition, values: list[Any]) -> Condition:
        column, name = self.column(condition.member), condition.operator
        if name in TEXT and not column.is_text:
            raise ContractError(f"The values of the field {column.name!r} are no text.")
        if name in ORDERING and not column.ordered:
            raise ContractError(f"The values of the field {column.name!r} have no order.")
        if name == "isnull" or condition.value is None:
            return condition
        if name in MEMBERSHIP:
            # NOT IN of a list with a null would be true of nothing.
            own = [bound(column, each) for each in condition.value if each is not None]
        else:
            own = [bound(column, condition.value)]
        if name.startswith("i") and name in TEXT:
            own = [self._backend.lowered(own[0])]
        if name in ("startswith", "istartswith"):
            end = after(own[0])
            own += [] if end is None else [end]
        values += own
        return Condition(condition.member, name, len(own))

    def expression(self, test: Test, names: Names) -> Any:
        """The expression of a test whose values are taken out."""
        match test:
            case Condition():
                return self._condition(test, names)
            case AnyOf(alternatives=alternatives):
                every = [
                    sa.and_(sa.true(), *(self._condition(one, names) for one in alternative))
                    for alternative in alternatives
                ]
                return sa.or_(sa.false(), *every)

    def _condition(self, condition: Condition, names: Names) -> Any:
        column, name = self.column(condition.member), condition.operator
        place = self._places[column.name]
        if name == "isnull":
            return place.is_(None) if condition.value else place.is_not(None)
        if condition.value is None:
            return sa.false()
        bound = [bind(column, names.next()) for _ in range(condition.value)]
        if name in TEXT:
            return self._text(name, column, bound)
        if name in ORDERING:
            return _COMPARISONS[name](column.order(place), column.mark(bound[0]))
        asked = [column.match(each) for each in bound]
        if name == "in":
            return column.compare(place).in_(asked) if asked else sa.false()
        if name == "nin":
            # NOT IN of no list at all would be true of null, too.
            others = [column.compare(place).not_in(asked)] if asked else []
            return sa.and_(place.is_not(None), *others)
        return _COMPARISONS[name](column.compare(place), asked[0])

    def _text(self, operator: str, column: Column, bound: Sequence[Any]) -> Any:
        """A test of text; no pattern of LIKE, in which some characters stand for others."""
        place = column.read(self._places[column.name])
        ranges = column.order(self._places[column.name])
        if operator.startswith("i"):
            place, operator = self._backend.lower(place), operator[1:]
            ranges = self._backend.binary(place)
        match operator:
            case "contains":
                return self._backend.contains(place, bound[0])
            case "startswith":
                # As a range, for which an index serves; only the last texts of all have no end.
                ends = [ranges < end for end in bound[1:]]
                return sa.and_(ranges >= bound[0], *ends)
            case _:
                return self._backend.ends_with(place, bound[0])

    def column(self, name: str) -> Column:
        if name not in self._columns:
            raise unknown_field(name, self._columns)
        return self._columns[name]


def bind(column: Column, name: str) -> Any:
    """The value of a column that is bound by a name."""
    return sa.bindparam(name, type_=column.bind)


def bound(column: Column, value: Any) -> Any:
    """What to bind for a value. Raises ContractError where it is none of the field."""
    try:
        return column.bound(value)
    except NO_VALUE as error:
        raise ContractError(f"{value!r} is no value of the field {column.name!r}.") from error
