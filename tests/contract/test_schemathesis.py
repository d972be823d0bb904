"""All checks of schemathesis, in all phases, on every example and on one API of everything."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from examples.address import ApiApp
from openrest.controllers import WSGIDispatcher
from openrest.testing.contract import check_contract
from tests.contract.apis import everything, plain
from tests.needs import CI, fuzzing

# One seed, so that `make test` stays under five minutes on two cores. What one seed misses another
# finds, so CI runs two of them, with more examples; OPENREST_SEEDS=9 runs nine of them.
SEEDS = range(1, 1 + int(os.environ.get("OPENREST_SEEDS", 2 if CI else 1)))

EXAMPLES = 100 if CI else 5


def address(folder: Path) -> WSGIDispatcher:
    return WSGIDispatcher([ApiApp], debug=True)


def tweets(folder: Path) -> WSGIDispatcher:
    from examples.tweets import Tweets  # it opens its file where the test is

    return WSGIDispatcher([Tweets], debug=True)


def everything_in_lists(folder: Path) -> WSGIDispatcher:
    return everything("list", folder)


def everything_in_sqlite(folder: Path) -> WSGIDispatcher:
    return everything("sqlite", folder)


@fuzzing
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "make",
    [address, tweets, plain, *([everything_in_lists, everything_in_sqlite] if CI else [])],
)
def test_an_api_and_its_document_do_not_differ(
    make: Callable[[Path], WSGIDispatcher],
    seed: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    report = check_contract(make(tmp_path), examples=EXAMPLES, seed=seed)
    assert report.findings == ()
