"""What SQLAlchemy's inspector tells of a table, in the words in which it is compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from openrest.datastore.sql.backend import Found, Place

__all__ = ["Reflected", "fills_in", "reflected", "type_name"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflected:
    """A table as it is found.

    `key` are the columns of its primary key, which may have a name. `uniques` are those of each
    other unique index by its name; none where it is on more than columns. `nulls` are the names of
    those that take two rows without a value for the same.
    """

    columns: Sequence[Found]
    key: tuple[str, ...]
    key_name: str | None
    uniques: Mapping[str, tuple[str, ...]]
    nulls: Sequence[str]
    foreign: Sequence[Found]


def reflected(
    inspector: sa.Inspector,
    place: Place,
    spelled: Callable[[str], str],
    uniques: Mapping[str, tuple[str, ...]] | None,
) -> Reflected:
    """The table; `spelled` gives the name that is meant by one of which the inspector tells.

    `uniques` are known where the inspector does not tell of all.
    """
    key = inspector.get_pk_constraint(*place)
    if uniques is None:
        told = _unique_indexes(inspector, place)
        uniques = {spelled(name): tuple(map(spelled, told[name])) for name in told}
    return Reflected(
        columns=[{**each, "name": spelled(each["name"])} for each in inspector.get_columns(*place)],
        key=tuple(map(spelled, key["constrained_columns"])),
        key_name=key.get("name"),
        uniques=uniques,
        nulls=[
            str(each["name"])
            for each in inspector.get_indexes(*place)
            if each.get("dialect_options", {}).get("postgresql_nulls_not_distinct")
        ],
        foreign=[
            {
                **each,
                "name": spelled(each["name"] or ""),
                "constrained_columns": [*map(spelled, each["constrained_columns"])],
            }
            for each in inspector.get_foreign_keys(*place)
        ],
    )


def _unique_indexes(inspector: sa.Inspector, place: Place) -> dict[str, tuple[str, ...]]:
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
