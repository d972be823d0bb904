"""Other APIs for the tests to ask: real servers on a free port of this machine."""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from marshmallow import Schema
from werkzeug.serving import WSGIRequestHandler, make_server

from openrest import models
from openrest.config import ControllerOptions
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import DataStore, PythonListDataStore, Upstream
from openrest.interfaces import Record, StoreValidator
from openrest.models import model_shape
from openrest.models import shapes as s
from openrest.models.walking import bare
from openrest.pagination import Pagination
from openrest.query import OPERATORS
from openrest.views import JsonResponse


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"  # so that connections are used again

    def log(self, type: str, message: str, *args: Any) -> None:
        """Keep quiet."""


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of a real server of the WSGI application, until the end."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.05], daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Farm:
    """One server of many APIs, each at a path of its own."""

    def __init__(self) -> None:
        self._apps: dict[str, Any] = {}
        self._numbers = itertools.count(1)
        self.url = ""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        _, number, *rest = environ["PATH_INFO"].split("/")
        environ["SCRIPT_NAME"] = f"/{number}"
        environ["PATH_INFO"] = "/" + "/".join(rest)
        answer: Iterable[bytes] = self._apps[number](environ, start_response)
        return answer

    def add(self, app: Any) -> str:
        """The address of an application from now on."""
        number = str(next(self._numbers))
        self._apps[number] = app
        return f"{self.url}/{number}"


@contextmanager
def farm() -> Iterator[Farm]:
    made = Farm()
    with served(made) as made.url:
        yield made


@cache
def plain(model: type[Schema]) -> type[Schema]:
    """The model whose members can all be sent and are all shown, as between servers."""
    fields = {}
    key = model_shape(model)[1].name
    for name, field in model().fields.items():
        fields[name] = copy.deepcopy(field)
        if name != key:
            fields[name].dump_only = fields[name].load_only = False
    return type(model.__name__, (models.Model,), fields)


def texts(model: type[Schema]) -> list[str]:
    """The fields that can be searched."""
    return [m.name for m in model_shape(model)[0].members if isinstance(bare(m.shape), s.String)]


def everything(model: type[Schema]) -> Upstream:
    """All that `openrest_api` can do."""
    return Upstream.openrest(
        operators=sorted(OPERATORS),
        any_of=True,
        sorting=True,
        search=texts(model),
        partial=True,
        bulk=True,
        unique=True,
        owned=(),
    )


def openrest_api(
    model: type[Schema],
    store: DataStore,
    **options: Any,
) -> WSGIDispatcher:
    """An API with `everything`, at ``/things``."""
    shape, _ = model_shape(model)
    chosen: ControllerOptions = {
        "pagination": Pagination(20, max_limit=100),
        "filters": {m.name: True for m in shape.members},
        "any_of": True,
        "sorting": True,
        "partial": True,
        "bulk": True,
        **options,  # type: ignore[typeddict-item]
    }
    if texts(model):
        chosen["search"] = texts(model)

    class Things(Controller):
        resource = {"resource_name": "things", "model": model, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": chosen,
        }
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Things], debug=True)


def seeded(
    model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator]
) -> DataStore:
    return PythonListDataStore(copy.deepcopy(list(seed)), model, validators)
