"""One API over each store: the same document, and to any requests the same answers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from marshmallow.validate import Length, OneOf, Range

from openrest import models
from openrest.config import ControllerOptions
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import (
    CSVDataStore,
    DataStore,
    OverlayDataStore,
    PythonListDataStore,
    RestDataStore,
    SQLDataStore,
    SQLiteDataStore,
)
from openrest.pagination import CursorPagination, Pagination
from openrest.views import JsonResponse
from tests.contract.client import JSON, JSON_PATCH, MERGE_PATCH, Client
from tests.datastore.rest.upstreams import everything, farm, openrest_api
from tests.datastore.sql.servers import SERVERS, server
from tests.needs import CI, fuzzing

REQUESTS = 500 if CI else 60


class Thing(models.Model):
    id = models.PkField()
    name = models.StringField(required=True, validate=Length(max=20))
    size = models.IntegerField(allow_none=True, validate=Range(0, 9))
    ratio = models.FloatField()
    active = models.BooleanField(load_default=True)
    price = models.DecimalField(places=2, digits=6, allow_none=True)
    seen = models.DateTimeField()
    born = models.DateField(allow_none=True)
    color = models.StringField(validate=OneOf(["red", "green"]))
    tags = models.ListField(models.StringField(validate=Length(max=5)))


@contextmanager
def over_list(folder: Path) -> Iterator[DataStore]:
    yield PythonListDataStore([], Thing)


@contextmanager
def over_sqlite(folder: Path) -> Iterator[DataStore]:
    yield SQLiteDataStore({"name": folder / "things.db", "table": "things"}, Thing)


@contextmanager
def over_csv(folder: Path) -> Iterator[DataStore]:
    yield CSVDataStore({"path": folder / "things.csv"}, Thing)


@contextmanager
def over_another_server(folder: Path) -> Iterator[DataStore]:
    with farm() as servers:
        upstream = openrest_api(Thing, PythonListDataStore([], Thing))
        resource = {"url": f"{servers.add(upstream)}/things", "upstream": everything(Thing)}
        yield RestDataStore(resource, Thing)


@contextmanager
def over_another(folder: Path) -> Iterator[DataStore]:
    yield OverlayDataStore(PythonListDataStore([], Thing))


def over_sql(kind: str) -> Callable[[Path], Any]:
    @contextmanager
    def made(folder: Path) -> Iterator[DataStore]:
        with server(kind, folder) as database:
            yield SQLDataStore({"url": database.url, "table": database.table()}, Thing)

    return made


STORES: dict[str, Callable[[Path], Any]] = {
    "sqlite": over_sqlite,
    "csv": over_csv,
    "overlay": over_another,
    "rest": over_another_server,
    **{f"sql-{kind}": over_sql(kind) for kind in ("sqlite", *SERVERS)},
}


def serve(store: DataStore, style: str, *, like: DataStore | None = None) -> Client:
    """The API over a store, with no more verbs than over one that is `like` it."""
    many = (like or store).changes_many
    pages = Pagination(4) if style == "offset" else CursorPagination(4, secret="s" * 32)
    options: ControllerOptions = {
        "pagination": pages,
        "filters": dict.fromkeys(("name", "size", "price", "seen", "born", "color"), True),
        "any_of": True,
        "sorting": True,
        "partial": True,
        "search": ["name"],
        "json_patch": True,
        "bulk": True,
        "concurrency": "optional",
    }

    class Things(Controller):
        resource = {"resource_name": "things", "model": Thing, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST", "PATCH", "DELETE"] if many else ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": options,
        }
        view = {"response_class": JsonResponse}

    return Client(WSGIDispatcher([Things], debug=True))


class Drawn:
    """Requests, the same ones for the same seed and the same answers."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.links: list[str] = []
        self.tags: list[str] = []

    def thing(self) -> dict[str, Any]:
        pick = self.chance.choice
        values: dict[str, list[Any]] = {
            "size": [None, 0, 5, 9],
            "ratio": [-1.5, 0.1, 3, 1e300],
            "active": [True, False],
            "price": [None, "0.10", "9.90", "10.00", "-3.00"],
            "seen": ["2026-03-01T09:30:00Z", "1999-12-31T23:59:59.999999+02:00"],
            "born": [None, "2000-02-29", "1970-01-01"],
            "color": ["red", "green"],
            "tags": [[], ["a"], ["b", "é"]],
        }
        chosen = {name: pick(each) for name, each in values.items() if self.chance.random() < 0.6}
        return {"name": pick(["", "a", "A", "ab", "é", "😀", "z'\"%_\\", " "]), **chosen}

    def query(self) -> str:
        pick, pairs = self.chance.choice, []
        tests = {
            "name": "a", "name__ne": "ab", "name__icontains": "a", "name__startswith": "z",
            "name__endswith": "\\", "name__in": "a,é", "size__gte": "5", "size__isnull": "true",
            "size__nin": "0,9", "price__lt": "9.90", "price__gte": "-3.00", "born__lte":
            "2000-02-29", "seen__gt": "2000-01-01T00:00:00Z", "color": "red",
            "any_of": '[{"size":5},{"name__contains":"é"}]',
        }  # fmt: skip
        for name in self.chance.sample(sorted(tests), self.chance.randrange(3)):
            pairs.append((name, tests[name]))
        if self.chance.random() < 0.6:
            names = self.chance.sample(["name", "size", "price", "seen", "born", "ratio"], 2)
            pairs.append(("sort", ",".join(pick(["", "-"]) + name for name in names)))
        if self.chance.random() < 0.3:
            pairs.append(("fields", "name,size"))
        if self.chance.random() < 0.2:
            pairs.append(("q", pick(["a", "AB", "z", "é", "b a", "😀"])))
        return urlencode(pairs)

    def request(self) -> tuple[str, str, Any, str, dict[str, str]]:
        pick, key = self.chance.choice, self.chance.randrange(1, 25)
        one = f"/things/{key}"
        body: Any = self.thing()
        kind = pick(
            "list list list link get post post many put patch operations delete all".split()
        )
        match kind:
            case "link" if self.links:
                return "GET", pick(self.links), None, JSON, {}
            case "get":
                return "GET", one, None, JSON, {}
            case "post":
                return "POST", "/things", body, JSON, {}
            case "many":
                return "POST", "/things", [self.thing() for _ in range(3)], JSON, {}
            case "put":
                return "PUT", one, body, JSON, self.condition()
            case "patch":
                return "PATCH", one, body, MERGE_PATCH, self.condition()
            case "operations":
                test = {"op": "test", "path": "/active", "value": True}
                return "PATCH", one, [test, {"op": "remove", "path": "/ratio"}], JSON_PATCH, {}
            case "delete":
                return "DELETE", one, None, JSON, self.condition()
            case "all" if self.chance.random() < 0.3:
                return "DELETE", "/things?size__gte=9&color=red", None, JSON, {}
            case "all":
                return "PATCH", "/things?name__in=a,ab", {"size": 5}, MERGE_PATCH, {}
            case _:
                return "GET", f"/things?{self.query()}", None, JSON, {}

    def condition(self) -> dict[str, str]:
        if not self.tags or self.chance.random() < 0.6:
            return {}
        return {"If-Match": self.chance.choice(self.tags)}

    def learn(self, answer: Any) -> None:
        self.tags = [*self.tags[-9:], answer.headers.get("ETag", '"none"')]
        if answer.status == 200 and b'"meta"' in answer.data:
            meta = answer.json["meta"]
            self.links = [meta[name] for name in ("next", "previous", "last") if meta.get(name)]


