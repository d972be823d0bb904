"""Bodies in other formats than JSON: as strict as JSON is read, and 400 for all else."""

import json
import math
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.controllers import Call, Controller, Result, WSGIDispatcher, operation
from openrest.datastore import PythonListDataStore
from openrest.errors import ConfigurationError, Unreadable
from openrest.strict_msgpack import read_msgpack
from openrest.strict_yaml import read_yaml
from openrest.testing.contract import check_contract
from openrest.views import (
    CsvResponse,
    JsonResponse,
    MessagePackResponse,
    NdjsonResponse,
    XmlResponse,
    YamlResponse,
)
from tests.contract.client import JSON, MERGE_PATCH, Answer, Client
from tests.needs import CI, fuzzed_in_ci
from tests.views.test_encoding import PROPERTY, VALUES, exact

YAML = "application/yaml"
PACK = "application/vnd.msgpack"


class Item(models.Model):
    text = models.StringField(required=True)
    n = models.IntegerField()
    x = models.FloatField()
    tags = models.ListField(models.StringField())
    anything = models.DictField()
    id = models.PkField()


class Times(models.Model):
    times = models.IntegerField(required=True)


class Items(Controller):
    resource = {
        "resource_name": "items",
        "resource": [{"text": "a"}],
        "model": Item,
        "datastore": PythonListDataStore,
    }
    controller = {"list_verbs": ["GET", "POST"], "unique_verbs": ["GET", "PUT", "PATCH"]}
    view = {
        "response_class": JsonResponse,
        "options": {
            "alternatives": [
                NdjsonResponse, CsvResponse, XmlResponse, YamlResponse, MessagePackResponse,
            ]
        },
    }  # fmt: skip

    @operation("POST", "/{id}/repeat", body=Times)
    def repeat(self, call: Call) -> Result:
        """Repeat the text."""
        record = self.store.get(call.key)
        return Result({**record, "text": record["text"] * min(call.body["times"], 3)})


@pytest.fixture
def api() -> Client:
    return Client(WSGIDispatcher([Items], debug=True))


def yaml(api: Client, text: str | bytes, **options: Any) -> Answer:
    data = text.encode() if isinstance(text, str) else text
    return api.send("POST", "/items", data=data, content_type=YAML, **options)


def pack(api: Client, data: Any) -> Answer:
    data = data if isinstance(data, bytes) else msgspec.msgpack.encode(data)
    return api.send("POST", "/items", data=data, content_type=PACK)


ITEM: dict[str, Any] = {"text": "é😀", "n": 5, "x": -1.5, "tags": ["a", ""], "anything": {"a": []}}


def test_a_body_means_the_same_in_each_format(api: Client) -> None:
    made = [
        api.post("/items", ITEM),
        yaml(api, json.dumps(ITEM, ensure_ascii=False)),
        yaml(api, YamlResponse.encode(ITEM)),
        yaml(api, b"\xef\xbb\xbf" + YamlResponse.encode(ITEM)),
        pack(api, ITEM),
    ]
    assert [answer.status for answer in made] == [201] * 5
    assert all({**answer.json, "id": 0} == {**ITEM, "id": 0} for answer in made)
    data = YamlResponse.encode({"text": "b"})
    replaced = api.send("PUT", "/items/1", data=data, content_type=f"{YAML}; charset=UTF-8")
    assert replaced.json == {"text": "b", "id": 1}
    data = MessagePackResponse.encode({"times": 2})
    repeated = api.send("POST", "/items/1/repeat", data=data, content_type=PACK)
    assert repeated.json["text"] == "bb"


def test_what_breaks_the_schema_is_422_in_each_format(api: Client) -> None:
    body = {"text": 1, "n": "x", "no": 1}
    expected = api.post("/items", body).errors
    assert [error["pointer"] for error in expected] == ["#/text", "#/n", "#/no"]
    for answer in (yaml(api, YamlResponse.encode(body)), pack(api, body)):
        assert (answer.status, answer.errors) == (422, expected)


def test_the_document_lists_just_what_is_read(api: Client) -> None:
    paths = api.document["paths"]
    for path, method in (
        ("/items", "post"),
        ("/items/{id}", "put"),
        ("/items/{id}/repeat", "post"),
    ):
        content = paths[path][method]["requestBody"]["content"]
        assert list(content) == [JSON, YAML, PACK]
        assert content[YAML] == content[PACK] == content[JSON]
    assert list(paths["/items/{id}"]["patch"]["requestBody"]["content"]) == [MERGE_PATCH]


@pytest.mark.parametrize("media_type", ["text/csv", "application/xml", "application/x-ndjson", "a"])
def test_what_is_only_written_is_415_and_lists_what_is_read(api: Client, media_type: str) -> None:
    answer = api.send("POST", "/items", data=b"text\r\na\r\n", content_type=media_type)
    assert answer.status == 415
    assert answer.headers["Accept"] == f"{JSON}, {YAML}, {PACK}"
    assert answer.errors == [
        {"header": "Content-Type", "detail": f"must be {JSON}, {YAML}, {PACK}"}
    ]
    patched = api.send("PATCH", "/items/1", data=b"{}", content_type=YAML)
    assert (patched.status, patched.headers["Accept-Patch"]) == (415, MERGE_PATCH)


