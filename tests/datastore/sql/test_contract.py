"""SQLDataStore keeps what every store promises, in each kind of database."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from marshmallow import Schema

from openrest.datastore import DataStore
from openrest.datastore.sql import SQLDataStore
from openrest.interfaces import Record, StoreValidator
from openrest.store_time import TIME_IS_UP
from openrest.testing import StoreContract
from tests.datastore.sql.servers import server
from tests.needs import only_in_ci


class SQLContract(StoreContract):
    kind: str
    #: They stay open from one test to the next, as those of an application do.
    pools: ClassVar[set[Any]] = set()

    @pytest.fixture(autouse=True)
    def database(self, tmp_path: Path) -> Iterator[None]:
        with server(self.kind, tmp_path) as self.server:
            yield

    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        resource = {"url": self.server.url, "table": self.server.table()}
        store = SQLDataStore(resource, model, validators)
        if self.kind != "sqlite":
            self.pools.add(store._pool)
        store.insert_many(seed)
        return store

    def peek(self, store: DataStore) -> list[Record]:
        with self.server.engine.connect() as connection:
            found = connection.exec_driver_sql(f"SELECT * FROM {store.resource['table']}")
            return [dict(row) for row in found.mappings()]

    def poke(self, store: DataStore, record: Record) -> None:
        values = {k: json.dumps(v) if isinstance(v, list) else v for k, v in record.items()}
        columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        with self.server.engine.connect() as connection:
            table = store.resource["table"]
            insert = f"INSERT INTO {table} ({columns}) VALUES ({marks})"
            connection.execute(sa.text(insert), values)


@only_in_ci
class TestSQLite(SQLContract):
    kind = "sqlite"


class TestPostgreSQL(SQLContract):
    kind = "postgresql"


@only_in_ci
class TestMariaDB(SQLContract):
    kind = "mariadb"


class InLittleTime(SQLContract):
    """A request that has less time left than a statement may take: the database is told of it."""

    @pytest.fixture(autouse=True)
    def little_time(self) -> Iterator[None]:
        token = TIME_IS_UP.set(time.monotonic() + 25)
        yield
        TIME_IS_UP.reset(token)


@only_in_ci
class TestPostgreSQLInLittleTime(InLittleTime):
    kind = "postgresql"


@only_in_ci
class TestMariaDBInLittleTime(InLittleTime):
    kind = "mariadb"
