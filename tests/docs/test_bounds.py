"""The table of all bounds: its numbers are those of the code, and beyond each is what it says."""

import inspect
import json
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest

from openrest import models
from openrest.authentication import (
    ApiKeyAuthentication,
    BasicAuthentication,
    BearerAuthentication,
    JwksFile,
    JwksUrl,
    VerificationLimit,
    apikey,
    basic,
    bearer,
    hash_api_key,
    jwks,
)
from openrest.bodies import DISCARD_SECONDS, MAX_DEPTH, Limits
from openrest.bulk import Bulk
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import OverlayDataStore, PythonListDataStore, SQLiteDataStore
from openrest.datastore.rest.client import Client as Upstream
from openrest.datastore.sql.resource import OPTIONS as SQL_OPTIONS
from openrest.datastore.sql.silence import GRACE
from openrest.edge import request_ids
from openrest.embedded import Embed
from openrest.errors import MAX_MISTAKES
from openrest.filters import MOST_ALTERNATIVES, MOST_VALUES
from openrest.health import Health
from openrest.idempotency import _SHAPE as KEY_SHAPE
from openrest.idempotency import Idempotency
from openrest.json_patch import _MOST as MOST_OPERATIONS
from openrest.models import objects
from openrest.models.addresses import EMAIL_LENGTH
from openrest.models.shapes import MOST_NAMES
from openrest.pagination.totals import _MAX_TOTAL as MAX_TOTAL
from openrest.relations.deleting import MOST as MOST_REFERRING
from openrest.searching import LONGEST as LONGEST_SEARCH
from openrest.views import JsonResponse
from tests.attacks.flooding import same_hash
from tests.contract.client import JSON_PATCH, Answer, Client
from tests.docs.blocks import ROOT

KEY = "k"


def default(function: Callable[..., Any], argument: str) -> Any:
    return inspect.signature(function).parameters[argument].default


def option(source: Any, name: str) -> float:
    """The number that is taken where an option of a resource is left out."""
    found = re.search(rf'"{name}", ([0-9_]+)', inspect.getsource(source))
    assert found is not None
    return int(found[1])


#: Each row of the table: what the code has.
IN_THE_CODE: dict[str, Any] = {
    "bytes of a body": Limits().max_body_bytes,
    "seconds that a body is taken which is too large, or not asked for, so that the client reads "
    "the answer": DISCARD_SECONDS,
    "levels of nesting in a body": Limits().max_depth,
    "parameters of a query": Limits().max_parameters,
    "bytes of path and query": Limits().max_url_bytes,
    "bytes of all headers": Limits().max_header_bytes,
    "objects on a page": 100,
    'objects that are counted with `total="bounded"`': MAX_TOTAL,
    "values of `in` and `nin`": MOST_VALUES,
    "alternatives of `any_of`": MOST_ALTERNATIVES,
    "levels of `embed`": Embed.__dataclass_fields__["depth"].default,
    "characters of a search": LONGEST_SEARCH,
    "objects that one POST creates": Bulk().max_items,
    "objects that one PATCH or DELETE of a list is about": Bulk().max_affected,
    "bytes of a PATCH of a list, times the objects that it is about": Bulk().max_patched_bytes,
    "objects that change with one that is deleted": MOST_REFERRING,
    "operations of a JSON Patch": MOST_OPERATIONS,
    "bytes of what a JSON Patch makes": Controller.max_patched_bytes,
    "levels of what a JSON Patch makes": MAX_DEPTH,
    "members of an object whose names are numbers, UUIDs, instants or the like": MOST_NAMES,
    "names of one object with one hash": objects._MOST_ALIKE,
    "integers": 64,
    "digits of an integer in a body": sys.int_info.default_max_str_digits,
    "characters of a mail address": EMAIL_LENGTH,
    "characters of an `Idempotency-Key`": KEY_SHAPE.max_length,
    "hours that an `Idempotency-Key` is remembered": default(Idempotency, "hours"),
    "characters of an API key": apikey._LONGEST,
    "characters of `Authorization` with a password": basic._LONGEST,
    "characters of `Authorization` with a token": bearer._LONGEST,
    "keys tried for a token that names none": bearer._MOST_TRIED,
    "passwords that are verified at a time": VerificationLimit().at_once,
    "seconds that a password waits to be verified": VerificationLimit().wait_seconds,
    "passwords that are remembered": default(BasicAuthentication, "cache_size"),
    "bytes of a key set": default(JwksUrl, "max_bytes"),
    "keys of a key set": jwks._MOST_KEYS,
    "seconds to fetch a key set": default(JwksUrl, "seconds"),
    "characters of the name of a request": request_ids._SHAPE.max_length,
    "mistakes that a problem lists": MAX_MISTAKES,
    "seconds in which stores have to be ready": Health().seconds,
    "seconds of a request at its stores": Limits().max_store_seconds,
    "seconds that SQLite waits for another writer": option(SQLiteDataStore, "timeout"),
    "seconds that SQLite works at a statement": option(SQLiteDataStore, "statement_timeout"),
    "seconds of a statement in a SQL database": SQL_OPTIONS["statement_timeout"],
    "seconds that a SQL database which says nothing is waited for beyond those of the statement "
    "or the request": GRACE,
    "connections of a process to a SQL database": SQL_OPTIONS["pool_size"],
    "seconds that a thread waits for a connection": SQL_OPTIONS["pool_timeout"],
    "records that `OverlayDataStore` keeps": default(OverlayDataStore, "most"),
    "seconds that `OverlayDataStore` keeps them": default(OverlayDataStore, "seconds"),
    "seconds of a call to another API": option(Upstream, "seconds"),
    "bytes of an answer of another API": option(Upstream, "max_bytes"),
    "bytes that are kept of such answers": option(Upstream, "cache_bytes"),
}


