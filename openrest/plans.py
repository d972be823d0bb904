"""An operation's row, compiled: the readers, loaders and dumpers that its contract calls for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Any, Final

from openrest import messages as msg
from openrest.contract import PROBLEMS, Body, Parameter, ResponseSpec
from openrest.embedded import EMBEDDED, without_embedded
from openrest.errors import Mistake, Unreadable
from openrest.formats import FORMAT_KEY, columns, format_of, object_shape
from openrest.interfaces import Formatter
from openrest.messages import Text, say
from openrest.models import shapes as s
from openrest.models.dumping import Dump, dumper
from openrest.models.loading import Enough, loader, wire_loader
from openrest.models.text import Read, text_reader
from openrest.models.walking import rebuilt
from openrest.operations import Operation
from openrest.partial import chosen_shape
from openrest.preferences import PREFER
from openrest.strict_json import read_json

__all__ = ["Answer", "Formatting", "Plan", "Rows", "Sender", "formatting", "status_line"]

#: As many choices of members stay compiled: clients have a few, and make up more at their own cost.
_CHOICES: Final = 64


def status_line(status: int) -> str:
    """``200 OK``, as WSGI wants it, in the words of RFC 9110 whatever Python's are."""
    if status in PROBLEMS:
        return f"{status} {PROBLEMS[status].title}"
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


