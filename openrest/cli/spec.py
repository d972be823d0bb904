"""``openrest spec``: the OpenAPI document."""

from __future__ import annotations

import json
from pathlib import Path

import click
import yaml

from openrest.cli.loading import load_app

__all__ = ["spec"]


@click.command()
@click.argument("app")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file: YAML where it ends in .yaml or .yml, JSON otherwise.",
)
def spec(app: str, output: Path | None) -> None:
    """Print the OpenAPI document of APP, or write it to a file."""
    document = load_app(app).document
    if output is not None and output.suffix in (".yaml", ".yml"):
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    else:
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error
    click.echo(f"{output}: {len(document['paths'])} paths")
