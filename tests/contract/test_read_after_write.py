"""What was written is what is read, whoever wrote it and however."""

import enum
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow.validate import Length, Range

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.interfaces import DataStore
from openrest.merge_patch import merge
from openrest.models.loading import wire_loader
from openrest.models.variants import create_shape, patch_shape, replace_shape
from openrest.models.walking import without_rules
from openrest.testing.strategies import wire_values
from openrest.views import JsonResponse
from tests.contract.client import Client


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


class Entry(models.Model):
    id = models.PkField()
    title = models.StringField(required=True, validate=Length(1, 30))
    text = models.StringField()
    stars = models.IntegerField(allow_none=True)
    public = models.BooleanField(load_default=False)
    rating = models.FloatField(load_default=1.5, allow_none=True)
    tags = models.ListField(models.StringField(), load_default=list)
    price = models.DecimalField(places=2)
    at = models.DateTimeField()
    day = models.DateField(allow_none=True)
    ref = models.UUIDField()
    stamp = models.TimestampField()
    mood = models.EnumField(Mood, by_value=True, load_default=Mood.GOOD)
    size = models.IntegerField(required=True, validate=Range(0, 9), data_key="the size")
    secret = models.StringField(load_only=True, load_default="unset")
    views = models.IntegerField(dump_only=True, load_default=7)


class Translation(models.Model):
    lang = models.StringPkField(validate=Length(max=8))
    text = models.StringField(allow_none=True)


DEFAULTS: dict[str, Any] = {
    "stars": None, "public": False, "rating": 1.5, "tags": [], "day": None, "mood": "good",
    "views": 7,
}  # fmt: skip

NULLABLE = {"stars", "rating", "day"}


def made(store: DataStore, other: DataStore) -> WSGIDispatcher:
    class Entries(Controller):
        resource = {"resource_name": "entries", "model": Entry, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        }
        view = {"response_class": JsonResponse}

    class Translations(Controller):
        resource = {"resource_name": "translations", "model": Translation, "datastore": other}
        controller = {
            "list_verbs": ["POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        }
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Entries, Translations], debug=True)


# Properties run many times in one test: each makes the records that it looks at.
@pytest.fixture(scope="module", params=["list", "sqlite"])
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    if request.param == "list":
        yield Client(made(PythonListDataStore([], Entry), PythonListDataStore([], Translation)))
        return
    file = str(tmp_path_factory.mktemp("data") / "entries.db")
    one = SQLiteDataStore({"name": file, "table": "entries"}, Entry)
    two = SQLiteDataStore({"name": file, "table": "translations"}, Translation)
    yield Client(made(one, two))
    one.close()
    two.close()


entries = wire_values(create_shape(Entry.shape, "Create"))
replacements = wire_values(replace_shape(Entry.shape, "id", "Replace"))
patches = wire_values(patch_shape(Entry.shape, "id", "Patch"))
translations = wire_values(create_shape(Translation.shape, "Create"))


def meaning(entry: dict[str, Any]) -> dict[str, Any]:
    """The values that an entry has, however they are spelled: 2.50 is 2.5, and 5.0 is 5."""
    members = {member.wire: member for member in Entry.shape.members}
    return {
        wire: wire_loader(without_rules(members[wire].shape))(value)
        for wire, value in entry.items()
        if wire in members and wire not in ("id", "secret")
    }


@given(entry=entries)
def test_a_created_object_has_what_was_sent_and_the_defaults(
    api: Client, entry: dict[str, Any]
) -> None:
    created = api.post("/entries", entry)
    assert created.status == 201
    assert meaning(created.json) == meaning({**DEFAULTS, **entry})
    assert api.get(created.headers["Location"]).json == created.json


@given(first=entries, second=replacements)
def test_put_leaves_nothing_of_what_was_there_but_what_the_server_owns(
    api: Client, first: dict[str, Any], second: dict[str, Any]
) -> None:
    address = api.post("/entries", first).headers["Location"]
    replaced = api.put(address, second)
    assert replaced.status == 200
    assert meaning(replaced.json) == meaning({**DEFAULTS, **second})
    assert api.get(address).json == replaced.json


@given(entry=entries, patch=patches)
def test_patch_keeps_what_it_does_not_name(
    api: Client, entry: dict[str, Any], patch: dict[str, Any]
) -> None:
    created = api.post("/entries", entry)
    patched = api.patch(created.headers["Location"], patch)
    assert patched.status == 200
    for name in created.json.keys() - patch.keys():
        assert patched.json[name] == created.json[name]
    assert patched.json.keys() - patch.keys() == created.json.keys() - patch.keys()
    assert api.get(created.headers["Location"]).json == patched.json


