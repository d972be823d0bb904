"""One API made of everything there is, on either store: what the contract tests are run on."""

import enum
import hashlib
from pathlib import Path
from typing import Any, Literal

from marshmallow import (
    EXCLUDE,
    Schema,
    ValidationError,
    post_load,
    pre_load,
    validates,
    validates_schema,
)
from marshmallow import fields as ma
from marshmallow.validate import ContainsOnly, Length, NoneOf, OneOf, Range, Regexp

from openrest import models
from openrest.contract import Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore, SQLiteDataStore, UniqueTogether
from openrest.errors import Conflict
from openrest.interfaces import DataStore
from openrest.models import shapes as s
from openrest.pagination import Pagination
from openrest.query import Condition, Query
from openrest.views import JsonResponse, formatter

Kind = Literal["list", "sqlite"]
KINDS: tuple[Kind, ...] = ("list", "sqlite")


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


class Grade(enum.Enum):
    ONE = 1
    TWO = 2.5
    NONE = "none"


class Switch(enum.Enum):
    ON = True
    OFF = False


class Digest(ma.Field[Any]):
    """A user's own field: what it makes of a value, only its author knows."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Not text.")
        return hashlib.sha256(value.encode()).hexdigest()[:8]

    def _serialize(self, value: Any, attr: Any, obj: Any, **kwargs: Any) -> str:
        return f"sha256:{value}"


def must_be_even(number: int) -> None:
    if number % 2:
        raise ValidationError("Must be even.")


class Thing(models.Model):
    """A thing with every kind of field."""

    fields = [
        models.PkField(name="id"),
        models.StringField(name="name", required=True, validate=Length(1, 20)),
        models.IntegerField(name="size", required=True, validate=Range(0, 100)),
    ]
    # Integers
    any_integer = models.IntegerField()
    open_range = models.IntegerField(
        validate=Range(0, 5, min_inclusive=False, max_inclusive=False), allow_none=True
    )
    one_integer = models.IntegerField(validate=OneOf([1, 2, 3]), load_default=2)
    even = models.IntegerField(validate=must_be_even)
    low = models.IntegerField()
    high = models.IntegerField()
    # Text
    code = models.StringField(validate=Regexp("[A-Z]{2}-[0-9]{3}$"))
    begins = models.StringField(validate=Regexp("[^a-c]"), allow_none=True)
    color = models.StringField(validate=OneOf(["red", "green"]), load_default="red")
    not_root = models.StringField(validate=[NoneOf(["root", "admin"]), Length(max=8)])
    note = models.StringField(allow_none=True)
    kebab = models.StringField(data_key="kebab-cased name")
    secret = models.StringField(load_only=True, load_default="open sesame")
    origin = models.StringField(dump_only=True, load_default="here")
    digest = Digest()
    # Numbers
    ratio = models.FloatField()
    share = models.FloatField(
        validate=Range(0, 1, min_inclusive=False, max_inclusive=False), allow_none=True
    )
    price = models.DecimalField(places=2, digits=8)
    exact = models.DecimalField(allow_none=True)
    whole = models.DecimalField(places=0, digits=3)
    cheap = models.DecimalField(places=2, validate=Range(0, 10))
    # The rest
    active = models.BooleanField(load_default=False)
    maybe = models.BooleanField(allow_none=True)
    seen = models.DateTimeField()
    seen_or_not = models.DateTimeField(allow_none=True)
    born = models.DateField()
    born_or_not = models.DateField(allow_none=True)
    stamp = models.TimestampField()
    stamp_or_not = models.TimestampField(allow_none=True)
    token = models.UUIDField()
    token_or_not = models.UUIDField(allow_none=True)
    level = models.EnumField(Level)
    level_or_not = models.EnumField(Level, allow_none=True)
    grade = models.EnumField(Grade, by_value=True)
    switch = models.EnumField(Switch, by_value=True)
    tags = models.ListField(models.StringField(validate=Length(1, 5)), validate=Length(max=3))
    numbers = models.ListField(models.IntegerField(allow_none=True), allow_none=True)
    letters = models.ListField(models.StringField(), validate=ContainsOnly(["a", "b"]))
    days = models.ListField(models.DateField(), load_default=list)
    grid = models.ListField(models.ListField(models.BooleanField()))
    anything = ma.Raw()
    # marshmallow's own
    plain_integer = ma.Integer()
    plain_text = ma.String(allow_none=True)
    plain_moment = ma.AwareDateTime()
    plain_decimal = ma.Decimal(places=1)

    @validates_schema
    def low_is_not_above_high(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data.get("low", 0) > data.get("high", data.get("low", 0)):
            raise ValidationError("Low is above high.", "low")

    @validates("note")
    def note_is_not_about_itself(self, value: str | None, data_key: str) -> None:
        if value == "note":
            raise ValidationError("Says nothing.")


class Step(models.Model):
    by = models.IntegerField(required=True, validate=Range(1, 3))


class Count(models.Model):
    count = models.IntegerField(required=True, validate=Range(min=0))


class Label(models.Model):
    slug = models.StringPkField()
    shelf = models.StringField(required=True, validate=Length(1, 10))
    place = models.IntegerField(allow_none=True)


class Device(models.Model):
    serial = models.UUIDPkField()
    made = models.DateField(required=True)


@formatter(
    adds=[models.IntegerField(name="name_length", validate=Range(0, 20))], removes=["plain_text"]
)
def measure(record: dict[str, Any], call: Call) -> dict[str, Any]:
    record.pop("plain_text", None)
    return {**record, "name_length": len(record["name"])}


def everything(kind: Kind, folder: Path, *, debug: bool = True, **options: Any) -> WSGIDispatcher:
    """Three resources that begin empty, in lists or in a file of SQLite in the folder.

    `options` are further ones of the dispatcher.
    """

    def store(model: type[models.Model], *validators: UniqueTogether) -> DataStore:
        table = model.__name__.lower()
        if kind == "list":
            return PythonListDataStore([], model, validators)
        where = {"name": str(folder / "everything.db"), "table": table}
        return SQLiteDataStore(where, model, validators)

    class Things(Controller):
        resource = {"resource_name": "things", "model": Thing, "datastore": store(Thing)}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {"pagination": Pagination(10, max_limit=50)},
        }
        view = {
            "response_class": JsonResponse,
            "options": {"formatters": ["add_resource_uri", measure]},
        }

        @operation(
            "POST",
            "/{id}/grow",
            body=Step,
            parameters=[
                Parameter(name="times", shape=s.Integer(minimum=1, maximum=2), default=1),
                Parameter(name="reason", wire="X-Reason", location="header", shape=s.String()),
            ],
            errors={409: "It would be too large"},
        )
        def grow(self, call: Call) -> Result:
            """Make it larger.

            By as much as the body says, as often as the query says.
            """
            by = call.body["by"] * call.query["times"]

            def change(thing: dict[str, Any]) -> dict[str, Any]:
                if thing["size"] + by > 100:
                    raise Conflict("It would be too large.")
                return {**thing, "size": thing["size"] + by}

            return Result(self.store.update(call.key, change))

        @operation("GET", "/count", returns=Count)
        def how_many(self, call: Call) -> Result:
            """Count the things."""
            return Result({"count": self.store.count(Query())})

        @operation("GET", "/largest", returns="page")
        def largest(self, call: Call) -> Result:
            """The things that cannot grow."""
            return self.page(call, (Condition("size", "eq", 100),))

        @operation("DELETE", "/{id}/note", returns=None)
        def forget_note(self, call: Call) -> Result:
            """Forget the note."""
            self.store.update(call.key, lambda thing: {**thing, "note": None})
            return Result(None, 204)

    class Labels(Controller):
        resource = {
            "resource_name": "labels",
            "model": Label,
            "datastore": store(Label, UniqueTogether("shelf", "place")),
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        }
        view = {"response_class": JsonResponse}

    class Devices(Controller):
        resource = {"resource_name": "devices", "model": Device, "datastore": store(Device)}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {"pagination": None},
        }
        view = {"response_class": JsonResponse, "options": {"formatters": ["add_resource_uri"]}}

    return WSGIDispatcher(
        [Things, Labels, Devices],
        title="Everything",
        contact={"name": "The openrest developers"},
        license="MIT",
        debug=debug,
        **options,
    )


class Person(Schema):
    """A schema as marshmallow teaches it."""

    class Meta:
        unknown = EXCLUDE

    id = ma.Integer()
    name = ma.String(required=True, validate=Length(1, 20))
    born = ma.Date(allow_none=True)
    height = ma.Float(validate=Range(0, 3, min_inclusive=False))
    friends = ma.List(ma.String(), load_default=list)
    level = ma.Enum(Level)

    @pre_load
    def trim(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {**data, "name": data["name"].strip()} if "name" in data else data

    @post_load
    def greet(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {**data, "friends": sorted(data["friends"])} if "friends" in data else data


def plain(folder: Path) -> WSGIDispatcher:
    """A plain marshmallow schema, with hooks, in SQLite."""

    class People(Controller):
        resource = {
            "resource_name": "people",
            "resource": {"name": str(folder / "people.db"), "table": "people"},
            "model": Person,
            "datastore": SQLiteDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        }
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([People], debug=True)
