"""Options of every kind together: any two of them agree, and the document is true of each API."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from marshmallow.validate import Length, Range

from openrest import models
from openrest.audit import AuditTrail
from openrest.bulk import Bulk
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore, SQLiteDataStore, UniqueTogether
from openrest.edge import CORS, Proxies
from openrest.idempotency import Idempotency
from openrest.pagination import CursorPagination, PagePagination, Pagination
from openrest.ratelimit import RateLimit
from openrest.testing.contract import check_contract
from openrest.views import (
    CsvResponse,
    JsonResponse,
    MessagePackResponse,
    NdjsonResponse,
    XmlResponse,
    YamlResponse,
)
from tests.contract.pairwise import pairs_of, table
from tests.needs import CI, fuzzing

SECRET = "no secret, since it is in a test"
OTHERS = [NdjsonResponse, CsvResponse, XmlResponse, YamlResponse, MessagePackResponse]


class Named(models.Model):
    """What all the models have."""

    name = models.StringField(required=True, validate=Length(1, 20))
    note = models.StringField(allow_none=True)
    age = models.IntegerField(validate=Range(0, 150))
    price = models.DecimalField(places=2, digits=6, allow_none=True)
    tags = models.ListField(models.StringField(validate=Length(max=9)), validate=Length(max=3))
    secret = models.StringField(load_only=True)
    made = models.DateTimeField(dump_only=True)
    changed = models.TimestampField(dump_only=True)
    gone = models.DateTimeField(dump_only=True, allow_none=True)


class Numbered(Named):
    id = models.PkField()


class Slugged(Named):
    id = models.StringPkField()


class Coded(Named):
    id = models.UUIDPkField()


#: Of each kind of choice what there is to choose.
CHOICES: dict[str, list[Any]] = {
    "store": ["list", "sqlite"],
    "model": [Numbered, Slugged, Coded],
    "validators": [[], [UniqueTogether("name", "age")]],
    "times": [
        {},
        {"created_at": "made", "updated_at": "changed"},
        {"deleted_at": "gone"},
    ],
    "pagination": [
        None,
        Pagination(5, max_limit=9),
        PagePagination(5, total="bounded", max_total=7),
        CursorPagination(5, secret=SECRET),
        CursorPagination(5, secret=SECRET, total="exact"),
    ],
    "filters": [
        {},
        {"filters": {}},
        {"filters": {"age": True, "name": True, "note": ["isnull"], "price": ["gte", "in"]},
         "any_of": True},
    ],
    "sorting": [
        {},
        {"sorting": True},
        {"sorting": ["age", "price"], "default_sort": ["-note", "name"]},
    ],
    "partial": [{}, {"partial": True}, {"partial": ["name", "age"]}],
    "search": [{}, {"search": ["name", "note"]}],
    "concurrency": [{}, {"concurrency": "optional"}, {"concurrency": "required"}],
    "prefer": [{}, {"prefer": True}],
    "json_patch": [{}, {"json_patch": True}],
    "dry_run": [{}, {"dry_run": True}],
    "bulk": [{}, {"bulk": Bulk(max_items=9, max_affected=9)}],
    "idempotency": [
        {},
        {"idempotency": Idempotency()},
        {"idempotency": Idempotency(required=True)},
    ],
    "ratelimit": [{}, {"ratelimit": RateLimit("100000/day", strategy="moving-window")}],
    "formats": [{}, {"alternatives": OTHERS}, {"alternatives": OTHERS, "format_parameter": True}],
    "formatters": [[], ["add_resource_uri"]],
    "audit": [False, True],
    "watched": [{}, {"access_log": True, "metrics": True, "traces": True}],
    "compress": [False, True],
    "openapi": ["3.0", "3.1", "3.2"],
    "edge": [
        {},
        {"cors": CORS(origins=["*"]), "request_ids": True, "proxies": Proxies(trusted=["unix"])},
        {"cors": CORS(origins=["https://app.example"], credentials=True), "hosts": ["localhost"]},
    ],
}  # fmt: skip
SIZES = {kind: len(choices) for kind, choices in CHOICES.items()}
TABLE = table(SIZES, least=40)


def serve(row: dict[str, int], folder: Path) -> WSGIDispatcher:
    chosen = {kind: CHOICES[kind][place] for kind, place in row.items()}
    in_list = chosen["store"] == "list"
    of_data: Any = {"validators": chosen["validators"], **chosen["times"]}
    of_views: Any = {**chosen["formats"], "formatters": chosen["formatters"]}
    # Only where clients choose the keys.
    options: Any = {"pagination": chosen["pagination"], "upsert": chosen["model"] is Slugged}
    for kind in (
        "filters",
        "sorting",
        "partial",
        "search",
        "concurrency",
        "prefer",
        "json_patch",
        "dry_run",
        "bulk",
        "idempotency",
        "ratelimit",
    ):
        options |= chosen[kind]
    if chosen["audit"]:
        where: Any = [] if in_list else {"name": folder / "things.db", "table": "audit"}
        options["audit"] = AuditTrail(PythonListDataStore if in_list else SQLiteDataStore, where)
    has_filter = chosen["search"] or options.get("filters", True)
    of_many: Any = ["PATCH", "DELETE"] if chosen["bulk"] and has_filter else []

    class Things(Controller):
        resource = {
            "resource_name": "things",
            "resource": [] if in_list else {"name": folder / "things.db", "table": "things"},
            "model": chosen["model"],
            "datastore": PythonListDataStore if in_list else SQLiteDataStore,
            "options": of_data,
        }
        controller = {
            "list_verbs": ["GET", "POST", *of_many],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": options,
        }
        view = {"response_class": JsonResponse, "options": of_views}

    return WSGIDispatcher(
        [Things],
        openapi=chosen["openapi"],
        compress=chosen["compress"],
        debug=True,
        **chosen["watched"],
        **chosen["edge"],
    )


def test_every_two_choices_stand_together_somewhere() -> None:
    assert len(TABLE) >= 40
    found = set().union(*map(pairs_of, TABLE))
    for one, other in combinations(sorted(SIZES), 2):
        for first in range(SIZES[one]):
            for second in range(SIZES[other]):
                assert ((one, first), (other, second)) in found


@fuzzing
@pytest.mark.parametrize("place", range(len(TABLE)) if CI else [8])
def test_schemathesis_finds_no_difference(place: int, tmp_path: Path) -> None:
    check_contract(serve(TABLE[place], tmp_path), examples=5, seed=place)
