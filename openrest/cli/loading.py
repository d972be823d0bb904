"""``module:app`` -> the application, or a sentence that says what is wrong with it."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType

import click

from openrest.controllers import WSGIDispatcher
from openrest.controllers.controller import OPEN_STORES
from openrest.errors import OpenRestError, did_you_mean

__all__ = ["load_app"]

#: Python's own words for it.
_UNKNOWN_ARGUMENT = re.compile(
    r"WSGIDispatcher\.__init__\(\) got an unexpected keyword argument '(\w+)'"
)

_FORM = "APP is written module:app, such as examples.tweets:app."


def load_app(reference: str, *, open_stores: bool = True) -> WSGIDispatcher:
    """The application that ``module:app`` names; ``:app`` may be left out.

    Without `open_stores` the data is left alone: no file is made and no server is asked.
    Raises click.ClickException. An error inside of the module is its own and keeps its traceback.
    """
    module_name, _, name = reference.partition(":")
    name = name or "app"
    if "/" in module_name or os.sep in module_name or module_name.endswith(".py"):
        raise click.ClickException(
            f"{module_name!r} is a file. Name its module: {_dotted(module_name)}:{name}."
        )
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise click.ClickException(f"{module_name!r} is no name of a module. {_FORM}")
    # The current directory is where a user's modules are, as with "python -m".
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    opening = OPEN_STORES.set(open_stores)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise click.ClickException(
            f"There is no module {error.name!r}, seen from {os.getcwd()}."
            f"{_neighbour(error.name) or ' ' + _FORM}"
        ) from error
    except OpenRestError as error:
        raise click.ClickException(f"{_place(error)}{error}") from error
    except TypeError as error:
        unknown = _UNKNOWN_ARGUMENT.match(str(error))
        if unknown is None:
            raise
        near = did_you_mean(unknown[1], inspect.signature(WSGIDispatcher).parameters)
        said = f"WSGIDispatcher has no argument {unknown[1]!r}.{near}"
        raise click.ClickException(f"{_place(error)}{said}") from error
    finally:
        OPEN_STORES.reset(opening)
    return _app_of(module, module_name, name)


def _dotted(file: str) -> str:
    """``./examples/tweets.py`` -> ``examples.tweets``"""
    path = Path(os.path.relpath(file)).with_suffix("")
    return ".".join(part for part in path.parts if part not in ("..", "__init__"))


def _neighbour(missing: str) -> str:
    """A module of a similar name beside the one that is missing."""
    parent, _, last = missing.rpartition(".")
    places = getattr(sys.modules.get(parent), "__path__", ()) if parent else [os.getcwd()]
    there = [found.name for found in pkgutil.iter_modules(places)]
    return did_you_mean(last, there)


def _place(error: Exception) -> str:
    """``shop.py, line 12: ``: the statement of the user's module that met the error."""
    frames = traceback.extract_tb(error.__traceback__)
    of_modules = [frame for frame in frames if frame.name == "<module>"]
    if not of_modules:
        return ""
    return f"{os.path.relpath(of_modules[-1].filename)}, line {of_modules[-1].lineno}: "


def _app_of(module: ModuleType, module_name: str, name: str) -> WSGIDispatcher:
    found = vars(module).get(name)
    if isinstance(found, WSGIDispatcher):
        return found
    apps = [key for key, value in vars(module).items() if isinstance(value, WSGIDispatcher)]
    if name in vars(module):
        wrong = f"{module_name}:{name} is no WSGIDispatcher but a {type(found).__name__}."
    else:
        wrong = f"{module_name} has no {name!r}."
    there = f" It has {' and '.join(apps)}." if apps else " It has no WSGIDispatcher at all."
    raise click.ClickException(wrong + (did_you_mean(name, apps) or there))
