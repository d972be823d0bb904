"""What the document says in words: the author's own, or facts that are read from the API."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema
from marshmallow import fields as ma

from openrest import models
from openrest.config import ControllerConfig
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.pagination import Pagination
from openrest.views import JsonResponse
from tests.contract.client import Client

Json = dict[str, Any]
VIEW: Any = {"response_class": JsonResponse}
ALL: ControllerConfig = {
    "list_verbs": ["GET", "POST"],
    "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
}


class Tea(models.Model):
    """A sort of tea.

    Not a cup of it.
    """

    name = models.StringField(required=True)
    origin = models.StringField(allow_none=True)
    sold = models.IntegerField(dump_only=True, load_default=0)
    note = models.StringField()
    id = models.PkField()


class Cup(models.Model):
    label = models.StringPkField()
    size = models.IntegerField(required=True)


class Spoon(Schema):
    id = ma.Integer()
    material = ma.String(required=True)


class Cake(models.Model):
    layers = models.IntegerField(required=True)
    sweet = ma.Function(lambda cake: True)


class Bread(models.Model):
    flour = models.StringField()


class Food(models.OneOf):
    fields = [models.PkField(name="id")]
    discriminator = "kind"
    variants = {"cake": Cake, "bread": Bread}


class Box(models.Model):
    fields = [models.PkField(name="id"), *(models.StringField(name=f"s{i}") for i in range(9))]


def resource(name: str, model: Any) -> Any:
    return {
        "resource_name": name,
        "resource": [],
        "model": model,
        "datastore": PythonListDataStore,
    }


class Teas(Controller):
    resource = resource("teas", Tea)
    controller = {**ALL, "options": {"pagination": Pagination(10, max_limit=50)}}
    view = VIEW

    @operation("POST", "/{id}/sale")
    def sell_one(self, call: Call) -> Result:
        return Result(self.store.get(call.key))

    @operation("GET", "/best", returns="page")
    def best(self, call: Call) -> Result:
        """List the best.

        Whoever may have chosen them.
        """
        return self.page(call)

    @operation("GET", "/sum", returns=Spoon, summary="Count")
    def sum(self, call: Call) -> Result:
        """The number of all."""
        return Result({"material": "tin"})


class Cups(Controller):
    """Cups of all sizes."""

    resource = resource("cups", Cup)
    controller = {**ALL, "options": {"pagination": None}}
    view = VIEW

    def get(self, call: Call) -> Result:
        return super().get(call)

    def delete(self, call: Call) -> Result:
        """Break a cup.

        It cannot be mended.
        """
        return super().delete(call)


class MoreCups(Cups):
    resource = resource("more-cups", Cup)


class Spoons(Controller):
    resource = resource("spoons", Spoon)
    controller = {"list_verbs": ["POST"], "unique_verbs": ["GET"]}
    view = VIEW


class Foods(Controller):
    resource = resource("foods", Food)
    controller = ALL
    view = VIEW


class Boxes(Controller):
    resource = resource("boxes", Box)
    controller = {
        "list_verbs": ["GET"],
        "unique_verbs": [],
        "options": {"pagination": Pagination(1)},
    }
    view = VIEW


@pytest.fixture(scope="module")
def document() -> Json:
    controllers = [Teas, Cups, MoreCups, Spoons, Foods, Boxes]
    return Client(WSGIDispatcher(controllers, debug=True)).document


def test_a_tag_says_what_the_controller_the_model_or_the_members_say(document: Json) -> None:
    assert document["tags"] == [
        {"name": "teas", "description": "A sort of tea.\n\nNot a cup of it."},
        {"name": "cups", "description": "Cups of all sizes."},
        {"name": "more-cups", "description": "Cups of all sizes."},
        {"name": "spoons", "description": "Objects with `id` and `material`."},
        {
            "name": "foods",
            "description": "Objects with `kind`, `id`, `layers`, `sweet` and `flour`.",
        },
        {
            "name": "boxes",
            "description": "Objects with `id`, `s0`, `s1`, `s2`, `s3` and 5 more members.",
        },
        {"name": "about", "description": "What this API says of itself."},
    ]


def test_the_api_says_what_holds_everywhere_unless_its_author_says_something() -> None:
    everywhere = (
        "What this document does not allow is refused, with a problem (RFC 9457) that names every "
        "mistake. Every GET can be asked as HEAD, and every address answers OPTIONS."
    )

    def description(controllers: list[type[Controller]], own: str = "") -> str:
        app = WSGIDispatcher(controllers, description=own)
        said: str = app.document["info"]["description"]
        return said

    assert description([]) == everywhere
    assert description([Cups]) == f"Serves `cups`. {everywhere}"
    assert description([Teas, Cups, Boxes]) == f"Serves `teas`, `cups` and `boxes`. {everywhere}"
    assert description([Teas], "Tea.") == "Tea."


CONDITIONS = (
    "With the `ETag` of the object as `If-Match` nothing is done once somebody else has changed it "
    "(RFC 9110, section 13.1.1)."
)
FILTERS = "Parameters that are named like members keep only the objects with exactly these values."


@pytest.mark.parametrize(
    ("id", "summary", "description"),
    [
        (
            "list_teas",
            "List teas",
            "The objects are in the order of `id`.\n\n"
            "A page has up to 10 objects, or as many as `limit` says, at most 50; `meta` and the "
            f"header `Link` lead to the other pages. {FILTERS}",
        ),
        (
            "create_teas",
            "Create one in teas",
            "Only the server sets `sold` and `id`. `Location` leads to the new object.",
        ),
        ("get_teas", "Get one from teas", "The object with this `id`, just as the list shows it."),
        (
            "update_teas",
            "Replace one in teas",
            "The body is the whole object: what it leaves out is reset to its default, to null or "
            f"to nothing. Kept as is: `sold` and `id`.\n\n{CONDITIONS}",
        ),
        (
            "patch_teas",
            "Change some members of one in teas",
            "Members that a merge patch leaves out stay as they are, and null removes one that may "
            f"be absent (RFC 7396).\n\n{CONDITIONS}",
        ),
        (
            "delete_teas",
            "Delete one from teas",
            f"The object is gone at once; then its address answers 404.\n\n{CONDITIONS}",
        ),
        ("list_cups", "List cups", f"All objects at once, in the order of `label`.\n\n{FILTERS}"),
        (
            "create_cups",
            "Create one in cups",
            "The client chooses `label` for good. `Location` leads to the new object.",
        ),
        (
            "update_cups",
            "Replace one in cups",
            f"The body is the whole object. Kept as is: `label`.\n\n{CONDITIONS}",
        ),
        (
            "patch_cups",
            "Change some members of one in cups",
            f"Members that a merge patch leaves out stay as they are (RFC 7396).\n\n{CONDITIONS}",
        ),
        (
            "create_foods",
            "Create one in foods",
            "Only the server sets `id` and `sweet`. `Location` leads to the new object.",
        ),
        (
            "update_foods",
            "Replace one in foods",
            "The body is the whole object: what it leaves out is reset to its default, to null or "
            f"to nothing. Kept as is: `id`.\n\n{CONDITIONS}",
        ),
        ("get_spoons", "Get one from spoons", "The object with this `id`."),
        (
            "list_boxes",
            "List boxes",
            "The objects are in the order of `id`.\n\n"
            "A page has up to 1 object; `meta` and the header `Link` lead to the other pages. "
            f"{FILTERS}",
        ),
    ],
)
def test_an_operation_that_is_built_in_says_what_its_handler_does(
    document: Json, id: str, summary: str, description: str
) -> None:
    assert words(document, id) == (summary, description)


@pytest.mark.parametrize(
    ("id", "summary", "description"),
    [
        ("sell_one_teas", "Sell one", "Takes no body and answers one object of `teas`."),
        (
            "best_teas",
            "List the best",
            "Whoever may have chosen them.\n\n"
            "A page has up to 10 objects, or as many as `limit` says, at most 50; `meta` and the "
            "header `Link` lead to the other pages.",
        ),
        ("sum_teas", "Count", "The number of all."),
        ("get_cups", "Get one from cups", "Answers one object of `cups`."),
        ("delete_cups", "Break a cup", f"It cannot be mended.\n\n{CONDITIONS}"),
    ],
)
def test_a_handler_of_the_user_says_what_its_docstring_and_its_declaration_say(
    document: Json, id: str, summary: str, description: str
) -> None:
    assert words(document, id) == (summary, description)


def words(document: Json, id: str) -> tuple[str, str]:
    [entry] = [
        entry
        for methods in document["paths"].values()
        for entry in methods.values()
        if entry["operationId"] == id
    ]
    return entry["summary"], entry["description"]


def test_every_operation_and_every_tag_says_something(document: Json) -> None:
    said = [entry for methods in document["paths"].values() for entry in methods.values()]
    for entry in [*said, *document["tags"]]:
        assert entry["description"].strip() == entry["description"] != ""
