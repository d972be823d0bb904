"""Counts in a Redis: shared by processes, and what happens while it is away."""

from __future__ import annotations

import logging
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from openrest.errors import ConfigurationError, ContractError, StoreUnavailable
from openrest.ratelimit import MemoryStorage, RateLimit, RedisStorage, Use
from openrest.ratelimit.circuit import Circuit
from openrest.ratelimit.strategies import STRATEGIES, StrategyName
from openrest.testing.contract import check_contract
from tests.needs import fuzzed_in_ci, only_in_ci
from tests.own_servers import own_server
from tests.ratelimit.apis import caller, notes
from tests.ratelimit.attempts import PROCESSES, processes
from tests.ratelimit.servers import redis_url
from tests.ratelimit.test_strategies import Clock

#: Nothing listens there.
NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def prefix() -> Iterator[str]:
    """What the names of a test begin with, in a server that others use."""
    name = f"openrest-test-{uuid.uuid4()}"
    yield name
    with redis.Redis.from_url(redis_url()) as connection:
        for key in connection.scan_iter(f"{name}:*"):
            connection.delete(key)


def test_two_applications_count_together(prefix: str) -> None:
    def api() -> Any:
        return caller(notes(RateLimit("2/day", storage=RedisStorage(redis_url(), prefix=prefix))))

    one, two = api(), api()
    found = [each.get("/notes") for each in (one, two, one, two)]
    assert [answer.status for answer in found] == [200, 200, 429, 429]
    assert found[0].headers["RateLimit"] == '"default";r=1;t=86400'


def test_addresses_and_users_are_in_no_name_and_names_end(prefix: str) -> None:
    limit = RateLimit("2/minute", storage=RedisStorage(redis_url(), prefix=prefix))
    caller(notes(limit)).get("/notes")
    with redis.Redis.from_url(redis_url()) as connection:
        [key] = [key.decode() for key in connection.scan_iter(f"{prefix}:*")]
        assert key.startswith(f"{prefix}:resource:notes:0:fixed-window:2:60000:")
        assert "192.0.2.1" not in key
        assert 0 < connection.pttl(key) <= 120_000


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
def test_an_address_is_that_of_a_redis_or_of_a_valkey(scheme: str) -> None:
    url = redis_url().replace("redis://", f"{scheme}://")
    api = caller(notes(RateLimit("9/second", storage=url, name=f"test-{uuid.uuid4()}")))
    assert api.get("/notes").headers["RateLimit-Policy"].endswith(";q=9;w=1")


def test_limits_at_one_address_share_one_client() -> None:
    url = redis_url()
    api = caller(notes({verb: RateLimit("9/second", storage=url) for verb in ("GET", "POST")}))
    limiters = {row.limiter for row in api.app.operations if row.limiter is not None}
    assert len({limiter.storage for limiter in limiters}) == 1


def _most(kind: StrategyName, quota: int, window: int, passed: float) -> float:
    """As much as is allowed in so many seconds, at the most."""
    windows = passed * 1000 / window
    return quota * (windows + 1 if kind == "token-bucket" else int(windows) + 1)


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        pytest.param("fixed-window", 0.2),
        *(pytest.param(kind, 10.0, marks=only_in_ci) for kind in STRATEGIES),
    ],
)
def test_processes_are_allowed_no_request_more_though_redis_is_killed_meanwhile(
    kind: StrategyName, seconds: float
) -> None:
    quota, window = 500, 600_000
    with own_server("redis") as server:
        with processes(server.url, kind, quota, window) as found:
            found.wait_until(lambda: found.answers.value > quota // 5)
            server.stop(signal.SIGKILL)
            found.wait_until(lambda: found.away.value >= PROCESSES)
            server.start()
            answered = found.answers.value + quota + PROCESSES
            found.wait_until(lambda: found.answers.value > answered)
            time.sleep(seconds)
        assert found.allowed.value <= _most(kind, quota, window, found.passed)
        # An answer that was lost when it was killed may have been counted.
        assert found.allowed.value >= quota - PROCESSES


@only_in_ci
@pytest.mark.parametrize("kind", STRATEGIES)
def test_processes_are_allowed_no_more_in_many_windows(kind: StrategyName) -> None:
    with own_server("redis") as server:
        with processes(server.url, kind, 100, 1000) as found:
            time.sleep(10)
        assert 100 <= found.allowed.value <= _most(kind, 100, 1000, found.passed)
        assert found.away.value == 0


def test_requests_are_allowed_while_redis_is_away_and_that_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = caller(notes(RateLimit("1/day", storage=NOWHERE)))
    for _ in range(5):
        answer = api.get("/notes")
        assert answer.status == 200
        assert "RateLimit" not in answer.headers
    [record] = [r for r in caplog.records if "is away" in r.message]
    assert record.message.startswith("the Redis of rate limits at 127.0.0.1 is away: ")
    headers = api.document["paths"]["/notes"]["get"]["responses"]["200"]["headers"]
    assert headers["RateLimit"]["required"] is headers["RateLimit-Policy"]["required"] is False
    assert "503" not in api.document["paths"]["/notes"]["get"]["responses"]


def test_or_they_are_refused_where_the_author_wants_that() -> None:
    api = caller(notes(RateLimit("1/day", storage=NOWHERE, on_error="refuse")))
    for _ in range(2):
        answer = api.get("/notes")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert answer.json["detail"] == "Requests cannot be counted for now."
    entry = api.document["paths"]["/notes"]["get"]
    refused = api.resolved(entry["responses"]["503"])
    assert refused["description"] == "Requests cannot be counted for now"
    assert entry["responses"]["200"]["headers"]["RateLimit"]["required"] is True


def test_guesses_are_counted_in_redis_and_refused_without_it() -> None:
    guesses = RateLimit("1/day", storage=NOWHERE, on_error="refuse")
    api = caller(notes(known=True), guesses=guesses)
    assert api.get("/notes", **{"X-API-Key": "wrong"}).status == 503
    api = caller(notes(known=True), guesses=RateLimit("1/day", storage=NOWHERE))
    assert [api.get("/notes", **{"X-API-Key": "wrong"}).status for _ in range(3)] == [401] * 3


def test_a_redis_that_comes_back_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "openrest")
    with own_server("redis") as server:
        # Without a pause; how long it is, the test of the circuit says.
        storage = RedisStorage(server.url, retry_seconds=1e-9, timeout_seconds=60)
        api = caller(notes(RateLimit("3/day", storage=storage, on_error="refuse")))
        statuses = [api.get("/notes").status]
        for number in (signal.SIGTERM, signal.SIGKILL):
            server.stop(number)
            statuses += [api.get("/notes").status, api.get("/notes").status]
            server.start()
            while api.get("/notes/9").status == 503:
                pass
    assert statuses == [200, 503, 503, 503, 503]
    said = [r.message.partition(": ")[0] for r in caplog.records if "Redis" in r.message]
    where = "the Redis of rate limits at 127.0.0.1"
    assert said == [f"{where} is away", f"{where} is there again"] * 2


