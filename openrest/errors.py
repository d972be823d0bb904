"""Every error that openrest raises.

    OpenRestError
    +-- DefinitionError           what a developer wrote cannot work; all mistakes at once
    |   +-- ConfigurationError    ... in the mappings of a controller or in a dispatcher
    |   +-- ModelError            ... in a model
    |   +-- TableMismatch         ... an existing table does not fit its model
    +-- ContractError             a handler did what its operation does not declare
    +-- CredentialsRefused        who makes a request is not who they say (401)
    +-- Unreadable                bytes that are not of the format that they should be (400)
    +-- InvalidData               a value that breaks its schema           (422)
    |   +-- RuleViolated          ... or fits, and is refused by a rule that no schema can say (409)
    +-- StoreError                a datastore failed
    |   +-- RecordNotFound        no record has that key                   (404)
    |   +-- RecordConflict        the write contradicts a stored record    (409)
    |   |   +-- RecordRefused     ... is refused by the API that keeps the data
    |   |   +-- TargetMissing     ... refers to a record that is not there
    |   |   +-- StillReferenced   ... deletes a record that others refer to
    |   +-- TooManyRecords        a write is about more than it may be    (409)
    |   +-- OutOfScope            the record would not be its user's      (403)
    |   +-- KeyReused             another request has the idempotency key  (422)
    |   +-- StoreUnavailable      the store is away for now                (503)
    |       +-- UpstreamFailed    ... the API that keeps the data answers nonsense (502)
    |       +-- UpstreamTimedOut  ... does not answer in time              (504)
    +-- Problem                   an HTTP problem, RFC 9457; one class a status below it

Stores and models know nothing of HTTP: the statuses in brackets are given by the pipeline.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar, Final

from openrest import messages as msg
from openrest.messages import Text, say

__all__ = [
    "MAX_MISTAKES",
    "BadGateway",
    "BadRequest",
    "ConfigurationError",
    "Conflict",
    "ContentTooLarge",
    "ContractError",
    "CredentialsRefused",
    "DefinitionError",
    "Forbidden",
    "GatewayTimeout",
    "InternalServerError",
    "InvalidData",
    "KeyReused",
    "MethodNotAllowed",
    "MisdirectedRequest",
    "Mistake",
    "ModelError",
    "NotAcceptable",
    "NotFound",
    "OpenRestError",
    "OutOfScope",
    "PreconditionFailed",
    "PreconditionRequired",
    "Problem",
    "RecordConflict",
    "RecordNotFound",
    "RecordRefused",
    "RequestHeaderFieldsTooLarge",
    "RuleViolated",
    "ServiceUnavailable",
    "StillReferenced",
    "StoreError",
    "StoreUnavailable",
    "TableMismatch",
    "TargetMissing",
    "TooManyRecords",
    "TooManyRequests",
    "URITooLong",
    "Unauthorized",
    "Unreadable",
    "UnprocessableContent",
    "UnsupportedMediaType",
    "UpstreamFailed",
    "UpstreamTimedOut",
    "did_you_mean",
    "nearest",
]

#: As many mistakes as one answer lists. A body of a megabyte can hold half a million, each of
#: which is longer in the answer than in the request.
MAX_MISTAKES: Final = 100


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with a request: what, and where.

    Exactly one of the places is set: a JSON pointer into the body as a URI fragment
    (RFC 6901, section 6), the name of a parameter, or the name of a header. With a parameter
    that is a list or is JSON, the pointer may be into that.
    """

    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None

    def as_dict(self) -> dict[str, str]:
        """The mistake as it stands in the ``errors`` of a problem."""
        place = {"pointer": self.pointer, "parameter": self.parameter, "header": self.header}
        found = {name: value for name, value in place.items() if value is not None}
        # Plain, since the writers of JSON take no Text; a detail may repeat what was sent.
        return {**found, "detail": str(self.detail).replace("\0", "\ufffd")}


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """`` Did you mean 'offset'?`` with a leading space, or nothing when no name is near."""
    near = nearest(wrong, known)
    return f" Did you mean {near!r}?" if near else ""


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """The name that was probably meant, or None when no name is near."""
    names = list(known)
    for name in names:
        if _plain(name) == _plain(wrong):
            return name
    near = difflib.get_close_matches(wrong, names, n=1, cutoff=0.6)
    return near[0] if near else None


