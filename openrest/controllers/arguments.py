"""The arguments of a dispatcher, and the check of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from openrest.bodies import MAX_DEPTH, Limits
from openrest.controllers.controller import Controller
from openrest.edge.edge import EdgeOptions
from openrest.errors import ConfigurationError
from openrest.health import Health
from openrest.info import Info, info_mistakes
from openrest.limiting import guesses_mistakes
from openrest.observability.options import Watching
from openrest.openapi import VERSIONS
from openrest.translation import translation_mistakes

__all__ = ["Arguments", "checked_classes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """The arguments of a dispatcher, as they were given; those about one subject are together."""

    info: Info
    limits: Limits
    edge: EdgeOptions
    watching: Watching
    openapi: Any
    translate: Any
    compress: Any
    health: Any
    guesses: Any
    document: Any

    def mistakes(self) -> Iterator[str]:
        """What is wrong with them: a sentence for each mistake, with its place."""
        yield from info_mistakes(self.info)
        yield from _limit_mistakes(self.limits)
        if self.openapi not in VERSIONS:
            yield f"openapi is {self.openapi!r}, and none of {', '.join(VERSIONS)}."
        if callable(self.translate):
            yield from (f"translate: {mistake}" for mistake in translation_mistakes(self.translate))
        elif self.translate is not None:
            yield f"translate must be a function from text to text, not {self.translate!r}."
        if not isinstance(self.compress, bool):
            yield f"compress must be True or False, not {self.compress!r}."
        if not isinstance(self.health, bool | Health):
            yield f"health must be True, False or a Health, not {self.health!r}."
        yield from self.edge.mistakes()
        yield from guesses_mistakes(self.guesses)
        yield from self.watching.mistakes()


def checked_classes(controllers: Any, arguments: Arguments) -> Sequence[type[Controller]]:
    """The classes of controllers that a dispatcher serves.

    Raises ConfigurationError with every mistake, also of its other arguments.
    """
    if not isinstance(controllers, Iterable):
        raise ConfigurationError("WSGIDispatcher", [f"{controllers!r} is no list of controllers."])
    classes = list(controllers)
    mistakes = [
        *arguments.mistakes(),
        *_document_mistakes(arguments.document, classes),
        *_class_mistakes(classes),
    ]
    if mistakes:
        raise ConfigurationError("WSGIDispatcher", mistakes)
    return classes


def _limit_mistakes(limits: Limits) -> Iterator[str]:
    for field in fields(limits):
        limit = getattr(limits, field.name)
        if field.name.endswith("_seconds"):
            if type(limit) not in (int, float) or not limit > 0:
                yield f"{field.name} must be a number that is more than 0, not {limit!r}."
        elif not isinstance(limit, int) or limit < 1:
            yield f"{field.name} must be at least 1, not {limit!r}."
    if isinstance(limits.max_depth, int) and limits.max_depth > MAX_DEPTH:
        yield (
            f"max_depth must be at most {MAX_DEPTH}, not {limits.max_depth}: each level is a call "
            "in Python."
        )


def _document_mistakes(document: Any, classes: Sequence[Any]) -> Iterator[str]:
    if document not in ("full", "allowed"):
        yield f"document is {document!r}, and neither 'full' nor 'allowed'."
    elif document == "allowed":
        known = [getattr(cls, "definition", None) for cls in classes]
        if all(each is None or each.authentication is None for each in known):
            yield (
                "document is 'allowed', and no controller has the option authentication: everybody "
                "may use all that there is."
            )


def _class_mistakes(classes: Sequence[Any]) -> Iterator[str]:
    names: dict[str, str] = {}
    for place, cls in enumerate(classes):
        if not (isinstance(cls, type) and issubclass(cls, Controller)):
            yield f"controllers[{place}] is not a class of a Controller but {cls!r}."
        elif not hasattr(cls, "definition"):
            yield f"controllers[{place}], {cls.__name__}, has no mappings."
        elif cls.definition.name in names:
            first = names[cls.definition.name]
            yield f"{first} and {cls.__name__} both have the resource_name {cls.definition.name!r}."
        else:
            names[cls.definition.name] = cls.__name__
