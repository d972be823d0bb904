"""Errors of a database on their way to what a store raises."""

from __future__ import annotations

from openrest.datastore.sql.backend import Failure
from openrest.errors import StoreError, StoreUnavailable

__all__ = ["Again", "Lost", "Refused", "Silent"]


class Again(StoreUnavailable):
    """The transaction was undone by the database, and may succeed when it is repeated."""


class Lost(StoreUnavailable):
    """The connection is gone; what it was asked last may have been done or not."""


class Silent(StoreUnavailable):
    """The connection was shut, since no answer came in time: there is none for another attempt."""


class Refused(StoreError):
    """The database refuses a statement, for what `failure` says."""

    def __init__(self, text: str, failure: Failure) -> None:
        super().__init__(text)
        self.failure = failure
