"""Query text: what the documented style makes of it, and what the server reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import jsonschema_rs

from openrest.errors import Mistake
from openrest.models import shapes as s
from openrest.models.jsonschema import json_schema
from openrest.models.loading import wire_loader
from openrest.models.openapi30 import exact_shape, schema_30
from openrest.models.text import text_reader, text_shape
from openrest.models.walking import without_rules
from tests.models.drawn.judges import Judge, draft_4
from tests.models.drawn.values import Dice, fitting

__all__ = ["check_texts"]

_NUMBER = re.compile(
    r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE]([+]?0*[0-9]{1,3}|-0*[0-9]{1,4}))?"
).fullmatch

_TEXTS = (
    "", " ", "0", "1", "-0", "5", "5.0", "+1", "1e3", "1E0", "10e-1", "0x1", "01", "1_0", "true",
    "True", "false", "null", "a", "ab", "a,b", "a,,b", ",", "1,2", "1,", "%2C", "a%2Cb", "\u0000",
    "٣", "é", "1.5", "-1", "2.50", "2024-02-29", "2024-02-30", "9007199254740993",
    "9007199254740992.5", "9223372036854775807", "9223372036854775808", "1e400", "1e-400",
    "2024-01-01T00:00:00Z", "2024-01-01,2024-01-02", "red", "RED,GREEN", "x" * 300, "1" * 50,
)  # fmt: skip


def check_texts(member: s.Shape, dice: Dice, *, openapi: str, number: int = 12) -> int:
    """A member as a parameter of a query: how many texts were tried."""
    shape = text_shape(without_rules(member))
    if shape is None:
        return 0
    shape = exact_shape(shape) if openapi == "3.0" else shape
    schema = json_schema(shape)
    judge: Judge
    if openapi == "3.0":
        translated = draft_4(schema_30(schema))
        judge = jsonschema_rs.Draft4Validator(translated, validate_formats=True).is_valid
    else:
        judge = jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid
    many = _is_array(schema)
    read, load = text_reader(shape), wire_loader(shape)
    for _ in range(number):
        text = _text(shape, dice)
        decoded = [value for value in _decoded(text, many, openapi) if judge(value)]
        mistakes: list[Mistake] = []
        native = read([text], mistakes)
        assert bool(decoded) == (not mistakes), (openapi, schema, text, decoded, mistakes)
        if decoded:
            meant = load(decoded[0])
            assert native == meant and type(native) is type(meant), (openapi, text, native, meant)
    return number


def _is_array(schema: Mapping[str, Any]) -> bool:
    kinds = [schema.get("type"), *(part.get("type") for part in schema.get("allOf", ()))]
    return "array" in kinds


def _text(shape: s.Shape, dice: Dice) -> str:
    if dice.random() < 0.5:
        return str(dice.choice(_TEXTS))
    value = fitting(shape, dice)
    values = value if isinstance(value, list) else [value]
    text = ",".join(one if isinstance(one, str) else json.dumps(one) for one in values)
    if dice.random() < 0.3:
        place = dice.randint(0, len(text))
        text = text[:place] + dice.choice(",0. a-+e") + text[place:]
    return text


def _decoded(text: str, many: bool, openapi: str) -> list[Any]:
    """What a text may stand for: style form, explode false (OpenAPI, Parameter Object)."""
    if not many:
        return _one(text, openapi)
    every: list[list[Any]] = [[]]
    for part in text.split(","):
        every = [[*before, value] for before in every for value in _one(part, openapi)][:64]
    return every


def _one(text: str, openapi: str) -> list[Any]:
    """A text, and the number or boolean that is spelled like it in JSON."""
    values: list[Any] = [text]
    if _NUMBER(text):
        exact = Decimal(text)
        if openapi == "3.0":
            # Draft 4 tells 5.0 from 5, and so does the spelling.
            written = json.loads(text)
            values.append(int(exact) if written in (float("inf"), float("-inf")) else written)
        else:
            whole = exact == exact.to_integral_value()
            values.append(int(exact) if whole else float(exact))
    if text in ("true", "false"):
        values.append(text == "true")
    return values
