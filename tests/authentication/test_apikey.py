"""Keys that programs send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest

from openrest import models
from openrest.authentication import ApiKeyAuthentication, hash_api_key, new_api_key
from openrest.authorization import Anyone, Authenticated, Role, Scope
from openrest.config import ControllerOptions
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError, NotFound
from openrest.idempotency import Idempotency
from openrest.interfaces import Authentication, Permission, User
from openrest.pagination import Pagination
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.client import Answer, Client
from tests.needs import fuzzed_in_ci

ADA, BOB = "key-of-ada", "key-of-bob"
USERS: dict[str, User] = {
    hash_api_key(ADA): {"id": "ada", "scopes": ["admin"]},
    hash_api_key(BOB): {"id": "bob"},
}


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


def api(authentication: Authentication | None, authorization: Any = ..., **more: Any) -> Client:
    chosen: ControllerOptions = {"authentication": authentication, "pagination": Pagination(2)}
    if authorization is not ...:
        chosen["authorization"] = authorization

    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": [{"text": "a"}, {"text": "b"}, {"text": "c"}],
            "model": Note,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": {**chosen, **more},  # type: ignore[typeddict-item]
        }
        view = {"response_class": JsonResponse}

        def create(self, call: Call) -> Result:
            call.body["text"] += f" by {call.user['id'] if call.user else 'nobody'}"
            return super().create(call)

    return Client(WSGIDispatcher([Notes], debug=True))


Where = Literal["header", "query", "cookie"]
WHERE: dict[Where, Callable[[str], tuple[str, dict[str, str]]]] = {
    "header": lambda key: ("/notes", {"X-API-Key": key}),
    "query": lambda key: (f"/notes?api_key={key}", {}),
    "cookie": lambda key: ("/notes", {"Cookie": f"a=b; api_key={key}; c=d"}),
}


def ask(client: Client, where: Where, key: str, method: str = "GET", body: Any = None) -> Answer:
    target, headers = WHERE[where](key)
    return client.send(method, target, body, headers=headers)


@pytest.mark.parametrize("where", WHERE)
def test_a_key_says_who_makes_a_request(where: Where) -> None:
    client = api(ApiKeyAuthentication(USERS, location=where))
    assert ask(client, where, ADA, "POST", {"text": "x"}).json["text"] == "x by ada"
    for key in ("", "wrong", "x" + ADA, ADA * 200, hash_api_key(ADA), "é"):
        answer = ask(client, where, key)
        assert answer.status == 401, key
    answer = client.get("/notes")
    assert (answer.status, answer.json["detail"]) == (
        401,
        "It has to be known who makes this request.",
    )
    parameter = "X-API-Key" if where == "header" else "api_key"
    assert answer.headers["WWW-Authenticate"] == f'ApiKey in="{where}", name="{parameter}"'


def test_a_key_that_is_there_twice_is_none() -> None:
    client = api(ApiKeyAuthentication(USERS, location="query"))
    assert client.get(f"/notes?api_key={ADA}&api_key={BOB}").status == 401
    client = api(ApiKeyAuthentication(USERS, location="cookie"))
    assert client.get("/notes", Cookie=f"api_key={ADA}; api_key={BOB}").status == 401


def test_a_parameter_is_found_however_its_name_is_escaped() -> None:
    client = api(ApiKeyAuthentication(USERS, location="query"))
    assert client.get(f"/notes?api%5Fkey={ADA}").status == 200


def test_credentials_have_a_parameter_of_their_own() -> None:
    with pytest.raises(ConfigurationError, match="the credentials are in the parameter 'text'"):
        api(ApiKeyAuthentication(USERS, location="query", parameter="text"))


def test_roles_are_told_apart_and_any_of_them_will_do() -> None:
    users: dict[str, User] = {
        hash_api_key(ADA): {"id": 1, "roles": ["editor"]},
        hash_api_key(BOB): {"id": 2, "roles": "reader guest"},
    }
    client = api(ApiKeyAuthentication(users), {"GET": Role("admin", "editor"), "*": Role("guest")})
    asked = [client.get("/notes", **{"X-API-Key": key}).status for key in (ADA, BOB)]
    sent = [
        client.send("POST", "/notes", {"text": "x"}, headers={"X-API-Key": key}).status
        for key in (ADA, BOB)
    ]
    assert (asked, sent) == ([200, 403], [403, 201])


def test_a_permission_of_ones_own_announces_what_it_refuses() -> None:
    class Odd(Permission):
        def allows(self, user: User | None) -> bool:
            return user is not None and user["id"] != "bob"

    client = api(ApiKeyAuthentication(USERS), Odd())
    assert client.get("/notes", **{"X-API-Key": BOB}).status == 403
    assert client.get("/notes").status == 401


def test_an_operation_of_ones_own_is_asked_for_as_its_method_is() -> None:
    class Bells(Controller):
        resource = {
            "resource_name": "bells",
            "resource": [],
            "model": Note,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET"],
            "options": {
                "authentication": ApiKeyAuthentication(USERS),
                "authorization": {"GET": Anyone(), "*": Scope("admin")},
            },
        }
        view = {"response_class": JsonResponse}

        @operation("GET", "/heard", returns=None)
        def heard(self, call: Call) -> Result:
            return Result(None, 204)

        @operation("POST", "/ring", returns=None)
        def ring(self, call: Call) -> Result:
            return Result(None, 204)

    client = Client(WSGIDispatcher([Bells], debug=True))
    assert client.get("/bells/heard").status == 204
    statuses = [
        client.send("POST", "/bells/ring", headers=headers).status
        for headers in ({}, {"X-API-Key": BOB}, {"X-API-Key": ADA})
    ]
    assert statuses == [401, 403, 204]


def test_a_key_in_the_query_goes_into_no_answer() -> None:
    client = api(ApiKeyAuthentication(USERS, location="query"))
    answer = client.get(f"/notes?api_key={ADA}&limit=1")
    assert answer.json["meta"]["next"] == "/notes?offset=1&limit=1"
    assert ADA not in answer.data.decode() + str(answer.headers)


def test_the_document_says_how_and_where() -> None:
    document = api(ApiKeyAuthentication(USERS), {"GET": Anyone(), "*": Scope("admin")}).document
    assert document["components"]["securitySchemes"] == {
        "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    }
    listing, creating = document["paths"]["/notes"]["get"], document["paths"]["/notes"]["post"]
    assert listing["security"] == [{}, {"ApiKey": []}]
    assert creating["security"] == [{"ApiKey": []}]
    assert creating["description"].endswith("Needs the scope `admin`.")
    assert "403" not in listing["responses"] and "401" in listing["responses"]
    assert {"401", "403"} <= creating["responses"].keys()
    assert "security" not in document["paths"]["/"]["get"]


def test_a_permission_is_asked_for_each_verb() -> None:
    client = api(ApiKeyAuthentication(USERS), {"GET": Anyone(), "DELETE": Scope("admin")})
    assert client.get("/notes").status == 200
    assert client.get("/notes", **{"X-API-Key": "wrong"}).status == 401
    statuses = [
        client.send("POST", "/notes", {"text": "x"}, headers=headers).status
        for headers in ({}, {"X-API-Key": BOB})
    ]
    assert statuses == [401, 201]
    statuses = [
        client.send("DELETE", "/notes/1", headers=headers).status
        for headers in ({}, {"X-API-Key": BOB}, {"X-API-Key": ADA}, {"X-API-Key": ADA})
    ]
    assert statuses == [401, 403, 204, 404]


def test_who_may_not_learns_nothing_of_what_is_wrong_or_there() -> None:
    client = api(ApiKeyAuthentication(USERS), Scope("admin"))
    for target in ("/notes/1", "/notes/99", "/notes/x", "/notes?nonsense=1"):
        assert client.raw("GET", target).status == 401
        assert client.raw("GET", target, headers={"X-API-Key": BOB}).status == 403
    assert client.raw("POST", "/notes", b"{", headers={"X-API-Key": BOB}).status == 403


def test_a_head_asks_as_a_get_does_and_options_never() -> None:
    client = api(ApiKeyAuthentication(USERS))
    assert client.raw("HEAD", "/notes").status == 401
    assert client.raw("OPTIONS", "/notes").status == 204


def test_keys_are_in_a_store_or_behind_a_function() -> None:
    class Key(models.Model):
        id = models.StringPkField()
        digest = models.StringField(required=True)

    store = PythonListDataStore([{"id": "ada", "digest": hash_api_key(ADA)}], Key)
    assert store.get("ada")
    for keys in (store, lambda digest: {"id": "ada"} if digest == hash_api_key(ADA) else None):
        client = api(ApiKeyAuthentication(keys))
        made = client.send("POST", "/notes", {"text": "x"}, headers={"X-API-Key": ADA})
        assert made.json["text"] == "x by ada"
        assert client.get("/notes", **{"X-API-Key": BOB}).status == 401
    with pytest.raises(ConfigurationError, match="its model has no field 'hash'"):
        ApiKeyAuthentication(store, member="hash")


def test_a_new_key_is_known_by_its_digest() -> None:
    key, digest = new_api_key()
    assert hash_api_key(key) == digest
    assert key != new_api_key()[0] and len(key) == 43


def test_an_idempotency_key_is_that_of_one_user() -> None:
    client = api(ApiKeyAuthentication(USERS), idempotency=Idempotency())
    made = [
        client.send(
            "POST", "/notes", {"text": "x"}, headers={"X-API-Key": key, "Idempotency-Key": '"k"'}
        ).json["text"]
        for key in (ADA, BOB, ADA)
    ]
    assert made == ["x by ada", "x by bob", "x by ada"]


def test_what_is_shown_to_one_is_kept_by_no_cache_for_all() -> None:
    headers = {"X-API-Key": ADA}
    authentication = ApiKeyAuthentication(USERS)
    assert api(authentication).get("/notes", **headers).headers["Cache-Control"] == (
        "private, no-cache"
    )
    public = api(authentication, cache_control="public, max-age=60")
    assert public.get("/notes", **headers).headers["Cache-Control"] == "public, max-age=60"


def test_that_something_is_not_there_for_one_is_kept_by_no_cache_for_all() -> None:
    client = api(ApiKeyAuthentication(USERS), cache_control="public, max-age=60")
    for target in ("/notes/77", "/notes/no-key"):
        missing = client.get(target, **{"X-API-Key": ADA})
        assert (missing.status, missing.headers["Cache-Control"]) == (404, "no-store")
    answer = client.app.document["paths"]["/notes/{id}"]["get"]["responses"]["404"]
    assert client.resolved(answer)["headers"]["Cache-Control"]["required"] is True
    # Where nobody is asked who they are, it is there for nobody.
    assert "Cache-Control" not in client.get("/nothing").headers


def test_no_author_can_have_it_kept() -> None:
    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": [],
            "model": Note,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": [],
            "unique_verbs": ["GET"],
            "options": {"authentication": ApiKeyAuthentication(USERS)},
        }
        view = {"response_class": JsonResponse}

        def get(self, call: Call) -> Result:
            raise NotFound("It is gone.", headers=[("cache-control", "public, max-age=60")])

    missing = Client(WSGIDispatcher([Notes], debug=True)).get("/notes/1", **{"X-API-Key": ADA})
    assert missing.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"location": "haeder"}, "there is no location 'haeder'. Did you mean 'header'?"),
        ({"parameter": "a b"}, "'a b' is no name of a header"),
        ({"keys": {"secret-key": {"id": 1}}}, "keys are kept as digests, which hash_api_key"),
        ({"keys": 5}, "in a mapping, a datastore or a function"),
    ],
)
def test_what_makes_no_sense_is_refused(options: Any, said: str) -> None:
    with pytest.raises(ValueError, match=None) as refused:
        ApiKeyAuthentication(**{"keys": USERS, **options})
    assert said in str(refused.value) and "secret-key" not in str(refused.value)


@pytest.mark.parametrize(
    ("authentication", "authorization", "said"),
    [
        (ApiKeyAuthentication, ..., "authentication: ApiKeyAuthentication is a class: write"),
        ([ApiKeyAuthentication(USERS)], ..., "join several with AnyOf(...) or AllOf(...)"),
        ("secret", ..., "is neither None nor an Authentication but a str."),
        (None, Anyone(), "authorization: without the option authentication nobody is known."),
        (ApiKeyAuthentication(USERS), {"GTE": Anyone()}, "'GTE' is none of GET, POST, PUT,"),
        (ApiKeyAuthentication(USERS), {"GET": Anyone}, "Anyone is a class: write Anyone(...)."),
        (ApiKeyAuthentication(USERS), {"GET": "admin"}, "'GET' is not a permission, such as"),
        (ApiKeyAuthentication(USERS), 5, "is neither a permission nor a mapping of verbs"),
    ],
)
def test_an_option_that_cannot_be_is_refused(
    authentication: Any, authorization: Any, said: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        api(authentication, authorization)
    assert said in str(refused.value)


PERMISSIONS: list[Any] = [
    Authenticated(),
    {"GET": Anyone(), "*": Scope("admin")},
]


@fuzzed_in_ci
def test_the_document_and_the_server_agree_on_who_may() -> None:
    client = api(ApiKeyAuthentication(USERS), {"GET": Anyone(), "*": Scope("admin")})
    check_contract(
        client.app, examples=30, settings={"auth": {"openapi": {"ApiKey": {"api_key": ADA}}}}
    )


@fuzzed_in_ci
@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("permission", PERMISSIONS, ids=["known", "scope"])
def test_the_document_and_the_server_agree(where: Where, permission: Permission) -> None:
    client = api(ApiKeyAuthentication(USERS, location=where), permission)
    check_contract(
        client.app, examples=40, settings={"auth": {"openapi": {"ApiKey": {"api_key": ADA}}}}
    )
