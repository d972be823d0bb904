"""What browsers are told to be strict about, whatever the answer is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from openrest.bodies import Environ
from openrest.contract import Contribution, Header
from openrest.edge.part import Part
from openrest.models import shapes as s
from openrest.rendering import Response

__all__ = ["HSTS", "Isolation", "NoSniffing", "StrictTransport"]

_NOSNIFF: Final = ("X-Content-Type-Options", "nosniff")
_ISOLATED: Final = ("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
_YEAR: Final = 31_536_000


class NoSniffing(Part):
    """Says of every answer that it is what its media type says (the Fetch standard, section 3.6).

    A browser that guesses would run a script in what somebody has stored as text.
    """

    def contribution(self) -> Contribution:
        header = Header(
            name=_NOSNIFF[0],
            shape=s.Choice(pairs=((_NOSNIFF[1], _NOSNIFF[1]),)),
            description="The content is what its media type says, and nothing else",
            everywhere=True,
        )
        return Contribution(headers=(header,))

    def complete(self, environ: Environ, response: Response) -> None:
        response.headers.append(_NOSNIFF)


class Isolation(Part):
    """Keeps a page that has opened one of ours from it (HTML, section 7.1.3).

    Where one logs in is opened by ours, and keeps its hold. Over http browsers do not heed it, and
    complain. The pages are no operations of the document.
    """

    def complete(self, environ: Environ, response: Response) -> None:
        if environ.get("wsgi.url_scheme") == "https" and any(map(_is_page, response.headers)):
            response.headers.append(_ISOLATED)


def _is_page(header: tuple[str, str]) -> bool:
    return header[0] == "Content-Type" and header[1].startswith("text/html")


@dataclass(frozen=True, slots=True, kw_only=True)
class HSTS:
    """Browsers that have come by https are to come by nothing else (RFC 6797).

        app = WSGIDispatcher([Tweets], hsts=HSTS(max_age=86_400))

    ``hsts=True`` is ``HSTS()``. They remember it for `max_age` seconds, and with `subdomains` for
    all names below this one. `preload` agrees to stand in the list that browsers come with, from
    which nothing is taken out soon.
    """

    max_age: int = _YEAR
    subdomains: bool = False
    preload: bool = False

    def mistakes(self) -> Iterator[str]:
        """What is wrong with it: a sentence for each mistake, with its place."""
        if type(self.max_age) is not int or not 0 <= self.max_age <= 10 * _YEAR:
            yield f"hsts.max_age: is 0 to {10 * _YEAR} seconds, not {self.max_age!r}."
        for name in ("subdomains", "preload"):
            given: Any = getattr(self, name)
            if not isinstance(given, bool):
                yield f"hsts.{name}: is neither True nor False but {given!r}."
        if self.preload is True and (self.subdomains is not True or self.max_age < _YEAR):
            yield f"hsts.preload: the list wants subdomains=True and a max_age of {_YEAR} or more."

    @property
    def value(self) -> str:
        """What the header says (RFC 6797, section 6.1)."""
        subdomains = "; includeSubDomains" if self.subdomains else ""
        return f"max-age={self.max_age}{subdomains}{'; preload' if self.preload else ''}"


class StrictTransport(Part):
    """Says so in every answer that goes out by https, and in no other (RFC 6797, section 7.2)."""

    def __init__(self, hsts: HSTS) -> None:
        self._header = ("Strict-Transport-Security", hsts.value)

    def contribution(self) -> Contribution:
        name, value = self._header
        header = Header(
            name=name,
            shape=s.Choice(pairs=((value, value),)),
            description="Over https: for how long to come by nothing else",
            required=False,
            everywhere=True,
        )
        return Contribution(headers=(header,))

    def complete(self, environ: Environ, response: Response) -> None:
        if environ["wsgi.url_scheme"] == "https":
            response.headers.append(self._header)
