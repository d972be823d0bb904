"""The hooks of marshmallow, run on what fits: at any depth, once."""

from __future__ import annotations

import datetime as dt
import decimal
import ipaddress
from dataclasses import dataclass
from typing import Any

import pytest
from marshmallow import Schema, ValidationError, post_load, pre_load, validates, validates_schema
from marshmallow import fields as ma

from openrest import models
from openrest.errors import InvalidData, RuleViolated
from openrest.models.derive import schema_shape
from openrest.models.loading import wire_loader
from openrest.models.variants import create_shape
from openrest.models.walking import may_refuse

ran: list[str] = []


class Span(models.Model):
    first = models.DateField(required=True)
    last = models.DateField(required=True)

    @validates_schema
    def check_order(self, span: dict[str, Any], **options: Any) -> None:
        ran.append("span")
        if span["last"] < span["first"]:
            raise ValidationError("is before the first", "last")


class Holiday(models.Model):
    spans = models.ListField(models.NestedField(Span), required=True)
    longest = models.NestedField(Span, allow_none=True)
    by_name = models.DictField(values=models.NestedField(Span))
    id = models.PkField()


class Booking(models.Model):
    span = models.NestedField(Span, required=True)
    id = models.PkField()

    @validates("span")
    def check_span(self, value: dict[str, Any], data_key: str) -> None:
        ran.append("booking")
        if value["first"] == dt.date(2026, 1, 1):
            raise ValidationError("the house is closed")


def loaded(model: type[Schema], value: Any) -> Any:
    ran.clear()
    return wire_loader(create_shape(schema_shape(model), "Create"))(value)


def refused(model: type[Schema], value: Any) -> str:
    with pytest.raises(RuleViolated) as broken:
        loaded(model, value)
    return str(broken.value)


GOOD = {"first": "2026-05-01", "last": "2026-05-02"}
BAD = {"first": "2026-05-02", "last": "2026-05-01"}


def test_the_hooks_of_nested_models_run_where_they_are_nested() -> None:
    assert may_refuse(schema_shape(Holiday))
    value = {"spans": [GOOD, BAD], "longest": BAD, "by_name": {"a/b": BAD}}
    assert refused(Holiday, value) == (
        "#/spans/1/last: is before the first; #/longest/last: is before the first; "
        "#/by_name/a~1b/last: is before the first"
    )


def test_each_hook_runs_once_also_where_the_outer_model_has_some() -> None:
    assert loaded(Booking, {"span": GOOD}) == {
        "span": {"first": dt.date(2026, 5, 1), "last": dt.date(2026, 5, 2)}
    }
    assert sorted(ran) == ["booking", "span"]
    assert refused(Booking, {"span": BAD}) == "#/span/last: is before the first"
    closed = {"first": "2026-01-01", "last": "2026-01-02"}
    assert refused(Booking, {"span": closed}) == "#/span: the house is closed"


def test_no_hook_runs_on_what_does_not_fit() -> None:
    with pytest.raises(InvalidData) as broken:
        loaded(Booking, {"span": {"first": "2026-05-02", "last": 3}})
    assert not isinstance(broken.value, RuleViolated)
    assert ran == []


class City(models.Model):
    name = models.StringField()


class Everything(models.Model):
    number = models.IntegerField()
    amount = models.FloatField()
    price = models.DecimalField(places=2)
    seen = models.DateTimeField()
    clock = models.TimeField()
    long = models.TimeDeltaField(precision="hours")
    ip = models.IPField()
    point = models.TupleField([models.FloatField(), models.FloatField()])
    counts = models.DictField(keys=models.IntegerField(), values=models.IntegerField())
    city = models.PluckField(City, "name")
    kind = models.ConstantField({"a": [1]})
    raw = models.RawField(allow_none=True)
    nothing = models.StringField(allow_none=True)
    id = models.PkField()

    @pre_load
    def see(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        seen.append(data)
        return data


seen: list[Any] = []


def test_hooks_are_given_values_in_their_canonical_spelling() -> None:
    seen.clear()
    value = {
        "number": 5.0,
        "amount": 2,
        "price": "1.5",
        "seen": "2026-01-01T01:00:00+01:00",
        "clock": "09:30:00.50",
        "long": 2,
        "ip": "2001:DB8::0:1",
        "point": [1, 2.5],
        "counts": {"7": 1.0},
        "city": "Ely",
        "kind": {"a": [1.0]},
        "raw": {"b": None},
        "nothing": None,
    }
    record = loaded(Everything, value)
    assert seen == [
        {
            "number": 5,
            "amount": 2.0,
            "price": "1.50",
            "seen": "2026-01-01T00:00:00Z",
            "clock": "09:30:00.500000",
            "long": 2.0,
            "ip": "2001:db8::1",
            "point": [1.0, 2.5],
            "counts": {"7": 1},
            "city": "Ely",
            "kind": {"a": [1.0]},
            "raw": {"b": None},
            "nothing": None,
        }
    ]
    assert record == {
        "number": 5,
        "amount": 2.0,
        "price": decimal.Decimal("1.50"),
        "seen": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "clock": dt.time(9, 30, 0, 500_000),
        "long": dt.timedelta(hours=2),
        "ip": ipaddress.IPv6Address("2001:db8::1"),
        "point": (1.0, 2.5),
        "counts": {7: 1},
        "city": {"name": "Ely"},
        "kind": {"a": [1.0]},
        "raw": {"b": None},
        "nothing": None,
    }


@dataclass
class User:
    name: str
    age: int | None = None


class UserSchema(Schema):
    id = ma.Integer()
    name = ma.String(required=True)
    age = ma.Integer(allow_none=True)

    @post_load
    def make_user(self, data: dict[str, Any], **options: Any) -> User:
        return User(data["name"].title(), data.get("age"))


def test_what_post_load_makes_of_a_record_is_read_by_its_attributes() -> None:
    assert loaded(UserSchema, {"name": "ada"}) == {"name": "Ada", "age": None}


def test_a_nested_schema_may_make_objects_too() -> None:
    class Team(models.Model):
        lead = models.NestedField(UserSchema, required=True)
        id = models.PkField()

    assert loaded(Team, {"lead": {"name": "ada", "age": 36}}) == {
        "lead": {"name": "Ada", "age": 36}
    }


def test_a_mistake_without_a_message_is_a_mistake() -> None:
    class Silent(models.Model):
        name = models.StringField(validate=lambda value: refuse(value, "validator"))
        id = models.PkField()

        @validates_schema
        def whole(self, data: dict[str, Any], **options: Any) -> None:
            refuse(data["name"], "hook")

    def refuse(value: str, place: str) -> None:
        if value == place:
            raise ValidationError([])

    load = wire_loader(create_shape(schema_shape(Silent), "SilentCreate"))
    for name, at in (("validator", "#/name"), ("hook", "#")):
        with pytest.raises(RuleViolated) as refused:
            load({"name": name})
        assert [(m.pointer, m.detail) for m in refused.value.mistakes] == [
            (at, "is refused by a rule")
        ]
