"""Every seam of openrest on one page: subclass one of these to put in a part of your own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from marshmallow import Schema

from openrest.contract import Contribution
from openrest.errors import CredentialsRefused
from openrest.models import model_shape
from openrest.models.walking import stored_object
from openrest.query import Query, Test

__all__ = [
    "CallView",
    "Authentication",
    "Change",
    "Check",
    "Credentials",
    "DataStore",
    "Described",
    "Filter",
    "Formatter",
    "Once",
    "PaginationStyle",
    "Permission",
    "Record",
    "ResponseClass",
    "StoreValidator",
    "User",
    "Validators",
]

Made = TypeVar("Made")

#: One record: native Python values keyed by field name.
Record = dict[str, Any]
#: From the current record to the new one. It may raise, and then nothing is written. A store may
#: call it more than once, where it has to begin anew: then what came of it before does not count.
Change = Callable[[Record], Record]
#: Sees the record that is about to come or to go. It may raise, and then nothing is written. It
#: may be called more than once, too.
Check = Callable[[Record], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A request that is carried out once, however often it comes.

    `key` is the name that the client gives it, `fingerprint` tells what it asks for. It comes at
    the time `now` and is remembered before the time `until`, both in seconds since the epoch.
    """

    key: str
    fingerprint: str
    now: float
    until: float


class StoreValidator(ABC):
    """A rule about stored records that a store keeps inside the write itself."""

    #: The fields it is about.
    members: tuple[str, ...]

    @abstractmethod
    def contribution(self) -> Contribution:
        """The conflict that writes may then answer."""


