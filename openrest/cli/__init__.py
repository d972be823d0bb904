"""The ``openrest`` command: one module a subcommand."""

from __future__ import annotations

import click

from openrest import __version__
from openrest.cli.messages import messages
from openrest.cli.routes import routes
from openrest.cli.run import run
from openrest.cli.spec import spec

__all__ = ["main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="openrest")
def main() -> None:
    """Serve, inspect and document openrest APIs.

    APP is a module and the name of a WSGIDispatcher in it: examples.tweets:app.
    """


main.add_command(run)
main.add_command(routes)
main.add_command(spec)
main.add_command(messages)
