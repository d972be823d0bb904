"""What a CSV file of a million rows costs: to open, in memory, and to get a record by its key.

Run as ``python -m benchmarks.csv_store``. It fails (exit status 1) beyond the bounds below.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from openrest import models
from openrest.datastore import CSVDataStore
from openrest.query import Condition, Query

#: The name of a figure -> the most that it may be.
BOUNDS = {"open_s": 8.0, "memory_mb": 600.0, "get_us": 50.0}


class Person(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)
    email = models.StringField(required=True)
    age = models.IntegerField(allow_none=True)
    balance = models.DecimalField(places=2, required=True)
    joined = models.DateTimeField(required=True)


def write(path: Path, rows: int) -> None:
    """Write a file of as many people."""
    draw = random.Random(0)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("id,name,email,age,balance,joined\r\n")
        for number in range(1, rows + 1):
            age = draw.choice(["", draw.randrange(18, 99)])
            day = f"2026-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"
            file.write(
                f"{number},Person {number},person{number}@example.org,{age},"
                f"{draw.randrange(10**6) / 100:.2f},{day}T09:30:{draw.randrange(60):02}Z\r\n"
            )


def measure(path: Path, rows: int) -> dict[str, float]:
    """The figures of this process, which has done nothing else."""
    began = time.perf_counter()
    store = CSVDataStore({"path": path}, Person)
    opened = time.perf_counter() - began
    # ru_maxrss is in KiB, but in bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    keys = [random.randrange(1, rows + 1) for _ in range(20_000)]
    gets = []
    for key in keys:
        began = time.perf_counter()
        store.get(key)
        gets.append(time.perf_counter() - began)
    began = time.perf_counter()
    store.count(Query((Condition("age", "gte", 50),)))
    counted = time.perf_counter() - began
    began = time.perf_counter()
    store.update(rows // 2, lambda record: {**record, "age": 50})
    updated = time.perf_counter() - began
    return {
        "open_s": opened,
        "memory_mb": memory,
        "get_us": statistics.median(gets) * 1e6,
        "get_p99_us": statistics.quantiles(gets, n=100)[-1] * 1e6,
        "count_by_a_filter_s": counted,
        "update_s": updated,
        "memory_after_a_write_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
    }


def main() -> int:
    """Write the file, and measure in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.file:
        print(json.dumps(measure(options.file, options.rows)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "people.csv")
        write(path, options.rows)
        print(f"{options.rows} rows, {os.path.getsize(path) / 2**20:.0f} MB")
        command = [sys.executable, "-m", "benchmarks.csv_store", "--file", str(path)]
        command += ["--rows", str(options.rows)]
        figures = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    for name, figure in figures.items():
        print(f"{name:26}{figure:10.1f}" + (f"  of {BOUNDS[name]:g}" if name in BOUNDS else ""))
    return int(any(figures[name] > most for name, most in BOUNDS.items()))


if __name__ == "__main__":
    sys.exit(main())
