"""What a nested schema is called, and when two of them are the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from marshmallow import Schema
from marshmallow import fields as ma

from openrest.models import shapes as s
from openrest.models.hooks import Refine
from openrest.models.walking import rebuilt

__all__ = ["component_name", "hooked", "schema_key"]


def schema_key(schema: Schema) -> tuple[Any, ...]:
    """Equal for schemas of one class with the same options."""
    return (
        type(schema),
        frozenset(schema.fields),
        schema.partial if isinstance(schema.partial, bool) else frozenset(schema.partial or ()),
        frozenset(schema.load_only),
        frozenset(schema.dump_only),
        tuple(_narrowed(schema)),
    )


def _narrowed(schema: Schema) -> Iterator[tuple[Any, ...]]:
    """The nested fields of which only a part is shown: ``only=("author.name",)`` says so."""
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, ma.List) else field
        if isinstance(inner, ma.Nested) and not isinstance(inner, ma.Pluck):
            only = None if inner.only is None else tuple(sorted(inner.only))
            if only is not None or inner.exclude:
                yield name, only, tuple(sorted(inner.exclude))


def component_name(schema: Schema, unknown: str = "") -> str | None:
    """The name of its class, less ``Schema`` at its end, and what its options leave of it.

    `unknown` is what becomes of unknown members, where that is not for the schema to say. None
    for a schema that has no class of its own: ``Nested({"x": Float()})``.
    """
    cls = type(schema)
    if cls.__name__ == "GeneratedSchema":
        return None
    name = s.portable_name(cls.__name__.removesuffix("Schema") or cls.__name__)
    if (unknown or schema.unknown) != cls.opts.unknown:
        name += (unknown or schema.unknown).title()
    if schema_key(schema) == schema_key(cls()):
        return name
    kept = [field for field in cls._declared_fields if field in schema.fields]
    left = [field for field in cls._declared_fields if field not in schema.fields]
    if left:
        # Whichever is the shorter to say.
        name += f"Without{_joined(left)}" if len(left) <= len(kept) else f"Only{_joined(kept)}"
    for field, only, exclude in _narrowed(schema):
        name += _joined([field]) + (
            f"Only{_joined(only)}" if only else f"Without{_joined(exclude)}"
        )
    if schema.partial:
        optional = () if schema.partial is True else schema.partial
        name += f"Partial{_joined(optional)}"
    return name


def _joined(names: Iterable[str]) -> str:
    return "".join(
        part[:1].upper() + part[1:] for name in names for part in name.replace(".", "_").split("_")
    )


def hooked(shape: s.Object, refine: Refine) -> s.Object:
    """The object with hooks that are also those of all that is nested in it."""
    members = tuple(replace(m, shape=_without_hooks(m.shape)) for m in shape.members)
    return replace(shape, members=members, refine=refine)


def _without_hooks(shape: s.Shape) -> s.Shape:
    if isinstance(shape, s.Object) and shape.refine is not None:
        shape = replace(shape, refine=None)
    return rebuilt(shape, _without_hooks)
