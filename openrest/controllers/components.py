"""The objects of one resource, each with its name in the document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from openrest.config import Definition
from openrest.contract import PROBLEM
from openrest.embedded import add_embedded
from openrest.models import shapes as s
from openrest.models.variants import create_shape, patch_shape, read_shape, replace_shape
from openrest.views.formatters import formatted

__all__ = ["Components", "components", "renaming", "resource_component"]

Sent = s.Object | s.OneOf


@dataclass(frozen=True, slots=True)
class Components:
    """What clients read and send: ``Address``, ``AddressCreate``, ``AddressReplace`` ...

    `partial` is what is read where clients choose the members, `partial_page` a page of it.
    """

    read: Sent
    create: Sent
    replace: Sent
    patch: Sent
    page: s.Object
    partial: Sent | None = None
    partial_page: s.Object | None = None


def resource_component(name: str) -> str:
    """The name of what a resource answers: ``address-book`` answers an ``AddressBook``."""
    return "".join(part[:1].upper() + part[1:] for part in re.split("[-_]", name))


def renaming(taken: Iterable[str]) -> Callable[[str], str]:
    """Name of a nested object -> its name in the document, where resources have names, too.

    So has the problem that every error is.
    """
    names = frozenset([*taken, str(PROBLEM.component)])
    return lambda name: f"{name}Nested" if name in names else name


def components(
    definition: Definition, rename: Callable[[str], str], embedded: Mapping[str, s.Member]
) -> Components:
    """The objects of a resource; their names are made from its own, the same at every start.

    `rename` gives the names of what is nested in them, `embedded` what there is a place for.
    """
    name = resource_component(definition.name)
    model, key = definition.shape, definition.key.name
    shown = formatted(read_shape(model, name, rename), definition.formatters)
    read = add_embedded(shown, embedded)
    partial, partial_page = None, None
    if definition.partial is not None:
        shown = formatted(read_shape(model, f"{name}Partial", rename), definition.formatters)
        partial = add_embedded(definition.partial.shape(shown), embedded)
        partial_page = _page(f"{name}PartialList", partial, definition)
    return Components(
        read=read,
        create=create_shape(model, f"{name}Create", rename),
        replace=replace_shape(model, key, f"{name}Replace", rename),
        patch=patch_shape(model, key, f"{name}Patch", rename),
        page=_page(f"{name}List", read, definition),
        partial=partial,
        partial_page=partial_page,
    )


def _page(component: str, read: Sent, definition: Definition) -> s.Object:
    count = s.Integer(minimum=0)
    total = s.Member(
        name="total_count",
        wire="total_count",
        shape=count,
        required=True,
        description="How many objects there are",
    )
    meta = s.Object(
        members=(
            s.Member(name="count", wire="count", shape=count, required=True,
                     description="How many objects are here"),
            *(definition.pagination.contribution().meta if definition.pagination else [total]),
        )
    )  # fmt: skip
    return s.Object(
        component=component,
        members=(
            s.Member(name="meta", wire="meta", shape=meta, required=True),
            s.Member(
                name="object_list", wire="object_list", shape=s.List(item=read), required=True
            ),
        ),
    )
