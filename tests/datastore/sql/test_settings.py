"""Tests of settings that a role or a database has, against which a session has its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from openrest import models
from openrest.datastore import SQLDataStore
from tests.datastore.sql.servers import Server


class Reading(models.Model):
    id = models.PkField()
    value = models.FloatField(required=True)
    at = models.DateTimeField(required=True)


@pytest.fixture
def readings(postgresql: Server, setting: str) -> Iterator[SQLDataStore]:
    """A store whose connections begin with the setting, as with one of their role."""
    url = sa.make_url(postgresql.url).update_query_dict({"options": f"-c {setting}"})
    where = {
        "url": url.render_as_string(hide_password=False),
        "table": postgresql.table(),
    }
    store = SQLDataStore(where, Reading)
    yield store
    store.close()


@pytest.mark.parametrize(
    "setting",
    ["extra_float_digits=-15", "extra_float_digits=0", "datestyle=German", "datestyle=SQL"],
)
def test_values_come_back_whatever_the_role_has_set(readings: SQLDataStore) -> None:
    at = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)
    readings.insert({"value": 0.1234567890123456, "at": at})
    assert readings.get(1) == {"id": 1, "value": 0.1234567890123456, "at": at}
