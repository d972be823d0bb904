"""What a page of another site makes a browser send, with the cookies of whoever sits there.

A browser adds cookies by itself, so a cookie does not prove that its owner wanted the request
(cross-site request forgery). What a page cannot forge is what a browser says of where it comes
from: ``Sec-Fetch-Site`` (Fetch Metadata, section 2.2) and ``Origin`` (RFC 6454, section 7).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from openrest import messages as msg
from openrest.announcing import with_response
from openrest.bodies import Environ
from openrest.contract import ResponseSpec
from openrest.credentials import Sent
from openrest.edge.origins import of_request
from openrest.errors import Forbidden
from openrest.messages import say
from openrest.operations import Operation

__all__ = ["SameOrigin", "guarded"]

#: They change nothing (RFC 9110, section 9.2.1), and another page cannot read what they answer.
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})


@dataclass(frozen=True, slots=True)
class SameOrigin:
    """Refuses what a page of another site has a browser send with one of the `cookies`.

    `allows` says of which origins the author has said that they may send credentials. What has
    neither of the two headers does not come from a browser: since 2020 all of them send ``Origin``
    with whatever is not safe. A program sends no cookie but on purpose.
    """

    cookies: frozenset[str]
    allows: Callable[[str], bool]

    def check(self, environ: Environ) -> None:
        """See that the request is wanted. Raises Forbidden."""
        sent = Sent(environ)
        if all(sent.cookie(name) is None for name in self.cookies):
            return
        site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
        if site in ("same-origin", "none") or (not site and origin is None):
            return
        if origin is not None and self.allows(origin):
            return
        # What knows the site has said all: it knows of redirections, which an origin does not.
        own = of_request(environ["wsgi.url_scheme"], environ.get("HTTP_HOST", ""))
        if not site and origin == own:
            return
        raise _forbidden()


def guarded(row: Operation, allows: Callable[[str], bool]) -> Operation:
    """The row, with the check where it changes something for whom a cookie may say who they are."""
    cookies = row.authentication.cookies if row.authentication is not None else frozenset()
    if not cookies or row.method in _SAFE:
        return row
    forbidden = ResponseSpec(
        status=403,
        description="A page of another site has made a browser send the request, and the cookie",
        example=_forbidden(),
    )
    return replace(with_response(row, forbidden), same_origin=SameOrigin(cookies, allows))


def _forbidden() -> Forbidden:
    return Forbidden(say(msg.CROSS_SITE))
