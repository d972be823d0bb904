"""What gunicorn logs, less what somebody has sent: it may be a credential."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger

__all__ = ["ServerLog"]


class ServerLog(Logger):  # type: ignore[misc]  # gunicorn has no types
    """Says that a request is none, or has failed, without the line or the query that it had."""

    def warning(self, msg: Any, *args: Any, **options: Any) -> None:
        if isinstance(msg, str) and msg.startswith("Invalid request from "):
            # "... from ip=192.0.2.1: Invalid HTTP Header: 'X-API-Key secret'"
            msg = ": ".join(msg.split(": ", 2)[:2])
        super().warning(msg, *args, **options)

    def exception(self, msg: Any, *args: Any, **options: Any) -> None:
        shown = [arg.partition("?")[0] if isinstance(arg, str) else arg for arg in args]
        super().exception(msg, *shown, **options)
