"""Answers in fewer bytes, where the author turns that on and the client takes it."""

import gzip
import json
import zlib
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest import compression
from openrest.compression import CODINGS, Choice, choose, coded_etag
from openrest.contract import Header
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, declare
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError
from openrest.models import shapes as s
from openrest.testing import contract_formats
from openrest.testing.contract import check_contract
from openrest.views import CsvResponse, JsonResponse, MessagePackResponse, NdjsonResponse
from tests.contract.client import Answer, Client
from tests.contract.test_streaming import MANY, SEED, Failing, Row
from tests.contract.test_streaming import Answer as Unread
from tests.needs import CI, fuzzed_in_ci
from tests.views.test_encoding import PROPERTY

zstd: Any = compression.zstd


class Picture:
    media_type = "image/x-row"

    @staticmethod
    def encode(value: Any) -> bytes:
        return b"\xff" * 5000


class Rows(Controller):
    resource = {
        "resource_name": "rows",
        "model": Row,
        "resource": [{"text": "a" * 5000}, {"text": "b"}],
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "DELETE"]}
    view = {
        "response_class": JsonResponse,
        "options": {
            "alternatives": [NdjsonResponse, CsvResponse, MessagePackResponse, Picture],
            "format_parameter": True,
        },
    }


class Tagged(Rows):
    @declare(
        headers=[
            Header(name="ETag", shape=s.String()),
            Header(name="Content-Encoding", shape=s.String(), required=False),
        ]
    )
    def get(self, call: Call) -> Result:
        """Say which bytes it is."""
        headers = [("ETag", 'W/"1"' if call.key == 2 else '"1.a"')]
        if call.media_type == "text/csv":
            headers.append(("Content-Encoding", "identity"))
        return Result(self.store.get(call.key), headers=headers)


@pytest.fixture
def api() -> Client:
    return Client(WSGIDispatcher([Rows], compress=True, debug=True))


def ask(api: Client, target: str, accept: str | None, method: str = "GET") -> Answer:
    """The answer, decoded; checked against the document as if it had been sent like that."""
    headers = {} if accept is None else {"Accept-Encoding": accept}
    answer = api.raw(method, target, headers=headers)
    coding = answer.headers.get("Content-Encoding")
    decode = {"gzip": gzip.decompress, "zstd": zstd.decompress}.get(coding or "", bytes)
    plain = Answer(answer.status, dict(answer.headers), decode(answer.data))
    if "Content-Length" in plain.headers and method != "HEAD":
        assert plain.headers["Content-Length"] == str(len(answer.data))
        plain.headers["Content-Length"] = str(len(plain.data))
    api.check(method, target, plain)
    return plain


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (None, None),
        ("", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("zstd;q=0, gzip", "gzip"),
        ("*", "zstd"),
        ("*;q=0.5, zstd;q=0", "gzip"),
        ("gzip;q=0.5, identity", None),
        ("gzip;q=0.5, identity;q=0.2", "gzip"),
        ("br", None),
        ("gzip;q=0", None),
        ("gzip;q=0, *", "zstd"),
        ("identity", None),
        ("gzip, identity;q=0", "gzip"),
        ("gzip, *;q=0", "gzip"),
    ],
)
def test_the_client_chooses_the_coding(api: Client, accept: str | None, coding: str | None) -> None:
    answer = ask(api, "/rows/1", accept)
    assert answer.headers.get("Content-Encoding") == coding
    assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert answer.json == {"text": "a" * 5000, "id": 1}


@pytest.mark.parametrize("accept", ["identity;q=0", "*;q=0", "br, identity;q=0", "br, *;q=0"])
def test_who_takes_nothing_that_there_is_gets_406_before_anything_is_stored(
    api: Client, accept: str
) -> None:
    answer = api.send("POST", "/rows", {"text": "x"}, headers={"Accept-Encoding": accept})
    possible = ", ".join([*CODINGS, "identity"])
    assert answer.status == 406
    assert answer.json["detail"] == f"/rows can be sent as {possible}."
    assert answer.errors == [{"header": "Accept-Encoding", "detail": f"must allow {possible}"}]
    assert api.get("/rows").json["meta"]["total_count"] == 2