def rows() -> dict[str, tuple[str, str, str]]:
    page = (ROOT / "docs" / "reference" / "bounds.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| (.+?) \| (.+?) \|(.*?) \| (.+?) \|$", page, re.MULTILINE)
    return {bound: (value, place.strip(), beyond) for bound, value, place, beyond in found[2:]}


def test_the_table_has_every_row_that_is_held_against_the_code() -> None:
    assert rows().keys() == IN_THE_CODE.keys()


@pytest.mark.parametrize("bound", IN_THE_CODE)
def test_the_number_in_the_table_is_that_of_the_code(bound: str) -> None:
    shown = re.match("[0-9.,]+[0-9]|[0-9]", rows()[bound][0])
    assert shown is not None
    assert shown[0] == f"{IN_THE_CODE[bound]:,}"


def test_every_bound_of_a_dispatcher_is_in_the_table() -> None:
    named = {place.split("`")[1] for _, place, _ in rows().values() if "of the dispatcher" in place}
    assert named == {field.name for field in fields(Limits)}
    for field in fields(Limits):
        assert default(WSGIDispatcher, field.name) == field.default


def test_a_key_set_in_a_file_has_the_bound_of_one_at_an_address() -> None:
    assert default(JwksFile, "max_bytes") == default(JwksUrl, "max_bytes")


class Part(models.Model):
    id = models.PkField()
    name = models.StringField()
    mail = models.EmailField()
    number = models.IntegerField()
    anything = models.RawField()
    counts = models.DictField(keys=models.IntegerField(), values=models.IntegerField())
    labels = models.DictField(keys=models.UUIDField(), values=models.IntegerField())
    of = models.IntForeignField(foreign={"resource": "parts", "on_delete": "cascade"})


class Parts(Controller):
    resource = {
        "resource_name": "parts",
        "resource": [{"name": "a"} for _ in range(3)],
        "model": Part,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST", "PATCH", "DELETE"],
        "unique_verbs": ["GET", "PATCH", "DELETE"],
        "options": {
            "bulk": Bulk(max_items=3, max_affected=2, max_patched_bytes=40),
            "json_patch": True,
            "search": ["name"],
            "filters": {"name": ["eq", "in"]},
            "any_of": True,
            "embed": True,
            "idempotency": Idempotency(),
        },
    }
    view = {"response_class": JsonResponse}
    max_patched_bytes = 1000


