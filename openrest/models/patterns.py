"""Regular expressions that JSON Schema, the validators' engines and Python read alike.

marshmallow matches a pattern at the start of the text, ``$`` also before a last newline, and
``\\d`` takes every digit of Unicode; ECMA-262 does none of the three. So a Python pattern is
parsed, refused with a reason where the two languages differ, and written anew from its parts:
once for the document, once for the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

__all__ = ["Pattern", "UnportablePattern"]

# Python's own parser of patterns: not public, and the one reading of them that is certain.
op: Any = import_module("re._constants")
parser: Any = import_module("re._parser")

_CATEGORIES = {
    op.CATEGORY_DIGIT: ("0-9", r"\d", "digits", "0-9"),
    op.CATEGORY_WORD: ("A-Za-z0-9_", r"\w", "letters and digits", "A-Za-z0-9_"),
    op.CATEGORY_SPACE: (r"\t-\r ", r"\s", "spaces", r" \t\n\r"),
}
_SPECIAL = frozenset(r"\^$.|?*+()[]{}")
#: What a repetition may follow without a group around it.
_ATOMS = (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN, op.BRANCH, op.SUBPATTERN)
#: Inside a class: what ECMA-262 lets one escape there, and what Python warns of when doubled.
_SPECIAL_IN_CLASS = frozenset(r"\^]-[$")
_SPELLED_IN_CLASS = frozenset("&~|")


class UnportablePattern(ValueError):
    """A pattern means something else in ECMA-262 than in Python; the text says what."""


@dataclass(frozen=True)
class Pattern:
    """A regular expression; `source` is written in the subset that all readers share.

    `source` is searched for, as in JSON Schema: it is not anchored unless it says so. `error` is
    what a text that does not match is told, where its author gave one.

    >>> Pattern.from_python("[a-z]+$").source
    '^(?:[a-z]+$)'
    """

    source: str
    error: str = field(default="", compare=False)
    _sample: str = field(default="", compare=False, repr=False)

    @classmethod
    def from_python(cls, regex: str | re.Pattern[str], flags: int = 0, error: str = "") -> Pattern:
        """The pattern that `re.match` would run, anchored at its start.

        Raises UnportablePattern with the reason when ECMA-262 reads it differently.
        """
        if isinstance(regex, re.Pattern):
            flags |= regex.flags
            regex = regex.pattern
        if flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE | re.LOCALE):
            raise UnportablePattern("flags such as re.IGNORECASE cannot be said in a JSON Schema")
        tree = parser.parse(regex, flags)
        if tree.state.flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE):
            raise UnportablePattern("flags such as (?i) cannot be said in a JSON Schema")
        ascii_only = bool(tree.state.flags & re.ASCII)
        text = _write(tree, ascii_only)
        anchored = bool(tree) and tree[0][0] is op.AT and text.startswith("^")
        return cls(text if anchored else f"^(?:{text})", error, _sample(tree))

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The pattern for Python, where only ``\\Z`` means the very end of the text."""
        # An unescaped $ is always an anchor here, in a class it is escaped too.
        return re.compile(re.sub(r"(\\.)|\$", lambda m: m[1] or r"\Z", self.source, flags=re.S))

    @property
    def search(self) -> Callable[[str], Any]:
        """Finds the pattern in a text: a match, or None."""
        return self.compiled.search

    def sample(self) -> str:
        """A short text that matches, for examples; the first choice at every fork."""
        return self._sample


def _escape(code: int, special: frozenset[str] = _SPECIAL) -> str:
    char = chr(code)
    if char in special:
        return "\\" + char
    if char.isprintable() and (special is _SPECIAL or char not in _SPELLED_IN_CLASS):
        return char
    if code > 0xFFFF:
        raise UnportablePattern(f"the unprintable character U+{code:X} has no common spelling")
    return f"\\u{code:04x}"


def _write(tree: Any, ascii_only: bool) -> str:
    return "".join(_parts(tree, ascii_only))


