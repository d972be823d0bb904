"""Documents of callers where an API has what few have: kinds, nested objects, rules, schemes."""

from __future__ import annotations

import gc
import json
from base64 import b64encode
from typing import Any

import pytest
from marshmallow import ValidationError, validates_schema

from openrest import models
from openrest.authentication import ApiKeyAuthentication, BasicAuthentication, hash_api_key
from openrest.authorization import Anyone
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, allowed, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import StoreUnavailable
from openrest.models import shapes as s
from openrest.views import JsonResponse, formatter
from tests.authorization.asking import KEYS, SCHEME, USERS
from tests.authorization.callers import HR, Caller, controller, members
from tests.contract.client import JSON_PATCH, MERGE_PATCH, Client


class News(models.Model):
    id = models.PkField()
    headline = models.StringField(required=True)


def test_what_one_creates_and_never_reads_has_no_schema() -> None:
    letters = controller("letters", News, [], authorization={"DELETE": Anyone(), "*": HR})
    caller = Caller(WSGIDispatcher([letters], document="allowed", debug=True), "nobody")
    assert "DELETE /letters/{id}" in caller.operations
    assert "headline" not in caller.raw("GET", "/openapi.json").data.decode()
    assert caller.get("/schema").json["$defs"] == {}
    assert caller.get("/schema/letters").status == 404
    assert "letters" in caller.get("/").json["links"]


def test_somebody_who_may_nothing_has_a_document_of_nothing() -> None:
    letters = controller("letters", News, [], authorization=HR)
    caller = Caller(WSGIDispatcher([letters], document="allowed", debug=True), "nobody")
    assert caller.operations == {"GET /", "GET /schema"}
    assert "letters" not in caller.raw("GET", "/openapi.json").data.decode()
    missing = caller.get("/schema/letters")
    assert missing.json["detail"] == "There is nothing at /schema/letters."


class Part(models.Model):
    """A part of a machine. Its price is that of the makers."""

    name = models.StringField(required=True)
    parts = models.ListField(models.NestedField(lambda: Part()))


class Machine(models.Model):
    id = models.PkField()
    part = models.NestedField(Part)
    price = models.IntegerField()


class Machines(Controller):
    resource = {
        "resource_name": "machines",
        "resource": [],
        "model": Machine,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PATCH"],
        "options": {
            "authentication": SCHEME,
            "readable": {"price": HR},
            "writable": {"price": HR},
        },
    }
    view = {"response_class": JsonResponse}

    @operation("POST", "/draw", body=Part, returns=Part)
    def draw(self, call: Call) -> Result:
        """Draw a part."""
        return Result(call.body)


def test_what_is_nested_is_in_it_with_no_word_of_what_is_hidden() -> None:
    app = WSGIDispatcher([Machines], document="allowed", debug=True)
    bob = Caller(app, "bob")
    assert "price" not in bob.raw("GET", "/openapi.json").data.decode()
    assert bob.document["components"]["schemas"]["Part"]["description"] == "A part of a machine."
    assert "price" in Caller(app, "ada").raw("GET", "/openapi.json").data.decode()
    nested = {"part": {"name": "a", "parts": [{"name": "b"}]}}
    assert bob.post("/machines", nested).status == 201
    assert bob.post("/machines/draw", nested["part"]).json == nested["part"]


def test_a_document_that_is_kept_no_longer_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowed, "_KEPT", 1)
    app = WSGIDispatcher([Machines], document="allowed", debug=True)

    def kept() -> int:
        for name in ("ada", "bob") * 3:
            Caller(app, name)
        gc.collect()
        # By its type: some lazy objects, such as Django's settings, set themselves up when asked.
        return sum(type(each) is s.Deferred for each in gc.get_objects())

    before = kept()
    assert kept() == before


def test_the_key_may_be_in_the_query() -> None:
    scheme = ApiKeyAuthentication(USERS, location="query", parameter="key")
    letters = controller("letters", News, [], authentication=scheme, authorization=HR)
    client = Client(WSGIDispatcher([letters], document="allowed", debug=True))
    assert "/letters" in client.raw("GET", f"/openapi.json?key={KEYS['ada']}").json["paths"]
    assert "/letters" not in client.raw("GET", f"/openapi.json?key={KEYS['bob']}").json["paths"]


def two_schemes() -> WSGIDispatcher:
    programs = ApiKeyAuthentication({hash_api_key("robot"): {"id": 1}}, name="Program")
    others = ApiKeyAuthentication({hash_api_key("other"): {"id": 2}}, name="Other")
    people = BasicAuthentication(lambda name: None)
    return WSGIDispatcher(
        [
            controller("letters", News, [], authentication=programs),
            controller("parcels", News, [], authentication=others, authorization=Anyone()),
            controller("visits", News, [], authentication=people),
        ],
        document="allowed",
        debug=True,
    )


