"""Values that are chosen so that Python takes long to tell them apart."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from types import CodeType, FrameType
from typing import Any, Final
from uuid import UUID

__all__ = ["Count", "counted", "decimals", "same_hash"]

#: What numbers are hashed by: those that differ by it have one hash (`sys.hash_info`).
_MODULUS: Final = sys.hash_info.modulus


def same_hash(number: int) -> list[UUID]:
    """As many UUIDs, all with one hash, in any process."""
    return [UUID(int=1 + each * _MODULUS) for each in range(number)]


def decimals(number: int) -> list[Decimal]:
    """As many numbers, all with one hash."""
    return [Decimal(1 + each * _MODULUS) for each in range(number)]


class Count:
    """How often a function in Python has been called."""

    def __init__(self, code: CodeType) -> None:
        self.calls = 0
        self._code = code

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        self.calls += event == "call" and frame.f_code is self._code


@contextmanager
def counted() -> Iterator[Count]:
    """How often two UUIDs are compared meanwhile, in this thread."""
    count, before = Count(UUID.__eq__.__code__), sys.getprofile()
    sys.setprofile(count)
    try:
        yield count
    finally:
        sys.setprofile(before)
