"""What an author wrote and cannot have meant is refused with the model, and with its place."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any

import marshmallow as ma
import pytest
from marshmallow import fields, validate, validates

from openrest import models
from openrest.errors import ModelError
from openrest.models import schema_shape


class Colour(enum.Enum):
    RED = 1


class Note(models.Model):
    text = models.StringField()
    made = models.StringField(dump_only=True, load_default="x")


def refusal(base: Any = models.Model, **attributes: Any) -> str:
    with pytest.raises(ModelError) as refused:
        schema_shape(type("Thing", (base,), attributes))
    return str(refused.value)


def options(**named: Any) -> type:
    return type("Meta", (), named)


def made(**attributes: Any) -> Any:
    return type("Thing", (models.Model,), attributes)


VALIDATORS: list[tuple[Any, Any, str]] = [
    (models.StringField, validate.Length,
     "Length is a class, which checks nothing: write Length(...)"),
    (models.StringField, [validate.And(validate.Length)],
     "Length is a class, which checks nothing: write Length(...)"),
    (models.StringField, ["length"],
     "'length' is no validator, which is a function or such as Length(1)"),
    (models.StringField, validate.Length(min=1.5),  # type: ignore[arg-type]
     "Length counts in whole numbers, of which 1.5 is none"),
    (models.StringField, validate.Length(max=True),
     "Length counts in whole numbers, of which True is none"),
    (models.StringField, validate.Length(equal="1"),  # type: ignore[arg-type]
     "Length counts in whole numbers, of which '1' is none"),
    (models.StringField, validate.Regexp(b"[a-z]+"),
     "Regexp(b'[a-z]+') is of bytes, which no text matches: leave b out"),
    (models.StringField, validate.URL(schemes="http"),
     "schemes is a collection of names such as {'https'}, not 'h', 'p', 't'"),
    (models.StringField, validate.URL(schemes={"https://"}),
     "schemes is a collection of names such as {'https'}, not 'https://'"),
    (models.IntegerField, validate.Range("a", "b"),
     "<Range(min='a', max='b', min_inclusive=True, max_inclusive=True, error=None)> cannot check "
     "an integer: must be real number, not str"),
    (models.FloatField, validate.Range(max=dt.date(2026, 1, 1)),
     "<Range(min=None, max=datetime.date(2026, 1, 1), min_inclusive=True, max_inclusive=True, "
     "error=None)> cannot check a number: '<' not supported between instances of 'datetime.date' "
     "and 'float'"),
    (models.DateField, validate.Range(min=1),
     "<Range(min=1, max=None, min_inclusive=True, max_inclusive=True, error=None)> cannot check "
     "a date: '<' not supported between instances of 'datetime.date' and 'int'"),
    (models.DateTimeField, validate.Range(min=dt.datetime(2026, 1, 1)),
     "<Range(min=datetime.datetime(2026, 1, 1, 0, 0), max=None, min_inclusive=True, "
     "max_inclusive=True, error=None)> cannot check a datetime: can't compare offset-naive and "
     "offset-aware datetimes"),
    (models.DecimalField, validate.Range(min="1"),
     "<Range(min='1', max=None, min_inclusive=True, max_inclusive=True, error=None)> cannot "
     "check a decimal: '<' not supported between instances of 'decimal.Decimal' and 'str'"),
    (models.StringField, [validate.OneOf(["a"]), validate.Range(1)],
     "<Range(min=1, max=None, min_inclusive=True, max_inclusive=True, error=None)> cannot check "
     "a choice: '<' not supported between instances of 'str' and 'int'"),
    (lambda **given: models.EnumField(Colour, **given), validate.Length(1),
     "<Length(min=1, max=None, equal=None, error=None)> cannot check a choice: object of type "
     "'Colour' has no len()"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "validator", "said"), VALIDATORS)
def test_a_validator_that_cannot_check_the_values_is_refused(
    field: Any, validator: Any, said: str
) -> None:
    assert refusal(x=field(validate=validator)) == f"Thing: field 'x': {said}"
    assert refusal(x=models.ListField(field(validate=validator))) == f"Thing: field 'x': {said}"


FIELDS: list[tuple[Any, str]] = [
    (models.UrlField(schemes="http"),
     "schemes is a collection of names such as {'https'}, not 'h', 'p', 't'"),
    (models.StringField(error_messages={"requird": "no"}),
     "error_messages: unknown key 'requird'. Did you mean 'required'?"),
    (models.StringField(metadata="hi"),  # type: ignore[arg-type]
     "metadata is no mapping but 'hi'"),
    (models.StringField(metadata={"descripton": "a"}),
     "metadata: nothing reads 'descripton'. Did you mean 'description'?"),
    (models.StringField(metadata={"exmaple": "a"}),
     "metadata: nothing reads 'exmaple'. Did you mean 'example'?"),
    (models.StringField(metadata={"examples": "abc"}),
     "metadata: examples is a list of values, not 'abc'; one alone is an example"),
    (models.StringField(data_key=5),  # type: ignore[arg-type]
     "data_key=5 is no text"),
    (models.StringField(data_key="\ud800"), "data_key='\\ud800' has a NUL or a surrogate in it"),
    (models.StringField(attribute=5),  # type: ignore[arg-type]
     "attribute=5 is no text"),
    (models.StringField(attribute="a\0b"), "attribute='a\\x00b' has a NUL or a surrogate in it"),
    (models.IntegerField(load_default=lambda: 1 // 0),
     "its default raises ZeroDivisionError: integer division or modulo by zero"),
    (models.NestedField(Note, load_default={"text": "a"}),
     "the default {'text': 'a'} is no value of the field: The record has no 'made', which the "
     "document promises; it has 'text'."),
    (models.DateField("hello"), "the format 'hello' says nothing of a date: use %Y %y %m %d"),
    (models.TimeField("%Y"), "the format '%Y' says nothing of a time: use %H %M %S %f"),
    (models.DateTimeField("%H:%M %z"),
     "the format '%H:%M %z' says nothing of a date: use %Y %y %m %d"),
    (models.DateField("%Y-%m-%d %H"),
     "the format '%Y-%m-%d %H' has a time, and its values have none"),
    (models.TimeField("%d %H"), "the format '%d %H' has a date, and its values have none"),
    (models.DateField("100%%"), "the format '100%%' says nothing of a date: use %Y %y %m %d"),
    (models.MethodField(), "it has no function, neither to show a value nor to load one"),
    (models.FunctionField(), "it has no function, neither to show a value nor to load one"),
    (fields.Method("nope"), "the model has no method 'nope'."),
    (models.MethodField("shuot"), "the model has no method 'shuot'. Did you mean 'shout'?"),
    (models.MethodField(deserialize="shuot"),
     "the model has no method 'shuot'. Did you mean 'shout'?"),
    (models.NestedField("self"), "'self' names no model: write lambda: Thing"),
    (models.NestedField(Note, unknown="exclud"),
     "Note: unknown = 'exclud' is none of 'exclude', 'include', 'raise'. Did you mean 'exclude'?"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "said"), FIELDS)
def test_an_option_that_cannot_be_meant_is_refused(field: Any, said: str) -> None:
    shout = staticmethod(lambda record: record)
    assert refusal(x=field, shout=shout) == f"Thing: field 'x': {said}"


MODELS: list[tuple[dict[str, Any], str]] = [
    ({"fields": None}, "fields is no list of fields but a NoneType."),
    ({"fields": models.StringField(name="a")}, "fields is no list of fields but a StringField."),
    ({"fields": {"a": models.StringField()}}, "fields is no list of fields but a dict."),
    ({"fields": [models.StringField(name=5)]},  # type: ignore[arg-type]
     "fields[0]: name=5 is no text."),
    ({"fields": [models.StringField(name="a\0b")]},
     "field 'a\\x00b': name='a\\x00b' has a NUL or a surrogate in it"),
    ({"x": models.StringField},
     "x = StringField: a class, which is no field: write StringField()."),
    ({"__annotations__": {"x": int}}, "x: int makes no field: write x = IntegerField()."),
    ({"__annotations__": {"x": "str"}}, "x: str makes no field: write x = StringField()."),
    ({"__annotations__": {"x": "models.DateField"}, "__module__": __name__},
     "x: DateField makes no field: write x = DateField()."),
    ({"__annotations__": {"x": int}, "y": models.DateField("y")},
     "Thing has 2 mistakes:\n"
     "  - x: int makes no field: write x = IntegerField().\n"
     "  - field 'y': the format 'y' says nothing of a date: use %Y %y %m %d"),
    ({"Meta": options(unknown="exclud")},
     "unknown = 'exclud' is none of 'exclude', 'include', 'raise'. Did you mean 'exclude'?"),
    ({"name": models.StringField(), "check": validates("nme")(lambda self, value, data_key: None)},
     "check validates 'nme', which is no field. Did you mean 'name'?"),
    ({"__init__": lambda self, tenant: None},
     "TypeError: <lambda>() missing 1 required positional argument: 'tenant'"),
]  # fmt: skip


@pytest.mark.parametrize(("attributes", "said"), MODELS)
def test_what_makes_no_model_is_refused(attributes: dict[str, Any], said: str) -> None:
    assert refusal(**attributes) == (said if said.startswith("Thing has") else f"Thing: {said}")


def test_a_schema_of_marshmallows_own_is_held_to_the_same() -> None:
    assert refusal(ma.Schema, x=fields.Integer(validate=validate.Range("a")), Meta=options()) == (
        "Thing: field 'x': <Range(min='a', max=None, min_inclusive=True, max_inclusive=True, "
        "error=None)> cannot check an integer: must be real number, not str"
    )


@pytest.mark.parametrize(
    ("nested", "said"),
    [
        ("Nope", "RegistryError: Class with name 'Nope' was not found. You may need to import the "
         "class. A Model has no name here: write lambda: Nope"),
        (lambda: int, "`Nested` fields must be passed a `Schema`, not <class 'type'>."),
        (lambda: Nope, "NameError: name 'Nope' is not defined"),  # type: ignore[name-defined]  # noqa: F821
    ],
)  # fmt: skip
def test_what_is_nested_later_is_refused_with_the_model_that_nests_it(
    nested: Any, said: str
) -> None:
    shape = made(x=models.NestedField(nested)).shape.members[0].shape
    with pytest.raises(ModelError) as refused:
        _ = shape.shape
    assert str(refused.value) == f"Thing: field 'x': {said}"


@pytest.mark.parametrize(
    "attributes",
    [
        {"limit": 5, "kind": int},
        {"__annotations__": {"_cache": dict, "stamp": dt.datetime, "limit": int}, "limit": 5},
        {"__annotations__": {"fields": list, "a": str}, "fields": [models.StringField(name="a")]},
        {"x": models.StringField(metadata={"widget": "area", "descriptions": {}, "sample": "a"})},
        # One table of messages for all fields.
        {"x": models.UUIDField(error_messages={"invalid": "no", "required": "no", "type": "no"})},
        {"x": models.DateField("%Y")},
        {"x": models.DateField("%Y-%m-%dT00:00:00")},
        {"x": models.IntegerField(validate=lambda value: None)},
        {"x": models.NestedField("MadeLater")},
    ],
)
def test_what_an_author_may_mean_is_left_alone(attributes: dict[str, Any]) -> None:
    made(**attributes)


@pytest.mark.parametrize(
    ("field", "given", "error", "said"),
    [
        (models.StringField, {"requird": True}, TypeError,
         "StringField: unknown option 'requird'. Did you mean 'required'?"),
        (models.DecimalField, {"digit": 5}, TypeError,
         "DecimalField: unknown option 'digit'. Did you mean 'digits'?"),
        (models.EnumField, {"enum": "Colour"}, TypeError,
         "EnumField: 'str' object has no attribute '__members__'"),
        (models.DecimalField, {"digits": 30}, ValueError,
         "DecimalField: digits must be between 1 and 18, and places between 0 and digits, not 30 "
         "and None"),
    ],
)  # fmt: skip
def test_what_no_field_can_be_made_of_is_told_with_its_class(
    field: Any, given: Any, error: Any, said: str
) -> None:
    with pytest.raises(error) as refused:
        field(**given)
    assert str(refused.value) == said
