"""Objects in objects, and objects of several kinds, over HTTP."""

from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema

from openrest import models
from tests.contract.apis import KINDS
from tests.contract.client import Client
from tests.contract.kinds import MODELS, City, serve

ROME = {"name": "Rome", "code": "0", "colour": "RED", "seal": "sealed", "founded": None}


class Part(models.Model):
    """A part that has a key of its own."""

    id = models.UUIDPkField()
    name = models.StringField(required=True)


class Machines(models.Model):
    id = models.PkField()
    name = models.StringField(load_default="")
    main = models.NestedField(Part)
    parts = models.ListField(models.NestedField(Part), load_default=list)
    by_name = models.DictField(values=models.NestedField(Part), load_default=dict)


@pytest.fixture(params=KINDS)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    served: dict[str, type[Schema]] = {**MODELS, "machines": Machines, "cities": _with_key(City)}
    return Client(serve(served, request.param, tmp_path))


def _with_key(model: type[models.Model]) -> type[models.Model]:
    class Cities(model):  # type: ignore[misc, valid-type]
        id = models.PkField()
        tags = models.ListField(models.StringField(), load_default=list)
        days = models.ListField(models.DateField(), load_default=list)

    return Cities


def nest(api: Client, **members: Any) -> str:
    answer = api.post("/nests", {"city": {"name": "Rome"}, **members})
    assert answer.status == 201, answer
    return answer.headers["Location"]


def test_a_nested_object_has_its_defaults_and_no_secret(api: Client) -> None:
    where = nest(api, city={"name": "Rome", "colour": "RED", "secret": "s"})
    shown = api.get(where).json
    assert shown == {"id": 1, "city": ROME, "nullable": None, "cities": []}
    assert b"secret" not in api.get("/nests").data


def test_a_replacement_leaves_nothing_of_a_nested_object(api: Client) -> None:
    where = nest(api, city={"name": "Rome", "colour": "RED"}, cities=[{"name": "Ostia"}])
    replaced = api.put(where, {"city": {"name": "Paris"}}).json
    assert replaced["city"]["name"] == "Paris"
    assert "colour" not in replaced["city"]
    assert replaced["cities"] == []


def test_a_patch_of_an_object_is_merged_at_any_depth(api: Client) -> None:
    where = nest(api, city={"name": "Rome", "colour": "RED", "founded": "2026-03-01"})
    patched = api.patch(where, {"city": {"code": "77"}}).json
    assert patched["city"] == {**ROME, "code": "77", "founded": "2026-03-01"}
    api.patch(where, {"by_name": {"a": {"name": "A", "code": "1"}, "b": {"name": "B"}}})
    patched = api.patch(where, {"by_name": {"a": {"code": "2"}, "b": None}}).json
    assert {name: city["code"] for name, city in patched["by_name"].items()} == {"a": "2"}


def test_null_in_a_nested_patch_is_null_where_it_may_be_and_else_the_default(api: Client) -> None:
    where = nest(api, city={"name": "Rome", "code": "9", "colour": "RED", "founded": "2026-03-01"})
    patched = api.patch(where, {"city": {"code": None, "colour": None, "founded": None}}).json
    assert patched["city"] == {name: value for name, value in ROME.items() if name != "colour"}
    refused = api.patch(where, {"city": {"name": None}})
    assert (refused.status, refused.errors) == (
        422,
        [{"pointer": "#/city/name", "detail": "must be a string"}],
    )


def test_an_array_is_replaced_whole_by_a_patch(api: Client) -> None:
    where = nest(api, cities=[{"name": "A", "code": "1"}, {"name": "B"}])
    patched = api.patch(where, {"cities": [{"name": "C"}]}).json
    assert [(city["name"], city["code"]) for city in patched["cities"]] == [("C", "0")]


def test_a_patch_that_makes_a_part_of_an_object_is_a_conflict_that_is_announced(
    api: Client,
) -> None:
    where = nest(api)
    refused = api.patch(where, {"nullable": {"code": "1"}})
    assert (refused.status, refused.errors) == (
        409,
        [{"pointer": "#/nullable/name", "detail": "is required"}],
    )
    assert api.patch(where, {"nullable": {"code": "1", "name": "A"}}).status == 200
    assert api.patch(where, {"nullable": {"code": "2"}}).status == 200


def test_a_conflict_is_announced_only_where_a_patch_can_make_one(tmp_path: Path) -> None:
    class Always(models.Model):
        id = models.PkField()
        city = models.NestedField(_optional(), required=True)

    api = Client(serve({"always": Always, "nests": MODELS["nests"]}, "list", tmp_path))
    assert "409" not in api.document["paths"]["/always/{id}"]["patch"]["responses"]
    assert "409" in api.document["paths"]["/nests/{id}"]["patch"]["responses"]


def _optional() -> type[models.Model]:
    class Optional(models.Model):
        name = models.StringField(load_default="")

    return Optional


