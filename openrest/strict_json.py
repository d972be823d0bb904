"""Reading JSON as RFC 8259 and RFC 7493 (I-JSON) mean it, with a bound on everything.

The standard library reads more than JSON: NaN, 1e400, UTF-16, duplicate members, lone
surrogates. What it is lenient in is refused here.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from openrest import messages as msg
from openrest.errors import Unreadable
from openrest.messages import say
from openrest.utf_8 import python_says, read_utf_8

__all__ = ["read_json"]

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def read_json(data: bytes, max_depth: int = 64) -> Any:
    """The value of a JSON text in UTF-8, nested at most `max_depth` levels.

    Raises Unreadable. The size of `data` is the caller's to bound.
    """
    if data.startswith(b"\xef\xbb\xbf"):
        raise Unreadable(say(msg.BYTE_ORDER_MARK))
    text = read_utf_8(data)
    # Cheap and exact for all but hostile bodies: nothing is deeper than it has brackets.
    if data.count(b"[") + data.count(b"{") > max_depth and _is_deeper(text, max_depth):
        raise Unreadable(say(msg.NESTED_TOO_DEEP, maximum=max_depth))
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        reason = python_says(error.msg)
        said = say(msg.NOT_JSON, reason=reason, line=error.lineno, column=error.colno)
        raise Unreadable(said) from error
    except ValueError as error:
        # int() refuses more than 4300 digits; _pairs and the constants say their own.
        wrong = error.text if isinstance(error, Unreadable) else say(msg.NUMBER_TOO_LONG)
        raise Unreadable(wrong) from error
    if b"\\u" in data and _has_lone_surrogate(value):
        raise Unreadable(say(msg.BODY_HAS_SURROGATE))
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise Unreadable(say(msg.MEMBER_TWICE, name=name))
            seen.add(name)
    return members


def _constant(name: str) -> Any:
    raise Unreadable(say(msg.NO_CONSTANT, name=name))


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise Unreadable(say(msg.NUMBER_TOO_LARGE, number=text[:40]))
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_float)


#: A string, also one that does not end: each character is looked at once, whatever the text.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


def _is_deeper(text: str, most: int) -> bool:
    """Whether brackets outside of strings are nested deeper than `most` levels."""
    depth = 0
    for token in _TOKEN.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            if depth > most:
                return True
        elif first in "]}":
            depth -= 1
    return False


def _has_lone_surrogate(value: Any) -> bool:
    if isinstance(value, str):
        return _LONE_SURROGATE.search(value) is not None
    if isinstance(value, dict):
        return any(_has_lone_surrogate(name) or _has_lone_surrogate(v) for name, v in value.items())
    return isinstance(value, list) and any(map(_has_lone_surrogate, value))
