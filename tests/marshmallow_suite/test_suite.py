"""marshmallow's own tests, run with openrest's models and fields in place of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.marshmallow_suite.sdist import marshmallow_source
from tests.marshmallow_suite.table import deviations
from tests.needs import only_in_ci

#: How many of them pass, at least: a table that grows is no way out.
PASSED = 890


def outcomes(source: Path, folder: Path) -> dict[str, str]:
    """How each test failed, by its id; an empty text where it passed."""
    written = folder / "outcomes.json"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "substitution", "-p", "no:cacheprovider",
         "--tb=line", "tests"],
        cwd=source,
        env={
            **os.environ,
            "OUTCOMES": str(written),
            "PYTHONPATH": str(Path(__file__).parent),
            "PYTEST_ADDOPTS": "",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )  # fmt: skip
    assert written.exists(), ran.stdout + ran.stderr
    found: dict[str, str] = json.loads(written.read_text(encoding="utf-8"))
    return {name.removeprefix("tests/"): failure for name, failure in found.items()}


@only_in_ci
def test_models_pass_the_suite_of_marshmallow_but_for_what_was_chosen(
    pytestconfig: pytest.Config, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    found = outcomes(marshmallow_source(pytestconfig.cache.mkdir("marshmallow")), tmp_path)
    failed = {name: failure for name, failure in found.items() if failure}
    passed = len(found) - len(failed)
    summary = f"{passed} of {len(found)} tests of marshmallow pass, {len(failed)} deviate"
    record_property("summary", summary)

    wrong = []
    listed: set[str] = set()
    for deviation in deviations():
        for test in deviation.tests:
            if not any(name == test or name.partition("[")[0] == test for name in found):
                wrong.append(f"{test} is listed, and there is no such test")
        for name in deviation.covered(found):
            if name in listed:
                wrong.append(f"{name} is listed twice")
            elif name not in failed:
                wrong.append(f"{name} is listed under {deviation.choice!r}, and passes")
            elif not re.search(deviation.failure, failed[name]):
                wrong.append(f"{name} does not fail for {deviation.choice!r}: {failed[name]}")
            listed.add(name)
    wrong += [f"{name}: {failed[name]}" for name in failed if name not in listed]
    assert not wrong, "\n".join([summary, *wrong])
    assert passed >= PASSED, summary
