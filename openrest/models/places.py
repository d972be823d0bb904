"""Where a mistake is: JSON pointers, as URI fragments (RFC 6901, section 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote

from marshmallow.exceptions import SCHEMA

from openrest.errors import Mistake
from openrest.models.scalars import Rule

__all__ = ["escape", "json_pointer", "nested_messages", "pointer", "rule_mistakes"]


def rule_mistakes(messages: Any, at: str) -> list[Mistake]:
    """The messages of marshmallow's ValidationError, nested as it nests them, as mistakes."""
    if isinstance(messages, Mapping):
        return [
            found
            for name, inner in messages.items()
            for found in rule_mistakes(inner, at if name == SCHEMA else f"{at}/{escape(str(name))}")
        ]
    if isinstance(messages, list):
        return [found for inner in messages for found in rule_mistakes(inner, at)]
    # As it is: a Text remembers what it was made from, and can be translated.
    return [Rule(messages if isinstance(messages, str) else str(messages), pointer=at)]


def nested_messages(mistakes: Iterable[Mistake]) -> Any:
    """The mistakes as the messages of marshmallow's ValidationError, nested by their places."""
    nested: dict[Any, Any] = {}
    for found in mistakes:
        inner = nested
        # "#" alone is the whole value, under which nothing is nested.
        for token in str(found.pointer).split("/")[1:]:
            name = unquote(token).replace("~1", "/").replace("~0", "~")
            inner = inner.setdefault(int(name) if name.isdecimal() else name, {})
        inner.setdefault(SCHEMA, []).append(found.detail)
    return _leaves(nested)


def _leaves(nested: dict[Any, Any]) -> Any:
    if nested.keys() == {SCHEMA}:
        return nested[SCHEMA]
    return {name: inner if name == SCHEMA else _leaves(inner) for name, inner in nested.items()}


def pointer(name: str) -> str:
    """The JSON pointer of a member of a body."""
    return f"#/{escape(name)}"


def json_pointer(name: str) -> str:
    """The JSON pointer of a member as a text of its own (RFC 6901, section 5)."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def escape(name: str) -> str:
    """A reference token of a JSON pointer in a URI fragment (RFC 6901, sections 3 and 6)."""
    return quote(
        name.replace("~", "~0").replace("/", "~1"), safe="~$!&'()*+,;=:@-._", errors="replace"
    )
