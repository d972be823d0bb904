"""Names and passwords."""

from __future__ import annotations

import logging
import time
from base64 import b64encode
from statistics import median
from typing import Any

import pytest

from openrest import models
from openrest.authentication import AnyOf, ApiKeyAuthentication, hash_api_key, passwords
from openrest.authentication.basic import BasicAuthentication
from openrest.authentication.passwords import Scrypt, hash_password
from openrest.authentication.verifying import VerificationLimit
from openrest.authorization import Anyone, Authenticated, Scope
from openrest.controllers import Call, Controller, WSGIDispatcher
from openrest.credentials import Sent
from openrest.datastore import PythonListDataStore
from openrest.errors import (
    ConfigurationError,
    CredentialsRefused,
    StoreUnavailable,
    UpstreamFailed,
    UpstreamTimedOut,
)
from openrest.interfaces import Record, User
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.authentication.test_apikey import api
from tests.contract.client import MERGE_PATCH, Client
from tests.needs import fuzzed_in_ci

CHEAP = Scrypt(4, 8, 1)
SECRET, OF_ZOE = "s3cret:with colons", "pässwörd"
HASH = hash_password(SECRET, CHEAP)
USERS: dict[str, User] = {
    "ada": {"id": "ada", "password": HASH, "scopes": ["admin"]},
    "zoë": {"id": "zoe", "password": hash_password(OF_ZOE, CHEAP)},
    "bob": {"id": "bob"},
}


class Recovery(models.Model):
    question = models.StringField(required=True)
    answer = models.StringField(load_only=True)


class Account(models.Model):
    id = models.PkField()
    username = models.StringField(required=True)
    password = models.StringField(load_only=True)
    pin = models.StringField(load_only=True)
    recovery = models.NestedField(Recovery)


def scheme(users: Any = USERS, **options: Any) -> BasicAuthentication:
    return BasicAuthentication(users, **{"hasher": CHEAP, **options})


def coded(text: str | bytes) -> str:
    return b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {coded(f'{name}:{password}')}"}


def header(value: str | None) -> Sent:
    return Sent({} if value is None else {"HTTP_AUTHORIZATION": value})


def sent(name: str, password: str) -> Sent:
    return header(basic(name, password)["Authorization"])


def test_a_name_and_a_password_say_who_makes_a_request() -> None:
    client = api(scheme())
    for name, password, id in (("ada", SECRET, "ada"), ("zoë", OF_ZOE, "zoe")):
        headers = basic(name, password)
        made = client.send("POST", "/notes", {"text": "x"}, headers=headers)
        assert made.json["text"] == f"x by {id}"
    for name, password in (("ada", "wrong"), ("ada", ""), ("eve", SECRET), ("bob", ""), ("", "")):
        answer = client.get("/notes", **basic(name, password))
        assert (answer.status, answer.json["detail"]) == (
            401,
            "The credentials of the request are wrong.",
        )
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="API", charset="UTF-8"'
    assert client.get("/notes").status == 401


def test_a_hash_is_no_password() -> None:
    assert api(scheme()).get("/notes", **basic("ada", HASH)).status == 401


@pytest.mark.parametrize("form", ["Basic {}", "basic {}", "BASIC {}", "bAsIc   {}", " Basic {} \t"])
def test_the_scheme_is_of_any_case(form: str) -> None:
    user = scheme().authenticate(header(form.format(coded(f"ada:{SECRET}"))))
    assert user == {"id": "ada", "scopes": ["admin"]}


def test_an_é_in_a_name_is_one_however_it_was_typed() -> None:
    user = scheme().authenticate(sent("zoe\u0308", "pa\u0308sswo\u0308rd"))
    assert user == {"id": "zoe"}


