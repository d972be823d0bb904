"""The document, and all that an API says of itself, as each of its callers may know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, reduce
from typing import Final

from openrest import messages as msg
from openrest.about import TAG, TAG_DESCRIPTION, document_rows, index_rows
from openrest.access import access
from openrest.announcing import with_headers, with_response
from openrest.authorization import Anyone
from openrest.contract import Header
from openrest.controllers.allowed_table import Api, allowed_table
from openrest.controllers.rights import Callers, Rights
from openrest.errors import NotFound
from openrest.interfaces import User
from openrest.messages import say
from openrest.models import shapes as s
from openrest.openapi import build_document
from openrest.operations import Call, Operation, Result
from openrest.parsing import path_values
from openrest.pipeline import unavailable
from openrest.plans import Plan
from openrest.routing import allow_of

__all__ = ["AllowedDocuments", "announced"]

#: As many documents are kept: of users with the same rights all have the same one.
_KEPT: Final = 64
_FOR_ONE: Final = ("Cache-Control", "private, no-store")


def announced(row: Operation, callers: Callers) -> Operation:
    """The row of what differs from caller to caller: who is not known is somebody, too."""
    private = Header(
        name=_FOR_ONE[0],
        shape=s.Choice(pairs=(_FOR_ONE[1:] * 2,)),
        description="It is for whoever has asked for it",
    )
    anyone = Anyone()
    more = access(callers, anyone).responses
    if callers.can_be_away:
        more = (*more, unavailable(say(msg.AWAY)))
    responses = tuple(
        with_headers(spec, [private]) if spec.status == 200 else spec for spec in row.responses
    )
    row = replace(row, authentication=callers, permission=anyone, responses=responses)
    return reduce(with_response, more, row)


@dataclass(frozen=True, slots=True)
class _View:
    """What differs, by operation id, as some are answered it, and what they are allowed."""

    plans: Mapping[str, Plan]
    allow: Mapping[str, str]


class AllowedDocuments:
    """What each caller may know of an API: the operations that they may use, and their parts."""

    #: Where it is known who makes a request.
    path = "/openapi.json"

    def __init__(self, api: Api, callers: Callers) -> None:
        self._api = api
        self._callers = callers
        self._view = lru_cache(maxsize=_KEPT)(self._make)

    def served(self, row: Operation) -> Operation:
        """The row that answers each caller their own, where answers differ."""
        if row.authentication is not self._callers:
            return row

        def handler(call: Call) -> Result:
            plan = self._plan(row.id, call.user)
            if plan is None:
                raise NotFound(say(msg.NOTHING_AT, address=call.address))
            # Which names there are is each caller's own, too.
            path_values(plan, call.path)
            result = plan.operation.handler(call)
            if result.status != 200:
                return result
            return replace(result, headers=(*result.headers, _FOR_ONE))

        parameters = tuple(replace(each, shape=s.String()) for each in row.parameters)
        return replace(row, handler=handler, parameters=parameters)

    def allow(self, template: str, who: Callable[[], User | None]) -> str | None:
        """What ``Allow`` says to whoever makes a request; None where it is no resource's."""
        if template not in self._api.paths:
            return None
        return self._view(self._callers.rights(who())).allow.get(template, "OPTIONS")

    def _plan(self, id: str, user: User | None) -> Plan | None:
        return self._view(self._callers.rights(user)).plans.get(id)

    def _make(self, every: tuple[Rights, ...]) -> _View:
        """What whoever has the rights may know."""
        api = self._api
        table = allowed_table(api, every)
        info = replace(api.info, description=table.description)
        index = index_rows(info.title, info.version, table.objects, api.limits, [*table.tags])
        own = [announced(row, self._callers) for row in index]
        document = build_document(
            list(map(api.finished, [*table.rows, *own, *table.others])),
            info=info,
            tags={**table.tags, TAG: TAG_DESCRIPTION},
            openapi=api.openapi,
            translate=api.translate,
        )
        differing = [*own, *document_rows(document, api.limits)]
        return _View({row.id: Plan(row, debug=False) for row in differing}, allow_of(table.rows))
