"""In each version of OpenAPI the document is valid, and what it shows is what the server takes."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from marshmallow import fields as ma
from marshmallow import validate as v
from openapi_schema_validator import OAS30ReadValidator, OAS30WriteValidator
from openapi_spec_validator import validate

import openrest.models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError
from openrest.models import DictField, IntegerField, Model, PkField, StringField, TupleField
from openrest.openapi import VERSIONS as PATCHES
from openrest.openapi import Version
from openrest.views import JsonResponse
from tests.contract import kinds
from tests.contract.apis import KINDS, Kind, everything
from tests.contract.client import MERGE_PATCH, Client
from tests.contract.kinds import VERSIONS
from tests.needs import SLOW_VERSIONS

Json = dict[str, Any]

EXAMPLES = Path(__file__).parents[2] / "examples"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


@pytest.fixture(scope="module", params=[(v, k) for v in VERSIONS for k in KINDS], ids=str)
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Client:
    openapi, kind = request.param
    return Client(kinds.kinds(kind, tmp_path_factory.mktemp("kinds"), openapi))


def every(value: Any) -> Iterator[Json]:
    """Every object of the document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from every(inner)


def operations(api: Client) -> Iterator[tuple[str, str, Json]]:
    for path, methods in api.document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def schemas(api: Client) -> Iterator[Json]:
    """Every schema that stands where a document has one, and all that are in it."""
    places = [*api.document["components"]["schemas"].values()]
    places += [found["schema"] for found in every(api.document["paths"]) if "schema" in found]
    for place in places:
        yield from _within(place)


def _within(schema: Any) -> Iterator[Json]:
    if not isinstance(schema, dict):
        return
    yield schema
    for word in ("items", "additionalProperties", "not", "propertyNames"):
        yield from _within(schema.get(word))
    for word in ("allOf", "anyOf", "oneOf", "prefixItems"):
        for inner in schema.get(word, []):
            yield from _within(inner)
    for member in schema.get("properties", {}).values():
        yield from _within(member)


def mistakes(api: Client, value: Any, schema: Json, *, sent: bool = False) -> list[str]:
    """What is wrong with a value, as a validator of the schemas of the version sees it."""
    if not api.document["openapi"].startswith("3.0"):
        whole = {**schema, "components": api.document["components"]}
        judge = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return [str(error) for error in judge.iter_errors(value)]
    kind = OAS30WriteValidator if sent else OAS30ReadValidator
    whole = {**schema, "components": api.document["components"]}
    return [error.message for error in kind(whole).iter_errors(value)]


def test_the_document_names_its_version_and_is_valid(api: Client) -> None:
    validate(api.document)
    assert api.document["openapi"] in PATCHES.values()


