"""What a client sees of limits, and what the document says of them."""

from __future__ import annotations

from typing import Any

import pytest

from openrest import models
from openrest.authorization import Anyone, Scope
from openrest.bulk import Bulk
from openrest.controllers import Call, Result, WSGIDispatcher, declare, operation
from openrest.datastore import PythonListDataStore
from openrest.edge import CORS
from openrest.errors import ContractError, TooManyRequests
from openrest.idempotency import Idempotency
from openrest.interfaces import User
from openrest.openapi import Version
from openrest.ratelimit import MemoryStorage, RateLimit, RequestView
from openrest.testing.contract import check_contract
from tests.contract.client import Answer, Client
from tests.needs import SLOW_VERSIONS, fuzzing
from tests.ratelimit.apis import ADA, BOB, Caller, caller, left, notes
from tests.ratelimit.test_strategies import Clock


def statuses(api: Caller, number: int, target: str = "/notes", **headers: str) -> list[int]:
    return [api.get(target, **headers).status for _ in range(number)]


def test_more_requests_than_the_limit_are_refused_with_the_seconds_to_wait() -> None:
    clock = Clock()
    api = caller(notes(RateLimit("2/minute", storage=MemoryStorage(clock=clock))))
    assert statuses(api, 2) == [200, 200]
    clock.now += 20_001
    answer = api.get("/notes")
    assert answer.status == 429
    assert answer.headers == {
        "Retry-After": "40",  # of 39.999
        "X-Content-Type-Options": "nosniff",
        "RateLimit": '"default";r=0;t=40',
        "RateLimit-Policy": '"default";q=2;w=60',
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(answer.data)),
    }
    assert answer.json == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "There were too many requests. Try again in 40 s.",
    }
    clock.now += 39_998
    assert (api.get("/notes").status, api.get("/notes").headers["Retry-After"]) == (429, "1")
    clock.now += 1
    assert api.get("/notes").status == 200


@pytest.mark.parametrize("strategy", ["fixed-window", "moving-window", "token-bucket"])
def test_a_client_that_heeds_the_headers_is_never_refused(strategy: Any) -> None:
    clock = Clock()
    limit = RateLimit("70/minute", strategy=strategy, storage=MemoryStorage(clock=clock))
    api = caller(notes(limit))
    remaining, seconds = 70, 0
    for _ in range(200):
        if not remaining:
            clock.now += seconds * 1000
        answer = api.get("/notes")
        assert answer.status == 200
        [(_, remaining, seconds)] = left(answer)


@pytest.mark.parametrize("strategy", ["fixed-window", "moving-window", "token-bucket"])
def test_what_remains_is_what_is_allowed(strategy: Any) -> None:
    api = caller(notes(RateLimit("5/hour", strategy=strategy)))
    assert [left(api.get("/notes"))[0][1] for _ in range(5)] == [4, 3, 2, 1, 0]
    refused = api.get("/notes")
    assert (refused.status, left(refused)[0][1]) == (429, 0)
    assert int(refused.headers["Retry-After"]) >= left(refused)[0][2] > 0


def test_every_success_has_the_headers_and_other_problems_have_not() -> None:
    class Notes(notes(RateLimit("99/minute"), prefer=True, dry_run=True, bulk=Bulk())):  # type: ignore[misc]
        @operation("POST", "/{id}/touch", returns=None)
        def touch(self, call: Call) -> Result:
            """Touch a note."""
            return Result(None, 204)

    api = caller(Notes)
    first = api.get("/notes/1")
    answers: list[tuple[int, Answer]] = [
        (200, api.get("/notes")),
        (200, api.send("HEAD", "/notes")),
        (304, api.get("/notes/1", **{"If-None-Match": first.headers["ETag"]})),
        (201, api.post("/notes", {"text": "b"})),
        (201, api.post("/notes", [{"text": "b"}])),
        (204, api.post("/notes?dry_run=true", {"text": "b"})),
        (204, api.send("POST", "/notes", {"text": "b"}, headers={"Prefer": "return=minimal"})),
        (200, api.put("/notes/1", {"text": "c"})),
        (200, api.patch("/notes/1", {"text": "d"})),
        (204, api.send("POST", "/notes/1/touch")),
        (204, api.delete("/notes/1")),
    ]
    for number, (status, answer) in enumerate(answers):
        assert answer.status == status
        assert answer.headers["RateLimit"] == f'"default";r={97 - number};t=60'
        assert answer.headers["RateLimit-Policy"] == '"default";q=99;w=60'
    for answer in (api.get("/notes/9"), api.get("/notes?q=1"), api.post("/notes", {})):
        assert answer.status in (404, 422)
        assert "RateLimit" not in answer.headers
    # They have been counted all the same.
    assert left(api.get("/notes"))[0][1] == 97 - len(answers) - 3


