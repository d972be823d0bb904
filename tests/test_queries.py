"""Queries of addresses: they are read, and written into links, as the standard library does it."""

from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest.operations import Call, Operation
from openrest.parsing import _pairs

MOST = 3
PAIRS = st.lists(st.tuples(st.text(min_size=1), st.text()))


@given(st.text("ab=&;%20+é\0"))
def test_any_query_is_read_as_pairs(text: str) -> None:
    try:
        expected = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST)
    except ValueError as error:
        with pytest.raises(type(error)):
            _pairs(text, MOST)
    else:
        assert _pairs(text, MOST) == expected


@given(PAIRS, st.text())
def test_a_link_keeps_all_that_it_does_not_set(sent: list[tuple[str, str]], value: str) -> None:
    operation = cast(Operation, SimpleNamespace())
    call: Any = Call(operation, sent=sent, address="/pets")
    address, _, query = call.link(own=value).partition("?")
    assert address == "/pets"
    kept = [(name, text) for name, text in sent if name != "own"]
    assert parse_qsl(query, keep_blank_values=True) == [*kept, ("own", value)]
