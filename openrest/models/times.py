"""Shapes of dates, times and spans -> the functions that check one wire value and load it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

from openrest import messages as msg
from openrest.errors import Mistake
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.formats import DATE, DATE_TIME, NAIVE_DATE_TIME, TIME
from openrest.models.patterns import Pattern
from openrest.models.scalars import Load, integer_loader, mistake

__all__ = ["EPOCH", "time_loader"]

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def time_loader(shape: s.Shape) -> Load | None:
    """The compiled loader of a shape of times; None for another shape."""
    match shape:
        case s.DateTime():
            return _text(DATE_TIME, _instant, msg.DATE_TIME)
        case s.NaiveDateTime():
            return _text(NAIVE_DATE_TIME, dt.datetime.fromisoformat, msg.NAIVE_DATE_TIME)
        case s.Date():
            return _text(DATE, dt.date.fromisoformat, msg.DATE)
        case s.Time():
            return _text(TIME, dt.time.fromisoformat, msg.TIME)
        case s.Timestamp(whole=True):
            return _whole_timestamp(shape)
        case s.Timestamp():
            unit = dt.timedelta(seconds=1) / shape.per_second
            return _span(shape.minimum, shape.maximum, unit, EPOCH)
        case s.Duration():
            return _span(shape.minimum, shape.maximum, shape.unit, None)
        case _:
            return None


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def _text(pattern: Pattern, parse: Callable[[str], Any], wanted: str) -> Load:
    search = pattern.search

    def load_text(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is str and search(value):
            try:
                return parse(value)
            except ValueError:  # the pattern does not know how long a month is
                mistake(mistakes, at, say(msg.NO_SUCH_DAY))
                return None
        mistake(mistakes, at, say(wanted))
        return None

    return load_text


def _whole_timestamp(shape: s.Timestamp) -> Load:
    bounds = s.Integer(
        minimum=math.ceil(shape.minimum), maximum=math.floor(shape.maximum), exact=shape.exact
    )
    load_number = integer_loader(bounds)
    unit = dt.timedelta(seconds=1) / shape.per_second

    def load_timestamp(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        before = len(mistakes)
        number = load_number(value, at, mistakes)
        return None if len(mistakes) > before else EPOCH + number * unit

    return load_timestamp


def _span(low: float, high: float, unit: dt.timedelta, since: dt.datetime | None) -> Load:
    """A number of units, rounded to the microseconds in which Python counts."""

    def load_span(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not float and type(value) is not int:
            mistake(mistakes, at, say(msg.NUMBER))
        elif not value >= low:
            mistake(mistakes, at, say(msg.AT_LEAST, minimum=f"{low:g}"))
        elif not value <= high:
            mistake(mistakes, at, say(msg.AT_MOST, maximum=f"{high:g}"))
        else:
            # A double, as which it is answered: beyond 2**53 not every integer is one.
            span = float(value) * unit
            return span if since is None else since + span
        return None

    return load_span
