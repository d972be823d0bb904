"""The in-process cost of the five requests of contract.md, on each framework.

Run as ``python -m benchmarks.bench``; README.md says how to read what it prints.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import gc
import importlib
import json
import math
import os
import platform
import random
import sqlite3
import statistics
import sys
import tempfile
from importlib import metadata
from typing import Any

from .check import REQUESTS, Broken, Checker
from .clients import ASGIClient, Cost, WSGIClient
from .peers import database

BASELINE = "bare werkzeug"

#: Framework -> its module in ``peers`` and the distributions whose versions matter.
PEERS = {
    BASELINE: ("bare_werkzeug", ["werkzeug"]),
    "openrest": ("openrest_", ["openrest", "werkzeug", "marshmallow"]),
    "flask-smorest": ("smorest", ["flask-smorest", "flask", "marshmallow"]),
    "fastapi": ("fastapi_", ["fastapi", "starlette", "pydantic"]),
    "litestar": ("litestar_", ["litestar", "msgspec"]),
}

#: Timed calls in a row that make one sample; fewer creates, as each waits for the disk.
CALLS = {**dict.fromkeys(REQUESTS, 40), "create": 10}
#: Untimed calls before each sample, which bring code and pages back into the caches.
SETTLING_CALLS = 10
#: Samples thrown away before the first round.
WARMUP_SAMPLES = 5


@dataclasses.dataclass
class Subject:
    """One framework under measurement; ``samples`` has one ``Cost`` per round and request."""

    name: str
    client: WSGIClient | ASGIClient
    path: str
    samples: dict[str, list[Cost]] = dataclasses.field(
        default_factory=lambda: {name: [] for name in REQUESTS}
    )

    def reset(self) -> None:
        """Take the rows created so far away again, so that a list costs the same all along."""
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("DELETE FROM tweets WHERE id > ?", (database.ROWS,))
            # Or a checkpoint would fall into the time of some create.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def sample(self, request: str) -> Cost:
        """Return the mean cost of some calls, taken on a quiet heap and settled caches."""
        # Collected first: a collection empties the interpreter's free lists, and the settling
        # calls fill them again.
        gc.collect()
        self.client.cost(REQUESTS[request], SETTLING_CALLS)
        cost = self.client.cost(REQUESTS[request], CALLS[request])
        if request == "create":
            self.reset()
        return cost

    def series(self, request: str, clock: str) -> list[float]:
        """Return the microseconds of each round; ``clock`` is ``cpu`` or ``wall``."""
        return [getattr(cost, clock) for cost in self.samples[request]]


def versions(distributions: list[str]) -> str:
    """Return the distributions with their versions, as one line."""
    found = []
    for name in distributions:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            found.append(f"{name} (not installed)")
    return ", ".join(found)


def load(name: str, folder: str, runner: asyncio.Runner) -> Subject:
    """Build the application of ``name`` on a database of its own, and check its answers."""
    module = importlib.import_module(f".peers.{PEERS[name][0]}", __package__)
    path = os.path.join(folder, f"{PEERS[name][0]}.sqlite3")
    database.seed(path)
    app = module.build(path)
    client = WSGIClient(app) if module.INTERFACE == "wsgi" else ASGIClient(app, runner)
    Checker(client, path).run()
    subject = Subject(name, client, path)
    subject.reset()
    return subject


def measure(subjects: list[Subject], rounds: int, seed: int) -> None:
    """Fill the samples: in each round every framework answers every request.

    Both orders are shuffled. All frameworks answer one request before the next is taken up, so
    that samples to be compared lie milliseconds apart.
    """
    order = random.Random(seed)
    requests = list(REQUESTS)
    subjects = list(subjects)
    for subject in subjects:
        for request in requests * WARMUP_SAMPLES:
            subject.sample(request)
    # What has been loaded so far is of every framework in the process; collections during the
    # rounds are left with what the requests themselves make.
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        order.shuffle(requests)
        for request in requests:
            order.shuffle(subjects)
            for subject in subjects:
                subject.samples[request].append(subject.sample(request))


def summary(subjects: list[Subject], clock: str) -> dict[str, dict[str, float]]:
    """Return per framework the microseconds and ratios of each request, and ``geomean``.

    The microseconds are medians over the rounds. A ratio is the median of the ratios taken within
    each round, not the ratio of two medians: a shared machine may run a third slower for a
    second or two, and two samples of one round share the spell.
    """
    baseline = subjects[0]
    table: dict[str, dict[str, float]] = {}
    for subject in subjects:
        row: dict[str, float] = {}
        for request in REQUESTS:
            own, base = subject.series(request, clock), baseline.series(request, clock)
            row[request] = statistics.median(own)
            row[f"{request} ratio"] = statistics.median(
                mine / theirs for mine, theirs in zip(own, base, strict=True)
            )
        row["geomean"] = math.exp(
            statistics.fmean(math.log(row[f"{request} ratio"]) for request in REQUESTS)
        )
        table[subject.name] = row
    return table


def show(title: str, table: dict[str, dict[str, float]]) -> None:
    """Print one table: microseconds, and in brackets the ratio to the baseline."""
    print(f"\n{title}")
    print(f"{'':16}" + "".join(f"{request:>16}" for request in REQUESTS) + f"{'geomean':>11}")
    for name, row in table.items():
        cells = (f"{row[request]:.0f} ({row[f'{request} ratio']:.2f})" for request in REQUESTS)
        print(f"{name:16}" + "".join(f"{cell:>16}" for cell in cells) + f"{row['geomean']:>11.2f}")


def main() -> int:
    """Run the benchmark; return 1 when a framework does not answer the contract."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=100, help="samples per request (100)")
    parser.add_argument(
        "--only",
        action="append",
        choices=[name for name in PEERS if name != BASELINE],
        help="measure this one, besides the baseline; may be repeated",
    )
    parser.add_argument("--json", metavar="FILE", help="also write the results there")
    parser.add_argument("--seed", type=int, default=0, help="of the shuffling (0)")
    options = parser.parse_args()
    names = [name for name in PEERS if name == BASELINE or name in (options.only or PEERS)]

    missing: dict[str, str] = {}
    subjects: list[Subject] = []
    with (
        tempfile.TemporaryDirectory(prefix="openrest-bench-") as folder,
        asyncio.Runner() as runner,
    ):
        for name in names:
            try:
                subjects.append(load(name, folder, runner))
            except ImportError as error:
                missing[name] = f"{type(error).__name__}: {error}"
            except Broken as error:
                print(f"{name} does not answer the contract, so nothing is measured: {error}")
                return 1
        if not subjects or subjects[0].name != BASELINE:
            print(f"no ratios without {BASELINE}: {missing[BASELINE]}")
            return 1
        measure(subjects, options.rounds, options.seed)
        for subject in subjects:
            subject.client.close()

    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {sys.platform}")
    for subject in subjects:
        print(f"{subject.name}: {versions(PEERS[subject.name][1])}")
    tables = {clock: summary(subjects, clock) for clock in ("cpu", "wall")}
    notes = {"cpu": "the headline", "wall": "with the wait for the disk in `create`"}
    for clock, table in tables.items():
        show(f"{clock} time, {notes[clock]}: microseconds (ratio to {BASELINE})", table)
    for name, reason in missing.items():
        print(f"\nNOT MEASURED: {name}: {reason}")
    if options.json:
        report: dict[str, Any] = {
            "rounds": options.rounds,
            "missing": missing,
            "versions": {each.name: versions(PEERS[each.name][1]) for each in subjects},
            **tables,
        }
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=2)
            file.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