GOOD = coded(f"ada:{SECRET}")
MALFORMED = [
    "Basic",
    "Basic ",
    "Basic,",
    "Basic\t" + GOOD,
    f"Basic {GOOD} x",
    f"Basic {GOOD},",
    f"Basic {GOOD},Basic {GOOD}",
    f"Basic {GOOD}, Bearer x",
    f"Basic {GOOD}=",
    f"Basic ={GOOD}",
    f"Basic {GOOD[:-1]}",
    f"Basic {GOOD[:8]}\n{GOOD[8:]}",
    f"Basic {GOOD[:8]} {GOOD[8:]}",
    f"Basic {GOOD}\xe9",
    f"Basic\xe9 {GOOD}",
    "Basic \u0661\u0662\u0663\u0664",
    "Basic ada:secret",
    "Basic " + coded("no colon"),
    "Basic " + coded(b"ada:\xff"),
    "Basic " + coded(b"\xe9:x"),
    "Basic " + coded(b"ada:\xed\xa0\x80"),
    "Basic " + coded(b"ada:\xc0\x80"),
    "Basic " + coded(f"ada:{SECRET}\0"),
    "Basic " + coded(f"\0ada:{SECRET}"),
    "Basic " + coded(f"ada\n:{SECRET}"),
    "Basic " + coded(f"ada:{SECRET}\x7f"),
    "Basic " + coded("ada:" + "x" * 4096),
    "Basic " + "x" * 30_000,
    "Basic " + " " * 5000 + GOOD,
    # Another spelling of "ada:x9" in base64, which loose readers take.
    "Basic YWRhOng=".replace("g=", "h="),
    "Basic YWRh-_==",
]


