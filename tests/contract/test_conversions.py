"""What hooks and an author's own fields make of a value is stored once, and stays."""

from pathlib import Path
from typing import Any

import pytest
from marshmallow import Schema, post_load, pre_load, validates_schema
from marshmallow import fields as ma

from openrest import models
from openrest.query import Query
from tests.contract.apis import KINDS
from tests.contract.client import Client
from tests.contract.kinds import serve


class Hashed(ma.Field[str]):
    """What it loads, it does not dump back."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return f"H({value})"

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value


class Part(models.Model):
    secret = Hashed()
    size = models.IntegerField()


class Accounts(models.Model):
    """An account nested in another; its hook hashes what nobody is shown."""

    name = models.StringField()
    password = models.StringField(load_only=True)

    @post_load
    def hash(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        if "password" in data:
            data["password"] = f"H({data['password']})"
        return data


class Things(models.Model):
    id = models.PkField()
    size = models.IntegerField()
    secret = Hashed()
    shout = models.FunctionField(lambda record: record["shout"], lambda value: f"{value}!")
    part = models.NestedField(Part)
    parts = models.DictField(values=Hashed())
    list = ma.List(Hashed())
    account = models.NestedField(Accounts)
    accounts = models.DictField(values=models.NestedField(Accounts))


class Users(Schema):
    """A password is sent twice, and its role is not for the client to choose."""

    id = ma.Integer()
    name = ma.String(required=True)
    role = ma.String()
    rank = ma.Integer(load_default=1)
    password = ma.String(load_only=True, required=True)
    again = ma.String(load_only=True, required=True)

    @pre_load
    def no_rank(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if name != "rank"}

    @validates_schema
    def same(self, data: dict[str, Any], **options: Any) -> None:
        if data.get("password") != data.get("again", data.get("password")):
            raise AssertionError

    @post_load
    def drop(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        return {name: value for name, value in data.items() if name not in ("role", "again")}


class Log(Schema):
    """One value that is shown in two forms, and one that is set under another name."""

    id = ma.Integer()
    at = ma.AwareDateTime()
    day = ma.Date(attribute="at", dump_only=True)
    code_in = ma.String(attribute="code", load_only=True, required=True)
    code = ma.String(attribute="code", dump_only=True)


@pytest.fixture(params=KINDS)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    served: dict[str, type[Schema]] = {"things": Things, "users": Users, "log": Log}
    return Client(serve(served, request.param, tmp_path))


def test_a_patch_of_another_member_converts_nothing_again(api: Client) -> None:
    sent = {
        "secret": "a", "shout": "a", "part": {"secret": "a", "size": 1}, "parts": {"x": "a"},
        "list": ["a"], "account": {"name": "Ada", "password": "a"},
        "accounts": {"x": {"name": "Ada", "password": "a"}, "y": {"name": "Eve"}},
    }  # fmt: skip
    made = api.post("/things", sent).json
    assert made == {
        "id": 1, "secret": "H(a)", "shout": "a!", "part": {"secret": "H(a)", "size": 1},
        "parts": {"x": "H(a)"}, "list": ["H(a)"], "account": {"name": "Ada"},
        "accounts": {"x": {"name": "Ada"}, "y": {"name": "Eve"}},
    }  # fmt: skip
    assert api.get("/things/1").json == made
    assert api.patch("/things/1", {"size": 2}).json == {**made, "size": 2}
    patched = api.patch("/things/1", {"part": {"size": 2}, "account": {"name": "Eve"}}).json
    assert patched["part"] == {"secret": "H(a)", "size": 2}
    api.patch("/things/1", {"accounts": {"x": {"name": "Bob"}}})
    [stored] = api.app.controllers[0].store.find(Query())
    assert stored["account"] == {"name": "Eve", "password": "H(a)"}
    assert stored["accounts"]["x"] == {"name": "Bob", "password": "H(a)"}
    assert api.patch("/things/1", {"part": {"secret": "b"}}).json["part"] == {
        "secret": "H(b)", "size": 2,
    }  # fmt: skip


def test_what_a_hook_removes_is_not_stored(api: Client) -> None:
    sent = {"name": "Ada", "role": "admin", "rank": 9, "password": "p", "again": "p"}
    assert api.post("/users", sent).json == {"id": 1, "name": "Ada", "rank": 1}
    assert api.put("/users/1", sent).json == {"id": 1, "name": "Ada", "rank": 1}
    assert api.patch("/users/1", {"role": "root"}).json == {"id": 1, "name": "Ada", "rank": 1}
    assert api.patch("/users/1", {"name": "Eve"}).json["name"] == "Eve"
    [stored] = api.app.controllers[1].store.find(Query())
    assert stored == {"id": 1, "name": "Eve", "rank": 1, "password": "p"}


def test_several_fields_may_show_one_value_that_one_of_them_sets(api: Client) -> None:
    made = api.post("/log", {"at": "2026-03-01T09:30:00Z", "code_in": "a"})
    shown = {"id": 1, "at": "2026-03-01T09:30:00Z", "day": "2026-03-01", "code": "a"}
    assert made.json == shown
    assert api.put("/log/1", {"code_in": "b"}).json == {"id": 1, "day": None, "code": "b"}
    assert api.patch("/log/1", {"code_in": "c"}).json["code"] == "c"
    assert api.get("/log/1").json == {"id": 1, "day": None, "code": "c"}
