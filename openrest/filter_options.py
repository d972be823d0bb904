"""The check of the options ``filters`` and ``any_of``, for `checking`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from marshmallow import fields as ma
from marshmallow import missing

from openrest.errors import ModelError, did_you_mean
from openrest.filters import OWN, CustomFilter, Filters, Operator, members_by_name, operators_of
from openrest.interfaces import DataStore, PaginationStyle
from openrest.models import shapes as s
from openrest.models.derive import field_shape
from openrest.models.text import has_text_form
from openrest.models.walking import may_refuse
from openrest.options import store_name
from openrest.query import ORDERING, TEXT

__all__ = ["read_filters"]

_OPERATORS: tuple[str, ...] = get_args(Operator)
_FILTERS, _ANY_OF = "controller.options.filters", "controller.options.any_of"


def read_filters(
    options: Mapping[str, Any],
    shown: s.Object,
    hidden: set[str],
    store: type[DataStore] | DataStore,
    pagination: PaginationStyle | None,
) -> tuple[Filters | None, list[str]]:
    """The filters that the options ask for, or every mistake in them.

    `shown` are the members that answers show, `hidden` the names of the others that are stored.
    """
    chosen, any_of = options.get("filters"), options.get("any_of", False)
    name = store_name(store)
    mistakes: list[str] = []
    if "filters" in options:
        check = _Check(shown, hidden, store.operators, name)
        mistakes += [f"{_FILTERS}: {mistake}" for mistake in check(chosen)]
    if type(any_of) is not bool:
        mistakes.append(f"{_ANY_OF}: is neither True nor False but {any_of!r}.")
    elif any_of and not store.alternatives:
        mistakes.append(f"{_ANY_OF}: {name} cannot join conditions by or.")
    if mistakes:
        return None, mistakes
    filters = Filters(shown, store.operators, chosen, any_of=any_of)
    if any_of and not filters.asks_of_fields:
        mistakes.append(f"{_ANY_OF}: there is no filter on a field that it could join.")
    mistakes += _clashes(filters)
    mistakes += _clashes_with(pagination, filters) if pagination is not None else ()
    return (None, mistakes) if mistakes else (filters, [])


class _Check:
    """What is wrong with the option ``filters``: a sentence for each mistake."""

    def __init__(
        self, shown: s.Object, hidden: set[str], operators: frozenset[str], store: str
    ) -> None:
        self._members = members_by_name(shown)
        self._hidden = hidden
        self._operators = operators
        self._store = store

    def __call__(self, chosen: Any) -> Iterator[str]:
        if not isinstance(chosen, Mapping):
            yield f"is not a mapping of names but {chosen!r}."
            return
        for name, wanted in chosen.items():
            for mistake in self._mistakes(name, wanted):
                yield f"{name!r}: {mistake}"

    def _mistakes(self, name: Any, wanted: Any) -> Iterator[str]:
        if isinstance(wanted, CustomFilter):
            yield from _own_mistakes(name, wanted)
        elif name in self._hidden:
            yield "answers do not show this field, and a filter would give it away."
        elif name not in self._members:
            yield f"the model has no such field.{did_you_mean(str(name), self._members)}"
        elif self._members[name].compute is not None:
            yield "it is computed for each answer, so no store can filter by it."
        elif wanted is True:
            yield from self._nothing(operators_of(self._members[name]))
        elif isinstance(wanted, str) or not isinstance(wanted, Sequence):
            yield f"is neither True nor a list of operators but {wanted!r}."
        else:
            yield from self._operator_mistakes(self._members[name], wanted)

    def _nothing(self, able: list[str]) -> Iterator[str]:
        if not able:
            yield "a query cannot spell its values."
        elif not self._operators.intersection(able):
            yield f"{self._store} has no filter for its values."

    def _operator_mistakes(self, member: s.Member, wanted: Sequence[Any]) -> Iterator[str]:
        able = operators_of(member)
        for operator in wanted:
            if operator not in _OPERATORS:
                near = did_you_mean(str(operator), _OPERATORS)
                yield f"{operator!r} is none of {', '.join(_OPERATORS)}.{near}"
            elif operator not in able:
                yield _why_not(operator, able)
            elif operator not in self._operators:
                yield f"{self._store} cannot do {operator!r}."
        if not wanted:
            yield "has no operator: leave it out."
        if len(set(map(str, wanted))) < len(wanted):
            yield "an operator is there twice."


def _why_not(operator: str, able: list[str]) -> str:
    if operator == "isnull":
        return "'isnull' finds nothing: every object has a value."
    if operator in TEXT:
        return f"{operator!r} is for text."
    if operator in ORDERING and "eq" in able:
        return f"{operator!r} is for values that have an order."
    return f"{operator!r}: a query cannot spell its values."


def _own_mistakes(name: Any, own: CustomFilter) -> Iterator[str]:
    if not isinstance(name, str) or not name:
        yield "is no name of a parameter."
    tests: Any = own.tests
    if not callable(tests):
        yield f"its tests are not a function but {tests!r}."
    field: Any = own.field
    if not isinstance(field, ma.Field):
        yield f"its field is not a field but {field!r}."
        return
    if field.required or field.load_default is not missing:
        yield "a filter that is left out filters nothing: leave required and load_default out."
    try:
        shape = field_shape(field)
    except (ValueError, ModelError) as error:
        yield f"its field: {error}."
        return
    if not has_text_form(shape):
        yield "a query cannot spell the values of its field."
    elif may_refuse(shape):
        yield "its field refuses values for a reason that no schema can say."


def _clashes(filters: Filters) -> Iterator[str]:
    """Names that would be those of two parameters."""
    found: dict[str, list[str]] = {}
    for wire, what in filters.named:
        found.setdefault(wire, []).append(what)
    for wire, several in found.items():
        if len(several) > 1:
            remedy = "rename that" if OWN in several else "give the field a data_key"
            yield f"{_FILTERS}: the parameter {wire!r} would be {' and '.join(several)}: {remedy}."


def _clashes_with(pagination: PaginationStyle, filters: Filters) -> Iterator[str]:
    taken = {parameter.wire for parameter in pagination.contribution().parameters}
    for wire, what in filters.named:
        if wire in taken and what == OWN:
            yield (f"{_FILTERS}: {wire!r} is the name of a parameter of the pagination: rename it.")
        elif wire in taken:
            yield (
                f"resource.model: the filter on field {wire!r} would have the name "
                "of a parameter of the pagination: give the field a data_key."
            )
