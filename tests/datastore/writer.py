"""A process that writes: python writer.py FILE counts|forever, for the tests of SQLiteDataStore."""

from __future__ import annotations

import itertools
import sys
import threading

from openrest import models
from openrest.datastore import SQLiteDataStore


class Counter(models.Model):
    fields = [
        models.StringPkField(name="name"),
        models.IntegerField(name="value", required=True),
    ]


class Entry(models.Model):
    fields = [models.PkField(name="id"), models.StringField(name="text", required=True)]


def count(path: str, times: int) -> None:
    """Add `times` to the counter, one at a time, and as many entries."""
    counters = SQLiteDataStore({"name": path, "table": "counters"}, Counter)
    entries = SQLiteDataStore({"name": path, "table": "entries"}, Entry)
    for _ in range(times):
        counters.update("c", lambda record: {**record, "value": record["value"] + 1})
        entries.insert({"text": threading.current_thread().name})


def write_forever(path: str) -> None:
    """Say the key of each entry once it is stored."""
    entries = SQLiteDataStore({"name": path, "table": "entries"}, Entry)
    for number in itertools.count():
        sys.stdout.write(f"{entries.insert({'text': f'entry {number}'})['id']}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[2] == "counts":
        count(sys.argv[1], 25)
    else:
        write_forever(sys.argv[1])
