"""The waist of openrest: frozen `Operation` rows, and what passes through one of them.

Router, pipeline and document are made from the rows and from nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, Protocol, TypeVar
from urllib.parse import quote, quote_plus

from marshmallow import Schema

from openrest.contract import Body, Header, Parameter, ResponseSpec
from openrest.field_access import FieldAccess
from openrest.interfaces import (
    Authentication,
    Formatter,
    Permission,
    ResponseClass,
    User,
    Validators,
)
from openrest.query import Test
from openrest.ratelimit.limiter import Guesses, Limiter, Policy

__all__ = [
    "Call",
    "Declaration",
    "Operation",
    "Page",
    "Result",
    "declaration",
    "declare",
    "operation",
]

Handler = Callable[["Call"], "Result"]
Decorated = TypeVar("Decorated", bound=Callable[..., Any])

#: What may stand unescaped in a query, less what separates its pairs (RFC 3986, section 3.4).
_QUERY_CHARACTERS: Final = "!$'()*,/:;?@"
#: Tells texts in which nothing has to be escaped, as most are, in a tenth of the time.
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.\-!$'()*,/:;?@]*").fullmatch
#: What may stand unescaped in a segment of a path, besides letters, digits and ``_.-~``
#: (RFC 3986, section 3.3, pchar).
_PCHAR: Final = "!$&'()*+,;=:@"


class Embeds(Protocol):
    """Puts into what a handler answers the objects that it refers to."""

    def needs(self, call: Call) -> set[str]:
        """The fields that have to be known of a record to embed what a call asks for."""

    def embedded(self, call: Call, result: Result) -> Result:
        """The result with all that the call asks for in it."""


class Guards(Protocol):
    """Sees a request before it is asked who makes it."""

    def check(self, environ: dict[str, Any]) -> None:
        """See that it may be answered. Raises a Problem that the operation announces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path: everything the router, the pipeline and the document need.

    `path` is a template such as ``/address/{id}``, `responses` has every status it can answer.
    The first of `response_classes` is the default format. `codings` are those of the content of
    successes. `validators` make the headers by which a client tells versions of what it is
    answered, and hold its conditions against them. What the answer refers to is put into it by
    `embedding`, where clients may ask for that. `authentication` tells who makes a request, and
    they need the `permission`; both are there, or neither. `fields` says who may read what of the
    records that it answers. `limits` are what its requests are counted by: the `limiter` does it,
    once the table is put together, and `guesses` counts credentials that are wrong. What a page of
    another site may have had a browser send, `same_origin` refuses.
    """

    id: str
    method: str
    path: str
    handler: Handler
    responses: tuple[ResponseSpec, ...]
    tag: str = ""
    summary: str = ""
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Body | None = None
    response_classes: tuple[type[ResponseClass], ...] = ()
    codings: tuple[str, ...] = ()
    formatters: tuple[Formatter, ...] = ()
    validators: Validators | None = None
    embedding: Embeds | None = None
    authentication: Authentication | None = None
    permission: Permission | None = None
    fields: FieldAccess | None = None
    limits: tuple[Policy, ...] = ()
    limiter: Limiter | None = None
    guesses: Guesses | None = None
    same_origin: Guards | None = None
    documented: bool = True


@dataclass(slots=True)
class Call:
    """One request, parsed: what its operation declares, as native values, and nothing else.

    `key` is the value of the first path parameter, `query` has a value for each parameter that
    was sent or has a default, `body` is the loaded body. `sent` are the query parameters as
    they came, `address` is the path they came to, `media_type` the format that is answered; one
    that `streams` has records alone, of a page no meta. `checked` says that the conditions in its
    headers have been held against the stored record. `within` are tests that the records of a
    page have to pass besides those which the query asks for. `user` is who makes the request, where
    that is asked and known. `later` is the work of `afterwards`.
    `request_id` is the name of the request, with the option `request_ids` of the dispatcher.
    With an idempotency key it has a `fingerprint`, a digest of what it asks for; `replayed` then
    says whether that has been done before, and is None until somebody has looked. `limited` are
    the headers that say what is left of its limits.
    """

    operation: Operation
    root: str = ""
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    sent: Sequence[tuple[str, str]] = ()
    address: str = ""
    media_type: str = ""
    streams: bool = False
    checked: bool = False
    within: tuple[Test, ...] = ()
    later: list[Callable[[], object]] = field(default_factory=list)
    fingerprint: str = ""
    user: User | None = None
    replayed: bool | None = None
    request_id: str = ""
    limited: Sequence[tuple[str, str]] = ()
    #: What links keep of the query, by the names of the parameters that they set.
    kept: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def key(self) -> Any:
        """The value of the first path parameter: the key of the record that is meant."""
        return next(iter(self.path.values()), None)

    def afterwards(self, work: Callable[..., object], *arguments: Any) -> None:
        """Have work done once the handler has returned, and only then.

        What is stored by then stays, and so does the answer: work that fails is logged. With debug
        that is ContractError.
        """
        self.later.append(partial(work, *arguments))

    def uri(self, *segments: object) -> str:
        """The address of a path below the root of the API, as a path-absolute reference.

        It names no host: what a proxy or a forged ``Host`` header says cannot get into it
        (RFC 3986, section 4.2).
        """
        return self.root + "".join("/" + quote(str(segment), safe=_PCHAR) for segment in segments)

    def link(self, **parameters: object) -> str:
        """The address of this call with some query parameters set and all others kept.

        One that is None is left out.
        """
        names = tuple(parameters)
        kept = self.kept.get(names)
        if kept is None:
            others = [(name, value) for name, value in self.sent if name not in parameters]
            kept = self.kept[names] = "&".join(
                f"{_escaped(name)}={_escaped(value)}" for name, value in others
            )
        parts = [kept] if kept else []
        for name, value in parameters.items():
            if type(value) is int:  # as most are, and nothing in it needs an escape
                parts.append(f"{name}={value}")
            elif value is not None:
                parts.append(f"{_escaped(name)}={_escaped(str(value))}")
        return f"{self.address}?{'&'.join(parts)}" if parts else self.address


def _escaped(text: str) -> str:
    """A name or a value as it stands in a query."""
    return text if _PLAIN(text) else quote_plus(text, safe=_QUERY_CHARACTERS)


@dataclass(slots=True)
class Page:
    """What a list answers: records, and the members of its ``meta``."""

    records: Iterable[dict[str, Any]]
    meta: dict[str, Any]


@dataclass(slots=True)
class Result:
    """What a handler answers: a record, a `Page` or a plain value; a status; headers."""

    body: Any = None
    status: int = 200
    headers: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a method of a controller says of the operation that it handles.

    `method` and `path` are empty where it overrides a built-in handler.
    """

    method: str = ""
    path: str = ""
    status: int = 200
    summary: str = ""
    parameters: tuple[Parameter, ...] = ()
    headers: tuple[Header, ...] = ()
    body: type[Schema] | None = None
    returns: Literal["record", "page"] | type[Schema] | None = "record"
    errors: Mapping[int, str] = field(default_factory=dict)


