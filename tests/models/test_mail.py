"""A mail address that is taken is one for an independent validator, too."""

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest import models
from openrest.errors import InvalidData
from openrest.models.addresses import EMAIL, EMAIL_LENGTH, EMAIL_LOCAL
from openrest.models.derive import field_shape
from openrest.models.loading import wire_loader

FORMAT = jsonschema_rs.Draft202012Validator({"format": "email"}, validate_formats=True)
load = wire_loader(field_shape(models.EmailField()))


@given(st.from_regex(EMAIL.compiled))
def test_the_pattern_takes_only_what_the_format_takes(text: str) -> None:
    if EMAIL_LOCAL.search(text) and len(text) <= EMAIL_LENGTH:
        assert FORMAT.is_valid(text)


@pytest.mark.parametrize("host", ["a--b.org", "a-b.org", "ab.c--d.org", "x.y.org", "1.org", "a.de"])
def test_a_hyphen_within_a_label_is_taken(host: str) -> None:
    assert load(f"ada@{host}") == f"ada@{host}"


@pytest.mark.parametrize("host", ["ab--c.org", "a.bc--d", "xn--a.org", "-a.org", "a-.org", "a.b-"])
def test_a_label_that_only_another_alphabet_may_have_is_refused(host: str) -> None:
    with pytest.raises(InvalidData):
        load(f"ada@{host}")
