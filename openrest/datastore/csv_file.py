"""A file that is replaced as a whole, by one process at a time."""

from __future__ import annotations

import codecs
import io
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from openrest.datastore.files import sync_directory
from openrest.errors import StoreUnavailable
from openrest.store_time import time_left

if sys.platform != "win32":
    import fcntl

__all__ = ["BOMS", "CAN_LOCK", "Lock", "Signature", "TextFile"]

#: Whether this system has the lock that processes hold against one another.
CAN_LOCK: Final = sys.platform != "win32"

#: What tells one content of a file from another: device, number, size, times of change.
Signature = tuple[int, int, int, int, int]

#: Byte order marks, and the encodings that they tell of. That of UTF-32 begins as that of UTF-16.
BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

#: Two changes within so many nanoseconds may bear the same time.
_TICK: Final = 50_000_000


class TextFile:
    """The file at `path`; beside it ``.lock`` is held by who writes, and ``.new`` is half written.

    Every failure of the system is StoreUnavailable. `timeout` is how many seconds a write waits
    for another process.
    """

    def __init__(self, path: Path, timeout: float) -> None:
        # The file itself: to replace a link would leave the file behind it as it was.
        self.path = Path(os.path.realpath(path))
        self._timeout = timeout
        self._new = self.path.with_name(self.path.name + ".new")
        self._lock = self.path.with_name(self.path.name + ".lock")

    def look(self) -> Signature:
        """What is at the path now. Raises StoreUnavailable where there is nothing to read."""
        with self._failures():
            return _signature(os.stat(self.path))

    def is_settled(self, seen: Signature) -> bool:
        """Whether a change from now on shows in the signature."""
        return time.time_ns() - max(seen[-2:]) > _TICK

    def open(self) -> io.BufferedReader:
        """The file, to be read from its beginning."""
        with self._failures():
            return open(self.path, "rb")

    def signature_of(self, file: io.BufferedReader) -> Signature:
        """That of a file which is open, whatever is at the path by now."""
        with self._failures():
            return _signature(os.fstat(file.fileno()))

    def is_still(self, file: io.BufferedReader, before: Signature) -> bool:
        """Whether the file has not been written since, which may be half of what it will be."""
        # Not by the time of the inode: that changes when another one takes the place of the file.
        return self.signature_of(file)[:-1] == before[:-1]

    @contextmanager
    def locked(self) -> Iterator[Lock]:
        """No other process writes within it."""
        with self._failures():
            # Of a user who may write the file, and not the lock: he says so, and does not write.
            handle = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._wait(handle)
            try:
                yield Lock(handle)
            finally:
                # Not by closing alone: a process that was forked meanwhile has it open, too.
                fcntl.flock(handle, fcntl.LOCK_UN)
        finally:
            os.close(handle)

    def replace(self, parts: Iterable[bytes], expected: Signature | None) -> Signature:
        """Put what the parts make together in the place of the file; to be called when locked.

        It is there as a whole or not at all, whenever the process or the machine stops. The
        file that is there must be the `expected` one; None is for none.
        """
        with self._failures(), suppress(FileNotFoundError):
            os.unlink(self._new)  # of a process that was killed
        try:
            with self._failures():
                made = self._write(parts, expected)
                self._refuse_other(expected)
                os.replace(self._new, self.path)
        except BaseException:
            with suppress(OSError):
                os.unlink(self._new)
            raise
        with self._failures():
            sync_directory(self.path.parent)
            # To rename changes the time of the inode alone: where anything else is another by
            # now, somebody has written, which has to show.
            return (*made[:-1], os.stat(self.path).st_ctime_ns)

    def _write(self, parts: Iterable[bytes], expected: Signature | None) -> Signature:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        handle = os.open(self._new, flags, 0o666 if expected is None else 0o600)
        with open(handle, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            if expected is not None:
                _keep_owner_and_mode(handle, os.stat(self.path))
            os.fsync(handle)
            return _signature(os.fstat(handle))

    def _refuse_other(self, expected: Signature | None) -> None:
        """See that nobody who knows of no lock has written meanwhile."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            if expected is None:
                return
            raise
        if _signature(found) != expected:
            raise StoreUnavailable(f"{self.path}: another program has changed it meanwhile")

    def refuse_read_only(self) -> None:
        """Raise StoreUnavailable where the file is not to be written: renaming does not ask."""
        with self._failures():
            mode = os.stat(self.path).st_mode
        # The superuser may write any file; that nobody may is a wish all the same.
        if not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH) or not os.access(
            self.path, os.W_OK
        ):
            raise StoreUnavailable(f"{self.path}: the file is read-only")

    def _wait(self, handle: int) -> None:
        deadline = time.monotonic() + time_left(self._timeout)
        pause = 0.001
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise StoreUnavailable(f"{self.path}: another process is writing") from None
            except OSError as error:
                raise StoreUnavailable(f"{self._lock}: {error.strerror}") from error
            time.sleep(pause)
            pause = min(2 * pause, 0.02)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise StoreUnavailable(f"{self.path}: the file is gone") from error
        except OSError as error:
            raise StoreUnavailable(f"{self.path}: {error.strerror}") from error


class Lock:
    """The lock that is held. Its file has the last key that was given, so that none is again."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @property
    def last_key(self) -> int:
        """The last key that was given; 0 where none was."""
        return _number(os.pread(self._handle, 32, 0))

    @last_key.setter
    def last_key(self, key: int) -> None:
        try:
            # Always of one width, in one write: there is no half of it.
            os.pwrite(self._handle, b"%020d\n" % key, 0)
            os.fsync(self._handle)
        except OSError as error:
            raise StoreUnavailable(f"the lock: {error.strerror}") from error


def _number(text: bytes) -> int:
    return int(text) if text.strip().isdigit() else 0


def _signature(found: os.stat_result) -> Signature:
    # The time of the inode, too: the other one can be set.
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _keep_owner_and_mode(handle: int, old: os.stat_result) -> None:
    new = os.fstat(handle)
    if (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        # Only the superuser may give a file away: who else may write it, then owns it.
        with suppress(PermissionError):
            os.fchown(handle, old.st_uid, old.st_gid)
    os.fchmod(handle, stat.S_IMODE(old.st_mode))
