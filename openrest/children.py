"""The option that says which lists stand below an object: ``/address/1/users``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["Children", "read_children"]

_PLACE: Final = "controller.options.children"
#: A segment of a path that needs no escape.
_SEGMENT: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """Lists of what refers to an object, each in a segment of its own below it.

    A segment leads to ``users``, or to ``users.home`` where users refer to it by several fields.
    With `all` there are those of every resource that refers to it.
    """

    lists: Mapping[str, str] = field(default_factory=dict)
    all: bool = False


def read_children(options: Mapping[str, Any]) -> tuple[Children, list[str]]:
    """What the option ``children`` asks for, or every mistake in it."""
    asked = options.get("children", ())
    if asked is True:
        return Children(all=True), []
    if isinstance(asked, str) or not isinstance(asked, (Sequence, Mapping)):
        said = "is neither True nor a list of resources, nor a mapping of segments to them, but"
        return Children(), [f"{_PLACE}: {said} {asked!r}."]
    lists = dict(asked) if isinstance(asked, Mapping) else {name: name for name in asked}
    mistakes = [f"{_PLACE}: {mistake}" for mistake in _mistakes(lists)]
    if len(lists) < len(asked):
        mistakes.append(f"{_PLACE}: a resource is there twice.")
    if "children" in options and not asked:
        mistakes.append(f"{_PLACE}: names no resource: leave it out.")
    return (Children() if mistakes else Children(lists=lists)), mistakes


def _mistakes(lists: Mapping[Any, Any]) -> Iterator[str]:
    for segment, leads in lists.items():
        if not isinstance(leads, str):
            yield f"{segment!r}: is not the name of a resource but {leads!r}."
        elif not isinstance(segment, str) or not _SEGMENT.fullmatch(segment):
            yield (
                f"{segment!r} is not a segment of a URL, a letter, then letters, digits, '-' and "
                f"'_': {{'segment': {leads!r}}}."
            )
