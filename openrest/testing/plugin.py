"""The pytest plugin that comes with openrest: in tests a broken contract is an error."""

from __future__ import annotations

import os

import pytest

__all__ = ["pytest_configure"]

# A failed assertion of a suite shows its values then, as one in a test does.
pytest.register_assert_rewrite(
    "openrest.testing.store",
    "openrest.testing.store_reads",
    "openrest.testing.store_threads",
    "openrest.testing.store_writes",
)


def pytest_configure() -> None:
    """Switch on `debug` for every dispatcher that does not say otherwise."""
    os.environ.setdefault("OPENREST_DEBUG", "1")