@pytest.mark.parametrize("value", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_malformed_is_refused(value: str) -> None:
    with pytest.raises(CredentialsRefused) as refused:
        scheme(lambda name: USERS["ada"]).authenticate(header(value))
    assert refused.value.__context__ is None and refused.value.args == ("", "")


# What is longer than all headers may be is 431 before anybody looks at it.
@pytest.mark.parametrize("value", [e for e in MALFORMED if "\n" not in e and len(e) < 30_000])
def test_what_is_malformed_is_answered_401(value: str) -> None:
    client = api(scheme(), Anyone())
    assert client.get("/notes", Authorization=value).status == 401


@pytest.mark.parametrize("value", [None, "", "Bearer x", "Basics x", "Basic-x y", "Digest a=b"])
def test_another_scheme_is_none_of_ours(value: str | None) -> None:
    assert scheme().authenticate(header(value)) is None


def test_what_is_no_name_is_not_looked_up_and_a_name_ends_at_the_first_colon() -> None:
    names: list[str] = []

    def find(name: str) -> None:
        names.append(name)

    one = scheme(find)
    for value in (*MALFORMED, "Basic " + coded("a:b:c"), "Basic " + coded(":x")):
        with pytest.raises(CredentialsRefused):
            one.authenticate(header(value))
    assert names == ["a", ""]


def test_users_are_in_a_store_or_behind_a_function() -> None:
    store = PythonListDataStore(
        [
            {
                "id": 1,
                "username": "ada",
                "password": HASH,
                "pin": "1234",
                "recovery": {"question": "?", "answer": "!"},
            },
            {"id": 2, "username": "bob"},
            {"id": 3, "username": "two", "password": HASH},
            {"id": 4, "username": "two", "password": HASH},
        ],
        Account,
    )
    one = scheme(store)
    # Neither the hash nor what else is write-only.
    assert one.authenticate(sent("ada", SECRET)) == {"id": 1, "username": "ada"}
    for name in ("bob", "two", "eve"):
        with pytest.raises(CredentialsRefused):
            one.authenticate(sent(name, SECRET))
    assert scheme(USERS.get).authenticate(sent("ada", SECRET)) == {"id": "ada", "scopes": ["admin"]}
    assert USERS["ada"]["password"] == HASH


def test_who_is_deleted_or_has_another_password_is_refused_at_once() -> None:
    store = PythonListDataStore([{"id": 1, "username": "ada", "password": HASH}], Account)
    client = api(scheme(store))
    old, new = basic("ada", SECRET), basic("ada", "new")
    assert [client.get("/notes", **each).status for each in (old, old, new)] == [200, 200, 401]
    store.update(1, lambda record: {**record, "password": hash_password("new", CHEAP)})
    assert [client.get("/notes", **each).status for each in (old, new)] == [401, 200]
    store.delete(1)
    assert [client.get("/notes", **each).status for each in (old, new)] == [401, 401]


def test_who_logs_in_can_be_kept_by_the_api_itself() -> None:
    store = PythonListDataStore([], Account)

    class Accounts(Controller):
        resource = {
            "resource_name": "accounts",
            "model": Account,
            "datastore": store,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["PATCH"],
            "options": {
                "authentication": scheme(store),
                "authorization": {"POST": Anyone(), "*": Authenticated()},
            },
        }
        view = {"response_class": JsonResponse}

        def before_create(self, call: Call, record: Record) -> Record:
            return {**record, "password": hash_password(record["password"], CHEAP)}

        def before_update(self, call: Call, current: Record, record: Record) -> Record:
            if record["password"] == current["password"]:
                return record
            return {**record, "password": hash_password(record["password"], CHEAP)}

    client = Client(WSGIDispatcher([Accounts], debug=True))
    new = {"username": "ada", "password": "old", "pin": "1234"}
    assert client.post("/accounts", new).json == {"id": 1, "username": "ada"}
    old, other = basic("ada", "old"), basic("ada", "new")
    shown = client.get("/accounts", **old)
    assert shown.json["object_list"] == [{"id": 1, "username": "ada"}]
    for body, headers, status in (
        ({"pin": "5678"}, old, 200),
        ({"password": "new"}, old, 200),
        ({"pin": "9"}, old, 401),
        ({"pin": "9"}, other, 200),
    ):
        answer = client.send(
            "PATCH", "/accounts/1", body, content_type=MERGE_PATCH, headers=headers
        )
        assert answer.status == status
        assert b"scrypt" not in answer.data


@pytest.mark.parametrize("hash", ["plain-secret", "", 5, "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/Pg"])
def test_a_hash_that_cannot_be_read_is_nobodys_and_logged_once(
    hash: Any, caplog: pytest.LogCaptureFixture
) -> None:
    passwords._warn.cache_clear()
    one = scheme(lambda name: {"id": 1, "password": hash})
    with caplog.at_level(logging.DEBUG):
        for _ in range(2):
            for password in ("plain-secret", "other"):
                with pytest.raises(CredentialsRefused):
                    one.authenticate(sent("ada", password))
    assert [record.getMessage() for record in caplog.records] == [
        "passwords: a hash is of no form that hash_password makes, "
        "so that no password is right for it"
    ]


def test_who_is_unknown_takes_as_long_as_a_password_that_is_wrong() -> None:
    """A ratio of medians, of the time that this thread computes: others do not count."""
    dear = Scrypt(10, 8, 1)
    users: dict[str, User] = {
        "ada": {"id": 1, "password": hash_password("x", dear)},
        "bob": {"id": 2},
    }
    # The hasher is that of the first hash.
    one = BasicAuthentication(users)
    users["cyd"] = {"id": 3, "password": "unreadable"}
    taken: dict[str, list[float]] = {"ada": [], "bob": [], "cyd": [], "eve": []}
    for round in range(60):
        for name, times in taken.items():
            request = sent(name, f"wrong {round}")
            begun = time.thread_time()
            with pytest.raises(CredentialsRefused):
                one.authenticate(request)
            times.append(time.thread_time() - begun)
    medians = [median(times) for times in taken.values()]
    assert max(medians) / min(medians) < 1.5, medians


def test_too_many_at_once_are_answered_503(caplog: pytest.LogCaptureFixture) -> None:
    limit = VerificationLimit(1, 0.05)
    client = api(scheme(limit=limit), Anyone())
    assert client.get("/notes", **basic("ada", SECRET)).status == 200
    with limit.turn(), caplog.at_level(logging.DEBUG):
        assert client.get("/notes", **basic("ada", SECRET)).status == 200
        away = client.get("/notes", **basic("zoë", OF_ZOE))
    assert (away.status, away.headers["Retry-After"]) == (503, "1")
    assert "1 are being verified" in caplog.text and OF_ZOE not in caplog.text
    assert client.get("/notes", **basic("zoë", OF_ZOE)).status == 200


@pytest.mark.parametrize("error", [StoreUnavailable, UpstreamFailed, UpstreamTimedOut])
def test_users_who_cannot_be_looked_up_are_503(error: type[StoreUnavailable]) -> None:
    def find(name: str) -> None:
        raise error("away", 7)

    answer = api(scheme(find)).get("/notes", **basic("ada", SECRET))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "7")


