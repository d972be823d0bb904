"""Whether the type of a column that is there holds the values of a member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from openrest.datastore.sql.columns import Column, value_of
from openrest.models import shapes as s
from openrest.models.walking import bare, each

__all__ = ["choices", "has_free_values", "holds", "largest", "longest", "text_fits", "with_places"]


def holds(column: Column, member: s.Member, found: sa.types.TypeEngine[Any]) -> Column | None:
    """The column as it is found, where its type holds the values."""
    match column.kind:
        case "integer":
            fits = isinstance(found, sa.Integer) and _integers_fit(member, found)
        case "number":
            fits = isinstance(found, sa.Double)
        case "boolean":
            fits = isinstance(found, (sa.Boolean, mysql.TINYINT))
        case "instant" | "moment":
            aware = bool(getattr(found, "timezone", False))
            wanted = bool(getattr(column.type, "timezone", False))
            fits = isinstance(found, sa.DateTime) and aware is wanted
        case "time":
            fits = isinstance(found, sa.Time) and not getattr(found, "timezone", False)
        case "date":
            fits = isinstance(found, sa.Date)
        case "uuid":
            fits = isinstance(found, sa.Uuid)
        case "decimal":
            fits = _decimals_fit(member, found)
        case "json":
            fits = isinstance(found, sa.JSON)
        case "text":
            fits = False
    if not fits:
        return None
    if isinstance(found, sa.Numeric) and found.scale != getattr(column.type, "scale", None):
        column = with_places(column, member)
    return replace(column, type=found)


def with_places(column: Column, member: s.Member) -> Column:
    """The column of decimals that may come with more places than the field has."""
    return replace(column, decode=value_of(member).decode) if column.kind == "decimal" else column


def text_fits(member: s.Member, length: int | None) -> bool:
    """Whether a text column of so many characters holds all texts of the member."""
    if length is None:
        return True
    most = longest(member.shape)
    return most is not None and most <= length


def longest(shape: s.Shape) -> int | None:
    """How many characters the longest text has that a column holds for the shape, if it is told."""
    inner = bare(shape)
    match inner:
        case s.String(max_length=most):
            return most
        case s.Choice(pairs=pairs) if all(type(wire) is str for wire, _ in pairs):
            return max(len(wire) for wire, _ in pairs)
        case s.Uuid():
            return 36
        case _:
            return None


def choices(shape: s.Shape) -> Sequence[str]:
    """The texts of a choice; none where the shape is something else."""
    inner = bare(shape)
    if isinstance(inner, s.Choice) and all(type(wire) is str for wire, _ in inner.pairs):
        return [wire for wire, _ in inner.pairs]
    return []


def has_free_values(shape: s.Shape) -> bool:
    """Whether JSON values are in it whose spelling counts: ``1e2`` is a float, and 100 is none."""
    free = (s.AnyValue, s.Constant, s.Choice)
    return any(isinstance(inner, free) and not choices(inner) for inner in each(shape))


def largest(type_: sa.types.TypeEngine[Any]) -> int:
    """The largest integer that a column of the type holds."""
    match type_:
        case sa.BigInteger():
            bits = 64
        case mysql.TINYINT():
            bits = 8
        case sa.SmallInteger():
            bits = 16
        case mysql.MEDIUMINT():
            bits = 24
        case _:
            bits = 32
    return int(2 ** (bits - 1)) - 1


def _integers_fit(member: s.Member, found: sa.types.TypeEngine[Any]) -> bool:
    if getattr(found, "unsigned", False):
        return False
    shape = bare(member.shape)
    match shape:
        case s.Integer() if member.is_key and member.read_only:
            return True  # the database assigns them
        case s.Integer(minimum=least, maximum=most):
            pass
        case s.Choice(pairs=pairs):
            least, most = min(wire for wire, _ in pairs), max(wire for wire, _ in pairs)
        case _:
            least, most = s.INT64_MIN, s.INT64_MAX
    end = largest(found)
    return -end - 1 <= least and most <= end


def _decimals_fit(member: s.Member, found: Any) -> bool:
    shape = bare(member.shape)
    if not isinstance(shape, s.Decimal) or not isinstance(found, sa.Numeric):
        return False
    if isinstance(found, sa.Float) or found.precision is None or found.scale is None:
        return False
    whole = shape.digits - shape.places
    return found.scale >= shape.places and found.precision - found.scale >= whole
