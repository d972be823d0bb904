"""SQLiteDataStore among threads and processes that share a file, and lose one another."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from openrest.datastore import SQLiteDataStore
from openrest.query import Query
from tests.datastore.writer import Counter, Entry, count

WRITER = Path(__file__).with_name("writer.py")


@pytest.fixture
def path(tmp_path: Path) -> str:
    path = str(tmp_path / "shared.db")
    counters = SQLiteDataStore({"name": path, "table": "counters"}, Counter)
    counters.insert({"name": "c", "value": 0})
    return path


def written(path: str) -> tuple[int, list[int]]:
    """The value of the counter, and the keys of the entries."""
    counters = SQLiteDataStore({"name": path, "table": "counters"}, Counter)
    entries = SQLiteDataStore({"name": path, "table": "entries"}, Entry)
    return counters.get("c")["value"], [entry["id"] for entry in entries.find(Query())]


def writer(path: str, what: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, WRITER, path, what], stdout=subprocess.PIPE, text=True)


def test_sixteen_threads_lose_nothing_and_none_is_turned_away(path: str) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            count(path, 10)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert written(path) == (160, list(range(1, 161)))


def test_four_processes_lose_nothing_and_none_is_turned_away(path: str) -> None:
    writers = [writer(path, "counts") for _ in range(4)]
    assert [process.communicate()[0] for process in writers] == [""] * 4
    assert [process.returncode for process in writers] == [0] * 4
    assert written(path) == (100, list(range(1, 101)))


def test_what_a_killed_process_has_acknowledged_is_there(path: str) -> None:
    process = writer(path, "forever")
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(50)]
    process.send_signal(signal.SIGKILL)
    # The last line may have been cut off in the middle.
    rest = process.communicate()[0].rpartition("\n")[0]
    acknowledged += map(int, rest.split())
    assert process.returncode == -signal.SIGKILL
    assert set(acknowledged) <= set(written(path)[1])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


FORK = """
import os, sys
from tests.datastore.writer import Entry
from openrest.datastore import SQLiteDataStore
from openrest.errors import StoreError
from openrest.query import Query

store = SQLiteDataStore({"name": sys.argv[1], "table": "entries"}, Entry)
assert store.insert({"text": "before the fork"})["id"] == 1
child = os.fork()
for _ in range(10):
    store.insert({"text": "of the child" if child == 0 else "of the parent"})
if child == 0:
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
assert store.count(Query()) == 21
"""

FORK_IN_A_TRANSACTION = """
import os, sys, threading
from tests.datastore.writer import Entry
from openrest.datastore import SQLiteDataStore
from openrest.errors import StoreError
from openrest.query import Query

store = SQLiteDataStore({"name": sys.argv[1], "table": "entries"}, Entry)
assert store.insert({"text": "before the fork"})["id"] == 1
changing, forked = threading.Event(), threading.Event()

def slow(record):
    changing.set()
    forked.wait()
    return {**record, "text": "changed"}

thread = threading.Thread(target=store.update, args=(1, slow))
thread.start()
changing.wait()
child = os.fork()
if child == 0:
    for _ in range(2):
        try:
            store.insert({"text": "of the child"})
        except StoreError as error:
            assert str(error) == sys.argv[1] + (
                ": the process had it open in other threads when it was forked, and SQLite "
                "cannot be used in this child of it. Fork before such threads start."
            )
        else:
            os._exit(1)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
forked.set()
thread.join()
assert store.get(1)["text"] == "changed"
assert store.insert({"text": "after the fork"})["id"] == 2
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.parametrize("script", [FORK, FORK_IN_A_TRANSACTION], ids=["idle", "in a transaction"])
def test_a_forked_child_uses_no_connection_of_its_parent(tmp_path: Path, script: str) -> None:
    path = str(tmp_path / "shared.db")
    # To fork a process with threads is what Python warns of since 3.12, and what servers do.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
