"""The text of a CSV file -> its rows and their cells (RFC 4180), each as it is written.

What is not changed is then written again as it was, whatever program has made it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

__all__ = ["Dialect", "Row", "UnclosedQuote"]


class UnclosedQuote(ValueError):
    """A quote is opened in this line, and nowhere closed."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the number of its first line, its text with the end of its line, and its cells.

    The cells are as they are written, with their quotes; None where they cannot be told apart.
    """

    line: int
    text: str
    cells: list[str] | None


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How cells are told apart. A quote within quotes is written twice."""

    delimiter: str = ","
    quote: str = '"'
    #: What ends a new row.
    end: str = "\r\n"

    def rows(self, lines: Iterable[str]) -> Iterator[Row]:
        """The rows of lines that have their ends. Raises UnclosedQuote."""
        delimiter, quote = self.delimiter, self.quote
        numbered = enumerate(lines, 1)
        for number, line in numbered:
            if quote not in line:
                yield Row(number, line, line.rstrip("\r\n").split(delimiter))
                continue
            first = number
            if self._opened(line):
                parts = [line]
                for _, more in numbered:
                    parts.append(more)
                    if not self._still_open(more):
                        break
                else:
                    raise UnclosedQuote(first)
                line = "".join(parts)
            yield Row(first, line, self.cells(line))

    def cells(self, row: str) -> list[str] | None:
        """The cells of a row as they are written; None where they cannot be told apart."""
        body = row.rstrip("\r\n")
        if self.quote not in body:
            return body.split(self.delimiter)
        found: list[str] = self._cell.findall(body + self.delimiter)
        # Each cell and what comes after it: where something is left over, a quote is amiss.
        return found if sum(map(len, found)) + len(found) == len(body) + 1 else None

    def text(self, cell: str) -> str:
        """What a cell says."""
        quote = self.quote
        return cell[1:-1].replace(quote + quote, quote) if cell[:1] == quote else cell

    def cell(self, text: str, *, quoted: bool = False) -> str:
        """The text as a cell, in quotes where it has to be or is wished to be."""
        if not quoted and text and not self._special.search(text):
            return text
        return f"{self.quote}{text.replace(self.quote, self.quote * 2)}{self.quote}"

    def _opened(self, line: str) -> bool:
        """Whether the line, or what is left of it, ends within quotes."""
        return self._open.fullmatch(line) is not None

    def _still_open(self, line: str) -> bool:
        """Whether a line that begins within quotes ends within quotes."""
        closing = self._closing.match(line)
        if closing is None:
            return True
        rest = line[closing.end() :]
        return rest[:1] == self.delimiter and self._opened(rest[1:])

    @cached_property
    def _one(self) -> str:
        delimiter, quote = re.escape(self.delimiter), re.escape(self.quote)
        within = f"{quote}(?:[^{quote}]|{quote}{quote})*+{quote}"
        return f"(?>{within}|(?:[^{delimiter}{quote}\r\n][^{delimiter}\r\n]*)?)"

    @cached_property
    def _cell(self) -> re.Pattern[str]:
        return re.compile(f"({self._one}){re.escape(self.delimiter)}")

    @cached_property
    def _open(self) -> re.Pattern[str]:
        delimiter, quote = re.escape(self.delimiter), re.escape(self.quote)
        within = f"{quote}(?:[^{quote}]|{quote}{quote})*+"
        return re.compile(f"(?:{self._one}{delimiter})*+{within}")

    @cached_property
    def _closing(self) -> re.Pattern[str]:
        quote = re.escape(self.quote)
        return re.compile(f"(?:[^{quote}]|{quote}{quote})*+{quote}")

    @cached_property
    def _special(self) -> re.Pattern[str]:
        return re.compile(f"[{re.escape(self.delimiter + self.quote)}\r\n]")
