"""The rows of operations that an author adds to a controller."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import replace

from marshmallow import Schema

from openrest import formats
from openrest.contract import Body, Contribution, ResponseSpec
from openrest.controllers.components import Sent
from openrest.controllers.rows.contributions import own_contributions
from openrest.controllers.rows.links import identifier
from openrest.controllers.rows.resource import Resource
from openrest.controllers.rows.responses import page_response, record_response
from openrest.controllers.rows.row import make_row
from openrest.models import schema_shape
from openrest.models.variants import create_shape, read_shape, sent_name
from openrest.operations import Declaration, Operation, declaration

__all__ = ["own_rows"]


def own_rows(resource: Resource) -> Iterator[Operation]:
    """The rows of the methods that are declared to be operations, by their names."""
    resource_name = resource.definition.name
    for name, function in inspect.getmembers(resource.author, callable):
        own = declaration(function)
        if own is not None and own.method:
            contributions = list(own_contributions(resource, own))
            yield make_row(
                resource,
                id=f"{name}_{identifier(resource_name)}",
                method=own.method,
                path=f"/{resource_name}/{own.path.strip('/')}".rstrip("/"),
                handler=getattr(resource.controller, name),
                name=name,
                own=own,
                body=_body(resource, own),
                success=_success(resource, own, contributions),
                contributions=contributions,
            )


def _body(resource: Resource, own: Declaration) -> Body | None:
    if not own.body:
        return None
    return formats.body_of(_sent(resource, own.body), resource.definition.response_classes)


def _success(
    resource: Resource, own: Declaration, contributions: Sequence[Contribution]
) -> ResponseSpec:
    if own.returns is None:
        return ResponseSpec(status=204, description="Done", content="nothing")
    if own.returns == "record":
        return replace(record_response(resource, "The object"), status=own.status)
    if own.returns == "page":
        return replace(page_response(resource, contributions), status=own.status)
    shape = _read(resource, own.returns)
    return ResponseSpec(status=own.status, description="Done", content="value", shape=shape)


def _read(resource: Resource, model: type[Schema]) -> Sent:
    shape, rename = schema_shape(model), resource.rename
    return read_shape(shape, rename(str(shape.component)), rename)  # type: ignore[no-any-return]


def _sent(resource: Resource, model: type[Schema]) -> Sent:
    shape, rename = schema_shape(model), resource.rename
    name = sent_name(shape, rename(str(shape.component)))
    return create_shape(shape, name, rename)  # type: ignore[no-any-return]
