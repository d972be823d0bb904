"""TypeScript types that openapi-typescript makes of the document, and a client that uses them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.needs import missing, program
from tests.serving.servers import openrest_run

SOURCE = Path(__file__).parent / "typescript"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the TypeScript project with its packages installed."""
    npm = program("npm")
    folder = tmp_path / "typescript"
    shutil.copytree(SOURCE, folder)
    options = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run([npm, "install", *options], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        missing(f"npm cannot install what the client needs: {done.stderr.strip()[-300:]}")
    return folder


def run(folder: Path, *command: str) -> str:
    words = [str(folder / "node_modules" / ".bin" / command[0]), *command[1:]]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_generated_types_compile_and_their_client_works(tmp_path: Path, project: Path) -> None:
    node = program("node")
    with openrest_run(tmp_path, "examples.tweets:app") as server:
        (project / "openapi.json").write_bytes(server.ask("GET", "/openapi.json").body)
        said = run(project, "openapi-typescript", "openapi.json", "--output", "api.d.ts")
        assert "warn" not in said.lower()
        run(project, "tsc", "--project", "tsconfig.json")
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
