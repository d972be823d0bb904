"""A process that writes to a table by many threads, for the tests: URL, table and how often."""

from __future__ import annotations

import sys
import threading

from openrest import models
from openrest.datastore import SQLDataStore
from openrest.interfaces import Record

THREADS = 8


class Counter(models.Model):
    fields = [
        models.PkField(name="id"),
        models.IntegerField(name="count", load_default=0),
        models.IntegerField(name="total", load_default=0),
    ]


def main(url: str, table: str, times: int) -> None:
    """Count up the records 1 and 2 so many times in each thread, in either order."""
    store = SQLDataStore({"url": url, "table": table}, Counter)

    def count(first: int) -> None:
        for number in range(times):
            store.update(1 + (first + number) % 2, up)

    def up(record: Record) -> Record:
        return {**record, "count": record["count"] + 1}

    threads = [threading.Thread(target=count, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
