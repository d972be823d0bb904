"""Lies that the drawn models have found: each model here once broke the promise."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from marshmallow import EXCLUDE, INCLUDE, Schema, post_load, pre_load, validate
from marshmallow import fields as ma

from openrest import models
from openrest.errors import InvalidData, ModelError
from openrest.models.derive import field_shape
from openrest.models.dumping import dumper
from openrest.models.jsonschema import json_schema
from openrest.models.keys import model_shape
from openrest.models.loading import wire_loader
from openrest.models.openapi30 import exact_shape
from openrest.models.variants import create_shape, patch_shape, read_shape, replace_shape
from openrest.models.walking import each
from tests.models.test_one_truth import accepted_by_loader, accepted_by_schema


class Hooked(models.Model):
    """A hook that does nothing makes marshmallow load what fits."""

    @pre_load
    def before(self, data: Any, **options: Any) -> Any:
        return dict(data)


def created(model: type[Schema], sent: Any) -> Any:
    return wire_loader(create_shape(model_shape(model)[0], "Create"))(sent)


def test_a_model_with_hooks_may_be_in_itself() -> None:
    class Comment(Hooked):
        id = models.PkField()
        replies = models.NestedField(lambda: Comment, many=True)

    assert len(list(each(Comment.shape))) < 20
    assert created(Comment, {"replies": [{"replies": []}]})["replies"][0]["replies"] == []


def test_a_nested_field_is_loaded_by_marshmallow_too() -> None:
    class City(models.Model):
        name = models.StringField()

    class Person(Hooked):
        id = models.PkField()
        city = models.NestedField(City)

    assert created(Person, {"city": {"name": "Ulm"}}) == {"city": {"name": "Ulm"}}


def test_what_is_read_only_is_ignored_by_hooks_where_the_unknown_is() -> None:
    class Person(Hooked):
        id = models.StringPkField()
        hits = models.IntegerField(dump_only=True)

        class Meta:
            unknown = EXCLUDE

    assert created(Person, {"id": "a", "hits": "many"}) == {"id": "a"}
    whole = replace_shape(model_shape(Person)[0], "id", "Replace")
    assert wire_loader(whole)({"id": 1}) == {}


def test_hooks_leave_the_defaults_of_what_is_nested_in_its_record() -> None:
    class City(models.Model):
        visits = models.IntegerField(dump_only=True, load_default=0)
        name = models.StringField(allow_none=True)

    class Person(Hooked):
        id = models.PkField()
        cities = models.ListField(models.NestedField(City))

    assert created(Person, {"cities": [{}]}) == {"cities": [{"visits": 0, "name": None}]}


def test_a_replacement_with_hooks_needs_no_key() -> None:
    class Person(Hooked):
        id = models.StringPkField()
        age = models.IntegerField()

    assert wire_loader(replace_shape(Person.shape, "id", "Replace"))({"age": 1}) == {"age": 1}


def test_a_timestamp_is_aware_after_hooks_too() -> None:
    class Visit(Schema):
        id = ma.Integer()
        at = ma.DateTime(format="timestamp")

        @post_load
        def after(self, data: Any, **options: Any) -> Any:
            return data

    record = created(Visit, {"at": 0})
    assert record == {"at": dt.datetime(1970, 1, 1, tzinfo=dt.UTC)}
    assert dumper(read_shape(model_shape(Visit)[0], "Read"))({**record, "id": 1})["at"] == 0.0


def test_a_timestamp_with_hooks_is_rounded_to_what_a_number_can_say() -> None:
    class Visit(Schema):
        id = ma.Integer()
        at = ma.DateTime(format="timestamp_ms", post_load=lambda value: value)

    dump = dumper(read_shape(model_shape(Visit)[0], "Read"))
    record = created(Visit, {"at": 9191674283473.838})
    again = created(Visit, {"at": dump({**record, "id": 1})["at"]})
    assert again == record


@pytest.mark.parametrize("name", ["", "a", "\0"])
def test_a_dict_of_texts_has_any_names_in_every_version(name: str) -> None:
    shape = field_shape(models.DictField(keys=models.StringField()))
    assert exact_shape(shape) == shape
    assert wire_loader(shape)({name: 1}) == {name: 1}


def test_a_list_of_a_model_made_later_may_be_empty_by_default() -> None:
    class Comment(models.Model):
        id = models.PkField()
        replies = models.NestedField(
            lambda: Comment, many=True, load_default=list, error_messages={"null": "no"}
        )

    assert created(Comment, {}) == {"replies": []}


def test_an_empty_list_is_no_default_of_one_with_a_least_length() -> None:
    tags = models.ListField(models.StringField(), validate=validate.Length(1), load_default=list)
    with pytest.raises(ModelError) as refused:
        type("Post", (models.Model,), {"tags": tags})
    assert str(refused.value) == (
        "Post: field 'tags': the default [] is no value of the field: must not be empty"
    )


def test_what_is_read_only_is_documented_as_refused_where_the_unknown_is_kept() -> None:
    class City(models.Model):
        visits = models.IntegerField(dump_only=True)

        class Meta:
            unknown = INCLUDE

    class Person(models.Model):
        id = models.PkField()
        city = models.NestedField(City)

    for shape in (create_shape(Person.shape, ""), patch_shape(Person.shape, "id", "")):
        for value in ({"city": {"visits": 1}}, {"city": {"other": 1}}):
            assert accepted_by_schema(json_schema(shape), value) == accepted_by_loader(shape, value)


def test_a_variant_that_keeps_the_unknown_is_refused_like_a_model_that_does() -> None:
    class Cat(models.Model):
        class Meta:
            unknown = INCLUDE

    class Pet(models.OneOf):
        id = models.PkField()
        discriminator = "kind"
        variants = {"cat": Cat}

    with pytest.raises(ModelError) as refused:
        model_shape(Pet)
    assert str(refused.value) == (
        "Pet: class Meta: unknown = INCLUDE would store members that no store has a place for: "
        "give the model a field for them, such as a Dict, or nest it in another."
    )


def test_variants_share_a_field_that_functions_load() -> None:
    class Cat(models.Model):
        lives = models.IntegerField()

    class Dog(models.Model):
        barks = models.BooleanField()

    class Pet(models.OneOf):
        id = models.PkField()
        made = models.FunctionField(lambda record: 1, lambda value: value)
        discriminator = "kind"
        variants = {"cat": Cat, "dog": Dog}

    assert [member.name for member in model_shape(Pet)[0].members].count("made") == 1


@pytest.mark.parametrize("address", ["a@ab--c.de", "a@xn--zz--.de", "a@b.xy--z"])
def test_a_label_in_another_alphabet_is_in_no_mail_address(address: str) -> None:
    shape = field_shape(models.EmailField())
    assert not accepted_by_schema(json_schema(shape), address)
    with pytest.raises(InvalidData):
        wire_loader(shape)(address)


@pytest.mark.parametrize("address", ["a@b--c.de", "a@abc--d.de", f"a@{'b' * 63}.de", "a@1.co"])
def test_two_hyphens_elsewhere_are(address: str) -> None:
    shape = field_shape(models.EmailField())
    assert accepted_by_schema(json_schema(shape), address)
    assert wire_loader(shape)(address) == address


@pytest.mark.parametrize(
    ("most", "value"), [(1e300, int(1e300)), (1e300, 10**300), (None, int(1.7976931348623157e308))]
)
def test_a_bound_is_the_number_that_is_written_in_the_document(
    most: float | None, value: int
) -> None:
    shape = field_shape(models.FloatField(validate=[validate.Range(max=most)] if most else []))
    assert accepted_by_schema(json_schema(shape), value) == accepted_by_loader(shape, value)


def test_a_span_is_one_that_a_double_can_say() -> None:
    shape = field_shape(models.TimeDeltaField(precision="microseconds"))
    span = wire_loader(shape)(-8639999999999999999)
    assert wire_loader(shape)(dumper(shape)(span)) == span


def test_a_pluck_of_what_may_be_null_is_not_null_itself() -> None:
    class Person(Schema):
        nick = ma.String(allow_none=True)

    class Post(Hooked):
        id = models.PkField()
        author = models.PluckField(Person, "nick")
        readers = models.PluckField(Person, "nick", many=True)

    assert created(Post, {"author": "ada", "readers": [None]})["readers"] == [{"nick": None}]
    with pytest.raises(InvalidData, match="#/author: must be a string"):
        created(Post, {"author": None})


@pytest.mark.parametrize(
    ("field", "refused"),
    [
        (models.IntegerField(validate=validate.NoneOf([True])), 1),
        (models.FloatField(validate=validate.NoneOf([False])), 0),
        (models.BooleanField(validate=validate.NoneOf([1.0])), True),
    ],
)
def test_true_and_one_are_the_same_to_a_validator_as_in_python(field: Any, refused: Any) -> None:
    shape = field_shape(field)
    assert not accepted_by_schema(json_schema(shape), refused)
    assert not accepted_by_loader(shape, refused)


def test_a_constant_that_has_to_be_sent_is_filled_in_nowhere() -> None:
    class Version(models.Model):
        number = models.ConstantField("v1", required=True)

    class Thing(models.Model):
        id = models.PkField()
        version = models.NestedField(Version)

    shape, _ = model_shape(Thing)
    read, sent = (
        member.shape
        for made in (read_shape(shape, "Thing"), create_shape(shape, "ThingCreate"))
        for member in made.members
        if member.name == "version"
    )
    assert read == sent
