"""What the document says of a field is what the server does, in both directions.

The JSON Schema is judged by an independent validator, jsonschema-rs with formats on.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import math
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import EXCLUDE, INCLUDE, ValidationError, validate
from marshmallow import fields as ma

from openrest import models
from openrest.errors import InvalidData, Mistake, RuleViolated
from openrest.models import shapes as s
from openrest.models.derive import field_shape, schema_shape
from openrest.models.dumping import dumper
from openrest.models.examples import example
from openrest.models.jsonschema import json_schema
from openrest.models.loading import same, wire_loader
from openrest.models.text import has_text_form, text_reader, text_shape
from openrest.models.variants import create_shape, patch_shape, read_shape, replace_shape
from openrest.models.walking import without_rules
from openrest.testing.strategies import json_values, wire_values
from tests.models.borders import BORDERS


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


class Level(enum.Enum):
    LOW = 1
    HIGH = 2.5
    ON = True


class Place(models.Model):
    name = models.StringField(allow_none=True)
    zip = models.StringField(required=True, validate=validate.Length(max=5))


FIELDS: dict[str, Callable[[], Any]] = {
    "string": models.StringField,
    "short string": lambda: models.StringField(validate=validate.Length(2, 5)),
    "pattern": lambda: models.StringField(validate=validate.Regexp("[a-z]+[0-9]?$")),
    "open pattern": lambda: models.StringField(validate=validate.Regexp("ab|cd")),
    "pattern and length": lambda: models.StringField(
        validate=[validate.Regexp("^[^/]*$"), validate.Length(max=4)]
    ),
    "one of": lambda: models.StringField(validate=validate.OneOf(["a", "b", ""])),
    "none of": lambda: models.StringField(validate=validate.NoneOf(["admin", "root"])),
    "integer": models.IntegerField,
    "bounded integer": lambda: models.IntegerField(validate=validate.Range(-3, 7)),
    "exclusive integer": lambda: models.IntegerField(
        validate=validate.Range(0, 10, min_inclusive=False, max_inclusive=False)
    ),
    "integer one of": lambda: models.IntegerField(validate=validate.OneOf([1, 5, 9])),
    "integer none of": lambda: models.IntegerField(validate=validate.NoneOf([0, 13])),
    "float": models.FloatField,
    "bounded float": lambda: models.FloatField(validate=validate.Range(0, 1, max_inclusive=False)),
    "boolean": models.BooleanField,
    "date": models.DateField,
    "date-time": models.DateTimeField,
    "timestamp": models.TimestampField,
    "decimal": models.DecimalField,
    "price": lambda: models.DecimalField(digits=6, places=2),
    "fraction": lambda: models.DecimalField(digits=3, places=3),
    "uuid": models.UUIDField,
    "enum by name": lambda: models.EnumField(Colour),
    "enum by value": lambda: models.EnumField(Colour, by_value=True),
    "enum of numbers": lambda: models.EnumField(Level, by_value=True),
    "list": lambda: models.ListField(models.IntegerField(validate=validate.Range(0, 9))),
    "bounded list": lambda: models.ListField(models.StringField(), validate=validate.Length(1, 2)),
    "contains only": lambda: models.ListField(
        models.StringField(), validate=validate.ContainsOnly(["x", "y"])
    ),
    "nullable list": lambda: models.ListField(models.DateField(allow_none=True), allow_none=True),
    "nullable enum": lambda: models.EnumField(Colour, allow_none=True),
    "nullable pattern": lambda: models.StringField(
        allow_none=True, validate=[validate.Regexp("[^x]"), validate.NoneOf(["yy"])]
    ),
    "email": models.EmailField,
    "url": models.UrlField,
    "path": lambda: models.UrlField(relative=True, absolute=False),
    "url of any host": lambda: models.UrlField(schemes={"git+ssh"}, require_tld=False),
    "naive date-time": models.NaiveDateTimeField,
    "time": models.TimeField,
    "span": models.TimeDeltaField,
    "span in weeks": lambda: models.TimeDeltaField(precision="weeks"),
    "ip": models.IPField,
    "ipv4": models.IPv4Field,
    "ipv6": models.IPv6Field,
    "interface": models.IPInterfaceField,
    "constant": lambda: models.ConstantField("v1"),
    "constant object": lambda: models.ConstantField({"a": [1, None]}),
    "raw": models.RawField,
    "nullable raw": lambda: models.RawField(allow_none=True),
    "tuple": lambda: models.TupleField([models.IntegerField(), models.StringField()]),
    "empty tuple": lambda: models.TupleField([]),
    "dict": models.DictField,
    "dict by integer": lambda: models.DictField(keys=models.IntegerField()),
    "dict by date": lambda: models.DictField(keys=models.DateField(), values=models.FloatField()),
    "bounded dict": lambda: models.DictField(validate=validate.Length(1, 2)),
    "nested": lambda: models.NestedField(Place),
    "nested, many": lambda: models.NestedField(Place, many=True),
    "nested, unknown kept": lambda: models.NestedField(Place, unknown=INCLUDE),
    "nested, unknown ignored": lambda: models.NestedField(Place, unknown=EXCLUDE),
    "nested, a part": lambda: models.NestedField(Place, only=("zip",)),
    "pluck": lambda: models.PluckField(Place, "zip"),
    "key": models.PkField,
    "uuid key": models.UUIDPkField,
    "string key": models.StringPkField,
    "plain string": ma.String,
    "plain integer": ma.Integer,
    "plain float": ma.Float,
    "plain boolean": ma.Boolean,
    "plain decimal": lambda: ma.Decimal(places=2),
    "plain date-time": ma.DateTime,
    "plain date": ma.Date,
    "plain uuid": ma.UUID,
    "plain enum": lambda: ma.Enum(Colour),
    "plain list": lambda: ma.List(ma.Integer),
    "plain time": ma.Time,
    "plain span": lambda: ma.TimeDelta(precision="milliseconds"),
    "plain email": ma.Email,
    "plain url": ma.Url,
    "plain ip": lambda: ma.IP(exploded=True),
    "plain interface": ma.IPv6Interface,
    "plain constant": lambda: ma.Constant(1),
    "plain tuple": lambda: ma.Tuple([ma.Date(), ma.Boolean()]),
    "plain dict": lambda: ma.Dict(keys=ma.UUID(), values=ma.Integer()),
    "plain nested": lambda: ma.Nested(Place),
    "integer in a string": lambda: ma.Integer(as_string=True),
    "naive date-time in a format": lambda: ma.NaiveDateTime(format="%Y-%m-%d %H:%M"),
    "date in a format": lambda: ma.Date(format="%d/%m/%Y"),
    "time in a format": lambda: ma.Time(format="%H:%M"),
    "date-time of mail": lambda: ma.DateTime(format="rfc"),
    "seconds": lambda: ma.DateTime(format="timestamp"),
    "milliseconds": lambda: ma.DateTime(format="timestamp_ms"),
    "enum by a field": lambda: ma.Enum(Colour, by_value=ma.String),
}

#: The fields whose values a query can spell.
SPELLABLE = [name for name in FIELDS if has_text_form(field_shape(FIELDS[name]()))]

#: The fields of openrest.models.
OWN = [name for name in FIELDS if isinstance(FIELDS[name](), models.ShapedField)]


def accepted_by_schema(schema: dict[str, Any], value: Any) -> bool:
    validator = jsonschema_rs.validator_for(
        {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, validate_formats=True
    )
    return bool(validator.is_valid(value))


def accepted_by_loader(shape: s.Shape, value: Any) -> bool:
    try:
        wire_loader(shape)(value)
    except RuleViolated:
        return True
    except InvalidData:
        return False
    return True


def spellable(value: Any) -> bool:
    """Whether JSON text in UTF-8 can carry the value to the validator."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, UnicodeEncodeError):
        return False
    return True


