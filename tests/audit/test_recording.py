"""Each write leaves an entry, whichever way it comes, and what writes nothing leaves none."""

from __future__ import annotations

import copy
import datetime as dt
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.asking import asked_by
from openrest.audit import AuditEntry, AuditTrail
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.authorization import Anyone
from openrest.config import ControllerOptions
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare, operation
from openrest.datastore import DataStore, PythonListDataStore, SQLiteDataStore, UniqueTogether
from openrest.errors import Conflict, StoreUnavailable
from openrest.idempotency import Idempotency
from openrest.interfaces import Record
from openrest.query import Query
from openrest.rehearsal import rehearsal
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from openrest.views.formatters import formatter
from tests.audit.stores import PAIRS, Make, entries, entry, stores
from tests.contract.client import JSON_PATCH, Client
from tests.needs import fuzzed_in_ci

NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    rank = models.IntegerField(allow_none=True)
    secret = models.StringField(load_only=True)
    inner = models.StringField(dump_only=True)
    length = models.FunctionField(lambda record: len(record["text"]))


@formatter(removes=["inner"])
def without_inner(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "inner"}


KEYS = ApiKeyAuthentication({hash_api_key("ada's key"): {"id": "ada", "mail": "ada@example.org"}})


@dataclass
class Book:
    """An API of notes whose writes are recorded."""

    store: DataStore
    trail: AuditTrail
    options: ControllerOptions = field(default_factory=lambda: ControllerOptions())

    def client(self, base: type[Controller] = Controller, **watching: Any) -> Client:
        able: dict[str, Any] = {
            "bulk": self.store.changes_many and self.store.inserts_many,
            "dry_run": self.store.rehearses,
            "json_patch": True,
            "authentication": KEYS,
            "authorization": Anyone(),
        }
        if self.store.idempotent:
            able["idempotency"] = Idempotency()
        chosen: Any = {**able, "audit": self.trail, **self.options}

        class Notes(base):  # type: ignore[misc, valid-type]
            resource = {"resource_name": "notes", "model": Note, "datastore": self.store}
            controller = {
                "list_verbs": ["GET", "POST", *(["PATCH", "DELETE"] if able["bulk"] else [])],
                "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
                "options": chosen,
            }
            view = {"response_class": JsonResponse, "options": {"formatters": [without_inner]}}

        return Client(WSGIDispatcher([Notes], debug=True, **watching))

    @property
    def entries(self) -> list[Record]:
        return entries(self.trail.store)


