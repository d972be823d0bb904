"""Patterns that Python may try in more ways than there is time are refused with the model."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow.validate import Regexp

import openrest
from openrest import models
from openrest.errors import ModelError
from openrest.models import shapes as s
from openrest.models.backtracking import takes_forever
from openrest.models.patterns import Pattern
from openrest.models.walking import each

#: Known ones: of OWASP, of reported vulnerabilities, and their like.
BAD = [
    "(a+)+$",
    "([a-zA-Z]+)*$",
    "(a|aa)+$",
    "(a|a?)+$",
    "(.*a){11,}$",
    "(.*a){11}.*$|(.*a)*b",
    "^([a-z0-9])(([\\-.]|[_]+)?([a-z0-9]+))*(@)$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(?:a*)*b",
    "(?:a?b?)*c",
    "(x+x+)+y",
    "(?:[ab]x?|[bc]x?)*d",
    "^(?:[A-Za-z0-9]+[ ]?)*$",
    "^(?:[^,]*,?)*$",
    "(?:a+?)+?b",
    "(?:(?:a|b)*c*)*d",
    "(?:a|b|ab)*c",
    "(?:a{1,20}){1,20}b",
    "(?:a{0,9}b?){2,}c",
]
GOOD = [
    "",
    "a*",
    "^[a-z]+$",
    "^[a-z0-9]+(?:-[a-z0-9]+)*$",
    "(?:[a-z]+\\.)+[a-z]{2,}",
    "^(?:[0-9]{1,3}\\.){3}[0-9]{1,3}$",
    "(?:[A-Z]{2})+",
    "(?:[A-Z]{2}){1,50}",
    "^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    '"(?:[^"\\\\]|\\\\.)*"',
    "^(?:GET|PUT|POST)$",
    "(?:ab|ac)*d",
    "(?:a|b)*c",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "[a-z]*[a-z0-9]*x",
    "^(?:#[0-9a-f]{6},?)$",
    "a{1000}",
]


@pytest.mark.parametrize("regex", BAD)
def test_a_pattern_that_takes_forever_is_known(regex: str) -> None:
    assert takes_forever(regex)


@pytest.mark.parametrize("regex", GOOD)
def test_any_other_is_taken(regex: str) -> None:
    assert not takes_forever(regex)


def test_such_a_pattern_is_refused_with_the_model() -> None:
    with pytest.raises(ModelError) as refused:

        class Note(models.Model):
            id = models.PkField()
            slug = models.StringField(validate=Regexp("^(?:[a-z]+-?)+$"))

    assert "field 'slug': the pattern '^(?:[a-z]+-?)+$' takes forever" in str(refused.value)


_PIECES = st.sampled_from(
    ["a", "b", "[ab]", "a?", "b*", "a+", "(?:a|b)", "(?:ab)?", "a{2}", "a{1,2}"]
)
_GROUPS = st.lists(_PIECES, min_size=1, max_size=3).map("".join)


@given(_GROUPS, _GROUPS, st.sampled_from(["*", "+", "{2,}"]))
def test_what_is_taken_is_tried_in_few_ways(inner: str, outer: str, times: str) -> None:
    """Counted in the ways in which the texts of a's and b's may be taken apart."""
    regex = f"(?:{outer}(?:{inner}){times}){times}"
    if takes_forever(regex):
        return
    # No text has more ways than the square of its length, or so, to be what the loop repeats.
    once = re.compile(inner)
    for text in ("a" * 12, "ab" * 6, "b" * 12, "aab" * 4):
        assert _ways(once, text) <= len(text) ** 3


def _ways(once: re.Pattern[str], text: str) -> int:
    """In how many ways a text is one match after the other, of at least one character each."""
    ways = [1, *[0] * len(text)]
    for end in range(1, len(text) + 1):
        ways[end] = sum(
            ways[start] for start in range(end) if ways[start] and once.fullmatch(text, start, end)
        )
    return ways[-1]


def _own() -> Iterator[tuple[str, str]]:
    """Every pattern of the package's own, compiled or for the document."""
    for found in pkgutil.walk_packages(openrest.__path__, "openrest."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                yield f"{found.name}.{name}", value.pattern
            elif isinstance(value, Pattern):
                yield f"{found.name}.{name}", value.compiled.pattern
            elif isinstance(value, s.Shape):
                for part in each(value):
                    for pattern in getattr(part, "patterns", ()):
                        yield f"{found.name}.{name}", pattern.compiled.pattern


def test_no_pattern_of_the_package_takes_forever() -> None:
    patterns = dict(_own())
    assert len(patterns) > 20
    assert [name for name, regex in patterns.items() if takes_forever(regex)] == []
