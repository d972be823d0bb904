"""The rules of reading a list from a position on, as tests."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st

from openrest.interfaces import Record
from openrest.query import Condition, Order, Query
from openrest.testing.store_base import COMMON, PEOPLE, Everything, Hooks, keys
from openrest.testing.store_reads import ORDERED, PROPERTY, answer, some

__all__ = ["SeekingRules"]

#: Those fields of `Everything` that may have no value.
_NULLABLE = [name for name in ORDERED if COMMON.get(name) is None]


class SeekingRules(Hooks):
    """What `find` answers where it begins at a position or is read from the end."""

    def test_beyond_a_key_come_the_records_with_greater_ones(self) -> None:
        store = self.seekable(self.people())
        for key in range(10):
            found = [record["id"] for record in PEOPLE if record["id"] > key]
            assert keys(store.find(Query(beyond=(key,)))) == found
            assert keys(store.find(Query(beyond=(key,), limit=2))) == found[:2]
            assert keys(store.find(Query(beyond=(key,), offset=1, limit=2))) == found[1:3]

    def test_backwards_the_window_is_counted_from_the_end_and_comes_in_order(self) -> None:
        store = self.seekable(self.people())
        assert keys(store.find(Query(backwards=True))) == [1, 2, 3, 5, 8]
        assert keys(store.find(Query(backwards=True, limit=2))) == [5, 8]
        assert keys(store.find(Query(backwards=True, offset=1, limit=3))) == [2, 3, 5]
        assert keys(store.find(Query(backwards=True, offset=4, limit=3))) == [1]
        assert keys(store.find(Query(backwards=True, offset=9, limit=3))) == []

    def test_backwards_beyond_a_key_come_the_records_with_lesser_ones(self) -> None:
        store = self.seekable(self.people())
        for key in range(10):
            found = [record["id"] for record in PEOPLE if record["id"] < key]
            query = Query(beyond=(key,), backwards=True)
            assert keys(store.find(query)) == found
            last_two = Query(beyond=(key,), backwards=True, limit=2)
            assert keys(store.find(last_two)) == found[-2:]

    def test_a_position_among_equals_and_nulls_is_one_by_the_key(self) -> None:
        store = self.sortable(self.seekable(self.people()))
        for descending, expected in ((False, [1, 8, 3, 2, 5]), (True, [3, 1, 8, 2, 5])):
            order = (Order("age", descending),)
            ages = {record["id"]: record["age"] for record in PEOPLE}
            for place, key in enumerate(expected):
                position = (ages[key], key)
                after = Query(order=order, beyond=position)
                before = Query(order=order, beyond=position, backwards=True)
                assert keys(store.find(after)) == expected[place + 1 :], after
                assert keys(store.find(before)) == expected[:place], before

    def test_no_record_has_to_be_where_a_position_is(self) -> None:
        store = self.sortable(self.seekable(self.people()))
        order = (Order("age"),)
        for position, before, after in (
            ((36, 4), [1], [8, 3, 2, 5]),
            ((40, 1), [1, 8], [3, 2, 5]),
            ((99, 9), [1, 8, 3], [2, 5]),
            ((None, 4), [1, 8, 3, 2], [5]),
            ((None, 0), [1, 8, 3], [2, 5]),
        ):
            assert keys(store.find(Query(order=order, beyond=position))) == after
            query = Query(order=order, beyond=position, backwards=True)
            assert keys(store.find(query)) == before

    def test_what_is_beyond_still_meets_the_conditions(self) -> None:
        store = self.filterable(self.sortable(self.seekable(self.people())), "eq")
        of_36 = (Condition("age", "eq", 36),)
        order = (Order("nick"), Order("name"))
        assert keys(store.find(Query(of_36, order))) == [8, 1]
        assert keys(store.find(Query(of_36, order, beyond=("Maggie", "Margaret", 8)))) == [1]
        before = Query(of_36, order, beyond=(None, "Ada", 1), backwards=True)
        assert keys(store.find(before)) == [8]

    def test_count_ignores_the_position(self) -> None:
        store = self.seekable(self.people())
        for query in (Query(beyond=(3,)), Query(beyond=(3,), backwards=True, limit=1)):
            assert (store.count(query), store.count_up_to(query, 4)) == (5, 4)

    @PROPERTY
    @given(st.data())
    def test_any_window_beyond_any_position_is_that_of_a_python_list(
        self, data: st.DataObject
    ) -> None:
        fields = [
            data.draw(st.sampled_from(_NULLABLE)),
            *data.draw(st.lists(st.sampled_from(ORDERED), max_size=2)),
        ]
        # Few values, so that many are the same.
        pool = data.draw(st.lists(some(fields), min_size=2, max_size=4))
        drawn = data.draw(st.lists(st.sampled_from(pool), min_size=2, max_size=9))
        seed: list[Record] = [{**COMMON, **copy.deepcopy(each)} for each in drawn]
        for number, record in enumerate(seed, 1):
            record["id"] = number
        store = self.seekable(self.make_store(Everything, copy.deepcopy(seed)))
        for _ in range(6):
            orders = st.lists(st.builds(Order, st.sampled_from(fields), st.booleans()), max_size=3)
            order = tuple(data.draw(orders)) if store.sortable else ()
            place = {**data.draw(st.sampled_from(pool)), "id": data.draw(st.integers(0, 10))}
            query = Query(
                order=order,
                offset=data.draw(st.integers(0, 3)),
                limit=data.draw(st.none() | st.integers(0, 5)),
                beyond=Query(order=order).position({**COMMON, **place}, "id"),
                backwards=data.draw(st.booleans()),
            )
            found = [
                record
                for record in answer(seed, query)
                if query.is_beyond(query.position(record, "id"))
            ]
            if query.backwards:
                found.reverse()
            end = None if query.limit is None else query.offset + query.limit
            found = found[query.offset : end]
            expected = keys(found[::-1] if query.backwards else found)
            assert keys(store.find(query)) == expected, query
            assert keys(store.stream(query)) == expected, query

    def test_what_comes_after_the_key_in_an_order_is_heeded(self) -> None:
        store = self.sortable(self.seekable(self.people()))
        order = (Order("id"), Order("age"))
        # The record with the key 3 has another age by now.
        for age, expected in ((54, [5, 8]), (53, [3, 5, 8]), (55, [5, 8]), (None, [5, 8])):
            query = Query(order=order, beyond=(3, age, 3))
            assert keys(store.find(query)) == expected, query

    def test_a_position_of_every_type_is_compared_as_in_python(self) -> None:
        seed = [{**COMMON, "id": 1}, {**COMMON, "id": 2}]
        store = self.sortable(self.seekable(self.make_store(Everything, copy.deepcopy(seed))))
        for name in ORDERED:
            order = (Order(name),)
            position = (COMMON.get(name), 1) if name != "id" else (1, 1)
            assert keys(store.find(Query(order=order, beyond=position))) == [2], name
            query = Query(order=order, beyond=position, backwards=True)
            assert keys(store.find(query)) == [], name
