"""What a page costs, by how far down the list it is: by cursor and by offset, in SQLite.

Run as ``python -m benchmarks.pages``. It first walks the whole list by cursor, and counts.
"""

import argparse
import contextlib
import gc
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from typing import Any

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLiteDataStore
from openrest.pagination import CursorPagination, Pagination
from openrest.views import JsonResponse

from .clients import Request, WSGIClient

LIMIT = 20
#: Timed calls in a row that make one sample.
CALLS = 40
#: Name -> the query of an order: of the key, and of indexed columns.
ORDERS = {
    "key": "",
    "key, descending": "sort=-id&",
    "score": "sort=score&",
    "score, descending": "sort=-score&",
    "nullable": "sort=seen&",
    "nullable, descending": "sort=-seen&",
    "two columns": "sort=kind,-score&",
}
INDEXES = (
    "CREATE INDEX by_score ON events (score)",
    "CREATE INDEX by_score_down ON events (score DESC)",
    "CREATE INDEX by_seen ON events (seen)",
    "CREATE INDEX by_seen_down ON events (seen DESC)",
    "CREATE INDEX by_kind ON events (kind, score DESC)",
)


class Event(models.Model):
    id = models.PkField()
    kind = models.StringField(required=True)
    score = models.IntegerField(required=True)
    seen = models.IntegerField(allow_none=True)


def build(path: str, name: str, pagination: Any) -> WSGIClient:
    """Return a client of an application whose lists have these pages."""

    class Events(Controller):
        resource = {
            "resource_name": name,
            "resource": {"name": path, "table": "events"},
            "model": Event,
            "datastore": SQLiteDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": [],
            "options": {"pagination": pagination, "sorting": True},
        }
        view = {"response_class": JsonResponse}

    return WSGIClient(WSGIDispatcher([Events]))


def seed(path: str, rows: int) -> None:
    """Fill the table, which is there: ten rows of each score, a third of them never seen."""
    chance = random.Random(0)
    made = (
        (
            f"kind-{chance.randrange(5)}",
            chance.randrange(rows // 10),
            chance.randrange(rows // 10) if chance.random() < 2 / 3 else None,
        )
        for _ in range(rows)
    )
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO events (kind, score, seen) VALUES (?, ?, ?)", made)
        for index in INDEXES:
            connection.execute(index)
        connection.execute("ANALYZE")


def ask(client: WSGIClient, target: str) -> dict[str, Any]:
    answer = client.ask(Request("GET", target))
    if answer.status != 200:
        raise RuntimeError(f"{target} was answered {answer.status}")
    return json.loads(answer.body)


def walk(client: WSGIClient, rows: int, order: str, pages: tuple[int, ...]) -> dict[int, str]:
    """Follow the links to the end; return the addresses of the pages with these numbers."""
    target: str | None = f"/events?{ORDERS[order]}limit={LIMIT}"
    last = -(-rows // LIMIT)
    number, seen, found = 0, bytearray(rows + 1), {}
    begun = time.perf_counter()
    while target is not None:
        number += 1
        if number in pages:
            found[number] = target
        page = ask(client, target)
        for event in page["object_list"]:
            seen[event["id"]] += 1
        target = page["meta"]["next"]
    if seen[1:] != b"\1" * rows or number != last:
        raise RuntimeError(f"{order}: the walk did not see each of {rows} objects once")
    print(f"{order:22}{number:>8} pages, each object once, {time.perf_counter() - begun:.0f} s")
    return found


def main() -> int:
    """Walk and measure; return 1 where a deep page costs a fifth more than the second."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="in the table (1,000,000)")
    parser.add_argument("--rounds", type=int, default=30, help="samples per page (30)")
    parser.add_argument("--order", action="append", choices=list(ORDERS), help="may be repeated")
    options = parser.parse_args()
    orders = options.order or list(ORDERS)
    last = -(-options.rows // LIMIT)
    pages = (1, 2, last // 2, last - 1, last)

    with tempfile.TemporaryDirectory(prefix="openrest-bench-") as folder:
        path = os.path.join(folder, "events.sqlite3")
        cursors = build(path, "events", CursorPagination(LIMIT, secret="a secret of benchmarks"))
        seed(path, options.rows)
        offsets = build(path, "offsets", Pagination(LIMIT, total="none"))
        subjects: dict[tuple[str, str], dict[int, Request]] = {}
        for order in orders:
            found = walk(cursors, options.rows, order, pages)
            subjects["cursor", order] = {
                number: Request("GET", target) for number, target in found.items()
            }
            subjects["offset", order] = {
                number: Request("GET", f"/offsets?{ORDERS[order]}offset={(number - 1) * LIMIT}")
                for number in pages
            }
        cells = [
            (style, order, number)
            for (style, order), requests in subjects.items()
            # A deep offset takes as long as all of the rest.
            for number in (requests if style == "cursor" else (1, last))
        ]
        clients = {"cursor": cursors, "offset": offsets}
        samples: dict[tuple[str, str, int], list[float]] = {cell: [] for cell in cells}
        chance = random.Random(0)
        gc.collect()
        gc.freeze()
        for _ in range(options.rounds):
            chance.shuffle(cells)
            for style, order, number in cells:
                request = subjects[style, order][number]
                deep = style == "offset" and number != 1
                clients[style].cost(request, 1 if deep else 5)
                cost = clients[style].cost(request, 1 if deep else CALLS)
                samples[style, order, number].append(cost.cpu)

    print(
        f"\nPython {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {options.rows} rows"
    )
    print(f"Microseconds of CPU a page of {LIMIT}, and the ratio to page 1 within each round")
    header = "".join(f"{f'page {number}':>18}" for number in pages)
    print(f"{'':30}{header}")
    slow = False
    for style, order in subjects:
        row = ""
        first, second = samples[style, order, 1], samples.get((style, order, 2))
        for number in pages:
            taken = samples.get((style, order, number))
            if taken is None:
                row += f"{'-':>18}"
                continue
            ratio = statistics.median(a / b for a, b in zip(taken, first, strict=True))
            if second is not None and number != 1:
                depth = statistics.median(a / b for a, b in zip(taken, second, strict=True))
                slow = slow or depth > 1.2
            row += f"{f'{statistics.median(taken):.0f} ({ratio:.2f})':>18}"
        print(f"{f'{style}, {order}':30}{row}")
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
