"""Tests of text that do not distinguish cases, held against Python's `str.lower`."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openrest import models
from openrest.datastore import SQLDataStore
from openrest.query import AnyOf, Condition, Query
from tests.datastore.sql.servers import Server

#: Capital letters, what they become, and marks that may make another of the letter before them.
LETTERS: Final = "aAbBzZ09 _%\\'éÉçÇßẞſıIiİ\u0307ΣσςΟοЖжÅ\u212bǅǆﬁⅧⅷԱև\U00010400😀"
#: MariaDB has no letter whose form goes by its place, and takes one for the other.
SIGMAS: Final = str.maketrans("ςΣ", "σσ")


class Note(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)


@pytest.fixture
def notes(database: Server) -> Iterator[tuple[Server, SQLDataStore]]:
    store = SQLDataStore({"url": database.url, "table": database.table()}, Note)
    yield database, store
    store.close()


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    text=st.text(st.sampled_from(LETTERS), max_size=8),
    part=st.text(st.sampled_from(LETTERS), max_size=3),
)
def test_cases_are_those_of_python(
    notes: tuple[Server, SQLDataStore], text: str, part: str
) -> None:
    database, store = notes
    for record in [*store.find(Query())]:
        store.delete(record["id"])
    record = store.insert({"text": text})
    for operator in ("icontains", "istartswith", "contains", "startswith", "endswith"):
        test = Condition("text", operator, part)
        expected = test.holds(record)
        if database.kind == "mariadb" and operator.startswith("i"):
            folded = Condition("text", operator, part.translate(SIGMAS))
            expected = folded.holds({"text": text.translate(SIGMAS)})
        assert (store.count(Query((test,))) == 1) is expected, (operator, text, part)


def test_each_letter_has_the_lower_case_of_python(notes: tuple[Server, SQLDataStore]) -> None:
    """But for those that one of the two does not know yet: Unicode grows with every version."""
    database, store = notes
    upper = [
        character
        for character in map(chr, range(sys.maxunicode))
        if character.lower() != character and unicodedata.category(character) != "Cs"
    ]
    store.insert_many([{"text": f"{character}b"} for character in upper])
    known = dict(zip(range(1, len(upper) + 1), upper, strict=True))
    wrong = [
        known[number]
        for start in range(0, len(upper), 250)
        for number in missed(store, known, range(start + 1, min(start + 251, len(upper) + 1)))
    ]
    if database.kind == "sqlite":
        assert wrong == []
    else:
        # A release of Unicode adds some dozens of them, of scripts that few people write.
        assert len(wrong) < 100
        assert all(ord(character) > 0x0530 for character in wrong), wrong


def missed(store: SQLDataStore, known: dict[int, str], numbers: range) -> list[int]:
    """The numbers of the letters that are not found by their lower case."""
    every = tuple(
        (
            Condition("id", "eq", number),
            Condition("text", "istartswith", f"{known[number].lower()}B"),
        )
        for number in numbers
    )
    found = {record["id"] for record in store.find(Query((AnyOf(every),)))}
    return [number for number in numbers if number not in found]
