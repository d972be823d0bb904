"""What links say of the bodies of requests: which members are keys of what was created before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["CreatedKeys"]


class CreatedKeys:
    """Has bodies refer to objects that were created in the same run.

    A link fills in one member of a body, and a second one that has to refer to something is made
    up, so that hardly any request with two of them succeeds. Bodies that shall be refused stay as
    they are.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        ids = {
            entry["operationId"]: entry
            for methods in document["paths"].values()
            for entry in methods.values()
            if "operationId" in entry
        }
        #: By operation: its members, each with the operation that creates what it refers to, and
        #: where in the answer of that its key stands, or the link to it.
        self._members: dict[str, dict[str, tuple[str, str]]] = {}
        #: By the operation that creates: what the expressions are of the last object.
        self._created: dict[str, dict[str, Any]] = {}
        self._creating: set[str] = set()
        for id, entry in ids.items():
            for response in entry["responses"].values():
                for link in response.get("links", {}).values():
                    for member, expression in link.get("requestBody", {}).items():
                        self._members.setdefault(link["operationId"], {})[member] = (id, expression)
                        self._creating.add(id)

    @contextmanager
    def filled_in(self, hooks: Any) -> Iterator[None]:
        """Have all tests use the keys, by those hooks of schemathesis that all schemas share.

        It has no others for calls.
        """

        def before_call(context: Any, case: Any, kwargs: Any) -> None:
            self._fill_in(case)

        def after_call(context: Any, case: Any, response: Any) -> None:
            if response.status_code == 201 and _id(case) in self._creating:
                # Of many objects there is nothing: the last single one stays known.
                self._created[_id(case)] = self._created.get(_id(case), {}) | _expressions(response)

        for hook in (before_call, after_call):
            hooks.register_hook_with_name(hook, hook.__name__)
        try:
            yield
        finally:
            for hook in (before_call, after_call):
                hooks.unregister(hook)

    def _fill_in(self, case: Any) -> None:
        members = self._members.get(_id(case))
        if members and isinstance(case.body, dict) and case.meta.generation.mode.is_positive:
            known = {
                member: self._created[source][expression]
                for member, (source, expression) in members.items()
                if expression in self._created.get(source, ())
            }
            case.body = {**case.body, **known}


def _expressions(response: Any) -> dict[str, Any]:
    """What the expressions of links are of a response; of many objects or another format no body.

    The body is read here, since the response would remember what it is read as, whatever it is.
    """
    found = {}
    for place in response.headers.get("location", ()):
        found["$response.header.Location"] = place
    [media_type] = response.headers.get("content-type", [""])
    body = json.loads(response.content) if media_type == "application/json" else None
    if isinstance(body, dict):
        found |= {f"$response.body#/{name}": value for name, value in body.items()}
    return found


def _id(case: Any) -> str:
    return str(case.operation.definition.raw.get("operationId", ""))