@given(entry=entries, patch=patches)
def test_patch_is_put_of_the_merged_object(
    api: Client, entry: dict[str, Any], patch: dict[str, Any]
) -> None:
    one, other = api.post("/entries", entry), api.post("/entries", entry)
    mine = {name: value for name, value in one.json.items() if name not in ("id", "views")}
    merged = merge({**mine, "secret": entry.get("secret", "unset")}, patch)
    # RFC 7396 removes what is null; a member that can be null then is, and takes no default.
    merged.update((name, None) for name in NULLABLE & patch.keys() if patch[name] is None)
    put = api.put(one.headers["Location"], merged)
    patched = api.patch(other.headers["Location"], patch)
    assert meaning(patched.json) == meaning(put.json)


@given(entry=entries)
def test_null_clears_a_member_and_gives_a_default_where_there_is_one(
    api: Client, entry: dict[str, Any]
) -> None:
    address = api.post("/entries", entry).headers["Location"]
    optional = ("text", "stars", "public", "rating", "tags", "price", "at", "day", "ref", "mood")
    patched = api.patch(address, dict.fromkeys(optional))
    assert patched.status == 200
    cleared = {name: patched.json[name] for name in optional if name in patched.json}
    assert cleared == {
        "stars": None, "public": False, "rating": None, "tags": [], "day": None, "mood": "good",
    }  # fmt: skip


@given(entry=entries, again=entries)
def test_what_the_server_owns_no_client_sets(
    api: Client, entry: dict[str, Any], again: dict[str, Any]
) -> None:
    address = api.post("/entries", entry).headers["Location"]
    for body in ({**again, "id": 1}, {**again, "views": 8}):
        assert api.post("/entries", body).status == 422
        assert api.put(address, body).status == 422
        assert api.patch(address, body).status == 422
    assert api.get(address).json["views"] == 7


def test_a_secret_is_kept_by_patch_reset_by_put_and_never_shown(api: Client) -> None:
    address = api.post("/entries", {"title": "a", "the size": 1, "secret": "x"}).headers["Location"]
    store, key = api.app.controllers[0].store, int(address.rpartition("/")[2])
    assert api.patch(address, {"title": "b"}).status == 200
    assert store.get(key)["secret"] == "x"
    assert api.put(address, {"title": "b", "the size": 1}).status == 200
    assert store.get(key)["secret"] == "unset"
    assert "secret" not in api.get(address).json


@given(translation=translations, text=st.text(alphabet="abc") | st.none())
def test_a_key_that_the_client_sends_is_the_address_and_cannot_be_changed(
    api: Client, translation: dict[str, Any], text: str | None
) -> None:
    created = api.post("/translations", translation)
    if created.status == 409:  # an earlier example has taken the key
        assert created.json["detail"] == "Another record has the same lang."
        return
    address = created.headers["Location"]
    assert api.get(address).json == {"text": None, **translation}
    assert api.put(address, {"text": text}).json == {"text": text, "lang": translation["lang"]}
    assert api.put(address, {"text": text, "lang": "en"}).status == 422
    assert api.patch(address, {"lang": "en"}).status == 422
    assert api.post("/translations", translation).status == 409
    assert api.delete(address).status == 204


@given(entry=entries)
def test_what_is_deleted_is_gone_and_its_key_is_not_given_again(
    api: Client, entry: dict[str, Any]
) -> None:
    created = api.post("/entries", entry)
    address = created.headers["Location"]
    assert api.delete(address).status == 204
    assert api.get(address).status == 404
    assert api.put(address, entry).status == 404
    assert api.patch(address, {}).status == 404
    assert api.delete(address).status == 404
    assert api.post("/entries", entry).json["id"] > created.json["id"]


@given(entry=entries)
def test_put_twice_is_put_once(api: Client, entry: dict[str, Any]) -> None:
    address = api.post("/entries", entry).headers["Location"]
    assert api.put(address, entry).json == api.put(address, entry).json


def test_a_refused_write_changes_nothing(api: Client) -> None:
    created = api.post("/entries", {"title": "a", "the size": 1})
    address = created.headers["Location"]
    total = api.get("/entries").json["meta"]["total_count"]
    assert api.post("/entries", {"title": "a", "the size": 10}).status == 422
    assert api.put(address, {"title": "b", "the size": 10}).status == 422
    assert api.patch(address, {"title": "b", "the size": 10}).status == 422
    assert api.get(address).json == created.json
    assert api.get("/entries").json["meta"]["total_count"] == total
