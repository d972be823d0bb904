"""Operation rows -> the OpenAPI document, 3.0, 3.1 or 3.2; apispec puts it together."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from apispec import APISpec, BasePlugin

from openrest.config import License
from openrest.contract import (
    NO_EXAMPLE,
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
from openrest.formats import Format, columns, format_of, object_shape, objects_of
from openrest.info import Info
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.examples import true_example
from openrest.models.jsonschema import Named, json_schema, named_shapes, written_out
from openrest.models.openapi30 import exact_shape, schema_30
from openrest.models.walking import bare, each
from openrest.operations import Operation
from openrest.plans import status_line
from openrest.translation import Translate, localized

__all__ = ["VERSIONS", "Version", "build_document", "in_version"]

Version = Literal["3.0", "3.1", "3.2"]

#: The versions of OpenAPI that a document can have, with the patch that is written into it.
VERSIONS: Final[Mapping[Version, str]] = {"3.0": "3.0.3", "3.1": "3.1.0", "3.2": "3.2.0"}

Json = dict[str, Any]

#: In the order in which people read.
_ORDER = ("openapi", "info", "security", "tags", "paths", "components")


#: A schema of 2020-12 -> the same in the words of the document's version.
Write = Callable[[Json], Json]


def _as_it_is(schema: Json) -> Json:
    return schema


class _Fresh(dict[str, Any]):
    """A path item that nobody else holds: apispec need not copy it, which costs more than it."""

    def __deepcopy__(self, memo: Any) -> Any:
        return self


class ShapePlugin(BasePlugin):
    """Lets apispec take its schemas from shapes, and from nothing else."""

    def __init__(self, write: Write) -> None:
        self._write = write

    def schema_helper(self, name: str, definition: Json, **options: Any) -> Json:
        """The JSON Schema of ``shape=``."""
        return self._write(written_out(options["shape"], _component))


def _component(name: str) -> str:
    return f"#/components/schemas/{name}"


def in_version(operation: Operation, version: Version) -> Operation:
    """The row as a version of OpenAPI can describe it, to answer and to document by.

    Raises ConfigurationError for what the version has no words for.
    """
    if version != "3.0":
        return operation
    try:
        return replace(
            operation,
            parameters=tuple(replace(p, shape=_exact(p.shape)) for p in operation.parameters),
            body=operation.body and _exact_body(operation.body),
            responses=tuple(
                replace(
                    spec,
                    shape=spec.shape and _exact(spec.shape),
                    whole=spec.whole and _exact(spec.whole),
                    many=spec.many and _exact(spec.many),
                )
                for spec in operation.responses
            ),
        )
    except ValueError as reason:
        raise ConfigurationError("WSGIDispatcher", [f"{operation.id}: {reason}."]) from reason


def _exact_body(body: Body) -> Body:
    return replace(
        body,
        shape=_exact(body.shape),
        others=tuple(map(_exact_body, body.others)),
        many=body.many and _exact(body.many),
    )


def _exact(shape: Any) -> Any:
    exact = exact_shape(shape)
    deque(each(exact), maxlen=0)  # what is looked up later is found here, with its mistakes
    return exact


def build_document(
    operations: Sequence[Operation],
    *,
    info: Info,
    tags: Mapping[str, str],
    openapi: Version = "3.1",
    translate: Translate | None = None,
) -> Json:
    """The document of the rows, without ``servers``: where the API is mounted, the request says.

    `tags` has the descriptions of the rows' tags.
    Raises ConfigurationError where two objects would have one name, or two operations one id.
    """
    shown = [operation for operation in operations if operation.documented]
    write = schema_30 if openapi == "3.0" else _as_it_is
    spec = APISpec(
        info.title,
        info.version,
        VERSIONS[openapi],
        plugins=[ShapePlugin(write)],
        info=_info(info, openapi),
        # Unless a row asks who calls, nobody does. Said once, it is a statement; left out, a gap.
        security=[],
    )
    for tag in dict.fromkeys(operation.tag for operation in shown):
        spec.tag(_tag(tag, tags))
    for name, shape in _components(shown).items():
        spec.components.schema(name, shape=shape)
    writer = _Writer(openapi, write, translate)
    paths: dict[str, _Fresh] = {}
    for operation in shown:
        methods = paths.setdefault(operation.path, _Fresh())
        methods[operation.method.lower()] = writer.operation(operation)
    for name, scheme in _schemes(shown).items():
        spec.components.security_scheme(name, dict(scheme))
    for name, problem in writer.problems.items():
        spec.components.response(name, problem)
    for name, header in writer.headers.items():
        spec.components.header(name, header)
    for path, methods in paths.items():
        spec.path(path, operations=methods)
    document: Json = spec.to_dict()
    # Plain dicts again, which is all that the writer of YAML knows.
    document["paths"] = {path: dict(item) for path, item in document["paths"].items()}
    return {name: document[name] for name in _ORDER if name in document}


def _info(info: Info, openapi: Version) -> Json:
    """The Info Object; what the author does not say is not there."""
    license = _license(info.license)
    said = {
        "title": info.title,
        "version": info.version,
        "description": info.description,
        "termsOfService": info.terms_of_service,
        "contact": dict(info.contact or {}),
        "license": _license_30(license) if openapi == "3.0" else license,
    }
    return {name: value for name, value in said.items() if value}


def _license(license: License | str | None) -> Json:
    if isinstance(license, str):
        return {"name": license, "identifier": license}
    return dict(license or {})


def _license_30(license: Json) -> Json:
    """OpenAPI 3.0 has no identifiers: the page of SPDX that has the text stands for one."""
    identifier = license.get("identifier", "")
    kept = {name: value for name, value in license.items() if name != "identifier"}
    # An expression of several has no page, nor has one that SPDX does not know.
    if re.fullmatch("(?!LicenseRef-)[A-Za-z0-9.+-]+", identifier):
        kept["url"] = f"https://spdx.org/licenses/{identifier}.html"
    return kept


def _tag(name: str, tags: Mapping[str, str]) -> Json:
    return {"name": name, "description": tags[name]} if tags.get(name) else {"name": name}


def _components(operations: Iterable[Operation]) -> dict[str, Named]:
    """Everything that has a name, each once."""
    found: dict[str, tuple[Named, Json, str]] = {}
    for operation in operations:
        shapes: list[s.Shape | None] = [spec.shape for spec in operation.responses]
        shapes.extend(body.shape for body in (operation.body.all if operation.body else ()))
        shapes.extend(parameter.shape for parameter in operation.parameters)
        for shape in shapes:
            for name, named in named_shapes(shape).items() if shape else ():
                for one in named:
                    _add(found, name, one, operation.id)
    _add(found, str(PROBLEM.component), PROBLEM, "every error")  # readers want it last
    return {name: shape for name, (shape, *_) in found.items()}


def _add(found: dict[str, tuple[Named, Json, str]], name: str, shape: Named, place: str) -> None:
    known, schema, first = found.get(name, (None, None, ""))
    if known is shape:
        return
    written = written_out(shape, _component)
    if known is None:
        found[name] = (shape, written, place)
    elif schema != written:
        one = f"{known.origin or name} in {first}"
        other = f"{shape.origin or name} in {place}"
        raise ConfigurationError(
            "The document",
            [
                f"two different objects have the name {name!r}: {one}, and {other}. "
                "Rename one of the classes."
            ],
        )


def _schemes(operations: Iterable[Operation]) -> Mapping[str, Mapping[str, Any]]:
    """The security schemes that the operations name.

    Raises ConfigurationError where two of them have one name.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for operation in operations:
        schemes = operation.authentication.schemes if operation.authentication else {}
        for name, scheme in schemes.items():
            if found.setdefault(name, scheme) != scheme:
                mistake = f"two security schemes have the name {name!r}: give one of them name=."
                raise ConfigurationError("The document", [mistake])
    return found


