"""What the verbs of a controller are sent."""

from __future__ import annotations

from dataclasses import replace

from openrest import formats
from openrest.contract import NO_EXAMPLE, Body
from openrest.controllers.components import Sent
from openrest.controllers.rows.resource import Resource
from openrest.json_patch import JSON_PATCH, MEDIA_TYPE
from openrest.merge_patch import may_conflict
from openrest.models import shapes as s
from openrest.models.examples import true_example
from openrest.models.walking import may_refuse

__all__ = ["verb_body"]


def verb_body(resource: Resource, name: str) -> Body | None:
    """What is sent to the built-in handler `name`, if anything."""
    definition, parts = resource.definition, resource.parts
    match name:
        case "create":
            body = formats.body_of(parts.create, definition.response_classes)
            bulk = definition.bulk
            return body if bulk is None else replace(body, many=bulk.many(parts.create))
        case "update":
            return replace(
                formats.body_of(parts.replace, definition.response_classes),
                ruled=definition.upsert and may_refuse(definition.key.shape),
            )
        case "patch" if definition.json_patch:
            merge_patch = _merge_patch_body(parts.patch, parts.replace)
            return replace(merge_patch, others=(_json_patch_body(parts.replace),))
        case "patch" | "patch_many":
            return _merge_patch_body(parts.patch, parts.replace)
        case _:
            return None


def _merge_patch_body(patch: Sent, whole: Sent) -> Body:
    """A patch of members; the rules are about the whole object that it makes."""
    shown = true_example(whole)
    return Body(
        shape=patch,
        media_types=("application/merge-patch+json",),
        wire=True,
        ruled=may_refuse(whole) or may_conflict(whole),
        # Only an example of a whole object is sure to be taken.
        example=NO_EXAMPLE if shown is s.MISSING else shown,
    )


def _json_patch_body(whole: Sent) -> Body:
    """A patch of operations; the example sets one member to a value that it may have."""
    shown = true_example(whole)
    changed = next(iter(shown), None) if isinstance(shown, dict) else None
    operations = (
        []
        if changed is None
        else [
            {
                "op": "add",
                "path": "/" + changed.replace("~", "~0").replace("/", "~1"),
                "value": shown[changed],
            }
        ]
    )
    return Body(
        shape=JSON_PATCH, media_types=(MEDIA_TYPE,), wire=True, ruled=True, example=operations
    )
