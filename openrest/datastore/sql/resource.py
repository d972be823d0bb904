"""What a user says of a table in a database: read, and refused with every mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc

from openrest.datastore.once import KEYS_TABLE
from openrest.errors import did_you_mean

__all__ = ["OPTIONS", "Resource", "mistakes_of", "read"]

#: The options of a pool, each with its value unless given: the first is a number of connections,
#: the others are seconds.
OPTIONS: Final[Mapping[str, float]] = {
    # `openrest run` has as many threads, each of which uses one at a time.
    "pool_size": 8,
    "pool_timeout": 5,
    "statement_timeout": 30,
    "connect_timeout": 5,
}
_KEYS: Final = ("url", "engine", "table", *OPTIONS)
_DRIVERS: Final = {
    "postgresql": "psycopg",
    "mysql": "pymysql",
    "mariadb": "pymysql",
    "sqlite": "pysqlite",
}
#: Up to the last "@": a password with one in it is a mistake that somebody makes.
_PASSWORD: Final = re.compile(r"([^\s'\"/@:]*:(?!//))[^\s'\"]*(?=@)|((?:password|passwd)=)[^&\s]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Where the records are. There is a `url` or an `engine`; `options` are those that are given.

    `given` is the table of a user who has described it himself.
    """

    url: sa.URL | None
    engine: sa.Engine | None
    table: str
    schema: str | None
    given: sa.Table | None
    options: Mapping[str, float]


def read(resource: Mapping[str, Any]) -> Resource:
    """The resource, in which there are no `mistakes_of`."""
    table = _table(resource["table"])
    url = None if "engine" in resource else _url(resource["url"])
    return Resource(
        url=url,
        engine=resource.get("engine"),
        table=table.name if isinstance(table, sa.Table) else table,
        schema=table.schema if isinstance(table, sa.Table) else None,
        given=table if isinstance(table, sa.Table) else None,
        options={name: resource[name] for name in OPTIONS if name in resource},
    )


def mistakes_of(resource: Any) -> Iterator[str]:
    """What is wrong with a resource, a sentence for each mistake; passwords are not in them."""
    if not isinstance(resource, Mapping):
        wanted = '{"url": "postgresql://localhost/twitter", "table": "tweets"}'
        yield f"resource must be like {wanted}, not {_shown(resource)}."
        return
    for key in resource:
        if key not in _KEYS:
            yield f"resource: unknown key {key!r}.{did_you_mean(str(key), _KEYS)}"
    if "engine" in resource:
        yield from _engine_mistakes(resource)
    else:
        yield from _url_mistakes(resource.get("url"))
    table = _table(resource.get("table"))
    if not isinstance(table, sa.Table) and (not isinstance(table, str) or not table):
        yield (
            "resource['table'] must be the name of a table, a Table of SQLAlchemy or a mapped "
            f"class, not {table!r}."
        )
    elif str(getattr(table, "name", table)).lower() == KEYS_TABLE:
        yield f"resource['table']: {KEYS_TABLE!r} is the table of the keys of requests."
    yield from _option_mistakes(resource)


def _engine_mistakes(resource: Mapping[str, Any]) -> Iterator[str]:
    engine = resource["engine"]
    if not isinstance(engine, sa.Engine):
        yield f"resource['engine'] must be an Engine of SQLAlchemy, not {_shown(engine)}."
    else:
        yield from _dialect_mistakes("engine", engine.url)
    for name in ("url", "pool_size", "pool_timeout", "connect_timeout"):
        if name in resource:
            yield f"resource[{name!r}]: the engine has its own."


def _url_mistakes(value: Any) -> Iterator[str]:
    try:
        url = _url(value)
    except (exc.ArgumentError, TypeError, ValueError):
        yield (
            "resource['url'] must be the URL of a database, such as "
            f"'postgresql://user@localhost/twitter', not {_shown(value)}."
        )
        return
    if "@" in (url.host or ""):
        yield "resource['url']: a user or a password has an '@' in it: write it as %40."
        return
    yield from _dialect_mistakes("url", url)
    if url.get_backend_name() != "sqlite":
        return
    if not url.database or url.database.startswith((":memory:", "file:")):
        yield (
            "resource['url']: each connection would see a database of its own. Give the path of a "
            "file, or keep the records in memory with PythonListDataStore."
        )
    elif not Path(url.database).absolute().parent.is_dir():
        yield f"resource['url']: there is no directory {Path(url.database).absolute().parent}."


def _dialect_mistakes(name: str, url: sa.URL) -> Iterator[str]:
    kind, _, driver = url.drivername.partition("+")
    if kind == "postgres":
        yield f"resource[{name!r}]: a URL of PostgreSQL begins with 'postgresql://'."
    elif kind not in _DRIVERS:
        known = ", ".join(sorted(_DRIVERS))
        yield (
            f"resource[{name!r}] is of {kind!r}: SQLDataStore knows {known}."
            f"{did_you_mean(kind, _DRIVERS)}"
        )
    elif driver and driver != _DRIVERS[kind]:
        yield f"resource[{name!r}]: the driver must be {_DRIVERS[kind]!r}, not {driver!r}."


def _option_mistakes(resource: Mapping[str, Any]) -> Iterator[str]:
    size = resource.get("pool_size", 1)
    if type(size) is not int or not 1 <= size <= 1000:
        yield f"resource['pool_size'] must be a number of connections, 1 to 1000, not {size!r}."
    for name in OPTIONS:
        seconds = resource.get(name, 1)
        if name == "pool_size":
            continue
        if type(seconds) not in (int, float) or not 0 < seconds <= 3600:
            yield (
                f"resource[{name!r}] must be a number of seconds, more than 0 and at most 3600, "
                f"not {seconds!r}."
            )


def _table(value: Any) -> Any:
    """The table of a mapped class, or what was given."""
    return getattr(value, "__table__", value)


def _url(value: Any) -> sa.URL:
    url = sa.make_url(value)
    kind, _, driver = url.drivername.partition("+")
    if not driver and kind in _DRIVERS:
        url = url.set(drivername=f"{kind}+{_DRIVERS[kind]}")
    return url


def _shown(value: Any) -> str:
    """The value as a message shows it: without a password."""
    return _PASSWORD.sub(lambda found: f"{found[1] or found[2]}***", repr(value))