def _security(operation: Operation) -> list[Json] | None:
    """The Security Requirement Objects of an operation, one of which is to be met."""
    authentication, permission = operation.authentication, operation.permission
    if authentication is None or permission is None:
        return None
    needed = authentication.requirements(permission.scopes)
    found = [{name: list(scopes) for name, scopes in one.items()} for one in needed]
    return [{}, *found] if permission.is_for_anyone else found


@dataclass(frozen=True, slots=True)
class _Writer:
    """What every operation of a document has in common.

    `problems` fill up with those written, and `headers` with those that go everywhere.
    """

    openapi: Version
    write: Write
    translate: Translate | None
    problems: dict[str, Json] = field(default_factory=dict)
    headers: dict[str, Json] = field(default_factory=dict)

    def operation(self, operation: Operation) -> Json:
        """The Operation Object of a row."""
        entry: Json = {
            "operationId": operation.id,
            "tags": [operation.tag],
            "summary": operation.summary,
        }
        if operation.description:
            entry["description"] = operation.description
        parameters = [self._parameter(each) for each in operation.parameters if each.documented]
        if parameters:
            entry["parameters"] = parameters
        if operation.body is not None:
            entry["requestBody"] = self._body(operation.body)
        security = _security(operation)
        if security is not None:
            entry["security"] = security
        formats = tuple(map(format_of, operation.response_classes))
        entry["responses"] = {
            str(spec.status): self._problem(spec)
            if spec.content == "problem"
            else self._response(spec, formats)
            for spec in operation.responses
        }
        return entry

    def _parameter(self, parameter: Parameter) -> Json:
        schema = json_schema(parameter.shape, _component)
        if parameter.default is not s.MISSING:
            schema["default"] = dumper(parameter.shape)(parameter.default)
        entry: Json = {
            "name": parameter.wire,
            "in": parameter.location,
            "required": parameter.required,
        }
        value: Json = {"schema": self.write(schema)}
        if parameter.example is not s.MISSING:
            value["example"] = parameter.example
        entry |= {"content": {"application/json": value}} if parameter.is_json else value
        if parameter.description:
            entry["description"] = parameter.description
        is_list = isinstance(bare(parameter.shape), s.List)
        if is_list and parameter.location == "query" and not parameter.is_json:
            # Commas between the items.
            entry |= {"style": "form", "explode": False}
        return entry

    def _body(self, body: Body) -> Json:
        content: Json = {}
        for one in body.all:
            content |= dict.fromkeys(
                one.media_types, self._content(one.shape, one.example, one.many)
            )
        return {"required": True, "content": content}

    def _response(self, spec: ResponseSpec, formats: Sequence[Format]) -> Json:
        entry: Json = {"description": str(spec.description)}  # of a Text the plain text
        if spec.headers:
            entry["headers"] = {header.name: self._header(header) for header in spec.headers}
        if spec.links:
            entry["links"] = {link.name: _link(link) for link in spec.links}
        if spec.content != "nothing" and spec.shape is not None:
            content = self._content(spec.shape, spec.example, spec.many)
            entry["content"] = {
                each.media_type: self._in_format(each, spec, spec.shape, content)
                for each in formats
                if not spec.media_types or each.media_type in spec.media_types
            }
        return entry

    def _in_format(self, format: Format, spec: ResponseSpec, shape: s.Shape, content: Json) -> Json:
        """The Media Type Object of a format; `content` is that of those that are like JSON."""
        if format.described == "value":
            return content
        item = object_shape(spec.content, shape)
        shown = _text(format, spec, item, content["example"]) if "example" in content else None
        if format.described == "items" and self.openapi == "3.2":
            schema = self.write(json_schema(item, _component))
            serialized = {"examples": {"shown": {"serializedValue": shown}}}
            return {"itemSchema": schema, **(serialized if shown is not None else {})}
        schema = {} if format.described == "nothing" else {"schema": {"type": "string"}}
        return {**schema, **({} if shown is None else {"example": shown})}

    def _content(self, shape: s.Shape, given: Any, many: s.List | None = None) -> Json:
        schemas = [self.write(json_schema(each, _component)) for each in (shape, many) if each]
        content: Json = {"schema": {"anyOf": schemas} if many else schemas[0]}
        shown = true_example(shape) if given is s.MISSING else given
        if shown is not s.MISSING and shown is not NO_EXAMPLE:
            content["example"] = shown
        return content

    def _problem(self, spec: ResponseSpec) -> Json:
        """The problem, or a reference where `problems` has it: the first of each status goes there.

        Written out at every operation they would be two thirds of the document.
        """
        shown = localized(_problem_example(spec), self.translate).as_dict()
        content = {"schema": json_schema(PROBLEM, _component), "example": shown}
        entry = {**self._response(spec, ()), "content": {PROBLEM_MEDIA_TYPE: content}}
        if spec.status not in PROBLEMS:
            return entry
        name = PROBLEMS[spec.status].__name__
        known = self.problems.setdefault(name, entry)
        return {"$ref": f"#/components/responses/{name}"} if known == entry else entry

    def _header(self, header: Header) -> Json:
        entry: Json = {"schema": self.write(json_schema(header.shape)), "required": header.required}
        if header.description:
            entry["description"] = header.description
        if header.example:
            entry["example"] = header.example
        if header.everywhere and self.headers.setdefault(header.name, entry) == entry:
            return {"$ref": f"#/components/headers/{header.name}"}
        return entry


def _problem_example(spec: ResponseSpec) -> Problem:
    if isinstance(spec.example, Problem):
        return spec.example
    detail = spec.description.rstrip(".") + "."
    if spec.status in PROBLEMS:
        return PROBLEMS[spec.status](detail)
    title = status_line(spec.status).partition(" ")[2]
    other: type[Problem] = type("Other", (Problem,), {"status": spec.status, "title": title})
    return other(detail)


def _text(format: Format, spec: ResponseSpec, item: s.Shape, wire: Any) -> str | None:
    """What is sent of a wire value; None where it is no text."""
    if format.rows is None:
        data = format.response_class.encode(wire)
    else:
        data = b"".join(format.rows(objects_of(spec, wire), columns(item)))
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _link(link: Link) -> Json:
    said = {
        "operationId": link.operation,
        "parameters": dict(link.parameters),
        "requestBody": dict(link.body),
        "description": link.description,
    }
    return {name: value for name, value in said.items() if value}