@pytest.mark.parametrize("name", FIELDS)
def test_schema_and_loader_accept_the_same_values_at_the_borders(name: str) -> None:
    shape = field_shape(FIELDS[name]())
    schema = json_schema(shape)
    values = [value for value in BORDERS if spellable(value)]
    differ = [v for v in values if accepted_by_schema(schema, v) != accepted_by_loader(shape, v)]
    assert differ == [], schema


@pytest.mark.parametrize("name", FIELDS)
def test_schema_and_loader_accept_the_same_values(name: str) -> None:
    shape = field_shape(FIELDS[name]())
    schema = json_schema(shape)

    @given(wire_values(shape) | json_values() | st.sampled_from(BORDERS).filter(spellable))
    def check(value: Any) -> None:
        if spellable(value):
            assert accepted_by_schema(schema, value) == accepted_by_loader(shape, value)

    check()


@pytest.mark.parametrize("name", FIELDS)
def test_what_is_dumped_fits_the_schema_and_loads_to_the_same_value(name: str) -> None:
    shape = field_shape(FIELDS[name]())
    schema, load, dump = json_schema(shape), wire_loader(shape), dumper(shape)

    @given(wire_values(shape))
    def check(value: Any) -> None:
        native = load(value)
        dumped = dump(native)
        assert accepted_by_schema(schema, dumped)
        assert load(dumped) == native

    check()


@pytest.mark.parametrize("name", SPELLABLE)
def test_query_text_reads_as_the_value_that_it_spells(name: str) -> None:
    inner = text_shape(without_rules(field_shape(FIELDS[name]())))
    assert inner is not None
    read, load = text_reader(inner), wire_loader(inner)

    @given(wire_values(inner))
    def check(value: Any) -> None:
        values = value if isinstance(value, list) else [value]
        text = ",".join(v if isinstance(v, str) else json.dumps(v) for v in values)
        mistakes: list[Mistake] = []
        assert read([text], mistakes) == load(value)
        assert mistakes == []

    check()


