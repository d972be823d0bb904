"""What is guaranteed of an entry: both or neither in one step, and elsewhere what is announced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from openrest import models
from openrest.asking import asked_by
from openrest.audit import AuditEntry, AuditTrail
from openrest.audit.steps import after_step, stepping
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import CSVDataStore, DataStore, PythonListDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError, StoreUnavailable, UpstreamTimedOut
from openrest.interfaces import Check, Record
from openrest.query import Query
from openrest.views import JsonResponse
from tests.audit.stores import entries
from tests.contract.client import Client


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


class Failing(PythonListDataStore):
    """Entries for which `error` is raised, by whatever it is that is asked."""

    can_be_away = True
    error: Exception | None = None
    late: Exception | None = None

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        for error in filter(None, (self.error, self.late)):
            raise error
        return super().insert_many(records, check)

    def ping(self) -> None:
        if self.error is not None:
            raise self.error


class Apart(Failing):
    """It does not write together with any other."""

    changes_together = False


def client(store: DataStore, trail: AuditTrail, *others: type[Controller]) -> Client:
    class Notes(Controller):
        resource = {"resource_name": "notes", "model": Note, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {"audit": trail},
        }
        view = {"response_class": JsonResponse}

    return Client(WSGIDispatcher([Notes, *others], debug=True))


class Away(PythonListDataStore):
    """Notes that may be away, as their trail may."""

    can_be_away = True


WRITES: list[tuple[str, str, Any]] = [
    ("POST", "/notes", {"text": "b"}),
    ("PUT", "/notes/1", {"text": "b"}),
    ("PATCH", "/notes/1", {"text": "b"}),
    ("DELETE", "/notes/1", None),
]


def send(api: Client, method: str, target: str, body: Any) -> int:
    content = "application/merge-patch+json" if method == "PATCH" else "application/json"
    return api.send(method, target, body, content_type=content).status


def test_where_both_are_one_step_neither_is_there_without_the_other() -> None:
    kept = Failing([], AuditEntry)
    api = client(Away([{"text": "a"}], Note), AuditTrail(kept))
    kept.error = StoreUnavailable("the disk is full")
    for write in WRITES:
        assert send(api, *write) == 503
        assert api.get("/notes").json["object_list"] == [{"id": 1, "text": "a"}]
    kept.error = None
    assert entries(kept) == []
    assert [send(api, *write) for write in WRITES] == [201, 200, 200, 204]
    # The PATCH changes nothing that the PUT has not changed.
    assert [each["action"] for each in entries(kept)] == ["create", "update", "delete"]


@pytest.mark.parametrize("error", [StoreUnavailable("gone"), RuntimeError("a mistake in it")])
def test_elsewhere_a_write_stays_and_the_log_has_what_the_trail_misses(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    kept = Apart([], AuditEntry)
    api = client(PythonListDataStore([{"text": "tiger"}], Note), AuditTrail(kept))
    kept.error = error
    assert api.put("/notes/1", {"text": "lion"}).status == 200
    [record] = caplog.records
    assert (record.name, record.levelname) == ("openrest", "ERROR")
    assert record.getMessage() == (
        "The audit trail misses action=update, resource=notes, key=1, user=None, "
        "operation=update_notes, request_id=None"
    )
    assert "tiger" not in caplog.text and "lion" not in caplog.text
    kept.error = None
    assert api.put("/notes/1", {"text": "a"}).status == 200
    assert [each["before"]["text"] for each in entries(kept)] == ["lion"]


@pytest.mark.parametrize("error", [StoreUnavailable("gone", 7), UpstreamTimedOut("late")])
def test_with_required_a_write_is_refused_before_it_happens(error: Exception) -> None:
    kept = Apart([], AuditEntry)
    api = client(PythonListDataStore([{"text": "a"}], Note), AuditTrail(kept, required=True))
    kept.error = error
    for write in WRITES:
        # That it can happen is announced: the client of the tests sees to that.
        assert send(api, *write) == 503
    assert api.get("/notes").json["object_list"] == [{"id": 1, "text": "a"}]
    kept.error = None
    assert [send(api, *write) for write in WRITES] == [201, 200, 200, 204]
    assert len(entries(kept)) == 3


def test_what_fails_after_the_check_is_in_the_log_also_with_required(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Apart([], AuditEntry)
    api = client(PythonListDataStore([{"text": "a"}], Note), AuditTrail(kept, required=True))
    kept.late = StoreUnavailable("gone")
    assert api.put("/notes/1", {"text": "b"}).status == 200
    assert "The audit trail misses action=update" in caplog.text


def test_a_503_is_announced_only_where_it_can_happen() -> None:
    def statuses(trail: AuditTrail) -> dict[str, bool]:
        document = client(PythonListDataStore([], Note), trail).document
        found = {**document["paths"]["/notes"], **document["paths"]["/notes/{id}"]}
        return {method: "503" in operation["responses"] for method, operation in found.items()}

    safe = AuditTrail(PythonListDataStore([], AuditEntry), required=True)
    for trail in (safe, AuditTrail(Apart([], AuditEntry)), AuditTrail(Apart, [])):
        assert not any(statuses(trail).values())
    for trail in (
        AuditTrail(Apart([], AuditEntry), required=True),
        AuditTrail(Apart, [], required=True),
        # In one step with the write.
        AuditTrail(Failing([], AuditEntry)),
        AuditTrail(Failing, []),
    ):
        found = statuses(trail)
        assert found == dict.fromkeys(found, True) | {"get": False}


class Author(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)


class Book(models.Model):
    id = models.PkField()
    author = models.IntForeignField(
        required=True, foreign={"resource": "authors", "on_delete": "cascade"}
    )


class Review(models.Model):
    id = models.PkField()
    book = models.IntForeignField(
        allow_none=True, foreign={"resource": "books", "on_delete": "set_null"}
    )


class Loan(models.Model):
    id = models.PkField()
    book = models.IntForeignField(required=True, foreign={"resource": "books"})


def library(trail: AuditTrail, *, also_authors: bool, apart: Path | None) -> Client:
    """Authors, whose books go with them, the reviews of which lose them."""
    controllers = []
    for number, (name, model) in enumerate(
        {"authors": Author, "books": Book, "reviews": Review, "loans": Loan}.items()
    ):
        file = "library.db" if apart is None else f"{number}.db"
        folder = apart or Path(str(trail.store.resource["name"])).parent
        audited = also_authors or name != "authors"

        class Resource(Controller):
            resource = {
                "resource_name": name,
                "model": model,
                "datastore": SQLiteDataStore({"name": str(folder / file), "table": name}, model),
            }
            controller = {
                "list_verbs": ["GET", "POST"],
                "unique_verbs": ["GET", "DELETE"],
                "options": {"audit": trail} if audited else {},
            }
            view = {"response_class": JsonResponse}

        controllers.append(Resource)
    api = Client(WSGIDispatcher(controllers, debug=True))
    api.post("/authors", {"name": "Frank"})
    for _ in range(2):
        api.post("/books", {"author": 1})
    api.post("/reviews", {"book": 2})
    return api


def trail_in(folder: Path, name: str) -> AuditTrail:
    return AuditTrail(SQLiteDataStore, {"name": str(folder / name), "table": "audit"})


@pytest.mark.parametrize("also_authors", [True, False])
@pytest.mark.parametrize("place", ["together", "trail apart", "all apart"])
def test_what_goes_with_a_record_has_entries_too(
    place: str, also_authors: bool, tmp_path: Path
) -> None:
    trail = trail_in(tmp_path, "library.db" if place == "together" else "audit.db")
    apart = tmp_path if place == "all apart" else None
    api = library(trail, also_authors=also_authors, apart=apart)
    before = len(entries(trail.store))
    assert api.delete("/authors/1").status == 204
    found = entries(trail.store)[before:]
    assert sorted((e["action"], e["resource"], e["key"]) for e in found) == [
        *([("delete", "authors", "1")] if also_authors else []),
        ("delete", "books", "1"),
        ("delete", "books", "2"),
        ("update", "reviews", "1"),
    ]
    assert {each["operation"] for each in found} == {"delete_authors"}
    [changed] = [each for each in found if each["action"] == "update"]
    assert (changed["before"]["book"], changed["after"]["book"]) == (2, None)


@pytest.mark.parametrize("also_authors", [True, False])
@pytest.mark.parametrize("place", ["together", "trail apart"])
def test_a_deletion_that_is_refused_in_the_middle_leaves_none(
    place: str, also_authors: bool, tmp_path: Path
) -> None:
    trail = trail_in(tmp_path, "library.db" if place == "together" else "audit.db")
    api = library(trail, also_authors=also_authors, apart=None)
    api.post("/loans", {"book": 2})
    before = entries(trail.store)
    assert api.delete("/authors/1").status == 409
    assert entries(trail.store) == before
    assert api.get("/books").json["meta"]["count"] == 2


def test_work_waits_for_the_end_of_the_outermost_step() -> None:
    done: list[str] = []

    def plainly(step: Any) -> Any:
        return step()

    def twice(step: Any) -> Any:
        step()
        return step()

    def inner() -> str:
        after_step(lambda: done.append("inner"))
        return "made"

    def outer() -> str:
        made: str = stepping(twice, inner)
        assert done == []
        with pytest.raises(ZeroDivisionError):
            stepping(plainly, failing)
        after_step(lambda: done.append("outer"))
        return made

    def failing() -> None:
        after_step(lambda: done.append("failing"))
        raise ZeroDivisionError

    assert stepping(plainly, outer) == "made"
    assert done == ["inner", "outer"]
    after_step(lambda: done.append("alone"))
    assert done[-1] == "alone"


class Needy(AuditEntry):
    host = models.StringField(required=True)
    place = models.StringField(load_default="here")


class Keyed(AuditEntry):
    id = models.StringPkField()  # type: ignore[assignment]  # another kind of key


class Plain(models.Model):
    id = models.PkField()


class ReadOnly(PythonListDataStore):
    writable = False


@pytest.mark.parametrize(
    ("arguments", "mistake"),
    [
        (["audit.db"], "the store is not a datastore but 'audit.db'."),
        (
            [SQLiteDataStore],
            "SQLiteDataStore has to know where the entries are: give it a resource.",
        ),
        (
            [PythonListDataStore([], AuditEntry), []],
            "the PythonListDataStore is a ready instance that has a resource of its own.",
        ),
        ([ReadOnly([], AuditEntry)], "ReadOnly cannot write."),
        ([ReadOnly, []], "ReadOnly cannot write."),
        (
            [PythonListDataStore([], Needy)],
            "the model of the PythonListDataStore needs host, which no entry has.",
        ),
        (
            [PythonListDataStore([], Keyed)],
            "the model of the PythonListDataStore needs id, which no entry has.",
        ),
        (
            [PythonListDataStore([], Plain)],
            "the model of the PythonListDataStore is no AuditEntry: it lacks time, user, action, "
            "resource, key, operation, request_id, trace_id, before, after.",
        ),
    ],
)
def test_what_is_no_trail_is_refused(arguments: Any, mistake: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        AuditTrail(*arguments)
    assert refused.value.mistakes == (mistake,)


def test_an_entry_may_have_more_than_is_written_by_itself() -> None:
    class Placed(AuditEntry):
        place = models.StringField(load_default="here")
        note = models.StringField(allow_none=True)

    kept = PythonListDataStore([], Placed)
    client(PythonListDataStore([], Note), AuditTrail(kept)).post("/notes", {"text": "a"})
    [found] = kept.find(Query())
    assert (found["action"], found["note"], found["place"]) == ("create", None, "here")


class Owned(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    tenant = models.StringField()
    pin = models.StringField(load_only=True)


class OwnedEntry(AuditEntry):
    tenant = models.StringField(allow_none=True)


def owned(trail: AuditTrail, model: type[models.Model] = Owned) -> Client:
    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "model": model,
            "datastore": PythonListDataStore([], model),
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {"audit": trail},
        }
        view = {"response_class": JsonResponse}

    return Client(WSGIDispatcher([Notes], debug=True))


@pytest.mark.parametrize(
    ("store", "model", "mistake"),
    [
        (
            PythonListDataStore,
            dict,
            "the model is not a subclass of AuditEntry but <class 'dict'>.",
        ),
        (PythonListDataStore, Needy, "the model Needy needs host, which no entry has."),
        (
            PythonListDataStore,
            Plain,
            "the model Plain is no AuditEntry: it lacks time, user, action, resource, key, "
            "operation, request_id, trace_id, before, after.",
        ),
        (
            PythonListDataStore([], AuditEntry),
            OwnedEntry,
            "the PythonListDataStore is a ready instance that has a model of its own.",
        ),
    ],
)
def test_what_is_no_model_of_entries_is_refused(store: Any, model: Any, mistake: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        AuditTrail(store, [] if isinstance(store, type) else None, model=model)
    assert refused.value.mistakes == (mistake,)


def test_a_trail_opens_a_store_of_a_model_of_ones_own() -> None:
    trail = AuditTrail(PythonListDataStore, [], model=OwnedEntry, copies=["tenant"])
    owned(trail).post("/notes", {"text": "a", "tenant": "acme"})
    assert [each["tenant"] for each in trail.store.find(Query())] == ["acme"]


def test_an_entry_copies_what_its_record_had_of_a_field() -> None:
    kept = PythonListDataStore([], OwnedEntry)
    api = owned(AuditTrail(kept, copies=["tenant"]))
    api.post("/notes", {"text": "a", "tenant": "acme"})
    api.patch("/notes/1", {"tenant": "globex"})
    api.delete("/notes/1")
    api.post("/notes", {"text": "of nobody"})
    found = [(each["action"], each["tenant"]) for each in kept.find(Query())]
    assert found == [
        ("create", "acme"),
        ("update", "globex"),
        ("delete", "globex"),
        ("create", None),
    ]


@pytest.mark.parametrize(
    ("store", "copies", "mistake"),
    [
        (
            PythonListDataStore([], OwnedEntry),
            "tenant",
            "copies must be a list of names of fields, not 'tenant'.",
        ),
        (
            PythonListDataStore([], OwnedEntry),
            ["tennant", "user"],
            "copies: the model of the entries has no field 'tennant' of its own: make it a "
            "subclass of AuditEntry that has it. Did you mean 'tenant'?",
        ),
        (
            PythonListDataStore,
            ["tenant"],
            "copies: the model of the entries has no field 'tenant' of its own: make it a "
            "subclass of AuditEntry that has it.",
        ),
    ],
)
def test_a_trail_copies_what_its_entries_have_room_for(
    store: Any, copies: Any, mistake: str
) -> None:
    resource: Any = [] if isinstance(store, type) else None
    with pytest.raises(ConfigurationError) as refused:
        AuditTrail(store, resource, copies=copies)
    assert refused.value.mistakes[0] == mistake


class Numbered(models.Model):
    id = models.PkField()
    tenant = models.IntegerField()


class Tenanted(AuditEntry):
    pin = models.StringField(allow_none=True)
    tenannt = models.StringField(allow_none=True)


@pytest.mark.parametrize(
    ("trail", "model", "mistakes"),
    [
        (
            AuditTrail(PythonListDataStore([], OwnedEntry), copies=["tenant"]),
            Numbered,
            ["the trail copies 'tenant', which is Integer here and String in the entries."],
        ),
        (
            AuditTrail(PythonListDataStore([], Tenanted), copies=["pin", "tenannt"]),
            Owned,
            [
                "the trail copies 'pin', which the model has not, or shows to nobody.",
                "the trail copies 'tenannt', which the model has not, or shows to nobody. Did you "
                "mean 'tenant'?",
            ],
        ),
    ],
)
def test_a_resource_has_what_its_trail_copies(
    trail: AuditTrail, model: type[models.Model], mistakes: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        owned(trail, model)
    assert refused.value.mistakes == tuple(f"controller.options.audit: {m}" for m in mistakes)


def test_a_user_whose_id_no_database_takes_has_an_entry_too() -> None:
    kept = PythonListDataStore([], AuditEntry)
    [controller] = client(PythonListDataStore([], Note), AuditTrail(kept)).app.controllers
    with asked_by({"id": "a\x00b\ud800"}):
        controller.store.insert({"text": "a"})
    assert [each["user"] for each in entries(kept)] == ["a\\x00b\\ud800"]


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as refused:
        AuditTrail("audit.db", required="yes", guarded=1)  # type: ignore[arg-type]
    assert refused.value.mistakes == (
        "the store is not a datastore but 'audit.db'.",
        "required must be True or False, not 'yes'.",
        "guarded must be True or False, not 1.",
    )


KEPT = PythonListDataStore([], AuditEntry)


@pytest.mark.parametrize(
    ("store", "option", "mistake"),
    [
        (
            PythonListDataStore([], Note),
            "yes",
            "is neither an AuditTrail nor a datastore but 'yes'.",
        ),
        (
            PythonListDataStore([], Note),
            ReadOnly([], AuditEntry),
            "ReadOnly cannot write.",
        ),
        (KEPT, KEPT, "is the store of the resource itself: entries about entries."),
    ],
)
def test_what_is_no_option_is_refused_with_its_place(
    store: DataStore, option: Any, mistake: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:

        class Wrong(Controller):
            resource = {"resource_name": "wrong", "model": Note, "datastore": store}
            controller = {
                "list_verbs": ["POST"],
                "unique_verbs": [],
                "options": {"audit": option},
            }
            view = {"response_class": JsonResponse}

    assert refused.value.mistakes == (f"controller.options.audit: {mistake}",)


def test_a_class_and_its_resource_open_nothing_before_there_is_an_application(
    tmp_path: Path,
) -> None:
    path = tmp_path / "audit.csv"
    trail = AuditTrail(CSVDataStore, {"path": str(path)})
    assert not path.exists()
    api = client(PythonListDataStore([], Note), trail)
    assert path.exists()
    api.post("/notes", {"text": "a"})
    assert trail.store.count(Query()) == 1
