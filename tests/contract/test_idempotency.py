"""The header Idempotency-Key: a POST that is sent again creates nothing more."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare
from openrest.datastore import PythonListDataStore, SQLiteDataStore, UniqueTogether
from openrest.errors import ConfigurationError, Conflict, ContractError
from openrest.idempotency import Idempotency
from openrest.interfaces import Check, DataStore, Once, Record
from openrest.query import Condition, Query
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse, YamlResponse
from openrest.views.formatters import formatter
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Answer, Client
from tests.needs import CI, fuzzed_in_ci

NOW = 1_800_000_000.0
HOUR = 3600


class Order(models.Model):
    id = models.PkField()
    thing = models.StringField(required=True)
    number = models.IntegerField(load_default=1)
    token = models.UUIDField(load_default=uuid.uuid4)
    note = models.StringField(allow_none=True)


@formatter(adds=[models.IntegerField(name="length", required=True)])
def measured(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {**record, "length": len(record["thing"])}


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Shop:
    """An API with orders, and what it is made of."""

    store: DataStore
    clock: Clock = field(default_factory=Clock)
    required: bool = False
    base: type[Controller] = Controller

    def app(self, hours: float = 24, **more: Any) -> WSGIDispatcher:
        class Orders(self.base):  # type: ignore[name-defined, misc]
            resource = {"resource_name": "orders", "model": Order, "datastore": self.store}
            controller = {
                "list_verbs": ["GET", "POST"],
                "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
                "options": {
                    "dry_run": True,
                    "bulk": self.base.create is Controller.create,
                    "idempotency": Idempotency(hours, required=self.required, clock=self.clock),
                },
            }
            view = {
                "response_class": JsonResponse,
                "options": {
                    "alternatives": [YamlResponse],
                    "format_parameter": True,
                    "formatters": [measured],
                },
            }

        return WSGIDispatcher([Orders], debug=True, **more)


def make(kind: Kind, folder: Path) -> DataStore:
    unique = [UniqueTogether("thing")]
    if kind == "list":
        return PythonListDataStore([], Order, unique)
    return SQLiteDataStore({"name": folder / "orders.db", "table": "orders"}, Order, unique)


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    return Shop(make(request.param, tmp_path))


def order(api: Client, key: str | None, thing: str = "tea", /, **more: Any) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    headers |= more.pop("headers", {})
    return api.send(
        "POST", more.pop("target", "/orders"), {"thing": thing, **more}, headers=headers
    )


def first(answer: Answer) -> Answer:
    """The answer without what says that it has been given before."""
    headers = {k: v for k, v in answer.headers.items() if k != "Idempotent-Replayed"}
    return Answer(answer.status, headers, answer.data)


def total(api: Client) -> int:
    number: int = api.get("/orders").json["meta"]["total_count"]
    return number


def test_the_same_request_has_the_same_answer_and_creates_nothing_more(shop: Shop) -> None:
    api = Client(shop.app())
    made, again = order(api, "k1"), order(api, "k1")
    assert made.status == 201
    assert "Idempotent-Replayed" not in made.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first(again) == made
    assert made.headers["Location"] == "/orders/1"
    assert total(api) == 1


def test_what_the_server_makes_up_does_not_make_it_another_request(shop: Shop) -> None:
    api = Client(shop.app())
    assert order(api, "k1").json["token"] == order(api, "k1").json["token"]


def test_the_first_answer_is_given_whatever_has_become_of_the_object(shop: Shop) -> None:
    api = Client(shop.app())
    made = order(api, "k1")
    api.patch("/orders/1", {"number": 7})
    assert first(order(api, "k1")) == made
    api.delete("/orders/1")
    assert first(order(api, "k1")) == made
    assert api.get("/orders/1").status == 404


def test_another_process_gives_the_same_answer(tmp_path: Path) -> None:
    made = order(Client(Shop(make("sqlite", tmp_path)).app()), "k1")
    assert first(order(Client(Shop(make("sqlite", tmp_path)).app()), "k1")) == made


def test_without_a_key_every_request_creates(shop: Shop) -> None:
    api = Client(shop.app())
    assert [order(api, None, thing).status for thing in "ab"] == [201, 201]
    assert total(api) == 2


@pytest.mark.parametrize(
    "other",
    [
        lambda api: order(api, "k1", "coffee"),
        lambda api: order(api, "k1", number=1),
        lambda api: order(api, "k1", note=None),
    ],
)
def test_another_request_with_the_key_is_422(shop: Shop, other: Callable[[Client], Answer]) -> None:
    api = Client(shop.app())
    order(api, "k1")
    answer = other(api)
    assert answer.status == 422
    assert answer.json["detail"] == (
        "The request has the key of another one, which has been carried out."
    )
    assert answer.errors == [
        {"header": "Idempotency-Key", "detail": "belongs to another request: send a new one"}
    ]
    assert total(api) == 1


def test_two_resources_with_one_store_do_not_take_each_others_answers(tmp_path: Path) -> None:
    store = make("sqlite", tmp_path)

    class Orders(Controller):
        resource = {"resource_name": "orders", "model": Order, "datastore": store}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET"],
            "options": {"idempotency": Idempotency()},
        }
        view = {"response_class": JsonResponse}

    class Purchases(Orders):
        resource = {**Orders.resource, "resource_name": "purchases"}

    api = Client(WSGIDispatcher([Orders, Purchases], debug=True))
    assert order(api, "k1").status == 201
    assert order(api, "k1", target="/purchases").status == 422


def test_the_order_of_members_spaces_the_format_and_how_a_number_is_written_are_no_matter(
    shop: Shop,
) -> None:
    api = Client(shop.app())
    headers = {"Idempotency-Key": "k1"}
    bodies = [
        (b'{"thing": "tea", "number": 2}', "application/json"),
        (b'{"number":2,\n"thing":"te\\u0061"}', "application/json"),
        (b'{"thing": "tea", "number": 2.0}', "application/json"),
        (b"number: 2\nthing: tea\n", "application/yaml"),
    ]
    answers = [
        api.send("POST", "/orders", data=data, content_type=kind, headers=headers)
        for data, kind in bodies
    ]
    assert [answer.status for answer in answers] == [201] * 4
    assert len({answer.data for answer in answers}) == 1
    assert total(api) == 1


def test_the_answer_comes_in_the_format_that_is_asked_for_now(shop: Shop) -> None:
    api = Client(shop.app())
    made = order(api, "k1")
    again = order(api, "k1", headers={"Accept": "application/yaml"})
    assert again.headers["Content-Type"].startswith("application/yaml")
    assert b"thing: tea" in again.data
    asked = order(api, "k1", target="/orders?format=yaml")
    assert asked.data == again.data
    assert order(api, "k1", headers={"Accept": "image/png"}).status == 406
    assert first(order(api, "k1")) == made


def test_a_refused_request_is_not_remembered(shop: Shop) -> None:
    api = Client(shop.app())
    order(api, None, "tea")
    assert order(api, "k1", "tea").status == 409
    assert order(api, "k1", number="x").status == 422
    assert order(api, "k1", "coffee").status == 201


def test_a_key_is_forgotten_after_its_hours(shop: Shop) -> None:
    api = Client(shop.app(hours=2))
    made = order(api, "k1")
    shop.clock.now = NOW + 2 * HOUR - 1
    assert first(order(api, "k1")) == made
    shop.clock.now = NOW + 2 * HOUR
    assert order(api, "k1", "coffee").json["id"] == 2
    assert order(api, "k1", "coffee").headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", "a b", "é", "a\tb", "\x7f", "k" * 256, "k" * 10_000])
def test_what_is_no_key_is_422(shop: Shop, key: str) -> None:
    api = Client(shop.app())
    answer = order(api, key)
    assert answer.status == 422
    assert {error["header"] for error in answer.errors} == {"Idempotency-Key"}
    assert total(api) == 0


@pytest.mark.parametrize("key", ["0", '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "k" * 255, "'--;"])
def test_every_printable_text_without_spaces_is_a_key(shop: Shop, key: str) -> None:
    api = Client(shop.app())
    assert order(api, key).status == 201
    assert order(api, key).headers["Idempotent-Replayed"] == "true"


def test_a_required_key_is_a_required_parameter(shop: Shop) -> None:
    shop.required = True
    api = Client(shop.app())
    answer = api.post("/orders", {"number": "x"})
    assert answer.status == 422
    assert answer.errors == [
        {"header": "Idempotency-Key", "detail": "is required"},
        {"pointer": "#/thing", "detail": "is required"},
        {"pointer": "#/number", "detail": "must be an integer"},
    ]
    assert order(api, "k1").status == 201


@pytest.mark.parametrize("required", [False, True])
def test_the_document_says_so(shop: Shop, required: bool) -> None:
    shop.required = required
    [parameter], headers, description = announced(Client(shop.app()), "post")
    assert parameter["in"] == "header"
    assert parameter.get("required", False) is required
    assert parameter["schema"]["maxLength"] == 255
    assert "Idempotent-Replayed" in headers
    assert "for 24 hours" in description


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_other_methods_have_no_key(shop: Shop, method: str) -> None:
    parameters, headers, _ = announced(Client(shop.app()), method)
    assert parameters == []
    assert "Idempotent-Replayed" not in headers


def announced(api: Client, method: str) -> tuple[list[Any], dict[str, Any], str]:
    """What the document says of keys: the parameter, headers of the success, the description."""
    path = "/orders" if method in ("get", "post") else "/orders/{id}"
    operation = api.document["paths"][path][method]
    parameters = [p for p in operation.get("parameters", []) if p["name"] == "Idempotency-Key"]
    [success, *_] = [r for status, r in operation["responses"].items() if status < "300"]
    return parameters, api.resolved(success).get("headers", {}), operation["description"]


def test_without_the_option_there_is_no_such_header(tmp_path: Path) -> None:
    class Orders(Controller):
        resource = {
            "resource_name": "orders",
            "resource": {"name": tmp_path / "orders.db", "table": "orders"},
            "model": Order,
            "datastore": SQLiteDataStore,
        }
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
        view = {"response_class": JsonResponse}

    api = Client(WSGIDispatcher([Orders], debug=True))
    assert "dempoten" not in json.dumps(api.document)
    assert [order(api, "k1").status for _ in range(2)] == [201, 201]
    assert b"idempotency" not in (tmp_path / "orders.db").read_bytes()


def test_a_dry_run_leaves_no_key_and_has_that_of_the_real_thing(shop: Shop) -> None:
    api = Client(shop.app())
    assert order(api, "k1", target="/orders?dry_run=true").status == 204
    made = order(api, "k1")
    assert made.status == 201
    assert "Idempotent-Replayed" not in made.headers
    assert order(api, "k1", target="/orders?dry_run=true").status == 204
    assert order(api, "k1", "coffee", target="/orders?dry_run=true").status == 422
    assert total(api) == 1


def test_many_objects_have_one_key(shop: Shop) -> None:
    shop.base = Scarce
    Scarce.mails.clear()
    api = Client(shop.app())

    def send(*things: str) -> Answer:
        body = [{"thing": thing} for thing in things]
        return api.send("POST", "/orders", body, headers={"Idempotency-Key": "k1"})

    made = send("tea", "coffee")
    assert made.status == 201
    assert first(send("tea", "coffee")) == made
    assert send("coffee", "tea").status == 422
    assert send("tea").status == 422
    assert order(api, "k1").status == 422
    assert Scarce.mails == [1, 2]
    assert total(api) == 2


class Scarce(Controller):
    """There is one of each thing, and a mail for it."""

    mails: list[int] = []

    @declare(errors={409: "Sold out"})
    def before_create(self, call: Call, record: Record) -> Record:
        """Refuse what is sold out."""
        if self.store.count(Query((Condition("thing", "eq", record["thing"]),))):
            raise Conflict("Sold out.")
        return {**record, "note": "sold"}

    def after_create(self, call: Call, record: Record) -> None:
        """Send a mail."""
        self.mails.append(record["id"])


def test_hooks_run_for_the_first_request_alone(shop: Shop) -> None:
    shop.base = Scarce
    Scarce.mails.clear()
    api = Client(shop.app())
    made = order(api, "k1")
    assert made.json["note"] == "sold"
    assert first(order(api, "k1")) == made
    assert order(api, "k2").json["detail"] == "Sold out."
    assert Scarce.mails == [1]


def test_a_hook_that_refuses_what_the_same_request_has_made_meanwhile_is_not_asked(
    shop: Shop,
) -> None:
    twice: list[Client] = []

    class Late(Scarce):
        @declare(errors={409: "Sold out"})
        def before_create(self, call: Call, record: Record) -> Record:
            """Be overtaken once."""
            while twice:
                order(twice.pop(), "k1")
            return super().before_create(call, record)

    shop.base = Late
    vars(shop.store).update(changes_together=False)  # else nobody comes between
    api = Client(shop.app())
    twice.append(api)
    answer = order(api, "k1")
    assert answer.status == 201
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert total(api) == 1


def test_a_hook_is_not_asked_within_the_step_of_what_has_been_made_meanwhile(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.base = Scarce
    api = Client(shop.app())
    twice = [api]
    recall = shop.store.recall_once

    def overtaken(once: Once) -> list[Record] | None:
        known = recall(once)
        while twice:
            order(twice.pop(), "k1")
        return known

    monkeypatch.setattr(shop.store, "recall_once", overtaken)
    answer = order(api, "k1")
    assert answer.status == 201
    assert answer.headers["Idempotent-Replayed"] == "true"
    assert total(api) == 1


class Stamped(Controller):
    """Changes what is stored, and what is answered; notes what it would do besides."""

    done: list[str] = []

    def create(self, call: Call) -> Result:
        """Create an order, with a note."""
        record = self.insert(call, {**call.body, "note": "stamped"})
        if not call.replayed:
            self.done.append(record["thing"])
        return Result(
            {**record, "number": 9}, 201, [("Location", call.uri("orders", record["id"]))]
        )


class Forgetful(Controller):
    """Does not look at the key."""

    def create(self, call: Call) -> Result:
        """Create an order."""
        record = self.store.insert(call.body)
        return Result(record, 201, [("Location", call.uri("orders", record["id"]))])


class Double(Controller):
    """Inserts a record that is not the first."""

    def create(self, call: Call) -> Result:
        """Create two orders."""
        self.insert(call, call.body)
        record = self.insert(call, {**call.body, "thing": "more"})
        return Result(record, 201, [("Location", call.uri("orders", record["id"]))])


def test_a_handler_of_ones_own_gives_its_answer_again_and_knows_that_it_does(shop: Shop) -> None:
    shop.base = Stamped
    Stamped.done.clear()
    api = Client(shop.app())
    made, again = order(api, "k1"), order(api, "k1")
    assert (made.json["note"], made.json["number"]) == ("stamped", 9)
    assert first(again) == made
    assert Stamped.done == ["tea"]


def test_a_handler_that_does_not_look_at_the_key_breaks_its_contract(shop: Shop) -> None:
    shop.base = Forgetful
    api = Client(shop.app())
    assert order(api, None).status == 201
    with pytest.raises(ContractError, match=r"self\.insert\(call, record\)"):
        order(api, "k1", "coffee")


def test_a_handler_inserts_once_with_a_key(shop: Shop) -> None:
    shop.base = Double
    with pytest.raises(ContractError, match="once, not twice"):
        order(Client(shop.app()), "k1")


class Stamping(PythonListDataStore):
    """Does something besides, of which the inherited `insert_once` knows nothing."""

    def insert(self, record: Record, check: Check | None = None) -> Record:
        return super().insert({**record, "note": "stamped"}, check)


@pytest.mark.parametrize(
    ("asked", "verbs", "store", "mistake"),
    [
        (24, ["POST"], PythonListDataStore, "is not an Idempotency, such as .*, but 24"),
        (Idempotency(), ["GET"], PythonListDataStore, "has no POST that a key could be for"),
        (Idempotency(), ["POST"], Stamping, "Stamping cannot keep keys together with records"),
    ],
)
def test_what_cannot_work_is_refused_when_the_class_is_created(
    asked: Any, verbs: Any, store: Any, mistake: str
) -> None:
    with pytest.raises(ConfigurationError, match=mistake):

        class Wrong(Controller):
            resource = {
                "resource_name": "orders",
                "resource": [],
                "model": Order,
                "datastore": store,
            }
            controller = {
                "list_verbs": verbs,
                "unique_verbs": ["GET"],
                "options": {"idempotency": asked},
            }
            view = {"response_class": JsonResponse}


@pytest.mark.parametrize("hours", [0, -1, "24", True, float("nan"), float("inf")])
def test_a_time_that_makes_no_sense_is_refused(hours: Any) -> None:
    with pytest.raises(ValueError, match="hours must be a number above 0"):
        Idempotency(hours)


def test_required_is_true_or_false() -> None:
    with pytest.raises(ValueError, match="required is neither True nor False but 'yes'"):
        Idempotency(required="yes")  # type: ignore[arg-type]


class Line(models.Model):
    id = models.PkField()
    order = models.IntForeignField(required=True, foreign={"resource": "orders"})


@pytest.mark.parametrize("atomic", [True, False])
def test_what_a_request_referred_to_may_be_gone_when_it_comes_again(
    atomic: bool, tmp_path: Path
) -> None:
    lines: DataStore = PythonListDataStore([], Line)
    if atomic:
        lines = SQLiteDataStore({"name": tmp_path / "orders.db", "table": "lines"}, Line)

    class Orders(Controller):
        resource = {
            "resource_name": "orders",
            "model": Order,
            "datastore": make("sqlite", tmp_path),
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "DELETE"],
            "options": {"idempotency": Idempotency()},
        }
        view = {"response_class": JsonResponse}

    class Lines(Controller):
        resource = {"resource_name": "lines", "model": Line, "datastore": lines}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "DELETE"],
            "options": {"idempotency": Idempotency(), "prefer": True},
        }
        view = {"response_class": JsonResponse}

    api = Client(WSGIDispatcher([Orders, Lines], debug=True))

    def line(**headers: str) -> Answer:
        headers = {"Idempotency-Key": "k1", **headers}
        return api.send("POST", "/lines", {"order": 1}, headers=headers)

    assert line().status == 409  # and that is not remembered
    order(api, "k1")
    made = line()
    assert made.status == 201
    api.delete("/lines/1")
    assert api.delete("/orders/1").status == 204
    assert first(line()) == made
    minimal = line(Prefer="return=minimal")
    assert minimal.status == 204
    assert minimal.headers["Idempotent-Replayed"] == "true"
    assert api.get("/lines").json["object_list"] == []


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "A", '"a"', "b"]),
        st.sampled_from(["tea", "coffee"]),
        st.sampled_from([0, 1, 24 * HOUR - 1, 24 * HOUR]),
    ),
    max_size=12,
)


@pytest.mark.parametrize("kind", KINDS)
@given(requests=REQUESTS)
@settings(max_examples=100 if CI else 8, deadline=None)
def test_any_requests_are_answered_as_a_plain_dict_would(
    kind: Kind, requests: list[tuple[str, str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    store: DataStore = PythonListDataStore([], Order)
    if kind == "sqlite":
        folder = tmp_path_factory.mktemp("orders")
        store = SQLiteDataStore({"name": folder / "orders.db", "table": "orders"}, Order)
    shop = Shop(store)
    api = Client(shop.app())
    known: dict[str, tuple[float, str, Answer]] = {}
    number = 0
    for key, thing, later in requests:
        shop.clock.now += later
        answer = order(api, key, thing)
        until, said, made = known.get(key, (0.0, "", answer))
        if until <= shop.clock.now:
            number += 1
            assert (answer.status, answer.json["id"], answer.json["thing"]) == (201, number, thing)
            known[key] = (shop.clock.now + 24 * HOUR, thing, answer)
        elif said == thing:
            assert first(answer) == made
        else:
            assert answer.status == 422
    assert total(api) == number


@fuzzed_in_ci
@pytest.mark.parametrize("openapi", ["3.1"])
@pytest.mark.parametrize("required", [False, True])
def test_schemathesis_finds_no_difference(required: bool, openapi: Any, tmp_path: Path) -> None:
    store = SQLiteDataStore({"name": tmp_path / "orders.db", "table": "orders"}, Order)
    shop = Shop(store, required=required)
    report = check_contract(shop.app(openapi=openapi), examples=20)
    assert report.answers["POST /orders"][201]
