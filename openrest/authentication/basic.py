"""Names and passwords, sent with each request (RFC 7617)."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from openrest.authentication.authorization_header import REALM, HeaderScheme, quoted
from openrest.authentication.lookup import Lookup, lookup
from openrest.authentication.passwords import Hasher, default_hasher, hasher_of
from openrest.authentication.verifying import PROCESS, VerificationLimit, Verifier
from openrest.errors import ConfigurationError, CredentialsRefused
from openrest.interfaces import Authentication, Credentials, DataStore, User
from openrest.models import shapes as s
from openrest.models.walking import each

__all__ = ["BasicAuthentication"]

#: In characters, of the whole header.
_LONGEST: Final = 4096
_SCHEME: Final = HeaderScheme("basic", "([A-Za-z0-9+/]+={0,2})", _LONGEST)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class BasicAuthentication(Authentication):
    """A name and a password, which browsers ask for (RFC 7617).

        BasicAuthentication({"ada": {"id": "ada", "password": hash_password("secret")}})

    `users` tells the user of a name: a mapping, a function that gives None for nobody, or a
    datastore whose records have it in the field `member`. The record has in the field `password`
    what `hash_password` has made. Neither that nor what else is write-only in the model of the
    datastore, or has something in it that is, is in the user that handlers see. `realm` is what
    browsers show of what the password is for, and `name` is that of the scheme in the document.

    A password that was right is verified again after `cache_seconds`, or when more than
    `cache_size` others were right; with 0 each time. The user is looked up with each request.
    `hasher` is the one that has made the hashes, so that a name that is nobody's takes as long:
    unless given that of the first user in a mapping, or else that of `hash_password`. `limit` says
    how many are verified at a time, in the whole process unless given.

    The password is with each request: only ever over TLS. Raises ValueError for what makes no
    sense, and ConfigurationError for a datastore that cannot be asked.
    """

    can_be_away = True

    def __init__(
        self,
        users: Mapping[str, User] | Callable[[str], User | None] | DataStore,
        *,
        member: str = "username",
        password: str = "password",
        realm: str = "API",
        name: str = "Basic",
        cache_seconds: float = 60,
        cache_size: int = 1000,
        hasher: Hasher | None = None,
        limit: VerificationLimit = PROCESS,
    ) -> None:
        kind = type(self).__name__
        if not REALM.fullmatch(realm):
            raise ValueError(f"{kind}: {realm!r} is no realm: it is of the characters of ASCII.")
        if not 0 <= cache_seconds <= 86400 or cache_size < 0:
            raise ValueError(f"{kind}: 0 to 86400 cache_seconds, and 0 or more for cache_size.")
        if member == password:
            raise ValueError(f"{kind}: the name and the password are two fields.")
        self.name, self.realm = name, realm
        self._password, self._hidden = password, {password}
        if isinstance(users, DataStore):
            self._hidden |= {m.name for m in users.shape.members if _is_hidden(m)}
            _check_store(users, password)
        elif isinstance(users, Mapping):
            hasher = _check_users(users, password, hasher)
        self._find: Lookup = lookup(users, member, hide=False)
        self._dummy = (hasher or default_hasher()).dummy()
        self._verifier = Verifier(cache_seconds, cache_size, limit)

    @property
    def schemes(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: {"type": "http", "scheme": "basic"}}

    def requirements(self, scopes: Sequence[str]) -> Sequence[Mapping[str, Sequence[str]]]:
        return ({self.name: []},)

    def authenticate(self, credentials: Credentials) -> User | None:
        sent = _SCHEME.sent(credentials)
        if sent is None:
            return None
        if not sent:
            raise CredentialsRefused
        username, password = _read(*sent)
        user = self._find(username)
        hash = user.get(self._password) if user is not None else None
        known = hash is not None and hasher_of(hash) is not None
        # Whoever is unknown, or has no password, takes as long as a password that is wrong.
        right = self._verifier.verify(username, password, str(hash) if known else self._dummy)
        if user is None or not known or not right:
            raise CredentialsRefused
        return {key: value for key, value in user.items() if key not in self._hidden}

    def challenges(self, refused: CredentialsRefused | None) -> Sequence[str]:
        return (f'Basic realm="{quoted(self.realm)}", charset="UTF-8"',)


def _read(sent: str) -> tuple[str, str]:
    """The name and the password that are sent; CredentialsRefused for all that is none."""
    text = _decoded(sent)
    # RFC 7617, section 2: no control characters; the first colon ends the name.
    if text is None or ":" not in text or _CONTROL.search(text):
        raise CredentialsRefused
    name, _, password = text.partition(":")
    return unicodedata.normalize("NFC", name), password


def _decoded(text: str) -> str | None:
    """The text of base64 in its one spelling (RFC 4648, section 3.5); None for what is none."""
    try:
        data = b64decode(text, validate=True)
        return data.decode() if b64encode(data).decode() == text else None
    except ValueError:
        # The error has what was sent in it, so nothing is raised while it is there.
        return None


def _check_store(store: DataStore, password: str) -> None:
    known = {m.name for m in store.shape.members}
    mistakes = [f"its model has no field {m!r}." for m in ("id", password) if m not in known]
    if mistakes:
        raise ConfigurationError(type(store).__name__, mistakes)


def _check_users(users: Mapping[str, User], password: str, hasher: Hasher | None) -> Hasher | None:
    """The hasher, or else that of the first hash.

    Raises ValueError for users who could never come in, without a word of what they have.
    """
    for number, (name, user) in enumerate(users.items(), 1):
        said = f"BasicAuthentication: user {number} of the mapping"
        if not isinstance(name, str) or ":" in name or _CONTROL.search(name):
            raise ValueError(f"{said} has a name that is no text without colons and controls.")
        if unicodedata.normalize("NFC", name) != name:
            raise ValueError(f"{said} has a name that is not in the normal form NFC.")
        if "id" not in user:
            raise ValueError(f"{said} has no 'id'.")
        hash = user.get(password)
        if hash is None:
            continue
        made_by = hasher_of(hash)
        if made_by is None:
            raise ValueError(f"{said} has no hash in {password!r} that hash_password makes.")
        hasher = hasher or made_by
    return hasher


def _is_hidden(member: s.Member) -> bool:
    return member.write_only or any(
        within.write_only
        for part in each(member.shape)
        if isinstance(part, (s.Object, s.OneOf))
        for within in part.members
    )
