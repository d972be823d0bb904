"""Requests to one server: bounded in time and size, carefully repeated, and kept by their ETags."""

from __future__ import annotations

import logging
import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3 import exceptions as wrong

from openrest.datastore.forks import at_each_fork
from openrest.datastore.rest.breaker import Breaker, Failure
from openrest.datastore.rest.cache import Kept, KeptAnswers
from openrest.datastore.rest.resource import are_headers
from openrest.deadline import pool
from openrest.errors import ContractError, StoreUnavailable, UpstreamFailed, UpstreamTimedOut
from openrest.observability.exchange import current_trace
from openrest.store_time import time_left

__all__ = ["Answer", "Client"]

log = logging.getLogger("openrest")

#: Statuses of a server that is overloaded, or away behind its proxy: soon it may be there.
_PASSING: Final = (429, 502, 503, 504)
#: The longest that a server may ask to be left alone, in seconds.
_LONGEST: Final = 3600


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, the headers that are of use, and the bytes of the body."""

    status: int
    body: bytes
    etag: str
    link: str
    location: str
    media_type: str
    may_be_kept: bool = True


class Client:
    """Asks the server of `url`, with the options of a resource.

    Each call takes `seconds` at most, whatever it consists of. What changes nothing is repeated
    `retries` times; a write only where no connection came about, so that it cannot be done twice.
    """

    def __init__(self, options: Mapping[str, Any], clock: Callable[[], float]) -> None:
        parts = urlsplit(options["url"])
        self.url = options["url"]
        self._origin = (parts.scheme, parts.netloc)
        self._place = (parts.scheme, parts.hostname or "", parts.port)
        self._headers = options.get("headers", {})
        self.seconds: float = options.get("seconds", 10)
        self._retries: int = options.get("retries", 2)
        self._max_bytes: int = options.get("max_bytes", 10_000_000)
        self._connections: int = options.get("connections", 10)
        self._ca_file = options.get("ca_file")
        self._kept = KeptAnswers(options.get("cache_bytes", 10_000_000))
        failures, pause = options.get("failures", 5), options.get("pause", 10)
        self._breaker = Breaker(failures, pause, clock)
        self._connect()
        at_each_fork(self, Client._connect, when="after_in_child")

    def _connect(self) -> None:
        self._pool = pool(*self._place, self._connections, self._ca_file)
        # Before it is asked for a connection, so that the time that is left then is known.
        self._free = threading.BoundedSemaphore(self._connections)

    def within(self, address: str) -> str | None:
        """The target of an address of the same server, relative to the list; None elsewhere."""
        try:
            parts = urlsplit(urljoin(self.url, address))
        except ValueError:  # it is no address
            return None
        if (parts.scheme, parts.netloc) != self._origin:
            return None
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def ask(
        self,
        method: str,
        target: str,
        *,
        body: bytes | None = None,
        if_match: str | None = None,
        compressed: bool = True,
    ) -> Answer:
        """The answer to a request, whose `target` is a path and perhaps a query.

        With `compressed` it may come compressed, which often costs it its strong ETag.

        Raises StoreUnavailable where the server is not reached or says that it is overloaded,
        UpstreamTimedOut where it takes too long, and UpstreamFailed for an answer that is none.
        """
        given = self._headers() if callable(self._headers) else self._headers
        if not are_headers(given):
            raise ContractError(
                "resource['headers'] gives no mapping of ASCII texts to such texts."
            )
        coding = "gzip" if compressed else "identity"
        headers = {"Accept": "application/json", "Accept-Encoding": coding, **_traced(given)}
        kept = self._kept.get(target) if method == "GET" else None
        if body is not None:
            headers["Content-Type"] = "application/json"
        if if_match is not None:
            headers["If-Match"] = if_match
        if kept is not None:
            headers["If-None-Match"] = kept.etag
        answer = self._asked(method, target, body, headers)
        if answer.status == 304 and kept is not None:
            return Answer(200, kept.body, kept.etag, kept.link, "", "application/json")
        if method == "GET":
            if answer.status == 200 and answer.etag and answer.may_be_kept:
                self._kept.put(target, Kept(answer.etag, answer.body, answer.link))
            else:
                self._kept.drop(target)
        return answer

    def _asked(
        self, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        """The answer of one of several tries, all of them in the time of the call."""
        until = time.monotonic() + time_left(self.seconds)
        what = f"{method} {self._origin[0]}://{self._origin[1]}{target.partition('?')[0]}"
        for left in range(self._retries, -1, -1):
            wait = 0.0
            try:
                with self._breaker.call(self._origin[1]), self._turn(what, until):
                    answer = self._tried(what, method, target, body, headers, until)
            except _NotReached as error:
                failed: StoreUnavailable = StoreUnavailable(f"{what}: {error}")
                again = True
            except UpstreamFailed as error:
                failed, again = error, method == "GET"
            except UpstreamTimedOut as error:
                failed, again = error, False
            except _Passing as passing:
                failed, again, wait = passing.meaning, method == "GET", passing.wait
            else:
                return answer
            # Not all at once, and not all at the same time: whoever asks may be one of many.
            wait = max(wait, 0.05 * 2 ** (self._retries - left) * random.uniform(1, 2))  # nosec B311  # nobody gains by guessing it
            if not left or not again or time.monotonic() + wait >= until:
                raise failed
            log.info("%s: %s; once more in %.2f s", what, failed, wait)
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    @contextmanager
    def _turn(self, what: str, until: float) -> Iterator[None]:
        """A connection that is free; StoreUnavailable where there is none in time."""
        if not self._free.acquire(timeout=max(0, until - time.monotonic())):
            raise StoreUnavailable(f"{what}: all connections are in use")
        try:
            yield
        finally:
            self._free.release()

    def _tried(
        self,
        what: str,
        method: str,
        target: str,
        body: bytes | None,
        headers: dict[str, str],
        until: float,
    ) -> Answer:
        """The answer of one try; within the breaker."""
        rest = max(0.001, until - time.monotonic())
        try:
            response = self._pool.urlopen(
                method,
                target,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(total=rest),
                preload_content=False,
            )
            data = response.read(self._max_bytes + 1)
            if len(data) > self._max_bytes:
                response.close()
            response.release_conn()
        except (wrong.NewConnectionError, wrong.ConnectTimeoutError) as error:
            raise Failure from _NotReached(_reason(error))
        except (wrong.TimeoutError, TimeoutError) as error:
            late = UpstreamTimedOut(f"{what}: no answer within {rest:.3g} s")
            late.__cause__ = error
            raise Failure from late
        except (wrong.HTTPError, OSError, ValueError) as error:
            # A ValueError is that of http.client, of numbers that are none.
            broken = UpstreamFailed(f"{what}: {_reason(error)}")
            broken.__cause__ = error
            raise Failure from broken
        if len(data) > self._max_bytes:
            raise UpstreamFailed(f"{what} answers more than {self._max_bytes} bytes")
        return self._judged(what, response, data)

    def _judged(self, what: str, response: Any, data: bytes) -> Answer:
        status, headers = response.status, response.headers
        if status in _PASSING:
            wait = _seconds(headers.get("Retry-After", ""))
            said = f"{what} answers {status}"
            meaning = {
                429: StoreUnavailable(said, max(1, wait)),
                502: UpstreamFailed(said),
                503: StoreUnavailable(said, max(1, wait)),
                504: UpstreamTimedOut(said),
            }[status]
            # Whoever limits how often it is asked is not broken.
            if status == 429:
                raise _Passing(meaning, wait)
            raise Failure from _Passing(meaning, wait)
        if status >= 500:
            raise Failure from UpstreamFailed(f"{what} answers {status}")
        return Answer(
            status=status,
            body=data,
            etag=headers.get("ETag", ""),
            link=headers.get("Link", ""),
            location=headers.get("Location", ""),
            media_type=headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            may_be_kept="no-store" not in headers.get("Cache-Control", "").lower(),
        )


def _traced(given: Mapping[str, str]) -> dict[str, str]:
    """The author's headers, and those of the trace, unless the author has one of another kind."""
    trace = current_trace()
    if trace is None or any(name.lower() in ("traceparent", "tracestate") for name in given):
        return dict(given)
    return {**trace.headers(), **given}


class _NotReached(Exception):
    """No connection came about, so nothing was sent."""


class _Passing(Exception):
    """The server asks to be left alone for `wait` seconds; `meaning` is what to say of it."""

    def __init__(self, meaning: StoreUnavailable, wait: int) -> None:
        super().__init__(meaning)
        self.meaning = meaning
        self.wait = wait


def _seconds(text: str) -> int:
    """What ``Retry-After`` says in seconds; 0 for a date, too, which only says when."""
    return min(int(text), _LONGEST) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _reason(error: Exception) -> str:
    """What is wrong, without the connection that urllib3 puts before it."""
    return re.sub(r"^\w+\(host=.*?\): ", "", str(error)) or type(error).__name__
