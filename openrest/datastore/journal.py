"""A file to which each step of a store in memory is added, one line of JSON after the other."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from openrest.datastore.files import sync_directory
from openrest.errors import ConfigurationError, StoreUnavailable

if sys.platform != "win32":
    import fcntl

__all__ = ["Journal", "Step"]

log = logging.getLogger("openrest")

#: What one step has changed: objects of JSON, in their order.
Step = list[dict[str, Any]]

#: A file that is no longer than this is never written anew, in bytes.
_SMALL: Final = 1_000_000


class Journal:
    """The file at `path`, which is made when it is missing.

    A line is there as a whole, on the disk, before `append` returns; one that was half written when
    the process or the machine stopped is cut off. One process has it: beside the file ``.lock`` is
    held until the end. Raises ConfigurationError for a file that cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))
        self.subject = f"the journal {str(path)!r}"
        self._new = self.path.with_name(self.path.name + ".new")
        if sys.platform == "win32":
            raise ConfigurationError(
                self.subject, ["a journal needs a lock between processes, which Windows lacks."]
            )
        try:
            self._lock = os.open(
                self.path.with_name(self.path.name + ".lock"),
                os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                0o666,
            )
            try:
                self._open()
            except BaseException:
                os.close(self._lock)
                raise
        except OSError as error:
            raise ConfigurationError(self.subject, [f"{error.strerror}."]) from error
        self._worth_it = _SMALL

    def _open(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                self.subject,
                ["another store has it open: one process has a journal, and shares its instance."],
            ) from None
        self._handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        self._size = os.fstat(self._handle).st_size
        sync_directory(self.path.parent)

    @property
    def is_new(self) -> bool:
        """Whether nothing is in it: whoever made it may have gone no further."""
        return self._size == 0

    def begin(self, steps: Iterable[Step]) -> None:
        """Write the first steps of a new one; ConfigurationError where they cannot be written."""
        try:
            self._replace(steps)
        except (OSError, StoreUnavailable) as error:
            raise ConfigurationError(self.subject, [f"it cannot be written: {error}."]) from error

    def __del__(self) -> None:
        for name in ("_handle", "_lock"):
            with suppress(AttributeError, OSError):
                os.close(getattr(self, name))

    def steps(self) -> Iterator[tuple[int, Step]]:
        """Each step with the number of its line, from the beginning; to be read to the end once.

        Raises ConfigurationError for a line that is none. What is behind the last line is cut off.
        """
        end = 0
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                end += len(line)
                yield number, self._read(number, line)
        if end != self._size:
            log.warning("%s: the last line was half written and is cut off", self.subject)
            os.ftruncate(self._handle, end)
            os.fsync(self._handle)
            self._size = end

    def _read(self, number: int, line: bytes) -> Step:
        try:
            step = json.loads(line)
        except ValueError as error:
            raise self.mistake(number, f"is no JSON: {error}") from error
        if not isinstance(step, list) or not all(isinstance(one, dict) for one in step):
            raise self.mistake(number, "is no array of objects")
        return step

    def mistake(self, number: int, said: str) -> ConfigurationError:
        """The error of a line that cannot be used."""
        return ConfigurationError(self.subject, [f"line {number} {said}. Nothing was changed."])

    def append(self, step: Step) -> int:
        """Add a step; it is on the disk then. Gives what `take_back` takes.

        Raises StoreUnavailable where it cannot be written, and then it is not there.
        """
        line = _line(step)
        before = self._size
        with self._failures(), self._alone():
            try:
                _write(self._handle, line, before)
                os.fsync(self._handle)
            except BaseException:
                # What is there of it must not stand before the next one.
                os.ftruncate(self._handle, before)
                raise
        self._size += len(line)
        return before

    def take_back(self, before: int) -> None:
        """Remove the steps that were added since."""
        with self._failures(), self._alone():
            os.ftruncate(self._handle, before)
            os.fsync(self._handle)
        self._size = before

    @property
    def is_long(self) -> bool:
        """Whether it would be much shorter if it were written anew."""
        return self._size > self._worth_it

    def rewrite(self, steps: Iterable[Step]) -> None:
        """Put other steps in the place of all: those that give what there is now.

        The file is the old one or the new one, whenever the process or the machine stops. Where it
        cannot be written, the log says so, and the old one goes on.
        """
        try:
            self._replace(steps)
        except (OSError, StoreUnavailable) as error:
            log.warning("%s cannot be written anew: %s", self.subject, error)
            with suppress(OSError):
                os.unlink(self._new)
        # When it is twice as long again: so the cost is in proportion to what was written.
        self._worth_it = max(_SMALL, 2 * self._size)

    def _replace(self, steps: Iterable[Step]) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        with self._alone():
            handle = os.open(self._new, flags, os.fstat(self._handle).st_mode & 0o777)
            try:
                size = 0
                for step in steps:
                    line = _line(step)
                    _write(handle, line, size)
                    size += len(line)
                os.fsync(handle)
                os.replace(self._new, self.path)
            except BaseException:
                os.close(handle)
                raise
            old, self._handle, self._size = self._handle, handle, size
        os.close(old)
        sync_directory(self.path.parent)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No process that was forked from this one writes within it; nor has one written before."""
        # A lock of the process, which is not handed on to those that are forked.
        fcntl.lockf(self._handle, fcntl.LOCK_EX)
        try:
            found, there = os.fstat(self._handle), os.stat(self.path)
            if (found.st_ino, found.st_size) != (there.st_ino, self._size):
                raise StoreUnavailable(f"{self.path}: another process has written to it")
            yield
        finally:
            with suppress(OSError):
                fcntl.lockf(self._handle, fcntl.LOCK_UN)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(f"{self.path}: {error.strerror}") from error


def _line(step: Step) -> bytes:
    return json.dumps(step, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _write(handle: int, data: bytes, place: int) -> None:
    """Write all of it; the system may take less at a time."""
    view = memoryview(data)
    while view:
        written = os.pwrite(handle, view, place)
        view, place = view[written:], place + written
