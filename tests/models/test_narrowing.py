"""A validator that a schema can say narrows the shape; any other stays a rule."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import uuid
from typing import Any

import pytest
from marshmallow import validate

from openrest import models
from openrest.errors import InvalidData, ModelError
from openrest.models import shapes as s
from openrest.models.derive import field_shape
from openrest.models.formats import NO_NUL
from openrest.models.jsonschema import json_schema
from openrest.models.loading import wire_loader
from openrest.models.walking import may_refuse

TEXT = {"type": "string", "pattern": NO_NUL.source}


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


NARROWER: list[tuple[Any, Any, dict[str, Any]]] = [
    (models.StringField, validate.Length(equal=3), {**TEXT, "minLength": 3, "maxLength": 3}),
    (
        models.StringField,
        [validate.Length(min=2), validate.Length(max=5), validate.Length(min=1, max=9)],
        {**TEXT, "minLength": 2, "maxLength": 5},
    ),
    (
        models.StringField,
        validate.And(validate.Length(max=5), validate.And(validate.Length(min=2))),
        {**TEXT, "minLength": 2, "maxLength": 5},
    ),
    (
        models.StringField,
        [validate.NoneOf(["ab"]), validate.Length(max=5), validate.Regexp("^[a-z]*$")],
        {"type": "string", "maxLength": 5, "pattern": "^[a-z]*$", "not": {"enum": ["ab"]}},
    ),
    (
        models.StringField,
        [validate.OneOf(["a", "bb", "ccc"]), validate.Length(max=2), validate.Regexp("[bc]")],
        {"type": "string", "enum": ["bb"]},
    ),
    (models.StringField, validate.Equal("x"), {"type": "string", "enum": ["x"]}),
    (models.IntegerField, validate.OneOf([1, 1, 2]), {"type": "integer", "enum": [1, 2]}),
    (
        models.IntegerField,
        [validate.NoneOf([5]), validate.Range(1, 9)],
        {"type": "integer", "minimum": 1, "maximum": 9, "not": {"enum": [5]}},
    ),
    (
        models.IntegerField,
        validate.Range(0.5, 9.5, min_inclusive=False, max_inclusive=False),
        {"type": "integer", "minimum": 1, "maximum": 9},
    ),
    (
        models.FloatField,
        validate.Range(0, 1, min_inclusive=False, max_inclusive=False),
        {"type": "number", "exclusiveMinimum": 0.0, "exclusiveMaximum": 1.0},
    ),
    (models.FloatField, validate.OneOf([1, 2.5]), {"enum": [1.0, 2.5], "type": "number"}),
    (
        models.StringField,
        [validate.NoneOf(["a", None, 5]), validate.NoneOf(["b"])],
        {**TEXT, "not": {"enum": ["a", "b"]}},
    ),
    (
        models.StringField,
        validate.Regexp(r"a\$"),
        {"type": "string", "allOf": [{"pattern": r"^(?:a\$)"}, {"pattern": NO_NUL.source}]},
    ),
    (
        models.FloatField,
        [validate.Range(min=1, min_inclusive=False), validate.Range(min=1)],
        {"type": "number", "exclusiveMinimum": 1.0, "maximum": 1.7976931348623157e308},
    ),
    (models.BooleanField, validate.Equal(True), {"type": "boolean", "enum": [True]}),
    (
        lambda validate: models.EnumField(Colour, validate=validate),
        validate.NoneOf([Colour.RED]),
        {"type": "string", "enum": ["GREEN"]},
    ),
    (
        lambda validate: models.ListField(models.IntegerField(), validate=validate),
        [validate.Length(1, 3), validate.ContainsOnly([1, 2])],
        {
            "type": "array",
            "items": {"type": "integer", "enum": [1, 2]},
            "minItems": 1,
            "maxItems": 3,
        },
    ),
    (
        lambda validate: models.StringField(allow_none=True, validate=validate),
        validate.OneOf(["a"]),
        {"type": ["string", "null"], "enum": ["a", None]},
    ),
    (
        lambda validate: models.StringField(allow_none=True, validate=validate),
        [validate.Regexp("[^a]"), validate.Regexp("b|c")],
        {
            "anyOf": [
                {
                    "type": "string",
                    "allOf": [
                        {"pattern": "^(?:[^a])"},
                        {"pattern": "^(?:[bc])"},
                        {"pattern": NO_NUL.source},
                    ],
                },
                {"type": "null"},
            ]
        },
    ),
]


@pytest.mark.parametrize(("field", "validators", "schema"), NARROWER)
def test_what_a_schema_can_say_is_in_it(
    field: Any, validators: Any, schema: dict[str, Any]
) -> None:
    shape = field_shape(field(validate=validators))
    assert json_schema(shape) == schema
    assert not may_refuse(shape)


def odd(value: int) -> None:
    """A user's own validator."""


