"""The resources of an API -> the rows of its table, with all that the document says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from openrest.bodies import Limits
from openrest.config import Definition
from openrest.controllers.components import Components, Sent, components
from openrest.controllers.descriptions import tag_description
from openrest.controllers.resources import Resources
from openrest.controllers.rows import Resource, rows
from openrest.models import shapes as s
from openrest.operations import Operation

__all__ = ["ResourceTable", "resource_table", "table_mistakes"]

#: Definition, names of what is nested, what there is a place for -> the objects of a resource.
MakeComponents = Callable[[Definition, Callable[[str], str], Mapping[str, s.Member]], Components]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceTable:
    """The rows of resources, the objects that they answer, and the tags of the rows.

    Each is by the resource's name; a tag is that name, with a description.
    """

    rows: Mapping[str, Sequence[Operation]]
    read: Mapping[str, Sent]
    tags: Mapping[str, str]


def resource_table(
    resources: Resources,
    rename: Callable[[str], str],
    limits: Limits,
    make: MakeComponents = components,
) -> ResourceTable:
    """The rows of all resources; `make` gives the objects of each.

    Raises ConfigurationError with every mistake of the first controller that has any.
    """
    made: dict[str, list[Operation]] = {}
    read: dict[str, Sent] = {}
    tags: dict[str, str] = {}
    for controller in resources.controllers:
        name = controller.definition.name
        definition, embedding = resources.definitions[name], resources.embeddings.get(name)
        # What is embedded may be an object of a resource that comes later.
        embedded = embedding.members(read.__getitem__) if embedding is not None else {}
        parts = make(definition, rename, embedded)
        read[name] = parts.read
        tags[name] = tag_description(type(controller), definition, parts.read)
        resource = Resource(
            controller=controller,
            definition=definition,
            parts=parts,
            rename=rename,
            limits=limits,
            relations=resources.relations,
            embedding=embedding,
            children=resources.children,
        )
        made[name] = list(rows(resource))
    return ResourceTable(rows=made, read=read, tags=tags)


def table_mistakes(table: Sequence[Operation]) -> Iterator[str]:
    """What is wrong with rows beside each other: a sentence for each mistake."""
    ids: dict[str, Operation] = {}
    places: dict[tuple[str, str], Operation] = {}
    for row in table:
        where = f"{row.method} {row.path}"
        first = ids.setdefault(row.id, row)
        if first is not row:
            yield f"{first.method} {first.path} and {where} both have the operation id {row.id!r}."
        if places.setdefault((row.method, row.path), row) is not row:
            yield f"{where} is declared twice."
