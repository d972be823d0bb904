"""An author's own words for a mistake: error_messages, and the error of a validator."""

from __future__ import annotations

import enum
from typing import Any

import pytest
from marshmallow import fields as ma
from marshmallow import validate

from openrest import models
from openrest.errors import InvalidData, ModelError
from openrest.models.derive import field_shape, schema_shape
from openrest.models.loading import wire_loader
from openrest.models.variants import create_shape, patch_shape


class Colour(enum.Enum):
    RED = 1


def said(field: ma.Field[Any], value: Any) -> list[str]:
    with pytest.raises(InvalidData) as refused:
        wire_loader(field_shape(field))(value)
    return [mistake.detail for mistake in refused.value.mistakes]


SAID: list[tuple[ma.Field[Any], Any, str]] = [
    (models.IntegerField(error_messages={"invalid": "a number, please"}), "x", "a number, please"),
    (models.IntegerField(error_messages={"invalid": "no: {input!r}"}), "x", "no: 'x'"),
    (models.StringField(error_messages={"null": "not nothing"}), None, "not nothing"),
    (models.StringField(error_messages={"null": "not nothing"}), 5, "must be a string"),
    (models.UUIDField(error_messages={"invalid_uuid": "no id"}), "x", "no id"),
    (models.EnumField(Colour, error_messages={"unknown": "only {choices}"}), "BLUE", "only RED"),
    (models.DateField(error_messages={"invalid": "no {obj_type}"}), "x", "no date"),
    (models.ListField(models.IntegerField(), error_messages={"invalid": "a list"}), 5, "a list"),
    (models.StringField(validate=validate.Length(2, 4, error="{min} to {max}")), "x", "2 to 4"),
    (models.StringField(validate=validate.Length(equal=2, error="just {equal}")), "x", "just 2"),
    (models.IntegerField(validate=validate.Range(1, 2, error="{input}?")), 3, "3?"),
    (models.StringField(validate=validate.OneOf(["a", "b"], error="{choices}")), "c", "a, b"),
    (models.StringField(validate=validate.Equal("a", error="{other} only")), "b", "a only"),
    (models.StringField(validate=validate.NoneOf(["a"], error="not {values}")), "a", "not a"),
    (models.StringField(validate=validate.Regexp("a", error="{regex}!")), "b", "^(?:a)!"),
    (
        models.EmailField(validate=validate.Length(max=3)),
        "ab@c.de",
        "must have at most 3 characters",
    ),
    (models.StringField(validate=validate.Email(error="no mail")), "x", "no mail"),
    (models.StringField(validate=validate.URL(error="no address")), "x", "no address"),
    (
        models.ListField(
            models.StringField(), validate=validate.ContainsOnly(["a"], error="{choices} only")
        ),
        ["b"],
        "a only",
    ),
]


@pytest.mark.parametrize(("field", "value", "words"), SAID)
def test_a_mistake_is_told_in_the_words_of_its_author(
    field: ma.Field[Any], value: Any, words: str
) -> None:
    assert words in said(field, value)


def test_the_words_of_a_validator_come_before_those_of_its_field() -> None:
    field = models.StringField(
        validate=validate.OneOf(["a"], error="one of these"), error_messages={"invalid": "no text"}
    )
    assert said(field, "b") == ["one of these"]


def test_the_words_of_an_item_are_not_those_of_its_list() -> None:
    inner = models.IntegerField(error_messages={"invalid": "no number"})
    field = models.ListField(inner, error_messages={"invalid": "no list"})
    assert said(field, ["x"]) == ["no number"]
    assert said(field, "x") == ["no list"]


class Seat(models.Model):
    row = models.IntegerField(
        required=True,
        error_messages={"required": "in which row?", "invalid": "a row is a number"},
    )
    id = models.PkField()


def test_required_has_words_too_and_a_patch_has_them_all() -> None:
    shape = schema_shape(Seat)
    with pytest.raises(InvalidData) as refused:
        wire_loader(create_shape(shape, "Seat"))({})
    assert str(refused.value) == "#/row: in which row?"
    with pytest.raises(InvalidData) as refused:
        wire_loader(patch_shape(shape, "id", "Seat"))({"row": "x"})
    assert str(refused.value) == "#/row: a row is a number"


def test_a_placeholder_that_nobody_fills_in_is_refused_with_the_model() -> None:
    with pytest.raises(ModelError) as refused:
        type(
            "Thing",
            (models.Model,),
            {
                "a": models.StringField(validate=validate.Length(1, error="{least}")),
                "b": models.StringField(error_messages={"invalid": "{0}"}),
            },
        )
    assert str(refused.value) == (
        "Thing has 2 mistakes:\n"
        "  - field 'a': the message '{least}' has a placeholder that is none of {input}, {min}, "
        "{max}, {equal}\n"
        "  - field 'b': the message '{0}' has a placeholder that is none of {input}, {choices}, "
        "{obj_type}"
    )


def test_a_users_own_class_of_fields_has_words_of_its_own() -> None:
    class Percent(models.IntegerField):
        default_error_messages = {"invalid": "no percentage"}

    assert said(Percent(), "x") == ["no percentage"]


@pytest.mark.parametrize(
    "validator",
    [
        validate.Regexp("[A-Z]{3}$", error="must be [A-Z]{3}"),
        validate.Email(error="no {mail}"),
        validate.URL(error="{"),
    ],
)
def test_a_placeholder_in_the_words_of_a_pattern_is_looked_at_too(validator: Any) -> None:
    with pytest.raises(ValueError, match="has a placeholder that is none of {input}, {regex}"):
        field_shape(models.StringField(validate=validator))
