"""A Python list with a journal: what was written is there after whatever has happened."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import DataStore, PythonListDataStore, UniqueTogether
from openrest.errors import ConfigurationError, KeyReused, RecordConflict, StoreUnavailable
from openrest.interfaces import Once, Record, StoreValidator
from openrest.query import Condition, Query
from openrest.rehearsal import rehearsal
from openrest.testing import StoreContract
from openrest.views import JsonResponse
from tests.contract.client import Client


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    day = models.DateField(allow_none=True)


def open_store(path: Path, *records: Record) -> PythonListDataStore:
    return PythonListDataStore({"journal": path, "records": list(records)}, Note)


def texts(store: DataStore) -> dict[int, str]:
    return {record["id"]: record["text"] for record in store.find(Query())}


class TestJournal(StoreContract):
    @pytest.fixture(autouse=True)
    def _paths(self, tmp_path: Path) -> None:
        self.paths = (tmp_path / f"{number}.jsonl" for number in itertools.count())

    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        resource = {"journal": next(self.paths), "records": seed}
        return PythonListDataStore(resource, model, validators)

    def peek(self, store: DataStore) -> list[Record]:
        """What is there when the store is opened again."""
        path = store.resource["journal"]
        other = path.with_suffix(".copy")
        other.write_bytes(path.read_bytes())
        again = type(store)({"journal": other}, self.model_of(store), store.validators)
        return list(again.find(Query()))

    def model_of(self, store: DataStore) -> Any:
        return self.models[id(store)]

    @pytest.fixture(autouse=True)
    def _models(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.models: dict[int, Any] = {}
        made = self.make_store

        def make(model: Any, *args: Any, **options: Any) -> DataStore:
            store = made(model, *args, **options)
            self.models[id(store)] = model
            return store

        monkeypatch.setattr(self, "make_store", make)


WRITES = st.lists(
    st.tuples(
        st.sampled_from(["insert", "many", "update", "delete", "together", "failing", "all"]),
        st.integers(1, 6),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5),
    ),
    max_size=12,
)


def carry_out(store: DataStore, kind: str, key: int, text: str) -> None:
    def several() -> None:
        store.insert({"text": text})
        store.insert({"text": text * 2})
        if kind == "failing":
            store.delete(10_000)

    try:
        match kind:
            case "insert":
                store.insert({"text": text})
            case "many":
                store.insert_many([{"text": text}, {"text": "", "id": key + 10}])
            case "update":
                store.update(key, lambda record: {**record, "text": text})
            case "delete":
                store.delete(key)
            case "all":
                many = Query((Condition("id", "gte", key),))
                store.update_many(many, lambda record: {**record, "text": text}, 100)
            case _:
                store.together(several)
    except Exception as error:
        assert type(error).__name__ in ("RecordNotFound", "RecordConflict")


@given(writes=WRITES, again=st.integers(0, 12))
def test_a_store_that_is_opened_again_is_the_one_that_was_closed(
    writes: list[tuple[str, int, str]], again: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "notes.jsonl"
    store: DataStore = open_store(path)
    plain = PythonListDataStore([], Note)
    for place, (kind, key, text) in enumerate(writes):
        carry_out(store, kind, key, text)
        carry_out(plain, kind, key, text)
        if place == again:
            del store
            store = open_store(path)
    del store
    store = open_store(path)
    assert list(store.find(Query())) == list(plain.find(Query()))
    assert store.insert({"text": "next"}) == plain.insert({"text": "next"})


def test_a_new_journal_begins_with_the_records(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    store = open_store(path, {"text": "a"}, {"text": "b", "id": 7})
    assert texts(store) == {8: "a", 7: "b"}
    store.delete(7)
    del store
    assert texts(open_store(path, {"text": "a"}, {"text": "b", "id": 7})) == {8: "a"}


def test_a_journal_that_nothing_was_written_to_is_new(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    path.touch()  # as a process leaves it that is killed before it writes the records
    assert texts(open_store(path, {"text": "a"})) == {1: "a"}


def test_a_store_does_not_begin_without_its_records_on_the_disk(small: Path) -> None:
    with pytest.raises(ConfigurationError, match="it cannot be written: .*No space left"):
        open_store(small / "notes.jsonl", {"text": "x" * 100_000})
    assert texts(open_store(small / "notes.jsonl", {"text": "a"})) == {1: "a"}


def test_each_step_is_one_line_of_json(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    store = open_store(path)

    def step() -> None:
        store.update(1, lambda note: {**note, "text": "c"})
        store.delete(2)

    store.insert_many([{"text": "a"}, {"text": "é"}])
    store.together(step)
    with rehearsal():
        store.insert({"text": "no"})
    assert [json.loads(line) for line in path.read_bytes().splitlines()] == [
        [{"last_key": 0}],
        [{"put": [{"text": "a", "id": 1, "day": None}, {"text": "é", "id": 2, "day": None}]}],
        [{"put": [{"id": 1, "text": "c", "day": None}]}, {"delete": [2]}],
    ]


def test_a_key_that_was_given_is_not_given_again(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    store = open_store(path, {"text": "a"})
    store.delete(store.insert({"text": "b"})["id"])
    del store
    assert open_store(path).insert({"text": "c"})["id"] == 3


def test_a_request_is_remembered_with_what_it_has_made(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    store = open_store(path)
    once = Once(key="k", fingerprint="f", now=1000.0, until=2000.0)
    made, _ = store.insert_once(once, [{"text": "a"}])
    store.update(1, lambda note: {**note, "text": "b"})
    for _ in range(2):
        del store
        store = open_store(path)
        assert store.insert_once(once, [{"text": "a"}]) == (made, True)
        with pytest.raises(KeyReused):
            store.recall_once(Once(key="k", fingerprint="other", now=1000.0, until=2000.0))
        assert store._journal is not None
        store._journal.begin(store._published)  # as when it has become too long
    store.forget_once(once)
    del store
    assert open_store(path).recall_once(once) is None


def test_a_last_line_that_was_half_written_is_cut_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "notes.jsonl"
    store = open_store(path, {"text": "a"})
    whole = path.read_bytes()
    store.insert({"text": "é"})
    del store
    line = path.read_bytes()[len(whole) :]
    for length in range(1, len(line)):
        path.write_bytes(whole + line[:length])
        assert texts(open_store(path)) == {1: "a"}
        assert path.read_bytes() == whole
    assert "the last line was half written and is cut off" in caplog.text
    assert open_store(path).insert({"text": "b"})["id"] == 2


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"put": []}', "line 2 is no array of objects. Nothing was changed."),
        ("nonsense", "line 2 is no JSON: Expecting value: line 1 column 1 (char 0)."),
        ('[{"put": [{"id": 5}]}]', "line 2 does not fit the model: field 'text': is required."),
        ('[{"put": [{"id": 5, "text": 1}]}]', "line 2 does not fit the model: #: must be a string"),
        (
            '[{"put": [{"id": 5, "text": "a", "x": 1}]}]',
            "line 2 does not fit the model: 'x' is no field of the model",
        ),
        (
            '[{"delete": [9]}]',
            "line 2 does not fit the model: it deletes the key 9, which no record has",
        ),
    ],
)
def test_a_line_that_is_none_is_named_and_nothing_is_changed(
    line: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('[{"put":[{"id":1,"text":"a"}]}]\n' + line + "\n" + "[]\n")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError) as refused:
        open_store(path)
    assert said in str(refused.value)
    assert str(refused.value).startswith(f"the journal {str(path)!r}: ")
    assert path.read_bytes() == before


def test_a_member_that_the_model_has_come_to_have_is_filled_in(tmp_path: Path) -> None:
    class Longer(Note):
        stars = models.IntegerField(load_default=3)

    path = tmp_path / "notes.jsonl"
    del (store := [open_store(path, {"text": "a"})])[:]
    assert store == []
    longer = PythonListDataStore({"journal": path}, Longer)
    assert longer.get(1) == {"id": 1, "text": "a", "day": None, "stars": 3}


def test_a_journal_is_of_one_store(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    store = open_store(path, {"text": "a"})
    with pytest.raises(ConfigurationError, match="another store has it open"):
        open_store(path)
    assert texts(store) == {1: "a"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_processes_that_were_forked_do_not_write_over_one_another(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    store = open_store(path)
    pid = os.fork()
    if not pid:
        store.insert({"text": "child"})
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with pytest.raises(StoreUnavailable, match="another process has written to it"):
        store.insert({"text": "parent"})
    assert texts(store) == {}
    del store
    assert texts(open_store(path)) == {1: "child"}


def test_a_process_that_is_killed_at_any_step_leaves_whole_steps(tmp_path: Path) -> None:
    writer = Path(__file__).with_name("journal_writer.py")
    done = subprocess.run(
        [sys.executable, str(writer), str(tmp_path / "entries.jsonl")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert (done.returncode, done.stderr) == (0, "")
    seen = [[int(key) for key in line.split()] for line in done.stdout.splitlines()]
    assert len(seen) > 10
    for before, after in itertools.pairwise(seen):
        # Nothing, or one record more.
        assert after[: len(before)] == before and len(after) - len(before) in (0, 1)
    assert len(seen[-1]) == len(seen[-2]) + 1
    assert seen[-1] == sorted(set(seen[-1]))


def test_a_full_disk_leaves_everything_as_it_was(small: Path) -> None:
    path = small / "notes.jsonl"
    store = open_store(path, {"text": "a"})
    other = PythonListDataStore([], Note)
    store.insert({"text": "x" * 40_000})
    before = path.read_bytes()

    def step() -> None:
        other.insert({"text": "b"})
        store.insert({"text": "y" * 40_000})

    for write in (lambda: store.insert({"text": "y" * 40_000}), lambda: store.together(step)):
        with pytest.raises(StoreUnavailable) as full:
            write()
        assert str(full.value) == f"{path}: No space left on device"
    assert path.read_bytes() == before
    assert (store.count(Query()), other.count(Query())) == (2, 0)
    # Once there is room again, it goes on.
    subprocess.run(["mount", "-o", "remount,size=1m", small], check=True)
    assert store.insert({"text": "y"})["id"] == 3


def test_a_step_is_in_all_journals_or_in_none(small: Path, tmp_path: Path) -> None:
    first: DataStore = open_store(tmp_path / "first.jsonl")
    full = open_store(small / "full.jsonl")

    def step() -> None:
        first.insert({"text": "a"})
        full.insert({"text": "x" * 70_000})

    with pytest.raises(StoreUnavailable):
        first.together(step)
    assert texts(first) == {}
    assert b"put" not in (tmp_path / "first.jsonl").read_bytes()


def test_a_journal_grows_no_longer_than_what_is_in_it_asks_for(tmp_path: Path) -> None:
    path = tmp_path / "notes.jsonl"
    store = open_store(path)
    store.insert({"text": ""})
    longest = 0
    for number in range(120):
        text = f"{number}" * 10_000
        store.update(1, lambda note: {**note, "text": text})  # noqa: B023  # called at once
        longest = max(longest, path.stat().st_size)
    assert longest < 1_100_000
    del store
    assert texts(open_store(path)) == {1: "119" * 10_000}
    assert sorted(os.listdir(tmp_path)) == ["notes.jsonl", "notes.jsonl.lock"]


def test_what_is_unique_is_so_after_it_is_opened_again(tmp_path: Path) -> None:
    resource = {"journal": tmp_path / "notes.jsonl"}
    store = PythonListDataStore(resource, Note, [UniqueTogether("text")])
    store.insert({"text": "a"})
    del store
    store = PythonListDataStore(resource, Note, [UniqueTogether("text")])
    with pytest.raises(RecordConflict):
        store.insert({"text": "a"})
    assert [note["id"] for note in store.find(Query((Condition("text", "eq", "a"),)))] == [1]


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ({}, "resource['journal'] must be the path of a file, not None."),
        ({"journal": "a", "record": []}, "unknown key 'record'. Did you mean 'records'?"),
        ({"journal": "/nowhere/a"}, "there is no directory /nowhere."),
        ({"journal": "/"}, "resource['journal']: / is a directory."),
        ({"journal": "a", "records": 5}, "resource['records'] must be a list of records, not 5."),
    ],
)
def test_a_resource_that_cannot_be_used_is_refused(resource: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        PythonListDataStore(resource, Note)
    assert said in str(refused.value)


def test_a_list_with_a_journal_can_be_away_and_says_so(tmp_path: Path) -> None:
    def api(source: Any) -> Client:
        class Notes(Controller):
            resource = {
                "resource_name": "notes",
                "resource": source,
                "model": Note,
                "datastore": PythonListDataStore,
            }
            controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET"]}
            view = {"response_class": JsonResponse}

        return Client(WSGIDispatcher([Notes], debug=True))

    def announces(source: Any) -> bool:
        return "503" in api(source).document["paths"]["/notes"]["post"]["responses"]

    assert not announces([])
    assert announces({"journal": tmp_path / "notes.jsonl"})
