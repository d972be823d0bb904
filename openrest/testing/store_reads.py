"""The rules of reading, as tests."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import islice
from operator import itemgetter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from openrest.errors import RecordNotFound
from openrest.interfaces import DataStore, Record
from openrest.query import (
    MEMBERSHIP,
    OPERATORS,
    ORDERING,
    TEXT,
    AnyOf,
    Condition,
    Order,
    Query,
)
from openrest.testing.store_base import (
    COMMON,
    LEAST,
    MOST,
    PEOPLE,
    SHAPES,
    Everything,
    Hooks,
    Page,
    Person,
    exact,
    keys,
    values,
)

__all__ = ["ORDERED", "PROPERTY", "ReadingRules", "answer", "some"]

#: Few examples: each makes a store, and some stores are slow to make. A suite is inherited, so
#: hypothesis meets one test in several classes.
PROPERTY = settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[
        HealthCheck.differing_executors,
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
    ],
)

#: Texts that are code in some language of queries, and that only equal themselves.
_TRICKY = ["'", '"', "' OR '1'='1", "%", "_", "*", "?", "\\", "", " ", "null", "a", "A", "é", "😀"]

#: In the order of their code points. In UTF-16 the last two would change places.
_ASCENDING = ["", " ", "A", "B", "a", "ab", "a\u0301", "b", "á", "ÿ", "\uff5e", "😀"]

#: Texts that are parts of one another, in other cases, or patterns in some language of queries.
_PARTS = [
    "Ada", "ada", "da", "ADA Lovelace", "%", "_", "*", "a%", "[a]", "?", "\\", "É", "é", "éa",
    "Straße", "STRASSE", "İ", "\ud7ff", "\ud7ffa", "\U0010ffff", "\U0010ffff\U0010ffff", "😀",
    "x😀",
]  # fmt: skip

#: The fields of `Everything` that can be compared, and those that have an order too.
_COMPARED = [name for name in SHAPES if name not in ("raw", "any")]
ORDERED = [
    name
    for name in _COMPARED
    if name not in ("by_name", "by_value", "level", "strings", "prices", "weeks")
]


class ReadingRules(Hooks):
    """What `find`, `count` and `get` answer."""

    def test_get_gives_the_record_of_the_key(self) -> None:
        store = self.people()
        assert exact(store.get(2)) == exact(
            {"id": 2, "name": "Grace", "age": None, "nick": "Amazing Grace"}
        )

    def test_get_of_an_unknown_key_is_not_found(self) -> None:
        store = self.people()
        for key in (4, 9, 2**63 - 1):
            with pytest.raises(RecordNotFound) as caught:
                store.get(key)
            assert caught.value.key == key

    def test_get_takes_the_key_for_a_value_and_never_for_code(self) -> None:
        store = self.make_store(Page, [{"slug": "a", "title": "A", "visits": 0}])
        for key in ("' OR '1'='1", "a' --", '" OR ""="', "%", "A", ""):
            with pytest.raises(RecordNotFound):
                store.get(key)

    def test_a_missing_value_is_none_where_null_is_allowed_and_else_absent(self) -> None:
        store = self.people()
        assert exact(store.get(5)) == exact({"id": 5, "name": "Ada", "age": None})

    def test_an_empty_list_is_not_a_missing_one(self) -> None:
        assert self.people().get(3)["tags"] == []

    def test_find_gives_every_record_in_the_order_of_the_keys(self) -> None:
        store = self.make_store(Person, list(reversed(PEOPLE)))
        assert exact(list(store.find(Query()))) == exact(PEOPLE)

    def test_text_keys_are_ordered_by_code_point(self) -> None:
        slugs = ["b", "a", "B", "ab", "10", "9", "~"]
        store = self.make_store(Page, [{"slug": c, "title": c, "visits": 0} for c in slugs])
        assert keys(store.find(Query()), "slug") == ["10", "9", "B", "a", "ab", "b", "~"]

    def test_find_gives_the_window_of_limit_records_after_offset(self) -> None:
        store = self.people()
        for offset in range(7):
            for limit in (None, *range(7)):
                end = None if limit is None else offset + limit
                found = keys(store.find(Query(offset=offset, limit=limit)))
                assert found == [1, 2, 3, 5, 8][offset:end], (offset, limit)

    def test_find_after_the_end_is_empty_however_far(self) -> None:
        store = self.people()
        for offset in (5, 2**31, 2**63 - 1, 2**63):
            assert list(store.find(Query(offset=offset, limit=20))) == []

    def test_count_ignores_offset_and_limit(self) -> None:
        store = self.people()
        assert store.count(Query()) == 5
        assert store.count(Query(offset=2, limit=2)) == 5
        assert store.count(Query(offset=9, limit=0)) == 5

    def test_count_heeds_the_conditions(self) -> None:
        store = self.filterable(self.people(), "eq")
        assert store.count(Query(conditions=(Condition("age", "eq", 36),), limit=1)) == 2
        assert store.count(Query(conditions=(Condition("name", "eq", "Nobody"),))) == 0

    def test_count_up_to_counts_no_further(self) -> None:
        store = self.people()
        for most in range(8):
            assert store.count_up_to(Query(), most) == min(5, most)
        assert store.count_up_to(Query(offset=2, limit=2), 4) == 4
        if "eq" in store.operators:
            adas = Query(conditions=(Condition("name", "eq", "Ada"),))
            assert [store.count_up_to(adas, most) for most in (1, 2, 3)] == [1, 2, 2]

    def test_conditions_are_joined_by_and(self) -> None:
        store = self.filterable(self.people(), "eq")
        both = (Condition("age", "eq", 36), Condition("name", "eq", "Ada"))
        assert keys(store.find(Query(conditions=both))) == [1]

    def test_the_window_is_one_of_the_records_that_meet_the_conditions(self) -> None:
        store = self.filterable(self.people(), "eq")
        ada = (Condition("name", "eq", "Ada"),)
        assert keys(store.find(Query(conditions=ada, offset=1, limit=1))) == [5]

    def test_every_operator_of_the_store_is_one_of_a_query(self) -> None:
        assert self.people().operators <= OPERATORS

    def test_each_operator_compares_as_in_python(self) -> None:
        store = self.people()
        for operator, expected in {
            "eq": [1, 8],
            "ne": [3],
            "lt": [],
            "lte": [1, 8],
            "gt": [3],
            "gte": [1, 3, 8],
        }.items():
            if operator in store.operators:
                found = store.find(Query(conditions=(Condition("age", operator, 36),)))
                assert keys(found) == expected, operator
        self.filterable(store, "eq", "ne", *ORDERING)

    def test_in_takes_one_of_several_values_and_nin_none_of_them(self) -> None:
        store = self.filterable(self.people(), *MEMBERSHIP)
        for asked, within, without in (
            ((36, 99), [1, 8], [3]),
            ((36, None), [1, 8], [3]),
            ((), [], [1, 3, 8]),
            (tuple(range(40)), [1, 8], [3]),
        ):
            for operator, expected in (("in", within), ("nin", without)):
                query = Query(conditions=(Condition("age", operator, asked),))
                assert keys(store.find(query)) == expected, (operator, asked)
                assert store.count(query) == len(expected), (operator, asked)

    def test_in_takes_as_many_as_500_values(self) -> None:
        store = self.filterable(self.people(), *MEMBERSHIP)
        many = tuple(range(8, 508))
        assert keys(store.find(Query((Condition("id", "in", many),)))) == [8]
        assert keys(store.find(Query((Condition("id", "nin", many),)))) == [1, 2, 3, 5]

    def test_isnull_finds_what_has_no_value_or_what_has_one(self) -> None:
        store = self.filterable(self.people(), "isnull")
        for member, without, within in (("age", [2, 5], [1, 3, 8]), ("nick", [1, 3, 5], [2, 8])):
            for asked, expected in ((True, without), (False, within)):
                query = Query(conditions=(Condition(member, "isnull", asked),))
                assert (keys(store.find(query)), store.count(query)) == (expected, len(expected))

    def test_a_test_of_text_takes_every_character_for_itself(self) -> None:
        seed = [{"id": n, "name": text, "age": n} for n, text in enumerate(_PARTS, 1)]
        store = self.filterable(self.make_store(Person, seed), *TEXT)
        for operator in TEXT:
            for part in ("", *_PARTS):
                test = Condition("name", operator, part)
                expected = [record["id"] for record in seed if test.holds(record)]
                assert keys(store.find(Query(conditions=(test,)))) == expected, test

    def test_any_of_joins_its_alternatives_by_or(self) -> None:
        store = self.people()
        if not store.alternatives:
            pytest.skip(f"{type(store).__name__} does not join by or")
        ada, old = Condition("name", "eq", "Ada"), Condition("age", "eq", 36)
        for tests, expected in (
            ((AnyOf(((ada,), (old,))),), [1, 5, 8]),
            ((AnyOf(((ada, old), (Condition("id", "eq", 3),))),), [1, 3]),
            ((AnyOf(((ada,), (old,))), Condition("id", "ne", 8)), [1, 5]),
            ((AnyOf(()),), []),
            ((AnyOf(((), (ada,))),), [1, 2, 3, 5, 8]),
        ):
            query = Query(conditions=tests)
            assert (keys(store.find(query)), store.count(query)) == (expected, len(expected))

    def test_null_matches_no_comparison(self) -> None:
        store = self.filterable(self.people(), "ne")
        for operator in sorted(store.operators - {"isnull"}):
            member = "name" if operator in TEXT else "age"
            with_null = Query(conditions=(Condition(member, operator, None),))
            assert (list(store.find(with_null)), store.count(with_null)) == ([], 0), operator
        not_36 = Query(conditions=(Condition("age", "ne", 36),))
        assert (keys(store.find(not_36)), store.count(not_36)) == ([3], 1)
        not_maggie = Query(conditions=(Condition("nick", "ne", "Maggie"),))
        assert (keys(store.find(not_maggie)), store.count(not_maggie)) == ([2], 1)

    def test_a_condition_takes_its_text_for_a_value_and_never_for_code(self) -> None:
        seed = [{"id": n, "name": text, "age": n} for n, text in enumerate(_TRICKY, 1)]
        store = self.filterable(self.make_store(Person, seed), "eq", "ne")
        for number, text in enumerate(_TRICKY, 1):
            same = Query(conditions=(Condition("name", "eq", text),))
            others = Query(conditions=(Condition("name", "ne", text),))
            assert keys(store.find(same)) == [number], text
            assert (store.count(same), store.count(others)) == (1, len(_TRICKY) - 1), text

    def test_values_of_every_type_are_compared_as_in_python(self) -> None:
        seed = [COMMON, LEAST, MOST]
        store = self.filterable(self.make_store(Everything, copy.deepcopy(seed)), "eq", "ne")
        for name in _COMPARED:
            operators = {"eq", "ne", *(store.operators & set(ORDERING))}
            for operator in sorted(operators if name in ORDERED else {"eq", "ne"}):
                query = Query(conditions=(Condition(name, operator, MOST[name]),))
                assert keys(store.find(query)) == keys(answer(seed, query)), (name, operator)

    def test_values_of_every_type_are_ordered_as_in_python(self) -> None:
        seed = [COMMON, LEAST, MOST]
        store = self.sortable(self.make_store(Everything, copy.deepcopy(seed)))
        for name in ORDERED:
            for query in (Query(order=(Order(name),)), Query(order=(Order(name, True),))):
                assert keys(store.find(query)) == keys(answer(seed, query)), query

    def test_text_is_compared_by_code_point(self) -> None:
        seed = [{"id": n, "name": text, "age": n} for n, text in enumerate(_ASCENDING, 1)]
        store = self.filterable(self.make_store(Person, seed), "lt", "gte")
        for number, text in enumerate(_ASCENDING, 1):
            before = store.find(Query(conditions=(Condition("name", "lt", text),)))
            after = store.find(Query(conditions=(Condition("name", "gte", text),)))
            assert keys(before) == list(range(1, number)), text
            assert keys(after) == list(range(number, len(_ASCENDING) + 1)), text

    def test_the_order_is_completed_by_the_key(self) -> None:
        store = self.sortable(self.people())
        assert keys(store.find(Query(order=(Order("name"),)))) == [1, 5, 2, 3, 8]
        assert keys(store.find(Query(order=(Order("name", True),)))) == [8, 3, 2, 1, 5]

    def test_records_without_a_value_come_last_in_either_direction(self) -> None:
        store = self.sortable(self.people())
        assert keys(store.find(Query(order=(Order("age"),)))) == [1, 8, 3, 2, 5]
        assert keys(store.find(Query(order=(Order("age", True),)))) == [3, 1, 8, 2, 5]
        assert keys(store.find(Query(order=(Order("nick"),)))) == [2, 8, 1, 3, 5]
        assert keys(store.find(Query(order=(Order("nick", True),)))) == [8, 2, 1, 3, 5]

    def test_each_field_of_the_order_breaks_the_ties_of_those_before(self) -> None:
        store = self.sortable(self.people())
        by_age_and_name = Query(order=(Order("age", True), Order("name", True)))
        assert keys(store.find(by_age_and_name)) == [3, 8, 1, 2, 5]
        by_key = Query(order=(Order("id", True),))
        assert keys(store.find(by_key)) == [8, 5, 3, 2, 1]

    def test_the_window_is_one_of_the_ordered_records(self) -> None:
        store = self.sortable(self.people())
        assert keys(store.find(Query(order=(Order("age"),), offset=1, limit=2))) == [8, 3]

    def test_text_is_ordered_by_code_point(self) -> None:
        seed = [{"id": n, "name": text} for n, text in enumerate(reversed(_ASCENDING), 1)]
        store = self.sortable(self.make_store(Person, [{**r, "age": None} for r in seed]))
        assert keys(store.find(Query(order=(Order("name"),))), "name") == _ASCENDING

    def test_members_that_are_wanted_are_given_and_others_as_they_are_or_not(self) -> None:
        store = self.people()
        for wanted in ((), ("name",), ("tags", "age"), ("nick",), ("id", "nick")):
            query = Query(members=wanted, offset=1)
            found = list(store.find(query))
            assert len(found) == 4
            for record, whole in zip(found, PEOPLE[1:], strict=True):
                assert _shows(record, whole, wanted), (wanted, record)

    def test_a_stream_gives_what_find_gives(self) -> None:
        store = self.people()
        queries = [Query(), Query(offset=1, limit=2), Query(offset=9)]
        if "eq" in store.operators:
            queries.append(Query(conditions=(Condition("age", "eq", 36),)))
        if store.sortable:
            queries.append(Query(order=(Order("name", True),), offset=1))
        for query in queries:
            assert exact(list(store.stream(query))) == exact(list(store.find(query))), query

    def test_a_stream_may_be_given_up_at_any_record(self) -> None:
        store = self.people()
        for count in range(len(PEOPLE)):
            stream = store.stream(Query())
            assert keys(islice(stream, count)) == keys(PEOPLE[:count])
            getattr(stream, "close", list)()
        assert keys(store.stream(Query())) == keys(PEOPLE)

    def test_a_stream_and_writes_do_not_disturb_each_other(self) -> None:
        seed = [{"id": n, "name": f"{n}", "age": n} for n in range(1, 1001)]
        store = self.writable(self.make_store(Person, seed))
        stream = store.stream(Query())
        found = keys(islice(stream, 10))
        store.delete(1)
        store.insert({"name": "new", "age": 1})
        store.update(3, lambda record: {**record, "name": "changed"})
        found += keys(stream)
        assert [key for key in found if key <= 1000] == list(range(1, 1001))

    def test_whoever_changes_a_record_that_was_read_changes_nothing_stored(self) -> None:
        store = self.people()
        first = Query(limit=1)
        for record in (store.get(1), next(iter(store.find(first))), next(store.stream(first))):
            record["name"] = "Somebody else"
            record["tags"].append("changed")
            del record["age"]
            assert exact(store.get(1)) == exact(PEOPLE[0])

    def test_a_store_that_can_be_read_can_be_pinged(self) -> None:
        for seed in ([], PEOPLE):
            self.make_store(Person, copy.deepcopy(seed)).ping()

    def test_a_record_of_somebody_else_is_seen(self) -> None:
        store = self.people()
        assert store.count(Query()) == 5
        self.poke(store, {"id": 4, "name": "Barbara", "age": 28, "tags": ["clu"]})
        assert exact(store.get(4)) == exact(
            {"id": 4, "name": "Barbara", "age": 28, "tags": ["clu"]}
        )
        assert keys(store.find(Query())) == [1, 2, 3, 4, 5, 8]
        assert store.count(Query()) == 6

    @PROPERTY
    @given(st.data())
    def test_find_and_count_answer_as_plain_python_would(self, data: st.DataObject) -> None:
        fields = data.draw(
            st.lists(st.sampled_from(_COMPARED), min_size=1, max_size=3, unique=True)
        )
        seed = [{**COMMON, **drawn} for drawn in data.draw(st.lists(some(fields), max_size=8))]
        for number, record in enumerate(seed, 1):
            record["id"] = number
        store = self.make_store(Everything, copy.deepcopy(seed))
        for _ in range(4):
            query = data.draw(_queries(store, fields, seed))
            found = answer(seed, query)
            end = None if query.limit is None else query.offset + query.limit
            given = list(store.find(query))
            assert keys(given) == keys(found[query.offset : end])
            for record in given:
                whole = store.get(record["id"])
                assert _shows(record, whole, query.members or tuple(whole))
            assert store.count(query) == len(found)
            assert store.count_up_to(query, 3) == min(len(found), 3)


def answer(seed: list[Record], query: Query) -> list[Record]:
    """Every record that meets the conditions, ordered."""
    found = [record for record in seed if all(c.holds(record) for c in query.conditions)]
    for order in reversed(query.order):
        present = [record for record in found if record.get(order.member) is not None]
        absent = [record for record in found if record.get(order.member) is None]
        present.sort(key=itemgetter(order.member), reverse=order.descending)
        found = present + absent
    return found


def _shows(record: Record, whole: Record, wanted: Sequence[str]) -> bool:
    """Whether the record has what is wanted of the whole one, and nothing that this has not."""
    asked = {*wanted, *record} & whole.keys()
    return bool(exact(record) == exact({name: whole[name] for name in whole if name in asked}))


def some(fields: list[str]) -> st.SearchStrategy[Record]:
    """Values of some fields; those that may be absent sometimes are."""
    return st.fixed_dictionaries(
        {name: values(name) for name in fields if name in COMMON},
        optional={name: values(name) for name in fields if name not in COMMON},
    )


@st.composite
def _queries(draw: st.DrawFn, store: DataStore, fields: list[str], seed: list[Record]) -> Query:
    asked = [
        (name, each) for name in fields for each in _operators(name) if each in store.operators
    ]
    one = _conditions(asked, seed) if asked else st.nothing()
    alternatives = st.lists(st.lists(one, max_size=2).map(tuple), max_size=3).map(tuple)
    test = one | st.builds(AnyOf, alternatives) if store.alternatives else one
    ordered = [name for name in fields if name in ORDERED] or ["id"]
    orders = draw(st.lists(st.builds(Order, st.sampled_from(ordered), st.booleans()), max_size=2))
    return Query(
        conditions=tuple(draw(st.lists(test, max_size=2))),
        order=tuple(orders) if store.sortable else (),
        offset=draw(st.integers(0, 9)),
        limit=draw(st.none() | st.integers(0, 9)),
        members=draw(st.none() | st.lists(st.sampled_from(fields)).map(lambda m: ("id", *m))),
    )


def _operators(member: str) -> list[str]:
    """The operators that a store must be able to do on a field, if it can do them at all."""
    return [
        *("eq", "ne", *MEMBERSHIP, "isnull"),
        *(ORDERING if member in ORDERED else ()),
        *(TEXT if member in ("string", "short") else ()),
    ]


@st.composite
def _conditions(draw: st.DrawFn, asked: list[tuple[str, str]], seed: list[Record]) -> Condition:
    member, operator = draw(st.sampled_from(asked))
    stored = [record[member] for record in seed if member in record]
    value = st.sampled_from(stored or [None]) | values(member)
    if operator in MEMBERSHIP:
        value = st.lists(value, max_size=3)
    return Condition(member, operator, draw(st.booleans() if operator == "isnull" else value))
