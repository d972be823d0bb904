"""What OpenAPI 3.0 can say: its schemas are older than JSON Schema 2020-12, and can say less.

A shape is first made one that 3.0 can describe (`exact_shape`): draft 4 of JSON Schema, on which
3.0 stands, calls 5.0 no integer, and has no word for the names of members. Then its schema is
written with the words of 3.0 (`schema_30`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from openrest.models import shapes as s
from openrest.models.walking import rebuilt

__all__ = ["exact_shape", "schema_30"]


def exact_shape(shape: s.Shape) -> s.Shape:
    """The shape as 3.0 can describe it, to check and to document by.

    Raises ValueError with a sentence for what it has no words for.
    """
    match shape:
        case s.Integer() | s.Timestamp() | s.Choice():
            return replace(shape, exact=True)
        case s.Tuple(items=items) if any(item != items[0] for item in items):
            raise ValueError(
                "OpenAPI 3.0 cannot describe an array whose items are of different kinds: use "
                "openapi='3.1', or an object"
            )
        case s.Map(key=key) if key is not None:
            raise ValueError(
                "OpenAPI 3.0 cannot describe the names of members, which `keys` does: use "
                "openapi='3.1', or leave `keys` out"
            )
        case _:
            return rebuilt(shape, exact_shape)


def schema_30(schema: Any) -> Any:
    """A schema of 2020-12 that `json_schema` wrote, in the words of OpenAPI 3.0.3."""
    if isinstance(schema, list):
        return [schema_30(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    if set(schema) - {"$ref"} and "$ref" in schema:
        # Beside a $ref nothing counts (OpenAPI 3.0.3, Reference Object).
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        return {**schema_30(rest), "allOf": [{"$ref": schema["$ref"]}]}
    if schema == {"type": "null"}:
        return {"enum": [None]}
    words: dict[str, Any] = {}
    for word, value in schema.items():
        words |= _words(word, value)
    if words.get("type") == "array":
        words.setdefault("items", {})  # required there, of an array that is always empty, too
    return words


def _words(word: str, value: Any) -> dict[str, Any]:
    match word:
        case "type" if isinstance(value, list):
            return {"type": value[0], "nullable": True}
        case "exclusiveMinimum":
            return {"minimum": value, "exclusiveMinimum": True}
        case "exclusiveMaximum":
            return {"maximum": value, "exclusiveMaximum": True}
        case "const":
            return {"enum": [value]}
        case "examples":
            return {"example": value[0]}
        case "prefixItems":
            return {"items": schema_30(value[0])}
        case "properties":
            return {word: {name: schema_30(member) for name, member in value.items()}}
        case "items" | "additionalProperties" | "not" | "allOf" | "anyOf" | "oneOf":
            return {word: schema_30(value)}
        case _:
            return {word: value}
