"""Trace context: the name by which the logs of several servers are joined (W3C Trace Context)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

__all__ = ["Trace", "trace_of"]

#: As much of a ``tracestate`` as is passed on, in characters (section 3.3.1.5).
_MOST_STATE: Final = 512
#: An entry that is longer goes first where there is too much (section 3.3.1.5).
_LONG_ENTRY: Final = 128
#: Section 3.3.1.1.
_MOST_ENTRIES: Final = 32

# Section 3.2.2; with something more in a version that is not known yet (section 3.2.4).
_PARENT: Final = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})-(?P<trace>(?!0{32})[0-9a-f]{32})"
    r"-(?P<parent>(?!0{16})[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
# Section 3.3.1.3, with the keys of level 2 of the specification, which has more of them.
_ENTRY: Final = re.compile(
    r"(?P<key>[a-z0-9][a-z0-9_*/@-]{0,255})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
#: Of the flags the one that has a meaning; the others are not passed on (section 3.2.2.5).
_SAMPLED: Final = 0x01


@dataclass(frozen=True, slots=True)
class Trace:
    """The trace that a request is part of.

    `trace_id` is the same in all servers that it goes through, `span_id` names this request here,
    and `parent_id` is what the caller calls it: None where the trace begins here.
    """

    trace_id: str
    span_id: str
    parent_id: str | None = None
    sampled: bool = True
    state: str = ""

    def headers(self) -> dict[str, str]:
        """The headers that make a request to another server a part of it.

        For that server this request is the parent: its log has our `span_id` as `parent_id`.
        """
        headers = {"traceparent": f"00-{self.trace_id}-{self.span_id}-0{int(self.sampled)}"}
        if self.state:
            headers["tracestate"] = self.state
        return headers


def trace_of(traceparent: str | None, tracestate: str | None) -> Trace:
    """The trace that the headers of a request name, or a new one.

    With a ``traceparent`` that is none, ``tracestate`` is not looked at (section 3.3).
    """
    found = None if traceparent is None else _PARENT.fullmatch(traceparent.strip(" \t"))
    if found is None or (found["more"] is not None and found["version"] == "00"):
        # Our log has it, and who comes after us is told so: it is sampled (section 3.2.2.5).
        return Trace(_random(16), _random(8))
    return Trace(
        trace_id=found["trace"],
        span_id=_random(8),
        parent_id=found["parent"],
        sampled=bool(int(found["flags"], 16) & _SAMPLED),
        state=_state(tracestate or ""),
    )


def _state(text: str) -> str:
    """The entries of a ``tracestate`` that go on; none where one of them is wrong."""
    entries = [each.strip(" \t") for each in text.split(",")]
    entries = [each for each in entries if each]
    keys = set()
    for entry in entries:
        found = _ENTRY.fullmatch(entry)
        if found is None or found["key"] in keys:
            return ""
        keys.add(found["key"])
    if len(entries) > _MOST_ENTRIES:
        return ""
    if _length(entries) > _MOST_STATE:
        entries = [each for each in entries if len(each) <= _LONG_ENTRY]
    while _length(entries) > _MOST_STATE:
        entries.pop()  # the last one is the oldest
    return ",".join(entries)


def _length(entries: list[str]) -> int:
    return sum(map(len, entries)) + max(len(entries) - 1, 0)


def _random(size: int) -> str:
    """So many random bytes in hexadecimal, and not all of them zero."""
    while not any(made := os.urandom(size)):
        pass
    return made.hex()
