"""Documents that show each caller what they may use."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.authentication import hash_api_key
from openrest.authorization import Anyone, Authenticated
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore, UniqueTogether
from openrest.errors import ConfigurationError
from openrest.filters import CustomFilter
from openrest.pagination import Pagination
from openrest.query import Condition
from openrest.testing.contract import check_contract
from openrest.views import CsvResponse, JsonResponse
from tests.authorization import asking
from tests.authorization.asking import KEYS, SCHEME, USERS
from tests.authorization.callers import (
    HR,
    Caller,
    controller,
    hold_against_what_is_answered,
    members,
    operations,
)
from tests.contract.client import Client
from tests.needs import CI, fuzzed_in_ci


class Person(models.Model):
    """People who work here. Their wage is what they get."""

    id = models.PkField()
    name = models.StringField(required=True)
    wage = models.IntegerField(metadata={"description": "Before taxes. Goes with the wage class."})
    grade = models.IntegerField(load_default=1)
    remarks = models.StringField()
    boss = models.IntForeignField(foreign={"resource": "people"}, allow_none=True)
    desk = models.IntForeignField(foreign={"resource": "desks"}, allow_none=True)


class Desk(models.Model):
    id = models.PkField()
    room = models.StringField(required=True)


class Payment(models.Model):
    id = models.PkField()
    person = models.IntForeignField(foreign={"resource": "people"}, required=True)
    amount = models.IntegerField(required=True)


class News(models.Model):
    id = models.PkField()
    headline = models.StringField(required=True)


class People(Controller):
    resource = {
        "resource_name": "people",
        "resource": [
            {"name": "Ann", "wage": 4321, "grade": 3, "remarks": "fine", "boss": None, "desk": 1},
            {"name": "Ben", "wage": 1234, "grade": 2, "remarks": "late", "boss": 1, "desk": None},
        ],
        "model": Person,
        "datastore": PythonListDataStore,
        "options": {"validators": [UniqueTogether("name", "wage")]},
    }
    controller = {
        "list_verbs": ["GET", "POST", "PATCH", "DELETE"],
        "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
        "options": {
            "authentication": SCHEME,
            "authorization": {"GET": Anyone(), "DELETE": HR, "*": Authenticated()},
            "readable": {"wage": HR, "remarks": HR, "boss": HR},
            "writable": {"wage": HR, "grade": HR, "boss": HR},
            "filters": {
                **dict.fromkeys(("name", "wage", "remarks", "boss", "grade"), True),
                "rich": CustomFilter(
                    field=models.BooleanField(),
                    tests=lambda rich: [Condition("wage", "gte" if rich else "lt", 4000)],
                ),
            },
            "any_of": True,
            "sorting": True,
            "search": ["name", "remarks"],
            "partial": True,
            "embed": True,
            "children": {"staff": "people.boss", "payments": "payments.person"},
            "bulk": True,
            "json_patch": True,
            "pagination": Pagination(10),
        },
    }
    view = {
        "response_class": JsonResponse,
        "options": {"alternatives": [CsvResponse], "formatters": ["add_resource_uri"]},
    }

    @operation("POST", "/{id}/raise")
    def promote(self, call: Call) -> Result:
        """Raise the grade by one."""
        return Result(self.store.update(call.key, lambda now: {**now, "grade": now["grade"] + 1}))


def api(document: Any = "allowed", **more: Any) -> WSGIDispatcher:
    desks = controller("desks", Desk, [{"room": "A"}], authorization=HR, children=["people"])
    payments = controller("payments", Payment, [{"person": 1, "amount": 9}], authorization=HR)
    news = controller("news", News, [{"headline": "Hello"}], authentication=None)
    return WSGIDispatcher(
        [payments, desks, People, news], debug=True, document=document, **{"title": "Firm", **more}
    )


NAMES = ("ada", "bob", "nobody")
#: What each of them knows nothing of: fields, resources, lists, filters.
UNKNOWN = {
    "bob": "wage boss desks payments room amount staff rich hr".split(),
    "nobody": "wage boss remarks desks payments room amount staff rich hr raise".split(),
}
#: All that is served of what an API says of itself.
SAID = ("/openapi.json", "/openapi.yaml", "/schema", "/schema/people", "/schema/news", "/")


@cache
def shared(version: Any, name: str) -> Caller:
    """For what changes nothing."""
    return Caller(api(openapi=version, health=True, compress=True), name)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_in_a_document_is_allowed_and_what_is_not_is_refused(name: str) -> None:
    hold_against_what_is_answered(Caller(api(), name))


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("version", ["3.0", "3.1", "3.2"])
@pytest.mark.parametrize("target", SAID)
def test_nothing_that_one_may_not_use_is_named(target: str, name: str, version: Any) -> None:
    answer = shared(version, name).raw("GET", target)
    assert answer.status == 200
    text = answer.data.decode().lower()
    for word in UNKNOWN[name]:
        found = re.search(rf"(?<![a-z]){word}(?![a-z])", text)
        assert found is None, text[found.start() - 100 : found.end() + 20]


def test_whoever_may_all_has_all() -> None:
    app = api()
    mine = Caller(app, "ada").document
    assert [*operations(mine)][0][2]["parameters"] == [*operations(app.document)][0][2][
        "parameters"
    ]
    assert [each[:2] for each in operations(mine)] == [
        each[:2] for each in operations(app.document)
    ]
    assert mine["components"]["schemas"] == app.document["components"]["schemas"]
    assert mine["tags"] == app.document["tags"]


def test_what_is_read_and_what_is_sent_have_the_members_that_one_may() -> None:
    document = Caller(api(), "bob").document
    assert members(document, "People") == ["id", "name", "grade", "desk", "resource_uri"]
    for sent in ("PeopleCreate", "PeopleReplace", "PeoplePatch"):
        assert members(document, sent) == ["name", "remarks", "desk"]
    create = document["paths"]["/people"]["post"]
    assert create["description"].startswith("Only the server sets `id`. `Location`")


def test_one_asks_by_what_one_may_read() -> None:
    get = Caller(api(), "bob").document["paths"]["/people"]["get"]
    parameters = {each["name"]: each for each in get["parameters"]}
    assert {name.partition("__")[0] for name in parameters} == {
        "name", "grade", "any_of", "sort", "q", "fields", "offset", "limit", "If-None-Match",
    }  # fmt: skip
    chosen = parameters["sort"]["schema"]["items"]["enum"]
    assert [each for each in chosen if each[0] != "-"] == ["id", "name", "grade", "desk"]
    fields = parameters["fields"]["schema"]
    assert fields["items"]["enum"] == ["id", "name", "grade", "desk", "resource_uri"]
    assert fields["maxItems"] == 5
    any_of = parameters["any_of"]["content"]["application/json"]["schema"]["items"]
    assert {name.partition("__")[0] for name in any_of["properties"]} == {"name", "grade"}
    assert "`name`. Words are" in parameters["q"]["description"]


def test_links_lead_to_what_one_may_use() -> None:
    ids = {"get", "update", "patch"}
    created = Caller(api(), "bob").document["paths"]["/people"]["post"]["responses"]["201"]
    assert created["links"].keys() == ids
    created = Caller(api(), "ada").document["paths"]["/people"]["post"]["responses"]["201"]
    assert {*ids, "delete", "list_staff", "list_payments"} < created["links"].keys()


def test_the_index_and_the_schemas_are_each_callers_own() -> None:
    app = api()
    ada, nobody = Caller(app, "ada"), Caller(app, "nobody")
    assert nobody.get("/").json["links"].keys() == {"docs", "openapi", "schema", "people", "news"}
    assert {"desks", "payments"} < ada.get("/").json["links"].keys()
    assert nobody.get("/schema/people").json["properties"].keys() == {
        "id", "name", "grade", "desk", "resource_uri",
    }  # fmt: skip
    assert "wage" in ada.get("/schema/people").json["properties"]
    assert nobody.get("/schema/payments").json["detail"] == (
        "There is nothing in schema with the resource 'payments': it must be one of people, news."
    )
    assert (
        "payments" in ada.get("/schema").json["$defs"]
        or "Payments" in ada.get("/schema").json["$defs"]
    )
    sent = nobody.get("/", Accept="text/html")
    assert (sent.status, sent.headers["Location"]) == (303, "/docs")


def test_allow_has_the_methods_that_one_may_use() -> None:
    app = api()
    allow = {name: Caller(app, name).raw("OPTIONS", "/people").headers["Allow"] for name in NAMES}
    assert allow == {
        "ada": "DELETE, GET, HEAD, OPTIONS, PATCH, POST",
        "bob": "GET, HEAD, OPTIONS, PATCH, POST",
        "nobody": "GET, HEAD, OPTIONS",
    }
    bob = Caller(app, "bob")
    refused = bob.raw("PUT", "/people", b"{}")
    assert (refused.status, refused.headers["Allow"]) == (405, allow["bob"])
    assert "DELETE" not in refused.data.decode()
    assert bob.raw("OPTIONS", "/desks").headers["Allow"] == "OPTIONS"
    assert bob.raw("OPTIONS", "/docs").headers["Allow"] == "GET, HEAD, OPTIONS"
    wrong = Client(app).raw("OPTIONS", "/people", headers={"X-API-Key": "wrong"})
    assert (wrong.status, wrong.headers["Allow"]) == (204, allow["nobody"])


@pytest.mark.parametrize("target", SAID)
def test_wrong_credentials_are_refused(target: str) -> None:
    client = shared("3.1", "nobody")
    refused = client.raw("GET", target, headers={"X-API-Key": "wrong"})
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"]
    assert refused.json["detail"] == "The credentials of the request are wrong."


@pytest.mark.parametrize("target", SAID)
def test_nobody_else_keeps_what_is_for_one(target: str) -> None:
    for name in ("nobody", "ada"):
        answer = shared("3.1", name).raw("GET", target)
        assert answer.headers["Cache-Control"] == "private, no-store"


def test_nobody_else_is_told_from_a_cache_which_methods_one_has() -> None:
    for name in ("nobody", "ada"):
        answer = shared("3.1", name).raw("TRACE", "/people")
        assert (answer.status, answer.headers["Cache-Control"]) == (405, "no-store")
    full = Client(api("full")).raw("TRACE", "/people")
    assert full.status == 405 and "Cache-Control" not in full.headers


def test_the_whole_document_is_the_applications_own() -> None:
    app = api()
    assert app.document["paths"].keys() == api("full").document["paths"].keys()
    known = {**api("full").document["components"]["schemas"]}
    assert app.document["components"]["schemas"] == known
    assert app.document["paths"]["/schema"]["get"]["security"] == [{}, {"ApiKey": []}]


def test_a_document_is_made_once_for_all_with_the_same_rights() -> None:
    app = api()
    bob, eve = Caller(app, "bob"), Caller(app, "eve")
    assert bob.raw("GET", "/openapi.json").data == eve.raw("GET", "/openapi.json").data
    assert bob.raw("HEAD", "/openapi.json").status == 200


@pytest.mark.parametrize(
    ("app", "said"),
    [
        (lambda: api("allwed"), "document is 'allwed', and neither 'full' nor 'allowed'."),
        (
            lambda: WSGIDispatcher(
                [controller("news", News, [], authentication=None)], document="allowed"
            ),
            "document is 'allowed', and no controller has the option authentication: everybody may "
            "use all that there is.",
        ),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(app: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        app()
    assert said in str(refused.value)


FIELDS = ("wage", "grade", "remarks", "boss", "desk")
some_fields = st.lists(st.sampled_from(FIELDS), unique=True)


def drawn(readable: Collection[str], writable: Collection[str], verbs: dict[str, Any]) -> Any:
    class Drawn(People):
        resource = People.resource
        controller = {
            "list_verbs": People.controller["list_verbs"],
            "unique_verbs": People.controller["unique_verbs"],
            "options": {
                **{  # type: ignore[typeddict-item]
                    name: given
                    for name, given in People.controller["options"].items()
                    if name != "children"
                },
                "authorization": verbs,
                "readable": dict.fromkeys(readable, HR),
                "writable": dict.fromkeys(writable, HR),
            },
        }
        view = People.view

    desks = controller("desks", Desk, [], authorization=HR)
    return WSGIDispatcher([Drawn, desks], document="allowed", debug=True)


@settings(max_examples=60 if CI else 10, deadline=None)
@given(
    readable=some_fields,
    writable=some_fields,
    verbs=st.fixed_dictionaries(
        {verb: st.sampled_from([Anyone(), Authenticated(), HR])
         for verb in ("GET", "POST", "PUT", "PATCH", "DELETE", "*")}
    ),
    name=st.sampled_from(NAMES),
)  # fmt: skip
def test_whatever_is_forbidden_is_in_no_document(
    readable: list[str], writable: list[str], verbs: dict[str, Any], name: str
) -> None:
    caller = Caller(drawn(readable, writable, verbs), name)
    hold_against_what_is_answered(caller)
    may = {verb: needed.allows(known(name)) for verb, needed in verbs.items()}
    methods = {each.partition(" ")[0] for each in caller.operations if " /people" in each}
    assert methods == {verb for verb, allowed in may.items() if allowed and verb != "*"}
    reads = may["GET"] or may["POST"] or may["PUT"] or may["PATCH"]
    writes = may["POST"] or may["PUT"] or may["PATCH"]
    is_hr = name == "ada"
    text = caller.raw("GET", "/openapi.json").data.decode() + caller.get("/schema").data.decode()
    for field in FIELDS:
        is_read = reads and (is_hr or field not in readable)
        is_set = writes and (is_hr or field not in writable)
        # A change of many is found by filters, which need not be read by their answer.
        is_asked = may["DELETE"] and field != "desk" and (is_hr or field not in readable)
        found = re.search(rf"(?<![A-Za-z]){field}(?![A-Za-z])", text) is not None
        assert found == (is_read or is_set or is_asked), field


def known(name: str) -> Any:
    return USERS.get(hash_api_key(KEYS[name])) if name in KEYS else None


@pytest.mark.parametrize(
    ("name", "version"), [*((name, "3.1") for name in NAMES), ("bob", "3.0"), ("bob", "3.2")]
)
@fuzzed_in_ci
def test_schemathesis_finds_no_difference(name: str, version: Any) -> None:
    check_contract(
        lambda: api(openapi=version),
        settings=asking.settings(name) if name in KEYS else None,
        document_headers={"X-API-Key": KEYS[name]} if name in KEYS else None,
        examples=8,
        seed=1,
    )
