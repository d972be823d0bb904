"""Passwords verified once in a while, not with each request: that takes long, and memory."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final

from openrest.authentication.passwords import verify_password
from openrest.errors import StoreUnavailable

__all__ = ["PROCESS", "VerificationLimit", "Verifier"]


class VerificationLimit:
    """How many passwords are verified at a time, as each takes 64 MiB of memory, or 128.

    Whoever comes then waits for `wait_seconds`, and is answered 503. Raises ValueError for what
    makes no sense.
    """

    def __init__(self, at_once: int = 4, wait_seconds: float = 5) -> None:
        if at_once < 1 or not 0 <= wait_seconds <= 3600:
            raise ValueError("VerificationLimit: 1 or more at once, and 0 to 3600 seconds.")
        self.at_once, self.wait_seconds = at_once, wait_seconds
        self._free = threading.BoundedSemaphore(at_once)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One verification. Raises StoreUnavailable where its turn does not come."""
        if not self._free.acquire(timeout=self.wait_seconds):
            raise StoreUnavailable(
                f"passwords: {self.at_once} are being verified, and none was done within "
                f"{self.wait_seconds:g} s"
            )
        try:
            yield
        finally:
            self._free.release()


#: That of all who are given no other.
PROCESS: Final = VerificationLimit()


class Verifier:
    """Verifies passwords, and remembers for `seconds` those that were right: `size` at most.

    What it remembers is a digest under a random key of this process, of the name, the password and
    the hash together: with another hash stored, the old password is wrong at once. Equal
    requests at the same time are verified once.
    """

    def __init__(
        self,
        seconds: float,
        size: int,
        limit: VerificationLimit,
        clock: Callable[[], float] = time.monotonic,
        verify: Callable[[str, str], bool] = verify_password,
    ) -> None:
        self._seconds, self._size, self._limit = seconds, size, limit
        self._clock, self._verify = clock, verify
        self._key = secrets.token_bytes(64)
        #: Digest -> when to forget it. All last as long, so the first is the oldest.
        self._right: dict[bytes, float] = {}
        #: Digest -> what will be known of it; None where that failed.
        self._running: dict[bytes, Future[bool | None]] = {}
        self._lock = threading.Lock()

    def verify(self, name: str, password: str, hash: str) -> bool:
        """Whether the hash is that of the password.

        Raises StoreUnavailable where too many are verified.
        """
        digest = self._digest(name, password, hash)
        with self._lock:
            if self._is_right(digest):
                return True
            future = self._running.get(digest)
            if future is None:
                mine = self._running[digest] = Future()
        if future is not None:
            return self._awaited(future)
        result = None
        try:
            with self._limit.turn():
                result = self._verify(hash, password)
            return result
        finally:
            with self._lock:
                del self._running[digest]
                if result:
                    self._remember(digest)
            mine.set_result(result)

    def _awaited(self, future: Future[bool | None]) -> bool:
        try:
            # The other one may wait for its turn as long as that, and has to verify it then.
            result = future.result(2 * self._limit.wait_seconds + 1)
        except TimeoutError:
            result = None
        if result is None:
            raise StoreUnavailable("passwords: the same one is being verified, which takes long")
        return result

    def _is_right(self, digest: bytes) -> bool:
        ends = self._right.get(digest)
        if ends is None:
            return False
        if self._clock() < ends:
            return True
        del self._right[digest]
        return False

    def _remember(self, digest: bytes) -> None:
        if not self._seconds or not self._size:
            return
        while len(self._right) >= self._size:
            del self._right[next(iter(self._right))]
        self._right[digest] = self._clock() + self._seconds

    def _digest(self, *texts: str) -> bytes:
        keyed = hashlib.blake2b(key=self._key, digest_size=32)
        for text in texts:
            data = text.encode(errors="surrogatepass")
            # With its length: where one text ends and the next begins counts.
            keyed.update(len(data).to_bytes(8, "big"))
            keyed.update(data)
        return keyed.digest()
