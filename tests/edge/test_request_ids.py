"""A name for each request: kept where it is safe, made where it is not, and in every answer."""

import logging
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client as WerkzeugClient

from openrest.contract import Header
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare, operation
from openrest.datastore import PythonListDataStore
from openrest.edge import CORS, RequestIds
from openrest.errors import ConfigurationError, ContractError, StoreUnavailable
from openrest.models import shapes as s
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse, NdjsonResponse
from tests.contract.client import Client
from tests.edge.notes import Note
from tests.needs import fuzzed_in_ci

NEW = re.compile("[0-9a-f]{32}")


class Away(PythonListDataStore):
    can_be_away = True

    def ping(self) -> None:
        raise StoreUnavailable("gone")


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"text": "x" * 1000} for _ in range(200)],
        "model": Note,
        "datastore": Away,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET", "DELETE"],
        "options": {"pagination": None},
    }
    view = {"response_class": JsonResponse, "options": {"alternatives": [NdjsonResponse]}}

    @operation("GET", "/own", returns=None)
    def own(self, call: Call) -> Result:
        """Keep the name."""
        SEEN.append(call.request_id)
        return Result(None, 204)

    @operation("GET", "/failure")
    def failure(self, call: Call) -> Result:
        """Fail."""
        raise ZeroDivisionError

    @operation("GET", "/away")
    def away(self, call: Call) -> Result:
        """Fail, as stores do that are away."""
        raise StoreUnavailable("gone")

    @operation("POST", "/later", returns=None)
    def later(self, call: Call) -> Result:
        """Fail afterwards."""
        call.afterwards(lambda: 1 // 0)
        return Result(None, 204)

    @operation("GET", "/broken", returns="page")
    def broken(self, call: Call) -> Result:
        """Break off in the middle."""

        def records() -> Any:
            yield from ({"id": n, "text": "x" * 1000} for n in range(100))
            raise ZeroDivisionError

        page: Any = self.get_list(call)
        page.body.records = records()
        return Result(page.body)


SEEN: list[str] = []


def api(ids: RequestIds | bool = True, **options: Any) -> Client:
    return Client(WSGIDispatcher([Notes], request_ids=ids, debug=False, **options))


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/notes/1", 200),
        ("HEAD", "/notes/1", 200),
        ("GET", "/notes/own", 204),
        ("OPTIONS", "/notes", 204),
        ("GET", "/notes/x", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/notes", 405),
        ("POST", "/notes", 400),
        ("GET", "/notes?nam=1", 422),
        ("GET", "/notes/failure", 500),
        ("GET", "/notes/away", 503),
        ("GET", "/docs", 200),
    ],
)
def test_every_answer_has_the_name_of_the_request(method: str, target: str, status: int) -> None:
    client = api()
    ask = client.raw if target == "/docs" else client.send
    answer = ask(method, target, headers={"X-Request-ID": "a.b-C_7"})
    assert (answer.status, answer.headers["X-Request-ID"]) == (status, "a.b-C_7")


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "a" * 128])
def test_a_safe_name_is_kept(name: str) -> None:
    assert api().get("/notes/1", **{"X-Request-ID": name}).headers["X-Request-ID"] == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "a" * 129,
        "a,b",
        "a\n",
        "a\r\nSet-Cookie: b",
        "\x1b[2J",
        "é",
        "٣",
        "a/b",
        "%0a",
    ],
)
def test_any_other_is_replaced_by_a_new_one_and_is_no_error(name: str) -> None:
    answer = api().get("/notes/1", **{"X-Request-ID": name})
    assert answer.status == 200
    assert NEW.fullmatch(answer.headers["X-Request-ID"])


@given(st.text())
def test_nothing_but_a_safe_name_comes_back(name: str) -> None:
    answer = CLIENT.raw("GET", "/nothing", headers={"X-Request-ID": name})
    assert re.fullmatch("[A-Za-z0-9._-]{1,128}", answer.headers["X-Request-ID"])


CLIENT = api()


def test_two_requests_have_two_names() -> None:
    client = api()
    names = [client.get("/notes/1").headers["X-Request-ID"] for _ in range(2)]
    assert len(set(names)) == 2


