"""The check of the three mappings: every mistake, with its place and what was probably meant."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from marshmallow import Schema

from openrest.bulk import read_bulk
from openrest.children import read_children
from openrest.config import (
    ControllerConfig,
    ControllerOptions,
    Definition,
    ResourceConfig,
    ResourceOptions,
    ViewConfig,
    ViewOptions,
)
from openrest.datastore.lifecycle import read_times
from openrest.dry_run import read_dry_run
from openrest.errors import ModelError, did_you_mean
from openrest.format_options import read_view
from openrest.idempotency import read_idempotency
from openrest.interfaces import DataStore, Formatter, PaginationStyle, StoreValidator
from openrest.listing_options import (
    BULK_VERBS,
    bulk_mistakes,
    hidden_by,
    read_lists,
    taken_names,
)
from openrest.models import model_shape
from openrest.models import shapes as s
from openrest.models.examples import true_example
from openrest.models.links import RESOURCE_NAME
from openrest.models.variants import create_shape, read_shape
from openrest.options import store_name
from openrest.pagination import Pagination
from openrest.preconditions import read_preconditions
from openrest.preferences import read_preferences
from openrest.views.formatters import AddResourceUri, FunctionFormatter, formatted

__all__ = ["check"]

Shown = s.Object | s.OneOf

LIST_VERBS = ("GET", "POST")
UNIQUE_VERBS = ("GET", "PUT", "PATCH", "DELETE")
_RESERVED = ("docs", "openapi", "schema")


def check(resource: Any, controller: Any, view: Any) -> tuple[Definition | None, list[str]]:
    """The definition that the mappings make, or None and every mistake with its place."""
    mistakes = [
        *_keys("resource", resource, ResourceConfig, ResourceOptions),
        *_keys("controller", controller, ControllerConfig, ControllerOptions),
        *_keys("view", view, ViewConfig, ViewOptions),
    ]
    if any(not isinstance(mapping, Mapping) for mapping in (resource, controller, view)):
        return None, mistakes
    options, data, store = _options(controller), _options(resource), resource.get("datastore")
    shape, key = _model(resource.get("model"), mistakes)
    if "resource_name" in resource:
        mistakes.extend(_name_mistakes(resource["resource_name"]))
    list_verbs = _verbs(
        "controller.list_verbs",
        controller.get("list_verbs"),
        (*LIST_VERBS, *BULK_VERBS) if options.get("bulk") else LIST_VERBS,
        UNIQUE_VERBS,
        mistakes,
    )
    unique_verbs = _verbs(
        "controller.unique_verbs",
        controller.get("unique_verbs"),
        UNIQUE_VERBS,
        LIST_VERBS,
        mistakes,
    )
    pagination = _pagination(options.get("pagination", ...), store, mistakes)
    validators = tuple(data.get("validators", ()))
    mistakes.extend(_validator_mistakes(validators, shape))
    mistakes.extend(_store_mistakes(resource, validators, (*list_verbs, *unique_verbs)))
    formatters = _formatters(
        _options(view).get("formatters", ()), resource.get("resource_name"), key, mistakes
    )
    response_classes, format_parameter = read_view(view, mistakes)
    children, childless = read_children(options)
    mistakes.extend(childless)
    if shape is not None and not mistakes:
        mistakes.extend(_shown_mistakes(shape, formatters))
    writing = _writing_parts(
        options,
        data,
        shape,
        key,
        store,
        list_verbs,
        unique_verbs,
        mistakes,
    )
    if shape is not None and writing["times"] is not None and writing["times"].deleted_at:
        shape = _without_sight_of(writing["times"].deleted_at, shape)
    preconditions = None
    if shape is not None:
        preconditions, found = read_preconditions(
            options,
            data,
            shape,
            upsert=writing["upsert"] is True,
            hidden=hidden_by(formatters),
        )
        mistakes.extend(found)
    listing: dict[str, Any] = {}
    if shape is not None and _is_store(store):
        listing, found = read_lists(options, shape, formatters, store, pagination)
        mistakes.extend(mistake for mistake in found if mistake not in mistakes)
        many = [verb for verb in BULK_VERBS if verb in list_verbs]
        mistakes.extend(
            taken_names(
                listing,
                response_classes,
                format_parameter=format_parameter,
                dry_run=writing["dry_run"] if many else None,
            )
        )
        mistakes.extend(bulk_mistakes(listing, many, store))
    if shape is None or key is None or preconditions is None or mistakes:
        return None, mistakes
    definition = Definition(
        name=resource["resource_name"],
        source=resource.get("resource"),
        model=resource["model"],
        shape=shape,
        key=key,
        datastore=store,
        validators=validators,
        list_verbs=list_verbs,
        unique_verbs=unique_verbs,
        pagination=pagination,
        preconditions=preconditions,
        children=children,
        response_classes=response_classes,
        format_parameter=format_parameter,
        formatters=formatters,
        **writing,
        **listing,
    )
    return definition, []


def _writing_parts(
    options: Mapping[str, Any],
    data: Mapping[str, Any],
    shape: Shown | None,
    key: s.Member | None,
    store: Any,
    list_verbs: tuple[str, ...],
    unique_verbs: tuple[str, ...],
    mistakes: list[str],
) -> dict[str, Any]:
    """The parts of a definition that writes have, by their names there; None where one is wrong.

    `options` are those of the controller, `data` those of the resource.
    """
    json_patch, upsert = options.get("json_patch", False), options.get("upsert", False)
    mistakes.extend(_json_patch_mistakes(json_patch, unique_verbs))
    mistakes.extend(_upsert_mistakes(upsert, unique_verbs, key))
    preferences, unpreferred = read_preferences(options)
    bulk, unbounded = read_bulk(options)
    dry_run, unrehearsed = read_dry_run(options, store)
    mistakes.extend([*unpreferred, *unbounded, *unrehearsed])
    times, idempotency = None, None
    if _is_store(store):
        if shape is not None:
            times, undated = read_times(data, shape, store)
            mistakes.extend(undated)
        idempotency, unkept = read_idempotency(options, list_verbs, store)
        mistakes.extend(unkept)
    return {
        "json_patch": json_patch, "upsert": upsert, "preferences": preferences, "bulk": bulk,
        "dry_run": dry_run, "times": times, "idempotency": idempotency,
    }  # fmt: skip


def _keys(place: str, mapping: Any, keys: Any, options: Any) -> Iterator[str]:
    if not isinstance(mapping, Mapping):
        yield f"{place}: is not a mapping but {mapping!r}."
        return
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
    homes = {"resource": ResourceOptions, "controller": ControllerOptions, "view": ViewOptions}
    for home, options in homes.items():
        if home != place and name in options.__annotations__:
            return f" It belongs to {home}.options."
    return ""


def _options(mapping: Mapping[str, Any]) -> Mapping[str, Any]:
    options = mapping.get("options", {})
    return options if isinstance(options, Mapping) else {}


def _model(model: Any, mistakes: list[str]) -> tuple[Shown | None, s.Member | None]:
    if model is None:
        return None, None
    if not (isinstance(model, type) and issubclass(model, Schema)):
        mistakes.append(f"resource.model: is not a model class but {model!r}.")
        return None, None
    try:
        return model_shape(model)
    except ModelError as error:
        mistakes.extend(f"resource.model: {error.subject}: {mistake}" for mistake in error.mistakes)
        return None, None


def _name_mistakes(name: Any) -> Iterator[str]:
    if not isinstance(name, str) or not RESOURCE_NAME.fullmatch(name):
        yield (
            f"resource.resource_name: {name!r} is not a segment of a URL: a letter, then letters, "
            "digits, '-' and '_'."
        )
    elif name in _RESERVED:
        yield f"resource.resource_name: /{name} is an address of openrest's own."
    elif name.lower() == "problem":
        yield f"resource.resource_name: {name!r} is what the document calls every error."


def _verbs(
    place: str, verbs: Any, known: Sequence[str], others: Sequence[str], mistakes: list[str]
) -> tuple[str, ...]:
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
            if place.endswith("list_verbs") and verb in BULK_VERBS:
                hint = " It belongs to unique_verbs; with the option bulk a list may have it, too."
            elif verb in others:
                hint = f" It belongs to {'list_verbs' if others is LIST_VERBS else 'unique_verbs'}."
            mistakes.append(f"{place}: {verb!r} is none of {', '.join(known)}.{hint}")
    if len(set(map(str, verbs))) != len(verbs):
        mistakes.append(f"{place}: a verb is there twice.")
    return tuple(verb for verb in known if verb in verbs)


def _pagination(pagination: Any, store: Any, mistakes: list[str]) -> PaginationStyle | None:
    if pagination is ...:
        return Pagination(100)
    if pagination is None:
        return None
    place = "controller.options.pagination"
    if not isinstance(pagination, PaginationStyle):
        mistakes.append(f"{place}: is not a Pagination but {pagination!r}.")
        return None
    if _is_store(store):
        mistakes.extend(f"{place}: {mistake}" for mistake in pagination.mistakes(store))
    return pagination


def _validator_mistakes(validators: tuple[Any, ...], shape: Shown | None) -> Iterator[str]:
    for place, validator in enumerate(validators):
        where = f"resource.options.validators[{place}]"
        if not isinstance(validator, StoreValidator):
            yield f"{where}: is not a validator of stored records but {validator!r}."
        elif shape is not None:
            names = [member.name for member in shape.members]
            for name in validator.members:
                if name not in names:
                    yield f"{where}: the model has no field {name!r}.{did_you_mean(name, names)}"


def _is_store(store: Any) -> bool:
    if isinstance(store, type):
        return issubclass(store, DataStore)
    return isinstance(store, DataStore)


def _store_mistakes(
    resource: Mapping[str, Any], validators: tuple[Any, ...], verbs: tuple[str, ...]
) -> Iterator[str]:
    if "datastore" not in resource:
        return
    store = resource["datastore"]
    is_class = isinstance(store, type)
    if not _is_store(store):
        yield f"resource.datastore: is not a datastore but {store!r}."
        return
    name = store_name(store)
    if is_class and "resource" not in resource:
        yield f"resource: 'resource' is missing: {name} has to know where the data is."
    if not is_class and "resource" in resource:
        yield f"resource: 'resource' is there, but the {name} is a ready instance that has its own."
    if not is_class and validators:
        yield f"resource.options.validators: give them to the {name} itself, which is ready."
    writing = [verb for verb in verbs if verb != "GET"]
    if writing and not store.writable:
        yield f"resource.datastore: {name} cannot write, which {', '.join(writing)} would have to."
    for validator in validators:
        if isinstance(validator, StoreValidator) and not isinstance(validator, store.enforces):
            yield f"resource.datastore: {name} cannot keep {validator!r}."


def _without_sight_of(name: str, shape: Any) -> Any:
    """The shape of which clients see one field no longer: it says what they do not have."""
    members = tuple(
        replace(m, write_only=True, read_only=True) if m.name == name else m for m in shape.members
    )
    if isinstance(shape, s.OneOf):
        variants = tuple((kind, _without_sight_of(name, one)) for kind, one in shape.variants)
        return replace(shape, members=members, variants=variants)
    return replace(shape, members=members)


def _json_patch_mistakes(json_patch: Any, unique_verbs: tuple[str, ...]) -> Iterator[str]:
    place = "controller.options.json_patch"
    if type(json_patch) is not bool:
        yield f"{place}: is neither True nor False but {json_patch!r}."
    elif json_patch and "PATCH" not in unique_verbs:
        yield f"{place}: controller.unique_verbs has no PATCH that could take it."


def _upsert_mistakes(
    upsert: Any, unique_verbs: tuple[str, ...], key: s.Member | None
) -> Iterator[str]:
    place = "controller.options.upsert"
    if type(upsert) is not bool:
        yield f"{place}: is neither True nor False but {upsert!r}."
    elif upsert and "PUT" not in unique_verbs:
        yield f"{place}: controller.unique_verbs has no PUT that could create."
    elif upsert and key is not None and key.read_only:
        yield f"{place}: the key {key.name!r} is the store's to choose, not the client's."


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


def _shown_mistakes(shape: Shown, formatters: tuple[Formatter, ...]) -> Iterator[str]:
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
    if last.filename.startswith(str(Path(__file__).parent)):
        return ""
    return f" ({last.filename}, line {last.lineno}, in {last.name})"
