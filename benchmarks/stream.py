"""How soon a stream of a million rows begins, and how much memory it takes.

Run as ``python -m benchmarks.stream``. Each format is asked for in a process of its own, which
reports the seconds to the first byte, those to the last, and its peak memory; ``idle`` is what the
process takes that has answered one object.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from typing import Any

ROWS = 1_000_000
#: What is promised: milliseconds to the first byte, and megabytes at the peak.
FIRST_BYTE, PEAK = 50, 80


def build(path: str) -> Any:
    """The application; its table is filled where it is empty."""
    from openrest import models
    from openrest.controllers import Controller, WSGIDispatcher
    from openrest.datastore import SQLiteDataStore
    from openrest.views import CsvResponse, JsonResponse, NdjsonResponse

    class Tweet(models.Model):
        author = models.StringField(required=True)
        message = models.StringField(required=True)
        retweets = models.IntegerField(required=True)
        created = models.DateTimeField(required=True)
        id = models.PkField()

    class Tweets(Controller):
        resource = {
            "resource_name": "tweets",
            "resource": {"name": path, "table": "tweets"},
            "model": Tweet,
            "datastore": SQLiteDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET"],
            "options": {"pagination": None},
        }
        view = {
            "response_class": JsonResponse,
            "options": {"alternatives": [NdjsonResponse, CsvResponse]},
        }

    return WSGIDispatcher([Tweets])


def fill(path: str, rows: int) -> None:
    """Make the table and its rows, in SQLite itself."""
    import contextlib
    import sqlite3

    build(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO tweets (author, message, retweets, created, id) "
            "SELECT 'author' || (i % 100), 'message number ' || i, i % 1000, "
            "(SELECT '2026-03-01T09:30:00.000000Z'), i FROM n",
            (rows,),
        )


def answer(path: str, accept: str) -> None:
    """Answer one request in this process and print its figures."""
    from werkzeug.test import create_environ

    app = build(path)

    def ask(target: str, accept: str) -> tuple[float, float, int]:
        environ = create_environ(target, headers={"Accept": accept})
        environ["SERVER_PROTOCOL"] = "HTTP/1.1"
        begun = time.perf_counter()
        parts = iter(app(environ, lambda status, headers, exc_info=None: None))
        size = len(next(parts))
        first = time.perf_counter() - begun
        for part in parts:
            size += len(part)
        return first, time.perf_counter() - begun, size

    ask("/tweets/1", "application/json")
    if accept != "idle":
        first, whole, size = ask("/tweets", accept)
        figures = f"{first * 1000:.1f} {whole:.1f} {size / 1e6:.0f}"
    else:
        figures = "0 0 0"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(figures, round(peak / (1024 if sys.platform != "darwin" else 1024**2)))


def main() -> int:
    """Print a line a format; return 1 where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=ROWS, help=f"in the table ({ROWS})")
    parser.add_argument("--answer", nargs=2, metavar=("FILE", "ACCEPT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.answer:
        answer(*options.answer)
        return 0
    broken = False
    with tempfile.TemporaryDirectory(prefix="openrest-stream-") as folder:
        path = os.path.join(folder, "tweets.sqlite3")
        fill(path, options.rows)
        print(f"{options.rows} rows{'first byte':>24}{'last byte':>12}{'answer':>10}{'peak':>10}")
        for accept in ("idle", "application/x-ndjson", "text/csv"):
            command = [sys.executable, "-m", "benchmarks.stream", "--answer", path, accept]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            first, whole, size, peak = said.split()
            print(f"{accept:22}{first:>12} ms{whole:>10} s{size:>7} MB{peak:>7} MB")
            broken |= float(first) > FIRST_BYTE or int(peak) > PEAK
    return int(broken)


if __name__ == "__main__":
    sys.exit(main())
