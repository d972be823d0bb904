"""The headers ``RateLimit`` and ``RateLimit-Policy``, and the 429 that they go with.

They are those of draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4, in the syntax of
RFC 9651.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from openrest.contract import Header, ResponseSpec
from openrest.errors import ServiceUnavailable, TooManyRequests
from openrest.messages import Text, say
from openrest.models import shapes as s
from openrest.models.patterns import Pattern
from openrest.ratelimit.limit import RateLimit
from openrest.ratelimit.storage import Count

__all__ = [
    "NAMES",
    "away",
    "exceeded",
    "fields",
    "headers",
    "policy_field",
    "too_many",
    "unavailable",
]

_LIMIT: Final = "RateLimit"
_POLICY: Final = "RateLimit-Policy"
#: Of the headers that are on every success.
NAMES: Final = frozenset({_LIMIT, _POLICY})

_NAME: Final = '"[A-Za-z0-9._/-]+"'
_DIGITS: Final = s.String(patterns=(Pattern("^[0-9]+$", _sample="1"),))


def _list_of(first: str, second: str, sample: str) -> s.String:
    item = f"{_NAME};{first}=[0-9]+;{second}=[0-9]+"
    return s.String(patterns=(Pattern(f"^{item}(?:, {item})*$", _sample=sample),))


def policy_field(policies: Mapping[str, RateLimit]) -> str:
    """The value of ``RateLimit-Policy``: each limit by its name."""
    return ", ".join(
        f'"{name}";q={limit.quota};w={limit.seconds}' for name, limit in policies.items()
    )


def fields(policy: str, counts: Iterable[tuple[str, Count]]) -> list[tuple[str, str]]:
    """Both headers; a time that is not a whole second is the next one."""
    left = [
        f'"{name}";r={count.available};t={-(-count.more_after // 1000)}' for name, count in counts
    ]
    return [(_LIMIT, ", ".join(left)), (_POLICY, policy)]


def too_many(
    said: str, policy: str, counts: Iterable[tuple[str, Count]], wait: int
) -> TooManyRequests:
    """The problem of whoever has to wait for so many milliseconds; `said` is a template."""
    seconds = max(1, _seconds(wait))
    headers = [("Retry-After", str(seconds)), *fields(policy, counts)]
    return TooManyRequests(say(said, seconds=seconds), headers=headers)


def headers(policies: Mapping[str, RateLimit], *, required: bool) -> tuple[Header, ...]:
    """Both headers of a success; the example is the answer to the first request that there is."""
    counts = [(name, _count_after(limit, _cost(limit))) for name, limit in policies.items()]
    return _both(fields(policy_field(policies), counts), required=required)


def _both(shown: Iterable[tuple[str, str]], *, required: bool) -> tuple[Header, ...]:
    """The headers as the document has them, with examples."""
    left, policy = (value for _, value in shown)
    return (
        Header(
            name=_LIMIT,
            shape=_list_of("r", "t", left),
            description="What is left of each limit (`r`), and for how many seconds there is no "
            "more than that (`t`)",
            required=required,
            example=left,
        ),
        Header(
            name=_POLICY,
            shape=_list_of("q", "w", policy),
            description="Each limit: how much (`q`) in how many seconds (`w`)",
            required=required,
            example=policy,
        ),
    )


def exceeded(policies: Mapping[str, RateLimit], description: str, said: str) -> ResponseSpec:
    """The 429 of a row, with its headers; `said` is a template.

    The example is the answer when the first limit has just been used up.
    """
    name, limit = next(iter(policies.items()))
    count = _count_after(limit, limit.quota)
    problem = too_many(said, policy_field(policies), [(name, count)], count.wait)
    (_, seconds), *both = problem.headers
    return ResponseSpec(
        status=429,
        description=description,
        headers=(
            Header(
                name="Retry-After",
                shape=_DIGITS,
                description="Seconds after which to try again",
                example=seconds,
            ),
            *_both(both, required=True),
        ),
        example=problem,
    )


def _count_after(limit: RateLimit, used: int) -> Count:
    """What is left at the moment at which so much has been used, and nothing before."""
    strategy = limit.strategy
    state = strategy.use((), 0, used)
    wait = strategy.wait(state, 0, _cost(limit))
    return Count(strategy.available(state), strategy.more_after(state, 0), wait)


def _cost(limit: RateLimit) -> int:
    return limit.cost if isinstance(limit.cost, int) else 1


def unavailable(said: Text) -> ResponseSpec:
    """The 503 of a row whose requests must be counted, and cannot be."""
    return ResponseSpec(
        status=503,
        description="Requests cannot be counted for now",
        headers=(
            Header(
                name="Retry-After", shape=_DIGITS, description="Seconds after which to try again"
            ),
        ),
        example=ServiceUnavailable(said),
    )


def away(said: Text, seconds: int) -> ServiceUnavailable:
    """The problem of a request that cannot be counted."""
    return ServiceUnavailable(said, headers=[("Retry-After", str(seconds))])


def _seconds(milliseconds: int) -> int:
    return -(-milliseconds // 1000)
