"""Which format a client gets (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import pytest

from openrest.negotiation import best

FORMATS = ("application/json", "text/html", "text/csv")


@pytest.mark.parametrize(
    ("accept", "index"),
    [
        ("*/*", 0),
        ("application/json", 0),
        ("APPLICATION/JSON", 0),
        ("application/json; charset=utf-8", 0),
        ("text/*", 1),
        ("text/csv, text/*;q=0.5", 2),
        ("text/html;q=0.8, application/json;q=0.9", 0),
        ("application/json;q=0, */*", 1),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 1),
        ("", None),
        ("image/png", None),
        ("*/*;q=0", None),
        ("application/json;q=0", None),
        ("application/json;q=x", None),
        (";;;,,,", None),
    ],
)
def test_the_most_specific_range_decides(accept: str, index: int | None) -> None:
    assert best(accept, FORMATS) == index
