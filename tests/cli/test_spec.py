from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from openapi_spec_validator import validate

from tests.cli.conftest import Command
from tests.serving.servers import COMMANDS, environment, openrest_run

APP = "examples.tweets:app"


def test_the_document_is_printed_as_json(openrest: Command) -> None:
    result = openrest("spec", APP)
    document = json.loads(result.stdout)
    validate(document)
    assert list(document) == [
        "openapi",
        "info",
        "servers",
        "security",
        "tags",
        "paths",
        "components",
    ]
    assert result.stdout == json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    assert result.exit_code == 0


def test_the_document_is_the_one_that_is_served(openrest: Command, folder: Path) -> None:
    printed = json.loads(openrest("spec", APP).stdout)
    with openrest_run(folder, APP) as server:
        served = server.ask("GET", "/openapi.json").json()
    assert served == printed


@pytest.mark.parametrize("option", ["-o", "--output"])
@pytest.mark.parametrize("name", ["openapi.json", "openapi", "openapi.yml", "OPENAPI.YAML"])
def test_the_ending_of_the_file_chooses_the_format(
    openrest: Command, folder: Path, option: str, name: str
) -> None:
    result = openrest("spec", APP, option, name)
    assert result.stdout == f"{name}: 6 paths\n"
    text = (folder / name).read_text(encoding="utf-8")
    printed = json.loads(openrest("spec", APP).stdout)
    if name.lower().endswith(("yaml", "yml")):
        assert text.startswith("openapi: 3.1.0\ninfo:\n  title: Tweets\n")
        assert "&id" not in text
        assert yaml.safe_load(text) == printed
    else:
        assert json.loads(text) == printed


@pytest.mark.parametrize("name", ["openapi.json", "openapi.yaml"])
def test_the_document_is_the_same_at_every_start(folder: Path, name: str) -> None:
    texts = []
    for seed in ("1", "2"):
        subprocess.run(
            [str(COMMANDS / "openrest"), "spec", APP, "-o", name],
            cwd=folder,
            env=environment(PYTHONHASHSEED=seed),
            check=True,
            capture_output=True,
        )
        texts.append((folder / name).read_bytes())
    assert texts[0] == texts[1]


def test_the_file_is_utf_8_whatever_the_terminal_is(folder: Path) -> None:
    text = (
        "from openrest.controllers import WSGIDispatcher\napp = WSGIDispatcher([], title='Küche')\n"
    )
    (folder / "kitchen.py").write_text(text, encoding="utf-8")
    command = [str(COMMANDS / "openrest"), "spec", "kitchen"]
    variables = environment(PYTHONIOENCODING="ascii")
    done = subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True)
    assert json.loads(done.stdout.decode("utf-8"))["info"]["title"] == "Küche"


def test_the_data_is_left_alone(folder: Path) -> None:
    command = [str(COMMANDS / "openrest"), "spec", APP]
    subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
    assert list(folder.iterdir()) == []


def test_the_data_is_left_alone_where_its_health_is_served(folder: Path) -> None:
    text = """
from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLiteDataStore
from openrest.views import JsonResponse

class Bell(models.Model):
    id = models.PkField()

class Bells(Controller):
    resource = {"resource_name": "bells", "resource": {"name": "bells.db", "table": "bells"},
                "model": Bell, "datastore": SQLiteDataStore}
    controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse}

app = WSGIDispatcher([Bells], health=True)
"""
    (folder / "tower.py").write_text(text)
    command = [str(COMMANDS / "openrest"), "spec", "tower"]
    done = subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
    assert "/health/ready" in json.loads(done.stdout)["paths"]
    assert not (folder / "bells.db").exists()


def test_a_file_that_cannot_be_written_is_a_sentence(openrest: Command) -> None:
    result = openrest("spec", APP, "-o", "nowhere/openapi.json")
    assert result.stderr == (
        "Error: nowhere/openapi.json cannot be written: No such file or directory.\n"
    )
    assert result.exit_code == 1
