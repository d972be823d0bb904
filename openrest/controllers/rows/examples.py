"""The example of a page in the document, read from a store as a page that is served."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from marshmallow import Schema

from openrest.controllers.rows.resource import Resource
from openrest.errors import RecordNotFound
from openrest.interfaces import DataStore, Record
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.examples import example, native_example
from openrest.models.loading import wire_loader
from openrest.operations import Call, Operation
from openrest.query import Query

__all__ = ["example_page"]


def example_page(resource: Resource, row: Operation) -> dict[str, Any]:
    """The page that an API with one object answers, or with none where none can be made up."""
    query = {p.name: p.default for p in row.parameters if p.default is not s.MISSING}
    call = Call(row, query=query, address=_address(row))
    shown = [example(resource.plain)] if resource.shows else []
    page = dumper(resource.parts.page)({"meta": _meta(resource, call), "object_list": []})
    return {**page, "object_list": shown}


def _meta(resource: Resource, call: Call) -> dict[str, Any]:
    """What a list with one object, or with none, answers besides it."""
    definition, create = resource.definition, resource.parts.create
    records: list[Record] = []
    if resource.shows:
        sent = wire_loader(create)(example(create))
        records = [{definition.key.name: native_example(definition.key.shape), **sent}]
    pagination, sorting = definition.pagination, definition.sorting
    if pagination is None:
        return {"count": len(records), "total_count": len(records)}
    query = Query(order=sorting.default if sorting is not None else ())
    records, meta = pagination.read(call, query, _ExampleStore(records, definition.model))
    return {"count": len(records), **meta}


def _address(row: Operation) -> str:
    """The path of a row with an example in the place of each parameter."""
    address = row.path
    for parameter in row.parameters:
        if parameter.location == "path":
            given = parameter.example is not s.MISSING
            shown = parameter.example if given else example(parameter.shape)
            text = str(shown).lower() if isinstance(shown, bool) else str(shown)
            address = address.replace(f"{{{parameter.wire}}}", quote(text, safe=""))
    return address


class _ExampleStore(DataStore):
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
