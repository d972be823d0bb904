"""Dates and times in formats of their own: pattern, reader and writer agree."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import fields as ma

from openrest import models
from openrest.errors import InvalidData, RuleViolated
from openrest.models import shapes as s
from openrest.models.derive import field_shape
from openrest.models.loading import wire_loader
from openrest.models.spelled_dates import spelled_shape
from openrest.models.walking import may_refuse


def test_a_day_that_no_calendar_has_is_a_conflict_and_not_a_mistake() -> None:
    load = wire_loader(field_shape(models.DateField(format="%d/%m/%Y")))
    assert load("29/02/2028") == dt.date(2028, 2, 29)
    with pytest.raises(RuleViolated) as refused:
        load("31/02/2026")
    assert str(refused.value) == "#: does not exist"
    with pytest.raises(InvalidData) as broken:
        load("1/2/2026")
    assert str(broken.value) == "#: must be a date, such as 01/03/2026"
    assert not isinstance(broken.value, RuleViolated)


def test_a_format_without_days_refuses_nothing_that_fits() -> None:
    assert not may_refuse(field_shape(models.TimeField(format="%H:%M")))
    assert not may_refuse(field_shape(models.DateField(format="%Y-%m")))
    assert may_refuse(field_shape(models.DateField(format="%d.%m.%y")))


@pytest.mark.parametrize(
    ("field", "text", "native"),
    [
        (models.DateField(format="%d.%m.%y"), "01.03.26", dt.date(2026, 3, 1)),
        (models.DateField(format="%Y-%m"), "2026-03", dt.date(2026, 3, 1)),
        (models.TimeField(format="%H.%M"), "09.30", dt.time(9, 30)),
        (models.NaiveDateTimeField(format="%Y/%m/%d %H:%M"), "2026/03/01 09:30",
         dt.datetime(2026, 3, 1, 9, 30)),
        (models.DateTimeField(format="%Y%m%dT%H%M%S%z"), "20260301T103000+0100",
         dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)),
        (models.DateTimeField(format="rfc"), "Sun, 01 Mar 2026 10:30:00 +0100",
         dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)),
        (models.DateTimeField(format="rfc"), "Sun, 01 Mar 2026 09:30:00 GMT",
         dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)),
        (models.DateTimeField(format="rfc"), "Sun, 01 Mar 2026 09:30:00 -0000",
         dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)),
        (models.DateTimeField(format="timestamp"), 1.5,
         dt.datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=dt.UTC)),
        (models.DateTimeField(format="timestamp_ms"), 1500,
         dt.datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=dt.UTC)),
        (ma.DateTime(format="%Y 100%%"), "2026 100%", dt.datetime(2026, 1, 1)),
    ],
)  # fmt: skip
def test_a_text_is_read_as_its_format_means_it(
    field: ma.Field[object], text: object, native: object
) -> None:
    assert wire_loader(field_shape(field))(text) == native


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (models.DateField(format="%d %B"), "%B in the format '%d %B' cannot be documented: of the "
         "directives, %Y %y %m %d %H %M %S %f %z %% mean the same everywhere"),
        (models.DateField(format="%d %"), "% in the format '%d %' cannot be documented: of the "
         "directives, %Y %y %m %d %H %M %S %f %z %% mean the same everywhere"),
        (models.DateTimeField(format="%Y"), "the format '%Y' has no offset: add %z"),
        (models.NaiveDateTimeField(format="%Y%z"),
         "the format '%Y%z' has an offset, and its values have none"),
        (models.NaiveDateTimeField(format="rfc"),
         "the format 'rfc' is of an instant, not a naive time"),
    ],
)  # fmt: skip
def test_a_format_that_cannot_be_documented_is_refused(field: ma.Field[object], said: str) -> None:
    with pytest.raises(ValueError) as refused:
        field_shape(field)
    assert str(refused.value) == said


def test_a_format_that_says_a_thing_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        spelled_shape("date", "%d %d")


@given(st.datetimes(dt.datetime(1000, 1, 1)))
def test_every_time_is_read_back_from_what_is_written(value: dt.datetime) -> None:
    shape = spelled_shape("naive", "%Y-%m-%d %H:%M:%S.%f")
    assert isinstance(shape, s.Parsed)
    assert wire_loader(shape)(shape.write(value)) == value
