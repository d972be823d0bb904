"""``module:app`` -> the application, or a sentence that says what is wrong with it."""

from __future__ import annotations

import importlib
import os
import sys

import click

from openrest.controllers import WSGIDispatcher
from openrest.errors import OpenRestError, did_you_mean

__all__ = ["load_app"]

_FORM = "APP is written module:app, such as examples.tweets:app."


def load_app(reference: str) -> WSGIDispatcher:
    """The application that ``module:app`` names; ``:app`` may be left out.

    Raises click.ClickException. An error inside of the module is its own and keeps its traceback.
    """
    module_name, _, name = reference.partition(":")
    name = name or "app"
    if module_name.endswith(".py"):
        right = module_name.removesuffix(".py").strip("./").replace("/", ".")
        raise click.ClickException(f"{reference!r} names a file; name the module: {right}:{name}")
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise click.ClickException(f"{module_name!r} is no name of a module. {_FORM}")
    # The current directory is where a user's modules are, as with "python -m".
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise click.ClickException(
            f"There is no module {error.name!r}, seen from {os.getcwd()}. {_FORM}"
        ) from error
    except OpenRestError as error:
        raise click.ClickException(str(error)) from error
    return _app_of(module, module_name, name)


def _app_of(module: object, module_name: str, name: str) -> WSGIDispatcher:
    apps = [key for key, value in vars(module).items() if isinstance(value, WSGIDispatcher)]
    if not hasattr(module, name):
        there = f" It has {', '.join(apps)}." if apps else " It has no WSGIDispatcher at all."
        raise click.ClickException(
            f"{module_name} has no {name!r}.{did_you_mean(name, vars(module)) or there}"
        )
    app = getattr(module, name)
    if not isinstance(app, WSGIDispatcher):
        raise click.ClickException(
            f"{module_name}:{name} is a {type(app).__name__}, not a WSGIDispatcher."
        )
    return app
