"""What each format writes is read back by readers that are not ours."""

import csv
import io
import json
import re
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from openrest.views import (
    CsvResponse,
    MessagePackResponse,
    NdjsonResponse,
    XmlResponse,
    YamlResponse,
)
from tests.needs import CI

TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["no", "y", "~", "1e5", "0o17", "0x1F", "1_000", "1:30", "2026-03-01", "<<", "=", "", " ", "'",
     "\r", "\r\n", "\u2028", "\x85", "\ufeff", "\ufffe", "\0", "- a", "a: b", "#", "!a", "&a", "*a",
     "null", "True", "-0", ".5", "5.", "+1", ".inf", "0b1", "é", "😀", "]]>", "&amp;", "xml:a"]
)  # fmt: skip
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
PROPERTY = settings(max_examples=1000 if CI else 150, deadline=None)


def exact(value: Any) -> Any:
    """With types: True is not 1; what JSON calls a number may be either."""
    match value:
        case dict():
            return {name: exact(inner) for name, inner in value.items()}
        case list():
            return [exact(inner) for inner in value]
        case bool() | str() | None:
            return type(value).__name__, value
        case _:
            return "number", value


@PROPERTY
@given(VALUES)
def test_yaml_is_read_the_same_by_its_versions(value: Any) -> None:
    data = YamlResponse.encode(value)
    assert exact(YAML(typ="safe", pure=True).load(data)) == exact(value)
    if not re.search(rb"[eE][0-9]", data):  # PyYAML takes 1e5 for text, which YAML 1.1 does not
        assert exact(yaml.safe_load(data)) == exact(value)


@pytest.mark.parametrize("text", ["1e5", "0o17", "y", "N", "1_0e1", "0b1", "no", "1:30", "~"])
def test_text_that_some_reader_takes_for_something_else_is_quoted(text: str) -> None:
    assert YamlResponse.encode([text]).decode() in (f"- '{text}'\n", f'- "{text}"\n')


def test_what_is_shared_is_written_again() -> None:
    shared = ["a"]
    assert YamlResponse.encode([shared, shared]) == b"- - a\n- - a\n"


@PROPERTY
@given(VALUES)
def test_message_pack_is_read_as_it_was(value: Any) -> None:
    assert exact(msgspec.msgpack.decode(MessagePackResponse.encode(value))) == exact(value)


def test_message_pack_has_digits_for_what_no_integer_of_it_can_hold() -> None:
    value = {"a": [2**64, -(2**63) - 1, 2**64 - 1]}
    assert msgspec.msgpack.decode(MessagePackResponse.encode(value)) == {
        "a": ["18446744073709551616", "-9223372036854775809", 2**64 - 1]
    }


def read_xml(element: ElementTree.Element) -> Any:
    """The value of an element, by what docs/how-to/formats.md says."""
    text = element.text or ""
    match element.get("type"):
        case "object":
            return {member_name(inner): read_xml(inner) for inner in element}
        case "array":
            assert {inner.tag for inner in element} <= {"item"}
            return [read_xml(inner) for inner in element]
        case "null":
            return None
        case "boolean":
            return {"true": True, "false": False}[text]
        case "number" | "json":
            return json.loads(text)
        case other:
            assert other is None
            return text


def member_name(element: ElementTree.Element) -> Any:
    if "json-name" in element.attrib:
        return json.loads(element.attrib["json-name"])
    return element.get("name", element.tag)


@PROPERTY
@given(VALUES)
def test_xml_is_read_as_it_was(value: Any) -> None:
    assert exact(read_xml(ElementTree.fromstring(XmlResponse.encode(value)))) == exact(value)


@pytest.mark.parametrize(
    ("value", "inner"),
    [
        ({"a": "b"}, '<a>b</a>'),
        ({"a": ""}, "<a />"),
        ({"a": None}, '<a type="null" />'),
        ({"a": []}, '<a type="array" />'),
        ({"a": [1]}, '<a type="array"><item type="number">1</item></a>'),
        ({"the day": "b"}, '<member name="the day">b</member>'),
        ({"xmlId": "b"}, '<member name="xmlId">b</member>'),
        ({"a:b": "c"}, '<member name="a:b">c</member>'),
        ({"": True}, '<member name="" type="boolean">true</member>'),
        ({"\x00": 1}, '<member json-name="&quot;\\u0000&quot;" type="number">1</member>'),
        ({"a": "<&\r"}, '<a type="json">"&lt;&amp;\\r"</a>'),
        ({"a": "\ufffe"}, '<a type="json">"\\ufffe"</a>'),
    ],
)  # fmt: skip
def test_xml_says_what_each_element_is(value: Any, inner: str) -> None:
    head = "<?xml version='1.0' encoding='utf-8'?>\n"
    assert XmlResponse.encode(value).decode() == (f'{head}<answer type="object">{inner}</answer>')


