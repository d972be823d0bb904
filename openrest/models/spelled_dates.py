"""Dates and times in a format of their own: ``"rfc"``, or the directives of `strftime`.

Each becomes a pattern that JSON Schema can say. That a day is there in its month, such a
pattern does not know; what only the calendar refuses is a rule.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import re
from typing import Any, Final, Literal

from openrest.models import shapes as s
from openrest.models.patterns import Pattern

__all__ = ["rfc_shape", "spelled_shape"]

Kind = Literal["datetime", "naive", "aware", "date", "time"]

#: strftime writes years before 1000 with fewer digits on some systems, so they are none.
_YEAR = "[1-9][0-9]{3}"
_OFFSET = "[+-](?:[01][0-9]|2[0-3])[0-5][0-9]"
_DIRECTIVES: Final = {
    "Y": _YEAR,
    "y": "[0-9]{2}",
    "m": "(?:0[1-9]|1[0-2])",
    "d": "(?:0[1-9]|[12][0-9]|3[01])",
    "H": "(?:[01][0-9]|2[0-3])",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
    "f": "[0-9]{1,6}",
    "z": _OFFSET,
    "%": "%",
}
_SHOWN: Final = dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)

_RFC: Final = Pattern(
    "^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?:0[1-9]|[12][0-9]|3[01]) "
    "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    f"{_YEAR} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] (?:GMT|{_OFFSET})$"
)


def rfc_shape() -> s.Parsed:
    """An instant as mail and HTTP write it (RFC 5322, section 3.3)."""
    shown = email.utils.format_datetime(_SHOWN)
    return s.Parsed(
        pattern=_RFC,
        parse=_parse_rfc,
        write=email.utils.format_datetime,
        what=f"a date and time, such as {shown}",
        example=shown,
        total=False,
    )


def _parse_rfc(text: str) -> dt.datetime:
    return _in_utc(email.utils.parsedate_to_datetime(text))


def _in_utc(instant: dt.datetime) -> dt.datetime:
    try:
        # "-0000" says that the zone is not known (RFC 5322, section 3.3).
        return instant.astimezone(dt.UTC) if instant.tzinfo else instant.replace(tzinfo=dt.UTC)
    except OverflowError as error:
        raise ValueError("lies outside of the calendar") from error


def spelled_shape(kind: Kind, directives: str) -> s.Parsed:
    """A date or time in the format of `strftime`.

    Raises ValueError for a directive that depends on the language or says a thing twice.
    """
    pattern = _pattern(directives)
    has_offset = bool(re.search(r"(?<!%)(?:%%)*%z", directives))
    if kind == "aware" and not has_offset:
        raise ValueError(f"the format {directives!r} has no offset: add %z")
    if kind in ("naive", "date", "time") and has_offset:
        raise ValueError(f"the format {directives!r} has an offset, and its values have none")
    _check_purpose(kind, directives)

    def parse(text: str) -> Any:
        instant = dt.datetime.strptime(text, directives)
        if kind == "date":
            return instant.date()
        if kind == "time":
            return instant.time()
        return _in_utc(instant) if has_offset else instant

    def write(value: Any) -> str:
        text: str = value.strftime(directives)
        return text

    shown = _SHOWN.strftime(directives)
    try:
        parse(shown)
    except (ValueError, re.error) as reason:
        raise ValueError(f"the format {directives!r} cannot be read: {reason}") from reason
    days = bool({"%d", "%z"} & set(re.findall("%.", directives)))
    noun = {"date": "a date", "time": "a time"}.get(kind, "a date and time")
    return s.Parsed(
        pattern=pattern,
        parse=parse,
        write=write,
        what=f"{noun}, such as {shown}",
        example=shown,
        total=not days,
    )


def _check_purpose(kind: Kind, directives: str) -> None:
    """Raise ValueError where what is written could not be read back as it was."""
    said = set(re.findall("%(.)", directives))
    of_days, of_times = said & set("Yymd"), said & set("HMSf")
    needed, foreign = (of_times, of_days) if kind == "time" else (of_days, of_times)
    if not needed:
        noun, known = ("time", "%H %M %S %f") if kind == "time" else ("date", "%Y %y %m %d")
        raise ValueError(f"the format {directives!r} says nothing of a {noun}: use {known}")
    if foreign and kind in ("date", "time"):
        other = "date" if kind == "time" else "time"
        raise ValueError(f"the format {directives!r} has a {other}, and its values have none")


def _pattern(directives: str) -> Pattern:
    text = ""
    for literal, directive in re.findall(r"([^%]+)|%(.?)", directives, flags=re.DOTALL):
        if literal:
            text += re.sub(r"[\\^$.|?*+()\[\]{}]", lambda special: "\\" + special[0], literal)
        elif directive in _DIRECTIVES:
            text += _DIRECTIVES[directive]
        else:
            known = " ".join(f"%{name}" for name in _DIRECTIVES)
            raise ValueError(
                f"%{directive} in the format {directives!r} cannot be documented: of the "
                f"directives, {known} mean the same everywhere"
            )
    return Pattern(f"^{text}$")
