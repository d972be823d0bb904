"""`Controller`: three mappings, and a handler method for each verb."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

from openrest.bulk import Bulk
from openrest.checking import check
from openrest.config import ControllerConfig, Definition, ResourceConfig, ViewConfig
from openrest.datastore.lifecycle import Lifecycle
from openrest.errors import (
    ConfigurationError,
    ContractError,
    Problem,
    RecordConflict,
    RecordNotFound,
    RuleViolated,
)
from openrest.interfaces import Change, DataStore, Once, Record
from openrest.json_patch import JsonPatch
from openrest.listing_options import hidden_by
from openrest.merge_patch import MergePatch
from openrest.models.dumping import dumper
from openrest.models.loading import wire_loader
from openrest.models.places import pointer
from openrest.operations import Call, Page, Result
from openrest.query import Query, Test
from openrest.relations.relation import Relations
from openrest.relations.store import RelatedStore

__all__ = ["OPEN_STORES", "Controller"]

#: Whether a controller opens its store as soon as it is made, so that one that cannot work is
#: found at start. Not so where only its operations are looked at, which takes no data.
OPEN_STORES: ContextVar[bool] = ContextVar("OPEN_STORES", default=True)


#: How often a PUT looks whether the object is there, while others create and delete it.
_TRIES = 3

#: What stores new records and gives them with their keys.
InsertMany = Callable[[Sequence[Record]], list[Record]]


class Controller:
    """One resource: subclass it with the mappings `resource`, `controller` and `view`.

    They are checked when the class is created; ConfigurationError names every mistake. To change
    what a verb does, override its method: `get_list`, `create`, `get`, `update` (PUT), `patch`
    or `delete`; with the option ``bulk`` also `create_many`, `patch_many`
    and `delete_many`. To look at what is written, or to
    change it, override a hook: `before_create`, `after_create`, `before_update` and so on.
    Instances are shared by all threads and keep nothing of a request: all of that is in the `Call`.
    `store` is the datastore, and `resources` has the controllers of all resources of the API by
    name, from the time when a dispatcher mounts them: ``self.resources["address"].store``.
    """

    resource: ClassVar[ResourceConfig]
    controller: ClassVar[ControllerConfig]
    view: ClassVar[ViewConfig]
    definition: ClassVar[Definition]
    #: How many bytes an object may have, as JSON, that a JSON Patch makes.
    max_patched_bytes: ClassVar[int] = 1_000_000
    resources: Mapping[str, Controller] = MappingProxyType({})

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
        self._relations: Relations | None = None
        if OPEN_STORES.get():
            self.store  # noqa: B018  # opens it
        self._hooks_creation = type(self).before_create is not Controller.before_create
        self._hooks_deletes = any(
            getattr(type(self), name) is not getattr(Controller, name)
            for name in ("before_delete", "after_delete")
        )
        self._merge_patch = MergePatch(definition.shape, definition.key)
        self._json_patch = JsonPatch(
            definition.shape,
            definition.key,
            self.max_patched_bytes,
            hidden_by(definition.formatters),
        )
        self._owned = frozenset(
            m.name for m in definition.shape.members if m.read_only and m.stored
        ) | {definition.key.name}

    def mount(self, resources: Mapping[str, Controller], relations: Relations) -> None:
        """Make the resources of an API known to each other; the dispatcher calls this once."""
        self.resources = resources
        self._relations = relations
        vars(self).pop("store", None)

    @cached_property
    def store(self) -> DataStore:
        """The datastore; where resources refer to one another it keeps what they refer to."""
        relations, name = self._relations, self.definition.name
        if relations is None or not (relations.outgoing(name) or relations.incoming(name)):
            return self.unrelated_store
        return RelatedStore(self.unrelated_store, name, relations)

    @cached_property
    def unrelated_store(self) -> DataStore:
        """The datastore, which knows nothing of other resources."""
        definition = self.definition
        store = definition.datastore
        if isinstance(store, type):
            store = store(definition.source, definition.model, definition.validators)
        if definition.times is not None:
            store = Lifecycle(store, definition.times)
        if definition.search is not None:
            store.prepare_search(definition.search.members)
        if definition.idempotency is not None:
            store.prepare_once()
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
        members = self._members(call)
        embedding = call.operation.embedding
        if members is not None and embedding is not None:
            members = tuple(sorted({*members, *embedding.needs(call)}))
        query = Query((*conditions, *call.within), order, members=members)
        call.within = ()
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
        return self._insert(call, call.body)

    def create_many(self, call: Call) -> Result:
        """Insert the objects of the body as new records, all of them or none."""
        return Result(self.insert_many(call, call.body), 201)

    def _insert(self, call: Call, sent: Record) -> Result:
        record = self.insert(call, sent)
        key = record[self.definition.key.name]
        return Result(record, 201, [("Location", call.uri(self.definition.name, key))])

    def insert(self, call: Call, record: Record) -> Record:
        """Store a new record, with the hooks, unless a request with the same key has done so.

        For handlers of one's own in the place of `create`. Gives the record as it was stored, by
        this request or by the earlier one; with an ``Idempotency-Key`` `Call.replayed` says by
        which.
        """
        [stored] = self._insert_all(call, [record], lambda new: [self.store.insert(new[0])])
        return stored

    def insert_many(self, call: Call, records: Sequence[Record]) -> list[Record]:
        """Store several records as `insert` does one, all of them or none."""
        return self._insert_all(call, records, self.store.insert_many)

    def _insert_all(
        self, call: Call, records: Sequence[Record], insert: InsertMany
    ) -> list[Record]:
        idempotency = self.definition.idempotency
        once = None if idempotency is None else idempotency.once(call, self.definition.name)
        if call.replayed is not None:
            raise ContractError("A request with an Idempotency-Key inserts once, not twice.")
        stored = self._recalled(once)
        replayed = stored is not None
        if stored is None:
            try:
                stored, replayed = self._inserted(call, records, once, insert)
            except Problem:
                # Perhaps because of what the same request, sent twice, has stored meanwhile.
                stored, replayed = self._recalled(once), True
                if stored is None:
                    raise
        if once is not None:
            call.replayed = replayed
        if not replayed:
            for record in stored:
                call.afterwards(self.after_create, call, record)
        return stored

    def _inserted(
        self, call: Call, records: Sequence[Record], once: Once | None, insert: InsertMany
    ) -> tuple[list[Record], bool]:
        """The records as they are stored, and whether they have been before."""

        def step() -> tuple[list[Record], bool]:
            new = [_made("before_create", self.before_create(call, record)) for record in records]
            return (insert(new), False) if once is None else self.store.insert_once(once, new)

        def known_or_step() -> tuple[list[Record], bool]:
            known = self._recalled(once)
            return step() if known is None else (known, True)

        if self._hooks_creation and self.store.changes_together:
            return self.store.together(known_or_step)
        return step()

    def _recalled(self, once: Once | None) -> list[Record] | None:
        return None if once is None else self.store.recall_once(once)

    def get(self, call: Call) -> Result:
        """The record with the call's key."""
        return Result(self.store.get(call.key))

    def update(self, call: Call) -> Result:
        """Replace the record by the body; what only the server sets stays as it is.

        With the option ``upsert`` a record that is not there is created (201).
        """
        sent = {name: value for name, value in call.body.items() if name not in self._owned}

        def change(current: dict[str, Any]) -> dict[str, Any]:
            return {**sent, **{name: current[name] for name in self._owned if name in current}}

        if not self.definition.upsert:
            return self._update(call, change)
        return self._upserted(call, sent, change)

    def _update(self, call: Call, change: Change) -> Result:
        """The record that the change makes, with the conditions of the call and the hooks."""
        seen: list[Record] = []

        def checked(current: Record) -> Record:
            self.check_preconditions(call, current)
            seen[:] = [current]
            return _made("before_update", self.before_update(call, current, change(current)))

        record = self.store.update(call.key, checked)
        call.afterwards(self.after_update, call, seen[0], record)
        return Result(record)

    def _upserted(self, call: Call, sent: Record, change: Change) -> Result:
        key = self.definition.key.name
        clash = RecordConflict((key,))
        for _ in range(_TRIES):
            with suppress(RecordNotFound):
                return self._update(call, change)
            self.check_preconditions(call, None)
            self._check_key(call.key)
            try:
                return self._insert(call, {**sent, key: call.key})
            except RecordConflict as found:
                # Somebody else has created it since: then it is replaced after all.
                if found.members != clash.members:
                    raise
                clash = found
        raise clash

    def _check_key(self, key: Any) -> None:
        """Run the rules of the key, which are no matter as long as it is only looked up."""
        shape, place = self.definition.key.shape, pointer(self.definition.key.wire)
        try:
            wire_loader(shape)(dumper(shape)(key))
        except RuleViolated as refused:
            raise RuleViolated([replace(m, pointer=place) for m in refused.mistakes]) from refused

    def patch(self, call: Call) -> Result:
        """Merge the body into the record (RFC 7396), or carry out its operations (RFC 6902).

        The object that comes out has to fit the model.
        """

        def change(current: dict[str, Any]) -> dict[str, Any]:
            apply = self._json_patch if isinstance(call.body, list) else self._merge_patch
            return apply(current, call.body)

        return self._update(call, change)

    def delete(self, call: Call) -> Result:
        """Delete the record with the call's key."""
        seen: list[Record] = []

        def check(current: Record) -> None:
            self.check_preconditions(call, current)
            self.before_delete(call, current)
            seen[:] = [current]

        # Without a look at the record it is one statement.
        looks = self._hooks_deletes or self.definition.preconditions.unheeded(call)
        self.store.delete(call.key, check if looks else None)
        for record in seen:
            call.afterwards(self.after_delete, call, record)
        return Result(None, 204)

    def patch_many(self, call: Call) -> Result:
        """Merge the body into all records that the filters of the call find, or into none."""
        seen: dict[Any, Record] = {}
        key = self.definition.key.name

        def change(current: Record) -> Record:
            seen[current[key]] = dict(current)
            merged = self._merge_patch(current, call.body)
            return _made("before_update", self.before_update(call, current, merged))

        bulk = self._bulk()
        records = self.store.update_many(self._meant(call), change, bulk.max_affected)
        for record in records:
            call.afterwards(self.after_update, call, seen[record[key]], record)
        return Result({"affected": len(records)})

    def delete_many(self, call: Call) -> Result:
        """Delete all records that the filters of the call find, or none."""
        seen: list[Record] = []

        def check(current: Record) -> None:
            self.before_delete(call, current)
            seen.append(current)

        most, looks = self._bulk().max_affected, self._hooks_deletes
        affected = self.store.delete_many(self._meant(call), most, check if looks else None)
        # A store may begin anew, and then those before were not deleted, or are here again.
        for record in seen[len(seen) - affected :] if looks else ():
            call.afterwards(self.after_delete, call, record)
        return Result({"affected": affected})

    def _bulk(self) -> Bulk:
        return self.definition.bulk or Bulk()

    def _meant(self, call: Call) -> Query:
        filters, search = self.definition.filters, self.definition.search
        tests = filters.conditions(call) if filters is not None else ()
        return self._bulk().query((*tests, *(search.tests(call) if search is not None else ())))

    def before_create(self, call: Call, record: Record) -> Record:
        """What is inserted instead of a record that fits the model. It may raise a Problem.

        It is a part of the step that inserts, where the store `changes_together`: what it reads
        of the store, and of others that it is atomic with, holds until the record is stored.
        """
        return record

    def after_create(self, call: Call, record: Record) -> None:
        """Called once the record is stored."""

    def before_update(self, call: Call, current: Record, record: Record) -> Record:
        """What takes the place of the current record, instead of a record that fits the model.

        Called by PUT and PATCH, inside the store's atomic step: the current record stays what it
        is until the new one is stored. It must not write to the store, and may raise a Problem.
        """
        return record

    def after_update(self, call: Call, previous: Record, record: Record) -> None:
        """Called once the record is stored in the place of the previous one."""

    def before_delete(self, call: Call, current: Record) -> None:
        """Called inside the store's atomic step. It may raise a Problem, and nothing is deleted."""

    def after_delete(self, call: Call, record: Record) -> None:
        """Called once the record is gone."""

    def check_preconditions(self, call: Call, current: dict[str, Any] | None) -> None:
        """Hold ``If-Match`` and its like against the record that is about to change.

        For handlers of one's own: to be called inside the change or check that the store runs.
        Raises PreconditionFailed (412) and PreconditionRequired (428).
        """
        self.definition.preconditions.check(call, current)


def _made(hook: str, record: Any) -> Record:
    """What a hook has made of a record, where it has not forgotten to return it."""
    if not isinstance(record, dict):
        raise ContractError(f"{hook} must return the record, not {record!r:.80}.")
    return record
