"""The property notices each lie that a document may tell: planted here, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from openrest.models import (
    derive,
    dumping,
    jsonschema,
    kinds,
    loading,
    narrowing,
    objects,
    openapi30,
    scalars,
    text,
    variants,
)
from openrest.models import shapes as s
from openrest.models.patterns import Pattern
from tests.models.drawn import drawing, judges, promise, queries
from tests.needs import CI, fuzzing

Plant = Callable[[pytest.MonkeyPatch], None]


def everywhere(planting: pytest.MonkeyPatch, name: str, lie: Any) -> None:
    """Put a function in the place of another, in each module that knows it by its name."""
    for module in (
        derive, dumping, jsonschema, kinds, loading, narrowing, objects, openapi30, scalars, text,
        variants, judges, promise, queries,
    ):  # fmt: skip
        if hasattr(module, name):
            planting.setattr(module, name, lie)


def document(change: Callable[[s.Shape, dict[str, Any]], dict[str, Any]]) -> Plant:
    """A lie of the document: what is written of a shape is changed."""

    def plant(planting: pytest.MonkeyPatch) -> None:
        true_schema, true_object = jsonschema.json_schema, jsonschema.written_out

        def json_schema(shape: s.Shape, reference: Any = None) -> dict[str, Any]:
            schema = true_schema(shape, reference)
            return schema if "$ref" in schema else change(shape, schema)

        def written_out(shape: Any, reference: Any = None) -> dict[str, Any]:
            return change(shape, true_object(shape, reference))

        everywhere(planting, "json_schema", json_schema)
        everywhere(planting, "written_out", written_out)

    return plant


def less(kind: type[s.Shape], word: str) -> Plant:
    """The document leaves a word out."""

    def change(shape: s.Shape, schema: dict[str, Any]) -> dict[str, Any]:
        if isinstance(shape, kind):
            schema = {name: value for name, value in schema.items() if name != word}
        return schema

    return document(change)


def reading(kind: type[s.Shape], lie: Callable[[Any, Any], Any]) -> Plant:
    """A lie of the loader: `lie` gets the shape and its loader, and gives another."""

    def plant(planting: pytest.MonkeyPatch) -> None:
        true_loader = loading.loader

        def loader(shape: s.Shape) -> Any:
            load = true_loader(shape)
            return lie(shape, load) if isinstance(shape, kind) else load

        everywhere(planting, "loader", loader)

    return plant


def writing(kind: type[s.Shape], lie: Callable[[Any, Any], Any]) -> Plant:
    """A lie of the dumper: `lie` gets the shape and its dumper, and gives another."""

    def plant(planting: pytest.MonkeyPatch) -> None:
        true_dumper = dumping._dumper

        def dumper(shape: s.Shape) -> Any:
            return lie(shape, true_dumper(shape)) if isinstance(shape, kind) else true_dumper(shape)

        planting.setattr(dumping, "_dumper", dumper)

    return plant


def version_30(change: Callable[[Any, dict[str, Any]], dict[str, Any]]) -> Plant:
    """A lie in the words of OpenAPI 3.0: `change` gets a schema of 2020-12 and what it became."""

    def plant(planting: pytest.MonkeyPatch) -> None:
        true_schema = openapi30.schema_30

        def schema_30(schema: Any) -> Any:
            written = true_schema(schema)
            return change(schema, written) if isinstance(schema, dict) else written

        everywhere(planting, "schema_30", schema_30)

    return plant


# Loading


def takes_digits(shape: Any, load: Any) -> Any:
    return lambda value, at, mistakes: load(
        int(value) if isinstance(value, str) and value.isdigit() else value, at, mistakes
    )


def takes_numbers(shape: Any, load: Any) -> Any:
    return lambda value, at, mistakes: load(bool(value) if value in (0, 1) else value, at, mistakes)


def takes_true_for_one(shape: s.Choice, load: Any) -> Any:
    return lambda value, at, mistakes: load(
        int(value) if isinstance(value, bool) else value, at, mistakes
    )


def one_more(shape: s.Integer, load: Any) -> Any:
    return scalars.scalar_loader(replace(shape, maximum=shape.maximum + 1))


def counts_utf16(shape: s.String, load: Any) -> Any:
    def load_string(value: Any, at: str, mistakes: Any) -> Any:
        most = shape.max_length
        if isinstance(value, str) and most is not None and "\ud800" not in value:
            units = len(value.encode("utf-16-le")) // 2
            if units > most >= len(value):
                scalars.mistake(mistakes, at, "too long")
        return load(value, at, mistakes)

    return load_string


def searches_anywhere(shape: s.String, load: Any) -> Any:
    loose = tuple(Pattern(pattern.source.removeprefix("^")) for pattern in shape.patterns)
    return scalars.scalar_loader(replace(shape, patterns=loose))


def one_place_more(shape: s.Decimal, load: Any) -> Any:
    return scalars.scalar_loader(replace(shape, digits=shape.digits + 1, places=shape.places + 1))


def any_offset(shape: s.DateTime, load: Any) -> Any:
    return lambda value, at, mistakes: load(
        f"{value}Z" if isinstance(value, str) and value[-1:].isdigit() else value, at, mistakes
    )


def keeps_what_it_should_ignore(shape: s.Object, load: Any) -> Any:
    return load if shape.extra != "ignore" else loading.loader(replace(shape, extra="refuse"))


def any_name(shape: s.Map, load: Any) -> Any:
    return loading.loader(replace(shape, key=None)) if shape.key is not None else load


def null_to_nothing(shape: s.Nullable, load: Any) -> Any:
    return loading.loader(shape.shape)


# Dumping


def without_places(shape: s.Decimal, dump: Any) -> Any:
    return lambda value: f"{value:.0f}"


def without_zone(shape: s.DateTime, dump: Any) -> Any:
    return lambda value: dump(value).removesuffix("Z")


def in_whole_units(shape: s.Duration, dump: Any) -> Any:
    return lambda value: value // shape.unit


def by_name(shape: s.Choice, dump: Any) -> Any:
    return lambda value: getattr(value, "name", value)


# The document


def exclusive_as_inclusive(shape: s.Shape, schema: dict[str, Any]) -> dict[str, Any]:
    names = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
    return {names.get(word, word): value for word, value in schema.items()}


def read_only_required(shape: s.Shape, schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(shape, s.Object) and shape.component == "ResourceCreate" and shape.owned:
        wire = shape.owned[0].wire
        schema = {**schema, "required": [*schema.get("required", ()), wire]}
        schema["properties"] = {**schema["properties"], wire: {"readOnly": True}}
    return schema


def null_forgotten(shape: s.Shape, schema: dict[str, Any]) -> dict[str, Any]:
    return jsonschema.json_schema(shape.shape) if isinstance(shape, s.Nullable) else schema


def one_choice_less(shape: s.Shape, schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(shape, s.Choice) and len(schema["enum"]) > 1:
        schema = {**schema, "enum": schema["enum"][1:]}
    return schema


def one_variant_less(shape: s.Shape, schema: dict[str, Any]) -> dict[str, Any]:
    if isinstance(shape, s.OneOf) and len(schema.get("oneOf", ())) > 1:
        schema = {**schema, "oneOf": schema["oneOf"][1:]}
    return schema


def wrong_format(shape: s.Shape, schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "format": "date-time"} if isinstance(shape, s.Date) else schema


def longer(shape: s.Shape, schema: dict[str, Any]) -> dict[str, Any]:
    if "maxLength" in schema:
        schema = {**schema, "maxLength": schema["maxLength"] + 1}
    return schema


# OpenAPI 3.0


def null_lost(schema: Any, written: dict[str, Any]) -> dict[str, Any]:
    return {word: value for word, value in written.items() if word != "nullable"}


def numeric_exclusive(schema: Any, written: dict[str, Any]) -> dict[str, Any]:
    word = "exclusiveMinimum"
    return {**written, word: schema[word]} if word in schema else written


# Elsewhere


def shows_secrets(planting: pytest.MonkeyPatch) -> None:
    true_object = dumping._object

    def _object(shape: s.Object) -> Any:
        shown = tuple(replace(member, write_only=False) for member in shape.members)
        return true_object(replace(shape, members=shown))

    planting.setattr(dumping, "_object", _object)
    # A dumper gets what answers show, of which the secrets are no part: here they are.
    true_read = variants.read_shape

    def read_shape(model: Any, component: str, *rename: Any) -> Any:
        read = true_read(model, component, *rename)
        if isinstance(model, s.Object):
            hidden = tuple(m for m in model.members if m.write_only)
            planting.setattr(promise, "dumper", lambda shape: _dump_with(shape, read, hidden))
        return read

    planting.setattr(promise, "read_shape", read_shape)


def _dump_with(shape: Any, read: Any, hidden: tuple[s.Member, ...]) -> Any:
    if shape is not read:
        return dumping.dumper(shape)
    return dumping.dumper(replace(shape, members=(*shape.members, *hidden)))


def fills_in_nothing(planting: pytest.MonkeyPatch) -> None:
    planting.setattr(objects, "is_filled", lambda member: False)


def fills_in_text(planting: pytest.MonkeyPatch) -> None:
    planting.setattr(objects, "fill", lambda member: "a default")


def explodes_lists(planting: pytest.MonkeyPatch) -> None:
    true_reader = text.text_reader

    def text_reader(shape: s.Shape) -> Any:
        read = true_reader(shape)
        if not text._is_list(shape):
            return read
        load = loading.loader(shape)
        return lambda texts, mistakes: load([text._speller(shape)(t) for t in texts], "", mistakes)

    planting.setattr(queries, "text_reader", text_reader)


def reads_numbers_loosely(planting: pytest.MonkeyPatch) -> None:
    true_number = text._number

    def number(written: str) -> Any:
        return true_number(written.removeprefix("+"))

    planting.setattr(text, "_number", number)


LIES: dict[str, Plant] = {
    "an integer is read from text": reading(s.Integer, takes_digits),
    "a boolean is read from a number": reading(s.Boolean, takes_numbers),
    "true is read as 1": reading(s.Choice, takes_true_for_one),
    "a range is off by one": reading(s.Integer, one_more),
    "length is counted in UTF-16": reading(s.String, counts_utf16),
    "a pattern is searched for anywhere": reading(s.String, searches_anywhere),
    "a decimal has one place more": reading(s.Decimal, one_place_more),
    "a date-time needs no offset": reading(s.DateTime, any_offset),
    "what should be ignored is refused": reading(s.Object, keeps_what_it_should_ignore),
    "names of members are not looked at": reading(s.Map, any_name),
    "null is refused": reading(s.Nullable, null_to_nothing),
    "a decimal is dumped without its places": writing(s.Decimal, without_places),
    "a date-time is dumped without its zone": writing(s.DateTime, without_zone),
    "a span is dumped in whole units": writing(s.Duration, in_whole_units),
    "an enum is dumped by its name": writing(s.Choice, by_name),
    "an exclusive bound is documented as inclusive": document(exclusive_as_inclusive),
    "a read-only member is required in a create": document(read_only_required),
    "null is forgotten": document(null_forgotten),
    "a member of an enum is missing": document(one_choice_less),
    "a variant is missing": document(one_variant_less),
    "a format is wrong": document(wrong_format),
    "a length is off by one": document(longer),
    "a format is missing": less(s.Date, "format"),
    "a pattern is missing": less(s.DateTime, "pattern"),
    "additionalProperties is missing": less(s.Object, "additionalProperties"),
    "required is missing": less(s.Object, "required"),
    "prefixItems is missing": less(s.Tuple, "prefixItems"),
    "the number of items is missing": less(s.Tuple, "maxItems"),
    "propertyNames is missing": less(s.Map, "propertyNames"),
    "what is excepted is missing": less(s.Except, "not"),
    "null is lost in OpenAPI 3.0": version_30(null_lost),
    "an exclusive bound is a number in OpenAPI 3.0": version_30(numeric_exclusive),
    "a load_only member is dumped": shows_secrets,
    "nothing is filled in": fills_in_nothing,
    "a wrong default is filled in": fills_in_text,
    "a list with commas is read as an exploded one": explodes_lists,
    "+1 is read as a number in a query": reads_numbers_loosely,
}


@fuzzing
# Some are found by the last of the models that are drawn, so elsewhere every third has to do.
@pytest.mark.parametrize("name", list(LIES) if CI else list(LIES)[::3])
def test_the_lie_is_found_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    LIES[name](monkeypatch)
    with pytest.raises(AssertionError):
        # The models of the property at every run: how probable a find is, is no matter of luck.
        for seed in range(drawing.FULL_BUDGET // drawing.PART):
            drawing.keep_promise(drawing.PART, seed, shrink=False)
