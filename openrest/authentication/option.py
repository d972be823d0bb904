"""The option ``authentication`` of a controller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from openrest.interfaces import Authentication

__all__ = ["read_authentication"]

_PLACE: Final = "controller.options.authentication"


def read_authentication(options: Mapping[str, Any]) -> tuple[Authentication | None, list[str]]:
    """What the option asks for, or what is wrong with it."""
    asked = options.get("authentication")
    if asked is None or isinstance(asked, Authentication):
        return asked, []
    if isinstance(asked, type) and issubclass(asked, Authentication):
        return None, [f"{_PLACE}: {asked.__name__} is a class: write {asked.__name__}(...)."]
    if isinstance(asked, (list, tuple)):
        return None, [f"{_PLACE}: join several with AnyOf(...) or AllOf(...), not in a list."]
    # No word of what it is: there may be a secret in it.
    return None, [f"{_PLACE}: is neither None nor an Authentication but a {type(asked).__name__}."]