def test_handlers_and_middleware_have_it() -> None:
    app, seen = api().app, []

    def middleware(environ: Any, start_response: Any) -> Any:
        answer = app(environ, start_response)
        seen.append(environ["openrest.request_id"])
        return answer

    WerkzeugClient(middleware).get("/notes/own", headers={"X-Request-ID": "a"})
    assert (SEEN[-1], seen) == ("a", ["a"])


def test_without_the_option_there_is_none() -> None:
    answer = api(False).get("/notes/own", **{"X-Request-ID": "a"})
    assert "X-Request-ID" not in answer.headers
    assert SEEN[-1] == ""


@pytest.mark.parametrize(
    ("method", "target", "line"),
    [
        ("GET", "/notes/failure", r"GET /notes/failure failed: urn:uuid:\S+ \[request a\]"),
        ("GET", "/notes/away", r"away_notes: the store is away: gone \[request a\]"),
        ("POST", "/notes/later", r"later_notes: work after the change failed: .+ \[request a\]"),
    ],
)
def test_the_log_has_it(
    method: str, target: str, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    api().send(method, target, headers={"X-Request-ID": "a"})
    assert re.fullmatch(line, caplog.messages[-1])


def test_the_line_of_an_answer_that_breaks_off_has_it(caplog: pytest.LogCaptureFixture) -> None:
    headers = {"X-Request-ID": "a", "Accept": "application/x-ndjson"}
    with pytest.raises(ZeroDivisionError):
        api().raw("GET", "/notes/broken", headers=headers)
    [said] = caplog.messages
    assert said == "broken_notes [request a] broke off in the middle of its answer"


def test_the_log_is_as_before_without_the_option(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        api(False).get("/notes/away")
    assert caplog.messages == ["away_notes: the store is away: gone"]


def test_another_header_has_it_where_the_author_says_so() -> None:
    answer = api(RequestIds(header="X-Correlation-ID")).get("/notes/1", **{"X-Correlation-ID": "a"})
    assert answer.headers["X-Correlation-ID"] == "a"
    assert "X-Request-ID" not in answer.headers


def test_pages_of_other_origins_may_send_and_read_it() -> None:
    client = api(cors=CORS(origins=["https://app.example"]))
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    answer = client.send("OPTIONS", "/notes/1", headers=asked)
    assert "X-Request-ID" in answer.headers["Access-Control-Allow-Headers"]
    answer = client.get("/notes/1", Origin="https://app.example")
    assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]


class Declaring(Notes):
    @declare(headers=[Header(name="X-Request-Id", shape=s.String())])
    def get(self, call: Call) -> Result:
        """Send it itself."""
        return Result(self.store.get(call.key), headers=[("X-Request-Id", "a")])


class Sending(Notes):
    def get(self, call: Call) -> Result:
        """Send it itself."""
        return Result(self.store.get(call.key), headers=[("X-Request-ID", "a")])


@pytest.mark.parametrize(
    ("controller", "ids", "mistake"),
    [
        (Notes, "yes", "request_ids must be True, False or a RequestIds, not 'yes'."),
        (
            Notes,
            RequestIds(header="a b"),
            "request_ids.header: 'a b' is no name of a header, such as 'X-Request-ID'.",
        ),
        (
            Notes,
            RequestIds(header="Cookie"),
            "request_ids.header: 'Cookie' says something else. Take 'X-Request-ID'.",
        ),
        (
            Declaring,
            True,
            "get_notes declares the header X-Request-Id, which goes with every answer: leave it "
            "out.",
        ),
    ],
)
def test_a_mistake_is_named_at_the_start(
    controller: type[Controller], ids: Any, mistake: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        WSGIDispatcher([controller], request_ids=ids)
    assert caught.value.mistakes == (mistake,)


def test_no_handler_sends_it_itself() -> None:
    client = Client(WSGIDispatcher([Sending], request_ids=True, debug=True))
    with pytest.raises(ContractError, match="sent x-request-id undeclared"):
        client.get("/notes/1")


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
def test_the_document_tells_the_truth() -> None:
    def make() -> WSGIDispatcher:
        return WSGIDispatcher([Free], request_ids=True, debug=True)

    check_contract(make, examples=10, seed=1)
