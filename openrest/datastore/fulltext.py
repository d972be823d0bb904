"""The index by which SQLite finds words: a table of FTS5, kept right by triggers.

It only narrows a search. What FTS5 takes for words are those of `openrest.words`, or parts of them,
so it finds all records that are meant, and perhaps others, which a function of SQL leaves out.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote as percent_encoded

from openrest.datastore.columns import quote
from openrest.datastore.tables import Table
from openrest.errors import TableMismatch
from openrest.words import has_letter

__all__ = ["SearchIndex", "can_index"]

_MODULE: Final = "fts5"

#: As many words narrow a search, the longest. What a hundred single letters have in common would
#: take FTS5 longer than reading everything.
_TELLING: Final = 5

#: Marks are parts of words, and "é" is another letter than "e".
_TOKENIZER: Final = "unicode61 remove_diacritics 0 categories ''L* N* M* Co''"


def can_index(connection: sqlite3.Connection, table: Table) -> bool:
    """Whether there can be an index: FTS5 is there, and the keys are integers, as it needs."""
    [(known,)] = connection.execute(
        "SELECT count(*) FROM pragma_module_list WHERE name = ?", (_MODULE,)
    ).fetchall()
    return bool(known) and table.assigned


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchIndex:
    """The index of some columns of a table.

    Its triggers are made of what SQLite has itself, so that every program can write the table.
    `INSERT OR REPLACE` runs none for the row that it replaces, whose words stay in the index: they
    lead to a row that has others now, and is left out.
    """

    table: Table
    members: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the index, and the beginning of those of its triggers: no other index's."""
        members = "+".join(percent_encoded(member, safe="") for member in self.members)
        return f"{self.table.name}_search_{members}"

    @property
    def narrowing(self) -> str:
        """The condition, with the text that `match` gives to be bound."""
        key, index = f"{self.table.sql}.{quote(self.table.key)}", quote(self.name)
        return f"{key} IN (SELECT rowid FROM {index} WHERE {index} MATCH ?)"  # nosec B608  # names of the model, quoted

    def match(self, words: Sequence[str]) -> str:
        """The query of FTS5 for the words that tell most; "" where it would know none of them.

        Each is quoted and so has no meaning in its language. One without a letter may be nothing
        to it, such as an emoji.
        """
        known = sorted(filter(has_letter, words), key=len, reverse=True)
        return " AND ".join(f'"{word}"*' for word in known[:_TELLING])

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Make the index and fill it, unless it is there; one that is made otherwise is replaced.

        Raises TableMismatch where something else has its name.
        """
        if self._is_there(connection):
            return
        # Nobody writes the table between the filling and the triggers.
        connection.execute("BEGIN IMMEDIATE")
        try:
            if not self._is_there(connection):
                self._drop(connection)
                for statement in self._statements.values():
                    connection.execute(statement)
                names = ", ".join(map(quote, (self.table.key, *self.members)))
                connection.execute(
                    f"INSERT INTO {quote(self.name)} (rowid, {self._columns}) "  # nosec B608  # names of the model, quoted
                    f"SELECT {names} FROM {self.table.sql}"
                )
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise

    @property
    def _columns(self) -> str:
        # Not the names of the fields: "rank" and "rowid" are taken.
        return ", ".join(f"c{number}" for number in range(len(self.members)))

    @property
    def _statements(self) -> dict[str, str]:
        """The statements that make the index and its triggers, by what they make."""
        index, table, key = quote(self.name), self.table.sql, quote(self.table.key)
        members = [quote(name) for name in self.members]

        def row(when: str) -> str:
            return ", ".join(f"{when}.{name}" for name in (key, *members))

        add = f"INSERT INTO {index} (rowid, {self._columns}) VALUES ({row('new')});"  # nosec B608  # names of the model, quoted
        remove = (
            f"INSERT INTO {index} ({index}, rowid, {self._columns}) "  # nosec B608  # names of the model, quoted
            f"VALUES ('delete', {row('old')});"
        )
        changed = " OR ".join(f"old.{name} IS NOT new.{name}" for name in (key, *members))
        inserted, updated, deleted = (
            f"{self.name} {event}" for event in ("insert", "update", "delete")
        )
        return {
            # It keeps no copy of the texts, which it is never asked for.
            self.name: f"CREATE VIRTUAL TABLE {index} USING fts5({self._columns}, content='', "
            f"columnsize=0, tokenize='{_TOKENIZER}')",
            inserted: f"CREATE TRIGGER {quote(inserted)} AFTER INSERT ON {table} BEGIN {add} END",
            updated: f"CREATE TRIGGER {quote(updated)} AFTER UPDATE OF "
            f"{', '.join((key, *members))} ON {table} WHEN {changed} BEGIN {remove} {add} END",
            deleted: f"CREATE TRIGGER {quote(deleted)} AFTER DELETE ON {table} BEGIN {remove} END",
        }

    def _found(self, connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
        """What there is of the index: the kind and the statement, by name."""
        wanted = self._statements
        marks = ", ".join("?" for _ in wanted)
        return {
            name: (kind, sql)
            for name, kind, sql in connection.execute(
                f"SELECT name, type, sql FROM sqlite_schema WHERE name IN ({marks})",  # nosec B608  # marks
                (*wanted,),
            ).fetchall()
        }

    def _is_there(self, connection: sqlite3.Connection) -> bool:
        return {name: sql for name, (_, sql) in self._found(connection).items()} == self._statements

    def _drop(self, connection: sqlite3.Connection) -> None:
        for name, (kind, sql) in self._found(connection).items():
            if kind != "trigger" and "USING fts5" not in sql:
                raise TableMismatch(
                    f"the table {self.table.name!r}",
                    [f"its search needs the name {name!r}, which a {kind} has already."],
                )
            connection.execute(f"DROP {kind.upper()} {quote(name)}")
