"""Who asks: the user of the request that is being answered, for what shows each of them its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from openrest.interfaces import User

__all__ = ["ASKER", "Asker", "asked_by", "current_user", "unscoped"]


class Asker:
    """Whoever asks, None for somebody who is not known, and what has been found out of them.

    `scopes` has what each scope is to them, for as long as they ask. Who is not `scoped` means the
    records of all.
    """

    __slots__ = ("scoped", "scopes", "user")

    def __init__(self, user: User | None, *, scoped: bool = True) -> None:
        self.user = user
        self.scoped = scoped
        self.scopes: dict[Any, Any] = {}


#: Who asks. It has no value where nobody does.
ASKER: Final[ContextVar[Asker]] = ContextVar("ASKER")


@contextmanager
def asked_by(user: User | None) -> Iterator[None]:
    """Ask in the name of a user: for work outside of a request, and for tests.

    with asked_by({"id": "ada"}):
        store.get(1)

    Of this and `unscoped` the innermost holds.
    """
    token = ASKER.set(Asker(user))
    try:
        yield
    finally:
        ASKER.reset(token)


@contextmanager
def unscoped() -> Iterator[None]:
    """Have all records of every store, whosever they are: for work that is nobody's in particular.

    with unscoped():
        self.store.count(Query())

    Of this and `asked_by` the innermost holds, and a request is that of whoever makes it.
    """
    token = ASKER.set(Asker(current_user(), scoped=False))
    try:
        yield
    finally:
        ASKER.reset(token)


def current_user() -> User | None:
    """The user of the request; None for one that is not known, and where there is no request."""
    asker = ASKER.get(None)
    return None if asker is None else asker.user
