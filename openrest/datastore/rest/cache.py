"""Answers that are kept with their ETags, to be shown again once the other side says so."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

__all__ = ["Kept", "KeptAnswers"]

#: What an entry takes besides its texts, about.
_OVERHEAD: Final = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer by its ETag: what is shown of it when it has not changed."""

    etag: str
    body: bytes
    link: str

    def size(self, target: str) -> int:
        """How many bytes it takes, with the target that it answers."""
        return len(self.body) + len(self.etag) + len(self.link) + len(target) + _OVERHEAD


class KeptAnswers:
    """At most `max_bytes` of answers, those that were used last."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._answers: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, target: str) -> Kept | None:
        """The answer to the target, if it is kept."""
        with self._lock:
            kept = self._answers.get(target)
            if kept is not None:
                self._answers.move_to_end(target)
            return kept

    def put(self, target: str, answer: Kept) -> None:
        """Keep an answer, and forget others for it."""
        with self._lock:
            self._drop(target)
            if answer.size(target) > self._max_bytes:
                return
            self._answers[target] = answer
            self._bytes += answer.size(target)
            while self._bytes > self._max_bytes:
                self._drop(next(iter(self._answers)))

    def drop(self, target: str) -> None:
        """Forget the answer to the target."""
        with self._lock:
            self._drop(target)

    def _drop(self, target: str) -> None:
        dropped = self._answers.pop(target, None)
        if dropped is not None:
            self._bytes -= dropped.size(target)
