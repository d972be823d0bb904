"""The links from one page to others: in ``meta``, and in the header ``Link``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from openrest.contract import Header
from openrest.models import shapes as s

__all__ = ["LINK", "LINKED", "link_headers", "link_members"]

#: Member of ``meta`` -> the relation in the header (RFC 8288, section 3.3, and the registry, where
#: the one before is called "prev").
_RELATIONS: Final = {"first": "first", "last": "last", "next": "next", "previous": "prev"}

#: What a style that has links contributes.
LINK: Final = Header(name="Link", shape=s.String(), description="The links of `meta` (RFC 8288)")

#: The end of a sentence about such a style.
LINKED: Final = "`meta` and the header `Link` lead to the other pages."


def link_members(without: Iterable[str] = ()) -> Iterator[s.Member]:
    """The members of ``meta`` that are links, without some of them."""
    for name in _RELATIONS:
        if name not in without:
            yield s.Member(
                name=name,
                wire=name,
                shape=s.Nullable(shape=s.String(format="uri-reference")),
                required=True,
                description=f"Address of the {name} page, or null",
            )


def link_headers(meta: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The header that has the links of a ``meta``."""
    links = [
        f'<{meta[name]}>; rel="{relation}"'
        for name, relation in _RELATIONS.items()
        if meta.get(name) is not None
    ]
    yield "Link", ", ".join(links)
