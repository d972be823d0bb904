"""Who asks the API of a test, which it has as its fixture `app`."""

from __future__ import annotations

import pytest

from openrest.controllers import WSGIDispatcher
from tests.authorization.asking import AskedBy


@pytest.fixture
def ada(app: WSGIDispatcher) -> AskedBy:
    """She has the role."""
    return AskedBy(app, "ada")


@pytest.fixture
def bob(app: WSGIDispatcher) -> AskedBy:
    return AskedBy(app, "bob")
