"""The commands of console blocks, run in this process.

``curl`` asks the application that ``openrest run`` would serve. What cannot be run here, such as
``pip install``, is at least known.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

from click.testing import CliRunner
from werkzeug.test import Client

from openrest.cli import main
from openrest.controllers import WSGIDispatcher
from tests.catalogues import compiled, read_po
from tests.docs.blocks import ROOT

__all__ = ["Shell", "forget"]

#: What a server adds to every answer; the pages leave it out.
_OF_THE_SERVER = {"connection", "date", "server", "x-content-type-options"}

_NOT_RUN = ("cd", "git", "msginit", "npx", "pip", "python", "export", ".")


def forget(*names: str) -> None:
    """Let the next import of these modules read them again."""
    for name in names:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()


class Shell:
    """Runs commands as a reader of one page would, one after the other."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._reference = ""
        self._port = "5000"
        self._app: WSGIDispatcher | None = None

    def restart(self) -> None:
        """Load the application anew, as a server does whose files have changed."""
        self._app = None

    def run(self, command: str) -> str:
        """What the command prints. Raises AssertionError for a command that cannot be."""
        command, _, file = command.partition(" > ")
        stages = [shlex.split(stage) for stage in re.split(r" \| (?=python )", command)]
        output = self._first(stages[0])
        for stage in stages[1:]:
            assert stage[:3] == ["python", "-m", "json.tool"], f"{stage} is not known here"
            escaped = stage[3:] != ["--no-ensure-ascii"]
            output = json.dumps(json.loads(output), indent=4, ensure_ascii=escaped) + "\n"
        if file:
            Path(file).write_text(output, encoding="utf-8")
        return "" if file else output

    def _first(self, words: Sequence[str]) -> str:
        name, *rest = words
        if name == "curl":
            return self._curl(rest)
        if name == "openrest":
            return self._openrest(rest)
        if name == "make":
            return self._make(rest)
        if name == "pytest":
            return _pytest(rest)
        if name in _UNDERSTOOD:
            _UNDERSTOOD[name](rest)
            return ""
        assert name in _NOT_RUN, f"{name} is not known here"
        return ""

    def _curl(self, words: Sequence[str]) -> str:
        method, address, body, shows_headers = "", "", None, False
        headers = {"Accept": "*/*"}
        query: list[str] = []
        rest = iter(words)
        for word in rest:
            match word:
                case "-s" | "--silent":
                    pass
                case "-i" | "--include":
                    shows_headers = True
                case "-I" | "--head":
                    method, shows_headers = "HEAD", True
                case "-X" | "--request":
                    method = next(rest)
                case "-H" | "--header":
                    header, _, value = next(rest).partition(":")
                    headers[header] = value.strip()
                case "-d" | "--data":
                    body = next(rest)
                    headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
                case "-G" | "--get":
                    assert "--data-urlencode" in words, "curl -G is for --data-urlencode here"
                case "--data-urlencode":
                    assert {"-G", "--get"} & {*words}, "what is encoded goes into a query here"
                    name, _, value = next(rest).partition("=")
                    query.append(f"{name}={quote(value, safe='')}")
                case "--json":
                    body = next(rest)
                    headers |= {"Content-Type": "application/json", "Accept": "application/json"}
                case _:
                    assert not word.startswith("-") and not address, f"curl {word}?"
                    address = word
        host = f"http://127.0.0.1:{self._port}"
        assert address.startswith(f"{host}/"), f"{address} is not where the application is served"
        answer = Client(self._served()).open(
            "?".join([address.removeprefix(host), *filter(None, ["&".join(query)])]),
            method=method or ("GET" if body is None else "POST"),
            headers=headers,
            data=body,
            base_url=host,
        )
        shown = ""
        if shows_headers:
            lines = [f"{name}: {value}" for name, value in answer.headers]
            kept = [line for line in lines if line.partition(":")[0].lower() not in _OF_THE_SERVER]
            shown = "\n".join([f"HTTP/1.1 {answer.status}", *kept]) + "\n"
        # A terminal shows the ends of lines of CSV as it shows others.
        text = answer.get_data(as_text=True).replace("\r\n", "\n")
        if shows_headers and text:
            shown += "\n"
        return shown + text + ("\n" if text and not text.endswith("\n") else "")

    def _served(self) -> WSGIDispatcher:
        if self._reference:
            if self._app is None:
                module, _, name = self._reference.partition(":")
                forget(module)
                self._app = getattr(importlib.import_module(module), name or "app")
        else:
            self._app = self._namespace["app"]
        assert isinstance(self._app, WSGIDispatcher)
        return self._app

    def _openrest(self, words: Sequence[str]) -> str:
        arguments = list(words)
        if arguments[:1] != ["run"] or "--help" in arguments:
            forget(*(word.partition(":")[0] for word in arguments if ":" in word))
            return self._invoke(arguments)
        self._reference = next(word for word in arguments[1:] if ":" in word)
        self.restart()
        self._port = (
            arguments[arguments.index("--port") + 1] if "--port" in arguments else self._port
        )
        # Any port: the one on the page may be taken on this machine.
        output = self._invoke([*arguments, "--port", "0"])
        return re.sub(r"(http://[^/:]+):\d+", rf"\1:{self._port}", output)

    def _invoke(self, arguments: Sequence[str]) -> str:
        forget(*(word.partition(":")[0] for word in arguments if ":" in word))
        environ = dict(os.environ)
        try:
            with (
                patch("gunicorn.app.base.BaseApplication.run", _close_listener),
                patch("gunicorn.config.Chdir.default", os.getcwd()),
                patch("werkzeug.serving.run_simple", lambda *args, **options: None),
                patch("logging.basicConfig", lambda **options: None),
            ):
                result = CliRunner().invoke(main, list(arguments), prog_name="openrest")
        finally:
            os.environ.clear()
            os.environ.update(environ)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output

    def _make(self, words: Sequence[str]) -> str:
        [target] = words
        rules = (ROOT / "Makefile").read_text(encoding="utf-8")
        assert re.search(rf"^{re.escape(target)}:", rules, re.MULTILINE), f"no make {target}"
        return self._openrest(["run", "examples.tweets:app"]) if target == "serve" else ""


