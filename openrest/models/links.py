"""References that clients read and write as links: ``/address/3`` in the place of 3."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Final
from uuid import UUID

from openrest.models import shapes as s
from openrest.models.formats import SEGMENT
from openrest.models.patterns import Pattern

__all__ = ["RESOURCE_NAME", "link_or_key", "link_shape", "mounted_at"]

#: What resources are called: a segment of a path in which nothing is escaped.
RESOURCE_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)

#: Where the API is mounted, such as ``/api``: with that links begin. A loader is compiled before
#: there is any request, and handlers load, too, what they have merged.
_ROOT: ContextVar[str] = ContextVar("_ROOT", default="")

#: A path before that of the resource, if any: where the API is mounted only the request says. It
#: does not begin with two slashes, which would name a host (RFC 3986, section 4.2).
_CHARACTER: Final = r"(?:[A-Za-z0-9._~!\$&'()*+,;=:@\-]|%[0-9A-Fa-f]{2})"
_BEFORE: Final = f"(?:/{_CHARACTER}+(?:/{_CHARACTER}*)*)?"

_HEX: Final = "[0-9a-f]"
#: Of each kind of key its one spelling, how the text is read, and an example.
_KEYS: Final[dict[type[s.Shape], tuple[str, Callable[[str], Any], str]]] = {
    s.Integer: ("(?:0|[1-9][0-9]{0,18})", int, "1"),
    s.Uuid: (
        f"{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}",
        UUID,
        "5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b",
    ),
    s.String: (SEGMENT.source.strip("^$").removesuffix("*") + "{0,254}", str, "key"),
}


@contextmanager
def mounted_at(root: str) -> Iterator[None]:
    """Links are those of an API that is mounted there, as long as this lasts."""
    token = _ROOT.set(root)
    try:
        yield
    finally:
        _ROOT.reset(token)


@cache
def link_shape(resource: str, key: s.Shape) -> s.Link:
    """The shape of links to objects with such keys; native is the key.

    A link to somewhere else on the same host fits, too, and leads to nothing here. The pattern says
    more than the format ``uri-reference`` would, and generators of data cannot meet both.
    """
    spelled, read, shown = _KEYS[type(key)]
    search = re.compile(rf"({_BEFORE})/{resource}/({spelled})").fullmatch

    def parse(text: str) -> Any:
        found = search(text)
        if found is None or found[1] != _ROOT.get():
            raise ValueError
        value = read(found[2])
        if isinstance(value, int) and value > s.INT64_MAX:
            raise ValueError
        return value

    return s.Link(
        resource=resource,
        shape=key,
        pattern=Pattern(f"^{_BEFORE}/{resource}/{spelled}$"),
        parse=parse,
        write=lambda value: f"{_ROOT.get()}/{resource}/{value}",
        what=f"a link to an object of {resource}, such as /{resource}/{shown}",
        example=f"/{resource}/{shown}",
        total=False,
    )


@cache
def link_or_key(link: s.Link) -> s.Parsed:
    """The text of a link or of a key, as a query has it; None where it leads to nothing here."""
    spelled, read, shown = _KEYS[type(link.shape)]

    def parse(text: str) -> Any:
        try:
            value = link.parse(text) if text.startswith("/") else read(text)
        except ValueError:
            return None
        return None if isinstance(value, int) and value > s.INT64_MAX else value

    return s.Parsed(
        pattern=Pattern(f"^(?:{_BEFORE}/{link.resource}/)?{spelled}$"),
        parse=parse,
        write=str,
        what=f"{link.what}, or its key",
        example=shown,
    )
