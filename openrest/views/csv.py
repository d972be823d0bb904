"""Comma-separated values (RFC 4180)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from openrest.formats import OTHERS
from openrest.views.json import JsonResponse

__all__ = ["CsvResponse"]

#: What has to stand in quotes. The semicolon and the tab separate cells where spreadsheets are set
#: up for it.
_SEPARATORS = re.compile('[",;\t\r\n]')
#: What makes a formula of a cell, in some spreadsheet (OWASP, CSV Injection); also as the wide
#: letters of East Asia.
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?", re.ASCII)


class CsvResponse:
    """``text/csv``: a row an object, after one with the names of the members; lists without meta.

    Null, and a member that is not there, is an empty cell, the empty text ``""``; objects and
    arrays are JSON in a cell. Text that a spreadsheet would take for a formula has a ``'`` before
    it, unless it is a number:

        class PlainCsv(CsvResponse):
            neutralize = False
    """

    media_type = "text/csv"
    content_type = "text/csv; charset=utf-8"
    #: Whether text that could be a formula is made harmless.
    neutralize: ClassVar[bool] = True

    @classmethod
    def encode(cls, value: Mapping[str, Any]) -> bytes:
        """The wire object as a row, after one with its own names."""
        return b"".join(cls.rows([value], tuple(value)))

    @classmethod
    def rows(cls, objects: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[bytes]:
        """The names, then a row an object."""
        yield cls._row(columns)
        if OTHERS not in columns:
            for each in objects:
                yield cls._row([each.get(name) for name in columns])
            return
        for each in objects:
            others = {name: value for name, value in each.items() if name not in columns}
            yield cls._row([{**each, OTHERS: others or None}.get(name) for name in columns])

    @classmethod
    def _row(cls, values: Sequence[Any]) -> bytes:
        # An empty line would be no row.
        row = ",".join([cls._cell(value) for value in values]) or '""'
        return f"{row}\r\n".encode()

    @classmethod
    def _cell(cls, value: Any) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            text = JsonResponse.encode(value).decode()
        elif cls.neutralize and value.startswith(_FORMULA) and not _NUMBER.fullmatch(value):
            text = f"'{value}"
        else:
            text = value
        if not text or _SEPARATORS.search(text):
            return '"' + text.replace('"', '""') + '"'
        return text
