"""Words in a database: it leaves out what cannot be meant, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest import models
from openrest.datastore import SQLDataStore
from openrest.datastore.sql.searching import Searched
from openrest.errors import TooManyRecords
from openrest.query import AnyOf, Condition, Order, Query, Search
from tests.datastore.sql.servers import KINDS, Server, server

#: Letters of which a database may know another form than we do, or none.
ODD = "Kk\u212aSs\u017fIi\u0130\u0131ÅåÅΣσςµμßẞΐǅǆͅÉé字ー "


class Text(models.Model):
    id = models.PkField()
    text = models.StringField(required=True)
    more = models.StringField()


def search(text: str, *members: str) -> Query:
    return Query((Search(members or ("text", "more"), text),))


def store_of(database: Server, *texts: str) -> SQLDataStore:
    store = SQLDataStore({"url": database.url, "table": database.table()}, Text)
    store.insert_many([{"text": text} for text in texts])
    return store


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Sea", ["ea"]),
        ("kindle asked", ["indle", "ed"]),
        ("字x", ["字x"]),
        ("éa ßb", ["a", "b"]),
        ("k é", []),
    ],
)
def test_a_database_is_asked_for_what_has_one_form(text: str, parts: list[str]) -> None:
    narrowed = Searched(lambda _: [], "id").narrowed(search(text, "text"))
    assert [*narrowed.conditions] == [
        AnyOf(((Condition("text", "icontains", part),),)) for part in parts
    ]


@pytest.fixture(scope="module", params=KINDS)
def emptied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SQLDataStore]:
    """A store of one table, for texts that come and go."""
    with server(request.param, tmp_path_factory.mktemp("texts")) as database:
        yield store_of(database)


@given(st.data())
def test_no_letter_has_another_case_than_in_python(
    emptied: SQLDataStore, data: st.DataObject
) -> None:
    words = st.text(st.sampled_from(ODD + "abz-."), max_size=4)
    texts = data.draw(st.lists(words, min_size=1, max_size=5))
    store = emptied
    store.delete_many(Query(), 100)
    store.insert_many([{"text": text} for text in texts])
    for asked in data.draw(st.lists(words, max_size=3)):
        query = search(asked)
        expected = [one for one in store.find(Query()) if query.conditions[0].holds(one)]
        assert [*store.find(query)] == expected
        assert store.count(query) == len(expected)


def test_a_window_is_found_among_many_that_do_not_match(database: Server) -> None:
    store = store_of(database, *(f"{'ab' if n % 7 else 'b a'} {n}" for n in range(700)))
    query = search("a b", "text")
    matching = [n + 1 for n in range(0, 700, 7)]
    for order, keys in (((), matching), ((Order("id", True),), matching[::-1])):
        for backwards in (False, True):
            page = Query(query.conditions, order, offset=3, limit=40, backwards=backwards)
            found = [record["id"] for record in store.find(page)]
            assert found == (keys[-43:-3] if backwards else keys[3:43])
    assert store.count_up_to(query, 12) == 12
    assert [one["id"] for one in store.stream(query)] == matching
    wanted = Query(query.conditions, members=("more",), limit=1)
    assert [one["id"] for one in store.find(wanted)] == [1]


def test_many_are_changed_that_a_search_finds(database: Server) -> None:
    store = store_of(database, "sea one", "two", "the sea", "seal")
    with pytest.raises(TooManyRecords):
        store.delete_many(search("sea"), 2)
    changed = store.update_many(search("sea"), lambda record: {**record, "more": "x"}, 3)
    assert [record["id"] for record in changed] == [1, 3, 4]
    assert store.delete_many(search("the x"), 5) == 1
    assert [record["id"] for record in store.find(Query())] == [1, 2, 4]
