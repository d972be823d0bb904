"""The body of a request: its type, its size, and the JSON in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.http import parse_options_header
from werkzeug.wsgi import get_content_length

from openrest import messages as msg
from openrest.contract import Body, Contribution, Header, ResponseSpec
from openrest.errors import BadRequest, ContentTooLarge, Mistake, Unreadable, UnsupportedMediaType
from openrest.messages import say
from openrest.models import shapes as s
from openrest.strict_json import read_json

__all__ = [
    "DISCARD_SECONDS",
    "MAX_DEPTH",
    "Environ",
    "Limits",
    "body_contribution",
    "discard_body",
    "read_body",
]

Environ = dict[str, Any]

#: How many seconds a body is taken from the client that nobody reads.
DISCARD_SECONDS: Final = 5

#: Set in a WSGI environment once its body is at an end.
_ENDED = "openrest.body_ended"


#: Beyond that, the recursion of Python itself would end.
MAX_DEPTH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a request: bytes of a body, levels of nesting in it, query parameters ...

    ... bytes of its address, as long as RFC 9110 (section 4.1) wants all to take, and still read
    by gunicorn; bytes of all its headers; and the seconds that it may be at its stores.
    """

    max_body_bytes: int = 1_000_000
    max_depth: int = 64
    max_parameters: int = 100
    max_url_bytes: int = 8_000
    max_header_bytes: int = 32_768
    max_store_seconds: float = 60


def body_contribution(body: Body, limits: Limits) -> Contribution:
    """The statuses that `read_body` can answer, each with an example that it really gives."""
    return Contribution(
        responses=(
            ResponseSpec(
                status=400,
                description=f"The body is missing, is not {_formats(body)}, or is nested deeper "
                f"than {limits.max_depth} levels",
                example=BadRequest(say(msg.NO_BODY)),
            ),
            ResponseSpec(
                status=413,
                description=f"The body is larger than {limits.max_body_bytes} bytes",
                example=_too_large(limits.max_body_bytes),
            ),
            ResponseSpec(
                status=415,
                description=f"The body is not {' or '.join(body.all_media_types)}, or is "
                "compressed",
                headers=(_accepts(body), _NOT_CODED),
                example=_unsupported(body, "text/plain"),
            ),
        )
    )


def read_body(body: Body, environ: Environ, limits: Limits) -> tuple[Body, Any]:
    """Which of the bodies it is, by its media type, and its wire value.

    Raises 415 for its type before 413 for its size and 400 for what cannot be read.
    """
    _check_coding(body, environ.get("HTTP_CONTENT_ENCODING", ""))
    sent, media_type = _sent(body, environ.get("CONTENT_TYPE", ""), environ)
    data = _bytes(environ, limits.max_body_bytes)
    if not data:
        raise BadRequest(say(msg.NO_BODY))
    try:
        return sent, sent.decoders.get(media_type, read_json)(data, limits.max_depth)
    except Unreadable as reason:
        raise BadRequest(reason.text) from reason


#: What tells the client that no coding is read (RFC 9110, section 12.5.3).
_NOT_CODED: Final = Header(
    name="Accept-Encoding",
    shape=s.Choice(pairs=(("identity", "identity"),)),
    description="The body is compressed, and is read only as it is",
    required=False,
)


def _check_coding(body: Body, coding: str) -> None:
    """Refuse what would have to be decompressed, which a few bytes can make endless."""
    if coding.strip().lower() in ("", "identity"):
        return
    accepts = (_accepts(body).name, ", ".join(body.all_media_types))
    mistake = Mistake(say(msg.MUST_BE, media_types="identity"), header="Content-Encoding")
    headers = [accepts, (_NOT_CODED.name, "identity")]
    raise UnsupportedMediaType(say(msg.BODY_CODED), [mistake], headers=headers)


def _formats(body: Body) -> str:
    """What the bytes have to be."""
    if not body.decoders:
        return "JSON (RFC 8259)"
    return "what its media type says, with the values of JSON"


