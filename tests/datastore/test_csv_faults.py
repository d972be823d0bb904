"""CSVDataStore and what goes wrong: full disks, read-only files, killed writers."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from openrest.datastore import CSVDataStore
from openrest.datastore.csv_file import Signature
from openrest.errors import ConfigurationError, StoreUnavailable
from openrest.interfaces import Record
from openrest.query import Query
from openrest.store_time import TIME_IS_UP
from tests.datastore.csv_writer import Entry, count
from tests.needs import CI

WRITER = Path(__file__).with_name("csv_writer.py")
HEADER = "id,text,value\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "entries.csv"
    path.write_bytes(f"{HEADER}1,first,0\r\n".encode())
    return path


def entries(path: Path) -> CSVDataStore:
    return CSVDataStore({"path": path}, Entry)


def test_processes_and_threads_that_write_one_file_lose_nothing(path: Path) -> None:
    each = 25 if CI else 10
    command = [sys.executable, str(WRITER), str(path), "count", str(each)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    # Each with a store of its own, and readers that never see half a file.
    threads = [threading.Thread(target=count, args=(str(path), each)) for _ in range(2)]
    for thread in threads:
        thread.start()
    store, seen = entries(path), [0]
    while any(writer.poll() is None for writer in writers):
        seen.append(store.count(Query()))
    for thread in threads:
        thread.join()
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [(b"", 0)] * 2
    assert seen == sorted(seen)
    records = list(entries(path).find(Query()))
    assert records[0] == {"id": 1, "text": "first", "value": 4 * each}
    assert [record["id"] for record in records] == list(range(1, 4 * each + 2))


def test_a_writer_that_is_killed_at_any_step_leaves_the_old_file_or_the_new_one(
    path: Path,
) -> None:
    before = path.read_bytes()
    done = subprocess.run(
        [sys.executable, str(WRITER), str(path), "kill"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    *killed, last = [line.split(" ") for line in done.stdout.splitlines()]
    assert len(killed) > 10
    contents = [before, *(bytes.fromhex(content) for _, content in killed)]
    for old, new in zip(contents, contents[1:], strict=False):
        # Nothing, or one whole row more.
        assert new == old or (new.startswith(old) and new.endswith(b",new,0\r\n"))
    assert before in contents[1:] and contents[-1] != before
    assert any("entries.csv.new" in names for names, _ in killed)
    assert last[0] == "done"
    # No key was given twice, and nothing is left of those that were killed.
    keys = [record["id"] for record in entries(path).find(Query())]
    assert keys == sorted(set(keys))
    assert sorted(os.listdir(path.parent)) == ["entries.csv", "entries.csv.lock"]
    assert entries(path).insert({"text": "next", "value": 1})["id"] > keys[-1]


def test_a_writer_that_is_killed_writes_all_of_a_step_or_nothing(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(WRITER), str(path), "together"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    contents = [bytes.fromhex(line.split(" ")[1]) for line in done.stdout.splitlines()]
    assert len(contents) > 10
    # The first entry counts the entries that were added in the same steps.
    values = [int(content.splitlines()[1].split(b",")[2]) for content in contents]
    assert [content.count(b",new,0\r\n") for content in contents] == values
    assert (values[0], values[-1] > 0) == (0, True)


def test_what_another_program_writes_within_a_change_is_kept_though_readers_have_it(
    path: Path,
) -> None:
    store = entries(path)
    theirs = path.read_bytes() + b"2,theirs,0\r\n"

    def change(record: Record) -> Record:
        path.write_bytes(theirs)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(store.get, 2).result()["text"] == "theirs"
        return {**record, "value": 1}

    with pytest.raises(StoreUnavailable):
        store.update(1, change)
    assert path.read_bytes() == theirs
    assert [record["value"] for record in store.find(Query())] == [0, 0]


def test_a_full_disk_leaves_the_file_as_it_was(small: Path) -> None:
    path = small / "entries.csv"
    store = entries(path)
    store.insert({"text": "x" * 30_000, "value": 1})
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as caught:
            store.insert({"text": "y" * 20_000, "value": 2})
        assert str(caught.value) == f"{path}: No space left on device"
    assert path.read_bytes() == before
    assert sorted(os.listdir(small)) == ["entries.csv", "entries.csv.lock"]
    assert store.count(Query()) == 1
    # Once there is room again, it goes on.
    subprocess.run(["mount", "-o", "remount,size=1m", small], check=True)
    assert store.insert({"text": "y" * 20_000, "value": 2})["value"] == 2


def test_a_file_system_that_is_read_only_is_read(small: Path) -> None:
    path = small / "entries.csv"
    path.write_text(f"{HEADER}1,first,0\r\n")
    subprocess.run(["mount", "-o", "remount,ro", small], check=True)
    store = entries(path)
    assert store.get(1)["text"] == "first"
    with pytest.raises(StoreUnavailable) as caught:
        store.delete(1)
    assert str(caught.value) == f"{path}: Read-only file system"
    with pytest.raises(ConfigurationError) as refused:
        entries(small / "missing.csv")
    missing_file = small / "missing.csv"
    assert str(refused.value) == (
        f"the file {str(missing_file)!r}: {missing_file}: Read-only file system."
    )


def test_a_read_only_file_is_read_and_not_replaced(path: Path) -> None:
    path.chmod(0o444)
    store = entries(path)
    assert store.get(1)["text"] == "first"
    for _ in range(2):
        with pytest.raises(StoreUnavailable) as caught:
            store.update(1, lambda record: {**record, "value": 7})
        assert str(caught.value) == f"{path}: the file is read-only"
    assert path.read_text().splitlines()[1] == "1,first,0"
    path.chmod(0o644)
    assert store.update(1, lambda record: {**record, "value": 7})["value"] == 7


def test_a_write_waits_for_another_process_and_not_for_ever(path: Path) -> None:
    store = CSVDataStore({"path": path, "timeout": 0.1}, Entry)
    held = entries(path)
    with held._file.locked(), pytest.raises(StoreUnavailable) as caught:
        store.insert({"text": "new", "value": 0})
    assert str(caught.value) == f"{path}: another process is writing"
    assert store.insert({"text": "new", "value": 0})["id"] == 2


def test_a_write_waits_no_longer_than_its_request_may(path: Path) -> None:
    store = CSVDataStore({"path": path, "timeout": 30}, Entry)
    held = entries(path)
    start = time.monotonic()
    token = TIME_IS_UP.set(start + 0.1)
    with held._file.locked(), pytest.raises(StoreUnavailable, match="another process is writing"):
        store.insert({"text": "new", "value": 0})
    TIME_IS_UP.reset(token)
    assert time.monotonic() - start < 10


def test_a_file_that_is_being_written_is_not_served_by_halves(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = entries(path)
    still = store._file.is_still
    path.write_text(f"{HEADER}1,first")

    def written_on(file: io.BufferedReader, before: Signature) -> bool:
        path.write_text(f"{HEADER}1,first,{len(asked)}\r\n" + "2,second,2\r\n" * len(asked))
        asked.append(1)
        return still(file, before)

    asked = [0] * 1000
    monkeypatch.setattr(store._file, "is_still", written_on)
    with pytest.raises(StoreUnavailable) as caught:
        store.get(1)
    assert str(caught.value) == f"{path}: another program is writing it"
    monkeypatch.undo()
    path.write_text(f"{HEADER}1,first,7\r\n")
    assert store.get(1)["value"] == 7


def test_readers_do_not_wait_for_a_change(path: Path) -> None:
    store = entries(path)
    changing, read = threading.Event(), threading.Event()

    def slow(record: dict[str, object]) -> dict[str, object]:
        changing.set()
        assert read.wait(30)
        return {**record, "text": "changed"}

    thread = threading.Thread(target=store.update, args=(1, slow))
    thread.start()
    assert changing.wait(30)
    assert store.get(1)["text"] == "first"
    read.set()
    thread.join()
    assert store.get(1)["text"] == "changed"


FORK = """
import os, sys, threading
from openrest.datastore import CSVDataStore
from tests.datastore.csv_writer import Entry

store = CSVDataStore({"path": sys.argv[1]}, Entry)
changing, forked = threading.Event(), threading.Event()

def slow(record):
    changing.set()
    forked.wait()
    return {**record, "text": "of the parent"}

thread = threading.Thread(target=store.update, args=(1, slow))
thread.start()
changing.wait()
child = os.fork()
if child == 0:
    store.insert({"text": "of the child", "value": 0})
    os._exit(0)
forked.set()
thread.join()
assert os.waitpid(child, 0)[1] == 0
assert [store.get(key)["text"] for key in (1, 2)] == ["of the parent", "of the child"]
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_child_that_is_forked_in_a_write_waits_for_it(path: Path) -> None:
    # To fork a process with threads is what Python warns of since 3.12, and what servers do.
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORK, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
