"""The check of the three mappings: every mistake, with its place and what was probably meant."""

from __future__ import annotations

import re
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
from openrest.contract import Contribution
from openrest.datastore.lifecycle import read_times
from openrest.dry_run import read_dry_run
from openrest.embedded import RESERVED, Embed, read_embed
from openrest.errors import ModelError, did_you_mean
from openrest.filter_options import read_filters
from openrest.filters import Filters
from openrest.format_options import read_view
from openrest.formats import contribution
from openrest.idempotency import read_idempotency
from openrest.interfaces import DataStore, Formatter, PaginationStyle, StoreValidator
from openrest.models import model_shape
from openrest.models import shapes as s
from openrest.models.examples import true_example
from openrest.models.variants import create_shape, read_shape
from openrest.models.walking import stored_object
from openrest.options import store_name
from openrest.pagination import Pagination
from openrest.partial import read_partial
from openrest.preconditions import read_preconditions
from openrest.preferences import read_preferences
from openrest.searching import Searching, read_search
from openrest.sorting import read_sorting
from openrest.views.formatters import AddResourceUri, FunctionFormatter, formatted

__all__ = ["check"]

Shown = s.Object | s.OneOf

LIST_VERBS = ("GET", "POST")
#: With the option bulk.
BULK_VERBS = ("PATCH", "DELETE")
UNIQUE_VERBS = ("GET", "PUT", "PATCH", "DELETE")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
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
    shape, key = _model(resource.get("model"), mistakes)
    if "resource_name" in resource:
        mistakes.extend(_name_mistakes(resource["resource_name"]))
    list_verbs = _verbs(
        "controller.list_verbs",
        controller.get("list_verbs"),
        (*LIST_VERBS, *BULK_VERBS) if _options(controller).get("bulk") else LIST_VERBS,
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
    pagination = _pagination(
        _options(controller).get("pagination", ...), resource.get("datastore"), mistakes
    )
    validators = tuple(_options(resource).get("validators", ()))
    mistakes.extend(_validator_mistakes(validators, shape))
    mistakes.extend(_store_mistakes(resource, validators, (*list_verbs, *unique_verbs)))
    formatters = _formatters(
        _options(view).get("formatters", ()), resource.get("resource_name"), key, mistakes
    )
    response_classes, format_parameter = read_view(view, mistakes)
    children, childless = read_children(_options(controller))
    mistakes.extend(childless)
    if shape is not None and not mistakes:
        mistakes.extend(_shown_mistakes(shape, formatters))
    json_patch = _options(controller).get("json_patch", False)
    mistakes.extend(_json_patch_mistakes(json_patch, unique_verbs))
    upsert = _options(controller).get("upsert", False)
    mistakes.extend(_upsert_mistakes(upsert, unique_verbs, key))
    preferences, found = read_preferences(_options(controller))
    mistakes.extend(found)
    bulk, found = read_bulk(_options(controller))
    mistakes.extend(found)
    dry_run, found = read_dry_run(_options(controller), resource.get("datastore"))
    mistakes.extend(found)
    preconditions = None
    if shape is not None:
        preconditions, found = read_preconditions(
            _options(controller),
            _options(resource),
            shape,
            upsert=upsert is True,
            hidden={name for part in formatters for name in part.contribution().removes},
        )
        mistakes.extend(found)
    times = None
    if shape is not None and _is_store(resource.get("datastore")):
        times, found = read_times(_options(resource), shape, resource["datastore"])
        mistakes.extend(found)
        if times is not None and times.deleted_at is not None:
            shape = _without_sight_of(times.deleted_at, shape)
    filters, sorting, search, partial, idempotency = None, None, None, None, None
    store = resource.get("datastore")
    embed = Embed()
    if _is_store(store):
        idempotency, found = read_idempotency(_options(controller), list_verbs, store)
        mistakes.extend(found)
    if shape is not None and _is_store(store):
        try:
            told = _told(shape, formatters)
            filters, found = read_filters(_options(controller), *told, store, pagination)
            sorting, unsorted = read_sorting(_options(controller), *told, store)
            search, unfound = read_search(_options(controller), *told, store)
            shown = _formatted(shape, formatters)
            partial, unchosen = read_partial(_options(controller), shown, told[1], formatters)
            embed, unembedded = read_embed(_options(controller), *told)
            found = [*found, *unsorted, *unfound, *unchosen, *unembedded]
        except ModelError as error:  # of what it nests, which is looked up only here
            found = [f"resource.model: {error}"]
        mistakes.extend(mistake for mistake in found if mistake not in mistakes)
        parts = (("sorting", sorting), ("search", search), ("partial", partial))
        for option, part in parts:
            if filters is not None and part is not None:
                mistakes.extend(_clashes(filters, option, part.contribution()))
        if filters is not None and embed.names:
            mistakes.extend(_clashes(filters, "embed", RESERVED))
        if filters is not None and format_parameter:
            chosen = contribution(response_classes, parameter=True)
            mistakes.extend(_clashes(filters, "format_parameter", chosen, "view"))
        mistakes.extend(_bulk_mistakes(list_verbs, filters, search, store))
        if filters is not None and dry_run is not None and set(list_verbs) & set(BULK_VERBS):
            asked = dry_run.contribution("delete_many", creates=False)
            mistakes.extend(_clashes(filters, "dry_run", asked))
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
        times=times,
        list_verbs=list_verbs,
        unique_verbs=unique_verbs,
        pagination=pagination,
        filters=filters,
        sorting=sorting,
        search=search,
        partial=partial,
        json_patch=json_patch,
        upsert=upsert,
        preconditions=preconditions,
        embed=embed,
        children=children,
        preferences=preferences,
        dry_run=dry_run,
        bulk=bulk,
        idempotency=idempotency,
        response_classes=response_classes,
        format_parameter=format_parameter,
        formatters=formatters,
    )
    return definition, []


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
    if not isinstance(name, str) or not _NAME.fullmatch(name):
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
            if verb in others:
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