class Keyed(Controller):
    resource = {**Parts.resource, "resource_name": "keyed", "model": type("Keyed", (models.Model,),
                {"id": models.PkField()}), "resource": [{}]}  # fmt: skip
    controller = {
        "list_verbs": ["GET"],
        "unique_verbs": ["GET"],
        "options": {
            "authentication": ApiKeyAuthentication({hash_api_key(KEY * 1000): {"id": 1},
                                                    hash_api_key(KEY * 1001): {"id": 2}}),
        },
    }  # fmt: skip
    view = {"response_class": JsonResponse}


class Named(Keyed):
    resource = {**Keyed.resource, "resource_name": "named"}
    controller = {
        **Keyed.controller,
        "options": {"authentication": BasicAuthentication({"a": {"id": 1}})},
    }


class Signed(Keyed):
    resource = {**Keyed.resource, "resource_name": "signed"}
    controller = {
        **Keyed.controller,
        "options": {
            "authentication": BearerAuthentication(
                "32 bytes or more, that two share", algorithms=["HS256"], issuer="i", audience=None
            )
        },
    }


def api(**options: Any) -> Client:
    return Client(WSGIDispatcher([Parts, Keyed, Named, Signed], debug=True, **options))


Ask = Callable[[Client], Answer]


def get(target: str, **headers: str) -> Ask:
    return lambda client: client.get(target, **headers)


def post(body: Any, **headers: str) -> Ask:
    return lambda client: client.send("POST", "/parts", body, headers=headers)


def renamed(letters: int) -> Ask:
    """Change two objects by a body of 11 bytes and so many letters."""

    def send(client: Client) -> Answer:
        assert client.post("/parts", [{"name": "b"}] * 2).status == 201
        return client.patch("/parts?name=b", {"name": "c" * letters})

    return send


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def patch(*operations: Any) -> Ask:
    def send(client: Client) -> Answer:
        return client.send("PATCH", "/parts/1", operations, content_type=JSON_PATCH)

    return send


