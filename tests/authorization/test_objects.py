"""Who may change an object, which the object itself says."""

from __future__ import annotations

import re
from typing import Any

import pytest

from openrest import models
from openrest.authorization import Anyone
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError, ContractError
from openrest.interfaces import Record
from openrest.ratelimit import RateLimit
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.authorization.asking import SCHEME, AskedBy, settings
from tests.contract.client import JSON_PATCH, Client
from tests.needs import fuzzed_in_ci


class Post(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    likes = models.IntegerField(dump_only=True, load_default=0)
    author = models.StringField(dump_only=True)


class Posts(Controller):
    """Everybody reads them, and their authors change them."""

    resource = {
        "resource_name": "posts",
        "resource": [
            {"text": f"{author} {number}", "author": author, "likes": 0}
            for number in range(2)
            for author in ("ada", "bob")
        ],
        "model": Post,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST", "PATCH", "DELETE"],
        "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        "options": {
            "authentication": SCHEME,
            "authorization": {"GET": Anyone(), "DELETE": Anyone()},
            "bulk": True,
            "json_patch": True,
            "concurrency": "optional",
        },
    }
    view = {"response_class": JsonResponse}

    def before_create(self, call: Call, record: Record) -> Record:
        return {**record, "author": call.user["id"] if call.user else None}

    def may_change(self, call: Call, current: Record) -> bool:
        return call.user is not None and current.get("author") == call.user["id"]

    @operation("POST", "/{id}/like")
    def like(self, call: Call) -> Result:
        """Like it: everybody may, who is known."""
        like = lambda now: {**now, "likes": now["likes"] + 1}  # noqa: E731
        return Result(self.store.update(call.key, like))


@pytest.fixture
def app() -> WSGIDispatcher:
    return WSGIDispatcher([Posts], debug=True)


CHANGES: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("PUT", "/posts/2", {"text": "x"}, {}),
    ("PATCH", "/posts/2", {"text": "x"}, {"content_type": "application/merge-patch+json"}),
    (
        "PATCH",
        "/posts/2",
        [{"op": "replace", "path": "/text", "value": "x"}],
        {"content_type": JSON_PATCH},
    ),
    ("DELETE", "/posts/2", None, {}),
    ("DELETE", "/posts/2", None, {"headers": {"If-Match": '"0123456789"'}}),
    ("PATCH", "/posts?author=bob", {"text": "x"}, {"content_type": "application/merge-patch+json"}),
    ("PATCH", "/posts?likes=0", {"text": "x"}, {"content_type": "application/merge-patch+json"}),
    ("DELETE", "/posts?likes=0", None, {}),
]


@pytest.mark.parametrize(("method", "target", "body", "more"), CHANGES)
def test_nobody_changes_what_they_may_not(
    app: WSGIDispatcher, method: str, target: str, body: Any, more: dict[str, Any]
) -> None:
    before = Client(app).get("/posts").json
    refused = AskedBy(app, "ada").send(method, target, body, **more)
    assert refused.status == 403
    assert refused.json["detail"] == "You may not change this object."
    assert Client(app).get("/posts").json == before


@pytest.mark.parametrize("target", ["/posts/1", "/posts?likes=0"])
def test_somebody_unknown_is_asked_who_they_are(app: WSGIDispatcher, target: str) -> None:
    asked = Client(app).delete(target)
    assert asked.status == 401
    assert "WWW-Authenticate" in asked.headers


def test_whoever_may_change_it_does(app: WSGIDispatcher) -> None:
    bob = AskedBy(app, "bob")
    assert bob.put("/posts/2", {"text": "x"}).json["text"] == "x"
    assert bob.patch("/posts/2", {"text": "y"}).json["text"] == "y"
    assert bob.patch("/posts?author=bob", {"text": "z"}).json == {"affected": 2}
    assert AskedBy(app, "ada").send("POST", "/posts/2/like").json["likes"] == 1
    assert bob.delete("/posts/2").status == 204
    assert bob.delete("/posts?author=bob").json == {"affected": 1}


def test_what_is_not_there_nobody_has_to_be_allowed_to_change(app: WSGIDispatcher) -> None:
    assert AskedBy(app, "ada").delete("/posts/99").status == 404


def test_the_permission_comes_before_the_conditions(app: WSGIDispatcher) -> None:
    stale = {"If-Match": '"0123456789"'}
    assert AskedBy(app, "bob").send("DELETE", "/posts/2", headers=stale).status == 412
    assert AskedBy(app, "ada").send("DELETE", "/posts/2", headers=stale).status == 403


def test_a_handler_of_ones_own_that_does_not_ask_is_found() -> None:
    class Careless(Posts):
        resource = {**Posts.resource, "resource": [{"text": "x", "author": "bob"}]}
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["DELETE"],
            "options": {"authentication": SCHEME},
        }
        view = Posts.view

        def delete(self, call: Call) -> Result:
            self.store.delete(call.key)
            return Result(None, 204)

    app = WSGIDispatcher([Careless], debug=True)
    with pytest.raises(ContractError, match="call self.check_preconditions"):
        AskedBy(app, "bob").delete("/posts/1")


def test_a_misspelt_question_is_refused_at_the_start() -> None:
    class Misspelt(Posts):
        resource = {**Posts.resource, "resource": []}
        controller = Posts.controller
        view = Posts.view

        def may_chnage(self, call: Call, current: Record) -> bool:
            return False

    said = "may_chnage: nothing asks it. Did you mean 'may_change'?"
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        WSGIDispatcher([Misspelt])


@pytest.mark.parametrize(
    ("option", "value"),
    [("authorization", {"PUT": Anyone()}), ("ratelimit", {"PUT": RateLimit("9/day")})],
)
def test_a_verb_that_is_not_served_is_told_from_one_that_is_none(option: str, value: Any) -> None:
    options: Any = {"authentication": SCHEME, option: value}
    with pytest.raises(ConfigurationError) as refused:

        class Reading(Controller):
            resource = Posts.resource
            controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"], "options": options}
            view = Posts.view

    assert list(refused.value.mistakes) == [
        f"controller.options.{option}: 'PUT' is none of GET, *. The resource does not serve PUT: "
        "leave it out, or add it to its verbs."
    ]


def test_the_document_announces_it_where_it_is_asked(app: WSGIDispatcher) -> None:
    paths = app.document["paths"]
    announced = {
        (path, method)
        for path, methods in paths.items()
        for method, row in methods.items()
        if "403" in row["responses"]
    }
    one, many = "/posts/{id}", "/posts"
    changing = {(one, "put"), (one, "patch"), (one, "delete"), (many, "patch"), (many, "delete")}
    assert announced == {*changing, ("/posts/{id}/like", "post")}


@fuzzed_in_ci
def test_schemathesis_finds_no_difference() -> None:
    check_contract(
        lambda: WSGIDispatcher([Posts], debug=True), settings=settings("ada"), examples=10, seed=1
    )
