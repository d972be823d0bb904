"""CSVDataStore: the contract of every store, and what is its own."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from marshmallow import Schema

from openrest.datastore import CSVDataStore, DataStore
from openrest.interfaces import Record, StoreValidator
from openrest.testing import StoreContract


class TestCSVDataStore(StoreContract):
    @pytest.fixture(autouse=True)
    def directory(self, tmp_path: Path) -> None:
        self.paths = (tmp_path / f"{number}.csv" for number in itertools.count())

    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        store = CSVDataStore({"path": next(self.paths)}, model, validators)
        store.insert_many(seed)
        return store

    def peek(self, store: DataStore) -> list[Record]:
        with open(store.resource["path"], newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def poke(self, store: DataStore, record: Record) -> None:
        with open(store.resource["path"], newline="", encoding="utf-8") as file:
            names = next(csv.reader(file))
        cells = {name: _told(value) for name, value in record.items()}
        with open(store.resource["path"], "a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, names).writerow(cells)


def _told(value: object) -> object:
    import json

    return json.dumps(value) if isinstance(value, list) else value
