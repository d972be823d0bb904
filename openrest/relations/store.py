"""A store whose records keep what they refer to."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

from openrest.audit.steps import stepping
from openrest.contract import Contribution, ResponseSpec
from openrest.datastore.around import StoreAround
from openrest.datastore.records import of_many
from openrest.errors import Conflict, Mistake, RecordNotFound, StillReferenced, TargetMissing
from openrest.interfaces import Change, Check, DataStore, Once, Record
from openrest.models.places import pointer
from openrest.query import Query
from openrest.rehearsal import rehearsing
from openrest.relations.deleting import MOST, Occupied, Place, missing_of, plan_deletion
from openrest.relations.relation import Relation, Relations

__all__ = ["RelatedStore", "deleting_contribution", "writing_contribution"]

_log = logging.getLogger("openrest")

Made = TypeVar("Made")

#: How often a deletion begins anew because more records refer to what is to go, and how often it
#: looks for some that refer to what has gone.
_ATTEMPTS: Final = 10


class RelatedStore(StoreAround):
    """The store of a resource that refers to others, or to which others refer.

    It writes no record that refers to nothing (TargetMissing), and deletes none to which others
    refer (StillReferenced), or deletes or changes those, too. It does so in the write itself, where
    the stores are atomic with each other; elsewhere it looks before the write and once more after
    it.
    """

    def __init__(self, store: DataStore, name: str, relations: Relations) -> None:
        super().__init__(store)
        self._name = name
        self._relations = relations
        self._outgoing = relations.outgoing(name)
        self._incoming = relations.incoming(name)
        self._racing = [each for each in self._outgoing if not self._is_atomic(each.target.name)]
        going = [each.source.name for each in relations.going_with(name)]
        self._deletes_alone = all(map(self._is_atomic, going))
        self._deletes_together = (
            store.changes_together and self._deletes_alone and _are_atomic(relations, going)
        )
        # What is looked at once more after a write has to be written by then.
        alone = not self._racing and self._deletes_alone
        vars(self).update(changes_together=store.changes_together and alone)

    def together(self, step: Callable[[], Made]) -> Made:
        # What goes with a record may be audited where the record itself is not.
        return stepping(self.base.together, step)

    def insert(self, record: Record, check: Check | None = None) -> Record:
        if not self._outgoing:
            return super().insert(record, check)
        new = self.base.insert(record, self._checked(check, [record]))
        self._look_again([new])
        return new

    def insert_many(self, records: Sequence[Record], check: Check | None = None) -> list[Record]:
        if not self._outgoing:
            return super().insert_many(records, check)
        new = self.base.insert_many(records, self._checked(check, records))
        self._look_again(new)
        return new

    def insert_once(
        self, once: Once, records: Sequence[Record], check: Check | None = None
    ) -> tuple[list[Record], bool]:
        if not self._outgoing:
            return self.base.insert_once(once, records, check)
        made, replayed = self.base.insert_once(once, records, self._checked(check, records))
        if replayed:
            self._refuse_dangling(made)
        else:
            self._look_again(made, once)
        return made, replayed

    def recall_once(self, once: Once) -> list[Record] | None:
        made = self.base.recall_once(once)
        self._refuse_dangling(made or ())
        return made

    def update(self, key: Any, change: Change) -> Record:
        if not self._outgoing:
            return self.base.update(key, change)
        before: Record = {}

        def changed(current: Record) -> Record:
            before.clear()
            # A change may spoil what it is given, and this is what may have to come back.
            before.update(copy.deepcopy(current) if self._racing else current)
            new = change(current)
            self._refuse_missing(new, before)
            return new

        new = self.base.update(key, changed)
        if self._racing and not rehearsing():
            try:
                self._refuse_missing(new, before, racing=True)
            except TargetMissing:
                self._take_back(before, new)
                raise
        return new

    def update_many(self, query: Query, change: Change, most: int) -> list[Record]:
        if not self._outgoing:
            return self.base.update_many(query, change, most)
        before: dict[Any, Record] = {}

        def changed(current: Record) -> Record:
            before[current[self.key.name]] = copy.deepcopy(current)
            new = change(dict(current))
            self._refuse_missing(new, current)
            return new

        records = self.base.update_many(query, changed, most)
        if self._racing and not rehearsing():
            try:
                for record in records:
                    self._refuse_missing(record, before[record[self.key.name]], racing=True)
            except TargetMissing:
                for record in records:
                    self._take_back(before[record[self.key.name]], record)
                raise
        return records

    def _take_back(self, old: Record, new: Record) -> None:
        """Undo an update, unless there is another one since."""
        key = new[self.key.name]
        with suppress(RecordNotFound):
            if self.base.update(key, lambda now: old if now == new else now) == old:
                self._follow_targets(key, old)

    def _follow_targets(self, key: Any, record: Record) -> None:
        """Do with a record that is there again what the deletion of its targets would have done.

        A target may have gone while the record did not refer to it.
        """
        for one in self._racing:
            name, target = one.member.name, record.get(one.member.name)
            if target is None or not missing_of(self._relations, [(one.target.name, target)]):
                continue
            if one.reference.on_delete == "cascade":
                with suppress(StillReferenced):
                    self.delete(key)
                    return
            if one.member.nullable:
                self.base.update(key, _without(name, target))
            else:
                _log.warning("%s %r refers by %s to what is gone.", self._name, key, name)

    def delete_many(self, query: Query, most: int, check: Check | None = None) -> int:
        """Remove all that meet the conditions, and what has to go with them, as one atomic step.

        Where the stores are not atomic with each other, only where nothing would have to go or to
        change: that would be steps of its own, which this one could not take back.
        """
        if not self._incoming:
            return self.base.delete_many(query, most, check)
        if self._deletes_together:
            return self.together(lambda: self._delete_many_together(query, most, check))
        keys: list[Any] = []

        def alone(record: Record) -> None:
            if check is not None:
                check(record)
            keys.append(record[self.key.name])
            plan = plan_deletion(self._relations, [(self._name, keys[-1])])
            for step in (*plan.changing.values(), *plan.going.values()):
                raise StillReferenced(step.relation.source.name, step.relation.member.name)

        count = self.base.delete_many(query, most, alone)
        # A store may begin anew, and the keys before are those of what was undone.
        self._sweep((self._name, key) for key in keys[len(keys) - count :])
        return count

    def _delete_many_together(self, query: Query, most: int, check: Check | None) -> int:
        places: list[Place] = []

        def noted(record: Record) -> None:
            places.append((self._name, record[self.key.name]))
            if check is not None:
                check(record)

        count = self.base.delete_many(query, most, noted)
        plan_deletion(self._relations, places).carry_out()
        return count

    def delete(self, key: Any, check: Check | None = None) -> None:
        """Remove the record, and what has to go with it, as one atomic step with `check`.

        Where the stores are not atomic with each other, what goes with it goes before, by steps of
        its own, and `check` may be run more than once.
        """
        if not self._incoming:
            self.base.delete(key, check)
        elif self._deletes_together:
            self.together(lambda: self._delete_together(key, check))
        else:
            self._delete_one_by_one(key, check)

    def _delete_together(self, key: Any, check: Check | None) -> None:
        self.base.delete(key, check)
        plan_deletion(self._relations, [(self._name, key)]).carry_out()

    def _delete_one_by_one(self, key: Any, check: Check | None) -> None:
        root = (self._name, key)

        def alone(record: Record) -> None:
            if check is not None:
                check(record)
            plan = plan_deletion(self._relations, [root])
            # In a rehearsal what goes with it is still there.
            if plan.others and not rehearsing():
                raise Occupied(plan)

        gone = [root]
        for _ in range(_ATTEMPTS):
            try:
                self.base.delete(key, alone)
            except Occupied as occupied:
                gone += occupied.plan.carry_out_one_by_one()
            else:
                self._sweep(gone)
                return
        last = self._incoming[-1]
        raise StillReferenced(last.source.name, last.member.name)

    def _sweep(self, places: Iterable[Place]) -> None:
        """See to what has come to refer to records that are gone while they went."""
        if self._deletes_alone or rehearsing():
            return
        gone = list(places)
        for _ in range(_ATTEMPTS):
            # Another record may have been given the key of one.
            plan = plan_deletion(self._relations, missing_of(self._relations, gone), restrict=False)
            if not plan.others:
                return
            gone += plan.carry_out_one_by_one()
        _log.warning("Records keep being added that refer to some of %s that are gone.", self._name)

    def _is_atomic(self, other: str) -> bool:
        mine, theirs = self.innermost, self._relations.store(other).innermost
        return mine.atomic_with(theirs) and theirs.atomic_with(mine)

    def _checked(self, check: Check | None, records: Sequence[Record]) -> Check:
        together = [record.get(self.key.name) for record in records]

        def checked(record: Record) -> None:
            if check is not None:
                check(record)
            self._refuse_missing(record, {}, together)

        return checked

    def _look_again(self, records: Sequence[Record], once: Once | None = None) -> None:
        """Take back new records whose targets have gone while they were written."""
        if not self._racing or rehearsing():
            return
        try:
            for index, record in enumerate(records):
                with of_many(index):
                    self._refuse_missing(record, {}, racing=True)
        except TargetMissing:
            if once is not None:
                # First: as long as it is remembered, its records tell others how it ends.
                self.base.forget_once(once)
            keys = [record[self.key.name] for record in records]
            for key in keys:
                with suppress(RecordNotFound):
                    # Nobody was told of it, so nobody can want to restore it.
                    self.innermost.delete(key)
            self._sweep((self._name, key) for key in keys)
            raise

    def _refuse_dangling(self, made: Sequence[Record]) -> None:
        """Raise TargetMissing for the records of a request that is about to be taken back."""
        if not self._racing:
            return
        for index, record in enumerate(made):
            with suppress(RecordNotFound), of_many(index):
                self._refuse_missing(self.base.get(record[self.key.name]), {}, racing=True)

    def _refuse_missing(
        self,
        new: Record,
        old: Mapping[str, Any],
        together: Container[Any] = (),
        *,
        racing: bool = False,
    ) -> None:
        """Raise TargetMissing with every target that `new` does not have in common with `old`.

        Those in `together` are written with it.
        """
        missing = {}
        for one in self._racing if racing else self._outgoing:
            value = new.get(one.member.name)
            if value is None or value == old.get(one.member.name):
                continue
            if one.target.name == self._name and value in together:
                continue
            try:
                # What is not its user's is not there for them, and so nothing to refer to.
                self._relations.scoped_store(one.target.name).get(value)
            except RecordNotFound:
                missing[one.member.name] = one.target.name
        if missing:
            raise TargetMissing(missing)


def _are_atomic(relations: Relations, names: Sequence[str]) -> bool:
    """Whether all stores of these resources can change together, each with each."""
    stores = [relations.store(name).innermost for name in dict.fromkeys(names)]
    return all(
        one.changes_together and all(one.atomic_with(other) for other in stores) for one in stores
    )


def _without(name: str, value: Any) -> Change:
    """A change that empties a field, where it has the value."""
    return lambda now: {**now, name: None} if now.get(name) == value else now


def writing_contribution(relations: Sequence[Relation]) -> Contribution:
    """What a write answers that refers to nothing."""
    responses = []
    for one in relations:
        missing = TargetMissing({one.member.name: one.target.name})
        mistakes = [
            Mistake(detail, pointer=pointer(one.member.wire)) for detail in missing.details.values()
        ]
        responses.append(
            ResponseSpec(
                status=409,
                description=f"`{one.member.wire}` refers to nothing in {one.target.name}",
                example=Conflict(str(missing), mistakes),
            )
        )
    return Contribution(responses=tuple(responses))


def deleting_contribution(relations: Sequence[Relation]) -> Contribution:
    """What becomes of the records that refer to a deleted one."""
    words: list[str] = []
    responses: list[ResponseSpec] = []
    for one in relations:
        those = f"the objects of `{one.source.name}` that refer to it by `{one.member.wire}`"
        match one.reference.on_delete:
            case "restrict":
                kept = StillReferenced(one.source.name, one.member.wire)
                responses.append(_refusal(str(kept).removesuffix("."), kept))
                continue
            case "cascade":
                words.append(f"With it go {those}.")
            case "set_null":
                words.append(f"It becomes null in {those}.")
        if not any(spec.description.startswith("More") for spec in responses):
            most = StillReferenced(one.source.name, one.member.wire, MOST)
            responses.append(_refusal(str(most).removesuffix("."), most))
    return Contribution(description=" ".join(words), responses=tuple(responses))


def _refusal(description: str, error: StillReferenced) -> ResponseSpec:
    return ResponseSpec(status=409, description=description, example=Conflict(str(error)))
