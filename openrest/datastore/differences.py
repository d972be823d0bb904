"""How stores word what a table has otherwise than its model asks for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from openrest.datastore.columns import quote

__all__ = [
    "deferrable",
    "listed",
    "no_such_field",
    "null_differences",
    "unique_differences",
    "wrong_key",
]


def null_differences(name: str, *, required: bool, not_null: bool) -> Iterator[str]:
    """Whether a column may be NULL where its field may have no value, and only there."""
    if required and not not_null:
        yield f"the column {quote(name)} may be NULL, and the field always has a value."
    if not_null and not required:
        yield f"the column {quote(name)} is NOT NULL, and the field may have no value."


def no_such_field(name: str) -> str:
    """A row cannot be inserted without a value that no field gives."""
    return (
        f"the column {quote(name)} is NOT NULL without a DEFAULT, and the model has no such field."
    )


def wrong_key(columns: Collection[str], key: str) -> str:
    """The primary key is another one."""
    names = f"({listed(columns)})" if columns else "none"
    return f"its primary key is {names}: it must be ({quote(key)})."


def unique_differences(
    table: str,
    uniques: Iterable[tuple[str, ...]],
    indexes: Mapping[str, tuple[str, ...]],
    same: Callable[[str], str] = str.lower,
    late: Collection[str] = (),
) -> Iterator[str]:
    """What unique indexes a table lacks, and has besides: `indexes` are their columns by name.

    Those of one that is not on columns alone are none. `same` gives what is the same of names.
    The indexes called `late` need not refuse a row when it is written.
    """
    wanted = {frozenset(map(same, members)): members for members in uniques}
    found = {frozenset(map(same, indexes[index])) for index in indexes if index not in late}
    for names, members in wanted.items():
        if names not in found:
            index = quote("_".join((table, *members)))
            yield (
                f"no unique index keeps {_validator(members)}: "
                f"CREATE UNIQUE INDEX {index} ON {quote(table)} ({listed(members)})"
            )
    for index, columns in indexes.items():
        if not columns:
            yield f"its unique index {quote(index)} is partial or on an expression."
        elif frozenset(map(same, columns)) not in wanted:
            yield f"its unique index {quote(index)} asks for {_validator(columns)}."
        elif frozenset(map(same, columns)) not in found:
            yield deferrable("unique constraint", index)


def deferrable(kind: str, name: str, how: str = "DEFERRABLE") -> str:
    """A constraint need not refuse a row when it is written, where a store can say why."""
    return f"its {kind} {quote(name)} is {how}: one that is checked late cannot be used."


def listed(names: Iterable[str]) -> str:
    """Names as SQL lists them."""
    return ", ".join(map(quote, names))


def _validator(members: Iterable[str]) -> str:
    return f"UniqueTogether({', '.join(map(repr, members))})"
