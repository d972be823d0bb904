"""The journal of a list: what its tables become, as objects of JSON, and the tables of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from openrest.datastore.files import path_mistakes
from openrest.datastore.journal import Journal, Step
from openrest.datastore.list_tables import Tables
from openrest.datastore.records import JsonForm, Keeper
from openrest.errors import InvalidData, StoreError, did_you_mean
from openrest.interfaces import Once, Record
from openrest.models import shapes as s

__all__ = ["ListJournal", "resource_mistakes"]

#: So many records are in one line of a journal that is written anew.
_CHUNK: Final = 1000


class ListJournal:
    """A file to which each change of a list is added before it is made.

    A step is a line: an array of changes such as ``{"put": [{...}]}`` and ``{"delete": [5]}``.
    Raises ConfigurationError for a file that cannot be used.
    """

    def __init__(self, path: Path, shape: s.Object, key: s.Member) -> None:
        self._file = Journal(path)
        self._keep = Keeper(shape, key)
        self._form = JsonForm(shape)
        self._key = key.name

    @property
    def is_new(self) -> bool:
        """Whether there was no file."""
        return self._file.is_new

    def begin(self, tables: Tables) -> None:
        """Write down a list that nothing has been written of."""
        self._file.begin(self._snapshot(tables))

    def recover(self, tables: Tables) -> None:
        """Carry out all that is written down, on tables that have nothing."""
        for number, step in self._file.steps():
            for change in step:
                try:
                    self._carry_out(change, tables)
                except (InvalidData, LookupError, TypeError, ValueError, StoreError) as error:
                    said = f"does not fit the model: {error}"
                    raise self._file.mistake(number, said) from error

    def written(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """A change, with records to ``put`` and keys to ``delete``, as an object of JSON."""
        written = {**change}
        if "put" in change:
            written["put"] = [self._form.dump(record) for record in change["put"]]
        if "delete" in change:
            written["delete"] = [
                self._form.dump({self._key: key})[self._key] for key in change["delete"]
            ]
        if "once" in change:
            once: Once = change["once"]
            written["once"] = [once.key, once.fingerprint, once.now, once.until]
        return written

    def append(self, changes: Step, published: Tables) -> int:
        """Write down a step that comes after what is published; it gives what `take_back` takes.

        Raises StoreUnavailable, and then it is not written down.
        """
        if self._file.is_long:
            self._file.rewrite(self._snapshot(published))
        return self._file.append(changes)

    def take_back(self, before: int) -> None:
        """Undo what was appended since."""
        self._file.take_back(before)

    def _snapshot(self, tables: Tables) -> Iterator[Step]:
        """Steps that give the tables as they are."""
        yield [{"last_key": tables.last_key}]
        for start in range(0, len(tables.keys), _CHUNK):
            keys = tables.keys[start : start + _CHUNK]
            yield [self.written({"put": [tables.records[key] for key in keys]})]
        for key, fingerprint, until, records in tables.remembered:
            made = [self._form.dump(record) for record in records]
            yield [{"once": [key, fingerprint, 0.0, until], "made": made}]

    def _carry_out(self, change: Mapping[str, Any], tables: Tables) -> None:
        known = tables.records
        put = self._records(change.get("put", ()))
        old = [known[record[self._key]] for record in put if record[self._key] in known]
        tables.refuse_conflicts(put, replaced={record[self._key] for record in old})
        tables.take_out(old)
        tables.put(put)
        gone = [self._form.load({self._key: key})[self._key] for key in change.get("delete", ())]
        for key in gone:
            if key not in known:
                raise ValueError(f"it deletes the key {key!r}, which no record has")
        tables.take_out([known[key] for key in gone])
        tables.last_key = max(tables.last_key, change.get("last_key", 0))
        if "once" in change:
            key, fingerprint, now, until = change["once"]
            made = self._records(change["made"]) if "made" in change else put
            once = Once(key=key, fingerprint=fingerprint, now=now, until=until)
            tables.remembered.keep(once, made)
        if "forget" in change:
            key, fingerprint = change["forget"], change["fingerprint"]
            tables.remembered.forget(Once(key=key, fingerprint=fingerprint, now=0.0, until=0.0))

    def _records(self, objects: Iterable[Any]) -> list[Record]:
        """The records of objects, with what the model has come to ask for."""
        records = []
        for one in objects:
            for name in one:
                if name not in self._form.names:
                    near = did_you_mean(str(name), self._form.names)
                    raise ValueError(f"{name!r} is no field of the model.{near}")
            record, mistakes = self._keep.check(self._form.load(one))
            if mistakes:
                raise ValueError("; ".join(mistakes))
            records.append(record)
        return records


def resource_mistakes(resource: Any) -> Iterator[str]:
    """What is wrong with a resource: a sentence for each mistake."""
    if not isinstance(resource, Mapping):
        if not isinstance(resource, (list, tuple)):
            yield f"resource must be a list of records, not {resource!r}."
        return
    for key in resource:
        if key not in ("journal", "records"):
            near = did_you_mean(str(key), ("journal", "records"))
            yield f"resource: unknown key {key!r}.{near}"
    yield from path_mistakes("journal", resource.get("journal"))
    if not isinstance(resource.get("records", ()), (list, tuple)):
        yield f"resource['records'] must be a list of records, not {resource['records']!r}."
