"""The document is valid, and so is every example in it: it is taken, or it is what is sent."""

import datetime as dt
import decimal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from marshmallow import Schema, ValidationError, validates_schema
from marshmallow import fields as ma
from marshmallow.validate import Range, Regexp
from openapi_spec_validator import validate

from examples.address import app as address
from openrest.yaml_text import to_yaml
from tests.contract.apis import KINDS, Kind, everything
from tests.contract.client import PROBLEM, Client
from tests.contract.kinds import serve
from tests.contract.prober import CONFLICTS, SUCCESSES, Prober


@pytest.fixture(params=KINDS)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    return Client(everything(request.param, tmp_path))


def operations(api: Client) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in api.document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def content(api: Client, id: str, status: str = "") -> dict[str, Any]:
    """The JSON of an answer of an operation, or of its body."""
    [operation] = [o for _, _, o in operations(api) if o["operationId"] == id]
    place = operation["responses"][status] if status else operation["requestBody"]
    return next(iter(place["content"].values()))


def schemas(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document; schemas are among them."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from schemas(inner)


def test_the_document_is_valid_openapi(api: Client) -> None:
    validate(api.document)
    assert api.document["openapi"].startswith("3.1")


def test_the_document_of_an_example_is_valid_openapi() -> None:
    validate(Client(address).document)


def test_every_example_of_an_answer_fits_its_schema(api: Client) -> None:
    for _, _, operation in operations(api):
        for status, response in operation["responses"].items():
            for content in api.resolved(response).get("content", {}).values():
                api.validate(content["example"], content["schema"])
                if int(status) >= 400:
                    assert content["example"]["status"] == int(status)


def test_every_example_of_a_body_fits_its_schema(api: Client) -> None:
    for _, _, operation in operations(api):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            api.validate(content["example"], content["schema"])


def test_every_example_and_default_of_a_parameter_fits_its_schema(api: Client) -> None:
    for _, _, operation in operations(api):
        for parameter in operation.get("parameters", []):
            schema = parameter["schema"]
            if "example" in parameter:
                api.validate(parameter["example"], schema)
            if "default" in schema:
                api.validate(schema["default"], schema)


def test_every_example_and_default_in_a_schema_fits_it(api: Client) -> None:
    for schema in schemas(api.document["components"]["schemas"]):
        if "type" in schema and isinstance(schema["type"], str | list):
            for example in [*schema.get("examples", []), *_default(schema)]:
                api.validate(example, schema)


def _default(schema: dict[str, Any]) -> list[Any]:
    return [schema["default"]] if "default" in schema else []


@pytest.mark.parametrize("id", SUCCESSES)
def test_every_example_of_a_body_is_taken(api: Client, id: str) -> None:
    [operation] = [o for _, _, o in operations(api) if o["operationId"] == id]
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        prober = Prober(api, id)
        assert prober.send(content["example"], content_type=media_type).status == prober.success


#: 406 names the address, and 409 the rule: there the example is one of many.
EXACT = (400, 404, 413, 415, 422, 500, 503)


@pytest.mark.parametrize("status", EXACT)
def test_the_example_of_a_problem_is_the_problem_that_is_sent(api: Client, status: int) -> None:
    for _, _, operation in operations(api):
        response = operation["responses"].get(str(status))
        if response is None:
            continue
        example = api.resolved(response)["content"][PROBLEM]["example"]
        prober = Prober(api, operation["operationId"])
        if status == 404:
            prober.missing = gone(api, prober, operation)
        answer = prober.ask(status).json
        assert {**answer, "instance": None} == {**example, "instance": None}


def gone(api: Client, prober: Prober, operation: dict[str, Any]) -> str:
    """The address of what the 404 of an operation has as its example, deleted if it is there."""
    keys = {"things": "1", "labels": "string", "devices": "5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b"}
    resource = operation["tags"][0]
    if resource not in keys:
        return "/schema/none"
    api.delete(f"/{resource}/{keys[resource]}")
    _, target, _, _ = SUCCESSES[operation["operationId"]]
    return target.format(thing="1", label="string", device=keys["devices"])


def test_the_example_of_a_conflict_is_one_that_is_sent(api: Client) -> None:
    for id in CONFLICTS:
        [operation] = [o for _, _, o in operations(api) if o["operationId"] == id]
        content = api.resolved(operation["responses"]["409"])["content"][PROBLEM]
        answer = Prober(api, id).ask(409).json
        assert answer["title"] == content["example"]["title"] == "Conflict"


def test_what_is_shown_of_a_list_is_what_an_api_with_that_object_shows(tmp_path: Path) -> None:
    api = Client(everything("list", tmp_path))
    [operation] = [o for _, _, o in operations(api) if o["operationId"] == "list_things"]
    shown = operation["responses"]["200"]["content"]["application/json"]["example"]
    api.post("/things", {"name": "a", "size": 1})
    sent = api.get("/things").json
    assert shown["meta"] == sent["meta"]
    assert shown["object_list"][0]["resource_uri"] == sent["object_list"][0]["resource_uri"]


def test_an_example_of_an_address_leads_to_the_example_of_its_key(api: Client) -> None:
    for _, _, operation in operations(api):
        created = operation["responses"].get("201")
        if created:
            example = created["content"]["application/json"]["example"]
            key = next(example[name] for name in ("id", "slug", "serial") if name in example)
            if "resource_uri" in example:
                assert example["resource_uri"] == f"/{operation['tags'][0]}/{key}"


def test_operation_ids_are_unique_and_links_lead_to_them(api: Client) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(api)]
    assert len(set(ids)) == len(ids)
    links = [
        link["operationId"]
        for _, _, operation in operations(api)
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert set(links) <= set(ids)
    assert len(links) == 12


def test_following_the_links_of_a_created_object_leads_to_it(api: Client) -> None:
    created = api.post("/devices", {"made": "2026-01-01"})
    links = api.document["paths"]["/devices"]["post"]["responses"]["201"]["links"]
    assert list(links) == ["get", "update", "patch", "delete"]
    for link in links.values():
        assert link["parameters"] == {"serial": "$response.body#/serial"}
    assert api.get(f"/devices/{created.json['serial']}").json == created.json


def test_no_example_refers_to_what_is_not_there(api: Client) -> None:
    """Linters and clients follow a reference in an example, too."""
    for _, _, operation in operations(api):
        for response in operation["responses"].values():
            for content in api.resolved(response).get("content", {}).values():
                assert not any("$ref" in value for value in schemas(content["example"]))


def test_it_says_that_nobody_is_asked_who_they_are(api: Client) -> None:
    assert api.document["security"] == []
    assert not any("security" in operation for _, _, operation in operations(api))


def test_no_status_is_left_to_a_default(api: Client) -> None:
    for _, _, operation in operations(api):
        assert all(status.isdigit() for status in operation["responses"])


def test_a_body_is_required_exactly_where_its_absence_is_refused(api: Client) -> None:
    for method, _, operation in operations(api):
        if "requestBody" in operation:
            assert operation["requestBody"]["required"] is True
            assert Prober(api, operation["operationId"]).send().status == 400
        else:
            assert method in ("GET", "DELETE")


@pytest.mark.parametrize("kind", KINDS)
def test_the_document_is_the_same_at_every_start(kind: Kind, tmp_path: Path) -> None:
    one, other = Client(everything(kind, tmp_path)), Client(everything(kind, tmp_path))
    assert one.raw("GET", "/openapi.json").data == other.raw("GET", "/openapi.json").data


class Bounded(Schema):
    """A plain schema, with rules that some example meets."""

    id = ma.Integer()
    price = ma.Decimal(validate=Range(min=decimal.Decimal(5)))
    day = ma.Date(validate=Range(max=dt.date(2020, 1, 1)))


class Choosy(Bounded):
    """... and that none meets which can be made up."""

    code = ma.String(required=True)
    word = ma.String(validate=lambda word: word == "abracadabra")

    @validates_schema
    def code_is_secret(self, data: dict[str, Any], **options: Any) -> None:
        if data["code"] != "open sesame":
            raise ValidationError("Wrong.", "code")


def test_an_example_meets_the_bounds_that_no_schema_can_say(tmp_path: Path) -> None:
    api = Client(serve({"goods": Bounded}, "list", tmp_path))
    shown = content(api, "create_goods")["example"]
    assert shown == {"price": "5", "day": "2020-01-01"}
    assert api.post("/goods", shown).status == 201


def test_where_the_rules_refuse_what_is_made_up_there_is_no_example(tmp_path: Path) -> None:
    api = Client(serve({"caves": Choosy}, "list", tmp_path))
    for place in (
        content(api, "create_caves"),
        content(api, "update_caves"),
        content(api, "patch_caves"),
        content(api, "create_caves", "201"),
        content(api, "get_caves", "200"),
    ):
        assert place.keys() == {"schema"}
    assert content(api, "list_caves", "200")["example"] == api.get("/caves").json
    made = api.post("/caves", {"code": "open sesame", "word": "abracadabra"})
    assert made.json == {"id": 1, "code": "open sesame", "word": "abracadabra"}


def test_the_yaml_is_the_json_whatever_characters_are_in_it(tmp_path: Path) -> None:
    class Breaks(Schema):
        id = ma.Integer()
        text = ma.String(metadata={"description": "a\x85b\u2028c\u2029d\ufeffe\tf\ng"})

    api = Client(serve({"breaks": Breaks}, "list", tmp_path))
    assert yaml.safe_load(to_yaml(api.document)) == api.document


def test_a_problem_that_repeats_what_was_sent_fits_its_schema(tmp_path: Path) -> None:
    class Codes(Schema):
        id = ma.Integer()
        code = ma.String(validate=Regexp("[a-z]+$", error="{input} is bad"))

    api = Client(serve({"codes": Codes}, "list", tmp_path))
    said = [mistake["detail"] for mistake in api.post("/codes", {"code": "A\0"}).errors]
    assert "A\ufffd is bad" in said
