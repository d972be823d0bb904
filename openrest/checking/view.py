"""What the mapping `view` says, and whether an object can be shown so."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from openrest.checking.keys import options_of
from openrest.checking.resource import Shown
from openrest.errors import ModelError, did_you_mean
from openrest.format_options import read_view
from openrest.interfaces import Formatter
from openrest.models import shapes as s
from openrest.models.examples import true_example
from openrest.models.variants import create_shape, read_shape
from openrest.views.formatters import AddResourceUri, FunctionFormatter, formatted

__all__ = ["shown_mistakes", "viewing_parts"]

_OPENREST: Final = str(Path(__file__).parents[1])


def viewing_parts(
    view: Mapping[str, Any], resource_name: Any, key: s.Member | None, mistakes: list[str]
) -> dict[str, Any]:
    """The parts of a definition that show objects, by their names there."""
    given = options_of(view).get("formatters", ())
    formatters = _formatters(given, resource_name, key, mistakes)
    response_classes, format_parameter = read_view(view, mistakes)
    return {
        "formatters": formatters, "response_classes": response_classes,
        "format_parameter": format_parameter,
    }  # fmt: skip


def _formatters(
    given: Any, resource_name: Any, key: s.Member | None, mistakes: list[str]
) -> tuple[Formatter, ...]:
    formatters: list[Formatter] = []
    if isinstance(given, str) or not isinstance(given, Sequence):
        mistakes.append(f"view.options.formatters: is not a list but {given!r}.")
        return ()
    for place, one in enumerate(given):
        where = f"view.options.formatters[{place}]"
        removed = one.contribution().removes if hasattr(one, "contribution") else ()
        if key is not None and key.name in removed:
            mistakes.append(f"{where}: removes the key {key.name!r}, by which objects are found.")
        if one == "add_resource_uri":
            if key is not None:
                formatters.append(AddResourceUri(str(resource_name), key))
        elif isinstance(one, str):
            mistakes.append(
                f"{where}: unknown formatter {one!r}.{did_you_mean(one, ['add_resource_uri'])}"
            )
        elif not callable(one):
            mistakes.append(f"{where}: is neither a name nor a function but {one!r}.")
        else:
            formatters.append(one if hasattr(one, "contribution") else FunctionFormatter(one))
    return tuple(formatters)


def shown_mistakes(shape: Shown, formatters: Sequence[Formatter]) -> Iterator[str]:
    """What only shows once the objects are put together: models without end, and formatters."""
    try:
        true_example(create_shape(shape, "Create"))
    except ModelError as error:
        yield f"resource.model: {error}"
        return
    except Exception as error:  # hooks and rules are their author's own
        yield (
            f"resource.model: {shape.origin.rpartition('.')[2]}: a hook or rule fails on the "
            f"example that the document shows: {type(error).__name__}: {error}{_place(error)}."
        )
        return
    try:
        formatted(read_shape(shape, "Read"), formatters)
    except ModelError as error:
        yield f"resource.model: {error}"
    except ValueError as error:
        yield f"view.options.formatters: one {error}."


def _place(error: Exception) -> str:
    """Where in the author's own code an error was raised, or nothing."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    if last.filename.startswith(_OPENREST):
        return ""
    return f" ({last.filename}, line {last.lineno}, in {last.name})"
