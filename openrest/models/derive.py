"""marshmallow fields and schemas -> shapes.

A plain marshmallow field is read as the type it names, strictly: `fields.Integer` as an
integer, although it would load ``"5"`` and ``2.7``. A field of a class whose conversion nobody
but its author knows is any value, and what it refuses is a rule.
"""

from __future__ import annotations

import enum
import inspect
import json
import math
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from marshmallow import EXCLUDE, INCLUDE, Schema, ValidationError, missing
from marshmallow import fields as ma

from openrest.errors import InvalidData, ModelError, RuleViolated, did_you_mean
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.formats import SEGMENT
from openrest.models.loading import rule_mistakes, wire_loader
from openrest.models.narrowing import narrow
from openrest.models.variants import as_sent

__all__ = ["enum_shape", "field_shape", "model_shape", "schema_shape"]

_PLAIN: Mapping[type[ma.Field[Any]], Callable[[Any], s.Shape]] = {
    ma.String: lambda field: s.String(),
    ma.Integer: lambda field: s.Integer(),
    ma.Float: lambda field: s.Number(),
    ma.Boolean: lambda field: s.Boolean(),
    ma.UUID: lambda field: s.Uuid(),
    ma.DateTime: lambda field: s.DateTime(),
    ma.AwareDateTime: lambda field: s.DateTime(),
    ma.Date: lambda field: s.Date(),
    ma.Decimal: lambda field: _decimal(field.places),
    ma.Enum: lambda field: enum_shape(field.enum, by_value=bool(field.by_value)),
    ma.List: lambda field: s.List(item=field_shape(field.inner)),
    ma.Raw: lambda field: s.AnyValue(),
}
_CONVERSIONS = ("_deserialize", "_serialize", "deserialize", "serialize")
_LOAD_HOOKS = ("pre_load", "post_load", "validates", "validates_schema")
_DUMP_HOOKS = ("pre_dump", "post_dump")
_META = frozenset(
    "fields exclude include dateformat datetimeformat timeformat render_module index_errors "
    "load_only dump_only unknown register many".split()
)


def _decimal(places: Any) -> s.Shape:
    # marshmallow keeps the exponent that its places make: Decimal('0.01') for two.
    exponent = None if places is None else -places.as_tuple().exponent
    if exponent is not None and not 0 <= exponent <= 18:
        raise ValueError(f"places must be between 0 and 18, not {exponent}")
    return s.Decimal() if exponent is None else s.Decimal(places=exponent, fixed=True)


def enum_shape(members: type[enum.Enum], *, by_value: bool) -> s.Shape:
    """The choice among the members of an enum, by their names or values."""
    if not len(members):
        raise ValueError("its enum has no members")
    if by_value:
        for member in members:
            if not _is_json_scalar(member.value):
                raise ValueError(f"the value of {member} is no string, number or boolean of JSON")
        return s.Choice(pairs=tuple((member.value, member) for member in members))
    return s.Choice(pairs=tuple((member.name, member) for member in members))


def _is_json_scalar(value: Any) -> bool:
    if type(value) is str:
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if type(value) is float:
        return math.isfinite(value)
    return type(value) in (bool, int)


def field_shape(field: ma.Field[Any]) -> s.Shape:
    """The shape of a field, its validators and `allow_none` included.

    Raises ValueError with a sentence where the field cannot be documented truthfully.
    """
    shape = narrow(_base_shape(field), field.validators)
    return s.Nullable(shape=shape) if field.allow_none else shape


def _base_shape(field: ma.Field[Any]) -> s.Shape:
    own: Callable[[], s.Shape] | None = getattr(field, "base_shape", None)
    if own is not None:
        if getattr(field, "format", None) not in (None, "iso"):
            raise ValueError("a format of its own cannot be documented: leave `format` out")
        return own()
    for cls in type(field).__mro__:
        if cls in _PLAIN:
            if getattr(field, "format", None) not in (None, "iso"):
                raise ValueError("a format of its own cannot be documented: leave `format` out")
            return _PLAIN[cls](field)
        if cls.__module__ == ma.__name__:
            raise ValueError(
                f"{cls.__name__} fields are not supported: use a field of openrest.models, or "
                "a class of your own"
            )
        if any(name in vars(cls) for name in _CONVERSIONS):
            break
    return s.AnyValue(
        load=lambda value: field.deserialize(value),
        dump=lambda value: field._serialize(value, field.name, {field.name: value}),
    )


