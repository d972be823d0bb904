"""The rules of searching, as tests."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from openrest.interfaces import Record
from openrest.query import Condition, Order, Query, Search
from openrest.testing.store_base import Hooks, Page, Person, keys
from openrest.testing.store_reads import PROPERTY

__all__ = ["SearchingRules"]

_NOTES: list[Record] = [
    {"id": 1, "name": "Analytical Engine", "age": 1, "nick": "notes on the engine"},
    {"id": 2, "name": "Compiler", "age": None, "nick": "A-0: it links, it loads"},
    {"id": 3, "name": "ÉTUDE", "age": 3},
    {"id": 4, "name": "engine-room", "age": None, "nick": "STRASSE"},
    {"id": 5, "name": "search_engine 2000", "age": 5, "nick": "Straße"},
]

#: What a search finds of `_NOTES`.
_FINDS: list[tuple[str, list[int]]] = [
    ("engine", [1, 4, 5]),
    ("ENGINE", [1, 4, 5]),
    ("eng", [1, 4, 5]),
    ("ngine", []),
    ("engine notes", [1]),
    ("engine, on the... Engine!", [1]),
    ("notes compiler", []),
    ("2000", [5]),
    ("200", [5]),
    ("000", []),
    ("room-engine", [4]),
    ("a", [1, 2]),
    ("a 0", [2]),
    ("étude", [3]),
    ("etude", []),
    ("strasse", [4]),
    ("straße", [5]),
    ("", []),
    (" -*\"'", []),
]

#: What is code in some language of searches, and here a sign between words or a word.
_TRICKY: list[tuple[str, list[int]]] = [
    ('"engine"', [1, 4, 5]),
    ('engine"', [1, 4, 5]),
    ("engine*", [1, 4, 5]),
    ("^engine", [1, 4, 5]),
    ("name:engine", []),
    ("engine OR compiler", []),
    ("engine AND notes", []),
    ("NOT compiler", []),
    ("NEAR(engine notes, 2)", []),
    ("{name nick}: engine", []),
    ("engine' OR '1'='1", []),
    ("en%", [1, 4, 5]),
    ("e_gine", []),
]

#: Letters that a case, a mark or a newer Unicode makes special, and signs of several sorts.
_ALPHABET = (
    "aAbB1 -_'\"*.%\t\u00a0\u2014\u3001"
    "éÉe\u0301ßẞſsSİIıi\u0307ΣσςΟЖжÅ\u212bå\u2c65Ⱥ"
    "\u1c80вВ\u10d0\u1c90\u10a0\u2d00\u13a0\uab70\u01c5\u01c6ﬁ²½Ⅷⅷ"
    "हि\u0645\ufefb日本か゛한글\ud7ff\u0e01\u0e33"
    "😀🦊\u2764\ufe0f\u200d\u02b9\u2132\u06de\U0001e900\U0001e922\U0010ffff\ue000"
)


class SearchingRules(Hooks):
    """What `find` and `count` answer to a `Search`."""

    def test_a_search_finds_every_word_as_the_beginning_of_one(self) -> None:
        store = self.searchable(self.make_store(Person, copy.deepcopy(_NOTES)), "name", "nick")
        for text, expected in _FINDS:
            query = Query((Search(("name", "nick"), text),))
            assert keys(store.find(query)) == expected, text
            assert store.count(query) == len(expected), text

    def test_a_search_takes_its_text_for_words_and_never_for_code(self) -> None:
        store = self.searchable(self.make_store(Person, copy.deepcopy(_NOTES)), "name", "nick")
        for text, expected in _TRICKY:
            query = Query((Search(("name", "nick"), text),))
            assert keys(store.find(query)) == expected, text

    def test_a_search_looks_into_the_fields_that_it_names_alone(self) -> None:
        store = self.make_store(Person, copy.deepcopy(_NOTES))
        store = self.searchable(self.searchable(store, "name"), "nick")
        for members, expected in ((("name",), [1, 4, 5]), (("nick",), [1])):
            assert keys(store.find(Query((Search(members, "engine"),)))) == expected

    def test_a_search_can_be_asked_for_without_being_prepared(self) -> None:
        store = self.make_store(Person, copy.deepcopy(_NOTES))
        if store.searchable:
            assert keys(store.find(Query((Search(("nick",), "links"),)))) == [2]
            self.searchable(self.searchable(store, "nick"), "nick")
            assert keys(store.find(Query((Search(("nick",), "links"),)))) == [2]

    def test_a_search_goes_with_conditions_order_and_window(self) -> None:
        store = self.searchable(self.make_store(Person, copy.deepcopy(_NOTES)), "name")
        engine = Search(("name",), "engine")
        if store.sortable:
            last_first = Query((engine,), (Order("name", True),), offset=1, limit=1)
            assert keys(store.find(last_first)) == [4]
        if "eq" in store.operators:
            both = Query((Condition("age", "eq", 5), engine))
            assert keys(store.find(both)) == [5]
            assert store.count(both) == 1

    def test_a_search_finds_what_is_stored_now(self) -> None:
        store = self.writable(self.searchable(self.people(), "name", "nick"))

        def found(text: str) -> list[int]:
            return keys(store.find(Query((Search(("name", "nick"), text),))))

        new = store.insert({"name": "Rear Admiral", "age": None})["id"]
        assert found("admiral") == [new]
        store.update(new, lambda record: {**record, "nick": "Grandma COBOL"})
        assert (found("cobol"), found("admiral")) == ([new], [new])
        store.update(new, lambda record: {"name": "Amazing", "age": 1})
        assert (found("cobol"), found("admiral"), found("amaz")) == ([], [], [2, new])
        store.insert_many([{"name": f"Many {n}", "age": None} for n in range(3)])
        assert len(found("many")) == 3
        store.delete(new)
        assert found("amaz") == [2]

    def test_a_search_sees_a_record_of_somebody_else(self) -> None:
        store = self.searchable(self.people(), "name")
        self.poke(store, {"id": 4, "name": "Barbara Liskov", "age": 28})
        assert keys(store.find(Query((Search(("name",), "lisk"),)))) == [4]

    def test_records_with_text_keys_are_searched_too(self) -> None:
        seed = [{"slug": c, "title": f"Title {c}", "visits": 0} for c in ("a", "c-b", "d")]
        store = self.searchable(self.make_store(Page, seed), "slug", "title")
        for text, expected in (("b", ["c-b"]), ("title", ["a", "c-b", "d"]), ("itle", [])):
            found = store.find(Query((Search(("slug", "title"), text),)))
            assert keys(found, "slug") == expected

    @PROPERTY
    @given(
        texts=st.lists(
            st.tuples(st.text(_ALPHABET, max_size=8), st.none() | st.text(_ALPHABET, max_size=8)),
            max_size=6,
        ),
        asked=st.lists(st.text(_ALPHABET, max_size=4), min_size=1, max_size=6),
        cuts=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(1, 4))),
    )
    def test_search_answers_as_plain_python_would(
        self,
        texts: list[tuple[str, str | None]],
        asked: list[str],
        cuts: list[tuple[int, int, int]],
    ) -> None:
        seed: list[Record] = [
            {"id": n, "name": name, "age": None, **({} if nick is None else {"nick": nick})}
            for n, (name, nick) in enumerate(texts, 1)
        ]
        store = self.searchable(self.make_store(Person, copy.deepcopy(seed)), "name", "nick")
        parts = [texts[which % len(texts)][0][a : a + n] for which, a, n in cuts if texts]
        for text in [*asked, *parts, *(part.swapcase() for part in parts)]:
            search = Search(("name", "nick"), text)
            expected = keys(record for record in seed if search.holds(record))
            assert keys(store.find(Query((search,)))) == expected, search
            assert store.count(Query((search,))) == len(expected), search
