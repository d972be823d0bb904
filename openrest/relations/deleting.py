"""What has to happen to other records before one can be deleted, or after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from openrest.errors import OpenRestError, RecordNotFound, StillReferenced
from openrest.interfaces import DataStore, Record
from openrest.query import Condition, Query
from openrest.relations.relation import Relation, Relations

__all__ = ["MOST", "Occupied", "Place", "Plan", "missing_of", "plan_deletion"]

#: As many records as one deletion deletes or changes; with more it is refused.
MOST: Final = 1000

#: As many values as every store takes in a condition.
_BATCH: Final = 500

#: A resource and the key of one of its records.
Place = tuple[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A record that refers, by a relation, to the key of one that goes."""

    relation: Relation
    key: Any
    target: Any

    @property
    def place(self) -> Place:
        """Where the record is."""
        return self.relation.source.name, self.key


class Occupied(OpenRestError):
    """Other records have to go, or to change, before the one that is to be deleted."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.plan = plan


class _Moved(Exception):
    """A record does not stand any more where the plan saw it."""


class Plan:
    """The records that are to change and to go with others, which somebody else deletes."""

    def __init__(self, relations: Relations, roots: Iterable[Place]) -> None:
        self._relations = relations
        self._roots = frozenset(roots)
        self._others: set[Place] = set()
        self.going: dict[Place, Step] = {}
        self.changing: dict[tuple[Place, str], Step] = {}

    @property
    def others(self) -> int:
        """How many records it is about but for the roots."""
        return len(self._others)

    def goes(self, place: Place) -> bool:
        """Whether a record goes."""
        return place in self._roots or place in self.going

    def add(self, step: Step) -> bool:
        """Do with a record what its relation says; whether it goes, and had not to before."""
        if self.goes(step.place):
            return False
        self._others.add(step.place)
        if step.relation.reference.on_delete == "set_null":
            self.changing[step.place, step.relation.member.name] = step
            return False
        self.going[step.place] = step
        return True

    def carry_out(self) -> None:
        """Change and delete all of them, where nobody else writes meanwhile."""
        for step in self._changes():
            self._set_null(step)
        for step in self.going.values():
            self._relations.store(step.relation.source.name).delete(step.key)

    def carry_out_one_by_one(self) -> list[Place]:
        """Change and delete all of them, those that refer before those referred to; what is gone.

        Each is an atomic step by itself, which passes over what has changed since.
        """
        for step in self._changes():
            with suppress(RecordNotFound):
                self._set_null(step)
        return [step.place for step in reversed(self.going.values()) if self._delete(step)]

    def _changes(self) -> Iterator[Step]:
        return (step for step in self.changing.values() if not self.goes(step.place))

    def _set_null(self, step: Step) -> None:
        name = step.relation.member.name

        def change(record: Record) -> Record:
            return {**record, name: None} if record.get(name) == step.target else record

        self._relations.store(step.relation.source.name).update(step.key, change)

    def _delete(self, step: Step) -> bool:
        resource, name = step.relation.source.name, step.relation.member.name

        def check(record: Record) -> None:
            if record.get(name) != step.target:
                raise _Moved
            for one in self._relations.incoming(resource):
                for found in _referrers(self._relations, one, [step.key], MOST + 2):
                    if not self.goes(found.place):
                        raise _Moved

        try:
            self._relations.store(resource).delete(step.key, check)
        except _Moved:
            return False
        except RecordNotFound:
            pass
        return True


def plan_deletion(relations: Relations, roots: Sequence[Place], *, restrict: bool = True) -> Plan:
    """What has to change and to go with the records at these places.

    Raises StillReferenced where a record that stays refers to one that goes, or where it would be
    about more than `MOST` records; unless it shall not `restrict`.
    """
    plan = Plan(relations, roots)
    staying: dict[Place, Relation] = {}
    level = list(roots)
    while level:
        going: list[Place] = []
        for resource in dict(level):
            targets = [key for name, key in level if name == resource]
            for one in relations.incoming(resource):
                # One more than may stand in the plan already is one that does not.
                for step in _referrers(relations, one, targets, MOST + 2 if restrict else None):
                    if one.reference.on_delete == "restrict":
                        staying[step.place] = one
                    elif plan.add(step):
                        going.append(step.place)
                if restrict and plan.others > MOST:
                    raise StillReferenced(one.source.name, one.member.name, MOST)
        level = going
    for place, one in staying.items():
        if restrict and not plan.goes(place):
            raise StillReferenced(one.source.name, one.member.name)
    return plan


def missing_of(relations: Relations, places: Iterable[Place]) -> list[Place]:
    """Those of the places at which there is no record."""
    asked = list(places)
    missing: list[Place] = []
    for resource in dict(asked):
        store, keys = relations.store(resource), [key for name, key in asked if name == resource]
        found = {
            record[store.key.name]
            for condition in _one_of(store, store.key.name, keys)
            for record in store.find(Query((condition,), members=(store.key.name,)))
        }
        missing += [(resource, key) for key in keys if key not in found]
    return missing


def _one_of(store: DataStore, member: str, values: Sequence[Any]) -> Iterator[Condition]:
    """Conditions that each find records with some of the values, and together all of them."""
    if "in" not in store.operators:
        yield from (Condition(member, "eq", value) for value in values)
        return
    for start in range(0, len(values), _BATCH):
        yield Condition(member, "in", frozenset(values[start : start + _BATCH]))


def _referrers(
    relations: Relations, one: Relation, keys: Sequence[Any], most: int | None
) -> Iterator[Step]:
    """The records that refer to one of the keys by a relation: `most` of them, if it is given."""
    store, name, member = relations.store(one.source.name), one.source.key.name, one.member.name
    found = (
        Step(one, record[name], record[member])
        for condition in _one_of(store, member, keys)
        for record in store.find(Query((condition,), limit=most, members=(name, member)))
    )
    return islice(found, most)
