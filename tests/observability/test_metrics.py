"""``/metrics``: what is counted, by labels of which there are only so many, and who may read it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from openrest import models
from openrest.authentication import ApiKeyAuthentication, hash_api_key
from openrest.authorization import Scope
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError, StoreUnavailable
from openrest.interfaces import Record
from openrest.observability import Metrics
from openrest.query import Query
from openrest.testing.contract import check_contract
from openrest.views import JsonResponse, NdjsonResponse
from tests.contract.client import Client
from tests.needs import fuzzed_in_ci
from tests.serving.servers import COMMANDS, Server, openrest_run

KEYS = ApiKeyAuthentication(
    {hash_api_key("prometheus"): {"id": "p", "scopes": ["metrics"]}, hash_api_key("ada"): {"id": 1}}
)

Labels = tuple[str, ...]


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


class Store(PythonListDataStore):
    """One record cannot be reached, and one cannot be sent."""

    can_be_away = True

    def get(self, key: Any) -> Record:
        if key == 2:
            raise StoreUnavailable("the disk is full")
        return super().get(key)

    def stream(self, query: Query) -> Iterator[Record]:
        for record in super().stream(query):
            if record["text"] == "broken":
                raise RuntimeError("the disk is gone")
            yield record


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"text": "x" * 1000}] * 200 + [{"text": "broken"}],
        "model": Note,
        "datastore": Store,
    }
    controller = {"list_verbs": ["GET"], "unique_verbs": ["GET"], "options": {"pagination": None}}
    view = {"response_class": JsonResponse, "options": {"alternatives": [NdjsonResponse]}}

    @operation("GET", "/meanwhile", returns=Note)
    def meanwhile(self, call: Call) -> Result:
        """How many requests are being answered now."""
        return Result({"id": 1, "text": APP.meter.text() if APP.meter else ""})


def app(metrics: Metrics | bool = True, **options: Any) -> WSGIDispatcher:
    return WSGIDispatcher([Notes], metrics=metrics, debug=True, **options)


APP = app()


def values(text: str, name: str) -> dict[Labels, float]:
    """The values of the samples of a name, by their labels in the order of these."""
    return {
        tuple(sample.labels[label] for label in sorted(sample.labels)): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def counted(client: Client, name: str = "openrest_http_requests_total") -> dict[Labels, float]:
    """By method, operation and status."""
    assert client.app.meter is not None
    return values(client.app.meter.text(), name)


def test_requests_are_counted_by_method_operation_and_status() -> None:
    api = Client(app())
    before = counted(api)
    assert before == {("GET", "openapi_json", "200"): 1}
    for _ in range(3):
        api.get("/notes/1")
    api.send("HEAD", "/notes/1")
    api.get("/notes/999")
    api.get("/nothing")
    api.send("PUT", "/notes", {})
    api.send("OPTIONS", "/notes")
    api.raw("BREW", "/nothing")
    assert counted(api) == before | {
        ("GET", "get_notes", "200"): 3,
        ("HEAD", "get_notes", "200"): 1,
        ("GET", "get_notes", "404"): 1,
        ("GET", "", "404"): 1,
        ("PUT", "", "405"): 1,
        ("OPTIONS", "", "204"): 1,
        ("other", "", "404"): 1,
    }
    durations = counted(api, "openrest_http_request_duration_seconds_count")
    assert durations == counted(api)
    buckets = counted(api, "openrest_http_request_duration_seconds_bucket")
    assert buckets["+Inf", "GET", "get_notes", "200"] == 3
    assert 0 < counted(api, "openrest_http_request_duration_seconds_sum")["GET", "get_notes", "200"]


TEXTS = st.text(st.characters(max_codepoint=255))
DRAWN = Client(app())


@given(TEXTS, TEXTS)
def test_nobody_makes_up_labels(method: str, path: str) -> None:
    DRAWN.raw(method, "/", PATH_INFO=path)
    DRAWN.raw(method, "/", PATH_INFO=f"/notes/{path}")
    methods = {"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE", "CONNECT", "TRACE"}
    ids = {row.id for row in DRAWN.app.operations}
    for method, id, status in counted(DRAWN):
        assert method in {*methods, "other"}
        assert id in {*ids, ""}
        assert status in {"200", "404", "405", "503"}


def test_those_that_are_being_answered_are_counted_while_they_are() -> None:
    api, name = Client(APP), "openrest_http_requests_in_flight"
    assert values(api.get("/notes/meanwhile").json["text"], name) == {(): 1}
    assert counted(api, name) == {(): 0}
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/notes",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_ACCEPT": "application/x-ndjson",
    }
    body: Any = APP(environ, lambda *_: lambda _: None)
    next(body)
    assert counted(api, name) == {(): 1}
    body.close()
    body.close()
    assert counted(api, name) == {(): 0}
    body = APP(environ, lambda *_: lambda _: None)
    with pytest.raises(RuntimeError):
        list(body)
    body.close()
    assert counted(api, name) == {(): 0}
    assert counted(api, "openrest_http_responses_incomplete_total") == {("list_notes",): 2}


def test_a_store_that_is_away_is_counted() -> None:
    api = Client(app())
    assert counted(api, "openrest_store_errors_total") == {}
    assert api.get("/notes/2").status == 503
    assert counted(api, "openrest_store_errors_total") == {("get_notes",): 1}


#: What Prometheus 3 sends.
ACCEPT = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


def test_they_are_text_that_prometheus_reads_and_nobody_keeps() -> None:
    api = Client(app())
    for headers in ({}, {"Accept": ACCEPT}, {"Accept": "text/plain"}):
        answer = api.get("/metrics", **headers)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        assert list(text_string_to_metric_families(answer.data.decode()))
    assert api.get("/metrics", Accept="application/json").status == 406
    assert api.send("HEAD", "/metrics").status == 200
    assert api.get("/metrics?name=a").status == 422


def test_they_are_in_the_document_and_served_only_where_they_are_asked_for() -> None:
    assert "/metrics" in app().document["paths"]
    without = app(False)
    assert "/metrics" not in without.document["paths"]
    assert Client(without).raw("GET", "/metrics").status == 404


def test_two_applications_of_a_process_have_counts_of_their_own() -> None:
    first, second = Client(app()), Client(app())
    first.get("/notes/1")
    assert ("GET", "get_notes", "200") in counted(first)
    assert ("GET", "get_notes", "200") not in counted(second)
    shared = Metrics()
    third, fourth = Client(app(shared)), Client(app(shared))
    third.get("/notes/1")
    assert ("GET", "get_notes", "200") not in counted(fourth)


def test_who_may_read_them_is_asked_and_announced() -> None:
    api = Client(app(Metrics(authentication=KEYS, permission=Scope("metrics"))))
    assert api.get("/metrics").status == 401
    assert api.get("/metrics", **{"X-API-Key": "ada"}).status == 403
    assert api.get("/metrics", **{"X-API-Key": "prometheus"}).status == 200
    found = api.document["paths"]["/metrics"]["get"]
    assert found["security"] == [{"ApiKey": []}]
    assert "Needs the scope `metrics`." in found["description"]
    anybody = Client(app(Metrics(authentication=KEYS)))
    assert anybody.get("/metrics").status == 401
    assert anybody.get("/metrics", **{"X-API-Key": "ada"}).status == 200
    assert "403" not in anybody.document["paths"]["/metrics"]["get"]["responses"]


def test_where_users_are_away_is_announced() -> None:
    def away(digest: str) -> None:
        raise StoreUnavailable("the users are away")

    api = Client(app(Metrics(authentication=ApiKeyAuthentication(away))))
    assert api.get("/metrics", **{"X-API-Key": "ada"}).status == 503


def test_a_name_and_the_bounds_of_durations_can_be_chosen() -> None:
    api = Client(app(Metrics(namespace="notes", buckets=[0.1, 2])))
    text = api.get("/metrics").data.decode()
    assert "openrest_" not in text
    bounds = {labels[0] for labels in values(text, "notes_http_request_duration_seconds_bucket")}
    assert bounds == {"0.1", "2.0", "+Inf"}


def test_a_resource_that_is_called_metrics_has_to_be_called_otherwise() -> None:
    class Taken(Notes):
        resource = {**Notes.resource, "resource_name": "metrics"}
        controller, view = Notes.controller, Notes.view

    with pytest.raises(ConfigurationError) as refused:
        WSGIDispatcher([Taken], metrics=True)
    assert "GET /metrics is declared twice." in refused.value.mistakes


@pytest.mark.parametrize("wrong", ["yes", 1, None, KEYS])
def test_what_are_no_metrics_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError) as refused:
        app(wrong)
    said = f"metrics must be True, False or a Metrics, not {wrong!r}."
    assert refused.value.mistakes == (said,)


@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        ({"authentication": "key"}, "'key' is no authentication"),
        (
            {"authentication": KEYS, "permission": Scope},
            ".* is no permission: Scope\\('metrics'\\) is one",
        ),
        ({"permission": Scope("a")}, "without authentication nobody has a permission"),
        ({"namespace": "my api"}, "'my api' cannot be the beginning of a name"),
        ({"namespace": 1}, "1 cannot be the beginning of a name"),
        *(
            ({"buckets": buckets}, "buckets are seconds, each more than the last")
            for buckets in ([], [1, 1], [2, 1], [0, 1], [-1], ["1"], [True], [float("inf")])
        ),
    ],
)
def test_metrics_that_make_no_sense_are_refused(options: Any, mistake: str) -> None:
    with pytest.raises(ValueError, match=f"^Metrics: {mistake}"):
        Metrics(**options)


def test_without_the_extra_it_is_named() -> None:
    source = (
        "import sys\n"
        "sys.modules['prometheus_client'] = None\n"
        "from openrest.controllers import WSGIDispatcher\n"
        "from openrest.observability import Metrics\n"
        "WSGIDispatcher([], access_log=True)\n"
        "try:\n"
        "    WSGIDispatcher([], metrics=True)\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source], capture_output=True, text=True
    )
    said = "Metrics need prometheus_client: pip install 'openrest[metrics]'\n"
    assert (done.stdout, done.stderr) == (said, "")


@fuzzed_in_ci
def test_schemathesis_finds_no_difference() -> None:
    class Plain(Notes):
        resource = {**Notes.resource, "resource": [{"text": "a"}]}
        controller = {"list_verbs": ["GET"], "unique_verbs": []}
        view = Notes.view

    metrics = Metrics(authentication=KEYS)
    found = WSGIDispatcher([Plain], metrics=metrics, compress=True, debug=True)
    check_contract(found, examples=5, seed=1, settings={"headers": {"X-API-Key": "prometheus"}})


SOURCE = """
import os

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.observability import Metrics
from openrest.views import JsonResponse


