"""Which hosts an API answers for (RFC 9110, sections 7.2 and 7.4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from openrest import messages as msg
from openrest.bodies import Environ
from openrest.contract import Contribution, ResponseSpec
from openrest.edge.origins import LABEL
from openrest.edge.part import Part
from openrest.errors import MisdirectedRequest
from openrest.messages import say

__all__ = ["Hosts", "host_mistakes"]

_NAMED: Final = re.compile(rf"(?:\*\.)?{LABEL}(?:\.{LABEL})*|\[[0-9a-f:.]+\]", re.ASCII)
#: A host and perhaps a port, which says nothing of whom the request is for.
_SENT: Final = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::[0-9]{1,5})?", re.ASCII)


class Hosts(Part):
    """Answers 421 to what is for another host.

    421 and not 400: the request is well formed, and this server is not the one that can answer it
    (RFC 9110, section 15.5.20). A browser may then send it again, over a connection of its own,
    which is right where one certificate is for several names.
    """

    def __init__(self, hosts: Iterable[str]) -> None:
        named = set(hosts)
        patterns = [host for host in named if host.startswith("*.")]
        self._exact = frozenset(named.difference(patterns))
        self._patterns = tuple(
            re.compile(re.escape(pattern).replace(r"\*", LABEL), re.ASCII) for pattern in patterns
        )

    def contribution(self) -> Contribution:
        misdirected = ResponseSpec(
            status=421,
            description="The request is for a host that this server does not answer for",
            example=_misdirected(),
        )
        return Contribution(responses=(misdirected,))

    def admit(self, environ: Environ) -> None:
        # Names are the same in upper and lower case (RFC 9110, section 4.2.3).
        found = _SENT.fullmatch(environ.get("HTTP_HOST", "").lower())
        if found is None or not self.include(found["host"]):
            raise _misdirected()

    def include(self, host: str) -> bool:
        """Whether it is one of them, in lower case and without a port."""
        return host in self._exact or any(each.fullmatch(host) for each in self._patterns)


def _misdirected() -> MisdirectedRequest:
    # It does not repeat the host, which may be anything.
    return MisdirectedRequest(say(msg.ANOTHER_HOST))


def host_mistakes(hosts: Any) -> Iterator[str]:
    """What is wrong with the argument ``hosts``: a sentence for each mistake, with its place."""
    if hosts is None:
        return
    if isinstance(hosts, str) or not isinstance(hosts, Sequence):
        yield f"hosts must be a list of hosts, not {hosts!r}."
        return
    if not hosts:
        yield "hosts is empty: no request could be answered. Leave it out to answer all."
    for place, host in enumerate(hosts):
        if not isinstance(host, str) or not _NAMED.fullmatch(host):
            near = _nearest(host)
            hint = f" Did you mean {near!r}?" if near else ""
            yield (
                f"hosts[{place}]: {host!r} is no host in lower case, without a scheme and a port."
                f"{hint}"
            )
        elif hosts.index(host) != place:
            yield f"hosts[{place}]: {host!r} is there twice."


def _nearest(host: Any) -> str | None:
    """The host that was probably meant."""
    if not isinstance(host, str):
        return None
    text = host.strip().lower().rpartition("://")[2]
    text = re.split("[/?#]", text)[0]
    near = re.sub(r"(?<=[^:]):[0-9]*$", "", text)
    near = f"*{near}" if near.startswith(".") else near.rstrip(".")
    return near if near != host and _NAMED.fullmatch(near) else None