def _plain(name: str) -> str:
    """The name whichever way it is written: ``pageCount`` as ``page_count``."""
    return name.replace("_", "").replace("-", "").lower()


class OpenRestError(Exception):
    """The base of every error of this package."""


class DefinitionError(OpenRestError):
    """What a developer wrote cannot work.

    `subject` is the class or table at fault, `mistakes` one sentence each, all of them.
    """

    def __init__(self, subject: str, mistakes: Sequence[str]) -> None:
        super().__init__(subject, mistakes)
        self.subject = subject
        self.mistakes = tuple(mistakes)

    def __str__(self) -> str:
        if len(self.mistakes) == 1:
            return f"{self.subject}: {self.mistakes[0]}"
        lines = "".join(f"\n  - {mistake}" for mistake in self.mistakes)
        return f"{self.subject} has {len(self.mistakes)} mistakes:{lines}"


class ConfigurationError(DefinitionError):
    """The mappings of a controller, or the arguments of a dispatcher, do not work."""


class ModelError(DefinitionError):
    """A model cannot be turned into a document that tells the truth."""


class TableMismatch(DefinitionError):
    """An existing table does not fit its model; each difference is named."""


class ContractError(OpenRestError):
    """A handler, formatter or store did what its operation does not declare."""


class Unreadable(OpenRestError, ValueError):
    """Bytes are not of the format that they should be; `text` says why."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text if isinstance(text, Text) else say(text)


class CredentialsRefused(OpenRestError):
    """Credentials are wrong; nothing of them is in here.

    `code` and `description` are what a challenge says of a token (RFC 6750, section 3).
    """

    def __init__(self, code: str = "", description: str = "") -> None:
        super().__init__(code, description)
        self.code = code
        self.description = description

    def __str__(self) -> str:
        return self.description or "The credentials are wrong."


class InvalidData(OpenRestError):
    """A value breaks its schema; `mistakes` are all of them."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__(mistakes)
        self.mistakes = tuple(mistakes)

    def __str__(self) -> str:
        return "; ".join(
            f"{m.pointer or m.parameter or m.header}: {m.detail}" for m in self.mistakes
        )


class RuleViolated(InvalidData):
    """A value fits its schema and is refused by a rule that no schema can say.

    `detail` is a template of `openrest.messages`: what a client is told has happened.
    """

    def __init__(self, mistakes: Sequence[Mistake], detail: str = msg.RULE_BROKEN) -> None:
        super().__init__(mistakes)
        self.detail = detail


class StoreError(OpenRestError):
    """A datastore failed."""


class RecordNotFound(StoreError):
    """No record has the key."""

    def __init__(self, key: Any) -> None:
        super().__init__(key)
        self.key = key

    def __str__(self) -> str:
        shown = repr(self.key) if isinstance(self.key, str) else str(self.key)
        # A Text, which str() leaves as it is: what the client reads of it can be translated.
        return say(msg.NO_RECORD, key=shown)


class RecordConflict(StoreError):
    """A write contradicts a stored record; `members` are the fields whose values clash.

    Of several records that are written together, `index` says which one it is.
    """

    def __init__(self, members: Sequence[str], index: int | None = None) -> None:
        super().__init__(members)
        self.members = tuple(members)
        self.index = index

    @property
    def details(self) -> dict[str, str]:
        """What is wrong with each of the fields."""
        return {member: say(msg.TAKEN) for member in self.members}

    def __str__(self) -> str:
        # A Text, which str() leaves as it is: what the client reads of it can be translated.
        if len(self.members) < 2:
            return say(msg.SAME_VALUE, member="".join(self.members))
        names = reduce(lambda first, second: say(msg.AND, first=first, second=second), self.members)
        return say(msg.SAME_VALUES, members=names)


