"""A table in the hands of many threads and processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from openrest.datastore import SQLDataStore
from openrest.errors import RecordConflict
from openrest.interfaces import Once, Record
from openrest.query import Query
from tests.datastore.sql.servers import Server
from tests.datastore.sql.writer import THREADS, Counter
from tests.needs import CI

PROCESSES = 4
#: How often each thread counts: 10,016 times in all, and 1,920.
TIMES = {"postgresql": 313, "mariadb": 60} if CI else {"postgresql": 2, "mariadb": 2}


def counters(database: Server, table: str = "") -> SQLDataStore:
    return SQLDataStore({"url": database.url, "table": table or database.table()}, Counter)


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_no_update_is_lost_between_threads_of_processes(
    kind: str, request: pytest.FixtureRequest
) -> None:
    database: Server = request.getfixturevalue(kind)
    store = counters(database)
    store.insert_many([{}, {}])
    command = [sys.executable, "-m", "tests.datastore.sql.writer", database.url, store._name]
    running = [
        subprocess.Popen([*command, f"{TIMES[kind]}"], stderr=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for process in running:
        assert process.communicate(timeout=300)[1] == ""
    counted = [record["count"] for record in store.find(Query())]
    assert sum(counted) == PROCESSES * THREADS * TIMES[kind]


def in_child(action: Callable[[], object]) -> None:
    """Do it in a child of this process, as a server does that forks its workers."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        told = b""
        try:
            action()
        except BaseException as error:
            told = repr(error).encode() or b"?"
        os.write(writer, told)
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        told = pipe.read()
    assert told == b"", told


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_child_has_connections_of_its_own(database: Server) -> None:
    store = counters(database)
    store.insert({"count": 1})

    def write() -> None:
        for _ in range(3):
            store.update(1, lambda record: {**record, "count": record["count"] + 1})
        assert store.get(1)["count"] > 1

    in_child(write)
    assert store.get(1)["count"] == 4
    store.update(1, lambda record: {**record, "total": 1})
    in_child(write)
    assert store.get(1) == {"id": 1, "count": 7, "total": 1}


def test_references_hold_among_stores_of_one_database(database: Server) -> None:
    """A record goes only where no other counts it, and is counted only where it is there."""
    store, other = counters(database), counters(database)
    assert store.atomic_with(other) and other.atomic_with(store)
    store.insert_many([{} for _ in range(6)])

    class Gone(Exception):
        pass

    def refer(key: int) -> None:
        def there(record: Record) -> None:
            store.get(key)

        other.insert({"count": key}, there)

    def remove(key: int) -> None:
        def alone(record: Record) -> None:
            if any(each["count"] == key for each in other.find(Query())):
                raise Gone

        store.delete(key, alone)

    def quietly(action: Callable[[int], None], key: int) -> None:
        try:
            action(key)
        except Exception as error:
            refused.append(error)

    refused: list[Exception] = []
    for key in range(1, 7):
        threads = [
            threading.Thread(target=quietly, args=(action, key)) for action in (refer, remove)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    there = {record["id"] for record in store.find(Query())}
    assert {record["count"] for record in other.find(Query())} <= there
    assert len(refused) == 6
    assert {type(error).__name__ for error in refused} <= {"Gone", "RecordNotFound"}


def test_one_of_many_requests_with_one_key_stores_it(database: Server) -> None:
    store = counters(database)
    store.prepare_once()
    seen: list[Any] = []

    def insert() -> None:
        for number in range(3):
            once = Once(key=f"{number}", fingerprint="x", now=0, until=10)
            seen.append(store.insert_once(once, [{"count": number}], lambda record: None))

    threads = [threading.Thread(target=insert) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(record["count"] for record in store.find(Query())) == [0, 1, 2]
    assert sum(not replayed for _, replayed in seen) == 3
    assert len(seen) == 18


def test_stores_of_one_url_share_a_pool(database: Server) -> None:
    one, two = counters(database), counters(database)
    assert one._pool is two._pool


def test_a_conflict_says_which_of_many(database: Server) -> None:
    store = counters(database)
    store.insert({"id": 7})
    with pytest.raises(RecordConflict) as caught:
        store.insert_many([{"id": 8}, {"id": 7}])
    assert (caught.value.members, caught.value.index) == (("id",), 1)
    assert store.count(Query()) == 1
