"""Lock 1: the router is made from the table, and from nothing else."""

from dataclasses import replace
from typing import Any

import pytest
from werkzeug.routing import Rule

from openrest import models
from openrest.bodies import Limits
from openrest.controllers import Call, Controller, Result, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.operations import Operation
from openrest.pipeline import Pipeline
from openrest.views import JsonResponse
from tests.contract.client import Client


class Item(models.Model):
    id = models.PkField()


class Items(Controller):
    resource = {
        "resource_name": "items",
        "resource": [{}],
        "model": Item,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "DELETE"]}
    view = {"response_class": JsonResponse}

    def update(self, call: Call) -> Result:
        """Never asked: PUT is not among the verbs."""
        raise AssertionError


@pytest.fixture
def app() -> WSGIDispatcher:
    return WSGIDispatcher([Items], debug=True)


def serve(app: WSGIDispatcher, rows: list[Operation]) -> Client:
    """The application as if its table had these rows."""
    app.pipeline = Pipeline(rows, Limits(), debug=True)
    return Client(app)


def routed(app: WSGIDispatcher) -> set[tuple[str, str]]:
    """What the router finds, by asking it: each path with each of its methods."""
    return {
        (path, method)
        for path in [*app.pipeline.router.table, "/secret", "/items/{id}/secret"]
        if app.pipeline.router.match(path) is not None
        for method in app.pipeline.router.table.get(path, {"undeclared": None})
    }


def in_table(app: WSGIDispatcher) -> set[tuple[str, str]]:
    return {(row.path, row.method) for row in app.operations}


def test_what_is_routed_is_what_is_in_the_table(app: WSGIDispatcher) -> None:
    assert routed(app) == in_table(app)


def test_a_method_that_is_not_among_the_verbs_is_not_served(app: WSGIDispatcher) -> None:
    answer = Client(app).raw("PUT", "/items/1", b"{}")
    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE, GET, HEAD, OPTIONS")


def test_a_row_less_is_an_operation_less(app: WSGIDispatcher) -> None:
    client = serve(app, [row for row in app.operations if row.id != "delete_items"])
    answer = client.raw("DELETE", "/items/1")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")
    client = serve(app, [row for row in app.operations if row.path != "/items/{id}"])
    assert client.raw("GET", "/items/1").status == 404


def test_a_row_more_is_an_operation_more(app: WSGIDispatcher) -> None:
    [row] = [row for row in app.operations if row.id == "get_items"]
    client = serve(app, [*app.operations, replace(row, id="other", path="/others/{id}")])
    assert client.raw("GET", "/others/1").json == {"id": 1}


def test_a_row_that_moves_takes_its_address_along(app: WSGIDispatcher) -> None:
    rows = [
        replace(row, path="/moved") if row.id == "list_items" else row for row in app.operations
    ]
    client = serve(app, rows)
    assert client.raw("GET", "/moved").json["object_list"] == [{"id": 1}]
    assert client.raw("GET", "/items").status == 405


def test_a_route_behind_the_back_of_the_table_is_noticed(app: WSGIDispatcher) -> None:
    adapter: Any = getattr(app.pipeline.router._match, "__self__", None)
    adapter.map.add(Rule("/secret", endpoint="/secret"))
    app.pipeline.router._names["/secret"] = []
    assert routed(app) - in_table(app) == {("/secret", "undeclared")}


def test_a_row_without_a_route_is_noticed(app: WSGIDispatcher) -> None:
    del app.pipeline.router.table["/items/{id}"]["DELETE"]
    assert in_table(app) - routed(app) == {("/items/{id}", "DELETE")}
