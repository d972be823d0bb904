"""The button "Authorize" of the Swagger page, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.pages import HOST, chromium, watched_page
from tests.browser.test_swagger import execute, expand
from tests.needs import program
from tests.serving.servers import openrest_run

APP = """
from openrest import models
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.authorization import Anyone
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.views import JsonResponse

class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)

class Notes(Controller):
    resource = {"resource_name": "notes", "resource": [], "model": Note,
                "datastore": PythonListDataStore}
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET"],
        "options": {
            "authentication": ApiKeyAuthentication({hash_api_key("secret"): {"id": 1}}),
            "authorization": {"GET": Anyone()},
        },
    }
    view = {"response_class": JsonResponse}

app = WSGIDispatcher([Notes])
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(program("chromium", "chromium-browser", variable="CHROMIUM")) as browser:
        yield browser


def test_a_key_that_is_given_there_goes_with_each_request(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "guarded.py").write_text(APP)
    with openrest_run(tmp_path, "guarded:app") as server, watched_page(browser) as watched:
        page = watched.page
        page.goto(f"http://{HOST}:{server.port}/docs")
        block = expand(page, "create_notes", "notes")
        status, body = execute(block)
        assert status == 401 and "It has to be known who makes this request." in body
        page.locator("button.authorize").first.click()
        dialog = page.locator(".modal-ux")
        expect(dialog).to_contain_text("ApiKey")
        dialog.locator("input").fill("secret")
        dialog.locator("button.authorize").click()
        dialog.locator("button.btn-done").click()
        status, body = execute(block)
        assert status == 201 and '"id": 1' in body
        assert watched.violations() == []
