"""The search of a list by words, over HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.config import ControllerOptions
from openrest.contract import Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError
from openrest.interfaces import DataStore, Record
from openrest.models import shapes as s
from openrest.pagination import Pagination
from openrest.query import Condition, Search
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from openrest.views.formatters import formatter
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Client
from tests.needs import fuzzed_in_ci


class Article(models.Model):
    id = models.PkField()
    title = models.StringField(required=True)
    text = models.StringField(allow_none=True, data_key="full text")
    year = models.IntegerField()
    secret = models.StringField(load_only=True)
    tags = models.ListField(models.StringField())
    shout = models.FunctionField(lambda article: article.title.upper())


ARTICLES: list[Record] = [
    {"title": "The Two Towers", "text": "A tower, and a war.", "year": 1954, "secret": "x"},
    {"title": "War and Peace", "text": None, "year": 1869},
    {"title": "War of the Worlds", "text": "Two-legged machines", "year": 1898},
]
OPTIONS: ControllerOptions = {
    "search": ["title", "text"], "sorting": True, "partial": True, "pagination": Pagination(100),
}  # fmt: skip


def make(kind: Kind, folder: Path, records: list[Record]) -> DataStore:
    if kind == "list":
        return PythonListDataStore(records, Article)
    store = SQLiteDataStore({"name": str(folder / "articles.db"), "table": "articles"}, Article)
    store.insert_many(records)
    return store


def serve(
    store: DataStore, options: ControllerOptions = OPTIONS, openapi: Any = "3.1"
) -> WSGIDispatcher:
    class Articles(Controller):
        resource = {"resource_name": "articles", "model": Article, "datastore": store}
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": [], "options": options}
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Articles], openapi=openapi, debug=True)


@pytest.fixture(params=KINDS)
def articles(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Client]:
    """Makes an API of the articles with these options."""
    store = make(request.param, tmp_path, ARTICLES)
    return lambda options=OPTIONS: Client(serve(store, options))


def ids(api: Client, query: str) -> list[int]:
    return [article["id"] for article in api.get(f"/articles?{query}").json["object_list"]]


def test_every_word_has_to_begin_a_word_of_one_of_the_fields(
    articles: Callable[..., Client],
) -> None:
    api = articles()
    assert ids(api, "q=war") == [1, 2, 3]
    assert ids(api, "q=TWO%20war") == [1, 3]
    assert ids(api, "q=two+tow") == [1]
    assert ids(api, "q=machines,legged!") == [3]
    assert ids(api, "q=ar") == []
    assert ids(api, "q=xylophone") == []


def test_a_search_without_a_word_finds_nothing(articles: Callable[..., Client]) -> None:
    page = articles().get("/articles?q=%22-%22%20*").json
    assert (page["object_list"], page["meta"]["total_count"]) == ([], 0)


def test_it_goes_with_filters_order_members_and_pages_whose_links_keep_it(
    articles: Callable[..., Client],
) -> None:
    api = articles()
    assert ids(api, "q=war&year=1869") == [2]
    assert ids(api, "q=war&sort=-title") == [3, 2, 1]
    assert api.get("/articles?q=peace&fields=title").json["object_list"] == [
        {"title": "War and Peace"}
    ]
    found, target = [], "/articles?q=war%20a&limit=1&sort=year"
    while target:
        page = api.get(target).json
        assert page["meta"]["total_count"] == 2
        found += [article["id"] for article in page["object_list"]]
        target = page["meta"]["next"]
    assert found == [2, 1]


def test_what_is_created_is_found_at_once(articles: Callable[..., Client]) -> None:
    api = articles()
    made = api.post("/articles", {"title": "Nausea", "full text": "Roquentin"}).json["id"]
    assert ids(api, "q=roq") == [made]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("q=", "must not be empty"),
        (f"q={'x' * 201}", "must have at most 200 characters"),
        ("q=a&q=b", "is given more than once"),
    ],
)
def test_what_is_no_search_is_refused(
    articles: Callable[..., Client], query: str, detail: str
) -> None:
    refused = articles().get(f"/articles?{query}")
    assert refused.status == 422
    assert refused.errors == [{"parameter": "q", "detail": detail}]


def test_the_document_says_what_is_searched_and_nothing_without_the_option(
    articles: Callable[..., Client],
) -> None:
    def parameters(options: ControllerOptions) -> list[Any]:
        operation = articles(options).document["paths"]["/articles"]["get"]
        assert ("`q`" in operation["description"]) is ("search" in options)
        return [p for p in operation["parameters"] if p["name"] == "q"]

    [shown] = parameters(OPTIONS)
    assert (shown["schema"]["minLength"], shown["schema"]["maxLength"]) == (1, 200)
    assert "`title` or `full text`" in shown["description"]
    assert parameters({}) == []
    assert articles({}).get("/articles?q=war").status == 422


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10)
@given(
    texts=st.lists(st.tuples(st.text("aAbé É-'\"😀", max_size=6), st.text("abA ", max_size=6))),
    asked=st.lists(st.text("aAbé É-'\"*😀", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_any_search_answers_as_plain_python_would(
    kind: Kind,
    texts: list[tuple[str, str]],
    asked: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    records = [{"id": n, "title": a, "text": b} for n, (a, b) in enumerate(texts, 1)]
    store = make(kind, tmp_path_factory.mktemp("data"), records)
    api = Client(serve(store))
    for text in asked:
        search = Search(("title", "text"), text)
        expected = [record["id"] for record in records if search.holds(record)]
        assert ids(api, f"q={quote(text)}") == expected[:100]


@fuzzed_in_ci
@pytest.mark.parametrize("openapi", ["3.1"])
def test_schemathesis_finds_no_difference(openapi: Any, tmp_path: Path) -> None:
    options: ControllerOptions = {"search": ["title", "text"], "filters": {}}
    app = serve(make("sqlite", tmp_path, ARTICLES), options, openapi)
    check_contract(app, examples=5, seed=1)


class Lists(Controller):
    resource = {
        "resource_name": "articles", "model": Article, "datastore": PythonListDataStore,
        "resource": ARTICLES,
    }  # fmt: skip
    controller = {"list_verbs": ["GET"], "unique_verbs": [], "options": {"search": ["title"]}}
    view = {"response_class": JsonResponse}

    def get_list(self, call: Call) -> Result:
        """All but old ones."""
        return self.page(call, (Condition("year", "gt", 1890),))

    @operation("GET", "/of", returns="page", parameters=[Parameter(name="q", shape=s.Integer())])
    def of(self, call: Call) -> Result:
        """Take a number that is no search."""
        return self.page(call, (Condition("year", "eq", call.query["q"]),))


def test_a_handler_of_ones_own_keeps_the_search_and_may_have_another_q() -> None:
    api = Client(WSGIDispatcher([Lists], debug=True))
    assert ids(api, "q=war") == [3]
    found = api.get("/articles/of?q=1869").json["object_list"]
    assert [article["title"] for article in found] == ["War and Peace"]


class Prepared(PythonListDataStore):
    prepared: tuple[str, ...] = ()

    def prepare_search(self, members: Any) -> None:
        self.prepared = tuple(members)


def test_a_store_is_told_what_is_searched_before_anybody_does() -> None:
    store = Prepared([], Article)
    serve(store)
    assert store.prepared == ("title", "text")


@formatter(removes=["text"])
def hide(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "text"}


class CannotSearch(PythonListDataStore):
    searchable = False


class Q(models.Model):
    id = models.PkField()
    q = models.StringField()


@pytest.mark.parametrize(
    ("search", "store", "model", "said"),
    [
        ("title", PythonListDataStore, Article, ["is no list of names but 'title'."]),
        (True, PythonListDataStore, Article, ["is no list of names but True."]),
        ([], PythonListDataStore, Article, ["names no field: leave it out."]),
        (["titel", "secret", "text", "year", "tags", "shout", "title", "title"],
         PythonListDataStore, Article, [
            "'titel': the model has no such field. Did you mean 'title'?",
            "'secret': answers do not show this field, and a search would give it away.",
            "'text': answers do not show this field, and a search would give it away.",
            "'year': it is no text that is stored.",
            "'tags': it is no text that is stored.",
            "'shout': it is no text that is stored.",
            "a field is there twice.",
        ]),
        (["title"], CannotSearch, Article, ["CannotSearch cannot search."]),
        (["q"], PythonListDataStore, Q, [
            "the filter 'q' has the name of its parameter: rename it, or give the field a "
            "data_key.",
        ]),
    ],
)  # fmt: skip
def test_a_search_that_cannot_be_is_refused_with_every_mistake(
    search: Any, store: Any, model: Any, said: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as refused:

        class Articles(Controller):
            resource = {
                "resource_name": "articles", "resource": [], "model": model, "datastore": store,
            }  # fmt: skip
            controller = {
                "list_verbs": ["GET"], "unique_verbs": [], "options": {"search": search},
            }  # fmt: skip
            view = {
                "response_class": JsonResponse,
                "options": {"formatters": [hide] if model is Article else []},
            }

    assert list(refused.value.mistakes) == [f"controller.options.search: {each}" for each in said]
