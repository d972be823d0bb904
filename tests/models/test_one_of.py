"""`OneOf`: one of several models, told apart by a member."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, ValidationError, validates_schema
from marshmallow import fields as ma

from openrest import models
from openrest.errors import ContractError, InvalidData, ModelError, RuleViolated
from openrest.models.derive import schema_shape
from openrest.models.dumping import dumper
from openrest.models.jsonschema import json_schema
from openrest.models.loading import wire_loader
from openrest.models.variants import create_shape, patch_shape, read_shape


class Cat(models.Model):
    lives = models.IntegerField(load_default=9)
    secret = models.StringField(load_only=True)


class DogSchema(Schema):
    """A dog."""

    barks = ma.Boolean(required=True)

    @validates_schema
    def check_bark(self, data: dict[str, Any], **options: Any) -> None:
        if data["name"] == "Cerberus" and not data["barks"]:
            raise ValidationError("he does", "barks")


class Pet(models.OneOf):
    """An animal."""

    fields = [
        models.PkField(name="id"),
        models.StringField(name="name", required=True),
    ]
    discriminator = "kind"
    variants = {"cat": Cat, "old dog": DogSchema}


CREATE = create_shape(schema_shape(Pet), "PetCreate")
READ = read_shape(schema_shape(Pet), "Pet")
PATCH = patch_shape(schema_shape(Pet), "id", "PetPatch")


def mistakes(shape: Any, value: Any) -> str:
    with pytest.raises(InvalidData) as refused:
        wire_loader(shape)(value)
    return str(refused.value)


def test_the_discriminator_says_which_model_a_value_has_to_fit() -> None:
    load = wire_loader(CREATE)
    assert load({"kind": "cat", "name": "Tom"}) == {"kind": "cat", "name": "Tom", "lives": 9}
    dog = {"kind": "old dog", "name": "Rex", "barks": True}
    assert load(dog) == dog
    assert mistakes(CREATE, {"kind": "old dog", "name": "Rex", "lives": 1}) == (
        "#/barks: is required; #/lives: is not a member of this object."
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"name": "Tom"}, "#/kind: is required"),
        ({"kind": "cow"}, "#/kind: must be one of cat, old dog"),
        ({"kind": "caat"}, "#/kind: must be one of cat, old dog. Did you mean 'cat'?"),
        ({"kind": None}, "#/kind: must be one of cat, old dog"),
        ({"kind": ["cat"]}, "#/kind: must be one of cat, old dog"),
        ([], "#: must be an object"),
    ],
)
def test_what_is_of_no_kind_is_told_so(value: Any, said: str) -> None:
    assert mistakes(CREATE, value) == said


def test_the_hooks_of_a_variant_see_the_common_members() -> None:
    with pytest.raises(RuleViolated) as refused:
        wire_loader(CREATE)({"kind": "old dog", "name": "Cerberus", "barks": False})
    assert str(refused.value) == "#/barks: he does"


def test_the_document_has_one_of_with_a_discriminator() -> None:
    def reference(name: str) -> str:
        return f"#/{name}"

    assert json_schema(create_shape(schema_shape(Pet), ""), None)["oneOf"][1] == {
        "type": "object",
        "properties": {
            "kind": {"type": "string", "enum": ["old dog"]},
            "name": {"type": "string", "pattern": "^[^\\u0000]*$"},
            "barks": {"type": "boolean"},
        },
        "required": ["kind", "name", "barks"],
        "additionalProperties": False,
        "description": "A dog.",
    }
    from openrest.models.jsonschema import written_out

    assert written_out(READ, reference) == {
        "oneOf": [{"$ref": "#/PetCat"}, {"$ref": "#/PetOldDog"}],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"cat": "#/PetCat", "old dog": "#/PetOldDog"},
        },
        "description": "An animal.",
    }


def test_a_record_is_shown_as_its_kind_without_what_is_write_only() -> None:
    record = {"kind": "cat", "id": 1, "name": "Tom", "lives": 9, "secret": "x", "barks": None}
    assert dumper(READ)(record) == {"kind": "cat", "id": 1, "name": "Tom", "lives": 9}
    with pytest.raises(ContractError, match="of no variant"):
        dumper(READ)({"kind": "cow"})


def test_a_patch_may_leave_out_the_discriminator_and_has_to_fit_one_of_the_kinds() -> None:
    fits = wire_loader(PATCH)
    fits({"name": "Tom"})
    fits({"barks": False})
    fits({"kind": "cat", "lives": 3})
    assert mistakes(PATCH, {"kind": "cat", "barks": True}) == (
        "#/barks: is not a member of this object."
    )
    assert mistakes(PATCH, {"barks": True, "lives": 1}) == (
        "#/barks: is not a member of this object."
    )
    assert mistakes(PATCH, {"kind": None}) == "#/kind: must be one of cat, old dog"


def test_it_is_a_marshmallow_schema() -> None:
    assert Pet().load({"kind": "cat", "name": "Tom"}) == {"kind": "cat", "name": "Tom", "lives": 9}
    assert Pet().dump({"kind": "cat", "name": "Tom", "lives": 1, "secret": "x"}) == {
        "kind": "cat",
        "name": "Tom",
        "lives": 1,
    }
    many = Pet(many=True)
    cat = {"kind": "cat", "name": "Tom", "lives": 1}
    assert many.load([cat]) == [cat]
    assert many.dump([cat]) == [cat]
    with pytest.raises(ValidationError) as refused:
        many.load([cat, {}, {"kind": "cow"}, 5, {"kind": "cat", "name": 5}])
    assert refused.value.messages == {
        1: {"kind": ["is required"]},
        2: {"kind": ["must be one of cat, old dog"]},
        3: {"_schema": ["must be an object"]},
        4: {"name": ["must be a string"]},
    }
    with pytest.raises(ValidationError, match="must be an array"):
        many.load({})


def test_every_mistake_of_a_one_of_is_named_at_once() -> None:
    with pytest.raises(ModelError) as refused:
        type(
            "Bad",
            (models.OneOf,),
            {
                "name": models.StringField(),
                "kind": models.StringField(),
                "discriminator": "kind",
                "variants": {"a": int, "": Cat, "pet": Pet, "named": type(
                    "Named", (models.Model,), {"name": models.StringField()}
                )},
            },
        )  # fmt: skip
    assert str(refused.value) == (
        "Bad has 5 mistakes:\n"
        "  - the discriminator 'kind' is a field, too: leave the field out.\n"
        "  - variants['a'] is no model but <class 'int'>.\n"
        "  - variants: '' is no text, as which the discriminator is sent.\n"
        "  - variants['pet'], Pet, is a OneOf itself.\n"
        "  - variants['named'], Named, has 'name' as well."
    )
    with pytest.raises(ModelError) as refused:
        type("Empty", (models.OneOf,), {})
    assert str(refused.value) == (
        "Empty has 2 mistakes:\n"
        "  - discriminator is missing: the name of the member that tells the variants apart.\n"
        "  - variants is missing: a mapping from the discriminator's values to models."
    )


def test_in_one_table_a_name_means_one_thing() -> None:
    class Big(models.Model):
        size = models.IntegerField()

    class Small(models.Model):
        size = models.StringField()

    class Thing(models.OneOf):
        fields = [models.PkField(name="id")]
        discriminator = "kind"
        variants = {"big": Big, "small": Small}

    with pytest.raises(ModelError) as refused:
        models.model_shape(Thing)
    assert str(refused.value) == (
        "Thing: the variants 'big' and 'small' both have a field 'size', with different meanings: "
        "records of one resource share a table."
    )


def test_the_one_table_requires_what_every_kind_requires() -> None:
    shape, key = models.model_shape(Pet)
    assert key.name == "id"
    assert {m.name: m.required for m in shape.members} == {
        "kind": True,
        "id": True,
        "name": True,
        "lives": False,
        "secret": False,
        "barks": False,
    }


class Leaf(models.Model):
    size = models.IntegerField()


class Branch(models.Model):
    left = models.NestedField(lambda: Tree)
    right = models.NestedField(lambda: Tree)


class Fork(models.Model):
    left = models.NestedField(lambda: Tree)
    right = models.NestedField(lambda: Tree)


class Tree(models.OneOf):
    fields = [models.PkField(name="id")]
    discriminator = "kind"
    variants = {"branch": Branch, "fork": Fork, "leaf": Leaf}


def test_an_inner_value_of_a_patch_is_looked_at_once_for_all_kinds() -> None:
    value: Any = {"size": "x"}
    for _ in range(60):  # in three kinds at every level it would never end
        value = {"left": value}
    patch = patch_shape(schema_shape(Tree), "id", "TreePatch")
    said = mistakes(patch, value)
    assert said == "#" + "/left" * 60 + "/size: must be an integer"


def test_a_patch_is_told_of_the_kind_that_has_the_members_it_names() -> None:
    patch = patch_shape(schema_shape(Tree), "id", "TreePatch")
    assert mistakes(patch, {"size": "x"}) == "#/size: must be an integer"
    assert mistakes(patch, {"left": 1}) == "#/left: must be an object"
