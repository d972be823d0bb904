"""Filters, windows and links of a list, each against the same done to a list of Python's."""

import datetime as dt
import enum
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.interfaces import DataStore
from openrest.pagination import Pagination
from openrest.views import JsonResponse
from tests.contract.client import Client
from tests.contract.kinds import serve


class Genre(enum.Enum):
    POP = 1
    JAZZ = 2


class Song(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)
    seconds = models.IntegerField(allow_none=True)
    loud = models.BooleanField()
    genre = models.EnumField(Genre)
    level = models.FloatField()
    price = models.DecimalField(places=2)
    day = models.DateField()
    at = models.DateTimeField()
    ref = models.UUIDField(data_key="a ref")
    tags = models.ListField(models.StringField())


NAMES = ["a", "b", "A", "é", "a&b=c", "100%", "+", " ", "", "Ω", "a,b", "#?/"]
SONGS: list[dict[str, Any]] = [
    {
        "name": NAMES[place % len(NAMES)],
        "seconds": None if place % 7 == 0 else place % 5,
        "loud": place % 3 == 0,
        "genre": Genre.POP if place % 2 else Genre.JAZZ,
        "level": place / 4,
        "price": Decimal(place % 3) / 4,
        "day": dt.date(2026, 1, 1 + place % 4),
        "at": dt.datetime(2026, 1, 1, place % 6, tzinfo=dt.UTC),
        "ref": uuid.UUID(int=place % 9),
        "tags": ["a", "b"][: place % 3],
        "id": place + 1,
    }
    for place in range(40)
]  # fmt: skip


def made(store: DataStore, whole: DataStore) -> WSGIDispatcher:
    class Songs(Controller):
        resource = {"resource_name": "songs", "model": Song, "datastore": store}
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": [],
            "options": {"pagination": Pagination(10, max_limit=25)},
        }
        view = {"response_class": JsonResponse}

    class Whole(Controller):
        resource = {"resource_name": "whole", "model": Song, "datastore": whole}
        controller = {"list_verbs": ["GET"], "unique_verbs": [], "options": {"pagination": None}}
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Songs, Whole], debug=True)


# Only read here, so that a property may use it many times.
@pytest.fixture(scope="module", params=["list", "sqlite"])
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    if request.param == "list":
        store = PythonListDataStore(SONGS, Song)
        yield Client(made(store, store))
        return
    file = str(tmp_path_factory.mktemp("data") / "songs.db")
    database = SQLiteDataStore({"name": file, "table": "songs"}, Song)
    database.insert_many(SONGS)
    yield Client(made(database, database))
    database.close()


def ids(songs: list[dict[str, Any]]) -> list[int]:
    return [song["id"] for song in songs]


windows = st.fixed_dictionaries(
    {}, optional={"offset": st.integers(0, 45) | st.just(2**63 - 1), "limit": st.integers(1, 25)}
)
#: How a value is asked for, and the value that is meant.
filters = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from([(name, name) for name in [*NAMES, "none"]]),
        "seconds": st.sampled_from([("0", 0), ("3", 3), ("3.0", 3), ("99", 99)]),
        "loud": st.sampled_from([("true", True), ("false", False)]),
        "genre": st.sampled_from([("POP", Genre.POP), ("JAZZ", Genre.JAZZ)]),
        "level": st.sampled_from([("2.5", 2.5), ("25e-1", 2.5), ("3", 3.0), ("0.1", 0.1)]),
        "price": st.sampled_from([("0.5", Decimal("0.5")), ("0.50", Decimal("0.5"))]),
        "day": st.sampled_from([("2026-01-02", dt.date(2026, 1, 2))]),
        "at": st.sampled_from(
            [
                ("2026-01-01T03:00:00Z", dt.datetime(2026, 1, 1, 3, tzinfo=dt.UTC)),
                ("2026-01-01T05:00:00.000+02:00", dt.datetime(2026, 1, 1, 3, tzinfo=dt.UTC)),
            ]
        ),
        "a ref": st.sampled_from([(str(uuid.UUID(int=8)), uuid.UUID(int=8))]),
        "id": st.sampled_from([("7", 7)]),
    },
)


def matching(asked: dict[str, tuple[str, Any]]) -> list[int]:
    names = {"a ref": "ref"}
    return ids(
        [
            song
            for song in SONGS
            if all(song[names.get(wire, wire)] == value for wire, (_, value) in asked.items())
        ]
    )


def query(window: dict[str, int], asked: dict[str, tuple[str, Any]]) -> str:
    return urlencode({**{wire: text for wire, (text, _) in asked.items()}, **window})


@given(window=windows, asked=filters)
def test_a_page_is_a_slice_of_what_the_filters_leave(
    api: Client, window: dict[str, int], asked: dict[str, tuple[str, Any]]
) -> None:
    page = api.get(f"/songs?{query(window, asked)}").json
    offset, limit = window.get("offset", 0), window.get("limit", 10)
    wanted = matching(asked)
    assert ids(page["object_list"]) == wanted[offset : offset + limit]
    meta = page["meta"]
    assert (meta["count"], meta["total_count"]) == (len(page["object_list"]), len(wanted))
    assert (meta["offset"], meta["limit"]) == (offset, limit)


@given(asked=filters)
def test_a_list_without_pages_is_all_that_the_filters_leave(
    api: Client, asked: dict[str, tuple[str, Any]]
) -> None:
    page = api.get(f"/whole?{query({}, asked)}").json
    wanted = matching(asked)
    assert ids(page["object_list"]) == wanted
    assert page["meta"] == {"count": len(wanted), "total_count": len(wanted)}


