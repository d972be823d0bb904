"""What is wrong with a limit is said when it is made, or when its controller is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

import pytest

from openrest.errors import ConfigurationError
from openrest.ratelimit import Count, MemoryStorage, RateLimit, Use
from tests.ratelimit.apis import caller, notes

PLACE = "controller.options.ratelimit"


@pytest.mark.parametrize(
    ("text", "quota", "seconds"),
    [
        ("100/minute", 100, 60),
        ("1/second", 1, 1),
        ("5/10 seconds", 5, 10),
        (" 2 / 2 Hours ", 2, 7200),
        ("7/days", 7, 86400),
    ],
)
def test_a_text_says_how_much_in_how_many_seconds(text: str, quota: int, seconds: int) -> None:
    limit = RateLimit(text)
    assert (limit.quota, limit.seconds) == (quota, seconds)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: RateLimit("100"), "'100' is no limit, such as '100/minute' or '5/10 seconds'."),
        (lambda: RateLimit("-1/minute"), "'-1/minute' is no limit, such as"),
        (lambda: RateLimit(100), "100 is no limit, such as"),  # type: ignore[arg-type]
        (
            lambda: RateLimit("1/minuet"),
            "'1/minuet': a unit is one of second, minute, hour, day, not 'minuet'. "
            "Did you mean 'minute'?",
        ),
        (lambda: RateLimit("0/minute"), "'0/minute' allows nothing, or in no time."),
        (lambda: RateLimit("9/0 days"), "'9/0 days' allows nothing, or in no time."),
        (lambda: RateLimit("1/400 days"), "'1/400 days' is too much to be counted exactly."),
        (lambda: RateLimit("9999999999/day"), "is too much to be counted exactly."),
        (
            lambda: RateLimit("1/day", by="adress"),  # type: ignore[arg-type]
            "by is one of user, address, not 'adress'. Did you mean 'address'? Or give a function.",
        ),
        (lambda: RateLimit("5/day", cost=6), "cost must be 1 to 5, not 6."),
        (lambda: RateLimit("5/day", cost=True), "cost must be 1 to 5, not True."),
        (
            lambda: RateLimit("5/day", strategy="fixed"),  # type: ignore[arg-type]
            "strategy is one of fixed-window, moving-window, token-bucket, not 'fixed'.",
        ),
        (
            lambda: RateLimit("5/day", on_error="refused"),  # type: ignore[arg-type]
            "on_error is one of allow, refuse, not 'refused'. Did you mean 'refuse'?",
        ),
        (lambda: RateLimit("5/day", name='a"b'), "is no name: 1 to 64 letters, digits,"),
        (lambda: RateLimit("5/day", storage="memroy"), "not 'memroy'. Did you mean 'memory'?"),
        (lambda: RateLimit("5/day", storage="http://user:secret@host"), "not 'http'."),
        (
            lambda: RateLimit("5/day", storage=MemoryStorage),  # type: ignore[arg-type]
            "MemoryStorage is a class: write MemoryStorage(...).",
        ),
    ],
)
def test_what_is_no_limit_is_refused_with_what_was_meant(make: Any, said: str) -> None:
    with pytest.raises(ValueError) as refused:
        make()
    assert str(refused.value).startswith("RateLimit: ")
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


def test_without_redis_the_limit_says_what_to_install_and_memory_needs_nothing() -> None:
    code = (
        "import sys; sys.modules['redis'] = None; from openrest.ratelimit import RateLimit; "
        "RateLimit('1/day'); RateLimit('1/day', storage='redis://localhost')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: A RateLimit in Redis or Valkey needs redis: "
        "pip install 'openrest[redis]'"
    )


@pytest.mark.parametrize(
    ("option", "mistakes"),
    [
        (
            "100/minute",
            [
                f"{PLACE}: is no RateLimit, such as RateLimit('100/minute'), but '100/minute'. "
                "Write RateLimit('100/minute')."
            ],
        ),
        (
            {"GET": RateLimit, "PSOT": None, "HEAD": RateLimit("1/day")},
            [
                f"{PLACE}: 'GET': is no RateLimit, such as RateLimit('100/minute'), but "
                "<class 'openrest.ratelimit.limit.RateLimit'>. Write RateLimit(...).",
                f"{PLACE}: 'PSOT' is none of GET, POST, PUT, PATCH, DELETE, *. "
                "Did you mean 'POST'?",
                f"{PLACE}: 'HEAD' is none of GET, POST, PUT, PATCH, DELETE, *. "
                "HEAD counts as GET, and OPTIONS is not counted.",
            ],
        ),
        (
            [RateLimit("1/day"), RateLimit("1/day", by="address"), RateLimit("2/day", name="a")],
            [f"{PLACE}: two limits are called '1/day': give one of them a name=."],
        ),
        (
            [RateLimit("1/day"), RateLimit("2/day", storage=MemoryStorage())],
            [f"{PLACE}: limits that hold together are counted in one storage, not in several."],
        ),
    ],
)
def test_mistakes_in_the_option_are_told_when_the_class_is_made(
    option: Any, mistakes: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        notes(option)
    assert list(refused.value.mistakes) == mistakes


def test_limits_of_one_name_are_the_same_or_a_mistake() -> None:
    one, other = RateLimit("1/day", name="all"), RateLimit("2/day", name="all")
    with pytest.raises(ConfigurationError) as refused:
        caller(notes(one), notes(other, "others"))
    assert refused.value.mistakes == (
        "two limits are called 'all' and are not the same: 1/day and 2/day, or in what else they "
        "are given.",
    )


def test_nothing_is_limited_without_the_option_or_with_none() -> None:
    options: list[Any] = [..., None, [], {}, {"GET": None}, {"*": None}]
    for option in options:
        assert "429" not in str(caller(notes(option)).document)


def test_a_storage_may_be_ones_own() -> None:
    class Noted(MemoryStorage):
        """One that notes what is used."""

        costs: ClassVar[list[int]] = []

        def take(self, uses: Sequence[Use]) -> Sequence[Count]:
            self.costs.extend(use.cost for use in uses)
            return super().take(uses)

    storage = Noted()
    both = [RateLimit("9/day", storage=storage), RateLimit("99/day", storage=storage, cost=2)]
    assert caller(notes(both)).get("/notes").status == 200
    assert storage.costs == [1, 2]
