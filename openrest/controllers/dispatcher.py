"""`WSGIDispatcher`: controllers in, a WSGI application out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from openrest.about import (
    TAG,
    TAG_DESCRIPTION,
    document_rows,
    health_rows,
    index_rows,
    metrics_row,
)
from openrest.bodies import Limits
from openrest.config import Contact, License
from openrest.controllers.allowed import AllowedDocuments, announced
from openrest.controllers.allowed_table import Api
from openrest.controllers.arguments import Arguments, checked_classes
from openrest.controllers.components import renaming, resource_component
from openrest.controllers.controller import Controller
from openrest.controllers.descriptions import api_description
from openrest.controllers.finishing import Finishing
from openrest.controllers.resources import mount
from openrest.controllers.rights import Callers
from openrest.controllers.table import resource_table, table_mistakes
from openrest.edge.cors import CORS
from openrest.edge.edge import Edge, EdgeOptions
from openrest.edge.proxies import Proxies
from openrest.edge.request_ids import RequestIds
from openrest.edge.security_headers import HSTS
from openrest.errors import ConfigurationError
from openrest.health import Health, Readiness
from openrest.info import Info
from openrest.observability import AccessLog, Metrics
from openrest.observability.exchange import Exchange
from openrest.observability.options import Watching
from openrest.openapi import Version, build_document
from openrest.operations import Operation
from openrest.pipeline import Pipeline
from openrest.ratelimit.limit import RateLimit
from openrest.streaming import close as close_body
from openrest.translation import Translate
from openrest.ui import page_rows

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from openrest.observability.meter import Meter

__all__ = ["WSGIDispatcher"]


class WSGIDispatcher:
    """The WSGI application that serves some controllers, their document and its pages.

        app = WSGIDispatcher([Address, Tweets], title="Address book", version="1.2")

    `title`, `version`, `description`, `contact`, `license` and `terms_of_service` are what its
    author says of it in the document. A license is an SPDX expression, such as ``"MIT"``, or a
    mapping. Without a description there are facts about the API.

    `openapi` is the version of OpenAPI in which the document is written: ``"3.0"``, ``"3.1"`` or
    ``"3.2"``. `max_body_bytes`, `max_depth`, `max_parameters`, `max_url_bytes` and
    `max_header_bytes` bound what is read of a request, and `max_store_seconds` how long it may be
    at its stores.
    With `debug` a handler that breaks its contract raises ContractError out of the application, and
    every answer is checked against its schema; without, that is logged and answered 500. Unless
    given, `debug` is what the environment variable ``OPENREST_DEBUG`` says (``1`` or ``0``).
    `translate` gives the texts of problems in another language, as ``gettext`` of a catalogue does.

    `cors` says which pages of other origins may read answers. With `request_ids` each request has
    a name, which its answer and the log have too. `hosts` are those that are answered for, such as
    ``"api.example.com"`` and ``"*.example.org"``; all are unless given. `proxies` are those in
    front whose ``X-Forwarded-`` headers are believed. With `hsts` browsers are told to come by
    https alone.

    With `compress` answers are sent as zstd (with the extra ``openrest[zstd]``) or gzip, where the
    client takes it. With `health` there are ``/health/live`` and ``/health/ready``. `guesses` is
    how often credentials may be wrong, ``"20/minute"`` or a `RateLimit`, for each address: beyond
    that its requests are answered 429 before credentials are looked at. `access_log` writes a line
    for each request, with `metrics` there is ``/metrics`` for Prometheus, and with `traces` each
    request is part of a trace. With ``document="allowed"`` the document that is served, its schemas
    and links show each caller what they may use, and nothing else.

    `operations` is the table, `document` the OpenAPI document made from all of it, and `meter` what
    counts for ``/metrics``, if anything.
    Raises ConfigurationError with every mistake.
    """

    def __init__(
        self,
        controllers: Iterable[type[Controller]],
        *,
        title: str = "openrest API",
        version: str = "0.1.0",
        description: str = "",
        contact: Contact | None = None,
        license: License | str | None = None,
        terms_of_service: str = "",
        openapi: Version = "3.1",
        max_body_bytes: int = 1_000_000,
        max_depth: int = 64,
        max_parameters: int = 100,
        max_url_bytes: int = 8_000,
        max_header_bytes: int = 32_768,
        max_store_seconds: float = 60,
        debug: bool | None = None,
        translate: Translate | None = None,
        compress: bool = False,
        health: Health | bool = False,
        cors: CORS | None = None,
        request_ids: RequestIds | bool = False,
        hosts: Sequence[str] | None = None,
        proxies: Proxies | None = None,
        hsts: HSTS | bool = False,
        guesses: RateLimit | str | None = None,
        access_log: AccessLog | bool = False,
        metrics: Metrics | bool = False,
        traces: bool = False,
        document: Literal["full", "allowed"] = "full",
    ) -> None:
        info = Info(
            title=title,
            version=version,
            description=description,
            contact=contact,
            license=license,
            terms_of_service=terms_of_service,
        )
        limits = Limits(
            max_body_bytes=max_body_bytes,
            max_depth=max_depth,
            max_parameters=max_parameters,
            max_url_bytes=max_url_bytes,
            max_header_bytes=max_header_bytes,
            max_store_seconds=max_store_seconds,
        )
        edge = EdgeOptions(
            cors=cors, request_ids=request_ids, hosts=hosts, proxies=proxies, hsts=hsts
        )
        watching = Watching(access_log=access_log, metrics=metrics, traces=traces)
        arguments = Arguments(
            info=info,
            limits=limits,
            edge=edge,
            watching=watching,
            openapi=openapi,
            translate=translate,
            compress=compress,
            health=health,
            guesses=guesses,
            document=document,
        )
        resources = mount(checked_classes(controllers, arguments))
        self.controllers = tuple(resources.controllers)
        definitions = resources.definitions.values()
        rename = renaming(map(resource_component, resources.definitions))
        made = resource_table(resources, rename, limits)
        # Where everybody is answered the same, nobody is asked who they are.
        callers = Callers(definitions) if document == "allowed" else None
        for_all = callers is None
        index = index_rows(title, version, made.read, limits, for_all=for_all)
        self.meter = watching.meter()
        others = list(_others(health, self.meter, self.controllers, limits))
        own = [row for rows in made.rows.values() for row in rows]
        table = [*own, *_asking(callers, index), *others]
        mistakes = list(table_mistakes(table))
        if mistakes:
            raise ConfigurationError("WSGIDispatcher", mistakes)
        self.edge = Edge(edge, limits, translate)
        finishing = Finishing(table, self.edge, arguments)
        table = finishing.served(table)
        self.document = build_document(
            table,
            info=replace(info, description=description or api_description(list(made.read))),
            tags={**made.tags, TAG: TAG_DESCRIPTION},
            openapi=openapi,
            translate=translate,
        )
        documents = _asking(callers, document_rows(self.document, limits))
        table += finishing.served([*documents, *page_rows(title, limits, for_all=for_all)])
        allowed = None
        if callers:
            api = Api(
                resources=resources,
                paths=frozenset(row.path for row in own),
                rename=rename,
                limits=limits,
                info=info,
                openapi=openapi,
                translate=translate,
                others=others,
                finished=finishing.shown,
            )
            allowed = AllowedDocuments(api, callers)
            table = list(map(allowed.served, table))
        self.operations = tuple(table)
        debug = os.environ.get("OPENREST_DEBUG") == "1" if debug is None else debug
        self.pipeline = Pipeline(
            self.operations,
            limits,
            debug=debug,
            translate=translate,
            allowing=allowed,
        )
        audited = any(definition.audit is not None for definition in definitions)
        self._watch = watching.watch(self.meter, audited=audited)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._watch is None:
            return self._answer(environ, start_response, None)
        return self._watch.watched(self._answer, environ, start_response)

    def _answer(
        self, environ: WSGIEnvironment, start_response: StartResponse, exchange: Exchange | None
    ) -> Iterable[bytes]:
        response = self.edge.answer(environ, lambda environ: self.pipeline.run(environ, exchange))
        start_response(response.status_line, response.headers)
        body = response.body
        if environ["REQUEST_METHOD"] == "HEAD":
            # RFC 9110, section 9.3.2: the headers of GET, Content-Length too, and no content.
            close_body(body)
            return [b""]
        return [body] if isinstance(body, bytes) else body


def _asking(callers: Callers | None, rows: Iterable[Operation]) -> list[Operation]:
    """The rows, which ask who makes a request where answers differ from caller to caller."""
    return [row if callers is None else announced(row, callers) for row in rows]


def _others(
    health: Health | bool, meter: Meter | None, controllers: Sequence[Controller], limits: Limits
) -> Iterator[Operation]:
    """The rows for those who run the API: ``/health/live`` and its like, and ``/metrics``."""
    if health:
        # Not before they are asked: who only looks at the document opens no store.
        stores = {each.definition.name: lambda of=each: of.store for each in controllers}
        readiness = Readiness(health if isinstance(health, Health) else Health(), stores)
        yield from health_rows(readiness, limits)
    if meter is not None:
        yield metrics_row(meter, limits)
