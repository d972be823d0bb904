"""The three mappings of a controller: their keys, and what they make together.

The TypedDicts let mypy and pyright check the plain dict literals of a user's class; `checking`
says the same when the class is created. A dispatcher has two mappings more, which `info` checks.
"""

# No "from __future__ import annotations" here: TypedDict reads its Required marks at run time.
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

from marshmallow import Schema

from openrest.audit import AuditTrail
from openrest.bulk import Bulk
from openrest.children import Children
from openrest.datastore.lifecycle import Times
from openrest.datastore.scoped import RowScope
from openrest.dry_run import DryRun
from openrest.embedded import Embed
from openrest.field_access import FieldAccess
from openrest.filters import CustomFilter, Filters, Operator
from openrest.idempotency import Idempotency
from openrest.interfaces import (
    Authentication,
    DataStore,
    Formatter,
    PaginationStyle,
    Permission,
    ResponseClass,
    StoreValidator,
)
from openrest.models import shapes as s
from openrest.partial import Partial
from openrest.preconditions import Concurrency, Preconditions
from openrest.preferences import Preferences
from openrest.ratelimit.limit import RateLimit
from openrest.ratelimit.limiter import Policy
from openrest.searching import Searching
from openrest.sorting import Sorting

__all__ = [
    "Contact",
    "ControllerConfig",
    "ControllerOptions",
    "Definition",
    "License",
    "ResourceConfig",
    "ResourceOptions",
    "ViewConfig",
    "ViewOptions",
]

ListVerb = Literal["GET", "POST", "PATCH", "DELETE"]
UniqueVerb = Literal["GET", "PUT", "PATCH", "DELETE"]


class ResourceOptions(TypedDict, total=False):
    """What belongs to the data.

    validators: rules that the store keeps inside its writes, such as `UniqueTogether`.
    created_at: the field that is set to the time at which a record is made.
    updated_at: the field that is set to the time of every change.
    deleted_at: the field that is set by DELETE, which then hides the record and keeps it.
    last_modified: the field with the time of the last change, for the header ``Last-Modified``;
        that of `updated_at` unless given.
    """

    validators: Sequence[StoreValidator]
    created_at: str
    updated_at: str
    deleted_at: str
    last_modified: str


class ResourceConfig(TypedDict):
    """Where the data lives and what it is.

    resource_name: the segment of the URL, and the tag in the document.
    resource: what the datastore needs to reach the data; left out with a ready instance.
    model: the class of the model.
    datastore: the class of the datastore, or an instance that is shared.
    options: see `ResourceOptions`.
    """

    resource_name: str
    resource: NotRequired[Any]
    model: type[Schema]
    datastore: type[DataStore] | DataStore
    options: NotRequired[ResourceOptions]


class ControllerOptions(TypedDict, total=False):
    """How the resource behaves.

    pagination: a style of pages, `Pagination`, `PagePagination` or `CursorPagination`, or None for
        a list that is always whole; `Pagination(100)` unless given.
    filters: the fields that lists are filtered by, each with its operators or True for all that
        make sense, and filters of one's own; equality on every field unless given.
    any_of: whether ``?any_of=[{...}, {...}]`` joins filters by *or*.
    sorting: the fields that ``?sort=-age,name`` chooses from, or True for all that have an order;
        none unless given.
    default_sort: the order where none is asked for, such as ``["-age", "name"]``; that of the
        keys unless given.
    search: the text fields in which ``?q=two words`` searches; none unless given.
    partial: the members that ``?fields=name,age`` chooses from, or True for all that answers show;
        answers always show all of them unless given.
    json_patch: whether PATCH takes a JSON Patch (RFC 6902) beside a JSON Merge Patch.
    upsert: whether PUT creates an object that is not there; for keys that clients choose.
    concurrency: whether changes need ``If-Match`` (``"required"``) or may have it
        (``"optional"``); heeded without being a parameter of the document unless given.
    idempotency: an `Idempotency`, for the header ``Idempotency-Key`` of a POST, with which it may
        be sent again without creating anything more; no such header unless given.
    cache_control: the header ``Cache-Control`` of what is read, None for no such header;
        ``"no-cache"`` unless given: whoever keeps an answer asks whether it is still right.
    embed: the foreign fields whose objects ``?embed=address`` puts into answers, or True for all of
        those that can be read; none unless given.
    children: the resources whose objects refer to one of this, each of which gets a list below it,
        ``["users"]`` for ``/address/1/users``; a mapping gives the segments, ``{"residents":
        "users.home"}``, and True is all of them; none unless given.
    max_embed_depth: how many dots and one ``?embed=address.city`` may have, where the other
        resource has the option, too; 2 unless given, at most 5.
    prefer: whether ``Prefer: return=minimal`` and ``Prefer: handling=strict`` are heeded.
    dry_run: whether ``?dry_run=true`` checks a write and undoes it.
    bulk: whether one request may be about many objects, all of them or none; True, or a `Bulk` with
        its bounds: an array in a POST creates as many objects, and ``list_verbs`` may
        have PATCH and DELETE.
    authentication: how it is told who makes a request, such as an `ApiKeyAuthentication`; nobody
        is asked unless given.
    authorization: who may: a permission, ``Authenticated()`` unless given, or one for each verb,
        ``{"GET": Anyone(), "DELETE": Scope("admin")}``, and ``"*"`` for all others.
    scope: which objects a user has, ``lambda user: {"owner": user["id"]}``: all others are not
        there for them; a list is of values that may be there; everybody has all unless given.
    readable: who may read a field, ``{"salary": Role("hr")}``: answers to all others lack it, and
        they cannot filter, sort or search by it; whoever may read the object, unless given.
    writable: who may set a field, likewise; whoever may write the object, unless given.
    ratelimit: how many requests somebody may make: a `RateLimit`, several that all hold, or those
        of each verb, ``{"GET": RateLimit("100/minute"), "POST": None}``, and ``"*"`` for all
        others; as many as they like unless given.
    audit: an `AuditTrail`, or a datastore of `AuditEntry`, in which each write leaves an entry that
        says who has made it; none unless given.
    """

    pagination: PaginationStyle | None
    filters: Mapping[str, Literal[True] | Sequence[Operator] | CustomFilter]
    any_of: bool
    sorting: Literal[True] | Sequence[str]
    default_sort: Sequence[str]
    search: Sequence[str]
    partial: Literal[True] | Sequence[str]
    json_patch: bool
    upsert: bool
    concurrency: Concurrency
    idempotency: Idempotency
    cache_control: str | None
    embed: Literal[True] | Sequence[str]
    max_embed_depth: int
    children: Literal[True] | Sequence[str] | Mapping[str, str]
    prefer: bool
    dry_run: bool
    bulk: bool | Bulk
    authentication: Authentication | None
    authorization: Permission | Mapping[str, Permission]
    scope: Callable[..., Mapping[str, Any]]
    readable: Mapping[str, Permission]
    writable: Mapping[str, Permission]
    ratelimit: (
        RateLimit
        | Sequence[RateLimit]
        | Mapping[str, RateLimit | Sequence[RateLimit] | None]
        | None
    )
    audit: AuditTrail | DataStore


