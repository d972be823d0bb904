"""A CSV file -> its content: encoding, dialect, header and rows, or why it cannot be used."""

from __future__ import annotations

import codecs
import io
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from openrest.datastore.cells import Cell
from openrest.datastore.csv_file import BOMS
from openrest.datastore.csv_rows import Dialect, Row, UnclosedQuote
from openrest.datastore.csv_table import Content, Layout, fill
from openrest.datastore.uniques import Unique
from openrest.errors import TableMismatch

__all__ = ["NAMED", "Reader", "Written"]

_DELIMITERS: Final = (",", ";", "\t", "|")
_QUOTES: Final = ('"', "'")
#: So many rows tell which columns are in quotes.
_SAMPLE: Final = 100
#: As many bad rows are named.
NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class Written:
    """The bytes of a text in one file: its encoding, and the mark at its beginning."""

    encoding: str
    bom: bytes = b""

    @staticmethod
    def of(beginning: bytes, wanted: str | None) -> Written:
        """How a file is written that begins like this; what is `wanted` goes without a mark."""
        for bom, encoding in BOMS:
            if beginning.startswith(bom):
                if wanted is None or _plain(wanted) == _plain(encoding):
                    return Written(encoding, bom)
        return Written(wanted or "utf-8")

    @staticmethod
    def new(wanted: str | None) -> Written:
        """How a new file is written. UTF-16 needs a mark, or nobody could tell its bytes."""
        name = _plain(wanted or "utf-8")
        if name in ("utf-16", "utf-32"):
            encoding = f"{name}-le"
            return Written(encoding, next(bom for bom, known in BOMS if known == encoding))
        if name == "utf-8-sig":
            return Written("utf-8", codecs.BOM_UTF8)
        return Written(wanted or "utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads a file by a model. What is None about the dialect is found out."""

    subject: str
    cells: tuple[Cell, ...]
    key: str
    uniques: tuple[Unique, ...]
    encoding: str | None
    delimiter: str | None
    quote: str | None

    def empty(self) -> tuple[Written, Content, bytes]:
        """A new file: how it is written, what is in it, and its bytes."""
        dialect = Dialect(delimiter=self.delimiter or ",", quote=self.quote or '"')
        names = [dialect.cell(cell.name) for cell in self.cells]
        written = Written.new(self.encoding)
        content = self._content(Layout(self.subject, dialect, self.cells, names))
        content.rows.append(dialect.delimiter.join(names) + dialect.end)
        return written, content, written.bom + content.rows[0].encode(written.encoding)

    def read(self, file: io.BufferedReader, *, refuse: bool) -> tuple[Written, Content]:
        """What is in the file. With `refuse` bad rows are mistakes.

        Raises TableMismatch with every mistake that can be told.
        """
        written = Written.of(file.peek(4)[:4], self.encoding)
        file.seek(len(written.bom))
        # newline="": the ends of lines stay as they are.
        lines = io.TextIOWrapper(file, encoding=written.encoding, newline="")
        try:
            content = self._read(lines)
        except UnicodeError as error:
            file.seek(len(written.bom))
            line = _undecodable(file.read(), written.encoding)
            raise self._mismatch(
                f"line {line}: the bytes are not of the encoding {written.encoding}."
            ) from error
        except UnclosedQuote as error:
            raise self._mismatch(f"line {error.line}: a quote is nowhere closed.") from error
        finally:
            lines.detach()
        if refuse and content.bad:
            named = [str(bad) for bad in content.bad[:NAMED]]
            if len(content.bad) > NAMED:
                named.append(f"{len(content.bad) - NAMED} more rows do not fit the model.")
            raise TableMismatch(self.subject, named)
        return written, content

    def _read(self, lines: Iterable[str]) -> Content:
        blank, header = [], ""
        for header in lines:
            if header.strip("\r\n"):
                break
            blank.append(header)
        else:
            raise self._mismatch("there is no header.")
        dialect = self._dialect(header)
        # All lines, from the first on: a name in the header may have a line break in it.
        rows = dialect.rows(itertools.chain(blank, [header], lines))
        first = [next(rows) for _ in blank]
        names = next(rows)
        if names.cells is None:
            raise self._mismatch(f"line {names.line}: a quote stands where none can.")
        sample = list(itertools.islice(rows, _SAMPLE))
        layout = Layout(
            self.subject, dialect, self.cells, names.cells, [row.cells or () for row in sample]
        )
        content = self._content(layout)
        content.rows.extend(row.text for row in (*first, names))
        fill(content, itertools.chain[Row](sample, rows))
        return content

    def _content(self, layout: Layout) -> Content:
        return Content(layout, self.key, [unique.copy() for unique in self.uniques])

    def _dialect(self, header: str) -> Dialect:
        """The one in which the header names the most of the fields."""
        end = header[len(header.rstrip("\r\n")) :] or "\r\n"
        delimiters: Sequence[str] = _DELIMITERS if self.delimiter is None else [self.delimiter]
        quotes: Sequence[str] = _QUOTES if self.quote is None else [self.quote]
        known = {cell.name for cell in self.cells}
        choices = [
            Dialect(delimiter=delimiter, quote=quote, end=end)
            for quote in quotes
            for delimiter in delimiters
        ]

        def named(dialect: Dialect) -> int:
            return len(known & set(map(dialect.text, dialect.cells(header) or ())))

        return max(choices, key=named)  # the first of those that are alike

    def _mismatch(self, mistake: str) -> TableMismatch:
        return TableMismatch(self.subject, [mistake])


def _undecodable(data: bytes, encoding: str) -> int:
    """The number of the first line that is not of the encoding."""
    try:
        before = data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, "ignore")
    return len(f"{before}.".splitlines())


def _plain(encoding: str) -> str:
    return codecs.lookup(encoding).name
