"""Whether the stores of an API can be used now, for whoever starts and routes its processes."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import cached_property

from openrest.errors import StoreError
from openrest.interfaces import DataStore

__all__ = ["Health"]

log = logging.getLogger("openrest")


class Health:
    """What ``/health/ready`` waits for: each store's own check, within so many `seconds`.

        app = WSGIDispatcher([Tweets], health=Health(seconds=5))

    ``health=True`` is 0.8 seconds, since Kubernetes gives a probe one second unless told. Raises
    ValueError for what is no time to wait.
    """

    def __init__(self, *, seconds: float = 0.8) -> None:
        if type(seconds) not in (int, float) or not 0 < seconds <= 60:
            raise ValueError(f"Health: seconds must be more than 0 and at most 60, not {seconds!r}")
        self.seconds = seconds


class Readiness:
    """Asks the stores of resources, all of them at once."""

    def __init__(self, health: Health, stores: Mapping[str, Callable[[], DataStore]]) -> None:
        self._seconds = health.seconds
        self._stores = stores

    @property
    def names(self) -> list[str]:
        """The resources whose stores are asked."""
        return list(self._stores)

    @cached_property
    def _checks(self) -> dict[str, _Check]:
        """The check of each resource's store; several may have one."""
        stores = {name: store().innermost for name, store in self._stores.items()}
        checks = {store: _Check(store) for store in stores.values()}
        return {name: checks[store] for name, store in stores.items()}

    def away(self) -> list[str]:
        """The resources whose store cannot be used now; why not is in the log."""
        deadline = time.monotonic() + self._seconds
        answers = {check: check.begin() for check in set(self._checks.values())}
        reasons = {
            check: _reason(answer, max(0.0, deadline - time.monotonic()))
            for check, answer in answers.items()
        }
        away = [name for name, check in self._checks.items() if reasons[check]]
        for name in away:
            log.warning("%s is not ready: %s", name, reasons[self._checks[name]])
        return away


class _Check:
    """The check of one store, of which there is one at a time.

    One that hangs holds a thread; if each that asks began another, they would hold them all.
    """

    def __init__(self, store: DataStore) -> None:
        self._store = store
        self._begun: Future[None] | None = None
        self._process = 0
        self._lock = threading.Lock()

    def begin(self) -> Future[None]:
        """The check that goes on, or else a new one."""
        with self._lock:
            # The threads of a process do not come with it into a fork.
            ours = self._process == os.getpid()
            if self._begun is None or self._begun.done() or not ours:
                self._begun, self._process = Future(), os.getpid()
                name = f"health of {type(self._store).__name__}"
                threading.Thread(
                    target=self._run, args=[self._begun], name=name, daemon=True
                ).start()
            return self._begun

    def _run(self, answer: Future[None]) -> None:
        try:
            self._store.ping()
        except BaseException as error:
            answer.set_exception(error)
        else:
            answer.set_result(None)


def _reason(answer: Future[None], seconds: float) -> str:
    """Why a store is not ready, in the words of the log; "" where it is."""
    try:
        error = answer.exception(seconds)
    except TimeoutError:
        return "its store has not answered in time"
    if error is None:
        return ""
    return str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
