"""Runs the code blocks of a page as its reader would, and compares what they print.

- ``python``: run in one namespace a page; a block with a title is written to that file, and its
  names are there afterwards.
- ``pycon``: a dialogue with the interpreter, with the output it shows, in the same namespace.
- ``console``: commands after ``$ `` with the output they show, in which ``...`` stands for the
  rest of a line, or as a line of its own for any lines.
- ``json``, ``toml``, ``yaml``: have to be readable. ``po`` is written to its file. ``text`` and
  others are shown only.

``python -m tests.docs.running`` writes the true outputs into the pages.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import traceback
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from tests.docs.blocks import ROOT, Block, blocks, pages
from tests.docs.shell import Shell, forget

__all__ = ["Broken", "Run"]

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Broken(AssertionError):
    """A block does not do what its page shows."""


class Run:
    """One run through a page, in the current directory; `write` instead of comparing."""

    def __init__(self, page: Path) -> None:
        self.page = page
        self.corrected: dict[Block, str] = {}
        self.skipped: list[str] = []
        self._module = ModuleType("page")
        self._namespace: dict[str, Any] = vars(self._module)
        self._shell = Shell(self._namespace)

    def __call__(self, *, keep_going: bool = False) -> None:
        """Run the blocks; with `keep_going` those after a broken one, too, which is reported."""
        with _modules_of(Path.cwd()):
            sys.modules["page"] = self._module
            for block in blocks(self.page):
                try:
                    self._run(block)
                except Broken as broken:
                    if not keep_going:
                        raise
                    sys.stderr.write(f"{broken}\n")

    def _run(self, block: Block) -> None:
        if block.not_run:
            return
        if block.needs and find_spec(block.needs) is None:
            self.skipped.append(f"{block.place} needs {block.needs}")
            return
        run: Callable[[Block], None] | None = getattr(self, f"_run_{block.language}", None)
        if block.needs:
            run = self._run_apart
        if run is None:
            return
        try:
            run(block)
        except Broken:
            raise
        except Exception as error:
            raise Broken(f"{block.place}: {traceback.format_exc()}") from error

    def _run_python(self, block: Block) -> None:
        if not block.title:
            exec(compile(block.text, block.place, "exec"), self._namespace)
            return
        file = Path(block.title)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
        name = ".".join(file.with_suffix("").parts)
        forget(name)
        self._shell.restart()
        self._namespace.update(vars(importlib.import_module(name)) | {"__name__": "page"})

    def _run_apart(self, block: Block) -> None:
        """In a process of its own: what has settings for a whole process keeps them there."""
        file = Path(block.title or "dialogue.txt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
        if block.language == "pycon":
            run = subprocess.run(
                [sys.executable, "-m", "doctest", str(file)],
                env={**os.environ, "PYTHONPATH": f"{Path.cwd()}{os.pathsep}{ROOT}"},
                capture_output=True,
                text=True,
                check=False,
            )
            if run.returncode:
                raise Broken(f"{block.place}: {run.stdout}{run.stderr}")

    def _run_pycon(self, block: Block) -> None:
        shown = []
        for example in doctest.DocTestParser().get_examples(block.text):
            wanted = example.want
            printed = self._interpret(example, block)
            same = doctest.OutputChecker().check_output(wanted, printed, doctest.ELLIPSIS)
            lines = example.source.splitlines(keepends=True)
            shown.append(">>> " + "... ".join(lines) + (wanted if same else printed))
        self._compare(block, "".join(shown))

    def _interpret(self, example: doctest.Example, block: Block) -> str:
        code = compile(example.source, block.place, "single")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            try:
                exec(code, self._namespace)
            except Exception as error:
                said = "".join(traceback.format_exception_only(error))
                return f"Traceback (most recent call last):\n    ...\n{said}"
        return printed.getvalue()

    def _run_console(self, block: Block) -> None:
        shown = ""
        for command, wanted in _commands(block.text):
            joined = command.replace("\\\n", " ").strip()
            printed = self._shell.run(joined.removeprefix("$ "))
            shown += command + (wanted if _alike(wanted, printed) else printed)
        self._compare(block, shown)

    def _run_json(self, block: Block) -> None:
        json.loads(block.text)

    def _run_toml(self, block: Block) -> None:
        tomllib.loads(block.text)

    def _run_yaml(self, block: Block) -> None:
        yaml.safe_load(block.text)

    def _run_po(self, block: Block) -> None:
        Path(block.title).write_text(block.text, encoding="utf-8")

    def _compare(self, block: Block, shown: str) -> None:
        if shown != block.text:
            self.corrected[block] = shown


@contextlib.contextmanager
def _modules_of(folder: Path) -> Iterator[None]:
    """Imports find the modules of `folder` first; afterwards all modules are as they were."""
    before = dict(sys.modules)
    examples = [name for name in before if name.startswith("examples.")]
    forget(*examples)  # they are imported anew: some open a file in the current directory
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - set(before):
            file = getattr(sys.modules[name], "__file__", None)
            ours = file is not None and Path(file).is_relative_to(folder)
            if ours or name == "page" or name.startswith("examples."):
                forget(name)
        sys.modules.update(before)
        for name in examples:
            setattr(sys.modules["examples"], name.removeprefix("examples."), before[name])


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console, with what it prints."""
    for entry in re.split(r"^(?=\$ )", text, flags=re.MULTILINE):
        if not entry:
            continue
        found = re.match(r"\$ (?:[^\n]*\\\n)*[^\n]*\n", entry)
        if found is None:
            raise Broken(f"{entry!r} begins without a command")
        yield found[0], entry[found.end() :]


def _alike(wanted: str, printed: str) -> bool:
    pattern = re.escape(_UUID.sub("UUID", wanted))
    pattern = re.sub(r"(?m)^\\\.\\\.\\\.\\\n", "(?s:.*)", pattern).replace(r"\.\.\.", ".*")
    return re.fullmatch(pattern, _UUID.sub("UUID", printed)) is not None


def _write_outputs() -> None:
    for page in pages():
        run = Run(page)
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            run(keep_going=True)
        text = page.read_text(encoding="utf-8")
        for block, shown in run.corrected.items():
            sys.stderr.write(f"{block.place}: written\n")
            text = text.replace(block.text, shown, 1)
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("OPENREST_DEBUG", "1")
    sys.path.insert(0, str(ROOT))
    _write_outputs()
