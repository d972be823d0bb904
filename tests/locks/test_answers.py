"""Lock 4: a status, header, body or error that the row does not declare is never sent."""

import logging
from pathlib import Path
from typing import Any

import pytest
from marshmallow.validate import Length

from openrest import models, pipeline, rendering
from openrest.controllers import Call, Controller, Page, Result, WSGIDispatcher, declare, operation
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.errors import (
    BadRequest,
    Conflict,
    ContractError,
    InvalidData,
    Mistake,
    NotFound,
    Problem,
    RecordConflict,
    RecordNotFound,
    ServiceUnavailable,
    StoreUnavailable,
)
from openrest.views import JsonResponse
from tests.contract.client import Client


class Item(models.Model):
    id = models.PkField()
    name = models.StringField(required=True, validate=Length(max=5))


class Teapot(Problem):
    status, title = 418, "I'm a teapot"


ITEM = {"id": 1, "name": "a"}
META = {"count": 0, "total_count": 0}


def answering(answer: Any, *, debug: bool) -> Client:
    """An API whose operations answer this, or raise it; only `brew` declares more than others."""

    def act() -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    class Items(Controller):
        resource = {
            "resource_name": "items",
            "resource": [],
            "model": Item,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "DELETE"],
            "options": {"pagination": None},
        }
        view = {"response_class": JsonResponse}

        def get_list(self, call: Call) -> Result:
            return act()  # type: ignore[no-any-return]  # a lie is of any type

        def create(self, call: Call) -> Result:
            return act()  # type: ignore[no-any-return]  # a lie is of any type

        def get(self, call: Call) -> Result:
            return act()  # type: ignore[no-any-return]  # a lie is of any type

        @declare(errors={418: "It is a teapot", 409: "It has been brewed"})
        def delete(self, call: Call) -> Result:
            return act()  # type: ignore[no-any-return]  # a lie is of any type

        @operation("POST", "/{id}/brew", status=202, errors={418: "It is a teapot"})
        def brew(self, call: Call) -> Result:
            """Brew it."""
            return act()  # type: ignore[no-any-return]  # a lie is of any type

    return Client(WSGIDispatcher([Items], debug=debug))


LIES = {
    "another status": ("GET /items/1", Result(ITEM, 201), "get_items answered 201, which it does "
                       "not declare."),
    "a status of nobody": ("GET /items/1", Result(ITEM, 299), "get_items answered 299, which it "
                           "does not declare."),
    "a problem as a result": ("GET /items/1", Result(ITEM, 404), "get_items answered 404 with a "
                              "Result: raise a Problem instead."),
    "the default status": ("POST /items/1/brew", Result(ITEM), "brew_items answered 200, which it "
                           "does not declare."),
    "a header": ("GET /items/1", Result(ITEM, headers=[("X-A", "b"), ("Set-Cookie", "a=b")]),
                 "get_items 200 sent set-cookie, x-a undeclared."),
    "a format of its own": ("GET /items/1", Result(ITEM, headers=[("content-type", "text/html")]),
                            "get_items 200 sent content-type undeclared."),
    "a header less": ("POST /items", Result(ITEM, 201), "create_items 201 left out location, which "
                      "it promises."),
    "a header more and one less": ("POST /items", Result(ITEM, 201, [("X-A", "b")]),
                                   "create_items 201 sent x-a undeclared and left out location, "
                                   "which it promises."),
    "a body": ("DELETE /items/1", Result(ITEM, 204), "delete_items declares no body for 204."),
    "a record for a page": ("GET /items", Result([ITEM]), "list_items answers a Page, not a list."),
    "nothing like a result": ("GET /items/1", ITEM, "get_items answers a Result, not a dict."),
    "none": ("GET /items/1", None, "get_items answers a Result, not a NoneType."),
    "a member less": ("GET /items/1", Result({"id": 1}), "The record has no 'name', which the "
                      "document promises; it has 'id'."),
    "a member less in a page": ("GET /items", Result(Page([{"id": 1}], META)), "The record has no "
                                "'name', which the document promises; it has 'id'."),
    "a meta less": ("GET /items", Result(Page([], {"count": 0})), "The record has no "
                    "'total_count', which the document promises; it has 'count'."),
    "a problem": ("GET /items/1", Teapot("short and stout"), "get_items raised Teapot, and does "
                  "not declare 418: short and stout"),
    "a problem that others declare": ("GET /items/1", Conflict("no"), "get_items raised Conflict, "
                                      "and does not declare 409: no"),
    "a problem without a body to be bad": ("GET /items/1", BadRequest("no"), "get_items raised "
                                           "BadRequest, and does not declare 400: no"),
    "a record that is not there": ("GET /items", RecordNotFound(7), "list_items raised NotFound, "
                                   "and does not declare 404: There is no record with the key 7."),
    "a clash": ("GET /items/1", RecordConflict(["name"]), "get_items raised Conflict, and does not "
                "declare 409: Another record has the same name."),
    "a store away that never is": ("GET /items/1", StoreUnavailable("gone"), "get_items raised "
                                   "ServiceUnavailable, and does not declare 503: The data cannot "
                                   "be reached for now."),
    "a problem with a header": ("DELETE /items/1", Conflict("no", headers=[("X-A", "b")]),
                                "delete_items 409 sent x-a undeclared."),
    "a routing problem with a header": ("GET /items/1", NotFound("no", headers=[("X-A", "b")]),
                                        "get_items 404 sent x-a undeclared."),
}  # fmt: skip


