"""Lists that are sent while they are read."""

import json
import logging
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import create_environ

from openrest import models
from openrest.config import ControllerOptions
from openrest.controllers import Call, Controller, Page, Result, WSGIDispatcher
from openrest.datastore import PythonListDataStore, SQLiteDataStore
from openrest.errors import ContractError, StoreUnavailable
from openrest.interfaces import DataStore, Record
from openrest.pagination import Pagination
from openrest.query import Query
from openrest.views import CsvResponse, JsonResponse, NdjsonResponse, formatter
from tests.contract.apis import KINDS
from tests.contract.client import Client

#: Far more than one chunk of 64 KiB.
MANY = 5000


class Row(models.Model):
    text = models.StringField(required=True)
    id = models.PkField()


SEED = [{"text": "a" * 40, "id": n} for n in range(1, MANY + 1)]


class Failing(PythonListDataStore):
    """Fails at some record; notes what becomes of its streams."""

    fails_at = MANY + 1
    error: Exception = RuntimeError("secret")
    can_be_away = True

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.closed = 0
        self.read = 0

    def stream(self, query: Query) -> Iterator[Record]:
        try:
            for record in super().stream(query):
                if record["id"] == self.fails_at:
                    raise self.error
                self.read += 1
                yield record
        finally:
            self.closed += 1


def serve(
    store: DataStore,
    options: ControllerOptions | None = None,
    formatters: Any = (),
    *,
    debug: bool = True,
) -> WSGIDispatcher:
    class Rows(Controller):
        resource = {"resource_name": "rows", "model": Row, "datastore": store}
        controller = {
            "list_verbs": ["GET"],
            "unique_verbs": ["GET"],
            "options": options or {"pagination": None},
        }
        view = {
            "response_class": JsonResponse,
            "options": {
                "alternatives": [NdjsonResponse, CsvResponse],
                "format_parameter": True,
                "formatters": formatters,
            },
        }

    return WSGIDispatcher([Rows], debug=debug)


class Answer:
    """An answer whose body has not been read."""

    def __init__(self, app: WSGIDispatcher, target: str, **environ: Any) -> None:
        path, _, query = target.partition("?")
        made = create_environ(path, query_string=query, input_stream=BytesIO())
        self.status = ""
        self.headers: dict[str, str] = {}
        self.body: Any = app({**made, "SERVER_PROTOCOL": "HTTP/1.1", **environ}, self.start)

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        self.status, self.headers = status, dict(headers)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> DataStore:
    if request.param == "list":
        return PythonListDataStore(SEED, Row)
    made = SQLiteDataStore({"name": str(tmp_path / "rows.db"), "table": "rows"}, Row)
    made.insert_many(SEED)
    return made


def test_a_long_list_is_sent_in_chunks_and_is_whole(store: DataStore) -> None:
    app = serve(store, debug=False)
    for format, parse in (("ndjson", json.loads), ("csv", bytes.decode)):
        answer = Answer(app, f"/rows?format={format}")
        chunks = list(answer.body)
        assert answer.status == "200 OK"
        assert "Content-Length" not in answer.headers
        assert max(map(len, chunks)) < 70_000
        lines = [parse(line) for line in b"".join(chunks).splitlines()]
        assert len(lines) == MANY + (format == "csv")
        assert lines[-1] in ({"text": "a" * 40, "id": MANY}, f"{'a' * 40},{MANY}")


def test_a_short_list_is_sent_whole(store: DataStore) -> None:
    for record in list(store.find(Query(offset=1000))):
        store.delete(record["id"])
    answer = Client(serve(store)).get("/rows?format=ndjson")
    assert answer.headers["Content-Length"] == str(len(answer.data))


def test_pages_are_lines_too(store: DataStore) -> None:
    app = serve(store, {"pagination": Pagination(20, max_limit=MANY)}, debug=False)
    answer = Answer(app, f"/rows?format=ndjson&limit={MANY - 1}&offset=1")
    assert 'rel="prev"' in answer.headers["Link"]
    assert b"".join(answer.body).count(b"\n") == MANY - 1


def test_head_of_a_stream_has_its_headers_and_closes_it() -> None:
    store = Failing(SEED, Row)
    app = serve(store)
    answer = Answer(app, "/rows?format=csv", REQUEST_METHOD="HEAD")
    assert (list(answer.body), store.closed) == ([b""], 1)
    assert answer.headers == Answer(app, "/rows?format=csv").headers


