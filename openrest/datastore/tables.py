"""The SQLite table of a model: made when it is missing, else compared with the model."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from openrest.datastore.columns import Column, quote
from openrest.datastore.differences import (
    listed,
    no_such_field,
    null_differences,
    unique_differences,
    wrong_key,
)
from openrest.errors import TableMismatch

__all__ = ["Table", "TableFound", "unique_indexes"]

#: What SQLite makes of a declared type, in the order in which it looks
#: (https://www.sqlite.org/datatype3.html, section 3.1).
_AFFINITIES = (
    (("INT",), "INTEGER"),
    (("CHAR", "CLOB", "TEXT"), "TEXT"),
    (("BLOB",), "BLOB"),
    (("REAL", "FLOA", "DOUB"), "REAL"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFound:
    """What is known of a table that fits.

    `conflicts` are the fields that clash, by the text in which SQLite says so, in lower case: it
    spells names as the table does. One that is not `strict` may hold any type in any column.
    """

    conflicts: dict[str, tuple[str, ...]]
    strict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """What a model asks of its table.

    `key` names one of the columns; `assigned` says that the table gives the keys. No two rows
    have the same values in all the columns of one of `uniques`. Those in `references` have keys of
    other rows, by which they are looked for when one of these is deleted: they get an index.
    """

    name: str
    columns: tuple[Column, ...]
    key: str
    assigned: bool
    uniques: tuple[tuple[str, ...], ...] = ()
    references: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """The table's name, quoted."""
        return quote(self.name)

    @property
    def create_statement(self) -> str:
        """The statement that makes the table.

        STRICT: a value of another type is refused, whoever writes it. AUTOINCREMENT: without
        it the highest key is given again once its record is deleted. WITHOUT ROWID: a table
        whose key is text is kept in the order of that key.
        """
        lines = [self._definition(column) for column in self.columns]
        lines += [f"UNIQUE ({listed(members)})" for members in self.uniques]
        options = "STRICT" if self.assigned else "STRICT, WITHOUT ROWID"
        return f"CREATE TABLE {self.sql} (\n  " + ",\n  ".join(lines) + f"\n) {options}"

    def prepare(self, connection: sqlite3.Connection) -> TableFound:
        """Make the table unless it is there. An existing one is never altered.

        Raises TableMismatch with every difference between the table and the model.
        """
        # Two processes may start at the same time: the second one finds what the first one made.
        connection.execute("BEGIN IMMEDIATE")
        try:
            if not _look_up(connection, self.name):
                connection.execute(self.create_statement)
                for name in self.references:
                    index = quote("_".join((self.name, name)))
                    connection.execute(f"CREATE INDEX {index} ON {self.sql} ({quote(name)})")
            found = self.compare(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise
        return found

    def compare(self, connection: sqlite3.Connection) -> TableFound:
        """What is known of the table. Raises TableMismatch when it does not fit the model."""
        tables = _look_up(connection, self.name)
        if not tables:
            raise TableMismatch(self._subject, ["it is missing."])
        [(name, kind, strict, statement)] = tables
        if kind != "table":
            raise TableMismatch(self._subject, [f"it is a {kind}, not a table."])
        indexes = unique_indexes(connection, self.name)
        differences = [
            *self._column_differences(connection),
            *self._key_differences(connection, statement),
            *unique_differences(self.name, self.uniques, indexes),
        ]
        if re.search(r"\bCOLLATE\s+\W?(?!BINARY)\w", statement, re.IGNORECASE):
            differences.append("a column has a COLLATE clause: texts must compare as they are.")
        if differences:
            raise TableMismatch(self._subject, differences)
        conflicts: dict[str, tuple[str, ...]] = {_failure(name, (self.key,)): (self.key,)}
        declared = {frozenset(map(str.lower, members)): members for members in self.uniques}
        for columns in filter(None, indexes.values()):
            conflicts[_failure(name, columns)] = declared[frozenset(map(str.lower, columns))]
        return TableFound(conflicts=conflicts, strict=bool(strict))

    def _definition(self, column: Column) -> str:
        if column.name != self.key:
            return column.definition
        if self.assigned:
            return f"{column.sql} INTEGER PRIMARY KEY AUTOINCREMENT"
        return f"{column.sql} {column.type} NOT NULL PRIMARY KEY"

    @property
    def _subject(self) -> str:
        return f"the table {self.name!r}"

    def _column_differences(self, connection: sqlite3.Connection) -> Iterator[str]:
        found = {
            name.lower(): (declared, bool(not_null), default is not None, hidden)
            for name, declared, not_null, default, hidden in connection.execute(
                'SELECT name, type, "notnull", dflt_value, hidden FROM pragma_table_xinfo(?)',
                (self.name,),
            )
        }
        for column in self.columns:
            definition = column.definition.partition(" CHECK")[0]
            if column.name.lower() not in found:
                yield f"the column {definition} is missing."
                continue
            declared, not_null, _, hidden = found.pop(column.name.lower())
            if hidden:
                yield f"the column {column.sql} is generated and cannot be written."
            affinity = _affinity(declared)
            # NUMERIC, as of a BOOLEAN column, keeps whole numbers as they are.
            if affinity != column.type and (affinity, column.type) != ("NUMERIC", "INTEGER"):
                is_of = declared or "of no type"
                yield f"the column {column.sql} is {is_of}: it must be {column.type}."
            if column.name == self.key and self.assigned:
                continue  # INTEGER PRIMARY KEY: its NULL asks for the next key
            yield from null_differences(column.name, required=column.required, not_null=not_null)
        for name, (_, not_null, has_default, hidden) in found.items():
            if not_null and not has_default and not hidden:
                yield no_such_field(name)

    def _key_differences(self, connection: sqlite3.Connection, statement: str) -> Iterator[str]:
        key = connection.execute(
            "SELECT name, type FROM pragma_table_xinfo(?) WHERE pk ORDER BY pk", (self.name,)
        ).fetchall()
        if [name.lower() for name, _ in key] != [self.key.lower()]:
            yield wrong_key([name for name, _ in key], self.key)
        elif self.assigned and not re.search(r"\bAUTOINCREMENT\b", statement, re.IGNORECASE):
            yield (
                f"the column {quote(self.key)} is not AUTOINCREMENT: a deleted record's key would "
                "be given again. It must be INTEGER PRIMARY KEY AUTOINCREMENT."
            )


def _look_up(connection: sqlite3.Connection, name: str) -> list[tuple[str, str, int, str]]:
    """Name, kind, strictness and statement of the table; nothing when there is none."""
    return connection.execute(
        "SELECT found.name, listed.type, listed.strict, found.sql "
        "FROM sqlite_schema AS found JOIN pragma_table_list(found.name) AS listed "
        "WHERE found.name = ? COLLATE NOCASE AND found.type IN ('table', 'view') "
        "AND listed.schema = 'main'",
        (name,),
    ).fetchall()


def unique_indexes(connection: sqlite3.Connection, table: str) -> dict[str, tuple[str, ...]]:
    """The columns of each unique index but the key's; none where it is on more than columns."""
    indexes: dict[str, tuple[str, ...]] = {}
    for index, partial in connection.execute(
        """SELECT name, partial FROM pragma_index_list(?) WHERE "unique" AND origin <> 'pk'""",
        (table,),
    ).fetchall():
        columns = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM pragma_index_info(?) ORDER BY seqno", (index,)
            )
        ]
        indexes[index] = () if partial or None in columns else tuple(columns)
    return indexes


def _affinity(declared: str) -> str:
    for parts, affinity in _AFFINITIES:
        if any(part in declared.upper() for part in parts):
            return affinity
    return "NUMERIC" if declared else "BLOB"


def _failure(table: str, columns: tuple[str, ...]) -> str:
    """How SQLite words that a row has the same values as another, in lower case."""
    places = ", ".join(f"{table}.{column}" for column in columns)
    return f"UNIQUE constraint failed: {places}".lower()