def ask(client: Client, target: str) -> Any:
    method, path = target.split()
    body = {"name": "a"} if target == "POST /items" else None
    return client.send(method, path, body)


@pytest.mark.parametrize("name", LIES)
def test_in_debug_a_lie_is_a_contract_error(name: str) -> None:
    target, lie, said = LIES[name]
    with pytest.raises(ContractError) as caught:
        ask(answering(lie, debug=True), target)
    assert str(caught.value) == said


@pytest.mark.parametrize("name", LIES)
def test_in_production_a_lie_is_logged_and_answered_500(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    target, lie, said = LIES[name]
    answer = ask(answering(lie, debug=False), target)
    assert answer.status == 500
    assert answer.json["detail"] == "The server failed; its log says why."
    records = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(records) == 1
    assert records[0].exc_info is not None and str(records[0].exc_info[1]) == said
    assert answer.json["instance"] in records[0].getMessage()


BROKEN_BODIES = {
    "a type": ("GET /items/1", Result({"id": "1", "name": "a"}),
               "get_items answers what breaks its schema: #/id: must be an integer"),
    "a bound": ("GET /items/1", Result({"id": -1, "name": "aaaaaa"}),
                "get_items answers what breaks its schema: #/id: must be at least 0; "
                "#/name: must have at most 5 characters"),
    "a null": ("GET /items/1", Result({"id": 1, "name": None}),
               "get_items answers what breaks its schema: #/name: must be a string"),
    "an object of a page": ("GET /items", Result(Page([ITEM, {"id": 2, "name": 3}], META)),
                            "list_items answers what breaks its schema: #/object_list/1/name: "
                            "must be a string"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_in_debug_a_body_that_breaks_its_schema_is_a_contract_error(name: str) -> None:
    target, lie, said = BROKEN_BODIES[name]
    with pytest.raises(ContractError) as caught:
        ask(answering(lie, debug=True), target)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("target", "answer", "status"),
    [
        ("GET /items/1", Result(ITEM), 200),
        ("GET /items/1", RecordNotFound(1), 404),
        ("GET /items/1", NotFound("gone"), 404),
        ("GET /items/1", InvalidData([Mistake("no", pointer="#")]), 422),
        ("POST /items", Result(ITEM, 201, [("Location", "/items/1")]), 201),
        ("DELETE /items/1", Result(None, 204), 204),
        ("DELETE /items/1", Teapot("no"), 418),
        ("DELETE /items/1", Conflict("no"), 409),
        ("POST /items/1/brew", Result(ITEM, 202), 202),
        ("POST /items/1/brew", Teapot("no"), 418),
    ],
)
def test_what_is_declared_is_sent(target: str, answer: Any, status: int) -> None:
    assert ask(answering(answer, debug=True), target).status == status


def test_a_member_that_is_not_declared_is_not_sent() -> None:
    answer = ask(answering(Result({**ITEM, "password": "tiger"}), debug=True), "GET /items/1")
    assert answer.json == {"id": 1, "name": "a"}


def test_a_promised_header_of_a_problem_has_to_be_there(tmp_path: Path) -> None:
    class Items(Controller):
        resource = {
            "resource_name": "items",
            "resource": {"name": str(tmp_path / "items.db"), "table": "items"},
            "model": Item,
            "datastore": SQLiteDataStore,
        }
        controller = {"list_verbs": ["GET"], "unique_verbs": []}
        view = {"response_class": JsonResponse}

        def get_list(self, call: Call) -> Result:
            raise ServiceUnavailable("Later.")

    with pytest.raises(ContractError) as caught:
        Client(WSGIDispatcher([Items], debug=True)).get("/items")
    assert str(caught.value) == "list_items 503 left out retry-after, which it promises."


def test_without_the_lock_on_headers_the_lie_goes_out_and_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rendering, "_check_headers", lambda *anything: None)
    with pytest.raises(AssertionError, match="undeclared headers: {'X-A'}"):
        ask(answering(Result(ITEM, headers=[("X-A", "b")]), debug=True), "GET /items/1")
    with pytest.raises(AssertionError, match="Location is missing"):
        ask(answering(Result(ITEM, 201), debug=True), "POST /items")


def test_without_the_lock_on_problems_the_lie_goes_out_and_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "check_problem", lambda *anything: None)
    with pytest.raises(AssertionError, match="undeclared: Answer"):
        ask(answering(Conflict("no"), debug=True), "GET /items/1")


def test_without_the_lock_on_bodies_the_lie_goes_out_and_is_noticed() -> None:
    client = answering(Result({"id": 1, "name": "aaaaaa"}), debug=False)
    with pytest.raises(Exception, match="is longer than 5 characters"):
        ask(client, "GET /items/1")