def _pytest(words: Sequence[str]) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _close_listener(application: Any) -> None:
    """Instead of serving: give the port back."""
    for address in application.cfg.settings["bind"].get():
        os.close(int(address.removeprefix("fd://")))


def _gunicorn(words: Sequence[str]) -> None:
    from gunicorn.config import Config

    with patch("gunicorn.config.Chdir.default", os.getcwd()):
        parsed = Config().parser().parse_args(list(words))
    _import_app(parsed.args)


def _granian(words: Sequence[str]) -> None:
    from granian.cli import cli

    with cli.make_context("granian", list(words)) as context:
        _import_app([context.params["app"]])


def _waitress(words: Sequence[str]) -> None:
    from waitress.adjustments import Adjustments  # type: ignore[import-untyped]  # has no types

    _, references = Adjustments.parse_args(list(words))
    _import_app(references)


def _mkdir(words: Sequence[str]) -> None:
    [_, folder] = words
    Path(folder).mkdir(parents=True)


def _msgfmt(words: Sequence[str]) -> None:
    _, source, _, target = words
    translations = read_po(Path(source).read_text(encoding="utf-8"))
    Path(target).write_bytes(compiled(translations))


def _schemathesis(words: Sequence[str]) -> None:
    from schemathesis.cli import schemathesis

    [command, *rest] = words
    schemathesis.commands[command].make_context(command, rest)


def _import_app(references: Sequence[Any]) -> None:
    [reference] = references
    module, _, name = str(reference).partition(":")
    assert callable(getattr(importlib.import_module(module), name))


_UNDERSTOOD = {
    "gunicorn": _gunicorn,
    "granian": _granian,
    "mkdir": _mkdir,
    "msgfmt": _msgfmt,
    "schemathesis": _schemathesis,
    "waitress-serve": _waitress,
}
