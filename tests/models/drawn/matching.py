"""Random text that matches a pattern, in microseconds."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from random import Random
from typing import Any

__all__ = ["matching"]

# Python's own parser of patterns: it is not public, and needs no second grammar here.
op: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

#: What a class that names what it excludes may take.
_OTHERS = "abcxyzABC019 _-./:@%~é\u00ff\u0660\u3042\U0001f600"


def matching(regex: str, random: Random) -> str:
    """A text in which the pattern is found, but for one with several anchors that exclude all."""
    return "".join(_write(part, random) for part in _parsed(regex))


@cache
def _parsed(regex: str) -> Any:
    return list(parser.parse(regex))


def _write(part: Any, random: Random) -> str:
    kind, value = part
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.NOT_LITERAL:
        return random.choice(_OTHERS.replace(chr(value), ""))
    if kind is op.ANY:
        return random.choice(_OTHERS)
    if kind is op.IN:
        return _one_of(value, random)
    if kind is op.BRANCH:
        return "".join(_write(inner, random) for inner in random.choice(value[1]))
    if kind is op.SUBPATTERN:
        return "".join(_write(inner, random) for inner in value[3])
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT):
        low, high, inner = value
        most = min(high, low + 3)
        times = random.choice((low, most, random.randint(low, most)))
        return "".join(_write(one, random) for _ in range(times) for one in inner)
    assert kind is op.AT, f"{kind} is in no pattern of a schema"
    return ""


def _one_of(items: Any, random: Random) -> str:
    if items[0][0] is op.NEGATE:
        while True:
            char = random.choice(_OTHERS)
            if not any(_is_in(item, ord(char)) for item in items[1:]):
                return char
    kind, value = random.choice(items)
    return chr(random.choice((*value, random.randint(*value))) if kind is op.RANGE else value)


def _is_in(item: Any, code: int) -> bool:
    kind, value = item
    return value[0] <= code <= value[1] if kind is op.RANGE else bool(value == code)