@pytest.mark.parametrize("name", SPELLABLE)
@pytest.mark.parametrize(
    "text", ["", " ", "+1", "1_0", " 1", "0x1", "١", "True", "on", "null", "1;2"]
)
def test_query_text_that_spells_no_value_is_refused_or_is_a_string(name: str, text: str) -> None:
    shape = without_rules(field_shape(FIELDS[name]()))
    mistakes: list[Mistake] = []
    native = text_reader(shape)([text], mistakes)
    assert mistakes or native == text or native == [text]


@pytest.mark.parametrize("name", FIELDS)
def test_the_example_of_a_field_is_a_value_of_it(name: str) -> None:
    shape = field_shape(FIELDS[name]())
    made_up = example(shape)
    assert accepted_by_loader(shape, made_up)
    assert accepted_by_schema(json_schema(shape), made_up)


@pytest.mark.parametrize("name", OWN)
def test_marshmallow_loads_a_field_as_its_shape_does(name: str) -> None:
    # In a model, since an integer has to know whether it is the name of a member.
    field = models.Model.from_dict({"field": FIELDS[name]()})().fields["field"]
    shape = field_shape(FIELDS[name]())
    for value in BORDERS:
        try:
            loaded: Any = field.deserialize(value)
            fits = True
        except ValidationError:
            fits = False
        assert fits == accepted_by_loader(shape, value), value
        if fits:
            native = wire_loader(shape)(value)
            # marshmallow leaves out what a record has no value for, and a float may be rounded.
            assert loaded in (native, without_nulls(native)) or math.isclose(loaded, native)


def without_nulls(native: Any) -> Any:
    if not isinstance(native, dict):
        return native
    return {name: value for name, value in native.items() if value is not None}


def test_lone_surrogates_are_refused_although_no_schema_can_say_so() -> None:
    with pytest.raises(InvalidData) as refused:
        wire_loader(s.String())("\ud800")
    assert refused.value.mistakes == (
        Mistake("must be Unicode text without lone surrogates", pointer="#"),
    )


class Everything(models.Model):
    fields = [
        models.StringField(name="name", required=True),
        models.StringField(name="nick"),
        models.StringField(name="bio", allow_none=True, required=True),
        models.IntegerField(name="age", load_default=3, validate=validate.Range(0, 150)),
        models.DecimalField(name="price", places=2, allow_none=True),
        models.DateTimeField(name="seen", data_key="lastSeen"),
        models.ListField(models.StringField(), name="tags", load_default=list),
        models.StringField(name="secret", load_only=True),
        models.IntegerField(name="hits", dump_only=True, load_default=0),
        models.PkField(name="id"),
    ]


MODEL = schema_shape(Everything)
REQUESTS = {
    "create": create_shape(MODEL, "Create"),
    "replace": replace_shape(MODEL, "id", "Replace"),
    "patch": patch_shape(MODEL, "id", "Patch"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_object_schema_and_loader_accept_the_same_values(name: str) -> None:
    shape = REQUESTS[name]
    schema = json_schema(shape)
    wires = [member.wire for member in MODEL.members]
    mutated = st.builds(
        lambda value, extra, gone: {k: v for k, v in {**value, **extra}.items() if k not in gone},
        wire_values(shape),
        st.dictionaries(st.sampled_from([*wires, "other"]), json_values(), max_size=2),
        st.sets(st.sampled_from(wires), max_size=2),
    )

    @given(wire_values(shape) | mutated | json_values())
    def check(value: Any) -> None:
        if spellable(value):
            assert accepted_by_schema(schema, value) == accepted_by_loader(shape, value)

    check()


@given(wire_values(REQUESTS["create"]))
def test_a_created_record_is_answered_as_the_read_schema_says(value: Any) -> None:
    read = read_shape(MODEL, "Read")
    record = {**wire_loader(REQUESTS["create"])(value), "id": 1}
    answer = dumper(read)(record)
    assert accepted_by_schema(json_schema(read), answer)
    for wire, sent in value.items():
        if wire not in ("secret", "price", "lastSeen"):
            assert same(answer[wire], sent)
    assert "secret" not in answer
    assert answer["hits"] == 0


def test_native_values_are_the_python_ones() -> None:
    load = wire_loader(REQUESTS["create"])
    sent = {"name": "a", "bio": None, "price": "2.5", "lastSeen": "2026-01-01T01:00:00+01:00"}
    assert load(sent) == {
        "name": "a",
        "bio": None,
        "age": 3,
        "price": decimal.Decimal("2.50"),
        "seen": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "tags": [],
        "hits": 0,
    }
