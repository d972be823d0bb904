"""Problems in another language: what a function such as gettext's gives for their texts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace
from string import Formatter
from typing import Any, cast

from openrest.errors import Problem, did_you_mean, nearest
from openrest.messages import Text, texts

__all__ = ["Translate", "localized", "translation_mistakes"]

log = logging.getLogger("openrest")

#: From an English text to the same in another language, placeholders and all. What it cannot
#: translate, it gives back.
Translate = Callable[[str], str]


def localized(problem: Problem, translate: Translate | None) -> Problem:
    """The problem with its title and details in the language of `translate`.

    A text that cannot be translated stays as it is, and the log says why.
    """
    if translate is None:
        return problem
    twin: Any = copy(problem)  # an author's class of problems may have any attributes
    twin.title = _translated(problem.title, translate)
    twin.detail = _translated(problem.detail, translate)
    twin.mistakes = tuple(
        replace(mistake, detail=_translated(mistake.detail, translate))
        for mistake in problem.mistakes
    )
    return cast(Problem, twin)


def _translated(text: str, translate: Translate) -> str:
    template = str(getattr(text, "template", text))
    if not template:
        return template  # for which gettext gives the head of its catalogue
    try:
        translated: object = translate(template)
        if not isinstance(translated, str) or not translated:
            raise TypeError(f"{translated!r} is no text")
        if isinstance(text, Text):
            values = {
                name: _translated(value, translate) if isinstance(value, Text) else value
                for name, value in text.values.items()
            }
            translated = translated.format(**values)
    except Exception as error:  # whatever a user's function or catalogue does
        log.warning("%r is sent untranslated: %r", template, error)
        return str(text)
    return str(translated)


def translation_mistakes(translate: Translate) -> list[str]:
    """What is wrong with the translations of openrest's own texts: a sentence for each mistake.

    A dispatcher asks at its start. Where the language depends on the request, ask in a test, for
    each language.
    """
    return [mistake for template in texts() for mistake in _mistakes(template, translate)]


def _mistakes(template: str, translate: Translate) -> Iterator[str]:
    try:
        translated: object = translate(template)
    except Exception as error:  # whatever a user's function does
        yield f"{template!r} cannot be translated: {error!r}."
        return
    became = f"{template!r} became {translated!r}"
    if not isinstance(translated, str) or not translated:
        yield f"{became}, which is no text."
        return
    try:
        found = _placeholders(translated)
    except ValueError as error:
        yield f"{became}, which is no template: {error}."
        return
    known = {name for name, _ in _placeholders(template)}
    unknown = {name for name, _ in found} - known
    meant = {nearest(name, known) for name in unknown}
    for name in sorted(unknown):
        yield f"{became}: there is no {{{name}}}.{did_you_mean(name, known)}"
    for name in sorted(known - {name for name, _ in found} - meant):
        yield f"{became}: {{{name}}} is missing."
    for name, form in sorted(found):
        # Other forms depend on the type of a value, and the table has none.
        if name in known and form not in ("", "!r"):
            yield f"{became}: {{{name}{form}}} has to be {{{name}}}."


def _placeholders(template: str) -> set[tuple[str, str]]:
    """The names in braces, each with its conversion and format, such as ``!r`` or ``:g``."""
    return {
        (name, (f"!{conversion}" if conversion else "") + (f":{form}" if form else ""))
        for _, name, form, conversion in Formatter().parse(template)
        if name is not None
    }
