"""Patterns of addresses: mail, URLs and IP, in the part of them that all readers agree on.

marshmallow takes any Unicode letter in a host name and in a mailbox, and formats of JSON Schema
are read differently by each validator; these patterns take what both sides take.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from openrest.models.patterns import Pattern

__all__ = ["EMAIL", "EMAIL_LENGTH", "EMAIL_LOCAL", "IPV4", "IPV6", "interface", "url"]

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_TOP = "[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
_ATOM = "[A-Za-z0-9!#\\$%&'*+/=?^_`{|}~-]+"

#: Labels of mail domains: two hyphens as third and fourth character announce one in another
#: alphabet (RFC 5890, section 2.3.1), of which some validators of ``email`` know more than others.
_MAIL_LABEL = (
    "[A-Za-z0-9](?:[A-Za-z0-9-]{0,2}[A-Za-z0-9]|"
    "[A-Za-z0-9-](?:[A-Za-z0-9][A-Za-z0-9-]|-[A-Za-z0-9])[A-Za-z0-9-]{0,58}[A-Za-z0-9])?"
)
_MAIL_TOP = (
    "[A-Za-z](?:[A-Za-z0-9-]{0,2}[A-Za-z0-9]|"
    "[A-Za-z0-9-](?:[A-Za-z0-9][A-Za-z0-9-]|-[A-Za-z0-9])[A-Za-z0-9-]{0,58}[A-Za-z0-9])"
)

#: RFC 5321, section 4.5.3.1: 64 octets before the at sign, 254 in all (with 3.696, erratum 1690).
EMAIL_LENGTH: Final = 254

EMAIL_LOCAL: Final = Pattern("^[^@]{1,64}@")

#: A mailbox of RFC 5321, section 4.1.2, as a dot-string at a domain with a dot in it.
EMAIL: Final = Pattern(
    f"^(?:{_ATOM}(?:\\.{_ATOM})*)@(?:{_MAIL_LABEL}\\.)+{_MAIL_TOP}$", _sample="ada@example.org"
)

_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = f"(?:{_BYTE}\\.){{3}}{_BYTE}"
_H = "[0-9A-Fa-f]{1,4}"


def _ipv6() -> str:
    """The forms of RFC 4291, section 2.2, without a zone."""
    tail = f"(?:{_H}:{_H}|{_IPV4})"
    forms = [f"(?:{_H}:){{6}}{tail}", f"::(?:{_H}:){{5}}{tail}"]
    # "::" stands for at least one group: as many as are before it are missing behind it.
    for before in range(6):
        head = f"(?:(?:{_H}:){{0,{before}}}{_H})?" if before else f"(?:{_H})?"
        behind = 4 - before
        if behind >= 0:
            forms.append(f"{head}::" + (f"(?:{_H}:){{{behind}}}" if behind else "") + tail)
        elif behind == -1:
            forms.append(f"{head}::{_H}")
    forms.append(f"(?:(?:{_H}:){{0,6}}{_H})?::")
    return f"(?:{'|'.join(forms)})"


_IPV6 = _ipv6()

IPV4: Final = Pattern(f"^{_IPV4}$", _sample="192.0.2.1")

#: The characters of an address without a zone; the format says the rest (RFC 4291, section 2.2).
IPV6: Final = Pattern("^[0-9A-Fa-f:.]+$", _sample="2001:db8::1")


def interface(version: int | None) -> Pattern:
    """An address with the length of its network's prefix, ``192.0.2.1/24``, or without it."""
    four = f"{_IPV4}(?:/(?:3[0-2]|[12]?[0-9]))?"
    six = f"{_IPV6}(?:/(?:12[0-8]|1[01][0-9]|[1-9]?[0-9]))?"
    text = {4: four, 6: six, None: f"(?:{four}|{six})"}[version]
    return Pattern(f"^{text}$", _sample="2001:db8::1/64" if version == 6 else "192.0.2.1/24")


_PATH = "(?:[A-Za-z0-9._~!\\$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})"
_QUERY = "(?:[A-Za-z0-9._~!\\$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})"
_REST = f"(?:/{_PATH}*)?(?:\\?{_QUERY}+)?(?:#{_QUERY}+)?"
_USER = "(?:(?:[A-Za-z0-9._~!\\$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@)?"


def url(
    schemes: Iterable[str], *, relative: bool = False, absolute: bool = True, dotless: bool = False
) -> Pattern:
    """A URI of one of the schemes (RFC 3986, section 3), or a reference that begins with a path.

    `relative` and `absolute` say which of the two is taken, `dotless` whether a host such as
    ``intranet`` is a name. Schemes are in lower case, as RFC 3986, section 3.1 would have them
    written; addresses of IPv6 are no hosts here.
    """
    known = sorted(schemes, key=lambda scheme: (scheme != "https", scheme))
    name = f"(?:{_LABEL}\\.)+{_TOP}\\.?|localhost|{_IPV4}"
    if dotless:
        name += f"|{_LABEL}"
    choice = "|".join(re.sub("[.+]", lambda special: "\\" + special[0], scheme) for scheme in known)
    whole = f"(?:{choice})://{_USER}(?:{name})(?::[0-9]{{1,5}})?{_REST}"
    path = f"/(?:{_PATH.replace('/', '')}+(?:/{_PATH}*)?)?(?:\\?{_QUERY}+)?(?:#{_QUERY}+)?"
    forms = ([whole] if absolute else []) + ([path] if relative else [])
    sample = f"{known[0]}://example.org/" if absolute else "/path"
    text = forms[0] if len(forms) == 1 else f"(?:{'|'.join(forms)})"
    return Pattern(f"^{text}$", _sample=sample)
