"""Over another openrest server: everything is asked of it, and all rules of stores hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from marshmallow import Schema

from openrest.datastore import DataStore, RestDataStore
from openrest.interfaces import Record, StoreValidator
from openrest.testing import StoreContract
from tests.datastore.rest.upstreams import Farm, everything, farm, openrest_api, plain, seeded


@pytest.fixture(scope="module")
def servers() -> Iterator[Farm]:
    with farm() as made:
        yield made


class TestRestDataStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _farm(self, servers: Farm) -> None:
        self.servers = servers
        self.behind: dict[int, Any] = {}

    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        kept = seeded(plain(model), seed, validators)
        url = self.servers.add(openrest_api(plain(model), kept))
        store = RestDataStore(
            {"url": f"{url}/things", "upstream": everything(model)}, model, validators
        )
        self.behind[id(store)] = kept
        return store

    def peek(self, store: DataStore) -> list[Record]:
        from openrest.query import Query

        return list(self.behind[id(store)].find(Query()))

    def poke(self, store: DataStore, record: Record) -> None:
        self.behind[id(store)].insert(record)