class DataStore(ABC):
    """Where the records of one resource live.

    A store knows nothing of HTTP. It is shared by all threads and keeps nothing of a request.
    Records go in and come out as copies: whoever changes one changes nothing that is stored. A
    field without a value is absent from a record, or None where its shape is nullable. A record
    that does not fit the model is refused on every write (ContractError).
    """

    #: The operators of `openrest.query.OPERATORS` that conditions may use.
    operators: ClassVar[frozenset[str]] = frozenset()
    #: Whether a query may have tests that are an `AnyOf`.
    alternatives: ClassVar[bool] = False
    #: Whether `Query.order` is heeded.
    sortable: ClassVar[bool] = False
    #: Whether a query may have tests that are a `Search`.
    searchable: ClassVar[bool] = False
    #: Whether `Query.beyond` and `Query.backwards` are heeded.
    seekable: ClassVar[bool] = False
    #: Whether insert, update and delete work at all.
    writable: ClassVar[bool] = True
    #: Whether it may raise StoreUnavailable.
    can_be_away: ClassVar[bool] = False
    #: Whether another server has the data, so that it may raise UpstreamFailed, UpstreamTimedOut
    #: and RecordRefused.
    asks_upstream: ClassVar[bool] = False
    #: Whether `insert_many` takes more than one record.
    inserts_many: ClassVar[bool] = True
    #: Whether `update_many` and `delete_many` work.
    changes_many: ClassVar[bool] = False
    #: Whether `together` works.
    changes_together: ClassVar[bool] = False
    #: Whether its writes are undone within a `openrest.rehearsal.rehearsal`.
    rehearses: ClassVar[bool] = False
    #: Whether `insert_once` works.
    idempotent: ClassVar[bool] = False
    #: The classes of validators that it keeps inside its writes.
    enforces: ClassVar[tuple[type[StoreValidator], ...]] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "find" in vars(cls) and "stream" not in vars(cls):
            # One that it inherits would know nothing of what its own `find` leaves out.
            cls.stream = DataStore.stream  # type: ignore[method-assign]
        own = vars(cls)
        if ("insert" in own or "insert_many" in own) and "insert_once" not in own:
            # Likewise of what its own `insert` does besides.
            cls.idempotent = own.get("idempotent", False)

    @classmethod
    def for_resource(cls, resource: Any) -> type[DataStore]:
        """The class that says what the store of this resource can do: itself unless overridden.

        It is asked for when a controller's class is created, before there is any store. Raises
        ConfigurationError for a resource that no store can be made of.
        """
        return cls

    def __init__(
        self, resource: Any, model: type[Schema], validators: Sequence[StoreValidator] = ()
    ) -> None:
        """`resource` says where the data is, in the store's own words.

        `shape` is then what the model says of a record as it is stored, and `key` its key.
        """
        self.resource = resource
        shape, self.key = model_shape(model)
        self.shape = stored_object(shape)
        self.validators = tuple(validators)

    def ping(self) -> None:
        """See that the records can be read now; whatever is raised says that they cannot.

        It is asked often, and by a thread of its own. Unless overridden it looks for one record.
        """
        self.count_up_to(Query(), 1)

    def prepare_search(self, members: Sequence[str]) -> None:
        """Get ready to search these fields, before anybody does; more than once for other fields.

        For a store that has an index to make; one that has none need not do anything.
        """
        return

    @abstractmethod
    def find(self, query: Query) -> Iterable[Record]:
        """The records that meet the conditions, ordered, within the window."""

    def stream(self, query: Query) -> Iterator[Record]:
        """The records of `find` one after the other, for as many as memory could not hold.

        What is written meanwhile does not disturb it, and it keeps no other from writing. It may
        be given up at any record: then it is closed, if it has a method for it. A class with a
        `find` of its own has this one, unless it has its own of these, too.
        """
        return iter(self.find(query))

    def count(self, query: Query) -> int:
        """How many records meet the conditions, whatever the window.

        It reads them all unless overridden by something better.
        """
        alike = replace(query, order=(), offset=0, limit=None, beyond=None, backwards=False)
        return sum(1 for _ in self.find(alike))

    def count_up_to(self, query: Query, most: int) -> int:
        """How many records meet the conditions, or `most` where there are more.

        It reads `most` records unless overridden by something better.
        """
        alike = replace(
            query, order=(), offset=0, limit=most, members=(), beyond=None, backwards=False
        )
        return sum(1 for _ in self.find(alike))

    @abstractmethod
    def get(self, key: Any) -> Record:
        """The record with the key; RecordNotFound when there is none."""

    @property
    def innermost(self) -> DataStore:
        """The store that keeps the records, where this one is around another."""
        return self

    def atomic_with(self, other: DataStore) -> bool:
        """Whether what a `check` or `change` reads of the other store holds until all is written.

        Both for the writes to this store and for those to the other, which may be this one.
        """
        return False

    def together(self, step: Callable[[], Made]) -> Made:
        """Carry out `step` as one atomic step of all that this thread writes within it.

        That is what it writes to this store and to each one that this is `atomic_with`; the writes
        take part in it instead of being steps of their own. An exception that leaves `step` undoes
        all of it, and so does its end within a `openrest.rehearsal.rehearsal`. One that a write
        raises leaves nothing of that write: whoever catches it may go on. What the thread reads
        by `get`, `find` or a count has what it has written, and nobody else sees any of it before
        the end.

        `step` may be run more than once: a store may begin anew where another write came between.
        It may call `together` itself. A `change` or `check` may not write within it either.
        """
        raise NotImplementedError(f"{type(self).__name__} does not change together")

    def insert(self, record: Record, check: Check | None = None) -> Record:
        """Store a new record and give it back with its key, as one atomic step with `check`.

        `check` sees the record before it has the key that the store assigns.
        It is `insert_many` of one unless overridden.
        Raises RecordConflict, and whatever `check` raises.
        """
        return self.insert_many([record], check)[0]

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        """Store all of the records or none of them, in their order; `check` sees each of them.

        A RecordConflict has the `index` of the record that it is about: the first that clashes
        with a stored one, or with one before it.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot write")

    def prepare_once(self) -> None:
        """Get ready for `insert_once`, before it is called for the first time; perhaps again."""
        return

    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        """Store all of the records, unless the request has done so already.

        Gives them as they were when they were stored, and whether that was before: then nothing
        is written, whatever has become of them. The request is remembered in the same atomic step
        as the records: both are there, or neither. Another one with the same key waits for it.
        `check` sees each record before it is stored, and none that was. Only records that are
        stored make a key be remembered, and it is forgotten at its time.
        Raises RecordConflict as `insert_many` does, KeyReused where the key is that of a request
        with another fingerprint, and whatever `check` raises.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot keep keys")

    def recall_once(self, once: Once) -> list[Record] | None:
        """The records that the request has stored, as they were; None unless it has.

        Raises KeyReused as `insert_once` does.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot keep keys")

    def forget_once(self, once: Once) -> None:
        """Forget the request now, where it is remembered."""
        raise NotImplementedError(f"{type(self).__name__} cannot keep keys")

    def update(self, key: Any, change: Change) -> Record:
        """Replace the record by what `change` makes of it, as one atomic step.

        No other write to the record comes between reading and writing it. The key stays, and
        `change` must not write to the store itself.
        Raises RecordNotFound, RecordConflict, and whatever `change` raises.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot write")

    def delete(self, key: Any, check: Check | None = None) -> None:
        """Remove the record, as one atomic step with `check`. Raises RecordNotFound."""
        raise NotImplementedError(f"{type(self).__name__} cannot write")

    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        """Replace all records that meet the conditions, or none of them, by what `change` makes.

        One atomic step, like `update`; it gives the new records, by their keys. The window and the
        order of the query are of no matter.
        Raises TooManyRecords where there are more than `most`, RecordConflict, and whatever
        `change` raises.
        """
        raise NotImplementedError(f"{type(self).__name__} does not write many")

    def delete_many(self, query: Query, most: int, check: Check | None = None) -> int:
        """Remove all records that meet the conditions, or none of them; how many there were.

        One atomic step with `check`, which sees each of them. Raises TooManyRecords where there
        are more than `most`, and whatever `check` raises.
        """
        raise NotImplementedError(f"{type(self).__name__} does not write many")


