"""What is installed, and what importing it brings along."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import entry_points, metadata, requires
from pathlib import Path

import pytest

import openrest

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

PACKAGE = Path(openrest.__path__[0])
#: The code of each module, by the module's name.
SOURCES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
        ".__init__"
    ): path.read_text(encoding="utf-8")
    for path in PACKAGE.rglob("*.py")
}
MODULES = sorted(name for name in SOURCES if not name.startswith("openrest.testing"))


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_version_is_that_of_the_module() -> None:
    assert metadata("openrest")["Version"] == openrest.__version__


def test_the_types_are_for_users_too() -> None:
    assert (PACKAGE / "py.typed").is_file()


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


def test_every_module_can_be_imported_first() -> None:
    # Where no import leads back to where it began, it does not matter where one begins.
    TopologicalSorter({module: needed_by(module) for module in SOURCES}).prepare()


def test_an_import_that_leads_back_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "if True:\n    from openrest import pipeline"
    monkeypatch.setitem(SOURCES, "openrest.messages", code)
    assert needed_by("openrest.messages") == {"openrest.pipeline"}
    with pytest.raises(CycleError):
        test_every_module_can_be_imported_first()


def needed_by(module: str) -> set[str]:
    """The modules of openrest that have to have run before this one can be imported."""
    needed: set[str] = set()
    for statement in run_at_import(ast.parse(SOURCES[module]).body):
        if isinstance(statement, ast.Import):
            needed.update(alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            package = statement.module or ""
            parts = [f"{package}.{alias.name}" for alias in statement.names]
            needed.update(part if part in SOURCES else package for part in parts)
    needed &= SOURCES.keys()
    # A package runs before what is in it: only what is in it too is imported while it does.
    around = {module, *packages_of(module)}
    return needed.union(*map(packages_of, needed)) - (around - needed)


def packages_of(module: str) -> list[str]:
    names = module.split(".")
    return [".".join(names[:count]) for count in range(1, len(names))]


def run_at_import(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in statements:
        yield statement
        if isinstance(statement, ast.FunctionDef):
            continue
        for name in ("body", "orelse", "handlers", "finalbody"):
            if name == "body" and isinstance(statement, ast.If):
                if ast.unparse(statement.test) == "TYPE_CHECKING":
                    continue
            yield from run_at_import(getattr(statement, name, ()))
