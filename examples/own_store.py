"""A store of one's own, records in one JSON file: ``openrest run examples.own_store:app``."""

import copy
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from marshmallow import Schema

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore.records import JsonForm, Keeper, is_assigned
from openrest.errors import RecordConflict, RecordNotFound
from openrest.interfaces import Change, Check, DataStore, Record, StoreValidator
from openrest.query import OPERATORS, Query
from openrest.views import JsonResponse


class JSONFileDataStore(DataStore):
    """Keeps records in a JSON file, which is written anew by each change."""

    operators = OPERATORS
    alternatives = True
    seekable = True

    def __init__(
        self, resource: Any, model: type[Schema], validators: Sequence[StoreValidator] = ()
    ) -> None:
        super().__init__(resource, model, validators)
        self._path = Path(resource)
        self._lock = threading.Lock()
        self._keep = Keeper(self.shape, self.key)
        self._form = JsonForm(self.shape)

    def find(self, query: Query) -> list[Record]:
        _, records = self._read()
        return query.choose(records.values(), self.key.name)

    def get(self, key: Any) -> Record:
        _, records = self._read()
        if key not in records:
            raise RecordNotFound(key)
        return records[key]

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        kept = [self._keep(record) for record in records]
        with self._changing() as (counter, stored):
            for record in kept:
                if check is not None:
                    check(copy.deepcopy(record))
            for place, record in enumerate(kept):
                if is_assigned(self.key):
                    key = record.setdefault(self.key.name, counter["last_key"] + 1)
                    counter["last_key"] = max(key, counter["last_key"])
                if record[self.key.name] in stored:
                    raise RecordConflict((self.key.name,), place)
                stored[record[self.key.name]] = record
        return kept

    def update(self, key: Any, change: Change) -> Record:
        with self._changing() as (_, stored):
            if key not in stored:
                raise RecordNotFound(key)
            new = self._keep.instead(key, change(stored[key]))
            stored[key] = new
        return new

    def delete(self, key: Any, check: Check | None = None) -> None:
        with self._changing() as (_, stored):
            if key not in stored:
                raise RecordNotFound(key)
            if check is not None:
                check(stored[key])
            del stored[key]

    @contextmanager
    def _changing(self) -> Iterator[tuple[dict[str, int], dict[Any, Record]]]:
        """What is stored, to be changed; an exception leaves the file as it was."""
        with self._lock:
            counter, records = self._read()
            yield counter, records
            stored = [self._form.dump(record) for record in records.values()]
            text = json.dumps({**counter, "records": stored}, ensure_ascii=False)
            written = self._path.with_suffix(".new")
            with written.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            written.replace(self._path)  # readers see the old file or the new one, never half

    def _read(self) -> tuple[dict[str, int], dict[Any, Record]]:
        if not self._path.exists():
            return {"last_key": 0}, {}
        data = json.loads(self._path.read_text(encoding="utf-8"))
        records = map(self._form.load, data["records"])
        return {"last_key": data["last_key"]}, {r[self.key.name]: r for r in records}


class Note(models.Model):
    text = models.StringField(required=True)
    written = models.DateField(allow_none=True)
    id = models.PkField()


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": "notes.json",
        "model": Note,
        "datastore": JSONFileDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"]}
    view = {"response_class": JsonResponse}


app = WSGIDispatcher(
    [Notes], title="Notes", contact={"name": "The openrest developers"}, license="MIT"
)
