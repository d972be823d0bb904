"""The fields of a model: marshmallow fields whose meaning is a `Shape`.

They differ from marshmallow's in one thing: each loads exactly what the document says of it.
Declare them with ``name=`` in a model's ``fields`` list, or as class attributes.
"""

from __future__ import annotations

import datetime as dt
import enum as enums
import inspect
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Unpack

from marshmallow import ValidationError
from marshmallow import fields as ma
from marshmallow.exceptions import MarshmallowError

from openrest.errors import InvalidData, did_you_mean
from openrest.models import shapes as s
from openrest.models.derive import field_shape
from openrest.models.dumping import Dump, dumper
from openrest.models.formats import INTEGER_TEXT, SEGMENT
from openrest.models.kinds import check_decimal
from openrest.models.loading import wire_loader
from openrest.models.places import nested_messages
from openrest.models.walking import without_names, without_rules

__all__ = [
    "BooleanField",
    "ConstantField",
    "DateField",
    "DateTimeField",
    "DecimalField",
    "DictField",
    "EmailField",
    "EnumField",
    "FloatField",
    "FunctionField",
    "IPField",
    "IPInterfaceField",
    "IPv4Field",
    "IPv6Field",
    "IntegerField",
    "ListField",
    "MethodField",
    "NaiveDateTimeField",
    "NestedField",
    "PkField",
    "PluckField",
    "RawField",
    "ShapedField",
    "StringField",
    "StringPkField",
    "TimeDeltaField",
    "TimeField",
    "TimestampField",
    "TupleField",
    "UUIDField",
    "UUIDPkField",
    "UrlField",
]


class FieldOptions(TypedDict, total=False):
    """What marshmallow takes for any field, so that type checkers know a misspelt name."""

    load_default: Any
    dump_default: Any
    data_key: str | None
    attribute: str | None
    validate: Any
    pre_load: Any
    post_load: Any
    required: bool
    allow_none: bool | None
    load_only: bool
    dump_only: bool
    error_messages: Any
    metadata: Mapping[str, Any]


class ShapedField(ma.Field[Any]):
    """A field that loads and dumps by its shape. `name` is needed in a ``fields`` list only.

    Subclass it, with a `base_shape`, to give a type of your own its place in the document.
    """

    #: Whether the field is the primary key of its model.
    is_key: ClassVar[bool] = False
    #: Tells that the conversions below are no author's own.
    loads_by_shape: ClassVar[bool] = True

    def __init__(self, *, name: str | None = None, **options: Unpack[FieldOptions]) -> None:
        try:
            super().__init__(**options)
        except MarshmallowError:
            raise  # which says by itself what is wrong
        except (AttributeError, TypeError) as error:
            raise TypeError(
                f"{type(self).__name__}: {_told(type(self), error, options)}"
            ) from error
        self.declared_name = name

    if TYPE_CHECKING:

        def base_shape(self) -> s.Shape:
            """What the field means before its validators narrow it."""

    def _loaded_shape(self) -> s.Shape:
        # Narrowed: marshmallow's own Regexp lets "$" match before a last newline.
        return without_rules(_present(field_shape(self, inherited=True)))

    # Not _load and _dump: marshmallow's Nested has a method of that name.
    @cached_property
    def _from_wire(self) -> Any:
        return wire_loader(self._loaded_shape())

    @cached_property
    def _to_wire(self) -> Dump:
        return dumper(_present(field_shape(self, inherited=True)))

    if not TYPE_CHECKING:  # subclasses have the signatures of marshmallow's own classes

        def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
            try:
                return self._from_wire(value)
            except InvalidData as broken:
                messages = nested_messages(broken.mistakes)
                # One text alone as it is, as marshmallow's own fields raise it.
                alone = isinstance(messages, list) and len(messages) == 1
                raise ValidationError(messages[0] if alone else messages) from broken

        def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
            return None if value is None else self._to_wire(value)


