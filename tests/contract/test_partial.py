"""Partial answers: the members that a client chooses, over HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from openrest import models
from openrest.config import ControllerOptions
from openrest.contract import Contribution, Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError
from openrest.interfaces import DataStore, Record
from openrest.models import shapes as s
from openrest.openapi import Version
from openrest.pagination import Pagination
from openrest.query import Query
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from openrest.views.formatters import formatter
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Client
from tests.contract.kinds import VERSIONS
from tests.needs import fuzzed_in_ci


class Pet(models.Model):
    """An animal at home."""

    name = models.StringField(required=True)
    age = models.IntegerField(allow_none=True)
    nick = models.StringField(data_key="nick name")
    born = models.DateField(data_key="year,month")
    pin = models.StringField(load_only=True)
    loud = models.FunctionField(lambda pet: pet.name.upper())
    id = models.PkField()


PETS: list[Record] = [
    {"name": "Tom", "age": 9, "nick": "T", "pin": "1"},
    {"name": "Rex", "age": None, "pin": "2"},
    {"name": "Ada", "age": 2},
]
EVERY: ControllerOptions = {"partial": True, "sorting": True, "pagination": Pagination(2)}
#: What can be chosen of a pet, in the order of the model.
CHOICES = ["name", "age", "nick name", "loud", "id", "resource_uri"]


def make(kind: Kind, folder: Path) -> DataStore:
    if kind == "list":
        return PythonListDataStore(PETS, Pet)
    store = SQLiteDataStore({"name": str(folder / "pets.db"), "table": "pets"}, Pet)
    store.insert_many(PETS)
    return store


def serve(
    store: DataStore, options: ControllerOptions = EVERY, openapi: Version = "3.1"
) -> WSGIDispatcher:
    class Pets(Controller):
        resource = {"resource_name": "pets", "model": Pet, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": options,
        }
        view = {"response_class": JsonResponse, "options": {"formatters": ["add_resource_uri"]}}

    return WSGIDispatcher([Pets], openapi=openapi, debug=True)


@pytest.fixture(scope="module", params=KINDS)
def pets(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Client]:
    """Makes an API of the pets with these options."""
    store = make(request.param, tmp_path_factory.mktemp("data"))
    return lambda options=EVERY: Client(serve(store, options))


@pytest.fixture(scope="module")
def api(pets: Callable[..., Client]) -> Client:
    return pets()


def test_the_answer_has_what_is_asked_for_in_the_order_of_the_model(api: Client) -> None:
    assert api.get("/pets/1?fields=id,name").data == b'{"name":"Tom","id":1}'
    assert api.get("/pets?fields=age,name").json["object_list"] == [
        {"name": "Tom", "age": 9}, {"name": "Rex", "age": None},
    ]  # fmt: skip


def test_a_member_that_has_no_value_is_not_made_up(api: Client) -> None:
    found = api.get("/pets?fields=nick%20name").json
    assert found["object_list"] == [{"nick name": "T"}, {}]
    assert found["meta"]["count"] == 2
    assert api.get("/pets/2?fields=nick%20name,age").json == {"age": None}


def test_computed_and_added_members_can_be_asked_for_alone(api: Client) -> None:
    assert api.get("/pets/1?fields=loud").json == {"loud": "TOM"}
    shown = api.get("/pets?fields=resource_uri,loud").json["object_list"]
    assert shown[1] == {"loud": "REX", "resource_uri": "/pets/2"}
    shown = api.get("/pets?fields=resource_uri").json["object_list"]
    assert shown == [{"resource_uri": "/pets/1"}, {"resource_uri": "/pets/2"}]


def test_without_the_parameter_every_member_is_there(api: Client) -> None:
    whole = {"name": "Rex", "age": None, "loud": "REX", "id": 2, "resource_uri": "/pets/2"}
    assert api.get("/pets/2").json == whole
    assert api.get("/pets").json["object_list"][1] == whole


def test_it_goes_with_order_filters_and_pages_whose_links_keep_it(api: Client) -> None:
    first = api.get("/pets?sort=-name&fields=age&limit=1&age=9").json
    assert first["object_list"] == [{"age": 9}]
    found, target = [], "/pets?sort=name&fields=name&limit=1"
    while target:
        page = api.get(target).json
        found += page["object_list"]
        target = page["meta"]["next"]
    assert found == [{"name": "Ada"}, {"name": "Rex"}, {"name": "Tom"}]


def test_head_answers_like_get(api: Client) -> None:
    for target in ("/pets?fields=name", "/pets/1?fields=name"):
        head, get = api.send("HEAD", target), api.get(target)
        assert (head.status, head.headers) == (get.status, get.headers)
        assert head.data == b""


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("fields=", [("#/0", "must be one of name, age")]),
        ("fields=nmae", [("#/0", "must be one of name, age. Did you mean 'name'?")]),
        ("fields=id,", [("#/0", "must be one of name, age"),
                        ("#/1", "must be one of name, age")]),
        ("fields=pin", [("#/0", "must be one of name, age")]),
        ("fields=name,age,name", [(None, "must have at most 2 items")]),
        ("fields=name&fields=age", [(None, "is given more than once")]),
    ],
)  # fmt: skip
def test_what_cannot_be_chosen_is_refused_with_the_place(
    pets: Callable[..., Client], query: str, errors: list[tuple[str | None, str]]
) -> None:
    api = pets({"partial": ["age", "name"]})
    for target in ("/pets", "/pets/1"):
        refused = api.get(f"{target}?{query}")
        assert refused.status == 422
        assert refused.errors == [
            {**({"pointer": place} if place else {}), "parameter": "fields", "detail": detail}
            for place, detail in errors
        ]


def test_the_document_shows_what_can_be_chosen_and_nothing_without_the_option(
    pets: Callable[..., Client],
) -> None:
    document = pets().document
    schemas = document["components"]["schemas"]
    for path, schema in (("/pets", "PetsPartialList"), ("/pets/{id}", "PetsPartial")):
        operation = document["paths"][path]["get"]
        [shown] = [p for p in operation["parameters"] if p["name"] == "fields"]
        assert shown["schema"]["items"]["enum"] == CHOICES
        assert (shown["style"], shown["explode"]) == ("form", False)
        answer = operation["responses"]["200"]["content"]["application/json"]
        assert answer["schema"] == {"$ref": f"#/components/schemas/{schema}"}
        assert "`fields`" in operation["description"]
    assert "required" not in schemas["PetsPartial"]
    assert schemas["PetsPartial"]["properties"] == schemas["Pets"]["properties"]
    assert schemas["PetsPartial"]["description"].splitlines() == [
        "An animal at home.", "",
        "Every object has `name`, `age`, `loud`, `id`, `resource_uri`, unless `fields` asks for "
        "other members.",
    ]  # fmt: skip
    for method in ("put", "patch"):
        answer = document["paths"]["/pets/{id}"][method]["responses"]["200"]
        assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/Pets")
    without = pets({}).document
    assert [name for name in without["components"]["schemas"] if "Partial" in name] == []
    assert pets({}).get("/pets?fields=name").status == 422


def test_the_document_is_valid_in_every_version() -> None:
    for version in VERSIONS:
        validate(serve(PythonListDataStore(PETS, Pet), EVERY, version).document)


@given(fields=st.lists(st.sampled_from(CHOICES), min_size=1, max_size=6))
def test_any_choice_is_cut_out_of_the_whole_answer(api: Client, fields: list[str]) -> None:
    asked = ",".join(fields).replace(" ", "%20")
    for target in ("/pets/1", "/pets/2"):
        whole = api.get(target).json
        cut = [(name, value) for name, value in whole.items() if name in fields]
        assert list(api.get(f"{target}?fields={asked}").json.items()) == cut
    whole = api.get("/pets?sort=-id").json["object_list"]
    assert api.get(f"/pets?sort=-id&fields={asked}").json["object_list"] == [
        {name: pet[name] for name in fields if name in pet} for pet in whole
    ]


@fuzzed_in_ci
@pytest.mark.parametrize("openapi", ["3.1"])
def test_schemathesis_finds_no_difference(openapi: Any, tmp_path: Path) -> None:
    class Pets(Controller):
        resource = {"resource_name": "pets", "model": Pet, "datastore": make("sqlite", tmp_path)}
        controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"], "options": EVERY}
        view = {"response_class": JsonResponse, "options": {"formatters": ["add_resource_uri"]}}

    check_contract(WSGIDispatcher([Pets], openapi=openapi, debug=True), examples=5, seed=1)


class Watched(PythonListDataStore):
    """Remembers what it was asked for, and gives no more than that."""

    def find(self, query: Query) -> Any:
        self.asked = query.members
        found = list(super().find(query))
        if query.members is None:
            return found
        return [{n: v for n, v in record.items() if n in query.members} for record in found]


@formatter(adds=[models.IntegerField(name="length")])
def measure(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {**record, "length": len(record["name"])}


class Abbreviate:
    """A formatter that says what it reads."""

    def contribution(self) -> Contribution:
        initial = s.Member(name="initial", wire="initial", shape=s.String(), required=True)
        return Contribution(adds=(initial,), needs=("name",))

    def __call__(self, record: dict[str, Any], call: Any) -> dict[str, Any]:
        return {**record, "initial": record["name"][0]}


@pytest.mark.parametrize(
    ("formatters", "fields", "asked", "shown"),
    [
        ([], "age", ("age",), {"age": 9}),
        ([], "age,loud", None, {"age": 9, "loud": "TOM"}),
        (["add_resource_uri"], "age,resource_uri", ("age", "id"),
         {"age": 9, "resource_uri": "/pets/1"}),
        ([measure], "age,length", None, {"age": 9, "length": 3}),
        ([measure], "age", None, {"age": 9}),
        ([Abbreviate()], "initial", ("name",), {"initial": "T"}),
    ],
)  # fmt: skip
def test_the_store_of_a_list_is_asked_for_no_more_than_is_needed(
    formatters: Any, fields: str, asked: Any, shown: Any
) -> None:
    store = Watched(PETS, Pet)

    class Pets(Controller):
        resource = {"resource_name": "pets", "model": Pet, "datastore": store}
        controller = {"list_verbs": ["GET"], "unique_verbs": [], "options": {"partial": True}}
        view = {"response_class": JsonResponse, "options": {"formatters": formatters}}

    api = Client(WSGIDispatcher([Pets], debug=True))
    assert api.get(f"/pets?fields={fields}").json["object_list"][0] == shown
    assert store.asked == asked
    api.get("/pets")
    assert store.asked is None


class Own(Controller):
    resource = {
        "resource_name": "pets", "resource": PETS, "model": Pet, "datastore": Watched,
    }  # fmt: skip
    controller = {"list_verbs": ["GET"], "unique_verbs": [], "options": {"partial": True}}
    view = {"response_class": JsonResponse}

    def get_list(self, call: Call) -> Result:
        """Only those that have an age."""
        page = super().get_list(call)
        page.body.records = [pet for pet in page.body.records if pet["age"] is not None]
        page.body.meta["count"] = len(page.body.records)
        return page

    @operation(
        "GET", "/like", returns="page", parameters=[Parameter(name="fields", shape=s.String())]
    )
    def like(self, call: Call) -> Result:
        """Take a word that chooses nothing."""
        return self.page(call)


def test_a_handler_of_ones_own_sees_whole_records_and_may_have_another_parameter() -> None:
    api = Client(WSGIDispatcher([Own], debug=True))
    assert api.get("/pets?fields=name").json["object_list"] == [{"name": "Tom"}, {"name": "Ada"}]
    assert api.get("/pets/like?fields=meadows").json["object_list"][1]["name"] == "Rex"
    answer = api.document["paths"]["/pets/like"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/PetsList")


class Cat(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)
    lives = models.IntegerField(required=True)


class Dog(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)
    tricks = models.ListField(models.StringField())


class Animal(models.OneOf):
    discriminator = "kind"
    variants = {"cat": Cat, "dog": Dog}


@pytest.mark.parametrize("kind", KINDS)
def test_the_kind_of_an_object_is_always_there(kind: Kind, tmp_path: Path) -> None:
    source: Any = [] if kind == "list" else {"name": str(tmp_path / "a.db"), "table": "animals"}

    class Animals(Controller):
        resource = {
            "resource_name": "animals", "resource": source, "model": Animal,
            "datastore": PythonListDataStore if kind == "list" else SQLiteDataStore,
        }  # fmt: skip
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET"],
            "options": {"partial": True},
        }
        view = {"response_class": JsonResponse, "options": {"formatters": ["add_resource_uri"]}}

    api = Client(WSGIDispatcher([Animals], debug=True))
    api.post("/animals", {"kind": "cat", "name": "Tom", "lives": 9})
    api.post("/animals", {"kind": "dog", "name": "Rex", "tricks": ["sit"]})
    assert api.get("/animals?fields=lives").json["object_list"] == [
        {"kind": "cat", "lives": 9}, {"kind": "dog"},
    ]  # fmt: skip
    assert api.get("/animals/2?fields=tricks,name").json == {
        "kind": "dog", "name": "Rex", "tricks": ["sit"],
    }  # fmt: skip
    shown = api.document["components"]["schemas"]
    assert shown["AnimalsPartialCat"]["required"] == ["kind"]
    assert shown["AnimalsPartial"]["discriminator"]["propertyName"] == "kind"


@formatter(removes=["age"])
def hide(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "age"}


@pytest.mark.parametrize(
    ("partial", "model", "said"),
    [
        ("name", Pet, ["is neither True nor a list of names but 'name'."]),
        (False, Pet, ["is neither True nor a list of names but False."]),
        ([], Pet, ["names no field: leave it out."]),
        (["nmae", "pin", "age", "born", "name", "name"], Pet, [
            "'nmae': the model has no such field. Did you mean 'name'?",
            "'pin': answers do not show this field.",
            "'age': answers do not show this field.",
            "'born': its name has a comma, which stands between names: give it a data_key.",
            "a field is there twice.",
        ]),
    ],
)  # fmt: skip
def test_a_choice_that_cannot_be_is_refused_with_every_mistake(
    partial: Any, model: Any, said: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as refused:

        class Pets(Controller):
            resource = {
                "resource_name": "pets", "resource": [], "model": model,
                "datastore": PythonListDataStore,
            }  # fmt: skip
            controller = {
                "list_verbs": ["GET"], "unique_verbs": [], "options": {"partial": partial},
            }  # fmt: skip
            view = {"response_class": JsonResponse, "options": {"formatters": [hide]}}

    assert list(refused.value.mistakes) == [f"controller.options.partial: {each}" for each in said]


def test_a_filter_that_has_the_name_of_the_parameter_is_refused() -> None:
    class Named(models.Model):
        id = models.PkField()
        word = models.StringField(data_key="fields")

    with pytest.raises(ConfigurationError) as refused:

        class Words(Controller):
            resource = {
                "resource_name": "words", "resource": [], "model": Named,
                "datastore": PythonListDataStore,
            }  # fmt: skip
            controller = {"list_verbs": ["GET"], "unique_verbs": [], "options": {"partial": True}}
            view = {"response_class": JsonResponse}

    assert list(refused.value.mistakes) == [
        "controller.options.partial: the filter 'fields' has the name of its parameter: rename it, "
        "or give the field a data_key."
    ]
