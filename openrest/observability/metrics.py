"""What ``/metrics`` has, and who may read it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import inf
from typing import Final

from openrest.authorization import Authenticated
from openrest.interfaces import Authentication, Permission

__all__ = ["Metrics"]

#: Seconds. The quickest answers take less than a millisecond, so it begins there.
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_NAMESPACE: Final = re.compile("[a-zA-Z_][a-zA-Z0-9_]*")


class Metrics:
    """Counts requests, for ``/metrics`` in the text format of Prometheus.

        app = WSGIDispatcher([Tweets], metrics=Metrics(authentication=keys))

    With `authentication` it has to be known who reads them, and they need the `permission`:
    ``Authenticated()`` unless given. The names begin with the `namespace`, and `buckets` are the
    bounds of durations, in seconds. Raises ValueError for what makes no sense.

    It is the extra ``openrest[metrics]``.
    """

    def __init__(
        self,
        *,
        authentication: Authentication | None = None,
        permission: Permission | None = None,
        namespace: str = "openrest",
        buckets: Sequence[float] = _BUCKETS,
    ) -> None:
        if not isinstance(authentication, Authentication | None):
            raise ValueError(f"Metrics: {authentication!r} is no authentication.")
        if not isinstance(permission, Permission | None):
            raise ValueError(f"Metrics: {permission!r} is no permission: Scope('metrics') is one.")
        if permission is not None and authentication is None:
            raise ValueError("Metrics: without authentication nobody has a permission.")
        if not isinstance(namespace, str) or not _NAMESPACE.fullmatch(namespace):
            raise ValueError(f"Metrics: {namespace!r} cannot be the beginning of a name.")
        self.authentication = authentication
        self.permission = (permission or Authenticated()) if authentication is not None else None
        self.namespace = namespace
        self.buckets = _checked(buckets)


def _checked(buckets: Sequence[float]) -> tuple[float, ...]:
    """The bounds, which grow. Raises ValueError."""
    found = tuple(buckets)
    numbers = all(type(one) in (int, float) and 0 < one < inf for one in found)
    if not found or not numbers or list(found) != sorted(set(found)):
        raise ValueError(f"Metrics: buckets are seconds, each more than the last, not {found!r}.")
    return found
