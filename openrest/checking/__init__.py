"""The check of the three mappings: every mistake, with its place and what was probably meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openrest.audit.option import read_audit
from openrest.checking.guarding import guarding_parts
from openrest.checking.keys import key_mistakes, options_of
from openrest.checking.listing import listing_parts, read_pagination
from openrest.checking.resource import (
    able_store,
    is_store,
    name_mistakes,
    read_model,
    store_mistakes,
    validator_mistakes,
)
from openrest.checking.verbs import read_verbs
from openrest.checking.view import shown_mistakes, viewing_parts
from openrest.checking.writing import without_sight_of, writing_parts
from openrest.children import read_children
from openrest.config import Definition
from openrest.listing_options import hidden_by
from openrest.preconditions import read_preconditions

__all__ = ["check"]


def check(resource: Any, controller: Any, view: Any) -> tuple[Definition | None, list[str]]:
    """The definition that the mappings make, or None and every mistake with its place."""
    mappings = {"resource": resource, "controller": controller, "view": view}
    mistakes = [text for place, given in mappings.items() for text in key_mistakes(place, given)]
    if any(not isinstance(mapping, Mapping) for mapping in mappings.values()):
        return None, mistakes
    options, data = options_of(controller), options_of(resource)
    name = resource.get("resource_name")
    store, unusable = able_store(resource)
    mistakes.extend(unusable)
    shape, key = read_model(resource.get("model"), mistakes)
    if "resource_name" in resource:
        mistakes.extend(name_mistakes(name))
    list_verbs, unique_verbs = read_verbs(controller, mistakes, bulk=bool(options.get("bulk")))
    pagination = read_pagination(options, store, mistakes)
    validators = tuple(data.get("validators", ()))
    mistakes.extend(validator_mistakes(validators, shape))
    if not unusable:
        verbs = (*list_verbs, *unique_verbs)
        mistakes.extend(store_mistakes(resource, store, validators, verbs))
    # What is known of the definition, by the names that it has there.
    parts: dict[str, Any] = {
        "validators": validators, "list_verbs": list_verbs, "unique_verbs": unique_verbs,
        "pagination": pagination, **viewing_parts(view, name, key, mistakes),
    }  # fmt: skip
    parts["children"], childless = read_children(options)
    mistakes.extend(childless)
    if shape is not None and not mistakes:
        mistakes.extend(shown_mistakes(shape, parts["formatters"]))
    parts |= writing_parts(options, data, shape, key, store, list_verbs, unique_verbs, mistakes)
    if shape is not None and parts["times"] is not None and parts["times"].deleted_at:
        shape = without_sight_of(parts["times"].deleted_at, shape)
    guards, shape = guarding_parts(
        options, name, shape, key, store, list_verbs, unique_verbs, mistakes
    )
    parts |= guards
    parts["audit"], unaudited = read_audit(options, store, shape)
    mistakes.extend(unaudited)
    if shape is not None:
        parts["preconditions"], found = read_preconditions(
            options,
            data,
            shape,
            upsert=parts["upsert"] is True,
            hidden=hidden_by(parts["formatters"]),
        )
        mistakes.extend(found)
        if is_store(store):
            parts |= listing_parts(options, shape, store, parts, mistakes)
    if shape is None or key is None or mistakes:
        return None, mistakes
    definition = Definition(
        name=resource["resource_name"],
        source=resource.get("resource"),
        model=resource["model"],
        shape=shape,
        key=key,
        datastore=store,
        **parts,
    )
    return definition, []
