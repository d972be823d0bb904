"""Which of the formats there are a client would rather have (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from werkzeug.http import parse_accept_header

__all__ = ["best"]


@lru_cache(maxsize=256)
def best(accept: str, media_types: Sequence[str]) -> int | None:
    """The index of the media type that `accept` likes best; None where it takes none of them.

    Of equals the first wins. Parameters of media types are not told apart: a client that asks
    for ``application/json; charset=utf-8`` gets JSON.
    """
    ranges = [
        (media_range.partition(";")[0].strip().lower(), quality)
        for media_range, quality in parse_accept_header(accept)
    ]
    qualities = [_quality(media_type, ranges) for media_type in media_types]
    highest = max(qualities)
    return qualities.index(highest) if highest > 0 else None


def _quality(media_type: str, ranges: list[tuple[str, float]]) -> float:
    """The quality that the most specific range gives: the type itself, ``type/*``, ``*/*``."""
    for wanted in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        found = [quality for media_range, quality in ranges if media_range == wanted]
        if found:
            return max(found)
    return 0
