"""What SQLDataStore says of a resource that cannot be used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from openrest import models
from openrest.datastore import SQLDataStore
from openrest.errors import ConfigurationError
from openrest.interfaces import StoreValidator


class Tweet(models.Model):
    fields = [models.PkField(name="id"), models.StringField(name="text", required=True)]


def refusal(resource: Any, *validators: StoreValidator) -> str:
    with pytest.raises(ConfigurationError) as caught:
        SQLDataStore(resource, Tweet, validators)
    return str(caught.value)


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (
            "postgresql://me:secret@db/twitter",
            'SQLDataStore of Tweet: resource must be like {"url": "postgresql://localhost/twitter",'
            ' "table": "tweets"}, not \'postgresql://me:***@db/twitter\'.',
        ),
        (
            {"ulr": "postgresql://me:secret@db/twitter", "statement_timeout": "5"},
            "SQLDataStore of Tweet has 4 mistakes:\n"
            "  - resource: unknown key 'ulr'. Did you mean 'url'?\n"
            "  - resource['url'] must be the URL of a database, such as "
            "'postgresql://user@localhost/twitter', not None.\n"
            "  - resource['table'] must be the name of a table, a Table of SQLAlchemy or a mapped "
            "class, not None.\n"
            "  - resource['statement_timeout'] must be a number of seconds, more than 0 and at "
            "most 3600, not '5'.",
        ),
        (
            {"url": "postgres://me:secret@db/twitter", "table": "tweets", "pool_size": 0},
            "SQLDataStore of Tweet has 2 mistakes:\n"
            "  - resource['url']: a URL of PostgreSQL begins with 'postgresql://'.\n"
            "  - resource['pool_size'] must be a number of connections, 1 to 1000, not 0.",
        ),
        (
            {"url": "me:secret@db/twitter", "table": "tweets"},
            "SQLDataStore of Tweet: resource['url'] must be the URL of a database, such as "
            "'postgresql://user@localhost/twitter', not 'me:***@db/twitter'.",
        ),
        (
            {"url": "postgresql://me:sec@ret@db/twitter", "table": "tweets"},
            "SQLDataStore of Tweet: resource['url']: a user or a password has an '@' in it: write "
            "it as %40.",
        ),
        (
            {"url": "postgrsql://me@db/twitter", "table": "tweets"},
            "SQLDataStore of Tweet: resource['url'] is of 'postgrsql': SQLDataStore knows mariadb, "
            "mysql, postgresql, sqlite. Did you mean 'postgresql'?",
        ),
        (
            {"url": "postgresql+asyncpg://me@db/twitter", "table": "tweets"},
            "SQLDataStore of Tweet: resource['url']: the driver must be 'psycopg', not 'asyncpg'.",
        ),
        (
            {"url": "sqlite://", "table": "openrest_idempotency_keys"},
            "SQLDataStore of Tweet has 2 mistakes:\n"
            "  - resource['url']: each connection would see a database of its own. Give the path "
            "of a file, or keep the records in memory with PythonListDataStore.\n"
            "  - resource['table']: 'openrest_idempotency_keys' is the table of the keys of "
            "requests.",
        ),
        (
            {"url": "sqlite:////nowhere/at/all/twitter.db", "table": "tweets"},
            "SQLDataStore of Tweet: resource['url']: there is no directory /nowhere/at/all.",
        ),
        (
            {"engine": "postgresql://me:secret@db/twitter", "table": "tweets", "pool_size": 3},
            "SQLDataStore of Tweet has 2 mistakes:\n"
            "  - resource['engine'] must be an Engine of SQLAlchemy, not "
            "'postgresql://me:***@db/twitter'.\n"
            "  - resource['pool_size']: the engine has its own.",
        ),
    ],
)
def test_a_resource_that_cannot_be_used_is_refused_with_every_mistake(
    resource: Any, message: str
) -> None:
    assert refusal(resource) == message


def test_two_stores_of_a_database_cannot_have_two_pools(tmp_path: Path) -> None:
    resource = {"url": f"sqlite:///{tmp_path}/twitter.db", "table": "tweets"}
    store = SQLDataStore({**resource, "pool_size": 4}, Tweet)
    assert SQLDataStore(resource, Tweet).atomic_with(store)
    assert refusal({**resource, "pool_size": 5}) == (
        "SQLDataStore of Tweet: resource['pool_size'] is 5, and another resource of this database "
        "has 4: they share one pool."
    )


def test_fields_that_differ_in_case_alone_are_refused_where_they_are_one(tmp_path: Path) -> None:
    class Two(models.Model):
        fields = [
            models.PkField(name="id"),
            models.StringField(name="name"),
            models.StringField(name="Name"),
        ]

    with pytest.raises(ConfigurationError) as caught:
        SQLDataStore({"url": f"sqlite:///{tmp_path}/two.db", "table": "two"}, Two)
    assert str(caught.value) == (
        "SQLDataStore of Two: SQLite takes the fields called 'name', in any case, for one."
    )


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "twitter.db").write_text("It was a dark and stormy night. " * 40)
    message = refusal({"url": f"sqlite:///{tmp_path}/twitter.db", "table": "tweets"})
    assert message == f"the database '{tmp_path}/twitter.db': file is not a database."


def test_an_engine_keeps_no_pool_alive_that_nobody_uses(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/twitter.db")
    store = SQLDataStore({"engine": engine, "table": "tweets"}, Tweet)
    assert store.insert({"text": "one"}) == {"id": 1, "text": "one"}
    engine.dispose()
    assert store.get(1)["text"] == "one"


WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {module!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
import openrest.datastore
from openrest import models
from openrest.datastore import SQLiteDataStore
assert "sqlalchemy" not in sys.modules

class Tweet(models.Model):
    fields = [models.PkField(name="id")]

try:
    from openrest.datastore import SQLDataStore
    SQLDataStore({{"url": {url!r}, "table": "t"}}, Tweet)
except ModuleNotFoundError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("module", "url", "message"),
    [
        ("sqlalchemy", "sqlite:///x.db", "SQLDataStore needs SQLAlchemy: "),
        ("psycopg", "postgresql://localhost/x", "postgresql+psycopg needs psycopg: "),
        ("pymysql", "mysql://localhost/x", "mysql+pymysql needs pymysql: "),
    ],
)
def test_what_is_not_installed_is_named_with_what_installs_it(
    module: str, url: str, message: str
) -> None:
    script = WITHOUT.format(module=module, url=url)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (f"{message}pip install 'openrest[sql]'\n", "")
