"""A rich API in which much is hidden from most, and worlds of it that differ in what is hidden.

Two worlds are the same for somebody who may not see where they differ. What is hidden: the rows of
ada, and, of all rows, the fields that only a boss may read.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from marshmallow.validate import Length, OneOf, Range

from openrest import models
from openrest.authentication import AnyOf, ApiKeyAuthentication, hash_api_key
from openrest.authentication.bearer import BearerAuthentication
from openrest.authorization import Authenticated, Role
from openrest.config import ControllerOptions
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore, SQLiteDataStore, UniqueTogether
from openrest.datastore.around import StoreAround
from openrest.datastore.lifecycle import Lifecycle, Times
from openrest.idempotency import Idempotency
from openrest.interfaces import Change, Check, DataStore, Once, Record, User
from openrest.pagination import CursorPagination, Pagination
from openrest.query import Condition, Query
from openrest.views import (
    CsvResponse,
    JsonResponse,
    MessagePackResponse,
    NdjsonResponse,
    XmlResponse,
    YamlResponse,
)
from tests.authentication.issuing import NOW, SECRET, Clock, token
from tests.contract.client import Client

Made = TypeVar("Made")

THEN: Final = dt.datetime(2027, 1, 15, 8, tzinfo=dt.UTC)
SIGNS: Final = "no secret, since it is in a test"

#: The keys of bob's rows, and those of ada's.
TASKS: Final = {"bob": (2, 5, 6, 9, 11, 13), "ada": (1, 3, 4, 7, 8, 10, 12, 14)}
PROJECTS: Final = {"bob": (2, 4), "ada": (1, 3)}
#: What only a boss may read.
HIDDEN: Final = {"tasks": ("estimate", "remark", "rating"), "projects": ("budget",)}

_USERS: Final[dict[str, dict[str, Any]]] = {
    "boss": {"id": "boss", "owns": None, "roles": ["boss", "writer"]},
    "ada": {"id": "ada", "owns": "ada", "roles": ["writer"]},
    "bob": {"id": "bob", "owns": "bob", "roles": ["writer"]},
    # Sees what is bob's, and changes nothing.
    "ron": {"id": "ron", "owns": "bob", "roles": []},
}


def _user(claims: Mapping[str, Any]) -> User | None:
    return _USERS.get(claims["sub"])


SCHEME: Final = AnyOf(
    ApiKeyAuthentication({hash_api_key(f"key-of-{n}"): user for n, user in _USERS.items()}),
    BearerAuthentication(
        SECRET,
        algorithms=["HS256"],
        issuer="https://login.example",
        audience="notes",
        user=_user,
        clock=Clock(),
    ),
)


def key(name: str) -> dict[str, str]:
    return {"X-API-Key": f"key-of-{name}"}


def bearing(made: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {made}"}


#: Who may not even be known: nothing at all differs for them.
STRANGERS: Final[dict[str, dict[str, str]]] = {
    "none": {},
    "wrong key": key("eve"),
    "expired": bearing(token(sub="boss", exp=NOW - 3600)),
    "forged": bearing(token(key="x" * 64, sub="boss")),
    "unsigned": bearing("eyJhbGciOiJub25lIn0.eyJzdWIiOiJib3NzIn0.AA"),
    "nobody's": bearing(token(sub="eve")),
    "of another audience": bearing(token(sub="boss", aud="other")),
}
KNOWN: Final[dict[str, dict[str, str]]] = {
    "bob": key("bob"),
    "bob's token": bearing(token(sub="bob")),
    "ron": key("ron"),
}


def own(user: User) -> dict[str, Any]:
    """Each has their own, and a boss has all."""
    return {} if user["owns"] is None else {"owner": user["owns"]}


class Project(models.Model):
    id = models.PkField()
    name = models.StringField(required=True, validate=Length(1, 20))
    owner = models.StringField(dump_only=True)
    budget = models.IntegerField()


def points(record: Mapping[str, Any]) -> int:
    """Made of what only a boss sees: for all others it is made of nothing."""
    return 2 * (record.get("rating") or 0)


class Task(models.Model):
    id = models.PkField()
    title = models.StringField(required=True, validate=Length(1, 20))
    text = models.StringField(validate=Length(max=40))
    state = models.StringField(load_default="open", validate=OneOf(["open", "done", "kept"]))
    grade = models.IntegerField(load_default=1)
    # Neither read nor set but by a boss.
    estimate = models.IntegerField()
    remark = models.StringField(allow_none=True)
    # Read by a boss alone, and set by everybody.
    rating = models.IntegerField(validate=Range(0, 10))
    project = models.IntForeignField(foreign={"resource": "projects"}, allow_none=True)
    after = models.IntForeignField(
        foreign={"resource": "tasks", "on_delete": "set_null"}, allow_none=True
    )
    more = models.DictField()
    points = models.FunctionField(points)
    owner = models.StringField(dump_only=True)
    made = models.DateTimeField(dump_only=True)
    changed = models.DateTimeField(dump_only=True)
    gone = models.DateTimeField(dump_only=True, allow_none=True)


class Late(models.Model):
    count = models.IntegerField(required=True)


class Refilled(StoreAround):
    """A store whose records can be put in the place of others; it notes what it is asked."""

    def __init__(self, base: DataStore) -> None:
        super().__init__(base)
        self.asked: list[str] = []
        self._searched: list[Sequence[str]] = []

    def refill(self, base: DataStore) -> None:
        self.base = base
        for members in self._searched:
            base.prepare_search(members)
        base.prepare_once()
        self.asked.clear()

    def prepare_search(self, members: Sequence[str]) -> None:
        self._searched.append(members)
        super().prepare_search(members)

    def find(self, query: Query) -> Iterable[Record]:
        self.asked.append("find")
        return super().find(query)

    def stream(self, query: Query) -> Iterator[Record]:
        self.asked.append("stream")
        return super().stream(query)

    def count(self, query: Query) -> int:
        self.asked.append("count")
        return super().count(query)

    def count_up_to(self, query: Query, most: int) -> int:
        self.asked.append("count_up_to")
        return super().count_up_to(query, most)

    def get(self, key: Any) -> Record:
        self.asked.append("get")
        return super().get(key)

    def together(self, step: Callable[[], Made]) -> Made:
        self.asked.append("together")
        return super().together(step)

    def insert(self, record: Record, check: Check | None = None) -> Record:
        self.asked.append("insert")
        return super().insert(record, check)

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        self.asked.append("insert_many")
        return super().insert_many(records, check)

    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        self.asked.append("insert_once")
        return super().insert_once(once, records, check)

    def recall_once(self, once: Once) -> list[Record] | None:
        self.asked.append("recall_once")
        return super().recall_once(once)

    def update(self, key: Any, change: Change) -> Record:
        self.asked.append("update")
        return super().update(key, change)

    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        self.asked.append("update_many")
        return super().update_many(query, change, most)

    def delete(self, key: Any, check: Check | None = None) -> None:
        self.asked.append("delete")
        super().delete(key, check)

    def delete_many(self, query: Query, most: int, check: Check | None = None) -> int:
        self.asked.append("delete_many")
        return super().delete_many(query, most, check)


def unique_together(name: str) -> list[UniqueTogether]:
    return [UniqueTogether("owner", "title")] if name == "tasks" else []


class World:
    """The API over stores of its own, which `fill` fills anew."""

    def __init__(self, kind: str, folder: Path, pagination: str) -> None:
        self.kind, self.folder = kind, folder
        folder.mkdir(parents=True, exist_ok=True)
        self.projects = Refilled(self.emptied(folder, "projects", Project))
        self.tasks = Refilled(self.emptied(folder, "tasks", Task))
        self.app = api(self.projects, self.tasks, pagination)
        self.client = Client(self.app)
        self._filled = 0

    def emptied(self, folder: Path, name: str, model: type[models.Model]) -> DataStore:
        """A store for the records of a resource, with none in it."""
        unique = unique_together(name)
        if self.kind == "list":
            return PythonListDataStore([], model, unique)
        return SQLiteDataStore({"name": str(folder / "world.db"), "table": name}, model, unique)

    def fill(self, hidden: Hidden) -> World:
        """Have the rows that there are with what is hidden, and no request before."""
        self._filled += 1
        folder = self.folder / str(self._filled)
        folder.mkdir()
        for store, name, model, rows, none in (
            (self.projects, "projects", Project, hidden.all_projects(), {"name": "none"}),
            (self.tasks, "tasks", Task, hidden.all_tasks(), {"title": "none"}),
        ):
            base = self.emptied(folder, name, model)
            # All keys are given in every world, so that the next one is the same.
            for number, row in enumerate(rows, 1):
                base.insert(none if row is None else row)
                if row is None:
                    base.delete(number)
            store.refill(base)
        return self

    @property
    def asked(self) -> list[list[str]]:
        """What the stores have been asked since the last time."""
        asked = [list(store.asked) for store in (self.projects, self.tasks)]
        for store in (self.projects, self.tasks):
            store.asked.clear()
        return asked


def api(projects: DataStore, tasks: DataStore, pagination: str) -> WSGIDispatcher:
    pages = {
        "offset": Pagination(3, max_limit=50),
        "bounded": Pagination(3, max_limit=50, total="bounded", max_total=4),
        "cursor": CursorPagination(2, max_limit=50, secret=SIGNS, total="exact"),
    }[pagination]
    boss, writer = Role("boss"), Role("writer")
    options: ControllerOptions = {
        "authentication": SCHEME,
        "authorization": {"GET": Authenticated(), "*": writer},
        "scope": own,
        "any_of": True,
        "sorting": True,
        "partial": True,
        "bulk": True,
        "json_patch": True,
        "prefer": True,
        "dry_run": True,
        "idempotency": Idempotency(),
        "pagination": pages,
    }
    formats: Any = {
        "response_class": JsonResponse,
        "options": {
            "alternatives": [
                CsvResponse,
                NdjsonResponse,
                XmlResponse,
                YamlResponse,
                MessagePackResponse,
            ],
            "formatters": ["add_resource_uri"],
            "format_parameter": True,
        },
    }

    class Projects(Controller):
        resource = {"resource_name": "projects", "model": Project, "datastore": projects}
        controller = {
            "list_verbs": ["GET", "POST", "PATCH", "DELETE"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {
                **options,
                "filters": {"name": True, "budget": True, "owner": True},
                "search": ["name"],
                "children": ["tasks"],
                "readable": {"budget": boss},
                "writable": {"budget": boss},
            },
        }
        view = formats

    class Tasks(Controller):
        resource = {
            "resource_name": "tasks",
            "model": Task,
            "datastore": Lifecycle(
                tasks,
                Times(created_at="made", updated_at="changed", deleted_at="gone"),
                clock=lambda: THEN,
            ),
            "options": {"last_modified": "changed"},
        }
        controller = {
            "list_verbs": ["GET", "POST", "PATCH", "DELETE"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {
                **options,
                "filters": dict.fromkeys(
                    ("title", "state", "estimate", "remark", "rating", "owner", "project"), True
                ),
                "search": ["title", "text", "remark"],
                "embed": True,
                "children": {"next": "tasks.after"},
                "concurrency": "optional",
                "readable": dict.fromkeys(HIDDEN["tasks"], boss),
                "writable": {"estimate": boss, "remark": boss, "grade": boss},
            },
        }
        view = formats

        def may_change(self, call: Call, current: Record) -> bool:
            return current.get("state") != "kept"

        @operation("POST", "/{id}/done")
        def done(self, call: Call) -> Result:
            """Have it done."""
            return Result(self.store.update(call.key, lambda now: {**now, "state": "done"}))

        @operation("GET", "/open", returns="page")
        def still_open(self, call: Call) -> Result:
            """List what is not done."""
            return self.page(call, (Condition("state", "eq", "open"),))

        @operation("GET", "/number", returns=Late)
        def number(self, call: Call) -> Result:
            """Say how many there are."""
            return Result({"count": self.store.count(Query())})

    return WSGIDispatcher([Projects, Tasks], debug=True)


@cache
def _seen_tasks() -> dict[int, Record]:
    """What everybody sees of bob's rows who sees them: the same in all worlds."""
    common = {"owner": "bob", "made": THEN, "changed": THEN}
    seen: list[Record] = [
        {"title": "alpha", "text": "first of bob", "state": "open", "grade": 1, "project": 2},
        {"title": "beta", "state": "done", "grade": 2, "after": 2, "more": {"a": 1}},
        {"title": "gamma", "text": "secret", "state": "kept", "grade": 1, "project": 2},
        {"title": "delta", "state": "open", "grade": 3, "after": 2, "project": 4},
        # Refers to what is not bob's: somebody has moved it.
        {"title": "epsilon", "text": "plan", "state": "open", "grade": 1, "project": 3, "after": 7},
        {"title": "zeta", "state": "open", "grade": 1, "gone": THEN},
    ]
    return {
        number: {"project": None, "after": None, "more": {}, "gone": None, **row, **common}
        for number, row in zip(TASKS["bob"], seen, strict=True)
    }


