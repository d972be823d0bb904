"""The hooks of a schema, run on what fits: pre_load, post_load, validates, validates_schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, missing
from marshmallow.utils import get_value

from openrest.errors import RuleViolated
from openrest.models import shapes as s
from openrest.models.places import rule_mistakes
from openrest.models.respelling import respeller

__all__ = ["Refine", "has_dump_hooks", "refiner"]

_LOAD_HOOKS = ("pre_load", "post_load", "validates", "validates_schema")
_DUMP_HOOKS = ("pre_dump", "post_dump")

Refine = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


def has_dump_hooks(schema_class: type[Schema]) -> bool:
    """Whether something may change what the schema dumps."""
    return any(schema_class._hooks.get(hook) for hook in _DUMP_HOOKS)


def refiner(schema: Schema, shape: s.Object) -> Refine | None:
    """Runs the hooks of a schema on a wire object that fits; None where it has none.

    It raises RuleViolated for what they refuse.
    """
    own = any(schema._hooks.get(hook) for hook in _LOAD_HOOKS)
    if not own and not any(f.pre_load or f.post_load for f in schema.fields.values()):
        return None
    # Everything a client sent, spelled as marshmallow's own fields read it: 5.0 as 5.
    respell = respeller(shape)
    names = [member.name for member in shape.members]
    # A schema of marshmallow-sqlalchemy makes an instance for which it need not ask a database.
    options: dict[str, Any] = {"transient": True} if hasattr(schema, "transient") else {}
    if shape.extra == "ignore":
        options["unknown"] = EXCLUDE

    def refine(sent: dict[str, Any], native: dict[str, Any]) -> dict[str, Any]:
        try:
            refined = schema.load(respell(sent), many=False, **options)
        except ValidationError as error:
            raise RuleViolated(rule_mistakes(error.messages, "#")) from error
        record = refined if isinstance(refined, Mapping) else _record(refined, names)
        # What marshmallow does not fill in: generated keys and nulls.
        return {**{name: value for name, value in native.items() if name not in record}, **record}

    return refine


def _record(made: Any, names: list[str]) -> dict[str, Any]:
    """The record of an object that post_load has made; what it has no value for is left out."""
    values = {name: get_value(made, name) for name in names}
    record = {name: value for name, value in values.items() if value is not missing}
    if not record:
        raise TypeError(
            f"post_load gave a {type(made).__name__}, which is no record and has none of its "
            f"fields: {', '.join(names)}"
        )
    return record
