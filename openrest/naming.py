"""The name of a request, where the edge gives it one: in the WSGI environment and in the log."""

from __future__ import annotations

from typing import Final

__all__ = ["REQUEST_ID", "named"]

#: Where a WSGI environment has it, for the access log of a server or of a middleware too.
REQUEST_ID: Final = "openrest.request_id"


def named(request_id: str) -> str:
    """How a line of the log ends that is about the request; nothing where it has no name."""
    return f" [request {request_id}]" if request_id else ""
