"""Many objects in one request: all of them or none."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.bulk import Bulk
from openrest.config import ControllerOptions
from openrest.controllers import Call, Controller, Result, WSGIDispatcher
from openrest.datastore import PythonListDataStore, SQLiteDataStore, UniqueTogether
from openrest.errors import ConfigurationError
from openrest.interfaces import DataStore, Record
from openrest.query import Query
from openrest.views import CsvResponse, JsonResponse, YamlResponse
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Client
from tests.needs import CI


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    rank = models.IntegerField(allow_none=True)


class Page(models.Model):
    slug = models.StringPkField()
    text = models.StringField(required=True)


UNIQUE = [UniqueTogether("text")]


def make(kind: Kind, folder: Path, model: type[models.Model] = Note) -> DataStore:
    if kind == "list":
        return PythonListDataStore([], model, UNIQUE)
    return SQLiteDataStore({"name": folder / "notes.db", "table": model.__name__}, model, UNIQUE)


def serve(
    store: DataStore,
    options: ControllerOptions | None = None,
    *,
    model: type[models.Model] = Note,
    base: type[Controller] = Controller,
    **more: Any,
) -> WSGIDispatcher:
    class Notes(base):  # type: ignore[misc, valid-type]
        resource = {"resource_name": "notes", "model": model, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {"bulk": True} if options is None else options,
        }
        view = {
            "response_class": JsonResponse,
            "options": {
                "alternatives": [YamlResponse, CsvResponse],
                "formatters": ["add_resource_uri"],
            },
        }

    return WSGIDispatcher([Notes], debug=True, **more)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> DataStore:
    store = make(request.param, tmp_path)
    store.insert_many([{"text": "Hello", "rank": 1}, {"text": "World", "rank": 2}])
    return store


def test_an_array_creates_its_objects_in_their_order(store: DataStore) -> None:
    client = Client(serve(store))
    answer = client.post("/notes", [{"text": "b"}, {"text": "a", "rank": 3}])
    assert answer.status == 201
    assert answer.json == [
        {"id": 3, "text": "b", "rank": None, "resource_uri": "/notes/3"},
        {"id": 4, "text": "a", "rank": 3, "resource_uri": "/notes/4"},
    ]
    assert not {"Location", "ETag"} & answer.headers.keys()
    assert [client.get(f"/notes/{id}").json["text"] for id in (3, 4)] == ["b", "a"]


def test_one_object_is_created_as_without_the_option(store: DataStore) -> None:
    answer = Client(serve(store)).post("/notes", {"text": "a"})
    assert (answer.status, answer.json["id"]) == (201, 3)
    assert answer.headers["Location"] == "/notes/3"
    assert "ETag" in answer.headers


def test_every_mistake_has_the_place_of_its_object(store: DataStore) -> None:
    client = Client(serve(store))
    answer = client.post("/notes", [{"text": "a"}, {"text": 1}, {}, {"txt": "b", "text": "b"}, 5])
    assert answer.status == 422
    assert [error["pointer"] for error in answer.errors] == [
        "#/1/text",
        "#/2/text",
        "#/3/txt",
        "#/4",
    ]
    assert store.count(Query()) == 2


def test_a_conflict_has_the_place_of_its_object_and_nothing_is_stored(store: DataStore) -> None:
    client = Client(serve(store))
    for texts in (["a", "b", "World", "c"], ["a", "b", "a"]):
        answer = client.post("/notes", [{"text": text} for text in texts])
        assert answer.status == 409
        assert answer.errors == [{"pointer": "#/2/text", "detail": "is taken"}]
        assert store.count(Query()) == 2
    answer = client.post("/notes", {"text": "World"})
    assert answer.errors == [{"pointer": "#/text", "detail": "is taken"}]


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_is_taken_has_the_place_of_its_object(kind: Kind, tmp_path: Path) -> None:
    client = Client(serve(make(kind, tmp_path, Page), model=Page))
    body = [{"slug": "a", "text": "a"}, {"slug": "a", "text": "b"}]
    assert client.post("/notes", body).errors[0]["pointer"] == "#/1/slug"


def test_a_rule_of_the_model_has_the_place_of_its_object(store: DataStore) -> None:
    class Even(Note):
        rank = models.IntegerField(allow_none=True, validate=lambda value: value % 2 == 0)

    client = Client(serve(PythonListDataStore([], Even), model=Even))
    answer = client.post("/notes", [{"text": "a", "rank": 2}, {"text": "b", "rank": 1}])
    assert (answer.status, answer.errors[0]["pointer"]) == (409, "#/1/rank")


def test_an_array_has_at_least_one_object_and_at_most_as_many_as_the_bound(
    store: DataStore,
) -> None:
    client = Client(serve(store, {"bulk": Bulk(max_items=2)}))
    assert client.post("/notes", []).status == 422
    assert client.post("/notes", [{"text": each} for each in "abc"]).status == 422
    assert client.post("/notes", [{"text": each} for each in "ab"]).status == 201


def test_the_answer_comes_in_every_format(store: DataStore) -> None:
    client = Client(serve(store))
    body = [{"text": "a"}, {"text": "b"}]
    answer = client.send("POST", "/notes", body, headers={"Accept": "text/csv"})
    assert answer.data.decode().splitlines()[1:] == ["3,a,,/notes/3", "4,b,,/notes/4"]


def test_a_body_in_another_format_may_be_an_array(store: DataStore) -> None:
    client = Client(serve(store))
    data = b"- text: a\n- text: b\n"
    answer = client.send("POST", "/notes", data=data, content_type="application/yaml")
    assert len(answer.json) == 2


def test_a_minimal_answer_and_a_dry_run_are_of_all_objects(store: DataStore) -> None:
    client = Client(serve(store, {"bulk": True, "prefer": True, "dry_run": True}))
    body = [{"text": "a"}, {"text": "b"}]
    assert client.post("/notes?dry_run=true", body).status == 204
    assert client.post("/notes?dry_run=true", [*body, {"text": "World"}]).status == 409
    assert store.count(Query()) == 2
    headers = {"Prefer": "return=minimal"}
    answer = client.send("POST", "/notes", body, headers=headers)
    assert (answer.status, answer.headers["Preference-Applied"]) == (204, "return=minimal")
    assert store.count(Query()) == 4


def test_hooks_are_called_for_each_object(store: DataStore) -> None:
    created: list[str] = []

    class Followed(Controller):
        def before_create(self, call: Call, record: Record) -> Record:
            return {**record, "text": record["text"].upper()}

        def after_create(self, call: Call, record: Record) -> None:
            created.append(record["text"])

    client = Client(serve(store, base=Followed))
    assert client.post("/notes", [{"text": "a"}, {"text": "b"}]).status == 201
    assert created == ["A", "B"]


def test_arrays_do_not_pass_an_overridden_handler_by() -> None:
    class Own(Controller):
        def create(self, call: Call) -> Result:
            return super().create(call)

    with pytest.raises(ConfigurationError, match="create: is overridden, and with the option bulk"):
        serve(PythonListDataStore([], Note), base=Own)

    class Both(Own):
        def create_many(self, call: Call) -> Result:
            return super().create_many(call)

    serve(PythonListDataStore([], Note), base=Both)


def test_without_the_option_an_array_is_refused(store: DataStore) -> None:
    client = Client(serve(store, {}))
    answer = client.post("/notes", [{"text": "a"}])
    assert (answer.status, answer.errors[0]["detail"]) == (422, "must be an object")
    assert "anyOf" not in str(client.document["paths"]["/notes"]["post"])


@pytest.mark.parametrize("openapi", ["3.0", "3.1", "3.2"])
def test_the_document_has_both_forms(openapi: Any) -> None:
    client = Client(serve(PythonListDataStore([], Note), openapi=openapi))
    operation = client.document["paths"]["/notes"]["post"]
    one, many = operation["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    assert many == {"type": "array", "items": one, "minItems": 1, "maxItems": 1000}
    answered = operation["responses"]["201"]["content"]["application/json"]["schema"]["anyOf"]
    assert answered[1]["items"] == answered[0] == {"$ref": "#/components/schemas/Notes"}


def test_the_option_is_true_or_false_or_bounds() -> None:
    store = PythonListDataStore([], Note)
    with pytest.raises(ConfigurationError, match=r"options\.bulk: is neither True nor False nor"):
        serve(store, ControllerOptions(bulk=5))  # type: ignore[typeddict-item]
    for wrong in (0, True, "9"):
        with pytest.raises(ValueError, match="max_items must be a whole number"):
            Bulk(max_items=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=100 if CI else 6, deadline=None)
@given(batches=st.lists(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4), max_size=4))
def test_all_or_none_are_created(kind: Kind, tmp_path_factory: Any, batches: Any) -> None:
    client = Client(serve(make(kind, tmp_path_factory.mktemp("bulk"))))
    stored: list[str] = []
    for batch in batches:
        fits = len(set(batch)) == len(batch) and not set(batch) & set(stored)
        answer = client.post("/notes", [{"text": text} for text in batch])
        assert answer.status == (201 if fits else 409)
        if fits:
            stored += batch
        else:
            clashing = [i for i, text in enumerate(batch) if text in [*stored, *batch[:i]]]
            assert answer.errors[0]["pointer"] == f"#/{clashing[0]}/text"
        assert [each["text"] for each in client.get("/notes").json["object_list"]] == stored
