"""A small API with limits, and a client that comes from an address."""

from __future__ import annotations

from typing import Any

from openrest import models
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.config import ControllerOptions
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.interfaces import User
from openrest.views import JsonResponse
from tests.contract.client import Answer, Client

ADA, BOB = "key-of-ada", "key-of-bob"
USERS: dict[str, User] = {
    hash_api_key(ADA): {"id": "ada", "plan": "gold"},
    hash_api_key(BOB): {"id": "bob", "plan": "free"},
}


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


def notes(
    ratelimit: Any = ..., name: str = "notes", *, known: bool = False, **more: Any
) -> type[Controller]:
    """A controller with the option, where given, and `known` users who need not be known."""
    chosen: dict[str, Any] = dict(more)
    if ratelimit is not ...:
        chosen["ratelimit"] = ratelimit
    if known:
        chosen["authentication"] = ApiKeyAuthentication(USERS)
    options: ControllerOptions = chosen  # type: ignore[assignment]

    class Notes(Controller):
        resource = {
            "resource_name": name,
            "resource": [{"text": "a"}],
            "model": Note,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": options,
        }
        view = {"response_class": JsonResponse}

    return Notes


class Caller(Client):
    """A client that comes from an address, which the test sets; every answer is checked."""

    address: str | None = "192.0.2.1"

    def raw(self, *arguments: Any, **environ: Any) -> Answer:
        if self.address is not None:
            environ["REMOTE_ADDR"] = self.address
        return super().raw(*arguments, **environ)


def caller(*controllers: type[Controller], **options: Any) -> Caller:
    return Caller(WSGIDispatcher(controllers, debug=True, **options))


def left(answer: Answer) -> list[tuple[str, int, int]]:
    """The name of each limit, what is left of it, and its seconds."""
    found = []
    for item in answer.headers["RateLimit"].split(", "):
        name, remaining, seconds = item.split(";")
        found.append((name.strip('"'), int(remaining[2:]), int(seconds[2:])))
    return found
