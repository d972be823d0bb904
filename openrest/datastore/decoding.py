"""Rows of a database -> records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from openrest.datastore.columns import NO_VALUE, Convert
from openrest.errors import StoreError
from openrest.interfaces import Record
from openrest.models import shapes as s

__all__ = ["Decoder", "remembered_rows"]


class Decoder:
    """Makes records of the rows of one table.

    `converts` has a function for each column whose stored values are not the native ones, by the
    name of its field; it raises one of `NO_VALUE` for what is no value of the field.
    """

    def __init__(
        self, table: str, shape: s.Object, key: str, converts: Mapping[str, Convert]
    ) -> None:
        self._table = table
        self._key = key
        self._converts: Final = tuple(converts.items())
        self._optional = [member.name for member in shape.members if not member.always]

    def __call__(self, rows: Iterable[Sequence[Any]], names: Sequence[str]) -> list[Record]:
        """The records of rows that have the values of these fields. Raises StoreError."""
        # strict=False: the statement names the columns one by one, so their number is right.
        records = [dict(zip(names, row, strict=False)) for row in rows]
        # A column at a time, so that a row costs little more than its values.
        for name, decode in self._converts:
            if name not in names:
                continue
            for record in records:
                value = record[name]
                if value is not None:
                    try:
                        record[name] = decode(value)
                    except NO_VALUE as error:
                        raise self._unreadable(record, name) from error
        for name in self._optional:
            if name not in names:
                continue
            for record in records:
                if record[name] is None:
                    del record[name]
        return records

    def _unreadable(self, record: Record, name: str) -> StoreError:
        return StoreError(
            f"{self._table}: the record with the key {record[self._key]!r} has a value in "
            f"{name!r} that is none of the field: {record[name]!r:.80}"
        )


def remembered_rows(
    rows: Sequence[Mapping[str, Any]], table: str, names: Sequence[str], required: Iterable[str]
) -> list[tuple[Any, ...]]:
    """The values of rows that were remembered, perhaps when the model had other fields.

    Raises StoreError where one lacks a value of the `required` fields.
    """
    for name in required:
        if any(row.get(name) is None for row in rows):
            raise StoreError(f"{table}: a request was remembered before the model had {name!r}")
    return [tuple(row.get(name) for name in names) for row in rows]
