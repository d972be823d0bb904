"""`WSGIDispatcher`: controllers in, a WSGI application out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from openrest.about import TAG, TAG_DESCRIPTION, document_rows, health_rows, index_rows
from openrest.bodies import MAX_DEPTH, Limits
from openrest.compression import in_codings
from openrest.config import Contact, License
from openrest.controllers.components import Sent, components, renaming, resource_component
from openrest.controllers.controller import Controller
from openrest.controllers.descriptions import api_description, tag_description
from openrest.controllers.rows import rows
from openrest.errors import ConfigurationError
from openrest.health import Health, Readiness
from openrest.info import Info, info_mistakes
from openrest.openapi import VERSIONS, Version, build_document, in_version
from openrest.operations import Operation
from openrest.pipeline import Pipeline
from openrest.relations.children import find_children
from openrest.relations.embedding import find_embeddings
from openrest.relations.relation import Relations, find_relations
from openrest.streaming import close as close_body
from openrest.translation import Translate, translation_mistakes
from openrest.ui import page_rows

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["WSGIDispatcher"]


class WSGIDispatcher:
    """The WSGI application that serves some controllers, their document and its pages.

        app = WSGIDispatcher([Address, Tweets], title="Address book", version="1.2")

    `title`, `version`, `description`, `contact`, `license` and `terms_of_service` are what its
    author says of it in the document. A license is an SPDX expression, such as ``"MIT"``, or a
    mapping. Without a description there are facts about the API.

    `openapi` is the version of OpenAPI in which the document is written: ``"3.0"``, ``"3.1"`` or
    ``"3.2"``. `max_body_bytes`, `max_depth` and `max_parameters` bound what is read of a request.
    With `debug` a handler that breaks its contract raises ContractError out of the application, and
    every answer is checked against its schema; without, that is logged and answered 500. Unless
    given, `debug` is what the environment variable ``OPENREST_DEBUG`` says (``1`` or ``0``).
    `translate` gives the texts of problems in another language, as ``gettext`` of a catalogue does.

    With `compress` answers are sent as zstd (with the extra ``openrest[zstd]``) or gzip, where the
    client takes it. With `health` there are ``/health/live`` and ``/health/ready``.

    `operations` is the table, `document` the OpenAPI document made from it.
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
        debug: bool | None = None,
        translate: Translate | None = None,
        compress: bool = False,
        health: Health | bool = False,
    ) -> None:
        limits = Limits(
            max_body_bytes=max_body_bytes, max_depth=max_depth, max_parameters=max_parameters
        )
        if not isinstance(controllers, Iterable):
            raise ConfigurationError(
                "WSGIDispatcher", [f"{controllers!r} is no list of controllers."]
            )
        info = Info(
            title=title,
            version=version,
            description=description,
            contact=contact,
            license=license,
            terms_of_service=terms_of_service,
        )
        classes = _checked(list(controllers), info, limits, openapi, translate, compress, health)
        found, mistakes = find_relations([cls.definition for cls in classes])
        if mistakes:
            raise ConfigurationError("WSGIDispatcher", mistakes)
        self.controllers = tuple(cls() for cls in classes)
        mounted = {each.definition.name: each for each in self.controllers}
        relations = Relations(found, lambda name: mounted[name].unrelated_store)
        definitions = [cls.definition for cls in classes]
        embeddings, mistakes = find_embeddings(definitions, relations)
        children, childless = find_children(definitions, relations)
        if mistakes or childless:
            raise ConfigurationError("WSGIDispatcher", [*mistakes, *childless])
        for controller in self.controllers:
            controller.mount(MappingProxyType(mounted), relations)
        rename = renaming(resource_component(cls.definition.name) for cls in classes)
        table: list[Operation] = []
        resources: dict[str, Sent] = {}
        for controller in self.controllers:
            definition = controller.definition
            embedding = embeddings.get(definition.name)
            embedded = embedding.members(resources.__getitem__) if embedding is not None else {}
            parts = components(definition, rename, embedded)
            table += rows(controller, parts, rename, limits, relations, embedding, children)
            resources[controller.definition.name] = parts.read
        table += index_rows(title, version, resources, limits)
        if health:
            stores = {name: controller.store for name, controller in mounted.items()}
            waiting = health if isinstance(health, Health) else Health()
            table += health_rows(Readiness(waiting, stores), limits)
        _check_table(table)
        table = [in_version(row, openapi) for row in table]
        if compress:
            table = list(map(in_codings, table))
        self.document = build_document(
            table,
            info=replace(info, description=description or api_description(list(resources))),
            tags=_tags(classes, resources),
            openapi=openapi,
            translate=translate,
        )
        own = [*document_rows(self.document, limits), *page_rows(title, limits)]
        table += map(in_codings, own) if compress else own
        self.operations = tuple(table)
        debug = os.environ.get("OPENREST_DEBUG") == "1" if debug is None else debug
        self.pipeline = Pipeline(self.operations, limits, debug=debug, translate=translate)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        response = self.pipeline.run(environ)
        start_response(response.status_line, response.headers)
        body = response.body
        if environ["REQUEST_METHOD"] == "HEAD":
            # RFC 9110, section 9.3.2: the headers of GET, Content-Length too, and no content.
            close_body(body)
            return [b""]
        return [body] if isinstance(body, bytes) else body


