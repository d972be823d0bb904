"""The resources of an API, which know one another from the time when they are mounted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from openrest.config import Definition
from openrest.controllers.controller import Controller
from openrest.errors import ConfigurationError
from openrest.relations.children import ChildList, find_children
from openrest.relations.embedding import Embedding, find_embeddings
from openrest.relations.relation import Relations, find_relations

__all__ = ["Resources", "mount"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """The controllers of an API, and what their resources have to do with one another.

    `definitions` are those of the controllers, or what somebody may see of them. They and
    `embeddings`, where a resource embeds others, are by the resource's name.
    """

    controllers: Sequence[Controller]
    definitions: Mapping[str, Definition]
    relations: Relations
    embeddings: Mapping[str, Embedding]
    children: Sequence[ChildList]


def mount(classes: Sequence[type[Controller]]) -> Resources:
    """A controller of each class, all of which know one another.

    Raises ConfigurationError with every mistake in how they refer to each other.
    """
    definitions = {cls.definition.name: cls.definition for cls in classes}
    found, mistakes = find_relations(list(definitions.values()))
    if mistakes:
        raise ConfigurationError("WSGIDispatcher", mistakes)
    controllers = MappingProxyType({cls.definition.name: cls() for cls in classes})
    relations = Relations(
        found,
        lambda name: controllers[name].unrelated_store,
        lambda name: controllers[name].scoped_store,
    )
    embeddings, mistakes = find_embeddings(list(definitions.values()), relations)
    children, childless = find_children(list(definitions.values()), relations)
    if mistakes or childless:
        raise ConfigurationError("WSGIDispatcher", [*mistakes, *childless])
    for controller in controllers.values():
        controller.mount(controllers, relations)
    return Resources(
        controllers=tuple(controllers.values()),
        definitions=definitions,
        relations=relations,
        embeddings=embeddings,
        children=children,
    )
