"""PATCH and DELETE of all objects that filters find: all of them or none."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.bulk import Bulk
from openrest.config import ControllerOptions
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare
from openrest.datastore import PythonListDataStore, SQLiteDataStore, UniqueTogether
from openrest.datastore.lifecycle import Lifecycle, Times
from openrest.errors import ConfigurationError, Problem
from openrest.filters import CustomFilter
from openrest.interfaces import Change, DataStore, Record
from openrest.query import Condition, Query
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.apis import KINDS, Kind
from tests.contract.client import Client
from tests.needs import CI, fuzzed_in_ci


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    rank = models.IntegerField(allow_none=True)
    level = models.IntegerField()


class Locked423(Problem):
    status = 423
    title = "Locked"


UNIQUE = [UniqueTogether("text", "level")]
OPTIONS: ControllerOptions = {
    "bulk": Bulk(max_affected=3),
    "filters": {"rank": True, "text": ["eq", "in"], "level": ["eq"]},
    "any_of": True,
    "dry_run": True,
}


def make(kind: Kind, folder: Path, model: type[models.Model] = Note) -> DataStore:
    if kind == "list":
        return PythonListDataStore([], model, UNIQUE)
    return SQLiteDataStore({"name": folder / "notes.db", "table": model.__name__}, model, UNIQUE)


def serve(
    store: DataStore,
    options: ControllerOptions | None = None,
    *,
    base: type[Controller] = Controller,
    verbs: Sequence[Any] = ("GET", "POST", "PATCH", "DELETE"),
    model: type[models.Model] = Note,
    **more: Any,
) -> WSGIDispatcher:
    class Notes(base):  # type: ignore[misc, valid-type]
        resource = {"resource_name": "notes", "model": model, "datastore": store}
        controller = {
            "list_verbs": verbs,
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": OPTIONS if options is None else options,
        }
        view = {"response_class": JsonResponse}

    return WSGIDispatcher([Notes], debug=True, **more)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> DataStore:
    store = make(request.param, tmp_path)
    store.insert_many([{"text": text, "rank": rank} for rank, text in enumerate("abcde")])
    return store


def stored(store: DataStore, name: str = "text") -> list[Any]:
    return [record.get(name) for record in store.find(Query())]


def test_a_patch_changes_all_that_its_filters_find(store: DataStore) -> None:
    client = Client(serve(store))
    answer = client.patch("/notes?rank__gte=2", {"rank": None, "level": 7})
    assert (answer.status, answer.json) == (200, {"affected": 3})
    assert stored(store, "rank") == [0, 1, None, None, None]
    assert stored(store, "level") == [None, None, 7, 7, 7]
    assert client.patch("/notes?rank=99", {"level": 7}).json == {"affected": 0}


def test_a_delete_deletes_all_that_its_filters_find(store: DataStore) -> None:
    client = Client(serve(store))
    answer = client.delete("/notes?rank__gte=2&text__in=c,d,a")
    assert (answer.status, answer.json) == (200, {"affected": 2})
    assert stored(store) == ["a", "b", "e"]
    assert client.delete("/notes?text=c").json == {"affected": 0}


@pytest.mark.parametrize(
    "query", ["", "?", "?dry_run=true", "?any_of=[{}]", "?any_of=[{},{%22rank%22:1}]"]
)
def test_without_a_filter_nothing_is_done(store: DataStore, query: str) -> None:
    client = Client(serve(store))
    for answer in (client.delete(f"/notes{query}"), client.patch(f"/notes{query}", {"level": 1})):
        assert answer.status == 409
        assert answer.json["detail"].startswith("Say which objects are meant")
    assert stored(store) == [*"abcde"]


def test_alternatives_with_tests_are_a_filter(store: DataStore) -> None:
    client = Client(serve(store))
    assert client.delete('/notes?any_of=[{"rank":1},{"text":"e"}]').json == {"affected": 2}


def test_a_misspelt_filter_never_does_anything(store: DataStore) -> None:
    client = Client(serve(store))
    for query in ("rnk=1", "rank__gt=2&txt=a", "rank__lt=x", "limit=1", "rank=1&rank=2"):
        assert client.delete(f"/notes?{query}").status == 422
        assert client.patch(f"/notes?{query}", {"level": 1}).status == 422
    assert stored(store) == [*"abcde"]


def test_more_than_the_bound_are_refused_whole(store: DataStore) -> None:
    client = Client(serve(store))
    for answer in (client.delete("/notes?rank__gte=1"), client.patch("/notes?rank__gte=1", {})):
        assert answer.status == 409
        assert "more than 3 objects" in answer.json["detail"]
    assert stored(store) == [*"abcde"]


def test_what_a_patch_writes_to_all_together_is_bounded(store: DataStore) -> None:
    # The body {"text":"zz"} has 13 bytes.
    client = Client(serve(store, {**OPTIONS, "bulk": Bulk(max_patched_bytes=26)}))
    refused = client.patch("/notes?rank__gte=2", {"text": "zz"})
    assert refused.status == 409
    assert refused.json["detail"].startswith(
        "This patch has 13 bytes as JSON, so it may be about 2 objects at once, and there are more;"
    )
    [many] = [path["patch"] for path in client.document["paths"].values() if "patch" in path][:1]
    for said in (many["description"], many["responses"]["409"]["description"]):
        assert "times the bytes of the patch as JSON, are more than 26" in said
    assert stored(store) == [*"abcde"]
    assert client.patch("/notes?rank__gte=3", {"text": "zz"}).json == {"affected": 2}
    assert client.patch("/notes?rank=0", {"text": 40 * "z"}).json == {"affected": 1}


def test_a_conflict_with_one_undoes_all(store: DataStore) -> None:
    client = Client(serve(store))
    client.patch("/notes?rank__lte=1", {"level": 1})
    answer = client.patch("/notes?rank__lte=1", {"text": "z"})
    assert answer.status == 409
    assert [error["pointer"] for error in answer.errors] == ["#/text", "#/level"]
    assert stored(store) == [*"abcde"]


def test_what_breaks_the_schema_changes_nothing(store: DataStore) -> None:
    client = Client(serve(store))
    assert client.patch("/notes?rank=1", {"text": None}).status == 422
    assert client.patch("/notes?rank=1", {"id": 7}).status == 422
    assert stored(store) == [*"abcde"]


def test_a_dry_run_tells_how_many_it_would_be(store: DataStore) -> None:
    client = Client(serve(store))
    assert client.delete("/notes?rank__gte=2&dry_run=true").json == {"affected": 3}
    assert client.patch("/notes?rank__gte=2&dry_run=true", {"rank": 1}).json == {"affected": 3}
    assert client.delete("/notes?rank__gte=1&dry_run=true").status == 409
    assert stored(store) == [*"abcde"]
    assert stored(store, "rank") == [*range(5)]


def test_a_filter_of_ones_own_that_asks_nothing_is_none(store: DataStore) -> None:
    own = CustomFilter(
        field=models.BooleanField(),
        tests=lambda low: [Condition("rank", "lt", 2)] if low else [],
    )
    client = Client(serve(store, {"bulk": True, "filters": {"low": own}}))
    assert client.delete("/notes?low=false").status == 409
    assert client.delete("/notes?low=true").json == {"affected": 2}


def test_words_that_are_searched_for_are_a_filter(store: DataStore) -> None:
    client = Client(serve(store, {"bulk": True, "search": ["text"], "filters": {}}))
    assert client.delete("/notes?q=!").json == {"affected": 0}
    assert client.delete("/notes?q=b").json == {"affected": 1}


def test_hooks_see_each_object(store: DataStore) -> None:
    seen: list[tuple[str, Any]] = []

    class Followed(Controller):
        def before_update(self, call: Call, current: Record, record: Record) -> Record:
            return {**record, "level": current["id"]}

        def after_update(self, call: Call, previous: Record, record: Record) -> None:
            seen.append(("updated", (previous["rank"], record["rank"], record["level"])))

        def before_delete(self, call: Call, current: Record) -> None:
            seen.append(("deleting", current["text"]))

        def after_delete(self, call: Call, record: Record) -> None:
            seen.append(("deleted", record["text"]))

    client = Client(serve(store, base=Followed))
    client.patch("/notes?rank__lte=1", {"rank": 9})
    assert seen == [("updated", (0, 9, 1)), ("updated", (1, 9, 2))]
    seen.clear()
    client.delete("/notes?rank=9")
    assert seen == [("deleting", "a"), ("deleting", "b"), ("deleted", "a"), ("deleted", "b")]


def test_what_hooks_declare_is_in_the_operations_of_many(store: DataStore) -> None:
    class Locked(Controller):
        @declare(errors={423: "It is locked"})
        def before_update(self, call: Call, current: Record, record: Record) -> Record:
            raise Locked423("It is locked.")

        @declare(errors={423: "It is locked"})
        def before_delete(self, call: Call, current: Record) -> None:
            raise Locked423("It is locked.")

        @declare(errors={423: "They are locked"})
        def create_many(self, call: Call) -> Result:
            raise Locked423("They are locked.")

    client = Client(serve(store, base=Locked))
    assert client.patch("/notes?rank=1", {"rank": 9}).status == 423
    assert client.delete("/notes?rank=1").status == 423
    assert client.post("/notes", [{"text": "a"}]).status == 423
    assert stored(store) == [*"abcde"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_deleted_already_is_not_found(kind: Kind, tmp_path: Path) -> None:
    class Timed(Note):
        gone = models.DateTimeField(dump_only=True)
        changed = models.DateTimeField(dump_only=True)

    base = make(kind, tmp_path, Timed)
    store = Lifecycle(base, Times(deleted_at="gone", updated_at="changed"))
    store.insert_many([{"text": text, "rank": 1} for text in "abc"])
    client = Client(serve(store, model=Timed))
    first = base.get(3)["changed"]
    assert client.delete("/notes?text__in=a,b").json == {"affected": 2}
    assert client.patch("/notes?rank=1", {"level": 1}).json == {"affected": 1}
    assert (base.count(Query()), store.count(Query())) == (3, 1)
    assert base.get(3)["changed"] >= first
    assert client.delete("/notes?rank=1").json == {"affected": 1}


def noted(notes: DataStore, make_remarks: Any, on_delete: Any) -> tuple[Client, DataStore]:
    """An API of notes, three of which are there, and of remarks that refer to them."""

    class Remark(models.Model):
        id = models.PkField()
        text = models.StringField(required=True)
        level = models.IntegerField()
        note = models.IntForeignField(
            allow_none=True, foreign={"resource": "notes", "on_delete": on_delete}
        )

    class Notes(Controller):
        resource = {"resource_name": "notes", "model": Note, "datastore": notes}
        controller = {
            "list_verbs": ["GET", "DELETE"],
            "unique_verbs": ["GET"],
            "options": {"bulk": True, "dry_run": True},
        }
        view = {"response_class": JsonResponse}

    remarks: DataStore = make_remarks(Remark)

    class Remarks(Controller):
        resource = {"resource_name": "remarks", "model": Remark, "datastore": remarks}
        controller = {
            "list_verbs": ["POST", "PATCH"],
            "unique_verbs": ["GET"],
            "options": {"bulk": True},
        }
        view = {"response_class": JsonResponse}

    notes.insert_many([{"text": text, "rank": 1} for text in "abc"])
    return Client(WSGIDispatcher([Notes, Remarks], debug=True)), remarks


@pytest.mark.parametrize("on_delete", ["cascade", "set_null", "restrict"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_refers_to_many_goes_with_them_or_keeps_them(
    kind: Kind, on_delete: Any, tmp_path: Path
) -> None:
    notes = make(kind, tmp_path)
    client, remarks = noted(notes, lambda model: make(kind, tmp_path, model), on_delete)
    answer = client.post("/remarks", [{"text": "x", "note": 2}, {"text": "y", "note": 7}])
    assert answer.errors[0]["pointer"] == "#/1/note"
    client.post("/remarks", [{"text": "x", "note": 2}])
    assert client.patch("/remarks?text=x", {"note": 7}).status == 409
    refused = on_delete == "restrict"
    assert client.delete("/notes?rank=1&dry_run=true").status == (409 if refused else 200)
    assert (notes.count(Query()), [one["note"] for one in remarks.find(Query())]) == (3, [2])
    if refused:
        assert client.delete("/notes?rank=1").status == 409
        assert client.patch("/remarks?text=x", {"note": None}).json == {"affected": 1}
    assert client.delete("/notes?rank=1").json == {"affected": 3}
    left = [] if on_delete == "cascade" else [None]
    assert [one["note"] for one in remarks.find(Query())] == left


@pytest.mark.parametrize("on_delete", ["cascade", "set_null", "restrict"])
def test_what_others_refer_to_in_a_store_that_is_not_atomic_is_not_deleted_with_many(
    on_delete: Any, tmp_path: Path
) -> None:
    notes = make("list", tmp_path)
    client, remarks = noted(notes, lambda model: make("sqlite", tmp_path, model), on_delete)
    client.post("/remarks", [{"text": "x", "note": 2}])
    assert client.delete("/notes?rank=1").status == 409
    assert (notes.count(Query()), remarks.count(Query())) == (3, 1)
    assert client.patch("/remarks?text=x", {"note": None}).json == {"affected": 1}
    assert client.delete("/notes?rank=1").json == {"affected": 3}


def test_targets_that_go_meanwhile_undo_a_change_of_many(tmp_path: Path) -> None:
    class Remark(models.Model):
        id = models.PkField()
        text = models.StringField(required=True)
        note = models.IntForeignField(allow_none=True, foreign={"resource": "notes"})

    notes = make("list", tmp_path)

    class Overtaken(SQLiteDataStore):
        def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
            new = super().update_many(query, change, most)
            notes.delete(1)  # once it is written, and before it is looked at again
            return new

    remarks = Overtaken({"name": tmp_path / "remarks.db", "table": "remarks"}, Remark)

    class Notes(Controller):
        resource = {"resource_name": "notes", "model": Note, "datastore": notes}
        controller = {"list_verbs": ["GET"], "unique_verbs": ["GET", "DELETE"]}
        view = {"response_class": JsonResponse}

    class Remarks(Controller):
        resource = {"resource_name": "remarks", "model": Remark, "datastore": remarks}
        controller = {
            "list_verbs": ["PATCH"],
            "unique_verbs": ["GET"],
            "options": {"bulk": True},
        }
        view = {"response_class": JsonResponse}

    client = Client(WSGIDispatcher([Notes, Remarks], debug=True))
    notes.insert({"text": "a"})
    remarks.insert_many([{"text": text, "note": None} for text in "xy"])
    assert client.patch("/remarks?text=x", {"note": 1}).status == 409
    assert stored(remarks, "note") == [None, None]


class Unable(PythonListDataStore):
    changes_many = False


def test_what_cannot_be_is_refused_at_the_start() -> None:
    store = PythonListDataStore([], Note)
    with pytest.raises(ConfigurationError, match=r"list_verbs: 'PATCH' is none of GET, POST\. It"):
        serve(store, {})
    with pytest.raises(ConfigurationError, match="Unable cannot change many, as PATCH would"):
        serve(Unable([], Note))
    with pytest.raises(ConfigurationError, match="DELETE has no filter that says which"):
        serve(store, {"bulk": True, "filters": {}})

    class Own(Controller):
        def delete(self, call: Call) -> Result:
            return super().delete(call)

    with pytest.raises(ConfigurationError, match="delete: is overridden, .* delete_many has to"):
        serve(store, base=Own)
    serve(store, base=Own, verbs=["GET"])

    class Flagged(Note):
        dry_run = models.BooleanField()

    with pytest.raises(ConfigurationError, match=r"options\.dry_run: the filter 'dry_run' has"):
        serve(PythonListDataStore([], Flagged), {"bulk": True, "dry_run": True}, model=Flagged)


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_that_meet_the_same_objects_one_has_them(kind: Kind, tmp_path: Path) -> None:
    store = make(kind, tmp_path)
    store.insert_many([{"text": str(n), "rank": 0} for n in range(40)])
    app = serve(store, {**OPTIONS, "bulk": True})

    def take(rank: int) -> int:
        answer = Client(app).patch("/notes?rank=0", {"rank": rank})
        return int(answer.json["affected"])

    with ThreadPoolExecutor(4) as pool:
        affected = list(pool.map(take, range(1, 5)))
    assert sorted(affected) == [0, 0, 0, 40]
    assert set(stored(store, "rank")) == {affected.index(40) + 1}


RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.sampled_from("abc"),
            "rank": st.none() | st.integers(0, 3),
            "level": st.integers(0, 2),
        }
    ),
    max_size=6,
    unique_by=lambda record: (record["text"], record["level"]),
)
TESTS: dict[str, Any] = {
    "rank": lambda stored, asked: stored == asked,
    "rank__lt": lambda stored, asked: stored is not None and stored < asked,
    "rank__isnull": lambda stored, asked: (stored is None) is bool(asked),
}
PATCHES = st.fixed_dictionaries(
    {}, optional={"text": st.sampled_from("abc"), "rank": st.none() | st.integers(0, 3)}
)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=150 if CI else 8, deadline=None)
@given(
    records=RECORDS,
    name=st.sampled_from(sorted(TESTS)),
    asked=st.integers(0, 3),
    patch=st.none() | PATCHES,
)
def test_it_does_what_a_loop_over_a_list_would(
    kind: Kind, tmp_path_factory: Any, records: Any, name: str, asked: int, patch: Any
) -> None:
    store = make(kind, tmp_path_factory.mktemp("bulk"))
    store.insert_many(records)
    client = Client(serve(store))
    if name == "rank__isnull":
        asked = asked % 2
    met = [record for record in records if TESTS[name](record["rank"], asked)]
    value = ("true" if asked else "false") if name == "rank__isnull" else asked
    target = f"/notes?{name}={value}"
    if patch is None:
        expected = [record for record in records if record not in met]
        answer = client.delete(target)
    else:
        expected = [{**record, **patch} if record in met else record for record in records]
        answer = client.patch(target, patch)
    unique = {(record["text"], record["level"]) for record in expected}
    fits = len(met) <= 3 and len(unique) == len(expected)
    if fits:
        assert answer.json == {"affected": len(met)}
    else:
        assert answer.status == 409
    found = [{**record} for record in store.find(Query())]
    for record in found:
        del record["id"]
    assert found == (expected if fits else records)


@fuzzed_in_ci
@pytest.mark.parametrize("openapi", ["3.1"])
def test_the_contract_holds_with_all_of_it(openapi: Any) -> None:
    options: ControllerOptions = {**OPTIONS, "prefer": True, "filters": {"rank": ["eq", "gte"]}}
    app = serve(PythonListDataStore([], Note, UNIQUE), options, openapi=openapi)
    check_contract(app, examples=20, seed=1)
