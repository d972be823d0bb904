"""What a body may not be: unreadable is 400, outside of its schema 422, too large 413."""

import json
import logging
import time
from io import BytesIO
from typing import Any, cast

import pytest
from marshmallow.validate import Length

from openrest import models
from openrest.controllers import Controller, WSGIDispatcher
from openrest.datastore import PythonListDataStore
from openrest.views import JsonResponse
from tests.contract.client import MERGE_PATCH, Answer, Client


class Item(models.Model):
    id = models.PkField()
    text = models.StringField(required=True, validate=Length(max=20))
    n = models.IntegerField()
    x = models.FloatField()
    flag = models.BooleanField()
    day = models.DateField()
    at = models.DateTimeField()
    tags = models.ListField(models.StringField())
    path = models.StringField(data_key="a/b~c é")


class Items(Controller):
    resource = {
        "resource_name": "items",
        "resource": [{"text": "a"}],
        "model": Item,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "PATCH"]}
    view = {"response_class": JsonResponse}


@pytest.fixture
def api() -> Client:
    return Client(WSGIDispatcher([Items], debug=True))


def problem(answer: Answer) -> tuple[int, str, list[dict[str, str]]]:
    return answer.status, answer.json["detail"], answer.errors


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"", "There is no body; one is required."),
        (b" ", "The body is not JSON: Expecting value at line 1, column 2."),
        (b"{", "The body is not JSON: Expecting property name enclosed in double quotes at "
               "line 1, column 2."),
        (b'{"text": "a"', "The body is not JSON: Expecting ',' delimiter at line 1, column 13."),
        (b'{"text": "a"}}', "The body is not JSON: Extra data at line 1, column 14."),
        (b'{"text": "a"} {}', "The body is not JSON: Extra data at line 1, column 15."),
        (b"{'text': 'a'}", "The body is not JSON: Expecting property name enclosed in double "
                           "quotes at line 1, column 2."),
        (b'{"text": "a"} // b', "The body is not JSON: Extra data at line 1, column 15."),
        (b'{"text": "a\nb"}', "The body is not JSON: Invalid control character at at line 1, "
                              "column 12."),
        (b'{"text": "a\x00b"}', "The body is not JSON: Invalid control character at at line 1, "
                                "column 12."),
        (b'{"text": "\\x"}', "The body is not JSON: Invalid \\escape at line 1, column 11."),
        (b'{"text": "a", "n": 01}', "The body is not JSON: Expecting ',' delimiter at line 1, "
                                    "column 21."),
        (b'{"text": "a", "n": +1}', "The body is not JSON: Expecting value at line 1, column 20."),
        (b'{"text": "a", "x": .5}', "The body is not JSON: Expecting value at line 1, column 20."),
        (b"text=a", "The body is not JSON: Expecting value at line 1, column 1."),
        (b"<a/>", "The body is not JSON: Expecting value at line 1, column 1."),
        (b"NaN", "NaN is not JSON."),
        (b'{"text": "a", "x": NaN}', "NaN is not JSON."),
        (b'{"text": "a", "x": Infinity}', "Infinity is not JSON."),
        (b'{"text": "a", "x": -Infinity}', "-Infinity is not JSON."),
        (b'{"text": "a", "x": 1e400}', "The number 1e400 is larger than any double."),
        (b'{"text": "a", "x": -1e400}', "The number -1e400 is larger than any double."),
        (b'{"text": "a", "n": ' + b"9" * 5000 + b"}", "A number has too many digits."),
        (b'{"text": "a", "text": "b"}', "The member 'text' is there twice."),
        (b'{"text": "a", "tags": [{"b": 1, "b": 1}]}', "The member 'b' is there twice."),
        (b'{"text": "a", "te\\u0078t": "b"}', "The member 'text' is there twice."),
        (b"[" * 200 + b"]" * 200, "The body is nested deeper than 64 levels."),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "The body is nested deeper than 64 levels."),
        (b"[" * 100_000, "The body is nested deeper than 64 levels."),
        (b"[" * 65 + b"]" * 65, "The body is nested deeper than 64 levels."),
        (b'\xef\xbb\xbf{"text": "a"}', "The body begins with a byte order mark (RFC 8259, section "
                                       "8.1)."),
        ('{"text": "a"}'.encode("utf-16"), "The body is not UTF-8: invalid start byte at byte 0."),
        ('{"text": "a"}'.encode("utf-16-le"), "The body is not JSON: Expecting property name "
                                              "enclosed in double quotes at line 1, column 2."),
        ('{"text": "a"}'.encode("utf-32"), "The body is not UTF-8: invalid start byte at byte 0."),
        (b'{"text": "\xff"}', "The body is not UTF-8: invalid start byte at byte 10."),
        (b'{"text": "\xed\xa0\x80"}', "The body is not UTF-8: invalid continuation byte at byte "
                                      "10."),
        (b'{"text": "\\ud800"}', "The body has a lone surrogate, which no UTF-8 text can hold."),
        (b'{"text": "a\\udc00b"}', "The body has a lone surrogate, which no UTF-8 text can hold."),
        (b'{"\\ud800": 1}', "The body has a lone surrogate, which no UTF-8 text can hold."),
        (b"\x00", "The body is not JSON: Expecting value at line 1, column 1."),
        (b"\x80\x81", "The body is not UTF-8: invalid start byte at byte 0."),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_400(
    api: Client, caplog: pytest.LogCaptureFixture, data: bytes, detail: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = [
            api.send("POST", "/items", data=data),
            api.send("PUT", "/items/1", data=data),
            api.send("PATCH", "/items/1", data=data, content_type=MERGE_PATCH),
        ]
    assert [problem(answer) for answer in answers] == [(400, detail, [])] * 3
    assert caplog.records == []


MOMENT = "must be a date and time with an offset, such as 2026-03-01T09:30:00Z"
NO_DAY = "is on a day that the calendar does not have"
DAY = "must be a date, such as 2026-03-01"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ("null", [("#", "must be an object")]),
        ("[]", [("#", "must be an object")]),
        ('"text"', [("#", "must be an object")]),
        ("1", [("#", "must be an object")]),
        ("[" * 64 + "]" * 64, [("#", "must be an object")]),
        ('{"text": null}', [("#/text", "must be a string")]),
        ('{"text": 1}', [("#/text", "must be a string")]),
        ('{"text": "a\\u0000"}', [("#/text", "must not contain the character NUL")]),
        ('{"text": "aaaaaaaaaaaaaaaaaaaaa"}', [("#/text", "must have at most 20 characters")]),
        ('{"text": "a", "id": 1}', [("#/id", "is read-only: leave it out")]),
        ('{"text": "a", "txt": 1}', [("#/txt", "is not a member of this object. "
                                               "Did you mean 'text'?")]),
        ('{"text": "a", "": 1}', [("#/", "is not a member of this object.")]),
        ('{"text": "a", "~/ %é\\u0000": 1}', [("#/~0~1%20%25%C3%A9%00",
                                              "is not a member of this object.")]),
        ('{"text": "a", "a/b~c é": 1}', [("#/a~1b~0c%20%C3%A9", "must be a string")]),
        ('{"text": "a", "__proto__": 1}', [("#/__proto__", "is not a member of this object.")]),
        ('{"text": "a", "n": 1000000000000000000000000000000}',
         [("#/n", "must be at most 9223372036854775807")]),
        ('{"text": "a", "n": 9223372036854775808}',
         [("#/n", "must be at most 9223372036854775807")]),
        ('{"text": "a", "n": 1e300}', [("#/n", "must be at most 9223372036854775807")]),
        ('{"text": "a", "n": 1.5}', [("#/n", "must be an integer")]),
        ('{"text": "a", "n": true}', [("#/n", "must be an integer")]),
        ('{"text": "a", "n": "1"}', [("#/n", "must be an integer")]),
        ('{"text": "a", "n": null}', [("#/n", "must be an integer")]),
        ('{"text": "a", "x": "1.5"}', [("#/x", "must be a number")]),
        ('{"text": "a", "x": false}', [("#/x", "must be a number")]),
        ('{"text": "a", "x": 1' + "0" * 400 + "}", [("#/x", "must be at most 1.79769e+308")]),
        ('{"text": "a", "flag": 1}', [("#/flag", "must be true or false")]),
        ('{"text": "a", "flag": "true"}', [("#/flag", "must be true or false")]),
        ('{"text": "a", "day": "0000-01-01"}', [("#/day", DAY)]),
        ('{"text": "a", "day": "2026-02-29"}', [("#/day", NO_DAY)]),
        ('{"text": "a", "day": "2026-01-01\\n"}', [("#/day", DAY)]),
        ('{"text": "a", "day": "٢٠٢٦-01-01"}', [("#/day", DAY)]),
        ('{"text": "a", "at": "2016-12-31T23:59:60Z"}', [("#/at", MOMENT)]),
        ('{"text": "a", "at": "2026-01-01t00:00:00Z"}', [("#/at", MOMENT)]),
        ('{"text": "a", "at": "2026-01-01T00:00:00z"}', [("#/at", MOMENT)]),
        ('{"text": "a", "at": "2026-01-01T00:00:00"}', [("#/at", MOMENT)]),
        ('{"text": "a", "at": "0000-12-31T23:59:59Z"}', [("#/at", MOMENT)]),
        ('{"text": "a", "tags": "a"}', [("#/tags", "must be an array")]),
        ('{"text": "a", "tags": {"0": "a"}}', [("#/tags", "must be an array")]),
        ('{"text": "a", "tags": ["a", null, 1]}', [("#/tags/1", "must be a string"),
                                                   ("#/tags/2", "must be a string")]),
        ('{"n": "1", "m": 1, "day": "x"}', [("#/text", "is required"),
                                            ("#/n", "must be an integer"),
                                            ("#/day", DAY),
                                            ("#/m", "is not a member of this object.")]),
    ],
)  # fmt: skip
def test_what_breaks_the_schema_is_422_with_every_place(
    api: Client, caplog: pytest.LogCaptureFixture, body: str, errors: list[tuple[str, str]]
) -> None:
    with caplog.at_level(logging.DEBUG):
        answers = [
            api.send("POST", "/items", data=body.encode()),
            api.send("PUT", "/items/1", data=body.encode()),
        ]
    wanted = [{"pointer": pointer, "detail": detail} for pointer, detail in errors]
    assert [problem(a) for a in answers] == [(422, "The request breaks its schema.", wanted)] * 2
    assert caplog.records == []


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ("null", [("#", "must be an object")]),
        ("[]", [("#", "must be an object")]),
        ('{"text": null}', [("#/text", "must be a string")]),
        ('{"id": 1}', [("#/id", "is read-only: leave it out")]),
        ('{"id": null}', [("#/id", "is read-only: leave it out")]),
        ('{"n": "1", "m": null}', [("#/n", "must be an integer"),
                                   ("#/m", "is not a member of this object.")]),
        ('{"tags": [null]}', [("#/tags/0", "must be a string")]),
    ],
)  # fmt: skip
def test_a_patch_that_breaks_its_schema_is_422(
    api: Client, body: str, errors: list[tuple[str, str]]
) -> None:
    answer = api.send("PATCH", "/items/1", data=body.encode(), content_type=MERGE_PATCH)
    wanted = [{"pointer": pointer, "detail": detail} for pointer, detail in errors]
    assert problem(answer) == (422, "The request breaks its schema.", wanted)


