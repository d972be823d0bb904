"""The step that reads: a WSGI environment becomes a `Call` of parsed values.

What is not declared is refused; every mistake of a request is reported at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote

from werkzeug.http import parse_options_header
from werkzeug.wsgi import get_content_length

from openrest.contract import Body, Contribution, Header, ResponseSpec
from openrest.errors import (
    BadRequest,
    Conflict,
    ContentTooLarge,
    InvalidData,
    Mistake,
    NotFound,
    RuleViolated,
    UnprocessableContent,
    UnsupportedMediaType,
    did_you_mean,
)
from openrest.models import shapes as s
from openrest.models.loading import object_loader
from openrest.operations import Call
from openrest.plans import Plan, Reader
from openrest.strict_json import Unreadable, read_json

__all__ = [
    "Environ",
    "Limits",
    "contribution",
    "discard_body",
    "parse",
    "path_text",
    "path_values",
    "shown",
]

Environ = Mapping[str, Any]

#: The details of a 409 that a rule of the model causes, and of every 422.
RULE_BROKEN = "The request fits its schema; a rule of the model refuses it."
CONTRACT_BROKEN = "The request breaks its schema."
NO_BODY = "There is no body; one is required."

#: A path may have these unescaped (RFC 3986, section 3.3), and the slashes between segments.
_PATH_SAFE = "/!$&'()*+,;=:@"
_QUERY_SAFE = _PATH_SAFE + "?%"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a request: bytes of a body, levels of nesting in it, query parameters."""

    max_body_bytes: int = 1_000_000
    max_depth: int = 64
    max_parameters: int = 100


def contribution(body: Body | None, limits: Limits) -> Contribution:
    """The statuses that `parse` can answer, each with an example that it really gives."""
    unknown = "unknown"
    if body is None:
        mistakes = [_unknown_parameter(unknown, ())]
    else:
        mistakes = list(_mistakes_of({unknown: 1}, body))
    responses = [
        ResponseSpec(
            status=422,
            description="The request breaks its schema; `errors` names every place",
            example=UnprocessableContent(CONTRACT_BROKEN, mistakes),
        )
    ]
    if body is not None:
        responses += [
            ResponseSpec(
                status=400,
                description="The body is missing, is not JSON (RFC 8259), or is nested deeper than "
                f"{limits.max_depth} levels",
                example=BadRequest(NO_BODY),
            ),
            ResponseSpec(
                status=413,
                description=f"The body is larger than {limits.max_body_bytes} bytes",
                example=_too_large(limits.max_body_bytes),
            ),
            ResponseSpec(
                status=415,
                description=f"The body is not {' or '.join(body.media_types)}",
                headers=(_accepts(body),),
                example=_unsupported(body, "text/plain"),
            ),
        ]
    return Contribution(responses=tuple(responses))


def _mistakes_of(value: Any, body: Body) -> tuple[Mistake, ...]:
    try:
        object_loader(replace(body.shape, ignore_unknown=False))(value)
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
    path = _root(environ) + quote(environ.get("PATH_INFO", ""), safe=_PATH_SAFE, encoding="latin-1")
    return path if len(path) <= 200 else path[:200] + "..."


def _root(environ: Environ) -> str:
    root: str = environ.get("SCRIPT_NAME", "")
    return quote(root.rstrip("/"), safe=_PATH_SAFE, encoding="latin-1") if root else ""


def path_values(plan: Plan, texts: Mapping[str, str]) -> dict[str, Any]:
    """The values of the path parameters; NotFound for a text that no key is spelled like."""
    values = {}
    mistakes: list[Mistake] = []
    for wire, reader in plan.path.items():
        values[reader.name] = reader.read((texts[wire],), mistakes)
        if mistakes:
            raise NotFound(
                f"There is no {plan.operation.tag} with the {wire} {texts[wire][:80]!r}: "
                f"it {mistakes[0].detail}."
            )
    return values


def parse(
    plan: Plan, path: dict[str, Any], media_type: str, environ: Environ, limits: Limits
) -> Call:
    """The call that the request makes.

    Raises 415 before 400 before 422, and 409 for what only a rule of the model refuses.
    """
    operation = plan.operation
    body = _body(operation.body, environ, limits) if operation.body is not None else None
    mistakes: list[Mistake] = []
    sent, query = _query(plan, environ, limits, mistakes)
    headers = _headers(plan, environ, mistakes) if plan.header else {}
    for parameter in plan.required:
        if parameter.location == "query" and parameter.name not in query:
            mistakes.append(Mistake("is required", parameter=parameter.wire))
        elif parameter.location == "header" and parameter.name not in headers:
            mistakes.append(Mistake("is required", header=parameter.wire))
    if plan.load is not None:
        try:
            body = plan.load(body)
        except RuleViolated as refused:
            if not mistakes:
                raise Conflict(RULE_BROKEN, refused.mistakes) from refused
        except InvalidData as broken:
            mistakes.extend(broken.mistakes)
    if mistakes:
        raise UnprocessableContent(CONTRACT_BROKEN, mistakes)
    root = _root(environ)
    address = root + quote(environ.get("PATH_INFO", ""), safe=_PATH_SAFE, encoding="latin-1")
    return Call(operation, root, path, query, headers, body, sent, address, media_type)