def at(line: int, column: int) -> str:
    return f"at line {line}, column {column}"


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (b"", "There is no body; one is required."),
        (b" ", "The body must have one document of YAML."),
        (b"# nothing", "The body must have one document of YAML."),
        (b"text: a\n---\ntext: b", "The body must have one document of YAML."),
        (b"text: ]", f"The body is not YAML {at(1, 7)}."),
        (b"\ttext: a", f"The body is not YAML {at(1, 1)}."),
        (b"text: a: b", f"The body is not YAML {at(1, 8)}."),
        (b"text: 'a", f"The body is not YAML {at(1, 9)}."),
        (b"a\nb: \x01", f"The body is not YAML {at(2, 4)}."),
        (b'"\\ud800"', f"The body is not YAML {at(1, 4)}."),
        (b"text: \xff", "The body is not UTF-8: invalid start byte at byte 6."),
        ("text: a".encode("utf-16"), "The body is not UTF-8: invalid start byte at byte 0."),
        (b"text: &a b", f"The body has an anchor or an alias {at(1, 7)}: these are not read."),
        (b"text: *a", f"The body has an anchor or an alias {at(1, 7)}: these are not read."),
        (b"a: &a [x]\nb: &b [*a,*a]", f"The body has an anchor or an alias {at(1, 4)}: these are "
                                       "not read."),
        (b"text: !!str a", f"The body has a tag or a directive {at(1, 7)}: these are not read."),
        (b"text: !!python/object/apply:os.system [ls]", "The body has a tag or a directive "
                                                       f"{at(1, 7)}: these are not read."),
        (b"! a", f"The body has a tag or a directive {at(1, 1)}: these are not read."),
        (b"%YAML 1.1\n---\ntext: no", f"The body has a tag or a directive {at(1, 1)}: these are "
                                       "not read."),
        (b"%TAG ! !\n---\ntext: no", f"The body has a tag or a directive {at(1, 1)}: these are "
                                      "not read."),
        (b"text: a\ntext: b", "The member 'text' is there twice."),
        (b'text: a\n"t\\x65xt": b', "The member 'text' is there twice."),
        (b"1: a", f"The name of a member is no text {at(1, 1)}: it may need quotes."),
        (b"text: a\nnull: a", f"The name of a member is no text {at(2, 1)}: it may need quotes."),
        (b"? [a]\n: b", f"The name of a member is no text {at(1, 3)}: it may need quotes."),
        (b"x: .nan", ".nan is not JSON."),
        (b"x: -.Inf", "-.Inf is not JSON."),
        (b"x: 1e400", "The number 1e400 is larger than any double."),
        (b"n: " + b"9" * 5000, "A number has too many digits."),
        (b"n: 0x" + b"f" * 5000, "A number has too many digits."),
        (b"n: 0o" + b"7" * 9000, "A number has too many digits."),
        (b"[" * 65 + b"]" * 65, "The body is nested deeper than 64 levels."),
        (b"- " * 100_000, "The body is nested deeper than 64 levels."),
        (b"{a: " * 65 + b"}" * 65, "The body is nested deeper than 64 levels."),
    ],
)  # fmt: skip
def test_yaml_that_cannot_be_read_is_400(api: Client, text: bytes, detail: str) -> None:
    answer = yaml(api, text)
    assert (answer.status, answer.json["detail"]) == (400, detail)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("yes", "yes"), ("on", "on"), ("y", "y"), ("NO", "NO"),
        ("true", True), ("False", False), ("tRUE", "tRUE"),
        ("null", None), ("~", None), ("", None), ("Null", None), ("none", "none"),
        ("1", 1), ("-1", -1), ("+1", 1), ("01", 1), ("0o17", 15), ("0x1F", 31), ("0b1", "0b1"),
        ("1_000", "1_000"), ("1:30", "1:30"), ("2026-03-01", "2026-03-01"),
        ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-3", -0.0015),
        ("1e", "1e"), (".", "."), ("<<", "<<"), ("=", "="), ("'1'", "1"), ('"true"', "true"),
        ("\u0661", "\u0661"), ("|\n  a\n  b", "a\nb\n"), ("'~'", "~"),
    ],
)  # fmt: skip
def test_a_scalar_means_what_yaml_1_2_says(text: str, value: Any) -> None:
    assert exact(read_yaml(f"- {text}\n".encode())) == exact([value])