def test_head_counts_as_get_and_options_is_not_counted() -> None:
    api = caller(notes({"GET": RateLimit("3/day")}))
    for _ in range(5):
        assert api.send("OPTIONS", "/notes").status == 204
    assert [api.send("HEAD", "/notes").status for _ in range(2)] == [200, 200]
    assert statuses(api, 2) == [200, 429]
    assert api.send("HEAD", "/notes").status == 429


def test_each_address_counts_by_itself_and_each_network_of_ipv6() -> None:
    api = caller(notes(RateLimit("1/day")))
    for address, status in [
        ("192.0.2.1", 200),
        ("192.0.2.1", 429),
        ("192.0.2.2", 200),
        ("::ffff:192.0.2.2", 429),
        ("2001:db8::1", 200),
        ("2001:db8:0:0:ffff::2", 429),
        ("2001:0DB8::3%eth0", 429),
        ("2001:db8:0:1::1", 200),
        ("", 200),
        ("", 429),
        (None, 429),
        ("/run/socket", 200),
    ]:
        api.address = address
        assert api.get("/notes").status == status, address


def test_a_user_counts_wherever_they_are_and_who_is_not_known_by_address() -> None:
    api = caller(notes(RateLimit("2/day"), known=True, authorization=Anyone()))
    ada, bob = {"X-API-Key": ADA}, {"X-API-Key": BOB}
    assert statuses(api, 2, **ada) == [200, 200]
    api.address = "192.0.2.2"
    assert statuses(api, 1, **ada) == [429]
    assert statuses(api, 3, **bob) == [200, 200, 429]
    assert statuses(api, 3) == [200, 200, 429]


def test_a_limit_by_address_has_no_regard_for_users() -> None:
    api = caller(notes(RateLimit("2/day", by="address"), known=True))
    assert api.get("/notes", **{"X-API-Key": ADA}).status == 200
    assert api.get("/notes", **{"X-API-Key": BOB}).status == 200
    assert api.get("/notes", **{"X-API-Key": ADA}).status == 429


def test_who_is_not_known_is_counted_before_it_is_asked_who_it_is() -> None:
    api = caller(notes(RateLimit("2/day"), known=True))
    assert statuses(api, 3) == [401, 401, 429]
    assert statuses(api, 1, **{"X-API-Key": ADA}) == [200]


def test_who_may_not_is_counted_too() -> None:
    api = caller(notes(RateLimit("2/day"), known=True, authorization=Scope("admin")))
    assert statuses(api, 3, **{"X-API-Key": ADA}) == [403, 403, 429]


def test_wrong_credentials_come_before_the_limit() -> None:
    api = caller(notes(RateLimit("1/day"), known=True))
    assert statuses(api, 3, **{"X-API-Key": "wrong"}) == [401, 401, 401]


def test_a_function_says_for_whom_it_is_counted_and_what_it_costs() -> None:
    seen: list[RequestView] = []

    def plan(request: RequestView) -> str:
        seen.append(request)
        assert request.user is not None
        return str(request.user["plan"])

    def cost(request: RequestView) -> int:
        return 2 if request.method == "POST" else 0

    api = caller(notes(RateLimit("4/day", by=plan, cost=cost), known=True))
    assert api.send("HEAD", "/notes/1", headers={"X-API-Key": ADA}).status == 200
    assert seen == [
        RequestView("GET", "get_notes", "192.0.2.1", {"id": "ada", "plan": "gold"}),
    ]
    ada, bob = {"X-API-Key": ADA}, {"X-API-Key": BOB}
    posts = [api.send("POST", "/notes", {"text": "a"}, headers=ada) for _ in range(3)]
    assert [answer.status for answer in posts] == [201, 201, 429]
    assert api.get("/notes", **ada).status == 200
    assert api.send("POST", "/notes", {"text": "a"}, headers=bob).status == 201


