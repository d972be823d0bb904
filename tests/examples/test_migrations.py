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
PART = """    part_of = models.IntForeignField(
        allow_none=True, foreign={"resource": "products", "on_delete": "set_null"}
    )
"""
KEY = "sa.PrimaryKeyConstraint('id')"
FOREIGN_KEY = "sa.ForeignKeyConstraint(['part_of'], ['products.id'], name='part_of_what')"
STOCK = "    stock = models.IntegerField(load_default=0)\n"
NOTHING_TO_DO = "No new upgrade operations detected."
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


@pytest.fixture
def empty_folder(folder: Path) -> Path:
    """A copy of the example that has no migrations."""
    shutil.rmtree(folder / "examples/migrations/versions")
    (folder / "examples/migrations/versions").mkdir()
    return folder


@only_in_ci
def test_the_example_is_what_its_model_says(folder: Path) -> None:
    run = runner(folder, "sqlite:///shop.db")
    run([*ALEMBIC, "upgrade", "head"])
    assert NOTHING_TO_DO in run([*ALEMBIC, "check"])
    assert run(SEE) == "It fits.\n"


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=only_in_ci) for kind in KINDS],
)
def test_a_changed_model_is_refused_until_its_migration_is_done(
    kind: str, empty_folder: Path
) -> None:
    with empty_server(kind, empty_folder) as database:
        run = runner(empty_folder, database.url)
        run([*ALEMBIC, "revision", "--autogenerate", "-m", "Make products"])
        run([*ALEMBIC, "upgrade", "head"])
        assert NOTHING_TO_DO in run([*ALEMBIC, "check"])
        assert run(SEE) == "It fits.\n"
        database.run("INSERT INTO products (name, price) VALUES ('Soap', '1.50')")

        change_model(empty_folder)
        refused = run(SEE)
        assert "TableMismatch: the table 'products' has " in refused
        assert 'the column "maker" ' in refused and "is missing." in refused
        run([*ALEMBIC, "revision", "--autogenerate", "-m", "Say who makes them"])
        run([*ALEMBIC, "upgrade", "head"])
        assert NOTHING_TO_DO in run([*ALEMBIC, "check"])
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
def test_a_table_that_openrest_made_is_what_its_model_says(kind: str, empty_folder: Path) -> None:
    with empty_server(kind, empty_folder) as database:
        run = runner(empty_folder, database.url)
        assert run(SEE) == "It fits.\n"
        assert NOTHING_TO_DO in run([*ALEMBIC, "check"])


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=only_in_ci) for kind in KINDS],
)
def test_indexes_and_foreign_keys_made_by_hand_stay(kind: str, empty_folder: Path) -> None:
    shop = empty_folder / "examples/migrations/shop.py"
    text = shop.read_text()
    shop.write_text(text.replace(FIELD, FIELD + PART))
    with empty_server(kind, empty_folder) as database:
        run = runner(empty_folder, database.url)
        run([*ALEMBIC, "revision", "--autogenerate", "-m", "Make products"])
        [made] = (empty_folder / "examples/migrations/versions").glob("*.py")
        made.write_text(made.read_text().replace(KEY, f"{KEY}, {FOREIGN_KEY}"))
        run([*ALEMBIC, "upgrade", "head"])
        database.run("CREATE INDEX by_price ON products (price)")
        assert run(SEE) == "It fits.\n"
        assert NOTHING_TO_DO in run([*ALEMBIC, "check"])

        database.run("CREATE UNIQUE INDEX one_price ON products (price)")
        assert "remove_index" in run([*ALEMBIC, "check"])
        database.run("DROP INDEX one_price" + (" ON products" if kind == "mariadb" else ""))

        shop.write_text(text)
        if kind == "mariadb":  # which drops no index that a foreign key needs
            database.run("ALTER TABLE products DROP FOREIGN KEY part_of_what")
        run([*ALEMBIC, "revision", "--autogenerate", "-m", "Take them apart"])
        run([*ALEMBIC, "upgrade", "head"])
        assert NOTHING_TO_DO in run([*ALEMBIC, "check"])
        assert run(SEE) == "It fits.\n"


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=only_in_ci) for kind in KINDS],
)
def test_a_default_of_the_database_is_one_step(kind: str, empty_folder: Path) -> None:
    with empty_server(kind, empty_folder) as database:
        run = runner(empty_folder, database.url)
        run([*ALEMBIC, "revision", "--autogenerate", "-m", "Make products"])
        run([*ALEMBIC, "upgrade", "head"])
        database.run("INSERT INTO products (name, price) VALUES ('Soap', '1.50')")

        shop = empty_folder / "examples/migrations/shop.py"
        shop.write_text(shop.read_text().replace(FIELD, FIELD + STOCK))
        run([*ALEMBIC, "revision", "--autogenerate", "-m", "Count them"])
        [made] = (empty_folder / "examples/migrations/versions").glob("*_count_them.py")
        made.write_text(
            made.read_text().replace("nullable=False", "nullable=False, server_default='0'", 1)
        )
        run([*ALEMBIC, "upgrade", "head"])
        assert NOTHING_TO_DO in run([*ALEMBIC, "check"])
        assert run(SEE) == "It fits.\n"
        # As a program does that has been started before.
        database.run("INSERT INTO products (name, price) VALUES ('Salt', '1.50')")
        stock = "SELECT name, stock FROM products ORDER BY id"
        assert database.run(stock) == [("Soap", 0), ("Salt", 0)]
