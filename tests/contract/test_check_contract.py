"""`check_contract` notices the lies of an API, one by one."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pytest

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.models import shapes as s
from openrest.models.text import text_reader
from openrest.plans import Reader
from openrest.query import Query
from openrest.testing.contract import ContractBroken, ContractReport, Finding, check_contract
from openrest.views import JsonResponse
from tests.needs import only_in_ci

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Item(models.Model):
    id = models.PkField()
    size = models.IntegerField(required=True)


class Items(Controller):
    resource = {
        "resource_name": "items",
        "resource": [],
        "model": Item,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "DELETE"]}
    view = {"response_class": JsonResponse}


def make() -> WSGIDispatcher:
    return WSGIDispatcher([Items], debug=True)


def findings(app: "WSGIApplication") -> list[tuple[str, str]]:
    with pytest.raises(ContractBroken) as caught:
        check_contract(app, examples=10, seed=1)
    return [(finding.check, finding.operation) for finding in caught.value.report.findings]


def lying(
    lie: Callable[[str, str, list[tuple[str, str]]], str],
) -> "WSGIApplication":
    """An application that changes the answers of a true one.

    `lie` gets the method and the status line with the headers, which it may change, and gives
    the status line to send.
    """
    app = make()

    def liar(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start_response(lie(environ["REQUEST_METHOD"], status, headers), headers)

        return app(environ, start)

    return liar


def test_an_api_that_tells_the_truth_passes() -> None:
    report = check_contract(make, examples=10, seed=1)
    assert report.findings == ()
    assert report.seed == 1
    assert report.requests > 100
    assert report.answers.keys() == {
        "GET /items",
        "POST /items",
        "GET /items/{id}",
        "DELETE /items/{id}",
        "GET /",
        "GET /schema",
        "GET /schema/{resource}",
    }
    assert set(report.answers["POST /items"]) == {201, 400, 415, 422}


def test_an_application_and_a_function_that_makes_one_are_taken() -> None:
    app = make()
    check_contract(app, examples=1, seed=1)
    assert app.controllers[0].store.count(Query()) > 0
    made = []

    def make_one() -> WSGIDispatcher:
        made.append(make())
        return made[-1]

    check_contract(make_one, examples=1, seed=1)
    assert len(made) == 1


@only_in_ci
def test_a_status_that_is_not_announced_is_found_where_schemathesis_does_not_look() -> None:
    def lie(method: str, status: str, headers: list[tuple[str, str]]) -> str:
        return "418 I'm a teapot" if status.startswith("415") else status

    assert ("undeclared_status", "POST /items") in findings(lying(lie))


def test_a_header_that_is_not_announced_is_found() -> None:
    def lie(method: str, status: str, headers: list[tuple[str, str]]) -> str:
        if method == "DELETE":
            headers.append(("X-Powered-By", "magic"))
        return status

    assert set(findings(lying(lie))) == {("undeclared_header", "DELETE /items/{id}")}


def test_a_promised_header_that_is_missing_is_found() -> None:
    def lie(method: str, status: str, headers: list[tuple[str, str]]) -> str:
        headers[:] = [header for header in headers if header[0] != "Location"]
        return status

    assert findings(lying(lie)) == [("response_headers_conformance", "POST /items")]


@only_in_ci
def test_an_operation_that_never_succeeds_is_found() -> None:
    def lie(method: str, status: str, headers: list[tuple[str, str]]) -> str:
        if method != "DELETE" or not status.startswith("204"):
            return status
        headers.append(("Content-Type", "application/problem+json"))
        return "404 Not Found"

    assert ("never_succeeds", "DELETE /items/{id}") in findings(lying(lie))


@only_in_ci
def test_an_answer_that_breaks_its_schema_is_found_in_production_too() -> None:
    class Lies(Items):
        resource = {**Items.resource}

        def get_list(self, call: Call) -> Result:
            result = super().get_list(call)
            result.body.meta["count"] = "many"
            return result

    app = WSGIDispatcher([Lies], debug=False)
    assert ("response_schema_conformance", "GET /items") in findings(app)


def test_a_contract_error_of_the_application_is_found_with_its_request() -> None:
    class Lies(Items):
        resource = {**Items.resource}

        @operation("GET", "/lie")
        def lie(self, call: Call) -> Result:
            """Answer what is not announced."""
            return Result({}, 201)

    with pytest.raises(ContractBroken) as caught:
        check_contract(WSGIDispatcher([Lies], debug=True), examples=1, seed=1)
    found = str(caught.value)
    assert "GET /items/lie: error" in found
    assert "ContractError: lie_items answered 201, which it does not declare." in found
    assert "curl -X GET http://localhost/items/lie" in found


def test_a_documented_bound_that_is_not_kept_is_found() -> None:
    app = WSGIDispatcher([Items], debug=False)
    plan = app.pipeline.plans["/items", "GET"]
    plan.query = {**plan.query, "offset": Reader("offset", text_reader(s.Integer()))}
    assert ("negative_data_rejection", "GET /items") in findings(app)


DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Secrets", "version": "1"},
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "Key"}}},
    "paths": {
        "/secret": {
            "get": {
                "security": [{"key": []}],
                "responses": {
                    "204": {"description": "Well"},
                    "401": {
                        "description": "No",
                        "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}},
                    },
                },
            }
        }
    },
}


def secret(*, is_open: bool) -> "WSGIApplication":
    """A plain WSGI application that wants a key, or only says so."""

    def app(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/openapi.json":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(DOCUMENT).encode()]
        if environ["REQUEST_METHOD"] != "GET":
            start_response("405 Method Not Allowed", [("Allow", "GET")])
        elif is_open or environ.get("HTTP_KEY") == "tiger":
            start_response("204 No Content", [])
        else:
            start_response("401 Unauthorized", [("WWW-Authenticate", "Key")])
        return [b""]

    return app


def test_credentials_are_given_as_in_the_settings_of_schemathesis() -> None:
    settings = {"headers": {"Key": "tiger"}}
    report = check_contract(secret(is_open=False), examples=5, seed=1, settings=settings)
    assert set(report.answers["GET /secret"]) == {204, 401}


def test_a_lock_that_does_not_lock_is_found() -> None:
    settings = {"headers": {"Key": "tiger"}}
    with pytest.raises(ContractBroken) as caught:
        check_contract(secret(is_open=True), examples=5, seed=1, settings=settings)
    assert "ignored_auth" in {finding.check for finding in caught.value.report.findings}


def test_a_report_tells_what_to_do_about_it() -> None:
    finding = Finding(
        check="undeclared_header",
        operation="DELETE /items/{id}",
        message="204 has the headers x-powered-by, which it does not declare.",
        request="curl -X DELETE http://localhost/items/1",
        answer="[204]\nNothing",
    )
    report = ContractReport(
        seed=7,
        findings=(finding,),
        answers={"GET /items": {200: 3}, "DELETE /items/{id}": {204: 2}},
    )
    assert str(report) == (
        "1 difference between the API and its document in 5 requests to 2 operations; seed=7 "
        "repeats them.\n"
        "\n"
        "DELETE /items/{id}: undeclared_header\n"
        "    204 has the headers x-powered-by, which it does not declare.\n"
        "    curl -X DELETE http://localhost/items/1\n"
        "    [204]\n"
        "    Nothing"
    )
    assert str(ContractReport(seed=7, findings=(finding, finding))).startswith("2 differences ")


def test_without_schemathesis_the_import_says_what_to_install() -> None:
    code = "import sys; sys.modules['schemathesis'] = None; import openrest.testing.contract"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: openrest.testing.contract fuzzes with schemathesis: "
        "pip install 'openrest[testing]'"
    )
