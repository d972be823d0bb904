"""MessagePack."""

from __future__ import annotations

from typing import Any

import msgspec

from openrest.interfaces import Described
from openrest.strict_msgpack import read_msgpack

__all__ = ["MessagePackResponse"]


class MessagePackResponse:
    """``application/vnd.msgpack``: what JSON has, in fewer bytes."""

    media_type = "application/vnd.msgpack"
    described: Described = "value"

    @staticmethod
    def encode(value: Any) -> bytes:
        """The wire value; integers beyond 64 bits, for which it has no type, as their digits."""
        try:
            return msgspec.msgpack.encode(value)
        except OverflowError:  # in members whose shape has no bounds
            return msgspec.msgpack.encode(_digits(value))

    @staticmethod
    def decode(data: bytes, max_depth: int) -> Any:
        """The wire value; without what JSON does not have: bytes, extensions, other names."""
        return read_msgpack(data, max_depth)


def _digits(value: Any) -> Any:
    match value:
        case dict():
            return {name: _digits(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_digits(inner) for inner in value]
        case int() if not -(2**63) <= value < 2**64:
            return str(value)
        case _:
            return value
