"""Overriding handlers, and operations of one's own."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import Client

from openrest import models
from openrest.contract import Header, Parameter
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError, Problem
from openrest.models import shapes as s
from openrest.pagination import Pagination
from openrest.query import Condition, Query
from openrest.views import JsonResponse, formatter


class PaymentRequired(Problem):
    """The account is empty (RFC 9110, section 15.5.3)."""

    status, title = 402, "Payment Required"


class Song(models.Model):
    title = models.StringField(required=True)
    plays = models.IntegerField(dump_only=True, load_default=0)
    id = models.PkField()


class Rating(models.Model):
    stars = models.IntegerField(required=True)


class Summary(models.Model):
    songs = models.IntegerField(required=True)
    plays = models.IntegerField(required=True)


class Songs(Controller):
    resource = {
        "resource_name": "songs",
        "resource": [{"title": "One", "plays": 3}, {"title": "Two", "plays": 0}],
        "model": Song,
        "datastore": PythonListDataStore,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": ["GET"],
        "options": {"pagination": Pagination(1)},
    }
    view = {"response_class": JsonResponse}

    @declare(errors={402: "The account is empty"})
    def create(self, call: Call) -> Result:
        """Add a song.

        It has to be paid for.
        """
        if call.body["title"] == "Expensive":
            raise PaymentRequired("There is no money left.")
        return super().create(call)

    @operation("POST", "/{id}/play")
    def play(self, call: Call) -> Result:
        """Play it once."""
        return Result(self.store.update(call.key, lambda s: {**s, "plays": s["plays"] + 1}))

    @operation("GET", "/played", returns="page")
    def played(self, call: Call) -> Result:
        """Those that somebody has played."""
        return self.page(call, (Condition("plays", "gt", 0),))

    @operation("PUT", "/{id}/rating", body=Rating, returns=Rating)
    def rate(self, call: Call) -> Result:
        """Rate it."""
        self.store.get(call.key)
        return Result(call.body)

    @operation(
        "GET",
        "/summary/{kind}",
        returns=Summary,
        parameters=[
            Parameter(name="kind", location="path", shape=s.Choice(pairs=(("all", "all"),)),
                      required=True),
            Parameter(name="at_least", shape=s.Integer(minimum=0), required=True),
            Parameter(name="factor", wire="X-Factor", location="header", shape=s.Integer()),
        ],
        errors={404: "There is no such summary"},
    )  # fmt: skip
    def summary(self, call: Call) -> Result:
        """Add them up."""
        least = call.query["at_least"]
        songs = [song for song in self.store.find(Query()) if song["plays"] >= least]
        factor = call.headers.get("factor", 1)
        return Result({"songs": len(songs), "plays": factor * sum(song["plays"] for song in songs)})

    @operation("DELETE", "/charts", returns=None)
    def forget(self, call: Call) -> Result:
        """Forget the charts."""
        return Result(None, 204)


@pytest.fixture
def client() -> Client:
    return Client(WSGIDispatcher([Songs], debug=True))


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return WSGIDispatcher([Songs]).document


def test_an_overridden_handler_serves_and_documents_its_verb(
    client: Client, document: dict[str, Any]
) -> None:
    assert client.post("/songs", json={"title": "Three"}).status_code == 201
    refused = client.post("/songs", json={"title": "Expensive"})
    assert refused.status == "402 Payment Required"
    assert refused.get_json() == {
        "type": "about:blank",
        "title": "Payment Required",
        "status": 402,
        "detail": "There is no money left.",
    }
    documented = document["paths"]["/songs"]["post"]
    assert documented["operationId"] == "create_songs"
    assert documented["summary"] == "Add a song"
    assert documented["description"] == "It has to be paid for."
    assert documented["responses"]["402"]["description"] == "The account is empty"


def test_an_operation_of_ones_own_is_routed_and_documented(
    client: Client, document: dict[str, Any]
) -> None:
    assert client.post("/songs/2/play").get_json() == {"title": "Two", "plays": 1, "id": 2}
    assert client.post("/songs/9/play").status_code == 404
    assert client.get("/songs/1/play").headers["Allow"] == "OPTIONS, POST"
    documented = document["paths"]["/songs/{id}/play"]["post"]
    assert documented["operationId"] == "play_songs"
    assert documented["summary"] == "Play it once"
    assert [parameter["name"] for parameter in documented["parameters"]] == ["id"]


def test_an_own_page_has_the_parameters_the_links_and_the_meta_of_every_page(
    client: Client, document: dict[str, Any]
) -> None:
    answer = client.get("/songs/played?limit=1")
    assert answer.get_json()["object_list"] == [{"title": "One", "plays": 3, "id": 1}]
    assert answer.get_json()["meta"]["total_count"] == 1
    assert answer.headers["Link"] == (
        '</songs/played?offset=0&limit=1>; rel="first", '
        '</songs/played?offset=0&limit=1>; rel="last"'
    )
    names = [p["name"] for p in document["paths"]["/songs/played"]["get"]["parameters"]]
    assert names == ["offset", "limit"]


def test_an_own_body_is_checked_by_its_model(client: Client) -> None:
    assert client.put("/songs/1/rating", json={"stars": 5}).get_json() == {"stars": 5}
    refused = client.put("/songs/1/rating", json={"stars": "5"})
    assert refused.get_json()["errors"] == [{"pointer": "#/stars", "detail": "must be an integer"}]


def test_own_parameters_are_read_by_their_shapes(client: Client) -> None:
    answer = client.get("/songs/summary/all?at_least=1", headers={"X-Factor": "10"})
    assert answer.get_json() == {"songs": 1, "plays": 30}
    refused = client.get("/songs/summary/all", headers={"X-Factor": "ten"})
    assert refused.get_json()["errors"] == [
        {"header": "X-Factor", "detail": "must be an integer"},
        {"parameter": "at_least", "detail": "is required"},
    ]
    assert client.get("/songs/summary/some?at_least=1").get_json()["detail"] == (
        "There is nothing in songs with the kind 'some': it must be one of all."
    )


def test_an_operation_that_returns_nothing_answers_204(client: Client) -> None:
    answer = client.delete("/songs/charts")
    assert (answer.status_code, answer.data) == (204, b"")


def refusal(**methods: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        WSGIDispatcher([type("Broken", (Songs,), methods)])
    return str(refused.value)


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        (
            operation("FETCH", "/x"),
            "Broken: odd_songs: the method 'FETCH' is none of GET, POST, PUT, PATCH, DELETE.",
        ),
        (
            operation("GET", "/x", body=Rating),
            "Broken: odd_songs: a GET has no body (RFC 9110, section 9.3.1).",
        ),
        (
            operation("GET", "/x", errors={302: "Elsewhere"}),
            "Broken: odd_songs: the status 302 is no error (RFC 9110, section 15).",
        ),
        (
            operation(
                "GET",
                "/x",
                parameters=[Parameter(name="Accept", location="header", shape=s.String())],
            ),
            "Broken: odd_songs: the header 'Accept' cannot be a parameter.",
        ),
        (
            operation("GET", "/{name}/x"),
            "Broken: odd_songs: the path parameter 'name': no parameter declares it.",
        ),
        (
            operation(
                "GET", "/x", parameters=[Parameter(name="y", location="path", shape=s.String())]
            ),
            "Broken: odd_songs: the path parameter 'y': its path has no such segment.",
        ),
        (
            operation(
                "GET", "/x", returns="page", parameters=[Parameter(name="limit", shape=s.String())]
            ),
            "Broken: odd_songs: the query parameter 'limit' is declared twice.",
        ),
    ],
)
def test_an_operation_that_cannot_be_is_refused_at_start(declared: Any, said: str) -> None:
    def odd(self: Any, call: Call) -> Result:
        return Result()

    assert refusal(odd=declared(odd)) == said


class Even(models.Model):
    number = models.IntegerField(
        required=True, validate=lambda n: n % 2 == 0, metadata={"example": 2}
    )
    hidden = models.StringField(load_default="x")
    id = models.PkField()


@formatter(removes=["hidden"])
def without_hidden(record: dict[str, Any], call: Any) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "hidden"}


class Evens(Controller):
    resource = {
        "resource_name": "evens",
        "resource": [{"number": 2, "hidden": "secret"}],
        "model": Even,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "PATCH"]}
    view = {"response_class": JsonResponse, "options": {"formatters": [without_hidden]}}

    @declare(headers=[Header(name="Cache-Control", shape=s.String())])
    def get(self, call: Call) -> Result:
        found = super().get(call)
        return Result(found.body, headers=[("Cache-Control", "max-age=60")])


@pytest.fixture
def evens() -> Client:
    return Client(WSGIDispatcher([Evens], debug=True))


@pytest.mark.parametrize(
    ("method", "path", "media_type"),
    [
        ("POST", "/evens", "application/json"),
        ("PUT", "/evens/1", "application/json"),
        ("PATCH", "/evens/1", "application/merge-patch+json"),
    ],
)
def test_a_rule_answers_409_whatever_the_verb_and_the_document_says_so(
    evens: Client, method: str, path: str, media_type: str
) -> None:
    refused = evens.open(path, method=method, data='{"number": 3}', content_type=media_type)
    assert refused.get_json()["errors"] == [
        {"pointer": "#/number", "detail": "is refused by a rule"}
    ]
    template = path.replace("1", "{id}")
    document = WSGIDispatcher([Evens]).document
    assert "409" in document["paths"][template][method.lower()]["responses"]


def test_a_member_that_a_formatter_hides_cannot_be_filtered_by(evens: Client) -> None:
    refused = evens.get("/evens?hidden=secret")
    assert refused.get_json()["errors"] == [
        {"parameter": "hidden", "detail": "is not a parameter here."}
    ]


def test_a_header_that_a_handler_declares_is_sent_and_documented(evens: Client) -> None:
    assert evens.get("/evens/1").headers["Cache-Control"] == "max-age=60"
    document = WSGIDispatcher([Evens]).document
    answer = document["paths"]["/evens/{id}"]["get"]["responses"]["200"]
    assert answer["headers"]["Cache-Control"]["required"] is True


def test_a_problem_has_a_status() -> None:
    with pytest.raises(TypeError) as refused:
        Problem("Something is wrong.")
    assert str(refused.value) == "A Problem has a status: raise a subclass, such as NotFound."


@pytest.mark.parametrize("key", ["1.0", "1e0", "01", "+1"])
def test_an_object_has_one_address(client: Client, key: str) -> None:
    assert client.get("/songs/1").status_code == 200
    assert client.get(f"/songs/{key}").status_code == 404