def test_a_function_is_asked_of_nobody_where_it_has_to_be_known_who_it_is() -> None:
    def plan(request: RequestView) -> str:
        assert request.user is not None
        return str(request.user["plan"])

    def cost(request: RequestView) -> int:
        assert request.user is not None
        return 1

    api = caller(notes(RateLimit("2/day", by=plan, cost=cost), known=True))
    ada = {"X-API-Key": ADA}
    # Who is not known is counted by address, and by nothing that is a user's.
    assert [api.get("/notes").status for _ in range(3)] == [401, 401, 429]
    assert [api.get("/notes", **ada).status for _ in range(3)] == [200, 200, 429]
    api.address = "192.0.2.2"
    assert api.get("/notes").status == 401


def test_where_anybody_may_a_function_is_asked_of_somebody_unknown_too() -> None:
    def plan(request: RequestView) -> str:
        return "none" if request.user is None else str(request.user["plan"])

    api = caller(notes(RateLimit("1/day", by=plan), known=True, authorization=Anyone()))
    assert [api.get("/notes").status for _ in range(2)] == [200, 429]
    api.address = "192.0.2.2"
    assert api.get("/notes").status == 429


def test_what_a_function_gives_is_checked() -> None:
    for wrong in (0.5, None, True):
        api = caller(notes(RateLimit("4/day", by=lambda request, said=wrong: said)))  # type: ignore[misc]
        with pytest.raises(ContractError, match="by gives .*, which is no text and no number"):
            api.get("/notes")
    for wrong in (5, -1, None, True):
        api = caller(notes(RateLimit("4/day", cost=lambda request, said=wrong: said)))  # type: ignore[misc]
        with pytest.raises(ContractError, match="cost gives .*, which is not 0 to 4"):
            api.get("/notes")


def test_users_are_told_apart_by_what_their_ids_are() -> None:
    limit = RateLimit("4/day")
    people: list[User | None] = [{"id": 1}, {"id": "1"}, {"id": "x"}, None]
    keys = {limit.key(RequestView("GET", "a", "x", user)) for user in people}
    assert len(keys) == 4
    by = RateLimit("4/day", by=lambda request: request.address)
    assert by.key(RequestView("GET", "a", "x", None)) not in keys


def test_each_verb_has_limits_of_its_own() -> None:
    api = caller(notes({"GET": RateLimit("1/day"), "POST": RateLimit("1/day"), "PUT": None}))
    assert statuses(api, 2) == [200, 429]
    assert statuses(api, 1, "/notes/1") == [429]
    created = [api.post("/notes", {"text": "a"}).status for _ in range(2)]
    assert created == [201, 429]
    for _ in range(3):
        answer = api.put("/notes/1", {"text": "b"})
        assert answer.status == 200
        assert "RateLimit" not in answer.headers
    operations = api.document["paths"]["/notes/{id}"]
    assert "429" in operations["get"]["responses"]
    for method in ("put", "patch", "delete"):
        assert "429" not in operations[method]["responses"]


def test_the_star_is_for_all_other_verbs_and_for_operations_of_ones_own() -> None:
    class Notes(notes({"GET": None, "*": RateLimit("1/day")})):  # type: ignore[misc]
        @operation("POST", "/{id}/touch")
        def touch(self, call: Call) -> Result:
            """Touch a note."""
            return Result(self.store.get(call.key))

    api = caller(Notes)
    assert statuses(api, 3) == [200, 200, 200]
    assert [api.send("POST", "/notes/1/touch").status for _ in range(2)] == [200, 429]
    assert api.delete("/notes/1").status == 429


def test_one_limit_is_for_all_verbs_together() -> None:
    api = caller(notes(RateLimit("2/day")))
    assert [api.get("/notes").status, api.get("/notes/1").status] == [200, 200]
    assert api.post("/notes", {"text": "a"}).status == 429


