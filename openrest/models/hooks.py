"""The hooks of a schema, run on what fits: pre_load, post_load, validates, validates_schema."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from copy import copy
from itertools import repeat
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, missing
from marshmallow.utils import get_value

from openrest import messages as msg
from openrest.errors import Mistake, RuleViolated
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.objects import fill, is_filled
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
    if not _has_load_hooks(schema) and not any(
        f.pre_load or f.post_load for f in schema.fields.values()
    ):
        return None
    # Everything a client sent, spelled as marshmallow's own fields read it: 5.0 as 5.
    respell = respeller(shape)
    # A schema of marshmallow-sqlalchemy makes an instance for which it need not ask a database.
    options: dict[str, Any] = {"transient": True} if hasattr(schema, "transient") else {}
    if shape.extra == "ignore":
        options["unknown"] = EXCLUDE

    required = {f.data_key or name: name for name, f in schema.load_fields.items() if f.required}

    def refine(sent: dict[str, Any], native: dict[str, Any]) -> dict[str, Any]:
        try:
            # Only the key is ever left out of what fits: of a replacement, which cannot change it.
            left_out = required.keys() - sent.keys()
            loading = _optional(schema, {required[wire] for wire in left_out})
            refined = loading.load(respell(sent), many=False, **options)
        except ValidationError as error:
            refused = rule_mistakes(error.messages, "#")
            raise RuleViolated(
                refused or [Mistake(say(msg.REFUSED_BY_RULE), pointer="#")]
            ) from error
        completed: dict[str, Any] = _completed(shape, refined, native, sent)
        return completed

    return refine


def _optional(schema: Schema, names: Set[str]) -> Schema:
    """The schema with fewer fields required: `partial` would reach the nested ones, too."""
    if not names:
        return schema
    other = copy(schema)
    other.load_fields = dict(schema.load_fields)
    for name in names:
        field = other.load_fields[name] = copy(schema.load_fields[name])
        field.required = False
    return other


def _has_load_hooks(schema: Schema) -> bool:
    hooks = {name for hook in _LOAD_HOOKS for name, *_ in schema._hooks.get(hook, ())}
    if not getattr(schema.opts, "load_instance", True):
        # A schema of marshmallow-sqlalchemy that makes no instances, and so refuses nothing.
        hooks.discard("make_instance")
    return bool(hooks)


def _completed(shape: s.Shape, loaded: Any, native: Any, sent: Any) -> Any:
    """What marshmallow loaded, as records, with what it does not fill in: generated keys and nulls.

    `native` is what our own loader made of the same that a client has `sent`; a hook may have made
    something else of it, and what it has removed stays away.
    """
    if loaded is None:
        return None
    match shape:
        case s.Nullable() | s.Ruled() | s.Except() | s.Deferred():
            return _completed(shape.shape, loaded, native, sent)
        case s.Object(members=members):
            record = loaded if isinstance(loaded, Mapping) else _record(loaded, shape)
            filled = native if isinstance(native, Mapping) else {}
            given = sent if isinstance(sent, Mapping) else {}
            known = {member.name: member for member in members if member.stored}
            removed = {m.name for m in known.values() if m.wire in given and m.name not in record}
            return {
                name: fill(known[name]) if name in removed else value
                for name, value in filled.items()
                if name not in record and (name not in removed or is_filled(known[name]))
            } | {
                name: _completed(m.shape, value, filled.get(name), given.get(m.wire))
                if (m := known.get(name))
                else value
                for name, value in record.items()
            }
        case s.OneOf(discriminator=name, variants=variants):
            variant = dict(variants).get(str(get_value(loaded, name, "")))
            return loaded if variant is None else _completed(variant, loaded, native, sent)
        case s.Timestamp() if isinstance(loaded, dt.datetime) and loaded.tzinfo is None:
            # marshmallow means UTC, and does not say so.
            return _completed(shape, loaded.replace(tzinfo=dt.UTC), native, sent)
        case s.Timestamp() | s.Duration() if isinstance(native, type(loaded)):
            # It rounds in its own way, and not to what the number that is answered can say.
            return native if abs(loaded - native) < dt.timedelta(milliseconds=1) else loaded
        case s.List(item=item) if isinstance(loaded, Iterable):
            items = list(loaded)
            return [_completed(item, *each) for each in _beside(items, native, sent)]
        case s.Tuple(items=shapes) if isinstance(loaded, tuple) and len(loaded) == len(shapes):
            beside = zip(shapes, _beside(loaded, native, sent), strict=True)
            return tuple(_completed(item, *each) for item, each in beside)
        case s.Map(value=value) if isinstance(loaded, Mapping):
            filled = native if isinstance(native, Mapping) else {}
            # Sent under the same name, but for names that have several spellings.
            given = sent if isinstance(sent, Mapping) else {}
            return {
                key: _completed(value, one, filled.get(key), given.get(key))
                for key, one in loaded.items()
            }
        case _:
            return loaded


def _beside(loaded: Sequence[Any], *others: Any) -> Iterable[tuple[Any, ...]]:
    """Each item with its counterparts, where there are as many of them."""
    return zip(
        loaded,
        *(
            other
            if isinstance(other, (list, tuple)) and len(other) == len(loaded)
            else repeat(None)
            for other in others
        ),
        strict=False,
    )


def _record(made: Any, shape: s.Object) -> dict[str, Any]:
    """The record of an object that post_load has made; what it has no value for is left out."""
    values = {member.name: get_value(made, member.name) for member in shape.members}
    record = {name: value for name, value in values.items() if value is not missing}
    if not record:
        raise TypeError(
            f"post_load gave a {type(made).__name__}, which is no record and has none of its "
            f"fields: {', '.join(values)}"
        )
    return record