def test_what_is_short_or_no_text_is_sent_as_it_is(api: Client) -> None:
    for target in ("/rows/2", "/rows/1?format=row"):
        answer = ask(api, target, "gzip")
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Vary"] == "Accept, Accept-Encoding"
    assert ask(api, "/rows/2", "gzip, identity;q=0").headers["Content-Encoding"] == "gzip"
    for format in ("json", "ndjson", "csv", "msgpack"):
        answer = ask(api, f"/rows/1?format={format}", "gzip")
        assert answer.headers["Content-Encoding"] == "gzip"


def test_errors_and_answers_without_content_are_sent_as_they_are(api: Client) -> None:
    for method, target, status in (("GET", "/rows/9", 404), ("DELETE", "/rows/2", 204)):
        answer = ask(api, target, "gzip, identity;q=0", method)
        assert (answer.status, "Content-Encoding" in answer.headers) == (status, False)


def test_head_has_the_headers_of_the_coding(api: Client) -> None:
    headers = {"Accept-Encoding": "gzip"}
    answers = [api.raw(method, "/rows/1", headers=headers) for method in ("GET", "HEAD")]
    assert answers[0].headers == answers[1].headers
    assert answers[1].data == b""


def test_a_strong_etag_is_another_in_each_coding_and_what_is_coded_stays() -> None:
    api = Client(WSGIDispatcher([Tagged], compress=True, debug=True))
    tags = {ask(api, "/rows/1", coding).headers["ETag"] for coding in (None, "gzip", "zstd")}
    assert tags == {'"1.a"', '"1.a-gzip"', '"1.a-zstd"'}
    coded = ask(api, "/rows/2", "gzip, identity;q=0")
    assert (coded.headers["Content-Encoding"], coded.headers["ETag"]) == ("gzip", 'W/"1"')
    already = ask(api, "/rows/1?format=csv", "gzip")
    assert (already.headers["Content-Encoding"], already.headers["ETag"]) == ("identity", '"1.a"')
    assert coded_etag('"a"', "gzip") == '"a-gzip"'


class Long(Controller):
    resource = {
        "resource_name": "rows", "model": Row, "datastore": PythonListDataStore, "resource": SEED,
    }  # fmt: skip
    controller = {"list_verbs": ["GET"], "unique_verbs": [], "options": {"pagination": None}}
    view = {"response_class": NdjsonResponse}


def stream(coding: str, **environ: Any) -> Unread:
    return Unread(WSGIDispatcher([Long], compress=True), "/rows", HTTP_ACCEPT_ENCODING=coding,
                  **environ)  # fmt: skip


def decoder(coding: str) -> Any:
    made = zlib.decompressobj(wbits=31) if coding == "gzip" else zstd.ZstdDecompressor()
    return made.decompress


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_each_chunk_of_a_stream_can_be_decoded_when_it_is_there(coding: str) -> None:
    answer = stream(coding)
    assert answer.headers["Content-Encoding"] == coding
    assert "Content-Length" not in answer.headers
    decode = decoder(coding)
    first = decode(next(answer.body))
    assert first.endswith(b"\n") and 60_000 < len(first) < 70_000
    data = first + b"".join(map(decode, answer.body))
    assert [json.loads(line)["id"] for line in data.splitlines()] == list(range(1, MANY + 1))


def test_http_1_0_gets_the_whole_stream_in_its_coding() -> None:
    answer = stream("gzip", SERVER_PROTOCOL="HTTP/1.0")
    data = b"".join(answer.body)
    assert answer.headers["Content-Length"] == str(len(data))
    assert gzip.decompress(data).count(b"\n") == MANY
    answer.body.close()


