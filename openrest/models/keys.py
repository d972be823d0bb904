"""A model's key, and the one object as which stores keep its records."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Any

from marshmallow import Schema

from openrest.errors import ModelError
from openrest.models import shapes as s
from openrest.models.derive import schema_shape
from openrest.models.formats import SEGMENT
from openrest.models.walking import bare

__all__ = ["model_shape"]


def model_shape(schema_class: type[Schema]) -> tuple[s.Object | s.OneOf, s.Member]:
    """The object that a model describes, and its key.

    The key of a plain marshmallow schema is its field ``id``, or what its table of SQLAlchemy
    has for one: an integer is assigned by the store, a UUID is made on create, text is sent by
    the client.
    Raises ModelError when there is not exactly one key.
    """
    own = getattr(schema_class, "shape", None)  # a Model has it from its creation
    shape = own if isinstance(own, (s.Object, s.OneOf)) else schema_shape(schema_class)
    variants = [shape] if isinstance(shape, s.Object) else [one for _, one in shape.variants]
    if any(variant.extra == "keep" for variant in variants):
        raise ModelError(
            schema_class.__name__,
            [
                "class Meta: unknown = INCLUDE would store members that no store has a place for: "
                "give the model a field for them, such as a Dict, or nest it in another."
            ],
        )
    if isinstance(shape, s.OneOf):
        shape = _in_one_table(schema_class, shape)
    keys = [member for member in shape.members if member.is_key]
    name = _plain_name(schema_class)
    if not keys and own is None and any(member.name == name for member in shape.members):
        assert isinstance(shape, s.Object)  # nosec B101  # says it to the type checker
        return _plain_key(schema_class, shape, name)
    if len(keys) != 1:
        names = ", ".join(member.name for member in keys)
        found = f"it has {len(keys)}: {names}" if keys else "it has none"
        raise ModelError(
            schema_class.__name__,
            [f"a model has exactly one PkField, UUIDPkField or StringPkField; {found}."],
        )
    return shape, keys[0]


def _plain_name(schema_class: type[Schema]) -> str:
    # marshmallow-sqlalchemy has the table in its options, or the class that is mapped to one.
    options: Any = schema_class.opts
    mapped = getattr(options, "model", None)
    table = getattr(mapped, "__table__", getattr(options, "table", None))
    columns = [] if table is None else list(table.primary_key.columns)
    return str(columns[0].key) if len(columns) == 1 else "id"


def _plain_key(schema_class: type[Schema], shape: s.Object, name: str) -> tuple[s.Object, s.Member]:
    member = shape.member(name)
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
                    f"the key {name!r} must be an integer without validators or default, a UUID, "
                    "or a string that clients send."
                ],
            )
    key = replace(key, is_key=True, required=True)
    members = tuple(key if member.name == name else member for member in shape.members)
    return replace(shape, members=members), key


def _in_one_table(schema_class: type[Schema], shape: s.OneOf) -> s.OneOf:
    """The choice with the members of all its variants, of which one name means one thing."""
    mistakes: list[str] = []
    fields: Any = schema_class._declared_fields
    common = {field.attribute or name for name, field in fields.items()}
    members = tuple(_merged(shape, common, mistakes))
    if mistakes:
        raise ModelError(schema_class.__name__, mistakes)
    return replace(shape, members=members)


def _meaning(member: s.Member) -> tuple[object, ...]:
    return bare(member.shape), member.wire, member.reference


def _merged(shape: s.OneOf, common: Set[str], mistakes: list[str]) -> Iterator[s.Member]:
    found: dict[str, list[tuple[str, s.Member]]] = {}
    for value, variant in shape.variants:
        for member in variant.members:
            found.setdefault(member.name, []).append((value, member))
    for name, having in found.items():
        first_value, first = having[0]
        if first.wire == shape.discriminator:
            pairs = tuple((value, value) for value, _ in shape.variants)
            yield replace(first, shape=s.Choice(pairs=pairs))
            continue
        if name in common:
            # One field, though its shape may be another in each variant: functions are not equal.
            yield first
            continue
        for value, member in having[1:]:
            if _meaning(member) != _meaning(first):
                mistakes.append(
                    f"the variants {first_value!r} and {value!r} both have a field {name!r}, "
                    "with different meanings: records of one resource share a table."
                )
        everywhere = len(having) == len(shape.variants)
        if everywhere and all(member == first for _, member in having):
            yield first
        else:
            nullable = next((m.shape for _, m in having if m.nullable), first.shape)
            required = everywhere and all(member.required for _, member in having)
            yield replace(first, shape=nullable, required=required, default=s.MISSING)