def _bulk_mistakes(
    list_verbs: tuple[str, ...], filters: Filters | None, search: Searching | None, store: Any
) -> Iterator[str]:
    for verb in BULK_VERBS:
        if verb not in list_verbs:
            continue
        if not store.changes_many:
            name = store_name(store)
            yield f"controller.list_verbs: {name} cannot change many, as {verb} would have to."
        if search is None and not (filters is not None and filters.contribution().parameters):
            yield f"controller.list_verbs: {verb} has no filter that says which objects are meant."


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


def _formatted(shape: Shown, formatters: tuple[Formatter, ...]) -> Shown:
    """What answers show; as if without formatters where these cannot be: `_shown_mistakes`."""
    shown: Shown = read_shape(shape, "Read")
    try:
        return formatted(shown, formatters)  # type: ignore[no-any-return]
    except ValueError:
        return shown


def _place(error: Exception) -> str:
    """Where in the author's own code an error was raised, or nothing."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    if last.filename.startswith(str(Path(__file__).parent)):
        return ""
    return f" ({last.filename}, line {last.lineno}, in {last.name})"


def _clashes(
    filters: Filters, option: str, part: Contribution, mapping: str = "controller"
) -> Iterator[str]:
    taken = {parameter.wire for parameter in part.parameters}
    for parameter in filters.contribution().parameters:
        if parameter.wire in taken:
            yield (
                f"{mapping}.options.{option}: the filter {parameter.wire!r} has the name of its "
                "parameter: rename it, or give the field a data_key."
            )


def _told(shape: Shown, formatters: tuple[Formatter, ...]) -> tuple[s.Object, set[str]]:
    """What is stored and told, and the names of what is not: a filter would give it away."""
    removed = {name for part in formatters for name in part.contribution().removes}
    hidden = removed | {member.name for member in shape.members if member.write_only}
    members = tuple(member for member in shape.members if member.name not in hidden)
    return replace(stored_object(shape), members=members), hidden