@pytest.fixture(params=PAIRS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    with stores(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def book(make: Make) -> Book:
    return Book(make(Note, "notes"), AuditTrail(make(AuditEntry, "audit"), clock=lambda: NOW))


def test_each_verb_leaves_an_entry_with_the_object_before_and_after(book: Book) -> None:
    api = book.client()
    assert api.post("/notes", {"text": "a", "rank": 1}).status == 201
    assert api.put("/notes/1", {"text": "b", "rank": None}).status == 200
    assert api.patch("/notes/1", {"rank": 3}).status == 200
    patch = [{"op": "replace", "path": "/text", "value": "c"}]
    assert api.send("PATCH", "/notes/1", patch, content_type=JSON_PATCH).status == 200
    assert api.delete("/notes/1").status == 204
    first: Record = {"id": 1, "text": "a", "rank": 1}
    second: Record = {"id": 1, "text": "b", "rank": None}
    third: Record = {"id": 1, "text": "b", "rank": 3}
    fourth: Record = {"id": 1, "text": "c", "rank": 3}
    assert book.entries == [
        entry("create", 1, None, first, operation="create_notes"),
        entry("update", 1, first, second, operation="update_notes"),
        entry("update", 1, second, third, operation="patch_notes"),
        entry("update", 1, third, fourth, operation="patch_notes"),
        entry("delete", 1, fourth, None, operation="delete_notes"),
    ]


def test_each_object_of_many_has_an_entry(book: Book) -> None:
    if not book.store.changes_many:
        pytest.skip(f"{type(book.store).__name__} does not change many")
    api = book.client()
    assert api.post("/notes", [{"text": "a", "rank": 1}, {"text": "b"}]).status == 201
    assert api.patch("/notes?rank=1", {"text": "c"}).json == {"affected": 1}
    assert api.delete("/notes?text=c").json == {"affected": 1}
    assert [(e["action"], e["key"], e["operation"]) for e in book.entries] == [
        ("create", "1", "create_notes"),
        ("create", "2", "create_notes"),
        ("update", "1", "patch_many_notes"),
        ("delete", "1", "delete_many_notes"),
    ]


#: What is refused, changes nothing, or is only tried.
NOTHING = [
    ("PUT", "/notes/1", {"text": "first", "rank": 1}),  # what it is already
    ("PUT", "/notes/2", {"text": "a"}),
    ("PUT", "/notes/1", {"txt": "a"}),
    ("PUT", "/notes/1", {"text": "refused"}),
    ("POST", "/notes", {"text": "refused"}),
    ("POST", "/notes", [{"text": "a"}, {"text": "refused"}]),
    ("PATCH", "/notes/1", {"text": "refused"}),
    ("DELETE", "/notes/2", None),
    ("POST", "/notes?dry_run=true", {"text": "a"}),
    ("PUT", "/notes/1?dry_run=true", {"text": "a"}),
    ("PATCH", "/notes/1?dry_run=true", {"text": "a"}),
    ("DELETE", "/notes/1?dry_run=true", None),
    ("PATCH", "/notes?rank=1&dry_run=true", {"text": "a"}),
    ("DELETE", "/notes?rank=1&dry_run=true", None),
    ("PATCH", "/notes?rank=7", {"text": "a"}),
]


def test_what_writes_nothing_leaves_none(book: Book) -> None:
    class Refusing(Controller):
        @declare(errors={409: "It is refused"})
        def before_create(self, call: Call, record: Record) -> Record:
            if record["text"] == "refused":
                raise Conflict("No.")
            return record

        @declare(errors={409: "It is refused"})
        def before_update(self, call: Call, current: Record, record: Record) -> Record:
            return self.before_create(call, record)

    api = book.client(Refusing)
    api.post("/notes", {"text": "first", "rank": 1})
    before = book.entries
    for method, target, body in NOTHING:
        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        answer = api.send(method, target, body, content_type=content)
        assert book.entries == before, (method, target, answer)
    assert api.get("/notes/1").json == {"id": 1, "text": "first", "rank": 1, "length": 5}


def test_a_change_that_a_condition_refuses_leaves_none(book: Book) -> None:
    api = book.client()
    api.post("/notes", {"text": "a"})
    for method, body in (("PUT", {"text": "b"}), ("DELETE", None)):
        answer = api.send(method, "/notes/1", body, headers={"If-Match": '"another"'})
        assert answer.status == 412
    assert len(book.entries) == 1


def test_a_request_that_is_sent_again_leaves_none(book: Book) -> None:
    if not book.store.idempotent:
        pytest.skip(f"{type(book.store).__name__} does not keep keys")
    api = book.client()
    for _ in range(3):
        answer = api.send("POST", "/notes", {"text": "a"}, headers={"Idempotency-Key": '"k"'})
        assert answer.status == 201
    assert [each["action"] for each in book.entries] == ["create"]


def test_what_nobody_is_shown_is_in_no_entry(book: Book) -> None:
    class Setting(Controller):
        def before_create(self, call: Call, record: Record) -> Record:
            return {**record, "inner": "inside"}

    api = book.client(Setting)
    api.post("/notes", {"text": "a", "secret": "tiger"})
    api.patch("/notes/1", {"secret": "lion"})
    created, changed = book.entries
    shown: Record = {"id": 1, "text": "a", "rank": None}
    assert created == entry("create", 1, None, shown, operation="create_notes")
    # That it was changed is there, and not to what.
    assert changed == entry("update", 1, shown, shown, operation="patch_notes")
    whole = str([*book.trail.store.find(Query())])
    assert not any(text in whole for text in ("tiger", "lion", "inside", "example.org"))


def test_who_has_asked_and_for_what_is_in_it(book: Book) -> None:
    api = book.client(traces=True)
    headers = {
        "X-API-Key": "ada's key",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "Content-Type": "application/json",
    }
    environ: dict[str, Any] = {"openrest.request_id": "7f3a"}
    api.raw("POST", "/notes", b'{"text": "a"}', headers=headers, **environ)
    [found] = book.trail.store.find(Query())
    assert found["user"] == "ada"
    assert found["operation"] == "create_notes"
    assert found["request_id"] == "7f3a"
    assert found["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert found["time"] == NOW


def test_a_handler_of_ones_own_is_recorded_too(book: Book) -> None:
    class Own(Controller):
        @operation("POST", "/{id}/rise", returns=None)
        def rise(self, call: Call) -> Result:
            """Raise the rank by one, and note it in another one."""

            def step() -> Result:
                self.store.update(call.key, lambda now: {**now, "rank": (now["rank"] or 0) + 1})
                self.store.insert({"text": "rose"})
                return Result(None, 204)

            return self.store.together(step) if self.store.changes_together else step()

    api = book.client(Own)
    api.post("/notes", {"text": "a"})
    assert api.send("POST", "/notes/1/rise").status == 204
    assert [(e["action"], e["key"], e["operation"]) for e in book.entries] == [
        ("create", "1", "create_notes"),
        ("update", "1", "rise_notes"),
        ("create", "2", "rise_notes"),
    ]


def test_a_step_that_is_undone_leaves_none(book: Book) -> None:
    if not book.store.changes_together:
        pytest.skip(f"{type(book.store).__name__} does not change together")
    [controller] = book.client().app.controllers
    store = controller.store

    def fails() -> None:
        store.insert({"text": "a"})
        raise ZeroDivisionError

    def inner_fails() -> None:
        store.insert({"text": "b"})
        with pytest.raises(ZeroDivisionError):
            store.together(fails)

    with pytest.raises(ZeroDivisionError):
        store.together(fails)
    assert book.entries == []
    store.together(inner_fails)
    assert [each["after"]["text"] for each in book.entries] == ["b"]
    if store.rehearses:
        with rehearsal():
            store.together(lambda: store.insert({"text": "c"}))
    assert len(book.entries) == 1


def test_outside_of_a_request_there_is_an_entry_with_whoever_is_said_to_ask(book: Book) -> None:
    [controller] = book.client().app.controllers
    controller.store.insert({"text": "a"})
    with asked_by({"id": 7}):
        controller.store.insert_many([{"text": "b"}, {"text": "c"}])
    assert [(e["user"], e["operation"], e["key"]) for e in book.entries] == [
        (None, None, "1"),
        ("7", None, "2"),
        ("7", None, "3"),
    ]


class Loose(models.Model):
    id = models.PkField()
    value = models.RawField(required=True)


@pytest.mark.parametrize(
    ("old", "new"), [(1, True), (True, 1), (0, False), ([1], [True]), ({"a": [0]}, {"a": [False]})]
)
def test_true_in_the_place_of_1_is_a_change(old: Any, new: Any) -> None:
    trail = PythonListDataStore([], AuditEntry)

    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": [{"value": old}],
            "model": Loose,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["PATCH", "PUT"],
            "options": {"audit": trail},
        }
        view = {"response_class": JsonResponse}

    api = Client(WSGIDispatcher([Notes], debug=True))
    assert api.put("/notes/1", {"value": old}).status == 200
    assert entries(trail) == []
    assert api.put("/notes/1", {"value": new}).status == 200
    assert [str(each["after"]) for each in entries(trail)] == [str({"id": 1, "value": new})]


class Page(models.Model):
    slug = models.StringPkField()
    title = models.StringField(required=True)
    gone = models.DateTimeField(allow_none=True, dump_only=True)


def test_a_put_that_creates_and_a_record_that_is_only_hidden(make: Make) -> None:
    store, trail = make(Page, "pages"), make(AuditEntry, "audit")

    class Pages(Controller):
        resource = {
            "resource_name": "pages",
            "model": Page,
            "datastore": store,
            "options": {"deleted_at": "gone"},
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET", "PUT", "DELETE"],
            # A datastore is the trail in it.
            "options": {"upsert": True, "audit": trail},
        }
        view = {"response_class": JsonResponse}

    api = Client(WSGIDispatcher([Pages], debug=True))
    assert api.put("/pages/home", {"title": "a"}).status == 201
    assert api.put("/pages/home", {"title": "b"}).status == 200
    assert api.delete("/pages/home").status == 204
    assert [(e["action"], e["key"], e["before"], e["after"]) for e in entries(trail)] == [
        ("create", "home", None, {"slug": "home", "title": "a"}),
        ("update", "home", {"slug": "home", "title": "a"}, {"slug": "home", "title": "b"}),
        ("delete", "home", {"slug": "home", "title": "b"}, None),
    ]
    assert store.count(Query()) == 1


class Shape(models.OneOf):
    discriminator = "kind"
    id = models.PkField()

    class _Circle(models.Model):
        radius = models.DecimalField(required=True, places=2)
        pin = models.StringField(load_only=True)

    class _Line(models.Model):
        length = models.FloatField(required=True)

    variants = {"circle": _Circle, "line": _Line}


def test_of_several_kinds_each_is_shown_as_what_it_is() -> None:
    trail = PythonListDataStore([], AuditEntry)

    class Shapes(Controller):
        resource = {
            "resource_name": "shapes",
            "resource": [],
            "model": Shape,
            "datastore": PythonListDataStore,
        }
        controller = {"list_verbs": ["POST"], "unique_verbs": [], "options": {"audit": trail}}
        view = {"response_class": JsonResponse}

    api = Client(WSGIDispatcher([Shapes], debug=True))
    api.post("/shapes", {"kind": "circle", "radius": "1.50", "pin": "tiger"})
    api.post("/shapes", {"kind": "line", "length": 2.5})
    assert [each["after"] for each in entries(trail)] == [
        {"id": 1, "kind": "circle", "radius": "1.50"},
        {"id": 2, "kind": "line", "length": 2.5},
    ]


TEXTS = st.sampled_from(["a", "b", "c"])
KEYS_DRAWN = st.integers(1, 5)
REQUESTS = st.lists(
    st.one_of(
        st.tuples(st.just("POST"), st.just("/notes"), st.builds(lambda t: {"text": t}, TEXTS)),
        st.tuples(
            st.just("POST"),
            st.just("/notes"),
            st.lists(st.builds(lambda t: {"text": t}, TEXTS), min_size=1, max_size=3),
        ),
        st.tuples(
            st.sampled_from(["PUT", "PATCH"]),
            st.builds("/notes/{}".format, KEYS_DRAWN),
            st.builds(lambda t, r: {"text": t, "rank": r}, TEXTS, st.none() | st.integers(0, 3)),
        ),
        st.tuples(st.just("DELETE"), st.builds("/notes/{}".format, KEYS_DRAWN), st.none()),
        st.tuples(
            st.just("PATCH"),
            st.builds("/notes?text={}{}".format, TEXTS, st.sampled_from(["", "&dry_run=true"])),
            st.builds(lambda r: {"rank": r}, st.integers(0, 3)),
        ),
        st.tuples(st.just("DELETE"), st.builds("/notes?text={}&rank=1".format, TEXTS), st.none()),
    ),
    max_size=12,
)


def replayed(found: list[Record]) -> dict[str, Any]:
    """What comes of the entries, one after the other; each goes on where the last one was."""
    state: dict[str, Any] = {}
    for each in found:
        assert state.get(each["key"]) == each["before"]
        state[each["key"]] = each["after"]
    return {key: value for key, value in state.items() if value is not None}


def shown(store: DataStore) -> dict[str, Any]:
    names = ("id", "text", "rank")
    return {str(r["id"]): {n: r[n] for n in names} for r in store.find(Query())}


@given(REQUESTS)
@settings(max_examples=30)
def test_the_entries_one_after_the_other_give_what_is_stored(requests: list[Any]) -> None:
    unique = [UniqueTogether("text", "rank")]
    book = Book(
        PythonListDataStore([], Note, unique), AuditTrail(PythonListDataStore([], AuditEntry))
    )
    api = book.client()
    for method, target, body in requests:
        content = "application/merge-patch+json" if method == "PATCH" else "application/json"
        api.send(method, target, copy.deepcopy(body), content_type=content)
    assert replayed(book.entries) == shown(book.store)


@pytest.mark.parametrize("pair", [name for name, atomic in PAIRS.items() if atomic])
def test_threads_leave_entries_in_the_order_of_their_writes(pair: str, tmp_path: Path) -> None:
    with stores(pair, tmp_path) as make:
        book = Book(make(Note, "notes"), AuditTrail(make(AuditEntry, "audit")))
        [controller] = book.client().app.controllers
        controller.store.insert({"text": "a", "rank": 0})
        failed: list[Exception] = []

        def count() -> None:
            for _ in range(5):
                try:
                    controller.store.update(1, lambda now: {**now, "rank": now["rank"] + 1})
                except StoreUnavailable as error:
                    failed.append(error)

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rank = 20 - len(failed)
        assert len(book.entries) == 1 + rank
        assert replayed(book.entries) == shown(book.store)
        assert shown(book.store) == {"1": {"id": 1, "text": "a", "rank": rank}}


def reading(store: DataStore) -> type[Controller]:
    class Audit(Controller):
        resource = {"resource_name": "audit", "model": AuditEntry, "datastore": store}
        controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse}

    return Audit


def both(folder: Path) -> WSGIDispatcher:
    path = str(folder / "notes.db")
    book = Book(
        SQLiteDataStore({"name": path, "table": "notes"}, Note),
        AuditTrail(SQLiteDataStore({"name": path, "table": "audit"}, AuditEntry)),
    )
    [controller] = book.client().app.controllers
    return WSGIDispatcher([type(controller), reading(book.trail.store)], debug=True)


def test_the_trail_is_read_as_a_resource(tmp_path: Path) -> None:
    api = Client(both(tmp_path))
    api.post("/notes", {"text": "a"})
    found = api.get("/audit?resource=notes&action=create").json["object_list"]
    assert [each["after"] for each in found] == [{"id": 1, "text": "a", "rank": None}]
    assert api.post("/audit", {}).status == 405


@fuzzed_in_ci
def test_schemathesis_finds_no_difference(tmp_path: Path) -> None:
    check_contract(both(tmp_path), examples=5, seed=1)
