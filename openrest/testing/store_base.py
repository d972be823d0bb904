"""What the parts of the suite for stores have in common: the hooks, the models, the skips."""

from __future__ import annotations

import copy
import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from marshmallow import Schema, validate
from marshmallow import fields as ma

from openrest import models
from openrest.datastore.validators import UniqueTogether
from openrest.interfaces import DataStore, Record, StoreValidator
from openrest.models import model_shape
from openrest.models import shapes as s
from openrest.models.loading import wire_loader
from openrest.testing.strategies import wire_values

try:
    import pytest
    from hypothesis import strategies as st
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "openrest.testing.store needs pytest and hypothesis: pip install 'openrest[testing]'"
    ) from missing

__all__ = [
    "COMMON",
    "LEAST",
    "MOST",
    "PEOPLE",
    "SHAPES",
    "Everything",
    "Hooks",
    "Page",
    "Person",
    "Ticket",
    "exact",
    "keys",
    "values",
]


class Person(models.Model):
    """Has a value that may be null, one that may be absent, and a list.

    Its texts have a length, which an index of some databases must know.
    """

    fields = [
        models.StringField(name="name", required=True, validate=validate.Length(max=255)),
        models.IntegerField(name="age", allow_none=True),
        models.StringField(name="nick", validate=validate.Length(max=255)),
        models.ListField(models.StringField(), name="tags"),
        models.PkField(name="id"),
    ]


PEOPLE: list[Record] = [
    {"id": 1, "name": "Ada", "age": 36, "tags": ["engine", "notes"]},
    {"id": 2, "name": "Grace", "age": None, "nick": "Amazing Grace"},
    {"id": 3, "name": "Linus", "age": 54, "tags": []},
    {"id": 5, "name": "Ada", "age": None},
    {"id": 8, "name": "Margaret", "age": 36, "nick": "Maggie"},
]


class Page(models.Model):
    """Has a key that the client chooses."""

    fields = [
        models.StringPkField(name="slug", validate=validate.Length(max=255)),
        models.StringField(name="title", required=True),
        models.IntegerField(name="visits", load_default=0),
    ]


class Ticket(models.Model):
    """Has a key that is generated."""

    fields = [models.UUIDPkField(name="code"), models.StringField(name="seat", required=True)]


class Colour(enum.Enum):
    """A choice whose native values are no wire values."""

    RED = "r"
    GREEN = "g"


class Everything(models.Model):
    """Has a field of every type; each may be null, absent or neither."""

    fields = [
        models.PkField(name="id"),
        models.StringField(name="string", required=True),
        models.StringField(name="short", validate=validate.Length(1, 5)),
        models.IntegerField(name="integer", required=True),
        models.IntegerField(name="small", allow_none=True, validate=validate.Range(-3, 3)),
        models.FloatField(name="float", required=True),
        models.FloatField(name="degrees", allow_none=True, validate=validate.Range(-90, 90)),
        models.BooleanField(name="boolean", required=True),
        models.BooleanField(name="flag", allow_none=True),
        models.DecimalField(name="decimal", required=True),
        models.DecimalField(name="price", digits=6, places=2, allow_none=True),
        models.DateTimeField(name="instant", required=True),
        models.DateTimeField(name="ended", allow_none=True),
        models.TimestampField(name="seconds", required=True),
        models.DateField(name="day", required=True),
        models.DateField(name="birthday"),
        models.UUIDField(name="uuid", required=True),
        models.EnumField(Colour, name="by_name", required=True),
        models.EnumField(Colour, name="by_value", by_value=True, allow_none=True),
        models.IntegerField(name="level", validate=validate.OneOf([1, 2, 3])),
        models.ListField(models.StringField(), name="strings", required=True),
        models.ListField(models.DecimalField(places=2), name="prices", allow_none=True),
        models.ListField(models.ListField(models.DateField()), name="weeks"),
    ]
    raw = ma.Raw()
    any = ma.Raw(allow_none=True)