@dataclass(frozen=True, slots=True)
class Reader:
    """One parameter: its name in a call, and how its text becomes a value."""

    name: str
    read: Read
    is_json: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """How one object of an answer becomes a wire value, and the names that it may have."""

    dump: Dump
    columns: tuple[str, ...]
    check: Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class Sender:
    """How the body of an answer becomes a wire value; `check` is there in debug only.

    `rows` are for formats that write one object after the other.
    """

    dump: Dump
    check: Callable[[Any], Any] | None
    rows: Rows | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One status of an operation, ready to be sent.

    `sender` is that of all members, `many` that of an array of objects; `choose` gives the one of
    some, where a client may choose, or of those with what they refer to, where it may ask for that.
    The headers are those that the handler sends; `validators` are the names of the others.
    """

    spec: ResponseSpec
    status_line: str
    sender: Sender
    many: Sender | None
    choose: Callable[[frozenset[str] | None, bool], Sender] | None
    validators: frozenset[str]
    required_headers: frozenset[str]
    known_headers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Formatting:
    """One formatter, and the members that it declares to add and to remove."""

    format: Formatter
    adds: frozenset[str]
    removes: frozenset[str]


class Plan:
    """What the pipeline needs of one row, compiled once at start."""

    def __init__(self, operation: Operation, *, debug: bool = False) -> None:
        self.operation = operation
        by_place: dict[str, list[Parameter]] = {"path": [], "query": [], "header": []}
        for parameter in operation.parameters:
            by_place[parameter.location].append(parameter)
        self.path = _readers(by_place["path"])
        self.query = _readers(by_place["query"])
        self.header = {
            "HTTP_" + wire.upper().replace("-", "_"): (wire, reader)
            for wire, reader in _readers(by_place["header"]).items()
        }
        self.defaults = {
            parameter.name: parameter.default
            for parameter in by_place["query"]
            if parameter.default is not s.MISSING
        }
        self.header_defaults = {
            parameter.name: parameter.default
            for parameter in by_place["header"]
            if parameter.default is not s.MISSING
        }
        self.required = tuple(
            p
            for p in operation.parameters
            if p.required and p.location != "path" and not p.answered_later
        )
        #: Of each body that may be sent, by its media types: how it is checked and loaded.
        self.loaders = {
            body.media_types: _loader(body)
            for body in (operation.body.all if operation.body else ())
        }
        self.media_types = tuple(cls.media_type for cls in operation.response_classes)
        self.formats = tuple(map(format_of, operation.response_classes))
        chosen = any(parameter.name == FORMAT_KEY for parameter in operation.parameters)
        #: By the name that a query may ask for.
        self.chosen = {each.name: each for each in self.formats} if chosen else {}
        #: What the answers depend on, for the header Vary.
        asked = operation.authentication
        #: The parameters in which credentials are: nobody but `authenticate` reads them.
        self.credentials = frozenset() if asked is None else asked.query_parameters
        self.vary = ", ".join(
            [
                *(["Accept"] if len(self.formats) > 1 else []),
                *(["Accept-Encoding"] if operation.codings else []),
            ]
        )
        self.formatters = tuple(map(formatting, operation.formatters))
        self.validators = operation.validators
        #: Those again, where the handler has to hold the conditions of a request against a record.
        self.changes = (
            operation.validators if any(p.answered_later for p in operation.parameters) else None
        )
        #: The status whose object a client may prefer not to be shown; 204 is answered instead.
        self.minimal = _minimal(operation)
        in_rows = any(each.rows for each in self.formats)
        self.answers = {spec.status: _answer(spec, debug, in_rows) for spec in operation.responses}
        self.wires = (
            {member.name: member.wire for member in operation.body.shape.members}
            if operation.body and not isinstance(operation.body.shape, s.List)
            else {}
        )


def _minimal(operation: Operation) -> int | None:
    if not any(parameter.name == PREFER for parameter in operation.parameters):
        return None
    # A PUT that creates always says so (RFC 9110, section 9.3.4).
    return min(spec.status for spec in operation.responses if spec.content == "record")


def formatting(part: Formatter) -> Formatting:
    """A formatter, ready to be run."""
    declared = part.contribution()
    return Formatting(
        part, frozenset(member.name for member in declared.adds), frozenset(declared.removes)
    )


def _loader(body: Body) -> Callable[[Any], Any]:
    load = wire_loader(body.shape)
    if body.many is not None:
        load_many = wire_loader(body.many)
        return lambda value: (load_many if isinstance(value, list) else load)(value)
    if not body.wire:
        return load

    def check(value: Any) -> Any:
        load(value)
        return value

    return check


def _readers(parameters: Sequence[Parameter]) -> Mapping[str, Reader]:
    return {
        p.wire: Reader(p.name, (_json_reader if p.is_json else text_reader)(p.shape), p.is_json)
        for p in parameters
    }


def _json_reader(shape: s.Shape) -> Read:
    load = loader(shape)

    def read(texts: Sequence[str], mistakes: list[Mistake]) -> Any:
        if len(texts) > 1:
            mistakes.append(Mistake(say(msg.GIVEN_TWICE), pointer=""))
            return None
        try:
            return load(read_json(texts[0].encode()), "#", mistakes)
        except Unreadable as unreadable:
            mistakes.append(Mistake(_of_a_parameter(unreadable.text), pointer=""))
        except Enough:
            pass  # so many mistakes are taken down
        return None

    return read


def _of_a_parameter(said: Text) -> Text:
    """What is said of a body that is not JSON, as the detail of a mistake."""
    match said.template, dict(said.values):
        case msg.NOT_JSON, {"reason": reason, "line": line, "column": column}:
            return say(msg.PARAMETER_NOT_JSON, reason=reason, line=line, column=column)
        case msg.NESTED_TOO_DEEP, {"maximum": maximum}:
            return say(msg.PARAMETER_TOO_DEEP, maximum=maximum)
        case msg.BODY_HAS_SURROGATE, _:
            return say(msg.NO_SURROGATE)
        case _:
            return say(msg.PARAMETER_UNREADABLE, mistake=said)


def _answer(spec: ResponseSpec, debug: bool, in_rows: bool) -> Answer:
    names = {
        header.name.lower(): header.required
        for header in spec.headers
        if not header.validator and not header.everywhere
    }
    return Answer(
        spec=spec,
        status_line=status_line(spec.status),
        sender=_sender(spec, _chosen(spec, None, False), debug, in_rows),
        many=_many(spec, spec.many, debug, in_rows) if spec.many is not None else None,
        choose=_chooser(spec, debug, in_rows) if spec.content in ("record", "page") else None,
        validators=frozenset(header.name for header in spec.headers if header.validator),
        required_headers=frozenset(name for name, required in names.items() if required),
        known_headers=frozenset(names),
    )


def _sender(spec: ResponseSpec, shape: s.Shape | None, debug: bool, in_rows: bool) -> Sender:
    if shape is None:
        return Sender(_as_it_is, None)
    rows = _rows(object_shape(spec.content, shape), debug) if in_rows else None
    return Sender(dumper(shape), _check(shape) if debug else None, rows)


def _many(spec: ResponseSpec, many: s.List, debug: bool, in_rows: bool) -> Sender:
    item = _chosen(spec, None, False)
    assert item is not None, "it is that of a record"  # nosec B101
    whole = _sender(spec, replace(many, item=item), debug, False)
    return replace(whole, rows=_rows(item, debug) if in_rows else None)


def _rows(shape: s.Shape, debug: bool) -> Rows:
    return Rows(dumper(shape), columns(shape), _check(shape) if debug else None)


def _check(shape: s.Shape) -> Callable[[Any], Any]:
    """What checks an answer; it is compiled for the first one, since most are never sent."""
    compiled = cache(lambda: wire_loader(_sendable(shape)))
    return lambda value: compiled()(value)


def _chooser(
    spec: ResponseSpec, debug: bool, in_rows: bool
) -> Callable[[frozenset[str] | None, bool], Sender]:
    @lru_cache(maxsize=_CHOICES)
    def choose(wires: frozenset[str] | None, embedded: bool) -> Sender:
        return _sender(spec, _chosen(spec, wires, embedded), debug, in_rows)

    return choose


def _chosen(spec: ResponseSpec, wires: frozenset[str] | None, embedded: bool) -> s.Shape | None:
    """The shape of an object with these members, or with all, or of a page of such objects."""
    whole: Any = spec.whole or spec.shape

    def chosen(shown: Any) -> Any:
        if wires is not None:
            shown = chosen_shape(shown, wires | {EMBEDDED})
        return shown if embedded else without_embedded(shown)

    if spec.content == "record":
        return chosen(whole)  # type: ignore[no-any-return]
    if spec.content != "page":
        return whole  # type: ignore[no-any-return]
    members = tuple(
        replace(m, shape=replace(m.shape, item=chosen(m.shape.item)))
        if isinstance(m.shape, s.List)
        else m
        for m in whole.members
    )
    return replace(whole, members=members)  # type: ignore[no-any-return]


def _as_it_is(value: Any) -> Any:
    return value


def _sendable(shape: s.Shape) -> s.Shape:
    """The shape of an answer, to check one with: what only the server sets may be there."""
    match shape:
        case s.Object():
            members = tuple(
                replace(m, shape=_sendable(m.shape), default=s.MISSING) for m in shape.members
            )
            return replace(shape, members=members, owned=(), refine=None)
        case s.Ruled(shape=inner):
            return _sendable(inner)
        case s.AnyValue():
            return s.AnyValue()
        case s.Parsed(total=False):
            return replace(shape, parse=str, total=True)
        case _:
            return rebuilt(shape, _sendable)
