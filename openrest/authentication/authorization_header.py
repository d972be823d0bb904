"""The header ``Authorization``, in which Basic and Bearer send what they send (RFC 9110, 11)."""

from __future__ import annotations

import re
from typing import Final

from openrest.interfaces import Credentials

__all__ = ["REALM", "HeaderScheme", "quoted"]

#: What a realm may be: all of it can be quoted.
REALM: Final = re.compile(r"[\x20-\x7e]+")


def quoted(text: str) -> str:
    """A text as it stands between the quotes of a challenge (RFC 9110, section 5.6.4)."""
    return re.sub(r'(["\\])', r"\\\1", text)


class HeaderScheme:
    """A scheme, and the `form` of what is sent in it: a pattern with a group for each part.

    `longest` is how many characters the header may have.
    """

    def __init__(self, name: str, form: str, longest: int) -> None:
        # RFC 9110, section 11.4; the scheme is of any case (section 11.1).
        self._name = re.compile(rf"{name}(?![!#$%&'*+.^_`|~0-9a-z-])", re.IGNORECASE | re.ASCII)
        self._form = re.compile(rf" +{form}")
        self._longest = longest

    def sent(self, credentials: Credentials) -> tuple[str, ...] | None:
        """The parts of what is sent, none of them where it is malformed.

        None where nothing is sent in this scheme.
        """
        header = credentials.header("Authorization")
        if header is None:
            return None
        header = header.strip(" \t")
        scheme = self._name.match(header)
        if scheme is None:
            return None
        # What is malformed may be long, so this comes first.
        found = self._form.fullmatch(header, scheme.end()) if len(header) <= self._longest else None
        return () if found is None else found.groups()
