"""An API with one resource for each kind of field and validator, in lists or in SQLite.

A kind is a table of fields. What fields can say together (nested objects, variants, hooks) is
in models of its own, below the tables.
"""

import enum
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from marshmallow import (
    EXCLUDE,
    INCLUDE,
    Schema,
    ValidationError,
    post_load,
    pre_load,
    validates,
    validates_schema,
)
from marshmallow import fields as ma
from marshmallow import validate as v

from openrest import models
from openrest.config import UniqueVerb
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import DataStore, PythonListDataStore, SQLiteDataStore
from openrest.openapi import Version
from openrest.views import JsonResponse
from tests.contract.apis import Kind

VERSIONS: tuple[Version, ...] = ("3.0", "3.1", "3.2")

Fields = Mapping[str, Callable[[], ma.Field[Any]]]


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


def even(number: int) -> None:
    if number % 2:
        raise ValidationError("Must be even.")


TEXTS: Fields = {
    "text": models.StringField,
    "plain": ma.String,
    "nullable": lambda: ma.String(allow_none=True),
    "uuid": models.UUIDField,
    "plain_uuid": ma.UUID,
    "length": lambda: ma.String(validate=v.Length(1, 5)),
    "exact_length": lambda: ma.String(validate=v.Length(equal=3)),
    "pattern": lambda: models.StringField(validate=v.Regexp("[A-Z]{2}-[0-9]{3}$")),
    "one_of": lambda: ma.String(validate=v.OneOf(["a", "b,c", ""])),
    "equal": lambda: ma.String(validate=v.Equal("only")),
    "none_of": lambda: models.StringField(validate=v.NoneOf(["root", "admin"])),
    "both": lambda: ma.String(validate=v.And(v.Length(min=2), v.NoneOf(["no"]))),
    "predicate": lambda: ma.String(validate=v.Predicate("isascii")),
    "renamed": lambda: ma.String(data_key="kebab-cased/name~"),
}

LINKS: Fields = {
    "mail": models.EmailField,
    "plain_mail": ma.Email,
    "checked_mail": lambda: ma.String(validate=v.Email()),
    "url": models.UrlField,
    "plain_url": ma.Url,
    "path": lambda: models.UrlField(relative=True),
    "local_url": lambda: ma.URL(schemes={"http"}, require_tld=False),
    "checked_url": lambda: ma.String(validate=v.URL(schemes={"ftp"})),
}

NUMBERS: Fields = {
    "integer": models.IntegerField,
    "plain_integer": ma.Integer,
    "strict": lambda: ma.Integer(strict=True),
    "integer_text": lambda: ma.Integer(as_string=True),
    "range": lambda: models.IntegerField(validate=v.Range(0, 9)),
    "open_range": lambda: ma.Integer(
        validate=v.Range(0, 9, min_inclusive=False, max_inclusive=False)
    ),
    "one_of": lambda: models.IntegerField(validate=v.OneOf([1, 2, 3]), load_default=2),
    "even": lambda: models.IntegerField(validate=even),
    "float": models.FloatField,
    "plain_float": ma.Float,
    "share": lambda: ma.Float(
        validate=v.Range(0, 1, min_inclusive=False, max_inclusive=False), allow_none=True
    ),
    "decimal": models.DecimalField,
    "price": lambda: models.DecimalField(digits=8, places=2),
    "plain_decimal": ma.Decimal,
    "plain_price": lambda: ma.Decimal(places=2, as_string=True),
    "cheap": lambda: models.DecimalField(places=2, validate=v.Range(0, 10)),
    "boolean": models.BooleanField,
    "plain_boolean": lambda: ma.Boolean(load_default=True),
}

