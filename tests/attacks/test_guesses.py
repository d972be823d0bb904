"""What is hidden cannot be guessed either: a guess that is right is answered as one that is not."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest import models
from openrest.authorization import Anyone, Role
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.errors import RuleViolated
from openrest.idempotency import Idempotency
from openrest.json_patch import JsonPatch
from openrest.models import model_shape
from openrest.views import JsonResponse
from tests.attacks.worlds import Hidden, World, key
from tests.authorization.asking import KEYS, SCHEME, AskedBy
from tests.contract.client import JSON, JSON_PATCH, MERGE_PATCH, Client


@pytest.fixture(params=["list", "sqlite"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    fields = {2: {"estimate": 3, "remark": "secret", "rating": 2}}
    return World(request.param, tmp_path, "offset").fill(Hidden(fields=fields))


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("PUT", "/tasks/2", lambda guess: {"title": "alpha", "estimate": guess}),
        ("PATCH", "/tasks/2", lambda guess: {"estimate": guess}),
        ("PATCH", "/tasks/2", lambda guess: {"estimate": guess, "title": "new"}),
        ("PATCH", "/tasks?title=alpha", lambda guess: {"estimate": guess}),
        (
            "PATCH",
            "/tasks/2",
            lambda guess: [{"op": "add", "path": "/estimate", "value": guess}],
        ),
        (
            "PATCH",
            "/tasks/2",
            lambda guess: [
                {"op": "add", "path": "/grade", "value": guess},
                {"op": "move", "from": "/grade", "path": "/estimate"},
                {"op": "add", "path": "/grade", "value": 1},
            ],
        ),
    ],
)
def test_who_may_neither_read_nor_set_a_field_learns_nothing_by_setting_it(
    world: World, method: str, target: str, body: Any
) -> None:
    answers = []
    for guess in (3, 1):
        sent = body(guess)
        kind = JSON if method == "PUT" else JSON_PATCH if isinstance(sent, list) else MERGE_PATCH
        answers.append(
            world.client.send(method, target, sent, content_type=kind, headers=key("bob"))
        )
    assert answers[0] == answers[1]
    assert answers[0].status == 403
    assert [each["pointer"] for each in answers[0].errors] == ["#/estimate"]
    assert world.client.get("/tasks/2", **key("boss")).json["estimate"] == 3


def test_what_one_can_neither_read_nor_set_is_not_lost_either(world: World) -> None:
    whole: dict[str, Any] = {
        "title": "new",
        "text": "t",
        "project": None,
        "after": None,
        "more": {},
    }
    seen = world.client.get("/tasks/2", **key("bob")).json
    fixed = {name: seen[name] for name in ("id", "owner", "made", "changed", "gone")}
    replaced = [{"op": "replace", "path": "", "value": {**whole, **fixed, "grade": 1}}]
    answer = world.client.send(
        "PATCH", "/tasks/2", replaced, content_type=JSON_PATCH, headers=key("bob")
    )
    assert answer.status == 200
    kept = world.client.get("/tasks/2", **key("boss")).json
    assert (kept["title"], kept["estimate"], kept["remark"]) == ("new", 3, "secret")


@pytest.mark.parametrize("path", ["/more/x", "/more"])
def test_a_copy_of_the_object_has_what_its_sender_sees(world: World, path: str) -> None:
    copied = [{"op": "copy", "from": "", "path": path}]
    answer = world.client.send(
        "PATCH", "/tasks/2", copied, content_type=JSON_PATCH, headers=key("bob")
    )
    assert answer.status == 200
    assert b"alpha" in answer.data
    assert b"secret" not in answer.data and b"estimate" not in answer.data


class Account(models.Model):
    name = models.StringField()
    password = models.StringField(load_only=True)


class Person(models.Model):
    id = models.PkField()
    account = models.NestedField(Account)
    others = models.ListField(models.NestedField(Account))
    named = models.DictField(values=models.NestedField(Account))
    pair = models.TupleField([models.NestedField(Account), models.RawField(allow_none=True)])
    any = models.RawField()
    more = models.DictField()
    pin = models.StringField(load_only=True)
    note = models.StringField()


ADA = {
    "id": 1,
    "account": {"name": "ada", "password": "secret"},
    "others": [{"name": "eve", "password": "secret"}],
    "named": {"a": {"name": "bob", "password": "secret"}},
    "pair": ({"name": "cid", "password": "secret"}, None),
    "more": {},
    "pin": "secret",
}
_PLACES = st.sampled_from(
    ["", "/account", "/others", "/others/0", "/others/-", "/any", "/any/0", "/more", "/more/x"]
    + ["/named", "/named/a", "/named/x", "/pair", "/pair/0", "/pair/1", "/note"]
)
_STEPS = st.lists(
    st.one_of(
        st.builds(
            lambda op, source, path: {"op": op, "from": source, "path": path},
            st.sampled_from(["copy", "move"]),
            _PLACES,
            _PLACES,
        ),
        st.builds(lambda path: {"op": "add", "path": path, "value": []}, st.just("/any")),
    ),
    max_size=4,
)


@given(_STEPS)
def test_no_patch_brings_to_light_what_nobody_is_shown(steps: list[dict[str, Any]]) -> None:
    patch = JsonPatch(*model_shape(Person), 10_000)
    try:
        record = patch(ADA, steps)
    except RuleViolated as refused:
        assert "secret" not in str(refused)
        return
    assert "secret" not in str(Person().dump(record))


@given(st.integers(0, 300))
def test_how_large_a_patched_object_may_be_does_not_tell_how_large_the_hidden_part_is(
    length: int,
) -> None:
    patch = JsonPatch(*model_shape(Person), 300, hidden={"note"})
    grown = [{"op": "add", "path": "/more/x", "value": "x" * length}]
    outcomes = set()
    for note in ("", "n" * 50, "n" * 5000):
        try:
            patch({**ADA, "note": note}, grown)
            outcomes.add("done")
        except RuleViolated as refused:
            outcomes.add(str(refused))
    assert len(outcomes) == 1


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


def test_somebody_unknown_has_no_key_of_somebody_known() -> None:
    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": [],
            "model": Note,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET"],
            "options": {
                "authentication": SCHEME,
                "authorization": Anyone(),
                "idempotency": Idempotency(),
            },
        }
        view = {"response_class": JsonResponse}

    app = WSGIDispatcher([Notes], debug=True)
    ada, nobody = AskedBy(app, "ada"), Client(app)
    assert set(KEYS) >= {"ada"}
    made = ada.send("POST", "/notes", {"text": "x"}, headers={"Idempotency-Key": "k"})
    # What the store knows the key by, as far as anybody can reckon it.
    guess = sha256(b"'ada' k").hexdigest()
    other = nobody.send("POST", "/notes", {"text": "x"}, headers={"Idempotency-Key": guess})
    assert "Idempotent-Replayed" not in other.headers
    assert other.json["id"] != made.json["id"]


class Cat(models.Model):
    chip = models.StringField()
    lives = models.IntegerField(required=True)


class Dog(models.Model):
    barks = models.BooleanField()


class Pet(models.OneOf):
    fields = [models.PkField(name="id"), models.StringField(name="name")]
    discriminator = "kind"
    variants = {"cat": Cat, "dog": Dog}


@pytest.mark.parametrize(
    ("method", "body", "kind"),
    [
        ("PUT", {"kind": "dog", "name": "a"}, JSON),
        ("PATCH", {"kind": "dog"}, MERGE_PATCH),
        ("PATCH", [{"op": "replace", "path": "/kind", "value": "dog"}], JSON_PATCH),
    ],
)
def test_what_is_hidden_of_one_kind_does_not_come_back_in_another(
    method: str, body: Any, kind: str
) -> None:
    hr = Role("hr")

    class Pets(Controller):
        resource = {
            "resource_name": "pets",
            "resource": [{"kind": "cat", "name": "a", "chip": "secret", "lives": 9}],
            "model": Pet,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET", "PUT", "PATCH"],
            "options": {
                "authentication": SCHEME,
                "readable": {"chip": hr, "lives": hr},
                "writable": {"chip": hr},
                "json_patch": True,
            },
        }
        view = {"response_class": JsonResponse}

    app = WSGIDispatcher([Pets], debug=True)
    ada, bob = AskedBy(app, "ada"), AskedBy(app, "bob")
    assert bob.send(method, "/pets/1", body, content_type=kind).json["kind"] == "dog"
    assert ada.patch("/pets/1", {"kind": "cat", "lives": 1}).status == 200
    assert ada.get("/pets/1").json == {"kind": "cat", "id": 1, "name": "a", "lives": 1}
