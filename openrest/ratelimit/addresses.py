"""The address that a request comes from, as far as one client has it to itself."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any, Final

__all__ = ["address_of"]

#: A network of this length is what one client is given, with 2**64 addresses in it (RFC 6177).
_IPV6_PREFIX: Final = 64
_LONGEST: Final = 100


def address_of(environ: Mapping[str, Any]) -> str:
    """The address in REMOTE_ADDR: of IPv6 the network, since its addresses are for the taking.

    What is no address is taken as it is; the servers of a socket give none.
    """
    return _read(str(environ.get("REMOTE_ADDR") or ""))


# A parsed address costs more than all else that a limit does, and few send many requests.
@lru_cache(maxsize=4096)
def _read(text: str) -> str:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return text[:_LONGEST]
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), _IPV6_PREFIX), strict=False))
