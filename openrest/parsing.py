"""The step that reads: a WSGI environment becomes a `Call` of parsed values.

What is not declared is refused; every mistake of a request is reported at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote
from uuid import UUID

from openrest import messages as msg
from openrest.bodies import Environ, Limits, body_contribution, read_body
from openrest.contract import Body, Contribution, ResponseSpec
from openrest.errors import (
    Conflict,
    InvalidData,
    Mistake,
    NotFound,
    RuleViolated,
    UnprocessableContent,
    nearest,
)
from openrest.formats import Format
from openrest.idempotency import KEY, fingerprint
from openrest.messages import Text, say
from openrest.models.loading import wire_loader
from openrest.models.walking import without_rules
from openrest.naming import REQUEST_ID
from openrest.operations import Call
from openrest.plans import Plan, Reader

__all__ = [
    "contribution",
    "nothing_with",
    "parse",
    "path_text",
    "path_values",
    "root_of",
    "shown",
]

#: A path may have these unescaped (RFC 3986, section 3.3), and the slashes between segments.
_PATH_SAFE = "/!$&'()*+,;=:@"
_QUERY_SAFE = _PATH_SAFE + "?%"


def contribution(body: Body | None, limits: Limits) -> Contribution:
    """The statuses that `parse` can answer, each with an example that it really gives."""
    unknown = "unknown"
    if body is None:
        mistakes = [_unknown_parameter(unknown, ())]
    else:
        mistakes = list(_mistakes_of({unknown: 1}, body) or _mistakes_of([], body))
    responses = [
        ResponseSpec(
            status=422,
            description="The request breaks its schema; `errors` names every place",
            example=UnprocessableContent(say(msg.CONTRACT_BROKEN), mistakes),
        )
    ]
    if body is not None:
        responses += body_contribution(body, limits).responses
    return Contribution(responses=tuple(responses))


def _mistakes_of(value: Any, body: Body) -> tuple[Mistake, ...]:
    try:
        wire_loader(without_rules(body.shape))(value)
    except InvalidData as broken:
        return broken.mistakes
    return ()


def path_text(environ: Environ) -> str | None:
    """The path, decoded as UTF-8; None where it is not UTF-8 (PEP 3333 has it as Latin-1)."""
    # An API that is mounted at /api is found there without a slash, too (RFC 3986, section 6.2.3).
    path: str = environ.get("PATH_INFO", "") or "/"
    if path.isascii():
        return path
    try:
        return path.encode("latin-1").decode()
    except UnicodeDecodeError:
        return None


def shown(environ: Environ) -> str:
    """The address of a request as it goes into an error: escaped, and not endless."""
    path = root_of(environ) + quote(
        environ.get("PATH_INFO", ""), safe=_PATH_SAFE, encoding="latin-1"
    )
    return path if len(path) <= 200 else path[:200] + "..."


def root_of(environ: Environ) -> str:
    """The path at which the API is mounted, as links begin with it: escaped, or empty."""
    root: str = environ.get("SCRIPT_NAME", "")
    # One slash: "//host" at the beginning of a reference would name a host (RFC 3986, section 4.2).
    root = root.strip("/")
    return "/" + quote(root, safe=_PATH_SAFE, encoding="latin-1") if root else ""


def path_values(plan: Plan, texts: Mapping[str, str]) -> dict[str, Any]:
    """The values of the path parameters; NotFound for a text that no key is spelled like."""
    values = {}
    mistakes: list[Mistake] = []
    for wire, reader in plan.path.items():
        text = texts[wire]
        value = values[reader.name] = reader.read((text,), mistakes)
        # One address for each object: 5.0 is 5 in a query, and nothing in a path.
        if type(value) in (int, UUID) and str(value) != text:
            mistakes.append(Mistake(say(msg.IS_WRITTEN, value=value)))
        if mistakes:
            resource = plan.operation.path.split("/")[1]
            raise NotFound(nothing_with(resource, wire, text[:80], mistakes[0].detail))
    return values


def nothing_with(resource: str, parameter: str, value: str, mistake: str) -> Text:
    """The detail of a 404: no key is spelled like the value, and the mistake says why."""
    template = msg.NOTHING_WITH_NEAR if mistake.endswith("?") else msg.NOTHING_WITH
    return say(template, resource=resource, parameter=parameter, value=value, mistake=mistake)


def parse(
    plan: Plan,
    path: dict[str, Any],
    format: Format | None,
    environ: Environ,
    limits: Limits,
) -> Call:
    """The call that the request makes.

    Raises 415 before 400 before 422, and 409 for what only a rule of the model refuses.
    """
    operation = plan.operation
    body, load = None, None
    if operation.body is not None:
        sent_body, body = read_body(operation.body, environ, limits)
        load = plan.loaders[sent_body.media_types]
    mistakes: list[Mistake] = []
    sent, query = _query(plan, environ, limits, mistakes)
    headers = _headers(plan, environ, mistakes) if plan.header else {}
    for parameter in plan.required:
        if parameter.location == "query" and parameter.name not in query:
            mistakes.append(Mistake(say(msg.REQUIRED), parameter=parameter.wire))
        elif parameter.location == "header" and parameter.name not in headers:
            mistakes.append(Mistake(say(msg.REQUIRED), header=parameter.wire))
    # Of what was sent: what is loaded may have values that were made up.
    digest = fingerprint(_asked(plan, sent), body) if KEY in headers else ""
    if load is not None:
        try:
            body = load(body)
        except RuleViolated as refused:
            if not mistakes:
                raise Conflict(say(msg.RULE_BROKEN), refused.mistakes) from refused
        except InvalidData as broken:
            mistakes.extend(broken.mistakes)
    if mistakes:
        raise UnprocessableContent(say(msg.CONTRACT_BROKEN), mistakes)
    root = root_of(environ)
    address = root + quote(environ.get("PATH_INFO", ""), safe=_PATH_SAFE, encoding="latin-1")
    media_type, streams = ("", False) if format is None else (format.media_type, bool(format.rows))
    return Call(
        operation,
        root,
        path,
        query,
        headers,
        body,
        sent,
        address,
        media_type,
        streams,
        fingerprint=digest,
        request_id=environ.get(REQUEST_ID, ""),
    )


def _asked(plan: Plan, sent: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The query less what says how to answer, not what to do: our own parameters on a write."""
    readers = plan.query
    return [pair for pair in sent if pair[0] in readers and readers[pair[0]].name[0] != ":"]


