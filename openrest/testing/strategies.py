"""Shape -> a hypothesis strategy: values that fit, for properties and for fake data."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

from openrest.models import shapes as s
from openrest.models.formats import INTEGER_TEXT
from openrest.models.walking import bare

try:
    from hypothesis import strategies as st
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "openrest.testing.strategies draws values with hypothesis: pip install 'openrest[testing]'"
    ) from error

__all__ = ["json_values", "wire_values"]

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)


def json_values() -> st.SearchStrategy[Any]:
    """Any JSON value, small."""
    return st.recursive(
        _SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=5,
    )


def wire_values(shape: s.Shape) -> st.SearchStrategy[Any]:
    """Wire values that fit the shape, as a client may send them.

    Rules are not asked: where a shape has some, a value that fits may still be refused.
    """
    match shape:
        case s.Boolean():
            return st.booleans()
        case s.Integer(minimum=low, maximum=high):
            return st.integers(low, high)
        case s.Timestamp(minimum=low, maximum=high, whole=True):
            return st.integers(math.ceil(low), math.floor(high))
        case s.Timestamp() | s.Duration():
            return st.floats(shape.minimum, shape.maximum)
        case s.Number():
            return _numbers(shape)
        case s.Decimal():
            return st.from_regex(shape.pattern.replace("$", r"\Z"), fullmatch=True)
        case s.String():
            return _texts(shape)
        case s.DateTime():
            return _instants()
        case s.NaiveDateTime():
            return st.datetimes().map(dt.datetime.isoformat)
        case s.Date():
            return st.dates().map(dt.date.isoformat)
        case s.Time():
            return st.times().map(dt.time.isoformat)
        case s.Uuid():
            return st.uuids().map(str)
        case s.Link(resource=resource, shape=key):
            return wire_values(key).map(lambda value: f"/{resource}/{value}")
        case s.Parsed(formats=formats) if formats:
            addresses = {"ipv4": st.ip_addresses(v=4), "ipv6": st.ip_addresses(v=6)}
            return st.one_of(*(addresses[name] for name in formats)).map(str)
        case s.Parsed(pattern=pattern):
            return st.from_regex(pattern.compiled).filter(_parsed_by(shape))
        case s.Choice(pairs=pairs):
            return st.sampled_from([wire for wire, _ in pairs])
        case s.Constant(value=value):
            return st.just(value)
        case s.Except(shape=inner, values=values):
            return wire_values(inner).filter(lambda value: value not in values)
        case s.Nullable(shape=inner):
            return st.none() | wire_values(inner)
        case s.Ruled(shape=inner) | s.Plucked(shape=inner):
            return wire_values(inner)
        case s.AnyValue():
            return json_values().filter(lambda value: value is not None)
        case s.Deferred():
            # The same strategy each time, or what contains itself would be drawn without end.
            return st.deferred(lambda: shape.once(wire_values))
        case _:
            return _containers(shape)


def _containers(shape: s.Shape) -> st.SearchStrategy[Any]:
    match shape:
        case s.List(item=item, min_items=low, max_items=high):
            top = high if high is not None else low + 3
            return st.lists(wire_values(item), min_size=low, max_size=top)
        case s.Tuple(items=items):
            return st.tuples(*map(wire_values, items)).map(list)
        case s.Map(key=key, value=value, min_members=low, max_members=high):
            top = high if high is not None else low + 3
            names = st.text(max_size=5) if key is None else _names(key)
            return st.dictionaries(names, wire_values(value), min_size=low, max_size=top)
        case s.Object():
            return _objects(shape)
        case s.OneOf(variants=variants):
            return st.one_of(*(wire_values(variant) for _, variant in variants))
        case _:
            raise TypeError(f"{shape!r} is not a shape that values can be drawn for")


def _names(key: s.Shape) -> st.SearchStrategy[Any]:
    """The names of members; of integers those that have few enough digits."""
    names = wire_values(key).map(str)
    return names.filter(INTEGER_TEXT.search) if isinstance(bare(key), s.Integer) else names


def _parsed_by(shape: s.Parsed) -> Callable[[str], bool]:
    def is_parsed(text: str) -> bool:
        try:
            shape.parse(text)
        except ValueError:
            return False
        return True

    return is_parsed


def _numbers(shape: s.Number) -> st.SearchStrategy[Any]:
    return st.floats(
        shape.minimum,
        shape.maximum,
        exclude_min=shape.exclusive_minimum,
        exclude_max=shape.exclusive_maximum,
        allow_nan=False,
        allow_infinity=False,
    )


def _texts(shape: s.String) -> st.SearchStrategy[str]:
    low, high = shape.min_length, shape.max_length
    if not shape.patterns:
        return st.text(
            st.characters(codec="utf-8", exclude_characters="\0"), min_size=low, max_size=high
        )
    # The last is the most telling one: that of a mailbox is, and not the length before its "@".
    *others, first = shape.patterns
    return st.from_regex(first.compiled).filter(
        lambda text: (
            "\0" not in text
            and low <= len(text) <= (len(text) if high is None else high)
            and all(pattern.search(text) for pattern in others)
            and _is_unicode(text)
        )
    )


def _is_unicode(text: str) -> bool:
    return not any(0xD800 <= ord(char) <= 0xDFFF for char in text)


def _instants() -> st.SearchStrategy[str]:
    offsets = st.sampled_from(["Z", "+00:00", "-00:00", "+05:30", "-11:00", "+23:59"])
    inner = st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 12, 31))
    outer = st.datetimes().map(lambda instant: instant.isoformat() + "Z")
    return st.builds(lambda instant, offset: instant.isoformat() + offset, inner, offsets) | outer


def _objects(shape: s.Object) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {m.wire: wire_values(m.shape) for m in shape.members if m.required},
        optional={m.wire: wire_values(m.shape) for m in shape.members if not m.required},
    )
