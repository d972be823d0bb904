"""What operations answer that have done what was asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from openrest import formats
from openrest.contract import NO_EXAMPLE, Contribution, Header, ResponseSpec
from openrest.controllers.rows.resource import Resource
from openrest.models import shapes as s
from openrest.models.examples import example, true_example

__all__ = ["chosen", "created_response", "page_response", "record_response", "with_many"]


def record_response(
    resource: Resource, description: str, contributions: Iterable[Contribution] = ()
) -> ResponseSpec:
    """One object, with the headers of the contributions."""
    return ResponseSpec(
        status=200,
        description=description,
        content="record",
        shape=resource.parts.read,
        headers=tuple(header for part in contributions for header in part.headers),
        example=true_example(resource.plain) if resource.shows else NO_EXAMPLE,
    )


def created_response(resource: Resource, contributions: Iterable[Contribution]) -> ResponseSpec:
    """One object that was created, and where it is."""
    location = Header(
        name="Location",
        shape=s.String(format="uri-reference"),
        description="Address of the new object",
    )
    spec = record_response(resource, "The object that was created", contributions)
    return replace(spec, status=201, headers=(location, *spec.headers))


def page_response(resource: Resource, contributions: Iterable[Contribution]) -> ResponseSpec:
    """A page of objects, with the headers of the contributions."""
    # What is made while it is sent has no version yet.
    may_stream = any(formats.format_of(cls).rows for cls in resource.definition.response_classes)
    headers = tuple(
        replace(header, required=False) if header.name == "ETag" and may_stream else header
        for part in contributions
        for header in part.headers
    )
    return ResponseSpec(
        status=200,
        description="The objects",
        content="page",
        shape=resource.parts.page,
        headers=headers,
    )


def with_many(resource: Resource, spec: ResponseSpec) -> ResponseSpec:
    """The response to the creation of one object, or of many where the author lets clients."""
    bulk = resource.definition.bulk
    if bulk is None:
        return spec
    return replace(
        spec,
        description="The object that was created, or the objects in the order of the body",
        many=bulk.many(resource.parts.read),
        # Those that are about one object.
        headers=tuple(replace(header, required=False) for header in spec.headers),
    )


def chosen(resource: Resource, spec: ResponseSpec) -> ResponseSpec:
    """The response, of which clients may choose the members where the author lets them."""
    if resource.definition.partial is None:
        return spec
    is_page = spec.content == "page"
    shape = resource.parts.partial_page if is_page else resource.parts.partial
    shown = spec.example
    if not is_page and resource.shows:
        shown = example(resource.plain)
    return replace(spec, shape=shape, whole=spec.shape, example=shown)
