"""What a request has to say who makes it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.http import parse_cookie

from openrest.bodies import Environ

__all__ = ["Sent"]


@lru_cache(maxsize=256)
def _key(header: str) -> str:
    """Where the value of a header is in an environment (PEP 3333)."""
    return "HTTP_" + header.upper().replace("-", "_")


class Sent:
    """The credentials of a request, as `openrest.interfaces.Credentials` has them.

    What cannot be read is not there: whether it may be so, is for those to say who read the rest.
    """

    def __init__(self, environ: Environ) -> None:
        self._environ = environ

    def header(self, name: str) -> str | None:
        """The value of a header; None without it."""
        value: Any = self._environ.get(_key(name))
        return value if isinstance(value, str) else None

    def query(self, name: str) -> str | None:
        """The value of a parameter in the query; None without it, or where it is there twice."""
        text: str = self._environ.get("QUERY_STRING", "")
        if name not in text and "%" not in text:
            return None
        try:
            pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=1000)
        except ValueError:
            return None
        found = [value for each, value in pairs if each == name]
        return found[0] if len(found) == 1 else None

    def cookie(self, name: str) -> str | None:
        """The value of a cookie; None without it, or where it is there twice."""
        text = self._environ.get("HTTP_COOKIE")
        try:
            found = parse_cookie(text).getlist(name) if text else []
        except UnicodeError:  # it is not UTF-8
            return None
        return found[0] if len(found) == 1 else None