def test_the_document_says_how() -> None:
    document = api(scheme(name="Login"), Scope("admin")).document
    assert document["components"]["securitySchemes"] == {
        "Login": {"type": "http", "scheme": "basic"}
    }
    listing = document["paths"]["/notes"]["get"]
    assert listing["security"] == [{"Login": []}]
    assert {"401", "403", "503"} <= listing["responses"].keys()


def test_a_realm_is_quoted() -> None:
    one = scheme(realm='The "old" \\ API')
    assert one.challenges(None) == ('Basic realm="The \\"old\\" \\\\ API", charset="UTF-8"',)


def test_it_can_be_joined_with_others() -> None:
    keys = ApiKeyAuthentication({hash_api_key("key"): {"id": "app"}})
    client = api(AnyOf(scheme(), keys))
    assert client.get("/notes", **basic("ada", SECRET)).status == 200
    assert client.get("/notes", **{"X-API-Key": "key"}).status == 200
    refused = client.get("/notes", **basic("ada", "wrong"))
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"] == (
        'Basic realm="API", charset="UTF-8", ApiKey in="header", name="X-API-Key"'
    )
    assert "503" in client.document["paths"]["/notes"]["get"]["responses"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"realm": ""}, "is no realm"),
        ({"realm": "a\r\nb"}, "is no realm"),
        ({"realm": "é"}, "is no realm"),
        ({"cache_seconds": -1}, "0 to 86400 cache_seconds"),
        ({"cache_seconds": float("nan")}, "0 to 86400 cache_seconds"),
        ({"cache_size": -1}, "0 or more for cache_size"),
        ({"member": "password"}, "two fields"),
        ({"users": 5}, "in a mapping, a datastore or a function"),
        ({"users": {"a:b": {"id": 1}}}, "user 1 of the mapping has a name that is no text"),
        ({"users": {"a\0": {"id": 1}}}, "user 1 of the mapping has a name that is no text"),
        ({"users": {"e\u0301": {"id": 1}}}, "user 1 of the mapping has a name that is not in the"),
        ({"users": {**USERS, "x": {"password": HASH}}}, "user 4 of the mapping has no 'id'."),
        (
            {"users": {"ada": {"id": 1, "password": "plain"}}},
            "user 1 of the mapping has no hash in 'password' that hash_password makes.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(options: Any, said: str) -> None:
    with pytest.raises(ValueError) as refused:
        scheme(**{"users": USERS, **options})
    assert said in str(refused.value) and "plain" not in str(refused.value)


def test_a_store_without_the_fields_is_refused() -> None:
    store = PythonListDataStore([], Account)
    with pytest.raises(ConfigurationError, match="its model has no field 'secret'"):
        scheme(store, password="secret")
    with pytest.raises(ConfigurationError, match="its model has no field 'email'"):
        scheme(store, member="email")


def test_no_credential_is_in_a_repr() -> None:
    one = scheme()
    one.authenticate(sent("ada", SECRET))
    shown = repr(one) + repr(one._verifier) + repr(vars(one._verifier))
    assert SECRET not in shown and HASH not in shown


@fuzzed_in_ci
@pytest.mark.parametrize(
    "permission", [Authenticated(), {"GET": Anyone(), "*": Scope("admin")}], ids=["known", "scope"]
)
def test_the_document_and_the_server_agree(permission: Any) -> None:
    credentials = {"username": "ada", "password": SECRET}
    check_contract(
        api(scheme(), permission).app,
        examples=40,
        settings={"auth": {"openapi": {"Basic": credentials}}},
    )
