"""Rows that announce what the edge answers, and what it adds to answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from openrest.announcing import with_headers, with_response
from openrest.contract import Contribution
from openrest.operations import Operation

__all__ = ["announced", "clashes"]


def announced(row: Operation, contributions: Iterable[Contribution]) -> Operation:
    """The row with the statuses of parts, and with their headers on every answer."""
    parts = list(contributions)
    for spec in (spec for part in parts for spec in part.responses):
        row = with_response(row, spec)
    headers = [header for part in parts for header in part.headers]
    return replace(row, responses=tuple(with_headers(spec, headers) for spec in row.responses))


def clashes(rows: Iterable[Operation], contributions: Iterable[Contribution]) -> Iterator[str]:
    """The mistakes of rows that declare for themselves what goes with every answer.

    It would be sent twice. Vary alone is joined, as it may come from several.
    """
    ours = {header.name.lower() for part in contributions for header in part.headers} - {"vary"}
    for row in rows:
        names = {each.name for spec in row.responses for each in spec.headers}
        for name in sorted(name for name in names if name.lower() in ours):
            yield (
                f"{row.id} declares the header {name}, which goes with every answer: leave it out."
            )
