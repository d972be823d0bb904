"""The rules of writing, as tests."""

from __future__ import annotations

import copy
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openrest.errors import RecordConflict, RecordNotFound
from openrest.interfaces import Change, DataStore, Record
from openrest.query import Query
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
    Ticket,
    exact,
    keys,
    values,
)
from openrest.testing.store_reads import PROPERTY

__all__ = ["WritingRules"]


class Refused(Exception):
    """What a change raises in these tests."""


def refuse(record: Record) -> Record:
    """A change that spoils the record it is given, and then thinks better of it."""
    record["name"] = "Nobody"
    record.get("tags", []).append("spoilt")
    raise Refused


def replacement(new: Record) -> Change:
    """A change that puts `new` in the place of whatever is stored."""
    return lambda _: copy.deepcopy(new)


def stored(store: DataStore) -> object:
    """Every record of the store, with its types."""
    return exact(list(store.find(Query())))


class WritingRules(Hooks):
    """What `insert`, `insert_many`, `update` and `delete` do."""

    def test_a_store_has_all_of_the_writing_methods_or_says_that_it_does_not_write(self) -> None:
        store = self.people()
        for name in ("insert_many", "update", "delete"):
            inherited = getattr(type(store), name) is getattr(DataStore, name)
            assert inherited is not store.writable, name
        for name in ("update_many", "delete_many"):
            inherited = getattr(type(store), name) is getattr(DataStore, name)
            assert inherited is not store.changes_many, name

    def test_insert_gives_the_record_back_with_its_key(self) -> None:
        store = self.writable(self.people())
        new = store.insert({"name": "Barbara", "age": 28, "tags": ["clu"]})
        assert exact(new) == exact({"name": "Barbara", "age": 28, "tags": ["clu"], "id": 9})
        assert exact(store.get(9)) == exact(new)

    def test_a_write_is_stored_when_it_returns(self) -> None:
        store = self.writable(self.make_store(Page, []))
        store.insert({"slug": "a", "title": "A", "visits": 0})
        store.insert_many([{"slug": c, "title": c, "visits": 0} for c in "bcd"])
        store.update("b", lambda page: {**page, "title": "B"})
        store.delete("c")
        assert sorted((page["slug"], page["title"]) for page in self.peek(store)) == [
            ("a", "A"),
            ("b", "B"),
            ("d", "d"),
        ]

    def test_assigned_keys_begin_at_one_and_ascend(self) -> None:
        store = self.writable(self.make_store(Person, []))
        inserted = [store.insert({"name": "Ada", "age": None}) for _ in range(3)]
        assert keys(inserted) == [1, 2, 3]

    def test_assigned_keys_are_never_given_twice(self) -> None:
        store = self.writable(self.people())
        store.delete(8)
        assert store.insert({"name": "Barbara", "age": None})["id"] == 9
        for key in (1, 2, 3, 5, 9):
            store.delete(key)
        assert store.insert({"name": "Karen", "age": None})["id"] == 10

    def test_a_key_that_is_generated_comes_with_the_insert(self) -> None:
        store = self.writable(self.make_store(Ticket, []))
        new = [store.insert({"seat": "A1"}), *store.insert_many([{"seat": "A2"}, {"seat": "A3"}])]
        assert all(type(ticket["code"]) is uuid.UUID for ticket in new)
        assert len({ticket["code"] for ticket in new}) == 3
        for ticket in new:
            assert exact(store.get(ticket["code"])) == exact(ticket)

    def test_insert_of_a_taken_key_is_a_conflict(self) -> None:
        store = self.writable(self.make_store(Page, [{"slug": "a", "title": "A", "visits": 7}]))
        with pytest.raises(RecordConflict) as caught:
            store.insert({"slug": "a", "title": "Another", "visits": 0})
        assert caught.value.members == ("slug",)
        assert exact(store.get("a")) == exact({"slug": "a", "title": "A", "visits": 7})
        assert store.count(Query()) == 1

    def test_whoever_changes_a_record_that_was_inserted_changes_nothing_stored(self) -> None:
        store = self.writable(self.people())
        given: Record = {"name": "Barbara", "age": 28, "tags": ["clu"]}
        expected = {**copy.deepcopy(given), "id": 9}
        answered = store.insert(given)
        for record in (given, answered):
            record["name"] = "Somebody else"
            record["tags"].append("changed")
            assert exact(store.get(9)) == exact(expected)

    def test_insert_many_gives_the_records_back_in_their_order(self) -> None:
        store = self.writable(self.people())
        new = store.insert_many([{"name": name, "age": None} for name in ("Jean", "Betty", "Kay")])
        assert keys(new) == [9, 10, 11]
        assert keys(new, "name") == ["Jean", "Betty", "Kay"]
        assert exact([store.get(key) for key in (9, 10, 11)]) == exact(new)

    def test_insert_many_of_none_stores_none(self) -> None:
        store = self.writable(self.people())
        assert store.insert_many([]) == []
        assert store.count(Query()) == 5

    def test_insert_many_stores_all_or_none(self) -> None:
        store = self.writable(self.make_store(Page, [{"slug": "d", "title": "D", "visits": 0}]))
        for slugs in ("abcd", "dabc", "abca"):
            with pytest.raises(RecordConflict) as caught:
                store.insert_many([{"slug": c, "title": c, "visits": 0} for c in slugs])
            assert caught.value.members == ("slug",)
            assert keys(store.find(Query()), "slug") == ["d"], slugs
            assert store.count(Query()) == 1

    def test_a_conflict_of_insert_many_says_which_record_it_is_about(self) -> None:
        store = self.writable(self.make_store(Page, [{"slug": "d", "title": "D", "visits": 0}]))
        for slugs, index in (("abcd", 3), ("dabc", 0), ("abca", 3), ("abba", 2)):
            with pytest.raises(RecordConflict) as caught:
                store.insert_many([{"slug": c, "title": c, "visits": 0} for c in slugs])
            assert caught.value.index == index, slugs

    def test_update_replaces_the_record_by_the_changed_one(self) -> None:
        store = self.writable(self.people())
        new = store.update(1, lambda record: {"id": record["id"], "name": "Augusta", "age": 37})
        assert exact(new) == exact({"id": 1, "name": "Augusta", "age": 37})
        assert exact(store.get(1)) == exact(new)
        assert keys(store.find(Query())) == [1, 2, 3, 5, 8]

    def test_update_shows_the_change_the_current_record(self) -> None:
        store = self.writable(self.people())
        seen: list[Record] = []

        def older(record: Record) -> Record:
            seen.append(copy.deepcopy(record))
            return {**record, "age": record["age"] + 1}

        assert store.update(3, older)["age"] == 55
        assert store.update(3, older)["age"] == 56
        assert exact(seen) == exact([PEOPLE[2], {**PEOPLE[2], "age": 55}])

    def test_update_of_an_unknown_key_is_not_found(self) -> None:
        store = self.writable(self.people())
        with pytest.raises(RecordNotFound) as caught:
            store.update(4, lambda record: {**record, "name": "Nobody"})
        assert caught.value.key == 4
        assert store.count(Query()) == 5

    def test_update_keeps_the_key(self) -> None:
        store = self.writable(self.people())
        with pytest.raises(Exception, match="key"):
            store.update(1, lambda record: {**record, "id": 7})
        assert keys(store.find(Query())) == [1, 2, 3, 5, 8]

    def test_a_change_that_raises_changes_nothing(self) -> None:
        store = self.writable(self.people())
        with pytest.raises(Refused):
            store.update(1, refuse)
        assert stored(store) == exact(PEOPLE)

    def test_a_store_can_be_written_after_a_change_that_raised(self) -> None:
        store = self.writable(self.people())
        with pytest.raises(Refused):
            store.update(1, refuse)
        assert store.update(1, lambda record: {**record, "age": 37})["age"] == 37

    def test_whoever_changes_an_updated_record_changes_nothing_stored(self) -> None:
        store = self.writable(self.people())
        kept: list[Record] = []

        def renamed(record: Record) -> Record:
            kept.append({**record, "name": "Augusta"})
            return kept[0]

        answered = store.update(1, renamed)
        for record in (kept[0], answered):
            record["name"] = "Somebody else"
            record["tags"].append("changed")
            assert exact(store.get(1)) == exact({**PEOPLE[0], "name": "Augusta"})

    def test_delete_removes_the_record(self) -> None:
        store = self.writable(self.people())
        store.delete(3)
        with pytest.raises(RecordNotFound):
            store.get(3)
        assert keys(store.find(Query())) == [1, 2, 5, 8]
        assert store.count(Query()) == 4

    def test_delete_of_an_unknown_key_is_not_found(self) -> None:
        store = self.writable(self.people())
        seen: list[Record] = []
        for check in (None, seen.append):
            with pytest.raises(RecordNotFound) as caught:
                store.delete(4, check)
            assert caught.value.key == 4
        assert seen == []
        assert store.count(Query()) == 5

    def test_delete_shows_the_check_the_record_that_is_about_to_go(self) -> None:
        store = self.writable(self.people())
        seen: list[Record] = []
        store.delete(1, seen.append)
        assert exact(seen) == exact(PEOPLE[:1])
        assert keys(store.find(Query())) == [2, 3, 5, 8]

    def test_a_check_that_raises_keeps_the_record(self) -> None:
        store = self.writable(self.people())
        with pytest.raises(Refused):
            store.delete(1, refuse)
        assert stored(store) == exact(PEOPLE)

    def test_insert_shows_the_check_the_record_that_is_about_to_come(self) -> None:
        store = self.writable(self.people())
        seen: list[Record] = []
        new = store.insert({"name": "Barbara", "age": 28}, seen.append)
        assert exact(seen) == exact([{"name": "Barbara", "age": 28}])
        seen[0]["name"] = "Nobody"
        assert exact(store.get(new["id"])) == exact(new)
        assert new["name"] == "Barbara"

    def test_insert_many_shows_the_check_each_record(self) -> None:
        store = self.writable(self.make_store(Page, []))
        pages: list[Record] = [{"slug": slug, "title": slug, "visits": 0} for slug in "ab"]
        seen: list[Record] = []
        store.insert_many(copy.deepcopy(pages), seen.append)
        assert exact(seen) == exact(pages)

    def test_a_check_that_raises_inserts_nothing(self) -> None:
        store = self.writable(self.people())

        def check(record: Record) -> None:
            if record["name"] == "Karen":
                raise Refused

        people: list[Record] = [{"name": name, "age": None} for name in ("Barbara", "Karen")]
        with pytest.raises(Refused):
            store.insert(dict(people[1]), check)
        with pytest.raises(Refused):
            store.insert_many(copy.deepcopy(people), check)
        assert stored(store) == exact(PEOPLE)
        assert store.insert(people[0], check)["name"] == "Barbara"

    def test_unique_values_conflict_on_insert(self) -> None:
        store = self.unique_people("name", "age")
        with pytest.raises(RecordConflict) as caught:
            store.insert({"name": "Ada", "age": 36})
        assert caught.value.members == ("name", "age")
        assert stored(store) == exact(PEOPLE)
        assert store.insert({"name": "Ada", "age": 37})["name"] == "Ada"

    def test_unique_values_conflict_on_insert_many(self) -> None:
        store = self.unique_people("name", "age")
        barbara: Record = {"name": "Barbara", "age": 28}
        for batch in ([barbara, {"name": "Linus", "age": 54}], [barbara, dict(barbara)]):
            with pytest.raises(RecordConflict) as caught:
                store.insert_many(batch)
            assert caught.value.members == ("name", "age")
            assert caught.value.index == 1
            assert stored(store) == exact(PEOPLE)

    def test_unique_values_conflict_on_update(self) -> None:
        store = self.unique_people("name", "age")
        with pytest.raises(RecordConflict) as caught:
            store.update(8, lambda record: {**record, "name": "Ada"})
        assert caught.value.members == ("name", "age")
        assert stored(store) == exact(PEOPLE)

    def test_a_record_may_keep_its_unique_values(self) -> None:
        store = self.unique_people("name", "age")
        assert store.update(1, lambda record: {**record, "tags": []})["tags"] == []

    def test_unique_values_are_free_after_update_and_delete(self) -> None:
        store = self.unique_people("name", "age")
        store.update(1, lambda record: {**record, "age": 37})
        store.delete(3)
        assert keys([store.insert({"name": "Ada", "age": 36})]) == [9]
        assert keys([store.insert({"name": "Linus", "age": 54})]) == [10]

    def test_a_missing_value_clashes_with_none(self) -> None:
        store = self.unique_people("name", "age")
        store.insert({"name": "Ada", "age": None})
        assert store.count(Query()) == 6

    def test_every_value_comes_back_as_it_was(self) -> None:
        store = self.writable(self.make_store(Everything, []))
        for record in (COMMON, LEAST, MOST):
            sent = {name: value for name, value in record.items() if name != "id"}
            assert exact(store.insert(copy.deepcopy(sent))) == exact(record)
            assert exact(store.get(record["id"])) == exact(record)
        for record in (LEAST, MOST, COMMON):
            new = {**record, "id": 1}
            assert exact(store.update(1, replacement(new))) == exact(new)
            assert exact(store.get(1)) == exact(new)

    @PROPERTY
    @given(st.fixed_dictionaries({}, optional={name: values(name) for name in SHAPES}))
    def test_whatever_fits_the_model_comes_back_as_it_was(self, drawn: Record) -> None:
        store = self.writable(self.make_store(Everything, [copy.deepcopy(COMMON)]))
        new: Record = {**COMMON, **drawn, "id": 1}
        assert exact(store.update(1, replacement(new))) == exact(new)
        assert exact(store.get(1)) == exact(new)
        new["id"] = store.insert({name: new[name] for name in new if name != "id"})["id"]
        assert exact(store.get(new["id"])) == exact(new)
