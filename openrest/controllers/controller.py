"""`Controller`: three mappings, and a handler method for each verb."""

from __future__ import annotations

from contextvars import ContextVar
from functools import cached_property
from typing import Any, ClassVar

from openrest.checking import check
from openrest.config import ControllerConfig, Definition, ResourceConfig, ViewConfig
from openrest.errors import ConfigurationError
from openrest.interfaces import DataStore
from openrest.merge_patch import MergePatch
from openrest.operations import Call, Page, Result
from openrest.query import Query, Test

__all__ = ["OPEN_STORES", "Controller"]

#: Whether a controller opens its store as soon as it is made, so that one that cannot work is
#: found at start. Not so where only its operations are looked at, which takes no data.
OPEN_STORES: ContextVar[bool] = ContextVar("OPEN_STORES", default=True)


class Controller:
    """One resource: subclass it with the mappings `resource`, `controller` and `view`.

    They are checked when the class is created; ConfigurationError names every mistake. To change
    what a verb does, override its method: `get_list`, `create`, `get`, `update` (PUT), `patch`
    or `delete`. Instances are shared by all threads and keep nothing of a request: all of that
    is in the `Call`. `store` is the datastore.
    """

    resource: ClassVar[ResourceConfig]
    controller: ClassVar[ControllerConfig]
    view: ClassVar[ViewConfig]
    definition: ClassVar[Definition]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        mappings = {name: getattr(cls, name, None) for name in ("resource", "controller", "view")}
        if mappings["resource"] is None:
            return  # a base for other controllers, with handlers to share
        missing = [
            f"the mapping {name!r} is missing." for name in mappings if mappings[name] is None
        ]
        definition, mistakes = (None, missing) if missing else check(**mappings)
        if definition is None:
            raise ConfigurationError(cls.__name__, mistakes)
        cls.definition = definition

    def __init__(self) -> None:
        definition = self.definition
        if OPEN_STORES.get():
            self.store  # noqa: B018  # opens it
        self._patch = MergePatch(definition.shape, definition.key)
        self._owned = frozenset(
            m.name for m in definition.shape.members if m.read_only and m.stored
        ) | {definition.key.name}

    @cached_property
    def store(self) -> DataStore:
        """The datastore."""
        definition = self.definition
        store = definition.datastore
        if isinstance(store, type):
            store = store(definition.source, definition.model, definition.validators)
        if definition.search is not None:
            store.prepare_search(definition.search.members)
        return store

    def get_list(self, call: Call) -> Result:
        """The records that the call's parameters ask for, a page of them at a time."""
        filters = self.definition.filters
        return self.page(call, filters.conditions(call) if filters is not None else ())

    def page(self, call: Call, conditions: tuple[Test, ...] = ()) -> Result:
        """The page that the call asks for, of the records that meet the conditions.

        For `get_list`, and for operations of one's own that return a ``page``.
        """
        pagination, sorting = self.definition.pagination, self.definition.sorting
        search = self.definition.search
        if search is not None:
            conditions = (*conditions, *search.tests(call))
        order = sorting.order(call) if sorting is not None else ()
        query = Query(conditions, order, members=self._members(call))
        if pagination is None and call.streams:
            return Result(Page(self.store.stream(query), {}))
        if pagination is None:
            records = list(self.store.find(query))
            return Result(Page(records, {"count": len(records), "total_count": len(records)}))
        records, meta = pagination.read(call, query, self.store)
        headers = [*pagination.headers(meta)]
        return Result(Page(records, {"count": len(records), **meta}), headers=headers)

    def _members(self, call: Call) -> tuple[str, ...] | None:
        """The fields that the store need give; all of them where a handler may look at them."""
        own = any(
            getattr(type(self), name) is not getattr(Controller, name)
            for name in ("get_list", "page")
        )
        partial = self.definition.partial
        return None if partial is None or own else partial.members(call)

    def create(self, call: Call) -> Result:
        """Insert the body as a new record."""
        record = self.store.insert(call.body)
        key = record[self.definition.key.name]
        return Result(record, 201, [("Location", call.uri(self.definition.name, key))])

    def get(self, call: Call) -> Result:
        """The record with the call's key."""
        return Result(self.store.get(call.key))

    def update(self, call: Call) -> Result:
        """Replace the record by the body; what only the server sets stays as it is."""

        def change(current: dict[str, Any]) -> dict[str, Any]:
            kept = {name: current[name] for name in self._owned if name in current}
            sent = {name: value for name, value in call.body.items() if name not in self._owned}
            return {**sent, **kept}

        return Result(self.store.update(call.key, change))

    def patch(self, call: Call) -> Result:
        """Merge the body into the record (RFC 7396); the merged object has to fit the model."""
        return Result(self.store.update(call.key, lambda current: self._patch(current, call.body)))

    def delete(self, call: Call) -> Result:
        """Delete the record with the call's key."""
        self.store.delete(call.key)
        return Result(None, 204)
