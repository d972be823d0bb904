"""Reading text, and what Python says of bytes that are none."""

from __future__ import annotations

from openrest import messages as msg
from openrest.errors import Unreadable
from openrest.messages import say

__all__ = ["python_says", "read_utf_8"]


def read_utf_8(data: bytes, start: int = 0) -> str:
    """The text of bytes that begin at the byte `start` of a body. Raises Unreadable."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        reason, position = python_says(error.reason), start + error.start
        raise Unreadable(say(msg.NOT_UTF_8, reason=reason, position=position)) from error


def python_says(reason: str) -> str:
    """A reason that Python gives, as a text that can be translated where the table has it."""
    return say(reason) if reason in msg.PYTHON_SAYS else reason
