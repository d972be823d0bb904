"""What is sent is what `Accept` allows, or 406 before anything is done."""

import pytest

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.views import JsonResponse
from tests.contract.client import Client


class Item(models.Model):
    id = models.PkField()


class Items(Controller):
    resource = {
        "resource_name": "items",
        "resource": [{}],
        "model": Item,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "DELETE"]}
    view = {"response_class": JsonResponse}


@pytest.fixture
def api() -> Client:
    return Client(WSGIDispatcher([Items], debug=True))


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/*",
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;q=0.001",
        "text/html, application/json;q=0.1",
        "text/html, */*;q=0.1",
        "text/html;q=1.0,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/*;q=0, application/json",
        "*/*;q=0, application/*;q=0.5",
        "image/png,,application/json",
        "",
    ],
)
def test_what_allows_json_gets_it(api: Client, accept: str) -> None:
    answer = api.get("/items", Accept=accept)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "image/png",
        "text/*",
        "application/xml",
        "application/problem+json",
        "application/json;q=0",
        "*/*;q=0",
        "application/*;q=0",
        "application/json;q=0, */*",
        "application/json;q=0, application/*, */*",
        "application/jsonx",
        "json",
        "*",
        "nonsense",
        "\x00",
    ],
)
def test_what_excludes_json_is_406_and_says_what_there_is(api: Client, accept: str) -> None:
    answer = api.get("/items", Accept=accept)
    assert answer.status == 406
    assert answer.json == {
        "type": "about:blank",
        "title": "Not Acceptable",
        "status": 406,
        "detail": "/items can be sent as application/json.",
        "errors": [{"header": "Accept", "detail": "must allow application/json"}],
    }


def test_nothing_is_stored_for_who_cannot_take_the_answer(api: Client) -> None:
    assert api.send("POST", "/items", {}, headers={"Accept": "text/html"}).status == 406
    assert api.get("/items").json["meta"]["total_count"] == 1


def test_an_answer_without_content_has_no_format(api: Client) -> None:
    assert api.send("DELETE", "/items/1", headers={"Accept": "image/png"}).status == 204


def test_an_error_is_a_problem_whatever_is_accepted(api: Client) -> None:
    for accept in ("text/html", "application/json", "*/*;q=0"):
        answer = api.raw("GET", "/nothing", headers={"Accept": accept})
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("accept", "status", "media_type"),
    [
        ("*/*", 200, "application/json"),
        ("application/json", 200, "application/json"),
        ("text/html", 303, None),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 303, None),
        ("text/html;q=0.5, application/json", 200, "application/json"),
        ("image/png", 406, "application/problem+json"),
    ],
)
def test_a_browser_is_sent_from_the_root_to_the_pages(
    api: Client, accept: str, status: int, media_type: str | None
) -> None:
    answer = api.get("/", Accept=accept)
    assert (answer.status, answer.headers.get("Content-Type")) == (status, media_type)
    assert answer.headers.get("Location") == ("/docs" if status == 303 else None)