TIMES: Fields = {
    "moment": models.DateTimeField,
    "moment_rfc": lambda: models.DateTimeField(format="rfc"),
    "moment_seconds": lambda: models.DateTimeField(format="timestamp"),
    "moment_spelled": lambda: models.DateTimeField(format="%d/%m/%Y %H:%M:%S %z"),
    "plain_moment": ma.DateTime,
    "plain_iso": lambda: ma.DateTime(format="iso"),
    "plain_rfc": lambda: ma.DateTime(format="rfc822"),
    "plain_milliseconds": lambda: ma.DateTime(format="timestamp_ms"),
    "plain_spelled": lambda: ma.DateTime(format="%Y%m%d%H%M%S"),
    "aware": ma.AwareDateTime,
    "naive": models.NaiveDateTimeField,
    "naive_spelled": lambda: models.NaiveDateTimeField(format="%d.%m.%Y %H:%M:%S"),
    "plain_naive": ma.NaiveDateTime,
    "day": models.DateField,
    "day_spelled": lambda: models.DateField(format="%d/%m/%Y"),
    "plain_day": lambda: ma.Date(allow_none=True),
    "time": models.TimeField,
    "time_spelled": lambda: models.TimeField(format="%H:%M"),
    "plain_time": ma.Time,
    "stamp": models.TimestampField,
    "span": models.TimeDeltaField,
    "span_days": lambda: models.TimeDeltaField(precision="days"),
    "plain_span": ma.TimeDelta,
    **{
        f"span_{unit}": partial(ma.TimeDelta, precision=unit)
        for unit in ("weeks", "hours", "minutes", "milliseconds", "microseconds")
    },
}

ADDRESSES: Fields = {
    "ip": models.IPField,
    "ip4": models.IPv4Field,
    "ip6": models.IPv6Field,
    "interface": models.IPInterfaceField,
    "plain_ip": ma.IP,
    "plain_ip4": ma.IPv4,
    "plain_ip6": lambda: ma.IPv6(exploded=True),
    "plain_interface": ma.IPInterface,
    "interface4": ma.IPv4Interface,
    "interface6": ma.IPv6Interface,
}

CHOICES: Fields = {
    "colour": lambda: models.EnumField(Colour),
    "colour_value": lambda: models.EnumField(Colour, by_value=True),
    "colour_or_null": lambda: models.EnumField(Colour, allow_none=True),
    "plain_colour": lambda: ma.Enum(Colour, load_default=Colour.RED),
    "size": lambda: ma.Enum(Size, by_value=True),
    "size_text": lambda: ma.Enum(Size, by_value=ma.Integer(as_string=True)),
    "constant": lambda: models.ConstantField("v1"),
    "plain_constant": lambda: ma.Constant({"a": [1, None]}),
    "raw": lambda: models.RawField(allow_none=True),
    "plain_raw": ma.Raw,
}

LISTS: Fields = {
    "texts": lambda: models.ListField(models.StringField(validate=v.Length(1, 5))),
    "plain": lambda: ma.List(ma.Integer(allow_none=True), allow_none=True),
    "length": lambda: ma.List(ma.String(), validate=v.Length(1, 3)),
    "contains_only": lambda: models.ListField(
        models.StringField(), validate=v.ContainsOnly(["a", "b"])
    ),
    "contains_none_of": lambda: ma.List(ma.Integer(), validate=v.ContainsNoneOf([0])),
    "days": lambda: models.ListField(models.DateField(), load_default=list),
    "colours": lambda: ma.List(ma.Enum(Colour)),
    "sizes": lambda: ma.List(ma.Enum(Size, by_value=True)),
    "grid": lambda: ma.List(ma.List(ma.Boolean())),
    "point": lambda: models.TupleField([models.FloatField(), models.FloatField()]),
    "mixed": lambda: models.TupleField([models.StringField(), models.IntegerField()]),
    "plain_mixed": lambda: ma.Tuple((ma.Date(), ma.Enum(Colour))),
}

MAPS: Fields = {
    "anything": models.DictField,
    "plain": ma.Dict,
    "nullable": lambda: ma.Dict(allow_none=True),
    "counts": lambda: models.DictField(values=models.IntegerField()),
    "texts": lambda: ma.Dict(keys=ma.String(), values=ma.String(allow_none=True)),
    "length": lambda: ma.Dict(values=ma.Date(), validate=v.Length(1, 2)),
    "by_number": lambda: models.DictField(keys=models.IntegerField()),
    "by_code": lambda: ma.Dict(keys=ma.String(validate=v.Length(1, 3)), values=ma.Integer()),
    "by_uuid": lambda: ma.Dict(keys=ma.UUID(), values=ma.Boolean()),
    "by_colour": lambda: ma.Dict(keys=ma.Enum(Colour), values=ma.Enum(Size, by_value=True)),
}

