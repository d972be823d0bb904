"""The contract of an operation as plain data: parameters, bodies, answers, and who adds what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from openrest.errors import (
    MAX_MISTAKES,
    BadGateway,
    BadRequest,
    Conflict,
    ContentTooLarge,
    Forbidden,
    GatewayTimeout,
    InternalServerError,
    MethodNotAllowed,
    MisdirectedRequest,
    NotAcceptable,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    RequestHeaderFieldsTooLarge,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnprocessableContent,
    UnsupportedMediaType,
    URITooLong,
)
from openrest.models import shapes as s

__all__ = [
    "NO_EXAMPLE",
    "PROBLEM",
    "PROBLEMS",
    "PROBLEM_MEDIA_TYPE",
    "Body",
    "Contribution",
    "Header",
    "Link",
    "Parameter",
    "ResponseSpec",
]

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"

#: Stands for an example where the rules of a model refuse all that can be made up.
NO_EXAMPLE: Final = object()

#: The class of each status that the pipeline can answer with a problem.
PROBLEMS: Final[Mapping[int, type[Problem]]] = {
    problem.status: problem
    for problem in (
        BadRequest,
        Unauthorized,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        NotAcceptable,
        Conflict,
        PreconditionFailed,
        ContentTooLarge,
        URITooLong,
        UnsupportedMediaType,
        MisdirectedRequest,
        UnprocessableContent,
        PreconditionRequired,
        TooManyRequests,
        RequestHeaderFieldsTooLarge,
        InternalServerError,
        BadGateway,
        ServiceUnavailable,
        GatewayTimeout,
    )
}

_MISTAKE = s.Object(
    members=(
        s.Member(name="pointer", wire="pointer", shape=s.String(),
                 description="JSON pointer into the body, or into a parameter that is a list or is "
                         "JSON, as a URI fragment (RFC 6901, section 6)"),
        s.Member(name="parameter", wire="parameter", shape=s.String(),
                 description="Name of the query or path parameter"),
        s.Member(name="header", wire="header", shape=s.String(),
                 description="Name of the header"),
        s.Member(name="detail", wire="detail", shape=s.String(), required=True,
                 description="What is wrong, for a person to read"),
    ),
)  # fmt: skip

#: The body of every error: what is written, and what the document shows (RFC 9457, section 3.1).
PROBLEM: Final = s.Object(
    component="Problem",
    description="A problem (RFC 9457); `errors` lists the mistakes, each with its place.",
    members=(
        s.Member(name="type", wire="type", shape=s.String(format="uri-reference"), required=True),
        s.Member(name="title", wire="title", shape=s.String(), required=True),
        s.Member(name="status", wire="status", shape=s.Integer(minimum=400, maximum=599),
                 required=True),
        s.Member(name="detail", wire="detail", shape=s.String(), required=True),
        s.Member(name="instance", wire="instance", shape=s.String(format="uri-reference"),
                 description="Names this one occurrence; the server's log has it too"),
        s.Member(name="errors", wire="errors", shape=s.List(item=_MISTAKE, min_items=1,
                                                            max_items=MAX_MISTAKES)),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A parameter of a request: where it stands, its name there, and its shape.

    `name` is the key under which a `Call` has its value; `wire` the name in the request, the
    same unless given. `default` is the native value when it is left out. One that `is_json` has
    its value as JSON text, and any shape. What is not `documented` is read all the same. With
    `answered_later` the handler itself answers a request without a required one.
    """

    name: str
    shape: s.Shape
    location: Literal["path", "query", "header"] = "query"
    wire: str = ""
    required: bool = False
    default: Any = s.MISSING
    description: str = ""
    example: Any = s.MISSING
    is_json: bool = False
    documented: bool = True
    answered_later: bool = False

    def __post_init__(self) -> None:
        if not self.wire:
            object.__setattr__(self, "wire", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A header of a response; a required one is sent every time.

    What is a `validator` is made of the body, and no handler sends it. Nor does one what goes
    `everywhere`, with every answer of an API: the document says that once. `example` is a value.
    """

    name: str
    shape: s.Shape
    description: str = ""
    required: bool = True
    validator: bool = False
    everywhere: bool = False
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What can be asked next (OpenAPI 3.1, Link Object).

    `parameters` are runtime expressions, and `body` has those for members of the request body,
    which may have more.
    """

    name: str
    operation: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A request body: the object it must be, and the media types it may come in.

    `decoders` read the bytes of those that are not JSON, by media type: they take the bytes and how
    deep a value may be nested, and raise `Unreadable`.
    A call has it loaded, or with `wire` as it came, once it is checked. `ruled` says that the
    handler runs rules beyond those of the shape. `example` is a wire value, made up from the shape
    unless given, or `NO_EXAMPLE`. `others` are what may be sent instead, in other media types.
    `many` is an array of such objects, which may be sent in their place in the same media types.
    """

    shape: s.Object | s.OneOf | s.List
    media_types: tuple[str, ...] = ("application/json",)
    decoders: Mapping[str, Callable[[bytes, int], Any]] = field(default_factory=dict)
    wire: bool = False
    ruled: bool = False
    example: Any = s.MISSING
    others: tuple[Body, ...] = ()
    many: s.List | None = None

    @property
    def all(self) -> tuple[Body, ...]:
        """This body, and those that may be sent instead of it."""
        return (self, *self.others)

    @property
    def all_media_types(self) -> tuple[str, ...]:
        """The media types of all of them."""
        return tuple(media_type for body in self.all for media_type in body.media_types)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSpec:
    """One status of an operation.

    `content` says what the body of a success is made from: one ``record``, a ``page`` of records
    with its meta, a ``value`` that is dumped by `shape` alone, or ``nothing``. A status that is
    answered with a problem has no shape of its own. Where a client may choose the members of the
    objects, `shape` fits every choice and `whole` is that of all members. `media_types` are the
    operation's unless given; `example` is a wire value, or the problem, and made up from the shape
    unless given, or it is `NO_EXAMPLE`. `many` is an array of such
    records, which may be answered in the place of one.
    """

    status: int
    description: str
    content: Literal["record", "page", "value", "nothing", "problem"] = "problem"
    shape: s.Shape | None = None
    whole: s.Shape | None = None
    many: s.List | None = None
    headers: tuple[Header, ...] = ()
    links: tuple[Link, ...] = ()
    media_types: tuple[str, ...] = ()
    example: Any = s.MISSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one part adds to the operations that it takes part in.

    `description` is a sentence for the reader of the document: what no schema shows. `headers` go
    on the success answers, `meta` are members of a list's ``meta``; `adds` and `removes` are what
    a formatter changes in the members of an answer, and `needs` the fields of a record that it
    reads, which may be all of them (None).
    """

    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    responses: tuple[ResponseSpec, ...] = ()
    headers: tuple[Header, ...] = ()
    meta: tuple[s.Member, ...] = ()
    adds: tuple[s.Member, ...] = ()
    removes: tuple[str, ...] = ()
    needs: tuple[str, ...] | None = None
    media_types: tuple[str, ...] = ()