#: Records of `Everything`: common values, and those at the ends of what each field takes.
COMMON: Record = {
    "id": 1,
    "string": "text",
    "integer": 7,
    "small": None,
    "float": 1.5,
    "degrees": None,
    "boolean": True,
    "flag": None,
    "decimal": Decimal("2.500000"),
    "price": None,
    "instant": dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC),
    "ended": None,
    "seconds": dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC),
    "day": dt.date(2026, 3, 1),
    "uuid": UUID("5a2f1c0e-7d1b-4b0a-9f6e-2c3d4e5f6a7b"),
    "by_name": Colour.RED,
    "by_value": None,
    "strings": ["a", "b"],
    "prices": None,
    "any": None,
}
LEAST: Record = {
    "id": 2,
    "string": "",
    "short": " ",
    "integer": -(2**63),
    "small": -3,
    "float": -1.7976931348623157e308,
    "degrees": -90.0,
    "boolean": False,
    "flag": False,
    "decimal": Decimal("-999999999999.999999"),
    "price": Decimal("-9999.99"),
    "instant": dt.datetime(1, 1, 1, tzinfo=dt.UTC),
    "ended": dt.datetime(1, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC),
    "seconds": dt.datetime(1, 1, 1, tzinfo=dt.UTC),
    "day": dt.date(1, 1, 1),
    "birthday": dt.date(1, 1, 1),
    "uuid": UUID(int=0),
    "by_name": Colour.RED,
    "by_value": Colour.RED,
    "level": 1,
    "strings": [],
    "prices": [],
    "weeks": [],
    "raw": False,
    "any": 0,
}
MOST: Record = {
    "id": 3,
    "string": "'\"\\\n\t\x01\x7f%_é\u2028\uffff😀\U0010ffff",
    "short": "😀" * 5,
    "integer": 2**63 - 1,
    "small": 3,
    "float": 1.7976931348623157e308,
    "degrees": 90.0,
    "boolean": True,
    "flag": True,
    "decimal": Decimal("999999999999.999999"),
    "price": Decimal("0.00"),
    "instant": dt.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC),
    "ended": dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
    "seconds": dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
    "day": dt.date(9999, 12, 31),
    "birthday": dt.date(2024, 2, 29),
    "uuid": UUID(int=2**128 - 1),
    "by_name": Colour.GREEN,
    "by_value": Colour.GREEN,
    "level": 3,
    "strings": ["", "'", '"', "[]", "null", "😀"],
    "prices": [Decimal("0.10"), Decimal("-1.00")],
    "weeks": [[], [dt.date(2026, 3, 1)]],
    "raw": {"b": [1, 1.5, None, True, {"": "é"}], "a": "null"},
    "any": [[], {}, "", 10**30],
}

#: What each field of `Everything` is.
SHAPES: dict[str, s.Shape] = {m.name: m.shape for m in model_shape(Everything)[0].members}


def keys(found: Iterable[Record], key: str = "id") -> list[Any]:
    """The keys of records, in their order."""
    return [record[key] for record in found]


def exact(value: Any) -> Any:
    """The value with its types: ``True == 1 == 1.0`` in Python, and each is another in JSON."""
    match value:
        case dict():
            return {name: exact(inner) for name, inner in value.items()}
        case list():
            return [exact(inner) for inner in value]
        case _:
            return type(value).__name__, value


def values(name: str) -> st.SearchStrategy[Any]:
    """Native values of a field of `Everything`, as loading gives them."""
    return wire_values(SHAPES[name]).map(wire_loader(SHAPES[name]))


class Hooks:
    """What somebody says of the store under test, and the stores that the tests ask for."""

    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        """A new store of the model that holds just the records of `seed`.

        The records of one call have all got keys, or there are none. A test may ask for several
        stores, which must not see each other's records.
        """
        raise NotImplementedError(f"{type(self).__name__} needs make_store()")

    def peek(self, store: DataStore) -> list[Record]:
        """Every record that is stored, in any order, read behind the store's back."""
        pytest.skip(f"{type(self).__name__} has no peek()")

    def poke(self, store: DataStore, record: Record) -> None:
        """Add a record behind the store's back."""
        pytest.skip(f"{type(self).__name__} has no poke()")

    def people(self, *validators: StoreValidator) -> DataStore:
        """A store of `PEOPLE`."""
        return self.make_store(Person, copy.deepcopy(PEOPLE), validators)

    def filterable(self, store: DataStore, *operators: str) -> DataStore:
        """The store, where it has the operators."""
        missing = sorted(set(operators) - store.operators)
        if missing:
            pytest.skip(f"{type(store).__name__} has no {', '.join(missing)}")
        return store

    def sortable(self, store: DataStore) -> DataStore:
        """The store, where it sorts."""
        if not store.sortable:
            pytest.skip(f"{type(store).__name__} does not sort")
        return store

    def searchable(self, store: DataStore, *members: str) -> DataStore:
        """The store, ready to search the fields, where it searches."""
        if not store.searchable:
            pytest.skip(f"{type(store).__name__} does not search")
        store.prepare_search(members)
        return store

    def seekable(self, store: DataStore) -> DataStore:
        """The store, where it begins at a position."""
        if not store.seekable:
            pytest.skip(f"{type(store).__name__} does not begin at a position")
        return store

    def writable(self, store: DataStore) -> DataStore:
        """The store, where it writes."""
        if not store.writable:
            pytest.skip(f"{type(store).__name__} does not write")
        return store

    def idempotent(self, store: DataStore) -> DataStore:
        """The store, ready to keep keys, where it does."""
        if not store.idempotent:
            pytest.skip(f"{type(store).__name__} does not keep keys")
        store.prepare_once()
        return store

    def unique_people(self, *members: str) -> DataStore:
        """A writable store of `PEOPLE` of whom no two agree in the members."""
        store = self.people()
        if not issubclass(UniqueTogether, store.enforces):
            pytest.skip(f"{type(store).__name__} does not keep UniqueTogether")
        return self.writable(self.people(UniqueTogether(*members)))
