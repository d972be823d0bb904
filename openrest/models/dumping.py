"""Shape -> a function that turns a native value into the wire value the document promises.

Compiled once into closures. A dumper trusts its store for the values and checks what would
otherwise make the answer a lie at no cost: that each promised member is there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from openrest.errors import ContractError
from openrest.models import shapes as s

__all__ = ["Dump", "dumper"]

#: native value -> wire value
Dump = Callable[[Any], Any]


def dumper(shape: s.Shape) -> Dump:
    """The compiled dumper of a shape."""
    return _dumper(shape) or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _dumper(shape: s.Shape) -> Dump | None:
    """None where the wire value is the native one, so that the callers need not call."""
    match shape:
        case s.Boolean() | s.Integer() | s.Number() | s.String():
            return None
        case s.Uuid():
            return str
        case s.Date():
            return dt.date.isoformat
        case s.DateTime():
            return _dump_datetime
        case s.Timestamp():
            return _dump_timestamp
        case s.Decimal(fixed=fixed):
            return _dump_fixed_decimal if fixed else _dump_decimal
        case s.Choice(pairs=pairs):
            return _choice(pairs)
        case s.Except(shape=inner) | s.Ruled(shape=inner):
            return _dumper(inner)
        case s.Nullable(shape=inner):
            return _nullable(_dumper(inner))
        case s.List(item=item):
            return _list(_dumper(item))
        case s.AnyValue(dump=dump):
            return dump
        case s.Object():
            return _object(shape)
        case _:
            raise TypeError(f"{shape!r} is not a shape that can be dumped")


def _dump_datetime(value: Any) -> str:
    if value.tzinfo is not dt.UTC:
        value = value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)
    text: str = value.isoformat()
    return text[:-6] + "Z"


def _dump_timestamp(value: Any) -> int:
    seconds: int = (value - _EPOCH) // _SECOND
    return seconds


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SECOND = dt.timedelta(seconds=1)


def _dump_fixed_decimal(value: Any) -> str:
    return f"{value:f}"


def _dump_decimal(value: Any) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _choice(pairs: tuple[tuple[Any, Any], ...]) -> Dump | None:
    if all(wire is native for wire, native in pairs):
        return None
    wires = {native: wire for wire, native in pairs}
    return wires.__getitem__


def _nullable(dump: Dump | None) -> Dump | None:
    if dump is None:
        return None
    return lambda value: None if value is None else dump(value)


def _list(dump: Dump | None) -> Dump | None:
    if dump is None:
        return None
    return lambda values: [dump(value) for value in values]


def _object(shape: s.Object) -> Dump:
    visible = [member for member in shape.members if not member.write_only]
    steps = [(m.wire, m.name, _dumper(m.shape), m.always) for m in visible]
    if all(dump is None and always for _, _, dump, always in steps):
        return _plain_object([(wire, name) for wire, name, _, _ in steps])

    def dump_object(record: Mapping[str, Any]) -> dict[str, Any]:
        wire_object = {}
        for wire, name, dump, always in steps:
            if always:
                try:
                    value = record[name]
                except KeyError as missing:
                    raise _incomplete(record, missing) from missing
            else:
                value = record.get(name)
                if value is None:
                    continue
            wire_object[wire] = value if dump is None else dump(value)
        return wire_object

    return dump_object


def _plain_object(names: list[tuple[str, str]]) -> Dump:
    """For records that are shown as they are, less what is hidden."""

    def dump_plain_object(record: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {wire: record[name] for wire, name in names}
        except KeyError as missing:
            raise _incomplete(record, missing) from missing

    return dump_plain_object


def _incomplete(record: Mapping[str, Any], missing: KeyError) -> ContractError:
    return ContractError(
        f"The record has no {missing}, which the document promises; it has "
        f"{', '.join(map(repr, record)) or 'nothing'}."
    )
