"""The table of operations as somebody may use it, with all that the document says of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from openrest.bodies import Limits
from openrest.controllers.components import Sent, resource_component
from openrest.controllers.descriptions import api_description
from openrest.controllers.narrowed import Seen
from openrest.controllers.resources import Resources
from openrest.controllers.rights import Rights
from openrest.controllers.table import resource_table
from openrest.controllers.unnamed import Unnamed, members_in, names_in
from openrest.info import Info
from openrest.openapi import Version
from openrest.operations import Operation
from openrest.translation import Translate

__all__ = ["AllowedTable", "Api", "allowed_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What the documents of all callers of an API have in common.

    `paths` are those of the resources' rows, `others` the rows beside them: those that need a
    permission are in nobody's document. `finished` makes of a row what is served.
    """

    resources: Resources
    paths: frozenset[str]
    rename: Callable[[str], str]
    limits: Limits
    info: Info
    openapi: Version
    translate: Translate | None
    others: Sequence[Operation]
    finished: Callable[[Operation], Operation]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedTable:
    """The `rows` of resources that somebody may use, and the `others`.

    `tags` are those of the rows, by the names of the resources. `objects` are what answers show
    them, and `description` is that of the API.
    """

    rows: Sequence[Operation]
    others: Sequence[Operation]
    tags: Mapping[str, str]
    objects: Mapping[str, Sent]
    description: str


def allowed_table(api: Api, every: Sequence[Rights]) -> AllowedTable:
    """The table of whoever has the rights."""
    seen = Seen(every, api.resources.relations.found)
    table = resource_table(seen.resources(api.resources), api.rename, api.limits, seen.components)
    # Those of the verbs are narrowed already; this is for operations of an author's own.
    made = {
        name: [row for row in found if seen.rights[name].allow(row.method)]
        for name, found in table.rows.items()
    }
    shown = {row.tag for found in made.values() for row in found}
    gone, everywhere = _gone(seen, made, shown)
    # The objects are the same in all rows, or they would be different ones of one name.
    common = Unnamed(everywhere)
    unnamed = {name: Unnamed(gone[name] | everywhere, common) for name in made}
    tags = {name: unnamed[name].text(text) for name, text in table.tags.items() if name in shown}
    return AllowedTable(
        rows=[unnamed[name].row(row) for name, found in made.items() for row in found],
        others=[common.row(row) for row in api.others if row.permission is None],
        tags=tags,
        objects={name: common.shape(table.read[name]) for name in made if _is_read(made[name])},
        description=common.text(api.info.description or api_description(list(tags))),
    )


def _is_read(found: Sequence[Operation]) -> bool:
    """Whether any of the rows answers objects of the resource."""
    return any(spec.content in ("record", "page") for row in found for spec in row.responses)


def _gone(
    seen: Seen, made: Mapping[str, Sequence[Operation]], shown: set[str]
) -> tuple[dict[str, set[str]], set[str]]:
    """The names of each resource that are not in its rows, and those that are in no row."""
    visible = {name: set(names_in(found)) for name, found in made.items()}
    gone = {
        name: set(members_in(rights.definition.shape)) - visible[name]
        for name, rights in seen.rights.items()
    }
    everywhere = set().union(*gone.values()) - set().union(*visible.values())
    for name, found in made.items():
        if not found and name not in shown:
            everywhere |= {name, resource_component(name)}
    return gone, everywhere
