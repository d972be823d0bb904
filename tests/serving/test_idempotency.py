"""One key, sent by many clients at once, or again after the server was killed: one record."""

from __future__ import annotations

import http.client
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.needs import CI
from tests.serving.servers import Answer, Server, kill_group, openrest_run

APP = """
import os
import signal
from pathlib import Path

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLiteDataStore
from openrest.idempotency import Idempotency
from openrest.views import JsonResponse


class Payment(models.Model):
    id = models.PkField()
    amount = models.IntegerField(required=True)


def die(when):
    if Path(when).exists():
        Path(when).unlink()
        os.kill(os.getpid(), signal.SIGKILL)


class Mortal(SQLiteDataStore):
    def _add(self, record):
        made = super()._add(record)
        die("before the commit")
        return made


class Payments(Controller):
    resource = {
        "resource_name": "payments",
        "resource": {"name": "payments.db", "table": "payments", "timeout": 30},
        "model": Payment,
        "datastore": Mortal,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET"],
        "options": {"idempotency": Idempotency(required=True)},
    }
    view = {"response_class": JsonResponse}

    def create(self, call):
        made = super().create(call)
        die("before the answer")
        return made


app = WSGIDispatcher([Payments])
"""
CLIENTS = 16
#: How many keys each of the clients sends.
KEYS = 20 if CI else 3


def pay(server: Server, key: str) -> Answer:
    return server.ask("POST", "/payments", {"amount": 5}, **{"Idempotency-Key": key})


def payments(server: Server) -> int:
    total: int = server.ask("GET", "/payments").json()["meta"]["total_count"]
    return total


def shown(answer: Answer) -> tuple[int, str, str, bytes]:
    return answer.status, answer.headers["Location"], answer.headers["ETag"], answer.body


def test_of_many_clients_with_one_key_exactly_one_creates(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    with openrest_run(tmp_path, "app:app", "--workers", "4") as server:
        with ThreadPoolExecutor(CLIENTS) as pool:
            for number in range(KEYS):
                answers = list(pool.map(pay, [server] * CLIENTS, [f"key-{number}"] * CLIENTS))
                assert len({shown(answer) for answer in answers}) == 1
                assert answers[0].status == 201
                replayed = [a.headers.get("Idempotent-Replayed") for a in answers]
                assert sorted(map(str, replayed)) == ["None"] + ["true"] * (CLIENTS - 1)
        assert payments(server) == KEYS


@pytest.mark.parametrize("when", ["before the commit", "before the answer"])
def test_a_request_that_a_kill_cut_off_can_be_sent_again(tmp_path: Path, when: str) -> None:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / when).touch()
    with openrest_run(tmp_path, "app:app") as server:
        with pytest.raises((OSError, http.client.HTTPException)):
            pay(server, "key")
        kill_group(server.process)
    with openrest_run(tmp_path, "app:app") as server:
        again = pay(server, "key")
        assert again.status == 201
        assert ("Idempotent-Replayed" in again.headers) == (when == "before the answer")
        assert shown(pay(server, "key")) == shown(again)
        assert payments(server) == 1
