"""What is not there for one caller may be there for another: no cache is to answer for both.

A shared cache keeps no answer to a request with ``Authorization``, but knows nothing of a key in
another header, and may keep a 404 that says nothing of how long (RFC 9111, sections 3 and 4.2.2).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from openrest.contract import Header, ResponseSpec
from openrest.errors import Problem
from openrest.models import shapes as s
from openrest.operations import Operation

__all__ = ["UNKEPT", "mark_unkept", "unkept"]

_STATUS: Final = 404
#: What is on it.
UNKEPT: Final = ("Cache-Control", "no-store")


def unkept(row: Operation) -> Operation:
    """The row, which says of its 404 that nobody keeps it, where it asks who makes a request."""
    if row.authentication is None:
        return row
    header = Header(
        name=UNKEPT[0],
        shape=s.Constant(value=UNKEPT[1]),
        description="For somebody else it may be there (RFC 9111)",
    )
    return replace(row, responses=tuple(_with(spec, header) for spec in row.responses))


def mark_unkept(row: Operation, problem: Problem) -> None:
    """Give a problem of the row the header that is announced, whatever its author has given it."""
    if problem.status == _STATUS and row.authentication is not None:
        others = (each for each in problem.headers if not _is_it(each[0]))
        problem.headers = (*others, UNKEPT)


def _with(spec: ResponseSpec, header: Header) -> ResponseSpec:
    if spec.status != _STATUS:
        return spec
    others = tuple(each for each in spec.headers if not _is_it(each.name))
    return replace(spec, headers=(*others, header))


def _is_it(name: str) -> bool:
    return name.lower() == UNKEPT[0].lower()
