"""StoreContract notices each defect that a store may have: planted here, one at a time."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from marshmallow import Schema

from openrest.datastore import DataStore, PythonListDataStore, SQLiteDataStore
from openrest.errors import KeyReused, RecordConflict, RecordNotFound, StoreError
from openrest.interfaces import Change, Check, Once, Record, StoreValidator
from openrest.query import AnyOf, Condition, Query, Search, Test
from openrest.rehearsal import rehearsing
from openrest.testing import StoreContract
from tests.needs import CI

Made = TypeVar("Made")


class BuildsItsSQLFromStrings(SQLiteDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        sql, values = self._statements.find(query)
        for value in values:
            sql = sql.replace("?", f"'{value}'" if isinstance(value, str) else str(value), 1)
        return self._records(sql, (), self._names)


class GivesOutWhatItStores(PythonListDataStore):
    def get(self, key: Any) -> Record:
        return self._current(key)


class FindsWhatItStores(PythonListDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        return [self._current(record[self.key.name]) for record in super().find(query)]


class CopiesOnlyTheOutside(PythonListDataStore):
    def get(self, key: Any) -> Record:
        return dict(self._current(key))


class StoresWhatItIsGiven(PythonListDataStore):
    def insert(self, record: Record, check: Check | None = None) -> Record:
        new = super().insert(record, check)
        record.update(new)
        self._tables.records[new[self.key.name]] = record
        return copy.deepcopy(record)


class ChangesInPlace(PythonListDataStore):
    def update(self, key: Any, change: Change) -> Record:
        return super().update(key, lambda _: change(self._current(key)))


class StartsOneTooLate(PythonListDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        return list(super().find(query))[1:] if query.offset else super().find(query)


class EndsOneTooLate(PythonListDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        limit = None if query.limit is None else query.limit + 1
        return super().find(Query(query.conditions, query.order, query.offset, limit))


class CountsThePage(PythonListDataStore):
    def count(self, query: Query) -> int:
        return len(list(self.find(query)))


class CountsEverything(PythonListDataStore):
    def count(self, query: Query) -> int:
        return super().count(Query())


class BeginsAtThePosition(PythonListDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        if query.beyond is not None:
            *values, key = query.beyond
            query = replace(query, beyond=(*values, key + 1 if query.backwards else key - 1))
        return super().find(query)


class ComesBackwards(PythonListDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        found = list(super().find(query))
        return found[::-1] if query.backwards else found


class CountsFromTheStart(PythonListDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        return super().find(replace(query, backwards=query.beyond is not None and query.backwards))


class LosesThoseWithoutAValue(PythonListDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        found = list(super().find(query))
        if query.beyond is None or query.backwards:
            return found
        names = [order.member for order in query.order]
        return [
            record
            for record in found
            if not any(
                record.get(name) is None and border is not None
                for name, border in zip(names, query.beyond, strict=False)
            )
        ]


class LooksForTheRecord(PythonListDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        if query.beyond is not None and query.beyond[-1] not in self._tables.records:
            return []
        return super().find(query)


class ForgetsTheConditionsBeyond(PythonListDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        return super().find(replace(query, conditions=()) if query.beyond else query)


class CountsBeyond(PythonListDataStore):
    def count(self, query: Query) -> int:
        return len(list(self.find(replace(query, offset=0, limit=None))))


class CountsTooFar(PythonListDataStore):
    def count_up_to(self, query: Query, most: int) -> int:
        return self.count(query)


class GetsNothingInSilence(PythonListDataStore):
    def get(self, key: Any) -> Record:
        try:
            return super().get(key)
        except RecordNotFound:
            return {}


class DeletesNothingInSilence(PythonListDataStore):
    def delete(self, key: Any, check: Check | None = None) -> None:
        try:
            super().delete(key, check)
        except RecordNotFound:
            pass


class UpdatesNothingInSilence(PythonListDataStore):
    def update(self, key: Any, change: Change) -> Record:
        try:
            return super().update(key, change)
        except RecordNotFound:
            return {}


class TakesNullForAValue(PythonListDataStore):
    def _matching(self, tests: Sequence[Test]) -> list[Record]:
        def holds(test: Test, record: Record) -> bool:
            if isinstance(test, Condition) and test.operator == "ne":
                return record.get(test.member) is None or test.holds(record)
            return test.holds(record)

        return [r for r in super()._matching(()) if all(holds(t, r) for t in tests)]


class FindsNullNotIn(PythonListDataStore):
    def _matching(self, tests: Sequence[Test]) -> list[Record]:
        return [
            record
            for record in super()._matching(())
            if all(
                test.holds(record)
                or (isinstance(test, Condition) and test.operator == "nin" and test.value)
                and record.get(test.member) is None
                for test in tests
            )
        ]


class TakesHundredValues(PythonListDataStore):
    def _matching(self, tests: Sequence[Test]) -> list[Record]:
        for test in tests:
            if isinstance(test, Condition) and test.operator == "in" and len(test.value) > 100:
                raise StoreError("too many SQL variables")
        return super()._matching(tests)


class TakesPercentForAnything(PythonListDataStore):
    def _matching(self, tests: Sequence[Test]) -> list[Record]:
        patterns = [t for t in tests if isinstance(t, Condition) and t.operator == "startswith"]
        return super()._matching(
            [Condition(t.member, t.operator, t.value.rstrip("%")) for t in patterns]
            + [test for test in tests if test not in patterns]
        )


class JoinsByAnd(PythonListDataStore):
    def _matching(self, tests: Sequence[Test]) -> list[Record]:
        every: list[Test] = []
        for test in tests:
            every += sum(test.alternatives, ()) if isinstance(test, AnyOf) else [test]
        return super()._matching(every)


class FindsPartsOfWords(PythonListDataStore):
    def _matching(self, tests: Sequence[Test]) -> list[Record]:
        def holds(test: Test, record: Record) -> bool:
            if not isinstance(test, Search):
                return test.holds(record)
            texts = " ".join(str(record.get(name, "")) for name in test.members).lower()
            return bool(test.words) and all(word in texts for word in test.words)

        return [r for r in super()._matching(()) if all(holds(t, r) for t in tests)]


class SearchesWhatWasThere(PythonListDataStore):
    def prepare_search(self, members: Sequence[str]) -> None:
        self._there = {record[self.key.name] for record in self.find(Query())}

    def _matching(self, tests: Sequence[Test]) -> list[Record]:
        found = super()._matching(tests)
        if not any(isinstance(test, Search) for test in tests):
            return found
        return [record for record in found if record[self.key.name] in self._there]


class SearchesInTheLanguageOfFTS5(SQLiteDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        [search] = query.conditions
        assert isinstance(search, Search)
        index = self._statements.indexes[tuple(sorted(search.members))]
        sql = f"{self._statements._select} WHERE {index.narrowing} ORDER BY 1"
        return self._records(sql, (search.text,), self._names)


class TakesAccentsOff(PythonListDataStore):
    def _matching(self, tests: Sequence[Test]) -> list[Record]:
        def bare(text: str) -> str:
            return unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()

        def holds(test: Test, record: Record) -> bool:
            if not isinstance(test, Search):
                return test.holds(record)
            texts = {name: bare(record[name]) for name in test.members if name in record}
            return Search(test.members, bare(test.text)).holds(texts)

        return [r for r in super()._matching(()) if all(holds(t, r) for t in tests)]


class SortsNullFirst(PythonListDataStore):
    def _ordered(self, query: Query) -> list[Record]:
        found = super()._ordered(query)
        for order in reversed(query.order):
            found.sort(key=lambda record: record.get(order.member) is not None)
        return found


class GivesNullForWhatIsMissing(PythonListDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        for record in super().find(query):
            wanted = record if query.members is None else query.members
            yield {name: record.get(name) for name in wanted}


class LeavesOutWhatIsWanted(PythonListDataStore):
    def find(self, query: Query) -> Iterable[Record]:
        for record in super().find(query):
            wanted = record if query.members is None else query.members[:1]
            yield {name: value for name, value in record.items() if name in wanted}


class StreamsInAnyOrder(PythonListDataStore):
    def stream(self, query: Query) -> Iterator[Record]:
        return super().stream(Query(query.conditions, (), query.offset, query.limit))


class StreamsWhatItStores(PythonListDataStore):
    def stream(self, query: Query) -> Iterator[Record]:
        return (self._current(record[self.key.name]) for record in super().stream(query))


class StreamsPageByPage(PythonListDataStore):
    def stream(self, query: Query) -> Iterator[Record]:
        for offset in range(self.count(query)):
            yield from self.find(Query(query.conditions, query.order, query.offset + offset, 1))


class StreamsOnce(PythonListDataStore):
    def stream(self, query: Query) -> Iterator[Record]:
        self.streaming = [*getattr(self, "streaming", ()), query]
        return super().stream(query if len(self.streaming) < 3 else Query(limit=0))


class OverwritesInSilence(PythonListDataStore):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        vars(self._published)["refuse_conflicts"] = lambda records, replaced=(): None


class ForgetsTheValidators(PythonListDataStore):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        vars(self._published)["refuse_conflicts"] = self._refuse_keys

    def _refuse_keys(self, records: Sequence[Record], replaced: Any = None) -> None:
        taken = self._tables.records
        if any(record[self.key.name] in taken for record in records) and replaced is None:
            raise RecordConflict((self.key.name,))


class LosesUpdates(PythonListDataStore):
    def update(self, key: Any, change: Change) -> Record:
        new = change(self.get(key))
        return super().update(key, lambda _: new)


class ChecksTooEarly(PythonListDataStore):
    def delete(self, key: Any, check: Check | None = None) -> None:
        if check is not None:
            check(self.get(key))
        super().delete(key)


class ReusesKeys(PythonListDataStore):
    def insert(self, record: Record, check: Check | None = None) -> Record:
        self._tables.last_key = max(self._tables.keys, default=0)
        return super().insert(record, check)


class StoresHalf(PythonListDataStore):
    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        return [super(StoresHalf, self).insert_many([record], check)[0] for record in records]


class ForgetsTheCheck(PythonListDataStore):
    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        return super().insert_many(records)


class ChecksWhatIsStored(PythonListDataStore):
    def insert(self, record: Record, check: Check | None = None) -> Record:
        new = super().insert(record)
        if check is not None:
            check(new)
        return new


class ChecksAnInsertTooEarly(PythonListDataStore):
    def insert(self, record: Record, check: Check | None = None) -> Record:
        if check is not None:
            check(record)
        return super().insert(record)


class ShowsHalf(PythonListDataStore):
    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        kept = [self._keep(record) for record in records]
        with self._written():
            self._tables.assign_keys(kept)
            self._tables.refuse_conflicts(kept)
            for record in kept:
                self._add([record], check)
                time.sleep(0.0001)
        return kept


class MergesInsteadOfReplacing(PythonListDataStore):
    def update(self, key: Any, change: Change) -> Record:
        return super().update(key, lambda record: {**record, **change(dict(record))})


class KeepsWholeSeconds(PythonListDataStore):
    def get(self, key: Any) -> Record:
        return {
            name: value.replace(microsecond=0) if isinstance(value, dt.datetime) else value
            for name, value in super().get(key).items()
        }


class UndoesNothing(PythonListDataStore):
    def delete(self, key: Any, check: Check | None = None) -> None:
        Context().run(super().delete, key, check)

    def insert(self, record: Record, check: Check | None = None) -> Record:
        return Context().run(super().insert, record, check)


class UsesUpKeys(PythonListDataStore):
    def insert(self, record: Record, check: Check | None = None) -> Record:
        new = super().insert(record, check)
        self._tables.last_key = max(self._tables.last_key, new["id"])
        return new


class RehearsesWithoutAsking(PythonListDataStore):
    def insert(self, record: Record, check: Check | None = None) -> Record:
        return dict(record) if rehearsing() else super().insert(record, check)


class RehearsesForGood(PythonListDataStore):
    def delete(self, key: Any, check: Check | None = None) -> None:
        self._rehearsed = rehearsing() or getattr(self, "_rehearsed", False)
        if not self._rehearsed:
            super().delete(key, check)


class SaysNotWhich(PythonListDataStore):
    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        try:
            return super().insert_many(records, check)
        except RecordConflict as conflict:
            raise RecordConflict(conflict.members) from conflict


class ChangesOneByOne(PythonListDataStore):
    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        found = self._at_most(query, most)
        return [self.update(record[self.key.name], change) for record in found]

    def delete_many(self, query: Query, most: int, check: Check | None = None) -> int:
        found = self._at_most(query, most)
        for record in found:
            self.delete(record[self.key.name], check)
        return len(found)


class ChangesAsManyAsItMay(PythonListDataStore):
    def _at_most(self, query: Query, most: int) -> list[Record]:
        return self._matching(query.conditions)[:most]


class HeedsTheWindow(PythonListDataStore):
    def _at_most(self, query: Query, most: int) -> list[Record]:
        return [self._current(record[self.key.name]) for record in self.find(query)]


class ChangesManyForGood(PythonListDataStore):
    def delete_many(self, query: Query, most: int, check: Check | None = None) -> int:
        count: int = Context().run(super().delete_many, query, most, check)
        return count


class LooksForNoClash(PythonListDataStore):
    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        uniques, self._tables.uniques = self._tables.uniques, []
        try:
            return super().update_many(query, change, most)
        finally:
            self._tables.uniques = uniques


class LetsKeysChange(PythonListDataStore):
    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        name = self.key.name
        return super().update_many(
            query, lambda record: {**change(dict(record)), name: record[name]}, most
        )


class InsertsAgain(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        return self.insert_many(records, check), False


class AnswersWithWhatIsThere(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        made, replayed = super().insert_once(once, records, check)
        return [self.get(record[self.key.name]) for record in made], replayed


class GivesOutWhatItRemembers(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        known = self._tables.remembered.recall(once)
        return (known, True) if known is not None else super().insert_once(once, records, check)


class TakesAnyRequestForTheSame(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        return super().insert_once(replace(once, fingerprint=""), records, check)


class TakesKeysInAnyCase(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        return super().insert_once(replace(once, key=once.key.lower()), records, check)


class NeverForgets(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        return super().insert_once(replace(once, now=0, until=1e9), records, check)


class ForgetsAtOnce(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        return super().insert_once(replace(once, until=once.now), records, check)


class ForgetsEverythingInPassing(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        if once.now:
            self._tables.remembered._kept.clear()
        return super().insert_once(once, records, check)


class RemembersWhatItRefused(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        try:
            return super().insert_once(once, records, check)
        except KeyReused:
            raise
        except RecordConflict:
            self._tables.remembered.keep(once, [])
            raise


class LooksTooEarly(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        known = self._tables.remembered.recall(once)
        if known is not None:
            return known, True
        time.sleep(0.001)
        made = self.insert_many(records, check)
        with self._writing:
            self._tables.remembered.keep(once, made)
        return made, False


class KeepsKeysForAll(SQLiteDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        if (once.key, once.fingerprint) in KEYS:
            return KEYS[once.key, once.fingerprint], True
        KEYS[once.key, once.fingerprint], replayed = super().insert_once(once, records, check)
        return KEYS[once.key, once.fingerprint], replayed


KEYS: dict[tuple[str, str], list[Record]] = {}


class ChecksWhatIsThere(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        if check is not None:
            for record in records:
                check(record)
        return super().insert_once(once, records)


class ForgetsNothing(PythonListDataStore):
    def forget_once(self, once: Once) -> None:
        pass


class RecallsWhatIsOver(PythonListDataStore):
    def recall_once(self, once: Once) -> list[Record] | None:
        return super().recall_once(replace(once, now=0))


class RemembersRehearsals(PythonListDataStore):
    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        made, replayed = super().insert_once(once, records, check)
        if rehearsing():
            self._tables.remembered.keep(once, made)
        return made, replayed


class SaysNothingOfKeys(PythonListDataStore):
    idempotent = False


class BeginsNothing(PythonListDataStore):
    def together(self, step: Callable[[], Made]) -> Made:
        return step()


class WritesItAllAlone(SQLiteDataStore):
    def together(self, step: Callable[[], Made]) -> Made:
        return step()


class ForgetsTheStep(PythonListDataStore):
    def together(self, step: Callable[[], Made]) -> Made:
        made: list[Made] = []
        with contextlib.suppress(_Undone):
            super().together(lambda: _undone(made, step))
        return made[0]


class _Undone(Exception):
    """What undoes a step that has come to its end."""


def _undone(made: list[Made], step: Callable[[], Made]) -> None:
    made.append(step())
    raise _Undone


class ReadsOnAnotherConnection(SQLiteDataStore):
    def get(self, key: Any) -> Record:
        return Context().run(_elsewhere, super().get, key)


class HoldsBackNothing(SQLiteDataStore):
    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        yield

    def together(self, step: Callable[[], Made]) -> Made:
        self._database._part = lambda handle: self._alone()  # type: ignore[method-assign]
        return super().together(step)


def _elsewhere(function: Callable[[Any], Made], value: Any) -> Made:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function, value).result()


class RehearsesStepsForGood(PythonListDataStore):
    def together(self, step: Callable[[], Made]) -> Made:
        return Context().run(super().together, step)


#: Each defect, and a rule that it breaks.
DEFECTS: list[tuple[type[DataStore], str]] = [
    (BuildsItsSQLFromStrings, "a_condition_takes_its_text_for_a_value_and_never_for_code"),
    (GivesOutWhatItStores, "whoever_changes_a_record_that_was_read_changes_nothing_stored"),
    (FindsWhatItStores, "whoever_changes_a_record_that_was_read_changes_nothing_stored"),
    (CopiesOnlyTheOutside, "whoever_changes_a_record_that_was_read_changes_nothing_stored"),
    (StoresWhatItIsGiven, "whoever_changes_a_record_that_was_inserted_changes_nothing_stored"),
    (ChangesInPlace, "a_change_that_raises_changes_nothing"),
    (StartsOneTooLate, "find_and_count_answer_as_plain_python_would"),
    (StartsOneTooLate, "find_gives_the_window_of_limit_records_after_offset"),
    (EndsOneTooLate, "find_gives_the_window_of_limit_records_after_offset"),
    (CountsThePage, "count_ignores_offset_and_limit"),
    (CountsEverything, "count_heeds_the_conditions"),
    (CountsTooFar, "count_up_to_counts_no_further"),
    (BeginsAtThePosition, "beyond_a_key_come_the_records_with_greater_ones"),
    (BeginsAtThePosition, "backwards_beyond_a_key_come_the_records_with_lesser_ones"),
    (ComesBackwards, "backwards_the_window_is_counted_from_the_end_and_comes_in_order"),
    (CountsFromTheStart, "backwards_the_window_is_counted_from_the_end_and_comes_in_order"),
    (LosesThoseWithoutAValue, "a_position_among_equals_and_nulls_is_one_by_the_key"),
    (LosesThoseWithoutAValue, "any_window_beyond_any_position_is_that_of_a_python_list"),
    (BeginsAtThePosition, "a_position_of_every_type_is_compared_as_in_python"),
    (LooksForTheRecord, "no_record_has_to_be_where_a_position_is"),
    (ForgetsTheConditionsBeyond, "what_is_beyond_still_meets_the_conditions"),
    (CountsBeyond, "count_ignores_the_position"),
    (GetsNothingInSilence, "get_of_an_unknown_key_is_not_found"),
    (DeletesNothingInSilence, "delete_of_an_unknown_key_is_not_found"),
    (UpdatesNothingInSilence, "update_of_an_unknown_key_is_not_found"),
    (TakesNullForAValue, "null_matches_no_comparison"),
    (FindsNullNotIn, "in_takes_one_of_several_values_and_nin_none_of_them"),
    (TakesHundredValues, "in_takes_as_many_as_500_values"),
    (TakesPercentForAnything, "a_test_of_text_takes_every_character_for_itself"),
    (JoinsByAnd, "any_of_joins_its_alternatives_by_or"),
    (FindsPartsOfWords, "a_search_finds_every_word_as_the_beginning_of_one"),
    (SearchesWhatWasThere, "a_search_finds_what_is_stored_now"),
    (SearchesInTheLanguageOfFTS5, "a_search_takes_its_text_for_words_and_never_for_code"),
    (TakesAccentsOff, "a_search_finds_every_word_as_the_beginning_of_one"),
    (SortsNullFirst, "records_without_a_value_come_last_in_either_direction"),
    (GivesNullForWhatIsMissing, "members_that_are_wanted_are_given_and_others_as_they_are_or_not"),
    (LeavesOutWhatIsWanted, "members_that_are_wanted_are_given_and_others_as_they_are_or_not"),
    (StreamsInAnyOrder, "a_stream_gives_what_find_gives"),
    (StreamsPageByPage, "a_stream_gives_what_find_gives"),
    (StreamsWhatItStores, "whoever_changes_a_record_that_was_read_changes_nothing_stored"),
    (StreamsPageByPage, "a_stream_and_writes_do_not_disturb_each_other"),
    (StreamsOnce, "a_stream_may_be_given_up_at_any_record"),
    (OverwritesInSilence, "insert_of_a_taken_key_is_a_conflict"),
    (ForgetsTheValidators, "unique_values_conflict_on_insert"),
    (LosesUpdates, "no_update_is_lost_between_two_threads"),
    (ChecksTooEarly, "a_record_is_not_deleted_between_check_and_delete"),
    (ForgetsTheCheck, "insert_shows_the_check_the_record_that_is_about_to_come"),
    (ForgetsTheCheck, "insert_many_shows_the_check_each_record"),
    (ChecksWhatIsStored, "a_check_that_raises_inserts_nothing"),
    (StoresHalf, "a_check_that_raises_inserts_nothing"),
    (ChecksAnInsertTooEarly, "what_a_check_reads_of_an_atomic_store_holds_until_all_is_written"),
    (ReusesKeys, "assigned_keys_are_never_given_twice"),
    (StoresHalf, "insert_many_stores_all_or_none"),
    (ShowsHalf, "readers_see_all_of_an_insert_many_or_nothing"),
    (KeepsWholeSeconds, "whatever_fits_the_model_comes_back_as_it_was"),
    (UndoesNothing, "a_rehearsed_write_gives_what_it_would_and_is_undone"),
    (UsesUpKeys, "a_rehearsed_insert_uses_up_no_key"),
    (RehearsesWithoutAsking, "a_rehearsed_write_is_refused_as_a_real_one"),
    (RehearsesForGood, "what_is_written_after_a_rehearsal_stays"),
    (SaysNotWhich, "a_conflict_of_insert_many_says_which_record_it_is_about"),
    (HeedsTheWindow, "update_many_replaces_each_record_by_the_changed_one"),
    (HeedsTheWindow, "delete_many_removes_each_record"),
    (ChangesOneByOne, "many_are_changed_all_or_none"),
    (ChangesAsManyAsItMay, "more_than_the_most_are_not_changed"),
    (ChangesManyForGood, "many_that_are_rehearsed_are_undone"),
    (LooksForNoClash, "unique_values_conflict_on_update_many"),
    (LetsKeysChange, "update_many_keeps_the_keys"),
    (SaysNothingOfKeys, "a_store_has_insert_once_or_says_that_it_has_not"),
    (InsertsAgain, "the_same_request_is_answered_again_and_stores_nothing"),
    (InsertsAgain, "a_generated_key_is_the_same_when_the_request_comes_again"),
    (InsertsAgain, "a_request_that_comes_again_is_in_no_conflict_with_itself"),
    (AnswersWithWhatIsThere, "a_remembered_record_is_as_it_was_whatever_has_become_of_it"),
    (GivesOutWhatItRemembers, "whoever_changes_a_remembered_record_changes_nothing"),
    (TakesAnyRequestForTheSame, "a_key_of_another_request_is_refused"),
    (TakesKeysInAnyCase, "keys_are_compared_character_for_character"),
    (NeverForgets, "a_key_is_forgotten_at_its_time_and_not_before"),
    (ForgetsAtOnce, "a_key_is_forgotten_at_its_time_and_not_before"),
    (ForgetsEverythingInPassing, "many_keys_whose_time_is_over_leave_the_others"),
    (RemembersWhatItRefused, "a_refused_request_is_not_remembered"),
    (LooksTooEarly, "of_many_threads_with_one_request_exactly_one_stores_it"),
    (ChecksWhatIsThere, "a_check_sees_what_is_stored_and_nothing_that_was"),
    (RecallsWhatIsOver, "a_request_is_recalled_as_it_is_answered_again"),
    (RemembersRehearsals, "a_rehearsed_request_is_not_remembered"),
    (ForgetsNothing, "a_request_can_be_forgotten_before_its_time"),
    (KeepsKeysForAll, "the_keys_of_two_stores_are_not_the_same"),
    (ForgetsTheStep, "a_step_gives_what_it_makes_and_writes_all_of_it"),
    (BeginsNothing, "an_exception_undoes_all_of_a_step"),
    (WritesItAllAlone, "an_exception_undoes_all_of_a_step"),
    (ReadsOnAnotherConnection, "a_step_reads_what_it_has_written"),
    (HoldsBackNothing, "a_write_that_fails_within_a_step_leaves_nothing_of_itself"),
    (HoldsBackNothing, "a_change_within_a_step_must_not_write_to_its_store"),
    (BeginsNothing, "nobody_else_sees_a_part_of_a_step"),
    (WritesItAllAlone, "no_step_is_lost_between_many_threads"),
    (RehearsesStepsForGood, "a_rehearsed_step_sees_what_it_does_and_is_undone"),
    (MergesInsteadOfReplacing, "update_replaces_the_record_by_the_changed_one"),
]


@pytest.mark.parametrize(("store_class", "rule"), DEFECTS if CI else DEFECTS[::5])
def test_a_defect_breaks_its_rule(store_class: type[DataStore], rule: str, tmp_path: Path) -> None:
    class Suite(StoreContract):
        def make_store(
            self,
            model: type[Schema],
            seed: Sequence[Record],
            validators: Sequence[StoreValidator] = (),
        ) -> DataStore:
            if issubclass(store_class, PythonListDataStore):
                return store_class(seed, model, validators)
            resource = {"name": f"{tmp_path}/{uuid.uuid4()}.db", "table": "t"}
            store = store_class(resource, model, validators)
            store.insert_many(seed)
            return store

    with pytest.raises((AssertionError, pytest.fail.Exception, StoreError)):
        getattr(Suite(), f"test_{rule}")()