#: Those that OpenAPI 3.0 has no words for, by resource.
LATER: Mapping[str, tuple[str, ...]] = {
    "lists": ("mixed", "plain_mixed"),
    "maps": ("by_number", "by_code", "by_uuid", "by_colour"),
}

TABLES: Mapping[str, Fields] = {
    "texts": TEXTS,
    "links": LINKS,
    "numbers": NUMBERS,
    "times": TIMES,
    "addresses": ADDRESSES,
    "choices": CHOICES,
    "lists": LISTS,
    "maps": MAPS,
}


class City(models.Model):
    """A place that people live in."""

    fields = [
        models.StringField(
            name="name", required=True, metadata={"description": "What it is called"}
        ),
        models.StringField(name="code", load_default="0"),
        models.EnumField(Colour, name="colour"),
        models.StringField(name="secret", load_only=True),
        models.StringField(name="seal", dump_only=True, load_default="sealed"),
        models.DateField(name="founded", allow_none=True),
    ]


class Loose(Schema):
    """Ignores what it does not know."""

    class Meta:
        unknown = EXCLUDE

    name = ma.String(required=True)


class Open(Schema):
    """Keeps what it does not know."""

    class Meta:
        unknown = INCLUDE

    name = ma.String(required=True)


class Nests(models.Model):
    """Objects in objects."""

    id = models.PkField()
    city = models.NestedField(City, required=True)
    nullable = models.NestedField(City, allow_none=True)
    cities = models.ListField(models.NestedField(City), load_default=list)
    several = ma.Nested(City, many=True, validate=v.Length(max=3))
    part = models.NestedField(City, only=("name", "colour"))
    without = ma.Nested(City, exclude=("founded", "seal"))
    loose = models.NestedField(Loose)
    open = ma.Nested(Open)
    closed = ma.Nested(Loose, unknown="raise", only=("name",))
    by_name = ma.Dict(values=ma.Nested(City))
    name = models.PluckField(City, "name")
    names = ma.Pluck(City, "name", many=True)
    named = ma.Nested({"x": ma.Float(required=True), "y": ma.Float(load_default=0.0)})


class Comments(models.Model):
    """What contains itself."""

    id = models.UUIDPkField()
    text = models.StringField(required=True)
    replies = models.ListField(models.NestedField(lambda: Comments), load_default=list)
    parent = ma.Nested(lambda: Comments(only=("text",)), allow_none=True)
    tree = models.DictField(values=models.NestedField(lambda: Comments))


class Cat(models.Model):
    lives = models.IntegerField(load_default=9, validate=v.Range(0, 9))


class Dog(models.Model):
    """It barks."""

    barks = models.BooleanField(required=True)
    home = models.NestedField(City)


class Pets(models.OneOf):
    """One of several."""

    fields = [
        models.StringPkField(name="tag"),
        models.StringField(name="name", required=True, validate=v.Length(max=20)),
        models.EnumField(Colour, name="colour"),
    ]
    discriminator = "kind"
    variants = {"cat": Cat, "dog": Dog}


class Circle(Schema):
    radius = ma.Float(required=True, validate=v.Range(min=0))


class Square(Schema):
    side = ma.Integer(required=True, validate=v.Range(min=0))


class Shape(models.OneOf):
    """What is drawn."""

    discriminator = "is"
    variants = {"circle": Circle, "square-shape": Square}


class Drawings(models.Model):
    """Objects of several kinds in an object."""

    id = models.PkField()
    main = models.NestedField(Shape, required=True)
    second = models.NestedField(Shape, allow_none=True)
    shapes = models.ListField(models.NestedField(Shape), load_default=list)
    by_name = ma.Dict(values=ma.Nested(Shape))


