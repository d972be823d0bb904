"""A model's own load and dump, in plain Python, where they are marshmallow's."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
from typing import Any

import pytest
from marshmallow import ValidationError, fields, validate

from openrest import models
from openrest.errors import ModelError
from openrest.models import schema_shape
from openrest.models.loading import wire_loader


class Part(models.Model):
    name = models.StringField(required=True)
    size = models.IntegerField(required=True)


class Whole(models.Model):
    part = models.NestedField(Part)
    parts = models.ListField(models.NestedField(Part))


def refused(model: Any, data: Any, **options: Any) -> Any:
    with pytest.raises(ValidationError) as refusal:
        model().load(data, **options)
    return refusal.value.messages


def refusal(**attributes: Any) -> str:
    with pytest.raises(ModelError) as refused:
        type("Thing", (models.Model,), attributes)
    return str(refused.value)


def test_a_nested_model_is_loaded() -> None:
    part = {"name": "bolt", "size": 3}
    assert Whole().load({"part": part, "parts": [part]}) == {"part": part, "parts": [part]}
    assert refused(Whole, {"part": {"name": "bolt", "size": "3"}}) == {
        "part": {"size": ["must be an integer"]}
    }


def test_partial_holds_for_what_is_nested() -> None:
    sent = {"part": {"name": "bolt"}, "parts": [{}]}
    assert Whole().load(sent, partial=True) == sent
    assert Whole().load({"part": {"name": "bolt"}}, partial=("part.size",)) == {
        "part": {"name": "bolt"}
    }
    assert refused(Whole, {"part": {}}, partial=("part.size",)) == {
        "part": {"name": ["Missing data for required field."]}
    }


def test_unknown_members_are_named_alike_at_every_depth() -> None:
    part = {"name": "bolt", "size": 3, "colour": "red"}
    assert refused(Whole, {"part": part, "colour": "red"}) == {
        "part": {"colour": ["Unknown field."]},
        "colour": ["Unknown field."],
    }


class Shouted(models.StringField):
    """Text in capitals."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        return text.upper()

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return str(super()._serialize(value, attr, obj, **kwargs)).upper()


class Named(models.Model):
    name = Shouted()


def test_conversions_of_ones_own_may_call_those_of_the_field() -> None:
    assert Named().load({"name": "ada"}) == {"name": "ADA"}
    assert Named().dump({"name": "ada"}) == {"name": "ADA"}
    assert refused(Named, {"name": 5}) == {"name": ["must be a string"]}


def test_a_constant_is_dumped_whatever_the_record_has() -> None:
    class Versioned(models.Model):
        version = models.ConstantField("v1")

    assert Versioned().dump({}) == {"version": "v1"}
    assert Versioned().dump({"version": "v0"}) == {"version": "v1"}


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (models.DictField(keys=models.StringField()), {1: {"key": ["must be a string"]}}),
        (models.DictField(keys=models.IntegerField()), None),
        (models.DictField(), None),
    ],
)
def test_names_that_are_no_text_are_a_mistake_or_a_key(field: Any, said: Any) -> None:
    model: Any = type("Thing", (models.Model,), {"counts": field})
    if said is None:
        assert model().load({"counts": {1: 2}}) == {"counts": {1: 2}}
    else:
        assert refused(model, {"counts": {1: 2}}) == {"counts": said}


def test_a_naive_instant_is_one_in_utc_in_every_format() -> None:
    noon = dt.datetime(2026, 3, 1, 12)
    for format, wire in (
        (None, "2026-03-01T12:00:00Z"),
        ("timestamp", 1772366400),
        ("timestamp_ms", 1772366400000),
    ):
        field = models.DateTimeField(format)
        assert field.serialize("at", {"at": noon}) == wire


def test_the_options_of_a_field_may_stand_in_the_order_of_marshmallow() -> None:
    assert models.DateField("%d.%m.%Y").deserialize("01.03.2026") == dt.date(2026, 3, 1)
    assert models.TimeDeltaField("hours").deserialize(2) == dt.timedelta(hours=2)
    counts = models.DictField(models.StringField(), models.IntegerField())
    assert counts.deserialize({"a": 1}) == {"a": 1}


def test_the_values_of_an_enum_are_written_by_a_field_of_ours_too() -> None:
    class Day(enum.Enum):
        LEAP = dt.date(2024, 2, 29)

    for by_value in (models.DateField, fields.Date):
        field = models.EnumField(Day, by_value=by_value)  # type: ignore[arg-type]  # marshmallow's
        assert field.deserialize("2024-02-29") is Day.LEAP
        assert field.serialize("day", {"day": Day.LEAP}) == "2024-02-29"


def test_a_validator_of_what_a_function_gives_is_a_rule() -> None:
    class Tagged(models.Model):
        tags = models.FunctionField(
            deserialize=lambda text: text.split(), validate=validate.Length(max=2)
        )

    assert Tagged().load({"tags": "a b"}) == {"tags": ["a", "b"]}
    assert refused(Tagged, {"tags": "a b c"}) == {"tags": ["Longer than maximum length 2."]}
    load = wire_loader(schema_shape(Tagged))
    assert load({"tags": "a b"}) == {"tags": ["a", "b"]}


def test_options_that_would_have_no_effect_are_refused() -> None:
    options: list[tuple[dict[str, Any], str]] = [
        ({"rounding": decimal.ROUND_UP}, "rounding: what has more places is refused, not rounded"),
        ({"allow_nan": True}, "allow_nan: JSON has neither NaN nor Infinity"),
    ]
    for own, said in options:
        assert (
            refusal(price=models.DecimalField(places=2, **own)) == f"Thing: field 'price': {said}"
        )
        assert refusal(price=fields.Decimal(2, **own)) == f"Thing: field 'price': {said}"


@pytest.mark.parametrize("message", [["is missing"], {"text": "is missing"}])
def test_a_message_is_text(message: Any) -> None:
    assert refusal(name=models.StringField(error_messages={"required": message})) == (
        "Thing: field 'name': error_messages: the message for 'required' is no text but "
        f"{message!r}"
    )


def test_a_placeholder_that_is_none_is_named() -> None:
    assert refusal(name=models.StringField(error_messages={"required": "{who} is missing"})) == (
        "Thing: field 'name': the message '{who} is missing' has a placeholder that is none of "
        "{input}"
    )


def test_the_options_of_class_meta_name_fields() -> None:
    meta = type("Meta", (), {"load_only": ("pasword",), "fields": ("password", "mial")})
    assert refusal(Meta=meta, password=models.StringField(), mail=models.StringField()) == (
        "Thing has 2 mistakes:\n"
        "  - class Meta: fields names 'mial', which is no field. Did you mean 'mail'?\n"
        "  - class Meta: load_only names 'pasword', which is no field. Did you mean 'password'?"
    )