def played(client: Client, seed: int) -> list[Any]:
    drawn, answers = Drawn(seed), []
    for _ in range(REQUESTS):
        method, target, body, kind, headers = drawn.request()
        answer = client.send(method, target, body, content_type=kind, headers=headers)
        drawn.learn(answer)
        shown = {name: answer.headers.get(name) for name in ("ETag", "Location", "Link")}
        answers.append((method, target, body, answer.status, shown, answer.data))
    return answers


@fuzzing
@pytest.mark.parametrize("style", ["offset", "cursor"] if CI else ["cursor"])
@pytest.mark.parametrize("name", STORES)
def test_any_requests_are_answered_as_over_a_list(name: str, style: str, tmp_path: Path) -> None:
    with over_list(tmp_path) as plain, STORES[name](tmp_path) as store:
        expected = played(serve(plain, style, like=store), seed=2)
        for wanted, given in zip(expected, played(serve(store, style), seed=2), strict=True):
            assert given == wanted
    statuses = {status for *_, status, _, _ in expected}
    assert statuses >= {200, 201, 204, 404, 409, 412}


#: What only a store answers that has its data from another server.
UPSTREAM = ("502", "504", "409")


def without(document: dict[str, Any], *statuses: str) -> dict[str, Any]:
    bare: dict[str, Any] = json.loads(json.dumps(document))
    del bare["components"]["responses"]  # what operations have in common, those among it
    for methods in bare["paths"].values():
        for operation in methods.values():
            for status in statuses:
                operation["responses"].pop(status, None)
    return bare


@pytest.mark.parametrize("name", STORES)
def test_the_document_is_the_same_but_that_a_list_is_never_away(name: str, tmp_path: Path) -> None:
    with over_list(tmp_path) as plain, over_sqlite(tmp_path) as sqlite:
        documents = [serve(one, "offset").document for one in (plain, sqlite)]
    assert without(documents[0], "503") == without(documents[1], "503")
    other = tmp_path / "other"
    other.mkdir()
    with STORES[name](other) as store:
        document = serve(store, "offset").document
        if not store.asks_upstream:
            assert json.dumps(document) == json.dumps(documents[1])
            return
        with over_sqlite(other) as alike:
            expected = serve(alike, "offset", like=store).document
        assert without(document, *UPSTREAM) == without(expected, *UPSTREAM)
        assert {"502", "504"} <= document["paths"]["/things"]["get"]["responses"].keys()
