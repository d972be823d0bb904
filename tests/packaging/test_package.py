"""What is installed, and what importing it brings along."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from importlib.metadata import entry_points, metadata, requires
from pathlib import Path

import pytest

import openrest
from tests.needs import CI

#: What only tests, documentation and benchmarks need; or Flask, whose folder has the pages.
NOT_FOR_SERVING = (
    "django",
    "flask",
    "hypothesis",
    "jsonschema",
    "openapi_spec_validator",
    "playwright",
    "pytest",
    "schemathesis",
)

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(openrest.__path__, "openrest.")
    if not module.name.startswith("openrest.testing")
)


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_version_is_that_of_the_module() -> None:
    assert metadata("openrest")["Version"] == openrest.__version__


def test_the_types_are_for_users_too() -> None:
    assert (Path(openrest.__path__[0]) / "py.typed").is_file()


def test_the_command_and_the_pytest_plugin_are_announced() -> None:
    found = {(point.group, point.value) for point in entry_points(name="openrest")}
    assert found == {
        ("console_scripts", "openrest.cli:main"),
        ("pytest11", "openrest.testing.plugin"),
    }


def test_serving_needs_nothing_but_the_dependencies() -> None:
    lines = [line for line in requires("openrest") or () if "extra ==" not in line]
    needed = {re.split("[<>=; ]", line, maxsplit=1)[0] for line in lines}
    assert needed == {
        "apispec",
        "click",
        "flask-swagger-ui",
        "gunicorn",
        "marshmallow",
        "msgspec",
        "pyyaml",
        "werkzeug",
    }


def test_no_module_brings_along_what_serving_does_not_need() -> None:
    lines = [f"import {name}" for name in MODULES]
    code = "\n".join(
        [*lines, "import sys", "print(*{name.partition('.')[0] for name in sys.modules})"]
    )
    assert set(python(code).split()) & set(NOT_FOR_SERVING) == set()


@pytest.mark.parametrize("part", range(8) if CI else [0])
def test_every_module_can_be_imported_first(part: int) -> None:
    # In turn in forked children of one interpreter: a fresh one for each would take a minute.
    code = f"""
import os, sys
import werkzeug, marshmallow, apispec, click
for name in {MODULES[part::8]!r}:
    if os.fork() == 0:
        __import__(name)
        sys.stdout.flush()
        os._exit(0)
    if os.waitstatus_to_exitcode(os.wait()[1]):
        sys.exit(f"{{name}} cannot be imported first")
"""
    python(code)
