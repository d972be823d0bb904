"""No text of a client makes a header, or a line of the log, that it was not asked for."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.views import JsonResponse
from tests.attacks.asked import OTHER
from tests.attacks.worlds import World, key
from tests.contract.client import Client

BREAKS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1b[2J", "\x85", "\u2028", "\0", ">", '"', ",", ";"]
TEXTS = st.lists(st.sampled_from([*BREAKS, "Set-Cookie: a=b", "a", " "]), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder: Path = tmp_path_factory.mktemp("lines")
    return World("list", folder, "offset").fill(OTHER)


@given(TEXTS.map("".join))
def test_no_text_breaks_out_of_a_header(world: World, text: str) -> None:
    sent = quote(text, safe="")
    targets = [
        *(f"/tasks?{name}={sent}&limit=1" for name in ("title", "q", "owner", "sort", "fields")),
        f"/tasks?{sent}={sent}",
        f"/tasks/{sent}",
        f"/{sent}",
        f"/tasks?cursor={sent}",
    ]
    for target in targets:
        for method in ("GET", "TRACE", "PUT"):
            answer = world.client.raw(method, target, headers=key("bob"))
            for name, value in answer.headers.items():
                assert not set(value) & set("\r\n\0\x0b\x0c\x1b\x85\u2028"), (target, name)
                assert name.lower() != "set-cookie"
                value.encode("latin-1")


class Note(models.Model):
    id = models.StringPkField()
    text = models.StringField()


@pytest.mark.parametrize("text", BREAKS[:9])
def test_no_address_breaks_out_of_a_line_of_the_log(
    caplog: pytest.LogCaptureFixture, text: str
) -> None:
    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": [],
            "model": Note,
            "datastore": PythonListDataStore,
        }
        controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse}

        def get_list(self, call: Call) -> Result:
            raise RuntimeError("broken")

    client = Client(WSGIDispatcher([Notes], debug=False))
    with caplog.at_level(logging.DEBUG):
        for target in ("/notes?text=a", f"/notes?text={quote(text)}", f"/notes?{quote(text)}=1"):
            client.raw("GET", target)
        client.raw("GET", f"/notes/{quote(text)}forged")
        client.raw(f"GET{text}forged", "/notes")
    messages: list[Any] = [record.getMessage() for record in caplog.records]
    assert messages
    assert not any(text in message for message in messages)
