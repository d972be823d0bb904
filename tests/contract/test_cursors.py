"""Pages by cursors: each object once, whatever others write, and no token but one of ours."""

import datetime as dt
import random
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import DataStore, PythonListDataStore, SQLiteDataStore
from openrest.errors import ConfigurationError
from openrest.interfaces import Record
from openrest.openapi import Version
from openrest.pagination import CursorPagination, tokens
from openrest.query import Query
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Answer, Client
from tests.needs import CI, fuzzed_in_ci

SECRET, OTHER = "the first of two secrets", "the second of two secrets"


class Song(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)
    seconds = models.IntegerField(allow_none=True)
    level = models.FloatField()
    loud = models.BooleanField(load_default=False)
    price = models.DecimalField(places=2)
    at = models.DateTimeField()
    length = models.TimeDeltaField()
    ref = models.UUIDField()


ORDERED = ("name", "seconds", "level", "loud", "price", "at", "length", "ref", "id")


def make(kind: Kind, folder: Path, seed: list[Record] | None = None) -> DataStore:
    if kind == "list":
        return PythonListDataStore(seed or [], Song)
    store = SQLiteDataStore({"name": str(folder / "songs.db"), "table": "songs"}, Song)
    store.insert_many(seed or [])
    return store


def serve(
    store: DataStore, pagination: CursorPagination, openapi: Version = "3.1", **options: Any
) -> WSGIDispatcher:
    asked: Any = {"sorting": True, "pagination": pagination, **options}

    class Songs(Controller):
        resource = {"resource_name": "songs", "model": Song, "datastore": store}
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": [],
            "options": asked,
        }
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Songs], openapi=openapi, debug=True)


def client(store: DataStore, limit: int = 2, **options: Any) -> Client:
    return Client(serve(store, CursorPagination(limit, max_limit=50, secret=SECRET), **options))


def some(count: int = 5) -> list[Record]:
    return [{"name": "abc"[number % 3], "seconds": number % 2 or None} for number in range(count)]


def ids(answer: Answer) -> list[int]:
    return [song["id"] for song in answer.json["object_list"]]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> DataStore:
    return make(request.param, tmp_path, some())


def test_the_links_lead_forwards_and_backwards_and_keep_the_query(store: DataStore) -> None:
    api = client(store)
    first = api.get("/songs?name=a&limit=1&sort=-id")
    assert ids(first) == [4]
    meta = first.json["meta"]
    assert meta.keys() == {"count", "limit", "first", "last", "next", "previous"}
    assert meta["first"] == "/songs?name=a&sort=-id&limit=1"
    assert meta["last"] == "/songs?name=a&sort=-id&limit=1&cursor=last"
    assert meta["next"].startswith("/songs?name=a&sort=-id&limit=1&cursor=")
    assert meta["previous"] is None
    second = api.get(meta["next"])
    assert (ids(second), second.json["meta"]["next"]) == ([1], None)
    assert ids(api.get(second.json["meta"]["previous"])) == [4]
    last = api.get(meta["last"])
    assert (ids(last), last.json["meta"]["next"]) == ([1], None)
    assert second.headers["Link"].count("rel=") == 3


def test_the_last_page_is_read_from_the_end(store: DataStore) -> None:
    api = client(store)
    assert ids(api.get("/songs?cursor=last")) == [4, 5]
    assert ids(api.get(api.get("/songs?cursor=last").json["meta"]["previous"])) == [2, 3]
    assert ids(api.get("/songs?cursor=last&limit=50")) == [1, 2, 3, 4, 5]


def test_a_page_of_another_size_may_begin_at_a_cursor(store: DataStore) -> None:
    api = client(store)
    target = api.get("/songs").json["meta"]["next"]
    assert ids(api.get(target.replace("limit=2", "limit=50"))) == [3, 4, 5]


def test_a_list_without_objects_leads_nowhere(tmp_path: Path) -> None:
    api = client(make("list", tmp_path))
    for target in ("/songs", "/songs?cursor=last"):
        meta = api.get(target).json["meta"]
        assert (meta["count"], meta["next"], meta["previous"]) == (0, None, None)


def test_a_cursor_is_good_although_its_object_is_gone_or_another(store: DataStore) -> None:
    api = client(store, sorting=["name"])
    target = api.get("/songs?sort=name").json["meta"]["next"]
    store.update(4, lambda song: {**song, "name": "z"})
    assert ids(api.get(target)) == [2, 5]
    store.delete(4)
    after = api.get(target)
    assert ids(after) == [2, 5]
    store.delete(1)
    before = api.get(after.json["meta"]["previous"])
    assert (ids(before), before.json["meta"]["previous"]) == ([], None)
    assert before.json["meta"]["next"] == "/songs?sort=name&limit=2"
    for key in (2, 5, 3):
        store.delete(key)
    gone = api.get(target).json["meta"]
    assert (gone["next"], gone["previous"]) == (None, "/songs?sort=name&limit=2&cursor=last")


