"""The header Prefer: what a client would rather have (RFC 7240)."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models, preferences
from openrest.config import ControllerOptions
from openrest.contract import Header
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse, YamlResponse
from tests.contract.client import MERGE_PATCH, Answer, Client
from tests.needs import CI, fuzzed_in_ci


class Note(models.Model):
    slug = models.StringPkField()
    text = models.StringField(required=True)


def serve(
    options: ControllerOptions | None = None, base: type[Controller] = Controller, **more: Any
) -> WSGIDispatcher:
    class Notes(base):  # type: ignore[misc, valid-type]
        resource = {
            "resource_name": "notes",
            "resource": [{"slug": "a", "text": "Hello"}],
            "model": Note,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {"prefer": True} if options is None else options,
        }
        view = {"response_class": JsonResponse, "options": {"alternatives": [YamlResponse]}}

    return WSGIDispatcher([Notes], debug=True, **more)


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(serve())


def put(client: Client, prefer: str, slug: str = "a") -> Answer:
    return client.send("PUT", f"/notes/{slug}", {"text": "New"}, headers={"Prefer": prefer})


def test_minimal_spares_the_object_and_nothing_else(client: Client) -> None:
    headers = {"Prefer": "return=minimal"}
    made = client.send("POST", "/notes", {"slug": "b", "text": "New"}, headers=headers)
    assert (made.status, made.data) == (204, b"")
    assert made.headers["Location"] == "/notes/b"
    assert made.headers["Preference-Applied"] == "return=minimal"
    assert "Content-Type" not in made.headers
    assert made.headers["ETag"] == client.get("/notes/b").headers["ETag"]
    patched = client.send(
        "PATCH", "/notes/b", {"text": "Newer"}, content_type=MERGE_PATCH, headers=headers
    )
    assert (patched.status, patched.data) == (204, b"")
    assert patched.headers["ETag"] == client.get("/notes/b").headers["ETag"]
    assert put(client, "return=minimal", "b").status == 204
    assert client.get("/notes/b").json == {"slug": "b", "text": "New"}


def test_the_object_is_shown_unless_the_client_prefers_otherwise(client: Client) -> None:
    for prefer in ("", "return=representation", "wait=10", "return=sometimes", "return"):
        answer = put(client, prefer)
        assert (answer.status, answer.json) == (200, {"slug": "a", "text": "New"})
        said = "return=representation" if prefer == "return=representation" else None
        assert answer.headers.get("Preference-Applied") == said


@pytest.mark.parametrize(
    "prefer",
    [
        "return=minimal",
        "RETURN=Minimal",
        'return="minimal"',
        'return = "mini\\mal"',
        "return=minimal; of=everything;;",
        "respond-async, , return=minimal",
        'other="a, return=representation", return=minimal',
        "return=minimal, return=representation",
        'broken=", return=representation, return=minimal',
    ],
)
def test_preferences_are_written_in_many_ways(client: Client, prefer: str) -> None:
    minimal = 200 if prefer.startswith("broken") else 204
    assert put(client, prefer).status == minimal


def test_strict_handling_refuses_what_cannot_be_heeded(client: Client) -> None:
    answer = put(client, 'return=minimal, foo="1, 2";x=y, handling=strict, return=sometimes, "')
    assert answer.status == 409
    assert [mistake["header"] for mistake in answer.errors] == ["Prefer"] * 3
    assert "'return=sometimes'" in answer.errors[1]["detail"]
    assert client.get("/notes/a").json["text"] != "Other"
    good = put(client, "return=minimal, handling=strict")
    assert good.headers["Preference-Applied"] == "return=minimal, handling=strict"


def test_what_is_refused_strictly_is_not_written(client: Client) -> None:
    sent = {"slug": "refused", "text": "New"}
    answer = client.send("POST", "/notes", sent, headers={"Prefer": "handling=strict, foo"})
    assert answer.status == 409
    assert client.get("/notes/refused").status == 404


def test_lenient_handling_is_not_said_to_be_granted(client: Client) -> None:
    answer = put(client, "handling=lenient, foo")
    assert answer.status == 200
    assert "Preference-Applied" not in answer.headers
    bad = client.send("PUT", "/notes/a", {}, headers={"Prefer": "handling=lenient"})
    assert bad.status == 422


def test_a_put_that_creates_always_says_so() -> None:
    client = Client(serve({"prefer": True, "upsert": True}))
    made = put(client, "return=minimal, handling=strict", "new")
    assert (made.status, made.json["slug"]) == (201, "new")
    assert made.headers["Preference-Applied"] == "handling=strict"
    assert put(client, "return=minimal", "new").status == 204


def test_headers_of_an_overridden_handler_go_out_with_nothing_else() -> None:
    class Counting(Controller):
        @declare(headers=[Header(name="X-Count", shape=models.shapes.String())])
        def update(self, call: Call) -> Result:
            result = super().update(call)
            return Result(result.body, 200, [("X-Count", "1")])

    client = Client(serve(base=Counting))
    answer = put(client, "return=minimal")
    assert (answer.status, answer.headers["X-Count"]) == (204, "1")


def test_without_the_option_the_header_is_none_of_the_document() -> None:
    client = Client(serve({}))
    assert put(client, "return=minimal, handling=strict, foo").status == 200
    assert "Prefer" not in str(client.document)


def test_the_option_is_true_or_false() -> None:
    with pytest.raises(ConfigurationError, match=r"options\.prefer: is neither True nor False"):
        serve(ControllerOptions(prefer="minimal"))  # type: ignore[typeddict-item]


@settings(max_examples=200 if CI else 20)
@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40))
def test_any_header_can_be_read(text: str) -> None:
    read = preferences.read(f"{text}, return=minimal" if '"' not in text else text)
    assert set(read.known) <= {"return", "handling"}
    if '"' not in text and "return" not in text.lower():
        assert read.known["return"] == "minimal"


@fuzzed_in_ci
@pytest.mark.parametrize("openapi", ["3.1"])
def test_the_contract_holds(openapi: Any, tmp_path: Path) -> None:
    options: ControllerOptions = {"prefer": True, "upsert": True}
    check_contract(serve(options, openapi=openapi), examples=20, seed=1)
