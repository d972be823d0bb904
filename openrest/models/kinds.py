"""marshmallow's fields of single values -> shapes, each read as the type that it names.

marshmallow is laxer than its types: `Integer` loads ``"5"``, `Boolean` loads ``"on"``. Here a
plain field is read strictly. An option that would have no effect then is refused.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import ipaddress
import math
import typing
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import fields as ma

from openrest.models import shapes as s
from openrest.models.addresses import IPV4, IPV6, interface
from openrest.models.dumping import dumper
from openrest.models.formats import INTEGER_TEXT
from openrest.models.spelled_dates import Kind, rfc_shape, spelled_shape

__all__ = ["KINDS", "annotated_shape", "check_decimal", "enum_shape", "is_json"]


def _integer(field: ma.Integer) -> s.Shape:
    if not field.as_string:
        return s.Integer()
    return s.Parsed(
        pattern=INTEGER_TEXT,
        parse=int,
        write=str,
        what="an integer of at most 18 digits in a string",
        example="1",
    )


def _float(field: ma.Float) -> s.Shape:
    if field.as_string:
        raise ValueError("as_string: a double has no bounded text; use a Decimal")
    if field.allow_nan:
        raise ValueError("allow_nan: JSON has neither NaN nor Infinity")
    return s.Number()


def _decimal(field: ma.Decimal) -> s.Shape:
    check_decimal(field)
    # marshmallow keeps the exponent that its places make: Decimal('0.01') for two.
    exponent = None if field.places is None else -typing.cast(int, field.places.as_tuple().exponent)
    if exponent is None:
        return s.Decimal()
    if not 0 <= exponent <= 18:
        raise ValueError(f"places must be between 0 and 18, not {exponent}")
    return s.Decimal(places=exponent, fixed=True)


def check_decimal(field: ma.Decimal) -> None:
    """Raise ValueError for options of a decimal that would have no effect."""
    if field.allow_nan:
        raise ValueError("allow_nan: JSON has neither NaN nor Infinity")
    if field.rounding is not None:
        raise ValueError("rounding: what has more places is refused, not rounded")


def _boolean(field: ma.Boolean) -> s.Shape:
    if field.truthy != ma.Boolean.truthy or field.falsy != ma.Boolean.falsy:
        raise ValueError("truthy and falsy: true and false are all that JSON calls a boolean")
    return s.Boolean()


def _datetime(field: ma.DateTime) -> s.Shape:
    kind: Kind = "datetime"
    if isinstance(field, ma.NaiveDateTime):
        kind = "naive"
        if field.timezone is not None:
            raise ValueError("timezone: every text is refused that has an offset")
    elif isinstance(field, ma.AwareDateTime):
        kind = "aware"
        if field.default_timezone is not None:
            raise ValueError("default_timezone: every text is refused that has no offset")
    match field.format:
        case None | "iso" | "iso8601":
            return s.NaiveDateTime() if kind == "naive" else s.DateTime()
        case "rfc" | "rfc822" | "timestamp" | "timestamp_ms" if kind == "naive":
            raise ValueError(f"the format {field.format!r} is of an instant, not a naive time")
        case "rfc" | "rfc822":
            return rfc_shape()
        case "timestamp" | "timestamp_ms":
            # marshmallow takes none before 1970.
            scale = 1 if field.format == "timestamp" else 1000
            return s.Timestamp(
                minimum=0, maximum=s.TIMESTAMP_MAX * scale, per_second=scale, whole=False
            )
        case directives:
            return spelled_shape(kind, directives)


def _date(field: ma.Date) -> s.Shape:
    own = field.format not in (None, "iso", "iso8601")
    return spelled_shape("date", str(field.format)) if own else s.Date()


def _time(field: ma.Time) -> s.Shape:
    own = field.format not in (None, "iso", "iso8601")
    return spelled_shape("time", str(field.format)) if own else s.Time()


def _timedelta(field: ma.TimeDelta) -> s.Shape:
    unit = dt.timedelta(**{field.precision: 1})
    most = s.DAYS_MAX * (dt.timedelta(days=1) / unit)
    return s.Duration(unit=unit, minimum=-most, maximum=most)


def _ip(field: ma.IP) -> s.Shape:
    version = {ma.IPv4: "v4", ma.IPv6: "v6"}.get(_first(field, (ma.IPv4, ma.IPv6)), "")
    formats = (f"ip{version}",) if version else ("ipv4", "ipv6")
    pattern = IPV4 if version == "v4" else IPV6
    shown = IPV6.sample() if version == "v6" else IPV4.sample()
    return s.Parsed(
        pattern=pattern,
        formats=formats,
        parse=field.DESERIALIZATION_CLASS or ipaddress.ip_address,
        write=_exploded if field.exploded else str,
        what=f"an IP{version} address, such as {shown}",
        example=shown,
    )


def _interface(field: ma.IPInterface) -> s.Shape:
    cls = _first(field, (ma.IPv4Interface, ma.IPv6Interface))
    version = {ma.IPv4Interface: 4, ma.IPv6Interface: 6}.get(cls)
    pattern = interface(version)
    return s.Parsed(
        pattern=pattern,
        parse=field.DESERIALIZATION_CLASS or ipaddress.ip_interface,
        write=_exploded if field.exploded else str,
        what=f"an IP address with a prefix, such as {pattern.sample()}",
        example=pattern.sample(),
    )


def _exploded(address: Any) -> str:
    text: str = address.exploded
    return text


def _first(field: Any, classes: tuple[type, ...]) -> Any:
    return next((cls for cls in classes if isinstance(field, cls)), None)


def _enum(field: ma.Enum[Any]) -> s.Shape:
    by = None if isinstance(field.by_value, bool) else field.field
    return enum_shape(field.enum, by_value=bool(field.by_value), by=by)


def enum_shape(
    members: type[enum.Enum], *, by_value: bool, by: ma.Field[Any] | None = None
) -> s.Choice:
    """The choice among the members of an enum, by their names or values.

    `by` is the field as which the values are written.
    """
    if not len(members):
        raise ValueError("its enum has no members")
    name = s.portable_name(members.__name__)
    origin = f"{members.__module__}.{members.__qualname__}"
    if not by_value:
        names = tuple((member.name, member) for member in members)
        return s.Choice(pairs=names, component=name, origin=origin)
    pairs = []
    form = "Value"
    for member in members:
        value = member.value if by is None else _written(by, member)
        if not _is_json_scalar(value):
            raise ValueError(f"the value of {member} is no string, number or boolean of JSON")
        if value is not member.value:
            # One enum can be written in several ways, each of which has a name.
            form = type(by).__name__
        pairs.append((value, member))
    return s.Choice(pairs=tuple(pairs), component=f"{name}{form}", origin=origin)


def _written(field: ma.Field[Any], member: enum.Enum) -> Any:
    own = type(field).__module__ not in (ma.__name__, "openrest.models.fields")
    kind = None if own else next((KINDS[cls] for cls in type(field).__mro__ if cls in KINDS), None)
    shape = None if kind is None else kind(field)
    try:
        return member.value if shape is None else dumper(shape)(member.value)
    except (AttributeError, ArithmeticError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the value of {member} is none of {type(field).__name__}") from error


def _is_json_scalar(value: Any) -> bool:
    if type(value) is str:
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    if type(value) is float:
        return math.isfinite(value)
    return type(value) in (bool, int)


def is_json(value: Any) -> bool:
    """Whether JSON can carry the value as it is."""
    match value:
        case None:
            return True
        case list():
            return all(map(is_json, value))
        case dict():
            return all(type(name) is str for name in value) and all(map(is_json, value.values()))
        case _:
            return _is_json_scalar(value)


def _constant(field: ma.Constant[Any]) -> s.Shape:
    value = field.constant
    if not is_json(value):
        raise ValueError(f"the constant {value!r} is no value of JSON")
    if value is None or isinstance(value, (list, dict)):
        return s.Constant(value=value)
    return s.Choice(pairs=((value, value),))


#: What each class of marshmallow's says of one value; subclasses of them say the same.
KINDS: Mapping[type[ma.Field[Any]], Callable[[Any], s.Shape]] = {
    ma.String: lambda field: s.String(),
    ma.Integer: _integer,
    ma.Float: _float,
    ma.Decimal: _decimal,
    ma.Boolean: _boolean,
    ma.UUID: lambda field: s.Uuid(),
    ma.DateTime: _datetime,
    ma.Date: _date,
    ma.Time: _time,
    ma.TimeDelta: _timedelta,
    ma.IP: _ip,
    ma.IPInterface: _interface,
    ma.Enum: _enum,
    ma.Constant: _constant,
    ma.Raw: lambda field: s.AnyValue(),
}

_ANNOTATED: Mapping[Any, Callable[[], s.Shape]] = {
    str: s.String,
    int: s.Integer,
    float: s.Number,
    bool: s.Boolean,
    decimal.Decimal: s.Decimal,
    dt.datetime: s.DateTime,
    dt.date: s.Date,
    dt.time: s.Time,
    dt.timedelta: s.Duration,
    uuid.UUID: s.Uuid,
}


def annotated_shape(function: Callable[..., Any]) -> s.Shape:
    """What a function says that it returns; any value, where that is no single value."""
    anything = s.Nullable(shape=s.AnyValue())
    try:
        said = typing.get_type_hints(function).get("return", Any)
    except (NameError, TypeError):  # a name for type checkers only, or no function
        return anything
    options = [option for option in typing.get_args(said) if option is not type(None)]
    if type(None) in typing.get_args(said) and len(options) == 1:
        return s.Nullable(shape=_ANNOTATED[options[0]]()) if options[0] in _ANNOTATED else anything
    return _ANNOTATED[said]() if said in _ANNOTATED else anything
