"""``openrest routes``: the table of operations."""

from __future__ import annotations

import click

from openrest.cli.loading import load_app

__all__ = ["routes"]


@click.command()
@click.argument("app")
@click.option("--all", "everything", is_flag=True, help="Show what the document leaves out, too.")
def routes(app: str, everything: bool) -> None:
    """Print the table of operations of APP: method, path, id and statuses."""
    rows = [
        row for row in load_app(app, open_stores=False).operations if everything or row.documented
    ]
    lines = [("METHOD", "PATH", "OPERATION", "STATUSES")]
    lines += [
        (row.method, row.path, row.id, " ".join(str(spec.status) for spec in row.responses))
        for row in rows
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    for line in lines:
        cells = [cell.ljust(width) for cell, width in zip(line, widths, strict=False)]
        click.echo("  ".join([*cells, line[3]]))
