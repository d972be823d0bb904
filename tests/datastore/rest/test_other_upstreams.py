"""Over APIs that others made: less that they can do, in their own words."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from marshmallow.validate import Length

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import (
    CursorPages,
    DataStore,
    LinkedPages,
    NumberedPages,
    OffsetPages,
    RestDataStore,
    Upstream,
)
from openrest.datastore.rest import pages
from openrest.errors import ConfigurationError, ContractError, RecordNotFound, UpstreamFailed
from openrest.pagination import CursorPagination, Pagination
from openrest.query import AnyOf, Condition, Order, Query
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.client import Client
from tests.datastore.rest.upstreams import Farm, farm
from tests.needs import fuzzed_in_ci


class Person(models.Model):
    id = models.PkField()
    name = models.StringField(required=True, validate=Length(max=20))
    born = models.DateField(allow_none=True)
    home = models.NestedField(models.Model.from_dict({"city": models.StringField()}))


PEOPLE = [
    {"id": number, "fullName": f"P{number}", "born": None, "home": {"city": "X", "zip": "0"}}
    for number in range(1, 12)
]


class Foreign:
    """Lists and gets `PEOPLE`, in the words that a test asks for, and keeps what it was asked."""

    def __init__(
        self, answer: Callable[[dict[str, str]], tuple[Any, list[tuple[str, str]]]]
    ) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        query = environ.get("QUERY_STRING", "")
        self.asked[-1] += f"?{query}" if query else ""
        segments = environ["PATH_INFO"].strip("/").split("/")
        headers = [("Content-Type", "application/json; charset=utf-8")]
        if len(segments) > 1:
            found = [one for one in PEOPLE if str(one["id"]) == segments[1]]
            start_response("200 OK" if found else "404 Not Found", headers)
            return iter([json.dumps(found[0] if found else {}).encode()])
        wanted = {name: values[0] for name, values in parse_qs(query).items()}
        body, more = self.answer(wanted)
        start_response("200 OK", [*headers, *more])
        return iter([json.dumps(body).encode()])


@pytest.fixture(scope="module")
def servers() -> Iterator[Farm]:
    with farm() as made:
        yield made


NAMES = {"name": "fullName"}


def whole(asked: dict[str, str]) -> Any:
    return PEOPLE, []


def store_of(
    servers: Farm, upstream: Upstream, answer: Any = whole
) -> tuple[RestDataStore, Foreign]:
    api = Foreign(answer)
    return RestDataStore({"url": f"{servers.add(api)}/people", "upstream": upstream}, Person), api


def keys(store: DataStore, query: Query = Query()) -> list[int]:  # noqa: B008  # it is frozen
    return [record["id"] for record in store.find(query)]


def test_an_upstream_that_lists_and_gets_serves_lists_and_objects(servers: Farm) -> None:
    store, _ = store_of(servers, Upstream(names=NAMES))
    assert store.get(2) == {"id": 2, "name": "P2", "born": None, "home": {"city": "X"}}
    assert keys(store) == list(range(1, 12))
    assert keys(store, Query(offset=3, limit=2)) == [4, 5]
    assert store.count(Query()) == 11
    with pytest.raises(RecordNotFound):
        store.get(99)


def test_null_is_among_no_values(servers: Farm) -> None:
    upstream = Upstream(names=NAMES, filters={"in": "{name}__in"}, any_of="any_of")
    store, _ = store_of(servers, upstream)
    null = Condition("born", "in", [None])
    assert keys(store, Query((null,))) == []
    assert keys(store, Query((AnyOf(((null,),)),))) == []


def people(servers: Farm) -> WSGIDispatcher:
    """An API over an upstream that can list and get, and nothing more."""
    _, api = store_of(servers, Upstream())

    class People(Controller):
        resource = {
            "resource_name": "people",
            "resource": {
                "url": f"{servers.add(api)}/people",
                "upstream": Upstream(names=NAMES),
            },
            "model": Person,
            "datastore": RestDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET"],
            "options": {"pagination": Pagination(5)},
        }
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([People], debug=True)


def test_what_an_upstream_cannot_do_is_not_in_the_document(servers: Farm) -> None:
    listing = Client(people(servers)).document["paths"]["/people"]["get"]
    assert [one["name"] for one in listing["parameters"]] == ["offset", "limit", "If-None-Match"]
    assert {"502", "503", "504"} <= listing["responses"].keys()


@fuzzed_in_ci
def test_what_it_can_do_is_what_its_document_says(servers: Farm) -> None:
    check_contract(people(servers))


@pytest.mark.parametrize(
    ("verbs", "options", "message"),
    [
        (["GET", "POST"], {}, "RestDataStore cannot write, which POST would have to."),
        (["GET"], {"sorting": True}, "RestDataStore cannot sort."),
        (["GET", "POST"], {"bulk": True}, "RestDataStore cannot create many."),
        (["GET"], {"filters": {"name": ["contains"]}}, "RestDataStore cannot do 'contains'."),
        (["GET"], {"pagination": CursorPagination(5)}, "cannot begin at a position"),
    ],
)
def test_what_an_upstream_cannot_do_is_refused_when_the_class_is_made(
    verbs: Any, options: Any, message: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:

        class People(Controller):
            resource = {
                "resource_name": "people",
                "resource": {"url": "http://127.0.0.1:9/people"},
                "model": Person,
                "datastore": RestDataStore,
            }
            controller = {"list_verbs": verbs, "unique_verbs": ["GET"], "options": options}
            view = {"response_class": JsonResponse}

    assert message in str(refused.value)


def by_offset(asked: dict[str, str]) -> Any:
    start = int(asked.get("skip", 0))
    return {"items": PEOPLE[start : start + min(4, int(asked["take"]))], "all": 11}, []


def by_number(asked: dict[str, str]) -> Any:
    size = min(4, int(asked["per_page"]))
    start = (int(asked["page"]) - 1) * size
    return PEOPLE[start : start + size], []


def by_link(asked: dict[str, str]) -> Any:
    start = int(asked.get("at", 0))
    link = f'</1/x>; rel="prev", <?at={start + 4}>; title="a, b"; rel="last next"'
    return PEOPLE[start : start + 4], [("Link", link)] if start + 4 < 11 else []


def by_next(asked: dict[str, str]) -> Any:
    start = int(asked.get("at", 0))
    more = f"people?at={start + 4}" if start + 4 < 11 else None
    return {"data": PEOPLE[start : start + 4], "links": {"next": more}}, []


def by_cursor(asked: dict[str, str]) -> Any:
    start = int(asked.get("after", 0))
    more = {"cursor": start + 4} if start + 4 < 11 else {}
    return {"data": PEOPLE[start : start + 4], **more}, []


STYLES = {
    "offset": (Upstream(records="/items", pages=OffsetPages(4, "skip", "take")), by_offset),
    "number": (Upstream(pages=NumberedPages(4)), by_number),
    "link": (Upstream(pages=LinkedPages(4)), by_link),
    "next": (Upstream(records="/data", pages=LinkedPages(4, next="/links/next")), by_next),
    "cursor": (
        Upstream(records="/data", pages=CursorPages("/cursor", 4, "after", None)),
        by_cursor,
    ),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "window", [(0, None), (0, 3), (4, 4), (3, 6), (8, 2), (9, 5), (11, 2), (30, 1)]
)
def test_any_window_is_made_of_the_pages_that_there_are(
    style: str, window: tuple[int, int | None], servers: Farm
) -> None:
    upstream, answer = STYLES[style]
    store, _ = store_of(
        servers, Upstream(names=NAMES, pages=upstream.pages, records=upstream.records), answer
    )
    offset, limit = window
    expected = list(range(1, 12))[offset : None if limit is None else offset + limit]
    assert keys(store, Query(offset=offset, limit=limit)) == expected
    assert store.count(Query()) == 11


def test_a_page_is_asked_for_as_a_page(servers: Farm) -> None:
    store, api = store_of(servers, Upstream(names=NAMES, pages=NumberedPages(4)), by_number)
    assert keys(store, Query(offset=6, limit=3)) == [7, 8, 9]
    assert api.asked == ["GET /people?page=3&per_page=3"]


def test_a_total_of_the_upstream_is_not_counted(servers: Farm) -> None:
    upstream = Upstream(
        names=NAMES, records="/items", total="/all", pages=OffsetPages(4, "skip", "take")
    )
    store, api = store_of(servers, upstream, by_offset)
    assert store.count(Query()) == 11
    assert api.asked == ["GET /people?take=1"]


def test_a_chain_of_pages_that_leads_back_is_a_failure(servers: Farm) -> None:
    def back(asked: dict[str, str]) -> Any:
        return {"data": PEOPLE[:4], "next": "people?at=1"}, []

    upstream = Upstream(names=NAMES, records="/data", pages=LinkedPages(4, next="/next"))
    store, api = store_of(servers, upstream, back)
    with pytest.raises(UpstreamFailed, match="has the same objects again"):
        keys(store)
    assert api.asked == ["GET /people", "GET /people?at=1"]


@pytest.mark.parametrize(
    ("upstream", "said"),
    [
        (Upstream(names=NAMES, pages=OffsetPages(4)), "A list has 11 objects for offset=0&limit=4"),
        (Upstream(names=NAMES, pages=OffsetPages(11)), "the same objects again for offset=11"),
        (Upstream(names=NAMES, pages=NumberedPages(11)), "the same objects again for page=2"),
    ],
)
def test_an_upstream_that_heeds_no_page_is_not_asked_for_ever(
    upstream: Upstream, said: str, servers: Farm
) -> None:
    store, api = store_of(servers, upstream)
    with pytest.raises(UpstreamFailed, match=said):
        keys(store)
    assert len(api.asked) <= 2


def test_a_list_that_has_always_a_next_page_is_not_read_for_ever(
    servers: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def more(asked: dict[str, str]) -> Any:
        number = int(asked.get("at", 0)) + 1
        one = {"id": number, "fullName": "A"}
        return [one], [("Link", f"<?at={number}>; rel=next")]

    monkeypatch.setattr(pages, "_MOST_PAGES", 50)
    store, api = store_of(servers, Upstream(names=NAMES, pages=LinkedPages(1)), more)
    with pytest.raises(UpstreamFailed, match="more than 50 pages"):
        keys(store)
    assert len(api.asked) == 50


@pytest.mark.parametrize(
    ("link", "next"),
    [
        ('<a>; rel="next"', "a"),
        ("<a>;rel=next", "a"),
        ('<a>; title="x, <b>; rel=next"; rel="prev", <c>; REL="last Next"', "c"),
        ('<a>; rel="nextly", <b>; rel=prev', None),
        ("<a; rel=next", None),
        ('<a>; title="unbalanced; rel=next', None),
        ("<" * 60_000, None),
        ("<a>;x" + " " * 60_000, None),
        ("<a>" + "; " * 30_000 + 'rel="', None),
        ("<>," * 20_000 + "<b>; rel=next", "b"),
    ],
)
def test_the_next_page_is_told_by_link(link: str, next: str | None) -> None:
    start = time.process_time()
    assert pages.Answered([], None, link).next == next
    assert time.process_time() - start < 5  # what takes quadratic time takes a minute


def test_a_next_page_on_another_server_is_not_asked_for(servers: Farm) -> None:
    def away(asked: dict[str, str]) -> Any:
        return PEOPLE[:4], [("Link", '<http://127.0.0.2/people?page=2>; rel="next"')]

    store, _ = store_of(servers, Upstream(names=NAMES, pages=LinkedPages(4)), away)
    with pytest.raises(UpstreamFailed, match="next page at another server"):
        keys(store)


def test_filters_and_orders_are_in_the_words_of_the_upstream(servers: Farm) -> None:
    upstream = Upstream(
        names=NAMES,
        filters={"eq": "{name}", "gte": "min[{name}]", "in": "{name}[]"},
        sort="order",
        fields="only",
    )
    store, api = store_of(servers, upstream)
    query = Query(
        conditions=(
            Condition("name", "eq", "é&b"),
            Condition("id", "gte", 3),
            Condition("id", "in", [4, 5]),
        ),
        order=(Order("name", True), Order("born")),
        members=("born",),
    )
    list(store.find(query))
    assert api.asked == [
        "GET /people?fullName=%C3%A9%26b&min%5Bid%5D=3&id%5B%5D=4%2C5&order=-fullName%2Cborn"
        "&only=born%2Cid%2CfullName"
    ]


def test_what_no_parameter_can_say_is_looked_at_here(servers: Farm) -> None:
    def without(asked: dict[str, str]) -> Any:
        return [one for one in PEOPLE if str(one["id"]) != asked.get("id!")], []

    upstream = Upstream(names=NAMES, filters={"in": "{name}_in", "eq": "{name}", "ne": "{name}!"})
    store, api = store_of(servers, upstream, without)
    twice = (Condition("id", "ne", 1), Condition("id", "ne", 2))
    assert keys(store, Query(twice, offset=1, limit=2)) == [4, 5]
    assert keys(store, Query((Condition("name", "in", ["P3", "a,b"]),))) == [3]
    assert api.asked == ["GET /people?id%21=1", "GET /people"]


def test_more_values_than_a_parameter_takes_are_asked_for_in_parts(servers: Farm) -> None:
    def some(asked: dict[str, str]) -> Any:
        wanted = asked["id"].split(",")
        return [one for one in reversed(PEOPLE) if str(one["id"]) in wanted], []

    upstream = Upstream(names=NAMES, filters={"in": "{name}"}, most_values=2)
    store, api = store_of(servers, upstream, some)
    found = keys(store, Query((Condition("id", "in", [9, 1, 5, 3, 7]),), offset=1, limit=3))
    assert found == [3, 5, 7]
    assert api.asked == [f"GET /people?id={ids}" for ids in ("9%2C1", "5%2C3", "7")]


@pytest.mark.parametrize(
    ("object", "said"),
    [
        ({"id": 1}, "an object with 'id' has no 'fullName'"),
        ({"id": 1, "fullName": None}, "has no 'fullName'"),
        ({"fullName": "A"}, "has no 'id'"),
        ({"id": 1, "fullName": 5}, "'fullName' is 5, which does not fit: #: must be a string"),
        ({"id": "1", "fullName": "A"}, "which does not fit: #: must be an integer"),
        ([], "an array where an object should be"),
        (None, "null where an object should be"),
    ],
)
def test_an_object_that_does_not_fit_is_a_failure_of_the_upstream(
    object: Any, said: str, servers: Farm
) -> None:
    store, _ = store_of(servers, Upstream(names=NAMES), lambda asked: ([object], []))
    with pytest.raises(UpstreamFailed) as failed:
        keys(store)
    assert said in str(failed.value)


def test_what_may_be_null_may_be_left_out(servers: Farm) -> None:
    store, _ = store_of(
        servers, Upstream(names=NAMES), lambda asked: ([{"id": 1, "fullName": "A"}], [])
    )
    assert list(store.find(Query())) == [{"id": 1, "name": "A", "born": None}]


def test_null_is_no_value_where_the_model_has_none(servers: Farm) -> None:
    seen = {"id": 1, "fullName": "A", "born": None, "home": None, "more": 1}
    store, _ = store_of(servers, Upstream(names=NAMES), lambda asked: ([seen], []))
    assert list(store.find(Query())) == [{"id": 1, "name": "A", "born": None}]


class Tag(models.Model):
    slug = models.StringPkField()


@pytest.mark.parametrize("key", ["", ".", ".."])
def test_no_key_leads_to_another_address(key: str, servers: Farm) -> None:
    api = Foreign(whole)
    upstream = Upstream(writes=True)
    store = RestDataStore({"url": f"{servers.add(api)}/tags", "upstream": upstream}, Tag)
    with pytest.raises(RecordNotFound):
        store.get(key)
    with pytest.raises(RecordNotFound):
        store.delete(key)
    assert api.asked == []


def test_a_key_is_one_segment_of_the_address(servers: Farm) -> None:
    api = Foreign(whole)
    store = RestDataStore({"url": f"{servers.add(api)}/tags"}, Tag)
    with pytest.raises(RecordNotFound):
        store.get("a/../b?c#d%2F")
    assert api.asked == ["GET /tags/a/../b?c#d%2F"]  # as the server has decoded it: one path


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({}, "resource['url'] must be the URL of a list"),
        ({"url": "ftp://a/b"}, "resource['url'] must be the URL of a list"),
        ({"url": "http://u:secret@a/b"}, "must have no user and no password"),
        ({"url": "http://a/b?c=1"}, "must have no query and no fragment"),
        ({"url": "http://a/b c"}, "must be a URL as it is sent"),
        ({"url": "http://a:x/b"}, "resource['url'] must be the URL of a list"),
        ({"url": "http://a/b", "header": {}}, "unknown key 'header'. Did you mean 'headers'?"),
        ({"url": "http://a/b", "headers": {"A": 1}}, "resource['headers'] must be a mapping"),
        ({"url": "http://a/b", "headers": {"A": "secret\n"}}, "resource['headers'] must be"),
        ({"url": "http://a/b", "seconds": 0}, "must be a number from 0.001 to 3600, not 0."),
        ({"url": "http://a/b", "retries": True}, "must be a whole number from 0 to 10, not True."),
        ({"url": "http://a/b", "upstream": "openrest"}, "must be an Upstream"),
        ({"url": "http://a/b", "ca_file": "/none"}, "must be the path of a file"),
        (
            {"url": "http://a/b", "upstream": Upstream(names={"nam": "x"})},
            "names: the model has no field 'nam'. Did you mean 'name'?",
        ),
        (
            {"url": "http://a/b", "upstream": Upstream(names={"name": "id"})},
            "names: two fields are the member 'id'.",
        ),
    ],
)
def test_a_resource_that_cannot_be_used_is_refused(resource: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        RestDataStore(resource, Person)
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"filters": {"equals": "{name}"}}, "there is no operator 'equals'"),
        ({"filters": {"eq": "name"}}, "must have {name} in it"),
        ({"records": "data"}, "'data' is no JSON pointer"),
        ({"bulk": True}, "it does not write"),
        ({"most_values": 0}, "most_values must be 1 or more"),
    ],
)
def test_an_upstream_that_makes_no_sense_is_refused(options: Any, said: str) -> None:
    with pytest.raises(ValueError, match=None) as refused:
        Upstream(**options)
    assert said in str(refused.value)


def test_what_the_upstream_sets_is_not_sent(servers: Farm) -> None:
    class Note(models.Model):
        id = models.PkField()
        text = models.StringField(required=True)
        made = models.DateTimeField(dump_only=True)

    upstream = Upstream(writes=True)
    store = RestDataStore({"url": "http://127.0.0.1:9/notes", "upstream": upstream}, Note)
    with pytest.raises(ContractError, match="'made' is set by the API that keeps the data"):
        store.insert({"text": "a", "made": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)})
