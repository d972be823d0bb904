"""`RateLimit`: how much, for whom, and how it is counted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2b
from importlib import import_module
from typing import Any, Final, Literal, NamedTuple, get_args

from openrest.errors import ContractError, did_you_mean
from openrest.interfaces import User
from openrest.ratelimit.storage import Storage
from openrest.ratelimit.strategies import EXACT, STRATEGIES, StrategyName

__all__ = ["RateLimit", "RequestView"]

By = Literal["user", "address"]
OnError = Literal["allow", "refuse"]

_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_TEXT: Final = re.compile(r" *(\d+) */ *(?:(\d+) +)?([A-Za-z]+) *", re.ASCII)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}", re.ASCII)
_URL: Final = re.compile(r"(?:redis|rediss|valkey|valkeys|unix)://.+")


class RequestView(NamedTuple):
    """What a function of a limit sees of a request.

    `operation` is the id of the operation, and `method` that of its row: GET where HEAD was sent.
    An IPv6 `address` is that of its network, ``"2001:db8::/64"``. `user` is who makes the request;
    None where that is not asked, or not known; never so where it has to be known, as functions of a
    limit are asked about no request that is refused for that.
    """

    method: str
    operation: str
    address: str
    user: User | None


class RateLimit:
    """So many requests in some time, for each user or address.

        "options": {"ratelimit": RateLimit("100/minute")}

    `limit` is a text: ``"100/minute"``, ``"5/second"``, ``"1000/2 hours"``. `by` says for whom it
    is counted: for each ``"user"``, and by address where nobody is known; for each ``"address"``;
    or for whatever text or number a function makes of a `RequestView`. A request uses `cost` of it,
    or what a function says; 0 is nothing. Where somebody who is not known may do nothing, the
    functions are not asked about them: they use 1, by address.

    `strategy` says how it is counted: in a ``"fixed-window"`` that begins with a request, in a
    ``"moving-window"``, or as a ``"token-bucket"``. `storage` says where: in the ``"memory"`` of
    each process, at a ``"redis://..."`` or ``"valkey://..."`` that many share, or in a `Storage` of
    your own. While that is away, requests are allowed or, with ``on_error="refuse"``, answered 503.

    Limits with the same `name` are one, whichever resources they are given to. Without a name each
    resource counts by itself. Raises ValueError for what makes no sense, and ModuleNotFoundError
    where Redis is wanted and redis is not installed.
    """

    def __init__(
        self,
        limit: str,
        *,
        by: By | Callable[[RequestView], str | int] = "user",
        cost: int | Callable[[RequestView], int] = 1,
        strategy: StrategyName = "fixed-window",
        storage: str | Storage = "memory",
        on_error: OnError = "allow",
        name: str = "",
    ) -> None:
        self.quota, self.seconds = _read(limit)
        self.limit = limit.strip()
        if not callable(by) and by not in get_args(By):
            raise ValueError(f"RateLimit: by is {_wrong(by, get_args(By))} Or give a function.")
        if not callable(cost) and (type(cost) is not int or not 1 <= cost <= self.quota):
            raise ValueError(f"RateLimit: cost must be 1 to {self.quota}, not {cost!r}.")
        if strategy not in tuple(STRATEGIES):
            raise ValueError(f"RateLimit: strategy is {_wrong(strategy, STRATEGIES)}")
        if on_error not in get_args(OnError):
            raise ValueError(f"RateLimit: on_error is {_wrong(on_error, get_args(OnError))}")
        if name and not (isinstance(name, str) and _NAME.fullmatch(name)):
            raise ValueError(
                f"RateLimit: {name!r} is no name: 1 to 64 letters, digits, '.', '_', '/' and '-'."
            )
        _check_storage(storage)
        self.by, self.cost, self.on_error, self.name = by, cost, on_error, name
        self.storage = storage
        self.strategy = STRATEGIES[strategy](self.quota, self.seconds * 1000)

    def __repr__(self) -> str:
        return f"RateLimit({self.limit!r}{f', name={self.name!r}' if self.name else ''})"

    @property
    def definition(self) -> tuple[Any, ...]:
        """What two limits with one name must have in common."""
        return (self.strategy, self.by, self.storage, self.on_error)

    def words(self, *, users: bool) -> str:
        """For the reader of the document; `users` says whether there are any.

        >>> RateLimit("100/minute").words(users=False)
        '100 requests in a minute for each address'
        """
        unit = next(unit for unit in reversed(_UNITS) if self.seconds % _UNITS[unit] == 0)
        number = self.seconds // _UNITS[unit]
        by_user = self.by == "user" and users
        whom = ", or address where nobody is known" if by_user else ""
        whom = "" if callable(self.by) else f" for each {'user' if by_user else 'address'}{whom}"
        counts = f", of which this takes {self.cost}" if self.cost != 1 else ""
        if callable(self.cost):
            counts = ", of which some requests take more than others"
        span = f"a {unit}" if number == 1 else f"{number} {unit}s"
        requests = "request" if self.quota == 1 else "requests"
        return f"{self.quota} {requests} in {span.replace('a hour', 'an hour')}{whom}{counts}"

    def key(self, request: RequestView) -> str:
        """A digest of for whom a request counts, which is short whatever they are called.

        Raises ContractError where a function gives something else than a text or a number.
        """
        if callable(self.by):
            who = self.by(request)
            if type(who) not in (str, int):
                raise ContractError(f"{self!r}: by gives {who!r}, which is no text and no number.")
        elif self.by == "user" and request.user is not None:
            who = f"user {request.user['id']!r}"
        else:
            return self.key_of_address(request)
        return _digest(f"{type(who).__name__} {who}")

    def key_of_address(self, request: RequestView) -> str:
        """As `key`, for the address alone: where nobody is known, and has to be."""
        return _digest(f"str address {request.address}")

    def cost_of(self, request: RequestView) -> int:
        """What a request uses. Raises ContractError for what there can never be room for."""
        if not callable(self.cost):
            return self.cost
        cost = self.cost(request)
        if type(cost) is not int or not 0 <= cost <= self.quota:
            raise ContractError(f"{self!r}: cost gives {cost!r}, which is not 0 to {self.quota}.")
        return cost


@lru_cache(maxsize=4096)
def _digest(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=16).hexdigest()


def _read(limit: str) -> tuple[int, int]:
    """How much in how many seconds a text says."""
    found = _TEXT.fullmatch(limit) if isinstance(limit, str) else None
    if found is None:
        raise ValueError(
            f"RateLimit: {limit!r} is no limit, such as '100/minute' or '5/10 seconds'."
        )
    unit = found[3].lower()
    if unit.removesuffix("s") not in _UNITS:
        raise ValueError(f"RateLimit: {limit!r}: a unit is {_wrong(found[3], _UNITS)}")
    quota, seconds = int(found[1]), int(found[2] or 1) * _UNITS[unit.removesuffix("s")]
    if quota < 1 or seconds < 1:
        raise ValueError(f"RateLimit: {limit!r} allows nothing, or in no time.")
    if seconds > 366 * 86400 or quota * seconds * 1000 >= EXACT // 2:
        raise ValueError(f"RateLimit: {limit!r} is too much to be counted exactly.")
    return quota, seconds


def _wrong(given: Any, known: Mapping[Any, Any] | tuple[str, ...]) -> str:
    return f"one of {', '.join(known)}, not {given!r}.{did_you_mean(str(given), known)}"


def _check_storage(storage: Any) -> None:
    if isinstance(storage, Storage) or storage == "memory":
        return
    if isinstance(storage, type) and issubclass(storage, Storage):
        raise ValueError(
            f"RateLimit: {storage.__name__} is a class: write {storage.__name__}(...)."
        )
    if isinstance(storage, str) and _URL.fullmatch(storage):
        # Not at the first request: what is not installed is told at the start.
        import_module("openrest.ratelimit.redis")
        return
    # A URL may have a password in it.
    shown = storage.partition("://")[0] if isinstance(storage, str) else storage
    raise ValueError(
        f"RateLimit: storage is 'memory', a Storage or the address of a Redis, such as "
        f"'redis://localhost', not {shown!r}.{did_you_mean(str(shown), ['memory', 'redis'])}"
    )