def test_a_stream_in_a_coding_is_closed_and_breaks_off_like_any_other() -> None:
    store = Failing(SEED, Row)
    store.fails_at = 3000

    class Stored(Long):
        resource = {"resource_name": "rows", "model": Row, "datastore": store}

    app = WSGIDispatcher([Stored], compress=True)
    for read in (lambda body: body.close(), lambda body: (next(body), body.close())):
        store.closed = 0
        read(Unread(app, "/rows", HTTP_ACCEPT_ENCODING="gzip").body)
        assert store.closed == 1
    answer = Unread(app, "/rows", HTTP_ACCEPT_ENCODING="gzip")
    decompress = zlib.decompressobj(wbits=31)
    with pytest.raises(RuntimeError, match="secret"):
        for chunk in answer.body:
            decompress.decompress(chunk)
    assert not decompress.eof


def test_the_document_says_what_answers_may_have_and_nothing_without_the_option(
    api: Client,
) -> None:
    responses = api.document["paths"]["/rows"]["get"]["responses"]
    headers = responses["200"]["headers"]
    assert headers["Content-Encoding"]["schema"]["enum"] == list(CODINGS)
    assert (headers["Content-Encoding"]["required"], headers["Vary"]["required"]) == (False, True)
    refused = api.resolved(responses["406"])
    assert "or: `Accept-Encoding` excludes zstd, gzip and identity" in refused["description"]
    gone = api.document["paths"]["/rows/{id}"]["delete"]["responses"]["204"]
    assert gone["headers"].keys() == {"X-Content-Type-Options"}
    plain = Client(WSGIDispatcher([Rows], debug=True))
    assert "Content-Encoding" not in json.dumps(plain.document)
    answer = plain.get("/rows/1", **{"Accept-Encoding": "gzip, identity;q=0"})
    assert (answer.headers["Vary"], answer.json["id"]) == ("Accept", 1)


def test_what_the_api_says_of_itself_is_coded_too(api: Client) -> None:
    for target in ("/openapi.json", "/openapi.yaml", "/docs/swagger-ui-bundle.js"):
        answer = api.raw("GET", target, headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        plain = api.raw("GET", target)
        assert gzip.decompress(answer.data) == plain.data
        assert "Accept-Encoding" in plain.headers["Vary"]
    picture = api.raw("GET", "/docs/favicon-32x32.png", headers={"Accept-Encoding": "gzip"})
    assert not {"Content-Encoding", "Vary"} & picture.headers.keys()
    browser = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    assert api.get("/", **browser).headers["Vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize(
    "accept",
    ["gzip, " * 800, "a" * 5000, ";q=" * 1700, ", ".join(f"c{n};q=0.{n}" for n in range(400))],
    ids=["again", "long", "odd", "many"],
)
def test_a_long_accept_encoding_is_read(api: Client, accept: str) -> None:
    assert ask(api, "/rows/1", accept).status == 200


@PROPERTY
@given(st.text('gzipstdxaen*;=q01.,- "\t'), st.sampled_from([("gzip",), ("zstd", "gzip")]))
def test_any_accept_encoding_chooses_one_or_none(accept: str, codings: tuple[str, ...]) -> None:
    choice = choose(accept, codings)
    assert choice is None or choice.coding in (None, *codings)
    if "q" not in accept:
        assert choice is not None


def test_without_the_library_there_is_gzip_alone() -> None:
    assert choose("zstd, gzip", ("gzip",)) == Choice("gzip")
    assert choose("zstd", ("gzip",)) == Choice(None)


def test_compress_is_true_or_false() -> None:
    wrong: Any = "gzip"
    with pytest.raises(ConfigurationError, match="compress must be True or False, not 'gzip'"):
        WSGIDispatcher([Rows], compress=wrong)


@fuzzed_in_ci
@pytest.mark.skipif(not CI, reason="takes long")
def test_schemathesis_finds_no_difference() -> None:
    check_contract(WSGIDispatcher([Rows], compress=True, debug=True), examples=20, seed=1)


@pytest.mark.parametrize("coding", ["gzip", "zstd", None])
def test_what_is_coded_is_decoded_before_it_is_checked(coding: str | None) -> None:
    coder = compression.Coder(coding) if coding else None
    headers = {"content-encoding": [coding]} if coding else {}
    response = SimpleNamespace(headers=headers, content=coder.whole(b"a") if coder else b"a")
    assert contract_formats.decoded(response).content == b"a"
