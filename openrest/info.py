"""What the author says of an API as a whole, and the check of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from openrest.config import Contact, License
from openrest.errors import did_you_mean

__all__ = ["Info", "info_mistakes"]

#: Read for "Did you mean", not as a list of what there may be: SPDX has some 700 of them.
_LICENSES: Final = (
    "AGPL-3.0-only",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC-BY-4.0",
    "CC0-1.0",
    "EUPL-1.2",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-3.0-or-later",
    "MIT",
    "MPL-2.0",
    "Unlicense",
)
_ONE = r"\(*[A-Za-z0-9][A-Za-z0-9.:-]*\+?\)*"
#: SPDX 2.3, annex D, but for the balance of the brackets.
_EXPRESSION = re.compile(rf"{_ONE}(?: (?:AND|OR|WITH) {_ONE})*", re.ASCII)
#: RFC 3986, appendix A: a scheme, then characters that may stand in a URI.
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", re.ASCII)
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
#: RFC 5321, section 4.1.2, without quotes and with a domain.
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """The words of the Info Object (OpenAPI 3.1, section 4.8.2), as the author gave them."""

    title: str
    version: str
    description: str = ""
    terms_of_service: str = ""
    contact: Contact | None = None
    license: License | str | None = None


def info_mistakes(info: Info) -> Iterator[str]:
    """Every mistake, one sentence each, with its place."""
    for name in ("title", "version"):
        yield from _text(name, getattr(info, name))
    if info.description != "":
        yield from _text("description", info.description)
    if info.terms_of_service != "":
        yield from _uri("terms_of_service", info.terms_of_service)
    if info.contact is not None:
        yield from _contact(info.contact)
    if isinstance(info.license, str):
        yield from _expression("license", info.license)
    elif info.license is not None:
        yield from _license(info.license)


def _contact(contact: Any) -> Iterator[str]:
    if not isinstance(contact, Mapping):
        yield f"contact: is not a mapping of name, url and email but {contact!r}."
        return
    if not contact:
        yield "contact: is empty: give name, url or email."
    yield from _unknown("contact", contact, Contact)
    if "name" in contact:
        yield from _text("contact.name", contact["name"])
    if "url" in contact:
        yield from _uri("contact.url", contact["url"])
    email = contact.get("email", "a@example.org")
    if not isinstance(email, str) or not _EMAIL.fullmatch(email):
        yield f"contact.email: {email!r} is no mail address."


def _license(license: Any) -> Iterator[str]:
    if not isinstance(license, Mapping):
        yield f"license: is neither an SPDX expression nor a mapping but {license!r}."
        return
    yield from _unknown("license", license, License)
    if "name" in license:
        yield from _text("license.name", license["name"])
    else:
        yield "license: 'name' is missing."
    if "identifier" in license and "url" in license:
        yield "license: has an identifier and a url, of which OpenAPI takes one."
    if "identifier" in license:
        yield from _expression("license.identifier", license["identifier"])
    if "url" in license:
        yield from _uri("license.url", license["url"])


def _unknown(place: str, mapping: Mapping[Any, Any], known: Any) -> Iterator[str]:
    for name in mapping:
        if name not in known.__annotations__:
            hint = did_you_mean(str(name), known.__annotations__)
            yield f"{place}: unknown key {name!r}.{hint}"


def _text(place: str, text: Any) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"{place}: is not text but {text!r}."
    elif not text.strip():
        yield f"{place}: is empty."


def _uri(place: str, uri: Any) -> Iterator[str]:
    if not isinstance(uri, str) or not _URI.fullmatch(uri):
        yield f"{place}: {uri!r} is no whole address, such as 'https://example.org/about'."


def _expression(place: str, text: Any) -> Iterator[str]:
    fits = isinstance(text, str) and _EXPRESSION.fullmatch(text)
    if not fits or text.count("(") != text.count(")"):
        hint = did_you_mean(str(text), _LICENSES)
        yield (
            f"{place}: {text!r} is no SPDX expression, such as 'MIT'.{hint} "
            "Any other license has a name and a url: {'name': ..., 'url': ...}."
        )
