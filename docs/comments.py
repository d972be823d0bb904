"""Lets the reference show the ``#:`` comments above attributes, as docstrings of these."""

from __future__ import annotations

from typing import Any

import griffe

__all__ = ["CommentDocstrings"]


class CommentDocstrings(griffe.Extension):
    """An extension of griffe, which reads the code for mkdocstrings."""

    def on_attribute_instance(self, *, attr: griffe.Attribute, **_: Any) -> None:
        """The event of griffe: an attribute has been found."""
        if attr.docstring is not None or attr.lineno is None or isinstance(attr.filepath, list):
            return
        lines = attr.lines_collection[attr.filepath]
        first = attr.lineno - 1
        while first > 0 and lines[first - 1].lstrip().startswith("#:"):
            first -= 1
        above = lines[first : attr.lineno - 1]
        comment = [line.lstrip().removeprefix("#:").strip() for line in above]
        if comment:
            attr.docstring = griffe.Docstring("\n".join(comment), lineno=first + 1, parent=attr)
