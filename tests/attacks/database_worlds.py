"""The worlds in a database, which keeps its tables and is emptied in between."""

from __future__ import annotations

from pathlib import Path

from openrest import models
from openrest.datastore.sql import SQLDataStore
from tests.attacks.worlds import World, unique_together
from tests.datastore.sql.servers import Server


class DatabaseWorld(World):
    """The API over tables of PostgreSQL."""

    def __init__(self, folder: Path, pagination: str, database: Server) -> None:
        self._database = database
        self._stores: dict[str, SQLDataStore] = {}
        self._tables: dict[str, str] = {}
        super().__init__(database.kind, folder, pagination)

    def emptied(self, folder: Path, name: str, model: type[models.Model]) -> SQLDataStore:
        if name not in self._stores:
            self._tables[name] = table = self._database.table()
            resource = {"url": self._database.url, "table": table, "pool_size": 2}
            self._stores[name] = SQLDataStore(resource, model, unique_together(name))
        else:
            # As after its making: the keys are counted from the first one, no request is known.
            self._database.run(f"TRUNCATE {self._tables[name]} RESTART IDENTITY")
            self._database.run(
                "DELETE FROM openrest_idempotency_keys WHERE resource = %s", (self._tables[name],)
            )
        return self._stores[name]
