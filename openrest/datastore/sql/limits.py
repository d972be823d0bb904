"""What a kind of database cannot take, said before it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from openrest.datastore.sql.backend import Backend
from openrest.datastore.sql.fitting import longest
from openrest.datastore.sql.tables import Table

__all__ = ["index_mistakes", "name_mistakes"]

#: How many bytes a character takes in an index of MariaDB.
_BYTES: Final = 4


def name_mistakes(backend: Backend, names: Sequence[str], most: int) -> Iterator[str]:
    """Names of fields that cannot be those of columns, where a name has at most so many bytes."""
    if backend.ignores_case:
        folded = [name.lower() for name in names]
        for double in sorted({name for name in folded if folded.count(name) > 1}):
            yield f"{backend.title} takes the fields called {double!r}, in any case, for one."
    for name in names:
        if len(name.encode()) > most:
            yield f"{backend.title} takes no name of more than {most} bytes: {name!r:.80}."


def index_mistakes(table: Table) -> Iterator[str]:
    """What cannot be in an index, where the database must know how long a text is."""
    most, title = table.backend.index_bytes, table.backend.title
    if most is None or table.given is not None:
        return
    for members in ((table.key,), *table.uniques):
        length = 0
        for column, member in zip(table.columns, table.members, strict=True):
            if member.name not in members or column.kind not in ("text", "json"):
                continue
            characters = longest(member.shape)
            if characters is None:
                yield (
                    f"{title} needs to know how long {member.name!r} can be, to tell rows apart by "
                    f"it: give it validate=Length(max=...), at most {most // _BYTES} characters."
                )
            else:
                length += characters * _BYTES
        if length > most:
            yield (
                f"{', '.join(map(repr, members))} can have {length // _BYTES} characters, and "
                f"{title} tells rows apart by at most {most // _BYTES}: give a smaller "
                "validate=Length(max=...)."
            )
