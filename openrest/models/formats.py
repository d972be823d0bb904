"""Text formats with a pattern each: what JSON Schema's ``format`` leaves open, a pattern decides.

A date-time of RFC 3339 may have a leap second, a lower-case ``t`` or the year 0000, none of
which Python can hold; the pattern excludes them in the document too.
"""

from __future__ import annotations

from typing import Final

from openrest.models.patterns import Pattern

__all__ = [
    "DATE",
    "DATE_TIME",
    "INTEGER_TEXT",
    "NAIVE_DATE_TIME",
    "NO_COMMA",
    "NO_NUL",
    "SEGMENT",
    "TIME",
    "UUID",
]

_YEAR = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_INNER_YEAR = (
    "(?:[1-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8]|0[1-9][0-9]{2}|00[1-9][0-9]|000[2-9])"
)
_DAY = "(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,6})?"
_OFFSET = "(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"

DATE: Final = Pattern(f"^{_YEAR}-{_DAY}$")

#: No format of JSON Schema is a date and time without an offset, so the pattern has to know how
#: long each month is: 28 days of every month of any year, what is longer, and leap days.
_LONG_DAY = (
    "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|"
    "(?:0[13578]|1[02])-31)"
)
_LEAP = "(?:0[48]|[2468][048]|[13579][26])"
_CALENDAR = f"(?:{_YEAR}-{_LONG_DAY}|(?:[0-9]{{2}}{_LEAP}|{_LEAP}00)-02-29)"

NAIVE_DATE_TIME: Final = Pattern(f"^{_CALENDAR}T{_CLOCK}$")

TIME: Final = Pattern(f"^{_CLOCK}$")

#: In the first and the last year only UTC: with an offset the instant can lie outside of the
#: calendar (0001-01-01T00:00:00+23:59), where neither Python nor PostgreSQL can follow.
DATE_TIME: Final = Pattern(
    f"^(?:{_INNER_YEAR}-{_DAY}T{_CLOCK}{_OFFSET}|(?:0001|9999)-{_DAY}T{_CLOCK}Z)$"
)

UUID: Final = Pattern("^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")

NO_NUL: Final = Pattern("^[^\\u0000]*$")

#: An item of a list in a query, where commas stand between the items.
NO_COMMA: Final = Pattern("^[^,]*$")

#: An integer in one spelling, with as many digits as every integer of 64 bits can have.
INTEGER_TEXT: Final = Pattern("^(?:0|-?[1-9][0-9]{0,17})$")

#: A segment of a path that needs no escape; not ``.`` or ``..``, which clients resolve away.
SEGMENT: Final = Pattern(
    r"^[A-Za-z0-9_~!\$'()*+,;=:@\-][A-Za-z0-9._~!\$'()*+,;=:@\-]*$", _sample="key"
)
