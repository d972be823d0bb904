"""What a resource may say of a CSV file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from openrest.datastore.files import path_mistakes
from openrest.errors import did_you_mean

__all__ = ["resource_mistakes"]

_KEYS: Final = ("path", "encoding", "delimiter", "quote", "on_bad_row", "timeout")
_ON_BAD_ROW: Final = ("refuse", "skip")


def resource_mistakes(resource: Mapping[Any, Any]) -> Iterator[str]:
    """What is wrong with a resource: a sentence for each mistake."""
    for key in resource:
        if key not in _KEYS:
            yield f"resource: unknown key {key!r}.{did_you_mean(str(key), _KEYS)}"
    yield from path_mistakes("path", resource.get("path"))
    encoding = resource.get("encoding")
    if encoding is not None and not _is_encoding(encoding):
        yield f"resource['encoding'] must be the name of an encoding, not {encoding!r}."
    yield from _dialect_mistakes(resource)
    wish = resource.get("on_bad_row", "refuse")
    if wish not in _ON_BAD_ROW:
        near = did_you_mean(str(wish), _ON_BAD_ROW)
        yield f"resource['on_bad_row'] must be 'refuse' or 'skip', not {wish!r}.{near}"
    timeout = resource.get("timeout", 5)
    if type(timeout) not in (int, float) or not 0 <= timeout <= 3600:
        yield f"resource['timeout'] must be a number of seconds, at most 3600, not {timeout!r}."


def _dialect_mistakes(resource: Mapping[Any, Any]) -> Iterator[str]:
    given = {name: resource.get(name) for name in ("delimiter", "quote")}
    for name, sign in given.items():
        if sign is not None and not _is_sign(sign):
            yield f"resource[{name!r}] must be one character, not {sign!r}."
    if given["delimiter"] is not None and given["delimiter"] == given["quote"]:
        yield "resource['delimiter'] and resource['quote'] must not be the same."


def _is_sign(sign: Any) -> bool:
    return isinstance(sign, str) and len(sign) == 1 and sign not in "\r\n\0"


def _is_encoding(name: Any) -> bool:
    try:
        return isinstance(name, str) and bool("a,\n".encode(name))
    except (LookupError, UnicodeError, ValueError):
        return False
