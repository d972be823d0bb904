"""What is nested has a name in the document: one for each meaning, and none for two."""

import enum
from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema
from marshmallow import fields as ma

from openrest import models
from openrest.errors import ConfigurationError
from openrest.openapi import Version
from tests.contract.kinds import VERSIONS, City, Colour, Loose, Open, Size, serve


def model(title: str, **fields: Any) -> type[Schema]:
    return models.Model.from_dict({"id": models.PkField(), **fields}, name=title)


def schemas(tmp_path: Path, **served: type[Schema]) -> dict[str, Any]:
    found: dict[str, Any] = serve(served, "list", tmp_path).document["components"]["schemas"]
    return found


def test_each_form_of_an_enum_has_a_name(tmp_path: Path) -> None:
    sizes = model(
        "Sizes",
        name=ma.Enum(Size),
        value=ma.Enum(Size, by_value=True),
        text=ma.Enum(Size, by_value=ma.Integer(as_string=True)),
    )
    found = schemas(tmp_path, sizes=sizes)
    assert found["Size"] == {"type": "string", "enum": ["SMALL", "LARGE"]}
    assert found["SizeValue"] == {"type": "integer", "enum": [1, 2]}
    assert found["SizeInteger"] == {"type": "string", "enum": ["1", "2"]}


def test_what_becomes_of_unknown_members_is_in_the_name_where_a_field_says_so(
    tmp_path: Path,
) -> None:
    things = model(
        "Things",
        own=ma.Nested(Loose),
        refused=ma.Nested(Loose, unknown="raise"),
        kept=ma.Nested(Loose, unknown="include"),
        open=ma.Nested(Open),
    )
    found = schemas(tmp_path, things=things)
    assert [name for name in found if name.startswith(("Loose", "Open"))] == [
        "Loose",
        "LooseRaise",
        "LooseInclude",
        "Open",
        "LooseCreate",
        "LoosePatch",
        "LooseRaisePatch",
        "LooseIncludePatch",
        "OpenPatch",
    ]
    assert "additionalProperties" not in found["LooseInclude"]
    assert found["LooseRaise"]["additionalProperties"] is False


class Shop:
    class Place(models.Model):
        mayor = models.StringField()


class Farm:
    class Place(models.Model):
        size = models.IntegerField()


def test_two_models_of_one_name_are_refused_and_both_places_named(tmp_path: Path) -> None:
    cities = model("Cities", place=ma.Nested(Shop.Place))
    towns = model("Towns", place=ma.Nested(Farm.Place))
    with pytest.raises(ConfigurationError) as refusal:
        serve({"cities": cities, "towns": towns}, "list", tmp_path)
    here = "tests.contract.test_components"
    assert str(refusal.value) == (
        f"The document: two different objects have the name 'Place': {here}.Shop.Place in "
        f"list_cities, and {here}.Farm.Place in list_towns. Rename one of the classes."
    )


def test_two_enums_of_one_name_are_refused_and_both_places_named(tmp_path: Path) -> None:
    def scale(*names: str) -> Any:
        return enum.Enum("Scale", names, module="shop", qualname=f"{names[0]}.Scale")

    one = model("One", scale=models.EnumField(scale("A")))
    two = model("Two", scale=models.EnumField(scale("B")))
    with pytest.raises(ConfigurationError) as refusal:
        serve({"one": one, "two": two}, "list", tmp_path)
    assert str(refusal.value) == (
        "The document: two different objects have the name 'Scale': shop.A.Scale in list_one, "
        "and shop.B.Scale in list_two. Rename one of the classes."
    )


def test_a_nested_model_with_the_name_of_a_resource_has_another(tmp_path: Path) -> None:
    class City(models.Model):
        name = models.StringField(required=True)
        secret = models.StringField(load_only=True)

    visits = model("Visits", city=ma.Nested(City))
    found = schemas(tmp_path, city=model("Anything"), visits=visits)
    assert found["Visits"]["properties"]["city"] == {"$ref": "#/components/schemas/CityNested"}
    assert [name for name in found if name.startswith("City")] == [
        "City",
        "CityList",
        "CityCreate",
        "CityReplace",
        "CityPatch",
        "CityNested",
        "CityNestedCreate",
        "CityNestedPatch",
    ]


def test_an_enum_that_two_models_share_is_one_component(tmp_path: Path) -> None:
    one = model("One", colour=models.EnumField(Colour), city=ma.Nested(City))
    two = model("Two", colours=ma.List(ma.Enum(Colour)))
    found = schemas(tmp_path, one=one, two=two)
    colour = {"$ref": "#/components/schemas/Colour"}
    assert [name for name in found if name.startswith("Colour")] == ["Colour"]
    assert found["One"]["properties"]["colour"] == colour
    assert found["City"]["properties"]["colour"] == colour
    assert found["Two"]["properties"]["colours"]["items"] == colour


