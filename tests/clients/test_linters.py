"""What Redocly and Spectral, with the rules that they recommend, say of the document: nothing."""

from __future__ import annotations

import functools
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import openrest.controllers
from openrest.controllers import WSGIDispatcher
from tests.clients.npm import installed, run
from tests.contract.apis import everything
from tests.contract.client import Client
from tests.needs import SLOW_VERSIONS

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).parent / "linters"

EXAMPLES = sorted(
    path.stem
    for path in (ROOT / "examples").glob("*.py")
    if "\napp = " in path.read_text(encoding="utf-8")
)
#: The API of the contract tests, which has every kind of field and operation.
EVERYTHING = "everything"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def linters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the two linters and their settings."""
    return installed(SOURCE, tmp_path_factory.mktemp("npm") / "linters")


def redocly(linters: Path, document: Path) -> list[str]:
    command = ["redocly", "lint", str(document), "--config", "redocly.yaml", "--format", "json"]
    said = run(linters, *command, REDOCLY_TELEMETRY="off", REDOCLY_SUPPRESS_UPDATE_NOTICE="true")
    assert said.stdout, said.stderr
    return [
        f"{found['severity']} {found['ruleId']} at {found['location'][0].get('pointer', '')}: "
        f"{found['message']}"
        for found in json.loads(said.stdout)["problems"]
    ]


def spectral(linters: Path, document: Path) -> list[str]:
    command = ["spectral", "lint", str(document), "--ruleset", "spectral.yaml", "--format", "json"]
    said = run(linters, *command, "--quiet")
    assert said.stdout, said.stderr
    severities = ("error", "warning", "information", "hint")
    return [
        f"{severities[found['severity']]} {found['code']} at {found['path']}: {found['message']}"
        for found in json.loads(said.stdout)
    ]


Lint = Callable[[Path, Path], list[str]]
LINTERS: list[Lint] = [redocly, spectral]


def served(name: str, options: Json, monkeypatch: pytest.MonkeyPatch, folder: Path) -> Json:
    """The document that an API serves whose dispatcher has these options besides its own."""
    monkeypatch.chdir(folder)  # where the examples put their files
    if name == EVERYTHING:
        return Client(everything("sqlite", folder, **options)).document
    asked = functools.partial(WSGIDispatcher, **options)
    monkeypatch.setattr(openrest.controllers, "WSGIDispatcher", asked)
    names = runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name=f"examples.{name}")
    return Client(names["app"]).document


def written(document: Json, folder: Path) -> Path:
    file = folder / "openapi.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


@pytest.mark.parametrize("lint", LINTERS)
@pytest.mark.parametrize("version", SLOW_VERSIONS)
@pytest.mark.parametrize("name", [*EXAMPLES, EVERYTHING])
def test_a_linter_finds_nothing(
    linters: Path,
    name: str,
    version: str,
    lint: Lint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    document = served(name, {"openapi": version}, monkeypatch, tmp_path)
    assert document["openapi"].startswith(version)
    assert document["servers"] == [{"url": "/"}]
    assert lint(linters, written(document, tmp_path)) == []


def without_words(document: Json) -> Json:
    """The document without what only an author can say, and with an example that is no page."""
    info = {name: document["info"][name] for name in ("title", "version")}
    listed = document["paths"]["/address"]["get"]["responses"]["200"]
    listed["content"]["application/json"]["example"] = {}
    return {**document, "info": info}


@pytest.mark.parametrize(
    ("lint", "found"),
    [
        (redocly, {"info-license", "no-invalid-media-type-examples"}),
        (spectral, {"info-contact", "info-description", "oas3-valid-media-example"}),
    ],
)
def test_a_linter_is_not_blind(
    linters: Path, lint: Lint, found: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = without_words(served("address", {}, monkeypatch, tmp_path))
    said = lint(linters, written(document, tmp_path))
    assert {line.split()[1] for line in said} == found
