"""Callers, each with a document of their own, and what is asked of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from openrest import models
from openrest.authorization import Role
from openrest.controllers import Controller
from openrest.datastore import PythonListDataStore
from openrest.views import JsonResponse
from tests.authorization.asking import SCHEME, AskedBy

HR = Role("hr")


def controller(name: str, model: type[models.Model], records: Any, **options: Any) -> Any:
    class Made(Controller):
        resource = {
            "resource_name": name,
            "resource": records,
            "model": model,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {"authentication": SCHEME, **options},  # type: ignore[typeddict-item]
        }
        view = {"response_class": JsonResponse}

    return Made


class Caller(AskedBy):
    """Whoever sends a key with each request; each answer is held against their own document."""

    @property
    def operations(self) -> set[str]:
        return {
            f"{method.upper()} {path}"
            for path, item in self.document["paths"].items()
            for method in item
        }


def members(document: dict[str, Any], component: str) -> list[str]:
    return list(document["components"]["schemas"][component]["properties"])


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, entry in item.items():
            yield method.upper(), path, entry


def asked(caller: Caller, method: str, path: str, entry: dict[str, Any]) -> int:
    """The status of a request as the entry has it, with one of each of the parameters at a time."""
    named = [each["schema"]["enum"][0] for each in entry.get("parameters", ())
             if each["name"] == "resource"]  # fmt: skip
    address = path.replace("{id}", "1").replace("{resource}", "".join(named))
    body, content_type = None, "application/json"
    if "requestBody" in entry:
        content_type, content = next(iter(entry["requestBody"]["content"].items()))
        body = json.dumps(content["example"]).encode()
    statuses = {caller.raw(method, address, body, content_type).status}
    for parameter in entry.get("parameters", ()):
        schema = parameter.get("schema", {})
        if parameter["in"] == "query" and parameter["name"] != "any_of":
            one = next(iter(schema.get("items", schema).get("enum", ["1"])))
            query = f"{address}?{parameter['name']}={one}"
            statuses.add(caller.raw(method, query, body, content_type).status)
    return max(statuses & {401, 403}, default=min(statuses))


def hold_against_what_is_answered(caller: Caller) -> None:
    """Assert that what is in a document is allowed, and what is not is refused."""
    # What is deleted nobody can be asked about afterwards.
    for method, path, entry in sorted(
        operations(caller.app.document), key=lambda each: each[0] == "DELETE"
    ):
        is_mine = f"{method} {path}" in caller.operations
        if is_mine:
            entry = caller.document["paths"][path][method.lower()]
        status = asked(caller, method, path, entry)
        # Whoever reads no objects has no schema of any.
        refused = (404,) if path == "/schema/{resource}" else (401, 403)
        assert (status not in refused) == is_mine, (method, path, status)