_ATTRIBUTE: Final = "__openrest_declaration__"


def operation(
    method: str,
    path: str,
    *,
    status: int = 200,
    summary: str = "",
    parameters: Sequence[Parameter] = (),
    headers: Sequence[Header] = (),
    body: type[Schema] | None = None,
    returns: Literal["record", "page"] | type[Schema] | None = "record",
    errors: Mapping[int, str] | None = None,
) -> Callable[[Decorated], Decorated]:
    """Make a method of a controller an operation of its own, routed and documented.

        @operation("POST", "/{id}/retweet")
        def retweet(self, call: Call) -> Result:
            '''Count one more retweet.'''
            ...

    `path` goes below the resource's; ``{id}`` is the model's key under its own name. `returns`
    is what the success answers: a ``record``, a ``page``, the object of another model, or None
    for no content. `headers` go out with it. `errors` are further statuses with their
    descriptions: 404 where a key is named, and what the pipeline itself can answer, are there
    already. Summary and description are the docstring's unless given.
    """
    declared = Declaration(
        method=method.upper(),
        path=path,
        status=status,
        summary=summary,
        parameters=tuple(parameters),
        headers=tuple(headers),
        body=body,
        returns=returns,
        errors=dict(errors or {}),
    )
    return _attach(declared)


def declare(
    *,
    parameters: Sequence[Parameter] = (),
    headers: Sequence[Header] = (),
    errors: Mapping[int, str] | None = None,
) -> Callable[[Decorated], Decorated]:
    """Say what a method that overrides a built-in handler or a hook reads and answers beyond it."""
    declared = Declaration(
        parameters=tuple(parameters), headers=tuple(headers), errors=dict(errors or {})
    )
    return _attach(declared)


def _attach(declared: Declaration) -> Callable[[Decorated], Decorated]:
    def attach(method: Decorated) -> Decorated:
        setattr(method, _ATTRIBUTE, declared)
        return method

    return attach


def declaration(method: object) -> Declaration | None:
    """What `operation` or `declare` attached to a method, or None."""
    found: Declaration | None = getattr(method, _ATTRIBUTE, None)
    return found
