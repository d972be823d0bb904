"""TypeScript types that openapi-typescript makes of the document, and a client that uses them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from openrest.openapi import Version
from tests.clients.npm import installed, run
from tests.needs import only_in_ci, program
from tests.serving.servers import Server, kinds_run, openrest_run

SOURCE = Path(__file__).parent / "typescript"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the TypeScript project with its packages installed."""
    return installed(SOURCE, tmp_path / "typescript")


def said(folder: Path, *command: str) -> str:
    done = run(folder, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def answers(project: Path, server: Server, client: str) -> list[Any]:
    """What a client prints, whose types are made of what the server says of itself."""
    node = program("node")
    (project / "openapi.json").write_bytes(server.ask("GET", "/openapi.json").body)
    types = said(project, "openapi-typescript", "openapi.json", "--output", "api.d.ts")
    assert "warn" not in types.lower()
    settings = json.loads((project / "tsconfig.json").read_text())
    (project / "tsconfig.json").write_text(
        json.dumps({**settings, "files": [f"{client}.ts", "api.d.ts"]})
    )
    said(project, "tsc", "--project", "tsconfig.json")
    command = [node, f"{client}.js", server.url]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


@only_in_ci
@pytest.mark.parametrize("openapi", ["3.0", "3.1"])
def test_the_types_of_every_kind_compile_and_their_client_works(
    openapi: Version, tmp_path: Path, project: Path
) -> None:
    with kinds_run(tmp_path, openapi) as server:
        nest, drawing, pet = answers(project, server, "kinds")
    rome = {"name": "Rome", "code": "0", "colour": "RED", "seal": "sealed", "founded": None}
    assert nest == [201, rome, None, "RED"]
    assert drawing == [1.5, [{"is": "square-shape", "side": 2}]]
    rex = {"kind": "dog", "tag": "rex", "name": "Rex", "barks": True, "home": rome}
    assert pet == [201, rex]


@only_in_ci
def test_the_generated_types_compile_and_their_client_works(tmp_path: Path, project: Path) -> None:
    with openrest_run(tmp_path, "examples.tweets:app") as server:
        answered = answers(project, server, "client")
    tweet = {
        "author": "Ada",
        "message": "Hello",
        "retweets": 0,
        "id": 1,
        "resource_uri": "/tweets/1",
    }
    assert answered == [
        [201, tweet],
        [1, tweet],
        tweet,
        {**tweet, "message": "Replaced"},
        {**tweet, "message": "Patched"},
        [422, [{"pointer": "#/message", "detail": "must not be empty"}]],
        [204, 404],
    ]
