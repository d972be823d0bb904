"""The keys of the three mappings and of their options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from openrest.config import (
    ControllerConfig,
    ControllerOptions,
    ResourceConfig,
    ResourceOptions,
    ViewConfig,
    ViewOptions,
)
from openrest.errors import did_you_mean

__all__ = ["key_mistakes", "options_of"]

#: What each mapping may have, and what its options may have.
_KNOWN: Any = {
    "resource": (ResourceConfig, ResourceOptions),
    "controller": (ControllerConfig, ControllerOptions),
    "view": (ViewConfig, ViewOptions),
}


def key_mistakes(place: str, mapping: Any) -> Iterator[str]:
    """What is wrong with the keys of the mapping that is called `place`."""
    if not isinstance(mapping, Mapping):
        yield f"{place}: is not a mapping but {mapping!r}."
        return
    keys, options = _KNOWN[place]
    known = keys.__annotations__
    for name in mapping:
        if name not in known:
            yield f"{place}: unknown key {name!r}.{did_you_mean(str(name), known)}"
    for name in sorted(keys.__required_keys__ - mapping.keys()):
        yield f"{place}: {name!r} is missing."
    given = mapping.get("options", {})
    if not isinstance(given, Mapping):
        yield f"{place}.options: is not a mapping but {given!r}."
        return
    for name in given:
        if name not in options.__annotations__:
            hint = did_you_mean(str(name), options.__annotations__) or _elsewhere(place, str(name))
            yield f"{place}.options: unknown key {name!r}.{hint}"


def _elsewhere(place: str, name: str) -> str:
    for home, (_, options) in _KNOWN.items():
        if home != place and name in options.__annotations__:
            return f" It belongs to {home}.options."
    return ""


def options_of(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of a mapping; none where they are no mapping."""
    options = mapping.get("options", {})
    return options if isinstance(options, Mapping) else {}
