"""How much of a request is looked at before it is known what it asks for."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from openrest import messages as msg
from openrest.bodies import Environ, Limits
from openrest.contract import Contribution, ResponseSpec
from openrest.edge.part import Part
from openrest.errors import RequestHeaderFieldsTooLarge, URITooLong
from openrest.messages import say

__all__ = ["Bounds"]

#: Colon, space, and the end of a line, which stand around each header (RFC 9112, section 5).
_AROUND: Final = 4
_PREFIX: Final = len("HTTP_")
#: What an address may have unescaped (RFC 3986, section 3.3).
_SAFE: Final = "/!$&'()*+,;=:@"


class Bounds(Part):
    """Answers 414 and 431 to a request whose address or headers are too long."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def contribution(self) -> Contribution:
        limits = self._limits
        return Contribution(
            responses=(
                ResponseSpec(
                    status=414,
                    description=f"The address is longer than {limits.max_url_bytes} bytes",
                    example=_too_long(limits.max_url_bytes),
                ),
                ResponseSpec(
                    status=431,
                    description=f"The headers are larger than {limits.max_header_bytes} bytes",
                    example=_too_large(limits.max_header_bytes),
                ),
            )
        )

    def admit(self, environ: Environ) -> None:
        limits = self._limits
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        query = environ.get("QUERY_STRING", "")
        # Few are so long that it has to be known what their escapes take.
        if (
            3 * len(path) + len(query) >= limits.max_url_bytes
            and _url_bytes(path, query) > limits.max_url_bytes
        ):
            raise _too_long(limits.max_url_bytes)
        if _header_bytes(environ) > limits.max_header_bytes:
            raise _too_large(limits.max_header_bytes)


def _url_bytes(path: str, query: str) -> int:
    """The length of path and query as they stand in a request line, escaped."""
    escaped = len(quote(path, safe=_SAFE, encoding="latin-1"))
    return escaped + len(query) + 1 if query else escaped


def _header_bytes(environ: Environ) -> int:
    """The length of all headers, each with what stands around it in its line."""
    found = sum(
        len(name) + len(value) + _AROUND - _PREFIX
        for name, value in environ.items()
        if name[:_PREFIX] == "HTTP_"
    )
    return found + len(environ.get("CONTENT_TYPE", ""))


def _too_long(maximum: int) -> URITooLong:
    return URITooLong(say(msg.URL_TOO_LONG, maximum=maximum))


def _too_large(maximum: int) -> RequestHeaderFieldsTooLarge:
    return RequestHeaderFieldsTooLarge(say(msg.HEADERS_TOO_LARGE, maximum=maximum))
