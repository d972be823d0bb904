"""Change hooks, and the times of records: what an author adds to what the handlers do."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from openrest import models
from openrest.contract import Header, Parameter
from openrest.controllers import Call, Controller, WSGIDispatcher, declare
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError, Conflict, ContractError, Problem
from openrest.interfaces import DataStore, Record
from openrest.models import shapes as s
from openrest.query import Condition, Query
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.apis import KINDS
from tests.contract.client import Client
from tests.needs import fuzzed_in_ci


class Post(models.Model):
    slug = models.StringPkField()
    text = models.StringField(required=True)
    author = models.StringField(dump_only=True, load_default="nobody")


WHO = Parameter(name="who", wire="X-Who", location="header", shape=s.String(max_length=20))


class Posts(Controller):
    """Writes down what it sees."""

    resource = {
        "resource_name": "posts",
        "resource": [{"slug": "old", "text": "Old"}],
        "model": Post,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        "options": {"upsert": True},
    }
    view = {"response_class": JsonResponse}

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[Any, ...]] = []

    @declare(parameters=[WHO])
    def before_create(self, call: Call, record: Record) -> Record:
        """Note who it was."""
        return {**record, "author": call.headers.get("who", "nobody")}

    def after_create(self, call: Call, record: Record) -> None:
        """Look whether it is there."""
        self.seen.append(("created", record["slug"], self.store.get(record["slug"])["text"]))

    @declare(errors={409: "A post does not get shorter."})
    def before_update(self, call: Call, current: Record, record: Record) -> Record:
        """Keep posts long, and in capitals."""
        if len(record["text"]) < len(current["text"]):
            raise Conflict("It was longer.")
        return {**record, "text": record["text"].upper()}

    def after_update(self, call: Call, previous: Record, record: Record) -> None:
        """Look whether it is there."""
        self.seen.append(("changed", previous["text"], self.store.get(call.key)["text"]))

    @declare(errors={409: "The old post stays."})
    def before_delete(self, call: Call, current: Record) -> None:
        """Keep the old one."""
        if current["slug"] == "old":
            raise Conflict("It stays.")

    def after_delete(self, call: Call, record: Record) -> None:
        """Look whether it is gone."""
        self.seen.append(("gone", record["text"], self.store.count(Query())))


@pytest.fixture
def posts() -> tuple[Client, list[tuple[Any, ...]]]:
    app = WSGIDispatcher([Posts], debug=True)
    [controller] = app.controllers
    assert isinstance(controller, Posts)
    return Client(app), controller.seen


def test_what_is_created_passes_its_hooks(posts: tuple[Client, list[Any]]) -> None:
    api, seen = posts
    made = api.send("POST", "/posts", {"slug": "a", "text": "A"}, headers={"X-Who": "Ada"})
    assert (made.status, made.json["author"]) == (201, "Ada")
    put = api.send("PUT", "/posts/b", {"text": "B"}, headers={"X-Who": "Bob"})
    assert (put.status, put.json["author"]) == (201, "Bob")
    assert seen == [("created", "a", "A"), ("created", "b", "B")]


def test_what_is_changed_passes_its_hooks(posts: tuple[Client, list[Any]]) -> None:
    api, seen = posts
    assert api.put("/posts/old", {"text": "Older"}).json["text"] == "OLDER"
    assert api.patch("/posts/old", {"text": "Oldest"}).json["text"] == "OLDEST"
    assert api.patch("/posts/old", {"text": "New"}).status == 409
    assert seen == [("changed", "Old", "OLDER"), ("changed", "OLDER", "OLDEST")]


def test_what_is_deleted_passes_its_hooks(posts: tuple[Client, list[Any]]) -> None:
    api, seen = posts
    api.post("/posts", {"slug": "a", "text": "A"})
    assert api.delete("/posts/old").status == 409
    assert api.delete("/posts/a").status == 204
    assert api.send("DELETE", "/posts/old", headers={"If-Match": '"x"'}).status == 412
    assert seen[1:] == [("gone", "A", 1)]


def test_what_hooks_declare_is_in_the_document(posts: tuple[Client, list[Any]]) -> None:
    api, _ = posts
    paths = api.document["paths"]
    for operation in (paths["/posts"]["post"], paths["/posts/{slug}"]["put"]):
        assert "X-Who" in [p["name"] for p in operation["parameters"]]
    for method, said in (("put", "does not get shorter"), ("delete", "The old post stays")):
        answer = paths["/posts/{slug}"][method]["responses"]["409"]
        assert said in api.resolved(answer)["description"]


class Failing(Posts):
    def after_create(self, call: Call, record: Record) -> None:
        """Fail."""
        raise OSError("no mail server")


def test_work_that_fails_afterwards_is_logged_and_undoes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    api = Client(WSGIDispatcher([Failing], debug=False))
    with caplog.at_level(logging.ERROR, "openrest"):
        assert api.post("/posts", {"slug": "a", "text": "A"}).status == 201
    assert "no mail server" in caplog.text
    assert api.get("/posts/a").status == 200
    with pytest.raises(ContractError, match="no mail server"):
        Client(WSGIDispatcher([Failing], debug=True)).post("/posts", {"slug": "a", "text": "A"})


class Forbidden(Problem):
    status, title = 403, "Forbidden"


class Undeclared(Posts):
    def before_create(self, call: Call, record: Record) -> Record:
        """Raise what nobody has announced."""
        raise Forbidden("No.")


class Answering(Posts):
    @declare(headers=[Header(name="X-Seen", shape=s.String())])
    def before_delete(self, call: Call, current: Record) -> None:
        """Believe that a hook answers."""


def test_a_hook_breaks_its_contract_like_a_handler() -> None:
    with pytest.raises(ContractError, match="does not declare 403"):
        Client(WSGIDispatcher([Undeclared], debug=True)).post("/posts", {"slug": "a", "text": "A"})
    with pytest.raises(ConfigurationError, match="a hook answers nothing"):
        WSGIDispatcher([Answering])


class Loan(models.Model):
    id = models.PkField()
    book = models.IntegerField(required=True)


class Loans(Controller):
    """A book that is out is not lent."""

    @declare(errors={409: "The book is out"})
    def before_create(self, call: Call, record: Record) -> Record:
        """Refuse it while it is out."""
        if self.store.count(Query((Condition("book", "eq", record["book"]),))):
            raise Conflict("The book is out.")
        return record


def lending(store: DataStore) -> WSGIDispatcher:
    class Lending(Loans):
        resource = {"resource_name": "loans", "model": Loan, "datastore": store}
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Lending], debug=True)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_comes_between_what_before_create_reads_and_what_is_stored(
    kind: str, tmp_path: Path
) -> None:
    place = {"name": tmp_path / "loans.db", "table": "loans"}
    store = PythonListDataStore([], Loan) if kind == "list" else SQLiteDataStore(place, Loan)
    api = Client(lending(store))
    for book in range(5):
        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(api.post, "/loans", {"book": book}) for _ in range(8)]
        assert sorted(one.result().status for one in asked) == [201] + [409] * 7


@pytest.mark.parametrize(
    ("wrong", "right"), [("before_crate", "before_create"), ("after_updated", "after_update")]
)
def test_a_misspelt_hook_is_refused(wrong: str, right: str) -> None:
    made = type("Misspelt", (Posts,), {wrong: lambda self, call, record: record})
    said = f"{wrong}: is no hook, and nothing calls it. Did you mean '{right}'?"
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        WSGIDispatcher([made])


def test_a_method_of_ones_own_may_begin_like_a_hook() -> None:
    made = type("Own", (Posts,), {"before_lunch": lambda self: None})
    WSGIDispatcher([made])


@pytest.mark.parametrize("hook", ["before_create", "before_update"])
def test_a_hook_that_forgets_to_return_the_record_is_named(hook: str) -> None:
    class Forgetful(Posts):
        pass

    setattr(Forgetful, hook, lambda self, call, *records: None)
    api = Client(WSGIDispatcher([Forgetful], debug=True))
    with pytest.raises(ContractError, match=f"{hook} must return the record, not None"):
        if hook == "before_create":
            api.post("/posts", {"slug": "a", "text": "A"})
        else:
            api.put("/posts/old", {"text": "Older"})


@fuzzed_in_ci
def test_schemathesis_finds_no_difference() -> None:
    check_contract(WSGIDispatcher([Posts], debug=True), examples=20, seed=1)


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    made = models.DateTimeField(dump_only=True)
    changed = models.DateTimeField(dump_only=True)
    gone = models.DateTimeField(dump_only=True, allow_none=True)


@pytest.fixture(params=KINDS)
def dated(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., WSGIDispatcher]:
    def make() -> WSGIDispatcher:
        store = (
            PythonListDataStore([], Note)
            if request.param == "list"
            else SQLiteDataStore({"name": tmp_path / "notes.db", "table": "notes"}, Note)
        )

        class Notes(Controller):
            resource = {
                "resource_name": "notes",
                "model": Note,
                "datastore": store,
                "options": {
                    "created_at": "made", "updated_at": "changed", "deleted_at": "gone",
                },
            }  # fmt: skip
            controller = {
                "list_verbs": ["GET", "POST"],
                "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
                "options": {"sorting": True, "filters": {"made": ["gte"], "text": True}},
            }
            view = {"response_class": JsonResponse}

        return WSGIDispatcher([Notes], debug=True)

    return make


def test_objects_have_their_times_and_last_modified_has_the_last(
    dated: Callable[..., WSGIDispatcher],
) -> None:
    api = Client(dated())
    before = dt.datetime.now(dt.UTC)
    made = api.post("/notes", {"text": "a"}).json
    assert dt.datetime.fromisoformat(made["made"]) >= before
    changed = api.patch("/notes/1", {"text": "b"})
    assert changed.json["made"] == made["made"]
    assert changed.json["changed"] > made["changed"]
    assert "Last-Modified" in changed.headers
    assert api.post("/notes", {"text": "a", "made": made["made"]}).status == 422
    assert api.patch("/notes/1", {"changed": made["made"]}).status == 422


def test_what_is_deleted_softly_is_gone_for_clients(dated: Callable[..., WSGIDispatcher]) -> None:
    api = Client(dated())
    for text in "ab":
        api.post("/notes", {"text": text})
    assert api.delete("/notes/1").status == 204
    assert api.delete("/notes/1").status == 404
    assert api.get("/notes/1").status == 404
    assert api.patch("/notes/1", {"text": "c"}).status == 404
    listed = api.get("/notes?sort=-text").json
    assert ([note["id"] for note in listed["object_list"]], listed["meta"]["total_count"]) == (
        [2],
        1,
    )
    assert "`gone`" not in str(api.document)
    assert "'gone'" not in str(api.document)


DELETED: list[str] = []


class Gone(Post):
    gone = models.DateTimeField(dump_only=True, allow_none=True)


class Kept(Posts):
    resource = {
        **Posts.resource,
        "model": Gone,
        "options": {"deleted_at": "gone"},
    }

    def before_create(self, call: Call, record: Record) -> Record:
        """Count."""
        DELETED.append(record["slug"])
        return record


def test_a_key_stays_taken_by_what_is_deleted_softly_also_for_a_put_that_would_create() -> None:
    api = Client(WSGIDispatcher([Kept], debug=True))
    assert api.put("/posts/a", {"text": "A"}).status == 201
    assert api.delete("/posts/a").status == 204
    DELETED.clear()
    refused = api.put("/posts/a", {"text": "A"})
    assert (refused.status, refused.errors[0]["pointer"]) == (409, "#/slug")
    assert len(DELETED) <= 3


@fuzzed_in_ci
def test_schemathesis_finds_no_difference_with_times(dated: Callable[..., WSGIDispatcher]) -> None:
    check_contract(dated(), examples=20, seed=1)


class Times(models.Model):
    id = models.PkField()
    day = models.DateField(dump_only=True)
    sent = models.DateTimeField()
    always = models.DateTimeField(
        dump_only=True, load_default=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"created_at": "daz", "updated_at": "day"}, [
            "resource.options.created_at: the model has no field 'daz'. Did you mean 'day'?",
            "resource.options.updated_at: the values of 'day' are no times with an offset.",
        ]),
        ({"created_at": "sent", "deleted_at": "always"}, [
            "resource.options.created_at: clients can send 'sent': give it dump_only=True.",
            "resource.options.deleted_at: 'always' has a value in every record, and here it says "
            "which are deleted.",
        ]),
        ({"created_at": "always", "updated_at": "always"}, [
            "resource.options: one field cannot have two of the times.",
        ]),
    ],
)  # fmt: skip
def test_times_that_cannot_be_noted_are_refused(data: Any, said: list[str]) -> None:
    with pytest.raises(ConfigurationError) as refused:

        class Dated(Controller):
            resource = {
                "resource_name": "dated", "resource": [], "model": Times,
                "datastore": PythonListDataStore, "options": data,
            }  # fmt: skip
            controller = {"list_verbs": ["GET"], "unique_verbs": []}
            view = {"response_class": JsonResponse}

    assert list(refused.value.mistakes) == said
