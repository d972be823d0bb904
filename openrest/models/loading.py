"""Shape -> a function that checks a wire value and gives the native one.

Check and conversion are one pass, compiled once into closures. A loader never stops at the first
mistake: it appends each one, with its JSON pointer (RFC 6901), to the list it is handed, and
raises Enough when there are too many. What it returns after a mistake is meaningless.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import quote

from marshmallow import ValidationError

from openrest import messages as msg
from openrest.errors import InvalidData, Mistake, RuleViolated, nearest
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.scalars import Enough, Load, mistake, same, scalar_loader

__all__ = ["Enough", "Load", "loader", "object_loader", "pointer", "same", "wire_loader"]


def loader(shape: s.Shape) -> Load:
    """The compiled loader of a shape."""
    match shape:
        case s.Except():
            return _except(shape)
        case s.List():
            return _list(shape)
        case s.Nullable():
            return _nullable(shape)
        case s.Ruled():
            return _ruled(shape)
        case s.AnyValue():
            return _any(shape)
        case s.Object():
            return _object(shape)
        case _:
            return scalar_loader(shape)


def wire_loader(shape: s.Shape) -> Callable[[Any], Any]:
    """`loader` as a function of the value alone, for one value that stands by itself.

    It raises InvalidData with every mistake, or RuleViolated where all that is wrong is
    something that no schema can say.
    """
    load = loader(shape)

    def load_or_raise(value: Any) -> Any:
        mistakes: list[Mistake] = []
        try:
            native = load(value, "#", mistakes)
        except Enough:
            native = None
        if mistakes:
            broken = [found for found in mistakes if not isinstance(found, _Rule)]
            raise InvalidData(broken) if broken else RuleViolated(mistakes)
        return native

    return load_or_raise


def object_loader(shape: s.Object) -> Callable[[Any], dict[str, Any]]:
    """`wire_loader` of an object: a record keyed by field name, its defaults filled in.

    The schema's own hooks run last, on what fits.
    """
    load = wire_loader(shape)
    if shape.refine is None:
        return load
    refine = shape.refine

    def load_and_refine(value: Any) -> dict[str, Any]:
        return refine(value, load(value))

    return load_and_refine


class _Rule(Mistake):
    """A mistake that no schema can say."""

    __slots__ = ()


def _except(shape: s.Except) -> Load:
    load = loader(shape.shape)
    said = say(msg.EXCEPT, refused=", ".join(map(str, shape.values)))

    def load_except(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if any(same(value, refused) for refused in shape.values):
            mistake(mistakes, at, said)
            return None
        return load(value, at, mistakes)

    return load_except


def _list(shape: s.List) -> Load:
    load_item = loader(shape.item)
    low, high = shape.min_items, shape.max_items

    def load_list(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if type(value) is not list:
            mistake(mistakes, at, say(msg.ARRAY))
            return None
        if len(value) < low:
            mistake(mistakes, at, say(msg.MIN_ITEMS, minimum=low))
        elif high is not None and len(value) > high:
            mistake(mistakes, at, say(msg.MAX_ITEMS, maximum=high))
        return [load_item(item, f"{at}/{index}", mistakes) for index, item in enumerate(value)]

    return load_list


def _nullable(shape: s.Nullable) -> Load:
    load = loader(shape.shape)

    def load_nullable(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        return None if value is None else load(value, at, mistakes)

    return load_nullable


def _ruled(shape: s.Ruled) -> Load:
    load = loader(shape.shape)

    def load_ruled(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        before = len(mistakes)
        native = load(value, at, mistakes)
        if len(mistakes) == before:
            for rule in shape.rules:
                # marshmallow 4 ignores what a validator gives; whoever returns False meant it.
                if _refusing(rule, native, at, mistakes) is False:
                    mistakes.append(_Rule(say(msg.REFUSED_BY_RULE), pointer=at))
        return native

    return load_ruled


def _any(shape: s.AnyValue) -> Load:
    convert = shape.load

    def load_any(value: Any, at: str, mistakes: list[Mistake]) -> Any:
        if value is None:
            mistake(mistakes, at, say(msg.NOT_NULL))
            return None
        return value if convert is None else _refusing(convert, value, at, mistakes)

    return load_any


def _refusing(rule: Callable[[Any], Any], value: Any, at: str, mistakes: list[Mistake]) -> Any:
    try:
        return rule(value)
    except ValidationError as error:
        mistakes.extend(rule_mistakes(error.messages, at))
    return None


def rule_mistakes(messages: Any, at: str) -> list[Mistake]:
    """The messages of marshmallow's ValidationError, nested as it nests them, as mistakes."""
    if isinstance(messages, Mapping):
        return [
            found
            for name, inner in messages.items()
            for found in rule_mistakes(
                inner, at if name == "_schema" else f"{at}/{_escape(str(name))}"
            )
        ]
    if isinstance(messages, list):
        return [found for inner in messages for found in rule_mistakes(inner, at)]
    # As it is: a Text remembers what it was made from, and can be translated.
    return [_Rule(messages if isinstance(messages, str) else str(messages), pointer=at)]


def pointer(name: str) -> str:
    """The JSON pointer of a member of a body."""
    return f"#/{_escape(name)}"


def _escape(name: str) -> str:
    """A reference token of a JSON pointer in a URI fragment (RFC 6901, sections 3 and 6)."""
    return quote(
        name.replace("~", "~0").replace("/", "~1"), safe="~$!&'()*+,;=:@-._", errors="replace"
    )


def _object(shape: s.Object) -> Load:
    known = {member.wire for member in shape.members}
    owned = {member.wire for member in shape.owned}
    steps = [
        (m.wire, m.name, "/" + _escape(m.wire), loader(m.shape), m.required) for m in shape.members
    ]
    unknown = say(msg.UNKNOWN_MEMBER)
    absent = [m for m in (*shape.members, *shape.owned) if m.always and not m.required]

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
                mistake(mistakes, at + place, say(msg.REQUIRED))
        if found != len(value) and not shape.ignore_unknown:
            for wire in value:
                if wire in owned:
                    mistake(mistakes, f"{at}/{_escape(wire)}", say(msg.READ_ONLY))
                elif wire not in known:
                    near = nearest(wire, known)
                    said = say(msg.UNKNOWN_MEMBER_NEAR, near=near) if near else unknown
                    mistake(mistakes, f"{at}/{_escape(wire)}", said)
        if len(mistakes) == before:
            for member in absent:
                if member.name not in record:
                    record[member.name] = fill(member)
        return record

    return load_object


def fill(member: s.Member) -> Any:
    """The native value of a member that was left out: its default, or null."""
    if member.default is s.MISSING:
        return None
    # A copy: a record may be changed, and its default must stay as the document shows it.
    return member.default() if callable(member.default) else deepcopy(member.default)