@pytest.mark.parametrize(
    ("body", "members"),
    [
        ('{"text": ""}', {"text": ""}),
        ('\n\t {"text": "a"} \r\n', {"text": "a"}),
        ('{"text": "\\u00e9\\uD83D\\uDE00"}', {"text": "é😀"}),
        ('{"text": "\u2028\x7f\ufeff"}', {"text": "\u2028\x7f\ufeff"}),
        ('{"text": "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀"}', {"text": "😀" * 20}),
        ('{"text": "a", "n": 5.0}', {"n": 5}),
        ('{"text": "a", "n": 5e0}', {"n": 5}),
        ('{"text": "a", "n": -9223372036854775808}', {"n": -(2**63)}),
        ('{"text": "a", "n": 9223372036854775807}', {"n": 2**63 - 1}),
        ('{"text": "a", "x": 5}', {"x": 5.0}),
        ('{"text": "a", "x": 1e-400}', {"x": 0.0}),
        ('{"text": "a", "x": 1.7976931348623157e308}', {"x": 1.7976931348623157e308}),
        ('{"text": "a", "day": "0001-01-01"}', {"day": "0001-01-01"}),
        ('{"text": "a", "at": "2026-01-01T00:30:00+01:00"}', {"at": "2025-12-31T23:30:00Z"}),
        ('{"text": "a", "at": "0001-01-01T00:00:00.000001Z"}',
         {"at": "0001-01-01T00:00:00.000001Z"}),
        ('{"text": "a", "at": "9999-12-31T23:59:59.999999Z"}',
         {"at": "9999-12-31T23:59:59.999999Z"}),
        ('{"text": "a", "a/b~c é": "b"}', {"a/b~c é": "b"}),
        ('{"text": "a", "tags": []}', {"tags": []}),
    ],
)  # fmt: skip
def test_what_fits_the_schema_is_taken(api: Client, body: str, members: dict[str, Any]) -> None:
    created = api.send("POST", "/items", data=body.encode())
    assert created.status == 201
    assert {name: created.json[name] for name in members} == members
    assert api.get(created.headers["Location"]).json == created.json


