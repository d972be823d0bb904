"""What SQLDataStore does when something goes wrong, on real servers."""

from __future__ import annotations

import gc
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLDataStore
from openrest.errors import (
    ConfigurationError,
    ContractError,
    RecordNotFound,
    StoreError,
    StoreUnavailable,
)
from openrest.interfaces import Once, Record
from openrest.query import Query
from openrest.store_time import NO_TIME_LEFT, TIME_IS_UP
from openrest.views import JsonResponse
from tests.contract.client import Client
from tests.datastore.sql.servers import Server
from tests.needs import only_in_ci


class Tweet(models.Model):
    fields = [
        models.PkField(name="id"),
        models.StringField(name="text", required=True),
        models.IntegerField(name="likes", load_default=0),
    ]


@pytest.fixture(params=["postgresql", "mariadb"])
def running(request: pytest.FixtureRequest) -> Server:
    """Each server, one after the other."""
    database: Server = request.getfixturevalue(request.param)
    return database


def tweets(database: Server, table: str = "", **options: Any) -> SQLDataStore:
    table = table or database.table()
    url = sa.make_url(database.url)
    if options:  # which are those of one pool
        name = "application_name" if database.kind == "postgresql" else "program_name"
        url = url.update_query_dict({name: table})
    return SQLDataStore({"url": url, "table": table, **options}, Tweet)


def end_connections(database: Server, *, but: str = "") -> int:
    """End all connections of this process to the server but this one; how many there were."""
    if database.kind == "postgresql":
        return len(
            database.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                "pg_backend_pid() AND application_name = %s",
                (APPLICATION,),
            )
        )
    found = database.run(
        "SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND user = %s",
        (USER,),
    )
    for (number,) in found:
        try:
            database.run(f"KILL {number}")
        except sa.exc.DBAPIError:
            pass  # it has ended by itself
    return len(found)


#: By these the connections of the test are known, so that those of other tests stay.
APPLICATION = f"openrest-{os.getpid()}"
USER = f"openrest_{os.getpid()}"


@pytest.fixture
def known(running: Server) -> Iterator[Server]:
    """The server, with a URL by which its connections are told from others."""
    url = sa.make_url(running.url)
    if running.kind == "postgresql":
        url = url.update_query_dict({"application_name": APPLICATION})
    else:
        for sql in (
            f"CREATE USER IF NOT EXISTS {USER}",
            f"GRANT ALL ON {url.database}.* TO {USER}",
        ):
            running.run(sql)
        url = url.set(username=USER)
    plain, running.url = running.url, url.render_as_string(hide_password=False)
    yield running
    running.url = plain
    if running.kind == "mariadb":
        running.run(f"DROP USER IF EXISTS {USER}")


