"""What all rows of one resource are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from openrest.bodies import Limits
from openrest.config import Definition
from openrest.controllers.components import Components, Sent
from openrest.controllers.controller import Controller
from openrest.embedded import without_embedded
from openrest.models import shapes as s
from openrest.models.examples import true_example
from openrest.relations.children import ChildList
from openrest.relations.embedding import Embedding
from openrest.relations.relation import Relations

__all__ = ["Resource"]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of an API, as its rows are to show it.

    `definition` is that of the controller, or what somebody may see of it; `parts` are the objects
    that clients read and send, and `rename` gives the names of others. `relations` and `children`
    are those of all resources.
    """

    controller: Controller
    definition: Definition
    parts: Components
    rename: Callable[[str], str]
    limits: Limits
    relations: Relations
    embedding: Embedding | None
    children: Sequence[ChildList]

    @property
    def author(self) -> type[Controller]:
        """The class with what its author has written."""
        return type(self.controller)

    @cached_property
    def plain(self) -> Sent:
        """What answers show where nothing is asked for: of that the examples are."""
        plain: Sent = without_embedded(self.parts.read)
        return plain

    @cached_property
    def shows(self) -> bool:
        """Whether any record can be made up that the rules take: no other is ever answered."""
        return true_example(self.parts.create) is not s.MISSING
