"""The table of a model that changes: alembic alters it, and openrest sees to it that it fits."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.datastore.sql.servers import KINDS, empty_server
from tests.needs import only_in_ci

ROOT = Path(__file__).parents[2]
ALEMBIC = [sys.executable, "-m", "alembic", "-c", "examples/migrations/alembic.ini"]
SEE = [sys.executable, "-c", "import examples.migrations.app; print('It fits.')"]

FIELD = "    name = models.StringField(required=True, validate=Length(1, 100))\n"
FIELDS = FIELD + "    maker = models.StringField(validate=Length(max=50))\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example, to be changed."""
    shutil.copytree(ROOT / "examples/migrations", tmp_path / "examples/migrations")
    (tmp_path / "examples/__init__.py").touch()
    return tmp_path


def runner(folder: Path, url: str) -> Callable[[list[str]], str]:
    env = {**os.environ, "DATABASE_URL": url, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}

    def run(command: list[str]) -> str:
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
        return done.stdout + done.stderr

    return run


def change_model(folder: Path) -> None:
    """Give products a maker, and let two of them have one name if their makers differ."""
    path = folder / "examples/migrations/shop.py"
    text = path.read_text().replace(FIELD, FIELDS)
    path.write_text(text.replace('UniqueTogether("name")', 'UniqueTogether("name", "maker")'))


@only_in_ci
def test_the_example_is_what_its_model_says(folder: Path) -> None:
    run = runner(folder, "sqlite:///shop.db")
    run([*ALEMBIC, "upgrade", "head"])
    assert "No new upgrade operations detected." in run([*ALEMBIC, "check"])
    assert run(SEE) == "It fits.\n"


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=only_in_ci) for kind in KINDS],
)
def test_a_changed_model_is_refused_until_its_migration_is_done(kind: str, folder: Path) -> None:
    shutil.rmtree(folder / "examples/migrations/versions")
    (folder / "examples/migrations/versions").mkdir()
    with empty_server(kind, folder) as database:
        run = runner(folder, database.url)
        run([*ALEMBIC, "revision", "--autogenerate", "-m", "Make products"])
        run([*ALEMBIC, "upgrade", "head"])
        assert "No new upgrade operations detected." in run([*ALEMBIC, "check"])
        assert run(SEE) == "It fits.\n"
        database.run("INSERT INTO products (name, price) VALUES ('Soap', '1.50')")

        change_model(folder)
        refused = run(SEE)
        assert "TableMismatch: the table 'products' has " in refused
        assert 'the column "maker" ' in refused and "is missing." in refused
        run([*ALEMBIC, "revision", "--autogenerate", "-m", "Say who makes them"])
        run([*ALEMBIC, "upgrade", "head"])
        assert "No new upgrade operations detected." in run([*ALEMBIC, "check"])
        assert run(SEE) == "It fits.\n"
        assert database.run("SELECT name, maker FROM products") == [("Soap", None)]

        run([*ALEMBIC, "downgrade", "-1"])
        assert "asks for UniqueTogether('name')." in run(SEE)
        run([*ALEMBIC, "downgrade", "base"])


@pytest.mark.parametrize(
    "kind",
    [
        "sqlite",
        pytest.param("postgresql", marks=only_in_ci),
        pytest.param("mariadb", marks=only_in_ci),
    ],
)
def test_a_table_that_openrest_made_is_what_its_model_says(kind: str, folder: Path) -> None:
    shutil.rmtree(folder / "examples/migrations/versions")
    (folder / "examples/migrations/versions").mkdir()
    with empty_server(kind, folder) as database:
        run = runner(folder, database.url)
        assert run(SEE) == "It fits.\n"
        assert "No new upgrade operations detected." in run([*ALEMBIC, "check"])