class Gate:
    """A way to a server that can be closed: existing connections break, new ones are refused.

    While it `is_silent` it takes what comes and hands nothing on; while it `drips`, 1 kB a second.
    """

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._pairs: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.is_silent = False
        self.drips = False
        self.port = 0
        self.open()

    def open(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        self.is_silent = self.drips = False
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for each in self._pairs:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()
        self._pairs.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(self._to)
            except OSError:
                return
            self._pairs += [client, server]
            for one, other in ((client, server), (server, client)):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._copy, args=(one, other), daemon=True).start()

    def _copy(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(65536):
                while data:
                    while self.is_silent:
                        time.sleep(0.01)
                    some = 50 if self.drips else len(data)
                    other.sendall(data[:some])
                    data = data[some:]
                    if data:
                        time.sleep(0.05)
        except OSError:
            pass
        for each in (one, other):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@pytest.fixture
def gate(running: Server) -> Iterator[Gate]:
    url = sa.make_url(running.url)
    made = Gate(url.host or "127.0.0.1", url.port or 0)
    plain = running.url
    running.url = url.set(host="127.0.0.1", port=made.port).render_as_string(hide_password=False)
    yield made
    made.close()
    running.url = plain


def test_a_database_that_is_away_is_unavailable_until_it_is_back(
    running: Server, gate: Gate
) -> None:
    store = tweets(running)
    store.insert({"text": "one"})
    gate.close()
    for action in (
        lambda: store.get(1),
        lambda: store.find(Query()),
        lambda: list(store.stream(Query())),
        lambda: store.insert({"text": "two"}),
        lambda: store.update(1, dict),
        lambda: store.delete(1),
    ):
        with pytest.raises(StoreUnavailable):
            action()
    gate.open()
    assert store.get(1)["text"] == "one"
    assert store.insert({"text": "two"})["text"] == "two"


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a database that is silent be given up soon after its time."""
    monkeypatch.setattr("openrest.datastore.sql.pool.GRACE", 0.3)


class Within:
    """What is done in this takes at least and at most so many seconds."""

    def __init__(self, least: float, most: float) -> None:
        self._least, self._most = least, most

    def __enter__(self) -> None:
        self._begun = time.monotonic()

    def __exit__(self, *_: object) -> None:
        assert self._least <= time.monotonic() - self._begun <= self._most


@pytest.mark.usefixtures("hasty")
def test_a_database_that_is_silent_is_unavailable_when_a_statement_is_late(
    running: Server, gate: Gate
) -> None:
    store = tweets(running, statement_timeout=0.7, pool_size=1)
    store.insert({"text": "one"})
    for action in (
        lambda: store.get(1),
        lambda: list(store.stream(Query())),
        lambda: store.insert({"text": "two"}),
        lambda: store.update(1, dict),
    ):
        gate.is_silent = True
        with Within(1, 4), pytest.raises(StoreUnavailable, match="does not answer in time"):
            action()
        gate.is_silent = False
        assert store.get(1)["text"] == "one"


@pytest.mark.usefixtures("hasty")
def test_a_database_that_is_silent_is_unavailable_when_a_request_is_late(
    running: Server, gate: Gate
) -> None:
    table = running.table()

    class Tweets(Controller):
        resource = {
            "resource_name": "tweets",
            "resource": {"url": running.url, "table": table},
            "model": Tweet,
            "datastore": SQLDataStore,
        }
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT"]}
        view = {"response_class": JsonResponse}

    client = Client(WSGIDispatcher([Tweets], max_store_seconds=1))
    assert client.post("/tweets", {"text": "one"}).status == 201
    for method, path in (("GET", "/tweets"), ("POST", "/tweets"), ("PUT", "/tweets/1")):
        gate.is_silent = True
        with Within(1, 4):
            told = client.send(method, path, None if method == "GET" else {"text": "one"})
        assert told.status == 503
        gate.is_silent = False
        assert client.get("/tweets/1").status == 200


@pytest.mark.usefixtures("hasty")
def test_a_connection_that_nobody_answers_comes_about_in_the_time_of_its_request(
    running: Server, gate: Gate
) -> None:
    store = tweets(running, connect_timeout=20)
    store.insert({"text": "one"})
    store.close()
    gate.is_silent = True
    token = TIME_IS_UP.set(time.monotonic() + 2)
    with Within(1, 4), pytest.raises(StoreUnavailable):
        store.get(1)
    TIME_IS_UP.reset(token)
    gate.is_silent = False
    assert store.get(1)["text"] == "one"


@pytest.mark.usefixtures("hasty")
def test_a_database_that_answers_a_byte_at_a_time_is_unavailable(
    running: Server, gate: Gate
) -> None:
    store = tweets(running, statement_timeout=0.7)
    store.insert_many([{"text": "x" * 50} for _ in range(100)])
    gate.drips = True
    with Within(1, 4), pytest.raises(StoreUnavailable, match="does not answer in time"):
        store.find(Query())
    gate.drips = False
    assert store.count(Query()) == 100


@pytest.mark.usefixtures("hasty")
def test_a_commit_that_a_silent_database_does_not_answer_is_not_repeated(
    running: Server, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tweets(running, statement_timeout=0.7)
    store.insert({"text": "one"})
    execute = store._pool._execute

    def silence(connection: Any, sql: str, values: Any) -> Any:
        gate.is_silent = sql == "COMMIT"
        return execute(connection, sql, values)

    monkeypatch.setattr(store._pool, "_execute", silence)
    with Within(1, 4), pytest.raises(StoreUnavailable, match="nobody knows whether the last write"):
        store.update(1, dict)
    gate.is_silent = False
    assert store.get(1)["text"] == "one"


@only_in_ci
@pytest.mark.usefixtures("hasty")
def test_a_stream_ends_when_the_database_is_silent_and_not_when_its_request_is_late(
    running: Server, gate: Gate
) -> None:
    store = tweets(running, statement_timeout=0.7)
    store.insert_many([{"text": "x" * 20_000} for _ in range(1000)])
    token = TIME_IS_UP.set(time.monotonic() + 0.1)
    stream = store.stream(Query())
    next(stream)
    time.sleep(1.2)  # longer than a statement may take: nobody has asked for more
    assert len([next(stream) for _ in range(500)]) == 500
    gate.is_silent = True
    with Within(1, 4), pytest.raises(StoreUnavailable, match="does not answer in time"):
        list(stream)
    TIME_IS_UP.reset(token)
    gate.is_silent = False
    assert store.count(Query()) == 1000


def test_a_database_that_is_away_when_the_store_is_made_is_unavailable() -> None:
    for scheme in ("postgresql", "mysql"):
        resource = {"url": f"{scheme}://user:secret@127.0.0.1:1/x", "table": "t"}
        with pytest.raises(StoreUnavailable) as caught:
            SQLDataStore(resource, Tweet)
        assert "127.0.0.1:1/x" in str(caught.value)
        assert "secret" not in str(caught.value)


def test_a_reader_does_not_notice_that_idle_connections_were_ended(known: Server) -> None:
    store = tweets(known)
    store.insert({"text": "one"})
    assert end_connections(known) >= 1
    assert store.get(1)["text"] == "one"
    assert end_connections(known) >= 1
    assert store.update(1, lambda record: {**record, "likes": 1})["likes"] == 1
    assert end_connections(known) >= 1
    assert [*store.stream(Query())] == [store.get(1)]


def test_a_write_on_a_connection_that_was_ended_is_not_repeated(known: Server) -> None:
    store = tweets(known)
    store.insert({"text": "one"})
    end_connections(known)
    with pytest.raises(StoreUnavailable):
        store.insert({"text": "two"})
    assert store.insert({"text": "three"})["text"] == "three"
    assert [each["text"] for each in store.find(Query())] == ["one", "three"]


def test_a_connection_that_is_cut_within_a_change_undoes_it(known: Server) -> None:
    store = tweets(known)
    store.insert({"text": "one"})

    def cut(record: Record) -> Record:
        end_connections(known)
        return {**record, "likes": 1}

    with pytest.raises(StoreUnavailable):
        store.update(1, cut)
    assert store.get(1)["likes"] == 0
    assert store.update(1, lambda record: {**record, "likes": 2})["likes"] == 2


def test_a_commit_that_is_not_answered_is_not_repeated(
    running: Server, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tweets(running)
    store.insert({"text": "one"})
    calls = []
    execute = store._pool._execute

    def cut(connection: Any, sql: str, values: Any) -> Any:
        if sql == "COMMIT":
            gate.close()
        return execute(connection, sql, values)

    def change(record: Record) -> Record:
        calls.append(record)
        return {**record, "likes": 1}

    monkeypatch.setattr(store._pool, "_execute", cut)
    with pytest.raises(StoreUnavailable) as caught:
        store.update(1, change)
    assert "nobody knows whether the last write was stored" in str(caught.value)
    assert len(calls) == 1


def test_a_pool_whose_connections_are_all_in_use_is_unavailable(running: Server) -> None:
    store = tweets(running, pool_size=1, pool_timeout=0.1)
    store.insert({"text": "one"})
    changing, done = threading.Event(), threading.Event()

    def slow(record: Record) -> Record:
        changing.set()
        done.wait(30)
        return record

    thread = threading.Thread(target=store.update, args=(1, slow))
    thread.start()
    changing.wait(30)
    with pytest.raises(StoreUnavailable) as caught:
        store.get(1)
    assert str(caught.value).endswith("all connections of the pool are in use")
    done.set()
    thread.join()
    assert store.get(1)["text"] == "one"


def test_a_stream_takes_no_connection_of_the_pool(running: Server) -> None:
    store = tweets(running, pool_size=1, pool_timeout=0.1)
    store.insert_many([{"text": f"{number}"} for number in range(600)])
    stream = store.stream(Query())
    assert next(stream)["text"] == "0"
    assert store.get(1)["text"] == "0"
    store.delete(600)
    assert len([*stream]) == 599


@only_in_ci
def test_a_stream_that_is_given_up_ends_its_connection(known: Server) -> None:
    store = tweets(known)
    store.insert_many([{"text": "x" * 1000} for _ in range(5000)])
    store.close()
    stream = store.stream(Query())
    next(stream)
    getattr(stream, "close", list)()
    gc.collect()
    time.sleep(0.1)
    assert end_connections(known) == 0


def test_a_statement_that_takes_too_long_is_unavailable(running: Server) -> None:
    store = tweets(running, statement_timeout=1)
    store.insert({"text": "one"})
    with running.engine.connect() as other:
        other.exec_driver_sql("BEGIN" if running.kind == "postgresql" else "START TRANSACTION")
        other.exec_driver_sql(f"SELECT * FROM {store._name} WHERE id = 1 FOR UPDATE")
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable):
            store.update(1, dict)
        assert time.monotonic() - begun < 5
        assert store.get(1)["text"] == "one"
        other.exec_driver_sql("ROLLBACK")
    assert store.update(1, dict)["text"] == "one"


def test_a_statement_takes_no_longer_than_its_request_may(running: Server) -> None:
    store = tweets(running, pool_size=1)
    store.insert({"text": "one"})
    with running.engine.connect() as other:
        other.exec_driver_sql("BEGIN" if running.kind == "postgresql" else "START TRANSACTION")
        other.exec_driver_sql(f"SELECT * FROM {store._name} WHERE id = 1 FOR UPDATE")
        begun = time.monotonic()
        token = TIME_IS_UP.set(begun + 1)
        with pytest.raises(StoreUnavailable):
            store.update(1, dict)
        with pytest.raises(StoreUnavailable, match=NO_TIME_LEFT):
            for _ in range(1_000_000):
                store.get(1)
        TIME_IS_UP.reset(token)
        assert time.monotonic() - begun < 10
        other.exec_driver_sql("ROLLBACK")
    assert store.update(1, dict)["text"] == "one"


#: How long a statement may take, and wait for a lock, on a connection.
SHOW = {
    "postgresql": "SHOW statement_timeout",
    "mariadb": "SELECT @@max_statement_time, @@innodb_lock_wait_timeout",
}


def test_the_next_request_has_all_its_time_again(running: Server) -> None:
    store = tweets(running, pool_size=1, statement_timeout=20)
    usual = store._pool.read(SHOW[running.kind], None)
    token = TIME_IS_UP.set(time.monotonic() + 10)
    less = store._pool.read(SHOW[running.kind], None)
    TIME_IS_UP.reset(token)
    assert less != usual
    assert store._pool.read(SHOW[running.kind], None) == usual


def test_so_has_whatever_else_is_done_with_an_engine_of_ones_own(running: Server) -> None:
    engine = sa.create_engine(running.url, pool_size=1, max_overflow=0)
    store = SQLDataStore({"engine": engine, "table": running.table()}, Tweet)
    usual = store._pool.read(SHOW[running.kind], None)
    token = TIME_IS_UP.set(time.monotonic() + 10)
    assert store._pool.read(SHOW[running.kind], None) != usual
    TIME_IS_UP.reset(token)
    with engine.connect() as connection:
        assert [*connection.exec_driver_sql(SHOW[running.kind])] == [*usual]
    engine.dispose()


def test_what_has_been_written_when_the_time_of_a_request_is_up_is_undone(running: Server) -> None:
    store = tweets(running)
    store.insert({"text": "one"})

    def change(record: Record) -> Record:
        TIME_IS_UP.set(time.monotonic())
        return {**record, "text": "two"}

    token = TIME_IS_UP.set(time.monotonic() + 20)
    with pytest.raises(StoreUnavailable, match=NO_TIME_LEFT):
        store.update(1, change)
    TIME_IS_UP.reset(token)
    assert store.get(1)["text"] == "one"


def test_an_engine_of_ones_own_gets_back_no_connection_that_is_half_set_up(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/tweets.db", pool_size=1, max_overflow=0)
    store = SQLDataStore({"engine": engine, "table": "tweets"}, Tweet)
    token = TIME_IS_UP.set(time.monotonic())
    with pytest.raises(StoreUnavailable, match=NO_TIME_LEFT):
        store.get(1)
    TIME_IS_UP.reset(token)
    with engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        assert driver.isolation_level == ""
    assert store.insert({"text": "one"})["text"] == "one"
    engine.dispose()


def test_sqlite_works_no_longer_at_a_statement_than_its_timeout(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'twitter.db'}"
    store = SQLDataStore({"url": url, "table": "tweets", "statement_timeout": 0.05}, Tweet)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with pytest.raises(StoreUnavailable, match="interrupted"):
        store._pool.read(endless, ())
    with pytest.raises(StoreUnavailable, match="interrupted"):
        next(store._pool.batches([(endless, ())]))
    # Nor is anything ended that somebody else does on such a connection.
    with store._pool.connected() as connection:
        bounded = endless.replace("FROM n) SELECT", "FROM n WHERE i < 2000000) SELECT")
        assert connection.exec_driver_sql(bounded).scalar() == 2_000_000
    assert store.insert({"text": "one"})["id"] == 1


def together(*actions: Callable[[], object]) -> list[Any]:
    with ThreadPoolExecutor(len(actions)) as pool:
        return [done.result() for done in [pool.submit(action) for action in actions]]


def test_a_deadlock_is_dissolved_and_both_writes_succeed(running: Server) -> None:
    store = tweets(running)
    other = tweets(running)
    store.insert({"text": "a"})
    other.insert({"text": "b"})
    barrier = threading.Barrier(2)

    def crosswise(one: SQLDataStore, two: SQLDataStore) -> Callable[[], Record]:
        waited: list[int] = []

        def change(record: Record) -> Record:
            if not waited:
                waited.append(1)
                barrier.wait(30)
            two._locked(1)
            return {**record, "likes": record["likes"] + 1}

        return lambda: one.update(1, change)

    together(crosswise(store, other), crosswise(other, store))
    assert (store.get(1)["likes"], other.get(1)["likes"]) == (1, 1)


def test_what_two_checks_read_of_each_other_is_not_both_overtaken(running: Server) -> None:
    """Of two records at most one may be liked: each write looks at the other one."""
    table = running.table()
    store = tweets(running, table)
    store.insert_many([{"text": "a"}, {"text": "b"}])
    barrier = threading.Barrier(2)

    def like(key: int, other: int) -> Callable[[], Record]:
        waited: list[int] = []

        def change(record: Record) -> Record:
            if not waited:
                waited.append(1)
                barrier.wait(30)
            liked = store.get(other)["likes"]
            return {**record, "likes": 0 if liked else 1}

        return lambda: store.update(key, change)

    together(like(1, 2), like(2, 1))
    assert store.get(1)["likes"] + store.get(2)["likes"] == 1


def test_a_failure_that_somebody_catches_within_a_change_undoes_it(postgresql: Server) -> None:
    store = tweets(postgresql)
    store.insert({"text": "one"})

    def careless(record: Record) -> Record:
        try:
            store._pool.read("SELECT 1 / 0", None)
        except StoreError:
            pass
        return {**record, "likes": 1}

    with pytest.raises(StoreError):
        store.update(1, careless)
    assert store.get(1)["likes"] == 0


@pytest.mark.usefixtures("hasty")
def test_silence_that_somebody_catches_within_a_change_undoes_it(
    running: Server, gate: Gate
) -> None:
    store = tweets(running, statement_timeout=0.7)
    store.insert({"text": "one"})

    def careless(record: Record) -> Record:
        gate.is_silent = True
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                store.get(1)
        gate.is_silent = False
        return {**record, "likes": 1}

    with Within(1, 4), pytest.raises(StoreUnavailable, match="does not answer in time"):
        store.update(1, careless)
    assert store.get(1)["likes"] == 0


def test_a_change_cannot_write_to_the_database_that_runs_it(database: Server) -> None:
    store, other = tweets(database), tweets(database)
    store.insert({"text": "one"})

    def nested(record: Record) -> Record:
        other.update(1, dict)
        return record

    with pytest.raises(ContractError) as caught:
        store.update(1, nested)
    assert str(caught.value) == "A change or check must not write to the database that runs it."
    assert store.insert({"text": "two"})["id"] == 2


def test_an_error_of_a_change_stays_what_it_is(database: Server) -> None:
    store = tweets(database)
    store.insert({"text": "one"})

    def fail(record: Record) -> Record:
        raise sa.exc.OperationalError("of a database of the user's own", None, Exception())

    with pytest.raises(sa.exc.OperationalError, match="of the user's own"):
        store.update(1, fail)
    with pytest.raises(KeyboardInterrupt):
        store.update(1, _interrupt)
    assert store.update(1, lambda record: {**record, "likes": 1})["likes"] == 1


def _interrupt(record: Record) -> Record:
    raise KeyboardInterrupt


def test_a_table_that_is_dropped_is_an_error_and_no_outage(database: Server) -> None:
    store = tweets(database)
    database.run(f"DROP TABLE {store._name}")
    with pytest.raises(StoreError) as caught:
        store.get(1)
    assert not isinstance(caught.value, (StoreUnavailable, RecordNotFound))


def test_a_password_is_in_no_message(postgresql: Server, caplog: pytest.LogCaptureFixture) -> None:
    url = sa.make_url(postgresql.url).set(username="nobody", password="s3cret", database="nowhere")
    told = url.render_as_string(hide_password=False)
    for resource in (
        {"url": told, "table": "t"},
        {"url": told, "tabel": "t"},
        {"url": [told], "table": "t"},
        told,
    ):
        with pytest.raises((ConfigurationError, StoreUnavailable)) as caught:
            SQLDataStore(resource, Tweet)
        assert "s3cret" not in str(caught.value) + repr(caught.value) + caplog.text
    assert "s3cret" not in repr(tweets(postgresql)._pool.engine)


def test_keys_of_requests_whose_time_is_over_become_fewer(database: Server) -> None:
    store = tweets(database)
    store.prepare_once()
    for number in range(5):
        once = Once(key=f"{number}", fingerprint="x", now=number, until=number + 0.5)
        store.insert_once(once, [{"text": "one"}])
    held = f"SELECT count(*) FROM openrest_idempotency_keys WHERE resource = '{store._name}'"
    assert database.run(held) == [(1,)]
