"""No request writes a line of its own into the log of the application."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

import pytest

from openrest import models
from openrest.audit import AuditEntry, AuditTrail
from openrest.contract import Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import DataStore, PythonListDataStore, RestDataStore, Upstream
from openrest.errors import StoreUnavailable
from openrest.models import shapes as s
from openrest.views import JsonResponse
from tests.contract.client import Client
from tests.observability.watched import access_lines

#: What begins a line, what a terminal obeys, and what hides what follows.
TEXTS = ["a\r\nERROR forged", "a\nb", "a\x1b[2Jb", "a\x9bb", "a\u2028b", "a\u202eb", "a\x00b"]


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


class Named(models.Model):
    name = models.StringPkField()


class Away(PythonListDataStore):
    can_be_away = True

    def get(self, key: Any) -> Any:
        raise StoreUnavailable("the disk is gone")


class Missing(PythonListDataStore):
    changes_together = False

    def insert_many(self, records: Any, check: Any = None) -> Any:
        raise RuntimeError("a mistake in the trail")


def notes(store: DataStore) -> type[Controller]:
    class Notes(Controller):
        resource = {"resource_name": "notes", "model": Note, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "DELETE"],
            "options": {"audit": AuditTrail(Missing([], AuditEntry))},
        }
        view = {"response_class": JsonResponse}

        @operation(
            "GET",
            "/failing/{word}",
            parameters=[
                Parameter(name="word", location="path", required=True, shape=s.String()),
                Parameter(name="q", shape=s.String()),
            ],
        )
        def fail(self, call: Call) -> Result:
            """Fail."""
            raise ZeroDivisionError("a mistake in a handler")

    return Notes


def upstream() -> type[Controller]:
    class Passed(Controller):
        resource = {
            "resource_name": "passed",
            "resource": {
                "url": "http://127.0.0.1:1/things",
                "upstream": Upstream.openrest(operators=["eq"]),
                "retries": 0,
            },
            "model": Named,
            "datastore": RestDataStore,
        }
        controller = {"list_verbs": ["GET"], "unique_verbs": ["GET", "DELETE"]}
        view = {"response_class": JsonResponse}

    return Passed


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_sent_begins_no_line(text: str, caplog: pytest.LogCaptureFixture) -> None:
    app = WSGIDispatcher(
        [notes(Away([{"text": "a"}], Note)), upstream()],
        access_log=True,
        traces=True,
        request_ids=True,
        debug=False,
    )
    api, sent = Client(app), quote(text, safe="")
    raw = text.encode().decode("latin-1")
    headers = {"X-Request-ID": raw, "traceparent": raw, "tracestate": raw, "Host": raw}
    caplog.set_level(logging.DEBUG)
    with access_lines():
        for target in (
            f"/notes/failing/{sent}?q={sent}",
            "/notes/1",
            f"/notes/{sent}",
            f"/passed/{sent}",
            f"/passed?name={sent}",
            f"/{sent}",
        ):
            api.raw("GET", target, headers=headers)
            api.raw(raw, target, headers=headers)
            api.raw("DELETE", target, headers=headers)
        api.raw("POST", "/notes", b'{"text": "b"}', headers=headers)
    messages = [record.getMessage() for record in caplog.records]
    assert any("failed" in message for message in messages)
    assert any("the store is away" in message for message in messages)
    assert any("The audit trail misses" in message for message in messages)
    for message in messages:
        assert message.isprintable(), message
