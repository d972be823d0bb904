"""What a process knows of a CSV file, and which of its threads may learn or change it."""

from __future__ import annotations

import threading

from openrest.datastore.csv_file import Signature
from openrest.datastore.csv_reading import Written
from openrest.datastore.csv_table import BadRow, Content
from openrest.datastore.forks import at_each_fork

__all__ = ["Draft", "Locks", "State"]


class State:
    """What is known of the file. Readers take `served` alone, which is replaced as a whole."""

    def __init__(self) -> None:
        self.served: Content
        self.written: Written
        #: Of what is served. It is not certain where the file could have changed since without
        #: another time of change: then it is read once more.
        self.signature: Signature | None = None
        self.is_certain = False
        #: Of a file that cannot be used, and why: it is not read again for each request.
        self.broken: Signature | None = None
        self.reason = ""
        #: The bad rows that the log has.
        self.reported: list[BadRow] = []
        #: Of the thread that writes.
        self.draft: Draft | None = None

    def serve(
        self, content: Content, written: Written, signature: Signature, *, is_certain: bool
    ) -> None:
        self.served, self.written = content, written
        self.signature, self.is_certain = signature, is_certain
        self.broken = None


class Draft:
    """What a transaction makes of the content; nothing is copied before the first change."""

    def __init__(self, served: Content, last_key: int) -> None:
        self.content = served
        self.last_key = last_key
        self.changed: Content | None = None
        #: Whether it is that of one write: a function that this runs must not write.
        self.is_writing = False

    def part(self) -> Draft:
        """One of a step within this one, which may fail by itself."""
        return Draft(self.content, self.last_key)

    def take(self, part: Draft) -> None:
        """Make what a step within this one has made its own."""
        if part.changed is not None:
            self.content = self.changed = part.changed
        self.last_key = part.last_key

    def change(self) -> Content:
        """The content to be changed."""
        if self.changed is None:
            self.content = self.changed = self.content.copy()
        return self.changed


class Locks:
    """Those of the threads of one process."""

    def __init__(self) -> None:
        self.renew()
        # In a child the threads that hold them are not there to let go.
        at_each_fork(self, Locks.renew, when="after_in_child")

    def renew(self) -> None:
        #: Held by the thread that writes.
        self.turn = threading.Lock()
        #: Held by the thread that reads the file or replaces it.
        self.loading = threading.Lock()
        self.writer: int | None = None
