"""Which lists stand below the objects of a resource: found when a dispatcher mounts them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openrest.config import Definition
from openrest.errors import did_you_mean
from openrest.relations.relation import Relation, Relations

__all__ = ["ChildList", "find_children"]


@dataclass(frozen=True, slots=True, eq=False)
class ChildList:
    """Below an object of the relation's target, in this segment, what refers to it."""

    segment: str
    relation: Relation


def find_children(
    definitions: Sequence[Definition], relations: Relations
) -> tuple[list[ChildList], list[str]]:
    """The lists below the objects of all resources, and every mistake in them."""
    found: list[ChildList] = []
    mistakes: list[str] = []
    for parent in definitions:
        place = f"{parent.name}: controller.options.children"
        referring = relations.incoming(parent.name)
        listed = [one for one in referring if "GET" in one.source.list_verbs and _is_shown(one)]
        wanted = parent.children.lists
        if parent.children.all:
            wanted = {one.source.name: one.source.name for one in listed}
            if not listed:
                mistakes.append(f"{place}: no list of objects refers to it: leave it out.")
        for segment, leads in wanted.items():
            resource, _, field = leads.partition(".")
            among = listed if parent.children.all else referring
            meant = [
                one
                for one in among
                if one.source.name == resource and field in ("", one.member.name)
            ]
            said = list(_mistakes(leads, meant, referring))
            mistakes += [f"{place}: {text}" for text in said]
            if not said:
                found.append(ChildList(segment, meant[0]))
    return found, mistakes


def _is_shown(one: Relation) -> bool:
    """Whether answers show by what they refer: else the list would give it away."""
    removed = {name for part in one.source.formatters for name in part.contribution().removes}
    return not one.member.write_only and one.member.name not in removed


def _mistakes(
    leads: str, meant: Sequence[Relation], referring: Sequence[Relation]
) -> Iterator[str]:
    if not meant:
        names = [one.source.name for one in referring]
        names += [f"{one.source.name}.{one.member.name}" for one in referring]
        yield f"{leads!r}: does not refer to it.{did_you_mean(leads, names)}"
        return
    source = meant[0].source
    if len(meant) > 1:
        fields = " and ".join(repr(one.member.name) for one in meant)
        example = f"{source.name}.{meant[0].member.name}"
        yield (
            f"{leads!r}: refers to it by {fields}: give each a segment of its own, "
            f"{{'{source.name}': '{example}'}}."
        )
        return
    known = {source.authentication, meant[0].target.authentication} - {None}
    if len(known) > 1:
        yield (
            f"{leads!r}: asks by another Authentication who makes a request: give both resources "
            "the same one."
        )
    if "GET" not in source.list_verbs:
        yield f"{leads!r}: nobody can GET the list of {source.name}."
    if not _is_shown(meant[0]):
        yield f"{leads!r}: answers do not show {meant[0].member.name!r}, and a list would."
