"""PythonListDataStore: the contract of every store, and what is its own."""

from __future__ import annotations

import copy
import datetime as dt
import threading
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from marshmallow import Schema
from marshmallow import fields as ma

from openrest import models
from openrest.datastore import DataStore, PythonListDataStore, UniqueTogether
from openrest.errors import ConfigurationError, ContractError, StoreError
from openrest.interfaces import Record, StoreValidator
from openrest.query import Condition, Order, Query
from openrest.testing import StoreContract


class TestPythonListDataStore(StoreContract):
    def make_store(
        self, model: type[Schema], seed: Sequence[Record], validators: Sequence[StoreValidator] = ()
    ) -> DataStore:
        return PythonListDataStore(seed, model, validators)

    def peek(self, store: DataStore) -> list[Record]:
        assert isinstance(store, PythonListDataStore)
        return list(store._tables.records.values())


class Person(models.Model):
    fields = [
        models.PkField(name="id"),
        models.StringField(name="name", required=True),
        models.IntegerField(name="age", allow_none=True),
        models.BooleanField(name="active", load_default=True),
        models.DateTimeField(name="seen"),
        models.DecimalField(name="balance", places=2),
        models.ListField(models.StringField(), name="tags"),
    ]


def test_the_list_stays_as_it_is_and_can_be_shared() -> None:
    people: list[Record] = [{"name": "Ada", "tags": ["engine"]}]
    before = copy.deepcopy(people)
    one, other = PythonListDataStore(people, Person), PythonListDataStore(people, Person)
    one.update(1, lambda record: {**record, "name": "Augusta", "tags": ["notes"]})
    one.insert({"name": "Grace"})
    assert people == before
    assert other.get(1)["tags"] == ["engine"]
    people[0]["tags"].append("changed")
    assert other.get(1)["tags"] == ["engine"]


def test_what_is_absent_is_filled_in_as_on_a_create() -> None:
    assert PythonListDataStore([{"name": "Ada"}], Person).get(1) == {
        "id": 1,
        "name": "Ada",
        "age": None,
        "active": True,
    }


def test_records_without_a_key_are_given_those_after_the_highest() -> None:
    people = [{"name": "Ada"}, {"name": "Grace", "id": 7}, {"name": "Linus"}]
    store = PythonListDataStore(people, Person)
    assert [(r["id"], r["name"]) for r in store.find(Query())] == [
        (7, "Grace"),
        (8, "Ada"),
        (9, "Linus"),
    ]
    assert store.insert({"name": "Margaret"})["id"] == 10


def test_a_key_that_is_brought_along_is_kept_and_never_given_again() -> None:
    store = PythonListDataStore([], Person)
    assert store.insert({"name": "Ada", "id": 5})["id"] == 5
    assert store.insert({"name": "Grace", "id": 2})["id"] == 2
    assert [record["id"] for record in store.find(Query())] == [2, 5]
    new = store.insert_many([{"name": "Linus"}, {"name": "Barbara", "id": 9}, {"name": "Kay"}])
    assert [record["id"] for record in new] == [10, 9, 11]


def test_generated_keys_are_generated_for_the_list_too() -> None:
    class Ticket(models.Model):
        fields = [models.UUIDPkField(name="code"), models.StringField(name="seat")]

    [ticket] = PythonListDataStore([{"seat": "A1"}], Ticket).find(Query())
    assert type(ticket["code"]) is uuid.UUID


def test_values_are_kept_in_the_one_form_that_reading_gives() -> None:
    east = dt.timezone(dt.timedelta(hours=2))
    people = [
        {"name": "Ada", "seen": dt.datetime(2026, 3, 1, 11, 30, tzinfo=east), "balance": Decimal(5)}
    ]
    ada = PythonListDataStore(people, Person).get(1)
    assert str(ada["seen"]) == "2026-03-01 09:30:00+00:00"
    assert str(ada["balance"]) == "5.00"


