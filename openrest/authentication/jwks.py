"""Keys that tokens are signed with: secrets, PEM, and JWK sets (RFC 7517)."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from openrest.errors import Unreadable
from openrest.strict_json import read_json

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from joserfc.errors import JoseError, SecurityWarning
    from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
    from joserfc.jws import JWSRegistry
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "Tokens need joserfc: pip install 'openrest[jwt]'", name=missing.name
    ) from missing

__all__ = ["ALGORITHMS", "Key", "decoded", "key_of_pem", "key_of_secret", "keys_of_set"]

_Native: TypeAlias = OctKey | RSAKey | ECKey | OKPKey

_KINDS: Final[Mapping[str, type[_Native]]] = {
    "oct": OctKey,
    "RSA": RSAKey,
    "EC": ECKey,
    "OKP": OKPKey,
}
#: Algorithm -> the kind of its keys. Nobody is known by "none", and nothing else is in here.
ALGORITHMS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("HS256", "HS384", "HS512"), "oct"),
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    **dict.fromkeys(("EdDSA", "Ed25519", "Ed448"), "OKP"),
}

_MOST_KEYS: Final = 100
#: In bytes, of a secret: RFC 7518, section 3.2, for the shortest hash.
_SHORTEST: Final = 32
#: In bits, of RSA: RFC 7518, sections 3.3 and 3.5.
_RSA_BITS: Final = 2048
_BASE64URL: Final = re.compile("[A-Za-z0-9_-]+")
#: What is public, or a key in a file at least, and so no secret that two share.
_NO_SECRET: Final = re.compile(rb"-----BEGIN |---- BEGIN |\A\s*(?:ssh-|ecdsa-sha2-|sk-ssh-)")


@dataclass(frozen=True, slots=True)
class Key:
    """A key that signatures are verified with, and the algorithms that it is good for.

    These are of its own kind only: a public key is never taken for a secret.
    """

    kid: str | None
    algorithms: frozenset[str]
    _native: _Native = field(repr=False)

    def verifies(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """Whether it is the signature of `signed` by one of its `algorithms`."""
        if algorithm not in self.algorithms:
            return False
        return bool(JWSRegistry.algorithms[algorithm].verify(signed, signature, self._native))


def decoded(text: str) -> bytes | None:
    """The bytes of base64url in its one spelling (RFC 7515, section 2); None for what is none."""
    if not _BASE64URL.fullmatch(text):
        return None
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None
    return data if urlsafe_b64encode(data).rstrip(b"=").decode() == text else None


def key_of_secret(secret: bytes) -> Key:
    """The key that two share. Raises ValueError, which says nothing of it."""
    _check_secret(secret)
    return _key(None, OctKey.import_key(secret))


def key_of_pem(text: bytes, kind: str) -> Key:
    """A public key, or that of a certificate. Raises ValueError, which says nothing of it."""
    native = _imported(_KINDS[kind], text) if kind != "oct" else None
    if native is None:
        raise ValueError(f"it is no public key of the kind {kind} in PEM.")
    if native.is_private:
        raise ValueError("it is a private key: to verify tokens takes the public one.")
    made = _key(None, native)
    if not made.algorithms:
        raise ValueError(f"the key is too short, or no key to sign with; RSA has {_RSA_BITS} bits.")
    return made


def keys_of_set(value: Any, *, secrets: bool) -> tuple[Key, ...]:
    """The keys of a JWK set, or of one JWK, that tokens can be verified with.

    What is of an unknown kind, private, too short or not to sign with is left out, as RFC 7517,
    section 5, has it; with `secrets` they may be secrets. Raises ValueError where none is left.
    """
    found = [value] if isinstance(value, Mapping) and "kty" in value else None
    if isinstance(value, Mapping) and isinstance(value.get("keys"), (list, tuple)):
        found = [*value["keys"]]
    if found is None:
        raise ValueError("it is no JWK set: an object whose member 'keys' is a list.")
    if len(found) > _MOST_KEYS:
        raise ValueError(f"it has more than {_MOST_KEYS} keys.")
    made = [key for jwk in found if (key := _key_of_jwk(jwk, secrets=secrets)) is not None]
    if not made:
        what = "secret or public key" if secrets else "public key"
        raise ValueError(f"it has no {what}, long enough, of a known kind, to verify with.")
    return tuple(made)


def _key_of_jwk(jwk: Any, *, secrets: bool) -> Key | None:
    if not isinstance(jwk, Mapping):
        return None
    kind, kid = jwk.get("kty"), jwk.get("kid")
    if not isinstance(kind, str) or kind not in _KINDS or not isinstance(kid, str | None):
        return None
    if kind == "oct":
        secret = decoded(jwk["k"]) if secrets and isinstance(jwk.get("k"), str) else None
        try:
            _check_secret(secret or b"")
        except ValueError:
            return None
    native = _imported(_KINDS[kind], {**jwk})
    if native is None or (kind != "oct" and native.is_private):
        return None
    made = _key(kid, native)
    return made if made.algorithms else None


def _imported(kind: type[_Native], value: Any) -> _Native | None:
    """The key, or None: what is raised has parts of it, so nothing is raised while it is there."""
    try:
        return kind.import_key(value)
    except (JoseError, UnsupportedAlgorithm, ValueError, TypeError, LookupError, OverflowError):
        return None
    except SecurityWarning:  # a short key, where warnings are errors
        return None


def _check_secret(secret: bytes) -> None:
    if len(secret) < _SHORTEST:
        raise ValueError(f"a secret has at least {_SHORTEST} bytes, as many as the hash.")
    if _NO_SECRET.search(secret) or _is_json_object(secret) or _is_public(secret):
        raise ValueError("it is a key of another kind, which is no secret.")


def _is_public(secret: bytes) -> bool:
    # joserfc knows public keys and certificates in PEM, DER and that of SSH, and refuses them.
    return _imported(OctKey, secret) is None


def _is_json_object(secret: bytes) -> bool:
    try:
        return isinstance(read_json(secret), dict)
    except Unreadable:
        return False


def _key(kid: str | None, native: _Native) -> Key:
    return Key(kid, frozenset(name for name in ALGORITHMS if _fits(name, native)), native)


def _fits(name: str, native: _Native) -> bool:
    try:
        JWSRegistry.algorithms[name].check_key(native)
        native.check_key_op("verify")
    except JoseError:
        return False
    if isinstance(native, OctKey):
        # RFC 7518, section 3.2: as long as the hash.
        return len(native.raw_value) * 8 >= int(name[2:])
    if isinstance(native, RSAKey):
        return native.raw_value.key_size >= _RSA_BITS
    # Of the kind OKP some are not to sign with.
    return not isinstance(native, OKPKey) or native.curve_name in ("Ed25519", "Ed448")