@given(limit=st.integers(1, 25), asked=filters)
def test_the_next_links_lead_through_everything_once_and_in_order(
    api: Client, limit: int, asked: dict[str, tuple[str, Any]]
) -> None:
    address: str | None = f"/songs?{query({'limit': limit}, asked)}"
    seen: list[int] = []
    while address is not None:
        page = api.get(address).json
        seen += ids(page["object_list"])
        address = page["meta"]["next"]
    assert seen == matching(asked)


@given(window=windows, asked=filters)
def test_the_previous_links_lead_back_to_the_first_object(
    api: Client, window: dict[str, int], asked: dict[str, tuple[str, Any]]
) -> None:
    page = api.get(f"/songs?{query(window, asked)}").json
    offset = page["meta"]["offset"]
    seen: list[int] = []
    while page["meta"]["previous"] is not None:
        page = api.get(page["meta"]["previous"]).json
        seen = ids(page["object_list"]) + seen
    assert seen == matching(asked)[:offset]


@given(window=windows, asked=filters)
def test_the_first_and_last_links_are_the_ends(
    api: Client, window: dict[str, int], asked: dict[str, tuple[str, Any]]
) -> None:
    meta = api.get(f"/songs?{query(window, asked)}").json["meta"]
    wanted, limit = matching(asked), meta["limit"]
    first, last = api.get(meta["first"]).json, api.get(meta["last"]).json
    assert ids(first["object_list"]) == wanted[:limit]
    assert first["meta"]["previous"] is None
    assert ids(last["object_list"]) == wanted[(len(wanted) - 1) // limit * limit :]
    assert last["meta"]["next"] is None


@given(window=windows, asked=filters)
def test_the_link_header_says_what_the_meta_says(
    api: Client, window: dict[str, int], asked: dict[str, tuple[str, Any]]
) -> None:
    answer = api.get(f"/songs?{query(window, asked)}")
    relations = {"first": "first", "last": "last", "next": "next", "previous": "prev"}
    wanted = {
        f'<{answer.json["meta"][name]}>; rel="{relation}"'
        for name, relation in relations.items()
        if answer.json["meta"][name] is not None
    }
    assert set(answer.headers["Link"].split(", ")) == wanted


def test_a_link_keeps_the_rest_of_the_query_as_it_was_spelled(api: Client) -> None:
    meta = api.get("/songs?name=%C3%A9&limit=1&seconds=3.0&tags=a,b").json["meta"]
    assert meta["first"] == "/songs?name=%C3%A9&seconds=3.0&tags=a,b&offset=0&limit=1"


def test_a_link_begins_where_the_api_is_mounted(api: Client) -> None:
    mounted = Client(api.app, "/api/v1")
    meta = mounted.get("/songs?limit=1").json["meta"]
    assert meta["next"] == "/api/v1/songs?offset=1&limit=1"


def test_the_items_of_a_list_filter_have_commas_between_them(api: Client) -> None:
    page = api.get("/whole?tags=a,b").json
    assert ids(page["object_list"]) == ids([s for s in SONGS if s["tags"] == ["a", "b"]])


def test_null_equals_nothing_and_cannot_be_asked_for(api: Client) -> None:
    assert api.get("/whole?seconds=").json["errors"] == [
        {"parameter": "seconds", "detail": "must be an integer"}
    ]
    assert api.get("/whole?seconds=null").json["errors"] == [
        {"parameter": "seconds", "detail": "must be an integer"}
    ]


def test_documented_defaults_are_what_is_done_without_the_parameter(api: Client) -> None:
    parameters = api.document["paths"]["/songs"]["get"]["parameters"]
    defaults = {p["name"]: p["schema"]["default"] for p in parameters if "default" in p["schema"]}
    assert defaults == {"offset": 0, "limit": 10}
    assert api.get("/songs").json == api.get(f"/songs?{urlencode(defaults)}").json


def test_documented_bounds_of_a_page_are_those_that_are_kept(api: Client) -> None:
    parameters = api.document["paths"]["/songs"]["get"]["parameters"]
    bounds = {p["name"]: p["schema"] for p in parameters if p["name"] in ("offset", "limit")}
    assert (bounds["limit"]["minimum"], bounds["limit"]["maximum"]) == (1, 25)
    assert (bounds["offset"]["minimum"], bounds["offset"]["maximum"]) == (0, 2**63 - 1)
    good = ["limit=1", "limit=25", "offset=0", f"offset={2**63 - 1}"]
    bad = ["limit=0", "limit=26", "offset=-1", f"offset={2**63}"]
    assert [api.get(f"/songs?{text}").status for text in good] == [200] * 4
    assert [api.get(f"/songs?{text}").status for text in bad] == [422] * 4


def test_a_text_that_only_the_calendar_refuses_cannot_be_asked_for(tmp_path: Path) -> None:
    class Days(models.Model):
        id = models.PkField()
        day = models.DateField(format="%d/%m/%Y")
        days = models.ListField(models.DateField(format="%d/%m/%Y"))
        iso = models.DateField()
        hour = models.TimeField(format="%H:%M")

    api = Client(serve({"days": Days}, "list", tmp_path))
    parameters = api.document["paths"]["/days"]["get"]["parameters"]
    asked = [p["name"] for p in parameters if p["in"] == "query"]
    assert asked == ["offset", "limit", "id", "iso", "hour"]
    assert api.get("/days?iso=2026-09-31").status == 422
    assert api.get("/days?day=31/09/2026").errors[0]["parameter"] == "day"