def test_one_model_is_one_component_however_often_it_is_nested(tmp_path: Path) -> None:
    one = model("One", city=ma.Nested(City), cities=ma.List(ma.Nested(City)))
    two = model("Two", city=models.NestedField(lambda: City))
    found = schemas(tmp_path, one=one, two=two)
    names = [name for name in found if name.startswith("City")]
    assert names == ["City", "CityCreate", "CityPatch"]


def test_the_options_of_a_nested_model_are_in_its_name(tmp_path: Path) -> None:
    one = model(
        "One",
        part=ma.Nested(City, only=("name", "code")),
        rest=ma.Nested(City, exclude=("seal",)),
        partial=ma.Nested(City(partial=True)),
    )
    names = [name for name in schemas(tmp_path, one=one) if name.startswith("City")]
    assert names[:3] == ["CityOnlyNameCode", "CityWithoutSeal", "CityPartial"]


@pytest.mark.parametrize("openapi", VERSIONS)
def test_what_one_side_only_sees_is_marked_and_absent_on_the_other(
    openapi: Version, tmp_path: Path
) -> None:
    one = model(
        "One",
        city=ma.Nested(City),
        origin=models.StringField(dump_only=True, load_default="here"),
        password=models.StringField(load_only=True),
    )
    found = serve({"one": one}, "list", tmp_path, openapi).document["components"]["schemas"]
    for name, secret, owned in (("One", "password", "origin"), ("City", "secret", "seal")):
        read = found[name]["properties"]
        assert secret not in read
        assert read[owned]["readOnly"] is True
        for form in ("Create", "Patch"):
            sent = found[f"{name}{form}"]["properties"]
            assert owned not in sent
            assert sent[secret]["writeOnly"] is True
        assert [m for m, schema in read.items() if schema.get("writeOnly")] == []


def test_a_default_is_shown_where_it_may_be_left_out(tmp_path: Path) -> None:
    found = schemas(tmp_path, one=model("One", city=ma.Nested(City, required=True)))
    assert found["CityCreate"]["properties"]["code"]["default"] == "0"
    assert found["CityCreate"]["required"] == ["name"]
    assert "default" not in found["CityPatch"]["properties"]["code"]
    assert found["City"]["required"] == ["name", "code", "seal", "founded"]
    assert "default" not in found["City"]["properties"]["code"]


def test_a_nested_dict_of_fields_has_no_name_and_stands_where_it_is(tmp_path: Path) -> None:
    places = model(
        "Places",
        at=ma.Nested({"x": ma.Float(required=True), "y": ma.Float(required=True)}),
        to=ma.Nested({"street": ma.String(required=True)}),
    )
    found = schemas(tmp_path, places=places)
    assert not any("Generated" in name for name in found)
    assert found["Places"]["properties"]["at"]["required"] == ["x", "y"]
    assert found["PlacesCreate"]["properties"]["to"]["required"] == ["street"]


class Problem(models.Model):
    """It has the name of what every error is."""

    text = models.StringField(required=True)


def test_a_model_called_problem_is_not_the_problem_of_an_error(tmp_path: Path) -> None:
    api = serve({"one": model("One", x=models.NestedField(Problem))}, "list", tmp_path)
    found = api.document["components"]["schemas"]
    assert found["One"]["properties"]["x"] == {"$ref": "#/components/schemas/ProblemNested"}
    assert list(found["ProblemNested"]["properties"]) == ["text"]
    assert "detail" in found["Problem"]["properties"]


def test_a_resource_and_an_enum_called_problem_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'problem' is what the document calls every"):
        serve({"problem": model("One")}, "list", tmp_path)
    with_name: Any = enum.Enum
    with pytest.raises(ConfigurationError, match="two different objects have the name 'Problem'"):
        serve({"one": model("One", x=ma.Enum(with_name("Problem", ["ONE"])))}, "list", tmp_path)


def test_names_of_components_have_only_the_characters_that_openapi_gives_them(
    tmp_path: Path,
) -> None:
    with_name: Any = enum.Enum
    nested = {
        "a": models.NestedField(models.Model.from_dict({"x": ma.Integer()}, name="Größe")),
        "b": models.NestedField(models.Model.from_dict({"y": ma.Integer()}, name="Box[int]")),
        "c": ma.Enum(with_name("Maß", ["EINS"])),
    }
    found = schemas(tmp_path, one=model("One", **nested))
    assert {"Gr__e", "Box_int_", "Ma_"} <= found.keys()


def test_variants_that_their_values_do_not_tell_apart_have_numbers(tmp_path: Path) -> None:
    class Cat(models.Model):
        lives = models.IntegerField()

    class Dog(models.Model):
        barks = models.BooleanField()

    class Pet(models.OneOf):
        discriminator = "kind"
        variants = {"猫": Cat, "犬": Dog, "ab": Cat, "Ab": Dog}

    found = schemas(tmp_path, one=model("One", pet=models.NestedField(Pet)))
    assert found["Pet"]["discriminator"]["mapping"] == {
        "猫": "#/components/schemas/Pet1",
        "犬": "#/components/schemas/Pet2",
        "ab": "#/components/schemas/PetAb",
        "Ab": "#/components/schemas/PetAb4",
    }
