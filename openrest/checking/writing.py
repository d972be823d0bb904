"""The options that are about what writes do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from openrest.bulk import read_bulk
from openrest.checking.resource import Shown, is_store
from openrest.datastore.lifecycle import read_times
from openrest.dry_run import read_dry_run
from openrest.idempotency import read_idempotency
from openrest.models import shapes as s
from openrest.preferences import read_preferences

__all__ = ["without_sight_of", "writing_parts"]


def writing_parts(
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
    if is_store(store):
        if shape is not None:
            times, undated = read_times(data, shape, store)
            mistakes.extend(undated)
        idempotency, unkept = read_idempotency(options, list_verbs, store)
        mistakes.extend(unkept)
    return {
        "json_patch": json_patch, "upsert": upsert, "preferences": preferences, "bulk": bulk,
        "dry_run": dry_run, "times": times, "idempotency": idempotency,
    }  # fmt: skip


def _json_patch_mistakes(json_patch: Any, unique_verbs: Sequence[str]) -> Iterator[str]:
    place = "controller.options.json_patch"
    if type(json_patch) is not bool:
        yield f"{place}: is neither True nor False but {json_patch!r}."
    elif json_patch and "PATCH" not in unique_verbs:
        yield f"{place}: controller.unique_verbs has no PATCH that could take it."


def _upsert_mistakes(
    upsert: Any, unique_verbs: Sequence[str], key: s.Member | None
) -> Iterator[str]:
    place = "controller.options.upsert"
    if type(upsert) is not bool:
        yield f"{place}: is neither True nor False but {upsert!r}."
    elif upsert and "PUT" not in unique_verbs:
        yield f"{place}: controller.unique_verbs has no PUT that could create."
    elif upsert and key is not None and key.read_only:
        yield f"{place}: the key {key.name!r} is the store's to choose, not the client's."


def without_sight_of(name: str, shape: Any) -> Any:
    """The shape of which clients see one field no longer: it says what they do not have."""
    members = tuple(
        replace(m, write_only=True, read_only=True) if m.name == name else m for m in shape.members
    )
    if isinstance(shape, s.OneOf):
        variants = tuple((kind, without_sight_of(name, one)) for kind, one in shape.variants)
        return replace(shape, members=members, variants=variants)
    return replace(shape, members=members)
