"""Over HTTP, as a team's CI does it: `openrest run` against the command of schemathesis."""

import subprocess
from pathlib import Path

from tests.needs import only_in_ci
from tests.serving.servers import COMMANDS, openrest_run


@only_in_ci
def test_the_command_of_schemathesis_finds_nothing_over_http(tmp_path: Path) -> None:
    command = [str(COMMANDS / "schemathesis"), "run", "--checks", "all", "--max-examples", "100"]
    command += ["--seed", "1", "--generation-database", "none", "--no-color"]
    with openrest_run(tmp_path, "examples.tweets:app") as server:
        run = subprocess.run(
            [*command, f"{server.url}/openapi.json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "No issues found" in run.stdout
    assert "Traceback" not in server.logged()
