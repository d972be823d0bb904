"""A store in Redis, for many processes: ``openrest run examples.redis_store:app --workers 4``."""

import copy
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import uniform
from typing import Any, TypeVar

import redis

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore.records import JsonForm, Keeper, is_assigned
from openrest.errors import RecordConflict, RecordNotFound, StoreUnavailable
from openrest.interfaces import Change, Check, DataStore, Record
from openrest.query import OPERATORS, Query
from openrest.views import JsonResponse

URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")
Made = TypeVar("Made")


class RedisDataStore(DataStore):
    """Keeps each record as JSON at a key of its own, and a set of these keys."""

    operators, alternatives, seekable, can_be_away = OPERATORS, True, True, True

    def __init__(self, resource: Any, *model: Any) -> None:
        super().__init__(resource, *model)
        self._redis = redis.Redis.from_url(resource["url"], socket_timeout=5)
        self._name = resource["name"]
        self._all, self._last = f"{self._name}:all", f"{self._name}:last"
        self._keep, self._form = Keeper(self.shape, self.key), JsonForm(self.shape)

    def find(self, query: Query) -> list[Record]:
        with _reachable():
            _, *texts = self._redis.mget(self._last, *self._redis.smembers(self._all))
        records = (self._form.load(json.loads(text)) for text in texts if text is not None)
        return query.choose(records, self.key.name)

    def get(self, key: Any) -> Record:
        with _reachable():
            return self._get(self._redis, key)

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        kept = [self._keep(record) for record in records]
        if check is not None:
            for record in kept:
                check(copy.deepcopy(record))

        def add(pipe: Any) -> list[Record]:
            made = {}
            pipe.watch(self._last)
            last = int(pipe.get(self._last) or 0)
            for index, record in enumerate(kept):
                given = record.get(self.key.name)
                key = last + 1 if given is None else given
                last = max(last, key) if is_assigned(self.key) else last
                place = self._place(key)
                pipe.watch(place)
                if place in made or (given is not None and pipe.exists(place)):
                    raise RecordConflict((self.key.name,), index)
                made[place] = {**record, self.key.name: key}
            pipe.multi()
            pipe.set(self._last, last)
            for record in made.values():
                self._put(pipe, record)
            return list(made.values())

        return self._atomically(add)

    def update(self, key: Any, change: Change) -> Record:
        def replace(pipe: Any) -> Record:
            new = self._keep.instead(key, change(self._get(pipe, key)))
            pipe.multi()
            self._put(pipe, new)
            return new

        return self._atomically(replace)

    def delete(self, key: Any, check: Check | None = None) -> None:
        def remove(pipe: Any) -> None:
            current = self._get(pipe, key)
            if check is not None:
                check(current)
            pipe.multi()
            pipe.delete(self._place(key)).srem(self._all, self._place(key))

        self._atomically(remove)

    def _atomically(self, step: Callable[[Any], Made]) -> Made:
        """Carry out a step, and once more where what it watches has changed meanwhile."""
        for _ in range(1000):
            with _reachable(), self._redis.pipeline() as pipe:
                try:
                    made = step(pipe)
                    pipe.execute()
                    return made
                except redis.WatchError:
                    time.sleep(uniform(0, 0.005))
        raise StoreUnavailable(f"{self._name}: too many write at the same time")

    def _get(self, connection: Any, key: Any) -> Record:
        if connection is not self._redis:
            connection.watch(self._place(key))
        text = connection.get(self._place(key))
        if text is None:
            raise RecordNotFound(key)
        return self._form.load(json.loads(text))

    def _put(self, pipe: Any, record: Record) -> None:
        place = self._place(record[self.key.name])
        pipe.set(place, json.dumps(self._form.dump(record))).sadd(self._all, place)

    def _place(self, key: Any) -> str:
        return f"{self._name}:record:{key}"


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise StoreUnavailable(str(error)) from error


class Visit(models.Model):
    page = models.StringField(required=True)
    seconds = models.IntegerField()
    id = models.PkField()


class Visits(Controller):
    resource = {
        "resource_name": "visits",
        "resource": {
            "url": os.environ.get("REDIS_URL", "redis://127.0.0.1:6379"),
            "name": "visits",
        },
        "model": Visit,
        "datastore": RedisDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"]}
    view = {"response_class": JsonResponse}


app = WSGIDispatcher(
    [Visits],
    title="Visits",
    contact={"name": "The openrest developers"},
    license="MIT",
    health=True,
)
