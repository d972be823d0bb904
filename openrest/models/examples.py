"""Shape -> an example: a wire value that the shape accepts, the same at every start."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

from openrest.errors import ModelError
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.loading import wire_loader

__all__ = ["example", "native_example"]


def example(shape: s.Shape) -> Any:
    """A wire value that fits; a member's own example where its field declares one.

    Raises ModelError when none can be made up: the field then has to declare one.
    """
    match shape:
        case s.Object():
            return {member.wire: _member(member) for member in shape.members}
        case s.List():
            return [example(shape.item)] * max(1, shape.min_items) if shape.max_items != 0 else []
        case s.Nullable():
            return example(shape.shape)
        case s.AnyValue():
            return "any value"
        case _:
            return next(filter(_fits(shape), _candidates(shape)), None)


def native_example(shape: s.Shape) -> Any:
    """The native value of the `example`."""
    return wire_loader(shape)(example(shape))


def _member(member: s.Member) -> Any:
    if member.example is not s.MISSING:
        return member.example
    if member.default is not s.MISSING and not callable(member.default):
        return dumper(member.shape)(member.default)
    made_up = example(member.shape)
    if made_up is None:
        raise ModelError(
            f"field {member.name!r}",
            ["no example can be made up that its rules take: give one, metadata={'example': ...}."],
        )
    return made_up


def _fits(shape: s.Shape) -> Any:
    load = wire_loader(shape)

    def fits(value: Any) -> bool:
        try:
            load(value)
        except Exception:  # a user's own rule may raise anything on a value it did not expect
            return False
        return True

    return fits


def _candidates(shape: s.Shape) -> list[Any]:
    match shape:
        case s.Boolean():
            return [True, False]
        case s.Integer(minimum=low, maximum=high):
            return [1, 0, low, high, low + 1]
        case s.Timestamp(minimum=low, maximum=high):
            return [1772357400, low, high]
        case s.Number(minimum=low, maximum=high):
            return [1.5, 0.5, 0.0, low, high, (low / 2 + high / 2)]
        case s.Decimal():
            return [
                dumper(shape)(
                    decimal.Decimal(1).scaleb(0).quantize(decimal.Decimal(1).scaleb(-shape.places))
                ),
                "0",
            ]
        case s.String():
            return _texts(shape)
        case s.DateTime():
            return ["2026-03-01T09:30:00Z"]
        case s.Date():
            return [dt.date(2026, 3, 1).isoformat()]
        case s.Uuid():
            return ["5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b"]
        case s.Choice():
            return [wire for wire, _ in shape.pairs]
        case s.Ruled(shape=inner):
            return _candidates(inner)
        case s.Except(shape=inner):
            more = [2, 3, "text", "another text"]
            return [*_candidates(inner), *more]
        case _:
            return []


def _texts(shape: s.String) -> list[str]:
    text = "string"
    if len(text) < shape.min_length:
        text = (text + " ") * shape.min_length
        text = text[: shape.min_length]
    elif shape.max_length is not None:
        text = text[: shape.max_length]
    samples = [pattern.sample() for pattern in shape.patterns]
    return [
        text,
        *samples,
        *(sample.ljust(shape.min_length, sample[-1:] or "a") for sample in samples),
    ]