def schema_shape(schema_class: type[Schema]) -> s.Object:
    """The object that a schema describes.

    Raises ModelError with every mistake of the schema.
    """
    mistakes = list(_meta_mistakes(schema_class))
    if schema_class._hooks and any(schema_class._hooks.get(hook) for hook in _DUMP_HOOKS):
        mistakes.append(
            "pre_dump and post_dump may change what the document promises: write a formatter of "
            "the view, which declares what it adds or removes."
        )
    try:
        schema = schema_class()
    except ValueError as reason:  # marshmallow's own: two fields of one data_key or attribute
        raise ModelError(schema_class.__name__, [*mistakes, str(reason)]) from reason
    members: list[s.Member] = []
    for name, field in schema.fields.items():
        try:
            members.append(_member(name, field))
        except (ValueError, ModelError) as reason:
            said = reason.mistakes[0] if isinstance(reason, ModelError) else reason
            mistakes.append(f"field {name!r}: {said}")
    if mistakes:
        raise ModelError(schema_class.__name__, mistakes)
    shape = s.Object(
        members=tuple(members),
        description=_description(schema_class),
        ignore_unknown=schema.unknown == EXCLUDE,
    )
    if any(schema_class._hooks.get(hook) for hook in _LOAD_HOOKS) or _has_field_hooks(schema):
        return replace(shape, refine=_refiner(schema_class, shape))
    return shape


def model_shape(schema_class: type[Schema]) -> tuple[s.Object, s.Member]:
    """The object that a model describes, and its key.

    The key of a plain marshmallow schema is its field ``id``: an integer is assigned by the
    store, a UUID is made on create, text is sent by the client.
    Raises ModelError when there is not exactly one key.
    """
    own = getattr(schema_class, "shape", None)  # a Model has it from its creation
    shape = own if isinstance(own, s.Object) else schema_shape(schema_class)
    keys = [member for member in shape.members if member.is_key]
    if not keys and own is None and any(member.name == "id" for member in shape.members):
        return _plain_key(schema_class, shape)
    if len(keys) != 1:
        names = ", ".join(member.name for member in keys)
        found = f"it has {len(keys)}: {names}" if keys else "it has none"
        raise ModelError(
            schema_class.__name__,
            [f"a model has exactly one PkField, UUIDPkField or StringPkField; {found}."],
        )
    return shape, keys[0]


def _plain_key(schema_class: type[Schema], shape: s.Object) -> tuple[s.Object, s.Member]:
    member = shape.member("id")
    match member.shape:
        case s.Integer() if member.shape == s.Integer() and member.default is s.MISSING:
            key = replace(member, shape=s.Integer(minimum=0), read_only=True)
        case s.Uuid():
            key = replace(member, read_only=True, default=uuid.uuid4)
        case s.String(patterns=patterns, min_length=low, max_length=high) if (
            not member.read_only and not member.write_only
        ):
            text = s.String(
                min_length=max(1, low), max_length=high or 255, patterns=(*patterns, SEGMENT)
            )
            key = replace(member, shape=text, required=True, default=s.MISSING)
        case _:
            raise ModelError(
                schema_class.__name__,
                [
                    "the key 'id' must be an integer without validators or default, a UUID, or a "
                    "string that clients send."
                ],
            )
    key = replace(key, is_key=True, required=True)
    members = tuple(key if member.name == "id" else member for member in shape.members)
    return replace(shape, members=members), key


def _meta_mistakes(schema_class: type[Schema]) -> Iterator[str]:
    for cls in schema_class.__mro__:
        meta = vars(cls).get("Meta")
        if meta is None or cls.__module__.startswith("marshmallow"):
            continue
        for name in vars(meta):
            # marshmallow ignores what it does not know, and a misspelt 'exclude' leaks a field.
            if not name.startswith("__") and name not in _META:
                yield f"class Meta: unknown option {name!r}.{did_you_mean(name, _META)}"
    if schema_class.opts.unknown == INCLUDE:
        yield "class Meta: unknown = INCLUDE would store members that no document names."
    if schema_class.opts.many:
        yield "class Meta: many = True has no meaning for a model, which describes one object."


