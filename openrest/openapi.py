"""Operation rows -> the OpenAPI 3.1 document; apispec puts it together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apispec import APISpec, BasePlugin

from openrest.config import License
from openrest.contract import (
    PROBLEM,
    PROBLEM_MEDIA_TYPE,
    PROBLEMS,
    Body,
    Header,
    Link,
    Parameter,
    ResponseSpec,
)
from openrest.errors import ConfigurationError, Problem
from openrest.info import Info
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.examples import example
from openrest.models.jsonschema import json_schema, object_schema
from openrest.operations import Operation
from openrest.plans import status_line

__all__ = ["build_document"]

Json = dict[str, Any]

#: In the order in which people read.
_ORDER = ("openapi", "info", "security", "tags", "paths", "components")


class _Fresh(dict[str, Any]):
    """A path item that nobody else holds: apispec need not copy it, which costs more than it."""

    def __deepcopy__(self, memo: Any) -> Any:
        return self


class ShapePlugin(BasePlugin):
    """Lets apispec take its schemas from shapes, and from nothing else."""

    def schema_helper(self, name: str, definition: Json, **options: Any) -> Json:
        """The JSON Schema of ``shape=``."""
        return object_schema(options["shape"], _component)


def _component(shape: s.Object) -> Json:
    return {"$ref": f"#/components/schemas/{shape.component}"}


def build_document(operations: Sequence[Operation], *, info: Info, tags: Mapping[str, str]) -> Json:
    """The document of the rows, without ``servers``: where the API is mounted, the request says.

    `tags` has the descriptions of the rows' tags.
    Raises ConfigurationError where two objects would have one name, or two operations one id.
    """
    shown = [operation for operation in operations if operation.documented]
    spec = APISpec(
        info.title,
        info.version,
        "3.1.0",
        plugins=[ShapePlugin()],
        info=_info(info),
        # No row asks who calls. Said once, it is a statement; left out, it is a gap.
        security=[],
    )
    for tag in dict.fromkeys(operation.tag for operation in shown):
        spec.tag(_tag(tag, tags))
    for shape in _objects(shown):
        spec.components.schema(str(shape.component), shape=shape)
    problems: dict[str, Json] = {}
    paths: dict[str, _Fresh] = {}
    for operation in shown:
        paths.setdefault(operation.path, _Fresh())[operation.method.lower()] = _operation(
            operation, problems
        )
    for name, problem in problems.items():
        spec.components.response(name, problem)
    for path, methods in paths.items():
        spec.path(path, operations=methods)
    document: Json = spec.to_dict()
    # Plain dicts again, which is all that the writer of YAML knows.
    document["paths"] = {path: dict(item) for path, item in document["paths"].items()}
    return {name: document[name] for name in _ORDER if name in document}


def _info(info: Info) -> Json:
    """The Info Object; what the author does not say is not there."""
    said = {
        "title": info.title,
        "version": info.version,
        "description": info.description,
        "termsOfService": info.terms_of_service,
        "contact": dict(info.contact or {}),
        "license": _license(info.license),
    }
    return {name: value for name, value in said.items() if value}


def _license(license: License | str | None) -> Json:
    if isinstance(license, str):
        return {"name": license, "identifier": license}
    return dict(license or {})


def _tag(name: str, tags: Mapping[str, str]) -> Json:
    return {"name": name, "description": tags[name]} if tags.get(name) else {"name": name}


def _objects(operations: Iterable[Operation]) -> list[s.Object]:
    """Every object that has a name, each once."""
    found: dict[str, s.Object] = {str(PROBLEM.component): PROBLEM}
    for operation in operations:
        shapes: list[s.Shape | None] = [spec.shape for spec in operation.responses]
        shapes.append(operation.body.shape if operation.body else None)
        for shape in shapes:
            for named in _named(shape):
                known = found.setdefault(str(named.component), named)
                if known is not named and json_schema(known) != json_schema(named):
                    raise ConfigurationError(
                        "The document",
                        [f"two different objects have the name {named.component!r}."],
                    )
    found[str(PROBLEM.component)] = found.pop(str(PROBLEM.component))  # readers want it last
    return list(found.values())


def _named(shape: s.Shape | None) -> Iterable[s.Object]:
    match shape:
        case s.Object(members=members):
            for member in members:
                yield from _named(member.shape)
            if shape.component:
                yield shape
        case (
            s.List(item=inner)
            | s.Nullable(shape=inner)
            | s.Except(shape=inner)
            | s.Ruled(shape=inner)
        ):
            yield from _named(inner)


def _operation(operation: Operation, problems: dict[str, Json]) -> Json:
    entry: Json = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    }
    if operation.description:
        entry["description"] = operation.description
    if operation.parameters:
        entry["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.body is not None:
        entry["requestBody"] = _body(operation.body)
    media_types = [cls.media_type for cls in operation.response_classes]
    entry["responses"] = {
        str(spec.status): _problem(spec, problems)
        if spec.content == "problem"
        else _response(spec, media_types)
        for spec in operation.responses
    }
    return entry


def _parameter(parameter: Parameter) -> Json:
    schema = json_schema(parameter.shape, _component)
    if parameter.default is not s.MISSING:
        schema["default"] = dumper(parameter.shape)(parameter.default)
    entry: Json = {
        "name": parameter.wire,
        "in": parameter.location,
        "required": parameter.required,
        "schema": schema,
    }
    if parameter.description:
        entry["description"] = parameter.description
    if parameter.example is not s.MISSING:
        entry["example"] = parameter.example
    if isinstance(parameter.shape, s.List) and parameter.location == "query":
        entry |= {"style": "form", "explode": True}
    return entry


def _body(body: Body) -> Json:
    shown = example(body.shape) if body.example is s.MISSING else body.example
    content = {"schema": _component(body.shape), "example": shown}
    return {"required": True, "content": dict.fromkeys(body.media_types, content)}


def _response(spec: ResponseSpec, media_types: Sequence[str]) -> Json:
    entry: Json = {"description": spec.description}
    if spec.headers:
        entry["headers"] = {header.name: _header(header) for header in spec.headers}
    if spec.links:
        entry["links"] = {link.name: _link(link) for link in spec.links}
    if spec.content != "nothing" and spec.shape is not None:
        shown = example(spec.shape) if spec.example is s.MISSING else spec.example
        content: Json = {"schema": json_schema(spec.shape, _component), "example": shown}
        entry["content"] = dict.fromkeys(spec.media_types or media_types, content)
    return entry


def _problem(spec: ResponseSpec, problems: dict[str, Json]) -> Json:
    """The problem, or a reference where `problems` has it: the first of each status goes there.

    Written out at every operation they would be two thirds of the document.
    """
    content = {"schema": _component(PROBLEM), "example": _problem_example(spec)}
    entry = {**_response(spec, ()), "content": {PROBLEM_MEDIA_TYPE: content}}
    if spec.status not in PROBLEMS:
        return entry
    name = PROBLEMS[spec.status].__name__
    known = problems.setdefault(name, entry)
    return {"$ref": f"#/components/responses/{name}"} if known == entry else entry


def _problem_example(spec: ResponseSpec) -> Json:
    if isinstance(spec.example, Problem):
        return spec.example.as_dict()
    detail = spec.description.rstrip(".") + "."
    if spec.status in PROBLEMS:
        return PROBLEMS[spec.status](detail).as_dict()
    title = status_line(spec.status).partition(" ")[2]
    return {"type": "about:blank", "title": title, "status": spec.status, "detail": detail}


def _header(header: Header) -> Json:
    entry: Json = {"schema": json_schema(header.shape), "required": header.required}
    if header.description:
        entry["description"] = header.description
    return entry


def _link(link: Link) -> Json:
    return {"operationId": link.operation, "parameters": dict(link.parameters)}
