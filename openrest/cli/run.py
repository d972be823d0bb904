"""``openrest run``: serve an application."""

from __future__ import annotations

import os
import socket
from typing import Any

import click

from openrest.cli.loading import load_app
from openrest.controllers import WSGIDispatcher

__all__ = ["run"]


@click.command()
@click.argument("app")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=5000, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes."
)
@click.option(
    "--threads", default=8, show_default=True, type=click.IntRange(1, 1024), help="Threads in each."
)
@click.option(
    "--reload",
    is_flag=True,
    help="For development: restart when a file changes, check every answer.",
)
def run(app: str, host: str, port: int, workers: int, threads: int, reload: bool) -> None:
    """Serve APP over HTTP: by gunicorn, or with --reload by werkzeug's development server."""
    if reload:
        os.environ["OPENREST_DEBUG"] = "1"
    loaded = load_app(app)
    _check_free(host, port)
    if os.environ.get("WERKZEUG_RUN_MAIN") != "true":
        _announce(loaded, host, port)
    if reload:
        _run_development(loaded, host, port)
    else:
        _run_gunicorn(loaded, host, port, workers, threads)


def _announce(app: WSGIDispatcher, host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    base = f"http://{shown}:{port}"
    click.echo(f"Swagger UI   {base}/docs")
    click.echo(f"Document     {base}/openapi.json")
    for controller in app.controllers:
        click.echo(f"{controller.definition.name:<12} {base}/{controller.definition.name}")
    click.echo("Stop with Ctrl+C")


def _check_free(host: str, port: int) -> None:
    """A sentence before the servers' own retries, where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(
                f"{host}:{port} cannot be listened on: {error.strerror}. Choose another --port."
            ) from error


def _run_development(app: WSGIDispatcher, host: str, port: int) -> None:
    from werkzeug.serving import run_simple

    run_simple(host, port, app, use_reloader=True, reloader_type="stat", threaded=True)


def _run_gunicorn(app: WSGIDispatcher, host: str, port: int, workers: int, threads: int) -> None:
    try:
        from gunicorn.app.base import BaseApplication
    except ImportError as error:
        raise click.ClickException(
            "gunicorn does not run on this system: use --reload, or serve the application with "
            "another WSGI server such as waitress."
        ) from error

    class Application(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            settings: dict[str, Any] = {
                "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
                "workers": workers,
                "threads": threads,
                "worker_class": "gthread",
                "loglevel": "warning",
                "control_socket_disable": True,
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> WSGIDispatcher:
            return app

    Application().run()
