"""What the mapping ``view`` says of formats -> the response classes, or every mistake in it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from openrest.formats import format_of
from openrest.interfaces import Described, ResponseClass

__all__ = ["read_view"]

#: A media type of RFC 6838, section 4.2, without parameters.
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def read_view(
    view: Mapping[str, Any], mistakes: list[str]
) -> tuple[tuple[type[ResponseClass], ...], bool]:
    """The response classes, the default first, and whether a parameter picks one."""
    options = view.get("options", {})
    options = options if isinstance(options, Mapping) else {}
    found = _response_classes(view, options, mistakes)
    parameter = options.get("format_parameter", False)
    if not isinstance(parameter, bool):
        mistakes.append(
            f"view.options.format_parameter: is neither True nor False but {parameter!r}."
        )
        parameter = False
    elif parameter and "response_class" in view and not options.get("alternatives"):
        mistakes.append("view.options.format_parameter: there are no alternatives to pick from.")
    seen: dict[str, str] = {}
    for place, cls in found:
        format = format_of(cls)
        for name in {format.media_type, *([format.name] if parameter else [])}:
            first = seen.setdefault(name, place)
            if first != place:
                mistakes.append(f"{place}: {name} is the format of {first} already.")
    return tuple(cls for _, cls in found), parameter


def _response_classes(
    view: Mapping[str, Any], options: Mapping[str, Any], mistakes: list[str]
) -> list[tuple[str, type[ResponseClass]]]:
    """Each response class that is one, with its place."""
    given = {"view.response_class": view["response_class"]} if "response_class" in view else {}
    alternatives = options.get("alternatives", ())
    if isinstance(alternatives, str) or not isinstance(alternatives, Sequence):
        mistakes.append(
            f"view.options.alternatives: is no list of response classes but {alternatives!r}."
        )
    else:
        for index, one in enumerate(alternatives):
            given[f"view.options.alternatives[{index}]"] = one
    found = []
    for place, cls in given.items():
        wrong = [f"{place}: {mistake}" for mistake in _mistakes(cls)]
        mistakes.extend(wrong)
        if not wrong:
            found.append((place, cls))
    return found


def _mistakes(cls: Any) -> Iterator[str]:
    media_type = getattr(cls, "media_type", None)
    if not isinstance(media_type, str) or not callable(getattr(cls, "encode", None)):
        yield (f"{cls!r} is no response class: it needs a media_type and encode(value) -> bytes.")
        return
    if not _MEDIA_TYPE.fullmatch(media_type):
        yield (
            f"{cls.__name__}.media_type is {media_type!r}, and no media type in lower case without "
            "parameters."
        )
        return
    format = format_of(cls)
    if not _NAME.fullmatch(str(format.name)):
        yield (
            f"{cls.__name__}.name is {format.name!r}: it needs lower-case letters, digits, '.', "
            "'_' and '-'."
        )
    if str(format.content_type).partition(";")[0].strip() != media_type:
        yield (
            f"{cls.__name__}.content_type is {format.content_type!r}, and not of the media type "
            f"{media_type}."
        )
    if format.described not in get_args(Described):
        yield (
            f"{cls.__name__}.described is {format.described!r}, and none of "
            f"{', '.join(get_args(Described))}."
        )
    if format.decode is not None and format.described != "value":
        yield (
            f"{cls.__name__}.decode is there, and bodies are described by the schema of the value: "
            f"its described must be 'value', not {format.described!r}."
        )
    for name in ("rows", "decode"):
        if not callable(getattr(cls, name, callable)):
            yield f"{cls.__name__}.{name} is no function but {getattr(cls, name)!r}."
