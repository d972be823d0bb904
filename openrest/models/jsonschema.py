"""Shape -> JSON Schema 2020-12, the dialect of OpenAPI 3.1."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.formats import DATE, DATE_TIME, NO_NUL, UUID

__all__ = ["json_schema", "object_schema"]

#: An end anchor, which an odd number of backslashes would make a dollar sign.
_ANCHORED = re.compile(r"(?:.*[^\\])?(?:\\\\)*\$\)?", re.DOTALL).fullmatch

Reference = Callable[[s.Object], dict[str, Any]]


def json_schema(shape: s.Shape, reference: Reference | None = None) -> dict[str, Any]:
    """The schema that accepts exactly what the shape's loader accepts.

    `reference` gives what stands for an object with a component name, such as
    ``{"$ref": "#/components/schemas/Address"}``; without it objects are written out.
    """
    match shape:
        case s.Boolean():
            return {"type": "boolean"}
        case s.Integer():
            return {"type": "integer", "minimum": shape.minimum, "maximum": shape.maximum}
        case s.Timestamp():
            return {
                "type": "integer",
                "minimum": shape.minimum,
                "maximum": shape.maximum,
                "description": "Seconds since 1970-01-01T00:00:00Z",
            }
        case s.Number():
            low = "exclusiveMinimum" if shape.exclusive_minimum else "minimum"
            high = "exclusiveMaximum" if shape.exclusive_maximum else "maximum"
            return {"type": "number", low: shape.minimum, high: shape.maximum}
        case s.Decimal():
            return {"type": "string", "pattern": shape.pattern}
        case s.String():
            return _string(shape)
        case s.DateTime():
            return {"type": "string", "format": "date-time", "pattern": DATE_TIME.source}
        case s.Date():
            return {"type": "string", "format": "date", "pattern": DATE.source}
        case s.Uuid():
            return {"type": "string", "format": "uuid", "pattern": UUID.source}
        case s.Choice():
            return _choice(shape)
        case s.Except():
            # Beside a $ref or a type of its own, "not" narrows what stands there already.
            return {**json_schema(shape.shape, reference), "not": {"enum": list(shape.values)}}
        case s.List():
            return _list(shape, reference)
        case s.Nullable():
            return _nullable(json_schema(shape.shape, reference))
        case s.Ruled():
            return json_schema(shape.shape, reference)
        case s.AnyValue():
            return {"not": {"type": "null"}}
        case s.Object():
            if shape.component is not None and reference is not None:
                return reference(shape)
            return object_schema(shape, reference)
        case _:
            raise TypeError(f"{shape!r} is not a shape that has a schema")


def _string(shape: s.String) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if shape.min_length:
        schema["minLength"] = shape.min_length
    if shape.max_length is not None:
        schema["maxLength"] = shape.max_length
    if shape.format is not None:
        schema["format"] = shape.format
    patterns = [pattern.source for pattern in shape.patterns]
    if not patterns or any(_admits_nul(pattern) for pattern in shape.patterns):
        patterns.append(NO_NUL.source)
    if len(patterns) == 1:
        schema["pattern"] = patterns[0]
    else:
        schema["allOf"] = [{"pattern": pattern} for pattern in patterns]
    return schema


def _admits_nul(pattern: Any) -> bool:
    """Whether a text with NUL might match: unless the pattern is closed and names no such class."""
    source: str = pattern.source
    closed = source.startswith("^") and _ANCHORED(source) is not None
    return not closed or "[^" in source or "\\u0000" in source or "|" in source


def _choice(shape: s.Choice) -> dict[str, Any]:
    wires = [wire for wire, _ in shape.pairs]
    kinds = {_kind(wire) for wire in wires}
    return {"type": kinds.pop(), "enum": wires} if len(kinds) == 1 else {"enum": wires}


def _kind(wire: Any) -> str:
    if isinstance(wire, bool):
        return "boolean"
    if isinstance(wire, int):
        return "integer"
    return "number" if isinstance(wire, float) else "string"


def _list(shape: s.List, reference: Reference | None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "array", "items": json_schema(shape.item, reference)}
    if shape.min_items:
        schema["minItems"] = shape.min_items
    if shape.max_items is not None:
        schema["maxItems"] = shape.max_items
    return schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if not isinstance(kind, str) or "allOf" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    schema = {**schema, "type": [kind, "null"]}
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema


def object_schema(shape: s.Object, reference: Reference | None = None) -> dict[str, Any]:
    """The schema of an object itself, written out although it has a name."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {m.wire: _member(m, reference) for m in shape.members},
    }
    required = [member.wire for member in shape.members if member.required]
    if required:
        schema["required"] = required
    if not shape.ignore_unknown:
        schema["additionalProperties"] = False
    if shape.description:
        schema["description"] = shape.description
    return schema


def _member(member: s.Member, reference: Reference | None) -> dict[str, Any]:
    schema = json_schema(member.shape, reference)
    if member.description:
        schema["description"] = member.description
    if member.default is not s.MISSING and not callable(member.default):
        schema["default"] = dumper(member.shape)(member.default)
    if member.read_only:
        schema["readOnly"] = True
    if member.write_only:
        schema["writeOnly"] = True
    if member.example is not s.MISSING:
        schema["examples"] = [member.example]
    return schema
