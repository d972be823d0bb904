"""What a part of the edge is: it turns requests away, adds headers, and announces both."""

from __future__ import annotations

from collections.abc import Sequence

from openrest.bodies import Environ
from openrest.contract import Contribution
from openrest.operations import Operation
from openrest.rendering import Response

__all__ = ["Part"]


class Part:
    """One part of the edge. It sees every request, before anything is known of its operation.

    It is shared by all threads and keeps nothing of a request. What it does not override does
    nothing.
    """

    def learn(self, rows: Sequence[Operation]) -> None:
        """Hear of operations of the API, before there are requests; more than once."""

    def contribution(self) -> Contribution:
        """What every operation announces of it; `headers` go with every answer, errors too."""
        return Contribution()

    def admit(self, environ: Environ) -> None:
        """See a request first. Raises a Problem that is announced, to answer it at once."""

    def complete(self, environ: Environ, response: Response) -> None:
        """Add to the headers of an answer, of whichever kind."""
