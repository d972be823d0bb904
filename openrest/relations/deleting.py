"""What has to happen to other records before one can be deleted."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from openrest.errors import OpenRestError, RecordNotFound, StillReferenced
from openrest.interfaces import Record
from openrest.query import Condition, Query
from openrest.relations.relation import Relation, Relations

__all__ = ["MOST", "Occupied", "Plan", "plan_deletion"]

#: As many records as one deletion deletes or changes; with more it is refused.
MOST: Final = 1000

#: A resource and the key of one of its records.
Place = tuple[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A record that refers, by a relation, to the key of one that goes."""

    relation: Relation
    key: Any
    target: Any


class Occupied(OpenRestError):
    """Other records have to go, or to change, before the one that is to be deleted."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.plan = plan


class _Moved(Exception):
    """A record does not stand any more where the plan saw it."""


class Plan:
    """The records that are to change and to go with one, which is the last to go itself."""

    def __init__(self, relations: Relations, last: Place) -> None:
        self._relations = relations
        self.going: dict[Place, Step | None] = {last: None}
        self.changing: dict[tuple[Place, str], Step] = {}

    @property
    def others(self) -> int:
        """How many records it is about but the last."""
        return len(self.going) - 1 + len(self.changing)

    def carry_out(self) -> None:
        """Change and delete all but the last, those that refer before those referred to.

        Each is an atomic step by itself, which passes over what has changed since.
        """
        for change in self.changing.values():
            self._set_null(change)
        for step in reversed(self.going.values()):
            if step is not None:
                self._delete(step)

    def _set_null(self, step: Step) -> None:
        name = step.relation.member.name

        def change(record: Record) -> Record:
            return {**record, name: None} if record.get(name) == step.target else record

        with suppress(RecordNotFound):
            self._relations.store(step.relation.source.name).update(step.key, change)

    def _delete(self, step: Step) -> None:
        resource, name = step.relation.source.name, step.relation.member.name

        def check(record: Record) -> None:
            if record.get(name) != step.target:
                raise _Moved
            for one in self._relations.incoming(resource):
                for key in _referrers(self._relations, one, step.key, MOST):
                    place = (one.source.name, key)
                    if place not in self.going:
                        raise _Moved

        with suppress(RecordNotFound, _Moved):
            self._relations.store(resource).delete(step.key, check)


def plan_deletion(relations: Relations, resource: str, key: Any, *, restrict: bool = True) -> Plan:
    """What has to change and to go before the record with the key can be deleted.

    Raises StillReferenced where a record that stays refers to one that goes, unless it shall not
    `restrict`, or where it would be about more than `MOST` records.
    """
    plan = Plan(relations, (resource, key))
    staying: dict[Place, Relation] = {}
    places = [(resource, key)]
    for name, target in places:
        for one in relations.incoming(name):
            for referrer in _referrers(relations, one, target, MOST + 1):
                place = (one.source.name, referrer)
                match one.reference.on_delete:
                    case "restrict":
                        staying[place] = one
                    case "set_null":
                        plan.changing[(place, one.member.name)] = Step(one, referrer, target)
                    case "cascade" if place not in plan.going:
                        plan.going[place] = Step(one, referrer, target)
                        places.append(place)
            if plan.others > MOST:
                raise StillReferenced(one.source.name, one.member.name, MOST)
    for place, one in staying.items():
        if restrict and place not in plan.going:
            raise StillReferenced(one.source.name, one.member.name)
    for found in [found for found in plan.changing if found[0] in plan.going]:
        del plan.changing[found]
    return plan


def _referrers(relations: Relations, one: Relation, key: Any, most: int) -> list[Any]:
    """The keys of the records that refer to a key by a relation."""
    query = Query((Condition(one.member.name, "eq", key),), limit=most)
    name = one.source.key.name
    return [record[name] for record in relations.store(one.source.name).find(query)]
