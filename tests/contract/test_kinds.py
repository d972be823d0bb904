"""All checks of schemathesis, in all phases, on each kind of field in each version of OpenAPI."""

from itertools import cycle, product
from pathlib import Path

import pytest

from openrest.openapi import Version
from openrest.testing.contract import check_contract
from tests.contract.apis import Kind
from tests.contract.kinds import VERSIONS, kind_models, serve
from tests.needs import CI, fuzzing

NAMES = [name for name, _ in kind_models("3.1")]
STORES: tuple[Kind, ...] = ("list", "sqlite")

# In CI every kind in every version; elsewhere one in one of them. Links take a minute, and are the
# same text in each: schemathesis looks in vain for texts that fit their pattern and not their
# format.
QUICK = [name for name in NAMES if name != "links"]
PAIRS = [*product(QUICK, VERSIONS), ("links", VERSIONS[-1])] if CI else [(QUICK[1], VERSIONS[0])]
EXAMPLES = 10


@fuzzing
@pytest.mark.parametrize(
    ("name", "openapi", "store"),
    [(*pair, store) for pair, store in zip(PAIRS, cycle(STORES), strict=False)],
)
def test_a_kind_of_field_is_what_the_document_says(
    name: str, openapi: Version, store: Kind, tmp_path: Path
) -> None:
    kind = {name: dict(kind_models(openapi))[name]}
    report = check_contract(serve(kind, store, tmp_path, openapi), examples=EXAMPLES, seed=1)
    assert report.findings == ()
