"""Counts requests for Prometheus: in this process, or together with the others of a server."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final, cast

try:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "Metrics need prometheus_client: pip install 'openrest[metrics]'", name=missing.name
    ) from missing

from openrest.observability.exchange import Exchange
from openrest.observability.metrics import Metrics

__all__ = ["Meter"]

#: Those of RFC 9110 and RFC 5789. Whoever makes up others must not make a series with each.
_METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)
_LABELS: Final = ("operation", "method", "status")


class Meter:
    """The counts of one dispatcher; two of them in a process have nothing in common.

    Where ``PROMETHEUS_MULTIPROC_DIR`` names a directory, each process keeps its counts in a file
    there, and each gives the sum of all.
    """

    content_type: Final = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        #: Whether the counts of all processes of the server are joined.
        self.joins_processes = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        self._registry = CollectorRegistry()
        given: Any = {"namespace": metrics.namespace, "registry": self._registry}
        self._requests = Counter(
            "http_requests", "Requests that have been answered.", _LABELS, **given
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "From the beginning of a request until its answer was sent.",
            _LABELS,
            buckets=metrics.buckets,
            **given,
        )
        self._incomplete = Counter(
            "http_responses_incomplete",
            "Answers that broke off, or whose client went away.",
            ("operation",),
            **given,
        )
        self._away = Counter(
            "store_errors",
            "Requests that failed because a store could not be reached.",
            ("operation",),
            **given,
        )
        self._in_flight = Gauge(
            "http_requests_in_flight",
            "Requests that are being answered.",
            multiprocess_mode="livesum",
            **given,
        )

    def began(self, exchange: Exchange) -> None:
        """One more is being answered."""
        self._in_flight.inc()

    def ended(self, exchange: Exchange) -> None:
        """Count it, by what the document knows of it."""
        self._in_flight.dec()
        method = exchange.environ["REQUEST_METHOD"]
        if not exchange.operation and method not in _METHODS:
            method = "other"
        labels = (exchange.operation, method, str(exchange.status))
        self._requests.labels(*labels).inc()
        self._seconds.labels(*labels).observe(exchange.nanoseconds / 1e9)
        if not exchange.complete:
            self._incomplete.labels(exchange.operation).inc()
        if exchange.store_away:
            self._away.labels(exchange.operation).inc()

    def text(self) -> str:
        """All of it in the text format of Prometheus, version 0.0.4."""
        return generate_latest(self if self.joins_processes else self._registry).decode()

    def collect(self) -> Iterable[Any]:
        """The counts of all processes, less those that are not of this dispatcher."""
        names = {family.name for family in self._registry.collect()}
        families: Any = cast(Any, MultiProcessCollector)(None).collect()  # without types
        return [family for family in families if family.name in names]

    def forget(self, process: int) -> None:
        """Count the requests no longer that a process was answering when it ended."""
        if self.joins_processes:
            cast(Any, mark_process_dead)(process)
