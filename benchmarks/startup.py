"""Start one framework with ten resources and build its OpenAPI document, then exit.

Run as ``python -m benchmarks.startup NAME``; ``start`` measures the process from outside, so
nothing is imported here that the framework would not import.
"""

import importlib.util
import json
import sys
from typing import Any

RESOURCES = 10
#: Where openrest serves its document.
DOCUMENT = "/openapi.json"


def copies(name: str) -> list[Any]:
    """Load the peer ``name`` once per resource, so that no model is shared between two."""
    modules = []
    origin = importlib.util.find_spec(f"benchmarks.peers.{name}")
    for number in range(RESOURCES):
        spec = importlib.util.spec_from_file_location(f"{origin.name}{number}", origin.origin)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        modules.append(module)
    return modules


def python() -> dict[str, Any]:
    """The interpreter and what the peers share, with no framework at all."""
    from benchmarks.peers import database, paging  # noqa: F401

    return {"paths": dict.fromkeys(range(RESOURCES))}


def bare_werkzeug() -> dict[str, Any]:
    """Ten applications; there is no document to build."""
    return {"paths": [module.build("") for module in copies("bare_werkzeug")]}


def openrest() -> dict[str, Any]:
    """Ten controllers on one dispatcher, which is then asked for its document."""
    import io
    import os
    import shutil

    from openrest.controllers import WSGIDispatcher

    # A table each is created at start, which the others leave to their first request.
    folder = f"/tmp/openrest-start-{os.getpid()}"
    os.mkdir(folder)
    controllers = [
        module.controller(f"{folder}/tweets.db", f"tweets{number}")
        for number, module in enumerate(copies("openrest_"))
    ]
    # By hand: `clients` would bring asyncio along, which openrest does not need.
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": DOCUMENT,
        "QUERY_STRING": "",
        "SERVER_NAME": "bench.test",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "bench.test",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    try:
        return json.loads(b"".join(WSGIDispatcher(controllers)(environ, lambda *_: None)))
    finally:
        shutil.rmtree(folder)


def smorest() -> dict[str, Any]:
    """Ten blueprints on one ``Api``, which documents each as it is registered."""
    import warnings

    # apispec warns of the schemas that have one name in ten modules, and numbers them.
    warnings.simplefilter("ignore")
    modules = copies("smorest")
    _, api = modules[0].application([])
    for number, module in enumerate(modules):
        name = f"tweets{number}"
        module.blueprint.name = name
        api.register_blueprint(module.blueprint, url_prefix=f"/{name}")
    return api.spec.to_dict()


def fastapi_() -> dict[str, Any]:
    """Ten routers on one application."""
    from fastapi import FastAPI

    app = FastAPI()
    for number, module in enumerate(copies("fastapi_")):
        app.include_router(module.router, prefix=f"/{number}")
    return app.openapi()


def litestar_() -> dict[str, Any]:
    """Ten routers on one application."""
    from litestar import Litestar, Router

    routers = [
        Router(f"/{number}", route_handlers=[module.router])
        for number, module in enumerate(copies("litestar_"))
    ]
    return Litestar(routers).openapi_schema.to_schema()


#: What ``start`` shows -> the function that starts it.
STARTS = {
    "python alone": python,
    "bare werkzeug": bare_werkzeug,
    "openrest": openrest,
    "flask-smorest": smorest,
    "fastapi": fastapi_,
    "litestar": litestar_,
}


if __name__ == "__main__":
    document = STARTS[sys.argv[1]]()
    if len(document["paths"]) < RESOURCES:
        sys.exit(f"the document has {len(document['paths'])} paths")
