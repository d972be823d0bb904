"""How many models are drawn, and what is done with each."""

from __future__ import annotations

from typing import Any

from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from tests.models.drawn.promise import Tally, check_promise
from tests.models.drawn.sources import Drawn, drawn_models
from tests.needs import CI

__all__ = ["BUDGET", "FULL_BUDGET", "PART", "keep_promise"]

#: Models in one run of the tests, in CI and elsewhere, and how many are drawn from one seed.
FULL_BUDGET = 2000
BUDGET = FULL_BUDGET if CI else 200
PART = 100

_SEEDS = st.integers(0, 2**32 - 1)


def keep_promise(number: int, start: int | None = None, *, shrink: bool = True) -> Tally:
    """Check as many models as `number` says, from a seed or any; what was checked.

    It raises what hypothesis reports: the source of a model, as small as it can be with `shrink`,
    and the seed of its values.
    """
    tally = Tally()
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]

    @settings(
        max_examples=number,
        phases=phases,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(drawn_models(), _SEEDS)
    def check(drawn: Drawn, seed: int) -> None:
        check_promise(drawn, seed, tally)

    run: Any = check if start is None else seed(start)(check)
    run()
    return tally
