"""Cursors: positions in the order of a list, as signed text that clients hand back unread."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from openrest.errors import InvalidData
from openrest.interfaces import CallView, DataStore
from openrest.models import shapes as s
from openrest.models.dumping import Dump, dumper
from openrest.models.loading import wire_loader
from openrest.models.variants import stored_shape
from openrest.models.walking import bare
from openrest.query import Position, Query

__all__ = ["Cursor", "Signer", "Tokens", "Unknown"]

#: Changes with the form of the tokens: those of another form are unknown.
_VERSION: Final = 1
_json: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode

#: Bytes of a signature: half of a SHA-256, which is what RFC 2104, section 5, leaves at least.
_SIGNATURE: Final = 16


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: beyond the position, read forwards or backwards."""

    position: Position
    backwards: bool


class Unknown(Exception):
    """A text is no cursor that was given out for the query."""


class Signer:
    """Makes the `Tokens` of lists; the first of the secrets signs, all of them verify.

    A token is good for the address and the parameters of the request that it was given out for,
    except those in `free`, and for the order of its list.
    """

    def __init__(self, secrets: Sequence[str], free: frozenset[str]) -> None:
        self._keyed = [
            hmac.new(secret.encode(errors="surrogateescape"), digestmod=hashlib.sha256)
            for secret in secrets
        ]
        self._free = free

    def tokens(self, call: CallView, query: Query, store: DataStore) -> Tokens:
        """The tokens of the list that a call asks for."""
        # Without the root: a proxy may call an API by two names.
        address = call.address.removeprefix(call.uri())
        sent = sorted(pair for pair in call.sent if pair[0] not in self._free)
        order = [(order.member, order.descending) for order in query.order]
        # JSON has no NUL, so what is before it cannot be taken for what is behind it.
        subject = _json([_VERSION, address, sent, order]).encode() + b"\0"
        signing = []
        for keyed in self._keyed:
            signature = keyed.copy()
            signature.update(subject)
            signing.append(signature)
        names = [*(order.member for order in query.order), store.key.name]
        codecs = [_codec(bare(store.shape.member(name).shape)) for name in names]
        return Tokens(signing, codecs)


class Tokens:
    """The cursors of one list as tokens, and back."""

    def __init__(self, signing: Sequence[hmac.HMAC], codecs: Sequence[tuple[Dump, Any]]) -> None:
        self._signing = signing
        self._codecs = codecs

    def token(self, cursor: Cursor) -> str:
        """The token of a cursor, in characters that need no escape in a query."""
        values = [
            None if value is None else dump(value)
            for (dump, _), value in zip(self._codecs, cursor.position, strict=True)
        ]
        payload = _json([cursor.backwards, *values]).encode()
        return _text(_signed(self._signing[0], payload) + payload)

    def cursor(self, token: str) -> Cursor:
        """The cursor of a token. Raises Unknown; nothing is read before it is verified."""
        data = _data(token)
        signature, payload = data[:_SIGNATURE], data[_SIGNATURE:]
        # Each is tried, whatever the others say.
        good = [
            hmac.compare_digest(signature, _signed(signing, payload)) for signing in self._signing
        ]
        if not any(good):
            raise Unknown
        backwards, *values = json.loads(payload)
        try:
            position = tuple(
                None if value is None else load(value)
                for (_, load), value in zip(self._codecs, values, strict=True)
            )
        except InvalidData as changed:  # the model has, since it was signed
            raise Unknown from changed
        return Cursor(position, backwards)


def _signed(signing: hmac.HMAC, payload: bytes) -> bytes:
    signature = signing.copy()
    signature.update(payload)
    return signature.digest()[:_SIGNATURE]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _data(token: str) -> bytes:
    try:
        data = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:  # ValueError: it is not ASCII
        raise Unknown from error
    if _text(data) != token:  # bits at the end that say nothing
        raise Unknown
    return data


@lru_cache(maxsize=256)
def _codec(shape: s.Shape) -> tuple[Dump, Any]:
    widest = _widest(shape)
    return dumper(widest), wire_loader(widest)


def _widest(shape: s.Shape) -> s.Shape:
    """Every value of a kind: records may be older than the bounds of a field."""
    match shape:
        case s.Integer():
            return s.Integer()
        case s.Number():
            return s.Number()
        case s.String():
            return s.String()
        case s.Decimal(digits=digits):
            return replace(shape, digits=max(digits, s.Decimal().digits))
        case s.Timestamp(per_second=scale):
            return replace(shape, minimum=s.TIMESTAMP_MIN * scale, maximum=s.TIMESTAMP_MAX * scale)
        case s.Duration(unit=unit):
            most = s.DAYS_MAX * (dt.timedelta(days=1) / unit)
            return s.Duration(unit=unit, minimum=-most, maximum=most)
        case _:
            return stored_shape(shape)  # type: ignore[no-any-return]