def cursor_of(answer: Answer) -> str:
    found: str = answer.json["meta"]["next"].partition("cursor=")[2].partition("&")[0]
    return found


def is_unknown(answer: Answer) -> bool:
    return answer.status == 404 and answer.errors == [
        {"parameter": "cursor", "detail": "is not a cursor that was given out for this query"}
    ]


def test_a_cursor_that_is_none_of_ours_is_not_found(store: DataStore) -> None:
    api = client(store)
    good = cursor_of(api.get("/songs"))
    assert api.get(f"/songs?cursor={good}").status == 200
    forged = good[:-1] + ("A" if good[-1] != "A" else "B")
    for bad in (
        "", "a", "ab", "abc", "abcd", "%C3%A9", "%01", "LAST", good[:-1], good[1:],
        good + "A", good + "=", good + "==", good.lower(), forged, good[:10], 7_000 * "A",
        1_000 * "%C3%A9", good + "%20", "%20" + good, "last%20", tokens._text(16 * b"\0" + b"[]"),
    ):  # fmt: skip
        assert is_unknown(api.get(f"/songs?cursor={bad}")), bad
    assert api.get(f"/songs?cursor={good}&cursor={good}").status == 422


def test_every_changed_character_of_a_cursor_is_noticed(store: DataStore) -> None:
    api = client(store)
    good = cursor_of(api.get("/songs?sort=-name"))
    for place in range(len(good)):
        for letter in "AQgw_-":
            if letter != good[place]:
                bad = good[:place] + letter + good[place + 1 :]
                assert is_unknown(api.get(f"/songs?sort=-name&cursor={bad}")), bad


def test_a_cursor_of_another_query_is_not_found(store: DataStore) -> None:
    api = client(store)
    good = cursor_of(api.get("/songs?sort=name&loud=false"))
    assert api.get(f"/songs?loud=false&cursor={good}&sort=name").status == 200
    for query in ("sort=name", "loud=false", "sort=-name&loud=false", "sort=name,id&loud=false",
                  "sort=name&loud=true", "sort=name&loud=false&name=a"):  # fmt: skip
        assert is_unknown(api.get(f"/songs?{query}&cursor={good}")), query
    # The author has changed the default: the values would be of another member.
    by_name = cursor_of(client(store, default_sort=["name"]).get("/songs"))
    assert is_unknown(client(store, default_sort=["-name"]).get(f"/songs?cursor={by_name}"))


def test_a_cursor_of_another_resource_is_not_found() -> None:
    class Songs(Controller):
        resource = {
            "resource_name": "songs", "resource": some(), "model": Song,
            "datastore": PythonListDataStore,
        }  # fmt: skip
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": [],
            "options": {"pagination": CursorPagination(2, secret=SECRET)},
        }
        view = {"response_class": JsonResponse}

    class Hits(Songs):
        resource = {**Songs.resource, "resource_name": "hits"}

    api = Client(WSGIDispatcher([Songs, Hits], debug=True))
    good = cursor_of(api.get("/songs"))
    assert is_unknown(api.get(f"/hits?cursor={good}"))
    # What the API is mounted at makes no difference.
    assert Client(api.app, "/api").get(f"/songs?cursor={good}").status == 200


