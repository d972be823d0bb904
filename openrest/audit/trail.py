"""`AuditTrail`: where the entries of a resource go, and what is known of each write."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from marshmallow import Schema

from openrest.asking import current_user
from openrest.audit.entries import AuditEntry
from openrest.errors import ConfigurationError, StoreUnavailable, did_you_mean
from openrest.interfaces import DataStore, Record
from openrest.models import model_shape
from openrest.models import shapes as s
from openrest.models.objects import fill
from openrest.models.walking import stored_object
from openrest.observability.exchange import CURRENT_EXCHANGE, printable
from openrest.options import store_name

__all__ = ["AuditTrail", "Write", "step_together"]

log = logging.getLogger("openrest")

#: In characters, of a name in the log.
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One write to one record, as the model shows it before and after.

    `copied` are the fields that the trail copies, as the record has them.
    """

    action: str
    resource: str
    key: str
    copied: Record
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class AuditTrail:
    """Records each write to the resources that have it as their option `audit`.

        trail = AuditTrail(SQLiteDataStore, {"name": "notes.db", "table": "audit"})

    `store` is a datastore of `AuditEntry`, or a class with what it needs to reach the data, and the
    `model` of the entries where it is a subclass of `AuditEntry`. Where
    the store of the resource can write together with it, an entry is in the same atomic step as
    the write: both are there, or neither. Elsewhere it follows the write. An entry that cannot be
    written then is in the log; with `required` a write is refused while the trail cannot be
    reached. With `guarded` entries show the fields, too, that not everybody may read. `copies` are
    fields that the records have and the model of the entries has as well, such as ``["tenant"]``:
    each entry has what its record had. Raises ConfigurationError with every mistake.
    """

    def __init__(
        self,
        store: DataStore | type[DataStore],
        resource: Any = None,
        *,
        model: type[Schema] = AuditEntry,
        required: bool = False,
        guarded: bool = False,
        copies: Sequence[str] = (),
        clock: Callable[[], dt.datetime] = _now,
    ) -> None:
        self._class, self._resource, self._model = store, resource, model
        mistakes = [*_mistakes(store, resource, model)]
        mistakes += _wrong_choice("required", required)
        mistakes += _wrong_choice("guarded", guarded)
        if not mistakes:
            #: What the model says of an entry.
            self.shape = _shape(store, model)
            mistakes += _wrong_copies(self.shape, copies)
        if mistakes:
            raise ConfigurationError("AuditTrail", mistakes)
        if isinstance(store, type):
            self._class = store.for_resource(resource)
        self.required, self.guarded, self.copies = required, guarded, tuple(copies)
        self._clock = clock

    @cached_property
    def store(self) -> DataStore:
        """The datastore of the entries; serve it, and they can be read."""
        if isinstance(self._class, type):
            return self._class(self._resource, self._model)
        return self._class

    @cached_property
    def _others(self) -> Sequence[s.Member]:
        """The members that an author's own model has besides, with a value in each entry."""
        known = {member.name for member in model_shape(AuditEntry)[0].members}
        members = self.shape.members
        return [each for each in members if each.name not in known and each.always]

    def may_refuse(self, store: DataStore | type[DataStore]) -> bool:
        """Whether a write to the store of a resource may fail because the trail is away."""
        return self._class.can_be_away and (self.required or _may_step(store, self._class))

    def is_of(self, store: Any) -> bool:
        """Whether this very store has the entries."""
        return self._class is store and not isinstance(store, type)

    def entry(self, write: Write) -> Record:
        """The entry of a write that is made now, by whoever asks."""
        exchange, user = CURRENT_EXCHANGE.get(), current_user()
        trace = None if exchange is None else exchange.trace
        request_id = None if exchange is None else exchange.request_id
        return {
            **{member.name: fill(member) for member in self._others},
            **{name: value for name, value in write.copied.items() if value is not None},
            "time": self._clock(),
            "user": None if user is None else printable(str(user["id"]), _LONGEST),
            "action": write.action,
            "resource": write.resource,
            "key": write.key,
            "operation": None if exchange is None else exchange.operation or None,
            "request_id": None if request_id is None else printable(request_id, _LONGEST),
            "trace_id": None if trace is None else trace.trace_id,
            "before": write.before,
            "after": write.after,
        }

    def add(self, entries: Sequence[Record]) -> None:
        """Write them, as a part of the step that this thread is in, if any."""
        if len(entries) == 1 or not self.store.inserts_many:
            for entry in entries:
                self.store.insert(entry)
        elif entries:
            self.store.insert_many(entries)

    def add_late(self, entries: Sequence[Record]) -> None:
        """Write them after what they are about, which stays: what they miss is in the log."""
        try:
            self.add(entries)
        except Exception as error:
            # Not before and after, which may be secret.
            names = ("action", "resource", "key", "user", "operation", "request_id")
            for entry in entries:
                said = (f"{name}={printable(str(entry[name]), _LONGEST)}" for name in names)
                log.error("The audit trail misses %s", ", ".join(said), exc_info=error)

    def check(self) -> None:
        """Raise StoreUnavailable where a write is refused because entries cannot be kept now."""
        if not self.required:
            return
        try:
            self.store.ping()
        except StoreUnavailable as error:
            # 502 and 504 are about the data that a client asks for, and this is another store.
            said = f"the audit trail: {error}"
            raise StoreUnavailable(said, error.retry_after) from error