def test_each_scheme_shows_its_own_resources() -> None:
    client = Client(two_schemes())
    robot = client.raw("GET", "/openapi.json", headers={"X-API-Key": "robot"}).json["paths"]
    # The key of one is wrong for the other, and answered 401 there, even where anyone may.
    assert "/letters" in robot and "/parcels" not in robot and "/visits" not in robot
    assert client.raw("GET", "/parcels", headers={"X-API-Key": "robot"}).status == 401
    unknown = client.raw("GET", "/openapi.json").json["paths"]
    assert "/parcels" in unknown and "/letters" not in unknown
    wrong = client.raw("GET", "/openapi.json", headers={"X-API-Key": "wrong"})
    assert wrong.status == 401 and wrong.headers["WWW-Authenticate"].count("Basic") == 1
    basic = {"Authorization": "Basic " + b64encode(b"a:b").decode()}
    assert client.raw("GET", "/openapi.json", headers=basic).status == 401


class Contract(models.Model):
    id = models.PkField()
    title = models.StringField(required=True)
    terms = models.StringField(required=True)


def test_a_write_that_needs_what_one_may_not_set_is_not_theirs() -> None:
    contracts = controller("contracts", Contract, [{"title": "A", "terms": "B"}],
                           writable={"terms": HR})  # fmt: skip
    app = WSGIDispatcher([contracts], document="allowed", debug=True)
    bob = Caller(app, "bob")
    assert not {"POST /contracts", "PUT /contracts/{id}"} & bob.operations
    assert members(bob.document, "ContractsPatch") == ["title"]
    assert bob.raw("POST", "/contracts", b'{"title": "A", "terms": "B"}').status == 403
    assert "POST /contracts" in Caller(app, "ada").operations


def test_a_change_of_many_needs_a_filter_that_one_may_use() -> None:
    contracts = controller("contracts", Contract, [{"title": "A", "terms": "B"}], bulk=True,
                           readable={"terms": HR}, filters={"terms": ["eq"]})  # fmt: skip

    class Many(contracts):  # type: ignore[misc, valid-type]
        controller = {**contracts.controller, "list_verbs": ["GET", "DELETE"]}

    app = WSGIDispatcher([Many], document="allowed", debug=True)
    assert "DELETE /contracts" in Caller(app, "ada").operations
    bob = Caller(app, "bob")
    assert "DELETE /contracts" not in bob.operations
    assert bob.raw("DELETE", "/contracts?terms=B").status == 403


class Treaty(models.Model):
    id = models.PkField()
    title = models.StringField(required=True)
    terms = models.StringField(required=True)

    @validates_schema
    def differ(self, data: dict[str, Any], **more: Any) -> None:
        if data["terms"] == data["title"] * 2:
            raise ValidationError("the same twice")


def test_a_rule_sees_what_one_may_not_set() -> None:
    treaties = controller("treaties", Treaty, [{"title": "A", "terms": "B"}],
                          writable={"terms": HR}, json_patch=True)  # fmt: skip
    bob = Caller(WSGIDispatcher([treaties], document="allowed", debug=True), "bob")
    content = bob.document["paths"]["/treaties/{id}"]["patch"]["requestBody"]["content"]
    assert content[MERGE_PATCH]["example"] == {"title": "string"}
    assert content[JSON_PATCH]["example"] == [{"op": "add", "path": "/title", "value": "string"}]
    for kind in (MERGE_PATCH, JSON_PATCH):
        body = json.dumps(content[kind]["example"]).encode()
        assert bob.raw("PATCH", "/treaties/1", body, kind).status == 200


class Cat(models.Model):
    lives = models.IntegerField(load_default=9)


class Dog(models.Model):
    licence = models.IntegerField()


class Pet(models.OneOf):
    fields = [
        models.StringField(name="name", required=True),
        models.StringField(name="owner"),
        models.PkField(name="id"),
    ]
    discriminator = "kind"
    variants = {"cat": Cat, "dog": Dog}


@pytest.mark.parametrize("version", ["3.0", "3.1"])
def test_each_kind_of_object_is_narrowed(version: Any) -> None:
    secret = {"owner": HR, "licence": HR}
    pets = controller("pets", Pet, [], authorization=Anyone(), readable=secret, writable=secret,
                      sorting=True, partial=True)  # fmt: skip
    app = WSGIDispatcher([pets], document="allowed", debug=True, openapi=version)
    bob, ada = Caller(app, "bob"), Caller(app, "ada")
    for word in ("owner", "licence"):
        assert word not in bob.raw("GET", "/openapi.json").data.decode()
        assert word in ada.raw("GET", "/openapi.json").data.decode()
    assert members(bob.document, "PetsCreateDog") == ["kind", "name"]
    assert ada.raw("POST", "/pets", b'{"kind": "dog", "name": "A", "licence": 3}').status == 201
    assert bob.raw("POST", "/pets", b'{"kind": "dog", "name": "B"}').status == 201
    assert bob.raw("POST", "/pets", b'{"kind": "dog", "name": "B", "licence": 3}').status == 403
    assert bob.raw("GET", "/pets?sort=name&fields=name,kind").status == 200