#: What a document says of a format: the schema of the ``value``; that of each of the ``items``, one
#: after the other, where the version of OpenAPI can; that it is ``text``; or ``nothing``.
Described = Literal["value", "items", "text", "nothing"]


class ResponseClass(Protocol):
    """A format: `JsonResponse` and its like. A class, never an instance.

    Two names are enough. These may be there, too:

    - ``name: str`` is what ``?format=`` calls it; the end of the media type unless given.
    - ``content_type: str`` is the header, where it has parameters besides the media type.
    - ``described: Described`` is what the document shows; unless given, the ``value`` for JSON of
      every kind, that it is ``text`` for ``text/*``, and otherwise ``nothing``.
    - ``decode(data: bytes, max_depth: int)`` gives the wire value of a body in this format, or
      raises `openrest.errors.Unreadable`. Then bodies may come in it. It takes nothing that JSON
      does not have, and no more time and memory than the size of `data` accounts for.
    - ``rows(objects, columns) -> Iterator[bytes]`` writes a list one wire object after the other,
      without any meta, and a single object as a list of one. `columns` are the names that
      objects may have. It is read as the answer is sent: what it holds back, memory holds.
    """

    #: The media type without parameters, in lower case.
    media_type: str

    @staticmethod
    def encode(value: Any) -> bytes:
        """The bytes of a wire value."""


#: Who makes a request, as a scheme knows them; `id` tells each from all others.
User = Mapping[str, Any]


class Credentials(Protocol):
    """What a request has to say who makes it. A name that is there twice has no value."""

    def header(self, name: str) -> str | None:
        """The value of a header; None without it."""

    def query(self, name: str) -> str | None:
        """The value of a parameter in the query; None without it."""

    def cookie(self, name: str) -> str | None:
        """The value of a cookie; None without it."""


class Authentication(ABC):
    """A way to tell who makes a request: it checks, it challenges, and it documents itself.

    It is shared by all threads and keeps nothing of a request. No credential is in an error.
    """

    #: Whether it may raise StoreUnavailable.
    can_be_away: bool = False

    @property
    @abstractmethod
    def schemes(self) -> Mapping[str, Mapping[str, Any]]:
        """Its Security Scheme Objects (OpenAPI 3.1, section 4.8.27), by their names."""

    @abstractmethod
    def requirements(self, scopes: Sequence[str]) -> Sequence[Mapping[str, Sequence[str]]]:
        """Its Security Requirement Objects, one of which an operation with the scopes needs."""

    @abstractmethod
    def authenticate(self, credentials: Credentials) -> User | None:
        """Who makes the request; None where it has no credentials of this kind.

        The user has an ``"id"``. Raises CredentialsRefused for those that are wrong, in the same
        time for one who is unknown as for one who is known.
        """

    @abstractmethod
    def challenges(self, refused: CredentialsRefused | None) -> Sequence[str]:
        """The challenges of a 401 (RFC 9110, section 11.6.1), after credentials that were wrong."""

    def insufficient(self, scopes: Sequence[str]) -> Sequence[str]:
        """The challenges of a 403 to somebody whose credentials lack the scopes, if any."""
        return ()

    @property
    def query_parameters(self) -> frozenset[str]:
        """The names of the parameters that its credentials are in: no link keeps them."""
        return frozenset()

    @property
    def cookies(self) -> frozenset[str]:
        """The names of the cookies that its credentials are in, which browsers send unasked."""
        return frozenset()


