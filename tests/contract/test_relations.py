"""Resources that refer to one another: what is written, what is deleted, what is refused."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.config import ControllerOptions
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare, operation
from openrest.datastore import DataStore, PythonListDataStore, SQLiteDataStore, UniqueTogether
from openrest.errors import (
    ConfigurationError,
    Conflict,
    ModelError,
    StoreUnavailable,
    TargetMissing,
)
from openrest.idempotency import Idempotency
from openrest.interfaces import Check, Record
from openrest.models.foreign import OnDelete
from openrest.query import Query
from openrest.relations import deleting
from openrest.relations.store import RelatedStore
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Answer, Client
from tests.needs import CI, SLOW_VERSIONS, fuzzed_in_ci

THREADS = 16


class City(models.Model):
    code = models.StringPkField()
    twin = models.StringForeignField(foreign={"resource": "cities"})


class Address(models.Model):
    street = models.StringField(required=True)
    city = models.StringForeignField(
        foreign={"resource": "cities", "field": "code", "on_delete": "set_null"}, allow_none=True
    )
    id = models.PkField()


class User(models.Model):
    name = models.StringField(required=True)
    address = models.IntForeignField(
        data_key="home", required=True, foreign={"resource": "address"}
    )
    boss = models.IntForeignField(
        allow_none=True, foreign={"resource": "users", "on_delete": "cascade"}
    )
    id = models.PkField()


class Car(models.Model):
    owner = models.IntForeignField(
        required=True, foreign={"resource": "users", "on_delete": "cascade"}
    )
    id = models.UUIDPkField()


class Key(models.Model):
    car = models.UUIDForeignField(foreign={"resource": "cars"})
    id = models.PkField()


def store(kind: Kind, folder: Path, model: type[models.Model]) -> DataStore:
    if kind == "list":
        return PythonListDataStore([], model)
    where = {"name": str(folder / "relations.db"), "table": model.__name__.lower()}
    return SQLiteDataStore(where, model)


def controller(
    name: str, model: type[models.Model], store: DataStore, options: ControllerOptions
) -> type[Controller]:
    class Made(Controller):
        resource = {"resource_name": name, "model": model, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": options,
        }
        view = {"response_class": JsonResponse}

    return Made


def serve(kinds: dict[type[models.Model], Kind] | Kind, folder: Path, **options: Any) -> Client:
    """An API of cities, addresses, users, cars and keys that begins empty."""
    resources = {"cities": City, "address": Address, "users": User, "cars": Car, "keys": Key}
    made = [
        controller(
            name, model, store(kinds if isinstance(kinds, str) else kinds[model], folder, model), {}
        )
        for name, model in resources.items()
    ]
    return Client(WSGIDispatcher(made, debug=True, **options))


MIXED: dict[type[models.Model], Kind] = {
    City: "sqlite", Address: "list", User: "sqlite", Car: "list", Key: "sqlite",
}  # fmt: skip


@pytest.fixture(params=[*KINDS, "mixed"])
def api(request: pytest.FixtureRequest, tmp_path: Path) -> Client:
    return serve(MIXED if request.param == "mixed" else request.param, tmp_path)


def made(api: Client, resource: str, **members: Any) -> Any:
    """The key of a new object."""
    answer = api.post(f"/{resource}", members)
    assert answer.status == 201, answer.data
    return answer.json["code" if resource == "cities" else "id"]


def keys(api: Client, resource: str) -> list[Any]:
    [found] = [c for c in api.app.controllers if c.definition.name == resource]
    return [record[found.definition.key.name] for record in found.store.find(Query())]


def refused(answer: Answer, detail: str, *errors: tuple[str, str]) -> None:
    assert (answer.status, answer.json["detail"]) == (409, detail)
    assert answer.errors == [{"pointer": place, "detail": said} for place, said in errors]


NOBODY = "5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b"
NOT_THERE = "The request refers to what is not there."


def test_a_record_may_refer_to_one_that_is_there(api: Client) -> None:
    made(api, "cities", code="ulm")
    home = made(api, "address", street="Main", city="ulm")
    ada = made(api, "users", name="Ada", home=home)
    bob = made(api, "users", name="Bob", home=home, boss=ada)
    car = made(api, "cars", owner=bob)
    made(api, "keys", car=car)
    assert api.get(f"/users/{bob}").json == {"name": "Bob", "home": home, "boss": ada, "id": bob}


def test_no_record_is_written_that_refers_to_nothing(api: Client) -> None:
    body: Any = {"name": "Ada", "home": 7, "boss": 8}
    both = (("#/home", "refers to nothing in address"), ("#/boss", "refers to nothing in users"))
    refused(api.post("/users", body), NOT_THERE, *both)
    home = made(api, "address", street="Main")
    ada = made(api, "users", name="Ada", home=home)
    refused(api.put(f"/users/{ada}", body), NOT_THERE, *both)
    refused(api.patch(f"/users/{ada}", {"boss": 8}), NOT_THERE, both[1])
    assert api.get("/users").json["object_list"] == [
        {"name": "Ada", "home": home, "boss": None, "id": ada}
    ]
    refused(api.post("/keys", {"car": NOBODY}), NOT_THERE, ("#/car", "refers to nothing in cars"))
    assert keys(api, "keys") == []


def test_a_missing_object_is_404_before_its_references_are_looked_at(api: Client) -> None:
    assert api.put("/users/9", {"name": "Ada", "home": 7}).status == 404
    assert api.patch("/users/9", {"home": 7}).status == 404


def test_a_record_may_refer_to_itself(api: Client) -> None:
    made(api, "cities", code="ulm", twin="ulm")
    home = made(api, "address", street="Main")
    ada = made(api, "users", name="Ada", home=home)
    assert api.patch(f"/users/{ada}", {"boss": ada}).status == 200
    assert api.delete(f"/users/{ada}").status == 204
    assert api.delete("/cities/ulm").status == 204


def test_what_is_referred_to_is_not_deleted(api: Client) -> None:
    home = made(api, "address", street="Main")
    ada = made(api, "users", name="Ada", home=home)
    refused(api.delete(f"/address/{home}"), "Objects of users refer to it by address.")
    assert api.delete("/address/99").status == 404
    assert api.delete(f"/users/{ada}").status == 204
    assert api.delete(f"/address/{home}").status == 204


def test_what_refers_goes_with_it_where_its_field_says_so(api: Client) -> None:
    home = made(api, "address", street="Main")
    ada = made(api, "users", name="Ada", home=home)
    bob = made(api, "users", name="Bob", home=home, boss=ada)
    api.patch(f"/users/{ada}", {"boss": bob})  # a circle
    other = made(api, "users", name="Eve", home=home)
    car, kept = made(api, "cars", owner=bob), made(api, "cars", owner=other)
    assert api.delete(f"/users/{ada}").status == 204
    assert (keys(api, "users"), [str(key) for key in keys(api, "cars")]) == ([other], [kept])
    assert api.get(f"/cars/{car}").status == 404


def test_nothing_goes_where_one_of_those_that_would_go_is_referred_to(api: Client) -> None:
    home = made(api, "address", street="Main")
    ada = made(api, "users", name="Ada", home=home)
    bob = made(api, "users", name="Bob", home=home, boss=ada)
    key = made(api, "keys", car=made(api, "cars", owner=bob))
    refused(api.delete(f"/users/{ada}"), "Objects of keys refer to it by car.")
    assert (len(keys(api, "users")), len(keys(api, "cars"))) == (2, 1)
    assert api.delete(f"/keys/{key}").status == 204
    assert api.delete(f"/users/{ada}").status == 204


def test_what_refers_becomes_null_where_its_field_says_so(api: Client) -> None:
    made(api, "cities", code="ulm")
    places = [made(api, "address", street=name, city="ulm") for name in ("Main", "High")]
    assert api.delete("/cities/ulm").status == 204
    assert [api.get(f"/address/{place}").json["city"] for place in places] == [None, None]


def test_more_than_a_deletion_may_take_with_it_stay(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deleting, "MOST", 2)
    home = made(api, "address", street="Main")
    ada = made(api, "users", name="Ada", home=home)
    for _ in range(3):
        made(api, "users", name="Bob", home=home, boss=ada)
    refused(api.delete(f"/users/{ada}"), "More than 2 objects would have to change with it.")
    api.delete(f"/users/{keys(api, 'users')[-1]}")
    assert api.delete(f"/users/{ada}").status == 204
    assert keys(api, "users") == []


def test_the_document_says_what_is_refused_and_what_goes(api: Client) -> None:
    paths = api.document["paths"]

    def conflict(path: str, method: str) -> str:
        found = paths[path][method]["responses"].get("409")
        return str(api.resolved(found)["description"]) if found else ""

    for path, method in (("/users", "post"), ("/users/{id}", "put"), ("/users/{id}", "patch")):
        assert conflict(path, method).startswith(
            "`home` refers to nothing in address; or: `boss` refers to nothing in users"
        )
    assert conflict("/address/{id}", "delete") == "Objects of users refer to it by home"
    assert conflict("/keys/{id}", "delete") == ""
    assert conflict("/users/{id}", "delete") == (
        "More than 1000 objects would have to change with it; or: Objects of keys refer to it by "
        "car"
    )
    assert (
        "With it go the objects of `users` that refer to it by `boss`. With it go the objects of "
        "`cars` that refer to it by `owner`."
    ) in paths["/users/{id}"]["delete"]["description"]
    assert ("It becomes null in the objects of `address` that refer to it by `city`.") in paths[
        "/cities/{code}"
    ]["delete"]["description"]
    home = api.document["components"]["schemas"]["UsersCreate"]
    assert home["properties"]["home"] == {
        "type": "integer", "minimum": 0, "maximum": 2**63 - 1,
        "description": "The key of one in `address`",
    }  # fmt: skip


def test_an_operation_announces_that_the_store_of_its_target_can_be_away(tmp_path: Path) -> None:
    api = serve(MIXED, tmp_path)
    paths = api.document["paths"]
    assert "503" in paths["/address"]["post"]["responses"]  # the cities are in SQLite
    assert "503" not in paths["/address"]["get"]["responses"]
    assert "503" in paths["/address/{id}"]["delete"]["responses"]  # and so are the users
    plain = serve("list", tmp_path).document["paths"]
    assert "503" not in plain["/address"]["post"]["responses"]


# Kinds of models


class Cat(models.Model):
    friend = models.IntForeignField(foreign={"resource": "pets"})


class Dog(models.Model):
    bone = models.StringField()


class Pet(models.OneOf):
    fields = [models.PkField(name="id")]
    discriminator = "kind"
    variants = {"cat": Cat, "dog": Dog}


@pytest.mark.parametrize("kind", KINDS)
def test_a_variant_may_refer(kind: Kind, tmp_path: Path) -> None:
    api = Client(
        WSGIDispatcher([controller("pets", Pet, store(kind, tmp_path, Pet), {})], debug=True)
    )
    dog = api.post("/pets", {"kind": "dog", "bone": "large"}).json["id"]
    nothing = ("#/friend", "refers to nothing in pets")
    refused(api.post("/pets", {"kind": "cat", "friend": 77}), NOT_THERE, nothing)
    cat = api.post("/pets", {"kind": "cat", "friend": dog}).json["id"]
    refused(api.delete(f"/pets/{dog}"), "Objects of pets refer to it by friend.")
    assert api.patch(f"/pets/{cat}", {"kind": "dog"}).status == 200
    assert api.delete(f"/pets/{dog}").status == 204


# Handlers of their author's own


class Tree(models.Model):
    name = models.StringField(required=True)
    parent = models.IntForeignField(
        allow_none=True, foreign={"resource": "trees", "on_delete": "cascade"}
    )
    id = models.PkField()


class Fruit(models.Model):
    tree = models.IntForeignField(required=True, foreign={"resource": "trees"})
    id = models.PkField()


class Trees(Controller):
    resource = {
        "resource_name": "trees", "resource": [], "model": Tree, "datastore": PythonListDataStore,
    }  # fmt: skip
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "DELETE"]}
    view = {"response_class": JsonResponse}

    @declare(errors={409: "It is called oak"})
    def delete(self, call: Call) -> Result:
        """Cut it down, unless it is called oak."""

        def check(tree: Record) -> None:
            if tree["name"] == "oak":
                raise Conflict("Oaks stay.")

        self.store.delete(call.key, check)
        return Result(None, 204)

    @operation("POST", "/{id}/fruit", returns=None, status=204)
    def ripen(self, call: Call) -> Result:
        """Make it bear fruit."""
        self.resources["fruits"].store.insert({"tree": call.key})
        return Result(None, 204)

    @operation("POST", "/lost", returns=None, status=204)
    def lose(self, call: Call) -> Result:
        """Plant what has no parent."""
        self.store.insert({"name": "lost", "parent": 77})
        return Result(None, 204)


class Fruits(Controller):
    resource = {
        "resource_name": "fruits", "resource": [], "model": Fruit, "datastore": PythonListDataStore,
    }  # fmt: skip
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "DELETE"]}
    view = {"response_class": JsonResponse}

    @operation("POST", "/lost", returns=None, status=204)
    def lose(self, call: Call) -> Result:
        """Add what hangs on no tree."""
        self.store.insert({"tree": 77})
        return Result(None, 204)


def orchard() -> Client:
    return Client(WSGIDispatcher([Trees, Fruits], debug=True))


def test_a_handler_reaches_the_stores_of_the_other_resources() -> None:
    api = orchard()
    tree = made(api, "trees", name="apple")
    assert api.send("POST", f"/trees/{tree}/fruit").status == 204
    assert [fruit["tree"] for fruit in api.get("/fruits").json["object_list"]] == [tree]


def test_a_handler_of_ones_own_can_break_no_reference() -> None:
    api = orchard()
    nothing = ("#/tree", "refers to nothing in trees")
    refused(api.send("POST", "/fruits/lost"), NOT_THERE, nothing)
    refused(api.send("POST", "/trees/lost"), NOT_THERE, ("#/parent", nothing[1]))
    tree = made(api, "trees", name="apple")
    api.send("POST", f"/trees/{tree}/fruit")
    refused(api.delete(f"/trees/{tree}"), "Objects of fruits refer to it by tree.")


def test_a_check_of_ones_own_comes_before_anything_is_deleted() -> None:
    api = orchard()
    oak = made(api, "trees", name="oak")
    made(api, "trees", name="twig", parent=oak)
    refused(api.delete(f"/trees/{oak}"), "Oaks stay.")
    assert len(keys(api, "trees")) == 2


def test_a_batch_may_refer_to_itself(tmp_path: Path) -> None:
    cities = next(c for c in serve("sqlite", tmp_path).app.controllers)
    cities.store.insert_many([{"code": "ulm", "twin": "bonn"}, {"code": "bonn"}])
    assert [city["code"] for city in cities.store.find(Query())] == ["bonn", "ulm"]


def test_the_store_of_a_controller_has_every_method_and_ability_of_its_own(tmp_path: Path) -> None:
    for one in serve("sqlite", tmp_path).app.controllers:
        assert type(one.store) is RelatedStore
        for name, own in vars(DataStore).items():
            if callable(own) and not name.startswith("_"):
                assert getattr(RelatedStore, name) is not own, name
        for name in ("key", "shape", "validators", *DataStore.__annotations__):
            assert getattr(one.store, name) == getattr(one.unrelated_store, name)


# Any graph


@st.composite
def graphs(draw: Any) -> tuple[list[OnDelete], list[list[int | None]], int]:
    """Rules for two fields of a node, for each node what they refer to, and a node to delete."""
    rules = draw(st.lists(st.sampled_from(["restrict", "cascade", "set_null"]), min_size=2,
                          max_size=2))  # fmt: skip
    size = draw(st.integers(1, 7))
    target = st.none() | st.integers(1, size)
    edges = draw(st.lists(st.lists(target, min_size=2, max_size=2), min_size=size, max_size=size))
    return rules, edges, draw(st.integers(1, size))


def deleted(
    rules: list[OnDelete], edges: dict[int, list[int | None]], key: int
) -> dict[int, list[int | None]] | None:
    """The graph without a node, in plain Python; None where it has to stay."""
    going = {key}
    while True:
        more = {
            node
            for node, targets in edges.items()
            for rule, target in zip(rules, targets, strict=True)
            if rule == "cascade" and target in going
        }
        if more <= going:
            break
        going |= more
    left = {node: list(targets) for node, targets in edges.items() if node not in going}
    for targets in left.values():
        for place, rule in enumerate(rules):
            if targets[place] in going:
                if rule == "restrict":
                    return None
                targets[place] = None
    return left


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=200 if CI else 30, deadline=None)
@given(graph=graphs())
def test_any_deletion_does_what_plain_python_would(
    kind: Kind,
    graph: tuple[list[OnDelete], list[list[int | None]], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rules, edges, key = graph

    class Node(models.Model):
        id = models.PkField()
        one = models.IntForeignField(
            allow_none=True, foreign={"resource": "nodes", "on_delete": rules[0]}
        )
        two = models.IntForeignField(
            allow_none=True, foreign={"resource": "nodes", "on_delete": rules[1]}
        )

    nodes = store(kind, tmp_path_factory.mktemp("graph"), Node)
    nodes.insert_many([{} for _ in edges])
    api = Client(WSGIDispatcher([controller("nodes", Node, nodes, {})], debug=True))
    for number, (one, two) in enumerate(edges, 1):
        assert api.put(f"/nodes/{number}", {"one": one, "two": two}).status == 200
    expected = deleted(rules, dict(enumerate(edges, 1)), key)
    answer = api.delete(f"/nodes/{key}")
    found = {node["id"]: [node["one"], node["two"]] for node in nodes.find(Query())}
    if expected is None:
        assert answer.status == 409
        assert found == dict(enumerate(edges, 1))
    else:
        assert answer.status == 204
        assert found == expected


# Races


def dangling(api: Client) -> list[Any]:
    homes = set(keys(api, "address"))
    users = next(c for c in api.app.controllers if c.definition.name == "users")
    return [user for user in users.store.find(Query()) if user["address"] not in homes]


@pytest.mark.parametrize("kind", KINDS)
def test_no_race_leaves_a_reference_to_nothing(kind: Kind, tmp_path: Path) -> None:
    api = serve(kind, tmp_path)
    statuses: list[tuple[str, int]] = []
    for _ in range(10 if CI else 3):
        home, other = (made(api, "address", street=name) for name in ("Main", "High"))
        users = [made(api, "users", name="Ada", home=other) for _ in range(THREADS // 2)]
        barrier = threading.Barrier(THREADS + 1)

        def create(home: int = home, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(30)
            body = {"name": "Bob", "home": home}
            statuses.append(("POST", api.post("/users", body).status))

        def move(user: int, home: int = home, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(30)
            statuses.append(
                ("PUT", api.put(f"/users/{user}", {"name": "Ada", "home": home}).status)
            )

        def delete(home: int = home, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(30)
            statuses.append(("DELETE", api.delete(f"/address/{home}").status))

        with ThreadPoolExecutor(THREADS + 1) as pool:
            jobs = [pool.submit(create) for _ in range(THREADS - len(users))]
            jobs += [pool.submit(move, user) for user in users]
            jobs.append(pool.submit(delete))
            for job in jobs:
                job.result()
        assert dangling(api) == []
    assert {status for _, status in statuses} <= {200, 201, 204, 409}


class Slow(PythonListDataStore):
    """Is atomic with no other, and lets others overtake it in the middle of a write."""

    between: Callable[[], object] | None = None

    def atomic_with(self, other: DataStore) -> bool:
        return False

    def insert(self, record: Record, check: Check | None = None) -> Record:
        if check is not None:
            check(record)
        self.overtaken()
        return super().insert(record)

    def update(self, key: Any, change: Any) -> Record:
        new = change(self.get(key))
        self.overtaken()
        return super().update(key, lambda _: new)

    def delete(self, key: Any, check: Check | None = None) -> None:
        if check is not None:
            check(self.get(key))
        self.overtaken()
        super().delete(key)

    def overtaken(self) -> None:
        between, self.between = self.between, None
        if between is not None:
            between()


@pytest.fixture
def slow() -> Iterator[tuple[Client, dict[str, Slow]]]:
    stores = {"cities": Slow([], City), "address": Slow([], Address), "users": Slow([], User),
              "cars": Slow([], Car), "keys": Slow([], Key)}  # fmt: skip
    resources = {"cities": City, "address": Address, "users": User, "cars": Car, "keys": Key}
    made = [controller(name, resources[name], store, {}) for name, store in stores.items()]
    yield Client(WSGIDispatcher(made, debug=True)), stores


def test_stores_that_are_not_atomic_take_back_what_refers_to_nothing(
    slow: tuple[Client, dict[str, Slow]],
) -> None:
    api, stores = slow
    one, two = (made(api, "address", street=name) for name in ("Main", "High"))
    ada = made(api, "users", name="Ada", home=two)
    nothing = ("#/home", "refers to nothing in address")
    stores["users"].between = lambda: stores["address"].delete(one)
    refused(api.post("/users", {"name": "Bob", "home": one}), NOT_THERE, nothing)
    three = made(api, "address", street="Low")
    stores["users"].between = lambda: stores["address"].delete(three)
    refused(api.put(f"/users/{ada}", {"name": "Eve", "home": three}), NOT_THERE, nothing)
    assert [(user["name"], user["address"]) for user in stores["users"].find(Query())] == [
        ("Ada", two)
    ]


def test_stores_that_are_not_atomic_look_once_more_for_what_goes_with_it(
    slow: tuple[Client, dict[str, Slow]],
) -> None:
    api, stores = slow
    home = made(api, "address", street="Main")
    ada = made(api, "users", name="Ada", home=home)
    stores["users"].between = lambda: stores["cars"].insert({"owner": ada})
    assert api.delete(f"/users/{ada}").status == 204
    assert keys(api, "cars") == []


def test_what_comes_to_refer_to_what_goes_with_a_deleted_one_goes_too(
    slow: tuple[Client, dict[str, Slow]],
) -> None:
    api, stores = slow
    home = made(api, "address", street="Main")
    ada = made(api, "users", name="Ada", home=home)
    bob = made(api, "users", name="Bob", home=home, boss=ada)

    def late() -> None:
        stores["users"].between = lambda: made(api, "users", name="Eve", home=home, boss=ada)

    def meanwhile() -> None:
        made(api, "cars", owner=bob)
        late()

    stores["users"].between = meanwhile
    assert api.delete(f"/users/{ada}").status == 204
    assert (keys(api, "users"), keys(api, "cars")) == ([], [])


def test_a_sweep_that_others_keep_overtaking_is_given_up_and_logged(
    slow: tuple[Client, dict[str, Slow]], caplog: pytest.LogCaptureFixture
) -> None:
    api, stores = slow
    home = made(api, "address", street="Main")
    ada = made(api, "users", name="Ada", home=home)
    real = stores["cars"].delete

    def delete(key: Any, check: Check | None = None) -> None:
        real(key, check)
        stores["cars"].insert({"owner": ada})

    def leave() -> None:
        stores["cars"].insert({"owner": ada})
        stores["cars"].delete = delete  # type: ignore[method-assign]

    stores["users"].between = leave
    assert api.delete(f"/users/{ada}").status == 204
    assert "Records keep being added that refer to some of users that are gone." in caplog.text


def test_a_change_that_is_taken_back_refers_to_what_is_still_there(
    slow: tuple[Client, dict[str, Slow]], caplog: pytest.LogCaptureFixture
) -> None:
    api, stores = slow
    users, homes = stores["users"], stores["address"]
    old, new = (made(api, "address", street=name) for name in ("Old", "New"))
    one, two = (made(api, "users", name=name, home=old) for name in ("One", "Two"))
    boss = made(api, "users", name="Boss", home=old)
    api.patch(f"/users/{two}", {"boss": boss})
    made(api, "cars", owner=two)

    def both_go() -> None:
        homes.delete(new)
        homes.delete(old)

    users.between = both_go  # while the user refers to neither: the old one is being replaced
    assert api.patch(f"/users/{one}", {"home": new}).status == 409
    assert "users 1 refers by address to what is gone." in caplog.text
    newer = made(api, "address", street="Newer")

    def boss_goes() -> None:
        users.delete(boss)
        homes.delete(newer)

    users.between = boss_goes
    assert api.patch(f"/users/{two}", {"home": newer, "boss": None}).status == 409
    assert (keys(api, "users"), keys(api, "cars")) == ([one], [])  # two has gone with its boss


def test_a_field_that_may_be_null_is_null_where_a_change_is_taken_back_too_late(
    slow: tuple[Client, dict[str, Slow]],
) -> None:
    api, stores = slow
    for code in ("ulm", "bonn"):
        made(api, "cities", code=code)
    home = made(api, "address", street="Main", city="ulm")

    def both_go() -> None:
        for code in ("ulm", "bonn"):
            stores["cities"].delete(code)

    stores["address"].between = both_go
    assert api.patch(f"/address/{home}", {"city": "bonn"}).status == 409
    assert api.get(f"/address/{home}").json["city"] is None


def test_what_refers_to_a_record_that_is_taken_back_goes_with_it(
    slow: tuple[Client, dict[str, Slow]],
) -> None:
    api, stores = slow
    home = made(api, "address", street="Main")
    real = stores["users"].insert

    def insert(record: Record, check: Check | None = None) -> Record:
        new = real(record, check)
        stores["address"].delete(home)
        made(api, "cars", owner=new["id"])
        return new

    stores["users"].insert = insert  # type: ignore[method-assign]
    nothing = ("#/home", "refers to nothing in address")
    refused(api.post("/users", {"name": "Ada", "home": home}), NOT_THERE, nothing)
    assert (keys(api, "users"), keys(api, "cars")) == ([], [])


class Post(models.Model):
    slug = models.StringField(required=True)
    home = models.IntForeignField(required=True, foreign={"resource": "homes"})
    gone = models.DateTimeField(dump_only=True, allow_none=True)
    id = models.PkField()


def posts(homes: DataStore, store: DataStore) -> Client:
    """An API of homes, and of posts that are created once and hidden when they are deleted."""

    class Posts(Controller):
        resource = {
            "resource_name": "posts",
            "model": Post,
            "datastore": store,
            "options": {"deleted_at": "gone"},
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "DELETE"],
            "options": {"idempotency": Idempotency()} if store.idempotent else {},
        }
        view = {"response_class": JsonResponse}

    return Client(WSGIDispatcher([controller("homes", Home, homes, {}), Posts], debug=True))


def test_a_record_that_is_taken_back_leaves_nothing_behind() -> None:
    homes = Slow([{"street": "Main"}, {"street": "High"}], Home)
    store = Slow([], Post, [UniqueTogether("slug")])
    api = posts(homes, store)
    store.between = lambda: homes.delete(1)
    refused(
        api.post("/posts", {"slug": "a", "home": 1}),
        NOT_THERE,
        ("#/home", "refers to nothing in homes"),
    )
    assert store.count(Query()) == 0
    assert api.post("/posts", {"slug": "a", "home": 2}).status == 201


class Once(Slow):
    """Lets others overtake it between the writing and the second look."""

    idempotent = True

    def insert_once(self, *args: Any) -> Any:
        self.asked = args
        made = super().insert_once(*args)
        self.overtaken()
        return made


def once(api: Client) -> Answer:
    """The answer to a request that is to be carried out once."""
    return api.send("POST", "/posts", {"slug": "a", "home": 1}, headers={"Idempotency-Key": "k"})


def test_a_request_that_is_taken_back_is_answered_the_same_while_it_is() -> None:
    again: list[Answer] = []

    def come_again() -> None:
        homes.delete(1)
        again.append(once(api))
        with pytest.raises(TargetMissing):  # as where both have looked before one was stored
            api.app.controllers[1].store.insert_once(*store.asked)

    homes, store = Slow([{"street": "Main"}], Home), Once([], Post)
    api = posts(homes, store)
    store.between = come_again
    nothing = ("#/home", "refers to nothing in homes")
    for answer in (once(api), *again, once(api)):
        refused(answer, NOT_THERE, nothing)
    assert (len(again), store.count(Query())) == (1, 0)


def test_a_remembered_request_is_answered_as_it_was_when_its_object_has_gone() -> None:
    api = posts(Slow([{"street": "Main"}], Home), Once([], Post))
    first = once(api)
    assert first.status == 201
    assert api.delete("/posts/1").status == api.delete("/homes/1").status == 204
    again = once(api)
    assert (again.status, again.data) == (201, first.data)


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_and_what_goes_with_it_go_in_one_step(kind: Kind, tmp_path: Path) -> None:
    api = serve(kind, tmp_path)
    home = made(api, "address", street="Main")
    ada = made(api, "users", name="Ada", home=home)
    cars = [made(api, "cars", owner=ada) for _ in range(3)]
    users = next(c for c in api.app.controllers if c.definition.name == "users")
    garage = next(c for c in api.app.controllers if c.definition.name == "cars").unrelated_store
    real = garage.delete
    gone: list[Any] = []

    def fails_in_the_middle(key: Any, check: Check | None = None) -> None:
        if gone:
            raise StoreUnavailable("it is away")
        real(key, check)
        gone.append(key)

    garage.delete = fails_in_the_middle  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        users.store.delete(ada)
    assert len(gone) == 1
    assert (keys(api, "users"), len(keys(api, "cars"))) == ([ada], len(cars))
    garage.delete = real  # type: ignore[method-assign]
    seen: list[Record] = []
    users.store.delete(ada, seen.append)
    assert [user["name"] for user in seen] == ["Ada"]  # and that once
    assert (keys(api, "users"), keys(api, "cars")) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_that_refers_twice_counts_once(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Match(models.Model):
        one = models.IntForeignField(
            allow_none=True, foreign={"resource": "homes", "on_delete": "set_null"}
        )
        two = models.IntForeignField(
            allow_none=True, foreign={"resource": "homes", "on_delete": "set_null"}
        )
        id = models.PkField()

    monkeypatch.setattr(deleting, "MOST", 2)
    homes, matches = store(kind, tmp_path, Home), store(kind, tmp_path, Match)
    homes.insert({"street": "Main"})
    matches.insert_many([{"one": 1, "two": 1}] * 2)
    made = [controller("homes", Home, homes, {}), controller("matches", Match, matches, {})]
    assert Client(WSGIDispatcher(made, debug=True)).delete("/homes/1").status == 204
    assert [(one["one"], one["two"]) for one in matches.find(Query())] == [(None, None)] * 2


def test_a_deletion_asks_once_for_all_that_refer_and_for_their_keys_alone() -> None:
    asked: list[Query] = []

    class Asked(PythonListDataStore):
        def find(self, query: Query) -> Any:
            asked.append(query)
            return super().find(query)

    cars = Asked([{"owner": 1 + number % 3} for number in range(30)], Car)
    users = PythonListDataStore(
        [{"name": "A", "address": 1, "boss": 1 if number else None} for number in range(3)], User
    )
    resources: dict[str, tuple[Any, DataStore]] = {
        "cities": (City, PythonListDataStore([], City)),
        "address": (Address, PythonListDataStore([{"street": "Main"}], Address)),
        "users": (User, users),
        "cars": (Car, cars),
        "keys": (Key, PythonListDataStore([], Key)),
    }
    api = Client(
        WSGIDispatcher([controller(n, m, s, {}) for n, (m, s) in resources.items()], debug=True)
    )
    assert api.delete("/users/1").status == 204
    assert (keys(api, "users"), cars.count(Query())) == ([], 0)
    first, second = asked  # of the user, and of both that go with it
    assert {first.members, second.members} == {("id", "owner")}


@pytest.mark.parametrize("related", [False, True])
def test_what_is_hidden_is_in_the_innermost_store(related: bool) -> None:
    homes: DataStore = PythonListDataStore([{"street": "Main"}], Home)
    api = posts(homes, PythonListDataStore([], Post))
    alone = type(api.app.controllers[1])
    if not related:

        class Plain(alone):  # type: ignore[misc, valid-type]
            resource = {**alone.resource, "model": Bare, "datastore": PythonListDataStore([], Bare)}

        api = Client(WSGIDispatcher([Plain], debug=True))
    assert api.post("/posts", {"slug": "a", "home": 1}).status == 201
    assert api.delete("/posts/1").status == 204
    assert api.get("/posts/1").status == 404
    assert api.app.controllers[-1].store.innermost.get(1)["slug"] == "a"


def test_a_deletion_that_others_keep_overtaking_is_given_up() -> None:
    class Busy(PythonListDataStore):
        """Has a new car of each user as soon as one is deleted."""

        def atomic_with(self, other: DataStore) -> bool:
            return False

        def delete(self, key: Any, check: Check | None = None) -> None:
            owner = self.get(key)["owner"]
            super().delete(key, check)
            super().insert({"owner": owner})

    resources: dict[str, tuple[Any, DataStore]] = {
        "cities": (City, PythonListDataStore([], City)),
        "address": (Address, PythonListDataStore([{"street": "Main"}], Address)),
        "users": (User, PythonListDataStore([{"name": "Ada", "address": 1}], User)),
        "cars": (Car, Busy([{"owner": 1}], Car)),
    }
    api = Client(
        WSGIDispatcher([controller(n, m, s, {}) for n, (m, s) in resources.items()], debug=True)
    )
    refused(api.delete("/users/1"), "Objects of cars refer to it by owner.")
    assert keys(api, "users") == [1]


@pytest.mark.parametrize(("kind", "joint"), [("sqlite", True), ("list", False)])
def test_a_resource_changes_together_where_what_it_refers_to_is_in_an_atomic_store(
    kind: Kind, joint: bool, tmp_path: Path
) -> None:
    made = [
        controller("homes", Home, store(kind, tmp_path, Home), {}),
        controller("people", Person, store("sqlite", tmp_path, Person), {}),
    ]
    homes, people = WSGIDispatcher(made, debug=True).controllers
    assert (homes.store.changes_together, people.store.changes_together) == (joint, joint)


class Owned(models.Model):
    id = models.PkField()
    owner = models.IntForeignField(dump_only=True, foreign={"resource": "address"})


@pytest.mark.parametrize("hook", ["before_create", "before_update"])
def test_a_hook_may_set_a_reference_that_clients_may_not(hook: str) -> None:
    def owned_by_seven(self: Any, call: Call, *records: Record) -> Record:
        return {**records[-1], "owner": 7}

    plain = controller("things", Owned, PythonListDataStore([{}], Owned), {})
    hooked = type("Hooked", (plain,), {hook: owned_by_seven})
    others = controller("address", Home, PythonListDataStore([], Home), {})
    without = Client(WSGIDispatcher([plain, others], debug=True))
    assert "409" not in without.document["paths"]["/things"]["post"]["responses"]
    api = Client(WSGIDispatcher([hooked, others], debug=True))
    answer = api.post("/things", {}) if hook == "before_create" else api.put("/things/1", {})
    refused(answer, NOT_THERE, ("#/owner", "refers to nothing in address"))


# Mistakes


@pytest.mark.parametrize(
    ("foreign", "said"),
    [
        ("address", 'foreign must be like {"resource": "address"}, not \'address\''),
        ({}, "foreign: 'resource' is missing"),
        ({"resource": ""}, "foreign: 'resource' must be a name, not ''"),
        ({"resource": "a(b"}, "foreign: no resource can be called 'a(b'"),
        (
            {"resorce": "address", "resource": "a", "field": 1, "on_delete": "cascad"},
            "foreign: unknown key 'resorce'. Did you mean 'resource'?; foreign: 'field' must be a "
            "name, not 1; foreign: 'on_delete' is 'cascad', and none of restrict, cascade, "
            "set_null. Did you mean 'cascade'?",
        ),
        (
            {"resource": "a", "on_delete": "set_null"},
            "foreign: 'set_null' needs allow_none=True",
        ),
    ],
)
def test_a_reference_that_means_nothing_is_refused_with_every_mistake(
    foreign: Any, said: str
) -> None:
    with pytest.raises(ValueError) as caught:
        models.IntForeignField(foreign=foreign)
    assert str(caught.value) == f"IntForeignField: {said}"


@pytest.mark.parametrize(
    "field",
    [
        lambda foreign: models.ListField(foreign),
        lambda foreign: models.TupleField([foreign]),
        lambda foreign: models.DictField(values=foreign),
        lambda foreign: models.DictField(keys=foreign),
    ],
)
def test_a_reference_within_another_field_is_refused_where_its_model_is_made(field: Any) -> None:
    with pytest.raises(ModelError, match="makes? it a field of the model|stands in another field"):

        class Wrong(models.Model):
            id = models.PkField()
            friends = field(models.IntForeignField(foreign={"resource": "users"}))


def test_a_reference_within_a_nested_model_is_refused_where_its_model_is_made() -> None:
    with pytest.raises(ModelError) as caught:

        class Wrong(models.Model):
            id = models.PkField()
            home = models.NestedField(Address)

    assert caught.value.mistakes == (
        "field 'home': Address: field 'city' refers to another resource, which only a field of "
        "the resource's own model can",
    )


class Wrong(models.Model):
    id = models.PkField()
    one = models.IntForeignField(foreign={"resource": "citys"})
    two = models.IntForeignField(foreign={"resource": "cities"})
    three = models.StringForeignField(foreign={"resource": "cities", "field": "cod"})


class NoEq(PythonListDataStore):
    operators = frozenset({"in"})


def test_a_reference_to_what_is_not_there_is_refused_when_it_is_mounted() -> None:
    class Node(models.Model):
        id = models.PkField()
        next = models.IntForeignField(foreign={"resource": "nodes"})

    made = [
        controller("cities", City, PythonListDataStore([], City), {}),
        controller("wrong", Wrong, PythonListDataStore([], Wrong), {}),
        controller("nodes", Node, NoEq([], Node), {}),
    ]
    with pytest.raises(ConfigurationError) as caught:
        WSGIDispatcher(made)
    assert caught.value.mistakes == (
        "wrong: the field 'one' refers to the resource 'citys', which is not mounted here. Did you "
        "mean 'cities'?",
        "wrong: the field 'two' is of the type Integer, and the key 'code' of cities, to which it "
        "refers, is of the type String: it must be a StringForeignField.",
        "wrong: the field 'three' refers to the field 'cod' of cities, which is not its key. Did "
        "you mean 'code'?",
        "nodes: the field 'next' refers to nodes, and NoEq cannot find what refers to a record: it "
        "lacks 'eq'.",
    )


def test_a_table_that_is_made_has_an_index_for_each_reference(tmp_path: Path) -> None:
    users = store("sqlite", tmp_path, User)
    assert isinstance(users, SQLiteDataStore)
    rows = users._database.rows("SELECT name FROM sqlite_schema WHERE type = 'index'")
    assert sorted(name for (name,) in rows) == ["user_address", "user_boss"]


# The contract


class Home(models.Model):
    street = models.StringField(required=True)
    id = models.PkField()


class Bare(models.Model):
    slug = models.StringField(required=True)
    home = models.IntegerField(required=True)
    gone = models.DateTimeField(dump_only=True, allow_none=True)
    id = models.PkField()


class Person(models.Model):
    home = models.IntForeignField(required=True, foreign={"resource": "homes", "format": "uri"})
    id = models.PkField()


class Branch(models.Model):
    tree = models.IntForeignField(
        allow_none=True, foreign={"resource": "trees", "on_delete": "cascade"}
    )
    id = models.PkField()


@fuzzed_in_ci
@pytest.mark.parametrize("openapi", SLOW_VERSIONS)
def test_schemathesis_finds_no_difference(openapi: Any, tmp_path: Path) -> None:
    resources: dict[str, tuple[type[models.Model], ControllerOptions]] = {
        "homes": (Home, {"children": {"people": "people"}, "bulk": True}),
        "people": (Person, {"embed": True, "bulk": True}),
        "trees": (Branch, {"embed": True, "children": {"branches": "trees"}, "partial": True}),
    }
    made = [
        controller(name, model, store("sqlite", tmp_path, model), options)
        for name, (model, options) in resources.items()
    ]
    app = WSGIDispatcher(made, debug=True, openapi=openapi)
    report = check_contract(app, examples=20 if CI else 5, seed=1)
    assert report.answers["POST /people"][409]
