"""The access log: a line of JSON for each request, once its answer has been sent."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any, Final
from urllib.parse import quote

import msgspec

from openrest.observability.exchange import Exchange, printable

__all__ = ["ACCESS_LOGGER", "AccessLog"]

#: The name of the logger; its lines are of the level INFO.
ACCESS_LOGGER: Final = "openrest.access"

log = logging.getLogger(ACCESS_LOGGER)

#: In characters, of what others have a say in.
_LONGEST_METHOD: Final = 40
_LONGEST_NAME: Final = 200
_LONGEST_TARGET: Final = 1000


class AccessLog:
    """Writes what an operator wants to know of each request, and nothing that is secret.

        app = WSGIDispatcher([Tweets], access_log=AccessLog(target=True))

    A line has the template of the path, ``/address/{id}``: keys may be secret, and so may what is
    in a query. With `target` it has the path as it was asked for, too, and never the query.
    """

    def __init__(self, *, target: bool = False) -> None:
        if not isinstance(target, bool):
            raise ValueError(f"AccessLog: target is True or False, not {target!r}.")
        self._target = target

    def began(self, exchange: Exchange) -> None:
        """Nothing is known yet."""

    def ended(self, exchange: Exchange) -> None:
        """Write the line."""
        if log.isEnabledFor(logging.INFO):
            log.info(self.line(exchange))

    def line(self, exchange: Exchange) -> str:
        """One line of JSON (RFC 8259), in which nothing that was sent begins another one."""
        environ, trace = exchange.environ, exchange.trace
        members: dict[str, Any] = {
            # RFC 3339, in UTC.
            "time": dt.datetime.fromtimestamp(exchange.at, dt.UTC),
            "method": printable(environ["REQUEST_METHOD"], _LONGEST_METHOD),
            "operation": exchange.operation or None,
            "path": exchange.path or None,
            "status": exchange.status,
            "microseconds": exchange.nanoseconds // 1000,
            "bytes": exchange.bytes,
            "complete": exchange.complete,
            "user": _name(exchange.user_id),
            "request_id": _name(exchange.request_id),
            "trace_id": None if trace is None else trace.trace_id,
            "span_id": None if trace is None else trace.span_id,
            "parent_id": None if trace is None else trace.parent_id,
            "remote": _name(environ.get("REMOTE_ADDR") or None),
        }
        if self._target:
            path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
            # PEP 3333 has its bytes as Latin-1.
            sent = path[:_LONGEST_TARGET].encode("latin-1", "replace")
            members["target"] = quote(sent, safe="/!$&'()*+,;=:@")
        return msgspec.json.encode(members).decode()


def _name(text: str | None) -> str | None:
    return None if text is None else printable(text, _LONGEST_NAME)
