"""Answers that are bytes already: the document and the pages."""

from __future__ import annotations

from openrest.interfaces import ResponseClass

__all__ = ["bytes_response"]


def bytes_response(type_: str) -> type[ResponseClass]:
    """A response class for content that is bytes already, of the media type `type_`."""

    class BytesResponse:
        media_type = type_

        @staticmethod
        def encode(value: bytes) -> bytes:
            """The bytes as they are."""
            return value

    return BytesResponse
