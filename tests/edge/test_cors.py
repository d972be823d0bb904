"""Pages of other origins: who may read what, and what a browser is told before it sends."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.authorization import Anyone, Authenticated
from openrest.contract import Header, Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare, operation
from openrest.datastore import PythonListDataStore
from openrest.edge import CORS
from openrest.edge.origins import Origins, of_request
from openrest.errors import ConfigurationError
from openrest.models import shapes as s
from openrest.testing.contract import check_contract
from openrest.views import CsvResponse, JsonResponse
from tests.contract.client import Answer, Client
from tests.edge.notes import Note
from tests.needs import fuzzed_in_ci

APP = "https://app.example"
KEY = "key-of-ada"


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"text": "x" * 1000} for _ in range(100)],
        "model": Note,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "DELETE"],
        "options": {
            "pagination": None,
            "prefer": True,
            "authentication": ApiKeyAuthentication({hash_api_key(KEY): {"id": "ada"}}),
            "authorization": {"GET": Anyone(), "*": Authenticated()},
        },
    }
    view = {"response_class": JsonResponse, "options": {"alternatives": [CsvResponse]}}

    @operation(
        "POST",
        "/{id}/fail",
        parameters=[Parameter(name="who", wire="X-Who", location="header", shape=s.String())],
    )
    def fail(self, call: Call) -> Result:
        """Fail."""
        raise ZeroDivisionError

    @declare(
        headers=[Header(name="X-Weight", shape=s.String()), Header(name="Vary", shape=s.String())]
    )
    def get(self, call: Call) -> Result:
        """Answer with headers of its own."""
        return Result(self.store.get(call.key), headers=[("X-Weight", "1"), ("Vary", "X-Who")])


class Open(Notes):
    resource = {**Notes.resource, "resource_name": "open"}


def api(*origins: str, **options: Any) -> Client:
    cors = CORS(origins=origins or [APP], **options)
    return Client(WSGIDispatcher([Notes], cors=cors, debug=False, compress=True))


def sharing(answer: Answer) -> dict[str, str]:
    """The headers of an answer that a browser asks."""
    return {
        name.removeprefix("Access-Control-"): value
        for name, value in answer.headers.items()
        if name.startswith("Access-Control-")
    }


#: A request for each kind of answer: what it is, and its status.
ANSWERS: list[tuple[str, str, dict[str, Any], int]] = [
    ("GET", "/notes/1", {}, 200),
    ("HEAD", "/notes/1", {}, 200),
    ("GET", "/notes", {"headers": {"Accept": "text/csv"}}, 200),
    ("GET", "/notes", {"headers": {"If-None-Match": "*"}}, 304),
    ("GET", "/", {"headers": {"Accept": "text/html"}}, 303),
    ("POST", "/notes", {"body": {"text": "a"}, "headers": {"X-API-Key": KEY}}, 201),
    ("DELETE", "/notes/7", {"headers": {"X-API-Key": KEY}}, 204),
    ("POST", "/notes", {}, 401),
    ("GET", "/notes/x", {}, 404),
    ("GET", "/nothing", {}, 404),
    ("PUT", "/notes/1", {}, 405),
    ("GET", "/notes", {"headers": {"Accept": "image/png"}}, 406),
    ("GET", "/notes?nam=1", {}, 422),
    ("POST", "/notes/1/fail", {"headers": {"X-API-Key": KEY}}, 500),
    ("OPTIONS", "/notes", {}, 204),
]


@pytest.mark.parametrize(("method", "target", "options", "status"), ANSWERS)
def test_every_answer_says_who_may_read_it(
    method: str, target: str, options: Any, status: int
) -> None:
    client = api(credentials=True)
    headers = {**options.get("headers", {}), "Origin": APP}
    answer = client.send(method, target, options.get("body"), headers=headers)
    assert answer.status == status
    said = sharing(answer)
    assert said["Allow-Origin"] == APP
    assert said["Allow-Credentials"] == "true"
    assert "ETag" in said["Expose-Headers"]
    assert "Origin" in answer.headers["Vary"].split(", ")


@pytest.mark.parametrize(("method", "target", "options", "status"), ANSWERS)
def test_nobody_else_is_told_anything_but_that_it_depends_on_the_origin(
    method: str, target: str, options: Any, status: int
) -> None:
    client = api(credentials=True)
    for other in ({}, {"Origin": "https://evil.example"}):
        headers = {**options.get("headers", {}), **other}
        answer = client.send(method, target, options.get("body"), headers=headers)
        assert (answer.status, sharing(answer)) == (status, {}) or status == 204
        assert not sharing(answer)
        assert "Origin" in answer.headers["Vary"].split(", ")


def test_the_headers_that_are_announced_can_be_read_and_those_that_a_proxy_adds() -> None:
    answer = api(expose=["X-Cache"]).get("/notes/1", Origin=APP)
    assert sharing(answer)["Expose-Headers"] == (
        "Accept, Accept-Encoding, Allow, ETag, Location, Preference-Applied, "
        "WWW-Authenticate, X-Cache, X-Weight"
    )


def test_a_handlers_own_vary_stays() -> None:
    answer = api().get("/notes/1", Origin=APP)
    assert answer.headers["Vary"] == "X-Who, Accept, Accept-Encoding, Origin"


@pytest.mark.parametrize(
    ("method", "target", "methods", "headers"),
    [
        ("GET", "/notes", "GET, HEAD, POST", "Accept, If-None-Match, X-API-Key"),
        ("HEAD", "/notes", "GET, HEAD, POST", "Accept, If-None-Match, X-API-Key"),
        ("POST", "/notes", "GET, HEAD, POST", "Accept, Content-Type, Prefer, X-API-Key"),
        ("DELETE", "/notes/1", "DELETE, GET, HEAD",
         "Accept, If-Match, If-None-Match, X-API-Key"),
        ("POST", "/notes/1/fail", "POST", "Accept, X-API-Key, X-Who"),
        ("GET", "/schema", "GET, HEAD", "Accept"),
    ],
)  # fmt: skip
def test_a_preflight_allows_what_the_operation_has(
    method: str, target: str, methods: str, headers: str
) -> None:
    asked = {"Origin": APP, "Access-Control-Request-Method": method}
    answer = api().send("OPTIONS", target, headers=asked)
    assert answer.status == 204
    assert sharing(answer) == {
        "Allow-Origin": APP,
        "Allow-Methods": methods,
        "Allow-Headers": headers,
        "Max-Age": "600",
    }


def test_a_preflight_for_a_method_that_is_not_there_allows_no_headers() -> None:
    asked = {"Origin": APP, "Access-Control-Request-Method": "PATCH"}
    said = sharing(api().send("OPTIONS", "/notes/1", headers=asked))
    assert said["Allow-Methods"] == "DELETE, GET, HEAD"
    assert "Allow-Headers" not in said


def test_a_preflight_of_another_origin_is_told_nothing() -> None:
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert sharing(api().send("OPTIONS", "/notes", headers=asked)) == {}


def test_a_preflight_needs_no_credentials_as_browsers_send_none() -> None:
    asked = {"Origin": APP, "Access-Control-Request-Method": "DELETE"}
    assert api().send("OPTIONS", "/notes/1", headers=asked).status == 204


def test_a_preflight_for_what_is_not_there_is_404() -> None:
    asked = {"Origin": APP, "Access-Control-Request-Method": "GET"}
    answer = api().send("OPTIONS", "/nothing", headers=asked)
    assert (answer.status, "Allow-Methods" in sharing(answer)) == (404, False)


def test_every_origin_is_one_answer_for_all() -> None:
    client = api("*")
    for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        answer = client.get("/notes/x", **headers)
        assert sharing(answer)["Allow-Origin"] == "*"
        assert "Origin" not in answer.headers.get("Vary", "")
        assert "Allow-Credentials" not in sharing(answer)
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    assert sharing(client.send("OPTIONS", "/notes", headers=asked))["Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("named", "origin"),
    [
        ("https://app.example", "https://app.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        # Of an application on a phone, and of an extension of a browser.
        ("capacitor://localhost", "capacitor://localhost"),
        ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
        ("https://*.app.example", "https://a.app.example"),
        ("https://*.app.example", "https://a-1.app.example"),
        ("https://*.app.example:8443", "https://a.app.example:8443"),
    ],
)
def test_an_origin_that_is_named_may_read(named: str, origin: str) -> None:
    assert sharing(api(named).get("/notes/1", Origin=origin))["Allow-Origin"] == origin


@pytest.mark.parametrize(
    ("named", "origin"),
    [
        ("https://app.example", "null"),
        ("https://app.example", ""),
        ("https://app.example", "http://app.example"),
        ("https://app.example", "https://app.example:443"),
        ("https://app.example", "https://app.example:8443"),
        ("https://app.example", "https://app.example.evil"),
        ("https://app.example", "https://evilapp.example"),
        ("https://app.example", "https://app.example@evil.example"),
        ("https://app.example", "https://app.example/"),
        ("https://app.example", "https://APP.example"),
        ("https://app.example", "https://appxexample"),
        ("https://app.example", " https://app.example"),
        ("https://app.example", "https://app.example, https://evil.example"),
        ("https://*.app.example", "https://app.example"),
        ("https://*.app.example", "https://.app.example"),
        ("https://*.app.example", "https://a.b.app.example"),
        ("https://*.app.example", "https://evil.example/.app.example"),
        ("https://*.app.example", "https://evil.example#.app.example"),
        ("https://*.app.example", "https://a.app.example.evil"),
        ("https://*.app.example", "https://a.app.example\n"),
        ("https://*.app.example", "https://-.app.example"),
        ("https://*.app.example", "http://a.app.example"),
        ("https://*.app.example", "https://*.app.example"),
        ("https://*.app.example", "https://ä.app.example"),
    ],
)
def test_an_origin_that_is_not_named_may_not(named: str, origin: str) -> None:
    assert sharing(api(named).get("/notes/1", Origin=origin)) == {}


@given(st.text(), st.sampled_from(["https://app.example", "https://*.app.example"]))
def test_no_other_text_is_an_origin(text: str, named: str) -> None:
    assert not Origins([named]).match(text)
    assert not Origins([named]).match(f"https://{text}.evil.example")


@pytest.mark.parametrize(
    ("scheme", "host", "origin"),
    [
        ("https", "api.example", "https://api.example"),
        ("https", "API.example:443", "https://api.example"),
        ("http", "api.example:443", "http://api.example:443"),
        ("http", "api.example:80", "http://api.example"),
    ],
)
def test_the_origin_of_a_request_is_spelled_as_browsers_do(
    scheme: str, host: str, origin: str
) -> None:
    assert of_request(scheme, host) == origin


def test_every_mistake_is_named_at_the_start_with_its_place() -> None:
    origins: Any = [
        "null",
        "app.example",
        "https://app.example/",
        "https://app.example:443",
        "https://*.com",
        "https://*",
        "*",
        "https://a.example",
        "https://a.example",
        7,
    ]
    cors = CORS(origins=origins, credentials=True, expose=["ETag", "a b", "*"], max_age=-1)
    with pytest.raises(ConfigurationError) as caught:
        WSGIDispatcher([Notes], cors=cors)
    assert list(caught.value.mistakes) == [
        "cors.origins[0]: 'null' is the origin of whoever wants it: pages of every site can have "
        "it.",
        "cors.origins[1]: 'app.example' is no origin as browsers spell it. Did you mean "
        "'https://app.example'?",
        "cors.origins[2]: 'https://app.example/' is no origin as browsers spell it. Did you mean "
        "'https://app.example'?",
        "cors.origins[3]: browsers leave out the port 443. Did you mean 'https://app.example'?",
        "cors.origins[4]: 'https://*.com' is everybody below a whole top-level domain.",
        "cors.origins[5]: 'https://*' is no origin as browsers spell it. Write it as in "
        "'https://app.example'.",
        "cors.origins[8]: 'https://a.example' is there twice.",
        "cors.origins[9]: 7 is no origin as browsers spell it. Write it as in "
        "'https://app.example'.",
        "cors.origins: '*' is every origin: leave out the others, or it.",
        "cors.credentials: every page that a user visits could act for them with the origin '*'. "
        "Name the origins.",
        "cors.expose[1]: 'a b' is no name of a header.",
        "cors.expose[2]: '*' is no name of a header.",
        "cors.max_age: is 0 to 86400 seconds, not -1.",
    ]


@pytest.mark.parametrize(
    ("cors", "mistake"),
    [
        ("*", "cors must be a CORS, not '*'."),
        (CORS(origins="*"), "cors.origins: is not a list of origins but '*'."),
        (
            CORS(origins=[]),
            "cors.origins: is empty. Leave cors out, and no page of another origin reads anything.",
        ),
    ],
)
def test_what_is_no_cors_is_refused(cors: Any, mistake: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        WSGIDispatcher([Notes], cors=cors)
    assert caught.value.mistakes == (mistake,)


@pytest.mark.parametrize("origins", [["*"], [APP]])
def test_the_document_says_each_header_once(origins: list[str]) -> None:
    components = api(*origins).document["components"]["headers"]
    wanted = {"Access-Control-Allow-Origin", "Access-Control-Expose-Headers"}
    assert wanted <= components.keys()
    assert components["Access-Control-Allow-Origin"]["required"] == (origins == ["*"])


class Free(Controller):
    resource = {
        "resource_name": "free",
        "resource": [],
        "model": Note,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "DELETE"]}
    view = {"response_class": JsonResponse}


@fuzzed_in_ci
@pytest.mark.parametrize("origins", [["*"], [APP]])
def test_the_document_tells_the_truth(origins: list[str]) -> None:
    def make() -> WSGIDispatcher:
        return WSGIDispatcher([Free], cors=CORS(origins=origins), debug=True)

    settings = {"headers": {"Origin": APP}}
    check_contract(make, examples=10, seed=1, settings=settings)
