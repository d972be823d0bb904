"""Origins, as browsers spell them (RFC 6454, section 6.2; the HTML standard, section 7.1.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

__all__ = ["LABEL", "Origins", "of_request", "origin_mistakes"]

#: One label of a name in the DNS, in lower case: what is international is in its ASCII form.
LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ORIGIN: Final = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<star>\*\.)?"
    rf"(?P<host>{LABEL}(?:\.{LABEL})*|\[[0-9a-f:.]+\])(?::(?P<port>[1-9][0-9]{{0,4}}))?",
    re.ASCII,
)
_DEFAULT_PORTS: Final = {"http": "80", "https": "443"}


class Origins:
    """Some origins, each compared as a whole: scheme, host and port."""

    def __init__(self, origins: Iterable[str]) -> None:
        given = set(origins)
        #: Whether it is all of them.
        self.any = "*" in given
        patterns = [origin for origin in given if "*" in origin and origin != "*"]
        self._exact = frozenset(given.difference(patterns))
        self._patterns = tuple(
            re.compile(re.escape(pattern).replace(r"\*", LABEL), re.ASCII) for pattern in patterns
        )

    def match(self, origin: str) -> bool:
        """Whether it is one of them. What is not the origin of a page, such as ``null``, is not."""
        return origin in self._exact or any(each.fullmatch(origin) for each in self._patterns)


def of_request(scheme: str, host: str) -> str:
    """The origin that a request was sent to, as a browser spells it."""
    host = host.lower()
    default = f":{_DEFAULT_PORTS.get(scheme, '')}"
    return f"{scheme}://{host.removesuffix(default)}"


def origin_mistakes(place: str, origins: Any) -> Iterator[str]:
    """What is wrong with a list of origins: a sentence for each mistake."""
    if isinstance(origins, str) or not isinstance(origins, Sequence):
        yield f"{place}: is not a list of origins but {origins!r}."
        return
    if not origins:
        yield f"{place}: is empty. Leave cors out, and no page of another origin reads anything."
    for number, origin in enumerate(origins):
        mistake = _mistake(origin)
        if mistake:
            yield f"{place}[{number}]: {mistake}"
        elif origins.index(origin) != number:
            yield f"{place}[{number}]: {origin!r} is there twice."
    if "*" in origins and len(origins) > 1:
        yield f"{place}: '*' is every origin: leave out the others, or it."


def _mistake(origin: Any) -> str:
    if origin == "*":
        return ""
    if origin == "null":
        # Any page can have it, in a frame with the attribute sandbox.
        return "'null' is the origin of whoever wants it: pages of every site can have it."
    found = _ORIGIN.fullmatch(origin) if isinstance(origin, str) else None
    if found is None:
        near = _nearest(origin)
        hint = f" Did you mean {near!r}?" if near else " Write it as in 'https://app.example'."
        return f"{origin!r} is no origin as browsers spell it.{hint}"
    if found["port"] and found["port"] == _DEFAULT_PORTS.get(found["scheme"]):
        plain = origin.rpartition(":")[0]
        return f"browsers leave out the port {found['port']}. Did you mean {plain!r}?"
    if found["star"] and "." not in found["host"]:
        return f"{origin!r} is everybody below a whole top-level domain."
    return ""


def _nearest(origin: Any) -> str | None:
    """The origin that was probably meant."""
    if not isinstance(origin, str):
        return None
    text = origin.strip().lower()
    text = text if "://" in text else f"https://{text}"
    scheme, _, rest = text.partition("://")
    near = of_request(scheme, re.split("[/?#]", rest)[0])
    return near if _ORIGIN.fullmatch(near) else None
