"""The header ``Idempotency-Key``: a POST that is sent again creates nothing more.

It is that of draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

from openrest import messages as msg
from openrest.contract import Contribution, Header, Parameter, ResponseSpec
from openrest.errors import Mistake, UnprocessableContent
from openrest.interfaces import CallView, DataStore, Once
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.patterns import Pattern
from openrest.options import store_name

__all__ = ["Idempotency"]

HEADER: Final = "Idempotency-Key"

#: Its key in a call, which no parameter of an author's own has.
KEY: Final = ":Idempotency-Key"

#: What an answer has that has been given before, under the name that clients know.
REPLAYED: Final = ("Idempotent-Replayed", "true")

_PLACE: Final = "controller.options.idempotency"

#: The longest time that keys can be kept, in hours: a year.
_LONGEST: Final = 24 * 366

_SHAPE: Final = s.String(
    min_length=1,
    max_length=255,
    patterns=(
        Pattern("^[!-~]+$", msg.IDEMPOTENCY_KEY, _sample="5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b"),
    ),
)


class Idempotency:
    """Clients name each POST by a key of their own, and may send it again until it is answered.

        "options": {"idempotency": Idempotency(hours=24)}

    The same request with the same key is answered once more, and creates nothing. The key is
    remembered for so many `hours` after the first. One that is `required` has to be there. `clock`
    gives the time, in seconds since the epoch.
    Raises ValueError for a time that makes no sense.
    """

    def __init__(
        self,
        hours: float = 24,
        *,
        required: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if type(hours) not in (int, float) or not 0 < hours <= _LONGEST:
            raise ValueError(
                f"Idempotency: hours must be a number above 0, at most {_LONGEST}, not {hours!r}."
            )
        if type(required) is not bool:
            raise ValueError(f"Idempotency: required is neither True nor False but {required!r}.")
        self.hours = hours
        self.required = required
        self.clock = clock

    def contribution(self) -> Contribution:
        """The header of the request and that of an answer that is given again, and the 422."""
        span = "1 hour" if self.hours == 1 else f"{self.hours:g} hours"
        return Contribution(
            description=f"With an `{HEADER}` the request may be sent again: the same one is "
            f"answered as it was the first time, for {span}, and creates nothing more.",
            parameters=(
                Parameter(
                    name=KEY,
                    wire=HEADER,
                    location="header",
                    shape=_SHAPE,
                    required=self.required,
                    description="A name for this request, such as a new UUID, with which it can be "
                    "sent again; never one for another request",
                ),
            ),
            headers=(
                Header(
                    name=REPLAYED[0],
                    shape=s.Constant(value=REPLAYED[1]),
                    required=False,
                    description="That the request has been carried out before, and not again",
                ),
            ),
            responses=(
                ResponseSpec(
                    status=422,
                    description=f"The `{HEADER}` is that of another request",
                    example=key_reused(),
                ),
            ),
        )

    def once(self, call: CallView, target: str) -> Once | None:
        """What the store is to know of the call; None where it has no key.

        `target` is the resource that it is for.
        """
        key: str | None = call.headers.get(KEY)
        if key is None:
            return None
        now = self.clock()
        if call.user is not None:
            # Two users may come upon one key: neither is told what the other has made. The space
            # is in no key that somebody sends who is not known.
            key = "user " + sha256(f"{call.user['id']!r} {key}".encode()).hexdigest()
        return Once(
            key=key,
            fingerprint=f"{target} {call.fingerprint}",
            now=now,
            until=now + self.hours * 3600,
        )


def fingerprint(sent: Sequence[tuple[str, str]], body: Any) -> str:
    """A digest of what a request asks for: its query, and its body as a wire value.

    The order of members is no matter, nor are spaces between them and the format that they came in;
    1.0 is the same number as 1, up to 64 bits.
    """
    text = json.dumps([sorted(sent), _one_form(body)], sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def _one_form(value: Any) -> Any:
    match value:
        case float() if value.is_integer() and abs(value) < 2**63:
            # Of larger ones each has one form, and as integers they have hundreds of digits.
            return int(value)
        case list():
            return list(map(_one_form, value))
        case dict():
            return {name: _one_form(inner) for name, inner in value.items()}
        case _:
            return value


def key_reused() -> UnprocessableContent:
    """The problem of a key that another request has had."""
    return UnprocessableContent(
        say(msg.KEY_REUSED), [Mistake(say(msg.OTHER_REQUEST), header=HEADER)]
    )


def read_idempotency(
    options: Mapping[str, Any], list_verbs: Sequence[str], store: type[DataStore] | DataStore
) -> tuple[Idempotency | None, list[str]]:
    """What the option ``idempotency`` asks for, or every mistake in it."""
    if "idempotency" not in options:
        return None, []
    asked = options["idempotency"]
    mistakes = [f"{_PLACE}: {mistake}" for mistake in _mistakes(asked, list_verbs, store)]
    return (None, mistakes) if mistakes else (asked, [])


def _mistakes(
    asked: Any, list_verbs: Sequence[str], store: type[DataStore] | DataStore
) -> Iterator[str]:
    if not isinstance(asked, Idempotency):
        yield f"is not an Idempotency, such as Idempotency(hours=24), but {asked!r}."
    if "POST" not in list_verbs:
        yield "controller.list_verbs has no POST that a key could be for."
    if not store.idempotent:
        yield f"{store_name(store)} cannot keep keys together with records."
