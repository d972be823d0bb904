"""Which records are whose: a store around another one in which each user has only their own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from openrest import messages as msg
from openrest.asking import ASKER
from openrest.contract import Contribution, ResponseSpec
from openrest.datastore.around import StoreAround
from openrest.datastore.records import keeper
from openrest.errors import (
    ContractError,
    Forbidden,
    Mistake,
    OutOfScope,
    RecordNotFound,
    did_you_mean,
)
from openrest.interfaces import Change, Check, DataStore, Once, Permission, Record, User
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.walking import stored_object
from openrest.options import store_name
from openrest.query import Condition, Query

__all__ = ["RowScope", "Scoped", "read_scope"]

#: Of a user, the fields by which records are theirs, each with the value that it has there, or a
#: collection of the values that it may have.
ScopeFunction = Callable[[Any], Mapping[str, Any]]

_PLACE: Final = "controller.options.scope"
_ITS_OWN: Final = "Each user has only those objects that are in their own scope."


class RowScope:
    """The option ``scope``: which records a user has, as conditions on their fields."""

    def __init__(
        self,
        function: ScopeFunction,
        shape: s.Object | s.OneOf,
        key: s.Member,
        operators: Collection[str],
        *,
        for_unknown: bool,
    ) -> None:
        """`for_unknown` says whether the function is asked of a user who is None, too."""
        self._function = function
        self._members = {member.name: keeper(member) for member in stored_object(shape).members}
        self._operators = operators
        self._for_unknown = for_unknown
        #: Most values are texts and numbers, asked for again and again.
        self._remembered = lru_cache(maxsize=1024, typed=True)(self._made)
        #: Null matches no comparison, so no record is such a one.
        self._none = (Condition(key.name, "eq", None),)

    def contribution(self, method: str) -> Contribution:
        """What it says of an operation, and the status of a write that it refuses."""
        # Of any other object it would be what its class says of itself, as partial() does.
        written = inspect.getdoc(self._function) if inspect.isroutine(self._function) else None
        words = (written or _ITS_OWN).partition("\n")[0]
        if method not in ("POST", "PUT", "PATCH"):
            return Contribution(description=words)
        refused = ResponseSpec(
            status=403,
            description="The object would be out of the scope of whoever makes the request",
            example=Forbidden(say(msg.OUT_OF_SCOPE), [Mistake(say(msg.NOT_YOURS), pointer="#")]),
        )
        return Contribution(description=words, responses=(refused,))

    def tests(self, user: User | None) -> tuple[Condition, ...]:
        """What the records of a user have to pass now.

        Raises ContractError where the function gives none that can be.
        """
        if user is None and not self._for_unknown:
            return self._none
        values = self._function(user)
        if type(values) is not dict and not isinstance(values, Mapping):
            raise ContractError(f"{_PLACE} gives {values!r:.80}, and no mapping of fields.")
        tests = []
        for name, value in values.items():
            kind = type(value)
            made = self._remembered if kind is str or kind is int else self._made
            tests.append(made(name, value))
        return tuple(tests)

    def _made(self, name: str, value: Any) -> Condition:
        keep = self._members.get(name)
        if keep is None:
            near = did_you_mean(str(name), self._members)
            raise ContractError(f"{_PLACE}: the model has no field {name!r}.{near}")
        try:
            if value is None:
                test = Condition(name, "isnull", True)
            elif not isinstance(value, list | tuple | set | frozenset):
                test = Condition(name, "eq", keep(value))
            elif value:
                test = Condition(name, "in", [keep(each) for each in value])
            else:
                return self._none[0]
        except ValueError as reason:
            raise ContractError(f"{_PLACE}: field {name!r}: {value!r:.80} {reason}") from reason
        if test.operator not in self._operators:
            raise ContractError(f"{_PLACE}: the store cannot find {name!r} by {test.operator!r}.")
        return test


class Scoped(StoreAround):
    """Has of the records in `base` those that are in the scope of whoever asks.

    All others are not there. What is written gets the values of the scope where it has none, and
    is refused where it has others (OutOfScope). It has to be known who asks:
    within a request it is, elsewhere by `openrest.asking.asked_by` or `unscoped`.
    """

    def __init__(self, base: DataStore, scope: RowScope) -> None:
        super().__init__(base)
        self._scope = scope

    def find(self, query: Query) -> Iterable[Record]:
        return self.base.find(self._narrowed(query))

    def stream(self, query: Query) -> Iterator[Record]:
        return super().stream(self._narrowed(query))

    def count(self, query: Query) -> int:
        return self.base.count(self._narrowed(query))

    def count_up_to(self, query: Query, most: int) -> int:
        return super().count_up_to(self._narrowed(query), most)

    def get(self, key: Any) -> Record:
        tests = self._tests()
        record = super().get(key)
        _see(tests, key, record)
        return record

    def insert(self, record: Record, check: Check | None = None) -> Record:
        return super().insert(_own(self._tests(), record), check)

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        return super().insert_many(self._all_own(records), check)

    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        return super().insert_once(once, self._all_own(records), check)

    def update(self, key: Any, change: Change) -> Record:
        tests = self._tests()

        def changed(current: Record) -> Record:
            _see(tests, key, current)
            return _own(tests, change(current))

        return super().update(key, changed)

    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        tests = self._tests()
        return super().update_many(
            self._narrowed(query), lambda current: _own(tests, change(current)), most
        )

    def delete(self, key: Any, check: Check | None = None) -> None:
        tests = self._tests()

        def seen(current: Record) -> None:
            _see(tests, key, current)
            if check is not None:
                check(current)

        super().delete(key, seen if tests else check)

    def delete_many(self, query: Query, most: int, check: Check | None = None) -> int:
        return super().delete_many(self._narrowed(query), most, check)

    def _tests(self) -> tuple[Condition, ...]:
        asker = ASKER.get(None)
        if asker is None:
            raise ContractError(
                "Nobody knows whose records are meant: there is no request. Ask within "
                "`unscoped()` for all of them, or within `asked_by(user)`."
            )
        if not asker.scoped:
            return ()
        # The same for as long as they ask.
        tests: tuple[Condition, ...] | None = asker.scopes.get(self._scope)
        if tests is None:
            tests = asker.scopes[self._scope] = self._scope.tests(asker.user)
        return tests

    def _narrowed(self, query: Query) -> Query:
        tests = self._tests()
        if not tests:
            return query
        return Query(
            (*query.conditions, *tests),
            query.order,
            query.offset,
            query.limit,
            query.members,
            query.beyond,
            query.backwards,
        )

    def _all_own(self, records: Sequence[Record]) -> list[Record]:
        tests = self._tests()
        return [_own(tests, record, index) for index, record in enumerate(records)]


def _see(tests: Sequence[Condition], key: Any, record: Record) -> None:
    if not all(test.holds(record) for test in tests):
        raise RecordNotFound(key)


def _own(tests: Sequence[Condition], record: Record, index: int | None = None) -> Record:
    """The record with the values of the scope where it has none; OutOfScope where it has others."""
    missing = {
        test.member: test.value
        for test in tests
        if test.operator == "eq" and record.get(test.member) is None
    }
    own = {**record, **missing}
    outside = [test.member for test in tests if not test.holds(own)]
    if outside:
        raise OutOfScope(outside, index)
    return own


def read_scope(
    options: Mapping[str, Any],
    shape: s.Object | s.OneOf,
    key: s.Member,
    store: type[DataStore] | DataStore,
    permissions: Mapping[str, Permission] | None,
) -> tuple[RowScope | None, list[str]]:
    """What the option asks for, or what is wrong with it; `permissions` are those of the verbs."""
    asked = options.get("scope")
    if asked is None:
        return None, []
    if not callable(asked):
        return None, [f"{_PLACE}: is no function of a user but {asked!r}."]
    if permissions is None:
        return None, [f"{_PLACE}: without the option authentication nobody is known."]
    if "eq" not in store.operators:
        return None, [f"{_PLACE}: {store_name(store)} cannot find what is a user's: it lacks 'eq'."]
    for_unknown = any(permission.is_for_anyone for permission in permissions.values())
    scope = RowScope(asked, shape, key, store.operators, for_unknown=for_unknown)
    if for_unknown:
        try:
            scope.tests(None)
        except Exception as error:  # the function is its author's own
            said = str(error) if isinstance(error, ContractError) else repr(error)
            return None, [
                f"{_PLACE}: Anyone may, so it is asked for None, too, who is somebody that is not "
                f"known, and fails: {said}"
            ]
    return scope, []
