"""The rows of the verbs that a controller has, and of the lists below other objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import wraps

from openrest.bulk import Bulk
from openrest.contract import Contribution, ResponseSpec
from openrest.controllers.controller import Controller
from openrest.controllers.rows.bodies import verb_body
from openrest.controllers.rows.contributions import preferring, verb_contributions
from openrest.controllers.rows.handlers import BUILT_IN, HOOKS
from openrest.controllers.rows.links import identifier, list_below
from openrest.controllers.rows.resource import Resource
from openrest.controllers.rows.responses import (
    chosen,
    created_response,
    page_response,
    record_response,
    with_many,
)
from openrest.controllers.rows.row import Handler, make_row
from openrest.errors import ContractError
from openrest.operations import Call, Declaration, Operation, Result, declaration
from openrest.query import Condition
from openrest.relations.relation import Relation

__all__ = ["rows_below_others", "verb_rows"]


def verb_rows(resource: Resource) -> Iterator[Operation]:
    """The rows of the verbs, with the handlers that every controller has."""
    definition = resource.definition
    for name, method, unique, prefix in BUILT_IN:
        if method not in (definition.unique_verbs if unique else definition.list_verbs):
            continue
        one = f"/{{{definition.key.wire}}}" if unique else ""
        contributions = list(verb_contributions(resource, name))
        success = _success(resource, name, contributions)
        if name == "update" and definition.upsert:
            made = created_response(resource, preferring(resource, name))
            contributions.append(Contribution(responses=(made,)))
        handler: Handler = getattr(resource.controller, name)
        if name == "create" and definition.bulk is not None:
            handler = _one_or_many(handler, resource.controller.create_many)
        yield make_row(
            resource,
            id=f"{prefix}_{identifier(definition.name)}",
            method=method,
            path=f"/{definition.name}{one}",
            handler=handler,
            name=name,
            own=_with_hooks(resource, name),
            body=verb_body(resource, name),
            success=success,
            contributions=contributions,
            validators=definition.preconditions,
        )


def rows_below_others(resource: Resource) -> Iterator[Operation]:
    """The lists of those that refer to an object of another resource, or of this one."""
    for child in resource.children:
        if child.relation.source is resource.definition:
            parent = child.relation.target
            contributions = list(verb_contributions(resource, "get_list"))
            yield make_row(
                resource,
                id=list_below(child),
                method="GET",
                path=f"/{parent.name}/{{{parent.key.wire}}}/{child.segment}",
                handler=_below(resource.controller, child.relation),
                name="get_list",
                own=declaration(resource.controller.get_list) or Declaration(),
                body=None,
                success=_success(resource, "get_list", contributions),
                contributions=contributions,
                validators=resource.definition.preconditions,
                parent=parent,
            )


def _success(resource: Resource, name: str, contributions: Sequence[Contribution]) -> ResponseSpec:
    """What a handler answers where all is well."""
    match name:
        case "get_list":
            return chosen(resource, page_response(resource, contributions))
        case "create":
            return with_many(resource, created_response(resource, contributions))
        case "get":
            return chosen(resource, record_response(resource, "The object", contributions))
        case "delete":
            return ResponseSpec(status=204, description="It is gone", content="nothing")
        case "patch_many":
            return Bulk().affected("How many objects were changed")
        case "delete_many":
            return Bulk().affected("How many objects are gone")
        case _:
            return record_response(resource, "The object", contributions)


def _with_hooks(resource: Resource, name: str) -> Declaration:
    """What a handler declares, with what its hooks read and the errors that they raise."""
    definition = resource.definition
    called = [*HOOKS.get(name, ())]
    if name == "update" and definition.upsert:
        called.append("before_create")
    if name == "create" and definition.bulk is not None:
        called.append("create_many")
    own = declaration(getattr(resource.controller, name)) or Declaration()
    for hook in filter(None, (declaration(getattr(resource.controller, one)) for one in called)):
        own = replace(
            own,
            parameters=(*own.parameters, *hook.parameters),
            errors={**own.errors, **hook.errors},
        )
    return own


def _one_or_many(one: Handler, many: Handler) -> Handler:
    @wraps(one)
    def handler(call: Call) -> Result:
        return (many if isinstance(call.body, list) else one)(call)

    return handler


def _below(controller: Controller, relation: Relation) -> Handler:
    """What lists the objects that refer to the one with the call's key: some of `get_list`."""

    def children(call: Call) -> Result:
        controller.resources[relation.target.name].store.get(call.key)
        call.within += (Condition(relation.member.name, "eq", call.key),)
        result = controller.get_list(call)
        if call.within:
            raise ContractError(
                f"{type(controller).__name__}.get_list makes its page without self.page(), so "
                f"that it cannot be narrowed to {call.operation.path}."
            )
        return result

    return children
