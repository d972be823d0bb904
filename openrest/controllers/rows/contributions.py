"""What the parts of a resource, such as its filters and its relations, add to an operation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from openrest import messages as msg
from openrest.config import Definition
from openrest.contract import Contribution, ResponseSpec
from openrest.controllers.controller import Controller, asks_about_objects
from openrest.controllers.rows.handlers import HOOKS
from openrest.controllers.rows.resource import Resource
from openrest.errors import Conflict, Forbidden, Mistake, RecordConflict
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.places import pointer
from openrest.operations import Declaration
from openrest.relations.store import deleting_contribution, writing_contribution

__all__ = ["own_contributions", "preferring", "verb_contributions"]

#: The handlers that ask who may change an object.
_CHANGING: Final = ("update", "patch", "delete", "patch_many", "delete_many")
_MAY_NOT_CHANGE: Final = Contribution(
    responses=(
        ResponseSpec(
            status=403,
            description="Whoever makes the request may not change this object",
            example=Forbidden(say(msg.MAY_NOT_CHANGE)),
        ),
    )
)


def verb_contributions(resource: Resource, name: str) -> Iterator[Contribution]:
    """What is added to the operation that the built-in handler `name` answers."""
    definition = resource.definition
    creates = name == "create" or (name == "update" and definition.upsert)
    yield from _finding(definition, name)
    yield from _showing(resource, name)
    if definition.bulk is not None:
        yield definition.bulk.contribution(name)
    yield from _storing(resource, name)
    if definition.fields is not None:
        yield definition.fields.contribution(name)
    if name in _CHANGING and asks_about_objects(resource.author):
        yield _MAY_NOT_CHANGE
    yield definition.preconditions.contribution(name)
    yield from preferring(resource, name)
    if definition.dry_run is not None:
        yield definition.dry_run.contribution(name, creates=creates)
    if creates and not (name == "create" and definition.key.read_only):
        yield _taken(definition)


def own_contributions(resource: Resource, own: Declaration) -> Iterator[Contribution]:
    """What is added to an operation of an author's own, which may do whatever its verb may."""
    relations, name = resource.relations, resource.definition.name
    if own.method != "GET":
        if asks_about_objects(resource.author):
            yield _MAY_NOT_CHANGE
        yield from _conflicts(resource.definition)
        yield writing_contribution(relations.outgoing(name))
        refused = deleting_contribution(relations.going_with(name))
        yield Contribution(responses=refused.responses)
    if own.returns == "page" and resource.definition.pagination is not None:
        yield resource.definition.pagination.contribution()


def preferring(resource: Resource, name: str) -> Iterator[Contribution]:
    """What ``Prefer`` adds, where clients may say what they prefer."""
    if resource.definition.preferences is not None:
        yield resource.definition.preferences.contribution(name)


def _finding(definition: Definition, name: str) -> Iterator[Contribution]:
    """Which objects are meant, where it is not one."""
    if name == "get_list":
        if definition.pagination is not None:
            yield definition.pagination.contribution()
        if definition.sorting is not None:
            yield definition.sorting.contribution()
    if name in ("get_list", "patch_many", "delete_many"):
        if definition.filters is not None:
            yield definition.filters.contribution()
        if definition.search is not None:
            yield definition.search.contribution()


def _showing(resource: Resource, name: str) -> Iterator[Contribution]:
    """How much of objects is sent that are read."""
    if name in ("get_list", "get"):
        if resource.definition.partial is not None:
            yield resource.definition.partial.contribution()
        if resource.embedding is not None:
            yield resource.embedding.contribution()
            yield from resource.embedding.access()


def _storing(resource: Resource, name: str) -> Iterator[Contribution]:
    """What stored data may refuse, and how often a request is carried out."""
    definition, relations = resource.definition, resource.relations
    if name in ("create", "update", "patch", "patch_many"):
        yield from _conflicts(definition)
        yield writing_contribution(
            [
                one
                for one in relations.outgoing(definition.name)
                if not one.member.read_only
                or one.member.default is not s.MISSING
                or _is_changed(resource, name)
            ]
        )
    if name == "create" and definition.idempotency is not None:
        yield definition.idempotency.contribution()
    if name in ("delete", "delete_many"):
        refused = deleting_contribution(relations.going_with(definition.name))
        # Whether any go with many of them, the stores say, which nobody has made yet.
        yield refused if name == "delete" else Contribution(responses=refused.responses)


def _conflicts(definition: Definition) -> Iterator[Contribution]:
    store = definition.datastore
    validators = definition.validators if isinstance(store, type) else store.validators
    for validator in validators:
        yield validator.contribution()


def _is_changed(resource: Resource, name: str) -> bool:
    """Whether the author has a say in what is stored, also in what clients may not send."""
    creates = name == "update" and resource.definition.upsert
    called = (name, *HOOKS[name], *(("before_create",) if creates else ()))
    return any(getattr(resource.author, one) is not getattr(Controller, one) for one in called)


def _taken(definition: Definition) -> Contribution:
    """That there is another object with a key that a client has chosen."""
    clash = RecordConflict([definition.key.name])
    example = Conflict(str(clash), [Mistake(say(msg.TAKEN), pointer=pointer(definition.key.wire))])
    return Contribution(
        responses=(ResponseSpec(status=409, description=str(clash), example=example),)
    )
