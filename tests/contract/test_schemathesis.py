"""All checks of schemathesis, in all phases, on every example and on one API of everything."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from examples.address import ApiApp
from openrest.controllers import WSGIDispatcher
from openrest.openapi import Version
from openrest.testing.contract import check_contract
from tests.contract.apis import KINDS, everything, plain
from tests.contract.kinds import VERSIONS, kind_models, serve

# One seed, so that `make test` stays under five minutes on two cores. What one seed misses another
# finds, so CI runs five of them; OPENREST_SEEDS=5 does so anywhere.
CI = os.environ.get("CI") == "true"
SEEDS = range(1, 1 + int(os.environ.get("OPENREST_SEEDS", 5 if CI else 1)))
#: The kinds of field in three parts, so that processes can share the work. The short run has
#: another part in each version, and fewer values.
PARTS = [(v, part) for v in VERSIONS for part in range(3) if CI or part == VERSIONS.index(v)]
EXAMPLES = 10 if CI else 3


def address(folder: Path) -> WSGIDispatcher:
    return WSGIDispatcher([ApiApp], debug=True)


def tweets(folder: Path) -> WSGIDispatcher:
    from examples.tweets import Tweets  # it opens its file where the test is

    return WSGIDispatcher([Tweets], debug=True)


def everything_in_lists(folder: Path) -> WSGIDispatcher:
    return everything("list", folder)


def everything_in_sqlite(folder: Path) -> WSGIDispatcher:
    return everything("sqlite", folder)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    "make", [address, tweets, plain, everything_in_lists, everything_in_sqlite]
)
def test_an_api_and_its_document_do_not_differ(
    make: Callable[[Path], WSGIDispatcher],
    seed: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    report = check_contract(make(tmp_path), seed=seed)
    assert report.findings == ()


@pytest.mark.parametrize(("openapi", "part"), PARTS)
def test_no_kind_of_field_differs_in_any_version_of_openapi(
    openapi: Version, part: int, tmp_path: Path
) -> None:
    kind = KINDS[(part + VERSIONS.index(openapi)) % len(KINDS)]
    served = dict(list(kind_models(openapi))[part::3])
    app = serve(served, kind, tmp_path, openapi)
    assert check_contract(app, examples=EXAMPLES, seed=1).findings == ()