def test_a_secret_of_a_nested_object_is_kept_over_a_patch_of_it(api: Client) -> None:
    where = nest(api, city={"name": "Rome", "secret": "s"})
    api.patch(where, {"city": {"name": "Paris"}})
    api.patch(where, {"cities": [{"name": "A"}]})
    store = next(c.store for c in api.app.controllers if c.definition.name == "nests")
    assert store.get(1)["city"] == {
        "name": "Paris",
        "code": "0",
        "secret": "s",
        "seal": "sealed",
        "founded": None,
    }


def test_what_only_the_server_sets_in_a_nested_object_is_kept_over_a_patch(api: Client) -> None:
    body = {"main": {"name": "m"}, "parts": [{"name": "p"}], "by_name": {"a": {"name": "a"}}}
    made = api.post("/machines", body).json
    assert api.patch("/machines/1", {}).json == made
    assert api.patch("/machines/1", {"name": "x"}).json == {**made, "name": "x"}
    patch = {"main": {"name": "n"}, "by_name": {"a": {"name": "b"}, "c": {"name": "c"}}}
    patched = api.patch("/machines/1", patch).json
    assert patched["main"] == {**made["main"], "name": "n"}
    assert patched["by_name"]["a"] == {**made["by_name"]["a"], "name": "b"}
    assert patched["parts"] == made["parts"]
    refused = api.patch("/machines/1", {"main": {"id": made["main"]["id"]}})
    assert (refused.status, refused.errors) == (
        422,
        [{"pointer": "#/main/id", "detail": "is read-only: leave it out"}],
    )


def test_a_mistake_in_a_nested_object_is_named_with_its_place(api: Client) -> None:
    refused = api.post(
        "/nests",
        {
            "city": {"nme": "Rome", "seal": "x"},
            "cities": [{"name": "A"}, {"name": 1}],
            "by_name": {"a/b~c": {"name": None}},
            "part": {"name": "A", "code": "1"},
        },
    )
    assert refused.status == 422
    assert [error["pointer"] for error in refused.errors] == [
        "#/city/name",
        "#/city/nme",
        "#/city/seal",
        "#/cities/1/name",
        "#/part/code",
        "#/by_name/a~1b~0c/name",
    ]


def test_unknown_members_are_refused_ignored_or_kept_as_the_nested_model_says(api: Client) -> None:
    loose = {"name": "A", "more": 1}
    where = nest(api, loose=loose, open=loose)
    shown = api.get(where).json
    assert (shown["loose"], shown["open"]) == ({"name": "A"}, loose)
    refused = api.post("/nests", {"city": {"name": "A"}, "closed": loose})
    assert refused.errors[0]["pointer"] == "#/closed/more"


def test_a_comment_holds_comments_down_to_the_bound_of_a_body_and_no_further(api: Client) -> None:
    def comment(depth: int) -> dict[str, Any]:
        return {"text": "a", "replies": [comment(depth - 1)] if depth else []}

    made = api.post("/comments", comment(30))
    assert made.status == 201
    assert api.get(made.headers["Location"]).json == made.json
    assert api.patch(made.headers["Location"], {"text": "b"}).status == 200
    bomb = api.post("/comments", comment(40))
    assert bomb.status == 400
    huge = b'{"text":"a","replies":[' * 20000
    assert api.send("POST", "/comments", data=huge).status == 400


def test_a_mistake_deep_in_a_recursive_object_is_named_with_its_place(api: Client) -> None:
    body = {"text": "a", "replies": [{"text": "b", "replies": [{"tezt": "c"}]}], "parent": {}}
    assert [error["pointer"] for error in api.post("/comments", body).errors] == [
        "#/replies/0/replies/0/text",
        "#/replies/0/replies/0/tezt",
        "#/parent/text",
    ]


def test_the_discriminator_says_which_members_an_object_has(api: Client) -> None:
    cat = {"tag": "tom", "kind": "cat", "name": "Tom"}
    assert api.post("/pets", cat).json == {**cat, "lives": 9}
    dog = {"tag": "rex", "kind": "dog", "name": "Rex", "barks": True, "home": {"name": "Rome"}}
    assert api.post("/pets", dog).json["home"]["seal"] == "sealed"
    assert [pet["tag"] for pet in api.get("/pets?kind=dog").json["object_list"]] == ["rex"]
    assert [pet["tag"] for pet in api.get("/pets?lives=9").json["object_list"]] == ["tom"]
    refused = api.post("/pets", {**cat, "tag": "x", "kind": "cow"})
    assert (refused.status, refused.errors[0]["pointer"]) == (422, "#/kind")
    refused = api.post("/pets", {**cat, "tag": "x", "barks": True})
    assert (refused.status, refused.errors[0]["pointer"]) == (422, "#/barks")
    del cat["kind"]
    assert api.post("/pets", cat).errors == [{"pointer": "#/kind", "detail": "is required"}]


