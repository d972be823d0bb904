"""JSON answers."""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["JsonResponse"]


class JsonResponse:
    """``application/json``, the default format."""

    media_type = "application/json"

    @staticmethod
    def encode(value: Any) -> bytes:
        """The wire value as JSON in UTF-8."""
        try:
            return msgspec.json.encode(value)
        except OverflowError:  # integers beyond 64 bits, in members whose shape has no bounds
            return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
