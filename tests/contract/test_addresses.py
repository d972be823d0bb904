"""One spelling for every address: any other is a 404 that says so."""

import logging

import pytest
from marshmallow.validate import Regexp
from openapi_spec_validator import validate

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError
from openrest.views import JsonResponse
from tests.contract.client import Client


class Note(models.Model):
    id = models.PkField()
    text = models.StringField()


class Page(models.Model):
    slug = models.StringPkField()


class Token(models.Model):
    key = models.UUIDPkField()


class Part(models.Model):
    id = models.PkField(data_key="part-no. é")


class Code(models.Model):
    code = models.StringPkField(validate=Regexp("[A-Z]{2}$"))


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"id": 1, "text": "a"}],
        "model": Note,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse}


class Pages(Controller):
    resource = {
        "resource_name": "pages",
        "resource": [{"slug": "a"}, {"slug": "a:b@c,d;e=f!$'()*+~_-."}],
        "model": Page,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["POST"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse, "options": {"formatters": ["add_resource_uri"]}}


class Tokens(Controller):
    resource = {
        "resource_name": "tokens",
        "resource": [],
        "model": Token,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["POST"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse}


class Parts(Controller):
    resource = {
        "resource_name": "parts",
        "resource": [],
        "model": Part,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["POST"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse}


class Codes(Controller):
    resource = {
        "resource_name": "codes",
        "resource": [{"code": "DE"}],
        "model": Code,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": [], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse}


@pytest.fixture
def api() -> Client:
    return Client(WSGIDispatcher([Notes, Pages, Tokens, Parts, Codes], debug=True))


NINES = "9" * 5000


@pytest.mark.parametrize(
    ("target", "detail"),
    [
        ("//", "There is nothing at //."),
        ("//notes", "There is nothing at //notes."),
        ("/notes/", "There is nothing at /notes/."),
        ("/notes//", "There is nothing at /notes//."),
        ("/notes//1", "There is nothing at /notes//1."),
        ("/notes/1/", "There is nothing at /notes/1/."),
        ("/./notes", "There is nothing at /./notes."),
        ("/notes/../notes", "There is nothing at /notes/../notes."),
        ("/notes/..", "There is nothing in notes with the id '..': it must be an integer."),
        ("/notes/.", "There is nothing in notes with the id '.': it must be an integer."),
        ("/notes/%2E%2E", "There is nothing in notes with the id '..': it must be an integer."),
        ("/notes/1%2F", "There is nothing at /notes/1/."),
        ("/notes/%2F1", "There is nothing at /notes//1."),
        ("/notes%2F1x", "There is nothing in notes with the id '1x': it must be an integer."),
        ("/notes/%00", "There is nothing in notes with the id '\\x00': it must be an integer."),
        ("/notes/1%00", "There is nothing in notes with the id '1\\x00': it must be an integer."),
        ("/notes%00", "There is nothing at /notes%00."),
        ("/notes/{id}", "There is nothing in notes with the id '{id}': it must be an integer."),
        ("/notes/%7Bid%7D", "There is nothing in notes with the id '{id}': it must be an integer."),
        ("/{x}", "There is nothing at /%7Bx%7D."),
        ("/notes/<id>", "There is nothing in notes with the id '<id>': it must be an integer."),
        ("/notes/01", "There is nothing in notes with the id '01': it must be an integer."),
        ("/notes/+1", "There is nothing in notes with the id '+1': it must be an integer."),
        ("/notes/%201", "There is nothing in notes with the id ' 1': it must be an integer."),
        ("/notes/1_0", "There is nothing in notes with the id '1_0': it must be an integer."),
        ("/notes/0x1", "There is nothing in notes with the id '0x1': it must be an integer."),
        ("/notes/1.5", "There is nothing in notes with the id '1.5': it must be an integer."),
        ("/notes/%D9%A3", "There is nothing in notes with the id '٣': it must be an integer."),
        ("/notes/%EF%BC%91", "There is nothing in notes with the id '１': it must be an integer."),
        ("/notes/true", "There is nothing in notes with the id 'true': it must be an integer."),
        ("/notes/null", "There is nothing in notes with the id 'null': it must be an integer."),
        ("/notes/NaN", "There is nothing in notes with the id 'NaN': it must be an integer."),
        ("/notes/1e400", "There is nothing in notes with the id '1e400': it must be an integer."),
        ("/notes/-1", "There is nothing in notes with the id '-1': it must be at least 0."),
        (
            "/notes/9223372036854775808",
            "There is nothing in notes with the id '9223372036854775808': it must be at most "
            "9223372036854775807.",
        ),
        (
            f"/notes/{NINES}",
            f"There is nothing in notes with the id {NINES[:80]!r}: it must be an integer.",
        ),
        ("/notes/1.0", "There is nothing in notes with the id '1.0': it is written 1."),
        ("/notes/1e0", "There is nothing in notes with the id '1e0': it is written 1."),
        ("/notes/-0", "There is nothing in notes with the id '-0': it is written 0."),
        ("/notes/2", "There is no record with the key 2."),
        ("/notes/%FF", "There is nothing at /notes/%FF."),
        ("/notes/%C3", "There is nothing at /notes/%C3."),
        ("/notes/%ED%A0%80", "There is nothing at /notes/%ED%A0%80."),
        ("/%FF", "There is nothing at /%FF."),
        ("/Notes", "There is nothing at /Notes."),
        ("/notes;a=b", "There is nothing at /notes;a=b."),
        ("/notes%3Flimit=1", "There is nothing at /notes%3Flimit=1."),
        ("/notes%20", "There is nothing at /notes%20."),
        ("/notes%0A", "There is nothing at /notes%0A."),
        ("/notes/1%0A", "There is nothing in notes with the id '1\\n': it must be an integer."),
        ("/notes/1/text", "There is nothing at /notes/1/text."),
        ("/" + "x" * 300, f"There is nothing at /{'x' * 199}...."),
        ("/pages/.a", "There is nothing in pages with the slug '.a': it must match the pattern "
         "^[A-Za-z0-9_~!\\$'()*+,;=:@\\-][A-Za-z0-9._~!\\$'()*+,;=:@\\-]*$."),
        ("/pages/b", "There is no record with the key 'b'."),
        ("/pages/%C3%A9", "There is nothing in pages with the slug 'é': it must match the pattern "
         "^[A-Za-z0-9_~!\\$'()*+,;=:@\\-][A-Za-z0-9._~!\\$'()*+,;=:@\\-]*$."),
        ("/codes/de", "There is nothing in codes with the code 'de': it must match the pattern "
         "^(?:[A-Z]{2}$)."),
        ("/codes/DE%0A", "There is nothing in codes with the code 'DE\\n': it must match the "
         "pattern ^[A-Za-z0-9_~!\\$'()*+,;=:@\\-][A-Za-z0-9._~!\\$'()*+,;=:@\\-]*$."),
        ("/tokens/1", "There is nothing in tokens with the key '1': it must be a UUID, such as "
         "5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b."),
        ("/tokens/5a2f1c0e7d1b4b0a9f6e2c3d4e5f6a7b", "There is nothing in tokens with the key "
         "'5a2f1c0e7d1b4b0a9f6e2c3d4e5f6a7b': it must be a UUID, such as "
         "5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b."),
        ("/schema/x", "There is nothing in schema with the resource 'x': it must be one of notes, "
         "pages, tokens, parts, codes."),
        ("/schema/note", "There is nothing in schema with the resource 'note': it must be one of "
         "notes, pages, tokens, parts, codes. Did you mean 'notes'?"),
    ],
)  # fmt: skip
def test_an_address_that_is_none_is_404(
    api: Client, caplog: pytest.LogCaptureFixture, target: str, detail: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = api.raw("GET", target)
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": detail,
    }
    assert caplog.records == []


@pytest.mark.parametrize(
    "target",
    [
        "/notes",
        "/notes/1",
        "/n%6Ftes/%31",
        "/pages/a",
        "/pages/a:b@c,d;e=f!$'()*+~_-.",
        "/pages/a%3Ab%40c%2Cd%3Be%3Df%21%24%27%28%29%2A%2B~_-.",
        "/codes/DE",
    ],
)
def test_an_address_that_means_something_is_answered(api: Client, target: str) -> None:
    assert api.raw("GET", target).status == 200


def test_an_address_that_openrest_writes_leads_there(api: Client) -> None:
    for slug in ("a:b@c,d;e=f!$'()*+~_-.x", "~", "-", "a" * 255):
        created = api.post("/pages", {"slug": slug})
        assert created.headers["Location"] == created.json["resource_uri"]
        assert api.get(created.headers["Location"]).json == created.json
    created = api.post("/tokens", {})
    assert api.get(created.headers["Location"]).json == created.json


def test_a_key_may_have_any_name(api: Client) -> None:
    created = api.post("/parts", {})
    assert created.json == {"part-no. é": 1}
    assert api.get(created.headers["Location"]).json == created.json
    assert list(api.document["paths"]["/parts/{part-no. é}"]) == ["get"]
    validate(api.document)


@pytest.mark.parametrize(
    "path", ["/<secret>", "/a b", "/a?b", "/a#b", "/a//b", "/a%20b", "/é", "/{id}{", "/{i/d}"]
)
def test_a_path_that_the_document_could_not_show_truly_is_refused(path: str) -> None:
    class Odd(Notes):
        resource = {**Notes.resource}

        @operation("GET", path)
        def odd(self, call: Call) -> Result:
            """Answer nothing."""
            raise AssertionError

    with pytest.raises(ConfigurationError) as caught:
        WSGIDispatcher([Odd])
    assert (
        f"odd_notes: the path '/notes{path}' is not made of segments that need no escape "
        "(RFC 3986, section 3.3) and of {parameters}."
    ) in caught.value.mistakes


def test_a_uuid_in_upper_case_is_another_address(api: Client) -> None:
    key = api.post("/tokens", {}).json["key"]
    while key.upper() == key:  # it may have no letters
        key = api.post("/tokens", {}).json["key"]
    answer = api.raw("GET", f"/tokens/{key.upper()}")
    assert answer.status == 404
    assert answer.json["detail"] == (
        f"There is nothing in tokens with the key {key.upper()!r}: it is written {key}."
    )


@pytest.mark.parametrize("slug", ["", ".", "..", "a/b", "a b", "é", "a%", "a" * 256, "\x00", "?"])
def test_a_key_that_cannot_be_an_address_cannot_be_made(api: Client, slug: str) -> None:
    answer = api.post("/pages", {"slug": slug})
    assert answer.status == 422
    assert {error["pointer"] for error in answer.errors} == {"#/slug"}
