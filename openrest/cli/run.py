"""``openrest run``: serve an application."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from openrest.cli.loading import load_app
from openrest.controllers import WSGIDispatcher
from openrest.datastore import OverlayDataStore, PythonListDataStore
from openrest.errors import InternalServerError
from openrest.observability.access_log import ACCESS_LOGGER
from openrest.rendering import render_problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

__all__ = ["run"]

#: The address to open where the server listens on all of them.
_OPENED = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # nosec B104  # it is compared, and not bound to

#: What a browser on this machine can open, where the server listens on its own address.
_OF_THIS_MACHINE = ("127.0.0.1", "localhost", "[::1]")


@click.command()
@click.argument("app")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=5000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 takes one that is free.",
)
@click.option(
    "--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes."
)
@click.option(
    "--threads", default=8, show_default=True, type=click.IntRange(1, 1024), help="Threads in each."
)
@click.option(
    "--reload",
    is_flag=True,
    help="For development: restart when a file changes, check every answer. One process.",
)
def run(app: str, host: str, port: int, workers: int, threads: int, reload: bool) -> None:
    """Serve APP over HTTP: by gunicorn, or with --reload by werkzeug's development server."""
    if reload and workers > 1:
        raise click.UsageError("--reload serves from one process: leave --workers out.")
    if reload:
        os.environ.setdefault("OPENREST_DEBUG", "1")
        _run_development(app, host, port)
    else:
        loaded = load_app(app)
        _check_shared(loaded, workers)
        _check_counted(loaded, workers)
        _run_gunicorn(loaded, _listen(host, port), workers, threads)


def _check_shared(app: WSGIDispatcher, workers: int) -> None:
    """Refuse several processes over records that each of them would change for itself."""
    written = {row.tag for row in app.operations if row.method != "GET"}
    for controller in app.controllers:
        name = controller.definition.name
        in_memory = isinstance(controller.store.innermost, PythonListDataStore | OverlayDataStore)
        if workers > 1 and name in written and in_memory:
            raise click.ClickException(
                f"What is written to {name} is in memory: each of {workers} processes would have "
                "its own, and miss what is written to the others. Use --workers 1, and --threads."
            )


def _check_counted(app: WSGIDispatcher, workers: int) -> None:
    """Refuse several processes each of which would answer ``/metrics`` with its own counts."""
    if workers > 1 and app.meter is not None and not app.meter.joins_processes:
        raise click.ClickException(
            f"Each of {workers} processes would count its own requests. Let the environment "
            "variable PROMETHEUS_MULTIPROC_DIR name an empty directory in which they join them, "
            "or use --workers 1, and --threads."
        )


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens: a port that is taken is a sentence, and 0 has become a number."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    # A restarted server need not wait until the last connections of the old one are forgotten.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise click.ClickException(
            f"{host}:{port} cannot be listened on: {error.strerror}. Choose another --host or "
            "--port."
        ) from error
    return listener


def _announce(app: WSGIDispatcher, host: str, port: int) -> None:
    opened = _OPENED.get(host, host)
    opened = f"[{opened}]" if ":" in opened else opened
    named = opened
    if not app.edge.answers_for(opened) and opened in _OF_THIS_MACHINE:
        named = next(filter(app.edge.answers_for, _OF_THIS_MACHINE), opened)
    base = f"http://{named}:{port}"
    places = {"Swagger UI": "docs", "Document": "openapi.json"}
    places |= {
        controller.definition.name: controller.definition.name for controller in app.controllers
    }
    width = max(map(len, places))
    for name, path in places.items():
        click.echo(f"{name:<{width}}  {base}/{path}")
    if not app.edge.answers_for(named):
        click.echo(
            f"{named} is none of the hosts that the application answers for: such requests are "
            f"answered 421. Add {named!r} to the argument hosts to open these."
        )
    click.echo("Stop with Ctrl+C")


def _log_to_stderr() -> None:
    """Give the log of a failed request a form, unless the application has set up logging."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def _log_access_to_stdout() -> None:
    """Write the access log, whose lines have a form, unless the application has set up logging."""
    log = logging.getLogger(ACCESS_LOGGER)
    if not log.hasHandlers():
        log.addHandler(logging.StreamHandler(sys.stdout))
        log.setLevel(logging.INFO)
        log.propagate = False


def _run_development(reference: str, host: str, port: int) -> None:
    """Two processes: the first watches over the second, which serves and is replaced."""
    from werkzeug.serving import run_simple

    served: WSGIApplication
    if os.environ.get("WERKZEUG_RUN_MAIN") == "true":
        served = _loaded_or_failing(reference)
        _log_access_to_stdout()
    else:
        # It only says where everything is: the data is for the process that is started anew.
        served = loaded = load_app(reference, open_stores=False)
        # werkzeug wants to open the port itself; until then it is only known to be free.
        with _listen(host, port) as probe:
            port = probe.getsockname()[1]
        _announce(loaded, host, port)
    run_simple(host, port, served, use_reloader=True, reloader_type="stat", threaded=True)


def _loaded_or_failing(reference: str) -> WSGIApplication:
    """The application; one that answers 500 while a file is half written, until it is saved."""
    try:
        return load_app(reference)
    except click.ClickException as error:
        error.show()
    except Exception:
        traceback.print_exc()

    def failing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = render_problem(
            InternalServerError("The application cannot be loaded; the terminal says why.")
        )
        start_response(response.status_line, response.headers)
        return [response.body] if isinstance(response.body, bytes) else response.body

    return failing


def _end_when_told(arbiter: Any, worker: Any) -> None:
    """Let SIGTERM end a worker that is about to start; gunicorn's own handler loses it then."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _quit_without_locks(worker: Any) -> None:
    """Let SIGQUIT, which Ctrl+C becomes, end a worker whatever it is about to do.

    The threads' own handler takes the lock of their pool, and waits for itself for good where the
    signal comes while a request is handed to the pool.
    """
    from gunicorn.workers.base import Worker

    signal.signal(signal.SIGQUIT, partial(Worker.handle_quit, worker))


def _forget_counts(app: WSGIDispatcher, server: Any, worker: Any) -> None:
    """Have the requests counted no longer that a worker was answering when it ended."""
    if app.meter is not None:
        app.meter.forget(worker.pid)


def _run_gunicorn(app: WSGIDispatcher, listener: socket.socket, workers: int, threads: int) -> None:
    try:
        from gunicorn.app.base import BaseApplication

        from openrest.cli.server_log import ServerLog
    except ImportError as error:
        raise click.ClickException(
            "gunicorn does not run on this system: use --reload, or serve the application with "
            "another WSGI server such as waitress."
        ) from error

    class Application(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        def load_config(self) -> None:
            settings = {
                "bind": f"fd://{listener.fileno()}",
                "workers": workers,
                "threads": threads,
                "worker_class": "gthread",
                "loglevel": "warning",
                "logger_class": ServerLog,
                "control_socket_disable": True,
                # A client's own SCRIPT_NAME would get into the links.
                "forwarder_headers": "",
                # Which proxies are believed, the application says.
                "forwarded_allow_ips": "",
                # RFC 9112, section 3: request lines of 8000 octets are to be expected.
                "limit_request_line": 8190,
                "post_fork": _end_when_told,
                "post_worker_init": _quit_without_locks,
                "child_exit": partial(_forget_counts, app),
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> WSGIDispatcher:
            return app

    application = Application()
    _log_access_to_stdout()
    _log_to_stderr()
    host, port = listener.getsockname()[:2]
    _announce(app, host, port)
    listener.detach()  # it is gunicorn's now
    application.run()
