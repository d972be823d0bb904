"""Processes that write a journal, for the tests of PythonListDataStore.

``python journal_writer.py FILE`` opens the store and writes once for each step that this has, and
is killed there: it says after each which records there are then.
"""

from __future__ import annotations

import sys

from openrest import models
from openrest.datastore import PythonListDataStore
from openrest.query import Query
from tests.datastore.csv_writer import killed_before


class Entry(models.Model):
    fields = [
        models.PkField(name="id"),
        models.StringField(name="text", required=True),
    ]


def write(path: str) -> None:
    """Open the store and add a record."""
    PythonListDataStore({"journal": path}, Entry).insert({"text": "new"})


def kill_at_each_step(path: str) -> None:
    """Write, and be killed, at one step after the other."""
    step, killed = 0, True
    while killed:
        killed = killed_before(step, lambda: write(path))
        records = PythonListDataStore({"journal": path}, Entry).find(Query())
        sys.stdout.write(f"{' '.join(str(record['id']) for record in records)}\n")
        step += 1


if __name__ == "__main__":
    kill_at_each_step(sys.argv[1])
