"""Rows that announce more than they did, for what is added to a table once it is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from openrest.contract import Header, ResponseSpec
from openrest.operations import Operation

__all__ = ["with_headers", "with_response"]


def with_response(row: Operation, spec: ResponseSpec) -> Operation:
    """The row with one more status, or with one more reason for a status that it has."""
    by_status = {each.status: each for each in row.responses}
    known = by_status.get(spec.status)
    by_status[spec.status] = spec if known is None else _both(known, spec)
    return replace(row, responses=tuple(by_status[status] for status in sorted(by_status)))


def with_headers(spec: ResponseSpec, headers: Iterable[Header]) -> ResponseSpec:
    """The response with those headers that it does not have."""
    return replace(spec, headers=_joined(spec.headers, headers))


def _both(known: ResponseSpec, more: ResponseSpec) -> ResponseSpec:
    """The answers of one status that have two reasons, of which each sends its own headers."""
    shared = {h.name.lower() for h in known.headers} & {h.name.lower() for h in more.headers}
    return replace(
        known,
        description=f"{known.description}; or: {more.description}",
        headers=tuple(
            header if header.name.lower() in shared else replace(header, required=False)
            for header in _joined(known.headers, more.headers)
        ),
    )


def _joined(known: tuple[Header, ...], more: Iterable[Header]) -> tuple[Header, ...]:
    names = {header.name.lower() for header in known}
    return (*known, *(header for header in more if header.name.lower() not in names))
