"""What starting costs: CPU and memory of a fresh process with ten resources and the document.

Run as ``python -m benchmarks.start``. The whole interpreter is counted, as ``python alone``
shows.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

from .startup import RESOURCES, STARTS


def once(name: str) -> tuple[float, float]:
    """Start ``name`` in a fresh process; return its CPU in ms and its largest RSS in MB."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.startup", name],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # An installed package has its bytecode, so the first run may write that of this checkout.
        env={name: v for name, v in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    ) as process:
        # Read to the end before waiting; wait4 is the one call that reports a single child.
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError((errors.strip().splitlines() or ["no message"])[-1])
    # ru_maxrss is in KiB, but in bytes on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return (usage.ru_utime + usage.ru_stime) * 1_000, usage.ru_maxrss / unit


def main() -> int:
    """Measure every framework that starts, and say which did not."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=7, help="processes per framework (7)")
    parser.add_argument("--only", action="append", choices=list(STARTS))
    parser.add_argument("--json", metavar="FILE", help="also write the results there")
    options = parser.parse_args()

    names = options.only or list(STARTS)
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    missing: dict[str, str] = {}
    # The first round only brings files into the page cache and writes the .pyc files.
    for run in range(options.runs + 1):
        for name in names:
            if name in missing:
                continue
            try:
                sample = once(name)
            except RuntimeError as error:
                missing[name] = str(error)
                continue
            if run:
                samples[name].append(sample)

    table = {
        name: {
            "cpu_ms": statistics.median(cpu for cpu, _ in taken),
            "rss_mb": statistics.median(rss for _, rss in taken),
        }
        for name, taken in samples.items()
        if taken
    }
    print(f"{RESOURCES} resources and their document, median of {options.runs} processes")
    print(f"{'':16}{'CPU ms':>8}{'max RSS MB':>12}")
    for name, row in table.items():
        print(f"{name:16}{row['cpu_ms']:>8.0f}{row['rss_mb']:>12.1f}")
    for name, reason in missing.items():
        print(f"NOT MEASURED: {name}: {reason}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"runs": options.runs, "missing": missing, "start": table}, file, indent=2)
            file.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