def _parts(tree: Any, ascii_only: bool) -> Iterator[str]:
    for kind, value in tree:
        if kind is op.LITERAL:
            yield _escape(value)
        elif kind is op.NOT_LITERAL:
            yield f"[^{_escape(value, _SPECIAL_IN_CLASS)}]"
        elif kind is op.ANY:
            yield "[^\\n]"
        elif kind is op.IN:
            yield _class(value, ascii_only)
        elif kind is op.BRANCH:
            yield "(?:" + "|".join(_write(branch, ascii_only) for branch in value[1]) + ")"
        elif kind is op.SUBPATTERN:
            group, added, removed, inner = value
            if added or removed:
                raise UnportablePattern("flags inside a group cannot be said in a JSON Schema")
            text = _write(inner, ascii_only)
            # Alternatives have their group already.
            yield text if len(inner) == 1 and inner[0][0] is op.BRANCH else f"(?:{text})"
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            low, high, inner = value
            text = _write(inner, ascii_only)
            atom = len(inner) == 1 and inner[0][0] in _ATOMS
            yield (text if atom else f"(?:{text})") + _times(low, high)
        elif kind is op.AT and value in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            yield "^"
        elif kind is op.AT and value in (op.AT_END, op.AT_END_STRING):
            yield "$"
        elif kind is op.AT:
            raise UnportablePattern(r"\b and \B count other letters as part of a word in ECMA-262")
        else:
            raise UnportablePattern(
                f"{str(kind).lower().replace('_', ' ')} is not in the part of the language that "
                "ECMA-262, Rust and Python read alike"
            )


def _times(low: int, high: Any) -> str:
    if high == op.MAXREPEAT:
        return {0: "*", 1: "+"}.get(low, f"{{{low},}}")
    if (low, high) == (0, 1):
        return "?"
    return f"{{{low}}}" if low == high else f"{{{low},{high}}}"


def _class(items: Any, ascii_only: bool) -> str:
    text = ""
    for kind, value in items:
        if kind is op.NEGATE:
            text += "^"
        elif kind is op.LITERAL:
            text += _escape(value, _SPECIAL_IN_CLASS)
        elif kind is op.RANGE:
            text += "-".join(_escape(end, _SPECIAL_IN_CLASS) for end in value)
        elif kind is op.CATEGORY and value in _CATEGORIES:
            inner, written, kind_of, instead = _CATEGORIES[value]
            if not ascii_only:
                raise UnportablePattern(
                    f"{written} takes other {kind_of} in Python than in ECMA-262: write {instead} "
                    "inside of brackets, or give re.ASCII"
                )
            text += inner
        else:
            raise UnportablePattern("a negated class such as \\D differs between the languages")
    return f"[{text}]"


def _sample(tree: Any) -> str:
    text = ""
    for kind, value in tree:
        if kind is op.LITERAL:
            text += chr(value)
        elif kind is op.NOT_LITERAL:
            text += "a" if value != ord("a") else "b"
        elif kind is op.ANY:
            text += "a"
        elif kind is op.IN:
            text += _sample_class(value)
        elif kind is op.BRANCH:
            text += _sample(value[1][0])
        elif kind is op.SUBPATTERN:
            text += _sample(value[3])
        elif kind in (op.MAX_REPEAT, op.MIN_REPEAT):
            low, high, inner = value
            text += _sample(inner) * max(low, min(1, high))
    return text


def _sample_class(items: Any) -> str:
    if items[0][0] is op.NEGATE:
        taken = re.compile(_class(items, ascii_only=True)).fullmatch
        return next(chr(code) for code in (*range(97, 123), *range(33, 0xD800)) if taken(chr(code)))
    kind, value = items[0]
    if kind is op.CATEGORY:
        return {op.CATEGORY_DIGIT: "0", op.CATEGORY_WORD: "a"}.get(value, " ")
    return chr(value[0] if kind is op.RANGE else value)
