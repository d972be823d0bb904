"""Passwords as what is kept of them: hashes that cost time and memory to guess."""

from __future__ import annotations

import binascii
import hashlib
import hmac
import logging
import re
import secrets
import unicodedata
from abc import ABC, abstractmethod
from base64 import b64decode, b64encode
from dataclasses import dataclass
from functools import cache
from typing import Final

from openrest.errors import StoreUnavailable

try:
    from argon2 import low_level as argon2
    from argon2.exceptions import HashingError
except ModuleNotFoundError:  # the extra openrest[passwords]
    _HAS_ARGON2 = False
else:
    _HAS_ARGON2 = True

__all__ = [
    "Argon2id",
    "Hasher",
    "Scrypt",
    "default_hasher",
    "hash_password",
    "hasher_of",
    "needs_rehash",
    "verify_password",
]

log = logging.getLogger("openrest")

_SALT_BYTES: Final = 16
_DIGEST_BYTES: Final = 32
#: A hash that asks for more memory than that is none: who can write one cannot bring us down.
_MOST_KIB: Final = 1024 * 1024
_MOST_ROUNDS: Final = 100

# The string format of the Password Hashing Competition: base64 without padding, in one spelling.
_SALTED: Final = r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
_ARGON2ID: Final = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})" + _SALTED, re.ASCII
)
_SCRYPT: Final = re.compile(r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})" + _SALTED, re.ASCII)


class Hasher(ABC):
    """A way to hash passwords, with what it costs; `hash_password` is told of it."""

    @property
    @abstractmethod
    def prefix(self) -> str:
        """What its hashes begin with: its name and its parameters."""

    @abstractmethod
    def derive(self, password: bytes, salt: bytes, length: int) -> bytes:
        """The digest, which takes the time. Raises StoreUnavailable where memory is short."""

    def hash(self, password: bytes) -> str:
        """What to keep of a password, under a salt of its own."""
        salt = secrets.token_bytes(_SALT_BYTES)
        return self._written(salt, self.derive(password, salt, _DIGEST_BYTES))

    def dummy(self) -> str:
        """The hash of no password; that a password is not its own takes as long to find out."""
        return self._written(secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_DIGEST_BYTES))

    def _written(self, salt: bytes, digest: bytes) -> str:
        return f"{self.prefix}${_base64(salt)}${_base64(digest)}"


@dataclass(frozen=True, slots=True)
class Argon2id(Hasher):
    """Argon2id (RFC 9106): `rounds` over `kib` KiB of memory in `lanes` threads.

    Unless given, they are those of the second recommendation of RFC 9106, section 4: 64 MiB. It
    needs argon2-cffi, of the extra ``openrest[passwords]``. Raises ValueError for what makes no
    sense.
    """

    rounds: int = 3
    kib: int = 64 * 1024
    lanes: int = 4

    def __post_init__(self) -> None:
        if not _HAS_ARGON2:
            raise ValueError("Argon2id needs argon2-cffi: pip install 'openrest[passwords]'")
        if not (1 <= self.rounds <= _MOST_ROUNDS and 1 <= self.lanes <= 255):
            raise ValueError(f"Argon2id takes 1 to {_MOST_ROUNDS} rounds and 1 to 255 lanes.")
        if not 8 * self.lanes <= self.kib <= _MOST_KIB:
            raise ValueError(f"Argon2id takes 8 KiB a lane or more, and at most {_MOST_KIB} KiB.")

    @property
    def prefix(self) -> str:
        return f"$argon2id$v=19$m={self.kib},t={self.rounds},p={self.lanes}"

    def derive(self, password: bytes, salt: bytes, length: int) -> bytes:
        try:
            return argon2.hash_secret_raw(
                password, salt, self.rounds, self.kib, self.lanes, length, argon2.Type.ID
            )
        except (HashingError, MemoryError) as error:
            raise StoreUnavailable("passwords: there is no memory to hash one") from error


