"""What stores remember of requests that are carried out once: in memory, and in SQLite."""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openrest.errors import KeyReused, TableMismatch
from openrest.interfaces import Once, Record

__all__ = ["FORGOTTEN", "KEYS_TABLE", "KeyTable", "RememberedKeys", "stored_rows"]

#: As many keys whose time is over are forgotten with each new one: more than come in, so that
#: they become fewer, and not so many that a request waits for it.
FORGOTTEN: Final = 16

#: The table of the keys: one in a file, for all tables in it.
KEYS_TABLE: Final = "openrest_idempotency_keys"

_COLUMNS: Final = ("resource", "name", "fingerprint", "records", "until")


@dataclass(frozen=True, slots=True)
class _Kept:
    fingerprint: str
    until: float
    records: list[Record]


class RememberedKeys:
    """The keys of a store in memory; to be used by one thread at a time."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        #: When each is to be forgotten, the next one first.
        self._ends: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[tuple[str, str, float, list[Record]]]:
        """Of each that is remembered the key, the fingerprint, its end, and the records."""
        for key, kept in self._kept.items():
            yield key, kept.fingerprint, kept.until, kept.records

    def copy(self) -> RememberedKeys:
        """One that remembers by itself, with what this one remembers."""
        new = RememberedKeys()
        new._kept, new._ends = self._kept.copy(), self._ends.copy()
        return new

    def recall(self, once: Once) -> list[Record] | None:
        """The records that the request has made; None unless it was carried out.

        Raises KeyReused where another request has the key.
        """
        kept = self._kept.get(once.key)
        if kept is None or kept.until <= once.now:
            return None
        if kept.fingerprint != once.fingerprint:
            raise KeyReused
        return kept.records

    def keep(self, once: Once, records: list[Record]) -> None:
        """Remember what the request has made, and forget some keys whose time is over."""
        self._kept[once.key] = _Kept(once.fingerprint, once.until, records)
        heapq.heappush(self._ends, (once.until, once.key))
        for _ in range(FORGOTTEN):
            if not self._ends or self._ends[0][0] > once.now:
                return
            until, key = heapq.heappop(self._ends)
            kept = self._kept.get(key)
            if kept is not None and kept.until == until:  # nobody has taken it since
                del self._kept[key]

    def forget(self, once: Once) -> None:
        """Forget a request; its place among the ends is left to its time."""
        kept = self._kept.get(once.key)
        if kept is not None and kept.fingerprint == once.fingerprint:
            del self._kept[once.key]


def stored_rows(found: Sequence[Sequence[Any]], once: Once) -> list[dict[str, Any]] | None:
    """The rows that a request has stored, of the fingerprint and the rows that are remembered.

    None unless any are. Raises KeyReused where another request has the key.
    """
    if not found:
        return None
    [(fingerprint, rows)] = found
    if fingerprint != once.fingerprint:
        raise KeyReused
    stored: list[dict[str, Any]] = json.loads(rows)
    return stored


class KeyTable:
    """The keys of one table of a SQLite file; their own table is there for all of them.

    Its statements are to be run in the transaction that stores the records.
    """

    #: `name` is the key; NOCASE takes the names of tables for the same as SQLite does.
    create_statement: Final = f"""CREATE TABLE {KEYS_TABLE} (
  resource TEXT NOT NULL COLLATE NOCASE,
  name TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  records TEXT NOT NULL,
  until REAL NOT NULL,
  PRIMARY KEY (resource, name)
) STRICT, WITHOUT ROWID"""

    recall: Final = (
        f"SELECT fingerprint, records FROM {KEYS_TABLE} "  # nosec B608  # names of the model, quoted
        "WHERE resource = ? AND name = ? AND until > ?"
    )
    #: The place of one whose time is over is taken.
    keep: Final = f"INSERT OR REPLACE INTO {KEYS_TABLE} VALUES (?, ?, ?, ?, ?)"
    forget: Final = f"DELETE FROM {KEYS_TABLE} WHERE resource = ? AND name = ? AND fingerprint = ?"  # nosec B608  # names of the model, quoted
    forget_some: Final = (
        f"DELETE FROM {KEYS_TABLE} WHERE (resource, name) IN (SELECT resource, name "  # nosec B608  # names of the model, quoted
        f"FROM {KEYS_TABLE} WHERE until <= ? ORDER BY until LIMIT {FORGOTTEN})"
    )

    def __init__(self, table: str) -> None:
        self._resource = table

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Make the table and its index unless they are there.

        Raises TableMismatch where something else has the name.
        """
        if self._is_there(connection):
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            if not self._is_there(connection):
                connection.execute(self.create_statement)
                connection.execute(f"CREATE INDEX {KEYS_TABLE}_until ON {KEYS_TABLE} (until)")
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise

    def recalled(self, once: Once) -> tuple[Any, ...]:
        """The values that `recall` takes."""
        return self._resource, once.key, once.now

    def forgotten(self, once: Once) -> tuple[Any, ...]:
        """The values that `forget` takes."""
        return self._resource, once.key, once.fingerprint

    def kept(self, once: Once, rows: Sequence[dict[str, Any]]) -> tuple[Any, ...]:
        """The values that `keep` takes, for the rows as they are stored."""
        return self._resource, once.key, once.fingerprint, json.dumps(rows), once.until

    def _is_there(self, connection: sqlite3.Connection) -> bool:
        columns = connection.execute(
            "SELECT name FROM pragma_table_xinfo(?) ORDER BY cid", (KEYS_TABLE,)
        ).fetchall()
        if not columns:
            return False
        if tuple(name for (name,) in columns) != _COLUMNS:
            raise TableMismatch(
                f"the table {KEYS_TABLE!r}",
                ["it is not the one that keeps the keys of requests, which needs this name."],
            )
        return True