class ControllerConfig(TypedDict):
    """Which verbs there are.

    list_verbs: those of the whole resource, GET and POST; with the option ``bulk`` also PATCH and
        DELETE, of all objects that filters find.
    unique_verbs: those of one object: GET, PUT, PATCH and DELETE.
    options: see `ControllerOptions`.
    """

    list_verbs: Sequence[ListVerb]
    unique_verbs: Sequence[UniqueVerb]
    options: NotRequired[ControllerOptions]


class ViewOptions(TypedDict, total=False):
    """How records are shown.

    alternatives: further formats, which ``Accept`` picks.
    format_parameter: whether ``?format=csv`` picks one, too, whatever ``Accept`` says.
    formatters: ``"add_resource_uri"``, or functions of a record and the call.
    """

    alternatives: Sequence[type[ResponseClass]]
    format_parameter: bool
    formatters: Sequence[Literal["add_resource_uri"] | Callable[..., dict[str, Any]]]


class ViewConfig(TypedDict):
    """The format of answers.

    response_class: the default format, such as `JsonResponse`.
    options: see `ViewOptions`.
    """

    response_class: type[ResponseClass]
    options: NotRequired[ViewOptions]


class Contact(TypedDict, total=False):
    """Whom to ask about an API; at least one of these.

    name: of a person or of a group.
    url: of a page for those who have a question.
    email: the address to write to.
    """

    name: str
    url: str
    email: str


class License(TypedDict):
    """On which terms an API may be used.

    name: of the license.
    identifier: its SPDX expression; not together with `url`.
    url: of its text; not together with `identifier`.
    """

    name: str
    identifier: NotRequired[str]
    url: NotRequired[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """The three mappings, checked and read."""

    name: str
    source: Any
    model: type[Schema]
    shape: s.Object | s.OneOf
    key: s.Member
    datastore: type[DataStore] | DataStore
    validators: tuple[StoreValidator, ...]
    times: Times | None
    list_verbs: tuple[str, ...]
    unique_verbs: tuple[str, ...]
    pagination: PaginationStyle | None
    filters: Filters | None
    sorting: Sorting | None
    search: Searching | None
    partial: Partial | None
    json_patch: bool
    upsert: bool
    preconditions: Preconditions
    embed: Embed
    children: Children
    preferences: Preferences | None
    dry_run: DryRun | None
    bulk: Bulk | None
    idempotency: Idempotency | None
    authentication: Authentication | None
    permissions: Mapping[str, Permission]
    scope: RowScope | None
    fields: FieldAccess | None
    limits: Mapping[str, tuple[Policy, ...]]
    audit: AuditTrail | None
    response_classes: tuple[type[ResponseClass], ...]
    format_parameter: bool
    formatters: tuple[Formatter, ...]
