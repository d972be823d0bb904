"""The fields of a model: marshmallow fields whose meaning is a `Shape`.

They differ from marshmallow's in one thing: each loads exactly what the document says of it.
Declare them with ``name=`` in a model's ``fields`` list, or as class attributes.
"""

from __future__ import annotations

import datetime as dt
import enum as enums
import uuid
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, TypedDict, Unpack

from marshmallow import ValidationError
from marshmallow import fields as ma

from openrest.errors import InvalidData
from openrest.models import shapes as s
from openrest.models.derive import enum_shape, field_shape
from openrest.models.dumping import Dump, dumper
from openrest.models.formats import SEGMENT
from openrest.models.loading import wire_loader
from openrest.models.narrowing import narrow

__all__ = [
    "BooleanField",
    "DateField",
    "DateTimeField",
    "DecimalField",
    "EnumField",
    "FloatField",
    "IntegerField",
    "ListField",
    "PkField",
    "ShapedField",
    "StringField",
    "StringPkField",
    "TimestampField",
    "UUIDField",
    "UUIDPkField",
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

    def __init__(self, *, name: str | None = None, **options: Unpack[FieldOptions]) -> None:
        super().__init__(**options)
        self.declared_name = name

    def base_shape(self) -> s.Shape:
        """What the field means before its validators narrow it."""
        raise NotImplementedError(f"{type(self).__name__} has no base_shape()")

    @cached_property
    def _load(self) -> Any:
        # Narrowed: marshmallow's own Regexp lets "$" match before a last newline.
        return wire_loader(s.without_rules(narrow(self.base_shape(), self.validators)))

    @cached_property
    def _dump(self) -> Dump:
        return dumper(self.base_shape())

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        try:
            return self._load(value)
        except InvalidData as broken:
            raise ValidationError([mistake.detail for mistake in broken.mistakes]) from broken

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else self._dump(value)


class StringField(ShapedField, ma.String):
    """Unicode text without NUL; native `str`."""

    def base_shape(self) -> s.Shape:
        return s.String()


class IntegerField(ShapedField, ma.Integer):
    """A whole number of 64 bits, signed; native `int`. Narrow it with ``validate.Range``."""

    def base_shape(self) -> s.Shape:
        return s.Integer()


class FloatField(ShapedField, ma.Float):
    """A finite double; native `float`."""

    def base_shape(self) -> s.Shape:
        return s.Number()


class BooleanField(ShapedField, ma.Boolean):
    """``true`` or ``false``; native `bool`."""

    def base_shape(self) -> s.Shape:
        return s.Boolean()


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
        if not 1 <= digits <= 18 or not 0 <= (places or 0) <= digits:
            raise ValueError("digits must be between 1 and 18, and places between 0 and digits")
        self.digits = digits
        self.fixed_places = places

    def base_shape(self) -> s.Shape:
        if self.fixed_places is None:
            return s.Decimal(digits=self.digits, places=min(6, self.digits - 1))
        return s.Decimal(digits=self.digits, places=self.fixed_places, fixed=True)


class UUIDField(ShapedField, ma.UUID):
    """A UUID in its hyphenated form; native `uuid.UUID`."""

    def base_shape(self) -> s.Shape:
        return s.Uuid()


class DateTimeField(ShapedField, ma.DateTime):
    """An instant as RFC 3339 text with an offset, answered in UTC; native aware `datetime`."""

    def base_shape(self) -> s.Shape:
        return s.DateTime()


class DateField(ShapedField, ma.Date):
    """A day as RFC 3339 text; native `datetime.date`."""

    def base_shape(self) -> s.Shape:
        return s.Date()


class TimestampField(ShapedField, ma.Field[dt.datetime]):
    """An instant as whole seconds since 1970-01-01T00:00:00Z; native aware `datetime` in UTC."""

    def base_shape(self) -> s.Shape:
        return s.Timestamp()


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

    def base_shape(self) -> s.Shape:
        return enum_shape(self.enum, by_value=bool(self.by_value))


class ListField(ShapedField, ma.List[Any]):
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

    def base_shape(self) -> s.Shape:
        return s.List(item=field_shape(self.inner))


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