def test_a_patch_may_change_the_kind_of_an_object_where_what_comes_out_fits(api: Client) -> None:
    api.post("/pets", {"tag": "tom", "kind": "cat", "name": "Tom", "lives": 3})
    assert api.patch("/pets/tom", {"name": "Tim"}).json["lives"] == 3
    refused = api.patch("/pets/tom", {"kind": "dog"})
    assert (refused.status, refused.errors) == (
        409,
        [{"pointer": "#/barks", "detail": "is required"}],
    )
    assert refused.json["detail"] == (
        "The patch fits its schema; the object would not, once it is patched."
    )
    assert api.patch("/pets/tom", {"barks": True}).status == 409
    assert api.patch("/pets/tom", {"meows": True}).status == 422
    kept = api.get("/pets/tom").json
    assert kept == {"tag": "tom", "kind": "cat", "name": "Tim", "lives": 3}
    changed = api.patch("/pets/tom", {"kind": "dog", "barks": True, "home": {"name": "Rome"}})
    assert changed.json == {
        "tag": "tom", "kind": "dog", "name": "Tim", "barks": True,
        "home": {name: value for name, value in ROME.items() if name != "colour"},
    }  # fmt: skip
    changed = api.patch("/pets/tom", {"kind": "cat"})
    assert changed.json == {"tag": "tom", "kind": "cat", "name": "Tim", "lives": 9}
    changed = api.put("/pets/tom", {"kind": "dog", "name": "Tim", "barks": False})
    assert changed.json == {"tag": "tom", "kind": "dog", "name": "Tim", "barks": False}


def test_a_nested_object_of_several_kinds_is_read_as_it_was_sent(api: Client) -> None:
    circle, square = {"is": "circle", "radius": 1.5}, {"is": "square-shape", "side": 2}
    body = {"main": circle, "second": square, "shapes": [square, circle], "by_name": {"a": circle}}
    made = api.post("/drawings", body)
    assert made.json == {**body, "id": 1}
    assert api.get("/drawings/1").json == made.json
    assert api.patch("/drawings/1", {"main": {"radius": 2.0}}).json["main"]["radius"] == 2.0
    assert api.patch("/drawings/1", {"main": {"is": "square-shape"}}).status == 409
    patched = api.patch("/drawings/1", {"main": {"is": "square-shape", "side": 3}})
    assert patched.json["main"] == {"is": "square-shape", "side": 3}
    wrong = api.post("/drawings", {"main": {"is": "circle", "side": 2}})
    assert [error["pointer"] for error in wrong.errors] == ["#/main/radius", "#/main/side"]


def test_a_list_an_enum_and_a_day_are_asked_for_in_a_query(api: Client) -> None:
    api.post("/cities", {"name": "A", "colour": "RED", "founded": "2026-03-01", "tags": ["x", "y"]})
    api.post("/cities", {"name": "B", "colour": "GREEN", "days": ["2026-03-01", "2026-03-02"]})

    def asked(query: str) -> list[str]:
        return [city["name"] for city in api.get(f"/cities?{query}").json["object_list"]]

    assert asked("colour=RED") == ["A"]
    assert asked("founded=2026-03-01") == ["A"]
    assert asked("tags=x,y") == ["A"]
    assert asked("tags=y,x") == []
    assert asked("days=2026-03-01,2026-03-02") == ["B"]
    assert asked("days=2026-03-01,2026-03-02&colour=RED") == []
    refused = api.get("/cities?days=2026-03-01,2026-02-30")
    said = "is on a day that the calendar does not have"
    assert (refused.status, refused.errors) == (
        422,
        [{"pointer": "#/1", "parameter": "days", "detail": said}],
    )
    assert api.get("/cities?tags=x&tags=y").status == 422
    assert api.get("/cities?secret=s").status == 422


def test_a_hook_of_a_nested_model_refuses_with_its_place(api: Client) -> None:
    refused = api.post("/hooked", {"span": {"low": 2}, "spans": [{"low": 2}, {"low": 3}]})
    assert (refused.status, refused.errors) == (
        409,
        [{"pointer": "#/spans/1/low", "detail": "Must be even."}],
    )
    made = api.post("/hooked", {"span": {"low": 2, "note": " a "}, "more": 1})
    assert made.json["span"] == {"low": 2, "high": 100, "note": "a"}
    assert api.patch(made.headers["Location"], {"span": {"high": 1}}).status == 409


class Odd(models.Model):
    id = models.PkField()
    constant = models.ConstantField({"a": 1, "b": None})
    by_uuid = models.DictField(keys=models.UUIDField(), values=models.IntegerField())
    by_ip = models.DictField(keys=models.IPv6Field(), values=models.NestedField(City))


def test_a_constant_is_patched_whole_and_a_key_in_any_spelling(tmp_path: Path) -> None:
    api = Client(serve({"odd": Odd}, "list", tmp_path))
    uuid, ip = "5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b", "2001:DB8::1"
    api.post("/odd", {"by_uuid": {uuid: 1}, "by_ip": {ip: {"name": "Rome", "secret": "s"}}})
    constant = {"constant": {"a": 1, "b": None}}
    assert api.patch("/odd/1", constant).json["constant"] == constant["constant"]
    assert api.patch("/odd/1", {"by_uuid": {uuid.upper(): None}}).json["by_uuid"] == {}
    patched = api.patch("/odd/1", {"by_ip": {ip: {"code": "1"}}}).json
    assert {name: city["code"] for name, city in patched["by_ip"].items()} == {ip.lower(): "1"}
