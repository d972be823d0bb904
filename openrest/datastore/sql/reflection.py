"""What SQLAlchemy's inspector tells of a table, in the words in which it is compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from openrest.datastore.sql.backend import Found, Place

__all__ = ["fills_in", "type_name", "unique_indexes"]


def unique_indexes(inspector: sa.Inspector, place: Place) -> dict[str, tuple[str, ...]]:
    """The columns of each unique index but the key's; none where it is on more than columns."""
    indexes: dict[str, tuple[str, ...]] = {}
    for each in inspector.get_unique_constraints(*place):
        indexes[str(each["name"] or "_".join(each["column_names"]))] = tuple(each["column_names"])
    for index in inspector.get_indexes(*place):
        if not index["unique"]:
            continue
        names = index["column_names"]
        options = index.get("dialect_options", {})
        partial = any(name.endswith("_where") for name in options) or any(
            "length" in name or "prefix" in name for name in options
        )
        whole = not partial and None not in names
        indexes[str(index["name"])] = tuple(str(name) for name in names) if whole else ()
    return indexes


def fills_in(column: Mapping[str, Any]) -> bool:
    """Whether the database gives the column a value of its own."""
    return bool(
        column.get("computed") or column.get("identity") or column.get("autoincrement") is True
    )


def type_name(column: Found, dialect: sa.Dialect) -> str:
    """The type of a column that was found, in words of SQL."""
    type_ = column["type"]
    match type_:
        case sa.types.NullType():
            return "of a type that is not known"
        case sa.Enum():
            return f"an ENUM of {', '.join(map(repr, type_.enums))}"
        case _:
            text = str(type_.compile(dialect=dialect))
    collation = column["collation"]
    return f"{text} COLLATE {collation}" if collation and "COLLATE" not in text else text
