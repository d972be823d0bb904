"""Reading YAML as strictly as JSON is read: the core schema of YAML 1.2, with bounds.

Of what YAML has beyond JSON only the notation is read. Aliases make a large value of a small text,
tags name types that no schema of ours knows, and `no` is a text (YAML 1.2.2, section 10.3).
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

import yaml

from openrest import messages as msg
from openrest.errors import Unreadable
from openrest.messages import Text, say
from openrest.utf_8 import read_utf_8

__all__ = ["read_yaml"]

#: That of libyaml, where PyYAML has it, which takes a tenth of the time. Its events are used alone.
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CONSTANTS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile("[-+]?[0-9]+", re.ASCII)
_OCTAL = re.compile("0o[0-7]+")
_HEX = re.compile("0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
#: As many digits as Python reads of a decimal number, in any base.
_MOST_DIGITS: Final = 4300


def read_yaml(data: bytes, max_depth: int = 64) -> Any:
    """The value of the one YAML document in UTF-8, nested at most `max_depth` levels.

    Raises Unreadable.
    """
    text = read_utf_8(data.removeprefix(b"\xef\xbb\xbf"))
    try:
        return _Reader(text, max_depth).document()
    except yaml.YAMLError as error:
        raise Unreadable(_of(error, text)) from error


class _Reader:
    def __init__(self, text: str, max_depth: int) -> None:
        self.parser = _Parser(text)
        self.max_depth = max_depth

    def document(self) -> Any:
        """The value of the one document that there is."""
        self.parser.get_event()  # the start of the stream
        start = self.parser.get_event()
        if isinstance(start, yaml.StreamEndEvent):
            raise Unreadable(say(msg.ONE_DOCUMENT))
        if start.version or start.tags:
            raise Unreadable(_at(msg.NO_TAGS, start.start_mark))
        value = self.value(self.parser.get_event(), 0)
        self.parser.get_event()  # the end of the document
        if not isinstance(self.parser.get_event(), yaml.StreamEndEvent):
            raise Unreadable(say(msg.ONE_DOCUMENT))
        return value

    def value(self, event: Any, depth: int) -> Any:
        """The value that an event begins, within `depth` others."""
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise Unreadable(_at(msg.NO_ANCHORS, event.start_mark))
        if event.tag is not None:
            raise Unreadable(_at(msg.NO_TAGS, event.start_mark))
        if isinstance(event, yaml.ScalarEvent):
            return event.value if event.style else _plain(event.value)
        if depth >= self.max_depth:
            raise Unreadable(say(msg.NESTED_TOO_DEEP, maximum=self.max_depth))
        inner = depth + 1
        if isinstance(event, yaml.MappingStartEvent):
            return self.members(inner)
        items = []
        while not isinstance(event := self.parser.get_event(), yaml.SequenceEndEvent):
            items.append(self.value(event, inner))
        return items

    def members(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := self.parser.get_event(), yaml.MappingEndEvent):
            name = self.value(event, depth)
            if not isinstance(name, str):
                raise Unreadable(_at(msg.YAML_NAME, event.start_mark))
            if name in found:
                raise Unreadable(say(msg.MEMBER_TWICE, name=name))
            found[name] = self.value(self.parser.get_event(), depth)
        return found


def _plain(text: str) -> Any:
    """The value of a scalar without quotes."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(_few_digits(text))
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(_few_digits(text), 0)
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise Unreadable(say(msg.NUMBER_TOO_LARGE, number=text[:40]))
        return number
    if _NO_NUMBER.fullmatch(text):
        raise Unreadable(say(msg.NO_CONSTANT, name=text))
    return text


def _few_digits(text: str) -> str:
    # A digit in base 16 is more than one in base 10.
    if len(text) > (_MOST_DIGITS if text.isdecimal() else _MOST_DIGITS * 4 // 5):
        raise Unreadable(say(msg.NUMBER_TOO_LONG))
    return text


def _at(template: str, mark: Any) -> Text:
    return say(template, line=mark.line + 1, column=mark.column + 1)


def _of(error: yaml.YAMLError, text: str) -> Text:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return _at(msg.NOT_YAML, mark)
    # A character that YAML cannot have; libyaml counts the bytes before it.
    before = text.encode()[: getattr(error, "position", 0)].decode(errors="ignore")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return say(msg.NOT_YAML, line=line, column=column)
