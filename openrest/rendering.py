"""The step that answers: formatters, then the dumper, then the response class.

Nothing leaves that the operation's row does not declare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from openrest.compression import MINIMUM, Choice, Coder, can_be_coded, coded_etag
from openrest.contract import PROBLEM, PROBLEM_MEDIA_TYPE, ResponseSpec
from openrest.dry_run import is_dry
from openrest.embedded import EMBED_KEY, EMBEDDED
from openrest.errors import ContractError, InvalidData, Problem
from openrest.formats import Format, WriteRows
from openrest.idempotency import KEY, REPLAYED
from openrest.models.dumping import dumper
from openrest.models.links import mounted_at
from openrest.naming import named
from openrest.operations import Call, Page, Result
from openrest.partial import CHOSEN
from openrest.plans import Answer, Formatting, Plan, Rows, Sender, status_line
from openrest.preferences import applied, wants_minimal
from openrest.ratelimit.fields import NAMES
from openrest.streaming import Spooled, Stream, read_ahead
from openrest.translation import Translate, localized
from openrest.views.json import JsonResponse

__all__ = [
    "Response",
    "check_problem",
    "encoded",
    "format_record",
    "render",
    "render_problem",
    "without",
]

_dump_problem = dumper(PROBLEM)
_NONE: Final[frozenset[str]] = frozenset()

#: The headers of a success that are there, too, where its body is not.
_ALWAYS = {"Vary", *NAMES}
_LIMITED = {name.lower() for name in NAMES}
#: Without the ends of lines, behind which a client would see headers that are none of ours.
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch


@dataclass(frozen=True, slots=True)
class Response:
    """What goes to the server: a status line, headers, and the body or a stream of it."""

    status_line: str
    headers: list[tuple[str, str]]
    body: bytes | Stream | Spooled


def render(plan: Plan, call: Call, result: Result, format: Format | None) -> Response:
    """The response that a result makes.

    What a store sends record by record is read here, as far as its first records.
    Raises ContractError where the row does not declare what the handler answered; in debug
    also where the body breaks its schema.
    """
    if not isinstance(result, Result):
        raise ContractError(f"{plan.operation.id} answers a Result, not a {type(result).__name__}.")
    answer = plan.answers.get(result.status)
    if answer is not None and answer.spec.content == "problem":
        raise ContractError(
            f"{plan.operation.id} answered {result.status} with a Result: raise a Problem instead."
        )
    if answer is None:
        raise ContractError(
            f"{plan.operation.id} answered {result.status}, which it does not declare."
        )
    headers = _varying(result.headers, plan.vary) if plan.vary else list(result.headers)
    if call.limited:
        if any(name.lower() in _LIMITED for name, _ in headers):
            raise ContractError(f"{plan.operation.id} sent headers of its limits itself.")
        headers += call.limited
    if call.replayed:
        headers.append(REPLAYED)
    _check_headers(plan, answer, headers)
    if KEY in call.headers and call.replayed is None:
        raise ContractError(
            f"{plan.operation.id} did not look at the Idempotency-Key of the request: store the "
            "record with self.insert(call, record)."
        )
    if plan.changes is not None and plan.changes.unheeded(call):
        raise ContractError(
            f"{plan.operation.id} did not look at the conditions in the headers of the request: "
            "call self.check_preconditions(call, current) in the change."
        )
    if result.status == 201 and is_dry(call):
        always = [header for header in headers if header[0] in _ALWAYS]
        return Response(plan.answers[204].status_line, always, b"")
    if answer.spec.content == "nothing" or format is None:
        if result.body is not None:
            raise ContractError(f"{plan.operation.id} declares no body for {result.status}.")
        return Response(answer.status_line, headers, b"")
    hidden = _hidden(plan, call)
    body = _body(plan, call, answer, format, result.body, hidden)
    # Several objects have no version together.
    if plan.validators is not None and answer.validators and not _is_many(answer.spec, result.body):
        record = without(result.body, hidden) if answer.spec.content == "record" else None
        whole = body if isinstance(body, bytes) else None
        made = plan.validators.headers(record, whole)
        validators = [header for header in made if header[0] in answer.validators]
        unchanged = plan.answers.get(304) if whole is not None else None
        kept = plan.validators.not_modified(call, validators) if unchanged is not None else None
        if unchanged is not None and kept is not None:
            always = [header for header in headers if header[0] in _ALWAYS]
            return Response(unchanged.status_line, [*always, *kept], b"")
        headers += validators
    if plan.minimal is not None:
        is_minimal = result.status == plan.minimal and wants_minimal(call)
        headers += applied(call, minimal=is_minimal)
        if is_minimal:
            return Response(plan.answers[204].status_line, headers, b"")
    headers.append(("Content-Type", format.content_type))
    if isinstance(body, bytes):
        headers.append(("Content-Length", str(len(body))))
    return Response(answer.status_line, headers, body)


def _hidden(plan: Plan, call: Call) -> frozenset[str]:
    """The fields that whoever makes the call may not read."""
    fields = plan.operation.fields
    return _NONE if fields is None else fields.hidden(call.user)


def without(record: dict[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    """A record without the fields that are hidden."""
    if not hidden:
        return record
    return {name: value for name, value in record.items() if name not in hidden}


def _body(
    plan: Plan, call: Call, answer: Answer, format: Format, body: Any, hidden: frozenset[str]
) -> bytes | Stream:
    sender = _sender(answer, call)
    if answer.many is not None and _is_many(answer.spec, body):
        sender = answer.many
    if format.rows is not None and sender.rows is not None:
        rows = _rows(plan, call, answer.spec, sender.rows, format.rows, body, hidden)
        if isinstance(rows, bytes) or answer.spec.content == "page":
            return rows
        return b"".join(rows)  # however long it is: its version is a digest of the whole
    wire = sender.dump(_formatted(plan, call, answer.spec, body, hidden))
    if sender.check is not None:
        _check_body(plan, sender.check, wire)
    return format.response_class.encode(wire)


def _rows(
    plan: Plan,
    call: Call,
    spec: ResponseSpec,
    rows: Rows,
    write: WriteRows,
    body: Any,
    hidden: frozenset[str],
) -> bytes | Stream:
    """The objects of an answer, each by itself."""
    is_list = _is_many(spec, body)
    records = _records(plan, body) if spec.content == "page" else body if is_list else [body]
    formatted = spec.content in ("page", "record") and (plan.formatters or hidden)

    def wires() -> Iterator[Any]:
        for record in records:
            if formatted:
                record = format_record(plan.formatters, call, record, hidden)
            # Most are made after the request, as they are sent.
            with mounted_at(call.root):
                wire = rows.dump(record)
            if rows.check is not None:
                _check_body(plan, rows.check, wire)
            yield wire

    subject = f"{plan.operation.id}{named(call.request_id)}"
    names = _columns(plan, rows, hidden) if formatted else rows.columns
    return read_ahead(subject, write(wires(), names), records)


def _columns(plan: Plan, rows: Rows, hidden: frozenset[str]) -> Sequence[str]:
    """The names above the rows; those of hidden fields are not told either."""
    fields = plan.operation.fields
    if fields is None or not hidden:
        return rows.columns
    gone = hidden.difference(*(part.adds for part in plan.formatters))
    wires = {fields.members[name].wire for name in gone}
    return [name for name in rows.columns if name not in wires]


def _varying(headers: Iterable[tuple[str, str]], names: str) -> list[tuple[str, str]]:
    """The headers with Vary, which a handler may have set already (RFC 9110, section 12.5.5)."""
    others = [(name, value) for name, value in headers if name.lower() != "vary"]
    said = [value for name, value in headers if name.lower() == "vary"]
    return [*others, ("Vary", ", ".join([*said, names]))]


def encoded(response: Response, choice: Choice) -> Response:
    """The response in the coding that a client has chosen, where that is worth it."""
    sent = {name.lower(): value for name, value in response.headers}
    body = response.body
    if (
        choice.coding is None
        or "content-encoding" in sent
        or not can_be_coded(sent.get("content-type", "").partition(";")[0])
        or (isinstance(body, bytes) and len(body) < MINIMUM and not choice.required)
    ):
        return response
    coder = Coder(choice.coding)
    changed = {"content-length", "etag"}
    headers = [(name, value) for name, value in response.headers if name.lower() not in changed]
    headers.append(("Content-Encoding", choice.coding))
    if "etag" in sent:
        headers.append(("ETag", coded_etag(sent["etag"], choice.coding)))
    if isinstance(body, Stream):
        body.encode(coder.part, coder.end)
    elif isinstance(body, bytes):
        body = coder.whole(body)
        headers.append(("Content-Length", str(len(body))))
    return Response(response.status_line, headers, body)


def render_problem(problem: Problem, translate: Translate | None = None) -> Response:
    """The one form of every error (RFC 9457, section 3), in the language of `translate`."""
    body = JsonResponse.encode(_dump_problem(localized(problem, translate).as_dict()))
    headers = [
        *problem.headers,
        ("Content-Type", PROBLEM_MEDIA_TYPE),
        ("Content-Length", str(len(body))),
    ]
    return Response(status_line(problem.status), headers, body)


def check_problem(plan: Plan, problem: Problem) -> None:
    """Raise ContractError for a problem whose status or headers the row does not declare."""
    answer = plan.answers.get(problem.status)
    if answer is None or answer.spec.content != "problem":
        raise ContractError(
            f"{plan.operation.id} raised {type(problem).__name__}, and does not declare "
            f"{problem.status}: {problem.detail}"
        ) from problem
    _check_headers(plan, answer, problem.headers)


def _check_headers(plan: Plan, answer: Answer, headers: Sequence[tuple[str, str]]) -> None:
    if not headers and not answer.required_headers:
        return
    for name, value in headers:
        if _HEADER_VALUE(value) is None:
            # It may be anybody's, so the message does not repeat it.
            raise ContractError(
                f"{plan.operation.id} {answer.spec.status} has a {name} with characters that no "
                "header may have (RFC 9110, section 5.5)."
            )
    names = {name.lower() for name, _ in headers}
    undeclared = names - answer.known_headers
    missing = answer.required_headers - names
    if undeclared or missing:
        said = [f"sent {', '.join(sorted(undeclared))} undeclared"] if undeclared else []
        said += [f"left out {', '.join(sorted(missing))}, which it promises"] if missing else []
        raise ContractError(f"{plan.operation.id} {answer.spec.status} {' and '.join(said)}.")


def _sender(answer: Answer, call: Call) -> Sender:
    chosen, embedded = call.query.get(CHOSEN), EMBED_KEY in call.query
    if answer.choose is None or (chosen is None and not embedded):
        return answer.sender
    return answer.choose(None if chosen is None else frozenset(chosen), embedded)


def _formatted(
    plan: Plan, call: Call, spec: ResponseSpec, body: Any, hidden: frozenset[str]
) -> Any:
    formatters = plan.formatters
    if spec.content == "record":
        if not (formatters or hidden):
            return body
        if _is_many(spec, body):
            return [format_record(formatters, call, record, hidden) for record in body]
        return format_record(formatters, call, body, hidden)
    if spec.content == "page":
        records = _records(plan, body)
        if formatters or hidden:
            records = [format_record(formatters, call, record, hidden) for record in records]
        return {"meta": body.meta, "object_list": records}
    return body


def _is_many(spec: ResponseSpec, body: Any) -> bool:
    """Whether there are several records where there may be one."""
    return spec.many is not None and isinstance(body, list)


def _records(plan: Plan, body: Any) -> Iterable[dict[str, Any]]:
    if not isinstance(body, Page):
        raise ContractError(f"{plan.operation.id} answers a Page, not a {type(body).__name__}.")
    return body.records


def format_record(
    formatters: Sequence[Formatting],
    call: Call,
    record: dict[str, Any],
    hidden: frozenset[str] = _NONE,
) -> dict[str, Any]:
    """The record as the formatters show it. What is hidden, or embedded in it, they do not see.

    Raises ContractError where one does something else than it declares.
    """
    embedded = record.get(EMBEDDED)
    if embedded is not None:
        record = {name: value for name, value in record.items() if name != EMBEDDED}
    record = without(record, hidden)
    for part in formatters:
        expected = record.keys() - part.removes | part.adds
        record = part.format(record, call)
        if record.keys() != expected:
            raise ContractError(_surprise(part, expected, record.keys()))
    return record if embedded is None else {**record, EMBEDDED: embedded}


def _surprise(part: Formatting, expected: Set[str], found: Set[str]) -> str:
    function = getattr(part.format, "function", part.format)
    name = getattr(function, "__name__", type(function).__name__)
    said = [
        f"{verb} {', '.join(sorted(names))}"
        for verb, names in (("gave", found - expected), ("left out", expected - found))
        if names
    ]
    return f"The formatter {name} {' and '.join(said)}: that is not what it declares."


def _check_body(plan: Plan, check: Callable[[Any], Any], wire: Any) -> None:
    try:
        check(wire)
    except InvalidData as broken:
        raise ContractError(
            f"{plan.operation.id} answers what breaks its schema: {broken}"
        ) from broken
