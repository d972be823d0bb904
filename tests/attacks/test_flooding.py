"""Numbers whose hashes meet cost no more than others: not in one request, and not in many.

What is counted is how often two values are compared, which for such values grows with the square
of their number wherever they are the keys of a `dict`. It is no time that anybody has to measure.
"""

from __future__ import annotations

import datetime as dt
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from marshmallow.validate import Length

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import CSVDataStore, PythonListDataStore, UniqueTogether
from openrest.datastore.uniques import Unique
from openrest.idempotency import fingerprint
from openrest.interfaces import DataStore
from openrest.models import shapes as s
from openrest.views import JsonResponse
from tests.attacks.flooding import counted, decimals, same_hash
from tests.contract.client import JSON_PATCH, MERGE_PATCH, Client


class Box(models.Model):
    id = models.PkField()
    label = models.UUIDField()
    labels = models.ListField(models.UUIDField())
    counts = models.DictField(keys=models.UUIDField(), values=models.IntegerField())
    numbers = models.DictField(keys=models.IntegerField(), values=models.IntegerField())
    many = models.DictField(
        keys=models.UUIDField(), values=models.IntegerField(), validate=Length(max=5000)
    )


def store(kind: str, folder: Path) -> DataStore:
    unique = [UniqueTogether("label")]
    if kind == "list":
        return PythonListDataStore([], Box, unique)
    return CSVDataStore({"path": str(folder / "boxes.csv")}, Box, unique)


def api(boxes: DataStore) -> Client:
    class Boxes(Controller):
        resource = {"resource_name": "boxes", "model": Box, "datastore": boxes}
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH"],
            "options": {
                "bulk": True,
                "json_patch": True,
                "filters": {"label": ["eq", "in", "nin"]},
            },
        }
        view = {"response_class": JsonResponse}

    return Client(WSGIDispatcher([Boxes], debug=True))


@pytest.fixture
def client() -> Client:
    return api(PythonListDataStore([], Box, [UniqueTogether("label")]))


LABELS = [str(label) for label in same_hash(4000)]
OTHERS = [str(uuid4()) for _ in LABELS]

#: A body at each place where a client sends such values: a sixth of the bytes that there may be.
BODIES: dict[str, Callable[[list[str]], Any]] = {
    "names of an object": lambda labels: {"counts": dict.fromkeys(labels, 1)},
    "names of an object that may have many": lambda labels: {"many": dict.fromkeys(labels, 1)},
    "items": lambda labels: {"labels": labels},
    "objects": lambda labels: [{"label": label} for label in labels[:1000]],
    "objects with names": lambda labels: [
        {"counts": dict.fromkeys(labels[20 * start : 20 * start + 20], 1)} for start in range(200)
    ],
}


@pytest.mark.parametrize("place", BODIES)
@pytest.mark.parametrize("verb", ["POST", "PATCH", "JSON Patch"])
def test_a_body_of_them_costs_what_a_body_of_others_does(
    client: Client, place: str, verb: str
) -> None:
    assert client.post("/boxes", {}).status == 201
    compared = []
    for labels in (LABELS, OTHERS):
        body = BODIES[place](labels)
        with counted() as count:
            if verb == "POST":
                answer = client.post("/boxes", body)
            elif verb == "PATCH":
                answer = client.send("PATCH", "/boxes/1", body, content_type=MERGE_PATCH)
            else:
                added = [{"op": "add", "path": "/counts", "value": body}]
                answer = client.send("PATCH", "/boxes/1", added, content_type=JSON_PATCH)
        assert answer.status in (200, 201, 409, 422)
        compared.append(count.calls)
    # A constant for each value. The square of their number would be 100 times as much.
    assert compared[0] <= compared[1] + 20 * len(LABELS)


def test_so_few_numbers_are_names_that_their_order_costs_nothing(client: Client) -> None:
    """Of those of 32 bits there are enough for which half of a table has to be looked through."""
    refused = client.post("/boxes", {"numbers": {str(n): 1 for n in range(1001)}})
    assert refused.status == 422
    assert refused.json["errors"] == [
        {"pointer": "#/numbers", "detail": "must have at most 1000 members"}
    ]


def test_the_document_says_how_many_there_may_be(client: Client) -> None:
    schemas = client.document["components"]["schemas"]
    create, patch = (schemas[name]["properties"] for name in ("BoxesCreate", "BoxesPatch"))
    assert [create[name]["maxProperties"] for name in ("counts", "many")] == [1000, 5000]
    # Enough to take all out and to put as many in their place.
    assert [patch[name]["maxProperties"] for name in ("counts", "many")] == [2000, 10_000]


