"""Lock 2: the document is made from the table, and from nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from openrest import models
from openrest.contract import Header, Parameter, ResponseSpec
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.info import Info
from openrest.models import shapes as s
from openrest.openapi import build_document
from openrest.operations import Operation
from openrest.views import JsonResponse
from tests.contract.client import Client


class Item(models.Model):
    id = models.PkField()
    name = models.StringField()


class Items(Controller):
    resource = {
        "resource_name": "items",
        "resource": [{}],
        "model": Item,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "DELETE"]}
    view = {"response_class": JsonResponse}

    @operation("POST", "/{id}/touch")
    def touch(self, call: Call) -> Result:
        """Touch it."""
        return Result(self.store.get(call.key))


#: The words for which there is no row.
INFO = Info(title="Items", version="1.0", description="Things.")
TAGS = {"items": "Objects with `id` and `name`.", "about": "What this API says of itself."}


@pytest.fixture
def app() -> WSGIDispatcher:
    return WSGIDispatcher([Items], title="Items", version="1.0", description="Things.", debug=True)


def build(rows: list[Operation]) -> dict[str, Any]:
    return build_document(rows, info=INFO, tags=TAGS)


Said = dict[str, tuple[Any, ...]]


def said_by_the_table(rows: tuple[Operation, ...]) -> Said:
    """What each documented row promises, in a form that a document can be compared with."""
    return {
        f"{row.method} {row.path}": (
            row.id,
            row.summary,
            row.description,
            sorted((p.location, p.wire, p.required) for p in row.parameters if p.documented),
            sorted(row.body.all_media_types) if row.body else [],
            sorted(spec.status for spec in row.responses),
            sorted((spec.status, header.name) for spec in row.responses for header in spec.headers),
        )
        for row in rows
        if row.documented
    }


def said_by_the_document(client: Client) -> Said:
    said: Said = {}
    for path, methods in client.document["paths"].items():
        for method, entry in methods.items():
            responses = {int(s): client.resolved(r) for s, r in entry["responses"].items()}
            said[f"{method.upper()} {path}"] = (
                entry["operationId"],
                entry["summary"],
                entry["description"],
                sorted((p["in"], p["name"], p["required"]) for p in entry.get("parameters", [])),
                sorted(entry.get("requestBody", {}).get("content", {})),
                sorted(responses),
                sorted((s, name) for s, r in responses.items() for name in r.get("headers", {})),
            )
    return said


def test_the_document_says_what_the_table_says(app: WSGIDispatcher) -> None:
    assert said_by_the_document(Client(app)) == said_by_the_table(app.operations)


def test_the_served_document_is_the_one_that_the_rows_make(app: WSGIDispatcher) -> None:
    served = Client(app).document
    assert {**build(list(app.operations)), "servers": [{"url": "/"}]} == served


def test_a_row_less_is_an_operation_less(app: WSGIDispatcher) -> None:
    rows = [row for row in app.operations if row.id != "delete_items"]
    assert build(rows)["paths"]["/items/{id}"].keys() == {"get"}


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda row: replace(row, summary="New"), lambda e: e["summary"] == "New"),
        (lambda row: replace(row, description="New"), lambda e: e["description"] == "New"),
        (lambda row: replace(row, id="new"), lambda e: e["operationId"] == "new"),
        (lambda row: replace(row, tag="new"), lambda e: e["tags"] == ["new"]),
        (
            lambda row: replace(
                row, parameters=(*row.parameters, Parameter(name="new", shape=s.Boolean()))
            ),
            lambda e: e["parameters"][-1]["name"] == "new",
        ),
        (
            lambda row: replace(
                row, responses=(*row.responses, ResponseSpec(status=418, description="Tea"))
            ),
            lambda e: e["responses"]["418"]["description"] == "Tea",
        ),
        (
            lambda row: replace(
                row,
                responses=tuple(
                    replace(spec, headers=(Header(name="X-New", shape=s.String()),))
                    for spec in row.responses
                ),
            ),
            lambda e: e["responses"]["200"]["headers"]["X-New"]["required"] is True,
        ),
    ],
    ids=["summary", "description", "id", "tag", "parameter", "status", "header"],
)
def test_a_change_of_a_row_is_a_change_of_the_document(
    app: WSGIDispatcher,
    change: Callable[[Operation], Operation],
    found: Callable[[dict[str, Any]], bool],
) -> None:
    rows = [change(row) if row.id == "get_items" else row for row in app.operations]
    assert found(build(rows)["paths"]["/items/{id}"]["get"])


def test_every_row_but_those_of_the_pages_is_in_the_document(app: WSGIDispatcher) -> None:
    hidden = {row.path for row in app.operations if not row.documented}
    assert hidden == {
        "/openapi.json",
        "/openapi.yaml",
        "/docs",
        "/docs/start.js",
        "/docs/swagger-ui.css",
        "/docs/swagger-ui-bundle.js",
        "/docs/favicon-32x32.png",
    }


def test_nothing_that_hangs_on_a_handler_gets_into_the_document() -> None:
    def documented(handler: Any) -> Any:
        # As decorators of other packages do it.
        handler._apidoc = {"response": {"responses": {"418": {"description": "Tea"}}}}
        handler.spec = {"parameters": [{"name": "tea", "in": "query"}]}
        return handler

    class Plain(Items):
        resource = {**Items.resource}

        def get(self, call: Call) -> Result:
            return super().get(call)

    class Decorated(Items):
        resource = {**Items.resource}

        @documented
        def get(self, call: Call) -> Result:
            return super().get(call)

    plain = WSGIDispatcher([Plain], debug=True).document
    assert WSGIDispatcher([Decorated], debug=True).document == plain


def test_a_document_that_says_more_than_the_table_is_noticed(app: WSGIDispatcher) -> None:
    client = Client(app)
    client.document["paths"]["/items"]["get"]["responses"]["418"] = {"description": "Tea"}
    assert said_by_the_document(client) != said_by_the_table(app.operations)


def test_a_document_that_says_less_than_the_table_is_noticed(app: WSGIDispatcher) -> None:
    client = Client(app)
    del client.document["paths"]["/items"]["get"]["responses"]["422"]
    assert said_by_the_document(client) != said_by_the_table(app.operations)
