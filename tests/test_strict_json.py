"""What is read as JSON, and what is refused although the standard library reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from openrest.errors import Unreadable
from openrest.strict_json import read_json
from openrest.testing.strategies import json_values


@given(json_values())
def test_every_json_text_is_read_as_what_it_says(value: Any) -> None:
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"{", "The body is not JSON: Expecting property name enclosed in double quotes at line 1, "
               "column 2."),
        (b"{} x", "The body is not JSON: Extra data at line 1, column 4."),
        (b"[NaN]", "NaN is not JSON."),
        (b"[-Infinity]", "-Infinity is not JSON."),
        (b"[1e400]", "The number 1e400 is larger than any double."),
        (b"[" + b"9" * 5000 + b"]", "A number has too many digits."),
        (b'{"a": 1, "b": 2, "a": 3}', "The member 'a' is there twice."),
        (b'"\\ud800"', "The body has a lone surrogate, which no UTF-8 text can hold."),
        (b'{"\\udc00": 1}', "The body has a lone surrogate, which no UTF-8 text can hold."),
        (b'[{"a": ["\\ud83d"]}]', "The body has a lone surrogate, which no UTF-8 text can hold."),
        (b"\xff", "The body is not UTF-8: invalid start byte at byte 0."),
        (b"\xef\xbb\xbf{}", "The body begins with a byte order mark (RFC 8259, section 8.1)."),
        ("{}".encode("utf-16"), "The body is not UTF-8: invalid start byte at byte 0."),
        (b"[" * 65 + b"]" * 65, "The body is nested deeper than 64 levels."),
        (b"[" * 65 + b'"' + b'\\"' * 200_000, "The body is nested deeper than 64 levels."),
        (b'["' + b'\\"[' * 200_000, "The body is not JSON: Unterminated string starting at at line "
                                    "1, column 2."),
        (b'{"a":' * 100_000, "The body is nested deeper than 64 levels."),
    ],
)  # fmt: skip
def test_what_is_not_json_is_refused_with_the_place(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read_json(data)
    assert str(refused.value) == reason


def test_brackets_inside_of_strings_are_no_levels() -> None:
    text = "[" * 100 + '\\"' + "{" * 100
    assert read_json(f'["{text}", []]'.encode()) == [text.replace('\\"', '"'), []]


def test_a_body_may_be_as_deep_as_the_bound() -> None:
    assert read_json(b"[" * 64 + b"1" + b"]" * 64)
    assert read_json(b"[" + b"[]," * 100 + b"[]]") == [[]] * 101


def test_a_pair_of_surrogates_is_one_character() -> None:
    assert read_json(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
