"""Shape -> JSON Schema 2020-12, the dialect of OpenAPI 3.1 and 3.2."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.formats import (
    DATE,
    DATE_TIME,
    INTEGER_TEXT,
    NAIVE_DATE_TIME,
    NO_NUL,
    TIME,
    UUID,
)
from openrest.models.patterns import Pattern
from openrest.models.walking import bare, each

__all__ = [
    "Named",
    "json_schema",
    "named_shapes",
    "schema_definitions",
    "standalone_schema",
    "written_out",
]

#: An end anchor, which an odd number of backslashes would make a dollar sign.
_ANCHORED = re.compile(r"(?:.*[^\\])?(?:\\\\)*\$\)?", re.DOTALL).fullmatch

#: The shapes that can have a name in the document.
Named = s.Object | s.OneOf | s.Choice

Reference = Callable[[str], str]


def json_schema(shape: s.Shape, reference: Reference | None = None) -> dict[str, Any]:
    """The schema that accepts exactly what the shape's loader accepts.

    `reference` gives the address of what has a component name, such as
    ``#/components/schemas/Address``; without it all is written out, which only a shape that
    does not contain itself can be.
    """
    match shape:
        case s.Object() | s.OneOf() | s.Choice() if shape.component and reference:
            return {"$ref": reference(shape.component)}
        case s.Object() | s.OneOf() | s.Choice():
            return written_out(shape, reference)
        case s.Boolean():
            return {"type": "boolean"}
        case s.Integer():
            return {"type": "integer", "minimum": shape.minimum, "maximum": shape.maximum}
        case s.Timestamp():
            return _timestamp(shape)
        case s.Duration():
            return {
                "type": "number",
                "minimum": shape.minimum,
                "maximum": shape.maximum,
                "description": _UNITS[shape.unit],
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
        case s.NaiveDateTime():
            return {"type": "string", "pattern": NAIVE_DATE_TIME.source}
        case s.Date():
            return {"type": "string", "format": "date", "pattern": DATE.source}
        case s.Time():
            return {"type": "string", "pattern": TIME.source}
        case s.Uuid():
            return {"type": "string", "format": "uuid", "pattern": UUID.source}
        case s.Parsed():
            return {"type": "string", **_formats(shape), "pattern": shape.pattern.source}
        case s.Constant():
            return {"const": shape.value}
        case s.Except():
            return _except(json_schema(shape.shape, reference), shape.values)
        case s.List():
            return _list(shape, reference)
        case s.Tuple():
            return _tuple(shape, reference)
        case s.Map():
            return _map(shape, reference)
        case s.Nullable():
            return _nullable(json_schema(shape.shape, reference))
        case s.Ruled() | s.Plucked():
            return json_schema(shape.shape, reference)
        case s.AnyValue():
            return {"not": {"type": "null"}}
        case s.Deferred():
            return json_schema(shape.shape, reference)
        case _:
            raise TypeError(f"{shape!r} is not a shape that has a schema")


def written_out(shape: Named, reference: Reference | None = None) -> dict[str, Any]:
    """The schema of a shape itself, although it has a name."""
    match shape:
        case s.Object():
            return _object(shape, reference)
        case s.OneOf():
            return _one_of(shape, reference)
        case _:
            return _choice(shape)


def named_shapes(shape: s.Shape) -> dict[str, list[Named]]:
    """What has a name in a shape, itself included: the inner ones first."""
    found: dict[str, list[Named]] = {}
    for part in each(shape):
        if isinstance(part, (s.Object, s.OneOf, s.Choice)) and part.component:
            found.setdefault(part.component, []).append(part)
    return found


def standalone_schema(shape: Named) -> dict[str, Any]:
    """The schema as a document of its own: what has a name in it stands in its ``$defs``."""
    inner = {name: shapes[0] for name, shapes in named_shapes(shape).items()}
    if not any(isinstance(part, s.Deferred) for part in each(shape)):
        inner.pop(str(shape.component), None)
    schema = written_out(shape, _definition)
    if inner:
        schema["$defs"] = {name: written_out(part, _definition) for name, part in inner.items()}
    return schema


def schema_definitions(shapes: Mapping[str, Named]) -> dict[str, Any]:
    """The schemas of several shapes under their names, and of all that has a name in them."""
    inner = {
        name: found[0]
        for shape in shapes.values()
        for name, found in named_shapes(shape).items()
        if name != shape.component
    }
    return {name: written_out(shape, _definition) for name, shape in {**inner, **shapes}.items()}


def _definition(name: str) -> str:
    return f"#/$defs/{name}"


_UNITS = {
    dt.timedelta(**{unit: 1}): unit.capitalize()
    for unit in ("microseconds", "milliseconds", "seconds", "minutes", "hours", "days", "weeks")
}


def _timestamp(shape: s.Timestamp) -> dict[str, Any]:
    unit = "Seconds" if shape.per_second == 1 else "Milliseconds"
    return {
        "type": "integer" if shape.whole else "number",
        "minimum": shape.minimum,
        "maximum": shape.maximum,
        "description": f"{unit} since 1970-01-01T00:00:00Z",
    }


def _formats(shape: s.Parsed) -> dict[str, Any]:
    known = [{"format": name} for name in shape.formats]
    return {"anyOf": known} if len(known) > 1 else dict(*known)


def _except(schema: dict[str, Any], values: tuple[Any, ...]) -> dict[str, Any]:
    # Beside a $ref or a type of its own, "not" narrows what stands there already.
    if "not" in schema:
        return {"allOf": [schema, {"not": {"enum": list(values)}}]}
    return {**schema, "not": {"enum": list(values)}}


def _string(shape: s.String) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    if shape.min_length:
        schema["minLength"] = shape.min_length
    if shape.max_length is not None:
        schema["maxLength"] = shape.max_length
    if shape.format is not None:
        schema["format"] = shape.format
    patterns = [pattern.source for pattern in shape.patterns]
    if all(map(_admits_nul, shape.patterns)):
        patterns.append(NO_NUL.source)
    if len(patterns) == 1:
        schema["pattern"] = patterns[0]
    else:
        schema["allOf"] = [{"pattern": pattern} for pattern in patterns]
    if shape.words:
        return {"anyOf": [schema, {"type": "string", "enum": list(shape.words)}]}
    return schema


def _admits_nul(pattern: Pattern) -> bool:
    """Whether a text with NUL might match: unless the pattern is closed and names no such class."""
    source = pattern.source
    closed = source.startswith("^") and _ANCHORED(source) is not None
    # Alternatives stand in a group; with the anchor in it, one may lack it.
    open_branch = "|" in source and not source.endswith("$")
    return not closed or open_branch or "[^" in source or "\\u0000" in source


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


def _tuple(shape: s.Tuple, reference: Reference | None) -> dict[str, Any]:
    number = len(shape.items)
    schema: dict[str, Any] = {"type": "array", "minItems": number, "maxItems": number}
    if number:  # an empty list of schemas is none (JSON Schema 2020-12, section 10.3.1.1)
        schema["prefixItems"] = [json_schema(item, reference) for item in shape.items]
    return schema


def _map(shape: s.Map, reference: Reference | None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    if shape.key is not None:
        whole = isinstance(bare(shape.key), s.Integer)
        schema["propertyNames"] = (
            {"pattern": INTEGER_TEXT.source} if whole else json_schema(shape.key, reference)
        )
    anything = s.Nullable(shape=s.AnyValue())
    schema["additionalProperties"] = (
        True if shape.value == anything else json_schema(shape.value, reference)
    )
    if shape.min_members:
        schema["minProperties"] = shape.min_members
    if shape.most is not None:
        schema["maxProperties"] = shape.most
    return schema


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if schema == {"not": {"type": "null"}}:
        return {}
    if not isinstance(kind, str) or "allOf" in schema or "anyOf" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    schema = {**schema, "type": [kind, "null"]}
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    return schema


def _one_of(shape: s.OneOf, reference: Reference | None) -> dict[str, Any]:
    variants = [json_schema(variant, reference) for _, variant in shape.variants]
    if shape.partial:
        # The discriminator may be left out, and then an object can fit more than one.
        schema: dict[str, Any] = {"anyOf": variants}
    else:
        schema = {"oneOf": variants}
    if reference is not None and not shape.partial:
        schema["discriminator"] = {
            "propertyName": shape.discriminator,
            "mapping": {
                kind: schema["$ref"]
                for (kind, _), schema in zip(shape.variants, variants, strict=True)
            },
        }
    if shape.description:
        schema["description"] = shape.description
    return schema


def _object(shape: s.Object, reference: Reference | None = None) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {m.wire: _member(m, reference) for m in shape.members},
    }
    if shape.extra == "keep":
        # Any member may be sent, but for those that only the server sets.
        schema["properties"] |= {member.wire: {"not": {}} for member in shape.owned}
    required = [member.wire for member in shape.members if member.required]
    if required:
        schema["required"] = required
    if shape.extra == "refuse":
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
    if member.deprecated:
        schema["deprecated"] = True
    if member.read_only:
        schema["readOnly"] = True
    if member.write_only:
        schema["writeOnly"] = True
    if member.example is not s.MISSING:
        schema["examples"] = [member.example]
    return schema
