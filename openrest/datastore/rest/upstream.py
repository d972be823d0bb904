"""What another HTTP API can do, and how it is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from openrest.datastore.rest.pages import OffsetPages, Pages, tokens
from openrest.errors import did_you_mean
from openrest.query import OPERATORS

__all__ = ["Upstream"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Upstream:
    """What another HTTP API can do, and in which words; unless told it only lists and gets.

        Upstream(
            records="/data",
            pages=NumberedPages(50),
            filters={"eq": "{name}", "gte": "min_{name}"},
        )

    names: of fields of the model, the members that they are there; those of the model unless given.
    records: the JSON pointer (RFC 6901) to the array in a list's answer; "", the whole answer.
    record: the JSON pointer to the object in an answer about one.
    total: the JSON pointer to how many objects there are on all pages; without it they are
        counted by reading them.
    pages: how a part of a list is asked for; None where each answer has the whole list.
    filters: of each operator of `openrest.query.OPERATORS` the parameter, in which ``{name}`` is
        the member's: ``{"eq": "{name}", "gte": "{name}[gte]"}``. Values of ``in`` and ``nin`` have
        commas between them.
    most_values: how many values ``in`` and ``nin`` take.
    any_of: the parameter that joins filters by *or*, as openrest's option ``any_of`` reads it.
    sort: the parameter for an order such as ``-age,name``, which has objects without a value last
        and the key as tie-break.
    search: the parameter for words to search, as openrest's option ``search`` reads them.
    searched: the fields that are then searched.
    fields: the parameter for the members to send, with commas between them.
    slash: whether the address of an object ends with one.
    writes: whether it takes POST, and PUT and DELETE with ``If-Match`` and the ``ETag`` of a GET.
    bulk: whether a POST may have an array, of which all or none are made.
    unique: whether it keeps values unique, and says in a 409 which members are taken.
    owned: the fields that it sets by itself, so that they are never sent; unless given those that
        clients cannot set (``dump_only``).

    Raises ValueError for what makes no sense.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    records: str = ""
    record: str = ""
    total: str | None = None
    pages: Pages | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    most_values: int = 100
    any_of: str | None = None
    sort: str | None = None
    search: str | None = None
    searched: Collection[str] = ()
    fields: str | None = None
    slash: bool = False
    writes: bool = False
    bulk: bool = False
    unique: bool = False
    owned: Collection[str] | None = None

    def __post_init__(self) -> None:
        for pointer in (self.records, self.record, self.total or ""):
            tokens(pointer)
        for operator, template in self.filters.items():
            if operator not in OPERATORS:
                near = did_you_mean(operator, OPERATORS)
                raise ValueError(f"Upstream: there is no operator {operator!r}.{near}")
            if "{name}" not in template:
                raise ValueError(f"Upstream: the filter {template!r} must have {{name}} in it.")
        if type(self.most_values) is not int or self.most_values < 1:
            raise ValueError(f"Upstream: most_values must be 1 or more, not {self.most_values!r}.")
        if (self.bulk or self.unique) and not self.writes:
            raise ValueError("Upstream: bulk and unique say how it writes, and it does not write.")

    @classmethod
    def openrest(
        cls,
        *,
        operators: Collection[str] = ("eq",),
        max_limit: int = 100,
        any_of: bool = False,
        sorting: bool = False,
        search: Collection[str] = (),
        partial: bool = False,
        writes: bool = True,
        bulk: bool = False,
        unique: bool = False,
        names: Mapping[str, str] | None = None,
        total: str | None = "/meta/total_count",
        pages: Pages | None = None,
        owned: Collection[str] | None = None,
    ) -> Upstream:
        """An API made with openrest, with the `operators` and options that it has.

        `max_limit` is that of its `Pagination`, and `search` are the fields that it searches. What
        it claims and the other API has not is found at the first request, which is then 502.
        """
        for name, value in (("operators", operators), ("search", search)):
            if isinstance(value, str | bool) or not isinstance(value, Collection):
                raise ValueError(f"Upstream: {name} must be a list of names, not {value!r}.")
        filters = {each: "{name}" if each == "eq" else f"{{name}}__{each}" for each in operators}
        return cls(
            names=names or {},
            records="/object_list",
            total=total,
            pages=pages or OffsetPages(max_limit),
            filters=filters,
            any_of="any_of" if any_of else None,
            sort="sort" if sorting else None,
            search="q" if search else None,
            searched=search,
            fields="fields" if partial else None,
            writes=writes,
            bulk=bulk,
            unique=unique,
            owned=owned,
        )

    @property
    def seeks(self) -> bool:
        """Whether filters and an order can say what is beyond a position."""
        return self.sort is not None and {"eq", "lt", "gt", "isnull"} <= self.filters.keys()
