"""A name for each request, by which it is found again in the logs of all who had to do with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from openrest.bodies import Environ
from openrest.contract import Contribution, Header
from openrest.edge.part import Part
from openrest.models import shapes as s
from openrest.models.patterns import Pattern
from openrest.naming import REQUEST_ID
from openrest.rendering import Response

__all__ = ["Naming", "RequestIds"]

_HEADER: Final = re.compile("[A-Za-z][A-Za-z0-9-]*", re.ASCII)
#: What is safe in a header, in a log and in a shell, whoever has made it.
_ID: Final = re.compile("[A-Za-z0-9._-]{1,128}", re.ASCII)
_SHAPE: Final = s.String(
    max_length=128,
    patterns=(Pattern("^[A-Za-z0-9._-]+$", _sample="7d1b4b0a9f6e2c3d4e5f6a7b5a2f1c0e"),),
)
#: What HTTP itself, a browser or a proxy means by them (RFC 9110, sections 7.2 and 7.6.1, ...).
_TAKEN: Final = {
    "accept", "allow", "authorization", "connection", "content-length", "content-type", "cookie",
    "date", "etag", "host", "link", "location", "origin", "server", "set-cookie", "vary",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestIds:
    """A name for each request, in its answer and in the log.

        app = WSGIDispatcher([Tweets], request_ids=RequestIds(header="X-Correlation-ID"))

    ``request_ids=True`` is ``RequestIds()``. The one that comes in the `header` is taken where it
    is 1 to 128 letters, digits, ``.``, ``_`` and ``-``; without one, or with any other, the request
    gets a new one, which nobody can guess. Handlers find it in ``call.request_id``.
    """

    header: str = "X-Request-ID"

    def mistakes(self) -> Iterator[str]:
        """What is wrong with it: a sentence for each mistake, with its place."""
        header: Any = self.header
        if not isinstance(header, str) or not _HEADER.fullmatch(header):
            yield f"request_ids.header: {header!r} is no name of a header, such as 'X-Request-ID'."
        elif header.lower() in _TAKEN:
            yield f"request_ids.header: {header!r} says something else. Take 'X-Request-ID'."


class Naming(Part):
    """Gives each request its name."""

    def __init__(self, ids: RequestIds) -> None:
        self._header = ids.header
        self._variable = "HTTP_" + ids.header.upper().replace("-", "_")

    def contribution(self) -> Contribution:
        header = Header(
            name=self._header,
            shape=_SHAPE,
            description="The name of the request, which the server's log has too",
            everywhere=True,
        )
        return Contribution(headers=(header,))

    def admit(self, environ: Environ) -> None:
        # A name is no reason to refuse a request: one that is no good is replaced.
        sent = environ.get(self._variable, "")
        environ[REQUEST_ID] = sent if _ID.fullmatch(sent) else uuid4().hex

    def complete(self, environ: Environ, response: Response) -> None:
        response.headers.append((self._header, environ[REQUEST_ID]))
