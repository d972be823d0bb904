"""Shape -> a function that spells a wire value which fits in its one canonical form.

JSON has many spellings of one value (``5.0`` and ``5``); marshmallow's converters and a user's
hooks are given the one that dumping writes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.loading import wire_loader
from openrest.models.walking import without_rules

__all__ = ["respeller"]

Respell = Callable[[Any], Any]


def respeller(shape: s.Shape) -> Respell:
    """The function that respells values of the shape; what is left out or null stays so."""
    match shape:
        case s.Nullable(shape=inner):
            respell = respeller(inner)
            return lambda value: None if value is None else respell(value)
        case s.Except(shape=inner) | s.Ruled(shape=inner) | s.Plucked(shape=inner):
            return respeller(inner)
        case s.List(item=item):
            respell_item = respeller(item)
            return lambda values: [respell_item(value) for value in values]
        case s.Tuple(items=items):
            respells = [respeller(item) for item in items]
            return lambda values: [r(v) for r, v in zip(respells, values, strict=True)]
        case s.Map(value=value):
            respell_value = respeller(value)
            return lambda members: {name: respell_value(v) for name, v in members.items()}
        case s.Object(members=members):
            # What is read-only is sent only where the unknown is ignored, and may be anything.
            known = {m.wire: respeller(m.shape) for m in members if not m.read_only}
            return lambda sent: {
                wire: known[wire](value) if wire in known else value for wire, value in sent.items()
            }
        case s.OneOf(discriminator=name, variants=variants):
            by_kind = {kind: respeller(variant) for kind, variant in variants}
            return lambda sent: by_kind[sent[name]](sent)
        case s.Deferred():
            return lambda value: shape.once(respeller)(value)
        case s.AnyValue() | s.Constant():
            return lambda value: value
        case _:
            load, dump = wire_loader(without_rules(shape)), dumper(shape)
            return lambda value: dump(load(value))
