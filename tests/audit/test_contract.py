"""A store whose writes are recorded is as the store is: all rules of stores hold."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from marshmallow import Schema

from openrest.audit import AuditEntry, AuditTrail
from openrest.audit.store import AuditedStore
from openrest.datastore import DataStore, PythonListDataStore, SQLiteDataStore
from openrest.interfaces import Record, StoreValidator
from openrest.models import model_shape
from openrest.testing import StoreContract
from tests.needs import only_in_ci


def audited(store: DataStore, model: type[Schema], trail: DataStore) -> DataStore:
    return AuditedStore(store, AuditTrail(trail), "things", model_shape(model)[0])


@only_in_ci
class TestInOneStep(StoreContract):
    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        store = PythonListDataStore(seed, model, validators)
        return audited(store, model, PythonListDataStore([], AuditEntry))


class InFiles(StoreContract):
    @pytest.fixture(autouse=True)
    def directory(self, tmp_path: Path) -> None:
        self.paths = (str(tmp_path / f"{number}.db") for number in itertools.count())


@only_in_ci
class TestOneAfterTheOther(InFiles):
    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        store = SQLiteDataStore({"name": next(self.paths), "table": "things"}, model, validators)
        store.insert_many(seed)
        return audited(store, model, PythonListDataStore([], AuditEntry))


@only_in_ci
class TestInOneTransaction(InFiles):
    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        path = next(self.paths)
        store = SQLiteDataStore({"name": path, "table": "things"}, model, validators)
        store.insert_many(seed)
        trail = SQLiteDataStore({"name": path, "table": "audit"}, AuditEntry)
        return audited(store, model, trail)
