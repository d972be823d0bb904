"""Keys that programs send to say who they are."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, get_args

from openrest.authentication.lookup import Lookup, lookup
from openrest.errors import CredentialsRefused, did_you_mean
from openrest.interfaces import Authentication, Credentials, DataStore, User

__all__ = ["ApiKeyAuthentication", "hash_api_key", "new_api_key"]

Location = Literal["header", "query", "cookie"]

_DIGEST: Final = re.compile("[0-9a-f]{64}")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: No key of ours is so long; what is sent is hashed, which costs in proportion.
_LONGEST: Final = 1000


def new_api_key() -> tuple[str, str]:
    """A key to hand out once, with 256 random bits, and its digest to keep."""
    key = secrets.token_urlsafe(32)
    return key, hash_api_key(key)


def hash_api_key(key: str) -> str:
    """The digest by which a key is known, in hexadecimal: who reads it cannot send the key.

    It is SHA-256: a key is drawn from so many that there is nothing to guess, unlike a password.
    """
    return hashlib.sha256(key.encode()).hexdigest()


class ApiKeyAuthentication(Authentication):
    """A key in a header, in the query or in a cookie.

        ApiKeyAuthentication({hash_api_key(key): {"id": "ada", "scopes": ["admin"]}})

    `keys` tells the user of a digest that `hash_api_key` has made: a mapping, a function that gives
    None for nobody, or a datastore whose records have it in the field `member`. `location` says
    where the key is, and `parameter` its name there: ``X-API-Key`` in a header, ``api_key``
    elsewhere, unless given. `name` is that of the scheme in the document.

    A key in a query is in the logs of every proxy on the way: better not. A browser sends a cookie
    whoever makes it send a request: what changes something is refused (403) unless the browser says
    that it comes from a page of the same origin, or of one that `openrest.edge.CORS` lets send
    credentials. With the name ``__Host-key`` browsers keep the cookie to https and to this host
    (RFC 6265bis, section 4.1.3.2). Raises ValueError for what makes no sense.
    """

    def __init__(
        self,
        keys: Mapping[str, User] | Callable[[str], User | None] | DataStore,
        *,
        location: Location = "header",
        parameter: str = "",
        member: str = "digest",
        name: str = "ApiKey",
    ) -> None:
        if location not in get_args(Location):
            near = did_you_mean(str(location), get_args(Location))
            raise ValueError(f"ApiKeyAuthentication: there is no location {location!r}.{near}")
        self.parameter = parameter or ("X-API-Key" if location == "header" else "api_key")
        if not _TOKEN.fullmatch(self.parameter):
            raise ValueError(f"ApiKeyAuthentication: {parameter!r} is no name of a {location}.")
        if isinstance(keys, Mapping):
            for digest in keys:
                if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
                    # It may be the key itself, so the message does not repeat it.
                    raise ValueError(
                        "ApiKeyAuthentication: keys are kept as digests, which hash_api_key makes."
                    )
        self.location = location
        self.name = name
        # What a function asks may be away, too.
        self.can_be_away = keys.can_be_away if isinstance(keys, DataStore) else callable(keys)
        self._find: Lookup = lookup(keys, member, hide=True)

    @property
    def schemes(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: {"type": "apiKey", "in": self.location, "name": self.parameter}}

    def requirements(self, scopes: Sequence[str]) -> Sequence[Mapping[str, Sequence[str]]]:
        return ({self.name: []},)

    @property
    def query_parameters(self) -> frozenset[str]:
        return frozenset({self.parameter}) if self.location == "query" else frozenset()

    @property
    def cookies(self) -> frozenset[str]:
        return frozenset({self.parameter}) if self.location == "cookie" else frozenset()

    def authenticate(self, credentials: Credentials) -> User | None:
        key = getattr(credentials, self.location)(self.parameter)
        if key is None:
            return None
        if not key or len(key) > _LONGEST:
            raise CredentialsRefused
        user = self._find(hash_api_key(key))
        if user is None:
            raise CredentialsRefused
        return user

    def challenges(self, refused: CredentialsRefused | None) -> Sequence[str]:
        # No scheme is registered for it; RFC 9110, section 11.6.1, wants a challenge all the same.
        return (f'ApiKey in="{self.location}", name="{self.parameter}"',)
