"""Users with a key each, and a client for each of them."""

from __future__ import annotations

from typing import Any

from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.controllers import WSGIDispatcher
from openrest.interfaces import User
from tests.contract.client import JSON, Answer, Client

KEYS = {name: f"key-of-{name}" for name in ("ada", "bob", "eve")}
_KNOWN: dict[str, dict[str, Any]] = {
    "ada": {"teams": ["red", "blue"], "roles": ["hr"]},
    "bob": {"teams": ["blue"]},
    "eve": {"teams": []},
}
USERS: dict[str, User] = {
    hash_api_key(KEYS[name]): {"id": name, **more} for name, more in _KNOWN.items()
}
SCHEME = ApiKeyAuthentication(keys=USERS)


class AskedBy(Client):
    """Sends the key of a user with every request; whoever has none is nobody who is known."""

    def __init__(self, app: WSGIDispatcher, name: str) -> None:
        self.key = {"X-API-Key": KEYS[name]} if name in KEYS else {}
        super().__init__(app)

    def raw(
        self,
        method: str,
        target: str,
        data: bytes | None = None,
        content_type: str = JSON,
        headers: dict[str, str] | None = None,
        **environ: Any,
    ) -> Answer:
        headers = {**self.key, **(headers or {})}
        return super().raw(method, target, data, content_type, headers, **environ)


def settings(name: str) -> dict[str, Any]:
    """What `check_contract` needs to ask as one of them."""
    return {"auth": {"openapi": {"ApiKey": {"api_key": KEYS[name]}}}}
