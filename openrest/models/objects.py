"""Shapes of JSON objects -> the functions that check one and load it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from contextlib import suppress
from copy import deepcopy
from typing import Any, Final

from openrest import messages as msg
from openrest.errors import Mistake, RuleViolated, nearest
from openrest.messages import Text, say
from openrest.models import shapes as s
from openrest.models.formats import INTEGER_TEXT
from openrest.models.places import escape
from openrest.models.scalars import Enough, Load, Rule, mistake, scalar_loader
from openrest.models.walking import bare

__all__ = ["fill", "map_loader", "object_loader", "one_of_loader"]

Compile = Callable[[s.Shape], Load]

#: As many names may have one hash: with luck no two have, and only who looks for them finds more.
_MOST_ALIKE: Final = 16

_UNKNOWN = (msg.UNKNOWN_MEMBER, msg.UNKNOWN_MEMBER_NEAR)


def map_loader(shape: s.Map, compiled: Compile) -> Load:
    """The compiled loader of an object with any members."""
    load_key = None if shape.key is None else _key_loader(shape.key, compiled)
    load_value = compiled(shape.value)
    low, high = shape.min_members, shape.most
    too_few = say(msg.NOT_EMPTY) if low == 1 else say(msg.MIN_MEMBERS, minimum=low)

    def load_map(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not dict:
            mistake(mistakes, at, say(msg.OBJECT))
            return None
        if len(value) < low:
            mistake(mistakes, at, too_few)
        elif high is not None and len(value) > high:
            mistake(mistakes, at, say(msg.MAX_MEMBERS, maximum=high))
            return None  # the keys are not hashed
        if load_key is None:
            return {
                wire: load_value(item, f"{at}/{escape(str(wire))}", mistakes)
                for wire, item in value.items()
            }
        spelled: dict[Any, str] = {}
        loaded = {}
        alike: dict[str, int] = {}
        for wire, item in value.items():
            place = f"{at}/{escape(str(wire))}"
            before = len(mistakes)
            key = load_key(wire, place, mistakes)
            if len(mistakes) == before:
                # As texts, whose own hashes nobody knows.
                code = str(hash(key))
                alike[code] = alike.get(code, 0) + 1
                if alike[code] > _MOST_ALIKE:
                    said = say(msg.SAME_HASH, most=_MOST_ALIKE)
                    mistakes.append(Rule(said, pointer=place))
                    return None
                first = spelled.setdefault(key, wire)
                if first is not wire:
                    mistakes.append(Rule(say(msg.SAME_NAME, name=first), pointer=place))
                loaded[key] = load_value(item, place, mistakes)
        return loaded

    return load_map


def _key_loader(shape: s.Shape, compiled: Compile) -> Load:
    load = compiled(shape)
    digits = isinstance(bare(shape), s.Integer)

    def load_key(wire: Any, at: str, mistakes: list[Mistake]) -> Any:
        found: list[Mistake] = []
        # One name for each number: as many digits as every integer of 64 bits can have.
        named = digits and type(wire) is str and INTEGER_TEXT.search(wire)
        value = int(wire) if named else wire
        native = load(value, at, found)
        for wrong in found:
            said = say(msg.NAME, mistake=wrong.detail)
            if isinstance(wrong, Rule):
                mistakes.append(Rule(said, pointer=at))
            else:
                mistake(mistakes, at, said)
        return native

    return load_key


def one_of_loader(shape: s.OneOf, compiled: Compile) -> Load:
    """The compiled loader of one of several objects."""
    name, place = shape.discriminator, "/" + escape(shape.discriminator)
    loads = {kind: compiled(variant) for kind, variant in shape.variants}
    choose = scalar_loader(s.Choice(pairs=tuple((kind, kind) for kind in loads)))

    def load_one_of(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not dict:
            mistake(mistakes, at, say(msg.OBJECT))
        elif name not in value:
            if shape.partial:
                return _best(loads, value, at, mistakes)
            mistake(mistakes, at + place, say(msg.REQUIRED))
        else:
            before = len(mistakes)
            kind = choose(value[name], at + place, mistakes)
            if len(mistakes) == before:
                return loads[kind](value, at, mistakes)
        return None

    return load_one_of


class _Attempt(list[Mistake]):
    """The mistakes of a value as one of several variants, beside what is known of inner values.

    Within each variant the same inner values are met again: without `known`, the time that a
    value takes would double with every level of it.
    """

    def __init__(self, known: dict[tuple[int, int], Any]) -> None:
        super().__init__()
        self.known = known


def _best(loads: Mapping[str, Load], value: Any, at: str, mistakes: list[Mistake]) -> Any:
    """The value as the first variant that it fits; without one, the mistakes of the nearest."""
    known = mistakes.known if isinstance(mistakes, _Attempt) else {}
    # Both live as long as the body is read, so their ids are theirs alone.
    place = (id(loads), id(value))
    if place not in known:
        known[place] = _tried(loads, value, at, known)
    native, found = known[place]
    mistakes.extend(found)
    return native


def _tried(
    loads: Mapping[str, Load], value: Any, at: str, known: dict[tuple[int, int], Any]
) -> tuple[Any, list[Mistake]]:
    attempts: list[list[Mistake]] = []
    for load in loads.values():
        found = _Attempt(known)
        with suppress(Enough):
            native = load(value, at, found)
            if not found:
                return native, []
        attempts.append(found)
    return None, min(attempts, key=_distance)


def _distance(found: list[Mistake]) -> tuple[int, int]:
    """How far a value is from a variant: whoever names its members means it."""
    unknown = [m for m in found if getattr(m.detail, "template", "") in _UNKNOWN]
    return len(unknown), len(found)


def object_loader(shape: s.Object, compiled: Compile) -> Load:
    """The compiled loader of an object with members that are known."""
    known = {member.wire for member in shape.members}
    owned = {member.wire for member in shape.owned}
    steps = [
        (m.wire, m.name, "/" + escape(m.wire), compiled(m.shape), m.required) for m in shape.members
    ]
    words = {m.wire: m.required_words for m in shape.members if m.required_words}
    absent = [m for m in (*shape.members, *shape.owned) if is_filled(m)]
    extra, refine = shape.extra, shape.refine

    def load_object(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not dict:
            mistake(mistakes, at, say(msg.OBJECT))
            return None
        record: dict[str, Any] = {}
        before = len(mistakes)
        found = 0
        for wire, name, place, load, required in steps:
            if wire in value:
                found += 1
                record[name] = load(value[wire], at + place, mistakes)
            elif required:
                mistake(mistakes, at + place, words.get(wire) or say(msg.REQUIRED))
        if found != len(value) and extra != "ignore":
            for wire, item in value.items():
                if wire in owned:
                    mistake(mistakes, f"{at}/{escape(str(wire))}", say(msg.READ_ONLY))
                elif wire not in known:
                    if extra == "keep":
                        record[wire] = item
                    else:
                        place = f"{at}/{escape(str(wire))}"
                        mistake(mistakes, place, _unknown_member(wire, known))
        if len(mistakes) == before:
            for member in absent:
                if member.name not in record:
                    record[member.name] = fill(member)
            if refine is not None:
                # What only the server sets is in it where the unknown is ignored.
                sent = {wire: item for wire, item in value.items() if wire not in owned}
                return _refined(refine, sent, record, at, mistakes)
        return record

    return load_object


def is_filled(member: s.Member) -> bool:
    """Whether a record has a value although the client sent none."""
    return (
        member.stored
        and not member.required
        and (member.nullable or member.default is not s.MISSING)
    )


def _refined(
    refine: Callable[[Any, Any], Any], value: Any, record: Any, at: str, mistakes: list[Mistake]
) -> Any:
    try:
        return refine(value, record)
    except RuleViolated as refused:
        for found in refused.mistakes:
            mistakes.append(Rule(found.detail, pointer=at + str(found.pointer)[1:]))
    return None


def _unknown_member(wire: str, known: Set[str]) -> Text:
    near = nearest(wire, known)
    return say(msg.UNKNOWN_MEMBER_NEAR, near=near) if near else say(msg.UNKNOWN_MEMBER)


def fill(member: s.Member) -> Any:
    """The native value of a member that was left out: its default, or null."""
    if member.default is s.MISSING:
        return None
    # A copy: a record may be changed, and its default must stay as the document shows it.
    return member.default() if callable(member.default) else deepcopy(member.default)