class RecordRefused(RecordConflict):
    """The API that keeps the data does not take a record; `members` are the fields it names."""

    @property
    def details(self) -> dict[str, str]:
        """What is wrong with each of the fields."""
        return {member: say(msg.REFUSED_BY_KEEPER) for member in self.members}

    def __str__(self) -> str:
        return say(msg.KEEPER_REFUSES)


class TargetMissing(RecordConflict):
    """A record refers to what is not there; `targets` are the fields and their resources."""

    def __init__(self, targets: Mapping[str, str]) -> None:
        super().__init__(tuple(targets))
        self.targets = dict(targets)

    @property
    def details(self) -> dict[str, str]:
        """What is wrong with each of the fields."""
        said = msg.REFERS_TO_NOTHING
        return {member: say(said, resource=name) for member, name in self.targets.items()}

    def __str__(self) -> str:
        return say(msg.NO_TARGET)


class StillReferenced(RecordConflict):
    """A record cannot be deleted: those of `resource` refer to it by their field `member`.

    With `most` they would have to change with it, and there are more than that.
    """

    def __init__(self, resource: str, member: str, most: int | None = None) -> None:
        super().__init__(())
        self.resource = resource
        self.member = member
        self.most = most

    def __str__(self) -> str:
        if self.most is not None:
            return say(msg.TOO_MANY_REFER, maximum=self.most)
        return say(msg.STILL_REFERENCED, resource=self.resource, member=self.member)


class TooManyRecords(StoreError):
    """More than `most` records meet the conditions of a write, and none was changed."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most

    def __str__(self) -> str:
        return say(msg.TOO_MANY_MATCH, maximum=self.most)


class OutOfScope(StoreError):
    """A write would make a record of these `members` that is not in its user's scope.

    `index` is the place of the record, where it is one of several.
    """

    def __init__(self, members: Sequence[str], index: int | None = None) -> None:
        super().__init__(members, index)
        self.members = tuple(members)
        self.index = index

    def __str__(self) -> str:
        return say(msg.OUT_OF_SCOPE)


class KeyReused(StoreError):
    """A request has the key of another one, which has been carried out."""

    def __str__(self) -> str:
        return say(msg.KEY_REUSED)


class StoreUnavailable(StoreError):
    """The store cannot be reached for now; `retry_after` is in whole seconds."""

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after

    def __str__(self) -> str:
        return self.reason


class UpstreamFailed(StoreUnavailable):
    """The API that keeps the data failed, or its answer is none that was asked for."""


class UpstreamTimedOut(StoreUnavailable):
    """The API that keeps the data has not answered in time: whether a write was done is unknown."""


class Problem(OpenRestError):
    """An HTTP problem (RFC 9457); subclasses give the status and title (RFC 9110, section 15).

    `detail` is for the person who reads it, `mistakes` name the places (the first `MAX_MISTAKES`),
    `headers` go out with the response and `instance` is a URI that names this one occurrence.
    """

    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(
        self,
        detail: str,
        mistakes: Sequence[Mistake] = (),
        *,
        headers: Sequence[tuple[str, str]] = (),
        instance: str | None = None,
    ) -> None:
        super().__init__(detail)
        if not hasattr(self, "status"):
            raise TypeError("A Problem has a status: raise a subclass, such as NotFound.")
        self.detail = detail
        self.mistakes = tuple(mistakes)[:MAX_MISTAKES]
        self.headers = tuple(headers)
        self.instance = instance

    def as_dict(self) -> dict[str, Any]:
        """The members of the problem document; `type` is about:blank (RFC 9457, section 4.2.1)."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": str(self.detail),
        }
        if self.instance is not None:
            body["instance"] = self.instance
        if self.mistakes:
            body["errors"] = [mistake.as_dict() for mistake in self.mistakes]
        return body


