"""The databases that the tests use: each test gets names of its own in them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from tests.needs import missing

#: Kind -> the variable that says where it runs, and where it usually does.
SERVERS: Final = {
    "postgresql": (
        "OPENREST_TEST_POSTGRESQL",
        "postgresql+psycopg://postgres@127.0.0.1:5432/test",
    ),
    "mariadb": ("OPENREST_TEST_MARIADB", "mariadb+pymysql://root@127.0.0.1:3306/test"),
}
KINDS: Final = ("sqlite", *SERVERS)

_NUMBERS: Final = itertools.count()


def url_of(kind: str, folder: Path) -> str:
    """Where the database is; skips the test that runs where there is none."""
    if kind == "sqlite":
        return f"sqlite+pysqlite:///{folder / 'test.db'}"
    variable, usual = SERVERS[kind]
    url = os.environ.get(variable, usual)
    if not _answers(url):
        shown = sa.make_url(url).render_as_string()
        missing(f"no {kind} answers at {shown}, and {variable} names no other")
    return _of_worker(url)


@cache
def _of_worker(url: str) -> str:
    """A database for each process of the tests, made where it is missing.

    The keys of requests are in one table for all stores, and each test has a time of its own.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        return url
    own = f"{sa.make_url(url).database}_{worker}"
    with suppress(sa.exc.ProgrammingError):  # it is there
        _run_at(url, f"CREATE DATABASE {own}")
    return _with(url, own)


def _run_at(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _with(url: str, database: str) -> str:
    return sa.make_url(url).set(database=database).render_as_string(hide_password=False)


@cache
def _answers(url: str) -> bool:
    engine = sa.create_engine(url, connect_args={"connect_timeout": 2}, poolclass=sa.NullPool)
    try:
        with engine.connect():
            return True
    except sa.exc.OperationalError:
        return False


class Server:
    """One database, as a program sees it that knows nothing of stores."""

    def __init__(self, kind: str, url: str) -> None:
        self.kind = kind
        self.url = url
        self.engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        self._tables: list[str] = []

    def table(self) -> str:
        """A name that no table has; the table is dropped after the test."""
        name = f"t_{os.getpid()}_{next(_NUMBERS)}"
        self._tables.append(name)
        return name

    def run(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Any]:
        """The rows that a statement gives, with the values in the way of the driver."""
        with self.engine.connect() as connection:
            result = connection.exec_driver_sql(sql, values or None)
            return [tuple(row) for row in result] if result.returns_rows else []

    def drop_all(self) -> None:
        """Drop the tables of the test."""
        with self.engine.connect() as connection:
            if self.kind == "mariadb":
                connection.exec_driver_sql("SET foreign_key_checks = 0")
            for name in self._tables:
                cascade = " CASCADE" if self.kind == "postgresql" else ""
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}{cascade}")
            with suppress(sa.exc.DBAPIError):
                keys = sa.text("DELETE FROM openrest_idempotency_keys WHERE resource = :resource")
                for name in self._tables:
                    connection.execute(keys, {"resource": name})


@contextmanager
def server(kind: str, folder: Path) -> Iterator[Server]:
    """The database of a kind."""
    made = Server(kind, url_of(kind, folder))
    try:
        yield made
    finally:
        made.drop_all()


@contextmanager
def empty_server(kind: str, folder: Path) -> Iterator[Server]:
    """A database of a kind in which nothing is, for tests that look at all that is in it."""
    url = url_of(kind, folder)
    if kind == "sqlite":
        yield Server(kind, url)
        return
    own = f"{sa.make_url(url).database}_empty"
    drop = f"DROP DATABASE IF EXISTS {own}"
    _run_at(url, drop, f"CREATE DATABASE {own}")
    try:
        yield Server(kind, _with(url, own))
    finally:
        _run_at(url, drop)
