"""What an operator sees of a running API: the access log, metrics, and traces."""

from openrest.observability.access_log import AccessLog
from openrest.observability.exchange import current_trace
from openrest.observability.metrics import Metrics
from openrest.observability.traces import Trace

__all__ = ["AccessLog", "Metrics", "Trace", "current_trace"]
