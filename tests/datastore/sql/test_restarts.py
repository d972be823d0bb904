"""A database that is stopped and started again while it is used."""

from __future__ import annotations

import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from openrest.datastore import SQLDataStore
from openrest.errors import StoreUnavailable
from openrest.query import Query
from tests.datastore.sql.writer import Counter as CounterModel
from tests.needs import CI, only_in_ci
from tests.own_servers import OwnServer, own_server
from tests.serving.servers import Server, openrest_run

SIGNALS = {"postgresql": signal.SIGINT, "mariadb": signal.SIGTERM}
#: How many threads write, and ask for lists.
THREADS = 6

APP = """
import os
from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLDataStore
from openrest.idempotency import Idempotency
from openrest.views import JsonResponse

class Thing(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)

class Things(Controller):
    resource = {
        "resource_name": "things",
        "resource": {"url": os.environ["URL"], "table": "things"},
        "model": Thing,
        "datastore": SQLDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET"],
        "options": {"idempotency": Idempotency()},
    }
    view = {"response_class": JsonResponse}

app = WSGIDispatcher([Things], health=True)
"""


@contextmanager
def running(kind: str) -> Iterator[OwnServer]:
    with own_server(kind) as server:
        _wait_for(server)
        yield server


def _wait_for(server: OwnServer) -> None:
    """Wait until it takes statements: it listens before that."""
    url = sa.make_url(server.url)
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": 5})
    deadline = time.monotonic() + 60
    while True:
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
            return
        except sa.exc.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def failures(server: Server) -> str:
    """What the log of a server says of its answers with 500."""
    log = server.log.read_text()
    return log[max(0, log.find(" failed: urn:uuid") - 200) :][:6000]


class Load:
    """Threads that write all the while, each thing until it is acknowledged, and read."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.acknowledged: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0
        self.without_retry_after = 0
        self._end = threading.Event()
        targets = [self._write] * THREADS + [self._read] * 2
        self._threads = [threading.Thread(target=target) for target in targets]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, *args: Any, **headers: str) -> int:
        start = time.monotonic()
        answer = self.server.ask(*args, **headers)
        self.slowest = max(self.slowest, time.monotonic() - start)
        self.statuses[answer.status] += 1
        if answer.status == 503:
            self.without_retry_after += "Retry-After" not in answer.headers
        return answer.status

    def _write(self) -> None:
        while not self._end.is_set():
            text = str(uuid.uuid4())
            key = {"Idempotency-Key": f'"{text}"'}
            # The same request until it is carried out: nobody knows what became of one that failed.
            while self._ask("POST", "/things", {"text": text}, **key) != 201:
                time.sleep(0.02)
                if self._end.is_set():
                    return
            self.acknowledged.append(text)

    def _read(self) -> None:
        while not self._end.is_set():
            self._ask("GET", "/things?limit=5")

    def goes_on(self) -> None:
        """Wait until as many writes more are acknowledged as there are threads, and then some."""
        wanted = len(self.acknowledged) + 5 * THREADS
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < deadline, self.statuses
            time.sleep(0.02)


@pytest.mark.parametrize("kind", SIGNALS if CI else ["postgresql"])
def test_a_database_that_is_stopped_and_started_under_load_loses_nothing(
    kind: str, tmp_path: Path
) -> None:
    (tmp_path / "restarted.py").write_text(APP)
    with running(kind) as database:
        options = ("--workers", "2", "--threads", "8")
        with (
            openrest_run(tmp_path, "restarted:app", *options, URL=database.url) as server,
            Load(server) as load,
        ):
            for number in (SIGNALS[kind], signal.SIGKILL):
                load.goes_on()
                database.stop(number)
                away = load.statuses[503]
                deadline = time.monotonic() + 30
                while load.statuses[503] < away + 10:
                    assert time.monotonic() < deadline, load.statuses
                    time.sleep(0.02)
                assert server.ask("GET", "/health/ready").status == 503
                assert server.ask("GET", "/health/live").status == 200
                database.start()
                load.goes_on()
        assert set(load.statuses) == {200, 201, 503}, failures(server)
        assert load.without_retry_after == 0
        assert load.slowest < 30
        engine = sa.create_engine(database.url)
        with engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT text FROM things").scalars()
            stored = Counter(rows)
        engine.dispose()
    # All that was acknowledged, and nothing twice.
    assert set(load.acknowledged) <= stored.keys()
    assert set(stored.values()) == {1}


@only_in_ci
@pytest.mark.parametrize("kind", SIGNALS)
def test_a_store_that_is_made_while_its_database_is_away_is_there_with_it(kind: str) -> None:
    with running(kind) as database:
        database.stop(SIGNALS[kind])
        store = None
        with pytest.raises(StoreUnavailable):
            store = SQLDataStore({"url": database.url, "table": "counts"}, CounterModel)
            store.insert({})
        database.start()
        _wait_for(database)
        store = store or SQLDataStore({"url": database.url, "table": "counts"}, CounterModel)
        assert store.insert({})["id"] == 1
        assert store.count(Query()) == 1
