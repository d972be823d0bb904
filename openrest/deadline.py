"""Connections whose read timeout bounds the whole answer, however slowly it drips.

The timeout of a socket is for each read by itself: a server that sends a byte a second is never
late. Here it is for all that is read until it is set again, which urllib3 does once an answer.
"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection

__all__ = ["pool"]


class _Timed(socket.socket):
    """A socket whose timeout is for all that is received until it is set again."""

    _until: float | None = None

    def settimeout(self, seconds: float | None) -> None:
        self._until = None if seconds is None else time.monotonic() + seconds
        super().settimeout(seconds)

    def recv_into(self, *args: Any, **options: Any) -> int:
        if self._until is not None:
            rest = self._until - time.monotonic()
            if rest <= 0:
                raise TimeoutError("timed out")
            super().settimeout(rest)
        return super().recv_into(*args, **options)


class _TimedTLS(_Timed, ssl.SSLSocket):
    """The same over TLS."""


class _PlainConnection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = _Timed(fileno=self.sock.detach())
        self.sock.settimeout(self.timeout)


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PlainConnection


def pool(
    scheme: str, host: str, port: int | None, size: int, ca_file: str | None
) -> urllib3.HTTPConnectionPool:
    """At most `size` connections to one server; who finds all of them in use waits for one."""
    if scheme == "http":
        return _PlainPool(host, port, maxsize=size, block=True)
    context = ssl.create_default_context(cafile=ca_file)
    context.sslsocket_class = _TimedTLS
    return urllib3.HTTPSConnectionPool(host, port, maxsize=size, block=True, ssl_context=context)
