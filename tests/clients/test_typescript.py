"""TypeScript types that openapi-typescript makes of the document, and a client that uses them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.clients.npm import installed, run
from tests.needs import program
from tests.serving.servers import openrest_run

SOURCE = Path(__file__).parent / "typescript"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the TypeScript project with its packages installed."""
    return installed(SOURCE, tmp_path / "typescript")


def said(folder: Path, *command: str) -> str:
    done = run(folder, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_generated_types_compile_and_their_client_works(tmp_path: Path, project: Path) -> None:
    node = program("node")
    with openrest_run(tmp_path, "examples.tweets:app") as server:
        (project / "openapi.json").write_bytes(server.ask("GET", "/openapi.json").body)
        types = said(project, "openapi-typescript", "openapi.json", "--output", "api.d.ts")
        assert "warn" not in types.lower()
        said(project, "tsc", "--project", "tsconfig.json")
        command = [node, "client.js", server.url]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    assert done.stderr == ""
    tweet = {
        "author": "Ada",
        "message": "Hello",
        "retweets": 0,
        "id": 1,
        "resource_uri": "/tweets/1",
    }
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        [201, tweet],
        [1, tweet],
        tweet,
        {**tweet, "message": "Replaced"},
        {**tweet, "message": "Patched"},
        [422, [{"pointer": "#/message", "detail": "must not be empty"}]],
        [204, 404],
    ]
