"""Statements as the texts that drivers take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

__all__ = ["Prepared", "Written"]

#: A statement and the values to bind to it, as the driver takes them.
Written = tuple[str, Any]


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
