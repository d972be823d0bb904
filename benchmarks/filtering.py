"""What a filter and an order add to a list of 20 objects, where columns have an index.

Run as ``python -m benchmarks.filtering``.
"""

import argparse
import contextlib
import gc
import os
import random
import sqlite3
import statistics
import sys
import tempfile
from typing import Final, Literal

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLiteDataStore
from openrest.pagination import Pagination
from openrest.views import JsonResponse

from .clients import Request, WSGIClient

#: Timed calls in a row that make one sample.
CALLS = 40
#: Name -> the query of a list; the first is what the others are held against.
QUERIES = {
    "no query": "",
    "a filter": "?kind=kind-3",
    "an order": "?sort=-score",
    "a filter and an order": "?kind=kind-3&sort=-score",
    "a range and an order": "?score__gte=100&score__lt=900&sort=score",
}
TOTALS: Final[tuple[Literal["exact", "none"], ...]] = ("exact", "none")
INDEXES = (
    "CREATE INDEX by_score ON events (score)",
    "CREATE INDEX by_score_down ON events (score DESC)",
    "CREATE INDEX by_kind ON events (kind, score DESC)",
)


class Event(models.Model):
    id = models.PkField()
    kind = models.StringField(required=True)
    score = models.IntegerField(required=True)
    text = models.StringField(required=True)


def build(path: str, total: Literal["exact", "none"]) -> WSGIClient:
    """Return a client of an application that serves the table, and says how much is in it."""

    class Events(Controller):
        resource = {
            "resource_name": "events",
            "resource": {"name": path, "table": "events"},
            "model": Event,
            "datastore": SQLiteDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": [],
            "options": {
                "pagination": Pagination(20, total=total),
                "filters": {"kind": ["eq"], "score": True},
                "sorting": True,
            },
        }
        view = {"response_class": JsonResponse}

    return WSGIClient(WSGIDispatcher([Events]))


def seed(path: str, rows: int) -> None:
    """Fill the table, which is there."""
    chance = random.Random(0)
    made = (
        (f"kind-{chance.randrange(5)}", chance.randrange(1000), f"event number {number}")
        for number in range(rows)
    )
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO events (kind, score, text) VALUES (?, ?, ?)", made)
        for index in INDEXES:
            connection.execute(index)
        connection.execute("ANALYZE")


def main() -> int:
    """Measure; return 1 where a filter and an order together cost more than 1.3 times."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000, help="in the table (100,000)")
    parser.add_argument("--rounds", type=int, default=30, help="samples per query (30)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="openrest-bench-") as folder:
        path = os.path.join(folder, "events.sqlite3")
        clients = {total: build(path, total) for total in TOTALS}
        seed(path, options.rows)
        requests = {name: Request("GET", f"/events{query}") for name, query in QUERIES.items()}
        cells = [(total, name) for total in clients for name in requests]
        for total, name in cells:
            if clients[total].ask(requests[name]).status != 200:
                raise RuntimeError(f"{requests[name].target} is not answered")
        samples: dict[tuple[str, str], list[float]] = {cell: [] for cell in cells}
        chance = random.Random(0)
        gc.collect()
        gc.freeze()
        for _ in range(options.rounds):
            chance.shuffle(cells)
            for total, name in cells:
                clients[total].cost(requests[name], 5)
                cost = clients[total].cost(requests[name], CALLS)
                samples[total, name].append(cost.cpu)
    print(f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {options.rows} rows")
    print("Microseconds of CPU a list of 20, and the ratio to no query within each round")
    print(f"{'':26}{'exact total':>18}{'no total':>18}")
    ratios: dict[tuple[str, str], float] = {}
    for name in requests:
        row = ""
        for total in TOTALS:
            taken, plain = samples[total, name], samples[total, "no query"]
            ratio = statistics.median(one / other for one, other in zip(taken, plain, strict=True))
            ratios[total, name] = ratio
            row += f"{f'{statistics.median(taken):.0f} ({ratio:.2f})':>18}"
        print(f"{name:26}{row}")
    return int(any(ratios[total, "a filter and an order"] > 1.3 for total in TOTALS))


if __name__ == "__main__":
    sys.exit(main())