READS_JSON = "application/json"


@pytest.mark.parametrize(
    ("content_type", "detail"),
    [
        ("text/plain", "text/plain is not read here, but application/json."),
        ("", "There is no Content-Type; read here: application/json."),
        ("application/x-www-form-urlencoded",
         "application/x-www-form-urlencoded is not read here, but application/json."),
        ("multipart/form-data", "multipart/form-data is not read here, but application/json."),
        ("application/merge-patch+json",
         "application/merge-patch+json is not read here, but application/json."),
        ("application/vnd.api+json",
         "application/vnd.api+json is not read here, but application/json."),
        ("application/jsonx", "application/jsonx is not read here, but application/json."),
        ("application/*", "application/* is not read here, but application/json."),
        ("json", "json is not read here, but application/json."),
        ("application/json; charset=latin-1",
         "application/json; charset=latin-1 is not read here, but application/json."),
        ("application/json, text/plain",
         "application/json, text/plain is not read here, but application/json."),
        (";", "; is not read here, but application/json."),
        ("\xff", "\xff is not read here, but application/json."),
        ("x" * 200, "x" * 80 + " is not read here, but application/json."),
    ],
)  # fmt: skip
def test_a_body_of_another_type_is_415_and_says_what_is_read(
    api: Client, content_type: str, detail: str
) -> None:
    good = b'{"text": "a"}'
    for method, target in (("POST", "/items"), ("PUT", "/items/1")):
        answer = api.send(method, target, data=good, content_type=content_type)
        assert problem(answer) == (
            415,
            detail,
            [{"header": "Content-Type", "detail": "must be application/json"}],
        )
        assert answer.headers["Accept"] == "application/json"


