"""A server that is killed in the middle of writing has kept every write that it answered."""

from __future__ import annotations

import http.client
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.serving.servers import PATIENCE, Server, ask, kill_group, openrest_run

APP = "examples.tweets:app"
CLIENTS = 8


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_was_answered_201_is_there_after_a_kill(tmp_path: Path, workers: str) -> None:
    answered: dict[str, str] = {}
    for life in range(3):
        with openrest_run(tmp_path, APP, "--workers", workers) as server:
            for address, message in answered.items():
                assert server.ask("GET", address).json()["message"] == message
            clients = [
                threading.Thread(target=write_until_killed, args=(server, f"{life}-{n}", answered))
                for n in range(CLIENTS)
            ]
            before = len(answered)
            for client in clients:
                client.start()
            end = time.monotonic() + PATIENCE
            while len(answered) < before + 40 and time.monotonic() < end:
                time.sleep(0.001)
            kill_group(server.process)
            for client in clients:
                client.join()
        with closing(sqlite3.connect(tmp_path / "twitter.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    with openrest_run(tmp_path, APP) as server:
        assert len(answered) >= 3 * 40
        for address, message in answered.items():
            assert server.ask("GET", address).json()["message"] == message
        # Not more was stored than the requests that were under way: one a client and life.
        total = server.ask("GET", "/tweets").json()["meta"]["total_count"]
        assert len(answered) <= total <= len(answered) + 3 * CLIENTS
        assert server.logged() == ""


def write_until_killed(server: Server, name: str, answered: dict[str, str]) -> None:
    number = 0
    with closing(server.connection()) as connection:
        while True:
            number += 1
            message = f"{name}-{number}"
            try:
                answer = ask(connection, "POST", "/tweets", {"author": "Ada", "message": message})
            except (OSError, http.client.HTTPException):
                return
            assert answer.status == 201
            answered[answer.headers["Location"]] = message
