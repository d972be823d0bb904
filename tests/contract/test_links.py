"""References that clients read and write as links."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import DataStore
from openrest.views import JsonResponse, NdjsonResponse
from tests.contract.apis import Kind
from tests.contract.client import Client
from tests.contract.test_relations import store


class Home(models.Model):
    street = models.StringField(required=True)
    id = models.PkField()


class Page(models.Model):
    slug = models.StringPkField()


class Car(models.Model):
    id = models.UUIDPkField()


class User(models.Model):
    name = models.StringField(required=True)
    home = models.IntForeignField(required=True, foreign={"resource": "homes", "format": "uri"})
    page = models.StringForeignField(
        allow_none=True,
        data_key="site",
        foreign={"resource": "pages", "format": "uri", "on_delete": "set_null"},
    )
    car = models.UUIDForeignField(foreign={"resource": "cars", "format": "uri"})
    id = models.PkField()


def controller(
    name: str, model: type[models.Model], store: DataStore, options: Any
) -> type[Controller]:
    class Made(Controller):
        resource = {"resource_name": name, "model": model, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": options,
        }
        view = {"response_class": JsonResponse, "options": {"alternatives": [NdjsonResponse]}}

    return Made


def serve(kind: Kind, folder: Path, **options: Any) -> WSGIDispatcher:
    users: Any = {"embed": True, "any_of": True, "partial": True}
    made = [
        controller("users", User, store(kind, folder, User), users),
        controller("homes", Home, store(kind, folder, Home), {"children": True}),
        controller("pages", Page, store(kind, folder, Page), {}),
        controller("cars", Car, store(kind, folder, Car), {}),
    ]
    return WSGIDispatcher(made, debug=True, **options)


@pytest.fixture(params=["", "/api", "/a%20b/v1"])
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    """An API that is mounted there, with a home, a page and a car."""
    mount = request.param.replace("%20", " ")
    api = Client(serve("sqlite", tmp_path), mount)
    api.post("/homes", {"street": "Main"})
    api.post("/pages", {"slug": "~ada,b"})
    return api


def root(api: Client) -> str:
    return api.mount.replace(" ", "%20")


def test_a_reference_is_written_and_read_as_the_link_that_a_create_answers(api: Client) -> None:
    home = api.post("/homes", {"street": "High"}).headers["Location"]
    page = api.post("/pages", {"slug": "a.b"}).headers["Location"]
    car = api.post("/cars", {}).headers["Location"]
    made = api.post("/users", {"name": "Ada", "home": home, "site": page, "car": car})
    assert made.status == 201, made.data
    expected = {"name": "Ada", "home": home, "site": page, "car": car, "id": 1}
    assert made.json == expected
    assert home == f"{root(api)}/homes/2"
    assert api.get("/users/1").json == expected
    assert api.get("/users").json["object_list"] == [expected]
    [line] = api.raw("GET", "/users", headers={"Accept": "application/x-ndjson"}).data.splitlines()
    assert json.loads(line) == expected
    assert api.get(home.removeprefix(root(api))).json["street"] == "High"


def test_put_and_patch_take_links_and_keep_those_that_they_do_not_change(api: Client) -> None:
    one, two = (f"{root(api)}/homes/{key}" for key in (1, 2))
    site = f"{root(api)}/pages/~ada,b"
    api.post("/homes", {"street": "High"})
    api.post("/users", {"name": "Ada", "home": one, "site": site})
    assert api.patch("/users/1", {"name": "Eve"}).json["home"] == one
    assert api.patch("/users/1", {"home": two}).json["home"] == two
    assert api.patch("/users/1", {"site": None}).json["site"] is None
    assert api.put("/users/1", {"name": "Ada", "home": one}).json["home"] == one


@pytest.mark.parametrize(
    "link",
    [
        "//example.org{root}/homes/1",
        "http://example.org{root}/homes/1",
        "{root}/pages/1",
        "{root}/homes/01",
        "{root}/homes/-1",
        "{root}/homes/x",
        "{root}/homes/1/",
        "{root}/homes/1?a=b",
        "{root}/homes/1#a",
        "{root}/homes%2F1",
        "{root}/homes/%31",
        "{root}/homes/",
        "homes/1",
        "",
        "{root}/homes/1\n",
        "{root}/homes/١",
        1,
        None,
    ],
)
def test_what_is_no_link_to_such_an_object_is_422(api: Client, link: Any) -> None:
    if isinstance(link, str):
        link = link.replace("{root}", root(api))
    refused = api.post("/users", {"name": "Ada", "home": link})
    assert (refused.status, [e["pointer"] for e in refused.errors]) == (422, ["#/home"])
    assert refused.errors[0]["detail"] in (
        "must be a link to an object of homes, such as /homes/1",
        "must not be null",
    )


@pytest.mark.parametrize(
    "link",
    ["{root}/homes/77", "{root}/homes/9999999999999999999", "/elsewhere{root}/homes/1",
     "{root}/../homes/1", "/x//y{root}/homes/1"],
)  # fmt: skip
def test_a_link_that_leads_to_nothing_here_is_409(api: Client, link: str) -> None:
    body = {"name": "Ada", "home": link.replace("{root}", root(api))}
    for refused in (api.post("/users", body), api.post("/users", {**body, "site": None})):
        assert refused.status == 409
        assert refused.errors == [{"pointer": "#/home", "detail": "refers to nothing in homes"}]
    api.post("/users", {"name": "Ada", "home": f"{root(api)}/homes/1"})
    assert api.patch("/users/1", {"home": body["home"]}).status == 409


def test_a_link_without_the_mount_is_one_to_another_api(api: Client) -> None:
    answer = api.post("/users", {"name": "Ada", "home": "/homes/1"})
    assert answer.status == (409 if api.mount else 201)


def test_filters_take_the_link_or_the_key(api: Client) -> None:
    api.post("/homes", {"street": "High"})
    links = [f"{root(api)}/homes/{key}" for key in (1, 2)]
    site = f"{root(api)}/pages/~ada,b"
    for name, link in zip("ab", links, strict=True):
        api.post("/users", {"name": name, "home": link, "site": site if name == "a" else None})

    def names(query: str) -> list[str]:
        return [user["name"] for user in api.get(f"/users?{query}").json["object_list"]]

    assert names("home=2") == names(f"home={links[1].replace('%', '%25')}") == ["b"]
    assert names("site=~ada,b") == names(f"site={site.replace('%', '%25')}") == ["a"]
    for nowhere in ("77", "/nowhere/homes/1", "9999999999999999999"):
        assert names(f"home={nowhere}") == []
    either = quote(json.dumps([{"home": links[0]}, {"home": "2"}]))
    assert names(f"any_of={either}") == ["a", "b"]
    for wrong in ("x", "//host/homes/1", "/pages/1", "01"):
        assert api.get(f"/users?home={wrong}").status == 422


def test_what_is_embedded_and_what_is_below_go_by_the_key(api: Client) -> None:
    link = f"{root(api)}/homes/1"
    api.post("/users", {"name": "Ada", "home": link})
    assert api.get("/users/1?embed=home").json["_embedded"] == {"home": {"street": "Main", "id": 1}}
    assert api.get("/homes/1/users").json["object_list"][0]["home"] == link
    assert api.get("/users?fields=home").json["object_list"] == [{"home": link}]
    assert api.delete("/homes/1").status == 409


def test_records_have_the_key_and_models_load_and_dump_links() -> None:
    loaded = User().load({"name": "Ada", "home": "/homes/3"})
    assert loaded == {"name": "Ada", "home": 3, "page": None} or loaded == {
        "name": "Ada", "home": 3,
    }  # fmt: skip
    assert User().dump({"name": "Ada", "home": 3, "id": 1})["home"] == "/homes/3"


def test_the_document_has_the_pattern_and_leads_from_the_one_to_the_other(tmp_path: Path) -> None:
    document = Client(serve("list", tmp_path)).document
    shown = document["components"]["schemas"]["Users"]["properties"]["home"]
    assert shown["type"] == "string"
    assert shown["pattern"].endswith("/homes/(?:0|[1-9][0-9]{0,18})$")
    assert shown["description"] == "A link to one in `homes`"
    create = document["paths"]["/users"]["post"]
    example = create["requestBody"]["content"]["application/json"]["example"]
    assert example == {"name": "string", "home": "/homes/1"}
    links = document["paths"]["/homes"]["post"]["responses"]["201"]["links"]
    assert links["create_users_by_home"]["requestBody"] == {"home": "$response.header.Location"}
