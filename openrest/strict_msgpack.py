"""Reading MessagePack as strictly as JSON is read: the values of JSON, with a bound on everything.

The format has more than JSON: bytes, timestamps and other extensions, names that are no text,
NaN. What it says of the length of an array is believed only as far as there are bytes.
"""

from __future__ import annotations

import math
import struct
from typing import Any, Final

from openrest import messages as msg
from openrest.errors import Unreadable
from openrest.messages import say
from openrest.utf_8 import read_utf_8

__all__ = ["read_msgpack"]

#: The first byte of a number -> how its bytes are read.
_NUMBERS: Final = {
    0xCA: struct.Struct(">f"), 0xCB: struct.Struct(">d"),
    0xCC: struct.Struct(">B"), 0xCD: struct.Struct(">H"),
    0xCE: struct.Struct(">I"), 0xCF: struct.Struct(">Q"),
    0xD0: struct.Struct(">b"), 0xD1: struct.Struct(">h"),
    0xD2: struct.Struct(">i"), 0xD3: struct.Struct(">q"),
}  # fmt: skip
#: The first byte of what has a length -> how many bytes the length has.
_TEXTS: Final = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_ARRAYS: Final = {0xDC: 2, 0xDD: 4}
_MAPS: Final = {0xDE: 2, 0xDF: 4}
_CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}


def read_msgpack(data: bytes, max_depth: int = 64) -> Any:
    """The value of a MessagePack text, nested at most `max_depth` levels. Raises Unreadable."""
    reader = _Reader(data, max_depth)
    value = reader.value(0)
    if reader.place < len(data):
        raise Unreadable(say(msg.PACK_GOES_ON, position=reader.place))
    return value


class _Reader:
    def __init__(self, data: bytes, max_depth: int) -> None:
        self.data = data
        self.place = 0
        self.max_depth = max_depth

    def value(self, depth: int) -> Any:
        """The value that begins here, within `depth` others."""
        start = self.place
        first = self.take(1)[0]
        if first < 0x80:
            return first
        if first >= 0xE0:
            return first - 0x100
        if first in _CONSTANTS:
            return _CONSTANTS[first]
        if first in _NUMBERS:
            return self.number(_NUMBERS[first])
        if 0xA0 <= first < 0xC0 or first in _TEXTS:
            return self.text(self.length(first, 0x1F, _TEXTS))
        if first < 0x90 or first in _MAPS:
            return self.map(self.length(first, 0x0F, _MAPS), self.deeper(depth))
        if first < 0xA0 or first in _ARRAYS:
            inner = self.deeper(depth)
            return [self.value(inner) for _ in range(self.length(first, 0x0F, _ARRAYS))]
        raise Unreadable(say(msg.PACK_KIND, position=start))

    def take(self, count: int) -> bytes:
        end = self.place + count
        if end > len(self.data):
            raise Unreadable(say(msg.PACK_ENDED))
        part = self.data[self.place : end]
        self.place = end
        return part

    def length(self, first: int, mask: int, sizes: dict[int, int]) -> int:
        if first not in sizes:
            return first & mask
        return int.from_bytes(self.take(sizes[first]))

    def deeper(self, depth: int) -> int:
        if depth >= self.max_depth:
            raise Unreadable(say(msg.NESTED_TOO_DEEP, maximum=self.max_depth))
        return depth + 1

    def number(self, form: struct.Struct) -> Any:
        [number] = form.unpack(self.take(form.size))
        if isinstance(number, float) and not math.isfinite(number):
            name = "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
            raise Unreadable(say(msg.NO_CONSTANT, name=name))
        return number

    def text(self, length: int) -> str:
        start = self.place
        return read_utf_8(self.take(length), start)

    def map(self, length: int, depth: int) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for _ in range(length):
            start = self.place
            name = self.value(depth)
            if not isinstance(name, str):
                raise Unreadable(say(msg.PACK_NAME, position=start))
            if name in members:
                raise Unreadable(say(msg.MEMBER_TWICE, name=name))
            members[name] = self.value(depth)
        return members
