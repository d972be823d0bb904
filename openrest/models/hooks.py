"""The hooks of a schema, run on what fits: pre_load, post_load, validates, validates_schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, missing
from marshmallow.utils import get_value

from openrest.errors import RuleViolated
from openrest.models import shapes as s
from openrest.models.places import rule_mistakes
from openrest.models.respelling import respeller
from openrest.models.walking import bare

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
    if not _has_load_hooks(schema) and not any(
        f.pre_load or f.post_load for f in schema.fields.values()
    ):
        return None
    # Everything a client sent, spelled as marshmallow's own fields read it: 5.0 as 5.
    respell = respeller(shape)
    shapes = {member.name: member.shape for member in shape.members}
    # A schema of marshmallow-sqlalchemy makes an instance for which it need not ask a database.
    options: dict[str, Any] = {"transient": True} if hasattr(schema, "transient") else {}
    if shape.extra == "ignore":
        options["unknown"] = EXCLUDE

    def refine(sent: dict[str, Any], native: dict[str, Any]) -> dict[str, Any]:
        try:
            refined = schema.load(respell(sent), many=False, **options)
        except ValidationError as error:
            raise RuleViolated(rule_mistakes(error.messages, "#")) from error
        # A dict may hold objects that the hooks of what is nested made.
        record = (
            {
                name: _plain(value, shapes[name]) if name in shapes else value
                for name, value in refined.items()
            }
            if isinstance(refined, Mapping)
            else _record(refined, shape)
        )
        # What marshmallow does not fill in: generated keys and nulls.
        return {**{name: value for name, value in native.items() if name not in record}, **record}

    return refine


def _has_load_hooks(schema: Schema) -> bool:
    hooks = {name for hook in _LOAD_HOOKS for name, *_ in schema._hooks.get(hook, ())}
    if not getattr(schema.opts, "load_instance", True):
        # A schema of marshmallow-sqlalchemy that makes no instances, and so refuses nothing.
        hooks.discard("make_instance")
    return bool(hooks)


def _record(made: Any, shape: s.Object) -> dict[str, Any]:
    """The record of an object that post_load has made; what it has no value for is left out."""
    values = {m.name: _plain(get_value(made, m.name), m.shape) for m in shape.members}
    record = {name: value for name, value in values.items() if value is not missing}
    if not record:
        raise TypeError(
            f"post_load gave a {type(made).__name__}, which is no record and has none of its "
            f"fields: {', '.join(values)}"
        )
    return record


def _plain(value: Any, shape: s.Shape) -> Any:
    """The value with records in place of the objects that the hooks of what is nested made."""
    match bare(shape):
        case s.Object() as nested if value is not None and value is not missing:
            return value if isinstance(value, Mapping) else _record(value, nested)
        case s.List(item=item) if isinstance(value, Iterable):
            return [_plain(part, item) for part in value]
        case _:
            return value
