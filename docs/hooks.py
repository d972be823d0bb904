"""What the pages show of the code itself: written when the site is built, so never stale.

A page asks for it with a comment on a line of its own:

    <!-- generated: keys ResourceConfig -->    the keys of a mapping, from openrest.config
    <!-- generated: cli run -->                the help of a command
    <!-- generated: names openrest.views -->   the public names of a module, from its docstrings
    <!-- generated: tree openrest.errors -->   what the docstring of a module draws
    <!-- generated: fields -->                 each field: in JSON, in records, in SQLite
    <!-- generated: messages -->               each text that clients read in problems
    <!-- generated: deviations -->             what we chose to do otherwise than marshmallow
    <!-- generated: file CHANGELOG.md -->      a file of the repository, as it is
    <!-- generated: code examples/x.py -->     ... or as a block of code
    <!-- generated: code examples/x.py y -->   ... of which only the function or class y

The line that tells readers of the file where the gaps are filled is left out.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import re
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from enum import Enum
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from openrest import config, models
from openrest.cli import main
from openrest.cli.messages import entries
from openrest.datastore.columns import column
from openrest.models import shapes as s
from openrest.models.derive import field_shape
from openrest.models.examples import example, native_example
from openrest.models.jsonschema import json_schema

__all__ = ["expand", "on_page_markdown"]

_ROOT = Path(__file__).parents[1]
_GAPS = re.compile(r"^\*In the repository this page has gaps: .*\*\n\n", re.MULTILINE)
_ASKED = re.compile(r"^<!-- generated: (?P<what>\w+) ?(?P<of>.*?) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The event of mkdocs: the text of a page before it is rendered."""
    return expand(markdown)


def expand(markdown: str) -> str:
    """The text with everything that it asks for."""
    whole = _GAPS.sub("", markdown)
    return _ASKED.sub(lambda asked: _WRITERS[asked["what"]](asked["of"]), whole)


def _keys(name: str) -> str:
    mapping = getattr(config, name)
    meanings = _meanings(mapping)
    kind = "keys" if mapping.__required_keys__ else "keys optional"
    lines = [_first_line(mapping), "", f'<div class="{kind}" markdown>', ""]
    lines += ["| key | type | required | meaning |", "| --- " * 4 + "|"]
    for key, type_ in _types(mapping):
        required = "yes" if key in mapping.__required_keys__ else "no"
        lines.append(f"| `{key}` | `{type_}` | {required} | {meanings[key]} |")
    return "\n".join([*lines, "", "</div>"])


def _first_line(documented: Any) -> str:
    return inspect.cleandoc(documented.__doc__ or "").partition("\n")[0]


def _meanings(mapping: Any) -> dict[str, str]:
    """The lines ``key: meaning`` of the docstring, each joined with those that go on with it."""
    meanings: dict[str, str] = {}
    key = ""
    for line in inspect.cleandoc(mapping.__doc__ or "").splitlines()[1:]:
        if found := re.match(r"(\w+): (.*)", line):
            key = found[1]
            meanings[key] = found[2]
        elif key and line.strip():
            meanings[key] += f" {line.strip()}"
    return meanings


