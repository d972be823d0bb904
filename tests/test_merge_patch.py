"""Merge patches: RFC 7396 for wire values, and the whole record validated after it."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import validate

from openrest import models
from openrest.errors import StoreError
from openrest.merge_patch import MergePatch, merge
from openrest.models import model_shape

#: RFC 7396, appendix A: target, patch, result.
CASES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), CASES)
def test_a_patch_is_merged_as_the_rfc_says(target: Any, patch: Any, result: Any) -> None:
    assert merge(target, patch) == result


class Account(models.Model):
    fields = [
        models.StringField(name="name", required=True),
        models.StringField(name="nick"),
        models.StringField(name="note", required=True, allow_none=True),
        models.IntegerField(name="level", load_default=1, validate=validate.Range(0, 9)),
        models.IntegerField(name="bonus", load_default=5, allow_none=True),
        models.StringField(name="secret", load_only=True),
        models.IntegerField(name="hits", dump_only=True, load_default=0),
        models.PkField(name="id"),
    ]


CURRENT = {
    "name": "Ada",
    "nick": "A",
    "note": "n",
    "level": 3,
    "bonus": 4,
    "secret": "s",
    "hits": 7,
    "id": 1,
}


@pytest.mark.parametrize(
    ("patch", "changed"),
    [
        ({}, {}),
        ({"name": "Bob"}, {"name": "Bob"}),
        ({"nick": None}, {"nick": ...}),
        ({"note": None}, {"note": None}),
        ({"level": None}, {"level": 1}),
        ({"bonus": None}, {"bonus": None}),
        ({"secret": "t"}, {"secret": "t"}),
        ({"secret": None}, {"secret": ...}),
    ],
)
def test_a_patch_changes_what_it_names_and_nothing_else(
    patch: dict[str, Any], changed: dict[str, Any]
) -> None:
    merged = MergePatch(*model_shape(Account))(CURRENT, patch)
    expected = {**CURRENT, **changed}
    assert merged == {name: value for name, value in expected.items() if value is not ...}


def test_a_stored_record_that_does_not_fit_is_not_the_clients_mistake() -> None:
    with pytest.raises(StoreError) as refused:
        MergePatch(*model_shape(Account))({**CURRENT, "level": 99}, {"name": "Bob"})
    assert str(refused.value) == (
        "The stored record does not fit its model: #/level: must be at most 9"
    )
