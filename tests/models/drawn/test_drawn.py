"""Schema and loading accept the same values, and dumping and loading are each other's inverse.

For any model and any JSON value, in OpenAPI 3.0 and 3.1. `make fuzz` does not stop.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.models.drawn.drawing import BUDGET, keep_promise

#: Parts of the same work, so that several processes can share it; of less than a hundred models
#: the balance says nothing.
PARTS = BUDGET // 100


@pytest.mark.parametrize("part", range(PARTS))
def test_a_model_means_what_its_document_says(
    part: int, record_property: Callable[[str, object], None]
) -> None:
    # The same models at every run, so that a failure is of the change; `make fuzz` draws others.
    tally = keep_promise(BUDGET // PARTS, 1 + part)
    record_property("drawn", tally.counts())
    tally.check()
