"""What a CSV file says by a model: its header, and the records of its rows."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from openrest.datastore.cells import Cell
from openrest.datastore.csv_rows import Dialect, Row
from openrest.datastore.uniques import Unique
from openrest.errors import RecordConflict, TableMismatch, did_you_mean
from openrest.interfaces import Record

__all__ = ["BadRow", "Content", "Layout", "fill"]

#: As many rows that are gone are kept until a write closes the ranks.
_GONE: Final = 1000

#: Cells as they are written -> record; ValueError where one does not fit.
Read = Callable[[Sequence[str]], Record]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that is no record: the number of its line, and why."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class _Column:
    cell: Cell
    #: Which cell of a row it is.
    place: int
    #: Whether new values are quoted, whatever is in them.
    quoted: bool


class Layout:
    """The columns of a file, as its header has them.

    `sample` are some of its first rows, of which it learns which columns are in quotes.
    Raises TableMismatch with every difference between the header and the model.
    """

    def __init__(
        self,
        subject: str,
        dialect: Dialect,
        cells: Sequence[Cell],
        header: Sequence[str],
        sample: Sequence[Sequence[str]] = (),
    ) -> None:
        self.dialect = dialect
        self.names = [dialect.text(name) for name in header]
        differences = list(_differences(self.names, [cell.name for cell in cells]))
        if differences:
            raise TableMismatch(subject, differences)
        self._quoted = [_is_quoted(dialect, place, sample) for place in range(len(header))]
        self._columns = [
            _Column(cell, place, self._quoted[place])
            for cell in cells
            for place in [self.names.index(cell.name)]
        ]
        #: Reads all fields of a row.
        self.read = _reader(dialect, self._columns)

    def reader(self, members: Collection[str] | None) -> Read:
        """A function that reads some fields of a row, or all of them."""
        if members is None:
            return self.read
        return _reader(self.dialect, [c for c in self._columns if c.cell.name in members])

    def mistakes(self, cells: Sequence[str] | None) -> str:
        """What is wrong with the cells of a row that is no record."""
        if cells is None:
            return "a quote stands where none can."
        if len(cells) != len(self.names):
            return f"there are {len(cells)} cells; the header has {len(self.names)}."
        wrong = []
        for column in self._columns:
            try:
                _reader(self.dialect, [column])(cells)
            except ValueError as error:
                shown = f"{self.dialect.text(cells[column.place])!r:.80}"
                wrong.append(f"{column.cell.name!r}: {shown} {error}")
        return "; ".join(wrong) + "."

    def written(self, record: Record, old: Sequence[str] | None = None) -> str:
        """The row of a record, without its end; what it has as the `old` cells is as it was."""
        cells = ["" for _ in self.names] if old is None else list(old)
        stored = {} if old is None else self.read(old)
        for column in self._columns:
            encode, name = column.cell.encode, column.cell.name
            value, before = record.get(name), stored.get(name)
            if value is None:
                if old is None or before is not None:
                    cells[column.place] = ""
                continue
            text = encode(value)
            # By their texts: 1 and 1.0 are the same to Python.
            if before is None or encode(before) != text:
                quoted = column.quoted or cells[column.place][:1] == self.dialect.quote
                cells[column.place] = self.dialect.cell(text, quoted=quoted)
        return self.dialect.delimiter.join(cells)


class Content:
    """All rows of a file and where each record is. Once it is served, it is not changed."""

    def __init__(self, layout: Layout, key: str, uniques: Sequence[Unique]) -> None:
        self.layout = layout
        #: As they are written; a row that was removed has no text. Blank and bad ones are kept.
        self.rows: list[str] = []
        self.places: dict[Any, int] = {}
        self.keys: list[Any] = []  # ascending
        self.bad: list[BadRow] = []
        #: Those of bad rows. They are taken: somebody may put the rows right.
        self.bad_keys: set[Any] = set()
        self.key = key
        self.uniques = list(uniques)

    def copy(self) -> Content:
        """One that can be changed."""
        copied = Content(self.layout, self.key, [unique.copy() for unique in self.uniques])
        copied.rows, copied.places, copied.keys = [*self.rows], {**self.places}, [*self.keys]
        if self.rows.count("") > _GONE:
            copied._close_ranks()
        copied.bad, copied.bad_keys = self.bad, self.bad_keys
        return copied

    def _close_ranks(self) -> None:
        """Leave out the rows that are gone."""
        left = [place for place, row in enumerate(self.rows) if row]
        moved = {before: now for now, before in enumerate(left)}
        self.rows = [self.rows[place] for place in left]
        self.places = {key: moved[place] for key, place in self.places.items()}

    def record(self, key: Any, read: Read | None = None) -> Record:
        """The record with the key, or what `read` reads of it. Raises KeyError."""
        cells = self.layout.dialect.cells(self.rows[self.places[key]])
        return (read or self.layout.read)(cells or ())

    def records(self, members: tuple[str, ...]) -> Iterator[Record]:
        """Some fields of all records, in the order of the keys."""
        split, read = self.layout.dialect.cells, self.layout.reader(members)
        return (read(split(self.rows[self.places[key]]) or ()) for key in self.keys)

    @property
    def last_key(self) -> Any:
        """The highest key of a row, be it a bad one; None where there is none."""
        return max([*self.keys[-1:], *self.bad_keys], default=None)

    def same_values(self, record: Record, replaced: tuple[Any, ...] = ()) -> tuple[str, ...] | None:
        """The unique fields in which a record is as another one that stays; None for none."""
        for unique in self.uniques:
            if unique.clash(record, set(), replaced):
                return unique.members
        return None

    def note_bad_key(self, cells: Sequence[str] | None) -> None:
        """Take the key of a bad row for given, where it can be read."""
        with suppress(ValueError, IndexError):
            self.bad_keys.add(self.layout.reader((self.key,))(cells or ())[self.key])

    def add(self, record: Record) -> None:
        """Put a record behind all others. Raises RecordConflict."""
        key = record[self.key]
        if key in self.places or key in self.bad_keys:
            raise RecordConflict((self.key,))
        self._refuse(record)
        place = next((at for at in range(len(self.rows) - 1, -1, -1) if self.rows[at]), None)
        end = self.layout.dialect.end
        if place is not None and not self.rows[place].endswith(("\r", "\n")):
            self.rows[place] += end
        self._note(record, len(self.rows))
        self.rows.append(self.layout.written(record) + end)
        if self.keys and key < self.keys[-1]:
            insort(self.keys, key)
        else:
            self.keys.append(key)

    def put(self, key: Any, record: Record) -> None:
        """Put a record in the place of the one with the key. Raises RecordConflict."""
        self._refuse(record, replaced=(key,))
        old = self.record(key)
        for unique in self.uniques:
            unique.remove(old)
        place = self.places[key]
        row = self.rows[place]
        end = row[len(row.rstrip("\r\n")) :]
        self.rows[place] = self.layout.written(record, self.layout.dialect.cells(row)) + end
        self._note(record, place)

    def remove(self, key: Any) -> None:
        """Remove the record with the key. Raises KeyError."""
        record = self.record(key)
        for unique in self.uniques:
            unique.remove(record)
        self.rows[self.places.pop(key)] = ""
        del self.keys[bisect_left(self.keys, key)]

    def _note(self, record: Record, place: int) -> None:
        key = record[self.key]
        self.places[key] = place
        for unique in self.uniques:
            unique.add(record, key)

    def _refuse(self, record: Record, replaced: tuple[Any, ...] = ()) -> None:
        members = self.same_values(record, replaced)
        if members is not None:
            raise RecordConflict(members)


def fill(content: Content, rows: Iterable[Row]) -> None:
    """Take over the rows that follow the header. Rows that are no record are noted as bad.

    Raises UnclosedQuote: nobody knows where such a row ends.
    """
    read, width, name = content.layout.read, len(content.layout.names), content.key
    keep, places = content.rows.append, content.places
    plain = not content.uniques
    for row in rows:
        place = len(content.rows)
        keep(row.text)
        cells = row.cells
        try:
            if cells is None or len(cells) != width:
                if not row.text.strip("\r\n"):
                    continue
                raise ValueError
            record = read(cells)
        except ValueError:
            content.bad.append(BadRow(row.line, content.layout.mistakes(cells)))
            content.note_bad_key(cells)
            continue
        key = record[name]
        if key not in places and (plain or content.same_values(record) is None):
            places[key] = place
            for unique in content.uniques:
                unique.add(record, key)
            continue
        members = " and ".join([name] if key in places else content.same_values(record) or ())
        content.bad_keys.add(key)
        content.bad.append(BadRow(row.line, f"a row before it has the same {members}."))
    content.keys = sorted(places)


def _reader(dialect: Dialect, columns: Sequence[_Column]) -> Read:
    quote, text = dialect.quote, dialect.text
    steps = [(each.place, each.cell.name, each.cell.decode, each.cell) for each in columns]

    def read(cells: Sequence[str]) -> Record:
        record: Record = {}
        for place, name, decode, cell in steps:
            raw = cells[place]
            quoted = raw[:1] == quote
            if quoted:
                raw = text(raw)
            if not raw and cell.missing(quoted=quoted):
                if not cell.optional:
                    raise ValueError("is required")
                if cell.nullable:
                    record[name] = None
            else:
                record[name] = decode(raw)
        return record

    return read


def _is_quoted(dialect: Dialect, place: int, sample: Sequence[Sequence[str]]) -> bool:
    """Whether a column is in quotes throughout, where it has anything."""
    found = [row[place][:1] == dialect.quote for row in sample if len(row) > place and row[place]]
    return bool(found) and all(found)


def _differences(names: Sequence[str], members: Sequence[str]) -> Iterator[str]:
    unknown = [name for name in names if name not in members]
    for member in members:
        count = names.count(member)
        if not count:
            yield f"the column {member!r} is missing.{did_you_mean(member, unknown)}"
        elif count > 1:
            yield f"the column {member!r} is there {count} times."
