"""The store of the guide, on a real Redis: ``OPENREST_TEST_REDIS`` says where it is."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from typing import Any

import pytest
import redis
from marshmallow import Schema

from examples.redis_store import RedisDataStore, Visit, Visits
from openrest.controllers import WSGIDispatcher
from openrest.errors import StoreUnavailable
from openrest.interfaces import DataStore, Record, StoreValidator
from openrest.query import Query
from openrest.testing import StoreContract
from openrest.testing.contract import check_contract
from tests.needs import CI, fuzzed_in_ci, missing
from tests.own_servers import own_server

URL = os.environ.get("OPENREST_TEST_REDIS", "redis://127.0.0.1:6379")


@pytest.fixture(scope="module")
def prefix() -> Iterator[str]:
    """What the names of a test begin with, in a database that others may use."""
    connection = redis.Redis.from_url(URL)
    try:
        connection.ping()
    except redis.ConnectionError as error:
        missing(f"no Redis at {URL}, which OPENREST_TEST_REDIS may name: {error}")
    name = f"openrest-test-{uuid.uuid4()}"
    yield name
    for key in connection.scan_iter(f"{name}*"):
        connection.delete(key)
    connection.close()


class TestRedisDataStore(StoreContract):
    @pytest.fixture(autouse=True)
    def names(self, prefix: str, request: pytest.FixtureRequest) -> None:
        self.names = (f"{prefix}:{uuid.uuid4()}" for _ in itertools.count())

    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        store = RedisDataStore({"url": URL, "name": next(self.names)}, model, validators)
        store.insert_many(seed)
        return store


#: How often each of four processes changes one record.
TIMES = 2500 if CI else 50


def count_up(name: str, times: int) -> None:
    store = RedisDataStore({"url": URL, "name": name}, Visit)
    for number in range(times):
        store.update(1, lambda visit: {**visit, "seconds": visit["seconds"] + 1})
        if number < 50:
            store.insert({"page": "/"})


def test_many_processes_lose_no_change_and_give_no_key_twice(prefix: str) -> None:
    name = f"{prefix}:counted"
    store = RedisDataStore({"url": URL, "name": name}, Visit)
    store.insert({"page": "/", "seconds": 0})
    spawn = get_context("spawn")
    processes = [spawn.Process(target=count_up, args=(name, TIMES)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert store.get(1)["seconds"] == 4 * TIMES
    assert [visit["id"] for visit in store.find(Query())] == [*range(1, 202)]


def test_a_redis_that_is_stopped_and_started_loses_nothing_that_was_acknowledged() -> None:
    with own_server("redis") as server:
        store = RedisDataStore({"url": server.url, "name": "kept"}, Visit)
        acknowledged: list[Record] = []
        refused: list[Exception] = []
        end = threading.Event()

        def write() -> None:
            while not end.is_set():
                try:
                    acknowledged.append(store.insert({"page": "/"}))
                except Exception as error:
                    refused.append(error)
                    time.sleep(0.01)

        def wait_for(known: list[Any], more: int) -> None:
            deadline, wanted = time.monotonic() + 60, len(known) + more
            while len(known) < wanted:
                assert time.monotonic() < deadline
                time.sleep(0.01)

        threads = [threading.Thread(target=write) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in (signal.SIGTERM, signal.SIGKILL):
            wait_for(acknowledged, 20)
            server.stop(number)
            wait_for(refused, 5)
            server.start()
        wait_for(acknowledged, 20)
        end.set()
        for thread in threads:
            thread.join()
        assert {type(error) for error in refused} == {StoreUnavailable}
        kept = {record["id"]: record for record in store.find(Query())}
        assert [kept[record["id"]] for record in acknowledged] == acknowledged


def test_a_redis_that_is_away_is_an_unavailable_store() -> None:
    store: Any = RedisDataStore({"url": "redis://127.0.0.1:1", "name": "nowhere"}, Visit)
    for attempt in (
        lambda: store.find(Query()),
        lambda: store.get(1),
        lambda: store.insert({"page": "/"}),
        lambda: store.delete(1),
        store.ping,
    ):
        with pytest.raises(StoreUnavailable):
            attempt()


@fuzzed_in_ci
def test_the_document_tells_the_truth(prefix: str) -> None:
    store = RedisDataStore({"url": URL, "name": f"{prefix}:fuzzed"}, Visit)

    class Kept(Visits):
        resource = {"resource_name": "visits", "model": Visit, "datastore": store}

    check_contract(WSGIDispatcher([Kept], debug=True), examples=5, seed=1)
