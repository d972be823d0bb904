"""PythonListDataStore: the contract of every store, and what is its own."""

from __future__ import annotations

from collections.abc import Sequence

from marshmallow import Schema

from openrest.datastore import DataStore, PythonListDataStore
from openrest.interfaces import Record, StoreValidator
from openrest.testing import StoreContract


class TestPythonListDataStore(StoreContract):
    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        return PythonListDataStore(seed, model, validators)

    def peek(self, store: DataStore) -> list[Record]:
        assert isinstance(store, PythonListDataStore)
        return list(store._records.values())
