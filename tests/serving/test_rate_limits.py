"""One limit for all workers of a server, which count in one Redis."""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from openrest.pipeline import COUNTED_ALONE
from tests.ratelimit.servers import redis_url
from tests.serving.servers import openrest_run

APP = """
import os

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLiteDataStore
from openrest.ratelimit import RateLimit
from openrest.views import JsonResponse


class Note(models.Model):
    id = models.PkField()


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": {"name": "notes.db", "table": "notes"},
        "model": Note,
        "datastore": SQLiteDataStore,
    }
    controller = {
        "list_verbs": ["GET"],
        "unique_verbs": [],
        "options": {
            "ratelimit": RateLimit(
                "30/hour", name=os.environ["NAME"], storage=os.environ["URL"], on_error="refuse"
            )
        },
    }
    view = {"response_class": JsonResponse}


app = WSGIDispatcher([Notes])
"""
REQUESTS = 60


def test_the_workers_of_a_server_allow_the_limit_together(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    # The count ends by itself, an hour later.
    names = {"NAME": f"test-{uuid.uuid4()}", "URL": redis_url()}
    with openrest_run(tmp_path, "app:app", "--workers", "4", **names) as server:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: server.ask("GET", "/notes"), range(REQUESTS)))
    assert Counter(answer.status for answer in answers) == {200: 30, 429: REQUESTS - 30}
    left = [answer.headers["RateLimit"].split(";")[1] for answer in answers if answer.status == 200]
    assert sorted(left) == sorted(f"r={number}" for number in range(30))


@pytest.mark.parametrize(("workers", "warnings"), [(1, 0), (2, 1)])
def test_each_worker_warns_once_of_limits_that_it_counts_for_itself(
    workers: int, warnings: int, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(APP)
    names = {"NAME": "alone", "URL": "memory"}
    with openrest_run(tmp_path, "app:app", "--workers", str(workers), **names) as server:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: server.ask("GET", "/notes"), range(REQUESTS)))
        assert {answer.status for answer in answers} <= {200, 429}
        said = server.log.read_text().count(COUNTED_ALONE.partition("%")[0])
    assert warnings <= said <= warnings * workers
