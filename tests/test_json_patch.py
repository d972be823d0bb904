"""JSON Patch: RFC 6902 for wire values, what a patch may cost, and the whole record checked."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import validate

from openrest import models
from openrest.errors import RuleViolated
from openrest.json_patch import JsonPatch, apply
from openrest.models import model_shape

BOUND = 10_000


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def test(path: str, value: Any) -> dict[str, Any]:
    return {"op": "test", "path": path, "value": value}


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def remove(path: str) -> dict[str, Any]:
    return {"op": "remove", "path": path}


def move(source: str, path: str) -> dict[str, Any]:
    return {"op": "move", "from": source, "path": path}


def copied(source: str, path: str) -> dict[str, Any]:
    return {"op": "copy", "from": source, "path": path}


test.__test__ = False  # type: ignore[attr-defined]  # an operation, which pytest would run


@pytest.mark.parametrize(
    ("document", "patch", "result"),
    [
        # section 4.1
        ({"a": 1}, [add("/b", 2)], {"a": 1, "b": 2}),
        ({"a": 1}, [add("/a", 2)], {"a": 2}),
        ([1, 3], [add("/1", 2)], [1, 2, 3]),
        ([1], [add("/1", 2), add("/-", 3)], [1, 2, 3]),
        ({"a": 1}, [add("", [])], []),
        ({"a": {}}, [add("/a/b", {"c": None})], {"a": {"b": {"c": None}}}),
        # section 4.2
        ({"a": 1, "b": 2}, [remove("/b")], {"a": 1}),
        ([1, 2, 3], [remove("/0"), remove("/1")], [2]),
        # section 4.3
        ({"a": {"b": 1}}, [replace("/a", "x")], {"a": "x"}),
        ([1, 2], [replace("/1", None)], [1, None]),
        ({"a": 1}, [replace("", {"b": 2})], {"b": 2}),
        # section 4.4
        ({"a": {"b": 1}, "c": {}}, [move("/a/b", "/c/d")], {"a": {}, "c": {"d": 1}}),
        ([1, 2, 3], [move("/0", "/2")], [2, 3, 1]),
        ({"a": 1}, [move("/a", "/a")], {"a": 1}),
        ({"ab": 1, "a": {}}, [move("/ab", "/a/b")], {"a": {"b": 1}}),
        # section 4.5
        ({"a": [1]}, [copied("/a", "/b"), add("/b/-", 2)], {"a": [1], "b": [1, 2]}),
        # section 4.6
        ({"a": {"b": [1, 2.0]}}, [test("/a", {"b": [1.0, 2]})], {"a": {"b": [1, 2.0]}}),
        ({"a": None}, [test("/a", None)], {"a": None}),
        # RFC 6901, section 4
        ({"a/b": 1, "m~n": 2, "": 3}, [test("/a~1b", 1), test("/m~0n", 2), test("/", 3)],
         {"a/b": 1, "m~n": 2, "": 3}),
        ({"~1": 1}, [test("/~01", 1)], {"~1": 1}),
        ({"0": "x"}, [test("/0", "x")], {"0": "x"}),
        ({}, [], {}),
    ],
)  # fmt: skip
def test_operations_do_what_the_rfc_says(document: Any, patch: Any, result: Any) -> None:
    before = copy.deepcopy(document)
    assert apply(document, patch, BOUND) == result
    assert document == before


@pytest.mark.parametrize(
    ("document", "patch", "place", "detail"),
    [
        ({}, [add("/a/b", 1)], "#/0/path", "leads to nothing in the object"),
        ({"a": 1}, [add("/a/b", 1)], "#/0/path", "leads to nothing in the object"),
        ({"name": 1}, [remove("/nmae")], "#/0/path",
         "leads to nothing in the object. Did you mean 'name'?"),
        ({}, [add("/a", 1), replace("/b", 1)], "#/1/path", "leads to nothing in the object"),
        ([1], [add("/2", 1)], "#/0/path", "leads to nothing in the object"),
        ([1], [remove("/1")], "#/0/path", "leads to nothing in the object"),
        ([1], [remove("/-")], "#/0/path", "leads to nothing in the object"),
        ([1], [remove("/-1")], "#/0/path", "leads to nothing in the object"),
        ([1, 2], [test("/01", 2)], "#/0/path", "leads to nothing in the object"),
        ([1, 2], [test("/1e0", 2)], "#/0/path", "leads to nothing in the object"),
        ([1, 2], [test("/١", 2)], "#/0/path", "leads to nothing in the object"),
        ([1], [test("/" + "9" * 500, 1)], "#/0/path", "leads to nothing in the object"),
        ({"a": 1}, [move("/b", "/c")], "#/0/from", "leads to nothing in the object"),
        ({"a": 1}, [move("/b", "/b")], "#/0/from", "leads to nothing in the object"),
        ({"a": {}}, [move("/a", "/a/b")], "#/0/path", "leads to what is moved, or into it"),
        ({"a": 1}, [test("/a", 2)], "#/0/value", "is not what the object has there"),
        ({"a": 1}, [test("/a", True)], "#/0/value", "is not what the object has there"),
        ({"a": 0}, [test("/a", False)], "#/0/value", "is not what the object has there"),
        ({"a": 1}, [test("/a", "1")], "#/0/value", "is not what the object has there"),
        ({"a": [1]}, [test("/a", [1, 1])], "#/0/value", "is not what the object has there"),
        ({"a": {}}, [test("/a", [])], "#/0/value", "is not what the object has there"),
        ({"a": "x" * 5000}, [copied("/a", f"/b{n}") for n in range(9)], "#/1/path",
         "makes the object larger than a body may be: 10000 bytes"),
        ({"a": "x" * 5000}, [add("/b", "y" * 6000)], "#/0/path",
         "makes the object larger than a body may be: 10000 bytes"),
        ({"a": {}}, [copied("", "/a" + n * "/a") for n in range(100)], "#/19/path",
         "makes the object deeper than 200 levels"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_out_is_refused_with_its_place(
    document: Any, patch: Any, place: str, detail: str
) -> None:
    with pytest.raises(RuleViolated) as refused:
        apply(document, patch, BOUND)
    [mistake] = refused.value.mistakes
    assert (mistake.pointer, mistake.detail) == (place, detail)


def test_what_is_too_large_already_may_be_made_smaller() -> None:
    assert apply({"a": "x" * BOUND, "b": 1}, [remove("/b")], BOUND) == {"a": "x" * BOUND}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "~", "/"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "~", "/", "0"]), inner, max_size=3)
    ),
    max_leaves=8,
)
PATHS = st.lists(st.sampled_from(["a", "b", "~0", "~1", "0", "1", "-"]), max_size=3).map(
    lambda tokens: "".join(f"/{token}" for token in tokens)
)
OPERATIONS = st.lists(
    st.one_of(
        st.builds(add, PATHS, JSON),
        st.builds(replace, PATHS, JSON),
        st.builds(test, PATHS, JSON),
        st.builds(remove, PATHS),
        st.builds(move, PATHS, PATHS),
        st.builds(copied, PATHS, PATHS),
    ),
    max_size=4,
)


@given(JSON, OPERATIONS)
def test_a_patch_is_carried_out_whole_or_refused_and_the_document_stays(
    document: Any, patch: list[dict[str, Any]]
) -> None:
    before = copy.deepcopy(document)
    try:
        result = apply(document, patch, BOUND)
    except RuleViolated:
        pass
    else:
        # One after the other they do the same.
        step = document
        for operation in patch:
            step = apply(step, [operation], BOUND)
        assert step == result
    assert document == before


@given(JSON, JSON)
def test_what_is_put_somewhere_is_found_there(document: Any, value: Any) -> None:
    patch = [add("", {"whole": document}), add("/new", value), test("/new", value)]
    assert apply(None, [*patch, test("/whole", document)], BOUND) == {
        "whole": document,
        "new": value,
    }


class Account(models.Model):
    fields = [
        models.PkField(name="id"),
        models.StringField(name="name", required=True, validate=validate.Length(1, 5)),
        models.StringField(name="nick"),
        models.StringField(name="password", load_only=True, required=True),
        models.ListField(models.StringField(), name="tags"),
        models.IntegerField(name="visits", dump_only=True, load_default=0),
    ]


ADA = {"id": 1, "name": "Ada", "password": "x", "tags": ["a"], "visits": 7}


@pytest.fixture
def patch() -> JsonPatch:
    return JsonPatch(*model_shape(Account), BOUND)


def test_members_that_no_operation_names_stay(patch: JsonPatch) -> None:
    assert patch(ADA, [add("/nick", "a"), add("/tags/-", "b")]) == {
        **ADA, "nick": "a", "tags": ["a", "b"],
    }  # fmt: skip


def test_what_the_server_sets_can_be_tested_and_copied_and_not_changed(patch: JsonPatch) -> None:
    assert patch(ADA, [test("/visits", 7), test("/id", 1), replace("/id", 1)]) == ADA
    for operation in (replace("/visits", 8), remove("/id"), move("/id", "/nick")):
        with pytest.raises(RuleViolated) as refused:
            patch(ADA, [test("/name", "Ada"), operation])
        [mistake] = refused.value.mistakes
        assert mistake.detail == "can be set by the server alone"
        assert str(mistake.pointer).startswith("#/1/")


def test_what_nobody_is_shown_cannot_be_tested_and_can_be_set(patch: JsonPatch) -> None:
    with pytest.raises(RuleViolated):
        patch(ADA, [test("/password", "x")])
    assert patch(ADA, [add("/password", "new")]) == {**ADA, "password": "new"}


class Door(models.Model):
    fields = [
        models.StringField(name="label"),
        models.StringField(name="code", load_only=True, required=True),
    ]


class House(models.Model):
    fields = [
        models.PkField(name="id"),
        models.NestedField(Door, name="front", required=True),
        models.ListField(models.NestedField(Door), name="doors", required=True),
    ]


def test_what_nobody_is_shown_of_an_inner_object_stays_with_it() -> None:
    patch = JsonPatch(*model_shape(House), BOUND)
    house = {"id": 1, "front": {"code": "x"}, "doors": [{"label": "a", "code": "y"}]}
    shed = {"label": "shed", "code": "z"}
    assert patch(house, [add("/front/label", "big"), add("/doors/-", shed)]) == {
        "id": 1,
        "front": {"label": "big", "code": "x"},
        "doors": [{"label": "a", "code": "y"}, shed],
    }
    with pytest.raises(RuleViolated) as refused:
        patch(house, [copied("/front/code", "/front/label")])
    assert [mistake.pointer for mistake in refused.value.mistakes] == ["#/0/from"]
    with pytest.raises(RuleViolated):  # a new object in the place of the old one has no code
        patch(house, [replace("/front", {"label": "a"})])


def test_what_nobody_is_shown_moves_and_goes_with_its_object() -> None:
    patch = JsonPatch(*model_shape(House), BOUND)
    doors = [{"label": name, "code": name.upper()} for name in "abc"]
    house = {"id": 1, "front": {"code": "x"}, "doors": doors}
    assert patch(house, [remove("/doors/0")])["doors"] == doors[1:]
    assert patch(house, [move("/doors/0", "/doors/2")])["doors"] == [*doors[1:], doors[0]]
    assert patch(house, [replace("/doors/1/label", "B")])["doors"][1] == {"label": "B", "code": "B"}
    moved = patch(house, [copied("/doors/2", "/front")])
    assert moved["front"] == doors[2]


def test_a_member_that_a_formatter_removes_is_not_there() -> None:
    patch = JsonPatch(*model_shape(Account), BOUND, hidden={"visits", "nick"})
    for operation in (test("/visits", 7), copied("/visits", "/name"), remove("/nick")):
        with pytest.raises(RuleViolated) as refused:
            patch({**ADA, "nick": "a"}, [operation])
        assert "leads to nothing" in refused.value.mistakes[0].detail
    assert patch({**ADA, "nick": "a"}, [add("/name", "Bob")]) == {**ADA, "name": "Bob", "nick": "a"}


class Part(models.Model):
    fields = [
        models.StringField(name="name"),
        models.StringField(name="made", dump_only=True, load_default="here"),
    ]


class Machine(models.Model):
    fields = [models.PkField(name="id"), models.NestedField(Part, name="part")]


class Cat(models.Model):
    chip = models.StringField(load_only=True)


class Dog(models.Model):
    barks = models.BooleanField()


class Pet(models.OneOf):
    fields = [models.PkField(name="id")]
    discriminator = "kind"
    variants = {"cat": Cat, "dog": Dog}


def test_what_the_server_sets_in_an_inner_object_stays() -> None:
    patch = JsonPatch(*model_shape(Machine), BOUND)
    machine = {"id": 1, "part": {"name": "a", "made": "there"}}
    assert patch(machine, []) == machine
    assert patch(machine, [add("/part/name", "b")])["part"] == {"name": "b", "made": "there"}


def test_an_object_of_another_kind_has_nothing_unseen() -> None:
    patch = JsonPatch(*model_shape(Pet), BOUND)
    cat = {"id": 1, "kind": "cat", "chip": "S"}
    assert patch(cat, [replace("/kind", "dog")]) == {"id": 1, "kind": "dog"}
    assert patch(cat, [test("/kind", "cat")]) == cat


@pytest.mark.parametrize(
    ("operations", "place", "detail"),
    [
        ([add("/name", "Augusta")], "#/0/value", "must have at most 5 characters"),
        ([add("/nick", "x"), remove("/name")], "#/1/path", "is required"),
        ([add("/nmae", "x")], "#/0/value", "is not a member of this object. Did you mean 'name'?"),
        ([add("/tags", []), add("/tags/0", 5)], "#/1/value", "must be a string"),
        ([add("/tags", [5]), add("/nick", "a")], "#/0/value", "must be a string"),
        ([copied("/visits", "/nick")], "#/0/path", "must be a string"),
        ([add("", 5)], "#", "must be an object"),
    ],
)
def test_an_object_that_would_not_fit_is_refused_with_the_operation(
    patch: JsonPatch, operations: Any, place: str, detail: str
) -> None:
    with pytest.raises(RuleViolated) as refused:
        patch(ADA, operations)
    assert [(m.pointer, m.detail) for m in refused.value.mistakes] == [(place, detail)]
