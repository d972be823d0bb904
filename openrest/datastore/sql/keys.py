"""What a database remembers of requests that are carried out once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects import mysql

from openrest.datastore.columns import Column, column
from openrest.datastore.decoding import Decoder, remembered_rows
from openrest.datastore.once import FORGOTTEN, KEYS_TABLE
from openrest.datastore.sql.backend import Backend
from openrest.datastore.sql.prepared import Prepared, Written
from openrest.errors import TableMismatch
from openrest.interfaces import Once, Record
from openrest.models import shapes as s

__all__ = ["KeyTable", "RememberedRecords"]

#: In characters: of the name of a table, and of a key.
_LONGEST: Final = 255


class KeyTable:
    """The keys of one table; their own table is there for all tables of the database."""

    def __init__(self, resource: str, backend: Backend, dialect: sa.Dialect) -> None:
        self._resource = resource
        self._backend = backend
        # In MariaDB a key of an index has a length, and texts of their table's collation.
        name = sa.String(_LONGEST, collation="C") if backend.returns else sa.String(_LONGEST)
        long = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
        options = {k: v for k, v in backend.table_options.items() if not k.startswith("sqlite_")}
        table = self._table = sa.Table(
            KEYS_TABLE,
            sa.MetaData(),
            sa.Column("resource", name, primary_key=True),
            sa.Column("name", name, primary_key=True),
            sa.Column("fingerprint", sa.String(_LONGEST), nullable=False),
            sa.Column("records", long, nullable=False),
            sa.Column("until", sa.Double(), nullable=False, index=True),
            **options,
        )
        values: dict[str, Any] = {each: sa.bindparam(each) for each in table.c.keys()}
        same = sa.and_(
            table.c.resource == sa.bindparam("of", type_=sa.Text()),
            table.c.name == sa.bindparam("key", type_=sa.Text()),
        )
        until: Any = sa.bindparam("now", type_=sa.Double())
        of_key = ["of", "key"]

        def prepared(statement: Any, names: Sequence[str]) -> Prepared:
            return Prepared(statement, dialect, names)

        self._recall = prepared(
            sa.select(table.c.fingerprint, table.c.records).where(same, table.c.until > until),
            [*of_key, "now"],
        )
        self._over = prepared(
            sa.delete(table).where(same, table.c.until <= until), [*of_key, "now"]
        )
        self._claim = prepared(sa.insert(table).values(values), [*table.c.keys()])
        self._keep = prepared(
            sa.update(table).where(same).values(records=sa.bindparam("rows", type_=sa.Text())),
            [*of_key, "rows"],
        )
        fingerprint = table.c.fingerprint == sa.bindparam("print", type_=sa.Text())
        self._forget = prepared(sa.delete(table).where(same, fingerprint), [*of_key, "print"])
        self._ended = prepared(
            sa.select(table.c.resource, table.c.name)
            .where(table.c.until <= until)
            .order_by(table.c.until)
            .limit(sa.bindparam("most", type_=sa.BigInteger())),
            ["now", "most"],
        )

    def prepare(self, connection: sa.Connection) -> None:
        """Make the table unless it is there. Raises TableMismatch where something else is."""
        inspector = sa.inspect(connection)
        if not inspector.has_table(KEYS_TABLE):
            try:
                self._table.create(connection)
            except exc.DBAPIError:
                # Perhaps another process has made it meanwhile.
                if not sa.inspect(connection).has_table(KEYS_TABLE):
                    raise
            inspector = sa.inspect(connection)
        differences = list(self._backend.table_differences(connection, (KEYS_TABLE, None)))
        found = [each["name"] for each in inspector.get_columns(KEYS_TABLE)]
        if found != [*self._table.c.keys()]:
            differences.append(
                "it is not the one that keeps the keys of requests, which needs this name."
            )
        if differences:
            raise TableMismatch(f"the table {KEYS_TABLE!r}", differences)

    def recall(self, once: Once) -> Written:
        """Gives the fingerprint and the rows of a request."""
        return self._recall(self._resource, once.key, once.now)

    def over(self, once: Once) -> Written:
        """Removes the key where its time is over."""
        return self._over(self._resource, once.key, once.now)

    def claim(self, once: Once) -> Written:
        """Takes the key; another request that does waits, and is then refused."""
        return self._claim(self._resource, once.key, once.fingerprint, "[]", once.until)

    def keep(self, once: Once, rows: Sequence[Mapping[str, Any]]) -> Written:
        """Notes the rows that the request has stored."""
        return self._keep(self._resource, once.key, json.dumps(rows))

    def forget(self, once: Once) -> Written:
        """Removes a request."""
        return self._forget(self._resource, once.key, once.fingerprint)

    def ended(self, now: float) -> Written:
        """Gives some keys whose time is over, of whichever table."""
        return self._ended(now, FORGOTTEN)

    def ended_one(self, resource: str, key: str, now: float) -> Written:
        """Removes one of them."""
        return self._over(resource, key, now)


class RememberedRecords:
    """The records of requests as JSON, in the same form in each database."""

    def __init__(self, table: str, shape: s.Object, key: str) -> None:
        self._table = table
        self._columns = tuple(map(column, shape.members))
        self._names = tuple(each.name for each in self._columns)
        converts = {each.name: each.decode for each in self._columns if each.decode}
        self._decoder = Decoder(table, shape, key, converts)

    def rows(self, records: Sequence[Record]) -> list[dict[str, Any]]:
        """What is remembered of kept records."""
        return [
            {each.name: _encoded(each, record.get(each.name)) for each in self._columns}
            for record in records
        ]

    def records(self, rows: Sequence[Mapping[str, Any]]) -> list[Record]:
        """The records that are remembered. Raises StoreError where the model has changed since."""
        required = [each.name for each in self._columns if each.required]
        found = remembered_rows(rows, self._table, self._names, required)
        return self._decoder(found, self._names)


def _encoded(column: Column, value: Any) -> Any:
    return value if value is None or column.encode is None else column.encode(value)
