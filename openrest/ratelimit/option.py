"""The option ``ratelimit`` of a controller."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from openrest.options import verb_hint
from openrest.ratelimit.limit import RateLimit
from openrest.ratelimit.limiter import Policy

__all__ = ["read_ratelimit"]

_PLACE: Final = "controller.options.ratelimit"


def read_ratelimit(
    options: Mapping[str, Any],
    resource_name: Any,
    list_verbs: Collection[str],
    unique_verbs: Collection[str],
) -> tuple[dict[str, tuple[Policy, ...]], list[str]]:
    """The limits of each verb, ``"*"`` for all others, or every mistake."""
    asked = options.get("ratelimit")
    known = [*dict.fromkeys([*list_verbs, *unique_verbs]), "*"]
    by_verb = asked if isinstance(asked, Mapping) else {"*": asked}
    mistakes = [*_mistakes(by_verb, known, isinstance(asked, Mapping))]
    if mistakes:
        return {}, mistakes
    numbers: dict[int, int] = {}
    found = {}
    for verb, one in by_verb.items():
        limits = _listed(one)
        found[verb] = tuple(_policy(limit, limits, resource_name, numbers) for limit in limits)
    return {verb: policies for verb, policies in found.items() if policies or verb != "*"}, []


def _policy(
    limit: RateLimit, beside: Sequence[RateLimit], resource_name: str, numbers: dict[int, int]
) -> Policy:
    """A limit as an operation has it that has these; `numbers` tells those of a resource apart."""
    name = limit.name or (limit.limit.replace(" ", "") if len(beside) > 1 else "default")
    if limit.name:
        return Policy(limit, name, f"name:{limit.name}")
    number = numbers.setdefault(id(limit), len(numbers))
    return Policy(limit, name, f"resource:{resource_name}:{number}")


def _listed(asked: Any) -> Sequence[Any]:
    if asked is None:
        return ()
    return asked if isinstance(asked, list | tuple) else (asked,)


def _mistakes(by_verb: Mapping[Any, Any], known: Sequence[str], is_mapping: bool) -> Iterator[str]:
    for verb, asked in by_verb.items():
        place = f"{_PLACE}: {verb!r}" if is_mapping else _PLACE
        if verb not in known:
            hint = verb_hint(verb, known)
            if verb in ("HEAD", "OPTIONS"):
                hint = " HEAD counts as GET, and OPTIONS is not counted."
            yield f"{_PLACE}: {verb!r} is none of {', '.join(known)}.{hint}"
        limits = _listed(asked)
        wrong = [limit for limit in limits if not isinstance(limit, RateLimit)]
        for limit in wrong:
            hint = f" Write RateLimit({limit!r})." if isinstance(limit, str) else ""
            if limit is RateLimit:
                hint = " Write RateLimit(...)."
            yield f"{place}: is no RateLimit, such as RateLimit('100/minute'), but {limit!r}.{hint}"
        if not wrong:
            yield from _clashes(place, limits)


def _clashes(place: str, limits: Sequence[RateLimit]) -> Iterator[str]:
    names = [limit.name or limit.limit.replace(" ", "") for limit in limits]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"{place}: two limits are called {name!r}: give one of them a name=."
    if len({id(s) if not isinstance(s, str) else s for s in (o.storage for o in limits)}) > 1:
        yield f"{place}: limits that hold together are counted in one storage, not in several."
