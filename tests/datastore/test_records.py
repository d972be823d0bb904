"""Keeper: what is kept without dumping and loading is what they would have given."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from typing import Any

import pytest

from openrest.datastore.records import _exactly, _keeper
from openrest.models import shapes as s

SHAPES: list[s.Shape] = [
    s.Boolean(),
    s.Integer(),
    s.Integer(minimum=0, maximum=5),
    s.Number(),
    s.Number(minimum=0, maximum=5),
    s.Number(minimum=0, maximum=5, exclusive_minimum=True, exclusive_maximum=True),
    s.String(),
    s.String(min_length=1, max_length=3),
    s.Date(),
    s.Uuid(),
]
VALUES: list[Any] = [
    *(True, False, 0, 1, 5, 6, -1, 2**63, -(2**63), 10**400),
    *(0.0, -0.0, 1.5, 5.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan),
    *("", "a", "abc", "abcd", "é", "\0", "\ud800", b"a", [], {}),
    *(dt.date.min, dt.date(2026, 3, 1), dt.date.max, dt.datetime(2026, 3, 1), "2026-03-01"),
    *(uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), str(uuid.UUID(int=0))),
]


def outcome(keep: Any, value: Any) -> str:
    try:
        kept = keep(value)
    except ValueError as error:
        return f"refused: {error}"
    return f"{type(kept).__name__} {kept!r}"


@pytest.mark.parametrize("shape", SHAPES, ids=repr)
def test_a_short_cut_gives_what_dumping_and_loading_give(shape: s.Shape) -> None:
    short, long = _keeper(shape), _exactly(shape)
    for value in VALUES:
        assert outcome(short, value) == outcome(long, value), value


def test_a_list_is_a_copy_whose_length_is_checked() -> None:
    keep = _keeper(s.List(item=s.Nullable(shape=s.Integer()), min_items=1, max_items=2))
    values = [1, None]
    assert keep(values) == values
    assert keep(values) is not values
    assert outcome(keep, []) == "refused: must not be empty"
    assert outcome(keep, [1, 2, 3]) == "refused: must have at most 2 items"
    assert outcome(keep, (1, 2)) == "refused: must be an array"
    assert outcome(keep, [1, "a"]) == "refused: must be an integer"