def test_nothing_of_a_token_is_read_before_it_is_verified(
    store: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = client(store)
    good = cursor_of(api.get("/songs"))

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("it was read")

    monkeypatch.setattr("openrest.pagination.tokens.json.loads", never)
    monkeypatch.setattr(store, "find", never)
    data = tokens._data(good)
    for bad in (data[:16] + b'["forged"]', data[:16], b"", data[:-1] + b"\0"):
        answer = api.raw("GET", f"/songs?cursor={tokens._text(bad)}")
        assert answer.status == 404


def test_cursors_are_compared_in_constant_time(
    store: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return one == other

    monkeypatch.setattr("openrest.pagination.tokens.hmac.compare_digest", compare)
    api = client(store)
    assert api.get(f"/songs?cursor={cursor_of(api.get('/songs'))}").status == 200
    assert [len(each) for each in compared] == [16]


def test_the_first_secret_signs_and_all_of_them_verify(store: DataStore) -> None:
    def api(*secrets: str) -> Client:
        return Client(serve(store, CursorPagination(2, secret=secrets)))

    old, new = cursor_of(api(OTHER).get("/songs")), cursor_of(api(SECRET, OTHER).get("/songs"))
    assert old != new == cursor_of(api(SECRET).get("/songs"))
    for cursor, secrets, good in (
        (old, [SECRET, OTHER], True),
        (new, [SECRET, OTHER], True),
        (new, [OTHER, SECRET], True),
        (old, [SECRET], False),
        (new, [OTHER], False),
    ):
        assert is_unknown(api(*secrets).get(f"/songs?cursor={cursor}")) is not good


def test_the_secret_may_come_from_the_environment(
    store: DataStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = cursor_of(client(store).get("/songs"))
    monkeypatch.setenv("OPENREST_SECRET", SECRET.replace(" ", "-"))
    assert is_unknown(Client(serve(store, CursorPagination(2))).get(f"/songs?cursor={given}"))
    several = f"{'a' * 16}\n {'b' * 16}"
    monkeypatch.setenv("OPENREST_SECRET", several)
    both = Client(serve(store, CursorPagination(2)))
    for secret in several.split():
        signed = Client(serve(store, CursorPagination(2, secret=secret)))
        assert both.get(f"/songs?cursor={cursor_of(signed.get('/songs'))}").status == 200


def test_the_document_does_not_depend_on_the_secret(store: DataStore) -> None:
    documents = [
        Client(serve(store, CursorPagination(2, secret=secret))).document
        for secret in (SECRET, OTHER)
    ]
    assert documents[0] == documents[1]
    [shown] = [
        p for p in documents[0]["paths"]["/songs"]["get"]["parameters"] if p["name"] == "cursor"
    ]
    assert shown["schema"]["anyOf"][1] == {"type": "string", "enum": ["last"]}
    assert "example" not in shown


class CannotSeek(PythonListDataStore):
    seekable = False


@pytest.mark.parametrize(
    ("datastore", "secret", "said"),
    [
        (PythonListDataStore, None, [
            "controller.options.pagination: the cursors have no secret: give CursorPagination one, "
            "the same in every process (secret=...), or set the environment variable "
            "OPENREST_SECRET.",
        ]),
        (CannotSeek, SECRET, [
            "controller.options.pagination: CannotSeek cannot begin at a position, which a cursor "
            "is.",
        ]),
        (PythonListDataStore, [SECRET, "short"], [
            "controller.options.pagination: secret[1] has fewer than 16 characters: it could be "
            "guessed.",
        ]),
    ],
)  # fmt: skip
def test_cursors_that_cannot_be_are_refused(
    datastore: type[DataStore], secret: Any, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENREST_SECRET", " ")
    with pytest.raises(ConfigurationError) as refused:

        class Songs(Controller):
            resource = {
                "resource_name": "songs", "resource": [], "model": Song, "datastore": datastore,
            }  # fmt: skip
            controller = {
                "list_verbs": ["GET"],
                "unique_verbs": [],
                "options": {"pagination": CursorPagination(20, secret=secret)},
            }
            view = {"response_class": JsonResponse}

    assert list(refused.value.mistakes) == said


def test_a_secret_is_a_text() -> None:
    with pytest.raises(ValueError) as refused:
        CursorPagination(20, secret=[5])  # type: ignore[list-item]
    assert str(refused.value) == "CursorPagination needs secrets that are texts"


@pytest.mark.parametrize(
    ("options", "totals"),
    [
        ({"total": "exact"}, {"total_count": 5}),
        ({"total": "bounded", "max_total": 5}, {"total_count": 5, "total_is_exact": True}),
        ({"total": "bounded", "max_total": 4}, {"total_count": 4, "total_is_exact": False}),
        ({}, {}),
    ],
)
def test_a_total_is_there_where_it_is_asked_for(
    store: DataStore, options: Any, totals: dict[str, Any]
) -> None:
    api = Client(serve(store, CursorPagination(2, max_limit=9, secret=SECRET, **options)))
    links = {"count", "limit", "first", "last", "next", "previous"}
    for target in ("/songs", "/songs?cursor=last", "/songs?limit=9"):
        meta = api.get(target).json["meta"]
        assert {name: value for name, value in meta.items() if name not in links} == totals
    page = api.document["components"]["schemas"]["SongsList"]["properties"]["meta"]
    assert page["properties"].keys() == links | totals.keys()


SONGS = st.fixed_dictionaries(
    {"name": st.sampled_from(["", "a", "A", "é", "😀"])},
    optional={
        "seconds": st.none() | st.integers(0, 2) | st.sampled_from([2**63 - 1, -(2**63)]),
        "level": st.sampled_from([-1.5, 0.0, 0.1, 1e300]),
        "loud": st.booleans(),
        "price": st.sampled_from([Decimal("-0.10"), Decimal("9.90"), Decimal("10.00")]),
        "at": st.datetimes(timezones=st.just(dt.UTC)),
        "length": st.sampled_from([dt.timedelta(0), dt.timedelta(days=-1, microseconds=1)]),
        "ref": st.uuids(),
    },
)
SORTS = st.lists(
    st.tuples(st.sampled_from(ORDERED), st.sampled_from(["", "-"])),
    max_size=3,
    unique_by=lambda each: each[0],
).map(lambda pairs: ",".join(sign + name for name, sign in pairs))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=200 if CI else 12)
@given(
    seed=st.lists(SONGS, max_size=10),
    sort=SORTS,
    limit=st.integers(1, 4),
    direction=st.sampled_from(["next", "previous"]),
    data=st.data(),
)
def test_a_walk_sees_once_what_is_there_all_the_while(
    kind: Kind,
    seed: list[Record],
    sort: str,
    limit: int,
    direction: str,
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    store = make(kind, tmp_path_factory.mktemp("data"), seed)
    api = client(store, limit)
    query = f"sort={sort}" if sort else ""
    whole = ids(api.get(f"/songs?{query}&limit=50".replace("?&", "?")))
    there = {record["id"] for record in store.find(Query())}
    remaining = set(there)
    target: str | None = f"/songs?{query}" + ("&cursor=last" if direction == "previous" else "")
    seen: list[int] = []
    for step in range(100):
        if target is None:
            break
        page = api.get(target.replace("?&", "?").removesuffix("?"))
        assert len(ids(page)) <= limit
        seen += ids(page) if direction == "next" else ids(page)[::-1]
        target = page.json["meta"][direction]
        if step < 6:
            for record in data.draw(st.lists(SONGS, max_size=2)):
                there.add(store.insert(record)["id"])
            if there:
                for key in data.draw(st.sets(st.sampled_from(sorted(there)), max_size=2)):
                    store.delete(key)
                    there.discard(key)
                    remaining.discard(key)
    else:
        pytest.fail("The walk has no end.")
    expected = [key for key in whole if key in remaining]
    found = [key for key in seen if key in remaining]
    assert found == (expected if direction == "next" else expected[::-1])
    assert len(set(seen)) == len(seen)
    if isinstance(store, SQLiteDataStore):
        store.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sort", ["", "seconds", "-name,seconds"])
def test_a_walk_sees_once_what_another_thread_leaves_alone(
    kind: Kind, sort: str, tmp_path: Path
) -> None:
    store = make(kind, tmp_path, some(60))
    kept = {record["id"] for record in store.find(Query())}
    app = serve(store, CursorPagination(3, max_limit=100, secret=SECRET))
    done = threading.Event()
    failures: list[BaseException] = []

    def write() -> None:
        chance = random.Random(1)
        mine: list[int] = []
        try:
            while not done.is_set():
                for record in some(3):
                    mine.append(store.insert(record)["id"])
                while len(mine) > 20:
                    store.delete(mine.pop(chance.randrange(len(mine))))
        except BaseException as error:
            failures.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        api = Client(app)
        query = f"sort={sort}&" if sort else ""
        for direction, begin in (("next", ""), ("previous", "cursor=last")):
            seen: list[int] = []
            target: str | None = f"/songs?{query}{begin}".rstrip("?&")
            while target is not None and len(seen) < 10_000:
                page = api.get(target)
                seen += ids(page)
                target = page.json["meta"][direction]
                # New keys are greater than all before, so a walk by them may never end.
                if kept <= set(seen):
                    break
            assert sorted(key for key in seen if key in kept) == sorted(kept)
            assert len(set(seen)) == len(seen)
    finally:
        done.set()
        writer.join()
    assert failures == []


def test_a_walk_may_be_of_what_a_search_finds(store: DataStore) -> None:
    api = client(store, limit=1, search=["name"])
    store.insert_many([{"name": "Abba gold"}, {"name": "gold, abba"}, {"name": "gold"}])
    target: str | None = "/songs?q=abba%20gold&sort=-seconds,-name&loud=false"
    found: list[int] = []
    while target is not None:
        page = api.get(target)
        found += ids(page)
        target = page.json["meta"]["next"]
    assert found == [7, 6]


def test_a_walk_may_show_some_members_only(store: DataStore) -> None:
    api = client(store, partial=True)
    target: str | None = "/songs?fields=name&sort=seconds,-id"
    found: list[dict[str, Any]] = []
    while target is not None:
        page = api.get(target).json
        found += page["object_list"]
        target = page["meta"]["next"]
    assert found == [{"name": name} for name in "abbca"]


@fuzzed_in_ci
@pytest.mark.parametrize("openapi", ["3.1"])
def test_schemathesis_finds_no_difference(openapi: Version, tmp_path: Path) -> None:
    store = make("sqlite", tmp_path, some())
    pagination = CursorPagination(2, max_limit=4, secret=SECRET, total="bounded", max_total=3)
    check_contract(serve(store, pagination, openapi), examples=10, seed=1)
