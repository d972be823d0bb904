"""What a dispatcher is told of those who watch it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openrest.observability.access_log import AccessLog
from openrest.observability.exchange import Observer
from openrest.observability.metrics import Metrics
from openrest.observability.watching import Watch

if TYPE_CHECKING:
    from openrest.observability.meter import Meter

__all__ = ["Watching"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """The arguments of a dispatcher that are about watching it, as they were given."""

    access_log: Any
    metrics: Any
    traces: Any

    def mistakes(self) -> Iterator[str]:
        """What is wrong with them, a sentence each."""
        if not isinstance(self.access_log, bool | AccessLog):
            yield f"access_log must be True, False or an AccessLog, not {self.access_log!r}."
        if not isinstance(self.metrics, bool | Metrics):
            yield f"metrics must be True, False or a Metrics, not {self.metrics!r}."
        elif self.metrics:
            place = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
            if place is not None and not os.path.isdir(place):
                yield f"metrics: PROMETHEUS_MULTIPROC_DIR is {place!r}, which is no directory."
        if not isinstance(self.traces, bool):
            yield f"traces must be True or False, not {self.traces!r}."

    def meter(self) -> Meter | None:
        """What counts requests; None where nobody counts them."""
        if not self.metrics:
            return None
        # Only for those who use it: prometheus_client is an extra, and takes its time.
        from openrest.observability.meter import Meter

        return Meter(self.metrics if isinstance(self.metrics, Metrics) else Metrics())

    def watch(self, meter: Meter | None, *, audited: bool = False) -> Watch | None:
        """Who watches; None where nobody does, so that it costs nothing.

        What is `audited` has to know of the request in which it is written.
        """
        observers: list[Observer] = []
        if self.access_log:
            given = self.access_log
            observers.append(given if isinstance(given, AccessLog) else AccessLog())
        if meter is not None:
            observers.append(meter)
        watches = observers or self.traces or audited
        return Watch(observers, traces=self.traces) if watches else None
