"""A server that is killed while it writes has an entry for each write, and none for any other."""

from __future__ import annotations

import http.client
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from openrest import models
from openrest.audit import AuditEntry
from openrest.datastore import SQLiteDataStore
from openrest.query import Query
from tests.audit.stores import entries
from tests.needs import CI
from tests.serving.servers import Server, ask, kill_group, openrest_run

SOURCE = """
from openrest import models
from openrest.audit import AuditTrail
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import SQLiteDataStore
from openrest.views import JsonResponse


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": {"name": "notes.db", "table": "notes", "timeout": 60},
        "model": Note,
        "datastore": SQLiteDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PUT", "DELETE"],
        "options": {
            "audit": AuditTrail(
                SQLiteDataStore, {"name": "notes.db", "table": "audit", "timeout": 60}
            )
        },
    }
    view = {"response_class": JsonResponse}


app = WSGIDispatcher([Notes])
"""

CLIENTS = 4


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


@pytest.mark.parametrize("workers", ["1", "2"] if CI else ["2"])
def test_what_is_stored_and_the_entries_agree_after_a_kill(tmp_path: Path, workers: str) -> None:
    (tmp_path / "audited.py").write_text(SOURCE)
    answered: list[str] = []
    with openrest_run(tmp_path, "audited:app", "--workers", workers) as server:
        enough = threading.Event()
        clients = [
            threading.Thread(target=write_until_killed, args=(server, answered, enough))
            for _ in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        enough.wait()
        kill_group(server.process)
        for client in clients:
            client.join()
    path = str(tmp_path / "notes.db")
    found = entries(SQLiteDataStore({"name": path, "table": "audit"}, AuditEntry))
    state: dict[str, Any] = {}
    for each in found:
        assert state.get(each["key"]) == each["before"]
        state[each["key"]] = each["after"]
    stored = SQLiteDataStore({"name": path, "table": "notes"}, Note).find(Query())
    assert [each for each in state.values() if each] == [*stored]
    # Not more was written than the requests that were under way.
    assert len(answered) <= len(found) <= len(answered) + CLIENTS


def write_until_killed(server: Server, answered: list[str], enough: threading.Event) -> None:
    """Create, change and delete; a server that is gone ends it."""
    with closing(server.connection()) as connection:
        try:
            while True:
                made = ask(connection, "POST", "/notes", {"text": "a"})
                assert made.status == 201
                address = made.headers["Location"]
                answered.append(address)
                assert ask(connection, "PUT", address, {"text": "b"}).status == 200
                answered.append(address)
                if made.json()["id"] % 2:
                    assert ask(connection, "DELETE", address).status == 204
                    answered.append(address)
                if len(answered) >= 60:
                    enough.set()
        except (OSError, http.client.HTTPException):
            return
        finally:
            enough.set()