def grown(levels: int) -> Ask:
    """Make an object deeper and deeper, by patches of which none is deep."""

    def send(client: Client) -> Answer:
        path, operations = "/anything", []
        for _ in range(levels // 40):
            operations.append({"op": "add", "path": path, "value": nested(40)})
            path += "/0" * 40
        return patch(*operations)(client)

    return send


def alternatives(number: int) -> str:
    return json.dumps([{"name": "a"}] * number, separators=(",", ":")).replace('"', "%22")


def referred(number: int) -> Ask:
    def delete(client: Client) -> Answer:
        client.app.controllers[0].store.insert_many([{"of": 1} for _ in range(number)])
        return client.delete("/parts/1")

    return delete


def bearing(scheme: str, length: int) -> dict[str, str]:
    start = f"{scheme} "
    return {"Authorization": start + "a" * (length - len(start))}


#: What just keeps within each bound, what is just beyond it, and what the dispatcher is told.
BORDERS: dict[str, tuple[Ask, Ask, dict[str, Any]]] = {
    "bytes of a body": (
        post({"name": "a" * 87}),
        post({"name": "a" * 88}),
        {"max_body_bytes": 99},
    ),
    "levels of nesting in a body": (
        post({"anything": nested(3)}),
        post({"anything": nested(4)}),
        {"max_depth": 4},
    ),
    "parameters of a query": (
        get("/parts?name=a&limit=1&offset=0"),
        get("/parts?" + "&".join(f"a{n}=1" for n in range(101))),
        {},
    ),
    "bytes of path and query": (
        get("/parts?q=" + "a" * 41),
        get("/parts?q=" + "a" * 42),
        {"max_url_bytes": 50},
    ),
    "bytes of all headers": (
        get("/parts", X="a" * 995),
        get("/parts", X="a" * 996),
        {"max_header_bytes": 1000},
    ),
    "objects on a page": (get("/parts?limit=100"), get("/parts?limit=101"), {}),
    "values of `in` and `nin`": (
        get("/parts?name__in=" + ",".join("a" * 100)),
        get("/parts?name__in=" + ",".join("a" * 101)),
        {},
    ),
    "alternatives of `any_of`": (
        get("/parts?any_of=" + alternatives(20)),
        get("/parts?any_of=" + alternatives(21)),
        {},
    ),
    "levels of `embed`": (get("/parts?embed=of.of"), get("/parts?embed=of.of.of"), {}),
    "characters of a search": (get("/parts?q=" + "a" * 200), get("/parts?q=" + "a" * 201), {}),
    "objects that one POST creates": (
        post([{"name": "a"}] * 3),
        post([{"name": "a"}] * 4),
        {},
    ),
    "objects that one PATCH or DELETE of a list is about": (
        lambda client: client.delete("/parts?name=b"),
        lambda client: client.delete("/parts?name=a"),
        {},
    ),
    "bytes of a PATCH of a list, times the objects that it is about": (renamed(9), renamed(10), {}),
    "objects that change with one that is deleted": (referred(1000), referred(1001), {}),
    "operations of a JSON Patch": (
        patch(*[{"op": "test", "path": "/name", "value": "a"}] * 100),
        patch(*[{"op": "test", "path": "/name", "value": "a"}] * 101),
        {},
    ),
    "bytes of what a JSON Patch makes": (
        patch({"op": "replace", "path": "/name", "value": "a" * 900}),
        patch({"op": "replace", "path": "/name", "value": "a" * 1000}),
        {},
    ),
    "levels of what a JSON Patch makes": (grown(160), grown(200), {}),
    "members of an object whose names are numbers, UUIDs, instants or the like": (
        post({"counts": {str(n): 1 for n in range(1000)}}),
        post({"counts": {str(n): 1 for n in range(1001)}}),
        {},
    ),
    "names of one object with one hash": (
        post({"labels": dict.fromkeys(map(str, same_hash(16)), 1)}),
        post({"labels": dict.fromkeys(map(str, same_hash(17)), 1)}),
        {},
    ),
    "integers": (post({"number": 2**63 - 1}), post({"number": 2**63}), {}),
    "digits of an integer in a body": (
        post({"number": 1}),
        lambda client: client.raw("POST", "/parts", b'{"number": ' + b"9" * 4301 + b"}"),
        {},
    ),
    "characters of a mail address": (
        post({"mail": f"{'a' * 64}@{'b' * 61}.{'c' * 61}.{'d' * 61}.de"}),
        post({"mail": f"{'a' * 64}@{'b' * 61}.{'c' * 61}.{'d' * 61}.info"}),
        {},
    ),
    "characters of an `Idempotency-Key`": (
        post({"name": "b"}, **{"Idempotency-Key": "a" * 255}),
        post({"name": "b"}, **{"Idempotency-Key": "a" * 256}),
        {},
    ),
    "characters of an API key": (
        get("/keyed", **{"X-API-Key": KEY * 1000}),
        get("/keyed", **{"X-API-Key": KEY * 1001}),
        {},
    ),
}


@pytest.mark.parametrize("bound", BORDERS)
def test_just_within_a_bound_is_answered_and_just_beyond_it_as_the_table_says(bound: str) -> None:
    within, beyond, options = BORDERS[bound]
    assert within(api(**options)).status < 300
    status = re.match("[0-9]+", rows()[bound][2])
    assert status is not None
    assert str(beyond(api(**options)).status) == status[0]


@pytest.mark.parametrize(
    ("target", "headers"),
    [("/named", bearing("Basic", 4097)), ("/signed", bearing("Bearer", 8193))],
)
def test_longer_credentials_are_not_looked_at(target: str, headers: dict[str, str]) -> None:
    assert api().get(target, **headers).status == 401


def test_stores_that_take_longer_are_not_ready() -> None:
    client = api(health=Health(seconds=0.01))
    done = threading.Event()
    store: Any = client.app.controllers[0].store.innermost
    store.ping = lambda: done.wait(30)
    try:
        assert client.get("/health/ready").status == 503
    finally:
        done.set()


def test_a_problem_lists_a_hundred_mistakes() -> None:
    answer = post({f"n{number}": 1 for number in range(101)})(api())
    assert len(answer.errors) == MAX_MISTAKES


def test_the_name_of_a_request_is_replaced_beyond_its_length() -> None:
    client = api(request_ids=True)
    for length, kept in ((128, True), (129, False)):
        name = "a" * length
        answer = client.get("/parts", **{"X-Request-ID": name})
        assert (answer.headers["X-Request-ID"] == name) == kept
