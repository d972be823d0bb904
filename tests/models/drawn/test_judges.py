"""The judges themselves: the translation of OpenAPI 3.0, read a second time by another program."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS30Validator

from openrest.errors import ModelError
from openrest.models import model_shape
from openrest.models.openapi30 import exact_shape
from openrest.models.variants import create_shape
from openrest.models.walking import each
from tests.models.drawn.judges import components, draft_4, judge_30
from tests.models.drawn.matching import matching
from tests.models.drawn.sources import Drawn, drawn_models
from tests.models.drawn.values import Dice, random_value


@seed(1)  # the same models at every run, so that a failure is of the change
@settings(
    max_examples=25,
    phases=[Phase.generate],
    database=None,
    deadline=None,
)
@given(drawn_models(), st.integers(0, 2**32 - 1))
def test_two_readings_of_openapi_30_are_one(drawn: Drawn, start: int) -> None:
    try:
        shape: Any = exact_shape(create_shape(model_shape(drawn.build())[0], "Create"))
        list(each(shape))
    except (ModelError, ValueError):
        return
    schemas = components([shape], openapi="3.0")
    judge = judge_30("Create", schemas)
    # It takes a discriminator for text, whatever it is; to oneOf it adds nothing.
    plain = _less(schemas, "discriminator")
    root = {"$ref": "#/components/schemas/Create", "components": {"schemas": plain}}
    # Without formats: of those it knows fewer, and others.
    other: Any = OAS30Validator(root)
    dice = Dice(start)
    for _ in range(10):
        value = random_value(shape, dice)
        if "\\n" in json.dumps(value):
            continue  # it lets "$" match before a last newline, as Python does
        if other.is_valid(value) != judge(value):
            # A value that is refused for a format alone is none that the two read otherwise.
            assert other.is_valid(value) and _without_formats("Create", schemas)(value), value


def _without_formats(name: str, schemas: Any) -> Any:
    return judge_30(name, _less(schemas, "format", str))


def _less(schema: Any, without: str, kind: type[Any] = dict) -> Any:
    """The schema without a word, which may also be the name of a member."""
    if isinstance(schema, list):
        return [_less(part, without, kind) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        word: _less(value, without, kind)
        for word, value in schema.items()
        if not (word == without and isinstance(value, kind))
    }


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": ["string", "null"]}, "type: ['string', 'null'] is not one type"),
        ({"exclusiveMinimum": 1}, "exclusiveMinimum: 1 is no boolean"),
        ({"type": "array"}, "an array has items"),
        ({"const": 1}, "const is no word of OpenAPI 3.0"),
        ({"nullable": True, "enum": [None]}, "nullable has an effect beside a type"),
        ({"properties": {"a": {"prefixItems": []}}}, "prefixItems is no word of OpenAPI 3.0"),
    ],
)
def test_what_is_no_schema_of_openapi_30_is_refused(schema: Any, said: str) -> None:
    with pytest.raises(AssertionError) as refused:
        draft_4(schema)
    assert str(refused.value).startswith(said)


def test_beside_a_reference_nothing_counts() -> None:
    assert draft_4({"$ref": "#/x", "nullable": True}) == {"$ref": "#/x"}


@pytest.mark.parametrize("regex", ["^[a-c]{2,3}$", "a|bc", "[^x]+y?$", "(?:ab)*\\.", "^$", "."])
def test_a_made_up_text_matches_its_pattern(regex: str) -> None:
    random = Random(1)
    assert all(re.search(regex, matching(regex, random)) for _ in range(50))
