"""JSON answers."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from openrest.strict_json import read_json

__all__ = ["JsonResponse"]


class JsonResponse:
    """``application/json``, the default format."""

    media_type = "application/json"

    #: RFC 8259 and RFC 7493, strictly.
    decode = staticmethod(read_json)

    @staticmethod
    def encode(value: Any) -> bytes:
        """The wire value as JSON in UTF-8."""
        try:
            return msgspec.json.encode(value)
        except OverflowError:  # integers beyond 64 bits, in members whose shape has no bounds
            return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
