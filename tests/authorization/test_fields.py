"""Fields that not everybody may read, or set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openrest import models
from openrest.authorization import Anyone, Authenticated, Role
from openrest.config import ControllerOptions
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import DataStore, PythonListDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError
from openrest.pagination import Pagination
from openrest.testing.contract import check_contract
from openrest.views import CsvResponse, JsonResponse, NdjsonResponse, formatter
from tests.authorization.asking import SCHEME, AskedBy, settings
from tests.contract.client import JSON, JSON_PATCH, MERGE_PATCH, Client
from tests.needs import fuzzed_in_ci

HR = Role("hr")
READABLE = {"salary": HR, "remarks": HR, "boss": HR}
WRITABLE = {"salary": HR, "grade": HR}
SECRETS = ("4321", "1234", "steals pencils")


class Person(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)
    salary = models.IntegerField()
    grade = models.IntegerField(load_default=1)
    remarks = models.StringField()
    boss = models.IntForeignField(foreign={"resource": "people"}, allow_none=True)


def records() -> list[dict[str, Any]]:
    return [
        {"name": "Ann", "salary": 4321, "grade": 3, "remarks": "fine", "boss": None},
        {"name": "Ben", "salary": 1234, "grade": 2, "remarks": "steals pencils", "boss": 1},
    ]


class Desk(models.Model):
    id = models.PkField()
    person = models.IntForeignField(foreign={"resource": "people"}, allow_none=True)


def api(kind: str = "list", folder: Path = Path(), **more: Any) -> WSGIDispatcher:
    store: type[DataStore] = PythonListDataStore
    source: Any = records()
    if kind == "sqlite":
        store, source = SQLiteDataStore, {"name": str(folder / "hr.db"), "table": "people"}
        SQLiteDataStore(source, Person).insert_many(records())
    options: ControllerOptions = {
        "authentication": SCHEME,
        "authorization": {"GET": Anyone()},
        "readable": READABLE,
        "writable": WRITABLE,
        "filters": dict.fromkeys(("name", "salary", "remarks", "boss", "grade"), True),
        "any_of": True,
        "sorting": True,
        "search": ["name", "remarks"],
        "partial": True,
        "embed": True,
        "children": {"staff": "people.boss"},
        "bulk": True,
        "json_patch": True,
        "concurrency": "optional",
        "pagination": Pagination(10),
        **more,  # type: ignore[typeddict-item]
    }

    class People(Controller):
        resource = {
            "resource_name": "people",
            "resource": source,
            "model": Person,
            "datastore": store,
        }
        controller = {
            "list_verbs": ["GET", "POST", "PATCH", "DELETE"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": options,
        }
        view = {
            "response_class": JsonResponse,
            "options": {
                "alternatives": [CsvResponse, NdjsonResponse],
                "formatters": ["add_resource_uri"],
            },
        }

    class Desks(Controller):
        resource = {
            "resource_name": "desks",
            "resource": [{"person": 2}],
            "model": Desk,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET"],
            "options": {
                "embed": True,
                "authentication": SCHEME,
                "authorization": Anyone(),
            },
        }
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([People, Desks], debug=True)


@pytest.fixture(params=["list", "sqlite"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> WSGIDispatcher:
    return api(request.param, tmp_path)


@pytest.mark.parametrize("media_type", [JSON, "text/csv", "application/x-ndjson"])
@pytest.mark.parametrize(
    "target", ["/people", "/people/2", "/people?q=Ben", "/people?sort=-grade", "/people?limit=1"]
)
def test_no_answer_shows_what_one_may_not_read(
    ada: AskedBy, bob: AskedBy, target: str, media_type: str
) -> None:
    shown = bob.get(target, Accept=media_type).data.decode()
    assert not any(secret in shown for secret in SECRETS)
    assert "1234" in ada.get(target, Accept=media_type).data.decode() or "limit" in target


@pytest.mark.parametrize("target", ["/people", "/people/2"])
def test_a_table_has_no_column_for_what_one_may_not_read(
    ada: AskedBy, bob: AskedBy, target: str
) -> None:
    names = [who.get(target, Accept="text/csv").data.split(b"\r\n")[0] for who in (ada, bob)]
    everything = b"id,name,salary,grade,remarks,boss,resource_uri"
    assert names == [everything, b"id,name,grade,resource_uri"]


class Salaries(models.Model):
    salary = models.IntegerField()


def test_an_answer_of_another_model_keeps_its_columns() -> None:
    class People(Controller):
        resource = {
            "resource_name": "people",
            "resource": records(),
            "model": Person,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": [],
            "options": {"authentication": SCHEME, "readable": READABLE},
        }
        view = {"response_class": JsonResponse, "options": {"alternatives": [CsvResponse]}}

        @operation("GET", "/total", returns=Salaries)
        def total(self, call: Call) -> Result:
            """What all have together."""
            return Result({"salary": 5555})

    bob = AskedBy(WSGIDispatcher([People], debug=True), "bob")
    assert bob.get("/people/total", Accept="text/csv").data == b"salary\r\n5555\r\n"


def test_what_is_embedded_shows_no_more(app: WSGIDispatcher, ada: AskedBy, bob: AskedBy) -> None:
    for desk in ("/desks/1?embed=person", "/desks?embed=person"):
        assert "1234" in ada.get(desk).data.decode() or Client(app).get(desk).status == 200
        assert not any(secret in Client(app).get(desk).data.decode() for secret in SECRETS)
    assert bob.get("/people/2?embed=boss").status == 403
    assert ada.get("/people/2?embed=boss").json["_embedded"]["boss"]["salary"] == 4321


@pytest.mark.parametrize(
    "query",
    [
        "salary=1234",
        "salary=1",
        "salary__gt=2000",
        "salary__isnull=true",
        "remarks__icontains=pencil",
        "boss=1",
        'any_of=[{"salary":1234},{"name":"Ann"}]',
        "sort=salary",
        "sort=name,-salary",
        "fields=name,salary",
        "fields=salary",
        "embed=boss",
    ],
)
def test_nobody_asks_by_what_they_may_not_read(ada: AskedBy, bob: AskedBy, query: str) -> None:
    refused = bob.get(f"/people?{query}")
    assert refused.status == 403
    assert refused.json["detail"].startswith("You may not read ")
    assert ada.get(f"/people?{query}").status == 200


def test_lists_below_an_object_and_bulk_ask_by_fields_too(ada: AskedBy, bob: AskedBy) -> None:
    assert bob.get("/people/1/staff").status == 403
    assert [each["name"] for each in ada.get("/people/1/staff").json["object_list"]] == ["Ben"]
    assert bob.delete("/people?salary=1").status == 403
    assert bob.patch("/people?salary=1", {"name": "x"}).status == 403


def test_a_search_is_in_what_one_may_read(ada: AskedBy, bob: AskedBy) -> None:
    assert bob.get("/people?q=pencils").json["meta"]["total_count"] == 0
    assert ada.get("/people?q=pencils").json["meta"]["total_count"] == 1
    assert bob.get("/people?q=ben").json["meta"]["total_count"] == 1
    assert bob.delete("/people?q=pencils").json == {"affected": 0}


def test_a_search_in_nothing_that_one_may_read_is_refused() -> None:
    app = api(search=["remarks"])
    assert AskedBy(app, "bob").get("/people?q=fine").status == 403


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "test", "path": "/salary", "value": 1234}],
        [{"op": "copy", "from": "/salary", "path": "/grade"}],
        [{"op": "move", "from": "/remarks", "path": "/name"}],
    ],
)
def test_no_patch_tells_what_one_may_not_read(bob: AskedBy, operations: Any) -> None:
    wrong = [{**each, **({"value": 9} if each["op"] == "test" else {})} for each in operations]
    answers = [
        bob.send("PATCH", "/people/2", patch, content_type=JSON_PATCH)
        for patch in (operations, wrong)
    ]
    assert [answer.status for answer in answers] == [409, 409]
    assert answers[0].json == answers[1].json


def test_the_version_that_one_sees_is_of_what_one_may_read(ada: AskedBy, bob: AskedBy) -> None:
    before = bob.get("/people/2").headers["ETag"]
    assert ada.patch("/people/2", {"salary": 9999}).status == 200
    assert bob.get("/people/2").headers["ETag"] == before
    match = {"If-Match": before}
    patched = bob.send(
        "PATCH", "/people/2", {"name": "Benny"}, content_type=MERGE_PATCH, headers=match
    )
    assert patched.status == 200
    assert "salary" not in patched.json
    assert ada.get("/people/2").json["salary"] == 9999
    assert bob.send("DELETE", "/people/2", headers=match).status == 412


@pytest.mark.parametrize(
    ("method", "target", "body", "pointers"),
    [
        ("POST", "/people", {"name": "Cid", "salary": 1}, ["#/salary"]),
        ("POST", "/people", {"name": "Cid", "grade": 2, "salary": 1}, ["#/grade", "#/salary"]),
        ("POST", "/people", [{"name": "Cid"}, {"name": "Dan", "grade": 9}], ["#/1/grade"]),
        ("PUT", "/people/2", {"name": "Ben", "salary": 9999}, ["#/salary"]),
        ("PATCH", "/people/2", {"salary": None}, ["#/salary"]),
        ("PATCH", "/people/2", {"grade": 5}, ["#/grade"]),
        ("PATCH", "/people?name=Ben", {"grade": 5}, ["#/grade"]),
    ],
)
def test_nobody_sets_what_they_may_not(
    ada: AskedBy, bob: AskedBy, method: str, target: str, body: Any, pointers: list[str]
) -> None:
    before = ada.get("/people").json
    content_type = MERGE_PATCH if method == "PATCH" else JSON
    refused = bob.send(method, target, body, content_type=content_type)
    assert refused.status == 403
    assert [each["pointer"] for each in refused.errors] == pointers
    assert ada.get("/people").json == before
    assert ada.send(method, target, body, content_type=content_type).status < 300


def test_a_replacement_keeps_what_its_sender_cannot_know_or_set(ada: AskedBy, bob: AskedBy) -> None:
    seen = bob.get("/people/2").json
    sent = {"name": "Benny", "grade": seen["grade"]}
    assert bob.put("/people/2", sent).status == 200
    assert bob.put("/people/2", {"name": "Benny"}).status == 200
    kept = ada.get("/people/2").json
    assert (kept["name"], kept["salary"], kept["grade"]) == ("Benny", 1234, 2)
    assert (kept["remarks"], kept["boss"]) == ("steals pencils", 1)
    assert "salary" not in ada.put("/people/2", {"name": "Ben"}).json


class Setting(models.Model):
    id = models.PkField()
    value = models.RawField(load_default=1)
    values = models.ListField(models.RawField())


def test_true_in_the_place_of_1_is_a_change() -> None:
    class Settings(Controller):
        resource = {
            "resource_name": "settings",
            "resource": [{"value": 1, "values": [1]}],
            "model": Setting,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["POST"],
            "unique_verbs": ["GET", "PUT", "PATCH"],
            "options": {
                "authentication": SCHEME,
                "writable": {"value": HR, "values": HR},
            },
        }
        view = {"response_class": JsonResponse}

    bob = AskedBy(WSGIDispatcher([Settings], debug=True), "bob")
    for changed in ({"value": True}, {"values": [True]}):
        assert bob.patch("/settings/1", changed).status == 403
        assert bob.put("/settings/1", {"value": 1, "values": [1], **changed}).status == 403
        assert bob.post("/settings", changed).status == 403
    assert (
        bob.patch("/settings/1", {"value": 1.0, "values": [1.0]}).status == 200
    )  # a number is one
    assert bob.get("/settings/1").json == {"id": 1, "value": 1.0, "values": [1.0]}


def test_what_would_be_there_anyway_may_be_sent(bob: AskedBy) -> None:
    made = bob.post("/people", {"name": "Cid", "grade": 1})
    assert made.status == 201
    assert bob.patch(made.headers["Location"], {"grade": 1, "name": "Sid"}).status == 200


def test_somebody_unknown_is_asked_who_they_are(app: WSGIDispatcher) -> None:
    asked = Client(app).get("/people?salary=1")
    assert asked.status == 401
    assert "WWW-Authenticate" in asked.headers
    assert "salary" not in Client(app).get("/people/1").json


def test_formatters_see_nothing_that_is_hidden() -> None:
    seen: list[set[str]] = []

    @formatter()
    def look(record: dict[str, Any], call: Call) -> dict[str, Any]:
        seen.append(set(record))
        return record

    class People(Controller):
        resource = {
            "resource_name": "people",
            "resource": [{"name": "Ann", "salary": 1}],
            "model": Person,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET"],
            "options": {"authentication": SCHEME, "readable": {"salary": HR}},
        }
        view = {"response_class": JsonResponse, "options": {"formatters": [look]}}

    AskedBy(WSGIDispatcher([People], debug=True), "bob").get("/people/1")
    assert all("salary" not in names for names in seen)


def test_the_document_says_what_not_everybody_has(app: WSGIDispatcher) -> None:
    schemas = app.document["components"]["schemas"]
    salary = schemas["People"]["properties"]["salary"]
    assert salary["description"] == (
        "Not everybody is shown it. Needs the role `hr`. Not everybody may set it. Needs the "
        "role `hr`."
    )
    assert not {"salary", "remarks"} & set(schemas["People"]["required"])
    assert "403" in app.document["paths"]["/people"]["get"]["responses"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"readable": {"salary": HR}, "authentication": None}, "readable: without the option"),
        ({"readable": {"salry": HR}}, "readable: 'salry': the model has no such field. Did you"),
        (
            {"readable": {"id": HR}},
            "readable: 'id': it says which object this is, so it is shown",
        ),
        (
            {"writable": {"id": HR}},
            "writable: 'id': it says which object this is, so it is shown",
        ),
        ({"readable": {"salary": Role}}, "readable: 'salary' is no permission, such as Role('hr')"),
        ({"readable": ["salary"]}, "readable: is no mapping of fields but ['salary']."),
        (
            {"readable": {"salary": HR}, "default_sort": ["salary"]},
            "default_sort: not everybody may read 'salary', and the order would show it.",
        ),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:

        class People(Controller):
            resource = {
                "resource_name": "people",
                "resource": [],
                "model": Person,
                "datastore": PythonListDataStore,
            }
            controller = {
                "list_verbs": ["GET"],
                "unique_verbs": [],
                "options": {"authentication": SCHEME, "sorting": True, **options},  # type: ignore[typeddict-item]
            }
            view = {"response_class": JsonResponse}

    assert said in str(refused.value)


def test_whoever_is_known_may_be_what_a_field_asks_for() -> None:
    app = api(readable={"salary": Authenticated()}, writable={}, search=["name"])
    assert "salary" not in Client(app).get("/people/1").json
    assert AskedBy(app, "eve").get("/people/1").json["salary"] == 4321


@pytest.mark.parametrize("name", ["ada", "bob"])
@fuzzed_in_ci
def test_schemathesis_finds_no_difference(name: str) -> None:
    # By the boss nobody but she finds the staff, and each operation has to succeed for somebody.
    readable = READABLE if name == "ada" else {"salary": HR, "remarks": HR}
    check_contract(lambda: api(readable=readable), settings=settings(name), examples=8, seed=1)
