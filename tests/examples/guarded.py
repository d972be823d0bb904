"""Every example with credentials asked for, and requests that have them, right and wrong ones.

``python -W error -m tests.examples.guarded examples.tweets`` sends them, with all logs on standard
error; nothing secret may be there.
"""

from __future__ import annotations

import importlib
import logging
import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from openrest.authentication import (
    AnyOf,
    ApiKeyAuthentication,
    BasicAuthentication,
    BearerAuthentication,
    Scrypt,
    hash_api_key,
    hash_password,
)
from openrest.controllers import Controller, WSGIDispatcher
from openrest.errors import StoreUnavailable
from openrest.interfaces import User
from openrest.observability import AccessLog
from tests.authentication.issuing import CLAIMS, NOW, SECRET, signed
from tests.contract.client import Client

#: Is in each secret, and in nothing else.
MARK = "tiger"
KEY, PASSWORD, WRONG = f"{MARK}-key", f"{MARK}-password", f"{MARK}-wrong"
TOKEN = signed({"alg": "HS256"}, CLAIMS)
EXPIRED = signed({"alg": "HS256"}, {**CLAIMS, "exp": 1})


def basic(password: str) -> str:
    return b64encode(f"ada:{password}".encode()).decode()


#: What may be in no log.
SECRETS = (MARK, basic(PASSWORD), basic(WRONG), TOKEN, EXPIRED, SECRET, hash_api_key(KEY))

#: Name and value of the headers of a request.
HEADERS: list[dict[str, str]] = [
    {},
    *({"X-API-Key": key} for key in (KEY, WRONG, f"{WRONG}\x1b[2J", WRONG * 200)),
    *({"Cookie": f"session={key}"} for key in (KEY, WRONG, f'"{WRONG}', f"{WRONG};; \xe9=")),
    *(
        {"Authorization": given}
        for given in (
            f"Basic {basic(PASSWORD)}",
            f"Basic {basic(WRONG)}",
            f"Basic {PASSWORD}",
            f"Bearer {TOKEN}",
            f"Bearer {EXPIRED}",
            f"Bearer {TOKEN}x",
            f"Bearer {WRONG}",
            f"Digest {WRONG}",
        )
    ),
]
QUERIES = ("", f"?api_key={KEY}", f"?api_key={WRONG}", f"?api_key={KEY}&api_key={WRONG}&%ff=%zz")


#: Who may what examples ask for.
ADA: User = {"id": "ada", "roles": ["admin"]}


def away(digest: str) -> User | None:
    """Users who cannot be looked up."""
    raise StoreUnavailable("the users are away")


def schemes(*, users: bool) -> AnyOf:
    """A scheme of each kind; without `users` nobody can be looked up."""
    keys: Any = {hash_api_key(KEY): ADA} if users else away
    quick = Scrypt(log_n=4)
    named = {"ada": {**ADA, "password": hash_password(PASSWORD, quick)}}
    return AnyOf(
        ApiKeyAuthentication(keys, name="InHeader"),
        ApiKeyAuthentication(keys, location="query", name="InQuery"),
        ApiKeyAuthentication(keys, location="cookie", parameter="session", name="InCookie"),
        BasicAuthentication(named if users else away, hasher=quick),
        BearerAuthentication(
            SECRET,
            algorithms=["HS256"],
            issuer=CLAIMS["iss"],
            audience=CLAIMS["aud"],
            clock=lambda: NOW,
        ),
    )


def guarded(app: WSGIDispatcher, *, users: bool = True) -> WSGIDispatcher:
    """The application whose every resource asks who makes a request."""
    asked = schemes(users=users)
    return WSGIDispatcher(
        [_asking(type(controller), asked) for controller in app.controllers],
        access_log=AccessLog(target=True),
        traces=True,
        health=True,
    )


def _asking(cls: type[Controller], authentication: AnyOf) -> type[Controller]:
    options = {**cls.controller.get("options", {}), "authentication": authentication}
    options.pop("ratelimit", None)  # so many requests would find it used up
    own = {"resource": cls.resource, "view": cls.view}
    return type(cls.__name__, (cls,), {**own, "controller": {**cls.controller, "options": options}})


def targets(app: WSGIDispatcher) -> Iterator[tuple[str, str]]:
    """Each operation that asks who it is, and what is none."""
    for row in app.operations:
        if row.authentication is not None:
            yield row.method, row.path.replace("{", "").replace("}", "")
    yield from (("GET", "/nothing"), ("BREW", "/"), ("GET", "/health/ready"))


BODIES: list[tuple[bytes | None, str]] = [
    (None, ""),
    (f'{{"password": "{PASSWORD}"'.encode(), "application/json"),
    (f'{{"password": "{PASSWORD}", "{WRONG}": 1}}'.encode(), "application/json"),
]


def send_everything(app: WSGIDispatcher) -> int:
    """How many requests have been answered by other than 500."""
    api, fine = Client(app), 0
    for number, (method, path) in enumerate(targets(app)):
        for headers, query in product(HEADERS, QUERIES if number == 0 else QUERIES[:2]):
            data, content_type = BODIES[number % 3] if method != "GET" else (None, "")
            answer = api.raw(method, path + query, data, content_type, _as_sent(headers))
            fine += answer.status != 500
    return fine


def _as_sent(headers: Mapping[str, str]) -> dict[str, str]:
    return dict(headers)


class Broken:
    """A store of which nothing works."""

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError("a mistake in a store")


def main(name: str) -> None:
    logging.basicConfig(level=logging.DEBUG)
    example = importlib.import_module(name).app
    app = guarded(example)
    print(send_everything(app), "requests")  # noqa: T201
    print(send_everything(guarded(example, users=False)), "without users")  # noqa: T201
    for controller in app.controllers:
        vars(controller)["store"] = Broken()
    print(send_everything(app), "with broken stores")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
