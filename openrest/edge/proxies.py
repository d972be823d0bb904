"""What proxies say of a request, believed of those alone that are trusted."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final

from werkzeug.http import parse_list_header
from werkzeug.middleware.proxy_fix import ProxyFix

from openrest.bodies import Environ
from openrest.edge.part import Part
from openrest.errors import did_you_mean

__all__ = ["Forwarded", "Proxies"]

#: A socket in the file system: who comes by it has no address.
_SOCKET: Final = "unix"
_FOR: Final = "X-Forwarded-For"
#: What ProxyFix calls each header that a proxy may set.
_NAMES: Final = {
    _FOR: "x_for",
    "X-Forwarded-Proto": "x_proto",
    "X-Forwarded-Host": "x_host",
    "X-Forwarded-Prefix": "x_prefix",
}
_WITH_PORT: Final = re.compile(
    r"\[(?P<six>[0-9A-Fa-f:.]+)\](?::\d+)?|(?P<four>[\d.]+):\d+", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """The proxies in front, and what is believed of them.

        app = WSGIDispatcher([Tweets], proxies=Proxies(trusted=["10.0.0.0/8"]))

    `trusted` are addresses, networks, and ``"unix"`` for a socket in the file system. At most
    `hops` of them stand in a row. Of a request that comes from one, the `headers` say where it
    comes from, by which scheme, for which host and below which prefix; name those that your
    proxies set every time. Of all other requests they are not looked at.
    """

    trusted: Sequence[str]
    hops: int = 1
    headers: Collection[str] = (_FOR, "X-Forwarded-Proto")

    def mistakes(self) -> Iterator[str]:
        """What is wrong with it: a sentence for each mistake, with its place."""
        trusted: Any = self.trusted
        if isinstance(trusted, str) or not isinstance(trusted, Sequence) or not trusted:
            yield f"proxies.trusted: is not a list of networks but {trusted!r}."
        else:
            for place, network in enumerate(trusted):
                mistake = _mistake(network)
                if mistake:
                    yield f"proxies.trusted[{place}]: {mistake}"
        if type(self.hops) is not int or not 1 <= self.hops <= 10:
            yield f"proxies.hops: is 1 to 10, not {self.hops!r}."
        headers: Any = self.headers
        if isinstance(headers, str) or not isinstance(headers, Collection) or not headers:
            yield f"proxies.headers: is not a list of headers but {headers!r}."
            return
        for name in headers:
            if name not in _NAMES:
                near = did_you_mean(str(name), _NAMES)
                yield f"proxies.headers: {name!r} is none of {', '.join(_NAMES)}.{near}"
        if _FOR not in headers and self.hops != 1:
            # Without it nobody knows which proxies a request has come by.
            yield f"proxies.hops: which they were is told by {_FOR} alone. Name it in headers."


class Forwarded(Part):
    """Puts what trusted proxies say in the place of what the server sees."""

    def __init__(self, proxies: Proxies) -> None:
        self._hops = proxies.hops
        self._variables = {
            "HTTP_" + name.upper().replace("-", "_"): _NAMES[name] for name in proxies.headers
        }
        self._socket = _SOCKET in proxies.trusted
        self._networks = [ip_network(each) for each in proxies.trusted if each != _SOCKET]
        self._is_trusted = lru_cache(maxsize=1024)(self._looked_up)

    def _looked_up(self, address: str) -> bool:
        if not address:
            return self._socket
        found = _address(address)
        return found is not None and any(found in network for network in self._networks)

    def admit(self, environ: Environ) -> None:
        if not self._is_trusted(environ.get("REMOTE_ADDR", "")):
            return
        hops = self._believed(environ)
        before = environ.get("REMOTE_ADDR", ""), environ["wsgi.url_scheme"]
        counts = {"x_for": 0, "x_proto": 0}  # which ProxyFix would heed unless told
        for variable, argument in self._variables.items():
            # A proxy may hand on what the one before it has set, and add nothing.
            counts[argument] = min(hops, len(parse_list_header(environ.get(variable, ""))))
        ProxyFix(_nothing, **counts)(environ, _start)
        environ["REMOTE_ADDR"] = str(_address(environ.get("REMOTE_ADDR", "")) or before[0])
        scheme = environ["wsgi.url_scheme"].lower()
        environ["wsgi.url_scheme"] = scheme if scheme in ("http", "https") else before[1]

    def _believed(self, environ: Environ) -> int:
        """How many hops back it is known what was said: only what a trusted proxy has added.

        Somebody may come to the second proxy without having come by the first, and may have
        written down whatever the first would have.
        """
        values = parse_list_header(environ.get("HTTP_X_FORWARDED_FOR", ""))
        hops = 1
        while hops < min(self._hops, len(values)) and self._is_trusted(values[-hops]):
            hops += 1
        return hops


def _nothing(environ: Any, start_response: Any) -> tuple[()]:
    return ()


def _start(status: str, headers: Any, exc_info: Any = None) -> Any:
    raise AssertionError("nothing is started")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address in a text, which may have a port; None where there is none."""
    found = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address(found["six"] or found["four"] if found else text)
    except ValueError:
        return None
    # A server that listens to IPv6 sees those of IPv4 like this (RFC 4291, section 2.5.5.2).
    return getattr(address, "ipv4_mapped", None) or address


def _mistake(network: Any) -> str:
    if network == _SOCKET:
        return ""
    if not isinstance(network, str):
        return f"{network!r} is no text."
    try:
        found = ip_network(network)
    except ValueError:
        try:
            near = str(ip_network(network, strict=False))
        except ValueError:
            return f"{network!r} is no address, no network and not 'unix'."
        return f"{network!r} has bits beyond its prefix. Did you mean {near!r}?"
    if found.prefixlen == 0:
        return f"{network!r} is everybody, and everybody could write what is believed."
    if isinstance(found, IPv6Network) and found.network_address.ipv4_mapped:
        return f"{network!r} is written as IPv4."
    return ""
