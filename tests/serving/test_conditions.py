"""Many clients at once change one object by its ETag, or by a test: nobody's change is lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.needs import CI
from tests.serving.servers import Server, openrest_run

APP = """
from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLiteDataStore
from openrest.views import JsonResponse


class Counted(models.Model):
    slug = models.StringPkField()
    value = models.IntegerField(required=True)


class Counters(Controller):
    resource = {
        "resource_name": "counters",
        "resource": {"name": "counters.db", "table": "counters"},
        "model": Counted,
        "datastore": SQLiteDataStore,
    }
    controller = {
        "list_verbs": [],
        "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        "options": {"upsert": True, "json_patch": True, "concurrency": "required"},
    }
    view = {"response_class": JsonResponse}


app = WSGIDispatcher([Counters])
"""
CLIENTS = 16
#: How often each of them adds one.
TIMES = 20 if CI else 4


PATH = "/counters/a"


def add_by_etag(server: Server) -> None:
    """Add one to the counter that was read, until nobody was faster."""
    for _ in range(1000):
        seen = server.ask("GET", PATH)
        body = {"value": seen.json()["value"] + 1}
        changed = server.ask("PUT", PATH, body, **{"If-Match": seen.headers["ETag"]})
        if changed.status == 200:
            return
        assert changed.status == 412
    raise AssertionError("never first")


def add_by_test(server: Server) -> None:
    headers = {"Content-Type": "application/json-patch+json", "If-Match": "*"}
    for _ in range(1000):
        value = server.ask("GET", PATH).json()["value"]
        operations = [
            {"op": "test", "path": "/value", "value": value},
            {"op": "replace", "path": "/value", "value": value + 1},
        ]
        changed = server.ask("PATCH", PATH, operations, **headers)
        if changed.status == 200:
            return
        assert changed.status == 409
    raise AssertionError("never first")


@pytest.mark.parametrize("workers", ["1", "4"] if CI else ["4"])
def test_of_many_changes_of_one_version_exactly_one_is_made(tmp_path: Path, workers: str) -> None:
    (tmp_path / "app.py").write_text(APP)
    with openrest_run(tmp_path, "app:app", "--workers", workers) as server:

        def create(number: int) -> int:
            return server.ask("PUT", PATH, {"value": 0}, **{"If-None-Match": "*"}).status

        with ThreadPoolExecutor(CLIENTS) as pool:
            created = Counter(pool.map(create, range(CLIENTS)))
            assert created == {201: 1, 412: CLIENTS - 1}
            for number, add in enumerate((add_by_etag, add_by_test), 1):
                list(pool.map(add, [server] * CLIENTS * TIMES))
                assert server.ask("GET", PATH).json()["value"] == number * CLIENTS * TIMES