def _query(
    plan: Plan, environ: Environ, limits: Limits, mistakes: list[Mistake]
) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    text: str = environ.get("QUERY_STRING", "")
    if not text:
        return [], dict(plan.defaults)
    if not text.isascii():
        # PEP 3333 has the bytes of the query as Latin-1; escaped, they are read as UTF-8.
        text = quote(text, safe=_QUERY_SAFE, encoding="latin-1")
    try:
        sent = parse_qsl(
            text,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=limits.max_parameters,
        )
    except UnicodeError:
        mistakes.append(Mistake("is not UTF-8", parameter="query"))
        return [], {}
    except ValueError:
        mistakes.append(
            Mistake(f"has more than {limits.max_parameters} parameters", parameter="query")
        )
        return [], {}
    given: dict[str, list[str]] = {}
    for name, value in sent:
        given.setdefault(name, []).append(value)
    query = dict(plan.defaults)
    for wire, texts in given.items():
        reader = plan.query.get(wire)
        if reader is None:
            mistakes.append(_unknown_parameter(wire, plan.query))
        else:
            query[reader.name] = _read(reader, texts, mistakes, {"parameter": wire})
    return sent, query


def _headers(plan: Plan, environ: Environ, mistakes: list[Mistake]) -> dict[str, Any]:
    headers = {}
    for variable, (wire, reader) in plan.header.items():
        text = environ.get(variable)
        if text is not None:
            headers[reader.name] = _read(reader, [text], mistakes, {"header": wire})
    return headers


def _read(reader: Reader, texts: list[str], mistakes: list[Mistake], place: dict[str, str]) -> Any:
    found: list[Mistake] = []
    value = reader.read(texts, found)
    mistakes.extend(Mistake(mistake.detail, **place) for mistake in found)
    return value


def _body(body: Body, environ: Environ, limits: Limits) -> Any:
    content_type: str = environ.get("CONTENT_TYPE", "")
    if content_type not in body.media_types:
        _check_media_type(body, content_type, environ, limits)
    data = _bytes(environ, limits)
    if not data:
        raise BadRequest(NO_BODY)
    try:
        return read_json(data, limits.max_depth)
    except Unreadable as reason:
        raise BadRequest(str(reason)) from reason


def _check_media_type(body: Body, content_type: str, environ: Environ, limits: Limits) -> None:
    media_type, options = parse_options_header(content_type)
    # JSON is UTF-8 whatever a charset says (RFC 8259, section 8.1), so only that one is taken.
    if (
        media_type.lower() in body.media_types
        and options.get("charset", "utf-8").lower() == "utf-8"
    ):
        return
    sends_nothing = environ.get("CONTENT_LENGTH") in (None, "", "0")
    if not content_type and sends_nothing and "HTTP_TRANSFER_ENCODING" not in environ:
        return  # the missing body is what the client should hear of
    discard_body(environ, limits)
    raise _unsupported(body, content_type)


def _unsupported(body: Body, content_type: str) -> UnsupportedMediaType:
    wanted = ", ".join(body.media_types)
    said = f"{content_type[:80]} is not read here" if content_type else "There is no Content-Type"
    header = _accepts(body).name
    return UnsupportedMediaType(
        f"{said}; {wanted} is.",
        [Mistake(f"must be {wanted}", header="Content-Type")],
        headers=[(header, wanted)],
    )


def _accepts(body: Body) -> Header:
    """What tells the client which bodies are read (RFC 9110, section 12.5.1; RFC 5789, 3.1)."""
    name = "Accept-Patch" if body.media_types == ("application/merge-patch+json",) else "Accept"
    return Header(name=name, shape=s.String(), description="The media types that are read here")


def _too_large(limit: int) -> ContentTooLarge:
    return ContentTooLarge(f"The body is larger than the {limit} bytes that are read here.")


def _unknown_parameter(wire: str, known: Iterable[str]) -> Mistake:
    # No text of ours has a NUL, so it stays as it was sent.
    name = wire.replace("\0", "%00")
    return Mistake(f"is not a parameter here.{did_you_mean(wire, known)}", parameter=name)


def _bytes(environ: Environ, limits: Limits) -> bytes:
    """The whole body: not one byte less than the client announced, and not one too many.

    werkzeug's own streams give a body that was cut off, or is too large, as if it were whole.
    """
    limit = limits.max_body_bytes
    length = get_content_length(environ)  # type: ignore[arg-type]  # only read
    if length is not None and length > limit:
        discard_body(environ, limits)
        raise _too_large(limit)
    try:
        data = b"".join(_parts(environ, limit + 1))
    except Exception as error:  # servers have errors of their own for what they cannot read
        raise BadRequest("The body cannot be read to its end.") from error
    if length is not None and len(data) < length:
        raise BadRequest("The body ended before its Content-Length.")
    if len(data) > limit:
        discard_body(environ, limits)
        raise _too_large(limit)
    return data


def _parts(environ: Environ, most: int) -> Iterator[bytes]:
    """The body as it arrives, up to `most` bytes and never beyond its end."""
    length = get_content_length(environ)  # type: ignore[arg-type]  # only read
    if length is None and not environ.get("wsgi.input_terminated"):
        return  # PEP 3333: whoever reads beyond Content-Length may wait forever
    left = most if length is None else min(length, most)
    while left > 0 and (part := environ["wsgi.input"].read(min(left, 1_048_576))):
        yield part
        left -= len(part)


def discard_body(environ: Environ, limits: Limits) -> None:
    """Take a body that nobody reads from the client, which may read no answer before it has sent.

    A server closes a connection on which a body is left, and the client then sees a broken
    connection instead of the answer (RFC 9112, section 9.6). What is still not at its end after
    ten times the limit is left.
    """
    with suppress(Exception):  # a client that is gone needs no answer
        for _ in _parts(environ, 10 * limits.max_body_bytes):
            pass