def _query(
    plan: Plan, environ: Environ, limits: Limits, mistakes: list[Mistake]
) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    text: str = environ.get("QUERY_STRING", "")
    if not text:
        return [], dict(plan.defaults)
    if not text.isascii():
        # PEP 3333 has the bytes of the query as Latin-1; escaped, they are read as UTF-8.
        text = quote(text, safe=_QUERY_SAFE, encoding="latin-1")
    # An operation may have more parameters than others may be asked with.
    most = max(limits.max_parameters, len(plan.query))
    try:
        sent = _pairs(text, most)
    except UnicodeError:
        mistakes.append(Mistake(say(msg.QUERY_NOT_UTF_8), parameter="query"))
        return [], {}
    except ValueError:
        said = say(msg.TOO_MANY_PARAMETERS, maximum=most)
        mistakes.append(Mistake(said, parameter="query"))
        return [], {}
    if plan.credentials:
        # They go into no link, and into no digest of what is asked for.
        sent = [pair for pair in sent if pair[0] not in plan.credentials]
    given: dict[str, list[str]] = {}
    for name, value in sent:
        given.setdefault(name, []).append(value)
    query = dict(plan.defaults)
    for wire, texts in given.items():
        reader = plan.query.get(wire)
        if reader is None:
            mistakes.append(_unknown_parameter(wire, plan.query))
        else:
            query[reader.name] = _read(reader, texts, mistakes, {"parameter": wire}, text)
    return sent, query


def _pairs(text: str, most: int) -> list[tuple[str, str]]:
    """The names and values of a query. ValueError where there are more than `most`."""
    if "%" in text or "+" in text or text.count("&") >= most:
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=most)
    # Nothing is escaped, and to look for it costs as much as all the rest.
    split = (pair.partition("=") for pair in text.split("&") if pair)
    return [(name, value) for name, _, value in split]


def _headers(plan: Plan, environ: Environ, mistakes: list[Mistake]) -> dict[str, Any]:
    headers = dict(plan.header_defaults)
    for variable, (wire, reader) in plan.header.items():
        text = environ.get(variable)
        if text is not None:
            headers[reader.name] = _read(reader, [text], mistakes, {"header": wire})
    return headers


def _read(
    reader: Reader,
    texts: list[str],
    mistakes: list[Mistake],
    place: dict[str, str],
    written: str = "",
) -> Any:
    """The value of a parameter; `written` is the query in which it stands."""
    found: list[Mistake] = []
    value = reader.read(texts, found)
    for mistake in found:
        pointer = mistake.pointer if mistake.pointer not in ("", "#") else None
        detail = mistake.detail
        # In JSON a space mostly is one, between its parts.
        if "+" in written and " " in texts[0] and not reader.is_json:
            detail = say(msg.PLUS, mistake=detail)
        mistakes.append(Mistake(detail, pointer=pointer, **place))
    return value


def _unknown_parameter(wire: str, known: Iterable[str]) -> Mistake:
    # No text of ours has a NUL, so it stays as it was sent.
    name = wire.replace("\0", "%00")
    near = nearest(wire, known)
    said = say(msg.UNKNOWN_PARAMETER_NEAR, near=near) if near else say(msg.UNKNOWN_PARAMETER)
    return Mistake(said, parameter=name)