def _types(mapping: Any) -> Iterator[tuple[str, str]]:
    """Each key with its type as it stands in the source, names of literals spelled out."""
    tree = ast.parse(inspect.getsource(config))
    literals = {
        ast.unparse(node.targets[0]): ast.unparse(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Literal")
    }
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == mapping.__name__:
            for line in node.body:
                if isinstance(line, ast.AnnAssign):
                    type_ = ast.unparse(line.annotation)
                    type_ = re.sub(r"^NotRequired\[(.*)\]$", r"\1", type_)
                    for literal, meant in literals.items():
                        type_ = re.sub(rf"\b{literal}\b", meant, type_)
                    yield ast.unparse(line.target), type_


def _cli(name: str) -> str:
    command: click.Command = main
    context = _context(main, "openrest", None)
    for word in name.split():
        assert isinstance(command, click.Group)
        command = command.commands[word]
        context = _context(command, word, context)
    return f"```text\n{command.get_help(context)}\n```"


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    return command.make_context(
        name, [], parent=parent, resilient_parsing=True, terminal_width=80, max_content_width=80
    )


def _names(of: str) -> str:
    module_name, *names = of.split()
    names = names or importlib.import_module(module_name).__all__
    return "\n\n".join(f"::: {module_name}.{name}" for name in names)


def _tree(module_name: str) -> str:
    """What a docstring draws: its indented lines."""
    documented = inspect.cleandoc(importlib.import_module(module_name).__doc__ or "")
    drawn = [line for line in documented.splitlines() if line.startswith("    ")]
    return "```text\n" + textwrap.dedent("\n".join(drawn)) + "\n```"


def _file(name: str) -> str:
    return (_ROOT / name).read_text(encoding="utf-8")


def _code(of: str) -> str:
    name, _, part = of.partition(" ")
    text = _file(name)
    return f"```python\n{_part(text, part) if part else text}```"


def _part(text: str, name: str) -> str:
    """The lines of one function or class, its decorators included."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name:
            first = min(part.lineno for part in (node, *node.decorator_list))
            lines = text.splitlines(keepends=True)[first - 1 : node.end_lineno]
            return textwrap.dedent("".join(lines))
    raise LookupError(f"there is no {name}")


class _Colour(Enum):
    RED = "red"


class _City(models.Model):
    name = models.StringField(required=True)


class _Cat(models.Model):
    lives = models.IntegerField(required=True)


class _Pet(models.OneOf):
    discriminator = "kind"
    variants = {"cat": _Cat}


_FIELDS: tuple[models.ShapedField, ...] = (
    models.StringField(),
    models.EmailField(),
    models.UrlField(),
    models.IntegerField(),
    models.FloatField(),
    models.BooleanField(),
    models.DecimalField(places=2),
    models.DateTimeField(),
    models.NaiveDateTimeField(),
    models.DateField(),
    models.TimeField(),
    models.TimestampField(),
    models.TimeDeltaField(),
    models.UUIDField(),
    models.IPField(),
    models.IPv4Field(),
    models.IPv6Field(),
    models.IPInterfaceField(),
    models.EnumField(_Colour),
    models.ConstantField("v1"),
    models.RawField(),
    models.ListField(models.StringField()),
    models.TupleField([models.FloatField(), models.StringField()]),
    models.DictField(values=models.IntegerField()),
    models.NestedField(_City),
    models.NestedField(_Pet),
    models.PluckField(_City, "name"),
    models.PkField(),
    models.UUIDPkField(),
    models.StringPkField(),
)


def _fields(_: str) -> str:
    lines = ["| field | in JSON | in records | in SQLite |", "| --- " * 4 + "|"]
    for field in _FIELDS:
        shape = field_shape(field)
        schema = json_schema(shape)
        kind = schema.get("type", "any of the models" if "oneOf" in schema else "anything")
        kind += f", {schema['format']}" if "format" in schema else ""
        native = type(native_example(shape))
        native_name = "enum.Enum" if issubclass(native, Enum) else _qualified(native)
        stored = column(s.Member(name="x", wire="x", shape=shape)).type
        sample = json.dumps(example(shape))
        name = type(field).__name__ + (" of a OneOf" if "oneOf" in schema else "")
        lines.append(f"| `{name}` | {kind}: `{sample}` | `{native_name}` | {stored} |")
    return "\n".join(lines)


def _deviations(_: str) -> str:
    """The choices, with the number of marshmallow's tests that each of them fails."""
    table = tomllib.loads(_file("tests/marshmallow_suite/deviations.toml"))
    lines = ["| openrest | reason | tests |", "| --- " * 3 + "|"]
    for entry in table["deviation"]:
        lines.append(f"| {entry['choice']} | {entry['reason']} | {len(entry['tests'])} |")
    return "\n".join(lines)


def _qualified(type_: type) -> str:
    return (
        type_.__name__
        if type_.__module__ == "builtins"
        else f"{type_.__module__}.{type_.__qualname__}"
    )


def _messages(_: str) -> str:
    lines = []
    for heading, group in groupby(entries(), lambda entry: entry.heading):
        lines += [f"\n## {heading}\n", '<div class="texts" markdown>\n']
        lines += ["| text | note |", "| --- " * 2 + "|"]
        lines += [f"| `{entry.text}` | {entry.comment} |" for entry in group]
        lines.append("\n</div>")
    return "\n".join(lines).strip()


_WRITERS: dict[str, Callable[[str], str]] = {
    "keys": _keys,
    "cli": _cli,
    "names": _names,
    "tree": _tree,
    "fields": _fields,
    "messages": _messages,
    "deviations": _deviations,
    "file": _file,
    "code": _code,
}
