"""The trace that a request is part of: what is accepted, what begins anew, what is passed on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore, RestDataStore, Upstream
from openrest.errors import ConfigurationError
from openrest.observability import Trace, current_trace
from openrest.observability.traces import trace_of
from openrest.views import JsonResponse, NdjsonResponse
from tests.contract.client import Client
from tests.datastore.rest.upstreams import served
from tests.observability.watched import Lines, access_lines

ID, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SENT = f"00-{ID}-{PARENT}-01"

HEX = "0123456789abcdef"
ids = st.text(HEX, min_size=32, max_size=32).filter(lambda text: set(text) != {"0"})
spans = st.text(HEX, min_size=16, max_size=16).filter(lambda text: set(text) != {"0"})
keys = st.from_regex(r"[a-z0-9][a-z0-9_*/@-]{0,20}", fullmatch=True)
values = st.from_regex(r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,20}[\x21-\x2b\x2d-\x3c\x3e-\x7e]", fullmatch=True)  # fmt: skip # noqa: E501


@given(ids, spans, st.integers(0, 255))
def test_a_valid_parent_is_gone_on_with(trace_id: str, parent: str, flags: int) -> None:
    trace = trace_of(f"00-{trace_id}-{parent}-{flags:02x}", None)
    assert (trace.trace_id, trace.parent_id) == (trace_id, parent)
    assert trace.span_id != parent
    assert trace.sampled is bool(flags & 1)
    # Of the flags one has a meaning, and the others are zero (section 3.2.2.5).
    assert trace.headers() == {"traceparent": f"00-{trace_id}-{trace.span_id}-0{flags & 1}"}


@pytest.mark.parametrize(
    "sent", [f" {SENT}\t", f"01-{ID}-{PARENT}-01", f"cc-{ID}-{PARENT}-01-what"]
)
def test_a_higher_version_is_read_as_far_as_it_is_known(sent: str) -> None:
    trace = trace_of(sent, None)
    assert (trace.trace_id, trace.parent_id) == (ID, PARENT)
    assert trace.headers()["traceparent"].startswith(f"00-{ID}-")


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "00",
        f"ff-{ID}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{ID}-{'0' * 16}-01",
        f"00-{ID.upper()}-{PARENT}-01",
        f"00-{ID}-{PARENT.upper()}-01",
        f"00-{ID}-{PARENT}-01-what",
        f"00-{ID}-{PARENT}-01-",
        f"00-{ID}-{PARENT}-1",
        f"00-{ID}-{PARENT}-0g",
        f"00-{ID}-{PARENT}",
        f"01-{ID}-{PARENT}-01.what",
        f"0-{ID}-{PARENT}-01",
        f"0X-{ID}-{PARENT}-01",
        f"00-{ID[:-1]}-{PARENT}-01",
        f"00-{ID}0-{PARENT}-01",
        f"{SENT},{SENT}",
        f"00-{ID}-{PARENT}-01\n",
        "x" * 100_000,
    ],
)
def test_what_is_no_parent_begins_a_trace_and_its_state_is_not_looked_at(wrong: str) -> None:
    trace = trace_of(wrong, "a=1")
    assert trace.trace_id != ID
    assert (trace.parent_id, trace.state, trace.sampled) == (None, "", True)


@given(st.text(), st.text())
def test_whatever_is_sent_what_is_passed_on_is_valid(parent: str, state: str) -> None:
    for trace in (trace_of(parent, state), trace_of(SENT, state)):
        headers = trace.headers()
        assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", headers["traceparent"])
        assert set(trace.trace_id) != {"0"} != set(trace.span_id)
        assert len(headers.get("tracestate", "")) <= 512
        assert headers.get("tracestate", "a").isascii()
        # It goes on with it as its own.
        again = trace_of(headers["traceparent"], headers.get("tracestate"))
        assert (again.trace_id, again.parent_id) == (trace.trace_id, trace.span_id)
        assert again.state == trace.state


@given(st.dictionaries(keys, values, max_size=10))
@example({"fw529a3039@dt": "FfAGEQAaF", "0vendor": "1"})
def test_a_valid_state_goes_on_as_it_is(entries: dict[str, str]) -> None:
    sent = ",".join(f"{key}={value}" for key, value in entries.items())
    assert trace_of(SENT, sent).state == sent


@given(st.dictionaries(keys, values, max_size=5), st.lists(st.sampled_from([" ", "\t", "  "])))
def test_blanks_and_empty_entries_are_left_out(entries: dict[str, str], blanks: list[str]) -> None:
    kept = [f"{key}={value.strip()}" for key, value in entries.items()]
    sent = ",".join([*blanks, *(f"\t{entry} " for entry in kept), *blanks])
    assert trace_of(SENT, sent).state == ",".join(kept)


@pytest.mark.parametrize(
    "wrong",
    [
        "a",
        "=1",
        "A=1",
        "a=1,b",
        "a=1=2",
        "a=",
        "a=é",
        "a b=1",
        "a=1\x7f",
        "a=1,a=2",
        "a" * 257 + "=1",
        "a=" + "1" * 257,
        ",".join(f"a{n}=1" for n in range(33)),
    ],
)
def test_of_a_state_with_a_mistake_nothing_goes_on_and_the_trace_does(wrong: str) -> None:
    trace = trace_of(SENT, wrong)
    assert (trace.trace_id, trace.state) == (ID, "")


def test_of_a_long_state_the_long_entries_go_first_and_then_the_last() -> None:
    short = [f"k{n:02}={'x' * 46}" for n in range(10)]
    long = "long=" + "y" * 200
    sent = ",".join([short[0], long, *short[1:]])
    assert trace_of(SENT, sent).state == ",".join(short)
    more = [*short, *(f"m{n:02}={'x' * 46}" for n in range(5))]
    assert trace_of(SENT, ",".join(more)).state == ",".join(more[:10])


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


class Store(PythonListDataStore):
    """Its records say which trace they were read in."""

    def stream(self, query: Any) -> Any:
        for record in super().stream(query):
            trace = current_trace()
            yield {**record, "text": "" if trace is None else trace.trace_id}


class Notes(Controller):
    resource = {
        "resource_name": "notes",
        "resource": [{"text": "x" * 32}] * 3000,
        "model": Note,
        "datastore": Store,
    }
    controller = {
        "list_verbs": ["GET", "POST"],
        "unique_verbs": [],
        "options": {"pagination": None},
    }
    view = {"response_class": JsonResponse, "options": {"alternatives": [NdjsonResponse]}}

    @operation("GET", "/trace", returns=Note)
    def trace(self, call: Call) -> Result:
        """The trace of this request."""
        trace = current_trace()
        return Result({"id": 1, "text": "none" if trace is None else trace.trace_id})


@pytest.fixture
def lines() -> Iterator[Lines]:
    with access_lines() as found:
        yield found


def test_the_trace_is_in_the_access_log_and_a_handler_has_it(lines: Lines) -> None:
    api = Client(WSGIDispatcher([Notes], access_log=True, traces=True, debug=True))
    assert api.get("/notes/trace", traceparent=SENT).json["text"] == ID
    assert (lines.last["trace_id"], lines.last["parent_id"]) == (ID, PARENT)
    assert re.fullmatch("[0-9a-f]{16}", lines.last["span_id"])
    made = api.get("/notes/trace").json["text"]
    assert made == lines.last["trace_id"] != ID
    assert lines.last["parent_id"] is None
    assert current_trace() is None


def test_there_is_none_unless_it_is_wanted(lines: Lines) -> None:
    api = Client(WSGIDispatcher([Notes], access_log=True, debug=True))
    assert api.get("/notes/trace", traceparent=SENT).json["text"] == "none"
    assert lines.last["trace_id"] is None


def test_traces_are_there_without_an_access_log() -> None:
    api = Client(WSGIDispatcher([Notes], traces=True, debug=True))
    assert api.get("/notes/trace", traceparent=SENT).json["text"] == ID


def test_the_records_of_a_stream_are_read_in_the_trace_of_its_request() -> None:
    api = Client(WSGIDispatcher([Notes], traces=True, debug=True))
    answer = api.get("/notes", traceparent=SENT, Accept="application/x-ndjson")
    assert len(answer.data) > 100_000
    assert {json.loads(line)["text"] for line in answer.data.splitlines()} == {ID}


def upstream(url: str, headers: Any) -> type[Controller]:
    class Passed(Controller):
        resource = {
            "resource_name": "passed",
            "resource": {
                "url": f"{url}/notes",
                "upstream": Upstream.openrest(operators=["eq"]),
                "headers": headers,
            },
            "model": Note,
            "datastore": RestDataStore,
        }
        controller = {"list_verbs": ["GET"], "unique_verbs": []}
        view = {"response_class": JsonResponse}

    return Passed


def test_the_server_that_a_store_asks_logs_the_same_trace_with_this_request_as_parent(
    lines: Lines,
) -> None:
    class Asked(Controller):
        resource = {**Notes.resource, "resource": [], "datastore": PythonListDataStore}
        controller = {"list_verbs": ["GET", "POST"], "unique_verbs": []}
        view = {"response_class": JsonResponse}

    with served(WSGIDispatcher([Asked], access_log=True, traces=True)) as url:
        app = WSGIDispatcher([upstream(url, {})], access_log=True, traces=True, debug=True)
        lines.texts.clear()
        Client(app).get("/passed", traceparent=SENT, tracestate="vendor=1")
    by_operation = {line["operation"]: line for line in map(json.loads, lines.texts)}
    ours, theirs = by_operation["list_passed"], by_operation["list_notes"]
    assert ours["trace_id"] == theirs["trace_id"] == ID
    assert theirs["parent_id"] == ours["span_id"]


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({}, {"traceparent": ID, "tracestate": "vendor=1"}),
        ({"Traceparent": "mine"}, {"traceparent": "mine"}),
    ],
)
def test_the_headers_of_a_trace_are_sent_unless_the_author_sends_them(
    headers: dict[str, str], sent: dict[str, str]
) -> None:
    seen: list[dict[str, str]] = []

    def recorded(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        names = ("traceparent", "tracestate")
        seen.append({n: environ[k] for n in names if (k := f"HTTP_{n.upper()}") in environ})
        start_response("503 Service Unavailable", [("Content-Length", "0")])
        return [b""]

    with served(recorded) as url:
        app = WSGIDispatcher([upstream(url, headers)], traces=True, debug=True)
        Client(app).get("/passed", traceparent=SENT, tracestate="vendor=1")
        Client(WSGIDispatcher([upstream(url, {})], debug=True)).get("/passed", traceparent=SENT)
    assert {name: re.sub(f".*{ID}.*", ID, value) for name, value in seen[0].items()} == sent
    assert seen[-1] == {}


def test_the_headers_of_a_trace_are_for_whoever_asks_somebody_else() -> None:
    trace = Trace("a" * 32, "b" * 16, sampled=False, state="k=v")
    assert trace.headers() == {
        "traceparent": f"00-{'a' * 32}-{'b' * 16}-00",
        "tracestate": "k=v",
    }


@pytest.mark.parametrize("wrong", ["yes", 1, None])
def test_what_is_no_choice_of_traces_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError) as refused:
        WSGIDispatcher([Notes], traces=wrong)
    assert refused.value.mistakes == (f"traces must be True or False, not {wrong!r}.",)
