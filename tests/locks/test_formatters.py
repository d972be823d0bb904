"""Lock 5: formatters run before the dump, and what they add or remove enters the schema."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from openrest import models, rendering
from openrest.controllers import Call, Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError, ContractError
from openrest.views import JsonResponse, formatter
from tests.contract.client import Client

Record = dict[str, Any]


class Item(models.Model):
    id = models.PkField()
    name = models.StringField(required=True)
    day = models.DateField(required=True)


def formatted(*formatters: Any, debug: bool = True) -> Client:
    class Items(Controller):
        resource = {
            "resource_name": "items",
            "resource": [{"name": "a", "day": dt.date(2026, 1, 1)}],
            "model": Item,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT"],
            "options": {"pagination": None},
        }
        view = {"response_class": JsonResponse, "options": {"formatters": formatters}}

    return Client(WSGIDispatcher([Items], debug=debug))


SEEN: list[Record] = []


@formatter(
    adds=[
        models.DateField(name="due", metadata={"description": "A week later"}),
        models.DecimalField(name="fee", places=2),
    ],
    removes=["name"],
)
def bill(record: Record, call: Call) -> Record:
    SEEN.append(dict(record))
    del record["name"]
    return {**record, "due": record["day"] + dt.timedelta(7), "fee": Decimal("2.50")}


def keep(record: Record, call: Call) -> Record:
    return record


def rename(record: Record, call: Call) -> Record:
    return {**record, "name": record["name"].upper()}


def add_secretly(record: Record, call: Call) -> Record:
    return {**record, "password": "tiger"}


def remove_secretly(record: Record, call: Call) -> Record:
    record.pop("name", None)
    return record


@formatter(adds=[models.StringField(name="extra")])
def forget_to_add(record: Record, call: Call) -> Record:
    return record


@formatter(removes=["name"])
def forget_to_remove(record: Record, call: Call) -> Record:
    return record


@formatter(adds=[models.IntegerField(name="extra")])
def add_another_type(record: Record, call: Call) -> Record:
    return {**record, "extra": "many"}


LIARS = [
    (add_secretly, "The formatter add_secretly gave password: that is not what it declares."),
    (remove_secretly, "The formatter remove_secretly left out name: that is not what it declares."),
    (forget_to_add, "The formatter forget_to_add left out extra: that is not what it declares."),
    (forget_to_remove, "The formatter forget_to_remove gave name: that is not what it declares."),
]


def test_a_formatter_gets_native_values_and_its_own_are_dumped() -> None:
    SEEN.clear()
    wanted = {"id": 1, "day": "2026-01-01", "due": "2026-01-08", "fee": "2.50"}
    api = formatted(bill)
    assert api.get("/items/1").json == wanted
    assert api.get("/items").json["object_list"] == [wanted]
    assert SEEN[0] == {"id": 1, "name": "a", "day": dt.date(2026, 1, 1)}


def test_what_a_formatter_declares_enters_the_schema_of_answers_and_of_nothing_else() -> None:
    schemas = formatted(bill).document["components"]["schemas"]
    assert sorted(schemas["Items"]["properties"]) == ["day", "due", "fee", "id"]
    assert sorted(schemas["Items"]["required"]) == ["day", "due", "fee", "id"]
    assert schemas["Items"]["properties"]["due"]["description"] == "A week later"
    assert schemas["Items"]["properties"]["due"]["readOnly"] is True
    assert sorted(schemas["ItemsCreate"]["properties"]) == ["day", "name"]
    assert sorted(schemas["ItemsReplace"]["properties"]) == ["day", "name"]


def test_every_answer_with_a_record_is_formatted() -> None:
    api = formatted("add_resource_uri", bill)
    made = api.post("/items", {"name": "b", "day": "2026-02-01"})
    replaced = api.put("/items/1", {"name": "b", "day": "2026-02-01"})
    assert (made.json["due"], replaced.json["due"]) == ("2026-02-08", "2026-02-08")
    assert (made.json["resource_uri"], replaced.json["resource_uri"]) == ("/items/2", "/items/1")


def test_a_formatter_changes_nothing_that_is_stored() -> None:
    def spoil(record: Record, call: Call) -> Record:
        record["name"] = "spoiled"
        return record

    api = formatted(spoil)
    assert api.get("/items/1").json["name"] == "spoiled"
    assert api.app.controllers[0].store.get(1)["name"] == "a"


def test_a_formatter_may_change_values_without_a_declaration() -> None:
    assert formatted(keep, rename).get("/items/1").json["name"] == "A"


@pytest.mark.parametrize(("liar", "said"), LIARS)
@pytest.mark.parametrize("target", ["/items", "/items/1"])
def test_a_formatter_that_does_not_do_what_it_declares_is_a_contract_error(
    liar: Any, said: str, target: str
) -> None:
    with pytest.raises(ContractError) as caught:
        formatted(liar).get(target)
    assert str(caught.value) == said


@pytest.mark.parametrize(("liar", "said"), LIARS)
def test_in_production_it_is_logged_and_answered_500(
    liar: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = formatted(liar, debug=False).get("/items/1")
    assert answer.status == 500
    assert said in caplog.text


def test_a_value_of_another_type_than_declared_is_a_contract_error() -> None:
    with pytest.raises(ContractError) as caught:
        formatted(add_another_type).get("/items/1")
    assert str(caught.value) == (
        "get_items answers what breaks its schema: #/extra: must be an integer"
    )


@pytest.mark.parametrize(
    ("formatters", "said"),
    [
        (
            [formatter(removes=["nmae"])(keep)],
            "view.options.formatters: one removes 'nmae', which the model does not have.",
        ),
        (
            [formatter(adds=[models.StringField(name="name")])(keep)],
            "view.options.formatters: one adds 'name', which is there already.",
        ),
        (
            ["add_resource_url"],
            "view.options.formatters[0]: unknown formatter 'add_resource_url'. "
            "Did you mean 'add_resource_uri'?",
        ),
    ],
)
def test_a_declaration_that_cannot_be_is_refused_at_class_creation(
    formatters: list[Any], said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        formatted(*formatters)
    assert caught.value.mistakes == (said,)


def test_without_the_lock_the_lie_goes_out_and_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def unchecked(formatters: Any, call: Call, record: Record, hidden: Any) -> Record:
        for part in formatters:
            record = part.format(record, call)
        return record

    monkeypatch.setattr(rendering, "format_record", unchecked)
    api = formatted(forget_to_remove)
    # The dumper is a lock of its own: it writes what the schema has, and no more.
    assert api.get("/items/1").json == {"id": 1, "day": "2026-01-01"}
    with pytest.raises(ContractError, match="has no 'extra', which the document promises"):
        formatted(forget_to_add).get("/items/1")
    lie = b'{"id": 1, "day": "2026-01-01", "password": "tiger"}'
    monkeypatch.setattr(JsonResponse, "encode", lambda value: lie)
    with pytest.raises(Exception, match="'password' was unexpected"):
        api.get("/items/1")
