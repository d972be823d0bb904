"""Rows as they are served: what is the same for every operation of an API is added here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from openrest.compression import in_codings
from openrest.controllers.arguments import Arguments
from openrest.edge.edge import Edge
from openrest.limiting import in_limits
from openrest.openapi import in_version
from openrest.operations import Operation
from openrest.unkept import unkept

__all__ = ["Finishing"]


class Finishing:
    """Makes of a row what is served: within its limits, encoded, and as it leaves the edge.

    Raises ConfigurationError where the limits of the `table` do not go together.
    """

    def __init__(self, table: Sequence[Operation], edge: Edge, arguments: Arguments) -> None:
        self._limited = in_limits(table, arguments.guesses)
        self._edge = edge
        self._openapi = arguments.openapi
        self._compress = arguments.compress

    def served(self, rows: Iterable[Operation]) -> list[Operation]:
        """The rows of a table as they are served, of which the edge learns.

        Raises ConfigurationError where one declares what the edge adds.
        """
        ready = list(map(self._ready, rows))
        # All of what is answered has to be known there: scripts may read these headers.
        self._edge.learn(ready)
        return list(map(self._edge.announced, ready))

    def shown(self, row: Operation) -> Operation:
        """The row as it would be served, for a document alone: the edge learns nothing."""
        return self._edge.announced(self._ready(row))

    def _ready(self, row: Operation) -> Operation:
        row = in_version(self._limited(unkept(row)), self._openapi)
        return in_codings(row) if self._compress else row
