"""One pool for each database in a process."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from openrest.datastore.sql.backend import Backend
from openrest.datastore.sql.lite import SQLite
from openrest.datastore.sql.mariadb import MariaDB
from openrest.datastore.sql.pool import Pool
from openrest.datastore.sql.postgresql import PostgreSQL
from openrest.datastore.sql.resource import OPTIONS, Resource
from openrest.store_time import time_left

__all__ = ["backend_of", "pool_of"]

#: Options of the drivers that bound how long it takes until a connection is there.
_CONNECTING: Final = ("connect_timeout", "read_timeout", "write_timeout")

_LOCK: Final = threading.Lock()
#: The pools that some store has, by their URL or their engine.
_POOLS: Final[weakref.WeakValueDictionary[Any, Pool]] = weakref.WeakValueDictionary()


def pool_of(resource: Resource) -> tuple[Pool, list[str]]:
    """The pool that all stores of the database share, and why it is not the one asked for."""
    if resource.url is not None:
        place: Any = resource.url.render_as_string(hide_password=False)
    else:
        place = resource.engine
    with _LOCK:
        pool = _POOLS.get(place)
        if pool is None:
            pool = _POOLS[place] = _made(resource)
            return pool, []
    return pool, [
        f"resource[{name!r}] is {value}, and another resource of this database has "
        f"{pool.options[name]}: they share one pool."
        for name, value in resource.options.items()
        if pool.options[name] != value
    ]


def _made(resource: Resource) -> Pool:
    options = {**OPTIONS, **resource.options}
    if resource.url is None:
        assert resource.engine is not None  # nosec B101  # says it to the type checker
        return Pool(resource.engine, backend_of(resource.engine.dialect), options, owned=False)
    try:
        engine = sa.create_engine(
            resource.url,
            isolation_level="AUTOCOMMIT",
            connect_args=_connect_args(resource.url, options),
            poolclass=sa.QueuePool,
            pool_size=int(options["pool_size"]),
            max_overflow=0,
            pool_timeout=options["pool_timeout"],
            # A transaction ends where it began, so nothing is left of one to undo.
            pool_reset_on_return=None,
        )
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            f"{resource.url.drivername} needs {missing.name}: pip install 'openrest[sql]'",
            name=missing.name,
        ) from missing
    backend = backend_of(engine.dialect)
    _bound(engine, backend, options)
    return Pool(engine, backend, options, owned=True)


def _bound(engine: sa.Engine, backend: Backend, options: Mapping[str, float]) -> None:
    """Have a connection come about in the time of its request, too."""
    names = [name for name in _CONNECTING if name in _connect_args(engine.url, options)]

    def within(dialect: Any, record: Any, args: Any, options_of_driver: dict[str, Any]) -> None:
        seconds = max(1, round(time_left(options["connect_timeout"])))
        options_of_driver.update(dict.fromkeys(names, seconds))

    def usual(connection: Any, record: Any) -> None:
        # The server ends statements itself, before that.
        backend.patience(connection, round(options["statement_timeout"]) + 5)

    if names:
        sa.event.listen(engine, "do_connect", within)
        sa.event.listen(engine, "connect", usual)


def _connect_args(url: sa.URL, options: Mapping[str, float]) -> dict[str, Any]:
    seconds = max(1, round(options["connect_timeout"]))
    patience = options["statement_timeout"]
    match url.get_backend_name():
        case "postgresql":
            return {
                "connect_timeout": seconds,
                "client_encoding": "utf8",
                # A server that has vanished acknowledges nothing.
                "tcp_user_timeout": round(patience * 1000),
            }
        case "sqlite":
            return {"timeout": patience, "check_same_thread": False}
        case _:
            return {
                "connect_timeout": seconds,
                "charset": "utf8mb4",
                # Of what is said until the connection is there; it gets others then.
                "read_timeout": seconds,
                "write_timeout": seconds,
            }


def backend_of(dialect: sa.Dialect) -> Backend:
    """What openrest knows of a kind of database."""
    match dialect.name:
        case "postgresql":
            return PostgreSQL()
        case "sqlite":
            return SQLite()
        case _:
            return MariaDB()
