"""Around an application: each request has an exchange, whose beginning and end are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from openrest.observability.exchange import CURRENT_EXCHANGE, Exchange, Observer
from openrest.observability.traces import trace_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    Answer = Callable[[WSGIEnvironment, StartResponse, Exchange], Iterable[bytes]]

__all__ = ["Watch"]


class Watch:
    """Tells observers of every request, each exactly once, however it ends."""

    def __init__(self, observers: Sequence[Observer], *, traces: bool) -> None:
        self._observers = observers
        self._traces = traces

    def watched(
        self, answer: Answer, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """What `answer` answers, with an exchange that ends when the server is done with it."""
        exchange = Exchange(environ)
        if self._traces:
            parent, state = environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE")
            exchange.trace = trace_of(parent, state)
        for observer in self._observers:
            observer.began(exchange)

        def started(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            exchange.status = int(status[:3])
            return start_response(status, headers, *([exc_info] if exc_info else []))

        token = CURRENT_EXCHANGE.set(exchange)
        try:
            body = answer(environ, started, exchange)
        except BaseException:
            # It leaves the application, and the server answers 500 if it has not begun to answer.
            self._end(exchange)
            raise
        finally:
            CURRENT_EXCHANGE.reset(token)
        if isinstance(body, list):
            return _Whole(body, exchange, self._end)
        return _Body(body, exchange, self._end)

    def _end(self, exchange: Exchange) -> None:
        exchange.end()
        for observer in self._observers:
            observer.ended(exchange)


class _Body:
    """The body of an answer, on its way to the server: what it takes, and when it is done."""

    def __init__(
        self, body: Iterable[bytes], exchange: Exchange, end: Callable[[Exchange], None]
    ) -> None:
        self._body = body
        self._chunks = iter(body)
        self._exchange = exchange
        self._end: Callable[[Exchange], None] | None = end

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            chunk = next(self._chunks)
        except StopIteration:
            self._exchange.complete = True
            self._ended()
            raise
        except BaseException:
            self._ended()
            raise
        self._exchange.bytes += len(chunk)
        return chunk

    def close(self) -> None:
        """Called by every server in the end (PEP 3333), also where the client has gone."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._ended()

    def _ended(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end(self._exchange)


class _Whole(_Body):
    """A body that is there already, as one chunk.

    Servers that see so need no other word for its length (PEP 3333), and some do not come back
    once they have it, or do not ask where there is no content.
    """

    def __init__(
        self, body: list[bytes], exchange: Exchange, end: Callable[[Exchange], None]
    ) -> None:
        super().__init__(body, exchange, end)
        exchange.complete = not any(body)

    def __len__(self) -> int:
        return 1

    def __next__(self) -> bytes:
        chunk = super().__next__()
        self._exchange.complete = True
        return chunk
