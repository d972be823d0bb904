"""Conditional requests: the version that an answer shows, and what a client asks of it."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.config import ControllerOptions
from openrest.contract import Header
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError, ContractError
from openrest.interfaces import DataStore
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from openrest.views.formatters import formatter
from tests.contract.apis import KINDS, Kind
from tests.contract.client import JSON_PATCH, Answer, Client
from tests.needs import SLOW_VERSIONS, fuzzed_in_ci


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    rank = models.IntegerField(allow_none=True)
    changed = models.DateTimeField(allow_none=True)
    secret = models.StringField(load_only=True)


@formatter(adds=[models.IntegerField(name="length", required=True)])
def measured(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {**record, "length": len(record["text"])}


def serve(store: DataStore, options: ControllerOptions, **more: Any) -> WSGIDispatcher:
    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "model": Note,
            "datastore": store,
            "options": {"last_modified": "changed"} if more.pop("dated", False) else {},
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": options,
        }
        view = {
            "response_class": JsonResponse,
            "options": {"formatters": [measured] if more.pop("formatted", False) else []},
        }

    return WSGIDispatcher([Notes], debug=True, **more)


def make(kind: Kind, folder: Path) -> DataStore:
    if kind == "list":
        return PythonListDataStore([], Note)
    return SQLiteDataStore({"name": folder / "notes.db", "table": "notes"}, Note)


@pytest.fixture(params=KINDS)
def notes(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Client]:
    """Makes an API with one note, whose controller has these options."""

    def made(options: ControllerOptions | None = None, **more: Any) -> Client:
        store = make(request.param, tmp_path)
        store.insert({"text": "Hello"})
        return Client(serve(store, options or {}, **more))

    return made


def etag(answer: Answer) -> str:
    return answer.headers["ETag"]


def put(api: Client, text: str, **headers: str) -> Answer:
    return api.send("PUT", "/notes/1", {"text": text}, headers=named(headers))


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def test_what_is_read_has_a_tag_that_changes_with_it_and_only_with_it(
    notes: Callable[..., Client],
) -> None:
    api = notes()
    first = etag(api.get("/notes/1"))
    assert etag(api.get("/notes/1")) == first
    put(api, "Bye")
    assert etag(api.get("/notes/1")) != first
    put(api, "Hello")
    assert etag(api.get("/notes/1")) == first


def test_what_nobody_is_shown_is_not_in_the_tag(notes: Callable[..., Client]) -> None:
    api = notes()
    first = etag(api.get("/notes/1"))
    api.patch("/notes/1", {"secret": "x"})
    assert etag(api.get("/notes/1")) == first


def test_a_created_and_a_patched_object_have_their_tag_and_a_replaced_one_has_none(
    notes: Callable[..., Client],
) -> None:
    api = notes()
    made = api.post("/notes", {"text": "a"})
    assert etag(made) == etag(api.get(made.headers["Location"]))
    patched = api.patch("/notes/1", {"text": "b"})
    assert etag(patched) == etag(api.get("/notes/1"))
    assert "ETag" not in put(api, "c").headers  # RFC 9110, section 9.3.4


@pytest.mark.parametrize("wanted", ["{}", "W/{}", ",{},,", '"x", {}', '"x" ,\tW/"y",{}', "*"])
def test_what_the_client_has_is_not_sent_again(notes: Callable[..., Client], wanted: str) -> None:
    api = notes()
    for target in ("/notes/1", "/notes"):
        read = api.get(target)
        for method in ("GET", "HEAD"):
            headers = {"If-None-Match": wanted.format(etag(read).removeprefix("W/"))}
            again = api.send(method, target, headers=headers)
            assert (again.status, again.data) == (304, b"")
            kept = {"ETag", "Cache-Control", *api.everywhere}
            assert again.headers == {name: read.headers[name] for name in kept}


@formatter(removes=["rank", "changed"])
def discreet(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in ("rank", "changed")}


class Discreet(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"text": "a", "rank": 1}],
        "model": Note,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": [],
        "unique_verbs": ["GET", "PATCH"],
        "options": {"json_patch": True},
    }
    view = {"response_class": JsonResponse, "options": {"formatters": [discreet]}}


def test_what_a_formatter_removes_is_in_no_tag_and_no_patch_can_see_it() -> None:
    api = Client(WSGIDispatcher([Discreet], debug=True))
    first = etag(api.get("/notes/1"))
    assert "." not in first  # it is of the body alone
    [controller] = api.app.controllers
    controller.store.update(1, lambda current: {**current, "rank": 2})
    assert etag(api.get("/notes/1")) == first
    for operation in (
        {"op": "test", "path": "/rank", "value": 2},
        {"op": "copy", "from": "/rank", "path": "/text"},
    ):
        refused = api.send("PATCH", "/notes/1", [operation], content_type=JSON_PATCH)
        assert (refused.status, refused.errors[0]["detail"]) == (
            409,
            "leads to nothing in the object",
        )


def test_no_time_of_a_change_is_told_that_a_formatter_removes() -> None:
    with pytest.raises(ConfigurationError, match="answers do not show 'changed'"):

        class Told(Discreet):
            resource = {**Discreet.resource, "options": {"last_modified": "changed"}}


def test_only_tags_of_codings_are_taken_for_those_of_an_answer(
    notes: Callable[..., Client],
) -> None:
    api = notes()
    made_up = etag(api.get("/notes/1")).removesuffix('"') + '-zip"'
    assert api.get("/notes/1", **{"If-None-Match": made_up}).status == 200


def test_a_coded_answer_has_a_tag_of_its_own(notes: Callable[..., Client]) -> None:
    api = notes(compress=True)
    put(api, "Hello" * 500)
    plain = etag(api.get("/notes/1"))
    coded = api.raw("GET", "/notes/1", headers={"Accept-Encoding": "gzip"})
    assert coded.headers["Content-Encoding"] == "gzip"
    assert etag(coded) == plain.removesuffix('"') + '-gzip"'
    again = api.get("/notes/1", **{"If-None-Match": etag(coded), "Accept-Encoding": "gzip"})
    assert (again.status, etag(again)) == (304, etag(coded))
    assert put(api, "Bye", If_Match=etag(coded)).status == 200


def test_another_version_is_sent(notes: Callable[..., Client]) -> None:
    api = notes()
    for target in ("/notes/1", "/notes"):
        read = api.get(target)
        put(api, f"new in {target}")
        again = api.get(target, **{"If-None-Match": etag(read)})
        assert (again.status, etag(again) != etag(read)) == (200, True)


def test_a_list_has_a_weak_tag_and_an_object_a_strong_one(notes: Callable[..., Client]) -> None:
    api = notes()
    assert etag(api.get("/notes")).startswith('W/"')
    assert etag(api.get("/notes/1")).startswith('"')
    assert etag(api.get("/notes")) != etag(api.get("/notes?limit=5"))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_change_is_made_to_the_version_that_is_meant_and_to_no_other(
    notes: Callable[..., Client], method: str
) -> None:
    api = notes()
    seen = etag(api.get("/notes/1"))
    put(api, "Changed by another")

    def change(**headers: str) -> Answer:
        body = None if method == "DELETE" else {"text": "mine"}
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        return api.send(method, "/notes/1", body, headers=named(headers), content_type=kind)

    current = etag(api.get("/notes/1"))
    for refused in (
        {"If_Match": seen},
        {"If_Match": f"W/{current}"},  # a weak tag never means one version
        {"If_None_Match": current},
        {"If_None_Match": "*"},
    ):
        assert change(**refused).status == 412
        assert api.get("/notes/1").json["text"] == "Changed by another"
    assert change(If_Match=f'"x", {current}', If_None_Match=seen).status < 300


def test_the_tag_of_any_body_serves_for_a_change(notes: Callable[..., Client]) -> None:
    api = notes(formatted=True)
    seen = etag(api.get("/notes/1"))
    assert api.get("/notes/1", **{"If-None-Match": seen}).status == 304
    assert put(api, "a", If_Match=seen).status == 200
    assert put(api, "b", If_Match=seen).status == 412
    assert put(api, "b", If_Match="*").status == 200


def test_a_missing_object_is_404_whatever_the_condition(notes: Callable[..., Client]) -> None:
    api = notes()
    for condition in ({"If-Match": "*"}, {"If-Match": '"x"'}, {"If-None-Match": "*"}):
        for method, body in (("PUT", {"text": "a"}), ("DELETE", None)):
            assert api.send(method, "/notes/9", body, headers=condition).status == 404


@pytest.mark.parametrize("header", ["abc", '"abc', "", '"a" "b"', "*, *", '"é"', ","])
def test_a_tag_without_quotes_is_refused_with_the_header(
    notes: Callable[..., Client], header: str
) -> None:
    api = notes({"concurrency": "optional"})
    for answer, name in (
        (put(api, "x", If_Match=header), "If-Match"),
        (api.get("/notes/1", **{"If-None-Match": header}), "If-None-Match"),
    ):
        assert answer.status == 422
        assert [error["header"] for error in answer.errors] == [name]
    assert api.get("/notes/1").json["text"] == "Hello"


def test_a_required_condition_that_is_missing_is_428(notes: Callable[..., Client]) -> None:
    api = notes({"concurrency": "required"})
    seen = etag(api.get("/notes/1"))
    for method, body in (("PUT", {"text": "a"}), ("PATCH", {"text": "a"}), ("DELETE", None)):
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        for headers in ({}, {"If-None-Match": '"x"'}):
            answer = api.send(method, "/notes/1", body, headers=headers, content_type=kind)
            assert answer.status == 428
    assert etag(api.get("/notes/1")) == seen
    assert put(api, "a", If_Match=seen).status == 200
    assert api.post("/notes", {"text": "new"}).status == 201


def test_conditions_are_parameters_of_the_document_where_the_author_asks_for_them(
    notes: Callable[..., Client],
) -> None:
    def parameters(options: ControllerOptions) -> dict[str, bool]:
        entry = notes(options).document["paths"]["/notes/{id}"]["put"]
        return {p["name"]: p["required"] for p in entry["parameters"] if p["in"] == "header"}

    assert parameters({}) == {}
    assert parameters({"concurrency": "optional"}) == {"If-Match": False}
    assert parameters({"concurrency": "required"}) == {"If-Match": True}


def test_a_time_is_enough_where_a_condition_is_required(notes: Callable[..., Client]) -> None:
    api = notes({"concurrency": "required"}, dated=True)
    entry = api.document["paths"]["/notes/{id}"]["put"]
    shown = {p["name"]: p["required"] for p in entry["parameters"] if p["in"] == "header"}
    assert shown == {"If-Match": False, "If-Unmodified-Since": False}
    since = "Sun, 01 Mar 2026 09:30:00 GMT"
    changed = {"text": "a", "changed": "2026-03-01T09:30:00Z"}
    assert put(api, "a").status == 428
    assert put(api, "a", If_Unmodified_Since=since).status == 412  # it was never changed
    seen = etag(api.get("/notes/1"))
    assert api.send("PUT", "/notes/1", changed, headers={"If-Match": seen}).status == 200
    assert put(api, "b", If_Unmodified_Since=since).status == 200


def test_links_from_a_created_object_name_its_version_where_that_is_a_parameter(
    notes: Callable[..., Client],
) -> None:
    def update(options: ControllerOptions) -> dict[str, str]:
        created = notes(options).document["paths"]["/notes"]["post"]["responses"]["201"]
        parameters: dict[str, str] = created["links"]["update"]["parameters"]
        return parameters

    assert update({}) == {"id": "$response.body#/id"}
    assert update({"concurrency": "required"}) == {
        "id": "$response.body#/id",
        "header.If-Match": "$response.header.ETag",
    }


def test_the_time_of_the_last_change_is_a_version_too(notes: Callable[..., Client]) -> None:
    api = notes({"concurrency": "optional"}, dated=True)
    assert "Last-Modified" not in api.get("/notes/1").headers
    api.patch("/notes/1", {"changed": "2026-03-01T09:30:00.5Z"})
    assert api.get("/notes/1").headers["Last-Modified"] == "Sun, 01 Mar 2026 09:30:00 GMT"
    for since, status in (
        ("Sun, 01 Mar 2026 09:30:00 GMT", 304),
        ("Sun, 01 Mar 2026 09:29:59 GMT", 200),
        ("yesterday", 200),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 200),
    ):
        assert api.get("/notes/1", **{"If-Modified-Since": since}).status == status
    # If-None-Match comes first (RFC 9110, section 13.2.2).
    both = {"If-Modified-Since": "Sun, 01 Mar 2026 09:30:00 GMT", "If-None-Match": '"x"'}
    assert api.get("/notes/1", **both).status == 200
    changed = {"text": "a", "changed": "2026-03-02T00:00:00Z"}
    for since, status in (
        ("Sun, 01 Mar 2026 09:29:59 GMT", 412),
        ("Sun, 01 Mar 2026 09:30:00 GMT", 200),
        ("Sun, 01 Mar 2026 09:30:00 GMT", 412),
        ("yesterday", 200),
    ):
        headers = {"If-Unmodified-Since": since}
        assert api.send("PUT", "/notes/1", changed, headers=headers).status == status


def test_the_author_says_how_long_an_answer_may_be_kept(notes: Callable[..., Client]) -> None:
    def kept(options: ControllerOptions) -> list[str | None]:
        api = notes(options)
        return [api.get(target).headers.get("Cache-Control") for target in ("/notes", "/notes/1")]

    assert kept({}) == ["no-cache"] * 2
    assert kept({"cache_control": "public, max-age=60"}) == ["public, max-age=60"] * 2
    assert kept({"cache_control": None}) == [None] * 2


class Own(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"text": "a"}],
        "model": Note,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": [], "unique_verbs": ["GET", "PUT", "DELETE"]}
    view = {"response_class": JsonResponse}

    @declare(headers=[Header(name="Cache-Control", shape=models.shapes.String())])
    def get(self, call: Call) -> Result:
        """Say by itself how long it may be kept."""
        found = super().get(call)
        return Result(found.body, headers=[("Cache-Control", "max-age=5")])

    def update(self, call: Call) -> Result:
        """Forget the conditions."""
        return Result(self.store.update(call.key, lambda current: {**current, **call.body}))

    def delete(self, call: Call) -> Result:
        """Look at them, and do nothing."""
        self.check_preconditions(call, self.store.get(call.key))
        return Result(None, 204)


def test_a_handler_of_ones_own_must_look_at_the_conditions() -> None:
    api = Client(WSGIDispatcher([Own], debug=True))
    assert put(api, "b").status == 200
    with pytest.raises(ContractError, match="call self.check_preconditions"):
        put(api, "c", If_Match="*")
    assert api.send("DELETE", "/notes/1", headers={"If-Match": '"x"'}).status == 412
    assert api.get("/notes/1").headers["Cache-Control"] == "max-age=5"


def replacement(version: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda current: {"id": current["id"], **version}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    versions=st.lists(
        st.fixed_dictionaries(
            {"text": st.sampled_from(["a", "b"])},
            optional={
                "rank": st.none() | st.integers(0, 1),
                "changed": st.sampled_from(
                    [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 2)]
                ),
            },
        ),
        min_size=2,
        max_size=5,
    )
)
def test_two_versions_have_one_tag_when_they_look_the_same_and_only_then(
    kind: Kind, versions: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = make(kind, tmp_path_factory.mktemp("data"))
    store.insert({"text": ""})
    api = Client(serve(store, {}))
    seen = []
    for version in versions:
        store.update(1, replacement(version))
        seen.append(api.get("/notes/1"))
    for one in seen:
        for other in seen:
            assert (etag(one) == etag(other)) == (one.data == other.data)


@pytest.mark.parametrize(
    ("options", "data", "said"),
    [
        ({"concurrency": "requird", "cache_control": "a\r\nX: 1"}, {"last_modified": "chnged"}, [
            "controller.options.concurrency: is neither 'optional' nor 'required' but 'requird'. "
            "Did you mean 'required'?",
            "controller.options.cache_control: is neither None nor directives such as 'public, "
            "max-age=60' but 'a\\r\\nX: 1'.",
            "resource.options.last_modified: the model has no field 'chnged'. Did you mean "
            "'changed'?",
        ]),
        ({}, {"last_modified": "rank"}, [
            "resource.options.last_modified: the values of 'rank' are no times with an offset.",
        ]),
        ({"upsert": True}, {}, [
            "controller.options.upsert: the key 'id' is the store's to choose, not the client's.",
        ]),
        ({"upsert": 1}, {}, ["controller.options.upsert: is neither True nor False but 1."]),
    ],
)  # fmt: skip
def test_options_that_cannot_be_are_refused_with_every_mistake(
    options: Any, data: Any, said: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as refused:

        class Notes(Controller):
            resource = {
                "resource_name": "notes", "resource": [], "model": Note,
                "datastore": PythonListDataStore, "options": data,
            }  # fmt: skip
            controller = {"list_verbs": [], "unique_verbs": ["PUT"], "options": options}
            view = {"response_class": JsonResponse}

    assert list(refused.value.mistakes) == said


@fuzzed_in_ci
@pytest.mark.parametrize("concurrency", [None, "optional", "required"])
@pytest.mark.parametrize("openapi", SLOW_VERSIONS)
def test_schemathesis_finds_no_difference(concurrency: Any, openapi: Any, tmp_path: Path) -> None:
    options: ControllerOptions = {"concurrency": concurrency} if concurrency else {}
    app = serve(make("sqlite", tmp_path), options, openapi=openapi, dated=True)
    check_contract(app, examples=20, seed=1)
