"""Python patterns are written anew so that JSON Schema, Rust and Python read them alike."""

from __future__ import annotations

import re

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest.models.patterns import Pattern, UnportablePattern

PORTABLE = [
    ("abc", "^(?:abc)"),
    ("^abc$", "^abc$"),
    ("[a-z]+$", "^(?:[a-z]+$)"),
    ("a|b", "^(?:[ab])"),
    ("^(?:ab|cd)?$", "^(?:ab|cd)?$"),
    ("(?P<year>[0-9]{4})-x{2,3}y{1,}z?", "^(?:(?:[0-9]{4})-x{2,3}y+z?)"),
    ("a.b", "^(?:a[^\\n]b)"),
    ("[^/]*", "^(?:[^/]*)"),
    (r"\.\$\\\/", r"^(?:\.\$\\/)"),
    (r"[\]\-^$&]", r"^(?:[\]\-\^\$\u0026])"),
    ("é\t", "^(?:é\\u0009)"),
    ("[^a]b{0,}", "^(?:[^a]b*)"),
    (r"\Aab\Z", "^ab$"),
]


@pytest.mark.parametrize(("python", "portable"), PORTABLE)
def test_a_portable_pattern_is_written_in_the_common_subset(python: str, portable: str) -> None:
    assert Pattern.from_python(python).source == portable


UNPORTABLE = [
    (r"\d+", r"\d takes other digits in Python than in ECMA-262: write 0-9 inside of brackets, or "
             "give re.ASCII"),
    (r"[\w-]", r"\w takes other letters and digits in Python than in ECMA-262: write A-Za-z0-9_ "
               "inside of brackets, or give re.ASCII"),
    (r"\s", r"\s takes other spaces in Python than in ECMA-262: write  \t\n\r inside of brackets, "
           "or give re.ASCII"),
    (r"\bword\b", r"\b and \B count other letters as part of a word in ECMA-262"),
    ("(?i)abc", "flags such as (?i) cannot be said in a JSON Schema"),
    ("(?i:abc)", "flags inside a group cannot be said in a JSON Schema"),
    (r"(a)\1", "groupref is not in the part of the language that ECMA-262, Rust and Python read "
               "alike"),
    ("(?=a)b", "assert is not in the part of the language that ECMA-262, Rust and Python read "
               "alike"),
    ("(?>a)b", "atomic group is not in the part of the language that ECMA-262, Rust and Python "
               "read alike"),
    (r"\D", "a negated class such as \\D differs between the languages"),
]  # fmt: skip


@pytest.mark.parametrize(("python", "reason"), UNPORTABLE)
def test_an_unportable_pattern_is_refused_with_the_reason(python: str, reason: str) -> None:
    with pytest.raises(UnportablePattern) as refused:
        Pattern.from_python(python)
    assert str(refused.value) == reason


def test_flags_are_refused_but_for_ascii_which_settles_what_a_class_means() -> None:
    with pytest.raises(UnportablePattern, match="flags such as re.IGNORECASE"):
        Pattern.from_python("abc", re.IGNORECASE)
    assert Pattern.from_python(r"\d\w", re.ASCII).source == "^(?:[0-9][A-Za-z0-9_])"


@pytest.mark.parametrize("python", [python for python, _ in PORTABLE])
def test_the_sample_matches(python: str) -> None:
    pattern = Pattern.from_python(python)
    assert pattern.search(pattern.sample())


PIECES = st.sampled_from(
    ["a", "b", "[a-c]", "[^b]", ".", "(ab)", "(?:a|bc)", "a?", "b*", "[ab]+", "a{2}", "b{1,2}", "$"]
)


def judge(pattern: Pattern) -> jsonschema_rs.Validator:
    # Its other engine, which it takes unless told, finds "^[ab]+a?[ab]+$" in "a".
    return jsonschema_rs.validator_for(
        {"pattern": pattern.source}, pattern_options=jsonschema_rs.RegexOptions()
    )


@given(st.lists(PIECES, max_size=5).map("".join), st.text("abc\n", max_size=6))
def test_python_and_json_schema_agree_on_every_text(python: str, text: str) -> None:
    pattern = Pattern.from_python(python)
    documented = judge(pattern).is_valid(text)
    assert bool(pattern.search(text)) == documented
    # Python's own reading differs in one thing only: "$" also matches before a last newline.
    if "\n" not in text:
        assert documented == bool(re.match(python, text))