@pytest.mark.parametrize(
    ("resource", "validators", "message"),
    [
        (
            "people.csv",
            (),
            "PythonListDataStore of Person: resource must be a list of records, not 'people.csv'.",
        ),
        (
            [
                {"nme": "Ada", "age": "36"},
                ("Grace", None),
                {"name": "Linus", "id": -1, "active": None, "tags": ["os", 1]},
                {"name": "Kay", "seen": dt.datetime(2026, 3, 1), "balance": Decimal("0.001")},
            ],
            (),
            "PythonListDataStore of Person has 9 mistakes:\n"
            "  - resource[0], field 'name': is required\n"
            "  - resource[0], field 'age': '36' must be an integer\n"
            "  - resource[0], 'nme' is no field of the model. Did you mean 'name'?\n"
            "  - resource[1]: ('Grace', None) is not a dict.\n"
            "  - resource[2], field 'id': -1 must be at least 0\n"
            "  - resource[2], field 'active': must not be None\n"
            "  - resource[2], field 'tags': ['os', 1] must be a string\n"
            "  - resource[3], field 'seen': datetime.datetime(2026, 3, 1, 0, 0) would be read back "
            "as datetime.datetime(2026, 3, 1, 0, 0, tzinfo=datetime.timezone.utc)\n"
            "  - resource[3], field 'balance': Decimal('0.001') must be a decimal number in a "
            "string, with at most 16 digits before the point and 2 after it",
        ),
        (
            [
                {"name": "Ada", "age": 36, "id": 1},
                {"name": "Grace", "id": 1},
                {"name": "Ada", "age": 36},
                {"name": "Grace"},
            ],
            (UniqueTogether("name", "age"),),
            "PythonListDataStore of Person has 2 mistakes:\n"
            "  - resource[1] has the same id as resource[0].\n"
            "  - resource[2] has the same name and age as resource[0].",
        ),
        (
            [],
            (UniqueTogether("nam", "age"),),
            "PythonListDataStore of Person: UniqueTogether('nam', 'age'): the model has no field "
            "'nam'. Did you mean 'name'?",
        ),
    ],
    ids=["no list", "records that do not fit", "values that clash", "validators"],
)
def test_a_list_that_cannot_be_used_is_refused_with_every_mistake(
    resource: Any, validators: Sequence[StoreValidator], message: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        PythonListDataStore(resource, Person, validators)
    assert str(caught.value) == message


def test_a_key_of_text_cannot_be_made_up() -> None:
    class Page(models.Model):
        fields = [models.StringPkField(name="slug")]

    with pytest.raises(ConfigurationError) as caught:
        PythonListDataStore([{}], Page)
    assert str(caught.value) == (
        "PythonListDataStore of Page: resource[0], field 'slug': is required"
    )


def test_validators_that_a_store_cannot_keep_are_refused() -> None:
    class Odd(StoreValidator):
        members = ("name",)

        def __repr__(self) -> str:
            return "Odd()"

        def contribution(self) -> Any:
            raise NotImplementedError

    class Any_(models.Model):
        id = models.PkField()
        raw = ma.Raw()

    with pytest.raises(ConfigurationError) as caught:
        PythonListDataStore([], Any_, [Odd(), UniqueTogether("raw")])
    assert str(caught.value) == (
        "PythonListDataStore of Any_ has 2 mistakes:\n"
        "  - PythonListDataStore cannot keep the validator Odd().\n"
        "  - UniqueTogether('raw'): no store can compare the values of 'raw'."
    )


def test_a_record_that_does_not_fit_the_model_is_not_stored() -> None:
    store = PythonListDataStore([{"name": "Ada"}], Person)
    with pytest.raises(ContractError) as caught:
        store.update(1, lambda record: {**record, "age": 36.5, "seen": "yesterday"})
    assert str(caught.value) == (
        "The record does not fit its model: field 'age': 36.5 must be an integer; "
        "field 'seen': 'yesterday' is of another type."
    )
    assert store.get(1)["age"] is None


def test_a_change_may_leave_the_key_out_but_not_alter_it() -> None:
    store = PythonListDataStore([{"name": "Ada"}], Person)
    assert store.update(1, lambda _: {"name": "Augusta"})["id"] == 1
    with pytest.raises(ContractError) as caught:
        store.update(1, lambda record: {**record, "id": 2})
    assert str(caught.value) == "The key 1 was changed to 2."


def test_a_change_cannot_write_to_the_store_that_runs_it() -> None:
    store = PythonListDataStore([{"name": "Ada"}], Person)

    def nested(record: Record) -> Record:
        store.insert({"name": "Grace"})
        return record

    with pytest.raises(ContractError) as caught:
        store.update(1, nested)
    assert str(caught.value) == "A change or check must not write to the store that runs it."
    assert store.insert({"name": "Grace"})["id"] == 2


def test_readers_do_not_wait_for_a_change() -> None:
    store = PythonListDataStore([{"name": "Ada"}], Person)
    changing, read = threading.Event(), threading.Event()

    def slow(record: Record) -> Record:
        changing.set()
        assert read.wait(30)
        return {**record, "name": "Augusta"}

    thread = threading.Thread(target=store.update, args=(1, slow))
    thread.start()
    assert changing.wait(30)
    assert store.get(1)["name"] == "Ada"
    assert (len(list(store.find(Query(order=(Order("name"),))))), store.count(Query())) == (1, 1)
    read.set()
    thread.join()
    assert store.get(1)["name"] == "Augusta"


def test_a_field_that_the_model_lacks_is_neither_searched_nor_sorted_by() -> None:
    store = PythonListDataStore([], Person)
    for query in (
        Query(conditions=(Condition("nme", "eq", "Ada"),)),
        Query(order=(Order("nme"),)),
    ):
        with pytest.raises(ContractError) as caught:
            store.find(query)
        assert str(caught.value) == "The model has no field 'nme'. Did you mean 'name'?"


def test_no_key_is_given_after_the_last_one() -> None:
    store = PythonListDataStore([{"name": "Ada", "id": 2**63 - 1}], Person)
    with pytest.raises(StoreError) as caught:
        store.insert({"name": "Grace"})
    assert str(caught.value) == "Every key has been given: no record can be added."


def test_values_of_a_field_of_ones_own_are_copied_as_they_are() -> None:
    class Hashed(ma.String):
        """Loads a password as its hash: to load what is stored would hash it again."""

        def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
            return f"hash of {value}"

    class Account(models.Model):
        id = models.PkField()
        password = Hashed(load_only=True)
        settings = ma.Raw()

    settings = {"colours": ["red"]}
    store = PythonListDataStore([{"password": "hash of sesame", "settings": settings}], Account)
    settings["colours"].append("green")
    store.get(1)["settings"]["colours"].append("blue")
    expected = {"id": 1, "password": "hash of sesame", "settings": {"colours": ["red"]}}
    assert store.update(1, dict) == store.get(1) == expected


def test_lists_and_choices_can_be_unique() -> None:
    store = PythonListDataStore([], Person, [UniqueTogether("tags", "active")])
    store.insert({"name": "Ada", "tags": ["a", "b"]})
    store.insert({"name": "Grace", "tags": ["b", "a"]})
    store.insert({"name": "Linus", "tags": ["a", "b"], "active": False})
    with pytest.raises(StoreError, match="Another record has the same tags and active together."):
        store.insert({"name": "Kay", "tags": ["a", "b"]})
