"""Rows with their limits: where they are counted, and what the document says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

from openrest.announcing import with_headers, with_response
from openrest.contract import Contribution
from openrest.errors import ConfigurationError
from openrest.operations import Operation
from openrest.ratelimit.limit import RateLimit
from openrest.ratelimit.limiter import Guesses, Limiter, Policy
from openrest.ratelimit.storage import MemoryStorage, Storage

__all__ = ["counted_alone", "guesses_mistakes", "in_limits"]


def guesses_mistakes(guesses: Any) -> Iterator[str]:
    """What is wrong with the argument ``guesses`` of a dispatcher."""
    if guesses is None:
        return
    if not isinstance(guesses, str | RateLimit):
        yield f"guesses must be None, a text such as '20/minute' or a RateLimit, not {guesses!r}."
        return
    try:
        limit = _limit(guesses)
    except ValueError as error:
        yield f"guesses: {error}"
        return
    if limit.cost != 1:
        yield "guesses: each counts 1, so it has no cost."


def in_limits(
    table: Sequence[Operation], guesses: RateLimit | str | None
) -> Callable[[Operation], Operation]:
    """What gives a row of the table what holds its limits, and `guesses` where it asks who it is.

    Raises ConfigurationError with every mistake.
    """
    storages = _Storages()
    mistakes = [*_clashes(policy for row in table for policy in row.limits)]
    if mistakes:
        raise ConfigurationError("WSGIDispatcher", mistakes)
    guessing = None
    if guesses is not None:
        limit = _limit(guesses)
        guessing = Guesses(limit, storages[limit])

    def limited(row: Operation) -> Operation:
        if row.limits:
            known = row.authentication is not None
            strangers = row.permission is None or row.permission.is_for_anyone
            storage = storages[row.limits[0].limit]
            limiter = Limiter(row.limits, storage, users=known, strangers=strangers)
            row = replace(_announced(row, limiter.contribution()), limiter=limiter)
        if guessing is not None and row.authentication is not None:
            row = replace(_announced(row, guessing.contribution()), guesses=guessing)
        return row

    return limited


def counted_alone(table: Iterable[Operation]) -> list[str]:
    """The limits of a table that are counted by each process for itself."""
    found: dict[str, None] = {}
    for row in table:
        if row.guesses is not None and row.guesses.storage.per_process:
            found[f"guesses={row.guesses.policies[0].limit.limit!r}"] = None
        if row.limiter is not None and row.limiter.storage.per_process:
            found |= {f"{each.limit!r} of {row.path}": None for each in row.limiter.policies}
    return list(found)


def _limit(guesses: RateLimit | str) -> RateLimit:
    return RateLimit(guesses, by="address") if isinstance(guesses, str) else guesses


class _Storages:
    """Where the limits of one API are counted: one memory, and one client of each server."""

    def __init__(self) -> None:
        self._memory = MemoryStorage()
        self._servers: dict[str, Storage] = {}

    def __getitem__(self, limit: RateLimit) -> Storage:
        if isinstance(limit.storage, Storage):
            return limit.storage
        if limit.storage == "memory":
            return self._memory
        if limit.storage not in self._servers:
            # redis is an extra.
            from openrest.ratelimit.redis import RedisStorage

            try:
                self._servers[limit.storage] = RedisStorage(limit.storage)
            except ValueError as error:
                said = [f"{limit!r}: its storage is no address of a Redis: {error}"]
                raise ConfigurationError("WSGIDispatcher", said) from error
        return self._servers[limit.storage]


def _clashes(policies: Iterable[Policy]) -> Iterator[str]:
    """Limits that are one by their name, and are not alike."""
    known: dict[str, RateLimit] = {}
    told = set()
    for policy in policies:
        if policy.limit.name:
            first = known.setdefault(policy.limit.name, policy.limit)
            if first.definition != policy.limit.definition and first.name not in told:
                told.add(first.name)
                yield (
                    f"two limits are called {first.name!r} and are not the same: {first.limit} and "
                    f"{policy.limit.limit}, or in what else they are given."
                )


def _announced(row: Operation, part: Contribution) -> Operation:
    """The row with what a part adds to its answers."""
    responses = tuple(
        with_headers(spec, part.headers) if spec.status < 400 else spec for spec in row.responses
    )
    description = f"{row.description} {part.description}".strip()
    row = replace(row, description=description, responses=responses)
    return reduce(with_response, part.responses, row)
