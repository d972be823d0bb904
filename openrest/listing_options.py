"""The check of the options of lists, for `checking`: what they choose, and that names are free."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from openrest.contract import Contribution
from openrest.dry_run import DryRun
from openrest.embedded import RESERVED, Embed, read_embed
from openrest.errors import ModelError
from openrest.filter_options import read_filters
from openrest.filters import Filters
from openrest.formats import contribution
from openrest.interfaces import DataStore, Formatter, PaginationStyle, ResponseClass
from openrest.models import shapes as s
from openrest.models.variants import read_shape
from openrest.models.walking import stored_object
from openrest.options import store_name
from openrest.partial import read_partial
from openrest.searching import read_search
from openrest.sorting import read_sorting
from openrest.views.formatters import formatted

__all__ = ["BULK_VERBS", "bulk_mistakes", "hidden_by", "read_lists", "taken_names"]

Shown = s.Object | s.OneOf

#: The verbs of a list that are there with the option bulk.
BULK_VERBS: Final = ("PATCH", "DELETE")


def read_lists(
    options: Mapping[str, Any],
    shape: Shown,
    formatters: Sequence[Formatter],
    store: type[DataStore] | DataStore,
    pagination: PaginationStyle | None,
) -> tuple[dict[str, Any], list[str]]:
    """The parts of a definition that lists have, by their names there, and every mistake in them.

    A part with a mistake is None.
    """
    hidden = hidden_by(formatters) | {m.name for m in shape.members if m.write_only}
    told = tuple(member for member in shape.members if member.name not in hidden)
    stored = replace(stored_object(shape), members=told)
    try:
        filters, found = read_filters(options, stored, hidden, store, pagination)
        sorting, unsorted = read_sorting(options, stored, hidden, store)
        search, unfound = read_search(options, stored, hidden, store)
        partial, unchosen = read_partial(options, _formatted(shape, formatters), hidden, formatters)
        embed, unembedded = read_embed(options, stored, hidden)
    except ModelError as error:  # of what it nests, which is looked up only here
        nothing = dict.fromkeys(("filters", "sorting", "search", "partial"))
        return {**nothing, "embed": Embed()}, [f"resource.model: {error}"]
    parts = {
        "filters": filters, "sorting": sorting, "search": search, "partial": partial,
        "embed": embed,
    }  # fmt: skip
    return parts, [*found, *unsorted, *unfound, *unchosen, *unembedded]


def taken_names(
    parts: Mapping[str, Any],
    response_classes: Sequence[type[ResponseClass]],
    *,
    format_parameter: bool,
    dry_run: DryRun | None,
) -> Iterator[str]:
    """Of each filter that has the name of another parameter a sentence.

    `dry_run` is given where a list has it.
    """
    others: list[tuple[str, Contribution]] = [
        (f"controller.options.{option}", parts[option].contribution())
        for option in ("sorting", "search", "partial")
        if parts[option] is not None
    ]
    if parts["embed"].names:
        others.append(("controller.options.embed", RESERVED))
    if format_parameter:
        chosen = contribution(response_classes, parameter=True)
        others.append(("view.options.format_parameter", chosen))
    if dry_run is not None:
        asked = dry_run.contribution("delete_many", creates=False)
        others.append(("controller.options.dry_run", asked))
    filters: Filters | None = parts["filters"]
    for place, part in others:
        taken = {parameter.wire for parameter in part.parameters}
        for parameter in filters.contribution().parameters if filters is not None else ():
            if parameter.wire in taken:
                yield (
                    f"{place}: the filter {parameter.wire!r} has the name of its parameter: rename "
                    "it, or give the field a data_key."
                )


def bulk_mistakes(
    parts: Mapping[str, Any], verbs: Sequence[str], store: type[DataStore] | DataStore
) -> Iterator[str]:
    """What is missing for the `verbs` of a list that change many objects."""
    filters: Filters | None = parts["filters"]
    narrows = filters is not None and bool(filters.contribution().parameters)
    for verb in verbs:
        if not store.changes_many:
            name = store_name(store)
            yield f"controller.list_verbs: {name} cannot change many, as {verb} would have to."
        if not narrows and parts["search"] is None:
            yield f"controller.list_verbs: {verb} has no filter that says which objects are meant."


def hidden_by(formatters: Sequence[Formatter]) -> set[str]:
    """The names of the fields that answers do not show because a formatter removes them."""
    return {name for part in formatters for name in part.contribution().removes}


def _formatted(shape: Shown, formatters: Sequence[Formatter]) -> Shown:
    """What answers show; as if without formatters where these cannot be, which `checking` says."""
    shown: Shown = read_shape(shape, "Read")
    try:
        return formatted(shown, formatters)  # type: ignore[no-any-return]
    except ValueError:
        return shown
