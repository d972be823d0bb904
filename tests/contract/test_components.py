"""What is nested has a name in the document: one for each meaning, and none for two."""

from pathlib import Path
from typing import Any

from marshmallow import Schema
from marshmallow import fields as ma

from openrest import models
from tests.contract.kinds import Loose, Open, Size, serve


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
