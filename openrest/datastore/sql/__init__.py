"""Records in a table of any SQL database, by SQLAlchemy Core."""

try:
    import sqlalchemy  # noqa: F401
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "SQLDataStore needs SQLAlchemy: pip install 'openrest[sql]'", name=missing.name
    ) from missing

from openrest.datastore.sql.store import SQLDataStore

__all__ = ["SQLDataStore"]
