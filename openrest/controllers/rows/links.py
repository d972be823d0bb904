"""What can be asked next of an object that was created or read: the links of its answers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from openrest.config import Definition
from openrest.contract import Link
from openrest.models import shapes as s
from openrest.relations.children import ChildList
from openrest.relations.relation import Relations

__all__ = ["identifier", "list_below", "links_below", "links_to_itself", "links_to_referrers"]


def identifier(name: str) -> str:
    """The name of a resource as the end of an operation id."""
    return name.replace("-", "_")


def list_below(child: ChildList) -> str:
    """The operation id of the list of what refers to an object."""
    return f"list_{identifier(child.relation.target.name)}_{identifier(child.segment)}"


def links_to_itself(definition: Definition, ids: Collection[str]) -> Iterator[Link]:
    """From a created object to what can be done with it, by those operations that have `ids`."""
    suffix, wire = identifier(definition.name), definition.key.wire
    for name in ("get", "update", "patch", "delete"):
        if f"{name}_{suffix}" in ids:
            yield Link(
                name=name,
                operation=f"{name}_{suffix}",
                parameters={
                    wire: f"$response.body#/{wire}",
                    **definition.preconditions.link_parameters(name),
                },
            )


def links_below(
    definition: Definition, children: Sequence[ChildList], *, created: bool
) -> Iterator[Link]:
    """From an object, which was `created` or read, to the lists below it."""
    wire = definition.key.wire
    for child in children:
        if child.relation.target is definition:
            yield Link(
                name=f"list_{child.segment}",
                operation=list_below(child),
                parameters={
                    wire: f"$response.body#/{wire}" if created else f"$request.path.{wire}"
                },
            )


def links_to_referrers(definition: Definition, relations: Relations) -> Iterator[Link]:
    """From a created object to the creation of another one that refers to it."""
    for one in relations.incoming(definition.name):
        if "POST" in one.source.list_verbs and not one.member.read_only:
            operation = f"create_{identifier(one.source.name)}"
            is_link = one.reference.format == "uri"
            place = "header.Location" if is_link else f"body#/{definition.key.wire}"
            yield Link(
                name=f"{operation}_by_{s.portable_name(one.member.wire)}",
                operation=operation,
                body={one.member.wire: f"$response.{place}"},
                description=f"One in `{one.source.name}` may refer to it by `{one.member.wire}`",
            )