def test_users_that_cannot_be_reached_are_announced() -> None:
    def user(digest: str) -> Any:
        raise StoreUnavailable("down", 7)

    letters = controller("letters", News, [], authentication=ApiKeyAuthentication(user))
    app = WSGIDispatcher([letters], document="allowed", debug=True)
    client = Client(app)
    for target in ("/openapi.json", "/schema", "/"):
        answer = client.raw("GET", target, headers={"X-API-Key": "any"})
        assert (answer.status, answer.headers["Retry-After"]) == (503, "7")
    assert "503" in app.document["paths"]["/schema"]["get"]["responses"]
    allow = client.raw("OPTIONS", "/letters", headers={"X-API-Key": "any"}).headers["Allow"]
    assert allow == "OPTIONS"


def test_nobody_guesses_credentials_by_what_is_allowed() -> None:
    letters = controller("letters", News, [])
    app = WSGIDispatcher([letters], document="allowed", debug=True, guesses="3/minute")
    client = Client(app)
    wrong = [{"X-API-Key": f"guess {number}"} for number in range(4)]
    allow = {client.raw("OPTIONS", "/letters", headers=one).headers["Allow"] for one in wrong[:2]}
    assert allow == {"OPTIONS"}
    assert client.raw("PUT", "/letters", headers=wrong[2]).status == 405
    assert client.raw("GET", "/letters", headers=wrong[3]).status == 429
    right = {"X-API-Key": KEYS["ada"]}
    assert client.raw("OPTIONS", "/letters", headers=right).headers["Allow"] == "OPTIONS"


@pytest.mark.parametrize("document", ["full", "allowed"])
def test_the_pages_ask_for_the_document_again_where_it_is_each_callers_own(document: Any) -> None:
    app = WSGIDispatcher([Machines], document=document, debug=True)
    start = Client(app).raw("GET", "/docs/start.js").data
    assert (b"askAgain" in start) == (document == "allowed")


def test_what_a_formatter_removes_may_be_hidden_too() -> None:
    @formatter(removes=["terms"], adds=[models.IntegerField(name="length")])
    def shorten(record: dict[str, Any], call: Call) -> dict[str, Any]:
        rest = {name: value for name, value in record.items() if name != "terms"}
        return {**rest, "length": len(record.get("terms", ""))}

    contracts = controller("contracts", Contract, [{"title": "A", "terms": "B"}],
                           readable={"terms": HR}, authorization=Anyone())  # fmt: skip

    class Shown(contracts):  # type: ignore[misc, valid-type]
        view = {"response_class": JsonResponse, "options": {"formatters": [shorten]}}

    for name in ("ada", "nobody"):
        caller = Caller(WSGIDispatcher([Shown], document="allowed", debug=True), name)
        assert members(caller.document, "Contracts") == ["id", "title", "length"]
        assert caller.get("/contracts/1").status == 200


class Town(models.Model):
    id = models.PkField()
    mayor = models.StringField()


class House(models.Model):
    id = models.PkField()
    town = models.IntForeignField(foreign={"resource": "towns", "format": "uri"}, allow_none=True)


class Guest(models.Model):
    id = models.PkField()
    house = models.IntForeignField(foreign={"resource": "houses"})


def inn() -> WSGIDispatcher:
    return WSGIDispatcher(
        [
            controller("towns", Town, [{"mayor": "Ann"}], authorization=HR),
            controller("houses", House, [{"town": 1}], embed=True),
            controller("guests", Guest, [{"house": 1}], embed=True, max_embed_depth=2),
        ],
        document="allowed",
        debug=True,
    )


def test_of_a_path_to_embed_that_part_is_there_which_one_may_follow() -> None:
    app = inn()
    for name, paths in (("ada", ["house", "house.town"]), ("bob", ["house"])):
        parameters = Caller(app, name).document["paths"]["/guests"]["get"]["parameters"]
        [embed] = [each for each in parameters if each["name"] == "embed"]
        assert embed["schema"]["items"]["enum"] == paths
    bob = Caller(app, "bob")
    assert "_embedded" not in members(bob.document, "Houses")
    assert bob.get("/guests?embed=house").json["object_list"][0]["_embedded"]["house"]["id"] == 1
    assert bob.raw("GET", "/guests?embed=house.town").status == 403


def test_a_link_that_one_sees_is_all_that_names_what_it_leads_to() -> None:
    bob = Caller(inn(), "bob")
    text = bob.raw("GET", "/openapi.json").data.decode()
    assert "mayor" not in text
    assert text.count("towns") == text.count("/towns/") > 0
