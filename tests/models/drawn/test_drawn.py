"""Schema and loading accept the same values, and dumping and loading are each other's inverse.

For any model and any JSON value, in OpenAPI 3.0 and 3.1. `make fuzz` does not stop.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.models.drawn.drawing import BUDGET, PART, keep_promise
from tests.needs import fuzzing


# In parts, so that several processes can share the work; of fewer models than are in one the
# balance says nothing.
@fuzzing
@pytest.mark.parametrize("seed", range(BUDGET // PART))
def test_a_model_means_what_its_document_says(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    # The same models at every run, so that a failure is of the change; `make fuzz` draws others.
    tally = keep_promise(PART, seed)
    record_property("drawn", tally.counts())
    tally.check()
