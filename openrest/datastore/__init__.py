"""Where data lives: one store a module, all behind `openrest.interfaces.DataStore`."""

from typing import TYPE_CHECKING, Any

from openrest.datastore.csv import CSVDataStore
from openrest.datastore.lists import PythonListDataStore
from openrest.datastore.overlay import OverlayDataStore
from openrest.datastore.sqlite import SQLiteDataStore
from openrest.datastore.validators import UniqueTogether
from openrest.interfaces import DataStore

if TYPE_CHECKING:
    from openrest.datastore.rest import (
        CursorPages,
        LinkedPages,
        NumberedPages,
        OffsetPages,
        RestDataStore,
        Upstream,
    )
    from openrest.datastore.sql import SQLDataStore

__all__ = [
    "CSVDataStore",
    "CursorPages",
    "DataStore",
    "LinkedPages",
    "NumberedPages",
    "OffsetPages",
    "OverlayDataStore",
    "PythonListDataStore",
    "RestDataStore",
    "SQLDataStore",
    "SQLiteDataStore",
    "UniqueTogether",
    "Upstream",
]

_REST = ("CursorPages", "LinkedPages", "NumberedPages", "OffsetPages", "RestDataStore", "Upstream")


def __getattr__(name: str) -> Any:
    # Only for those who use it: SQLAlchemy is an extra, and takes its time.
    if name == "SQLDataStore":
        from openrest.datastore.sql import SQLDataStore

        return SQLDataStore
    # urllib3, likewise.
    if name in _REST:
        from openrest.datastore import rest

        return getattr(rest, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
