"""Pages by offset and limit."""

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

__all__ = ["Pagination"]


class Pagination(PaginationStyle):
    """``?offset=40&limit=20``: `limit` objects unless asked otherwise, at most `max_limit`.

        "options": {"pagination": Pagination(20)}

    What is beyond `max_limit` is refused, never repaired. `max_limit` is `limit` unless given.

    `total` says what is counted for ``total_count``: ``exact`` every object, ``bounded`` at most
    `max_total` (1000 unless given) and one more, ``none`` nothing, and then there is no link to
    the last page either. Raises ValueError for an option that makes no sense.
    """

    def __init__(
        self,
        limit: int,
        *,
        max_limit: int | None = None,
        total: Total = "exact",
        max_total: int | None = None,
    ) -> None:
        self._size = Size("Pagination", "limit", limit, max_limit)
        self._totals = Totals("Pagination", total, max_total)
        self.limit, self.max_limit = self._size.default, self._size.maximum

    def contribution(self) -> Contribution:
        place = s.Integer(minimum=0)
        return Contribution(
            description=f"{self._size.words}; {LINKED}",
            parameters=(
                Parameter(name="offset", shape=place, default=0,
                          description="How many objects to skip"),
                self._size.parameter,
            ),
            headers=(LINK,),
            meta=(
                *self._totals.members,
                s.Member(name="offset", wire="offset", shape=place, required=True, example=0),
                self._size.member,
                *link_members(without=() if self._totals.is_known else ("last",)),
            ),
        )  # fmt: skip

    def read(
        self, call: CallView, query: Query, store: DataStore
    ) -> tuple[list[Record], dict[str, Any]]:
        offset, limit = call.query["offset"], call.query["limit"]
        window = self._totals.read(replace(query, offset=offset, limit=limit), store)

        def link(place: int, size: int = limit) -> str:
            return call.link(offset=place, limit=size)

        meta = {**self._totals.meta(window.total), "offset": offset, "limit": limit}
        meta["first"] = link(0)
        before = max(offset - limit, 0)
        if window.total is not None:
            last = (window.total - 1) // limit * limit if window.total else 0
            meta["last"] = link(last)
            before = min(before, last)
        elif self._totals.is_known:
            meta["last"] = None
        meta["next"] = link(offset + limit) if window.more else None
        # A short first page rather than one that shows the same objects again.
        meta["previous"] = link(before, min(limit, offset)) if offset else None
        return window.records, meta

    def headers(self, meta: dict[str, Any]) -> Iterator[tuple[str, str]]:
        return link_headers(meta)
