"""Fixtures: the databases, each as `servers.Server`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.datastore.sql.servers import KINDS, Server, server


@pytest.fixture(params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Each kind of database, one after the other."""
    with server(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def postgresql(tmp_path: Path) -> Iterator[Server]:
    with server("postgresql", tmp_path) as made:
        yield made


@pytest.fixture
def mariadb(tmp_path: Path) -> Iterator[Server]:
    with server("mariadb", tmp_path) as made:
        yield made
