"""What the mapping `resource` says: the model, the store and what the store keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from marshmallow import Schema

from openrest.errors import ConfigurationError, ModelError, did_you_mean
from openrest.interfaces import DataStore, StoreValidator
from openrest.models import model_shape
from openrest.models import shapes as s
from openrest.models.links import RESOURCE_NAME
from openrest.options import store_name

__all__ = [
    "Shown",
    "able_store",
    "is_store",
    "name_mistakes",
    "read_model",
    "store_mistakes",
    "validator_mistakes",
]

Shown = s.Object | s.OneOf

_RESERVED = ("docs", "openapi", "schema")


def read_model(model: Any, mistakes: list[str]) -> tuple[Shown | None, s.Member | None]:
    """The shape of a model and its key; None and None where it is none."""
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


def name_mistakes(name: Any) -> Iterator[str]:
    """What is wrong with the name of a resource."""
    if not isinstance(name, str) or not RESOURCE_NAME.fullmatch(name):
        yield (
            f"resource.resource_name: {name!r} is not a segment of a URL: a letter, then letters, "
            "digits, '-' and '_'."
        )
    elif name in _RESERVED:
        yield f"resource.resource_name: /{name} is an address of openrest's own."
    elif name.lower() == "problem":
        yield f"resource.resource_name: {name!r} is what the document calls every error."


def is_store(store: Any) -> bool:
    """Whether it is a store, or a class of stores."""
    if isinstance(store, type):
        return issubclass(store, DataStore)
    return isinstance(store, DataStore)


def able_store(resource: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """The datastore, where it is a class the one that knows what it can do with its resource.

    None where the resource is wrong, and what is wrong with it.
    """
    store = resource.get("datastore")
    if not (isinstance(store, type) and issubclass(store, DataStore) and "resource" in resource):
        return store, []
    try:
        return store.for_resource(resource["resource"]), []
    except ConfigurationError as error:
        return None, [f"resource.{mistake}" for mistake in error.mistakes]


def store_mistakes(
    resource: Mapping[str, Any],
    store: Any,
    validators: Sequence[Any],
    verbs: Sequence[str],
) -> Iterator[str]:
    """What a store cannot do that the `validators` and `verbs` of its resource ask for."""
    if "datastore" not in resource:
        return
    is_class = isinstance(store, type)
    if not is_store(store):
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


def validator_mistakes(validators: Sequence[Any], shape: Shown | None) -> Iterator[str]:
    """What is wrong with the validators of a resource, whatever its store keeps."""
    for place, validator in enumerate(validators):
        where = f"resource.options.validators[{place}]"
        if not isinstance(validator, StoreValidator):
            yield f"{where}: is not a validator of stored records but {validator!r}."
        elif shape is not None:
            names = [member.name for member in shape.members]
            for name in validator.members:
                if name not in names:
                    yield f"{where}: the model has no field {name!r}.{did_you_mean(name, names)}"
