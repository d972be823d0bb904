"""Where keys are: given, in a file that may change, or at an address of the issuer."""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from openrest.authentication.jwks import Key, key_of_pem, key_of_secret, keys_of_set
from openrest.errors import StoreUnavailable, Unreadable
from openrest.strict_json import read_json

__all__ = ["JwksFile", "JwksUrl", "KeySource", "is_safe", "key_source"]

log = logging.getLogger("openrest")

_LOCAL: Final = ("localhost", "127.0.0.1", "::1")
#: In seconds, after a fetch that failed where there are no keys to go on with.
_RETRY: Final = 1.0


class KeySource(ABC):
    """Tells the keys that tokens are verified with. It is shared by all threads."""

    #: Whether it may raise StoreUnavailable.
    can_be_away: bool = True

    @abstractmethod
    def keys(self) -> tuple[Key, ...]:
        """The keys. Raises StoreUnavailable."""

    def renewed(self, known: tuple[Key, ...]) -> tuple[Key, ...]:
        """The keys, when one is not among the `known`: newer ones, where there may be some."""
        return known


class _Given(KeySource):
    can_be_away = False

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._keys = keys

    def keys(self) -> tuple[Key, ...]:
        return self._keys


class JwksFile(KeySource):
    """A JWK set in a file, which is read again when it changes.

    When it is gone or broken, the keys that were in it are good for `max_stale` seconds. Raises
    ValueError where it is so at once.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_stale: float = 3600,
        max_bytes: int = 262_144,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        _check_range("JwksFile", max_stale=(max_stale, 0, 86400), max_bytes=(max_bytes, 1, 2**24))
        self._path = Path(path)
        self._max_stale, self._max_bytes, self._clock = max_stale, max_bytes, clock
        self._lock = threading.Lock()
        #: What the file was like when it was read.
        self._seen: object = None
        self._broken: tuple[float, str] | None = None
        try:
            self._keys = self._read()
        except (OSError, ValueError) as error:
            raise ValueError(f"JwksFile: {self._path}: {_reason(error)}") from None

    def keys(self) -> tuple[Key, ...]:
        with self._lock:
            try:
                if self._state() != self._seen:
                    self._keys, self._broken = self._read(), None
            except OSError as error:
                # Once it is there again it may look as it did.
                self._seen = None
                self._break(_reason(error))
            except ValueError as error:
                self._break(_reason(error))
            if self._broken is not None and self._clock() - self._broken[0] >= self._max_stale:
                raise StoreUnavailable(f"{self._path}: {self._broken[1]}")
            return self._keys

    def _read(self) -> tuple[Key, ...]:
        # Before it is read: what changes meanwhile is read again.
        self._seen = self._state()
        with self._path.open("rb") as file:
            data = file.read(self._max_bytes + 1)
        return _keys_of(data, self._max_bytes, secrets=True)

    def _state(self) -> object:
        found = self._path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _break(self, reason: str) -> None:
        if self._broken is None:
            log.warning("%s: %s; the keys from before are used", self._path, reason)
        since = self._clock() if self._broken is None else self._broken[0]
        self._broken = since, reason


@dataclass(frozen=True, slots=True)
class _Kept:
    keys: tuple[Key, ...]
    at: float


class JwksUrl(KeySource):
    """A JWK set at an address, which the issuer of tokens tells: ``jwks_uri`` in its metadata.

    It is https, or http on this machine only, and needs the extra ``openrest[rest]``. The keys are
    fetched when the first token comes, and again after `max_age` seconds; a key that is not among
    them has them fetched once more, at most every `min_refetch` seconds, however many ask. A fetch
    takes at most `seconds` and `max_bytes`, and follows no redirection. While it fails the keys
    from before are good for `max_stale` seconds beyond `max_age`, and then StoreUnavailable is
    raised. `ca_file` has the certificates to trust, in PEM, unless those of the system. `clock`
    is of seconds. Raises ValueError for what makes no sense.
    """

    def __init__(
        self,
        url: str,
        *,
        max_age: float = 600,
        min_refetch: float = 30,
        max_stale: float = 3600,
        seconds: float = 5,
        max_bytes: int = 262_144,
        ca_file: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(url)
        if not is_safe(parts):
            raise ValueError("JwksUrl: the address is https, or http on localhost, without a user.")
        _check_range(
            "JwksUrl",
            max_age=(max_age, 1, 86400),
            min_refetch=(min_refetch, 1, 3600),
            max_stale=(max_stale, 0, 86400),
            seconds=(seconds, 0.1, 60),
            max_bytes=(max_bytes, 1, 2**24),
        )
        self._ask = _asker(parts, seconds, max_bytes, ca_file)
        # Without the query: there may be a secret in it.
        self._shown = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self._max_age, self._min_refetch, self._max_stale = max_age, min_refetch, max_stale
        self._seconds, self._max_bytes, self._clock = seconds, max_bytes, clock
        self._kept: _Kept | None = None
        self._not_before = -math.inf
        self._start()

    def _start(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._flight: threading.Event | None = None

    def keys(self) -> tuple[Key, ...]:
        return self._current(None)

    def renewed(self, known: tuple[Key, ...]) -> tuple[Key, ...]:
        return self._current(known)

    def _current(self, known: tuple[Key, ...] | None) -> tuple[Key, ...]:
        """The keys; where they are the `known` ones, which are not enough, perhaps newer ones."""
        if self._process != os.getpid():
            # A thread that fetched while the process was forked is not in the child.
            self._start()
        with self._lock:
            now, kept, flight = self._clock(), self._kept, self._flight
            age = math.inf if kept is None else now - kept.at
            usable = age < self._max_age + self._max_stale
            # Those who have keys to go on with do not wait until others have fetched them.
            waits = not usable or (kept is not None and kept.keys is known)
            wanted = waits or age >= self._max_age
            begins = flight is None and wanted and now >= self._not_before
            if begins:
                flight = self._flight = threading.Event()
                self._not_before = now + self._min_refetch
        if flight is not None and begins:
            self._fetch(flight)
        elif flight is not None and waits:
            flight.wait(self._seconds + 1)
        return self._usable()

    def _usable(self) -> tuple[Key, ...]:
        with self._lock:
            now, kept = self._clock(), self._kept
            if kept is not None and now - kept.at < self._max_age + self._max_stale:
                return kept.keys
            wait = max(1, math.ceil(self._not_before - now))
            raise StoreUnavailable(f"{self._shown}: there are no keys from it", wait)

    def _fetch(self, flight: threading.Event) -> None:
        try:
            keys = _keys_of(self._ask(), self._max_bytes, secrets=False)
        except (OSError, ValueError) as error:
            log.warning("%s: %s", self._shown, _reason(error))
            with self._lock:
                now, kept = self._clock(), self._kept
                if kept is None or now - kept.at >= self._max_age + self._max_stale:
                    self._not_before = now + min(_RETRY, self._min_refetch)
        else:
            with self._lock:
                self._kept = _Kept(keys, self._clock())
        finally:
            with self._lock:
                self._flight = None
            flight.set()


def key_source(keys: Any, kind: str) -> KeySource:
    """The source of what `BearerAuthentication` is given, for algorithms with keys of the `kind`.

    Raises ValueError for what is none, without a word of it.
    """
    is_address = isinstance(keys, str) and keys.startswith(("https://", "http://"))
    if kind == "oct" and (is_address or isinstance(keys, JwksUrl)):
        raise ValueError("a secret is at no address: HS does not go with a JWKS URL.")
    if isinstance(keys, KeySource):
        return keys
    if isinstance(keys, Mapping):
        return _Given(keys_of_set(keys, secrets=True))
    if isinstance(keys, os.PathLike):
        return JwksFile(keys)
    if is_address:
        return JwksUrl(keys)
    if not isinstance(keys, (str, bytes)):
        shown = type(keys).__name__
        raise ValueError(f"keys are a secret, PEM, a JWK set, a Path or a URL, not {shown}.")
    data = keys.encode() if isinstance(keys, str) else keys
    return _Given((key_of_secret(data) if kind == "oct" else key_of_pem(data, kind),))


def is_safe(parts: SplitResult) -> bool:
    """Whether it is an address that nobody else can answer for: https, or http right here."""
    try:
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.fragment:
        return False
    if not parts.geturl().isascii() or any(c <= " " or c == "\x7f" for c in parts.geturl()):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)


def _asker(
    parts: SplitResult, seconds: float, max_bytes: int, ca_file: str | None
) -> Callable[[], bytes]:
    """The function that fetches: bytes, one more than may be at most. It raises OSError."""
    try:
        import urllib3
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            "JwksUrl needs urllib3: pip install 'openrest[rest]'", name=missing.name
        ) from missing
    from openrest.deadline import pool

    place = parts.scheme, parts.hostname or "", parts.port
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"

    def ask() -> bytes:
        # Each time a new connection: it is rare, and so there is none to share with a child.
        connections = pool(*place, 1, ca_file)
        try:
            response = connections.urlopen(
                "GET",
                target,
                headers={"Accept": "application/jwk-set+json, application/json"},
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(total=seconds),
                preload_content=False,
                decode_content=False,
            )
            try:
                if response.status != 200:
                    raise OSError(f"it answers {response.status}")
                data: bytes = response.read(max_bytes + 1, decode_content=False)
                return data
            finally:
                response.close()
        except urllib3.exceptions.HTTPError as error:
            raise OSError(type(error).__name__) from error
        finally:
            connections.close()

    return ask


def _keys_of(data: bytes, max_bytes: int, *, secrets: bool) -> tuple[Key, ...]:
    """The keys of the text of a set. Raises ValueError, which says nothing of them."""
    if len(data) > max_bytes:
        raise ValueError(f"it has more than {max_bytes} bytes.")
    try:
        value = read_json(data, 16)
    except Unreadable:
        value = None
    return keys_of_set(value, secrets=secrets)


def _reason(error: Exception) -> str:
    """What is wrong, without the path, which is said before."""
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _check_range(kind: str, **options: tuple[float, float, float]) -> None:
    for name, (value, least, most) in options.items():
        if not least <= value <= most:
            raise ValueError(f"{kind}: {name} is {least:g} to {most:g}, not {value!r}.")
