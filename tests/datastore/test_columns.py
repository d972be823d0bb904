"""Columns: how the values of a choice are stored, whatever kinds they are of."""

from __future__ import annotations

import enum
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from marshmallow import fields as ma
from marshmallow import validate

from openrest import models
from openrest.datastore import PythonListDataStore, SQLiteDataStore, UniqueTogether
from openrest.errors import RecordConflict
from openrest.query import Condition, Order, Query


class Level(enum.Enum):
    LOW = 1
    HIGH = 2


class Answer(enum.Enum):
    YES = True
    NO = False


class Mixed(enum.Enum):
    TRUE = True
    ONE = 2
    HALF = 0.5
    TEXT = "true"


class Weight(enum.Enum):
    LIGHT = 0.5
    HEAVY = 1.5


class Huge(enum.Enum):
    SMALL = 1
    HUGE = 10**20


def one_of(*values: Any) -> Any:
    return validate.OneOf(values)


@pytest.mark.parametrize(
    ("field", "natives", "kind", "stored"),
    [
        (models.StringField(validate=one_of("b", "a")), ["a", "b"], "TEXT", ["a", "b"]),
        (models.IntegerField(validate=one_of(2, 1)), [1, 2], "INTEGER", [1, 2]),
        (models.FloatField(validate=one_of(1.5, 0.5)), [0.5, 1.5], "REAL", [0.5, 1.5]),
        (models.BooleanField(validate=one_of(True)), [True], "INTEGER", [1]),
        (models.EnumField(Level), [Level.HIGH, Level.LOW], "TEXT", ["HIGH", "LOW"]),
        (models.EnumField(Level, by_value=True), [Level.LOW, Level.HIGH], "INTEGER", [1, 2]),
        (models.EnumField(Answer, by_value=True), [Answer.NO, Answer.YES], "INTEGER", [0, 1]),
        (
            models.EnumField(Weight, by_value=True),
            [Weight.LIGHT, Weight.HEAVY],
            "REAL",
            [0.5, 1.5],
        ),
        (
            models.EnumField(Mixed, by_value=True),
            [Mixed.TEXT, Mixed.HALF, Mixed.ONE, Mixed.TRUE],
            "TEXT",
            ['"true"', "0.5", "2", "true"],
        ),
        (
            models.EnumField(Huge, by_value=True),
            [Huge.SMALL, Huge.HUGE],
            "TEXT",
            ["1", "100000000000000000000"],
        ),
        (
            models.IntegerField(validate=validate.NoneOf([0])),
            [-1, 1],
            "INTEGER",
            [-1, 1],
        ),
    ],
)
def test_a_choice_is_stored_as_its_wire_values_and_ordered_by_them(
    field: ma.Field[Any], natives: list[Any], kind: str, stored: list[Any], tmp_path: Path
) -> None:
    Model = type(
        "Model", (models.Model,), {"id": models.PkField(), "value": field, "other": ma.Raw()}
    )
    unique = [UniqueTogether("value")]
    path = tmp_path / "choices.db"
    by_value = Query(order=(Order("value"),))
    for store in (
        PythonListDataStore([], Model, unique),
        SQLiteDataStore({"name": path, "table": "t"}, Model, unique),
    ):
        store.insert_many([{"value": native} for native in reversed(natives)])
        assert [record["value"] for record in store.find(by_value)] == natives
        for native in natives:
            query = Query(conditions=(Condition("value", "eq", native),))
            assert [record["value"] for record in store.find(query)] == [native]
            with pytest.raises(RecordConflict):
                store.insert({"value": native})
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT value FROM t ORDER BY value").fetchall()
        columns = connection.execute("SELECT name, type FROM pragma_table_info('t')").fetchall()
    assert rows == [(value,) for value in stored]
    assert dict(columns)["value"] == kind