def test_a_patch_of_another_type_is_415_and_says_what_is_read(api: Client) -> None:
    answer = api.send("PATCH", "/items/1", data=b"{}", content_type="application/json")
    assert problem(answer) == (
        415,
        "application/json is not read here, but application/merge-patch+json.",
        [{"header": "Content-Type", "detail": "must be application/merge-patch+json"}],
    )
    assert answer.headers["Accept-Patch"] == "application/merge-patch+json"


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/json ; profile=x",
        "application/json;",
    ],
)
def test_a_type_is_read_however_it_is_spelled(api: Client, content_type: str) -> None:
    answer = api.send("POST", "/items", data=b'{"text": "a"}', content_type=content_type)
    assert answer.status == 201


def test_the_type_is_refused_before_the_body_is_read(api: Client) -> None:
    assert api.send("POST", "/items", data=b"{", content_type="text/plain").status == 415


def test_a_body_is_not_read_before_the_object_is_there_and_the_answer_can_be_sent(
    api: Client,
) -> None:
    assert api.send("POST", "/items", data=b"{", headers={"Accept": "image/png"}).status == 406
    assert api.send("PUT", "/items/x", data=b"{", headers={"Accept": "image/png"}).status == 404
    assert api.send("PUT", "/items/none", data=b"{", content_type="text/plain").status == 404


TOO_LARGE = "The body is larger than the 1000000 bytes that are read here."


def test_a_body_of_20_megabytes_is_413(api: Client) -> None:
    body = json.dumps({"text": "a" * 20_000_000}).encode()
    assert problem(api.send("POST", "/items", data=body)) == (413, TOO_LARGE, [])


def chunked(api: Client, body: bytes) -> Answer:
    """As a server hands on a body of unknown length."""
    return api.raw(
        "POST",
        "/items",
        CONTENT_TYPE="application/json",
        HTTP_TRANSFER_ENCODING="chunked",
        **cast(Any, {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True}),
    )


