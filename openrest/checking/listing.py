"""The options that are about lists: their pages, their order and what is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from openrest.checking.resource import Shown, is_store
from openrest.field_access import FieldAccess
from openrest.interfaces import DataStore, PaginationStyle
from openrest.listing_options import BULK_VERBS, bulk_mistakes, read_lists, taken_names
from openrest.options import store_name
from openrest.pagination import Pagination
from openrest.sorting import Sorting

__all__ = ["listing_parts", "read_pagination"]


def read_pagination(
    options: Mapping[str, Any], store: Any, mistakes: list[str]
) -> PaginationStyle | None:
    """The style of pages; one of openrest's own unless the author says something."""
    pagination = options.get("pagination", ...)
    if pagination is ...:
        return Pagination(100)
    if pagination is None:
        return None
    place = "controller.options.pagination"
    if not isinstance(pagination, PaginationStyle):
        mistakes.append(f"{place}: is not a Pagination but {pagination!r}.")
        return None
    if is_store(store):
        mistakes.extend(f"{place}: {mistake}" for mistake in pagination.mistakes(store))
    return pagination


def listing_parts(
    options: Mapping[str, Any],
    shape: Shown,
    store: type[DataStore] | DataStore,
    parts: Mapping[str, Any],
    mistakes: list[str],
) -> dict[str, Any]:
    """The parts of a definition that lists have, by their names there; None where one is wrong.

    `parts` are those that are known already.
    """
    listing, found = read_lists(options, shape, parts["formatters"], store, parts["pagination"])
    mistakes.extend(mistake for mistake in found if mistake not in mistakes)
    many = [verb for verb in BULK_VERBS if verb in parts["list_verbs"]]
    mistakes.extend(
        taken_names(
            listing,
            parts["response_classes"],
            format_parameter=parts["format_parameter"],
            dry_run=parts["dry_run"] if many else None,
        )
    )
    mistakes.extend(bulk_mistakes(listing, many, store))
    if parts["fields"] is not None and listing["sorting"] is not None:
        mistakes.extend(_order_mistakes(parts["fields"], listing["sorting"]))
    if parts["bulk"] is not None and "POST" in parts["list_verbs"] and not store.inserts_many:
        mistakes.append(f"controller.options.bulk: {store_name(store)} cannot create many.")
    return listing


def _order_mistakes(access: FieldAccess, sorting: Sorting) -> Iterator[str]:
    for order in sorting.default:
        if order.member in access.readable:
            yield (
                f"controller.options.default_sort: not everybody may read {order.member!r}, and "
                "the order would show it."
            )