def _sent(body: Body, content_type: str, environ: Environ) -> tuple[Body, str]:
    """The one of the bodies that is sent, and its media type, as the header names it."""
    if content_type in body.media_types:
        return body, content_type
    media_type, options = parse_options_header(content_type)
    # JSON is UTF-8 whatever a charset says (RFC 8259, section 8.1), so only that one is taken.
    if options.get("charset", "utf-8").lower() == "utf-8":
        for each in body.all:
            if media_type.lower() in each.media_types:
                return each, media_type.lower()
    sends_nothing = environ.get("CONTENT_LENGTH") in (None, "", "0")
    if not content_type and sends_nothing and "HTTP_TRANSFER_ENCODING" not in environ:
        # The missing body is what the client should hear of.
        return body, body.media_types[0]
    raise _unsupported(body, content_type)


def _unsupported(body: Body, content_type: str) -> UnsupportedMediaType:
    wanted = ", ".join(body.all_media_types)
    said = (
        say(msg.NOT_READ_HERE, media_type=content_type[:80], media_types=wanted)
        if content_type
        else say(msg.NO_CONTENT_TYPE, media_types=wanted)
    )
    mistake = Mistake(say(msg.MUST_BE, media_types=wanted), header="Content-Type")
    return UnsupportedMediaType(said, [mistake], headers=[(_accepts(body).name, wanted)])


def _accepts(body: Body) -> Header:
    """What tells the client which bodies are read (RFC 9110, section 12.5.1; RFC 5789, 3.1)."""
    is_patch = body.media_types == ("application/merge-patch+json",)
    name = "Accept-Patch" if is_patch else "Accept"
    return Header(name=name, shape=s.String(), description="The media types that are read here")


def _too_large(limit: int) -> ContentTooLarge:
    return ContentTooLarge(say(msg.BODY_TOO_LARGE, maximum=limit))


def _bytes(environ: Environ, limit: int) -> bytes:
    """The whole body: not one byte less than the client announced, and not one too many.

    werkzeug's own streams give a body that was cut off, or is too large, as if it were whole.
    """
    length = get_content_length(environ)
    if length is not None and length > limit:
        raise _too_large(limit)
    try:
        data = b"".join(_parts(environ, limit + 1))
    except Exception as error:  # servers have errors of their own for what they cannot read
        environ[_ENDED] = True
        raise BadRequest(say(msg.BODY_UNREADABLE)) from error
    if length is not None and len(data) < length:
        raise BadRequest(say(msg.BODY_ENDED))
    if len(data) > limit:
        raise _too_large(limit)
    return data


#: As many bytes are asked of the server at a time.
_PART: Final = 65_536


def _parts(environ: Environ, most: int) -> Iterator[bytes]:
    """What there is still of the body, as it arrives: up to `most` bytes, never beyond its end."""
    length = get_content_length(environ)
    if environ.get(_ENDED) or (length is None and not environ.get("wsgi.input_terminated")):
        return  # PEP 3333: whoever reads beyond Content-Length may wait forever
    left = most if length is None else min(length, most)
    while left > 0:
        part = environ["wsgi.input"].read(min(left, _PART))
        left -= len(part)
        environ[_ENDED] = not part or (length is not None and left == 0)
        if not part:
            return
        yield part


def discard_body(environ: Environ, limits: Limits, seconds: float = DISCARD_SECONDS) -> None:
    """Take a body that nobody reads from the client, which may read no answer before it has sent.

    A server closes a connection on which a body is left, and the client then sees a broken
    connection instead of the answer (RFC 9112, section 9.6). What is still not at its end after
    ten times the limit, or after so many `seconds`, is left: in chunks of a byte each, as many
    bytes as ten times the limit keep a worker busy for half a minute.
    """
    end = time.monotonic() + seconds
    with suppress(Exception):  # a client that is gone needs no answer
        for _ in _parts(environ, 10 * limits.max_body_bytes):
            if time.monotonic() > end:
                return