def test_a_body_of_20_megabytes_in_chunks_is_413(api: Client) -> None:
    body = json.dumps({"text": "a" * 20_000_000}).encode()
    assert problem(chunked(api, body)) == (413, TOO_LARGE, [])


def test_a_body_in_chunks_is_read(api: Client) -> None:
    assert chunked(api, b'{"text": "a"}').status == 201
    assert problem(chunked(api, b"")) == (400, "There is no body; one is required.", [])


def test_a_body_may_be_as_large_as_the_limit_and_no_larger(api: Client) -> None:
    body = b'{"text": "a"}'
    assert api.send("POST", "/items", data=body.ljust(1_000_000)).status == 201
    assert api.send("POST", "/items", data=body.ljust(1_000_001)).status == 413
    assert chunked(api, body.ljust(1_000_000)).status == 201
    assert chunked(api, body.ljust(1_000_001)).status == 413


def test_the_limits_can_be_set_and_are_documented() -> None:
    api = Client(WSGIDispatcher([Items], max_body_bytes=20, max_depth=2, max_parameters=1))
    responses = api.document["paths"]["/items"]["post"]["responses"]
    assert api.resolved(responses["413"])["description"] == "The body is larger than 20 bytes"
    assert api.resolved(responses["400"])["description"] == (
        "The body is missing, is not JSON (RFC 8259), or is nested deeper than 2 levels"
    )
    detail = "The body is larger than the 20 bytes that are read here."
    assert problem(api.post("/items", {"text": "abcdefghij"})) == (413, detail, [])
    detail = "The body is nested deeper than 2 levels."
    assert problem(api.post("/items", [[[]]])) == (400, detail, [])
    assert api.get("/items/1?n=1&n=2").errors == [
        {"parameter": "query", "detail": "has more than 1 parameters"}
    ]


@pytest.mark.parametrize(
    ("length", "data", "detail"),
    [
        ("14", b'{"text": "a"}', "The body ended before its Content-Length."),
        ("x", b'{"text": "a"}', "There is no body; one is required."),
        ("-1", b'{"text": "a"}', "There is no body; one is required."),
        ("0", b'{"text": "a"}', "There is no body; one is required."),
        ("", b'{"text": "a"}', "There is no body; one is required."),
        ("12", b'{"text": "a"}', "The body is not JSON: Expecting ',' delimiter at line 1, "
                                 "column 13."),
    ],
)  # fmt: skip
def test_a_content_length_that_does_not_hold_is_400(
    api: Client, length: str, data: bytes, detail: str
) -> None:
    answer = api.raw("POST", "/items", data, CONTENT_LENGTH=length)
    assert problem(answer) == (400, detail, [])


def test_a_body_where_none_is_read_is_ignored(api: Client) -> None:
    assert api.send("GET", "/items", data=b"{").status == 200


HOSTILE = {
    "backslashes": b'{"text": "' + b"\\" * 900_001 + b'"}',
    "quotes": b'"' * 999_999,
    "brackets in a string": b'{"text": "' + b"[{" * 450_000 + b'"}',
    "brackets": b"[" * 999_999,
    "minuses": b"-" * 999_999,
    "a long integer": b'{"n": ' + b"1" * 999_000 + b"}",
    "a long fraction": b'{"x": 0.' + b"1" * 999_000 + b"}",
    "a long name": b'{"' + b"a" * 999_000 + b'": 1}',
    "unknown members": b"{" + b",".join(b'"%d": 1' % n for n in range(90_000)) + b"}",
    "wrong items": b'{"tags": [' + b"1," * 499_000 + b"1]}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_body_within_the_limit_takes_seconds(api: Client, name: str) -> None:
    before = time.process_time()
    answer = api.send("POST", "/items", data=HOSTILE[name])
    assert answer.status in (400, 422)
    assert time.process_time() - before < 2
    assert len(answer.data) < 1_100_000


def test_an_answer_lists_at_most_100_mistakes(api: Client) -> None:
    assert len(api.post("/items", {"tags": [1] * 99}).errors) == 100
    assert len(api.post("/items", {"tags": [1] * 5000}).errors) == 100
    assert len(api.post("/items?" + "n=1&" * 50, {"tags": [1] * 5000}).errors) == 100