def test_names_with_one_hash_are_refused_where_they_are_too_many(client: Client) -> None:
    few = dict.fromkeys(LABELS[:16], 1)
    assert client.post("/boxes", {"counts": few}).json["counts"] == few
    refused = client.post("/boxes", {"counts": dict.fromkeys(LABELS[:40], 1)})
    assert refused.status == 409
    assert refused.json["errors"] == [
        {
            "pointer": f"#/counts/{LABELS[16]}",
            "detail": "has the same hash in Python as 16 other names here",
        }
    ]


@pytest.mark.parametrize("kind", ["list", "csv"])
def test_a_store_of_them_costs_no_more_than_one_of_others(kind: str, tmp_path: Path) -> None:
    """Each request is small; what is stored by all of them together is not."""
    compared = []
    for name, labels in (("alike", LABELS), ("others", OTHERS)):
        (folder := tmp_path / name).mkdir()
        client = api(store(kind, folder))
        with counted() as count:
            for start in range(0, 2000, 500):
                body = [{"label": label} for label in labels[start : start + 500]]
                assert client.post("/boxes", body).status == 201
            assert client.post("/boxes", {"label": labels[1999]}).status == 409
        compared.append(count.calls)
    assert compared[0] <= compared[1] + 2000


def test_short_numbers_are_not_made_long() -> None:
    """1e308 has 309 digits as an integer, and 200,000 of them fit into a body."""
    peaks = []
    for number in (1e308, 1e15):
        tracemalloc.start()
        fingerprint([], [number] * 10_000)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] < 2 * peaks[1]
    assert fingerprint([], [1.0, -0.0, 2.0**62]) == fingerprint([], [1, 0, 2**62])
    assert fingerprint([], 1e308) != fingerprint([], 1e307)


@pytest.mark.parametrize("operator", ["in", "nin"])
def test_a_filter_of_them_costs_what_one_of_others_does(client: Client, operator: str) -> None:
    client.post("/boxes", [{"label": label} for label in LABELS[100:200]])
    compared = []
    for labels in (LABELS, OTHERS):
        with counted() as count:
            assert client.get(f"/boxes?label__{operator}={','.join(labels[:100])}").status == 200
        compared.append(count.calls)
    assert compared[0] <= compared[1] + 100


INSTANT = dt.datetime(2027, 1, 15, 8, tzinfo=dt.UTC)
#: Values that are equal, and one that is not, of each type that a field that is unique may have.
EQUAL: dict[str, tuple[s.Shape, Any, Any, Any]] = {
    "integer": (s.Integer(), 1, 1.0, 2),
    "number": (s.Number(), 0.5, Decimal("0.5"), 0.25),
    "zero": (s.Number(), 0.0, -0.0, 5e-324),
    "decimal": (
        s.Decimal(digits=40, places=2), Decimal("1.5"), Decimal("1.50"), decimals(2)[1],
    ),
    "UUID": (s.Uuid(), same_hash(1)[0], same_hash(1)[0], same_hash(2)[1]),
    "instant": (
        s.DateTime(),
        INSTANT,
        INSTANT.astimezone(dt.timezone(dt.timedelta(hours=5))),
        INSTANT + dt.timedelta(microseconds=1),
    ),
    "span": (
        s.Duration(unit=dt.timedelta(seconds=1)),
        dt.timedelta(hours=1),
        dt.timedelta(minutes=60),
        dt.timedelta(microseconds=1),
    ),
    "day": (s.Date(), INSTANT.date(), INSTANT.date(), dt.date(2027, 1, 16)),
    "text": (s.String(), "1/1", "1/1", "1"),
    "truth": (s.Boolean(), True, True, False),
}  # fmt: skip


@pytest.mark.parametrize("name", EQUAL)
def test_values_are_unique_that_are_equal(name: str) -> None:
    shape, value, equal, other = EQUAL[name]
    member = s.Member(name="a", wire="a", shape=shape)
    unique = Unique(("a",), s.Object(members=(member,)))
    unique.add({"a": value}, 1)
    assert unique.owners({"a": equal}) == [1]
    assert unique.owners({"a": other}) == []


def test_the_hash_of_no_unique_value_can_be_foreseen() -> None:
    unique = Unique(
        ("a",),
        s.Object(members=(s.Member(name="a", wire="a", shape=s.Decimal(digits=40, places=0)),)),
    )
    assert len({hash(number) for number in decimals(100)}) == 1
    assert len({hash(unique.values({"a": number})) for number in decimals(100)}) == 100
