"""The names that the source of a drawn model may use; it begins with an import of all of them."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import ipaddress
import re
import uuid
from typing import Any

from marshmallow import (
    EXCLUDE,
    INCLUDE,
    RAISE,
    Schema,
    ValidationError,
    post_load,
    pre_load,
    validate,
    validates,
    validates_schema,
)
from marshmallow import fields as ma

from openrest import models

__all__ = [
    "EXCLUDE",
    "INCLUDE",
    "RAISE",
    "Colour",
    "Level",
    "Schema",
    "Size",
    "ValidationError",
    "broken",
    "capital",
    "decimal",
    "dt",
    "even",
    "ipaddress",
    "ma",
    "models",
    "post_load",
    "pre_load",
    "re",
    "refuse_some",
    "uuid",
    "validate",
    "validates",
    "validates_schema",
]


class Colour(enum.Enum):
    """Text."""

    RED = "red"
    GREEN = "green"
    EMPTY = ""
    TWO = "a,b"


class Size(enum.IntEnum):
    """Integers."""

    SMALL = 1
    BIG = 7
    HUGE = 2**53


class Level(enum.Enum):
    """Anything that JSON has."""

    ONE = 1
    HALF = 2.5
    NO = False
    TEXT = "1"


def even(value: Any) -> None:
    """A rule about numbers."""
    if value % 2:
        raise ValidationError("must be even")


def capital(value: str) -> None:
    """A rule about text."""
    if value[:1].islower():
        raise ValidationError("must begin with a capital letter")


def refuse_some(value: Any) -> None:
    """A rule about anything: refuses one value in eight, the same at every run."""
    if sum(map(ord, repr(value))) % 8 == 0:
        raise ValidationError("is one of those that are refused")


def broken(value: Any) -> bool:
    """A validator that returns what it means, which marshmallow ignores."""
    return sum(map(ord, repr(value))) % 8 != 1