def test_a_merge_key_is_a_name_like_any_other() -> None:
    assert read_yaml(b"<<: {a: 1}\nb: 2") == {"<<": {"a": 1}, "b": 2}


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"\x81", "The body ends in the middle of a value of MessagePack."),
        (b"\x81\xa1a", "The body ends in the middle of a value of MessagePack."),
        (b"\xdd\xff\xff\xff\xff", "The body ends in the middle of a value of MessagePack."),
        (b"\xdf\xff\xff\xff\xff", "The body ends in the middle of a value of MessagePack."),
        (b"\xdb\xff\xff\xff\xffa", "The body ends in the middle of a value of MessagePack."),
        (b"\xcf\x00", "The body ends in the middle of a value of MessagePack."),
        (b"\x80\x80", "The body goes on after its value, at byte 1."),
        (b"\x81\xa1a\xc4\x01b", "The body has a value that JSON does not have, at byte 3."),
        (b"\xc1", "The body has a value that JSON does not have, at byte 0."),
        (b"\xd4\x01\x00", "The body has a value that JSON does not have, at byte 0."),
        (b"\xd6\xff\x00\x00\x00\x00", "The body has a value that JSON does not have, at byte 0."),
        (b"\xc9\xff\xff\xff\xff\x01", "The body has a value that JSON does not have, at byte 0."),
        (b"\x81\x01\x01", "The name of a member is no text, at byte 1."),
        (b"\x81\xc0\x01", "The name of a member is no text, at byte 1."),
        (b"\x81\x90\x01", "The name of a member is no text, at byte 1."),
        (b"\x82\xa1a\x01\xa1a\x02", "The member 'a' is there twice."),
        (b"\xa1\xff", "The body is not UTF-8: invalid start byte at byte 1."),
        (b"\xa3\xed\xa0\x80", "The body is not UTF-8: invalid continuation byte at byte 1."),
        (b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "NaN is not JSON."),
        (b"\xca\xff\x80\x00\x00", "-Infinity is not JSON."),
        (b"\x91" * 65 + b"\xc0", "The body is nested deeper than 64 levels."),
        (b"\x81\xa0" * 65 + b"\xc0", "The body is nested deeper than 64 levels."),
        (b"\xdd\xff\xff\xff\xff" * 1000, "The body is nested deeper than 64 levels."),
    ],
)
def test_message_pack_that_cannot_be_read_is_400(api: Client, data: bytes, detail: str) -> None:
    answer = pack(api, data)
    assert (answer.status, answer.json["detail"]) == (400, detail)


@PROPERTY
@given(VALUES)
def test_what_is_written_is_read(value: Any) -> None:
    assert exact(read_msgpack(MessagePackResponse.encode(value))) == exact(value)
    assert exact(read_yaml(YamlResponse.encode(value))) == exact(value)


@PROPERTY
@given(st.binary(max_size=40) | st.text("-?:,[]{}#&*!|>'\"%@`\n 0a.~<=\ufeff").map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (read_msgpack, read_yaml):
        try:
            value = read(data, 8)
        except Unreadable:
            continue
        json.dumps(value, allow_nan=False).encode()


@settings(max_examples=500 if CI else 50, deadline=None)
@given(st.floats(width=32) | st.floats(), st.sampled_from([">f", ">d"]))
def test_numbers_of_either_size_are_read(number: float, form: str) -> None:
    packed = msgspec.msgpack.encode(number)
    if math.isfinite(number):
        assert read_msgpack(packed) == number
    else:
        with pytest.raises(Unreadable):
            read_msgpack(packed)


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (read_yaml, b"- a\n" * 50_000),
        (read_yaml, b"a: {b: [c]}\n" * 2),
        (read_yaml, b"k" * 1_000_000),
        (read_yaml, b"[" * 1_000_000),
        (read_yaml, b"? " * 500_000),
        (read_msgpack, b"\xdd" + (200_000).to_bytes(4, "big") + b"\x90" * 200_000),
    ],
    ids=["items", "twice", "long", "deep", "names", "arrays"],
)
def test_a_large_body_is_read_in_a_few_seconds(read: Any, data: bytes) -> None:
    begun = time.process_time()
    try:
        read(data)
    except Unreadable:
        pass
    assert time.process_time() - begun < 10


class Digits:
    media_type = "application/x-digits"
    described = "value"

    @staticmethod
    def encode(value: Any) -> bytes:
        return str(value["text"]).encode()

    @staticmethod
    def decode(data: bytes, max_depth: int) -> Any:
        if not data.isdigit():
            raise Unreadable("These are no digits.")
        return {"text": data.decode()}


class Described(Digits):
    described = "text"


def test_a_format_of_ones_own_may_be_read() -> None:
    class Own(Items):
        view = {"response_class": JsonResponse, "options": {"alternatives": [Digits]}}

    api = Client(WSGIDispatcher([Own], debug=True))
    assert api.send("POST", "/items", data=b"12", content_type="application/x-digits").status == 201
    answer = api.send("POST", "/items", data=b"x", content_type="application/x-digits")
    assert (answer.status, answer.json["detail"]) == (400, "These are no digits.")
    with pytest.raises(ConfigurationError, match="its described must be 'value', not 'text'"):

        class Wrong(Items):
            view = {"response_class": JsonResponse, "options": {"alternatives": [Described]}}


@fuzzed_in_ci
@pytest.mark.skipif(not CI, reason="tests/contract/test_alternatives.py sends such bodies, too")
def test_schemathesis_finds_no_difference() -> None:
    class Written(Items):
        controller = {"list_verbs": ["POST"], "unique_verbs": ["GET", "PUT"]}

    check_contract(WSGIDispatcher([Written], debug=True), examples=20, seed=1)