def _told(cls: type, error: Exception, options: Iterable[str]) -> str:
    """What is said of an option that no class of the field has, or of the wrong type."""
    inits = [vars(one)["__init__"] for one in cls.__mro__[:-1] if "__init__" in vars(one)]
    signatures = map(inspect.signature, inits)
    known = {name: None for signature in signatures for name in signature.parameters}
    for name in options:
        if name not in known:
            return f"unknown option {name!r}.{did_you_mean(name, known)}"
    return str(error)


def _present(shape: s.Shape) -> s.Shape:
    return shape.shape if isinstance(shape, s.Nullable) else shape


class ContainerField(ShapedField):
    """A field made of other fields: checked by its shape, then loaded with their own hooks."""

    loads_by_shape = True

    def _loaded_shape(self) -> s.Shape:
        # Which members there are is checked by what is nested: it knows of `partial`.
        return without_names(super()._loaded_shape())

    if not TYPE_CHECKING:

        def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
            super()._deserialize(value, attr, data, **kwargs)
            # marshmallow's own, which runs the hooks of what is nested.
            return super(ShapedField, self)._deserialize(value, attr, data, **kwargs)

        def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
            return super(ShapedField, self)._serialize(value, attr, obj, **kwargs)


class FormattedField(ShapedField):
    """A field of text that may have another form: directives of `strftime`, for example."""

    def __init__(
        self,
        format: str | None = None,
        *,
        name: str | None = None,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {"format": format}
        super().__init__(name=name, **own, **options)


class StringField(ShapedField, ma.String):
    """Unicode text without NUL; native `str`."""


class EmailField(ShapedField, ma.Email):
    """A mail address of ASCII characters (RFC 5321, section 4.1.2); native `str`."""


class UrlField(ShapedField, ma.Url):
    """A URL of ASCII characters (RFC 3986); native `str`.

    With `relative` a path is taken as well, and without `absolute` nothing else; `schemes` are
    http, https, ftp and ftps unless given; without `require_tld` a host needs no dot.
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        relative: bool = False,
        absolute: bool = True,
        schemes: Collection[str] | None = None,
        require_tld: bool = True,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {
            "relative": relative,
            "absolute": absolute,
            "schemes": schemes,
            "require_tld": require_tld,
        }
        super().__init__(name=name, **own, **options)


class IntegerField(ShapedField, ma.Integer):
    """A whole number of 64 bits, signed; native `int`. Narrow it with ``validate.Range``."""

    loads_by_shape = True

    if not TYPE_CHECKING:

        def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
            # The name of a member is text, also where it is an integer.
            is_name = isinstance(self.parent, ma.Mapping) and self.parent.key_field is self
            if is_name and isinstance(value, str) and INTEGER_TEXT.search(value):
                value = int(value)
            return super()._deserialize(value, attr, data, **kwargs)


class FloatField(ShapedField, ma.Float):
    """A finite double; native `float`."""


class BooleanField(ShapedField, ma.Boolean):
    """``true`` or ``false``; native `bool`."""


class DecimalField(ShapedField, ma.Decimal):
    """An exact decimal number, a string in JSON; native `decimal.Decimal`.

    `digits` (at most 18) are all its digits, `places` those after the point: with `places`
    every answer has all of them, without, up to six are taken and no zero is added.
    """

    def __init__(
        self,
        *,
        name: str | None = None,
        digits: int = 18,
        places: int | None = None,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {"places": places}
        super().__init__(name=name, **own, **options)
        if digits not in range(1, 19) or (places or 0) not in range(digits + 1):
            raise ValueError(
                "DecimalField: digits must be between 1 and 18, and places between 0 and digits, "
                f"not {digits!r} and {places!r}"
            )
        self.digits = digits
        self.fixed_places = places

    def base_shape(self) -> s.Shape:
        check_decimal(self)
        if self.fixed_places is None:
            return s.Decimal(digits=self.digits, places=min(6, self.digits - 1))
        return s.Decimal(digits=self.digits, places=self.fixed_places, fixed=True)


class UUIDField(ShapedField, ma.UUID):
    """A UUID in its hyphenated form; native `uuid.UUID`."""


class DateTimeField(FormattedField, ma.AwareDateTime):
    """An instant as RFC 3339 text with an offset, answered in UTC; native aware `datetime`.

    `format` may be ``"rfc"``, ``"timestamp"`` or ``"timestamp_ms"``, or directives of `strftime`.
    """


class NaiveDateTimeField(FormattedField, ma.NaiveDateTime):
    """A date and time without an offset, as on a wall; native naive `datetime`.

    `format` may be directives of `strftime`.
    """


class DateField(FormattedField, ma.Date):
    """A day as RFC 3339 text; native `datetime.date`. `format` may be directives of `strftime`."""


class TimeField(FormattedField, ma.Time):
    """A time of day, ``09:30:00``; native `datetime.time`. `format` as in `DateField`."""


class TimestampField(ShapedField, ma.Field[dt.datetime]):
    """An instant as whole seconds since 1970-01-01T00:00:00Z; native aware `datetime` in UTC."""

    def base_shape(self) -> s.Shape:
        return s.Timestamp()


class TimeDeltaField(ShapedField, ma.TimeDelta):
    """A span of time as a number; native `datetime.timedelta`.

    `precision` is the unit: weeks, days, hours, minutes, seconds, milliseconds or microseconds.
    """

    def __init__(
        self,
        precision: str = "seconds",
        *,
        name: str | None = None,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {"precision": precision}
        super().__init__(name=name, **own, **options)


class IPField(ShapedField, ma.IP):
    """An IP address of either version; native `ipaddress.IPv4Address` or `IPv6Address`."""


class IPv4Field(ShapedField, ma.IPv4):
    """An IPv4 address; native `ipaddress.IPv4Address`."""


class IPv6Field(ShapedField, ma.IPv6):
    """An IPv6 address without a zone; native `ipaddress.IPv6Address`."""


class IPInterfaceField(ShapedField, ma.IPInterface):
    """An IP address with the prefix of its network; native `ipaddress.IPv4Interface` or 6."""


class EnumField(ShapedField, ma.Enum[Any]):
    """A member of an `enum.Enum`, by its name, or by its value with ``by_value=True``.

    The values must then be strings, numbers or booleans.
    """

    def __init__(
        self,
        enum: type[enums.Enum],
        *,
        name: str | None = None,
        by_value: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {"enum": enum, "by_value": by_value}
        super().__init__(name=name, **own, **options)


class ConstantField(ShapedField, ma.Constant[Any]):
    """One JSON value and no other, which need not be sent: ``ConstantField("v1")``."""

    def __init__(
        self, constant: Any, *, name: str | None = None, **options: Unpack[FieldOptions]
    ) -> None:
        own: dict[str, Any] = {"constant": constant}
        super().__init__(name=name, **own, **options)

    loads_by_shape = True
    _serialize = ma.Constant._serialize  # whatever the record has


class RawField(ShapedField, ma.Raw):
    """Any JSON value, as it is; null with ``allow_none=True``."""


class ListField(ContainerField, ma.List[Any]):
    """An array of one kind of field: ``ListField(StringField(), name="tags")``."""

    def __init__(
        self,
        cls_or_instance: ma.Field[Any] | type[ma.Field[Any]],
        *,
        name: str | None = None,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {"cls_or_instance": cls_or_instance}
        super().__init__(name=name, **own, **options)


class TupleField(ContainerField, ma.Tuple):
    """An array with one item of each field: ``TupleField([FloatField(), FloatField()])``."""

    def __init__(
        self,
        tuple_fields: Iterable[ma.Field[Any] | type[ma.Field[Any]]],
        *,
        name: str | None = None,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {"tuple_fields": tuple_fields}
        super().__init__(name=name, **own, **options)


class DictField(ContainerField, ma.Dict):
    """An object with any members: ``DictField(values=IntegerField(), name="counts")``."""

    def __init__(
        self,
        keys: ma.Field[Any] | type[ma.Field[Any]] | None = None,
        values: ma.Field[Any] | type[ma.Field[Any]] | None = None,
        *,
        name: str | None = None,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {"keys": keys, "values": values}
        super().__init__(name=name, **own, **options)


class NestedField(ContainerField, ma.Nested):
    """An object that another model describes; native `dict`.

    `nested` is the model, or for one that is made later, or is this one, a function that gives
    it: ``NestedField(lambda: Comment)``. `only` and `exclude` are fields of it, `many` makes it a
    list, `unknown` is what becomes of members that it does not have.
    """

    def __init__(
        self,
        nested: Any,
        *,
        name: str | None = None,
        only: Collection[str] | None = None,
        exclude: Collection[str] = (),
        many: bool | None = None,
        unknown: str | None = None,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {
            "nested": nested,
            "only": only,
            "exclude": exclude,
            "many": many,
            "unknown": unknown,
        }
        super().__init__(name=name, **own, **options)


class PluckField(ContainerField, ma.Pluck):
    """One field of another model, which stands for its object: ``PluckField(Author, "name")``."""

    def __init__(
        self,
        nested: Any,
        field_name: str,
        *,
        name: str | None = None,
        many: bool = False,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {"nested": nested, "field_name": field_name, "many": many}
        super().__init__(name=name, **own, **options)


class MethodField(ShapedField, ma.Method):
    """What a method of the model makes of the record; with `deserialize` it is also loaded.

    The document shows what the method's annotation says that it returns.
    """

    def __init__(
        self,
        serialize: str | None = None,
        deserialize: str | None = None,
        *,
        name: str | None = None,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {"serialize": serialize, "deserialize": deserialize}
        super().__init__(name=name, **own, **options)

    loads_by_shape = True
    # Nobody but the method knows what it takes and gives.
    _deserialize = ma.Method._deserialize
    _serialize = ma.Method._serialize


class FunctionField(ShapedField, ma.Function):
    """What a function makes of the record; with `deserialize` it is also loaded."""

    def __init__(
        self,
        serialize: Callable[[Any], Any] | None = None,
        deserialize: Callable[[Any], Any] | None = None,
        *,
        name: str | None = None,
        **options: Unpack[FieldOptions],
    ) -> None:
        own: dict[str, Any] = {"serialize": serialize, "deserialize": deserialize}
        super().__init__(name=name, **own, **options)

    loads_by_shape = True
    # Nobody but the function knows what it takes and gives.
    _deserialize = ma.Function._deserialize
    _serialize = ma.Function._serialize


class PkField(ShapedField, ma.Integer):
    """The primary key, an integer that the store assigns and never gives twice; read-only."""

    is_key = True

    def __init__(self, *, name: str | None = None, **options: Unpack[FieldOptions]) -> None:
        options.update({"dump_only": True, "required": False})
        super().__init__(name=name, **options)

    def base_shape(self) -> s.Shape:
        return s.Integer(minimum=0)


class UUIDPkField(ShapedField, ma.UUID):
    """The primary key, a random UUID (RFC 9562, section 5.4) made on create; read-only."""

    is_key = True

    def __init__(self, *, name: str | None = None, **options: Unpack[FieldOptions]) -> None:
        options.update({"dump_only": True, "required": False, "load_default": uuid.uuid4})
        super().__init__(name=name, **options)

    def base_shape(self) -> s.Shape:
        return s.Uuid()


class StringPkField(ShapedField, ma.String):
    """The primary key, text that the client sends on create and cannot change later.

    It is a segment of a URL, so it takes 1 to 255 of the characters that may stand in one
    unescaped (RFC 3986, section 3.3, ``pchar``) and does not begin with a dot.
    """

    is_key = True

    def __init__(self, *, name: str | None = None, **options: Unpack[FieldOptions]) -> None:
        options.update({"required": True})
        super().__init__(name=name, **options)

    def base_shape(self) -> s.Shape:
        return s.String(min_length=1, max_length=255, patterns=(SEGMENT,))
