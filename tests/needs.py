"""What only CI has: every program, and the time for all versions of OpenAPI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from typing import NoReturn, TypeVar

import pytest

from openrest.openapi import VERSIONS, Version

Test = TypeVar("Test", bound=Callable[..., None])

CI = os.environ.get("CI") == "true"


#: For tests that take long with each version.
SLOW_VERSIONS: tuple[Version, ...] = tuple(VERSIONS) if CI else ("3.1",)


#: For tests that take too long to run at every change. What is covered is measured without them
#: and without those that are drawn: they take nothing in the code that no other test takes, and
#: measuring costs them half as much again.
only_in_ci = pytest.mark.only_in_ci
#: For tests that draw the requests or the models.
fuzzing = pytest.mark.fuzzing


def fuzzed_in_ci(test: Test) -> Test:
    """For tests that fuzz one part of an API by itself, which takes long."""
    reason = "takes long: with CI=true; tests/contract/test_pairwise.py has all parts in one"
    marked: Test = fuzzing(pytest.mark.skipif(not CI, reason=reason)(test))
    return marked


def program(*names: str, variable: str | None = None) -> str:
    """The path of the first program that is there; an environment variable may name it.

    Without one the test that asks is skipped, but in CI it fails.
    """
    wanted = os.environ.get(variable, "") if variable else ""
    for name in (wanted, *names):
        found = shutil.which(name) if name else None
        if found:
            return found
    hint = f" and {variable} does not name one" if variable else ""
    missing(f"{' or '.join(names)} is not on the PATH{hint}")


def missing(reason: str) -> NoReturn:
    """Skip the test that runs, saying why; in CI everything has to be there."""
    if CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
