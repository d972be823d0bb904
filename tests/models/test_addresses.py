"""The patterns of addresses take what marshmallow, the formats and Python all take."""

from __future__ import annotations

import ipaddress

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError, validate

from openrest import models
from openrest.errors import InvalidData
from openrest.models.addresses import EMAIL, EMAIL_LOCAL, interface, url
from openrest.models.derive import field_shape
from openrest.models.loading import wire_loader
from openrest.models.patterns import Pattern

GOOD_URLS = [
    "https://example.org",
    "http://example.org/",
    "ftp://user:secret@example.org:21/a%20b",
    "https://localhost:5000/docs?deep=1#/tweets",
    "https://192.0.2.1/x",
    "https://a.b-c.museum.?q=a/b?c",
]
BAD_URLS = [
    "",
    "example.org",
    "//example.org",
    "/path",
    "HTTPS://example.org",
    "gopher://example.org",
    "https://",
    "https://example",
    "https://-a.org",
    "https://exa mple.org",
    "https://example.org/a b",
    "https://example.org/\n",
    "https://example.org\n",
    "https://example.org/%2",
    "https://exämple.org",
    "https://[::1]/",
    "javascript:alert(1)",
]
GOOD_MAILS = ["ada@example.org", "a.b+c@x-y.co", "!#$%&'*+/=?^_`{|}~-@example.org"]
BAD_MAILS = [
    "",
    "ada",
    "ada@",
    "@example.org",
    "ada@example",
    "ada@localhost",
    ".ada@example.org",
    "a..b@example.org",
    '"ada"@example.org',
    "ada@[192.0.2.1]",
    "ada@example.org\n",
    "ada@exämple.org",
    "ada@-x.org",
    "a" * 65 + "@example.org",
    "ada@" + "a" * 64 + ".org",
    "ada@" + "a." * 130 + "org",
]

MAIL = wire_loader(field_shape(models.EmailField()))
URL = wire_loader(field_shape(models.UrlField()))


@pytest.mark.parametrize("text", GOOD_URLS)
def test_a_url_is_a_url(text: str) -> None:
    assert URL(text) == text


@pytest.mark.parametrize("text", BAD_URLS)
def test_what_is_no_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidData, match="^#: must be a URL, such as https://example.org/$"):
        URL(text)


@pytest.mark.parametrize("text", GOOD_MAILS)
def test_a_mail_address_is_a_mail_address(text: str) -> None:
    assert MAIL(text) == text


@pytest.mark.parametrize("text", BAD_MAILS)
def test_what_is_no_mail_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidData, match="#: must") as refused:
        MAIL(text)
    assert len(refused.value.mistakes) == 1


def matching(pattern: Pattern) -> st.SearchStrategy[str]:
    return st.from_regex(pattern.compiled)


@given(matching(EMAIL))
def test_marshmallow_and_the_format_take_every_mail_address(text: str) -> None:
    if len(text) <= 254 and EMAIL_LOCAL.search(text):
        validate.Email()(text)
        format_of = jsonschema_rs.validator_for({"format": "email"}, validate_formats=True)
        assert format_of.is_valid(text)


@pytest.mark.parametrize(
    "options", [{}, {"relative": True}, {"relative": True, "absolute": False}, {"dotless": True}]
)
def test_marshmallow_and_the_format_take_every_url(options: dict[str, bool]) -> None:
    validator = validate.URL(
        relative=options.get("relative", False),
        absolute=options.get("absolute", True),
        require_tld=not options.get("dotless"),
    )
    kind = "uri-reference" if options.get("relative") else "uri"
    is_valid = jsonschema_rs.validator_for({"format": kind}, validate_formats=True).is_valid

    @given(matching(url(["http", "https"], **options)))
    def check(text: str) -> None:
        validator(text)
        assert is_valid(text)

    check()


def test_marshmallow_takes_more_urls_than_the_pattern() -> None:
    validate.URL()("https://exämple.org")
    with pytest.raises(ValidationError):
        validate.URL()("https://exa mple.org")


INTERFACES = st.builds(
    lambda address, length: ipaddress.ip_interface(f"{address}/{length}"),
    st.ip_addresses(v=4),
    st.integers(0, 32),
) | st.builds(
    lambda address, length: ipaddress.ip_interface(f"{address}/{length}"),
    st.ip_addresses(v=6),
    st.integers(0, 128),
)


@given(INTERFACES)
def test_every_interface_matches_and_is_read_as_itself(
    value: ipaddress.IPv4Interface | ipaddress.IPv6Interface,
) -> None:
    assert interface(None).search(str(value))
    assert interface(value.version).search(str(value))
    assert interface(value.version).search(str(value.ip))
    assert not interface(10 - value.version).search(str(value))


@given(matching(interface(None)))
def test_every_text_that_matches_is_an_interface(text: str) -> None:
    ipaddress.ip_interface(text)


@pytest.mark.parametrize(
    "text",
    ["", "192.0.2.1/33", "192.0.2.256", "192.0.2.1/255.0.0.0", "1.2.3/8", "::1/129", "fe80::1%eth0",
     "1::2::3", ":1", "1:2:3:4:5:6:7:8:9", "01.2.3.4", "192.0.2.1/01", " ::1"],
)  # fmt: skip
def test_what_is_no_interface_does_not_match(text: str) -> None:
    assert not interface(None).search(text)