def _member(name: str, field: ma.Field[Any]) -> s.Member:
    shape = field_shape(field)
    attribute = field.attribute or name
    if "." in attribute:
        raise ValueError(f"attribute={attribute!r} reaches into another object")
    if field.data_key == "":
        raise ValueError("data_key is empty")
    is_key = bool(getattr(field, "is_key", False))
    if is_key:
        _check_key(field)
    if field.load_only and field.dump_only:
        raise ValueError("it is both load_only and dump_only, so nobody sees it")
    return s.Member(
        name=attribute,
        wire=field.data_key or name,
        shape=shape,
        required=is_key or (field.required and not field.dump_only),
        is_key=is_key,
        read_only=field.dump_only,
        write_only=field.load_only,
        default=_default(field, shape),
        description=str(field.metadata.get("description", "")),
        example=_declared_example(field, shape),
    )


def _check_key(field: ma.Field[Any]) -> None:
    """Raise ValueError for what a key cannot be."""
    assigned = field.dump_only
    for wrong, said in (
        (field.allow_none, "a key is never null"),
        (field.load_only, "a key is shown"),
        (assigned and isinstance(field, ma.String), "the client sends it, so it is not dump_only"),
        (assigned and field.validators, "its values are the server's: it has no validators"),
        (
            isinstance(field, ma.Integer) and field.load_default is not missing,
            "the store assigns it, so it has no default",
        ),
    ):
        if wrong:
            raise ValueError(said)


def _default(field: ma.Field[Any], shape: s.Shape) -> Any:
    default = field.load_default if field.load_default is not missing else field.dump_default
    if default is missing or default is None:
        return s.MISSING
    value = default() if callable(default) else default
    try:
        wire = dumper(shape)(value)
        # Equal again: what is stored is the default, not what JSON makes of it.
        if wire_loader(shape)(wire) != value or json.dumps(wire, allow_nan=False) is None:
            raise ValueError("JSON makes another value of it")
    except (InvalidData, AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"the default {value!r} is no value of the field: {_said(error)}"
        ) from error
    return default


def _declared_example(field: ma.Field[Any], shape: s.Shape) -> Any:
    metadata = field.metadata
    declared = metadata.get("example", next(iter(metadata.get("examples", ())), s.MISSING))
    if declared is s.MISSING:
        return declared
    try:
        wire_loader(shape)(declared)
    except InvalidData as error:
        raise ValueError(
            f"the example {declared!r} is no value of the field: {_said(error)}"
        ) from error
    return declared


def _said(error: Exception) -> str:
    if isinstance(error, InvalidData):
        return "; ".join(mistake.detail for mistake in error.mistakes)
    return str(error)


def _description(schema_class: type[Schema]) -> str:
    # A class without a docstring of its own inherits marshmallow's, which describes no model.
    return inspect.cleandoc(vars(schema_class).get("__doc__") or "")


def _has_field_hooks(schema: Schema) -> bool:
    return any(field.pre_load or field.post_load for field in schema.fields.values())


def _refiner(
    schema_class: type[Schema], shape: s.Object
) -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    """Runs the hooks of a schema on a wire object that fits its shape."""
    schema = schema_class()
    # Everything a client sent, spelled as marshmallow's own fields read it: 5.0 as 5.
    respell = dumper(as_sent(shape))

    def refine(sent: dict[str, Any], native: dict[str, Any]) -> dict[str, Any]:
        spelled = {
            **{wire: value for wire, value in sent.items() if value is None},
            **{wire: value for wire, value in respell(native).items() if wire in sent},
        }
        try:
            refined = schema.load(spelled)
        except ValidationError as error:
            raise RuleViolated(rule_mistakes(error.messages, "#")) from error
        if not isinstance(refined, dict):
            raise TypeError(
                f"post_load of {schema_class.__name__} gave a {type(refined).__name__}; records "
                "are dicts keyed by field name"
            )
        # What marshmallow does not fill in: generated keys and nulls.
        return {**{name: value for name, value in native.items() if name not in refined}, **refined}

    return refine
