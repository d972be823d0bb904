"""What a document says of a value, by validators that know nothing of openrest.

Schemas of OpenAPI 3.1 and 3.2 are JSON Schema 2020-12. Those of 3.0 are a dialect of draft 4
(OpenAPI 3.0.3, Schema Object), which is translated here, after the text of the specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jsonschema_rs

from openrest.models.jsonschema import Named, named_shapes, written_out
from openrest.models.openapi30 import schema_30

__all__ = ["Judge", "components", "draft_4", "judge_30", "judge_31"]

#: JSON value -> whether the schema takes it
Judge = Callable[[Any], bool]


def components(shapes: Iterable[Named], *, openapi: str) -> dict[str, Any]:
    """Everything that has a name in the shapes, as a document shows it: one schema a name."""
    found: dict[str, Any] = {}
    for shape in shapes:
        for name, named in named_shapes(shape).items():
            for one in named:
                schema = written_out(one, "#/components/schemas/{}".format)
                known = found.setdefault(name, schema)
                assert schema == known, f"two schemas have the name {name!r}"
    if openapi == "3.0":
        return {name: schema_30(schema) for name, schema in found.items()}
    return found


def judge_31(name: str, schemas: Mapping[str, Any]) -> Judge:
    """The judge of one component of a document of OpenAPI 3.1."""
    return _judge(jsonschema_rs.Draft202012Validator, _reference(name, schemas))


def judge_30(name: str, schemas: Mapping[str, Any]) -> Judge:
    """The judge of one component of a document of OpenAPI 3.0."""
    translated = {label: draft_4(schema) for label, schema in schemas.items()}
    return _judge(jsonschema_rs.Draft4Validator, _reference(name, translated))


def _judge(validator: Any, schema: dict[str, Any]) -> Judge:
    is_valid: Judge = validator(schema, validate_formats=True).is_valid
    return is_valid


def _reference(name: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "allOf": [{"$ref": f"#/components/schemas/{name}"}],
        "components": {"schemas": dict(schemas)},
    }


#: The words of a Schema Object whose values are schemas, or lists of them.
_SCHEMA = ("items", "not", "additionalProperties")
_SCHEMAS = ("allOf", "anyOf", "oneOf")

#: Those that are "taken directly from the JSON Schema definition".
_TAKEN = frozenset(
    {
        "multipleOf", "maximum", "minimum", "maxLength", "minLength", "pattern", "maxItems",
        "minItems", "uniqueItems", "maxProperties", "minProperties", "required", "enum", "format",
    }
)  # fmt: skip

#: Those that say nothing of what is valid.
_SAID = frozenset(
    {
        "title", "description", "default", "nullable", "discriminator", "readOnly", "writeOnly",
        "xml", "externalDocs", "example", "deprecated",
    }
)  # fmt: skip


def draft_4(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A Schema Object of OpenAPI 3.0.3 in the words of draft 4 of JSON Schema.

    AssertionError for what is no Schema Object.
    """
    if "$ref" in schema:
        # Reference Object: "any properties added SHALL be ignored".
        return {"$ref": schema["$ref"]}
    words: dict[str, Any] = {}
    for word, value in schema.items():
        if word == "type":
            assert isinstance(value, str), f"type: {value!r} is not one type"
            assert value != "array" or "items" in schema, "an array has items"
            # "A true value adds "null" to the allowed type specified by the type keyword."
            words[word] = [value, "null"] if schema.get("nullable") else value
        elif word in ("exclusiveMinimum", "exclusiveMaximum"):
            assert isinstance(value, bool), f"{word}: {value!r} is no boolean"
            words[word] = value
        elif word == "properties":
            words[word] = {name: draft_4(member) for name, member in value.items()}
        elif word in _SCHEMA:
            words[word] = value if isinstance(value, bool) else draft_4(value)
        elif word in _SCHEMAS:
            words[word] = [draft_4(part) for part in value]
        elif word in _TAKEN:
            words[word] = value
        else:
            assert word in _SAID, f"{word} is no word of OpenAPI 3.0"
            assert word != "nullable" or "type" in schema, "nullable has an effect beside a type"
    return words
