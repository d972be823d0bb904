"""Pairs of stores, of records and of entries: those that write together, and those that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from marshmallow import Schema

from openrest.audit import AuditEntry
from openrest.datastore import (
    CSVDataStore,
    DataStore,
    PythonListDataStore,
    SQLDataStore,
    SQLiteDataStore,
)
from openrest.interfaces import Record
from openrest.query import Query
from tests.datastore.sql.servers import server

Make = Callable[[type[Schema], str], DataStore]

#: The pairs, and whether a write and its entry are one step in them.
PAIRS: Final = {
    "lists": True,
    "one file": True,
    "two files": False,
    "csv": False,
    "sql on sqlite": True,
    "sql on postgresql": True,
    "sql on mariadb": True,
}


@contextmanager
def stores(pair: str, folder: Path) -> Iterator[Make]:
    """What makes the stores of a pair, each of a model under a name."""
    match pair.split():
        case ["lists"]:
            yield lambda model, name: PythonListDataStore([], model)
        case ["csv"]:
            yield lambda model, name: CSVDataStore({"path": str(folder / f"{name}.csv")}, model)
        case [number, *_] if number in ("one", "two"):
            yield partial(_in_files, folder, 1 if number == "one" else 2)
        case [*_, kind]:
            with server(kind, folder) as made:
                url = made.url
                yield lambda model, name: SQLDataStore({"url": url, "table": made.table()}, model)


def _in_files(folder: Path, number: int, model: type[Schema], name: str) -> DataStore:
    file = "audit" if number == 2 and model is AuditEntry else "records"
    return SQLiteDataStore({"name": str(folder / f"{file}.db"), "table": name}, model)


def entries(store: DataStore) -> list[Record]:
    """All entries, in their order, less what is different each time."""
    names = ("id", "time", "request_id", "trace_id")
    return [{n: v for n, v in e.items() if n not in names} for e in store.find(Query())]


def entry(action: str, key: Any, before: Any, after: Any, **others: Any) -> Record:
    """An entry, as `entries` gives it."""
    return {
        "user": None,
        "action": action,
        "resource": "notes",
        "key": str(key),
        "before": before,
        "after": after,
        **others,
    }
