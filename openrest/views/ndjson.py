"""JSON, one object a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from openrest.interfaces import Described
from openrest.views.json import JsonResponse

__all__ = ["NdjsonResponse"]


class NdjsonResponse:
    """``application/x-ndjson``: one JSON object a line, lists without meta."""

    media_type = "application/x-ndjson"
    described: Described = "items"

    @staticmethod
    def encode(value: Any) -> bytes:
        """The wire value as one line."""
        return JsonResponse.encode(value) + b"\n"

    @classmethod
    def rows(cls, objects: Iterable[Any], columns: Sequence[str]) -> Iterator[bytes]:
        """A line an object."""
        return map(cls.encode, objects)
