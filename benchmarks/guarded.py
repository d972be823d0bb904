"""What it costs to ask who makes a request, to show them their own rows, and to count requests.

Run as ``python -m benchmarks.guarded``: the first 20 of 1,000 objects of 20 users with an API key,
a scope and a rate limit in memory, against the same list without them. The column of the scope has
an index. Both are asked in turn in one process; the figure is the ratio of their CPU times.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import sqlite3
import statistics
import sys
import time
from io import BytesIO
from typing import Any

from openrest import models
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLiteDataStore
from openrest.pagination import Pagination
from openrest.ratelimit import RateLimit
from openrest.views import JsonResponse

#: What the guarded list may cost, as a multiple of the plain one.
MOST = 1.35
ROWS, USERS, CALLS, SETTLING = 1000, 20, 60, 10


class Tweet(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    author = models.StringField(dump_only=True)


def app(path: str, options: Any) -> WSGIDispatcher:
    """The list of one API."""

    class Tweets(Controller):
        resource = {
            "resource_name": "tweets",
            "resource": {"name": path, "table": "tweets"},
            "model": Tweet,
            "datastore": SQLiteDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET"],
            "options": {"pagination": Pagination(20), **options},
        }
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Tweets])


def apps(path: str) -> dict[str, WSGIDispatcher]:
    """The plain API and the one that is guarded, over one table."""
    store = SQLiteDataStore({"name": path, "table": "tweets"}, Tweet)
    store.insert_many([{"text": f"Tweet {n}", "author": f"user-{n % USERS}"} for n in range(ROWS)])
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE INDEX by_author ON tweets (author, id)")
    guarded = {
        "authentication": ApiKeyAuthentication({hash_api_key("key"): {"id": "user-7"}}),
        "scope": lambda user: {"author": user["id"]},
        "ratelimit": RateLimit("1000000/second"),
    }
    return {"plain": app(path, {}), "guarded": app(path, guarded)}


def call(application: WSGIDispatcher) -> str:
    """One request for the list; its status."""
    said: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/tweets",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_X_API_KEY": "key",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
    }
    body = application(environ, lambda status, headers, exc=None: said.append(status))
    b"".join(body)
    return said[0]


def sample(application: WSGIDispatcher) -> float:
    """The mean CPU time of a request, in microseconds, on a quiet heap."""
    gc.collect()
    for _ in range(SETTLING):
        assert call(application) == "200 OK"
    began = time.process_time_ns()
    for _ in range(CALLS):
        call(application)
    return (time.process_time_ns() - began) / CALLS / 1000


def main() -> int:
    """Measure both in turn, and say how much the one costs in terms of the other."""
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=60, help="samples of each (60)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        both = apps(f"{folder}/tweets.db")
        samples: dict[str, list[float]] = {name: [] for name in both}
        for _ in range(options.rounds):
            for name, application in both.items():
                samples[name].append(sample(application))
    cost = {name: statistics.median(each) for name, each in samples.items()}
    ratio = statistics.median(
        guarded / plain for plain, guarded in zip(samples["plain"], samples["guarded"], strict=True)
    )
    for name, microseconds in cost.items():
        print(f"{name:8} {microseconds:8.1f} us")
    print(f"ratio    {ratio:8.2f}   (at most {MOST})")
    return ratio > MOST


if __name__ == "__main__":
    sys.exit(main())
