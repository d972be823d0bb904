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
    """Print the OpenAPI document of APP, or write it to a file; its data is left alone."""
    bare = load_app(app, open_stores=False).document
    # As it is served at the root of a host.
    document = {**dict.fromkeys(("openapi", "info")), "servers": [{"url": "/"}], **bare}
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    if output is None:
        # As bytes: JSON is UTF-8 (RFC 8259, section 8.1), whatever the terminal is.
        click.echo(text.encode(), nl=False)
        return
    if output.suffix.lower() in (".yaml", ".yml"):
        # Read back, for what the document has twice would become an anchor and an alias.
        text = yaml.safe_dump(json.loads(text), sort_keys=False, allow_unicode=True, width=100)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}.") from error
    click.echo(f"{output}: {len(document['paths'])} paths")
