"""The mappings of a controller -> rows of the table of operations."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from openrest.contract import Link, ResponseSpec
from openrest.controllers.rows.examples import example_page
from openrest.controllers.rows.links import (
    identifier,
    links_below,
    links_to_itself,
    links_to_referrers,
)
from openrest.controllers.rows.mistakes import misdeclared, row_mistakes
from openrest.controllers.rows.own import own_rows
from openrest.controllers.rows.resource import Resource
from openrest.controllers.rows.verbs import rows_below_others, verb_rows
from openrest.errors import ConfigurationError
from openrest.operations import Operation

__all__ = ["Resource", "rows"]


def rows(resource: Resource) -> Iterator[Operation]:
    """The rows of one resource: its verbs, its author's own, and its lists below other objects.

    Raises ConfigurationError with every mistake where one cannot be.
    """
    mistakes = list(misdeclared(resource.controller))
    if mistakes:
        raise ConfigurationError(resource.author.__name__, mistakes)
    made = [*verb_rows(resource), *own_rows(resource), *rows_below_others(resource)]
    mistakes = [mistake for row in made for mistake in row_mistakes(row)]
    if mistakes:
        raise ConfigurationError(resource.author.__name__, mistakes)
    ids = {row.id for row in made}
    for row in made:
        yield replace(row, responses=tuple(_linked(resource, row, ids)))


def _linked(resource: Resource, row: Operation, ids: Collection[str]) -> Iterator[ResponseSpec]:
    """The responses of a row; a created object leads to what can be done with it."""
    definition = resource.definition
    suffix = identifier(definition.name)
    created = row.id == f"create_{suffix}"
    for spec in row.responses:
        links: list[Link] = []
        if created and spec.status == 201:
            links += links_to_itself(definition, ids)
        if (created or row.id == f"get_{suffix}") and spec.content == "record":
            links += links_below(definition, resource.children, created=created)
        if created and spec.status == 201:
            links += links_to_referrers(definition, resource.relations)
        linked = replace(spec, links=tuple(links))
        if spec.content == "page":
            linked = replace(linked, example=example_page(resource, row))
        yield linked
