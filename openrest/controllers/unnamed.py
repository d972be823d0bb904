"""Rows whose texts do not name what somebody does not know of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from openrest.contract import PROBLEMS, Body, ResponseSpec
from openrest.errors import Problem
from openrest.models import shapes as s
from openrest.models.walking import each, rebuilt
from openrest.operations import Operation

__all__ = ["Unnamed", "members_in", "names_in"]

#: Where one statement ends and the next one begins.
_ENDS = re.compile(r"((?<=[.!?])\s+|\n\s*\n|; or: )")


def names_in(rows: Iterable[Operation]) -> Iterator[str]:
    """The names of parameters and of members of objects, in records and in JSON."""
    for row in rows:
        for parameter in row.parameters:
            yield parameter.wire
        bodies = row.body.all if row.body is not None else ()
        for shape in (*(spec.shape for spec in row.responses), *(body.shape for body in bodies)):
            yield from members_in(shape)


def members_in(shape: s.Shape | None) -> Iterator[str]:
    """The names of the members of all objects in a shape."""
    for part in each(shape) if shape is not None else ():
        if isinstance(part, s.Object):
            for member in part.members:
                yield from (member.name, member.wire)


class Unnamed:
    """Leaves out the statements that have one of some words, in any case of letters.

    The structure of a row has been narrowed before. Its texts tell facts about each other's
    resources, and some are their author's own: so they are looked through at last. `shapes` does
    the same for the objects, which several rows share.
    """

    def __init__(self, words: Collection[str], shapes: Unnamed | None = None) -> None:
        self._shapes = self if shapes is None else shapes
        several = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
        # As a whole, also as a part of a name: `salary__gt`, and -salary.
        pattern = rf"(?<![A-Za-z0-9])(?:{several})(?![A-Za-z0-9])"
        self._named = re.compile(pattern, re.IGNORECASE) if words else None

    def _names(self, text: str) -> bool:
        return self._named is not None and self._named.search(text) is not None

    def text(self, text: str) -> str:
        """The text without the statements that name one of the words."""
        if not self._names(text):
            return text
        parts = _ENDS.split(text)
        kept = [
            (statement, end)
            for statement, end in zip(parts[::2], [*parts[1::2], ""], strict=True)
            if not self._names(statement)
        ]
        return "".join(statement + end for statement, end in kept).strip().removesuffix("; or:")

    def row(self, row: Operation) -> Operation:
        """The row, with these words in none of its texts."""
        if self._named is None:
            return row
        return replace(
            row,
            summary=self.text(row.summary) or f"{row.method} {row.path}",
            description=self.text(row.description),
            parameters=tuple(
                replace(p, description=self.text(p.description), shape=self._shapes.shape(p.shape))
                for p in row.parameters
            ),
            body=row.body and self._body(row.body),
            responses=tuple(map(self._response, row.responses)),
        )

    def _body(self, body: Body) -> Body:
        return replace(
            body,
            shape=self._shapes.shape(body.shape),
            many=body.many and self._shapes.shape(body.many),
            others=tuple(map(self._body, body.others)),
        )

    def _response(self, spec: ResponseSpec) -> ResponseSpec:
        return replace(
            spec,
            # A response has to have a description (OpenAPI 3.1, Response Object).
            description=self.text(spec.description) or _phrase(spec.status),
            shape=spec.shape and self._shapes.shape(spec.shape),
            whole=spec.whole and self._shapes.shape(spec.whole),
            many=spec.many and self._shapes.shape(spec.many),
            headers=tuple(replace(h, description=self.text(h.description)) for h in spec.headers),
            links=tuple(replace(one, description=self.text(one.description)) for one in spec.links),
            example=self._example(spec.example),
        )

    def _example(self, shown: Any) -> Any:
        """An example of a problem; one that has the words is made of the description instead.

        They stand in the detail and in the places of the mistakes. What else is shown has been
        narrowed.
        """
        is_named = isinstance(shown, Problem) and self._names(str(shown.as_dict()))
        return s.MISSING if is_named else shown

    def shape(self, shape: Any) -> Any:
        """The shape, with these words in none of its descriptions."""
        match shape:
            case s.Object() | s.OneOf() if self._named is not None:
                members = tuple(
                    replace(m, description=self.text(m.description)) for m in shape.members
                )
                said = self.text(shape.description)
                return rebuilt(replace(shape, members=members, description=said), self.shape)
            case _ if self._named is not None:
                return rebuilt(shape, self.shape)
            case _:
                return shape


def _phrase(status: int) -> str:
    return PROBLEMS[status].title if status in PROBLEMS else "The answer"
