"""The verbs of a controller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from openrest.errors import did_you_mean
from openrest.listing_options import BULK_VERBS

__all__ = ["read_verbs"]

_LIST_VERBS: Final = ("GET", "POST")
_UNIQUE_VERBS: Final = ("GET", "PUT", "PATCH", "DELETE")


def read_verbs(
    controller: Mapping[str, Any], mistakes: list[str], *, bulk: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The verbs of the list and those of its objects; with `bulk` a list may have more of them."""
    in_lists = (*_LIST_VERBS, *BULK_VERBS) if bulk else _LIST_VERBS
    return (
        _verbs("list_verbs", controller, in_lists, _UNIQUE_VERBS, mistakes),
        _verbs("unique_verbs", controller, _UNIQUE_VERBS, _LIST_VERBS, mistakes),
    )


def _verbs(
    key: str,
    controller: Mapping[str, Any],
    known: Sequence[str],
    others: Sequence[str],
    mistakes: list[str],
) -> tuple[str, ...]:
    place, verbs = f"controller.{key}", controller.get(key)
    if verbs is None:
        return ()
    if isinstance(verbs, str) or not isinstance(verbs, Sequence):
        mistakes.append(f"{place}: is not a list of verbs but {verbs!r}.")
        return ()
    for verb in verbs:
        if verb in ("HEAD", "OPTIONS"):
            mistakes.append(f"{place}: {verb} is there by itself: leave it out.")
        elif verb not in known:
            hint = did_you_mean(str(verb).upper(), known)
            if key == "list_verbs" and verb in BULK_VERBS:
                hint = " It belongs to unique_verbs; with the option bulk a list may have it, too."
            elif verb in others:
                hint = f" It belongs to {'unique_verbs' if key == 'list_verbs' else 'list_verbs'}."
            mistakes.append(f"{place}: {verb!r} is none of {', '.join(known)}.{hint}")
    if len(set(map(str, verbs))) != len(verbs):
        mistakes.append(f"{place}: a verb is there twice.")
    return tuple(verb for verb in known if verb in verbs)