@pytest.mark.parametrize("slots", [None, (0, 8191), (0, 16383)])
def test_a_node_of_a_cluster_is_a_mistake_and_not_away(slots: tuple[int, int] | None) -> None:
    with own_server("redis node") as server:
        if slots is not None:
            with redis.Redis.from_url(server.url) as connection:
                connection.execute_command("CLUSTER ADDSLOTSRANGE", *slots)
        limits = [RateLimit(f"{n}/day", name=f"{n}", storage=server.url) for n in (3, 4)]
        api = caller(notes(limits))
        with pytest.raises(ContractError, match="is a node of a Redis Cluster"):
            api.get("/notes")


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}"


def test_a_redis_that_hangs_is_waited_for_once_and_not_by_each_request(hanging: str) -> None:
    storage = RedisStorage(hanging, timeout_seconds=0.05, retry_seconds=3600)
    use = Use("a", STRATEGIES["fixed-window"](1, 1000), 1)
    with pytest.raises(StoreUnavailable, match="[Tt]imeout"):
        storage.take([use])
    for _ in range(1000):
        with pytest.raises(StoreUnavailable, match="was away just now"):
            storage.take([use])


def test_a_circuit_lets_one_request_ask_after_its_time() -> None:
    clock = Clock()
    circuit = Circuit("it", 2, clock)
    assert circuit.may_ask() and circuit.may_ask()
    circuit.failed("gone")
    assert not circuit.may_ask()
    clock.now += 2000
    begin, allowed = threading.Barrier(8), []

    def ask() -> None:
        begin.wait()
        allowed.append(circuit.may_ask())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(allowed) == 1
    # Nobody has heard of that one: another one asks after as long again.
    clock.now += 2000
    assert circuit.may_ask()
    circuit.worked()
    assert circuit.may_ask() and circuit.may_ask()


@pytest.mark.parametrize("options", [{"timeout_seconds": 0}, {"retry_seconds": 0}])
def test_what_makes_no_sense_is_refused(options: Any) -> None:
    with pytest.raises(ValueError, match="timeout_seconds are more than 0 and at most 60"):
        RedisStorage(NOWHERE, **options)


def test_an_address_that_cannot_be_is_a_mistake_at_the_start() -> None:
    with pytest.raises(ConfigurationError, match="its storage is no address of a Redis"):
        caller(notes(RateLimit("1/day", storage="redis://localhost:port")))


def test_a_lost_script_is_sent_again(prefix: str) -> None:
    storage = RedisStorage(redis_url(), prefix=prefix)
    use = Use("a", STRATEGIES["fixed-window"](5, 60_000), 1)
    storage.take([use])
    with redis.Redis.from_url(redis_url()) as connection:
        connection.script_flush()
    assert storage.take([use])[0].available == 3


def test_memory_is_never_away() -> None:
    api = caller(notes(RateLimit("1/day", storage=MemoryStorage(), on_error="refuse")))
    assert "503" not in api.document["paths"]["/notes"]["get"]["responses"]


@fuzzed_in_ci
@pytest.mark.parametrize("on_error", ["allow", "refuse"])
def test_schemathesis_finds_no_difference(on_error: Any, prefix: str) -> None:
    storage = RedisStorage(redis_url(), prefix=prefix)
    limit = RateLimit("100000/day", storage=storage, on_error=on_error)
    api = caller(notes(limit))
    check_contract(api.app, examples=20, seed=1)