@dataclass(frozen=True)
class Hidden:
    """What a world has that bob may not see: ada's rows, and the hidden fields of bob's."""

    #: ada's rows by their keys; those that are not there, are not there.
    tasks: Mapping[int, Record] = field(default_factory=dict)
    projects: Mapping[int, Record] = field(default_factory=dict)
    #: The hidden fields of bob's rows by their keys.
    fields: Mapping[int, Record] = field(default_factory=dict)
    budgets: Mapping[int, Record] = field(default_factory=dict)

    def all_tasks(self) -> Iterator[Record | None]:
        """The rows in the order of their keys, None where there is none."""
        for number in range(1, 15):
            if number in TASKS["bob"]:
                unseen = {"remark": None, **self.fields.get(number, {})}
                yield {**_seen_tasks()[number], **unseen}
            else:
                row = self.tasks.get(number)
                filled = {"owner": "ada", "made": THEN, "changed": THEN, "more": {}, "gone": None}
                missing = {"project": None, "after": None, "remark": None, "state": "open"}
                yield row if row is None else {**missing, "grade": 1, **row, **filled}

    def all_projects(self) -> Iterator[Record | None]:
        for number in range(1, 5):
            if number in PROJECTS["bob"]:
                yield {"name": f"of bob {number}", "owner": "bob", **self.budgets.get(number, {})}
            else:
                row = self.projects.get(number)
                yield row if row is None else {**row, "owner": "ada"}
