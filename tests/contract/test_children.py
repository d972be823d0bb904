"""Lists of what refers to an object, below that object."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.controllers import Call, Controller, Page, Result, WSGIDispatcher, operation
from openrest.datastore import DataStore, PythonListDataStore
from openrest.errors import ConfigurationError, ContractError
from openrest.interfaces import Record
from openrest.pagination import Pagination
from openrest.query import Condition, Query
from openrest.views import JsonResponse, formatter
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Client
from tests.contract.test_relations import store
from tests.needs import CI


class Address(models.Model):
    street = models.StringField(required=True)
    id = models.PkField()


class User(models.Model):
    name = models.StringField(required=True)
    home = models.IntForeignField(required=True, foreign={"resource": "address"})
    work = models.IntForeignField(foreign={"resource": "address"})
    boss = models.IntForeignField(foreign={"resource": "users"})
    secret = models.IntForeignField(load_only=True, foreign={"resource": "address"})
    id = models.PkField()


class Lamp(models.Model):
    address = models.IntForeignField(required=True, foreign={"resource": "address"})
    id = models.PkField()


def controller(
    name: str,
    model: type[models.Model],
    store: DataStore,
    options: Any,
    formatters: Any = (),
    list_verbs: Any = ("GET", "POST"),
) -> type[Controller]:
    class Made(Controller):
        resource = {"resource_name": name, "model": model, "datastore": store}
        controller = {
            "list_verbs": list_verbs,
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": options,
        }
        view = {"response_class": JsonResponse, "options": {"formatters": formatters}}

    return Made


CHILDREN: Any = {"residents": "users.home", "staff": "users.work", "lamps": "lamps"}


def serve(kind: Kind, folder: Path, children: Any = CHILDREN, **options: Any) -> Client:
    users = {"sorting": True, "embed": ["home"], "partial": True, "pagination": Pagination(2),
             "children": {"team": "users"}}  # fmt: skip
    made = [
        controller("address", Address, store(kind, folder, Address), {"children": children}),
        controller("users", User, store(kind, folder, User), users, ["add_resource_uri"]),
        controller("lamps", Lamp, store(kind, folder, Lamp), {"pagination": None}),
    ]
    return Client(WSGIDispatcher(made, debug=True, **options))


@pytest.fixture(params=KINDS)
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    """Two addresses, and three users of whom two live at the first."""
    api = serve(request.param, tmp_path)
    for street in ("Main", "High"):
        api.post("/address", {"street": street})
    api.post("/users", {"name": "Eve", "home": 1, "work": 2})
    api.post("/users", {"name": "Ada", "home": 1, "boss": 1})
    api.post("/users", {"name": "Bob", "home": 2, "boss": 1})
    return api


def names(api: Client, target: str) -> list[str]:
    return [user["name"] for user in api.get(target).json["object_list"]]


def test_an_object_has_lists_of_what_refers_to_it(api: Client) -> None:
    assert names(api, "/address/1/residents") == ["Eve", "Ada"]
    assert names(api, "/address/2/residents") == ["Bob"]
    assert names(api, "/address/2/staff") == ["Eve"]
    assert names(api, "/address/1/staff") == []
    assert names(api, "/users/1/team") == ["Ada", "Bob"]
    assert api.get("/address/1/lamps").json["object_list"] == []


def test_what_is_below_no_object_is_404(api: Client) -> None:
    for target in ("/address/9/residents", "/address/x/residents", "/users/9/team"):
        assert api.get(target).status == 404
    missing = api.get("/address/9/residents").json["detail"]
    assert missing == "There is no record with the key 9."
    assert "nothing in address" in api.get("/address/x/residents").json["detail"]


def test_such_a_list_is_asked_like_that_of_its_resource(api: Client) -> None:
    assert names(api, "/address/1/residents?sort=name") == ["Ada", "Eve"]
    assert names(api, "/address/1/residents?name=Ada") == ["Ada"]
    page = api.get("/address/1/residents?limit=1").json
    assert page["meta"]["total_count"] == 2
    assert page["meta"]["next"] == "/address/1/residents?offset=1&limit=1"
    found = api.get("/address/2/residents?fields=name&embed=home").json["object_list"]
    assert found == [{"name": "Bob", "_embedded": {"home": {"street": "High", "id": 2}}}]
    [bob] = api.get("/address/2/residents").json["object_list"]
    assert bob["resource_uri"] == "/users/3"
    assert api.get("/address/1/residents?nam=Ada").status == 422
    assert api.send("POST", "/address/1/residents", {}).status == 405


def test_an_object_has_links_to_the_lists_below_it(api: Client) -> None:
    paths = api.document["paths"]
    for path, method, status, place in (
        ("/address", "post", "201", "$response.body#/id"),
        ("/address/{id}", "get", "200", "$request.path.id"),
    ):
        links = paths[path][method]["responses"][status]["links"]
        assert links["list_residents"] == {
            "operationId": "list_address_residents", "parameters": {"id": place},
        }  # fmt: skip
        assert {"list_staff", "list_lamps"} < {*links}
    entry = paths["/address/{id}/residents"]["get"]
    assert (entry["operationId"], entry["tags"]) == ("list_address_residents", ["address"])
    assert entry["summary"] == "List those in users that refer to one in address"
    shown = entry["responses"]["200"]["content"]["application/json"]["schema"]
    assert shown == {"$ref": "#/components/schemas/UsersPartialList"}


def test_there_are_no_lists_below_without_the_option(tmp_path: Path) -> None:
    made = [
        controller(name, model, store("list", tmp_path, model), {})
        for name, model in (("address", Address), ("users", User))
    ]
    api = Client(WSGIDispatcher(made, debug=True))
    assert not any("}/" in path for path in api.document["paths"])
    assert "links" not in api.document["paths"]["/address/{id}"]["get"]["responses"]["200"]


def test_true_is_every_list_that_refers_to_it(tmp_path: Path) -> None:
    made = [
        controller("address", Address, store("list", tmp_path, Address), {"children": True}),
        controller("lamps", Lamp, store("list", tmp_path, Lamp), {}),
    ]
    api = Client(WSGIDispatcher(made, debug=True))
    api.post("/address", {"street": "Main"})
    api.post("/lamps", {"address": 1})
    assert api.get("/address/1/lamps").json["object_list"] == [{"address": 1, "id": 1}]


class Lamps(Controller):
    """Of which the broken ones are not shown."""

    resource = {
        "resource_name": "lamps",
        "resource": [{"address": 1}, {"address": 2}, {"address": 1}],
        "model": Lamp,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"]}
    view = {"response_class": JsonResponse}

    def get_list(self, call: Call) -> Result:
        """Leave out the first."""
        return self.page(call, (Condition("id", "ne", 1),))


class Careless(Lamps):
    def get_list(self, call: Call) -> Result:
        """Show all, whoever asks."""
        return Result(Page(list(self.store.find(Query())), {"count": 3, "total_count": 3}))


def lit(lamps: type[Controller]) -> WSGIDispatcher:
    addresses = PythonListDataStore([{"street": "Main"}, {"street": "High"}], Address)
    made = controller("address", Address, addresses, {"children": True})
    return WSGIDispatcher([made, lamps], debug=True)


def test_a_list_of_ones_own_is_narrowed_not_replaced() -> None:
    api = Client(lit(Lamps))
    assert [lamp["id"] for lamp in api.get("/address/1/lamps").json["object_list"]] == [3]
    assert [lamp["id"] for lamp in api.get("/lamps").json["object_list"]] == [2, 3]


def test_a_list_of_ones_own_that_cannot_be_narrowed_is_no_answer() -> None:
    with pytest.raises(ContractError) as refused:
        Client(lit(Careless)).get("/address/1/lamps")
    assert str(refused.value) == (
        "Careless.get_list makes its page without self.page(), so that it cannot be narrowed to "
        "/address/{id}/lamps."
    )


@settings(
    max_examples=100 if CI else 20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(homes=st.lists(st.integers(1, 3), max_size=9), limit=st.integers(1, 4))
@pytest.mark.parametrize("kind", KINDS)
def test_all_pages_together_are_what_refers_to_the_object(
    kind: Kind, homes: list[int], limit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("children")
    lamps, addresses = store(kind, folder, Lamp), store(kind, folder, Address)
    addresses.insert_many([{"street": "x"} for _ in range(3)])
    records: list[Record] = lamps.insert_many([{"address": home} for home in homes])
    made = [
        controller("address", Address, addresses, {"children": ["lamps"]}),
        controller("lamps", Lamp, lamps, {"pagination": Pagination(limit)}),
    ]
    api = Client(WSGIDispatcher(made, debug=True))
    for home in (1, 2, 3):
        found, target = [], f"/address/{home}/lamps"
        while target:
            page = api.get(target).json
            found += page["object_list"]
            target = page["meta"]["next"]
        assert found == [record for record in records if record["address"] == home]


@formatter(removes=["address"])
def dark(record: Record, call: Call) -> Record:
    return {name: value for name, value in record.items() if name != "address"}


@pytest.mark.parametrize(
    ("children", "said"),
    [
        (["user"], ["'user': does not refer to it. Did you mean 'users'?"]),
        (["users"], [
            "'users': refers to it by 'home' and 'work' and 'secret': give each a segment of its "
            "own, {'users': 'users.home'}.",
        ]),
        ({"a": "users.hom", "b": "users.secret", "c": "lamps", "d": "dark"}, [
            "'users.hom': does not refer to it. Did you mean 'users.home'?",
            "'users.secret': answers do not show 'secret', and a list would.",
            "'lamps': nobody can GET the list of lamps.",
            "'dark': answers do not show 'address', and a list would.",
        ]),
    ],
)  # fmt: skip
def test_lists_that_cannot_be_are_refused_when_they_are_mounted(
    children: Any, said: list[str], tmp_path: Path
) -> None:
    made = [
        controller("address", Address, store("list", tmp_path, Address), {"children": children}),
        controller("users", User, store("list", tmp_path, User), {}),
        controller("lamps", Lamp, store("list", tmp_path, Lamp), {}, list_verbs=["POST"]),
        controller("dark", Lamp, store("list", tmp_path, Lamp), {}, [dark]),
    ]
    with pytest.raises(ConfigurationError) as refused:
        WSGIDispatcher(made)
    place = "address: controller.options.children: "
    assert [mistake.removeprefix(place) for mistake in refused.value.mistakes] == said


def test_true_where_nothing_refers_to_it_is_refused(tmp_path: Path) -> None:
    made = controller("address", Address, store("list", tmp_path, Address), {"children": True})
    with pytest.raises(ConfigurationError, match="no list of objects refers to it"):
        WSGIDispatcher([made])


@pytest.mark.parametrize(
    ("children", "said"),
    [
        ("users", "is neither True nor a list of resources, nor a mapping of segments to them, but "
                  "'users'."),
        (["users.home"], "'users.home' is not a segment of a URL, a letter, then letters, digits, "
                         "'-' and '_': {'segment': 'users.home'}."),
        ({"a": 1}, "'a': is not the name of a resource but 1."),
        (["users", "users"], "a resource is there twice."),
        ([], "names no resource: leave it out."),
    ],
)  # fmt: skip
def test_lists_that_cannot_be_are_refused_when_the_class_is_made(children: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        controller("address", Address, PythonListDataStore([], Address), {"children": children})
    assert refused.value.mistakes == (f"controller.options.children: {said}",)


def test_a_list_in_the_place_of_an_operation_of_ones_own_is_refused() -> None:
    class Addresses(Controller):
        resource = {
            "resource_name": "address", "resource": [], "model": Address,
            "datastore": PythonListDataStore,
        }  # fmt: skip
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET"],
            "options": {"children": True},
        }
        view = {"response_class": JsonResponse}

        @operation("GET", "/{id}/lamps", returns=None)
        def lamps(self, call: Call) -> Result:
            """Do nothing."""
            return Result(None, 204)

    with pytest.raises(ConfigurationError, match="GET /address/{id}/lamps is declared twice"):
        WSGIDispatcher([Addresses, Lamps])
