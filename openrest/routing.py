"""Operation rows -> the router."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Final

from werkzeug.exceptions import NotFound as NoMatch
from werkzeug.routing import Map, Rule

from openrest.operations import Operation

__all__ = ["TEMPLATE", "Router", "allow_of"]

#: Where the WSGI environment of an OPTIONS has the template of its path, once it is found.
TEMPLATE: Final = "openrest.path"

_NAME = re.compile("{(.*?)}")


class Router:
    """Finds the path template of an address; made from the rows and from nothing else.

    `table` has the rows of each template by method; `allow` what ``Allow`` says there.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.table = _by_path(operations)
        self.allow = allow_of(operations)
        # One spelling for every address: no redirects, neither for slashes nor for defaults.
        rules = Map(
            [Rule(_rule(path), endpoint=path) for path in self.table],
            strict_slashes=True,
            merge_slashes=False,
            redirect_defaults=False,
        )
        self._match = rules.bind("localhost").match
        self._names = {path: _NAME.findall(path) for path in self.table}

    def match(self, path: str) -> tuple[str, Mapping[str, str]] | None:
        """The template that the path fits and the text of its parameters, or None."""
        # werkzeug takes any number of slashes at the start, and links made of a path with two
        # would name another host (RFC 3986, section 4.2).
        if not path.startswith("/") or path.startswith("//"):
            return None
        try:
            template, values = self._match(path)
        except NoMatch:
            return None
        names = enumerate(self._names[template])
        return template, {name: values[f"p{place}"] for place, name in names}


def _by_path(operations: Iterable[Operation]) -> dict[str, dict[str, Operation]]:
    table: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        table.setdefault(operation.path, {})[operation.method] = operation
    return table


def allow_of(operations: Iterable[Operation]) -> dict[str, str]:
    """What ``Allow`` says of each path template (RFC 9110, section 10.2.1)."""
    return {path: ", ".join(_allowed(rows)) for path, rows in _by_path(operations).items()}


def _rule(path: str) -> str:
    """The template in werkzeug's words, where a parameter is an identifier: a key may not be."""
    places = count()
    return _NAME.sub(lambda found: f"<p{next(places)}>", path)


def _allowed(rows: Mapping[str, Operation]) -> list[str]:
    """HEAD comes with GET, and OPTIONS with everything (RFC 9110, sections 9.3.2 and 9.3.7)."""
    methods = [*rows, "OPTIONS"]
    return sorted([*methods, "HEAD"] if "GET" in rows else methods)
