"""How many objects there are on all pages, as far as a style counts them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

from openrest.interfaces import DataStore, Record
from openrest.models import shapes as s
from openrest.query import Query

__all__ = ["Total", "Totals", "Window"]

#: ``exact`` counts everything, ``bounded`` no further than a maximum, ``none`` nothing.
Total = Literal["exact", "bounded", "none"]

_MAX_TOTAL: Final = 1000


@dataclass(frozen=True, slots=True)
class Window:
    """The records of one page, and what is known of the others.

    `more` says whether there are records after them; `total` is how many there are in all, or
    None where nobody has counted so far. The three never contradict one another, although other
    requests may write while a page is read and counted.
    """

    records: list[Record]
    more: bool
    total: int | None


class Totals:
    """Counts the records of a list: all of them, none, or `max_total` at most.

    Raises ValueError for an option that makes no sense.
    """

    def __init__(self, style: str, total: Total, max_total: int | None) -> None:
        if total not in get_args(Total):
            raise ValueError(f"{style} has the totals {', '.join(get_args(Total))}, not {total!r}")
        if max_total is not None and total != "bounded":
            raise ValueError(f"{style} has a max_total with total='bounded' only, not {total!r}")
        self.kind = total
        self.most = _MAX_TOTAL if max_total is None else max_total
        if type(self.most) is not int or self.most < 1:
            raise ValueError(f"{style} needs 1 <= max_total, not {self.most!r}")

    @property
    def is_known(self) -> bool:
        """Whether there is any total in ``meta``."""
        return self.kind != "none"

    @property
    def members(self) -> tuple[s.Member, ...]:
        """The members of ``meta`` that tell of the total."""
        if self.kind == "none":
            return ()
        words = "How many objects there are on all pages"
        if self.kind == "exact":
            return (_member("total_count", s.Integer(minimum=0), words),)
        return (
            _member(
                "total_count",
                s.Integer(minimum=0, maximum=self.most),
                f"{words}; {self.most} where there are more",
            ),
            _member(
                "total_is_exact",
                s.Boolean(),
                f"Whether `total_count` is all of them; there are more than {self.most} else",
            ),
        )

    def meta(self, total: int | None) -> dict[str, Any]:
        """What ``meta`` says of a total that is known, or of one that nobody has counted."""
        if self.kind == "none":
            return {}
        if self.kind == "exact":
            return {"total_count": total}
        return {
            "total_count": self.most if total is None else total,
            "total_is_exact": total is not None,
        }

    def read(self, query: Query, store: DataStore) -> Window:
        """The window of the query, which has a limit. It is counted only where it has to be."""
        assert query.limit is not None, "a page has a limit"  # nosec B101
        if self.kind == "exact":
            records = list(store.find(query))
            seen = query.offset + len(records)
            total = seen if _is_the_end(query, records) else store.count(query)
            total = _fitting(total, seen, query, records)
            return Window(records, total > seen, total)
        records = list(store.find(replace(query, limit=query.limit + 1)))
        more = len(records) > query.limit
        seen = query.offset + len(records)
        if self.kind == "none":
            return Window(records[: query.limit], more, None)
        if _is_the_end(replace(query, limit=query.limit + 1), records):
            total = seen
        else:
            total = _fitting(store.count_up_to(query, self.most + 1), seen, query, records)
        return Window(records[: query.limit], more, self.known(total))

    def known(self, total: int) -> int | None:
        """The total, or None where nobody counts so far."""
        counted = self.kind == "exact" or (self.kind == "bounded" and total <= self.most)
        return total if counted else None

    def count(self, query: Query, store: DataStore, least: int) -> int | None:
        """How many records meet the conditions, but `least`, which have been seen, at least."""
        if self.kind == "none":
            return None
        exact = self.kind == "exact"
        total = store.count(query) if exact else store.count_up_to(query, self.most + 1)
        return self.known(max(total, least))


def _member(name: str, shape: s.Shape, description: str) -> s.Member:
    return s.Member(name=name, wire=name, shape=shape, required=True, description=description)


def _is_the_end(query: Query, records: list[Record]) -> bool:
    """Whether the records of the query's window are surely the last ones that there are."""
    assert query.limit is not None, "a page has a limit"  # nosec B101
    return len(records) < query.limit and bool(records or not query.offset)


def _fitting(total: int, seen: int, query: Query, records: list[Record]) -> int:
    """The total that goes with what was seen: somebody may have written before it was counted."""
    return max(total, seen) if records else min(total, query.offset)