def rows(objects: list[Any], columns: list[str], cls: Any = CsvResponse) -> list[list[str]]:
    data = b"".join(cls.rows(objects, columns)).decode()
    return list(csv.reader(io.StringIO(data, newline=""), strict=True))


class PlainCsv(CsvResponse):
    neutralize = False


CELLS = TEXT.filter(lambda text: "\0" not in text)  # Python's own reader takes no NUL


@PROPERTY
@given(st.lists(st.dictionaries(st.sampled_from("ab"), CELLS | NUMBERS, max_size=2), max_size=3))
def test_csv_is_read_as_it_was(objects: list[dict[str, Any]]) -> None:
    written = rows(objects, ["a", "b"], PlainCsv)
    assert written[0] == ["a", "b"]
    for found, each in zip(written[1:], objects, strict=True):
        for name, cell in zip("ab", found, strict=True):
            value = each.get(name, "")
            if isinstance(value, str):
                assert cell == value
            else:
                assert type(value)(Decimal(cell)) == value


@PROPERTY
@given(st.lists(TEXT, min_size=1))
def test_no_text_begins_a_formula(texts: list[str]) -> None:
    for row in b"".join(CsvResponse.rows([{"a": each} for each in texts], ["a"])).split(b"\r\n"):
        start = row.removeprefix(b'"')[:1]
        assert start not in (b"=", b"+", b"@", b"\t", b"\r")
        assert start != b"-" or re.fullmatch(rb"-[0-9]+(\.[0-9]+)?", row)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("", '""'),
        ("=1+1", "'=1+1"),
        ("+49 30 1", "'+49 30 1"),
        ("@a", "'@a"),
        ("-a", "'-a"),
        ("-1", "-1"),
        ("-2.50", "-2.50"),
        (-5, "-5"),
        (-1.5e300, "-1.5e300"),
        ("\tа", '"\'\tа"'),
        ("\r=1", '"\'\r=1"'),
        ("\uff1d1", "'\uff1d1"),
        ("-1+1|cmd", "'-1+1|cmd"),
        ("a,b", '"a,b"'),
        ("a;=1", '"a;=1"'),
        ('a"b', '"a""b"'),
        ("a\nb", '"a\nb"'),
        (True, "true"),
        ([], "[]"),
        ({"a": ["b", None]}, '"{""a"":[""b"",null]}"'),
        ("'a", "'a"),
        ("é😀", "é😀"),
    ],
)
def test_a_cell_of_csv(value: Any, cell: str) -> None:
    data = b"".join(CsvResponse.rows([{"a": value, "b": 1}], ["a", "b"])).decode()
    assert data == f"a,b\r\n{cell},1\r\n"


def test_csv_without_neutralizing_is_as_it_was() -> None:
    assert rows([{"a": "=1"}], ["a"], PlainCsv) == [["a"], ["=1"]]


def test_a_row_of_csv_without_a_value_is_no_empty_line() -> None:
    assert b"".join(CsvResponse.rows([{}, {"a": 1}], ["a"])) == b'a\r\n""\r\n1\r\n'


def test_members_without_a_column_share_one() -> None:
    found = rows([{"a": 1, "x": "y"}, {"a": 2}], ["a", "*"])
    assert found == [["a", "*"], ["1", '{"x":"y"}'], ["2", ""]]


def test_a_single_object_has_its_own_names() -> None:
    assert CsvResponse.encode({"a": 1, "=b": "c"}) == b"a,'=b\r\n1,c\r\n"


@PROPERTY
@given(st.lists(st.dictionaries(TEXT, VALUES, max_size=3), max_size=3))
def test_ndjson_is_a_line_an_object(objects: list[dict[str, Any]]) -> None:
    data = b"".join(NdjsonResponse.rows(objects, []))
    assert [exact(json.loads(line)) for line in data.split(b"\n")[:-1]] == exact(objects)
    assert data == b"" or data.endswith(b"\n")
