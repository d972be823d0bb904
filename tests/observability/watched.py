"""An API that somebody watches, and the lines of its access log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from openrest.observability.access_log import ACCESS_LOGGER


class Lines(logging.Handler):
    """The lines of the access log, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    @property
    def last(self) -> dict[str, Any]:
        """The members of the last line."""
        members: dict[str, Any] = json.loads(self.texts[-1])
        return members


@contextmanager
def access_lines(level: int = logging.INFO) -> Iterator[Lines]:
    """What is written to the access log within."""
    log, lines = logging.getLogger(ACCESS_LOGGER), Lines()
    before = log.level
    log.addHandler(lines)
    log.setLevel(level)
    try:
        yield lines
    finally:
        log.removeHandler(lines)
        log.setLevel(before)
