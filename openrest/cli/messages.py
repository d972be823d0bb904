"""``openrest messages``: what there is to translate."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import Formatter

import click

from openrest import __version__
from openrest import messages as table

__all__ = ["Entry", "entries", "messages"]

_HEAD = f"""\
# What clients of an API read in problems. A name in braces is filled in. The detail of a mistake
# has no subject: it is what its place names, such as "#/age".
msgid ""
msgstr ""
"Project-Id-Version: openrest {__version__}\\n"
"Language: \\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of the table, with the heading that it stands under and the comment above it."""

    text: str
    heading: str
    comment: str


def entries() -> Iterator[Entry]:
    """The table as it stands in its source."""
    heading, comment = "", ""
    for line in inspect.getsource(table).splitlines():
        if line.startswith("#: "):
            comment += line.removeprefix("#:")
        elif line.startswith("# "):
            heading = line.removeprefix("# ")
        elif constant := re.match("([A-Z][A-Z0-9_]*): Final", line):
            value = vars(table)[constant[1]]
            for text in [value] if isinstance(value, str) else value:
                yield Entry(text, heading, comment.strip())
            comment = ""


@click.command()
def messages() -> None:
    """Print every text that clients read in problems, as a template of gettext (.pot)."""
    # As bytes: the template says that it is UTF-8, whatever the terminal is.
    click.echo("\n".join([_HEAD, *map(_written, entries())]).encode(), nl=False)


def _written(entry: Entry) -> str:
    lines = [f"#. {said}" for said in (entry.heading, entry.comment) if said]
    if any(name is not None for _, name, _, _ in Formatter().parse(entry.text)):
        lines.append("#, python-brace-format")
    # A string of C, as gettext has them, is spelled like one of JSON.
    lines += [f"msgid {json.dumps(entry.text, ensure_ascii=False)}", 'msgstr ""', ""]
    return "\n".join(lines)
