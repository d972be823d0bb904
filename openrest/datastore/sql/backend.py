"""What one kind of database does in its own way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from openrest.datastore.sql.columns import Column
from openrest.models import shapes as s

__all__ = ["Backend", "Failure", "Found", "Place"]

#: A column as SQLAlchemy's inspector tells of it, with its ``collation``.
Found = Mapping[str, Any]
#: The name of a table, and of its schema.
Place = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Failure:
    """What an error of a driver means.

    - ``again``: the transaction was undone, and may well succeed when it is repeated.
    - ``away``: it passes by itself, or is for the administrator of the database.
    - ``taken``, ``missing``, ``referenced``: a unique key, and the two sides of a foreign key,
      whose name in the database is the `constraint`. It is one of the `table`, where that is told.
    - ``full``: no key is left to assign.
    - ``broken``: anything else.
    """

    what: Literal["again", "away", "taken", "missing", "referenced", "full", "broken"]
    constraint: str = ""
    table: str = ""


class Backend(ABC):
    """A kind of database: its types, its transactions and its errors."""

    #: What people call it.
    title: str
    #: Whether names of columns are the same in any case of letters.
    ignores_case = True
    #: Whether NULL comes before all values in an ascending order.
    null_is_less = True
    #: Whether an inserted row can be given back by the statement.
    returns = False
    #: How many bytes the columns of one index may have together; None where it does not matter.
    index_bytes: int | None = None

    @property
    def table_options(self) -> dict[str, Any]:
        """Options of CREATE TABLE, as SQLAlchemy calls them."""
        return {}

    @property
    def index_options(self) -> dict[str, Any]:
        """Options of CREATE INDEX for a text of any length, as SQLAlchemy calls them."""
        return {}

    @abstractmethod
    def column(self, member: s.Member, *, indexed: bool) -> Column:
        """The column that is made for a member; `indexed` where rows are told apart by it."""

    @abstractmethod
    def fitted(self, column: Column, member: s.Member, found: Found) -> Column | str | None:
        """The column as it is found in a table, or of which type it has to be.

        None where that is the type of one that is made.
        """

    @abstractmethod
    def session(self, statement_timeout: float) -> Sequence[str]:
        """What each new connection is told; the timeout is in seconds."""

    def set_up(self, connection: Any, statement_timeout: float) -> None:
        """Get a new connection of the driver ready; the timeout is in seconds."""
        cursor = connection.cursor()
        for statement in self.session(statement_timeout):
            cursor.execute(statement)
        cursor.close()

    @abstractmethod
    def limit(self, seconds: float) -> Sequence[str]:
        """What has the database end each statement of a connection after so many seconds."""

    def watch(self, seconds: float) -> None:
        """End the statement that begins now after so many seconds, where no database does."""
        return

    def relax(self) -> None:
        """End no statement from now on."""
        return

    def patience(self, connection: Any, seconds: float) -> None:
        """Have a connection, now that it is there, wait so long for what comes next."""
        return

    def socket_of(self, connection: Any) -> int | None:
        """The number of the socket of a connection of the driver; None where it has none."""
        return None

    @abstractmethod
    def begin(self, *, strict: bool) -> Sequence[str]:
        """The statements that begin a transaction.

        In a `strict` one, what was read holds until the end.
        """

    def queue(self, table: str) -> str | None:
        """The statement that lets repeated transactions on a table come one after the other."""
        return None

    @abstractmethod
    def stream(self, connection: Any) -> tuple[Sequence[str], Callable[[int], Any]]:
        """What begins a stream, and what makes the cursor of the driver for its nth statement."""

    def forget(self, cursor: Any) -> None:
        """Close the cursor of a stream, whose connection may be gone."""
        cursor.close()

    @abstractmethod
    def failure(self, error: Exception) -> Failure:
        """What an error of the driver means."""

    def is_lost(self, error: Exception) -> bool:
        """Whether it says that the connection is gone, beside what SQLAlchemy knows of."""
        return False

    def prepare(self, connection: sa.Connection) -> None:
        """Find out what the server can do."""
        return

    def collations(self, connection: sa.Connection, place: Place) -> Mapping[str, str]:
        """The collation of each column of a table, where the inspector does not tell it."""
        return {}

    def table_differences(self, connection: sa.Connection, place: Place) -> Iterable[str]:
        """Why no store can use a table, whatever its model is."""
        return ()

    def unique_indexes(
        self, connection: sa.Connection, place: Place
    ) -> Mapping[str, tuple[str, ...]] | None:
        """Those of `Reflected.uniques`, where the inspector does not tell of all."""
        return None

    def spelled(self, name: str, dialect: sa.Dialect) -> str:
        """The name of a column or a constraint of which the inspector tells."""
        return name

    def checked_late(self, connection: sa.Connection, place: Place) -> Collection[str]:
        """The unique indexes of a table, by name, that need not refuse a row when it is written."""
        return ()

    def lowered(self, text: str) -> str:
        """The text that is looked for in what `lower` gives."""
        return text.lower()

    def nulls(self, value: Any, place: Any, *, first: bool) -> list[Any]:
        """What orders by a value, and the rows without one `first` or last."""
        return [value.nulls_first() if first else value.nulls_last()]

    @abstractmethod
    def lower(self, place: Any) -> Any:
        """The text in lower case, as near to `str.lower` as the database comes."""

    @abstractmethod
    def contains(self, place: Any, text: Any) -> Any:
        """Whether a text has another within it, character for character."""

    @abstractmethod
    def ends_with(self, place: Any, text: Any) -> Any:
        """Whether a text ends with another, character for character."""

    def binary(self, place: Any) -> Any:
        """The text as one that compares by code points."""
        return place
