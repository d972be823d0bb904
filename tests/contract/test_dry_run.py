"""Requests that check everything and write nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.config import ControllerOptions
from openrest.controllers import Call, Controller, Result, WSGIDispatcher
from openrest.datastore import PythonListDataStore, SQLiteDataStore, UniqueTogether
from openrest.datastore.lifecycle import Lifecycle, Times
from openrest.errors import ConfigurationError
from openrest.interfaces import DataStore
from openrest.query import Query
from openrest.views import JsonResponse, YamlResponse
from tests.contract.apis import KINDS, Kind
from tests.contract.client import MERGE_PATCH, Client
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
) -> WSGIDispatcher:
    class Notes(base):  # type: ignore[misc, valid-type]
        resource = {"resource_name": "notes", "model": model, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {"dry_run": True} if options is None else options,
        }
        view = {"response_class": JsonResponse, "options": {"alternatives": [YamlResponse]}}

    return WSGIDispatcher([Notes], debug=True)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DataStore]:
    store = make(request.param, tmp_path)
    store.insert_many([{"text": "Hello", "rank": 1}, {"text": "World", "rank": 2}])
    yield store


def unchanged(store: DataStore) -> bool:
    texts = [(record["id"], record["text"]) for record in store.find(Query())]
    return texts == [(1, "Hello"), (2, "World")]


def test_a_dry_run_answers_as_if_and_writes_nothing(store: DataStore) -> None:
    client = Client(serve(store))
    made = client.post("/notes?dry_run=true", {"text": "New"})
    assert (made.status, made.data) == (204, b"")
    assert "Location" not in made.headers
    replaced = client.put("/notes/1?dry_run=true", {"text": "New"})
    assert (replaced.status, replaced.json) == (200, {"id": 1, "text": "New", "rank": None})
    patched = client.patch("/notes/1?dry_run=true", {"text": "New"})
    assert (patched.status, patched.json) == (200, {"id": 1, "text": "New", "rank": 1})
    assert client.delete("/notes/1?dry_run=true").status == 204
    assert unchanged(store)


def test_the_document_says_what_a_dry_delete_answers(store: DataStore) -> None:
    api = Client(serve(store))
    responses = api.document["paths"]["/notes/{id}"]["delete"]["responses"]
    said = api.resolved(responses["204"])["description"]
    assert "It is gone" in said
    assert "With `dry_run` it would be gone, and is there as before" in said


def test_no_key_is_used_up_by_a_dry_run(store: DataStore) -> None:
    client = Client(serve(store))
    client.post("/notes?dry_run=true", {"text": "New"})
    assert client.post("/notes", {"text": "New"}).json["id"] == 3


def test_without_a_dry_run_it_is_done(store: DataStore) -> None:
    client = Client(serve(store))
    for query in ("", "?dry_run=false"):
        assert client.post(f"/notes{query}", {"text": f"New{query}"}).status == 201
    assert client.delete("/notes/1").status == 204
    assert store.count(Query()) == 3


def test_a_dry_run_refuses_what_would_be_refused(store: DataStore) -> None:
    client = Client(serve(store))
    assert client.post("/notes?dry_run=true", {"text": "World"}).status == 409
    assert client.put("/notes/1?dry_run=true", {"text": "World"}).status == 409
    assert client.patch("/notes/1?dry_run=true", {"text": "World"}).status == 409
    assert client.patch("/notes/1?dry_run=true", {"text": None}).status == 422
    assert client.post("/notes?dry_run=true", {}).status == 422
    for method, body in (("PUT", {"text": "x"}), ("DELETE", None)):
        assert client.send(method, "/notes/7?dry_run=true", body).status == 404
        headers = {"If-Match": '"other"'}
        answer = client.send(method, "/notes/1?dry_run=true", body, headers=headers)
        assert answer.status == 412
    assert unchanged(store)


def test_what_is_no_boolean_is_no_dry_run_and_nothing_else(store: DataStore) -> None:
    client = Client(serve(store))
    for query in ("dry_run=1", "dry_run", "dryrun=true", "dry_run=true&dry_run=true"):
        assert client.delete(f"/notes/1?{query}").status == 422
    assert unchanged(store)


def test_without_the_option_a_dry_run_is_refused_and_nothing_is_done(store: DataStore) -> None:
    client = Client(serve(store, {}))
    assert client.delete("/notes/1?dry_run=true").status == 422
    assert unchanged(store)
    assert "dry_run" not in str(client.document)


@pytest.mark.parametrize("kind", KINDS)
def test_a_put_that_would_create_is_told_so(kind: Kind, tmp_path: Path) -> None:
    store = make(kind, tmp_path, Page)
    client = Client(serve(store, {"dry_run": True, "upsert": True}, model=Page))
    assert client.put("/notes/a?dry_run=true", {"text": "New"}).status == 204
    assert client.get("/notes/a").status == 404
    assert client.put("/notes/a", {"text": "New"}).status == 201
    assert client.put("/notes/a?dry_run=true", {"text": "Newer"}).status == 200
    assert client.put("/notes/b?dry_run=true", {"text": "New"}).status == 409


def test_a_client_may_prefer_a_minimal_dry_run(store: DataStore) -> None:
    client = Client(serve(store, {"dry_run": True, "prefer": True}))
    headers = {"Prefer": "return=minimal"}
    for query, location in (("?dry_run=true", None), ("", "/notes/3")):
        answer = client.send("POST", f"/notes{query}", {"text": "New"}, headers=headers)
        assert (answer.status, answer.headers.get("Location")) == (204, location)
    answer = client.send(
        "PATCH",
        "/notes/1?dry_run=true",
        {"text": "Newer"},
        content_type=MERGE_PATCH,
        headers=headers,
    )
    assert answer.status == 204
    assert store.get(1)["text"] == "Hello"


def test_what_handlers_of_ones_own_write_is_undone_too(store: DataStore) -> None:
    class Twice(Controller):
        def create(self, call: Call) -> Result:
            self.store.update(1, lambda record: {**record, "text": "Changed"})
            self.store.delete(2)
            return super().create(call)

    client = Client(serve(store, base=Twice))
    assert client.post("/notes?dry_run=true", {"text": "New"}).status == 204
    assert unchanged(store)
    assert client.post("/notes", {"text": "New"}).status == 201
    assert not unchanged(store)


def test_hooks_before_a_write_are_called_and_those_after_it_are_not(store: DataStore) -> None:
    called: list[str] = []

    class Followed(Controller):
        def before_update(
            self, call: Call, current: dict[str, Any], record: dict[str, Any]
        ) -> dict[str, Any]:
            called.append("before")
            return {**record, "rank": 9}

        def after_update(
            self, call: Call, previous: dict[str, Any], record: dict[str, Any]
        ) -> None:
            called.append("after")

    client = Client(serve(store, base=Followed))
    assert client.patch("/notes/1?dry_run=true", {"text": "New"}).json["rank"] == 9
    assert called == ["before"]
    assert unchanged(store)


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_around_another_one_undoes_what_that_does(kind: Kind, tmp_path: Path) -> None:
    class Timed(Note):
        gone = models.DateTimeField(dump_only=True)

    store = Lifecycle(make(kind, tmp_path, Timed), Times(deleted_at="gone"))
    store.insert({"text": "Hello"})
    client = Client(serve(store, model=Timed))
    assert client.delete("/notes/1?dry_run=true").status == 204
    assert client.get("/notes/1").status == 200


def test_a_failed_dry_run_does_not_make_the_next_request_one(store: DataStore) -> None:
    client = Client(serve(store))
    assert client.post("/notes?dry_run=true", {"text": "World"}).status == 409
    assert client.post("/notes", {"text": "New"}).status == 201
    assert store.count(Query()) == 3


@pytest.mark.parametrize("on_delete", ["cascade", "restrict"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_would_go_with_an_object_stays(kind: Kind, on_delete: Any, tmp_path: Path) -> None:
    class Remark(models.Model):
        id = models.PkField()
        text = models.StringField(required=True)
        note = models.IntForeignField(foreign={"resource": "notes", "on_delete": on_delete})

    notes, remarks = make(kind, tmp_path), make(kind, tmp_path, Remark)

    class Remarks(Controller):
        resource = {"resource_name": "remarks", "model": Remark, "datastore": remarks}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET"],
            "options": {"dry_run": True},
        }
        view = {"response_class": JsonResponse}

    class Notes(Controller):
        resource = {"resource_name": "notes", "model": Note, "datastore": notes}
        controller = {
            "list_verbs": ["POST"],
            "unique_verbs": ["DELETE"],
            "options": {"dry_run": True},
        }
        view = {"response_class": JsonResponse}

    client = Client(WSGIDispatcher([Notes, Remarks], debug=True))
    client.post("/notes", {"text": "Hello"})
    assert client.post("/remarks?dry_run=true", {"text": "a", "note": 7}).status == 409
    assert client.post("/remarks?dry_run=true", {"text": "a", "note": 1}).status == 204
    assert client.post("/remarks", {"text": "a", "note": 1}).status == 201
    expected = 204 if on_delete == "cascade" else 409
    assert client.delete("/notes/1?dry_run=true").status == expected
    assert (notes.count(Query()), remarks.count(Query())) == (1, 1)
    assert client.delete("/notes/1").status == expected
    assert remarks.count(Query()) == (0 if on_delete == "cascade" else 1)


class Unable(PythonListDataStore):
    rehearses = False


def test_a_store_that_cannot_undo_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"options\.dry_run: Unable cannot undo"):
        serve(Unable([], Note))
    with pytest.raises(ConfigurationError, match=r"options\.dry_run: is neither True nor False"):
        serve(Unable([], Note), ControllerOptions(dry_run=1))  # type: ignore[typeddict-item]


def requests() -> st.SearchStrategy[tuple[str, int | None, Any]]:
    texts, keys = st.sampled_from(["a", "b", "c"]), st.integers(1, 4)
    bodies = st.fixed_dictionaries({"text": texts})
    return st.one_of(
        st.tuples(st.just("POST"), st.none(), bodies),
        st.tuples(st.sampled_from(["PUT", "PATCH"]), keys, bodies),
        st.tuples(st.just("DELETE"), keys, st.none()),
    )


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=100 if CI else 6, deadline=None)
@given(asked=st.lists(requests(), max_size=6))
def test_a_dry_run_foretells_what_happens(
    kind: Kind, tmp_path_factory: Any, asked: list[tuple[str, int | None, Any]]
) -> None:
    client = Client(serve(make(kind, tmp_path_factory.mktemp("dry"))))
    send: Callable[..., Any] = client.send
    for method, key, body in asked:
        target = "/notes" if key is None else f"/notes/{key}"
        media_type = MERGE_PATCH if method == "PATCH" else "application/json"
        before = client.get("/notes").json
        dry = send(method, f"{target}?dry_run=true", body, content_type=media_type)
        assert client.get("/notes").json == before
        real = send(method, target, body, content_type=media_type)
        if real.status == 201:
            assert dry.status == 204
        else:
            assert (dry.status, dry.data) == (real.status, real.data)
