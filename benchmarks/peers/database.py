"""The table and the queries shared by every hand-written peer.

Sharing them keeps the SQL, the SQLite settings and the row-to-dict step out of the comparison:
what differs between two peers is the framework.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Mapping
from typing import Any

#: Rows in a freshly seeded file; ids run from 1 to ROWS.
ROWS = 1_000
#: Largest integer SQLite stores, and so the largest offset, id and number of likes.
MAX_INTEGER = 2**63 - 1

COLUMNS = ("id", "author", "message", "likes")
SCHEMA = """
CREATE TABLE tweets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    author TEXT NOT NULL,
    message TEXT NOT NULL,
    likes INTEGER NOT NULL DEFAULT 0
)
"""


def seed(path: str) -> None:
    """Create the table in a new file at ``path`` and fill it with ``ROWS`` rows."""
    rows = [
        (
            f"author-{number % 50}",
            f"tweet number {number}: the quick brown fox jumps over the lazy dog, again",
            number * 7 % 1_000,
        )
        for number in range(1, ROWS + 1)
    ]
    with contextlib.closing(connect(path)) as connection:
        connection.execute(SCHEMA)
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO tweets (author, message, likes) VALUES (?, ?, ?)", rows)
        connection.execute("COMMIT")


def connect(path: str) -> sqlite3.Connection:
    """Open ``path`` with the settings of the contract, each statement its own transaction."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


class Tweets:
    """The queries behind the contract, on one connection per thread.

    ``path`` names a seeded file; the peer's ``build`` sets it. A row is a dict keyed by
    ``COLUMNS``.
    """

    path: str

    def __init__(self) -> None:
        self._local = threading.local()

    def _execute(self, statement: str, values: tuple[Any, ...]) -> sqlite3.Cursor:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect(self.path)
        return connection.execute(statement, values)

    def page(
        self, filters: Mapping[str, Any], offset: int, limit: int
    ) -> tuple[int, list[dict[str, Any]]]:
        """Return the number of rows matching ``filters`` and the asked slice of them.

        ``filters`` maps column to wanted value; its keys must already be known columns.
        """
        where = " AND ".join(f"{column} = ?" for column in filters)
        where = f" WHERE {where}" if where else ""
        values = tuple(filters.values())
        (total,) = self._execute(f"SELECT COUNT(*) FROM tweets{where}", values).fetchone()
        rows = self._execute(
            f"SELECT id, author, message, likes FROM tweets{where} ORDER BY id LIMIT ? OFFSET ?",
            (*values, limit, offset),
        )
        return total, [
            {"id": tweet_id, "author": author, "message": message, "likes": likes}
            for tweet_id, author, message, likes in rows
        ]

    def get(self, tweet_id: int) -> dict[str, Any] | None:
        """Return the row, or ``None``; an id SQLite could not store is nobody's."""
        if tweet_id > MAX_INTEGER:
            return None
        row = self._execute(
            "SELECT id, author, message, likes FROM tweets WHERE id = ?", (tweet_id,)
        ).fetchone()
        return None if row is None else dict(zip(COLUMNS, row, strict=True))

    def create(self, author: str, message: str, likes: int) -> dict[str, Any]:
        """Insert and commit one row, and return it with the id it was given."""
        cursor = self._execute(
            "INSERT INTO tweets (author, message, likes) VALUES (?, ?, ?)",
            (author, message, likes),
        )
        return {"id": cursor.lastrowid, "author": author, "message": message, "likes": likes}
