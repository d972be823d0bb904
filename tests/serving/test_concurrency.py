"""Many clients at once change one record and insert beside it: nothing is lost, nothing fails."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from werkzeug.test import Client

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.views import JsonResponse
from tests.serving.servers import ROOT, ask, environment, openrest_run, tweets_in

CLIENTS = 16
#: How many times each of them changes the record, and inserts another.
TIMES = 20

ADA = {"author": "Ada", "message": "Hello"}

#: method and path -> status
Ask = Callable[[str, str], int]


def write(ask: Ask, times: int = TIMES) -> Counter[int]:
    """What one client does: the statuses that it is answered."""
    statuses: Counter[int] = Counter()
    for _ in range(times):
        statuses[ask("POST", "/tweets/1/retweet")] += 1
        statuses[ask("POST", "/tweets")] += 1
    return statuses


def in_process(app: WSGIDispatcher) -> Ask:
    client = Client(app)

    def asked(method: str, path: str) -> int:
        return client.open(path, method=method, json=ADA if path == "/tweets" else None).status_code

    return asked


def all_at_once(clients: int, work: Callable[[], Counter[int]]) -> Counter[int]:
    with ThreadPoolExecutor(clients) as pool:
        done = [pool.submit(work) for _ in range(clients)]
        return sum((future.result() for future in done), Counter())


@pytest.mark.parametrize("workers", ["1", "4"])
def test_not_one_write_over_http_is_lost(tmp_path: Path, workers: str) -> None:
    with openrest_run(tmp_path, "examples.tweets:app", "--workers", workers) as server:
        assert server.ask("POST", "/tweets", ADA).status == 201

        def work() -> Counter[int]:
            with closing(server.connection()) as connection:
                return write(
                    lambda method, path: (
                        ask(connection, method, path, ADA if path == "/tweets" else None).status
                    )
                )

        statuses = all_at_once(CLIENTS, work)
        tweet = server.ask("GET", "/tweets/1").json()
        meta = server.ask("GET", "/tweets?limit=1").json()["meta"]
        assert server.logged() == ""
    assert statuses == {200: CLIENTS * TIMES, 201: CLIENTS * TIMES}
    assert tweet["retweets"] == CLIENTS * TIMES
    assert meta["total_count"] == 1 + CLIENTS * TIMES


def test_not_one_write_of_threads_to_sqlite_is_lost(tmp_path: Path) -> None:
    app = tweets_in(tmp_path / "twitter.db")
    _check(app, in_process(app))


class Tweet(models.Model):
    author = models.StringField(required=True)
    message = models.StringField(required=True)
    retweets = models.IntegerField(dump_only=True, load_default=0)
    id = models.PkField()


def in_memory() -> WSGIDispatcher:
    class Tweets(Controller):
        resource = {
            "resource_name": "tweets",
            "resource": [],
            "model": Tweet,
            "datastore": PythonListDataStore,
        }
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse}

        @operation("POST", "/{id}/retweet")
        def retweet(self, call: Call) -> Result:
            """Count one more retweet."""
            return Result(
                self.store.update(call.key, lambda t: {**t, "retweets": t["retweets"] + 1})
            )

    return WSGIDispatcher([Tweets])


@pytest.fixture
def busy_switching() -> Iterator[None]:
    """Let the interpreter change threads far more often than it does."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_not_one_write_of_threads_to_a_list_is_lost(busy_switching: None) -> None:
    app = in_memory()
    _check(app, in_process(app))


def _check(app: WSGIDispatcher, asked: Ask) -> None:
    assert asked("POST", "/tweets") == 201
    statuses = all_at_once(CLIENTS, lambda: write(in_process(app)))
    assert statuses == {200: CLIENTS * TIMES, 201: CLIENTS * TIMES}
    assert _counts(Client(app)) == (CLIENTS * TIMES, 1 + CLIENTS * TIMES)


#: What each of several processes does: its arguments are the file and the times.
PROCESS = """
import pathlib, sys
from tests.serving.servers import tweets_in
from tests.serving.test_concurrency import all_at_once, in_process, write

app = tweets_in(pathlib.Path(sys.argv[1]))
times = int(sys.argv[2])
print(sorted(all_at_once(4, lambda: write(in_process(app), times)).items()))
"""


def four_processes(file: Path, times: int) -> list[tuple[str, str]]:
    """What each has written to standard output and error."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, str(file), str(times)],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    return [process.communicate() for process in processes]


def test_not_one_write_of_processes_to_sqlite_is_lost(tmp_path: Path) -> None:
    app = tweets_in(tmp_path / "twitter.db")
    client = Client(app)
    assert in_process(app)("POST", "/tweets") == 201
    said = four_processes(tmp_path / "twitter.db", TIMES)
    assert said == [(f"[(200, {4 * TIMES}), (201, {4 * TIMES})]\n", "")] * 4
    assert _counts(client) == (CLIENTS * TIMES, 1 + CLIENTS * TIMES)


def test_processes_that_start_at_once_agree_on_the_file(tmp_path: Path) -> None:
    assert four_processes(tmp_path / "twitter.db", 0) == [("[]\n", "")] * 4


def _counts(client: Client) -> tuple[int, int]:
    """How often the first tweet was retweeted, and how many tweets there are."""
    tweet, page = client.get("/tweets/1").json, client.get("/tweets?limit=1").json
    assert tweet is not None
    assert page is not None
    return tweet["retweets"], page["meta"]["total_count"]