@pytest.mark.parametrize("openapi", SLOW_VERSIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_document_of_everything_is_valid(kind: Kind, openapi: Version, tmp_path: Path) -> None:
    controllers = everything(kind, tmp_path).controllers
    validate(WSGIDispatcher(map(type, controllers), openapi=openapi).document)


@pytest.mark.parametrize("openapi", SLOW_VERSIONS)
def test_the_document_of_each_example_is_valid(
    openapi: Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for file in sorted(EXAMPLES.glob("*.py")):
        served = getattr(importlib.import_module(f"examples.{file.stem}"), "app", None)
        if isinstance(served, WSGIDispatcher):
            classes = [type(controller) for controller in served.controllers]
            validate(WSGIDispatcher(classes, openapi=openapi).document)


def test_each_schema_is_one_of_its_dialect(api: Client) -> None:
    for schema in schemas(api):
        if api.document["openapi"].startswith("3.0"):
            OAS30WriteValidator.check_schema(schema)
        else:
            jsonschema_rs.meta.validate({"$schema": DIALECT, **schema})


def test_no_schema_of_3_0_has_a_word_that_3_0_lacks(api: Client) -> None:
    if not api.document["openapi"].startswith("3.0"):
        return
    known = {
        "$ref", "type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "minLength", "maxLength", "pattern", "format", "items", "minItems", "maxItems",
        "properties", "required", "additionalProperties", "minProperties", "maxProperties",
        "allOf", "anyOf", "oneOf", "not", "nullable", "discriminator", "description",
        "default", "readOnly", "writeOnly", "deprecated", "example",
    }  # fmt: skip
    for schema in schemas(api):
        assert schema.keys() <= known, schema
        assert not isinstance(schema.get("type"), list)


def test_every_example_and_default_in_a_schema_fits_it(api: Client) -> None:
    shown = 0
    for schema in schemas(api):
        values = [schema[word] for word in ("example", "default") if word in schema]
        for value in [*values, *schema.get("examples", [])]:
            assert mistakes(api, value, {**schema, "readOnly": False, "writeOnly": False}) == []
            shown += 1
    assert shown > 10


def test_every_example_of_a_parameter_fits_it(api: Client) -> None:
    for _, _, operation in operations(api):
        for parameter in operation.get("parameters", []):
            for value in [parameter.get("example"), parameter["schema"].get("default")]:
                if value is not None:
                    assert mistakes(api, value, parameter["schema"]) == []


def test_every_example_of_an_answer_fits_its_schema(api: Client) -> None:
    for _, _, operation in operations(api):
        for response in operation["responses"].values():
            for content in api.resolved(response).get("content", {}).values():
                assert mistakes(api, content["example"], content["schema"]) == []


def test_every_example_of_a_body_fits_its_schema_and_is_taken(api: Client) -> None:
    for method, path, operation in operations(api):
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            shown = content["example"]
            assert mistakes(api, shown, content["schema"], sent=True) == []
            target = path if method == "POST" else created(api, path)
            answer = api.raw(method, target, json.dumps(shown).encode(), media_type)
            # The key of a text that is there already is a conflict.
            assert answer.status in (200, 201) or (path, answer.status) == ("/pets", 409)
            response = operation["responses"][str(answer.status)]
            [said] = api.resolved(response)["content"].values()
            assert mistakes(api, answer.json, said["schema"]) == []


def created(api: Client, path: str) -> str:
    """The address of an object made of the example, or of the one that is there."""
    collection = f"/{path.split('/')[1]}"
    shown = example_of(api, collection)
    answer = api.raw("POST", collection, json.dumps(shown).encode())
    return answer.headers.get("Location") or f"{collection}/{shown['tag']}"


def example_of(api: Client, collection: str) -> Any:
    body = api.document["paths"][collection]["post"]["requestBody"]
    return body["content"]["application/json"]["example"]


def test_what_is_created_from_an_example_reads_the_same_and_survives_its_own_replacement(
    api: Client,
) -> None:
    for path in list(api.document["paths"]):
        if path.count("/") == 2 and "post" in api.document["paths"].get(
            path.rpartition("/")[0], {}
        ):
            where = created(api, path)
            before = api.raw("GET", where).json
            patched = api.raw("PATCH", where, b"{}", MERGE_PATCH)
            assert (patched.status, patched.json) == (200, before)
            assert api.raw("GET", where).json == before


def test_every_class_of_field_and_validator_is_in_the_api_of_every_kind() -> None:
    source = Path(kinds.__file__).read_text()
    abstract = {"Field", "Number", "Mapping", "ShapedField"}
    # They refer to other resources: tests/contract/test_relations.py.
    abstract |= {"IntForeignField", "StringForeignField", "UUIDForeignField"}
    aliases = {"Bool", "Int", "Str"}
    for name in {*ma.__all__} - abstract - aliases:
        assert f"ma.{name}" in source, name
    for name in (name for name in openrest.models.__all__ if name.endswith("Field")):
        assert name in abstract or f"models.{name}" in source, name
    own = [n for n, o in vars(v).items() if isinstance(o, type) and issubclass(o, v.Validator)]
    for name in {*own} - {"Validator"}:
        assert f"v.{name}" in source, name


def refused(field: Any) -> str:
    model = Model.from_dict({"id": PkField(), "member": field}, name="Thing")

    class Things(Controller):
        resource = {
            "resource_name": "things",
            "resource": [],
            "model": model,
            "datastore": PythonListDataStore,
        }
        controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse}

    with pytest.raises(ConfigurationError) as refusal:
        WSGIDispatcher([Things], openapi="3.0")
    return str(refusal.value)


def test_a_tuple_of_different_kinds_is_refused_in_3_0() -> None:
    assert refused(TupleField([StringField(), IntegerField()])) == (
        "WSGIDispatcher: list_things: OpenAPI 3.0 cannot describe an array whose items are of "
        "different kinds: use openapi='3.1', or an object."
    )


def test_names_of_members_are_refused_in_3_0() -> None:
    assert refused(DictField(keys=IntegerField())) == (
        "WSGIDispatcher: list_things: OpenAPI 3.0 cannot describe the names of members, which "
        "`keys` does: use openapi='3.1', or leave `keys` out."
    )
