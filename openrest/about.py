"""What an API says of itself: rows for ``/``, ``/schema`` and the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from openrest import formats, pipeline
from openrest import messages as msg
from openrest.access import access
from openrest.bodies import Limits
from openrest.contract import Header, Parameter, ResponseSpec
from openrest.errors import NotFound, ServiceUnavailable
from openrest.health import Readiness
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.jsonschema import Named, schema_definitions, standalone_schema
from openrest.operations import Call, Operation, Result
from openrest.parsing import nothing_with
from openrest.views.json import JsonResponse
from openrest.views.raw import bytes_response

if TYPE_CHECKING:
    from openrest.observability.meter import Meter

__all__ = ["TAG", "TAG_DESCRIPTION", "document_rows", "health_rows", "index_rows", "metrics_row"]

TAG = "about"
TAG_DESCRIPTION = "What this API says of itself."
_FOR_VALIDATORS = "JSON Schema 2020-12, for tools that do not read OpenAPI."
_ANY = s.AnyValue()
#: What was true a moment ago is of no use.
_NOT_KEPT = ("Cache-Control", "no-store")
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class SchemaResponse(JsonResponse):
    """JSON Schema under its own media type."""

    media_type = "application/schema+json"


def index_rows(
    title: str,
    version: str,
    resources: Mapping[str, Named],
    limits: Limits,
    names: Sequence[str] | None = None,
    *,
    for_all: bool = True,
) -> Iterator[Operation]:
    """``/`` and ``/schema``: `resources` are the objects that answers show, by resource name.

    `names` are the resources to which ``/`` leads: all of these unless given, and with `for_all`
    it does so for everybody.
    """
    yield _index(title, version, list(resources if names is None else names), limits, for_all)
    yield _schemas(resources, limits)
    if resources:
        yield _schema(resources, limits)


def _row(
    id: str,
    path: str,
    summary: str,
    description: str,
    handler: Any,
    specs: list[ResponseSpec],
    classes: tuple[Any, ...],
    limits: Limits,
    key: Parameter | None = None,
    documented: bool = True,
) -> Operation:
    media_types = tuple(cls.media_type for cls in classes)
    own = pipeline.contribution(TAG, None, None, media_types, limits, can_be_away=False)
    headers = formats.contribution(classes, parameter=False).headers
    specs = [
        replace(spec, headers=(*spec.headers, *headers)) if spec.status < 400 else spec
        for spec in specs
    ]
    responses = sorted([*specs, *own.responses], key=lambda spec: spec.status)
    return Operation(
        id=id,
        method="GET",
        path=path,
        tag=TAG,
        summary=summary,
        description=description,
        handler=handler,
        parameters=(key,) if key else (),
        responses=tuple(responses),
        response_classes=classes,
        documented=documented,
    )


def _index(title: str, version: str, names: list[str], limits: Limits, for_all: bool) -> Operation:
    uri = s.String(format="uri-reference")
    links = s.Object(
        members=tuple(
            s.Member(name=name, wire=name, shape=uri, required=for_all or name not in names)
            for name in ("docs", "openapi", "schema", *names)
        )
    )
    shape = s.Object(
        members=(
            s.Member(name="name", wire="name", shape=s.String(), required=True, example=title),
            s.Member(
                name="version", wire="version", shape=s.String(), required=True, example=version
            ),
            s.Member(name="links", wire="links", shape=links, required=True),
        )
    )

    def addresses(root: str) -> dict[str, Any]:
        own = {"docs": "/docs", "openapi": "/openapi.json", "schema": "/schema"}
        places = {**own, **{name: f"/{name}" for name in names}}
        return {
            "name": title,
            "version": version,
            "links": {name: root + place for name, place in places.items()},
        }

    def index(call: Call) -> Result:
        if call.media_type == "text/html":
            return Result(None, 303, [("Location", call.uri("docs"))])
        return Result(addresses(call.root))

    see_other = ResponseSpec(
        status=303,
        description="A browser is sent to the pages",
        content="nothing",
        headers=(Header(name="Location", shape=uri),),
    )
    found = ResponseSpec(
        status=200,
        description="Name, version and addresses of this API",
        content="value",
        shape=shape,
        media_types=("application/json",),
        example=addresses(""),
    )
    classes = (JsonResponse, bytes_response("text/html"))
    return _row(
        "index",
        "/",
        "What there is",
        "Where everything is. A browser, which asks for `text/html`, is sent to the pages.",
        index,
        [found, see_other],
        classes,
        limits,
    )


def _schemas(resources: Mapping[str, Named], limits: Limits) -> Operation:
    definitions = schema_definitions(resources)
    whole = {"$schema": _DIALECT, "$defs": definitions}
    spec = ResponseSpec(
        status=200,
        description="One JSON Schema with the objects of every resource in its `$defs`",
        content="value",
        shape=_ANY,
        example={"$schema": _DIALECT, "$defs": _standing_alone(definitions)},
    )
    return _row(
        "list_schema",
        "/schema",
        "The JSON Schemas of all resources",
        _FOR_VALIDATORS,
        lambda call: Result(whole),
        [spec],
        (SchemaResponse, JsonResponse),
        limits,
    )


def _standing_alone(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The first of some schemas that refers to no other, for an example.

    Linters and clients follow a ``$ref`` in an example, too, and from there it leads nowhere.
    """
    alone = (item for item in schemas.items() if b'"$ref":' not in msgspec.json.encode(item[1]))
    return dict(islice(alone, 1))


