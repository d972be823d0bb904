"""`Controller`: three mappings, and a handler method for each verb."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import replace
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import Any, ClassVar

from openrest import messages as msg
from openrest.access import refusal
from openrest.audit.store import AuditedStore
from openrest.bulk import Bulk
from openrest.checking import check
from openrest.config import ControllerConfig, Definition, ResourceConfig, ViewConfig
from openrest.datastore.lifecycle import Lifecycle
from openrest.datastore.scoped import Scoped
from openrest.errors import (
    ConfigurationError,
    Conflict,
    ContractError,
    Problem,
    RecordConflict,
    RecordNotFound,
    RuleViolated,
    TooManyRecords,
)
from openrest.interfaces import Change, DataStore, Once, Record
from openrest.json_patch import JsonPatch
from openrest.listing_options import hidden_by
from openrest.merge_patch import MergePatch
from openrest.messages import say
from openrest.models.dumping import dumper
from openrest.models.loading import wire_loader
from openrest.models.places import pointer
from openrest.operations import Call, Page, Result
from openrest.query import Query, Test, members_of
from openrest.relations.relation import Relations
from openrest.relations.store import RelatedStore
from openrest.rendering import without
from openrest.views.json import JsonResponse

__all__ = ["OPEN_STORES", "Controller", "asks_about_objects"]

#: Whether a controller opens its store as soon as it is made, so that one that cannot work is
#: found at start. Not so where only its operations are looked at, which takes no data.
OPEN_STORES: ContextVar[bool] = ContextVar("OPEN_STORES", default=True)


#: How often a PUT looks whether the object is there, while others create and delete it.
_TRIES = 3

#: As many choices of fields that somebody may not see stay compiled, for JSON Patch.
_VIEWS = 64

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
        if asks_about_objects(cls):
            definition = replace(definition, preconditions=definition.preconditions.of_all())
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
        self._json_patch_without = lru_cache(maxsize=_VIEWS)(self._make_json_patch)
        self._owned = frozenset(
            m.name for m in definition.shape.members if m.read_only and m.stored
        ) | {definition.key.name}

    def _make_json_patch(self, hidden: frozenset[str]) -> JsonPatch:
        """What applies patches to objects of which the fields in `hidden` are not seen."""
        definition = self.definition
        unseen = hidden | hidden_by(definition.formatters)
        return JsonPatch(definition.shape, definition.key, self.max_patched_bytes, unseen)

    def mount(self, resources: Mapping[str, Controller], relations: Relations) -> None:
        """Make the resources of an API known to each other; the dispatcher calls this once."""
        self.resources = resources
        self._relations = relations
        vars(self).pop("store", None)

    @cached_property
    def store(self) -> DataStore:
        """The datastore; where resources refer to one another it keeps what they refer to.

        With the option ``scope`` it has the records of whoever makes the request, and no others.
        """
        relations, name = self._relations, self.definition.name
        if relations is None or not (relations.outgoing(name) or relations.incoming(name)):
            return self.scoped_store
        return self._scoped(RelatedStore(self.unrelated_store, name, relations))

    @cached_property
    def scoped_store(self) -> DataStore:
        """The datastore with the records of whoever asks, which knows of no other resources."""
        return self._scoped(self.unrelated_store)

    def _scoped(self, store: DataStore) -> DataStore:
        scope = self.definition.scope
        return store if scope is None else Scoped(store, scope)

    @cached_property
    def unrelated_store(self) -> DataStore:
        """The datastore with the records of all, which knows nothing of other resources."""
        definition = self.definition
        store = definition.datastore
        if isinstance(store, type):
            store = store(definition.source, definition.model, definition.validators)
        if definition.times is not None:
            store = Lifecycle(store, definition.times)
        if definition.audit is not None:
            hidden = hidden_by(definition.formatters)
            store = AuditedStore(store, definition.audit, definition.name, definition.shape, hidden)
        if definition.search is not None:
            store.prepare_search(definition.search.members)
            if definition.fields is not None:
                store.prepare_search(definition.fields.public(definition.search.members))
        if definition.idempotency is not None:
            store.prepare_once()
        return store

    def get_list(self, call: Call) -> Result:
        """The records that the call's parameters ask for, a page of them at a time."""
        return self.page(call, self._filtered(call))

    def _filtered(self, call: Call) -> tuple[Test, ...]:
        """What the filters of the call ask for, where its user may ask by these fields."""
        filters = self.definition.filters
        tests = filters.conditions(call) if filters is not None else ()
        self._see(call, (name for test in tests for name in members_of(test)))
        return tests

    def _searched(self, call: Call) -> tuple[Test, ...]:
        """What the search of the call asks for, in the fields that its user may read."""
        search, fields = self.definition.search, self.definition.fields
        tests = search.tests(call) if search is not None else ()
        if search is None or not tests or fields is None:
            return tests
        if fields.hidden(call.user).isdisjoint(search.members):
            return tests
        public = fields.public(search.members)
        if not public:
            fields.see(call.user, search.members)
        return tuple(replace(test, members=public) for test in tests)

    def _see(self, call: Call, names: Iterable[str]) -> None:
        """See that the user of a call may read fields by which it asks."""
        if self.definition.fields is not None:
            self.definition.fields.see(call.user, names)

    def page(self, call: Call, conditions: tuple[Test, ...] = ()) -> Result:
        """The page that the call asks for, of the records that meet the conditions.

        For `get_list`, and for operations of one's own that return a ``page``.
        """
        pagination, sorting = self.definition.pagination, self.definition.sorting
        conditions = (*conditions, *self._searched(call))
        order = sorting.order(call) if sorting is not None else ()
        self._see(call, (one.member for one in order))
        self._see(call, (name for test in call.within for name in members_of(test)))
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
        if self.definition.fields is not None:
            for index, sent in enumerate(call.body):
                self.definition.fields.check_new(call.user, sent, index)
        return Result(self.insert_many(call, call.body), 201)

    def _insert(self, call: Call, sent: Record) -> Result:
        if self.definition.fields is not None:
            self.definition.fields.check_new(call.user, sent)
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
            owned = {name: current[name] for name in self._owned if name in current}
            fields = self.definition.fields
            new = {**sent, **owned}
            return new if fields is None else fields.replaced(call.user, current, new)

        if not self.definition.upsert:
            return self._update(call, change)
        return self._upserted(call, sent, change)

    def _update(self, call: Call, change: Change) -> Result:
        """The record that the change makes, with the conditions of the call and the hooks."""
        seen: list[Record] = []

        def checked(current: Record) -> Record:
            self.check_preconditions(call, current)
            seen[:] = [current]
            return self._changed(call, current, change(current))

        record = self.store.update(call.key, checked)
        call.afterwards(self.after_update, call, seen[0], record)
        return Result(record)

    def _changed(self, call: Call, current: Record, new: Record) -> Record:
        """What takes the place of the current record, instead of the one that a client asks for."""
        return _made("before_update", self.before_update(call, current, new))

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
            if not isinstance(call.body, list):
                return self._merged(call, current)
            fields = self.definition.fields
            if fields is None:
                return self._json_patch_without(frozenset())(current, call.body)
            placed: set[str] = set()
            hidden = fields.hidden(call.user)
            new = self._json_patch_without(hidden)(current, call.body, placed)
            return fields.changed(call.user, current, new, placed)

        return self._update(call, change)

    def _merged(self, call: Call, current: Record) -> Record:
        new, fields = self._merge_patch(current, call.body), self.definition.fields
        return new if fields is None else fields.merged(call.user, current, new, call.body)

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
            self._ask(call, current)
            seen[current[key]] = dict(current)
            return self._changed(call, current, self._merged(call, current))

        bulk, size = self._bulk(), len(JsonResponse.encode(call.body))
        most = bulk.most_patched(size)
        try:
            records = self.store.update_many(self._meant(call), change, most)
        except TooManyRecords:
            if most == bulk.max_affected:
                raise
            raise Conflict(say(msg.PATCH_OF_TOO_MANY, size=size, most=most)) from None
        for record in records:
            call.afterwards(self.after_update, call, seen[record[key]], record)
        return Result({"affected": len(records)})

    def delete_many(self, call: Call) -> Result:
        """Delete all records that the filters of the call find, or none."""
        seen: list[Record] = []

        def check(current: Record) -> None:
            self._ask(call, current)
            self.before_delete(call, current)
            seen.append(current)

        most = self._bulk().max_affected
        looks = self._hooks_deletes or asks_about_objects(type(self))
        affected = self.store.delete_many(self._meant(call), most, check if looks else None)
        # A store may begin anew, and then those before were not deleted, or are here again.
        for record in seen[len(seen) - affected :] if looks else ():
            call.afterwards(self.after_delete, call, record)
        return Result({"affected": affected})

    def _bulk(self) -> Bulk:
        return self.definition.bulk or Bulk()

    def _meant(self, call: Call) -> Query:
        return self._bulk().query((*self._filtered(call), *self._searched(call)))

    def may_change(self, call: Call, current: Record) -> bool:
        """Whether whoever makes the call may change or delete this object; everybody unless said.

        Asked inside the store's atomic step, before anything else is seen to: otherwise it is 403,
        or 401 of somebody who is not known, and nothing is written.
        """
        return True

    def _ask(self, call: Call, current: Record) -> None:
        if not self.may_change(call, current):
            said = say(msg.MAY_NOT_CHANGE)
            raise refusal(call.operation.authentication, call.user, said)

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
        """See whether the record may change now: `may_change`, then ``If-Match`` and its like.

        For handlers of one's own: to be called inside the change or check that the store runs.
        Raises Forbidden (403), PreconditionFailed (412) and PreconditionRequired (428).
        """
        fields = self.definition.fields
        if current is not None:
            self._ask(call, current)
            if fields is not None:
                current = without(current, fields.hidden(call.user))
        self.definition.preconditions.check(call, current)


def asks_about_objects(cls: type[Controller]) -> bool:
    """Whether who may change an object is asked of each one."""
    return cls.may_change is not Controller.may_change


def _made(hook: str, record: Any) -> Record:
    """What a hook has made of a record, where it has not forgotten to return it."""
    if not isinstance(record, dict):
        raise ContractError(f"{hook} must return the record, not {record!r:.80}.")
    return record