class Computed(models.Model):
    """What functions make."""

    id = models.PkField()
    name = models.StringField(required=True)
    size = models.IntegerField(load_default=1)
    length = models.MethodField("get_length")
    shout = ma.Method("get_shout", deserialize="load_shout")
    double = models.FunctionField(lambda record: record.size * 2)
    trimmed = ma.Function(deserialize=lambda value: str(value).strip())

    def get_length(self, record: Any) -> int:
        return len(record.name)

    def get_shout(self, record: Any) -> str | None:
        shout = getattr(record, "shout", None)
        return None if shout is None else str(shout)

    def load_shout(self, value: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Not text.")
        return value.upper()


class Span(Schema):
    """Its hooks run wherever it is nested."""

    low = ma.Integer(required=True, metadata={"example": 2})
    high = ma.Integer(load_default=100)
    note = ma.String()

    @pre_load
    def trim(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {**data, "note": data["note"].strip()} if "note" in data else data

    @validates("low")
    def low_is_even(self, value: int, data_key: str) -> None:
        even(value)

    @validates_schema
    def low_is_not_above_high(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data["low"] > data["high"]:
            raise ValidationError("Low is above high.", "low")

    @post_load
    def clean(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return dict(data)


class Hooked(Schema):
    """marshmallow's hooks, of what it nests, too."""

    class Meta:
        unknown = EXCLUDE

    id = ma.Integer()
    span = ma.Nested(Span, required=True)
    spans = ma.List(ma.Nested(Span), load_default=list)
    secret = ma.String(load_only=True)

    @validates_schema
    def few_spans(self, data: dict[str, Any], **kwargs: Any) -> None:
        if len(data.get("spans", [])) > 2:
            raise ValidationError("Too many.", "spans")


MODELS: Mapping[str, type[Schema]] = {
    "nests": Nests,
    "comments": Comments,
    "pets": Pets,
    "drawings": Drawings,
    "computed": Computed,
    "hooked": Hooked,
}


def kind_models(openapi: Version) -> Iterator[tuple[str, type[Schema]]]:
    """The model of each resource; for 3.0 without what it has no words for."""
    for name, table in TABLES.items():
        left_out = LATER.get(name, ()) if openapi == "3.0" else ()
        made = {field: make() for field, make in table.items() if field not in left_out}
        yield name, models.Model.from_dict({"id": models.PkField(), **made}, name=name.title())
    yield from MODELS.items()


def serve(
    served: Mapping[str, type[Schema]],
    kind: Kind,
    folder: Path,
    openapi: Version = "3.1",
    *,
    verbs: tuple[UniqueVerb, ...] = ("GET", "PUT", "PATCH", "DELETE"),
    debug: bool = True,
    store: tuple[type[DataStore], Callable[[str], Any]] | None = None,
) -> WSGIDispatcher:
    """An API with a resource for each model, which begins empty.

    `store` is the class of another store than that of the `kind`, with what it needs to reach the
    data of the resource with a name.
    """

    def controller(name: str, model: type[Schema]) -> type[Controller]:
        where: Any = [] if kind == "list" else {"name": str(folder / "kinds.db"), "table": name}
        stores: dict[Kind, type[DataStore]] = {
            "list": PythonListDataStore,
            "sqlite": SQLiteDataStore,
        }
        datastore = stores[kind]
        if store is not None:
            datastore, where = store[0], store[1](name)

        class Resource(Controller):
            resource = {
                "resource_name": name,
                "resource": where,
                "model": model,
                "datastore": datastore,
            }
            controller = {"list_verbs": ["GET", "POST"], "unique_verbs": list(verbs)}
            view = {"response_class": JsonResponse}

        return Resource

    classes = [controller(name, model) for name, model in served.items()]
    return WSGIDispatcher(classes, title="Kinds", openapi=openapi, debug=debug)


def kinds(
    kind: Kind, folder: Path, openapi: Version = "3.1", *, debug: bool = True
) -> WSGIDispatcher:
    """The API of every kind."""
    return serve(dict(kind_models(openapi)), kind, folder, openapi, debug=debug)
