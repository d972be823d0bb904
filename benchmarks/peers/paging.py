"""The links of a page, shared by every hand-written peer."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

DEFAULT_LIMIT = 20
MAX_LIMIT = 20


def page_meta(
    path: str, filters: Mapping[str, Any], offset: int, limit: int, count: int, total: int
) -> dict[str, Any]:
    """Return the ``meta`` object of one page of ``count`` rows out of ``total``.

    ``filters`` is the rest of the query, which every link keeps.
    """
    # The part the links have in common is encoded once, not once a link.
    start = f"{path}?{urlencode(filters)}&" if filters else f"{path}?"

    def link(to: int) -> str:
        return f"{start}offset={to}&limit={limit}"

    return {
        "count": count,
        "total_count": total,
        "offset": offset,
        "limit": limit,
        "first": link(0),
        "last": link(max(0, total - 1) // limit * limit),
        "next": link(offset + limit) if offset + limit < total else None,
        "previous": link(max(0, offset - limit)) if offset else None,
    }


def link_header(meta: Mapping[str, Any]) -> str:
    """Return the value of the ``Link`` header (RFC 8288) for the links of ``meta``."""
    return ", ".join(
        f'<{meta[name]}>; rel="{rel}"'
        for name, rel in (
            ("first", "first"),
            ("last", "last"),
            ("next", "next"),
            ("previous", "prev"),
        )
        if meta[name] is not None
    )
