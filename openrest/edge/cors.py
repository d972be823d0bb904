"""Which pages of other origins may read answers (the Fetch standard, section 3.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openrest.bodies import Environ
from openrest.contract import Contribution, Header
from openrest.edge.origins import Origins, origin_mistakes
from openrest.edge.part import Part
from openrest.models import shapes as s
from openrest.operations import Operation
from openrest.rendering import Response
from openrest.routing import TEMPLATE

__all__ = ["CORS", "Sharing"]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: What scripts may read unasked (the Fetch standard, section 2.2.2), and what is for browsers and
#: caches alone.
_NOT_EXPOSED: Final = {
    "access-control-allow-credentials", "access-control-allow-origin",
    "access-control-expose-headers", "cache-control", "content-encoding", "content-language",
    "content-length", "content-security-policy", "content-type", "cross-origin-opener-policy",
    "expires", "last-modified", "pragma", "referrer-policy", "strict-transport-security", "vary",
    "x-content-type-options", "x-frame-options",
}  # fmt: skip
#: Of a day, browsers heed no more.
_LONGEST: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class CORS:
    """The origins whose pages may read answers (the Fetch standard, section 3.2).

        app = WSGIDispatcher([Tweets], cors=CORS(origins=["https://app.example"]))

    `origins` are spelled as browsers do, ``https://app.example`` or ``http://localhost:3000``.
    ``https://*.example.com`` is every origin with one label in the place of the star, and ``*``
    alone is every origin. With `credentials` their scripts may send cookies and the like. Scripts
    may read the headers that the document announces, and those in `expose` besides: what a proxy
    adds. A browser asks again after `max_age` seconds.
    """

    origins: Sequence[str]
    credentials: bool = False
    expose: Sequence[str] = ()
    max_age: int = 600

    def mistakes(self) -> Iterator[str]:
        """What is wrong with it: a sentence for each mistake, with its place."""
        yield from origin_mistakes("cors.origins", self.origins)
        credentials: Any = self.credentials
        if not isinstance(credentials, bool):
            yield f"cors.credentials: is neither True nor False but {credentials!r}."
        elif credentials and "*" in self.origins:
            yield (
                "cors.credentials: every page that a user visits could act for them with the "
                "origin '*'. Name the origins."
            )
        if isinstance(self.expose, str) or not isinstance(self.expose, Sequence):
            yield f"cors.expose: is not a list of headers but {self.expose!r}."
        else:
            for place, name in enumerate(self.expose):
                if not isinstance(name, str) or not _TOKEN.fullmatch(name) or name == "*":
                    yield f"cors.expose[{place}]: {name!r} is no name of a header."
        if type(self.max_age) is not int or not 0 <= self.max_age <= _LONGEST:
            yield f"cors.max_age: is 0 to {_LONGEST} seconds, not {self.max_age!r}."


class Sharing(Part):
    """What `CORS` says, for the operations of an API.

    `both` are headers of every request and answer beyond those that the rows declare.
    """

    def __init__(self, cors: CORS, both: Sequence[str] = ()) -> None:
        self._cors = cors
        self._origins = Origins(cors.origins)
        self._both = both
        # Allow is that of 405 and of OPTIONS, which no row has.
        self._exposed = {"Allow", *both, *cors.expose}
        self._may_read = ""
        #: Of each path and method the headers that may be sent there.
        self._sendable: dict[str, dict[str, str]] = {}

    def learn(self, rows: Sequence[Operation]) -> None:
        for row in rows:
            sendable = ", ".join(sorted({*_read(row), *self._both}))
            methods = self._sendable.setdefault(row.path, {})
            methods |= dict.fromkeys(_methods(row), sendable)
            self._exposed |= {header.name for spec in row.responses for header in spec.headers}
        exposed = (name for name in self._exposed if name.lower() not in _NOT_EXPOSED)
        self._may_read = ", ".join(sorted(exposed))

    def contribution(self) -> Contribution:
        if self._origins.any:
            allowed = Header(
                name="Access-Control-Allow-Origin",
                shape=s.Choice(pairs=(("*", "*"),)),
                description="Pages of every origin may read the answer",
                everywhere=True,
            )
            return Contribution(headers=(allowed, self._expose()))
        headers = [
            Header(
                name="Access-Control-Allow-Origin",
                shape=s.String(),
                description="The `Origin` of the request, where pages of it may read the answer",
                required=False,
                everywhere=True,
            ),
            self._expose(),
            Header(
                name="Vary",
                shape=s.String(),
                description="The headers of the request that the answer depends on",
                everywhere=True,
            ),
        ]
        if self._cors.credentials:
            credentials = Header(
                name="Access-Control-Allow-Credentials",
                shape=s.Choice(pairs=(("true", "true"),)),
                description="They may read it where the browser sent credentials, too",
                required=False,
                everywhere=True,
            )
            headers.append(credentials)
        return Contribution(headers=tuple(headers))

    def _expose(self) -> Header:
        return Header(
            name="Access-Control-Expose-Headers",
            shape=s.String(),
            description="The headers that they may read",
            required=self._origins.any,
            everywhere=True,
        )

    def allows(self, origin: str) -> bool:
        """Whether its pages may send credentials, and read what is answered."""
        return self._cors.credentials and self._origins.match(origin)

    def complete(self, environ: Environ, response: Response) -> None:
        headers = response.headers
        origin = environ.get("HTTP_ORIGIN")
        if self._origins.any:
            headers.append(("Access-Control-Allow-Origin", "*"))
        else:
            # Also without an Origin: a cache must not hand one answer to pages of all origins.
            _vary(headers, "Origin")
            if origin is None or not self._origins.match(origin):
                return
            headers.append(("Access-Control-Allow-Origin", origin))
            if self._cors.credentials:
                headers.append(("Access-Control-Allow-Credentials", "true"))
        method = environ.get("HTTP_ACCESS_CONTROL_REQUEST_METHOD")
        if environ["REQUEST_METHOD"] == "OPTIONS" and method is not None and origin is not None:
            self._preflight(environ, method, headers)
        else:
            headers.append(("Access-Control-Expose-Headers", self._may_read))

    def _preflight(self, environ: Environ, method: str, headers: list[tuple[str, str]]) -> None:
        """Say what may be sent here (the Fetch standard, section 3.2.3)."""
        sendable = self._sendable.get(environ.get(TEMPLATE, ""))
        if sendable is None:
            return
        headers.append(("Access-Control-Allow-Methods", ", ".join(sorted(sendable))))
        if method in sendable:
            headers.append(("Access-Control-Allow-Headers", sendable[method]))
        headers.append(("Access-Control-Max-Age", str(self._cors.max_age)))


def _vary(headers: list[tuple[str, str]], name: str) -> None:
    """Add a name to the header Vary, which may be there (RFC 9110, section 12.5.5)."""
    for place, (header, value) in enumerate(headers):
        if header.lower() == "vary":
            if value != "*":
                headers[place] = (header, f"{value}, {name}")
            return
    headers.append(("Vary", name))


def _methods(row: Operation) -> Sequence[str]:
    return ("GET", "HEAD") if row.method == "GET" else (row.method,)


def _read(row: Operation) -> Iterator[str]:
    """The headers that an operation reads.

    Also those that a browser lets a page send unasked: it asks for unusual values of them.
    """
    for parameter in row.parameters:
        if parameter.location == "header":
            yield parameter.wire
    yield "Accept"
    if row.body is not None:
        yield "Content-Type"
    schemes: Iterable[Mapping[str, Any]] = ()
    if row.authentication is not None:
        schemes = row.authentication.schemes.values()
    for scheme in schemes:
        if scheme.get("type") == "apiKey":
            if scheme.get("in") == "header":
                yield str(scheme["name"])
        else:
            yield "Authorization"
