"""The code blocks of a Markdown page.

A fence may carry a title, ``title="shop.py"``, and stand under HTML comments that mark it:

    <!-- needs: django -->     in a process of its own, where that is installed
    <!-- not run: reason -->   show it only
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Block", "blocks", "pages"]

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<language>[a-z]*)(?: title=\"(?P<title>[^\"]+)\")?$")
_MARK = re.compile(r"^<!-- (?P<name>needs|not run): (?P<value>.+) -->$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block; `line` is the number of the first line of its text."""

    page: Path
    line: int
    language: str
    title: str
    text: str
    needs: str = ""
    not_run: str = ""

    @property
    def place(self) -> str:
        """``docs/quickstart.md:12``"""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """README.md and every page of the documentation."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, from its beginning to its end."""
    lines = page.read_text(encoding="utf-8").splitlines()
    marks: dict[str, str] = {}
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if mark := _MARK.match(line):
            marks[mark["name"]] = mark["value"]
            continue
        if "```" not in line:
            marks = {}
            continue
        fence = _FENCE.match(line)
        if fence is None:
            raise ValueError(f"{page}:{number}: {line!r} opens no block that can be run")
        start = number
        while lines[number] != fence["ticks"]:
            number += 1
        yield Block(
            page=page,
            line=start + 1,
            language=fence["language"],
            title=fence["title"] or "",
            text="".join(f"{text}\n" for text in lines[start:number]),
            needs=marks.get("needs", ""),
            not_run=marks.get("not run", ""),
        )
        number += 1
        marks = {}