class Permission(ABC):
    """Says who may do something."""

    #: A sentence for the reader of the document: what whoever is known needs besides.
    description: str = ""
    #: What an OAuth token has to have in its scope for it.
    scopes: Sequence[str] = ()
    #: Whether it needs nobody to be known.
    is_for_anyone: ClassVar[bool] = False
    #: Whether somebody who is known may not: then 403 is announced.
    may_forbid: ClassVar[bool] = True

    @abstractmethod
    def allows(self, user: User | None) -> bool:
        """Whether the user may; None is somebody who is not known."""


class CallView(Protocol):
    """What the parts of an operation see of a call."""

    #: The value of each parameter that was sent or has a default.
    query: dict[str, Any]
    #: The parameters as they came.
    sent: Sequence[tuple[str, str]]
    #: The path they came to.
    address: str
    headers: dict[str, Any]
    #: Whether its conditions have been held against the stored record.
    checked: bool
    #: A digest of what it asks for; empty unless it has an idempotency key.
    fingerprint: str
    #: Who makes it; None where that is not asked, or not known.
    user: User | None

    def link(self, **parameters: Any) -> str:
        """This address with some query parameters set, or left out (None), all others kept."""

    def uri(self, *segments: Any) -> str:
        """The address of a path below this API's root."""


class Validators(Protocol):
    """Tells one version of a representation from another (RFC 9110, section 8.8)."""

    def headers(self, record: Record | None, body: bytes | None) -> list[tuple[str, str]]:
        """The headers of a body that shows a record, or without one a list.

        A list that is made while it is sent has no `body` yet. Those go out that the operation
        declares.
        """

    def not_modified(
        self, call: CallView, headers: Sequence[tuple[str, str]]
    ) -> Sequence[tuple[str, str]] | None:
        """The headers to send alone, where the caller has what goes with these `headers`."""

    def unheeded(self, call: CallView) -> bool:
        """Whether the call asked for a check of the stored record that its handler left out."""


class PaginationStyle(ABC):
    """A style of pages: reads its parameters, then its page from the store, and writes the meta."""

    @abstractmethod
    def contribution(self) -> Contribution:
        """Its parameters, its members of ``meta``, its headers, and the statuses that it raises."""

    @abstractmethod
    def read(
        self, call: CallView, query: Query, store: DataStore
    ) -> tuple[list[Record], dict[str, Any]]:
        """The records of the page that the call asks for, and its members of ``meta``.

        `query` has the conditions and the order, and no window yet. Where it says which `members`
        are wanted, a style that reads others adds them. ``count``, the number of the records, is
        in every ``meta`` and is not the style's to add.
        """

    def headers(self, meta: dict[str, Any]) -> Iterable[tuple[str, str]]:
        """The headers of the answer whose ``meta`` this is; none unless overridden."""
        return ()

    def mistakes(self, store: type[DataStore] | DataStore) -> Iterable[str]:
        """Why it cannot be used, or not with this store, a sentence each; asked at the start."""
        return ()


class Formatter(Protocol):
    """Changes a record before it is dumped, and declares the members it adds or removes."""

    def contribution(self) -> Contribution:
        """`adds` and `removes`."""

    def __call__(self, record: Record, call: Any) -> Record:
        """The record to dump; the one given must not be changed."""


class Filter(Protocol):
    """Turns parameters into conditions."""

    def contribution(self) -> Contribution:
        """The parameters."""

    def conditions(self, call: CallView) -> tuple[Test, ...]:
        """The tests that the call's parameters ask for."""