RULES: list[tuple[Any, Any]] = [
    (models.IntegerField, odd),
    (models.StringField, validate.Predicate("isupper")),
    (models.StringField, validate.ContainsNoneOf(["x"])),
    (models.DateField, validate.Range(min=dt.date(2026, 1, 1))),
    (models.UUIDField, validate.OneOf([uuid.UUID(int=1)])),
    (models.DecimalField, validate.Range(min=decimal.Decimal(0))),
    (models.DecimalField, validate.NoneOf([decimal.Decimal(0)])),
    (
        lambda validate: models.ListField(models.UUIDField(), validate=validate),
        validate.ContainsOnly([uuid.UUID(int=1)]),
    ),
]


@pytest.mark.parametrize(("field", "validator"), RULES)
def test_what_no_schema_can_say_is_a_rule(field: Any, validator: Any) -> None:
    narrowed, plain = field_shape(field(validate=validator)), field_shape(field(validate=[]))
    assert narrowed == s.Ruled(shape=plain, rules=(validator,))
    assert json_schema(narrowed) == json_schema(plain)


class Stricter(validate.Length):
    """A subclass may mean anything."""


def test_a_subclass_of_a_validator_is_not_taken_for_it() -> None:
    assert may_refuse(field_shape(models.StringField(validate=Stricter(max=3))))


SENSELESS: list[tuple[Any, Any, str]] = [
    (models.StringField, [validate.Length(min=5), validate.Length(max=3)],
     "no length is at least 5 and at most 3"),
    (models.IntegerField, validate.Range(5, 3), "no integer is at least 5 and at most 3"),
    (models.FloatField, [validate.Range(min=2), validate.Range(max=1)],
     "no number is between 2.0 and 1.0"),
    (models.IntegerField, validate.Range(max=float("inf")),
     "the bounds of a Range are finite: leave out the one that is not"),
    (models.StringField, validate.Range(1, 2), "Range says nothing of a string"),
    (models.BooleanField, validate.Length(1), "Length says nothing of a boolean"),
    (models.IntegerField, validate.Regexp("a"), "Regexp says nothing of an integer"),
    (models.StringField, [validate.OneOf(["a"]), validate.Length(min=3)],
     "<Length(min=3, max=None, equal=None, error=None)> leaves no value"),
    (models.DecimalField, validate.Range(min=0.01),
     "Range: the float 0.01 is not quite 0.01: give decimal.Decimal('0.01')"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "validators", "said"), SENSELESS)
def test_a_validator_that_leaves_nothing_or_says_nothing_is_refused(
    field: Any, validators: Any, said: str
) -> None:
    with pytest.raises(ValueError) as refused:
        field_shape(field(validate=validators))
    assert str(refused.value) == said


def test_a_pattern_says_what_its_author_wrote() -> None:
    field = models.StringField(validate=validate.Regexp("^[a-z]+$", error="{input}: lower case!"))
    with pytest.raises(InvalidData) as refused:
        wire_loader(field_shape(field))("A")
    assert refused.value.mistakes[0].detail == "A: lower case!"


def test_the_value_of_a_default_that_is_a_function_has_to_fit_too() -> None:
    class Model(models.Model):
        at = models.DateTimeField(load_default=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC))

    assert callable(Model.shape.member("at").default)
    with pytest.raises(ModelError) as refused:
        type("Wrong", (models.Model,), {"n": models.IntegerField(load_default=lambda: "x")})
    assert str(refused.value) == (
        "Wrong: field 'n': the default 'x' is no value of the field: must be an integer"
    )
