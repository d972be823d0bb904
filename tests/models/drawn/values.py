"""Random JSON values for a shape: about half of them fit it, and half of them nearly do."""

from __future__ import annotations

import copy
import datetime as dt
import math
import uuid
from collections.abc import Callable
from random import Random
from typing import Any

from openrest.models import shapes as s
from tests.models.borders import BORDERS
from tests.models.drawn.matching import matching

__all__ = ["Dice", "fitting", "near_miss", "random_value", "surrogates_in"]

_DEEP = 4

#: Kinds of text that take their time to make up: of each, a model gets so many.
_TEXTUAL = (s.String, s.Parsed, s.Decimal, s.DateTime, s.NaiveDateTime, s.Date, s.Time, s.Uuid)
_POOL = 16

_PLAIN = [value for value in BORDERS if not (isinstance(value, str) and "\ud800" in value)]

_ALPHABET = "abcxyABX019 _-./,:@%éß\u00ff\u0660\U0001f600\n"

_TEXTS = ("", "a", "ab", "abc", "Ab", "A", "x", "b", "c", "a,b", "admin", "\U0001f600", "é" * 3)

_JSON: tuple[Any, ...] = (
    0, 1, -1.5, True, "", "a", [], {}, [None], {"a": None}, [1, "x"], {"a": {"b": [True]}},
    2**70, "\u0000", {"": 0}, {"$ref": "#"},
)  # fmt: skip


