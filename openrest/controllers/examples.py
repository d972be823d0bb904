"""The store behind the example of a page in the document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from marshmallow import Schema

from openrest.errors import RecordNotFound
from openrest.interfaces import DataStore, Record
from openrest.query import Query

__all__ = ["ExampleStore"]


class ExampleStore(DataStore):
    """Has a few records, all of which meet every condition; a style of pages reads them."""

    sortable = True
    seekable = True

    def __init__(self, records: Sequence[Record], model: type[Schema]) -> None:
        super().__init__(None, model)
        self._records = records

    def find(self, query: Query) -> Iterable[Record]:
        key = self.key.name
        return query.window(self._records, lambda record: query.position(record, key))

    def count(self, query: Query) -> int:
        return len(self._records)

    def get(self, key: Any) -> Record:
        for record in self._records:
            if record[self.key.name] == key:
                return record
        raise RecordNotFound(key)
