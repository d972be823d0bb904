"""How many requests somebody may make, kept in memory or in a Redis that many processes share."""

from typing import TYPE_CHECKING, Any

from openrest.ratelimit.limit import RateLimit, RequestView
from openrest.ratelimit.storage import Count, MemoryStorage, Storage, Use

if TYPE_CHECKING:
    from openrest.ratelimit.redis import RedisStorage

__all__ = ["Count", "MemoryStorage", "RateLimit", "RedisStorage", "RequestView", "Storage", "Use"]


def __getattr__(name: str) -> Any:
    # Only for those who use it: redis is an extra, and takes its time.
    if name == "RedisStorage":
        from openrest.ratelimit.redis import RedisStorage

        return RedisStorage
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
