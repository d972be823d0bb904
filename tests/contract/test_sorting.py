"""The order of lists: the one that an author gives, and the one that a client asks for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.config import ControllerOptions
from openrest.contract import Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError
from openrest.interfaces import Record
from openrest.models import shapes as s
from openrest.pagination import Pagination
from openrest.query import Condition
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from openrest.views.formatters import formatter
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Client
from tests.contract.test_filters import Song, make, serve
from tests.needs import fuzzed_in_ci

EVERY: ControllerOptions = {"sorting": True, "pagination": Pagination(100)}
#: The members of a song whose values have an order.
SORTED = ("id", "name", "seconds", "level", "price", "loud", "the day", "at", "stamp", "ref")


def names(api: Client, query: str) -> list[str]:
    return [song["name"] for song in api.get(f"/songs?{query}").json["object_list"]]


@pytest.fixture(params=KINDS)
def songs(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Client]:
    """Makes an API with some songs, whose lists have these options."""

    def made(options: ControllerOptions = EVERY) -> Client:
        store = make(request.param, tmp_path)
        for name, seconds in (("b", 2), ("a", None), ("c", 1), ("a", 2)):
            store.insert({"name": name, "seconds": seconds, "loud": name == "a"})
        return Client(serve(store, options))

    return made


def test_the_objects_come_in_the_order_that_is_asked_for(songs: Callable[..., Client]) -> None:
    api = songs()
    assert names(api, "sort=name") == ["a", "a", "b", "c"]
    assert names(api, "sort=-name") == ["c", "b", "a", "a"]
    assert names(api, "sort=-loud,seconds") == ["a", "a", "c", "b"]
    assert names(api, "sort=-id&name=a&limit=1") == ["a"]
    assert names(api, "") == ["b", "a", "c", "a"]


def test_objects_without_a_value_come_last_and_ties_go_by_the_key(
    songs: Callable[..., Client],
) -> None:
    api = songs()
    for query, expected in (("sort=seconds", [3, 1, 4, 2]), ("sort=-seconds", [1, 4, 3, 2])):
        found = api.get(f"/songs?{query}").json["object_list"]
        assert [song["id"] for song in found] == expected


def test_the_links_of_a_page_keep_the_order(songs: Callable[..., Client]) -> None:
    api = songs({"sorting": ["name"], "pagination": Pagination(1)})
    found, target = [], "/songs?sort=-name"
    while target:
        page = api.get(target).json
        found += [song["name"] for song in page["object_list"]]
        target = page["meta"]["next"]
    assert found == ["c", "b", "a", "a"]


def test_an_author_says_the_order_where_none_is_asked_for(songs: Callable[..., Client]) -> None:
    api = songs({"default_sort": ["-seconds", "name"]})
    assert names(api, "") == ["a", "b", "c", "a"]
    assert api.get("/songs?sort=name").status == 422
    described = api.document["paths"]["/songs"]["get"]["description"]
    assert described.startswith("The objects are in the order of `seconds` (descending), `name`, ")


def test_an_order_that_is_asked_for_takes_the_place_of_the_default(
    songs: Callable[..., Client],
) -> None:
    assert names(songs({**EVERY, "default_sort": ["name"]}), "sort=-id") == ["a", "c", "a", "b"]


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        (
            "sort=nmae",
            [("#/0", "must be one of name, -name, seconds, -seconds. Did you mean 'name'?")],
        ),
        ("sort=", [("#/0", "must be one of name, -name, seconds, -seconds")]),
        ("sort=name,", [("#/1", "must be one of name, -name, seconds, -seconds")]),
        ("sort=%2Bname", [("#/0", "must be one of name, -name, seconds, -seconds. Did you mean "
                           "'name'?")]),
        ("sort=secret", [("#/0", "must be one of name, -name, seconds, -seconds")]),
        ("sort=name,name,name", [(None, "must have at most 2 items")]),
        ("sort=name&sort=seconds", [(None, "is given more than once")]),
    ],
)  # fmt: skip
def test_an_order_that_there_is_not_is_refused_with_the_place(
    songs: Callable[..., Client], query: str, errors: list[tuple[str | None, str]]
) -> None:
    refused = songs({"sorting": ["name", "seconds"]}).get(f"/songs?{query}")
    assert refused.status == 422
    assert refused.errors == [
        {**({"pointer": place} if place else {}), "parameter": "sort", "detail": detail}
        for place, detail in errors
    ]


def test_the_document_shows_what_can_be_sorted_by_and_nothing_without_the_option(
    songs: Callable[..., Client],
) -> None:
    def sort(options: ControllerOptions) -> list[Any]:
        operation = songs(options).document["paths"]["/songs"]["get"]
        return [p for p in operation["parameters"] if p["name"] == "sort"]

    assert sort({}) == []
    [shown] = sort(EVERY)
    assert sorted(shown["schema"]["items"]["enum"]) == sorted(
        f"{sign}{wire}" for wire in SORTED for sign in ("", "-")
    )
    assert (shown["style"], shown["explode"]) == ("form", False)
    assert shown["schema"]["maxItems"] == len(SORTED)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.lists(
        st.fixed_dictionaries(
            {"name": st.sampled_from("abAé😀")},
            optional={
                "seconds": st.none() | st.integers(0, 3),
                "level": st.sampled_from([-1.0, 0.0, 0.5]),
                "loud": st.booleans(),
            },
        ),
        max_size=8,
    ),
    order=st.lists(
        st.tuples(st.sampled_from(["name", "seconds", "level", "loud"]), st.booleans()),
        min_size=1,
        max_size=3,
    ),
    limit=st.integers(1, 4),
)
def test_pages_of_any_order_are_those_of_a_sorted_list(
    kind: Kind,
    seed: list[Record],
    order: list[tuple[str, bool]],
    limit: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    store = make(kind, tmp_path_factory.mktemp("data"))
    expected = store.insert_many(seed)
    for member, descending in reversed(order):
        present = [record for record in expected if record.get(member) is not None]
        absent = [record for record in expected if record.get(member) is None]
        expected = sorted(present, key=lambda r: r[member], reverse=descending) + absent
    api = Client(serve(store, {"sorting": True, "pagination": Pagination(limit)}))
    asked = ",".join(f"{'-' if descending else ''}{member}" for member, descending in order)
    found: list[int] = []
    target: str | None = f"/songs?sort={asked}"
    while target:
        page = api.get(target).json
        found += [song["id"] for song in page["object_list"]]
        target = page["meta"]["next"]
    assert found == [record["id"] for record in expected]


@fuzzed_in_ci
@pytest.mark.parametrize("openapi", ["3.1"])
def test_schemathesis_finds_no_difference(openapi: Any, tmp_path: Path) -> None:
    options: ControllerOptions = {**EVERY, "default_sort": ["-name"]}
    check_contract(serve(make("sqlite", tmp_path), options, openapi), examples=20, seed=1)


class Lists(Controller):
    resource = {
        "resource_name": "songs", "model": Song, "datastore": PythonListDataStore,
        "resource": [{"name": "b"}, {"name": "a"}, {"name": "c"}],
    }  # fmt: skip
    controller = {
        "list_verbs": ["GET"],
        "unique_verbs": [],
        "options": {"sorting": True, "default_sort": ["name"]},
    }
    view = {"response_class": JsonResponse}

    def get_list(self, call: Call) -> Result:
        """All but one."""
        return self.page(call, (Condition("name", "ne", "c"),))

    @operation(
        "GET", "/mine", returns="page", parameters=[Parameter(name="sort", shape=s.String())]
    )
    def mine(self, call: Call) -> Result:
        """Take a word that is no order of ours."""
        return self.page(call, (Condition("name", "ne", call.query["sort"]),))


def test_a_handler_of_ones_own_keeps_the_order_and_may_have_another_sort() -> None:
    api = Client(WSGIDispatcher([Lists], debug=True))
    assert names(api, "sort=-name") == ["b", "a"]
    found = api.get("/songs/mine?sort=b").json["object_list"]
    assert [song["name"] for song in found] == ["a", "c"]


@formatter(removes=["seconds"])
def hide(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "seconds"}


class CannotSort(PythonListDataStore):
    sortable = False


class Sort(models.Model):
    id = models.PkField()
    sort = models.StringField()


@pytest.mark.parametrize(
    ("options", "store", "model", "said"),
    [
        ({"sorting": "name"}, PythonListDataStore, Song, [
            "controller.options.sorting: is neither True nor a list of names but 'name'.",
        ]),
        ({"sorting": ["nmae", "secret", "tags", "shout", "seconds", "name", "name"],
          "default_sort": ["-nam", "+id"]}, PythonListDataStore, Song, [
            "controller.options.sorting: 'nmae': the model has no such field. Did you mean 'name'?",
            "controller.options.sorting: 'secret': answers do not show this field, and an order "
            "would.",
            "controller.options.sorting: 'tags': its values have no order.",
            "controller.options.sorting: 'shout': its values have no order.",
            "controller.options.sorting: 'seconds': answers do not show this field, and an order "
            "would.",
            "controller.options.sorting: a field is there twice.",
            "controller.options.default_sort: 'nam': the model has no such field. Did you mean "
            "'name'?",
            "controller.options.default_sort: '+id': the model has no such field. Did you mean "
            "'id'?",
        ]),
        ({"default_sort": "name"}, PythonListDataStore, Song, [
            "controller.options.default_sort: is no list of names but 'name'.",
        ]),
        ({"sorting": True}, CannotSort, Song, [
            "controller.options.sorting: CannotSort cannot sort.",
        ]),
        ({"sorting": True}, PythonListDataStore, Sort, [
            "controller.options.sorting: the filter 'sort' has the name of its parameter: rename "
            "it, or give the field a data_key.",
        ]),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_is_refused_with_every_mistake(
    options: Any, store: Any, model: Any, said: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as refused:

        class Songs(Controller):
            resource = {
                "resource_name": "songs", "resource": [], "model": model, "datastore": store,
            }  # fmt: skip
            controller = {"list_verbs": ["GET"], "unique_verbs": [], "options": options}
            view = {
                "response_class": JsonResponse,
                "options": {"formatters": [hide] if model is Song else []},
            }

        WSGIDispatcher([Songs])

    assert list(refused.value.mistakes) == said
