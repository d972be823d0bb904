"""SQLiteDataStore: the contract of every store, and what is its own."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from marshmallow import Schema

from openrest.datastore import DataStore, SQLiteDataStore
from openrest.interfaces import Record, StoreValidator
from openrest.testing import StoreContract


class TestSQLiteDataStore(StoreContract):
    @pytest.fixture(autouse=True)
    def directory(self, tmp_path: Path) -> None:
        self.paths = (tmp_path / f"{number}.db" for number in itertools.count())

    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        store = SQLiteDataStore({"name": next(self.paths), "table": "t"}, model, validators)
        store.insert_many(seed)
        return store