def _schema(resources: Mapping[str, Named], limits: Limits) -> Operation:
    schemas = {
        name: {"$schema": _DIALECT, "title": shape.component, **standalone_schema(shape)}
        for name, shape in resources.items()
    }
    shown = [*_standing_alone(schemas).values(), {"$schema": _DIALECT}]
    key = Parameter(
        name="resource",
        location="path",
        shape=s.Choice(pairs=tuple((name, name) for name in schemas)),
        required=True,
        description="The name of a resource",
    )
    wanted = say(msg.CHOICE, choices=", ".join(schemas))
    specs = [
        ResponseSpec(
            status=200,
            description="The JSON Schema of the objects that the resource answers",
            content="value",
            shape=_ANY,
            example=shown[0],
        ),
        ResponseSpec(
            status=404,
            description="There is no such resource",
            example=NotFound(nothing_with("schema", key.wire, "none", wanted)),
        ),
    ]
    return _row(
        "get_schema",
        "/schema/{resource}",
        "The JSON Schema of one resource",
        _FOR_VALIDATORS,
        lambda call: Result(schemas[call.key]),
        specs,
        (SchemaResponse, JsonResponse),
        limits,
        key,
    )


def health_rows(readiness: Readiness, limits: Limits) -> Iterator[Operation]:
    """``/health/live`` and ``/health/ready``, for those who start processes and route to them."""

    def status(word: str) -> ResponseSpec:
        shape = s.Object(
            members=(
                s.Member(
                    name="status",
                    wire="status",
                    shape=s.Choice(pairs=((word, word),)),
                    required=True,
                ),
            )
        )
        return ResponseSpec(
            status=200,
            description=f"It is {word}",
            content="value",
            shape=shape,
            headers=(Header(name=_NOT_KEPT[0], shape=s.Choice(pairs=(_NOT_KEPT[1:] * 2,))),),
            example={"status": word},
        )

    def ready(call: Call) -> Result:
        away = readiness.away()
        if away:
            said = say(msg.NOT_READY, resources=", ".join(away))
            raise ServiceUnavailable(said, headers=[("Retry-After", "1")])
        return Result({"status": "ready"}, headers=[_NOT_KEPT])

    yield _row(
        "get_health_live",
        "/health/live",
        "Whether this process answers",
        "It asks nothing else: a process that does not answer here has to be started again.",
        lambda call: Result({"status": "live"}, headers=[_NOT_KEPT]),
        [status("live")],
        (JsonResponse,),
        limits,
    )
    yield _row(
        "get_health_ready",
        "/health/ready",
        "Whether requests can be sent here",
        "It asks every store. Where one is away, requests are better sent to another process, or "
        "later; this one need not be started again.",
        ready,
        [
            status("ready"),
            *(
                pipeline.unavailable(say(msg.NOT_READY, resources=name))
                for name in readiness.names[:1]
            ),
        ],
        (JsonResponse,),
        limits,
    )


def metrics_row(meter: Meter, limits: Limits) -> Operation:
    """``/metrics``, for those who may read it."""

    class PrometheusResponse:
        media_type = "text/plain"
        content_type = meter.content_type

        @staticmethod
        def encode(value: str) -> bytes:
            """The text as it is."""
            return value.encode()

    found = ResponseSpec(
        status=200,
        description="The counts",
        content="value",
        shape=s.String(),
        headers=(Header(name=_NOT_KEPT[0], shape=s.Choice(pairs=(_NOT_KEPT[1:] * 2,))),),
        example=f"{meter.metrics.namespace}_http_requests_in_flight 1.0\n",
    )
    authentication, permission = meter.metrics.authentication, meter.metrics.permission
    asked = access(authentication, permission)
    away = authentication is not None and authentication.can_be_away
    row = _row(
        "get_metrics",
        "/metrics",
        "How many requests there were, and how long they took",
        f"For Prometheus. {asked.description}".strip(),
        lambda call: Result(meter.text(), headers=[_NOT_KEPT]),
        [found, *asked.responses, *([pipeline.unavailable(say(msg.AWAY))] if away else [])],
        (PrometheusResponse,),
        limits,
    )
    return replace(row, authentication=authentication, permission=permission)


def document_rows(document: Mapping[str, Any], limits: Limits) -> Iterator[Operation]:
    """``/openapi.json`` and ``/openapi.yaml``; ``servers`` is where the API is mounted."""

    def placed(root: str) -> dict[str, Any]:
        head = {name: document[name] for name in ("openapi", "info") if name in document}
        return {**head, "servers": [{"url": root or "/"}], **document}

    @lru_cache(maxsize=4)
    def as_json(root: str) -> bytes:
        return msgspec.json.encode(placed(root))

    @lru_cache(maxsize=4)
    def as_yaml(root: str) -> bytes:
        # Here, because at every start it would cost 15 ms for what few ask for.
        from openrest.yaml_text import to_yaml

        return to_yaml(placed(root))

    spec = ResponseSpec(
        status=200, description="The document", content="value", shape=_ANY, example={}
    )
    for ending, media_type, write in (
        ("json", "application/json", as_json),
        ("yaml", "application/yaml", as_yaml),
    ):
        yield _row(
            f"openapi_{ending}",
            f"/openapi.{ending}",
            f"This document as {ending.upper()}",
            "",
            lambda call, write=write: Result(write(call.root)),
            [spec],
            (bytes_response(media_type),),
            limits,
            documented=False,
        )
