"""Pages by their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from openrest.contract import Contribution, Parameter
from openrest.interfaces import CallView, DataStore, PaginationStyle, Record
from openrest.models import shapes as s
from openrest.pagination.links import LINK, LINKED, link_headers, link_members
from openrest.pagination.sizes import Size
from openrest.pagination.totals import Total, Totals
from openrest.query import Query

__all__ = ["PagePagination"]


class PagePagination(PaginationStyle):
    """``?page=3&per_page=20``: the first page is 1, and has `per_page` objects.

        "options": {"pagination": PagePagination(20, max_per_page=100)}

    A client may ask for up to `max_per_page` of them, which is `per_page` unless given; more is
    refused. A page after the last one is empty.

    `total` says what is counted for ``total_count`` and ``page_count``: ``exact`` every object,
    ``bounded`` at most `max_total` (1000 unless given) and one more, ``none`` nothing, and then
    there is no link to the last page either. Raises ValueError for an option that makes no sense.
    """

    def __init__(
        self,
        per_page: int,
        *,
        max_per_page: int | None = None,
        total: Total = "exact",
        max_total: int | None = None,
    ) -> None:
        self._size = Size("PagePagination", "per_page", per_page, max_per_page)
        self._totals = Totals("PagePagination", total, max_total)
        self.per_page, self.max_per_page = self._size.default, self._size.maximum

    def contribution(self) -> Contribution:
        # However large its pages are, what comes before one can be counted in 64 bits.
        place = s.Integer(minimum=1, maximum=s.INT64_MAX // self._size.maximum)
        return Contribution(
            description=f"{self._size.words}; {LINKED}",
            parameters=(
                Parameter(name="page", shape=place, default=1,
                          description="Which page, the first of which is 1"),
                self._size.parameter,
            ),
            headers=(LINK,),
            meta=(
                *self._totals.members,
                s.Member(name="page", wire="page", shape=place, required=True, example=1),
                self._size.member,
                *self._page_count(),
                *link_members(without=() if self._totals.is_known else ("last",)),
            ),
        )  # fmt: skip

    def _page_count(self) -> Iterator[s.Member]:
        if not self._totals.is_known:
            return
        number, words = s.Integer(minimum=0), "How many pages there are"
        bounded = self._totals.kind == "bounded"
        yield s.Member(
            name="page_count",
            wire="page_count",
            shape=s.Nullable(shape=number) if bounded else number,
            required=True,
            description=f"{words}; null where `total_is_exact` is false" if bounded else words,
        )

    def read(
        self, call: CallView, query: Query, store: DataStore
    ) -> tuple[list[Record], dict[str, Any]]:
        page, per_page = call.query["page"], call.query["per_page"]
        offset = (page - 1) * per_page
        window = self._totals.read(replace(query, offset=offset, limit=per_page), store)

        def link(number: int) -> str:
            return call.link(page=number, per_page=per_page)

        meta = {**self._totals.meta(window.total), "page": page, "per_page": per_page}
        count = None if window.total is None else -(-window.total // per_page)
        if self._totals.is_known:
            meta["page_count"] = count
        meta["first"] = link(1)
        before = page - 1
        if count is not None:
            meta["last"] = link(max(count, 1))
            before = min(before, max(count, 1))
        elif self._totals.is_known:
            meta["last"] = None
        meta["next"] = link(page + 1) if window.more else None
        meta["previous"] = link(before) if before else None
        return window.records, meta

    def headers(self, meta: dict[str, Any]) -> Iterator[tuple[str, str]]:
        return link_headers(meta)