def test_of_several_limits_all_hold_and_a_request_that_is_refused_uses_none() -> None:
    clock = Clock()
    memory = MemoryStorage(clock=clock)
    limits = [
        RateLimit("2/minute", storage=memory),
        RateLimit("3/hour", name="hourly", storage=memory),
    ]
    api = caller(notes(limits))
    policy = '"2/minute";q=2;w=60, "hourly";q=3;w=3600'
    first = api.get("/notes")
    assert first.headers["RateLimit"] == '"2/minute";r=1;t=60, "hourly";r=2;t=3600'
    assert first.headers["RateLimit-Policy"] == policy
    assert statuses(api, 4) == [200, 429, 429, 429]
    clock.now += 60_000
    assert left(api.get("/notes")) == [("2/minute", 1, 60), ("hourly", 0, 3540)]
    refused = api.get("/notes")
    assert refused.status == 429
    # Of the one alone that refuses it: the other one is no reason to wait.
    assert refused.headers["RateLimit"] == '"hourly";r=0;t=3540'
    assert refused.headers["RateLimit-Policy"] == policy
    assert refused.headers["Retry-After"] == "3540"


def test_resources_count_by_themselves_unless_their_limits_have_one_name() -> None:
    limit = RateLimit("1/day")
    api = caller(notes(limit), notes(limit, "others"))
    assert [api.get("/notes").status, api.get("/others").status] == [200, 200]
    shared = RateLimit("2/day", name="all")
    dear = RateLimit("2/day", name="all", cost=2)
    api = caller(notes(shared), notes({"GET": shared, "POST": dear}, "others"))
    assert left(api.get("/notes"))[0][:2] == ("all", 1)
    assert api.post("/others", {"text": "a"}).status == 429
    assert [api.get("/others").status, api.get("/notes").status] == [200, 429]


def test_two_apis_in_one_process_count_by_themselves() -> None:
    cls = notes(RateLimit("1/day", name="all"))
    assert statuses(caller(cls), 1) == statuses(caller(cls), 1) == [200]


def test_a_list_below_an_object_counts_for_those_that_it_shows() -> None:
    class Book(models.Model):
        id = models.PkField()
        note = models.IntForeignField(foreign={"resource": "notes"})

    class Books(notes({"GET": RateLimit("2/day")}, "books")):  # type: ignore[misc]
        resource = {
            "resource_name": "books",
            "resource": [],
            "model": Book,
            "datastore": PythonListDataStore,
        }

    api = caller(notes({"GET": RateLimit("1/day")}, children=["books"]), Books)
    assert [api.get("/notes/1/books").status, api.get("/books").status] == [200, 200]
    assert api.get("/notes/1/books").status == 429
    assert statuses(api, 2) == [200, 429]


def test_what_is_about_the_api_is_not_limited() -> None:
    api = caller(notes(RateLimit("1/day")), health=True)
    for target in ("/", "/openapi.json", "/schema", "/health/live"):
        assert [api.raw("GET", target).status for _ in range(3)] == [200, 200, 200]


def test_an_idempotency_key_of_a_request_that_is_refused_is_as_new() -> None:
    clock = Clock()
    limit = RateLimit("1/minute", storage=MemoryStorage(clock=clock))
    api = caller(notes({"POST": limit}, idempotency=Idempotency()))
    one, two = {"Idempotency-Key": "one"}, {"Idempotency-Key": "two"}
    body = {"text": "b"}
    assert api.send("POST", "/notes", body, headers=one).status == 201
    assert api.send("POST", "/notes", body, headers=two).status == 429
    clock.now += 60_000
    assert "Idempotent-Replayed" not in api.send("POST", "/notes", body, headers=two).headers


def test_pages_of_other_origins_may_read_what_is_left() -> None:
    app = WSGIDispatcher([notes(RateLimit("9/hour"))], cors=CORS(origins=["https://app.example"]))
    shown = Client(app).get("/notes", Origin="https://app.example").headers
    readable = shown["Access-Control-Expose-Headers"].split(", ")
    assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= {*readable}


