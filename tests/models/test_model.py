"""Models: how they are declared, and what is refused when they are."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import replace
from typing import Any

import marshmallow as ma
import pytest
from marshmallow import ValidationError, post_load, pre_load, validate, validates, validates_schema

from openrest import models
from openrest.errors import InvalidData, ModelError, RuleViolated
from openrest.models import model_shape, schema_shape
from openrest.models.loading import wire_loader
from openrest.models.shapes import Object
from openrest.models.variants import create_shape


class Listed(models.Model):
    """A person."""

    fields = [models.StringField(name="name", required=True), models.PkField(name="id")]


class Declared(models.Model):
    """A person."""

    name = models.StringField(required=True)
    id = models.PkField()


class Inherited(Listed):
    """A person."""

    fields = [models.IntegerField(name="age")]


def load(model: Any, value: Any) -> dict[str, Any]:
    record: dict[str, Any] = wire_loader(create_shape(schema_shape(model), "Create"))(value)
    return record


def test_listed_and_declared_fields_mean_the_same() -> None:
    assert isinstance(Listed.shape, Object)
    assert Listed.shape == replace(Declared.shape, component="Listed")


def test_a_model_is_a_marshmallow_schema() -> None:
    assert isinstance(Listed(), ma.Schema)
    assert Listed().load({"name": "Ada"}) == {"name": "Ada"}
    assert Listed().dump({"name": "Ada", "id": 1}) == {"name": "Ada", "id": 1}
    with pytest.raises(ValidationError) as refused:
        Listed().load({"name": 5, "id": 1})
    assert refused.value.messages == {"name": ["must be a string"], "id": ["Unknown field."]}


def test_a_submodel_has_the_fields_of_its_base_first() -> None:
    assert [member.name for member in Inherited.shape.members] == ["name", "id", "age"]


def refusal(**attributes: Any) -> str:
    with pytest.raises(ModelError) as refused:
        type("Thing", (models.Model,), attributes)
    return str(refused.value)


def test_every_mistake_of_a_model_is_named_at_once() -> None:
    assert refusal(
        fields=[
            models.StringField(name="a", validate=validate.Regexp(r"\d")),
            models.IntegerField(name="b", validate=validate.Length(3)),
            models.IntegerField(name="c", validate=validate.Range(5, 3)),
            models.IntegerField(name="d", load_default="x"),
            models.StringField(name="e", metadata={"example": 5}),
            models.StringField(name="f", load_only=True, dump_only=True),
            models.StringField(name="g", data_key=""),
            models.StringField(name="h", attribute="a.b"),
            models.StringField(name="i", validate=validate.OneOf([1, 2])),
            models.DateTimeField(name="j", format="%c"),
            models.EnumField(__import__("enum").Enum("Empty", {}), name="k"),
        ]
    ) == (
        "Thing has 11 mistakes:\n"
        "  - field 'a': the pattern '\\\\d' cannot be documented: \\d takes other digits in Python "
        "than in ECMA-262: write 0-9 inside of brackets, or give re.ASCII\n"
        "  - field 'b': Length says nothing of an integer\n"
        "  - field 'c': no integer is at least 5 and at most 3\n"
        "  - field 'd': the default 'x' is no value of the field: must be an integer\n"
        "  - field 'e': the example 5 is no value of the field: must be a string\n"
        "  - field 'f': it is both load_only and dump_only, so nobody sees it\n"
        "  - field 'g': data_key is empty\n"
        "  - field 'h': attribute='a.b' reaches into another object\n"
        "  - field 'i': none of the choices [1, 2] is a value of the field\n"
        "  - field 'j': %c in the format '%c' cannot be documented: of the directives, "
        "%Y %y %m %d %H %M %S %f %z %% mean the same everywhere\n"
        "  - field 'k': its enum has no members"
    )


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        (
            {"fields": [models.StringField(), 3, models.StringField(name="id")], "id": 1},
            "Thing has 3 mistakes:\n"
            "  - fields[0], StringField, has no name=.\n"
            "  - fields[1] is not a field but 3.\n"
            "  - fields[2]: the name 'id' is taken already.",
        ),
        (
            {"a": models.StringField(data_key="x"), "b": models.StringField(data_key="x")},
            "Thing: The data_key argument for one or more fields collides with another field's "
            "name or data_key argument. Check the following field names and data_key arguments: "
            "['x']",
        ),
        (
            {"a": models.StringField(attribute="x"), "x": models.StringField(data_key="y")},
            "Thing: The attribute argument for one or more fields collides with another field's "
            "name or attribute argument. Check the following field names and attribute "
            "arguments: ['x']",
        ),
        (
            {"Meta": type("Meta", (), {"exlude": ("secret",)})},
            "Thing: class Meta: unknown option 'exlude'. Did you mean 'exclude'?",
        ),
        (
            {"Meta": type("Meta", (), {"many": True})},
            "Thing: class Meta: many = True has no meaning for a model, which describes one "
            "object.",
        ),
        (
            {"shout": ma.post_dump(lambda self, data, **options: data)},
            "Thing: pre_dump and post_dump may change what the document promises: write a "
            "formatter of the view, which declares what it adds or removes.",
        ),
    ],
)
def test_what_a_model_cannot_mean_is_refused(attributes: dict[str, Any], said: str) -> None:
    assert refusal(**attributes) == said


def test_a_model_has_exactly_one_key() -> None:
    two = type("Two", (models.Model,), {"a": models.PkField(), "b": models.UUIDPkField()})
    with pytest.raises(ModelError) as refused:
        model_shape(two)
    assert str(refused.value) == (
        "Two: a model has exactly one PkField, UUIDPkField or StringPkField; it has 2: a, b."
    )


class PlainInteger(ma.Schema):
    id = ma.fields.Integer()


class PlainUuid(ma.Schema):
    id = ma.fields.UUID()


class PlainString(ma.Schema):
    id = ma.fields.String()


class PlainFloat(ma.Schema):
    id = ma.fields.Float()


def test_the_key_of_a_plain_schema_is_its_id() -> None:
    assert model_shape(PlainInteger)[1].read_only
    assert callable(model_shape(PlainUuid)[1].default)
    assert model_shape(PlainString)[1].required
    with pytest.raises(ModelError) as refused:
        model_shape(PlainFloat)
    assert str(refused.value) == (
        "PlainFloat: the key 'id' must be an integer without validators or default, a UUID, or a "
        "string that clients send."
    )


class Account(models.Model):
    fields = [
        models.StringField(name="name", required=True),
        models.IntegerField(name="low", load_default=0),
        models.IntegerField(name="high", required=True),
        models.StringField(name="note", allow_none=True),
        models.UUIDPkField(name="id"),
    ]

    @pre_load
    def trim(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        return {**data, "name": data["name"].strip()}

    @validates("name")
    def check_name(self, value: str, data_key: str) -> None:
        if value == "root":
            raise ValidationError("is reserved")

    @validates_schema
    def check_order(self, data: dict[str, Any], **options: Any) -> None:
        if data["low"] > data["high"]:
            raise ValidationError("is less than low", "high")

    @post_load
    def shout(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        return {**data, "name": data["name"].upper()}


def test_hooks_run_on_what_fits() -> None:
    record = load(Account, {"name": " ada ", "high": 5.0})
    record.pop("id")
    assert record == {"name": "ADA", "low": 0, "high": 5, "note": None}


def test_what_breaks_the_schema_is_told_before_any_hook_runs() -> None:
    with pytest.raises(InvalidData) as refused:
        load(Account, {"name": 5, "high": "x"})
    assert not isinstance(refused.value, RuleViolated)
    assert str(refused.value) == "#/name: must be a string; #/high: must be an integer"


def test_what_only_a_hook_refuses_is_a_rule() -> None:
    with pytest.raises(RuleViolated) as refused:
        load(Account, {"name": "root", "low": 9, "high": 5})
    assert str(refused.value) == "#/name: is reserved"
    with pytest.raises(RuleViolated) as refused:
        load(Account, {"name": "a", "low": 9, "high": 5})
    assert str(refused.value) == "#/high: is less than low"


class Odd(models.Model):
    @post_load
    def build(self, data: dict[str, Any], **options: Any) -> object:
        return object()


def test_post_load_has_to_give_a_record() -> None:
    with pytest.raises(TypeError, match="post_load gave a object, which is no record"):
        load(Odd, {})


class Colour(ma.fields.Field[str]):
    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> str:
        if value not in ("red", "green"):
            raise ValidationError("is no colour")
        return str(value)


class Painted(models.Model):
    colour = Colour()


def test_what_a_field_of_a_users_own_refuses_is_a_rule() -> None:
    assert load(Painted, {"colour": "red"}) == {"colour": "red"}
    with pytest.raises(RuleViolated) as refused:
        load(Painted, {"colour": ["blue"]})
    assert str(refused.value) == "#/colour: is no colour"
    with pytest.raises(InvalidData) as broken:
        load(Painted, {"colour": None})
    assert str(broken.value) == "#/colour: must not be null"


class Lenient(models.Model):
    name = models.StringField()

    class Meta:
        unknown = ma.EXCLUDE


def test_unknown_members_are_ignored_only_where_the_model_says_so() -> None:
    assert load(Lenient, {"name": "a", "other": 1}) == {"name": "a"}


def test_a_member_that_the_server_sets_is_refused_as_read_only() -> None:
    with pytest.raises(InvalidData) as refused:
        load(Listed, {"nme": "a", "id": 1})
    assert str(refused.value) == (
        "#/name: is required; #/nme: is not a member of this object. Did you mean 'name'?; "
        "#/id: is read-only: leave it out"
    )


class Level(enum.Enum):
    LOW = (1, 2)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (models.PkField(validate=validate.Range(min=5)),
         "its values are the server's: it has no validators"),
        (models.PkField(load_default=5), "the store assigns it, so it has no default"),
        (models.PkField(allow_none=True), "a key is never null"),
        (models.StringPkField(load_only=True), "a key is shown"),
        (models.StringPkField(dump_only=True), "the client sends it, so it is not dump_only"),
        (models.EnumField(Level, by_value=True),
         "the value of Level.LOW is no string, number or boolean of JSON"),
        (ma.fields.Decimal(places=20), "places must be between 0 and 18, not 20"),
        (models.DateTimeField(load_default=dt.datetime(2026, 1, 1)),
         "the default datetime.datetime(2026, 1, 1, 0, 0) is no value of the field: it has "
         "no time zone, and all values of the field have one"),
        (ma.fields.Raw(load_default=float("nan")),
         "the default nan is no value of the field: JSON makes another value of it"),
    ],
)  # fmt: skip
def test_a_field_that_could_not_keep_its_word_is_refused(field: Any, said: str) -> None:
    assert refusal(x=field) == f"Thing: field 'x': {said}"


class Tagged(models.Model):
    tags = models.ListField(models.StringField(), load_default=[])


def test_a_default_is_not_shared_between_records() -> None:
    load(Tagged, {})["tags"].append("x")
    assert load(Tagged, {}) == {"tags": []}


class Owner(ma.Schema):
    password = ma.fields.String(load_only=True)
    rank = ma.fields.Integer(dump_only=True)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"x": models.PluckField(Owner, "password")},
            "field 'x': 'password', which it plucks, is load_only, and it is not",
        ),
        (
            {"x": models.PluckField(Owner, "rank")},
            "field 'x': 'rank', which it plucks, is dump_only, and it is not",
        ),
        (
            {"x": models.StringField(attribute="id")},
            "field 'x': attribute='id' is that of the field 'id', and both can be set: one value "
            "would be lost.",
        ),
    ],
)
def test_a_field_that_would_show_a_secret_or_lose_a_value_is_refused(
    fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(ModelError) as refused:
        models.Model.from_dict({"id": models.PkField(), **fields}, name="Thing")
    assert list(refused.value.mistakes) == [said]
