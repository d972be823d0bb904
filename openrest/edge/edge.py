"""The edge: all that happens to a request before its operation, and to an answer after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from openrest.bodies import Environ, Limits, discard_body
from openrest.edge.announcing import announced, clashes
from openrest.edge.bounds import Bounds
from openrest.edge.cors import CORS, Sharing
from openrest.edge.csrf import guarded
from openrest.edge.hosts import Hosts, host_mistakes
from openrest.edge.part import Part
from openrest.edge.proxies import Forwarded, Proxies
from openrest.edge.request_ids import Naming, RequestIds
from openrest.edge.security_headers import HSTS, Isolation, NoSniffing, StrictTransport
from openrest.errors import ConfigurationError, Problem
from openrest.operations import Operation
from openrest.rendering import Response, render_problem
from openrest.translation import Translate

__all__ = ["Edge", "EdgeOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeOptions:
    """The arguments of a dispatcher that are about its edge."""

    cors: Any = None
    request_ids: Any = False
    hosts: Any = None
    proxies: Any = None
    hsts: Any = False

    def mistakes(self) -> Iterator[str]:
        """What is wrong with them: a sentence for each mistake, with its place."""
        yield from host_mistakes(self.hosts)
        if isinstance(self.proxies, Proxies):
            yield from self.proxies.mistakes()
        elif self.proxies is not None:
            yield f"proxies must be a Proxies, not {self.proxies!r}."
        if isinstance(self.hsts, HSTS):
            yield from self.hsts.mistakes()
        elif not isinstance(self.hsts, bool):
            yield f"hsts must be True, False or an HSTS, not {self.hsts!r}."
        if isinstance(self.cors, CORS):
            yield from self.cors.mistakes()
        elif self.cors is not None:
            yield f"cors must be a CORS, not {self.cors!r}."
        if isinstance(self.request_ids, RequestIds):
            yield from self.request_ids.mistakes()
        elif not isinstance(self.request_ids, bool):
            yield f"request_ids must be True, False or a RequestIds, not {self.request_ids!r}."


class Edge:
    """The edge of an API."""

    def __init__(self, options: EdgeOptions, limits: Limits, translate: Translate | None) -> None:
        self._limits = limits
        self._translate = translate
        #: In the order in which they see a request.
        self._parts: list[Part] = []
        both: list[str] = []
        if options.proxies is not None:
            self._parts.append(Forwarded(options.proxies))
        if options.request_ids:
            ids = RequestIds() if options.request_ids is True else options.request_ids
            self._parts.append(Naming(ids))
            both.append(ids.header)
        self._hosts = None if options.hosts is None else Hosts(options.hosts)
        if self._hosts is not None:
            self._parts.append(self._hosts)
        self._parts.append(Bounds(limits))
        sharing = None if options.cors is None else Sharing(options.cors, both)
        if sharing is not None:
            self._parts.append(sharing)
        self._allows = _nobody if sharing is None else sharing.allows
        self._parts += [NoSniffing(), Isolation()]
        if options.hsts:
            self._parts.append(StrictTransport(HSTS() if options.hsts is True else options.hsts))
        self._admit = tuple(p.admit for p in self._parts if _has(p, "admit"))
        self._complete = tuple(p.complete for p in self._parts if _has(p, "complete"))
        self._contributions = [part.contribution() for part in self._parts]

    def answers_for(self, host: str) -> bool:
        """Whether requests for a host are answered, which is in lower case and without a port."""
        return self._hosts is None or self._hosts.include(host)

    def learn(self, rows: Sequence[Operation]) -> None:
        """Learn of rows that are served: what may be sent there, and what is answered.

        Raises ConfigurationError where one declares what the edge adds.
        """
        mistakes = list(clashes(rows, self._contributions))
        if mistakes:
            raise ConfigurationError("WSGIDispatcher", mistakes)
        for part in self._parts:
            part.learn(rows)

    def announced(self, row: Operation) -> Operation:
        """The row with all that the edge answers, and adds to what it answers."""
        return announced(guarded(row, self._allows), self._contributions)

    def answer(self, environ: Environ, run: Callable[[Environ], Response]) -> Response:
        """The answer to a request: that of `run`, unless one of the parts has another."""
        try:
            for admit in self._admit:
                admit(environ)
        except Problem as problem:
            discard_body(environ, self._limits)
            response = render_problem(problem, self._translate)
        else:
            response = run(environ)
        for complete in self._complete:
            complete(environ, response)
        return response


def _nobody(origin: str) -> bool:
    return False


def _has(part: Part, step: str) -> bool:
    return getattr(type(part), step) is not getattr(Part, step)
