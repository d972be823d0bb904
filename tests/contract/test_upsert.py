"""PUT to a key that nobody has: created where the author says so, and only then."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

from openrest import models
from openrest.config import ControllerOptions
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore, SQLiteDataStore, UniqueTogether
from openrest.errors import ConfigurationError
from openrest.interfaces import Check, DataStore, Record
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Client
from tests.needs import fuzzed_in_ci


def no_shouting(slug: str) -> None:
    if slug.isupper():
        raise ValidationError("Do not shout.")


class Page(models.Model):
    slug = models.StringPkField(validate=no_shouting)
    title = models.StringField(required=True)
    visits = models.IntegerField(dump_only=True, load_default=0)


def make(kind: Kind, folder: Path) -> DataStore:
    rules = [UniqueTogether("title")]
    if kind == "list":
        return PythonListDataStore([], Page, rules)
    return SQLiteDataStore({"name": folder / "pages.db", "table": "pages"}, Page, rules)


def serve(store: DataStore, options: ControllerOptions | None = None) -> WSGIDispatcher:
    class Pages(Controller):
        resource = {"resource_name": "pages", "model": Page, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "DELETE"],
            "options": {"upsert": True, **(options or {})},
        }
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Pages], debug=True)


@pytest.fixture(params=KINDS)
def pages(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Client]:
    return lambda options=None: Client(serve(make(request.param, tmp_path), options))


def test_a_put_creates_what_is_not_there_and_replaces_what_is(
    pages: Callable[..., Client],
) -> None:
    api = pages()
    made = api.put("/pages/a", {"title": "A"})
    assert (made.status, made.headers["Location"]) == (201, "/pages/a")
    assert made.json == {"slug": "a", "title": "A", "visits": 0}
    replaced = api.put("/pages/a", {"title": "B"})
    assert (replaced.status, replaced.json) == (200, {"slug": "a", "title": "B", "visits": 0})
    assert api.get("/pages/a").json["title"] == "B"


def test_without_the_option_a_put_creates_nothing(pages: Callable[..., Client]) -> None:
    api = pages({"upsert": False})
    assert api.put("/pages/a", {"title": "A"}).status == 404
    assert "201" not in api.document["paths"]["/pages/{slug}"]["put"]["responses"]


def test_conditions_say_which_of_the_two_is_meant(pages: Callable[..., Client]) -> None:
    api = pages({"concurrency": "required"})

    def put(slug: str, **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return api.send("PUT", f"/pages/{slug}", {"title": slug}, headers=named).status

    assert put("a") == 428
    assert put("a", If_Match="*") == 412
    assert put("a", If_None_Match="*") == 201
    assert put("a", If_None_Match="*") == 412
    assert put("a") == 428
    assert put("a", If_Match="*") == 200


def test_a_key_that_a_rule_refuses_is_409_and_one_that_cannot_be_404(
    pages: Callable[..., Client],
) -> None:
    api = pages()
    refused = api.put("/pages/LOUD", {"title": "A"})
    assert (refused.status, refused.errors) == (
        409,
        [{"pointer": "#/slug", "detail": "Do not shout."}],
    )
    assert api.put("/pages/%20", {"title": "A"}).status == 404
    assert api.get("/pages").json["object_list"] == []


def test_what_clashes_with_another_record_is_409(pages: Callable[..., Client]) -> None:
    api = pages()
    api.put("/pages/a", {"title": "A"})
    refused = api.put("/pages/b", {"title": "A"})
    assert (refused.status, refused.errors[0]["pointer"]) == (409, "#/title")


class Contested(PythonListDataStore):
    """Somebody else creates the page between the look and the insert, and deletes it again."""

    def insert(self, record: Record, check: Check | None = None) -> Record:
        if self.rivals:
            self.rivals -= 1
            super().insert({**record, "title": f"of rival {self.rivals}"})
        return super().insert(record)

    rivals = 1


def test_a_page_that_another_has_created_meanwhile_is_replaced() -> None:
    store = Contested([], Page)
    api = Client(serve(store))
    assert api.put("/pages/a", {"title": "mine"}).status == 200
    assert api.get("/pages/a").json["title"] == "mine"
    store.delete("a")
    store.rivals = 1
    answer = api.send("PUT", "/pages/a", {"title": "x"}, headers={"If-None-Match": "*"})
    assert answer.status == 412
    assert api.get("/pages/a").json["title"] == "of rival 0"


class Vanishing(PythonListDataStore):
    """The page is there when it is inserted, and gone when it is looked at."""

    def update(self, key: Any, change: Any) -> Any:
        if key in self._tables.records:
            self.delete(key)
        return super().update(key, change)

    def insert(self, record: Record, check: Check | None = None) -> Record:
        super().insert(record)
        return super().insert(record)


def test_a_put_does_not_try_for_ever() -> None:
    assert Client(serve(Vanishing([], Page))).put("/pages/a", {"title": "A"}).status == 409


def test_an_upsert_without_a_put_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="has no PUT that could create"):

        class Pages(Controller):
            resource = {
                "resource_name": "pages", "resource": [], "model": Page,
                "datastore": PythonListDataStore,
            }  # fmt: skip
            controller = {"list_verbs": [], "unique_verbs": ["GET"], "options": {"upsert": True}}
            view = {"response_class": JsonResponse}


@fuzzed_in_ci
def test_schemathesis_finds_no_difference(tmp_path: Path) -> None:
    check_contract(serve(make("sqlite", tmp_path)), examples=20, seed=1)