def test_a_client_that_goes_away_closes_the_stream() -> None:
    store = Failing(SEED, Row)
    answer = Answer(serve(store), "/rows?format=ndjson")
    next(answer.body)
    assert store.read < MANY
    answer.body.close()
    answer.body.close()
    assert store.closed == 1
    assert list(answer.body) == []


@pytest.mark.parametrize("format", ["ndjson", "csv"])
def test_what_fails_before_the_first_chunk_is_a_problem(format: str) -> None:
    for error, status in ((StoreUnavailable("gone"), 503), (RuntimeError("secret"), 500)):
        store = Failing(SEED, Row)
        store.fails_at, store.error = 5, error
        answer = Client(serve(store, debug=False)).get(f"/rows?format={format}")
        assert (answer.status, store.closed) == (status, 1)
        assert b"secret" not in answer.data


def test_what_fails_later_is_logged_and_breaks_off(caplog: pytest.LogCaptureFixture) -> None:
    store = Failing(SEED, Row)
    store.fails_at = 3000
    answer = Answer(serve(store, debug=False), "/rows?format=ndjson")
    assert answer.status == "200 OK"
    with pytest.raises(RuntimeError, match="secret"):
        list(answer.body)
    assert store.closed == 1
    [logged] = caplog.records
    assert logged.getMessage() == "list_rows broke off in the middle of its answer"
    assert logged.exc_info is not None


def test_each_object_of_a_stream_is_held_against_its_schema() -> None:
    @formatter()
    def spoil(record: dict[str, Any], call: Any) -> dict[str, Any]:
        return {**record, "text": 1} if record["id"] == 3000 else record

    answer = Answer(serve(Failing(SEED, Row), formatters=[spoil]), "/rows?format=ndjson")
    with pytest.raises(ContractError, match="list_rows answers what breaks its schema"):
        list(answer.body)


def test_http_1_0_gets_the_whole_or_a_problem() -> None:
    store = Failing(SEED, Row)
    app = serve(store, debug=False)
    answer = Answer(app, "/rows?format=ndjson", SERVER_PROTOCOL="HTTP/1.0")
    data = b"".join(answer.body)
    assert answer.headers["Content-Length"] == str(len(data))
    assert data.count(b"\n") == MANY
    answer.body.close()
    unread = Answer(app, "/rows?format=ndjson", SERVER_PROTOCOL="HTTP/1.0", REQUEST_METHOD="HEAD")
    assert unread.headers == answer.headers
    for error, status in ((StoreUnavailable("gone"), "503"), (RuntimeError("secret"), "500")):
        store.fails_at, store.error = 3000, error
        answer = Answer(app, "/rows?format=ndjson", SERVER_PROTOCOL="HTTP/1.0")
        assert answer.status[:3] == status


def test_a_stream_is_of_one_moment_and_stops_no_writer(store: DataStore) -> None:
    answer = Answer(serve(store, debug=False), "/rows?format=ndjson")
    first = next(answer.body)
    store.delete(MANY)
    store.insert({"text": "new"})
    data = first + b"".join(answer.body)
    assert json.loads(data.splitlines()[-1])["id"] == MANY


class Guarded(SQLiteDataStore):
    """A store whose `find` leaves something out."""

    def find(self, query: Query) -> list[Record]:
        return [record for record in super().find(query) if record["id"] != 1]


def test_what_a_find_of_ones_own_leaves_out_no_stream_shows(tmp_path: Path) -> None:
    store = Guarded({"name": str(tmp_path / "rows.db"), "table": "rows"}, Row)
    store.insert_many([{"text": "secret"}, {"text": "told"}])
    assert Client(serve(store)).get("/rows?format=ndjson").data == b'{"text":"told","id":2}\n'


def test_a_handler_may_answer_a_generator() -> None:
    class Rows(Controller):
        resource = {
            "resource_name": "rows", "model": Row, "datastore": PythonListDataStore, "resource": [],
        }  # fmt: skip
        controller = {"list_verbs": ["GET"], "unique_verbs": [], "options": {"pagination": None}}
        view = {"response_class": NdjsonResponse}

        def get_list(self, call: Call) -> Result:
            """Count."""
            assert call.streams
            return Result(Page(({"text": "a", "id": n} for n in range(1, 4)), {}))

    answer = Client(WSGIDispatcher([Rows], debug=True)).get("/rows")
    assert answer.data.count(b"\n") == 3


def test_the_log_names_no_request_of_a_stream_that_ends_well(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        list(Answer(serve(PythonListDataStore(SEED, Row)), "/rows?format=csv").body)
    assert caplog.records == []
