"""A plugin of pytest for marshmallow's own tests: they get openrest's models and fields instead.

It is imported before any of their modules, and changes nothing but what ``from marshmallow
import Schema, fields`` gives from then on: marshmallow itself and openrest have theirs already.
What became of each test is written, as JSON, to the file that OUTCOMES names.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import marshmallow
import pytest
from marshmallow import fields as ma

from openrest import models
from openrest.errors import ModelError


class DateTime(models.ShapedField, ma.DateTime):
    """An instant, or with a format that has no offset a naive time: openrest has a field for each.

    Read as openrest reads marshmallow's own DateTime in a plain schema.
    """

    def __init__(self, format: str | None = None, **options: Any) -> None:
        super().__init__(format=format, **options)  # type: ignore[call-arg]  # marshmallow's


class PostponedMeta(type(models.Model)):  # type: ignore[misc]  # it is a class
    """Lets a module be imported that has a refused schema: who makes an instance is refused."""

    refusal: ModelError | None = None

    def __init__(cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any]) -> None:
        try:
            super().__init__(name, bases, attrs)
        except ModelError as refusal:
            if "<locals>" in cls.__qualname__:
                raise
            cls.refusal = refusal

    def __call__(cls, *args: Any, **options: Any) -> Any:
        if cls.refusal is not None:
            raise cls.refusal
        return super().__call__(*args, **options)


class Schema(models.Model, metaclass=PostponedMeta):
    """A model, which their modules make at their top."""


#: marshmallow's fields -> ours. Where there is none of ours, theirs stays.
FIELDS: dict[str, Any] = {
    "AwareDateTime": models.DateTimeField,
    "Bool": models.BooleanField,
    "Boolean": models.BooleanField,
    "Constant": models.ConstantField,
    "Date": models.DateField,
    "DateTime": DateTime,
    "Decimal": models.DecimalField,
    "Dict": models.DictField,
    "Email": models.EmailField,
    "Enum": models.EnumField,
    "Float": models.FloatField,
    "Function": models.FunctionField,
    "IP": models.IPField,
    "IPInterface": models.IPInterfaceField,
    "IPv4": models.IPv4Field,
    "IPv6": models.IPv6Field,
    "Int": models.IntegerField,
    "Integer": models.IntegerField,
    "List": models.ListField,
    "Method": models.MethodField,
    "NaiveDateTime": models.NaiveDateTimeField,
    "Nested": models.NestedField,
    "Pluck": models.PluckField,
    "Raw": models.RawField,
    "Str": models.StringField,
    "String": models.StringField,
    "Time": models.TimeField,
    "TimeDelta": models.TimeDeltaField,
    "Tuple": models.TupleField,
    "URL": models.UrlField,
    "UUID": models.UUIDField,
    "Url": models.UrlField,
}


def substitute() -> None:
    """Put openrest's classes where the tests look for marshmallow's."""
    ours: Any = ModuleType(ma.__name__)
    vars(ours).update({**vars(ma), **FIELDS})
    package: Any = marshmallow
    package.Schema, package.fields = Schema, ours


class Outcomes:
    """Writes how each test failed: one line, which is empty where it passed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or not report.passed:
            self.found[report.nodeid] = _failure(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if not report.passed:
            self.found[report.nodeid] = _failure(report)

    def pytest_sessionfinish(self) -> None:
        self.path.write_text(json.dumps(self.found), encoding="utf-8")


def _failure(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The first line of what a report says of a failure."""
    if report.passed:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    return (crash.message if crash else report.longreprtext).strip().partition("\n")[0] or "failed"


def pytest_configure(config: pytest.Config) -> None:
    """Called by pytest before it imports a conftest or a test."""
    config.pluginmanager.register(Outcomes(Path(os.environ["OUTCOMES"])))


substitute()
