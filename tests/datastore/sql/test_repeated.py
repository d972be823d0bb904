"""What is carried out again, because the database has undone it, counts once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from openrest import models
from openrest.bulk import Bulk
from openrest.controllers import Call, Controller, WSGIDispatcher
from openrest.datastore import SQLDataStore
from openrest.datastore.sql.failures import Again
from openrest.errors import StoreUnavailable
from openrest.interfaces import Record
from openrest.query import Query
from openrest.views import JsonResponse


class Tweet(models.Model):
    fields = [models.PkField(name="id"), models.StringField(name="text", required=True)]


@pytest.fixture
def store(tmp_path: Path) -> SQLDataStore:
    made = SQLDataStore({"url": f"sqlite:///{tmp_path}/twitter.db", "table": "tweets"}, Tweet)
    made.insert_many([{"text": text} for text in ("one", "two", "three")])
    return made


def undone_once(seen: list[Any], value: Any) -> None:
    """As where another transaction is preferred to this one, the first time."""
    seen.append(value)
    if len(seen) == 2:
        raise Again("a deadlock")


def test_hooks_after_a_deletion_of_many_are_run_once_for_each(store: SQLDataStore) -> None:
    before: list[Any] = []
    after: list[Any] = []

    class Tweets(Controller):
        resource = {"resource_name": "tweets", "model": Tweet, "datastore": store}
        controller = {
            "list_verbs": ["GET", "DELETE"],
            "unique_verbs": ["GET"],
            "options": {"bulk": Bulk(), "filters": {"id": ["in"]}},
        }
        view = {"response_class": JsonResponse}

        def before_delete(self, call: Call, current: Record) -> None:
            undone_once(before, current["id"])

        def after_delete(self, call: Call, record: Record) -> None:
            after.append(record["id"])

    client = Client(WSGIDispatcher([Tweets], debug=True))
    assert client.delete("/tweets?id__in=1,3").json == {"affected": 2}
    assert (before, after) == ([1, 3, 1, 3], [1, 3])


def test_a_step_that_is_undone_leaves_nothing_behind(store: SQLDataStore) -> None:
    seen: list[Any] = []
    made = store.insert_many(
        [{"text": "four"}, {"text": "five"}], lambda record: undone_once(seen, record["text"])
    )
    assert seen == ["four", "five", "four", "five"]
    assert [record["id"] for record in made] == [4, 5]
    assert store.count(Query()) == 5


def test_what_is_undone_again_and_again_is_unavailable(store: SQLDataStore) -> None:
    calls: list[Record] = []

    def never(record: Record) -> Record:
        calls.append(record)
        raise Again("a deadlock")

    with pytest.raises(StoreUnavailable) as caught:
        store.update(1, never)
    assert str(caught.value) == "a deadlock (20 times)"
    assert len(calls) == 20
    assert store.get(1)["text"] == "one"
