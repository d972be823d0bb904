"""Processes that write a CSV file, for the tests of CSVDataStore.

``python csv_writer.py FILE count TIMES`` counts, and ``python csv_writer.py FILE kill`` writes once
for each step that a write has, and is killed there: it says after each what the file has become.
With ``together`` in the place of ``kill`` it writes twice in one step.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openrest import models
from openrest.datastore import CSVDataStore

#: What a write asks of the system, in any order.
STEPS = (
    "open", "pread", "pwrite", "fsync", "fstat", "ftruncate", "fchmod", "unlink", "replace",
    "close", "stat",
)  # fmt: skip


class Entry(models.Model):
    fields = [
        models.PkField(name="id"),
        models.StringField(name="text", required=True),
        models.IntegerField(name="value", required=True),
    ]


def count(path: str, times: int) -> None:
    """Add `times` to the value of the first entry, one at a time, and as many entries."""
    store = CSVDataStore({"path": path, "timeout": 60}, Entry)
    for _ in range(times):
        store.update(1, lambda record: {**record, "value": record["value"] + 1})
        store.insert({"text": f"of {os.getpid()}", "value": 0})


def killed_before(step: int, write: Callable[[], object]) -> bool:
    """Whether a child that writes was killed before so many steps, and not done by then."""
    child = os.fork()
    if child == 0:
        left = [step]

        def counted(call: Callable[..., Any]) -> Callable[..., Any]:
            def run(*args: Any, **options: Any) -> Any:
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return call(*args, **options)

            return run

        for name in STEPS:
            setattr(os, name, counted(getattr(os, name)))
        write()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def kill_at_each_step(path: str, *, together: bool) -> None:
    """Write, and be killed, at one step after the other."""
    store = CSVDataStore({"path": path}, Entry)

    def insert() -> None:
        store.insert({"text": "new", "value": 0})

    def insert_and_update() -> None:
        insert()
        store.update(1, lambda record: {**record, "value": record["value"] + 1})

    def write() -> None:
        if together:
            store.together(insert_and_update)
        else:
            insert()

    step = 0
    while killed_before(step, write):
        left = ",".join(sorted(os.listdir(Path(path).parent)))
        sys.stdout.write(f"{left} {Path(path).read_bytes().hex()}\n")
        step += 1
    sys.stdout.write(f"done {Path(path).read_bytes().hex()}\n")


if __name__ == "__main__":
    if sys.argv[2] == "count":
        count(sys.argv[1], int(sys.argv[3]))
    else:
        kill_at_each_step(sys.argv[1], together=sys.argv[2] == "together")
