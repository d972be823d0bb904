"""What SQLDataStore adds to the statements that it sends to PostgreSQL.

Run as ``python -m benchmarks.sql``; OPENREST_TEST_POSTGRESQL names another server.
"""

import argparse
import gc
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Final

import psycopg

from openrest import models
from openrest.datastore import SQLDataStore
from openrest.query import Query

URL: Final = os.environ.get("OPENREST_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1/test")
TABLE: Final = "openrest_benchmark"
#: Timed calls in a row that make one sample.
CALLS: Final = 50
#: At most so many times what the same statement takes by hand.
MOST: Final = 1.6


class Event(models.Model):
    id = models.PkField()
    kind = models.StringField(required=True)
    score = models.IntegerField(required=True)
    at = models.DateTimeField(required=True)
    note = models.StringField()


def cost(call: Callable[[], object]) -> float:
    """Microseconds a call, by the clock: most of it is the server's."""
    begun = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - begun) / CALLS * 1e6


def main() -> int:
    """Measure; return 1 where the store takes too long."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000, help="in the table (10,000)")
    parser.add_argument("--rounds", type=int, default=60, help="samples of each (60)")
    options = parser.parse_args()
    with psycopg.connect(URL.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {TABLE}")
        store = SQLDataStore({"url": URL, "table": TABLE}, Event)
        try:
            connection.execute(
                f"INSERT INTO {TABLE} (kind, score, at, note) SELECT 'kind-' || n %% 5, n %% 1000, "
                "now(), 'event number ' || n FROM generate_series(1, %s) AS n",
                (options.rows,),
            )
            connection.execute(f"ANALYZE {TABLE}")
            ratios = measure(store, connection, options.rows, options.rounds)
        finally:
            store.close()
            connection.execute(f"DROP TABLE {TABLE}")
    return int(any(ratio > MOST for ratio in ratios))


def measure(
    store: SQLDataStore, connection: psycopg.Connection, rows: int, rounds: int
) -> list[float]:
    """Print what each takes, by hand and through the store, and return the ratios."""
    names = "id, kind, score, at, note"
    one = f"SELECT {names} FROM {TABLE} WHERE id = %s"
    page = f"SELECT {names} FROM {TABLE} ORDER BY id LIMIT %s OFFSET %s"
    chance = random.Random(0)
    calls: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "get one": (
            lambda: connection.execute(one, (chance.randint(1, rows),)).fetchone(),
            lambda: store.get(chance.randint(1, rows)),
        ),
        "list 20": (
            lambda: connection.execute(page, (20, 40)).fetchall(),
            lambda: store.find(Query(limit=20, offset=40)),
        ),
    }
    samples: dict[tuple[str, int], list[float]] = {(n, way): [] for n in calls for way in (0, 1)}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for name, way in chance.sample([*samples], len(samples)):
            calls[name][way]()
            samples[name, way].append(cost(calls[name][way]))
    print(f"Python {sys.version.split()[0]}, psycopg {psycopg.__version__}, {rows} rows")
    print("Microseconds by the clock, and the ratio within each round")
    print(f"{'':12}{'by hand':>12}{'the store':>12}{'ratio':>8}")
    ratios = []
    for name in calls:
        hand, ours = samples[name, 0], samples[name, 1]
        ratio = statistics.median(two / one for one, two in zip(hand, ours, strict=True))
        ratios.append(ratio)
        print(
            f"{name:12}{statistics.median(hand):>12.0f}{statistics.median(ours):>12.0f}{ratio:>8.2f}"
        )
    return ratios


if __name__ == "__main__":
    sys.exit(main())
