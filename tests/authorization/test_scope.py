"""Rows that are their users' own: what is somebody else's is not there."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest import models
from openrest.asking import asked_by, unscoped
from openrest.authorization import Anyone, Authenticated
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import DataStore, PythonListDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError, ContractError
from openrest.idempotency import Idempotency
from openrest.interfaces import User
from openrest.pagination import CursorPagination, Pagination
from openrest.query import Query
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse, NdjsonResponse
from tests.authorization.asking import KEYS, SCHEME, AskedBy, settings
from tests.contract.client import JSON, JSON_PATCH, MERGE_PATCH, Client
from tests.needs import fuzzed_in_ci

OWN = ("ada", "bob")


class Box(models.Model):
    id = models.PkField()
    label = models.StringField(required=True)
    owner = models.StringField(dump_only=True)


class Thing(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)
    owner = models.StringField()
    box = models.IntForeignField(foreign={"resource": "boxes"}, allow_none=True)


def own(user: User) -> dict[str, Any]:
    """Each has their own alone."""
    return {"owner": user["id"]}


def stores(kind: str, folder: Path) -> tuple[type[DataStore], Any, Any]:
    boxes = [{"label": f"Box of {name}", "owner": name} for name in OWN]
    things = [
        {"name": f"{name} {number}", "owner": name, "box": OWN.index(name) + 1}
        for number in range(3)
        for name in OWN
    ]
    if kind == "list":
        return PythonListDataStore, boxes, things
    place = str(folder / "own.db")
    for table, model, records in (("boxes", Box, boxes), ("things", Thing, things)):
        SQLiteDataStore({"name": place, "table": table}, model).insert_many(records)
    return (
        SQLiteDataStore,
        {"name": place, "table": "boxes"},
        {"name": place, "table": "things"},
    )


def api(kind: str, folder: Path, pagination: Any = None) -> WSGIDispatcher:
    store, boxes, things = stores(kind, folder)

    class Boxes(Controller):
        resource = {
            "resource_name": "boxes",
            "resource": boxes,
            "model": Box,
            "datastore": store,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "DELETE"],
            "options": {"authentication": SCHEME, "scope": own, "children": ["things"]},
        }
        view = {"response_class": JsonResponse}

    class Things(Controller):
        resource = {
            "resource_name": "things",
            "resource": things,
            "model": Thing,
            "datastore": store,
        }
        controller = {
            "list_verbs": ["GET", "POST", "PATCH", "DELETE"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {
                "authentication": SCHEME,
                "scope": own,
                "filters": {"name": ["eq", "startswith"], "owner": ["eq"]},
                "sorting": True,
                "search": ["name"],
                "embed": True,
                "bulk": True,
                "json_patch": True,
                "partial": True,
                "idempotency": Idempotency(),
                "pagination": pagination or Pagination(10),
            },
        }
        view = {"response_class": JsonResponse, "options": {"alternatives": [NdjsonResponse]}}

        @operation("POST", "/{id}/rename")
        def rename(self, call: Call) -> Result:
            """Give it another name."""
            return Result(self.store.update(call.key, lambda now: {**now, "name": "renamed"}))

    return WSGIDispatcher([Boxes, Things], debug=True)


@pytest.fixture(params=["list", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> WSGIDispatcher:
    return api(request.param, tmp_path)


def everything(app: WSGIDispatcher) -> list[dict[str, Any]]:
    with unscoped():
        things = next(each for each in app.controllers if each.definition.name == "things")
        return [dict(record) for record in things.store.find(Query())]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?sort=-name",
        "?name__startswith=b",
        "?owner=bob",
        "?q=bob",
        "?q=ada",
        "?embed=box",
        "?fields=name",
        "?limit=1",
        "?offset=2",
        "?offset=3",
    ],
)
def test_a_list_is_that_of_a_store_that_has_ones_own_alone(app: WSGIDispatcher, query: str) -> None:
    found = AskedBy(app, "ada").get(f"/things{query}").json
    names = [each["name"] for each in found["object_list"]]
    assert all(name.startswith("ada") for name in names)
    mine = {"": 3, "?owner=bob": 0, "?name__startswith=b": 0, "?q=bob": 0}.get(query, 3)
    assert found["meta"]["total_count"] == mine


def test_what_is_somebody_elses_is_answered_as_what_is_not_there(ada: AskedBy) -> None:
    for method, body, more in (
        ("GET", None, {}),
        ("HEAD", None, {}),
        ("PUT", {"name": "mine now"}, {}),
        ("PATCH", {"name": "mine now"}, {}),
        ("PATCH", [{"op": "test", "path": "/name", "value": "bob 0"}], {}),
        ("DELETE", None, {}),
        ("DELETE", None, {"If-Match": "*"}),
        ("DELETE", None, {"If-Match": '"0123456789"'}),
    ):
        content_type = JSON_PATCH if isinstance(body, list) else MERGE_PATCH
        content_type = content_type if method == "PATCH" else JSON
        others, nobodys = (
            ada.send(method, f"/things/{key}", body, content_type=content_type, headers=more)
            for key in (2, 99)
        )
        assert others.status == nobodys.status == 404
        assert others.headers.keys() == nobodys.headers.keys()
        assert others.data == nobodys.data.replace(b"99", b"2")
    assert ada.send("POST", "/things/2/rename").status == 404


def test_no_write_reaches_what_is_somebody_elses(app: WSGIDispatcher, ada: AskedBy) -> None:
    theirs = [each for each in everything(app) if each["owner"] == "bob"]
    changed = ada.patch("/things?name__startswith=b", {"name": "x"})
    assert changed.json == {"affected": 0}
    assert ada.delete("/things?name__startswith=bob").json == {"affected": 0}
    assert ada.delete("/things?q=0").json == {"affected": 1}
    assert [each for each in everything(app) if each["owner"] == "bob"] == theirs


def test_a_new_object_is_of_whoever_makes_it(ada: AskedBy, bob: AskedBy) -> None:
    made = ada.post("/boxes", {"label": "new"})
    assert made.status == 201
    assert made.json["owner"] == "ada"
    assert bob.get(made.headers["Location"]).status == 404
    [first, second] = ada.post("/things", [{"name": "n"}, {"name": "m"}]).json
    assert first["owner"] == second["owner"] == "ada"
    once = {"Idempotency-Key": "k"}
    made, again = (ada.send("POST", "/things", {"name": "once"}, headers=once) for _ in range(2))
    assert made.json == again.json
    assert made.json["owner"] == "ada"


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer"),
    [
        ("POST", "/things", {"name": "x", "owner": "bob"}, "#/owner"),
        ("POST", "/things", [{"name": "x"}, {"name": "y", "owner": "bob"}], "#/1/owner"),
        ("PUT", "/things/1", {"name": "x", "owner": "bob"}, "#/owner"),
        ("PATCH", "/things/1", {"owner": "bob"}, "#/owner"),
        ("PATCH", "/things?name__startswith=a", {"owner": "bob"}, "#/owner"),
    ],
)
def test_nothing_is_given_away(
    app: WSGIDispatcher, ada: AskedBy, method: str, path: str, body: Any, pointer: str
) -> None:
    before = everything(app)
    content_type = MERGE_PATCH if method == "PATCH" else JSON
    refused = ada.send(method, path, body, content_type=content_type)
    assert refused.status == 403
    assert refused.json["detail"] == "You may not put this where it would not be yours."
    assert refused.json["errors"] == [
        {"pointer": pointer, "detail": "must have a value that is yours"}
    ]
    assert everything(app) == before


def test_nobody_refers_to_what_is_somebody_elses(ada: AskedBy) -> None:
    others = ada.post("/things", {"name": "x", "box": 2})
    nobodys = ada.post("/things", {"name": "x", "box": 99})
    assert others.status == nobodys.status == 409
    assert others.data == nobodys.data
    assert ada.post("/things", {"name": "x", "box": 1}).status == 201


def test_nothing_of_somebody_else_is_embedded_or_below(app: WSGIDispatcher, ada: AskedBy) -> None:
    with unscoped():
        store = app.controllers[1].store
        store.update(1, lambda now: {**now, "box": 2})
        store.update(2, lambda now: {**now, "box": 1})
    assert ada.get("/things/1?embed=box").json["_embedded"] == {}
    assert ada.get("/boxes/2/things").status == 404
    below = ada.get("/boxes/1/things").json
    assert [each["owner"] for each in below["object_list"]] == ["ada", "ada"]
    streamed = ada.get("/things?embed=box", Accept="application/x-ndjson").data.decode()
    assert "bob" not in streamed
    assert streamed.count("Box of ada") == 2


def test_a_cursor_leads_to_nobody_elses(tmp_path: Path) -> None:
    app = api("sqlite", tmp_path, CursorPagination(1, secret="s" * 32))
    ada, bob = AskedBy(app, "ada"), AskedBy(app, "bob")
    theirs = bob.get("/things?sort=name").json["meta"]["next"]
    names = []
    while theirs is not None:
        page = ada.get(theirs)
        names += [each["name"] for each in page.json["object_list"]]
        theirs = page.json["meta"]["next"]
    assert all(name.startswith("ada") for name in names)


def test_a_list_in_a_scope_is_of_values_that_may_be_there() -> None:
    class Task(models.Model):
        id = models.PkField()
        team = models.StringField(required=True)

    class Tasks(Controller):
        resource = {
            "resource_name": "tasks",
            "resource": [{"team": "red"}, {"team": "blue"}, {"team": "green"}],
            "model": Task,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET"],
            "options": {
                "authentication": SCHEME,
                "scope": lambda user: {"team": user["teams"]},
            },
        }
        view = {"response_class": JsonResponse}

    app = WSGIDispatcher([Tasks], debug=True)
    teams = {
        name: [each["team"] for each in AskedBy(app, name).get("/tasks").json["object_list"]]
        for name in KEYS
    }
    assert teams == {"ada": ["red", "blue"], "bob": ["blue"], "eve": []}
    assert AskedBy(app, "bob").post("/tasks", {"team": "blue"}).status == 201
    assert AskedBy(app, "bob").post("/tasks", {"team": "red"}).status == 403
    assert AskedBy(app, "eve").post("/tasks", {"team": "red"}).status == 403


def notes(scope: Any, authorization: Any = None) -> WSGIDispatcher:
    class Note(models.Model):
        id = models.PkField()
        text = models.StringField(required=True)
        owner = models.StringField(dump_only=True, allow_none=True)

    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": [{"text": "public", "owner": None}, {"text": "ada's", "owner": "ada"}],
            "model": Note,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "DELETE"],
            "options": {
                "authentication": SCHEME,
                "authorization": authorization or Authenticated(),
                "scope": scope,
            },
        }
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Notes], debug=True)


def test_somebody_unknown_has_what_the_scope_of_none_says() -> None:
    app = notes(lambda user: {"owner": user["id"] if user else None}, {"GET": Anyone()})
    assert [n["text"] for n in Client(app).get("/notes").json["object_list"]] == ["public"]
    assert Client(app).get("/notes/2").status == 404
    assert [n["text"] for n in AskedBy(app, "ada").get("/notes").json["object_list"]] == ["ada's"]


def test_a_request_asks_for_its_scope_once_so_that_page_and_total_are_of_the_same() -> None:
    asked: list[Any] = []

    def scope(user: User) -> dict[str, Any]:
        asked.append(user)
        return {"owner": user["id"]} if len(asked) % 2 else {}

    app = notes(scope)
    for number in (1, 2, 3):
        answer = AskedBy(app, "ada").get("/notes?limit=1").json
        assert answer["meta"]["total_count"] == (1 if number % 2 else 2)
        assert len(asked) == number


def test_an_empty_scope_is_that_of_somebody_who_has_everything() -> None:
    app = notes(lambda user: {} if user["id"] == "ada" else own(user))
    assert AskedBy(app, "ada").get("/notes").json["meta"]["count"] == 2
    assert AskedBy(app, "bob").get("/notes").json["meta"]["count"] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"scope": own},
            "controller.options.scope: without the option authentication nobody is known.",
        ),
        (
            {"scope": {"owner": "ada"}, "authentication": SCHEME},
            "controller.options.scope: is no function of a user but {'owner': 'ada'}.",
        ),
        (
            {"scope": own, "authentication": SCHEME, "authorization": Anyone()},
            "controller.options.scope: Anyone may, so it is asked for None, too, who is somebody "
            "that is not known, and fails: TypeError(\"'NoneType' object is not subscriptable\")",
        ),
        (
            {
                "scope": lambda user: {"ownr": None},
                "authentication": SCHEME,
                "authorization": Anyone(),
            },
            "fails: controller.options.scope: the model has no field 'ownr'. Did you mean 'owner'?",
        ),
    ],
)
def test_a_scope_that_cannot_be_is_refused_at_the_start(options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:

        class Things(Controller):
            resource = {
                "resource_name": "things",
                "resource": [],
                "model": Thing,
                "datastore": PythonListDataStore,
            }
            controller = {"list_verbs": ["GET"], "unique_verbs": [], "options": options}
            view = {"response_class": JsonResponse}

    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        (lambda user: None, "controller.options.scope gives None, and no mapping of fields."),
        (
            lambda user: {"ownr": "ada"},
            "controller.options.scope: the model has no field 'ownr'. Did you mean 'owner'?",
        ),
        (
            lambda user: {"owner": 7},
            "controller.options.scope: field 'owner': 7 ",
        ),
    ],
)
def test_a_scope_that_cannot_be_asked_for_is_its_authors_mistake(scope: Any, said: str) -> None:
    with pytest.raises(ContractError) as refused:
        AskedBy(notes(scope), "ada").get("/notes")
    assert said in str(refused.value)


def test_without_a_request_it_has_to_be_said_whose_records_are_meant() -> None:
    store = notes(own).controllers[0].store
    with pytest.raises(ContractError, match="Nobody knows whose records are meant"):
        store.get(1)
    with asked_by({"id": "ada"}):
        assert store.get(2)["text"] == "ada's"
    with unscoped():
        assert store.count(Query()) == 2
    store.ping()


def test_a_request_within_work_for_all_is_that_of_whoever_makes_it() -> None:
    app = notes(own)
    with unscoped():
        assert AskedBy(app, "bob").get("/notes").json["meta"]["total_count"] == 0
        assert app.controllers[0].store.count(Query()) == 2


def test_of_a_user_and_of_all_within_each_other_the_innermost_holds() -> None:
    store = notes(own).controllers[0].store
    with unscoped():
        with asked_by({"id": "ada"}):
            assert store.count(Query()) == 1
            with unscoped():
                assert store.count(Query()) == 2
            assert store.count(Query()) == 1
        assert store.count(Query()) == 2


def test_the_document_says_what_each_has(app: WSGIDispatcher) -> None:
    paths = app.document["paths"]
    assert "Each has their own alone." in paths["/things"]["get"]["description"]
    assert "403" in paths["/things"]["post"]["responses"]
    assert "403" not in paths["/things"]["get"]["responses"]


def test_the_document_says_nothing_that_its_author_has_not() -> None:
    for scope in (partial(own), lambda user: own(user)):
        description = notes(scope).document["paths"]["/notes"]["get"]["description"]
        assert "Each user has only those objects that are in their own scope." in description
        assert "partial" not in description


@pytest.mark.parametrize("kind", ["list", "sqlite"])
@fuzzed_in_ci
def test_schemathesis_finds_no_difference(kind: str, tmp_path: Path) -> None:
    check_contract(api(kind, tmp_path), settings=settings("ada"), examples=5, seed=1)


RECORDS = [
    {"id": number, "name": name, "owner": owner}
    for number, (name, owner) in enumerate(
        itertools.product(["a", "b", "c"], ["ada", "bob", "eve"]), 1
    )
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob", "eve"]),
        st.sampled_from(["get", "delete", "rename", "create", "count", "delete_many"]),
        st.integers(1, 12),
    ),
    max_size=20,
)


@given(STEPS)
def test_any_steps_of_several_users_are_those_of_a_store_for_each(
    steps: list[tuple[str, str, int]],
) -> None:
    """The stores that each would have of their own are the model."""

    class Named(models.Model):
        id = models.PkField()
        name = models.StringField(required=True)
        owner = models.StringField(dump_only=True)

    class All(Controller):
        resource = {
            "resource_name": "named",
            "resource": [dict(record) for record in RECORDS],
            "model": Named,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST", "DELETE"],
            "unique_verbs": ["GET", "PATCH", "DELETE"],
            "options": {"authentication": SCHEME, "scope": own, "bulk": True},
        }
        view = {"response_class": JsonResponse}

    app = WSGIDispatcher([All], debug=True)
    mine = {
        name: {r["id"]: r["name"] for r in RECORDS if r["owner"] == name}
        for name in ("ada", "bob", "eve")
    }
    for name, step, key in steps:
        client, model = AskedBy(app, name), mine[name]
        there = key in model
        if step == "get":
            assert client.get(f"/named/{key}").status == (200 if there else 404)
        elif step == "delete":
            assert client.delete(f"/named/{key}").status == (204 if there else 404)
            model.pop(key, None)
        elif step == "rename":
            answer = client.patch(f"/named/{key}", {"name": "n"})
            assert answer.status == (200 if there else 404)
            if there:
                model[key] = "n"
        elif step == "create":
            made = client.post("/named", {"name": "new"}).json
            model[made["id"]] = "new"
        elif step == "delete_many":
            gone = [each for each, called in model.items() if called == "a"]
            assert client.delete("/named?name=a").json == {"affected": len(gone)}
            for each in gone:
                del model[each]
        else:
            page = client.get("/named?limit=100").json
            assert page["meta"]["total_count"] == len(model)
            assert {each["id"]: each["name"] for each in page["object_list"]} == model
