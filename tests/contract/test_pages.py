"""Pages by offset and by number, and what is counted for them."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.contract import Contribution, Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.interfaces import CallView, DataStore, PaginationStyle, Record
from openrest.models import shapes as s
from openrest.openapi import Version
from openrest.pagination import PagePagination, Pagination
from openrest.query import Query
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Client
from tests.contract.test_filters import make
from tests.contract.test_filters import serve as serve_songs
from tests.needs import CI, fuzzed_in_ci


class Cat(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)


def cats(count: int) -> list[Record]:
    return [{"id": number, "name": "ab"[number % 2]} for number in range(1, count + 1)]


def serve(
    store: DataStore, pagination: PaginationStyle, openapi: Version = "3.1"
) -> WSGIDispatcher:
    class Cats(Controller):
        resource = {"resource_name": "cats", "model": Cat, "datastore": store}
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": [],
            "options": {"pagination": pagination},
        }
        view = {"response_class": JsonResponse}

        @operation("GET", "/own", returns="page")
        def own(self, call: Call) -> Result:
            return self.page(call)

    return WSGIDispatcher([Cats], openapi=openapi, debug=True)


def client(count: int, pagination: PaginationStyle) -> Client:
    return Client(serve(PythonListDataStore(cats(count), Cat), pagination))


def meta_members(api: Client) -> dict[str, Any]:
    page = api.document["components"]["schemas"]["CatsList"]
    members: dict[str, Any] = page["properties"]["meta"]["properties"]
    return members


def test_a_page_is_asked_for_by_its_number() -> None:
    api = client(5, PagePagination(2, max_per_page=10))
    page = api.get("/cats?name=a&page=1&per_page=1").json
    assert page == {
        "meta": {
            "count": 1,
            "total_count": 2,
            "page": 1,
            "per_page": 1,
            "page_count": 2,
            "first": "/cats?name=a&page=1&per_page=1",
            "last": "/cats?name=a&page=2&per_page=1",
            "next": "/cats?name=a&page=2&per_page=1",
            "previous": None,
        },
        "object_list": [{"id": 2, "name": "a"}],
    }
    meta = api.get("/cats?page=3").json["meta"]
    assert (meta["count"], meta["page_count"], meta["next"]) == (1, 3, None)
    assert meta["previous"] == "/cats?page=2&per_page=2"


def test_a_page_after_the_last_is_empty_and_leads_back_to_it() -> None:
    api = client(5, PagePagination(2))
    meta = api.get("/cats?page=100").json["meta"]
    assert (meta["count"], meta["next"]) == (0, None)
    assert meta["previous"] == meta["last"] == "/cats?page=3&per_page=2"
    assert api.get(f"/cats?page={(2**63 - 1) // 2}").json["object_list"] == []
    empty = client(0, PagePagination(2)).get("/cats").json["meta"]
    assert (empty["page_count"], empty["last"]) == (0, "/cats?page=1&per_page=2")


@pytest.mark.parametrize(
    ("query", "parameter", "detail"),
    [
        ("page=0", "page", "must be at least 1"),
        (f"page={(2**63 - 1) // 10 + 1}", "page", f"must be at most {(2**63 - 1) // 10}"),
        ("per_page=11", "per_page", "must be at most 10"),
        ("per_page=0", "per_page", "must be at least 1"),
        ("offset=1", "offset", "is not a parameter here."),
    ],
)
def test_what_is_no_page_is_refused(query: str, parameter: str, detail: str) -> None:
    refused = client(5, PagePagination(2, max_per_page=10)).get(f"/cats?{query}")
    assert refused.status == 422
    assert refused.errors == [{"parameter": parameter, "detail": detail}]


STYLES: list[Callable[..., PaginationStyle]] = [Pagination, PagePagination]


@pytest.mark.parametrize("style", STYLES)
def test_without_a_total_nothing_is_counted_and_the_document_promises_none(
    style: Callable[..., PaginationStyle],
) -> None:
    class CountsNothing(PythonListDataStore):
        def count(self, query: Query) -> int:
            raise AssertionError("it was counted")

        count_up_to = count  # type: ignore[assignment]

    api = Client(serve(CountsNothing(cats(4), Cat), style(2, total="none")))
    gone = {"total_count", "page_count", "last", "total_is_exact"}
    assert not gone & meta_members(api).keys()
    answer = api.get("/cats")
    assert not gone & answer.json["meta"].keys()
    assert 'rel="last"' not in answer.headers["Link"]
    page = api.get(answer.json["meta"]["next"]).json
    assert (page["meta"]["count"], page["meta"]["next"]) == (2, None)


@pytest.mark.parametrize("style", STYLES)
def test_a_bounded_total_says_whether_it_is_exact(
    style: Callable[..., PaginationStyle],
) -> None:
    for count, total, exact in ((0, 0, True), (3, 3, True), (4, 4, True), (5, 4, False)):
        api = client(count, style(2, total="bounded", max_total=4))
        members = meta_members(api)
        assert members["total_count"]["maximum"] == 4
        meta = api.get("/cats").json["meta"]
        assert (meta["total_count"], meta["total_is_exact"]) == (total, exact)
        assert (meta["last"] is None) is not exact
        pages = -(-count // 2) if exact else None
        assert meta.get("page_count", pages) == pages


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("total", ["exact", "bounded", "none"])
@settings(max_examples=50 if CI else 5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    count=st.integers(0, 9), size=st.integers(1, 4), most=st.integers(1, 9), at=st.integers(0, 9)
)
def test_pages_show_every_object_once_forwards_and_backwards(
    kind: Kind,
    total: Any,
    count: int,
    size: int,
    most: int,
    at: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    store = make(kind, tmp_path_factory.mktemp("data"))
    made = store.insert_many([{"name": "a"} for _ in range(count)])
    max_total = most if total == "bounded" else None
    styles: list[Callable[..., PaginationStyle]] = [Pagination, PagePagination]
    for style in styles:
        api = Client(
            serve_songs(store, {"pagination": style(size, total=total, max_total=max_total)})
        )
        assert walk(api, "/songs", "next") == [record["id"] for record in made]
        skipped = at if style is Pagination else at * size
        page = f"offset={at}" if style is Pagination else f"page={at + 1}"
        meta = api.get(f"/songs?{page}").json["meta"]
        if skipped <= count:
            back = walk(api, meta["previous"], "previous")
            assert sorted(back) == [record["id"] for record in made[:skipped]]
        if meta.get("last") is not None:
            last = api.get(meta["last"]).json
            assert last["meta"]["next"] is None
            assert bool(last["object_list"]) is bool(made)


def walk(api: Client, target: str | None, direction: str) -> list[int]:
    found: list[int] = []
    while target:
        page = api.get(target).json
        found += [song["id"] for song in page["object_list"]]
        target = page["meta"][direction]
    return found


class CountsLater(PythonListDataStore):
    """Others write between the reading of a page and the count."""

    counted = 0

    def count(self, query: Query) -> int:
        return self.counted

    def count_up_to(self, query: Query, most: int) -> int:
        return min(self.counted, most)


@pytest.mark.parametrize("total", ["exact", "bounded"])
def test_what_is_counted_never_contradicts_the_page(total: Any) -> None:
    store = CountsLater(cats(4), Cat)
    api = Client(serve(store, Pagination(2, total=total)))
    for counted, offset in ((0, 0), (0, 1), (0, 2), (3, 0), (9, 2), (9, 4), (9, 7)):
        store.counted = counted
        meta = api.get(f"/cats?offset={offset}").json["meta"]
        end = offset + meta["count"]
        assert meta["total_count"] >= end if meta["count"] else meta["total_count"] <= end
        assert (meta["next"] is None) is (meta["total_count"] <= end)


@pytest.mark.parametrize(
    ("make_style", "said"),
    [
        (lambda: PagePagination(0),
         "PagePagination needs 1 <= per_page <= max_per_page, not 0 and 0"),
        (lambda: PagePagination(5, max_per_page=4),
         "PagePagination needs 1 <= per_page <= max_per_page, not 5 and 4"),
        (lambda: Pagination(5, total="all"),  # type: ignore[arg-type]
         "Pagination has the totals exact, bounded, none, not 'all'"),
        (lambda: Pagination(5, max_total=9),
         "Pagination has a max_total with total='bounded' only, not 'exact'"),
        (lambda: Pagination(5, total="bounded", max_total=0),
         "Pagination needs 1 <= max_total, not 0"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(
    make_style: Callable[[], PaginationStyle], said: str
) -> None:
    with pytest.raises(ValueError) as refused:
        make_style()
    assert str(refused.value) == said


class Halves(PaginationStyle):
    """A style of one's own: the first half of a list, or the second."""

    def contribution(self) -> Contribution:
        half = s.Choice(pairs=(("first", False), ("second", True)))
        return Contribution(
            parameters=(Parameter(name="half", shape=half, default=False),),
            meta=(s.Member(name="half", wire="half", shape=half, required=True),),
        )

    def read(
        self, call: CallView, query: Query, store: DataStore
    ) -> tuple[list[Record], dict[str, Any]]:
        records = list(store.find(query))
        middle, second = len(records) // 2, call.query["half"]
        return records[middle:] if second else records[:middle], {"half": second}


def test_a_style_of_ones_own_is_read_and_documented() -> None:
    api = client(5, Halves())
    for half, count in (("first", 2), ("second", 3)):
        assert api.get(f"/cats?half={half}").json["meta"] == {"count": count, "half": half}
    answer = api.get("/cats/own?half=second")
    assert answer.json["meta"] == {"count": 3, "half": "second"}
    assert meta_members(api).keys() == {"count", "half"}


@fuzzed_in_ci
@pytest.mark.parametrize("openapi", ["3.1"])
@pytest.mark.parametrize(
    "pagination",
    [
        PagePagination(2, max_per_page=5),
        PagePagination(2, total="bounded", max_total=3),
        Pagination(2, total="none"),
    ][: None if CI else 1],
)
def test_schemathesis_finds_no_difference(openapi: Version, pagination: PaginationStyle) -> None:
    store = PythonListDataStore(cats(5), Cat)
    check_contract(serve(store, pagination, openapi), examples=5, seed=1)