class BadRequest(Problem):
    """The request cannot be read (RFC 9110, section 15.5.1)."""

    status, title = 400, msg.BAD_REQUEST


class Unauthorized(Problem):
    """It is not known who makes the request; `WWW-Authenticate` goes with it (section 15.5.2)."""

    status, title = 401, msg.UNAUTHORIZED


class Forbidden(Problem):
    """Whoever makes the request may not (RFC 9110, section 15.5.4)."""

    status, title = 403, msg.FORBIDDEN


class NotFound(Problem):
    """Nothing is at this address (RFC 9110, section 15.5.5)."""

    status, title = 404, msg.NOT_FOUND


class MethodNotAllowed(Problem):
    """The resource is there, the method is not; `Allow` goes with it (section 15.5.6)."""

    status, title = 405, msg.METHOD_NOT_ALLOWED


class NotAcceptable(Problem):
    """No format that `Accept` names can be sent (RFC 9110, section 15.5.7)."""

    status, title = 406, msg.NOT_ACCEPTABLE


class Conflict(Problem):
    """The request fits its schema and contradicts what is stored or a rule (section 15.5.10)."""

    status, title = 409, msg.CONFLICT


class PreconditionFailed(Problem):
    """A condition in the request's headers does not hold (RFC 9110, section 15.5.13)."""

    status, title = 412, msg.PRECONDITION_FAILED


class ContentTooLarge(Problem):
    """The body is larger than the server takes (RFC 9110, section 15.5.14)."""

    status, title = 413, msg.CONTENT_TOO_LARGE


class URITooLong(Problem):
    """The address is longer than the server takes (RFC 9110, section 15.5.15)."""

    status, title = 414, msg.URI_TOO_LONG


class UnsupportedMediaType(Problem):
    """The body is of a type that the operation does not read (RFC 9110, section 15.5.16)."""

    status, title = 415, msg.UNSUPPORTED_MEDIA_TYPE


class MisdirectedRequest(Problem):
    """The request is for a host that this server does not answer for (section 15.5.20)."""

    status, title = 421, msg.MISDIRECTED_REQUEST


class UnprocessableContent(Problem):
    """The request can be read and breaks its schema (RFC 9110, section 15.5.21)."""

    status, title = 422, msg.UNPROCESSABLE_CONTENT


class PreconditionRequired(Problem):
    """The request must say which version it is about (RFC 6585, section 3)."""

    status, title = 428, msg.PRECONDITION_REQUIRED


class TooManyRequests(Problem):
    """Somebody makes more requests than they may; `Retry-After` goes with it (RFC 6585, section 4).

    Where the operation has limits, `RateLimit` and `RateLimit-Policy` do, too.
    """

    status, title = 429, msg.TOO_MANY_REQUESTS


class RequestHeaderFieldsTooLarge(Problem):
    """The headers are larger than the server takes (RFC 6585, section 5)."""

    status, title = 431, msg.REQUEST_HEADER_FIELDS_TOO_LARGE


class InternalServerError(Problem):
    """The server is at fault; the log has the reason (RFC 9110, section 15.6.1)."""

    status, title = 500, msg.INTERNAL_SERVER_ERROR


class BadGateway(Problem):
    """The server that keeps the data gave no valid answer (RFC 9110, section 15.6.3)."""

    status, title = 502, msg.BAD_GATEWAY


class ServiceUnavailable(Problem):
    """The store is away for now; `Retry-After` goes with it (RFC 9110, section 15.6.4)."""

    status, title = 503, msg.SERVICE_UNAVAILABLE


class GatewayTimeout(Problem):
    """The server that keeps the data did not answer in time (RFC 9110, section 15.6.5)."""

    status, title = 504, msg.GATEWAY_TIMEOUT
