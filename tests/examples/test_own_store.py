from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from marshmallow import Schema
from werkzeug.test import Client

from examples.own_store import JSONFileDataStore, Note, app
from openrest.interfaces import DataStore, Record, StoreValidator
from openrest.testing import StoreContract


class TestJSONFileDataStore(StoreContract):
    @pytest.fixture(autouse=True)
    def directory(self, tmp_path: Path) -> None:
        self.paths = (tmp_path / f"{number}.json" for number in itertools.count())

    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        store = JSONFileDataStore(next(self.paths), model, validators)
        store.insert_many(seed)
        return store


def test_the_file_is_plain_json(tmp_path: Path) -> None:
    store = JSONFileDataStore(tmp_path / "notes.json", Note)
    store.insert({"text": "Hello"})
    assert json.loads((tmp_path / "notes.json").read_text()) == {
        "last_key": 1,
        "records": [{"text": "Hello", "written": None, "id": 1}],
    }


def test_notes_are_kept_in_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client = Client(app)
    assert client.post("/notes", json={"text": "Hello"}).status_code == 201
    assert client.get("/notes/1").json == {"text": "Hello", "written": None, "id": 1}
    assert (tmp_path / "notes.json").exists()
