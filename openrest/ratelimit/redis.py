"""Counts in a Redis or Valkey, which many processes and machines share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from openrest.errors import ContractError, StoreUnavailable
from openrest.ratelimit.circuit import Circuit
from openrest.ratelimit.script import TAKE
from openrest.ratelimit.storage import Count, Storage, Use

try:
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "A RateLimit in Redis or Valkey needs redis: pip install 'openrest[redis]'",
        name=missing.name,
    ) from missing

__all__ = ["RedisStorage"]

_OF_A_CLUSTER: Final = (
    redis.exceptions.AskError,  # and MovedError
    redis.exceptions.ClusterCrossSlotError,
    redis.exceptions.ClusterDownError,
)
_SCHEMES: Final = {"valkey": "redis", "valkeys": "rediss"}


class RedisStorage(Storage):
    """Counts in a Redis (5 or later) or a Valkey, in one step for all limits of a request.

        RateLimit("100/minute", storage=RedisStorage("redis://localhost", prefix="shop"))

    The time is that of the server. A request waits for `timeout_seconds` to connect and for as long
    for each word of the server; after a failure none asks for `retry_seconds`. All names
    in the server begin with the `prefix`: two APIs that have the same one, and resources of the
    same names, count together. `clock` gives seconds in the place of the server's time, for tests.
    Raises ValueError for what makes no sense. A node of a Redis Cluster is ContractError when it is
    asked.
    """

    can_be_away = True

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "openrest",
        timeout_seconds: float = 0.25,
        retry_seconds: float = 1,
        clock: Callable[[], float] | None = None,
    ) -> None:
        if not 0 < timeout_seconds <= 60 or not 0 < retry_seconds <= 3600:
            raise ValueError(
                "RedisStorage: timeout_seconds are more than 0 and at most 60, and retry_seconds "
                "at most 3600."
            )
        scheme, _, rest = url.partition("://")
        self._redis = redis.Redis.from_url(
            f"{_SCHEMES.get(scheme, scheme)}://{rest}",
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            # One for each thread that asks: the server of the application bounds them.
            max_connections=100_000,
            # A connection that was closed while it was idle is no outage; a timeout may be one.
            retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        )
        self._take = self._redis.register_script(TAKE)
        self._prefix, self._clock = prefix, clock
        self.retry_after = max(1, round(retry_seconds))
        # No word of the user and the password that may be in the address.
        place = urlsplit(url).hostname or "a socket"
        self._circuit = Circuit(f"the Redis of rate limits at {place}", retry_seconds)

    def take(self, uses: Sequence[Use]) -> Sequence[Count]:
        now = "" if self._clock is None else int(self._clock() * 1000)
        keys = [f"{self._prefix}:{use.key}" for use in uses]
        arguments = [value for use in uses for value in _arguments(use)]
        if not self._circuit.may_ask():
            raise StoreUnavailable("the Redis of rate limits was away just now", self.retry_after)
        try:
            _, *found = self._take(keys, [now, *arguments])
        except _OF_A_CLUSTER as error:
            # Not as if it were away: then nothing would ever be limited.
            raise ContractError(
                f"{self._circuit.name} is a node of a Redis Cluster, which has only some of the "
                f"names ({error}). Limits are counted in one server: give them one of their own."
            ) from error
        except (redis.RedisError, OSError) as error:
            self._circuit.failed(error)
            raise StoreUnavailable(str(error), self.retry_after) from error
        self._circuit.worked()
        return [Count(*map(int, found[place : place + 3])) for place in range(0, len(found), 3)]


def _arguments(use: Use) -> Sequence[str | int]:
    strategy = use.strategy
    return (strategy.kind, strategy.quota, strategy.window, strategy.step, use.cost)