def step_together(one: DataStore, other: DataStore) -> bool:
    """Whether a write to either can be in one atomic step with a write to the other."""
    mine, theirs = one.innermost, other.innermost
    both = one.changes_together and other.changes_together
    return both and mine.atomic_with(theirs) and theirs.atomic_with(mine)


def _may_step(one: DataStore | type[DataStore], other: DataStore | type[DataStore]) -> bool:
    """Whether they can once they are there: as far as classes tell, those of a kind."""
    if isinstance(one, DataStore) and isinstance(other, DataStore):
        return step_together(one, other)
    kinds = [each if isinstance(each, type) else type(each.innermost) for each in (one, other)]
    alike = issubclass(kinds[0], kinds[1]) or issubclass(kinds[1], kinds[0])
    return alike and all(kind.changes_together for kind in kinds)


def _mistakes(store: Any, resource: Any, model: Any) -> Sequence[str]:
    is_class = isinstance(store, type) and issubclass(store, DataStore)
    if not is_class and not isinstance(store, DataStore):
        return [f"the store is not a datastore but {store!r}."]
    if is_class and resource is None:
        return [f"{store.__name__} has to know where the entries are: give it a resource."]
    if not is_class and resource is not None:
        return [f"the {store_name(store)} is a ready instance that has a resource of its own."]
    if not is_class and model is not AuditEntry:
        return [f"the {store_name(store)} is a ready instance that has a model of its own."]
    if not isinstance(model, type) or not issubclass(model, Schema):
        return [f"the model is not a subclass of AuditEntry but {model!r}."]
    if not store.writable:
        return [f"{store_name(store)} cannot write."]
    whose = f"the model {model.__name__}" if is_class else f"the model of the {store_name(store)}"
    members = {member.name: member for member in _shape(store, model).members}
    wanted = [member.name for member in model_shape(AuditEntry)[0].members]
    missing = [name for name in wanted if name not in members]
    needed = [name for name, each in members.items() if name not in wanted and _is_needed(each)]
    needed += [name for name, each in members.items() if each.is_key and not each.read_only]
    if needed:
        return [f"{whose} needs {', '.join(needed)}, which no entry has."]
    if missing:
        return [f"{whose} is no AuditEntry: it lacks {', '.join(missing)}."]
    return []


def _shape(store: DataStore | type[DataStore], model: type[Schema]) -> s.Object:
    return stored_object(model_shape(model)[0]) if isinstance(store, type) else store.shape


def _is_needed(member: s.Member) -> bool:
    return member.required and member.default is s.MISSING


def _wrong_choice(name: str, given: Any) -> Sequence[str]:
    return [] if type(given) is bool else [f"{name} must be True or False, not {given!r}."]


def _wrong_copies(shape: s.Object, copies: Any) -> Sequence[str]:
    """What is wrong with the fields that entries are to have of the records."""
    if not isinstance(copies, list | tuple) or not all(isinstance(name, str) for name in copies):
        return [f"copies must be a list of names of fields, not {copies!r}."]
    usual = {member.name for member in model_shape(AuditEntry)[0].members}
    own = [member.name for member in shape.members if member.name not in usual]
    return [
        f"copies: the model of the entries has no field {name!r} of its own: make it a subclass of "
        f"AuditEntry that has it.{did_you_mean(name, own)}"
        for name in copies
        if name not in own
    ]
