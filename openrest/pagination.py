"""Pages of a list. `Pagination` is by offset and limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openrest.contract import Contribution, Header, Parameter
from openrest.interfaces import CallView, PaginationStyle
from openrest.models import shapes as s

__all__ = ["Pagination"]

_LINKS = ("first", "last", "next", "previous")


class Pagination(PaginationStyle):
    """``?offset=40&limit=20``: `limit` objects unless asked otherwise, at most `max_limit`.

        "options": {"pagination": Pagination(20)}

    What is beyond `max_limit` is refused, never repaired. `max_limit` is `limit` unless given.
    """

    def __init__(self, limit: int, *, max_limit: int | None = None) -> None:
        self.limit = limit
        self.max_limit = limit if max_limit is None else max_limit
        if (
            type(limit) is not int
            or type(self.max_limit) is not int
            or not (1 <= limit <= self.max_limit)
        ):
            raise ValueError(
                f"Pagination needs 1 <= limit <= max_limit, not {self.limit} and {self.max_limit}"
            )

    def contribution(self) -> Contribution:
        link = s.Nullable(shape=s.String(format="uri-reference"))
        place = s.Integer(minimum=0)
        size = s.Integer(minimum=1, maximum=self.max_limit)
        return Contribution(
            description=f"{self._size()}; `meta` and the header `Link` lead to the other pages.",
            parameters=(
                Parameter(name="offset", shape=place, default=0,
                          description="How many objects to skip"),
                Parameter(name="limit", shape=size, default=self.limit,
                          description="How many objects to send at most"),
            ),
            headers=(
                Header(name="Link", shape=s.String(),
                       description="The links of `meta` (RFC 8288)"),
            ),
            meta=(
                s.Member(name="offset", wire="offset", shape=place, required=True, example=0),
                s.Member(name="limit", wire="limit", shape=size, required=True, example=self.limit),
                *(
                    s.Member(name=name, wire=name, shape=link, required=True,
                             description=f"Address of the {name} page, or null")
                    for name in _LINKS
                ),
            ),
        )  # fmt: skip

    def _size(self) -> str:
        """What a reader wants to know of a page first."""
        size = "1 object" if self.limit == 1 else f"{self.limit} objects"
        if self.limit == self.max_limit:
            return f"A page has up to {size}"
        return f"A page has up to {size}, or as many as `limit` says, at most {self.max_limit}"

    def window(self, call: CallView) -> tuple[int, int]:
        return call.query["offset"], call.query["limit"]

    def meta(self, call: CallView, count: int, total: int) -> dict[str, Any]:
        offset, limit = self.window(call)
        last = (total - 1) // limit * limit if total else 0
        following = offset + limit
        # A short first page rather than one that shows the same objects again.
        before = min(max(offset - limit, 0), last)
        return {
            "offset": offset,
            "limit": limit,
            "first": call.link(offset=0, limit=limit),
            "last": call.link(offset=last, limit=limit),
            "next": call.link(offset=following, limit=limit) if following < total else None,
            "previous": call.link(offset=before, limit=min(limit, offset)) if offset else None,
        }

    def headers(self, meta: dict[str, Any]) -> Iterator[tuple[str, str]]:
        # RFC 8288, section 3.3 and the registry: the relation is called "prev".
        relations = {"first": "first", "last": "last", "next": "next", "previous": "prev"}
        links = [
            f'<{meta[name]}>; rel="{relation}"'
            for name, relation in relations.items()
            if meta[name] is not None
        ]
        yield "Link", ", ".join(links)
