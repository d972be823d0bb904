"""Statements as the texts that drivers take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

__all__ = ["Prepared", "Written", "quoted"]

#: A statement and the values to bind to it, as the driver takes them.
Written = tuple[str, Any]


def quoted(dialect: sa.Dialect, *names: str | None) -> str:
    """The name of a table, perhaps with that of its schema, for a statement without values."""
    quote = dialect.identifier_preparer.quote
    text = ".".join(quote(name) for name in names if name)
    # SQLAlchemy has each % twice where the driver takes one for the mark of a value.
    return text.replace("%%", "%") if dialect.paramstyle in ("format", "pyformat") else text


class Prepared:
    """A statement that is compiled once; `names` are those of the values that it then takes."""

    def __init__(self, statement: Any, dialect: sa.Dialect, names: Sequence[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._names = names
        self._order: list[str] | None = [*compiled.positiontup] if compiled.positional else None
        # Some dialects write values of their own into a statement, such as an offset of 0.
        self._fixed = {name: compiled.params[name] for name in set(compiled.params) - set(names)}

    def __call__(self, *values: Any) -> Written:
        """The statement with values in the order of their names."""
        bound = dict(zip(self._names, values, strict=True))
        if self._fixed:
            bound |= self._fixed
        return self.sql, bound if self._order is None else tuple(map(bound.get, self._order))
