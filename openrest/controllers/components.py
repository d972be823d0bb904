"""The objects of one resource, each with its name in the document."""

from __future__ import annotations

import re
from dataclasses import dataclass

from openrest.config import Definition
from openrest.models import shapes as s
from openrest.models.variants import create_shape, patch_shape, read_shape, replace_shape
from openrest.views.formatters import formatted

__all__ = ["Components", "components"]


@dataclass(frozen=True, slots=True)
class Components:
    """What clients read and send: ``Address``, ``AddressCreate``, ``AddressReplace`` ..."""

    read: s.Object
    create: s.Object
    replace: s.Object
    patch: s.Object
    page: s.Object


def components(definition: Definition) -> Components:
    """The objects of a resource; their names are made from its own, the same at every start."""
    name = "".join(part[:1].upper() + part[1:] for part in re.split("[-_]", definition.name))
    model, key = definition.shape, definition.key.name
    read = formatted(read_shape(model, name), definition.formatters)
    return Components(
        read=read,
        create=create_shape(model, f"{name}Create"),
        replace=replace_shape(model, key, f"{name}Replace"),
        patch=patch_shape(model, key, f"{name}Patch"),
        page=_page(f"{name}List", read, definition),
    )


def _page(component: str, read: s.Object, definition: Definition) -> s.Object:
    count = s.Integer(minimum=0)
    meta = s.Object(
        members=(
            s.Member(name="count", wire="count", shape=count, required=True,
                     description="How many objects are here"),
            s.Member(name="total_count", wire="total_count", shape=count, required=True,
                     description="How many objects there are on all pages"),
            *(definition.pagination.contribution().meta if definition.pagination else ()),
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
