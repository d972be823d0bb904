"""Answers that are made while they are sent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from tempfile import SpooledTemporaryFile
from typing import Any, Final

__all__ = ["Spooled", "Stream", "close", "read_ahead"]

log = logging.getLogger("openrest")

#: As many bytes go to the server at a time. What has no more is no stream: then all that can fail
#: has failed before the status is sent, and the client is told how long the answer is.
CHUNK: Final = 65_536


class Stream:
    """The chunks of an answer, of which the first is there already.

    An error ends it with an exception, on which a server breaks the connection: the client sees
    that the end is missing. `close` is for a client that goes away: `source` is closed, too.
    """

    def __init__(self, subject: str, first: bytes, parts: Iterator[bytes], source: Any) -> None:
        self._subject = subject
        self._source = source
        self._chunks = _chunks(first, parts)
        # Of the request, which is over for the thread that sends what is made of its records.
        self._context = copy_context()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk: bytes = self._context.run(next, self._chunks)
        except Exception as error:
            if not isinstance(error, StopIteration):
                log.error("%s broke off in the middle of its answer", self._subject, exc_info=error)
            self.close()
            raise
        return chunk

    def encode(self, part: Callable[[bytes], bytes], end: Callable[[], bytes]) -> None:
        """Send what `part` makes of each chunk, and at last what `end` gives."""
        self._chunks = _encoded(self._chunks, part, end)

    def close(self) -> None:
        """Let go of what the answer is made from; more than once does nothing more."""
        self._context.run(self._chunks.close)
        self._context.run(close, self._source)


def _chunks(first: bytes, parts: Iterator[bytes]) -> Any:
    yield first
    size, kept = 0, []
    for part in parts:
        kept.append(part)
        size += len(part)
        if size >= CHUNK:
            yield b"".join(kept)
            size, kept = 0, []
    if kept:
        yield b"".join(kept)


def _encoded(
    chunks: Iterator[bytes], part: Callable[[bytes], bytes], end: Callable[[], bytes]
) -> Any:
    for chunk in chunks:
        yield part(chunk)
    yield end()


def read_ahead(subject: str, parts: Iterable[bytes], source: Any) -> bytes | Stream:
    """All of the parts where they are short, or a stream that begins with some of them.

    `source` is what the parts are made from, and `subject` what it is, for the log.
    """
    made = iter(parts)
    size, kept = 0, []
    try:
        for part in made:
            kept.append(part)
            size += len(part)
            if size >= CHUNK:
                return Stream(subject, b"".join(kept), made, source)
    except BaseException:
        close(source)
        raise
    close(source)
    return b"".join(kept)


class Spooled:
    """The chunks of an answer that is there as a whole, on disk where it is long.

    For HTTP/1.0, in which the end of the connection is the end of the answer: one that breaks off
    would look complete (RFC 9112, section 8).
    """

    def __init__(self, stream: Stream) -> None:
        self._file = SpooledTemporaryFile(max_size=16 * CHUNK)
        try:
            for chunk in stream:
                self._file.write(chunk)
            self.length = self._file.tell()
            self._file.seek(0)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk: bytes = self._file.read(CHUNK)
        if not chunk:
            raise StopIteration
        return chunk

    def close(self) -> None:
        """Remove what is on disk."""
        self._file.close()


def close(source: Any) -> None:
    """Close what can be closed: a cursor, a file, a generator."""
    end = getattr(source, "close", None)
    if end is not None:
        end()
