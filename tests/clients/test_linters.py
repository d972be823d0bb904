"""What Redocly and Spectral, with the rules that they recommend, say of the document: nothing."""

from __future__ import annotations

import functools
import json
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import openrest.controllers
from openrest.controllers import WSGIDispatcher
from tests.clients.npm import installed, run
from tests.contract.apis import everything
from tests.contract.client import Client
from tests.needs import SLOW_VERSIONS, only_in_ci

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


def redocly(linters: Path, documents: list[Path]) -> list[str]:
    command = ["redocly", "lint", *map(str, documents), "--config", "redocly.yaml"]
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    said = run(linters, *command, "--format", "json", **quiet)
    lists = list(values(said.stdout))  # one for each document
    assert len(lists) == len(documents), said.stderr
    return [
        f"{path.name}: {found['severity']} {found['ruleId']} at "
        f"{found['location'][0].get('pointer', '')}: {found['message']}"
        for path, listed in zip(documents, lists, strict=True)
        for found in listed["problems"]
    ]


def values(text: str) -> Iterator[Json]:
    """The JSON values that stand one after the other in a text."""
    read = json.JSONDecoder().raw_decode
    while text := text.lstrip():
        value, end = read(text)
        yield value
        text = text[end:]


def spectral(linters: Path, documents: list[Path]) -> list[str]:
    command = ["spectral", "lint", *map(str, documents), "--ruleset", "spectral.yaml"]
    said = run(linters, *command, "--format", "json", "--quiet")
    assert said.stdout, said.stderr
    severities = ("error", "warning", "information", "hint")
    return [
        f"{Path(found['source']).name}: {severities[found['severity']]} {found['code']} at "
        f"{found['path']}: {found['message']}"
        for found in json.loads(said.stdout)
    ]


Lint = Callable[[Path, list[Path]], list[str]]
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


def written(document: Json, folder: Path, name: str = "openapi") -> Path:
    file = folder / f"{name}.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What each example and the API of the contract tests serve, in each version."""
    folder = tmp_path_factory.mktemp("documents")
    files = []
    for name in [*EXAMPLES, EVERYTHING]:
        for version in SLOW_VERSIONS:
            data = tmp_path_factory.mktemp("data")
            with pytest.MonkeyPatch.context() as monkeypatch:
                document = served(name, {"openapi": version}, monkeypatch, data)
            assert document["openapi"].startswith(version)
            assert document["servers"] == [{"url": "/"}]
            files.append(written(document, folder, f"{name}-{version}"))
    return files


@only_in_ci
@pytest.mark.parametrize("lint", LINTERS)
def test_a_linter_finds_nothing(linters: Path, documents: list[Path], lint: Lint) -> None:
    assert lint(linters, documents) == []


def without_words(document: Json) -> Json:
    """The document without what only an author can say, and with an example that is no page."""
    info = {name: document["info"][name] for name in ("title", "version")}
    listed = document["paths"]["/address"]["get"]["responses"]["200"]
    listed["content"]["application/json"]["example"] = {}
    return {**document, "info": info}


@only_in_ci
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
    said = lint(linters, [written(document, tmp_path)])
    assert {line.split()[2] for line in said} == found
