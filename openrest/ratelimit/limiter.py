"""What holds the limits of an operation, and announces them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from openrest import messages as msg
from openrest.contract import Contribution, ResponseSpec
from openrest.errors import StoreUnavailable
from openrest.messages import say
from openrest.ratelimit import fields
from openrest.ratelimit.limit import RateLimit, RequestView
from openrest.ratelimit.storage import Count, Storage, Use

__all__ = ["Guesses", "Limiter", "Policy"]


@dataclass(frozen=True, slots=True)
class Policy:
    """A limit as an operation has it: its `name` there, and the `scope` in which it is counted."""

    limit: RateLimit
    name: str
    scope: str
    #: With all that a count depends on: whoever changes a limit begins to count anew.
    counted: str = field(init=False)

    def __post_init__(self) -> None:
        strategy = self.limit.strategy
        counted = f"{self.scope}:{strategy.kind}:{strategy.quota}:{strategy.window}"
        object.__setattr__(self, "counted", counted)

    def use(self, request: RequestView, cost: int) -> Use:
        """What a request uses of it."""
        return Use(f"{self.counted}:{self.limit.key(request)}", self.limit.strategy, cost)

    def use_of_stranger(self, request: RequestView) -> Use:
        """What a request uses that is refused because nobody knows who makes it.

        Its author's functions, which are about users, are not asked.
        """
        cost = 1 if callable(self.limit.cost) else self.limit.cost
        return Use(
            f"{self.counted}:{self.limit.key_of_address(request)}", self.limit.strategy, cost
        )


class _Counting:
    """Policies that are counted in one storage."""

    def __init__(self, policies: Sequence[Policy], storage: Storage) -> None:
        self.policies, self.storage = tuple(policies), storage
        self._limits = {policy.name: policy.limit for policy in self.policies}
        self._field = fields.policy_field(self._limits)
        self._refuses = any(policy.limit.on_error == "refuse" for policy in self.policies)

    def _counts(self, uses: Sequence[Use]) -> Sequence[tuple[str, Count]] | None:
        """What is left of each; None where it cannot be told, and that is no matter.

        Raises ServiceUnavailable (503).
        """
        try:
            counts = self.storage.take(uses)
        except StoreUnavailable as error:
            if not self._refuses:
                return None
            raise fields.away(say(msg.CANNOT_COUNT), error.retry_after) from error
        return list(zip(self._limits, counts, strict=True))

    @property
    def _unavailable(self) -> tuple[ResponseSpec, ...]:
        is_announced = self._refuses and self.storage.can_be_away
        return (fields.unavailable(say(msg.CANNOT_COUNT)),) if is_announced else ()


class Limiter(_Counting):
    """The limits of an operation: a request is counted by all of them, or refused by one.

    `users` says whether the operation asks who makes a request, and `strangers` whether it is for
    those, too, who are not known.
    """

    def __init__(
        self, policies: Sequence[Policy], storage: Storage, *, users: bool, strangers: bool
    ) -> None:
        super().__init__(policies, storage)
        self._users, self._strangers = users, strangers

    def contribution(self) -> Contribution:
        """The 429, the 503 where there is one, and the headers of every success."""
        limits = self._limits
        words = [limit.words(users=self._users) for limit in limits.values()]
        responses = fields.exceeded(limits, "There were too many requests", msg.TOO_MANY)
        # Where requests are allowed that nobody has counted, nothing can be said of them.
        required = self._refuses or not self.storage.can_be_away
        return Contribution(
            description=f"Limited to {', and to '.join(words)}.",
            headers=fields.headers(limits, required=required),
            responses=(responses, *self._unavailable),
        )

    def take(self, request: RequestView) -> list[tuple[str, str]]:
        """Count a request, and give the headers of its answer.

        Raises TooManyRequests (429) and ServiceUnavailable (503).
        """
        if request.user is None and not self._strangers:
            uses = [policy.use_of_stranger(request) for policy in self.policies]
        else:
            uses = [policy.use(request, policy.limit.cost_of(request)) for policy in self.policies]
        counts = self._counts(uses)
        if counts is None:
            return []
        full = [(name, count) for name, count in counts if count.wait]
        if full:
            wait = max(count.wait for _, count in full)
            # Of the others more may be there later than that, which is not what holds it up.
            raise fields.too_many(msg.TOO_MANY, self._field, full, wait)
        return fields.fields(self._field, counts)


class Guesses(_Counting):
    """How often credentials may be wrong, for each address."""

    def __init__(self, limit: RateLimit, storage: Storage) -> None:
        name = limit.name or "guesses"
        super().__init__([Policy(limit, name, f"guesses:{name}")], storage)

    def contribution(self) -> Contribution:
        """The 429, and the 503 where there is one."""
        said = "Credentials were wrong too often from this address"
        exceeded = fields.exceeded(self._limits, said, msg.TOO_MANY_GUESSES)
        return Contribution(responses=(exceeded, *self._unavailable))

    def look(self, request: RequestView) -> None:
        """See that another guess may be made, before credentials are looked at.

        Raises TooManyRequests (429) and ServiceUnavailable (503).
        """
        self._take(request, 0)

    def count(self, request: RequestView) -> None:
        """Count a guess that was wrong. Raises as `look` does, where others came before it."""
        self._take(request, 1)

    def _take(self, request: RequestView, cost: int) -> None:
        counts = self._counts([policy.use(request, cost) for policy in self.policies])
        for name, count in counts or ():
            if count.wait or (not cost and not count.available):
                wait = count.wait or count.more_after
                raise fields.too_many(msg.TOO_MANY_GUESSES, self._field, [(name, count)], wait)
