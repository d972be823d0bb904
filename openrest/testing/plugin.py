"""The pytest plugin that comes with openrest: in tests a broken contract is an error."""

from __future__ import annotations

import os

__all__ = ["pytest_configure"]


def pytest_configure() -> None:
    """Switch on `debug` for every dispatcher that does not say otherwise."""
    os.environ.setdefault("OPENREST_DEBUG", "1")
