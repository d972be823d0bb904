"""Tokens that somebody else has issued: JWT (RFC 7519), sent as RFC 6750 has it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from openrest.authentication.authorization_header import REALM, HeaderScheme, quoted
from openrest.authentication.jwks import ALGORITHMS, Key, decoded
from openrest.authentication.key_sources import JwksFile, KeySource, key_source
from openrest.errors import CredentialsRefused, Unreadable
from openrest.interfaces import Authentication, Credentials, User
from openrest.strict_json import read_json

__all__ = ["BearerAuthentication"]

#: In characters, of a token.
_LONGEST: Final = 8192
_LONGEST_KID: Final = 256
#: How many keys are tried for a token that does not say which one it is signed with.
_MOST_TRIED: Final = 8
# JWS Compact Serialization (RFC 7515, section 7.1): an encrypted token has five parts.
_JWS: Final = r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)"
_SCHEME: Final = HeaderScheme("bearer", _JWS, _LONGEST)
_TIMES: Final = ("exp", "nbf", "iat")

_MALFORMED: Final = "The token is malformed."
_UNKNOWN_KEY: Final = "The key of the token is not known."


class BearerAuthentication(Authentication):
    """A signed token, which somebody else has issued (RFC 6750, RFC 7519, RFC 8725).

        BearerAuthentication(
            "https://login.example/jwks.json",
            algorithms=["RS256"],
            issuer="https://login.example",
            audience="notes",
        )

    `keys` is what signatures are verified with: a secret that is shared with the issuer, at least
    as long as the hash; a public key in PEM; a JWK or a JWK set (RFC 7517), as a mapping; the Path
    of a file with such a set, read again when it changes; the address of one; or a `JwksFile` or
    `JwksUrl` with options of its own. `algorithms` are those accepted, all with keys of one kind:
    HS256 and so on; RS and PS; ES; or EdDSA, Ed25519 and Ed448.

    `issuer` is the ``iss`` that a token has to have, and `audience` one ``aud`` or several, one of
    which it has to have. With None an issuer is not asked for, and no token with an ``aud`` is
    accepted: it is for somebody else. `required` are claims without which a token is refused, and
    `typ` is the type that its header has to name, if any (``"at+jwt"``: RFC 9068). The
    clocks of the issuer and of this machine may differ by `leeway` seconds; `clock` tells the time.

    `user` turns claims into a user, or None for nobody; unless given, the user has all claims,
    ``sub`` as the ``"id"``, and as ``"scopes"`` what ``scope`` or ``scp`` lists. `realm` is in the
    challenge, and `name` is that of the scheme in the document. Raises ValueError for what makes
    no sense.
    """

    def __init__(
        self,
        keys: str | bytes | Mapping[str, Any] | os.PathLike[str] | KeySource,
        *,
        algorithms: Collection[str],
        issuer: str | None,
        audience: str | Collection[str] | None,
        leeway: float = 30,
        user: Callable[[Mapping[str, Any]], User | None] | None = None,
        name: str = "Bearer",
        realm: str = "API",
        required: Collection[str] = ("exp",),
        typ: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            kind = _kind(algorithms)
            self._source = key_source(keys, kind)
            _check_fit(self._source, keys, algorithms)
            self._issuer = _checked("issuer", issuer)
            audiences = (audience,) if isinstance(audience, str) else audience
            self._audience = None if audiences is None else _names("audience", audiences)
            self._required = {*_names("required", required, least=0)}
            if not REALM.fullmatch(realm):
                raise ValueError(f"{realm!r} is no realm: it is of the characters of ASCII.")
            if not 0 <= leeway <= 3600:
                raise ValueError("leeway is 0 to 3600 seconds.")
            self._typ = None if typ is None else _type(_checked("typ", typ))
        except ValueError as error:
            said = str(error)
            raise ValueError(f"{type(self).__name__}: {said}") from None
        self.name, self.realm = name, realm
        self._algorithms, self._leeway, self._clock = frozenset(algorithms), leeway, clock
        if self._issuer is not None:
            self._required.add("iss")
        if self._audience is not None:
            self._required.add("aud")
        self._user = user or _user
        # What a function asks may be away, too.
        self.can_be_away = self._source.can_be_away or user is not None

    @property
    def schemes(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}

    def requirements(self, scopes: Sequence[str]) -> Sequence[Mapping[str, Sequence[str]]]:
        # OpenAPI 3.0 allows none of another type than oauth2 and openIdConnect.
        return ({self.name: []},)

    def authenticate(self, credentials: Credentials) -> User | None:
        sent = _SCHEME.sent(credentials)
        if sent is None:
            return None
        if not sent:
            raise _refused(_MALFORMED)
        claims = self._verified(*sent)
        self._check(claims)
        user = self._user(claims)
        if user is None:
            raise _refused("The token is nobody's.")
        return user

    def challenges(self, refused: CredentialsRefused | None) -> Sequence[str]:
        said = f'Bearer realm="{quoted(self.realm)}"'
        # RFC 6750, section 3.1: no code where there were no credentials.
        if refused is not None and refused.code:
            said += f', error="{quoted(refused.code)}"'
            if refused.description:
                said += f', error_description="{quoted(refused.description)}"'
        return (said,)

    def insufficient(self, scopes: Sequence[str]) -> Sequence[str]:
        # RFC 6750, section 3.1: with the scopes that it takes.
        said = f'Bearer realm="{quoted(self.realm)}", error="insufficient_scope"'
        return (f'{said}, scope="{quoted(" ".join(scopes))}"',)

    def _verified(self, head: str, body: str, tail: str) -> dict[str, Any]:
        """The claims, once the signature is that of a key. Raises CredentialsRefused."""
        header, payload, signature = _object(head), decoded(body), decoded(tail)
        if header is None or payload is None or signature is None:
            raise _refused(_MALFORMED)
        algorithm, kid = self._read_header(header)
        signed = f"{head}.{body}".encode()
        if not any(k.verifies(algorithm, signed, signature) for k in self._keys(algorithm, kid)):
            raise _refused("The signature of the token is wrong.")
        claims = _object(body)
        if claims is None:
            raise _refused(_MALFORMED)
        return claims

    def _read_header(self, header: Mapping[str, Any]) -> tuple[str, str | None]:
        """The algorithm and the ``kid``. Where it says that keys are (jku, jwk, x5u), nobody looks.

        Raises CredentialsRefused.
        """
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in self._algorithms:
            raise _refused("The algorithm of the token is not accepted.")
        # RFC 7515, section 4.1.11: what is critical is to be understood, and there is nothing of
        # which that could be said here. b64 is none of JWT (RFC 7797, section 7).
        if not header.keys().isdisjoint(("crit", "b64", "enc", "zip")):
            raise _refused("The token needs what is not supported.")
        # RFC 7519, section 5.2: a token in a token.
        if _type(header.get("cty", "")) == "jwt":
            raise _refused("The token needs what is not supported.")
        if not isinstance(kid, str | None) or (kid is not None and len(kid) > _LONGEST_KID):
            raise _refused(_UNKNOWN_KEY)
        if self._typ is not None and _type(header.get("typ")) != self._typ:
            raise _refused("The token is of another type.")
        return algorithm, kid

    def _keys(self, algorithm: str, kid: str | None) -> Sequence[Key]:
        """The keys that a token may be signed with. Raises CredentialsRefused for too many."""
        known = self._source.keys()
        found = _fitting(known, algorithm, kid)
        if not found:
            found = _fitting(self._source.renewed(known), algorithm, kid)
        if not found:
            raise _refused(_UNKNOWN_KEY)
        if len(found) > _MOST_TRIED:
            raise _refused("The token does not say which key it is signed with.")
        return found

    def _check(self, claims: Mapping[str, Any]) -> None:
        """Raise CredentialsRefused where the claims are not those of a token for us, now."""
        if not self._required <= claims.keys():
            raise _refused("The token lacks a claim.")
        now = self._clock()
        earliest, latest = now - self._leeway, now + self._leeway
        for name in _TIMES:
            value = claims.get(name, 0)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise _refused(_MALFORMED)
        if "exp" in claims and claims["exp"] <= earliest:
            raise _refused("The token has expired.")
        if claims.get("nbf", 0) > latest or claims.get("iat", 0) > latest:
            raise _refused("The token is not valid yet.")
        if self._issuer is not None and claims["iss"] != self._issuer:
            raise _refused("The token is of another issuer.")
        if "aud" in claims:
            audience = claims["aud"]
            named = audience if isinstance(audience, list) else [audience]
            # RFC 7519, section 4.1.3: also where we are told of no audience that we are.
            if not any(each in (self._audience or ()) for each in named):
                raise _refused("The token is for another audience.")


def _refused(description: str) -> CredentialsRefused:
    return CredentialsRefused("invalid_token", description)


def _fitting(keys: Sequence[Key], algorithm: str, kid: str | None) -> list[Key]:
    """Those of the `kid`, and those that have none; where the token names none, all."""
    return [
        key
        for key in keys
        if algorithm in key.algorithms and (kid is None or key.kid is None or key.kid == kid)
    ]


def _object(text: str) -> dict[str, Any] | None:
    """The object of a part of a token; None for what is none."""
    data = decoded(text)
    if data is None:
        return None
    try:
        value = read_json(data, 16)
    except Unreadable:
        # It has what was sent in it, so nothing is raised while it is there.
        return None
    return value if isinstance(value, dict) else None


def _user(claims: Mapping[str, Any]) -> User:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise _refused("The token lacks a claim.")
    scopes = claims.get("scope", claims.get("scp", ""))
    listed = scopes.split() if isinstance(scopes, str) else scopes
    # A claim "id" is not who it is: the subject is (RFC 7519, section 4.1.2).
    return {**claims, "id": subject, "scopes": listed if isinstance(listed, list) else []}


def _type(value: Any) -> str:
    """A media type as JWT names it (RFC 7515, section 4.1.9); empty for what is none."""
    return value.lower().removeprefix("application/") if isinstance(value, str) else ""


def _kind(algorithms: Collection[str]) -> str:
    """The kind of keys that the algorithms have. Raises ValueError."""
    for name in _names("algorithms", algorithms):
        if name not in ALGORITHMS:
            raise ValueError(f"{name!r} is none of {', '.join(ALGORITHMS)}.")
    kinds = {ALGORITHMS[name] for name in algorithms}
    if len(kinds) > 1:
        raise ValueError("the algorithms are of one family: HS; RS and PS; ES; or EdDSA.")
    return kinds.pop()


def _check_fit(source: KeySource, keys: Any, algorithms: Collection[str]) -> None:
    """Raise ValueError where no token could ever be verified."""
    if source.can_be_away and not isinstance(source, JwksFile):
        return  # it is not asked before there are tokens
    fit = frozenset[str]().union(*(key.algorithms for key in source.keys()))
    # A secret that is too short for one of them is a mistake; a set may get another key.
    missing = sorted({*algorithms} - fit)
    if missing and (isinstance(keys, (str, bytes)) or len(missing) == len({*algorithms})):
        raise ValueError(f"there is no key for {', '.join(missing)}: of that kind, long enough.")


def _names(what: str, given: Any, least: int = 1) -> tuple[str, ...]:
    if isinstance(given, str) or not isinstance(given, Collection):
        raise ValueError(f"{what} is a list of names.")
    if len(given) < least or not all(isinstance(name, str) and name for name in given):
        raise ValueError(f"{what} is a list of names.")
    return tuple(given)


def _checked(what: str, given: Any) -> Any:
    if given is not None and not (isinstance(given, str) and given):
        raise ValueError(f"{what} is a text.")
    return given