def _checked(
    controllers: Sequence[Any],
    info: Info,
    limits: Limits,
    openapi: str,
    translate: Any,
    compress: Any,
    health: Any,
) -> Sequence[type[Controller]]:
    mistakes = list(info_mistakes(info))
    mistakes += [
        f"{field.name} must be at least 1, not {getattr(limits, field.name)!r}."
        for field in fields(limits)
        if not isinstance(getattr(limits, field.name), int) or getattr(limits, field.name) < 1
    ]
    if isinstance(limits.max_depth, int) and limits.max_depth > MAX_DEPTH:
        mistakes.append(
            f"max_depth must be at most {MAX_DEPTH}, not {limits.max_depth}: each level is a call "
            "in Python."
        )
    if openapi not in VERSIONS:
        mistakes.append(f"openapi is {openapi!r}, and none of {', '.join(VERSIONS)}.")
    if callable(translate):
        mistakes += [f"translate: {mistake}" for mistake in translation_mistakes(translate)]
    elif translate is not None:
        mistakes.append(f"translate must be a function from text to text, not {translate!r}.")
    if not isinstance(compress, bool):
        mistakes.append(f"compress must be True or False, not {compress!r}.")
    if not isinstance(health, bool | Health):
        mistakes.append(f"health must be True, False or a Health, not {health!r}.")
    names: dict[str, str] = {}
    for place, cls in enumerate(controllers):
        if not (isinstance(cls, type) and issubclass(cls, Controller)):
            mistakes.append(f"controllers[{place}] is not a class of a Controller but {cls!r}.")
        elif not hasattr(cls, "definition"):
            mistakes.append(f"controllers[{place}], {cls.__name__}, has no mappings.")
        elif cls.definition.name in names:
            first = names[cls.definition.name]
            mistakes.append(
                f"{first} and {cls.__name__} both have the resource_name {cls.definition.name!r}."
            )
        else:
            names[cls.definition.name] = cls.__name__
    if mistakes:
        raise ConfigurationError("WSGIDispatcher", mistakes)
    return controllers


def _tags(classes: Sequence[type[Controller]], resources: Mapping[str, Sent]) -> dict[str, str]:
    """The tags of the document, each with its description."""
    definitions = [(cls, cls.definition) for cls in classes]
    tags = {d.name: tag_description(cls, d, resources[d.name]) for cls, d in definitions}
    return {**tags, TAG: TAG_DESCRIPTION}


def _check_table(table: Sequence[Operation]) -> None:
    mistakes = []
    ids: dict[str, Operation] = {}
    places: dict[tuple[str, str], Operation] = {}
    for row in table:
        where = f"{row.method} {row.path}"
        first = ids.setdefault(row.id, row)
        if first is not row:
            mistakes.append(
                f"{first.method} {first.path} and {where} both have the operation id {row.id!r}."
            )
        if places.setdefault((row.method, row.path), row) is not row:
            mistakes.append(f"{where} is declared twice.")
    if mistakes:
        raise ConfigurationError("WSGIDispatcher", mistakes)
