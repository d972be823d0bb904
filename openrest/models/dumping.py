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

#: name in JSON, name in the record, how its value is dumped, whether every record has it
#: name in JSON, name in records, how its value is dumped, whether it is always there, or null
Step = tuple[str, str, Dump | None, bool, bool]


def dumper(shape: s.Shape) -> Dump:
    """The compiled dumper of a shape."""
    return _dumper(shape) or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _dumper(shape: s.Shape) -> Dump | None:
    """None where the wire value is the native one, so that the callers need not call."""
    match shape:
        case s.Boolean() | s.Integer() | s.Number() | s.String() | s.Constant():
            return None
        case s.Uuid():
            return str
        case s.Parsed(write=write):
            return write
        case s.Date():
            return dt.date.isoformat
        case s.Time():
            return dt.time.isoformat
        case s.NaiveDateTime():
            return dt.datetime.isoformat
        case s.DateTime():
            return _dump_datetime
        case s.Timestamp():
            return _timestamp(shape)
        case s.Duration(unit=unit):
            return lambda value: value / unit
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
        case s.Tuple(items=items):
            return _tuple([dumper(item) for item in items])
        case s.Map():
            return _map(shape)
        case s.AnyValue(dump=dump):
            return dump
        case s.Plucked(shape=inner, member=name):
            return _plucked(dumper(inner), name)
        case s.Object():
            return _object(shape)
        case s.OneOf():
            return _one_of(shape)
        case s.Deferred():
            return lambda value: shape.once(dumper)(value)
        case _:
            raise TypeError(f"{shape!r} is not a shape that can be dumped")


def _dump_datetime(value: Any) -> str:
    if value.tzinfo is not dt.UTC:
        value = value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)
    text: str = value.isoformat()
    return text[:-6] + "Z"


def _timestamp(shape: s.Timestamp) -> Dump:
    unit = dt.timedelta(seconds=1) / shape.per_second
    if shape.whole:
        return lambda value: (_aware(value) - _EPOCH) // unit
    return lambda value: (_aware(value) - _EPOCH) / unit


def _aware(value: Any) -> Any:
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


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


def _tuple(dumps: list[Dump]) -> Dump:
    return lambda values: [dump(value) for dump, value in zip(dumps, values, strict=True)]


def _map(shape: s.Map) -> Dump | None:
    dump_value = _dumper(shape.value)
    if shape.key is None and dump_value is None:
        return None
    # An integer is its digits as the name of a member, and so is every other key its text.
    dump_key = str if shape.key is None else _dumper(shape.key) or str
    if dump_value is None:
        return lambda record: {dump_key(key): value for key, value in record.items()}
    return lambda record: {dump_key(key): dump_value(value) for key, value in record.items()}


def _plucked(dump: Dump, name: str) -> Dump:
    return lambda record: dump(record[name])


def _one_of(shape: s.OneOf) -> Dump:
    # The discriminator is the same in records: it has no name but its own.
    name = shape.discriminator
    dumps = {kind: _object(variant) for kind, variant in shape.variants}

    def dump_one_of(record: Mapping[str, Any]) -> dict[str, Any]:
        dump = dumps.get(record.get(name, ""))
        if dump is None:
            raise ContractError(f"The record is of no variant that the document has: {record!r}.")
        wire_object: dict[str, Any] = dump(record)
        return wire_object

    return dump_one_of


def _object(shape: s.Object) -> Dump:
    visible = [member for member in shape.members if not member.write_only]
    steps = [
        (m.wire, m.name, _dumper(m.shape), m.always, m.nullable) for m in visible if not m.compute
    ]
    made = [(m.wire, m.compute.make, dumper(m.shape)) for m in visible if m.compute]
    if made:
        return _with_computed(_object_of(steps, shape.extra), made)
    return _object_of(steps, shape.extra)


def _with_computed(dump: Dump, made: list[tuple[str, Callable[[Any], Any], Dump]]) -> Dump:
    def dump_computed(record: Mapping[str, Any]) -> dict[str, Any]:
        wire_object: dict[str, Any] = dump(record)
        for wire, make, dump_made in made:
            wire_object[wire] = dump_made(make(dict(record)))
        return wire_object

    return dump_computed


def _object_of(steps: list[Step], extra: s.Extra) -> Dump:
    if extra == "keep":
        return _with_unknown(_object_of(steps, "refuse"), frozenset(name for _, name, *_ in steps))
    if all(dump is None and always for _, _, dump, always, _ in steps):
        return _plain_object([(wire, name) for wire, name, *_ in steps])

    def dump_object(record: Mapping[str, Any]) -> dict[str, Any]:
        wire_object = {}
        for wire, name, dump, always, nullable in steps:
            if always:
                try:
                    value = record[name]
                except KeyError as missing:
                    raise _incomplete(record, missing) from missing
            else:
                value = record.get(name)
                if value is None and not (nullable and name in record):
                    continue
            wire_object[wire] = value if dump is None else dump(value)
        return wire_object

    return dump_object


def _with_unknown(dump: Dump, known: frozenset[str]) -> Dump:
    def dump_with_unknown(record: Mapping[str, Any]) -> dict[str, Any]:
        unknown = {name: value for name, value in record.items() if name not in known}
        return {**dump(record), **unknown}

    return dump_with_unknown


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