class Note(models.Model):
    id = models.PkField()
    text = models.StringField()


class Notes(Controller):
    resource = {
        "resource_name": "notes", "resource": [], "model": Note, "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET"], "unique_verbs": []}
    view = {"response_class": JsonResponse}

    @operation("GET", "/process", returns=Note)
    def process(self, call: Call) -> Result:
        '''The number of the process.'''
        return Result({"id": os.getpid()})


class Others(Notes):
    resource = {**Notes.resource, "resource_name": "others"}
    controller, view = Notes.controller, Notes.view


others = WSGIDispatcher([Others], metrics=Metrics(namespace="others"))
app = WSGIDispatcher([Notes], metrics=True)
others({"REQUEST_METHOD": "GET", "PATH_INFO": "/others", "SERVER_PROTOCOL": "HTTP/1.1"},
       lambda *_: None).close()
"""


def ask_until_both_answer(server: Server) -> list[int]:
    """The process that answers, for each of the requests that it took until two have."""
    found: list[int] = []
    while len(set(found)) < 2:
        found.append(server.ask("GET", "/notes/process").json()["id"])
    return found


def wait_for(server: Server, requests: int) -> str:
    """The counts, once all requests are in them: each is counted after its answer was sent."""
    while True:
        text = server.ask("GET", "/metrics").body.decode()
        found = values(text, "openrest_http_requests_total")["GET", "process_notes", "200"]
        assert found <= requests
        in_flight = values(text, "openrest_http_requests_in_flight")
        if found == requests and in_flight == {(): 1}:
            return text


def test_each_of_several_processes_answers_the_counts_of_all(tmp_path: Path) -> None:
    (tmp_path / "counted.py").write_text(SOURCE)
    counts = tmp_path / "counts"
    counts.mkdir()
    variables = {"PROMETHEUS_MULTIPROC_DIR": str(counts)}
    with openrest_run(tmp_path, "counted:app", "--workers", "2", **variables) as server:
        processes = ask_until_both_answer(server)
        for _ in range(6):
            assert "others_" not in wait_for(server, len(processes))
        # One that is killed takes nothing with it but what it was answering.
        os.kill(processes[0], signal.SIGKILL)
        more = ask_until_both_answer(server)
        wait_for(server, len(processes) + len(more))


def test_openrest_run_refuses_processes_that_would_each_count_for_themselves(
    tmp_path: Path,
) -> None:
    (tmp_path / "counted.py").write_text(SOURCE)
    command = [str(COMMANDS / "openrest"), "run", "counted:app", "--workers", "2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "Error: Each of 2 processes would count its own requests. Let the environment variable "
        "PROMETHEUS_MULTIPROC_DIR name an empty directory in which they join them, or use "
        "--workers 1, and --threads.\n"
    )


def test_a_directory_for_the_counts_that_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = str(tmp_path / "missing")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", missing)
    with pytest.raises(ConfigurationError) as refused:
        app()
    said = f"metrics: PROMETHEUS_MULTIPROC_DIR is {missing!r}, which is no directory."
    assert refused.value.mistakes == (said,)