def test_the_document_says_what_the_limits_are() -> None:
    limits = [RateLimit("60/minute", name="short"), RateLimit("5000/2 days", by="address")]
    api = caller(notes({"GET": limits, "POST": RateLimit("9/hour", cost=3)}))
    get = api.document["paths"]["/notes"]["get"]
    assert get["description"].endswith(
        "Limited to 60 requests in a minute for each address, and to 5000 requests in 2 days for "
        "each address."
    )
    headers = get["responses"]["200"]["headers"]
    assert headers["RateLimit"]["required"] is headers["RateLimit-Policy"]["required"] is True
    left = '"short";r=59;t=60, "5000/2days";r=4999;t=172800'
    assert headers["RateLimit"]["example"] == left
    policy = '"short";q=60;w=60, "5000/2days";q=5000;w=172800'
    assert headers["RateLimit-Policy"]["example"] == policy
    for header in headers.values():
        if "example" in header:
            api.validate(header["example"], header["schema"])
    refused = api.resolved(get["responses"]["429"])
    assert refused["description"] == "There were too many requests"
    own = {
        name: refused["headers"][name] for name in ("Retry-After", "RateLimit", "RateLimit-Policy")
    }
    assert all(header["required"] for header in own.values())
    shown = {name: header["example"] for name, header in own.items()}
    assert shown == {
        "Retry-After": "60",
        "RateLimit": '"short";r=0;t=60',
        "RateLimit-Policy": policy,
    }
    [content] = refused["content"].values()
    said = "There were too many requests. Try again in 60 s."
    assert content["example"]["detail"] == said
    post = api.document["paths"]["/notes"]["post"]
    assert post["description"].endswith(
        "Limited to 9 requests in an hour for each address, of which this takes 3."
    )
    assert "429" not in api.document["paths"]["/"]["get"]["responses"]
    plain = caller(notes())
    assert "429" not in str(plain.document) and "RateLimit" not in str(plain.document)


@pytest.mark.parametrize("strategy", ["fixed-window", "moving-window", "token-bucket"])
@pytest.mark.parametrize("text", ["1/second", "7/minute", "500/day"])
def test_the_examples_in_the_document_are_what_is_answered(strategy: Any, text: str) -> None:
    memory = MemoryStorage(clock=Clock(now=0))
    api = caller(notes(RateLimit(text, strategy=strategy, storage=memory)))
    responses = api.document["paths"]["/notes"]["get"]["responses"]
    answers = [api.get("/notes") for _ in range(int(text.partition("/")[0]) + 1)]
    for answer in (answers[0], answers[-1]):
        for name, header in api.resolved(responses[str(answer.status)])["headers"].items():
            if "example" in header:
                assert answer.headers[name] == header["example"], name
    assert answers[-1].status == 429


def test_an_author_may_refuse_for_reasons_of_their_own_as_well() -> None:
    class Notes(notes(RateLimit("2/day"))):  # type: ignore[misc]
        @declare(errors={429: "It has been read too often"})
        def get(self, call: Call) -> Result:
            raise TooManyRequests("Too often.")

    api = caller(Notes)
    refused = api.resolved(api.document["paths"]["/notes/{id}"]["get"]["responses"]["429"])
    said = "It has been read too often; or: There were too many requests"
    assert refused["description"] == said
    own = [refused["headers"][name] for name in ("Retry-After", "RateLimit", "RateLimit-Policy")]
    assert not any(header["required"] for header in own)
    details = [api.get("/notes/1").json["detail"] for _ in range(3)]
    assert details[:2] == ["Too often.", "Too often."]
    assert details[2].startswith("There were too many requests.")


def test_a_handler_cannot_send_the_headers_itself() -> None:
    class Notes(notes()):  # type: ignore[misc]
        def get(self, call: Call) -> Result:
            made = super().get(call)
            return Result(made.body, headers=[("RateLimit", '"x";r=1;t=1')])

    with pytest.raises(ContractError, match="sent ratelimit undeclared"):
        caller(Notes).get("/notes/1")

    class Limited(Notes):
        controller = notes(RateLimit("9/day")).controller

    with pytest.raises(ContractError, match="get_notes sent headers of its limits itself"):
        caller(Limited).get("/notes/1")


@fuzzing
@pytest.mark.parametrize("openapi", SLOW_VERSIONS)
def test_schemathesis_finds_no_difference(openapi: Version) -> None:
    def limited() -> WSGIDispatcher:
        # One for each verb, so that each is there for some requests and then used up.
        verbs = ("POST", "PUT", "PATCH", "DELETE")
        limits = {verb: RateLimit("15/day") for verb in verbs}
        several = [RateLimit("90/day"), RateLimit("900/day", name="many")]
        return WSGIDispatcher([notes({**limits, "GET": several})], debug=True, openapi=openapi)

    report = check_contract(limited, examples=10, seed=1)
    refused = [label for label, answers in report.answers.items() if 429 in answers]
    assert {"GET /notes", "POST /notes", "PUT /notes/{id}"} <= set(refused)
