"""What the author of an API says of it: every mistake at once, and then in the document."""

from __future__ import annotations

from typing import Any

import pytest
from openapi_spec_validator import validate

from openrest.controllers import WSGIDispatcher
from openrest.errors import ConfigurationError
from tests.contract.client import Client


def info(**words: Any) -> dict[str, Any]:
    """The Info Object of the document that is served, without what everybody has."""
    document = Client(WSGIDispatcher([], **words)).document
    validate(document)
    given: dict[str, Any] = document["info"]
    return {name: value for name, value in given.items() if name not in ("title", "version")}


def refusal(**words: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        WSGIDispatcher([], **words)
    return str(refused.value)


def test_what_the_author_says_is_in_the_document() -> None:
    contact = {"name": "Ada", "url": "https://example.org/ask", "email": "ada@example.org"}
    assert info(
        description="All about tea.",
        contact=contact,
        license={"name": "Tea only", "url": "https://example.org/tea"},
        terms_of_service="https://example.org/terms",
    ) == {
        "description": "All about tea.",
        "termsOfService": "https://example.org/terms",
        "contact": contact,
        "license": {"name": "Tea only", "url": "https://example.org/tea"},
    }


def test_what_the_author_does_not_say_is_not_made_up() -> None:
    assert info(description="All about tea.") == {"description": "All about tea."}


@pytest.mark.parametrize(
    "license", ["MIT", "GPL-2.0+", "Apache-2.0 OR (MIT AND CC0-1.0)", "LicenseRef-Tea"]
)
def test_an_spdx_expression_is_name_and_identifier_of_a_license(license: str) -> None:
    assert info(license=license)["license"] == {"name": license, "identifier": license}


@pytest.mark.parametrize(
    ("license", "shown"),
    [
        ("MIT", {"name": "MIT", "url": "https://spdx.org/licenses/MIT.html"}),
        (
            {"name": "The MIT license", "identifier": "MIT"},
            {"name": "The MIT license", "url": "https://spdx.org/licenses/MIT.html"},
        ),
        ("MIT OR CC0-1.0", {"name": "MIT OR CC0-1.0"}),
        ("LicenseRef-Tea", {"name": "LicenseRef-Tea"}),
    ],
)
def test_openapi_3_0_has_the_page_of_spdx_in_the_place_of_an_identifier(
    license: Any, shown: dict[str, str]
) -> None:
    assert info(license=license, openapi="3.0")["license"] == shown


@pytest.mark.parametrize("contact", [{"name": "Ada"}, {"email": "a.b+c@mail.example.org"}])
def test_one_way_to_a_contact_is_enough(contact: Any) -> None:
    assert info(contact=contact)["contact"] == contact


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"title": ""}, "title: is empty."),
        ({"version": 2}, "version: is not text but 2."),
        ({"description": ["tea"]}, "description: is not text but ['tea']."),
        (
            {"terms_of_service": "terms.html"},
            "terms_of_service: 'terms.html' is no whole address, such as "
            "'https://example.org/about'.",
        ),
        (
            {"contact": "ada@example.org"},
            "contact: is not a mapping of name, url and email but 'ada@example.org'.",
        ),
        ({"contact": {}}, "contact: is empty: give name, url or email."),
        (
            {"contact": {"mail": "ada@example.org"}},
            "contact: unknown key 'mail'. Did you mean 'email'?",
        ),
        ({"contact": {"email": "ada@home"}}, "contact.email: 'ada@home' is no mail address."),
        (
            {"contact": {"url": "https://example.org/a page"}},
            "contact.url: 'https://example.org/a page' is no whole address, such as "
            "'https://example.org/about'.",
        ),
        ({"license": 3}, "license: is neither an SPDX expression nor a mapping but 3."),
        (
            {"license": "Apache 2.0"},
            "license: 'Apache 2.0' is no SPDX expression, such as 'MIT'. Did you mean "
            "'Apache-2.0'? Any other license has a name and a url: {'name': ..., 'url': ...}.",
        ),
        (
            {"license": "(MIT"},
            "license: '(MIT' is no SPDX expression, such as 'MIT'. Did you mean 'MIT'? Any other "
            "license has a name and a url: {'name': ..., 'url': ...}.",
        ),
        ({"license": {"url": "https://example.org/tea"}}, "license: 'name' is missing."),
        (
            {"license": {"name": "MIT", "identifier": "MIT", "url": "https://example.org/mit"}},
            "license: has an identifier and a url, of which OpenAPI takes one.",
        ),
    ],
)
def test_what_cannot_be_said_is_refused(words: dict[str, Any], said: str) -> None:
    assert refusal(**words) == f"WSGIDispatcher: {said}"


def test_all_mistakes_are_named_at_once() -> None:
    words: dict[str, Any] = {
        "title": " ",
        "contact": {"nam": 1, "email": "x"},
        "license": {"nme": "MIT", "identifier": "M I T"},
        "max_depth": 0,
    }
    assert refusal(**words) == (
        "WSGIDispatcher has 7 mistakes:\n"
        "  - title: is empty.\n"
        "  - contact: unknown key 'nam'. Did you mean 'name'?\n"
        "  - contact.email: 'x' is no mail address.\n"
        "  - license: unknown key 'nme'. Did you mean 'name'?\n"
        "  - license: 'name' is missing.\n"
        "  - license.identifier: 'M I T' is no SPDX expression, such as 'MIT'. Did you mean 'MIT'? "
        "Any other license has a name and a url: {'name': ..., 'url': ...}.\n"
        "  - max_depth must be at least 1, not 0."
    )
