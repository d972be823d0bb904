"""What the rest of openrest sees of a response class, and the parameter that picks one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl

from openrest.contract import Body, Contribution, Header, Parameter, ResponseSpec
from openrest.interfaces import Described, ResponseClass
from openrest.models import shapes as s

__all__ = [
    "FORMAT",
    "FORMAT_KEY",
    "OTHERS",
    "Format",
    "WriteRows",
    "asked_for",
    "body_of",
    "columns",
    "contribution",
    "format_of",
    "object_shape",
    "objects_of",
]

#: The parameter that picks a format.
FORMAT: Final = "format"
#: Its key in a call, which an author's own parameter called ``format`` does not have.
FORMAT_KEY: Final = ":format"

#: The column of the members that have none of their own, where objects may have any.
OTHERS: Final = "*"

_JSON = re.compile(r"application/(?:[^+]+\+)?json")

#: `decode` of a `ResponseClass`.
Decode = Callable[[bytes, int], Any]
#: `rows` of a `ResponseClass`.
WriteRows = Callable[[Iterable[Any], Sequence[str]], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Format:
    """A response class with all that it may leave out filled in: see `ResponseClass`."""

    media_type: str
    name: str
    content_type: str
    described: Described
    response_class: type[ResponseClass]
    rows: WriteRows | None
    decode: Decode | None


def format_of(cls: type[ResponseClass]) -> Format:
    """What a response class says, and the defaults of what it does not."""
    media_type = cls.media_type
    return Format(
        media_type=media_type,
        name=getattr(cls, "name", _name(media_type)),
        content_type=getattr(cls, "content_type", media_type),
        described=getattr(cls, "described", _described(media_type)),
        response_class=cls,
        rows=getattr(cls, "rows", None),
        decode=getattr(cls, "decode", None),
    )


def _name(media_type: str) -> str:
    """``application/vnd.msgpack`` is called ``msgpack``; "+" would be a space in a query."""
    subtype = media_type.partition("/")[2]
    return re.sub("^(?:x-|vnd[.]|prs[.])", "", subtype).replace("+", "-")


def _described(media_type: str) -> Described:
    if _JSON.fullmatch(media_type):
        return "value"
    return "text" if media_type.startswith("text/") else "nothing"


def columns(shape: s.Shape) -> tuple[str, ...]:
    """The names in JSON of all members that an object may have, in the order of the document."""
    objects = [each for _, each in shape.variants] if isinstance(shape, s.OneOf) else [shape]
    found = [each for each in objects if isinstance(each, s.Object)]
    names = [member.wire for each in found for member in each.members]
    return tuple(dict.fromkeys([*names, *(OTHERS for each in found if each.extra == "keep")]))


def object_shape(content: str, shape: s.Shape) -> s.Shape:
    """What one object is in an answer of this shape, which may be a page of them."""
    if content == "page" and isinstance(shape, s.Object):
        objects = shape.member("object_list").shape
        if isinstance(objects, s.List):
            return objects.item
    return shape


def objects_of(spec: ResponseSpec, value: Any) -> list[Any]:
    """The wire objects in an answer, for formats that write one after the other."""
    return list(value["object_list"]) if spec.content == "page" else [value]


def body_of(shape: s.Object | s.OneOf, classes: Sequence[type[ResponseClass]]) -> Body:
    """A body in JSON, and in those of the formats that can be read."""
    found = [format_of(cls) for cls in classes]
    decoders = {each.media_type: each.decode for each in found if each.decode is not None}
    json = Body(shape=shape).media_types
    return Body(
        shape=shape,
        media_types=tuple(dict.fromkeys([*json, *decoders])),
        decoders={name: decode for name, decode in decoders.items() if name not in json},
    )


def contribution(classes: Sequence[type[ResponseClass]], *, parameter: bool) -> Contribution:
    """The parameter, where there is one, and the header of what comes in several formats."""
    if len(classes) < 2:
        return Contribution()
    names = tuple(format_of(cls).name for cls in classes)
    vary = Header(
        name="Vary",
        shape=s.String(),
        description="The headers of the request that the answer depends on",
    )
    asked = Parameter(
        name=FORMAT_KEY,
        wire=FORMAT,
        shape=s.Choice(pairs=tuple((name, name) for name in names)),
        description="The format of the answer, whatever `Accept` says",
    )
    return Contribution(parameters=(asked,) if parameter else (), headers=(vary,))


def asked_for(query: str) -> str | None:
    """The format that a query asks for, or None: the first, where it is there more than once.

    A query that cannot be read asks for none; it is refused once its parameters are read.
    """
    if "=" not in query:
        return None
    try:
        pairs = parse_qsl(query, keep_blank_values=True)
    except ValueError:
        return None
    return next((value for name, value in pairs if name == FORMAT), None)