class Dice(Random):
    """A random generator that remembers the texts that it has made up for each shape."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self._pools: dict[s.Shape, list[str]] = {}

    def choice(self, of: Any) -> Any:
        """One of them; quicker than it is inherited, and as good for few."""
        return of[int(self.random() * len(of))]

    def pool(self, shape: s.Shape) -> list[str]:
        """Texts that fit the shape."""
        if shape not in self._pools:
            self._pools[shape] = [_textual(shape, self) for _ in range(_POOL)]
        return self._pools[shape]


def random_value(shape: s.Shape, dice: Dice) -> Any:
    """A value that fits, or a near miss."""
    value = fitting(shape, dice)
    if dice.random() < 0.4:
        return value
    value = near_miss(shape, value, dice)
    return value if dice.random() < 0.8 else near_miss(shape, value, dice)


def fitting(shape: s.Shape, dice: Dice, depth: int = 0) -> Any:
    """A value that fits the shape, where one is easily found; rules are not asked."""
    if isinstance(shape, _TEXTUAL):
        return dice.choice(dice.pool(shape))
    match shape:
        case s.Boolean():
            return dice.random() < 0.5
        case s.Integer(minimum=low, maximum=high):
            return _whole(low, high, dice, shape.exact)
        case s.Timestamp(minimum=low, maximum=high, whole=True):
            return _whole(math.ceil(low), math.floor(high), dice, shape.exact)
        case s.Timestamp(minimum=low, maximum=high) | s.Duration(minimum=low, maximum=high):
            return _number(low, high, dice)
        case s.Number():
            return _open_number(shape, dice)
        case s.Choice(pairs=pairs):
            return dice.choice(pairs)[0]
        case s.Constant(value=value):
            return copy.deepcopy(value)
        case s.Except(shape=inner, values=values):
            return next((v for v in _some(inner, dice, depth) if v not in values), None)
        case s.Nullable(shape=inner):
            rare = 0.15 if depth < _DEEP else 0.9
            return None if dice.random() < rare else fitting(inner, dice, depth)
        case s.Ruled(shape=inner) | s.Plucked(shape=inner):
            return fitting(inner, dice, depth)
        case s.AnyValue():
            return copy.deepcopy(dice.choice(_JSON))
        case s.Deferred():
            return None if depth > 2 * _DEEP else fitting(shape.shape, dice, depth + 1)
        case _:
            return _container(shape, dice, depth + 1)


def _textual(shape: s.Shape, dice: Dice) -> str:
    match shape:
        case s.Decimal(pattern=pattern):
            return matching(pattern, dice)
        case s.String():
            return _text(shape, dice)
        case s.DateTime():
            return _day(dice) + "T" + _clock(dice) + _offset(dice)
        case s.NaiveDateTime():
            return _day(dice) + "T" + _clock(dice)
        case s.Date():
            return _day(dice)
        case s.Time():
            return _clock(dice)
        case s.Uuid():
            text = str(uuid.UUID(int=dice.choice((0, 1, dice.getrandbits(128)))))
            chosen: str = dice.choice((text, text.upper()))
            return chosen
        case s.Parsed():
            return _parsed(shape, dice)
        case _:
            raise TypeError(f"{shape!r} is not a shape of texts")


def _some(shape: s.Shape, dice: Dice, depth: int) -> Any:
    return (fitting(shape, dice, depth) for _ in range(8))


def _container(shape: s.Shape, dice: Dice, depth: int) -> Any:
    match shape:
        case s.List(item=item, min_items=low, max_items=high):
            length = _length(low, high, dice, depth)
            return [fitting(item, dice, depth) for _ in range(length)]
        case s.Tuple(items=items):
            return [fitting(item, dice, depth) for item in items]
        case s.Map(key=key, value=value, min_members=low, max_members=high):
            length = _length(low, high, dice, depth)
            members: dict[str, Any] = {}
            for _ in range(4 * length):
                if len(members) == length:
                    break
                name = dice.choice(_TEXTS) if key is None else str(fitting(key, dice, depth))
                members[name] = fitting(value, dice, depth)
            return members
        case s.OneOf(variants=variants):
            return fitting(dice.choice(variants)[1], dice, depth)
        case s.Object(members=known):
            often = 0.6 if depth < _DEEP else 0.1
            shown = {
                member.wire: fitting(member.shape, dice, depth)
                for member in known
                if member.required or dice.random() < often
            }
            if shape.extra != "refuse" and dice.random() < 0.2:
                shown["other"] = copy.deepcopy(dice.choice(_JSON))
            return shown
        case _:
            raise TypeError(f"{shape!r} is not a shape that values can be drawn for")


def _length(low: int, high: int | None, dice: Dice, depth: int) -> int:
    if depth > _DEEP:
        return low
    most = low + 3 if high is None else min(high, low + 3)
    return dice.randint(low, most)


def _whole(low: int, high: int, dice: Dice, exact: bool) -> Any:
    near = [
        n for n in (0, 1, -1, 2, 5, 7, 9, 2**53, 2**53 + 1, low + 1, high - 1) if low <= n <= high
    ]
    value = dice.choice((low, high, dice.randint(low, high), *near))
    as_float = not exact and abs(value) <= 2**53 and dice.random() < 0.2
    return float(value) if as_float else value


def _number(low: float, high: float, dice: Dice) -> Any:
    near = [n for n in (0, 1, -1, 0.5, 0.1, 1e-6, 1.5, -0.0, 2**53, 1e9) if low <= n <= high]
    # In two halves, as their distance may be more than any double.
    return dice.choice((low, high, dice.uniform(low / 2, high / 2), *near))


def _open_number(shape: s.Number, dice: Dice) -> Any:
    low, high = shape.minimum, shape.maximum
    if shape.exclusive_minimum:
        low = math.nextafter(low, math.inf)
    if shape.exclusive_maximum:
        high = math.nextafter(high, -math.inf)
    return _number(low, high, dice)


def _text(shape: s.String, dice: Dice) -> str:
    low, high = shape.min_length, shape.max_length
    text = ""
    for _ in range(8):
        if shape.patterns:
            text = matching(dice.choice(shape.patterns).compiled.pattern, dice)
        elif dice.random() < 0.3:
            text = dice.choice(_TEXTS)
        else:
            most = low + 6 if high is None else min(high, low + 6)
            if high is not None and dice.random() < 0.3:
                low = most = high
            text = "".join(dice.choices(_ALPHABET, k=dice.randint(min(low, most), most)))
        text = text.replace("\0", "")
        if len(text) < shape.min_length:
            text += (text[-1:] or "a") * (shape.min_length - len(text))
        if (high is None or len(text) <= high) and all(p.search(text) for p in shape.patterns):
            break
        low = shape.min_length
    return text


def _day(dice: Dice) -> str:
    last = dt.date.max.toordinal()
    day = dice.choice((1, last, 738945, dice.randint(1, last), dice.randint(700000, 750000)))
    return dt.date.fromordinal(day).isoformat()


def _clock(dice: Dice) -> str:
    text = f"{dice.randint(0, 23):02}:{dice.randint(0, 59):02}:{dice.randint(0, 59):02}"
    return f"{text}{dice.choice(('', '', '.5', '.123456', '.000001', '.100'))}"


def _offset(dice: Dice) -> str:
    return str(dice.choice(("Z", "Z", "+00:00", "-00:00", "+05:30", "-11:00", "+23:59")))


def _parsed(shape: s.Parsed, dice: Dice) -> str:
    text = shape.example
    for _ in range(8):
        if "ipv6" in shape.formats and dice.random() < 0.8:
            text = _ipv6(dice)
        elif "ipv6" in shape.formats:
            return "192.0.2.1" if "ipv4" in shape.formats and dice.random() < 0.5 else "::1"
        else:
            text = matching(shape.pattern.compiled.pattern, dice)
        try:
            shape.parse(text)
            break
        except ValueError:
            continue
    return text


def _ipv6(dice: Dice) -> str:
    groups = [f"{dice.choice((0, 1, 0xDB8, dice.getrandbits(16))):x}" for _ in range(8)]
    if dice.random() < 0.5:
        start = dice.randint(0, 6)
        left, right = groups[:start], groups[start + dice.randint(1, 8 - start) :]
        return ":".join(left) + "::" + ":".join(right)
    if dice.random() < 0.3:
        groups[6:] = ["192.0.2.1"]
    return ":".join(groups)


# Near misses


def near_miss(shape: s.Shape, value: Any, dice: Dice) -> Any:
    """The value of the shape with one thing changed, at any depth; it may fit all the same."""
    match shape:
        case s.Nullable() | s.Ruled() | s.Plucked() | s.Deferred():
            return near_miss(shape.shape, value, dice)
        case s.Except(values=values) if values and dice.random() < 0.5:
            return dice.choice(values)
        case s.Except():
            return near_miss(shape.shape, value, dice)
    if dice.random() < 0.12:
        return _of_another_type(value, dice)
    match shape:
        case s.Object() if isinstance(value, dict):
            return _changed_object(shape, dict(value), dice)
        case s.OneOf(discriminator=name, variants=variants) if isinstance(value, dict):
            if dice.random() < 0.25:
                other = dice.choice([kind for kind, _ in variants])
                return {**value, name: dice.choice((other, "other", None, 1, ""))}
            chosen = dict(variants).get(str(value.get(name)), variants[0][1])
            return near_miss(chosen, value, dice)
        case s.Map() if isinstance(value, dict):
            return _changed_map(shape, dict(value), dice)
        case s.List() if isinstance(value, list):
            return _changed_list(shape, list(value), dice)
        case s.Tuple(items=items) if isinstance(value, list) and len(value) == len(items):
            return _changed_tuple(items, list(value), dice)
        case s.Choice(pairs=pairs):
            return _changed_scalar(shape, dice.choice(pairs)[0], dice)
        case _:
            return _changed_scalar(shape, value, dice)


def _of_another_type(value: Any, dice: Dice) -> Any:
    return dice.choice(
        (None, [value], {"a": value}, str(value), _border(dice), _border(dice), _border(dice))
    )


def _border(dice: Dice) -> Any:
    return copy.deepcopy(dice.choice(_PLAIN))


def _changed_object(shape: s.Object, value: dict[str, Any], dice: Dice) -> dict[str, Any]:
    members = {member.wire: member for member in shape.members}
    chance = dice.random()
    here = [wire for wire in value if wire in members]
    if here and chance < 0.55:
        wire = dice.choice(here)
        value[wire] = near_miss(members[wire].shape, value[wire], dice)
    elif here and chance < 0.7:
        del value[dice.choice(here)]
    elif here and chance < 0.8:
        value[dice.choice(here)] = None
    elif here and chance < 0.85:
        wire = dice.choice(here)
        value[dice.choice((wire.upper(), wire + " ", members[wire].name))] = value.pop(wire)
    else:
        others = [m.wire for m in shape.owned] + [m.name for m in shape.members]
        name = dice.choice(("other", "", "id", "kind", "f1", *others))
        value[name] = dice.choice((1, None, "a", value.get(name)))
    return value


def _changed_map(shape: s.Map, value: dict[str, Any], dice: Dice) -> dict[str, Any]:
    chance = dice.random()
    if value and chance < 0.4:
        name = dice.choice(list(value))
        value[name] = near_miss(shape.value, value[name], dice)
        return value
    if value and chance < 0.5:
        del value[dice.choice(list(value))]
        return value
    name = dice.choice(("", "1", "01", "-1", "other", "RED", "red", "\u0000", "a\n", "2024-02-30"))
    if shape.key is not None and dice.random() < 0.5:
        name = str(near_miss(shape.key, fitting(shape.key, dice), dice))
    value[name] = fitting(shape.value, dice)
    return value


def _changed_list(shape: s.List, value: list[Any], dice: Dice) -> list[Any]:
    chance = dice.random()
    if value and chance < 0.5:
        place = dice.randrange(len(value))
        value[place] = near_miss(shape.item, value[place], dice)
        return value
    if chance < 0.75:
        wanted = dice.choice((shape.min_items - 1, (shape.max_items or len(value)) + 1))
        more = value[0] if value else fitting(shape.item, dice)
        return [*value, *[more] * (wanted - len(value))][: max(0, wanted)]
    if value:
        value.append(value[0])
    return value


def _changed_tuple(items: tuple[s.Shape, ...], value: list[Any], dice: Dice) -> list[Any]:
    chance = dice.random()
    if value and chance < 0.6:
        place = dice.randrange(len(value))
        value[place] = near_miss(items[place], value[place], dice)
    elif value and chance < 0.75:
        value.pop()
    elif chance < 0.85:
        value.append(dice.choice((None, 1, "a")))
    else:
        value.reverse()
    return value


def _changed_scalar(shape: s.Shape, value: Any, dice: Dice) -> Any:
    match value:
        case bool():
            return dice.choice((int(value), str(value).lower(), not value, 1.0, "on"))
        case int() | float():
            return _changed_number(shape, value, dice)
        case str():
            return _changed_text(shape, value, dice)
        case _:
            return _border(dice)


_NEAR_A_BOUND: tuple[Callable[[float], Any], ...] = (
    lambda bound: bound,
    lambda bound: int(bound) - 1,
    lambda bound: int(bound) + 1,
    lambda bound: _finite(math.nextafter(float(bound), -math.inf)),
    lambda bound: _finite(math.nextafter(float(bound), math.inf)),
    lambda bound: int(bound) + 0.5 if abs(bound) < 2**52 else int(bound),
)


def _changed_number(shape: s.Shape, value: float, dice: Dice) -> Any:
    bounds = [
        bound
        for bound in (getattr(shape, "minimum", None), getattr(shape, "maximum", None))
        if bound is not None
    ]
    if bounds and dice.random() < 0.5:
        return dice.choice(_NEAR_A_BOUND)(dice.choice(bounds))
    some: list[Callable[[], Any]] = [
        lambda: str(value),
        lambda: value + 0.5 if abs(value) < 2**52 else value,
        lambda: bool(value),
        lambda: int(value) + dice.choice((-1, 1)),
        lambda: -value,
        lambda: dice.choice((2**53, 2**63, -(2**63) - 1, 2**64, 10**30, 10**400, 1e300, 5e-324)),
    ]
    return dice.choice(some)()


def _finite(value: float) -> Any:
    # JSON has no infinity: the whole number that is next to the largest double instead.
    return value if math.isfinite(value) else int(math.copysign(1, value)) * 2**1024


def _changed_text(shape: s.Shape, value: str, dice: Dice) -> Any:
    place = dice.randint(0, len(value))
    char = dice.choice(_ALPHABET + "\u0000Zz٣Ａ")
    some = [
        value + "\n",
        value[:place] + char + value[place:],
        value[:place] + char + value[place + 1 :],
        value[:place] + value[place + 1 :],
        value[:-1],
        value + char,
        " " + value,
        value + "\u0000",
        value.upper(),
        value.lower(),
        value * 2,
        (value + "a") * 40,
        "a" * 300,
    ]
    low, high = getattr(shape, "min_length", 0), getattr(shape, "max_length", None)
    if low:
        some += ["a" * (low - 1), "\U0001f600" * (low - 1), value[: low - 1], value[:low]]
    if high is not None:
        some += ["a" * (high + 1), "\U0001f600" * high, (value + "a" * high)[: high + 1]]
    if value.isascii() and value and value[-1:].isdigit():
        some += [value + "0", "-" + value, "0" + value, value + ".0", value + ".0000001"]
    chosen: Any = dice.choice(some) if dice.random() < 0.8 else _border(dice)
    return chosen


def surrogates_in(shape: s.Shape, value: Any) -> Any:
    """The value with a lone surrogate in its first text of a String; None where there is none."""
    match shape:
        case s.Nullable() | s.Ruled() | s.Except() | s.Plucked() | s.Deferred():
            return surrogates_in(shape.shape, value)
        case s.String() if isinstance(value, str):
            return value + "\ud800"
        case s.Object() if isinstance(value, dict):
            for member in shape.members:
                found = surrogates_in(member.shape, value.get(member.wire))
                if found is not None:
                    return {**value, member.wire: found}
        case s.List(item=item) if isinstance(value, list) and value:
            found = surrogates_in(item, value[0])
            return None if found is None else [found, *value[1:]]
    return None
