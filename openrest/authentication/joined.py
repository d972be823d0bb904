"""Several schemes as one: any of them, or all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from openrest.errors import CredentialsRefused
from openrest.interfaces import Authentication, Credentials, User

__all__ = ["AllOf", "AnyOf"]


class _Joined(Authentication):
    def __init__(self, *parts: Authentication) -> None:
        kind = type(self).__name__
        if len(parts) < 2 or not all(isinstance(part, Authentication) for part in parts):
            raise ValueError(f"{kind} joins two schemes or more.")
        names = [name for part in parts for name in part.schemes]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{kind}: two schemes have the name {name!r}: give one name=.")
        self.parts = parts
        self.can_be_away = any(part.can_be_away for part in parts)

    @property
    def schemes(self) -> Mapping[str, Mapping[str, Any]]:
        return {name: one for part in self.parts for name, one in part.schemes.items()}

    @property
    def query_parameters(self) -> frozenset[str]:
        return frozenset().union(*(part.query_parameters for part in self.parts))

    @property
    def cookies(self) -> frozenset[str]:
        return frozenset().union(*(part.cookies for part in self.parts))

    def challenges(self, refused: CredentialsRefused | None) -> Sequence[str]:
        return _all(part.challenges(refused) for part in self.parts)

    def insufficient(self, scopes: Sequence[str]) -> Sequence[str]:
        return _all(part.insufficient(scopes) for part in self.parts)


class AnyOf(_Joined):
    """Whoever is known by one of the schemes, the first that knows somebody.

    ``AnyOf(ApiKeyAuthentication(...), BearerAuthentication(...))``. What is wrong for one of them
    is refused, unless it is right for another.
    """

    def requirements(self, scopes: Sequence[str]) -> Sequence[Mapping[str, Sequence[str]]]:
        return _all(part.requirements(scopes) for part in self.parts)

    def authenticate(self, credentials: Credentials) -> User | None:
        refused = None
        for part in self.parts:
            try:
                user = part.authenticate(credentials)
            except CredentialsRefused as error:
                refused = refused or error
                continue
            if user is not None:
                return user
        if refused is not None:
            raise refused
        return None


class AllOf(_Joined):
    """Whoever is known by all of the schemes: a program by its key and a user by a token.

    What they know of the user is joined; where they differ, the last one is believed.
    """

    def requirements(self, scopes: Sequence[str]) -> Sequence[Mapping[str, Sequence[str]]]:
        return tuple(
            {name: needed for one in together for name, needed in one.items()}
            for together in product(*(part.requirements(scopes) for part in self.parts))
        )

    def authenticate(self, credentials: Credentials) -> User | None:
        known = [part.authenticate(credentials) for part in self.parts]
        users = [user for user in known if user is not None]
        if not users:
            return None
        if len(users) < len(known):
            raise CredentialsRefused
        return {name: value for user in users for name, value in user.items()}


def _all(parts: Iterable[Sequence[Any]]) -> tuple[Any, ...]:
    return tuple(one for part in parts for one in part)