@dataclass(frozen=True, slots=True)
class Scrypt(Hasher):
    """scrypt (RFC 7914), which needs nothing installed: cost ``2**log_n``, block size, lanes.

    It takes ``128 * block_size * 2**log_n`` bytes of memory. Unless given, the parameters are
    those that OWASP recommends: 128 MiB. Raises ValueError for what makes no sense.
    """

    log_n: int = 17
    block_size: int = 8
    lanes: int = 1

    def __post_init__(self) -> None:
        if not (self.log_n >= 1 and self.block_size >= 1 and 1 <= self.lanes <= _MOST_ROUNDS):
            raise ValueError(f"Scrypt takes 1 or more of each, and at most {_MOST_ROUNDS} lanes.")
        # RFC 7914, section 2: N is less than 2^(128 * r / 8).
        if self.log_n >= 16 * self.block_size or self._bytes > _MOST_KIB * 1024:
            raise ValueError("Scrypt: that takes too much memory, or too little for its cost.")

    @property
    def prefix(self) -> str:
        return f"$scrypt$ln={self.log_n},r={self.block_size},p={self.lanes}"

    @property
    def _bytes(self) -> int:
        return int(128 * self.block_size * (2 ** min(self.log_n, 40) + self.lanes + 2))

    def derive(self, password: bytes, salt: bytes, length: int) -> bytes:
        try:
            return hashlib.scrypt(
                password,
                salt=salt,
                n=2**self.log_n,
                r=self.block_size,
                p=self.lanes,
                maxmem=self._bytes + 1024 * 1024,
                dklen=length,
            )
        except MemoryError as error:
            raise StoreUnavailable("passwords: there is no memory to hash one") from error


def default_hasher() -> Hasher:
    """Argon2id where argon2-cffi is installed, and Scrypt elsewhere."""
    return Argon2id() if _HAS_ARGON2 else Scrypt()


def hash_password(password: str, hasher: Hasher | None = None) -> str:
    """What to keep of a password: nobody can log in with it who reads it.

    It has its salt and its parameters in it, and has at most 250 characters. It takes 0.1 to
    0.5 s. Raises ValueError for a password that is empty, has a NUL or is no text in Unicode, and
    StoreUnavailable where memory is short.
    """
    known = _prepared(password)
    if not known:
        raise ValueError("A password is a text in Unicode without NUL that is not empty.")
    return (hasher or default_hasher()).hash(known)


def verify_password(hash: str, password: str) -> bool:
    """Whether `hash` is that of the password, at the cost that the hash says.

    It can be of either kind, whatever `hash_password` makes now. One that cannot be read is that
    of no password: the log says so, once, without it. Raises StoreUnavailable where memory is
    short.
    """
    read = _read(hash)
    if isinstance(read, str):
        _warn(read)
        return False
    hasher, salt, digest = read
    known = _prepared(password)
    if known is None:
        return False
    return hmac.compare_digest(hasher.derive(known, salt, len(digest)), digest)


def needs_rehash(hash: str, hasher: Hasher | None = None) -> bool:
    """Whether `hash_password` would make another kind of hash now, or a dearer one.

    Ask after a password was right, which is when it is known, and store what `hash_password` makes
    of it. It is True for a hash that cannot be read, too.
    """
    current = (hasher or default_hasher()).prefix + "$"
    return isinstance(_read(hash), str) or not hash.startswith(current)


def hasher_of(hash: object) -> Hasher | None:
    """How a hash was made; None for one that cannot be read, and the log says so, once."""
    read = _read(hash)
    if isinstance(read, str):
        _warn(read)
        return None
    return read[0]


def _read(hash: object) -> tuple[Hasher, bytes, bytes] | str:
    """How the hash was made, its salt and its digest; or why it cannot be read."""
    unknown = "a hash is of no form that hash_password makes"
    if not isinstance(hash, str) or len(hash) > 250:
        return unknown
    found = _SCRYPT.fullmatch(hash)
    kind: type[Scrypt | Argon2id] = Scrypt
    if found is None:
        found, kind = _ARGON2ID.fullmatch(hash), Argon2id
    if found is None:
        return unknown
    if kind is Argon2id and not _HAS_ARGON2:
        return "a hash is of argon2id, which needs argon2-cffi: pip install 'openrest[passwords]'"
    first, second, third = (int(text) for text in found.groups()[:3])
    try:
        salt, digest = (_unbase64(text) for text in found.groups()[3:])
        hasher = (
            Argon2id(kib=first, rounds=second, lanes=third)
            if kind is Argon2id
            else Scrypt(first, second, third)
        )
    except ValueError:
        return unknown
    return hasher, salt, digest


@cache
def _warn(reason: str) -> None:
    """Log it, once: each request of such a user would say the same."""
    log.error("passwords: %s, so that no password is right for it", reason)


def _prepared(password: str) -> bytes | None:
    """The password as it is hashed; None for what is none.

    RFC 8265, section 4.2.2: keyboards differ in how they compose an é.
    """
    if "\0" in password:
        # HMAC fills up its key with zeros, so that scrypt tells no password from it with zeros.
        return None
    try:
        return unicodedata.normalize("NFC", password).encode()
    except UnicodeEncodeError:
        # A lone surrogate. The error would have the password in it.
        return None


def _base64(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


def _unbase64(text: str) -> bytes:
    """The bytes of what `_base64` has made. Raises ValueError for another spelling of them."""
    data = b64decode(text + "=" * (-len(text) % 4), validate=True)
    if _base64(data) != text:
        raise binascii.Error("not the one spelling")
    return data
