"""``?embed=``: related objects in an answer, and one query for all of them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.controllers import Call, Controller, WSGIDispatcher
from openrest.datastore import DataStore, PythonListDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError, StoreUnavailable
from openrest.interfaces import Record
from openrest.pagination import Pagination
from openrest.query import Query
from openrest.relations import embedding
from openrest.views import JsonResponse, NdjsonResponse, formatter
from tests.contract.client import Client
from tests.needs import CI


class City(models.Model):
    name = models.StringField(required=True)
    mayor = models.StringField()
    secret = models.StringField(load_only=True)
    code = models.StringPkField()


class Address(models.Model):
    street = models.StringField(required=True)
    city = models.StringForeignField(foreign={"resource": "cities"})
    id = models.PkField()


class User(models.Model):
    name = models.StringField(required=True)
    address = models.IntForeignField(data_key="home", foreign={"resource": "address"})
    boss = models.IntForeignField(
        allow_none=True, foreign={"resource": "users", "on_delete": "set_null"}
    )
    hidden = models.IntForeignField(load_only=True, foreign={"resource": "users"})
    id = models.PkField()


@formatter(adds=[models.IntegerField(name="letters")], removes=["mayor"])
def without_mayor(record: Record, call: Call) -> Record:
    shown = {name: value for name, value in record.items() if name != "mayor"}
    return {**shown, "letters": len(record["name"])}


class Counting(SQLiteDataStore):
    """Counts the queries on each table."""

    asked: list[Query]

    def find(self, query: Query) -> Iterable[Record]:
        vars(self).setdefault("asked", []).append(query)
        return super().find(query)


def controller(
    name: str, model: type[models.Model], store: DataStore, options: Any, shown: Any = None
) -> type[Controller]:
    class Made(Controller):
        resource = {"resource_name": name, "model": model, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": options,
        }
        view = {"response_class": JsonResponse, "options": shown or {}}  # type: ignore[typeddict-item]

    return Made


@pytest.fixture
def stores(tmp_path: Path) -> dict[str, Counting]:
    return {
        model.__name__: Counting({"name": str(tmp_path / "e.db"), "table": model.__name__}, model)
        for model in (City, Address, User)
    }


def serve(
    stores: Any, options: Any = None, address: Any = None, **dispatcher: Any
) -> WSGIDispatcher:
    users = {"embed": True, "pagination": Pagination(50), **(options or {})}
    view = {"formatters": ["add_resource_uri"], "alternatives": [NdjsonResponse]}
    made = [
        controller("users", User, stores["User"], users, view),
        controller("address", Address, stores["Address"], address or {"embed": ["city"]}),
        controller("cities", City, stores["City"], {}, {"formatters": [without_mayor]}),
    ]
    return WSGIDispatcher(made, debug=True, **dispatcher)


@pytest.fixture
def api(stores: dict[str, Counting]) -> Client:
    """Three users, of whom two live in Ulm."""
    fill(stores)
    return Client(serve(stores))


def fill(stores: Any) -> None:
    stores["City"].insert({"code": "ulm", "name": "Ulm", "mayor": "Martin", "secret": "x"})
    stores["Address"].insert_many([{"street": "Main", "city": "ulm"}, {"street": "High"}])
    stores["User"].insert_many(
        [
            {"name": "Ada", "address": 1, "hidden": 1},
            {"name": "Bob", "address": 1, "boss": 1},
            {"name": "Eve", "boss": 2},
        ]
    )


ULM = {"code": "ulm", "name": "Ulm", "letters": 3}
MAIN = {"street": "Main", "city": "ulm", "id": 1}
ADA = {"name": "Ada", "home": 1, "boss": None, "id": 1, "resource_uri": "/users/1"}


def test_an_object_has_what_it_refers_to_where_it_is_asked_for(api: Client) -> None:
    assert api.get("/users/1").json == ADA
    assert api.get("/users/1?embed=home").json == {**ADA, "_embedded": {"home": MAIN}}
    assert api.get("/users/1?embed=boss,home").json["_embedded"] == {"home": MAIN}
    assert api.get("/users/3?embed=home").json["_embedded"] == {}


def test_what_is_embedded_may_have_what_it_refers_to(api: Client) -> None:
    found = api.get("/users/2?embed=home.city,boss").json["_embedded"]
    boss = {**ADA}
    assert found == {"home": {**MAIN, "_embedded": {"city": ULM}}, "boss": boss}


def test_what_is_embedded_is_what_its_own_resource_shows(api: Client) -> None:
    assert api.get("/cities/ulm").json == ULM
    assert api.get("/address/1?embed=city").json["_embedded"] == {"city": ULM}
    assert api.get("/users/2?embed=boss").json["_embedded"]["boss"] == api.get("/users/1").json


def test_the_objects_of_a_page_have_what_they_refer_to(api: Client) -> None:
    page = api.get("/users?embed=home,boss.home&limit=2").json
    assert [user["_embedded"] for user in page["object_list"]] == [
        {"home": MAIN},
        {"home": MAIN, "boss": {**ADA, "_embedded": {"home": MAIN}}},
    ]
    assert "embed=home,boss.home" in page["meta"]["next"]


def test_a_page_asks_each_other_store_once(stores: dict[str, Counting]) -> None:
    stores["City"].insert_many([{"code": f"c{n}", "name": "x"} for n in range(20)])
    stores["Address"].insert_many([{"street": "x", "city": f"c{n % 20}"} for n in range(40)])
    stores["User"].insert_many([{"name": "x", "address": 1 + n % 40} for n in range(50)])
    api = Client(serve(stores))
    page = api.get("/users?embed=home.city").json
    cities = [user["_embedded"]["home"]["_embedded"]["city"] for user in page["object_list"]]
    assert len(cities) == 50
    assert {name: len(store.asked) for name, store in stores.items()} == {
        "User": 1, "Address": 1, "City": 1,
    }  # fmt: skip


def test_a_long_list_asks_in_pieces_that_any_store_takes(
    stores: dict[str, Counting], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "CHUNK", 3)
    stores["Address"].insert_many([{"street": "x"} for _ in range(8)])
    stores["User"].insert_many([{"name": "x", "address": 1 + n} for n in range(8)])
    api = Client(serve(stores, {"pagination": None}))
    for accept in ("application/json", "application/x-ndjson"):
        stores["Address"].asked = []
        answer = api.raw("GET", "/users?embed=home", headers={"Accept": accept})
        found = (
            [json.loads(line) for line in answer.data.splitlines()]
            if accept.endswith("ndjson")
            else answer.json["object_list"]
        )
        assert [user["_embedded"]["home"]["id"] for user in found] == [*range(1, 9)]
        assert len(stores["Address"].asked) == 3


def test_what_has_gone_is_not_there(api: Client, stores: dict[str, Counting]) -> None:
    stores["Address"].delete(1)  # behind the back of the API
    assert api.get("/users/1?embed=home.city").json["_embedded"] == {}


def test_chosen_members_stand_beside_what_is_embedded(stores: dict[str, Counting]) -> None:
    fill(stores)
    api = Client(serve(stores, {"partial": True}))
    for target in ("/users/1", "/users?limit=1"):
        answer = api.get(f"{target}{'&' if '?' in target else '?'}fields=name&embed=home").json
        user = answer["object_list"][0] if "object_list" in answer else answer
        assert user == {"name": "Ada", "_embedded": {"home": MAIN}}
    assert api.get("/users?fields=_embedded").status == 422


@pytest.mark.parametrize(
    ("asked", "errors"),
    [
        (
            "hom",
            [("#/0", "must be one of home, home.city, boss, boss.home, boss.boss. Did you mean "
                     "'home'?")],
        ),
        ("name", [("#/0", "must be one of home, home.city, boss, boss.home, boss.boss")]),
        (
            "home,home.town",
            [("#/1", "must be one of home, home.city, boss, boss.home, boss.boss. Did you mean "
                     "'home.city'?")],
        ),
        (
            "boss.boss.boss",
            [("#/0", "must be one of home, home.city, boss, boss.home, boss.boss. Did you mean "
                     "'boss.boss'?")],
        ),
        ("hidden", [("#/0", "must be one of home, home.city, boss, boss.home, boss.boss")]),
        ("", [("#/0", "must be one of home, home.city, boss, boss.home, boss.boss")]),
        ("boss,boss,boss,boss,boss,boss", [(None, "must have at most 5 items")]),
    ],
)  # fmt: skip
def test_what_cannot_be_embedded_is_refused_with_its_place(
    api: Client, asked: str, errors: list[tuple[str | None, str]]
) -> None:
    refused = api.get(f"/users?embed={asked}")
    assert refused.status == 422
    assert [(e.get("pointer"), e["detail"]) for e in refused.errors] == errors
    assert {e["parameter"] for e in refused.errors} == {"embed"}


def test_the_document_has_the_parameter_and_the_place_and_neither_without_the_option(
    stores: dict[str, Counting],
) -> None:
    def shown(options: Any) -> tuple[list[Any], Any]:
        document = Client(serve(stores, options)).document
        parameters = document["paths"]["/users"]["get"]["parameters"]
        users = document["components"]["schemas"]["Users"]
        return [p for p in parameters if p["name"] == "embed"], users

    [parameter], users = shown({})
    assert parameter["schema"]["items"]["enum"] == [
        "home", "home.city", "boss", "boss.home", "boss.boss",
    ]  # fmt: skip
    assert "_embedded" not in users["required"]
    assert users["properties"]["_embedded"]["properties"] == {
        "home": {"$ref": "#/components/schemas/Address"},
        "boss": {"$ref": "#/components/schemas/Users"},
    }
    [parameter], _ = shown({"max_embed_depth": 1})
    assert parameter["schema"]["items"]["enum"] == ["home", "boss"]
    [parameter], users = shown({"embed": ["boss"]})
    assert [*users["properties"]["_embedded"]["properties"]] == ["boss"]
    made = [
        controller("users", User, stores["User"], {}),
        controller("address", Address, stores["Address"], {}),
        controller("cities", City, stores["City"], {}),
    ]
    plain = Client(WSGIDispatcher(made, debug=True))
    assert "_embedded" not in plain.document["components"]["schemas"]["Users"]["properties"]
    assert plain.get("/users?embed=home").status == 422


def test_examples_show_what_is_answered_unasked(api: Client) -> None:
    for path, method in (("/users", "get"), ("/users/{id}", "get"), ("/users", "post")):
        for response in api.document["paths"][path][method]["responses"].values():
            content = api.resolved(response).get("content", {}).get("application/json", {})
            assert "_embedded" not in json.dumps(content.get("example"))


def test_an_answer_announces_that_the_store_of_another_resource_can_be_away(
    stores: dict[str, Counting],
) -> None:
    class Away(Counting):
        def find(self, query: Query) -> Iterable[Record]:
            raise StoreUnavailable("gone")

    listed = PythonListDataStore([{"name": "Ada", "address": 1}], User)
    away = Away(stores["Address"].resource, Address)
    api = Client(serve({**stores, "User": listed, "Address": away}))
    assert api.get("/users").status == 200
    assert api.get("/users?embed=home").status == 503


class Cat(models.Model):
    home = models.IntForeignField(foreign={"resource": "address"})


class Fish(models.Model):
    depth = models.IntegerField()


class Pet(models.OneOf):
    fields = [models.PkField(name="id")]
    discriminator = "kind"
    variants = {"cat": Cat, "fish": Fish}


def test_a_variant_may_embed(stores: dict[str, Counting]) -> None:
    stores["City"].insert({"code": "ulm", "name": "Ulm"})
    stores["Address"].insert({"street": "Main", "city": "ulm"})
    pets = PythonListDataStore([{"kind": "cat", "home": 1}, {"kind": "fish"}], Pet)
    made = [
        controller("pets", Pet, pets, {"embed": True}),
        controller("address", Address, stores["Address"], {}),
        controller("cities", City, stores["City"], {}),
    ]
    api = Client(WSGIDispatcher(made, debug=True))
    assert api.get("/pets/1?embed=home").json["_embedded"] == {"home": MAIN}
    assert api.get("/pets/2?embed=home").json == {"kind": "fish", "id": 2}


@settings(max_examples=100 if CI else 25, deadline=None)
@given(
    targets=st.lists(st.none() | st.integers(1, 6), min_size=1, max_size=6),
    depth=st.integers(1, 4),
)
def test_any_graph_is_embedded_as_plain_python_would(targets: list[int | None], depth: int) -> None:
    class Node(models.Model):
        id = models.PkField()
        next = models.IntForeignField(allow_none=True, foreign={"resource": "nodes"})

    records: list[Record] = [{"id": n, "next": to} for n, to in enumerate(targets, 1)]
    options = {"embed": True, "max_embed_depth": 4}
    store = PythonListDataStore(records, Node)
    api = Client(WSGIDispatcher([controller("nodes", Node, store, options)], debug=True))

    def joined(record: Record, deeper: int) -> Record:
        if not deeper:
            return record
        held = {}
        for each in records:
            if each["id"] == record["next"]:
                held["next"] = joined(each, deeper - 1)
        return {**record, "_embedded": held}

    asked = ".".join(["next"] * depth)
    page = api.get(f"/nodes?embed={asked}").json["object_list"]
    assert page == [joined(record, depth) for record in records]


class CannotDoIn(PythonListDataStore):
    operators = frozenset({"eq"})


class Embed(models.Model):
    id = models.PkField()
    embed = models.IntForeignField(foreign={"resource": "nodes"})
    place = models.StringField(data_key="_embedded")


@pytest.mark.parametrize(
    ("options", "model", "said"),
    [
        ({"embed": "boss"}, User, ["embed: is neither True nor a list of names but 'boss'."]),
        ({"embed": ["bos", "name", "hidden", "boss", "boss"]}, User, [
            "embed: 'bos': the model has no such field. Did you mean 'boss'?",
            "embed: 'name': is no foreign field, or has a comma or a dot in its name.",
            "embed: 'hidden': answers do not show this field.",
            "embed: a field is there twice.",
        ]),
        ({"embed": True, "max_embed_depth": 6}, User, [
            "max_embed_depth: must be between 1 and 5, not 6.",
        ]),
        ({"max_embed_depth": 2}, User, [
            "max_embed_depth: there is no option 'embed' whose depth it could bound.",
        ]),
        ({"embed": True}, City, ["embed: there is no foreign field: leave it out."]),
        ({"embed": True}, Embed, [
            "embed: the model has a member '_embedded': rename it.",
        ]),
        ({"embed": ["embed"]}, type("Named", (models.Model,), {
            "id": models.PkField(),
            "embed": models.IntForeignField(foreign={"resource": "nodes"}),
        }), [
            "embed: the filter 'embed' has the name of its parameter: rename it, or give the field "
            "a data_key.",
        ]),
    ],
)  # fmt: skip
def test_an_embedding_that_cannot_be_is_refused_with_every_mistake(
    options: Any, model: type[models.Model], said: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        controller("nodes", model, PythonListDataStore([], model), options)
    assert [m.removeprefix("controller.options.") for m in refused.value.mistakes] == said


def test_an_embedding_of_what_cannot_be_read_is_refused_when_it_is_mounted() -> None:
    class Node(models.Model):
        id = models.PkField()
        one = models.IntForeignField(foreign={"resource": "nodes"})
        two = models.IntForeignField(foreign={"resource": "nodes"})
        three = models.IntForeignField(foreign={"resource": "nodes"})

    class Unread(Controller):
        resource = {"resource_name": "nodes", "model": Node, "datastore": CannotDoIn([], Node)}
        controller = {
            "list_verbs": ["POST"],
            "unique_verbs": [],
            "options": {"embed": ["one"]},
        }
        view = {"response_class": JsonResponse}

    with pytest.raises(ConfigurationError) as refused:
        WSGIDispatcher([Unread])
    assert refused.value.mistakes == (
        "nodes: controller.options.embed: 'one': nobody can GET an object of nodes.",
        "nodes: controller.options.embed: 'one': CannotDoIn cannot find several objects of nodes: "
        "it lacks 'in'.",
    )
    deep = {"embed": True, "max_embed_depth": 5}
    with pytest.raises(ConfigurationError) as refused:
        WSGIDispatcher([controller("nodes", Node, PythonListDataStore([], Node), deep)])
    assert refused.value.mistakes == (
        "nodes: controller.options.embed: it has 363 paths, and all of them, at most 100, are in "
        "the document: lower max_embed_depth, or name fewer fields.",
    )
