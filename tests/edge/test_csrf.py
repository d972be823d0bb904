"""What a page of another site makes a browser send, with the cookies of whoever sits there."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest import models
from openrest.authentication import AllOf, AnyOf, ApiKeyAuthentication, hash_api_key
from openrest.authorization import Scope
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.edge import CORS, Proxies
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse
from tests.contract.client import Answer, Client
from tests.needs import fuzzed_in_ci

USERS: Any = {hash_api_key("key-of-ada"): {"id": "ada", "scopes": ["admin"]},
         hash_api_key("key-of-bob"): {"id": "bob"}}  # fmt: skip
COOKIE = {"Cookie": "sid=key-of-ada"}
OWN = "https://api.example"


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


def controller(authentication: Any, authorization: Any = None) -> type[Controller]:
    options: Any = {"authentication": authentication}
    if authorization is not None:
        options["authorization"] = authorization

    class Notes(Controller):
        resource = {
            "resource_name": "notes",
            "resource": [{"text": "a"}],
            "model": Note,
            "datastore": PythonListDataStore,
        }
        controller = {
            "list_verbs": ["GET", "POST"],
            "unique_verbs": ["GET", "PUT", "PATCH", "DELETE"],
            "options": options,
        }
        view = {"response_class": JsonResponse}

    return Notes


BY_COOKIE = ApiKeyAuthentication(USERS, location="cookie", parameter="sid", name="Cookie")
BY_HEADER = ApiKeyAuthentication(USERS, name="Header")


def api(authentication: Any = BY_COOKIE, **options: Any) -> Client:
    return Client(WSGIDispatcher([controller(authentication)], debug=True, **options))


def post(client: Client, scheme: str = "https", **headers: str) -> Answer:
    """Create a note, checked against the document."""
    sent = {"Host": "api.example", **{n.replace("_", "-"): v for n, v in headers.items()}}
    secure: Any = {"wsgi.url_scheme": scheme}
    answer = client.raw("POST", "/notes", b'{"text": "b"}', headers=sent, **secure)
    client.check("POST", "/notes", answer)
    return answer


@pytest.mark.parametrize(
    "said",
    [
        {"Sec_Fetch_Site": "same-origin", "Origin": OWN},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "none"},
        {"Origin": OWN},
        {"Origin": OWN, "Host": "API.example:443"},
        # A program, or a browser from before 2020.
        {},
        {"Sec_Fetch_Site": ""},
    ],
)
def test_what_a_page_of_the_same_origin_sends_is_answered(said: dict[str, str]) -> None:
    assert post(api(), **COOKIE, **said).status == 201


@pytest.mark.parametrize(
    "said",
    [
        {"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example"},
        {"Sec_Fetch_Site": "cross-site", "Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "https://sister.example"},
        # By way of a redirection of another site.
        {"Sec_Fetch_Site": "cross-site", "Origin": OWN},
        {"Sec_Fetch_Site": "SAME-ORIGIN"},
        {"Sec_Fetch_Site": "same-origin, cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://api.example"},
        {"Origin": "https://api.example:8443"},
        {"Origin": "https://api.example.evil"},
        {"Origin": "https://api.example", "Host": "evil.example"},
    ],
)
def test_what_a_page_of_another_site_sends_is_refused(said: dict[str, str]) -> None:
    client = api()
    answer = post(client, **COOKIE, **said)
    assert answer.status == 403
    assert answer.json["detail"] == "A page of another site has made a browser send this request."
    assert client.get("/notes", **COOKIE).json["meta"]["total_count"] == 1


@given(st.text(), st.text())
def test_no_other_text_is_taken_for_the_same_origin(site: str, origin: str) -> None:
    headers = {"Host": "api.example", **COOKIE, "Sec-Fetch-Site": site, "Origin": origin}
    if site not in ("same-origin", "none") and origin != "http://api.example":
        assert CLIENT.raw("POST", "/notes", b"{}", headers=headers).status == 403


CLIENT = api()
EVIL = {"Sec_Fetch_Site": "cross-site", "Origin": "https://evil.example"}


def test_it_is_refused_whatever_the_cookie_says() -> None:
    assert post(api(), Cookie="sid=wrong", **EVIL).status == 403


@pytest.mark.parametrize(("method", "target"), [("PUT", "/notes/1"), ("PATCH", "/notes/1"),
                                                ("DELETE", "/notes/1")])  # fmt: skip
def test_so_is_every_change(method: str, target: str) -> None:
    headers = {"Host": "api.example", **COOKIE, "Sec-Fetch-Site": "cross-site"}
    assert api().send(method, target, {"text": "b"}, headers=headers).status == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_changes_nothing_is_answered(method: str) -> None:
    headers = {**COOKIE, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert api().send(method, "/notes", headers=headers).status < 300


def test_without_the_cookie_nothing_is_looked_at() -> None:
    client = api(AnyOf(BY_HEADER, BY_COOKIE))
    assert post(client, X_API_Key="key-of-ada", **EVIL).status == 201
    assert post(client, X_API_Key="key-of-ada", Cookie="other=1", **EVIL).status == 201
    assert post(client, **EVIL).status == 401


def test_with_the_cookie_all_that_it_is_joined_with_is_looked_at() -> None:
    for joined in (AnyOf(BY_HEADER, BY_COOKIE), AllOf(BY_HEADER, BY_COOKIE)):
        assert post(api(joined), X_API_Key="key-of-ada", **COOKIE, **EVIL).status == 403


def test_a_page_that_may_send_credentials_may_send_this() -> None:
    client = api(cors=CORS(origins=["https://*.app.example"], credentials=True))
    said = {"Sec_Fetch_Site": "cross-site", "Origin": "https://a.app.example"}
    assert post(client, **COOKIE, **said).status == 201
    assert post(client, **COOKIE, **EVIL).status == 403


def test_a_page_that_may_read_answers_alone_may_not() -> None:
    for origins in (["https://app.example"], ["*"]):
        client = api(cors=CORS(origins=origins))
        said = {"Sec_Fetch_Site": "cross-site", "Origin": "https://app.example"}
        answer = post(client, **COOKIE, **said)
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" in answer.headers


def test_a_proxy_that_ends_tls_says_which_origin_it_is() -> None:
    proxies = Proxies(trusted=["10.0.0.0/8"])
    client = api(proxies=proxies)
    headers = {"Host": "api.example", **COOKIE, "Origin": OWN, "X-Forwarded-Proto": "https"}
    for peer, status in (("10.0.0.1", 201), ("192.0.2.1", 403)):
        answer = client.raw("POST", "/notes", b'{"text": "b"}', headers=headers, REMOTE_ADDR=peer)
        assert answer.status == status


def test_what_a_cookie_cannot_change_announces_nothing_of_it() -> None:
    paths = api().document["paths"]
    assert "403" in paths["/notes"]["post"]["responses"]
    assert "403" not in paths["/notes"]["get"]["responses"]
    paths = api(BY_HEADER).document["paths"]
    assert "403" not in paths["/notes"]["post"]["responses"]


def test_both_reasons_of_a_403_are_in_the_document() -> None:
    app = WSGIDispatcher([controller(BY_COOKIE, Scope("admin"))], debug=True)
    client = Client(app)
    creating = client.document["paths"]["/notes"]["post"]["responses"]["403"]
    assert client.resolved(creating)["description"] == (
        "Whoever makes the request may not; or: A page of another site has made a browser send "
        "the request, and the cookie"
    )
    assert post(client, Cookie="sid=key-of-bob").json["detail"] == "You may not do this."


@fuzzed_in_ci
def test_the_document_tells_the_truth() -> None:
    settings = {"auth": {"openapi": {"Cookie": {"api_key": "key-of-ada"}}}}
    notes = controller(BY_COOKIE)

    def make() -> WSGIDispatcher:
        return WSGIDispatcher([notes], debug=True)

    check_contract(make, examples=10, seed=1, settings=settings)
