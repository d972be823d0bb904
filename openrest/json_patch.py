"""JSON Patch, RFC 6902, with bounds on what a patch can cost."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any, Final, NoReturn
from urllib.parse import unquote

from openrest import messages as msg
from openrest.bodies import MAX_DEPTH
from openrest.errors import Mistake, RuleViolated, nearest
from openrest.messages import Text, say
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.patterns import Pattern
from openrest.models.places import pointer
from openrest.models.walking import bare, stored_object
from openrest.patching import Patching, variant_of
from openrest.views.json import JsonResponse

__all__ = ["JSON_PATCH", "MEDIA_TYPE", "JsonPatch", "apply"]

MEDIA_TYPE: Final = "application/json-patch+json"

#: As many operations as a patch may have.
_MOST: Final = 100

#: A JSON pointer (RFC 6901, section 3).
_POINTER: Final = s.String(
    max_length=1000, patterns=(Pattern("^(?:/(?:[^/~]|~[01])*)*$", _sample="/name"),)
)
_ANY: Final = s.Nullable(shape=s.AnyValue())


def _operation(op: str, *others: str) -> tuple[str, s.Object]:
    shapes = {"path": _POINTER, "from": _POINTER, "value": _ANY}
    members = [s.Member(name="op", wire="op", shape=s.Choice(pairs=((op, op),)), required=True)]
    members += [
        s.Member(name=name, wire=name, shape=shapes[name], required=True)
        for name in ("path", *others)
    ]
    # What an operation does not know it ignores (RFC 6902, section 4).
    name = f"JsonPatch{op.capitalize()}"
    return op, s.Object(members=tuple(members), extra="ignore", component=name)


#: What a patch is: the operations in their order.
JSON_PATCH: Final = s.List(
    item=s.OneOf(
        component="JsonPatchOperation",
        discriminator="op",
        variants=(
            _operation("add", "value"),
            _operation("remove"),
            _operation("replace", "value"),
            _operation("move", "from"),
            _operation("copy", "from"),
            _operation("test", "value"),
        ),
    ),
    max_items=_MOST,
)


class JsonPatch(Patching):
    """Applies a patch to a record and validates the whole of what comes out.

    The object that it is applied to is the one that is shown, less what is computed, and less the
    members with the names in `hidden`. What is stored and not shown goes with the object that it
    is in. What only the server sets can be tested and copied, and not changed; in inner objects it
    is not there. `most` is how many bytes the object may have, and all that is copied in it.
    """

    def __init__(
        self,
        model: s.Object | s.OneOf,
        key: s.Member,
        most: int,
        hidden: Collection[str] = (),
    ) -> None:
        super().__init__(model, key)
        self._most = most
        stored = stored_object(model)
        told = tuple(m for m in stored.members if m.name not in hidden)
        self._dump_shown = dumper(replace(stored, members=told))
        self._untold = {m.name: m.wire for m in stored.members if m.name in hidden}
        self._fixed = {m.wire for m in told if m.name in self.owned}
        self._discriminator = model.discriminator if isinstance(model, s.OneOf) else None

    def __call__(
        self,
        current: dict[str, Any],
        operations: Sequence[dict[str, Any]],
        placed: set[str] | None = None,
    ) -> dict[str, Any]:
        """The new record, from the current one and the operations of a patch.

        To `placed` the names of those hidden members are added that the patch has set.
        Raises RuleViolated where one of them cannot be applied, and as `record` does, with the
        place of each mistake in the patch.
        """
        before, shown = self.wire(current), self._dump_shown(current)
        fixed = {name: shown[name] for name in self._fixed if name in shown}
        veiled = _veiled(before, shown)
        patched = apply({**veiled, **fixed}, operations, self._most)
        if placed is not None and isinstance(patched, dict):
            placed.update(name for name, wire in self._untold.items() if wire in patched)
        try:
            if isinstance(patched, dict):
                self._take_fixed(patched, fixed)
            after = self._unveiled(veiled, patched)
            return self.record(current, before, after, _difference(before, after))
        except RuleViolated as refused:
            mistakes = [_in_patch(mistake, operations) for mistake in refused.mistakes]
            raise RuleViolated(mistakes, refused.detail) from refused

    def _unveiled(self, veiled: dict[str, Any], patched: Any) -> Any:
        """The patched object with what it has unseen; of another kind it has nothing unseen."""
        name = self._discriminator
        if name is not None and isinstance(patched, dict) and patched.get(name) != veiled[name]:
            patched = _seen(patched)
        return _unveiled(patched, self.whole, self._untold.values())

    def _take_fixed(self, patched: dict[str, Any], fixed: dict[str, Any]) -> None:
        """Take out of the patched object what only the server sets, once it is as it was."""
        for name in sorted(self._fixed):
            if not _equal(patched.pop(name, _NOTHING), fixed.get(name, _NOTHING)):
                raise _unfit(Mistake(say(msg.SET_BY_SERVER), pointer=pointer(name)))


def apply(document: Any, operations: Sequence[dict[str, Any]], most: int) -> Any:
    """The document that the operations make (RFC 6902, section 4); the given one stays.

    All of them are applied or none. Raises RuleViolated with the place in the patch. `most` bounds
    the bytes that are added by copying, and those of what comes out.
    """
    patch = _Applied(copy.deepcopy(document), most)
    for place, operation in enumerate(operations):
        patch.apply(place, operation)
    size = _size(_told(patch.root))
    # What is too large already may still be made smaller.
    if size > most and size > _size(_told(document)):
        raise _unfit(_mistake(len(operations) - 1, "path", say(msg.GROWS_TOO_LARGE, maximum=most)))
    return patch.root


_NOTHING: Final = object()


class _Applied:
    """A document on which operations are carried out, one after the other."""

    def __init__(self, root: Any, most: int) -> None:
        self.root = root
        self._left = self._most = most
        self._place = 0

    def apply(self, place: int, operation: dict[str, Any]) -> None:
        self._place = place
        path = _tokens(operation["path"])
        match operation["op"]:
            case "add":
                self._add(path, self._fitting(path, copy.deepcopy(operation["value"])))
            case "remove":
                self._remove(path, "path")
            case "replace":
                self._remove(path, "path")
                self._add(path, self._fitting(path, copy.deepcopy(operation["value"])))
            case "move":
                self._move(_tokens(operation["from"]), path)
            case "copy":
                source = _tokens(operation["from"])
                value = self._get(source, "from") if source else _told(self.root)
                self._add(path, copy.deepcopy(self._fitting(path, self._affordable(value))))
            case _:
                if not _equal(self._get(path, "path"), operation["value"]):
                    self._fail("value", say(msg.TEST_FAILED))

    def _move(self, source: list[str], target: list[str]) -> None:
        if source == target:
            self._get(source, "from")
        elif target[: len(source)] == source:
            self._fail("path", say(msg.INTO_ITSELF))
        else:
            value = self._remove(source, "from")
            if len(target) > len(source):
                # As dear as a copy, since its depth has to be looked up.
                self._fitting(target, self._affordable(value))
            self._add(target, value)

    def _affordable(self, value: Any) -> Any:
        """The value, where with all that was copied before it is not too large."""
        self._left -= _size(value)
        if self._left < 0:
            self._fail("path", say(msg.GROWS_TOO_LARGE, maximum=self._most))
        return value

    def _fitting(self, path: list[str], value: Any) -> Any:
        """The value, where it is not too deep at this place."""
        if _is_deeper(value, MAX_DEPTH - len(path)):
            self._fail("path", say(msg.GROWS_TOO_DEEP, maximum=MAX_DEPTH))
        return value

    def _get(self, path: list[str], name: str) -> Any:
        found = self.root
        for token in path:
            found = self._child(found, token, name)
        return found

    def _child(self, parent: Any, token: str, name: str) -> Any:
        if isinstance(parent, dict) and token in parent:
            return parent[token]
        if isinstance(parent, list):
            return parent[self._index(token, len(parent) - 1, name)]
        return self._lost(parent, token, name)

    def _add(self, path: list[str], value: Any) -> None:
        if not path:
            self.root = value
            return
        parent, last = self._get(path[:-1], "path"), path[-1]
        if isinstance(parent, dict):
            parent[last] = value
        elif isinstance(parent, list):
            end = len(parent)
            parent.insert(end if last == "-" else self._index(last, end, "path"), value)
        else:
            self._lost(parent, last, "path")

    def _remove(self, path: list[str], name: str) -> Any:
        if not path:
            self.root, removed = None, self.root
            return removed
        parent, last = self._get(path[:-1], name), path[-1]
        removed = self._child(parent, last, name)
        del parent[int(last) if isinstance(parent, list) else last]
        return removed

    def _index(self, token: str, most: int, name: str) -> int:
        # No sign, no leading zero (RFC 6901, section 4); and no more digits than a list is long.
        if re.fullmatch("0|[1-9][0-9]{0,8}", token) and int(token) <= most:
            return int(token)
        self._fail(name, say(msg.NO_SUCH_PLACE))

    def _lost(self, parent: Any, token: str, name: str) -> NoReturn:
        near = nearest(token, _seen(parent)) if isinstance(parent, dict) else None
        self._fail(
            name,
            say(msg.NO_SUCH_PLACE_NEAR, near=near) if near else say(msg.NO_SUCH_PLACE),
        )

    def _fail(self, name: str, detail: Text) -> NoReturn:
        raise _unfit(_mistake(self._place, name, detail))


def _in_patch(mistake: Mistake, operations: Sequence[dict[str, Any]]) -> Mistake:
    """The mistake at the operation that made it, instead of the place in the patched object.

    That is the last one in or around the place, or else one in the same member.
    """
    wanted = _tokens(unquote((mistake.pointer or "").removeprefix("#")))
    places = [
        (place, name, _tokens(operation[name]))
        for place, operation in enumerate(operations)
        for name in ("from", "path")
        if name in operation and operation["op"] != "test"
    ]
    for depth in dict.fromkeys((len(wanted), 1)):
        for place, name, path in reversed(places):
            shared = min(len(path), depth)
            if wanted and path[:shared] == wanted[:shared]:
                has_value = "value" in operations[place] and len(path) <= depth
                return replace(mistake, pointer=f"#/{place}/{'value' if has_value else name}")
    return replace(mistake, pointer="#")


def _mistake(place: int, name: str, detail: Text) -> Mistake:
    return Mistake(detail, pointer=f"#/{place}/{name}")


def _unfit(mistake: Mistake) -> RuleViolated:
    return RuleViolated([mistake], msg.PATCH_UNFIT)


def _tokens(path: str) -> list[str]:
    """The names that a JSON pointer is made of (RFC 6901, section 4)."""
    return [token.replace("~1", "/").replace("~0", "~") for token in path.split("/")[1:]]


def _equal(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same (RFC 6902, section 4.6): 1 is 1.0, and not true."""
    match one, other:
        case dict(), dict():
            one, other = _seen(one), _seen(other)
            return one.keys() == other.keys() and all(_equal(one[n], other[n]) for n in one)
        case list(), list():
            return len(one) == len(other) and all(map(_equal, one, other))
        case _:
            return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether a value has more levels of nesting."""
    match value:
        case dict():
            return levels < 1 or any(_is_deeper(each, levels - 1) for each in value.values())
        case list():
            return levels < 1 or any(_is_deeper(each, levels - 1) for each in value)
        case _:
            return False


class _Unseen(str):
    """The name of a member that is not shown: no pointer leads to it, and it goes with its object.

    It equals no text, so that a member of the same name may be put beside it.
    """

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Unseen) and str.__eq__(self, other)


def _veiled(stored: Any, shown: Any) -> Any:
    """The stored value, of which only what is shown can be seen."""
    match stored, shown:
        case dict(), dict():
            return {
                name if name in shown else _Unseen(name): _veiled(value, shown.get(name, value))
                for name, value in stored.items()
            }
        case list(), list():
            return [_veiled(*items) for items in zip(stored, shown, strict=True)]
        case _:
            return stored


def _unveiled(value: Any, shape: s.Shape | None, untold: Collection[str] = ()) -> Any:
    """The value with what is unseen in it, but what a new member has taken the place of.

    Nothing comes to light that way: what no answer would hide at its new place, by its shape or
    among the `untold` members of the root, stays behind.
    """
    shape = None if shape is None else bare(shape)
    match value:
        case dict():
            seen = _seen(value)
            kind = variant_of(shape, seen) if shape is not None else None
            members = kind.members if isinstance(kind, s.Object) else ()
            shapes = {member.wire: member.shape for member in members}
            secret = {member.wire for member in members if member.write_only}
            other = kind.value if isinstance(kind, s.Map) else None
            unseen = {
                str(name): _unveiled(inner, shapes.get(str(name)))
                for name, inner in value.items()
                if isinstance(name, _Unseen) and (str(name) in secret or str(name) in untold)
            }
            told = {n: _unveiled(inner, shapes.get(n, other)) for n, inner in seen.items()}
            return {**unseen, **told}
        case list():
            return [_unveiled(each, inner) for each, inner in _items(value, shape)]
        case _:
            return value


def _items(value: list[Any], shape: s.Shape | None) -> Iterable[tuple[Any, s.Shape | None]]:
    """The items of an array, each with its shape."""
    match shape:
        case s.List(item=item):
            return ((each, item) for each in value)
        case s.Tuple(items=items):
            return zip_longest(value, items[: len(value)])
        case _:
            return ((each, None) for each in value)


def _told(root: Any) -> Any:
    """The root without what is unseen of it: how large that is, and what, is told by nothing."""
    return _seen(root) if isinstance(root, dict) else root


def _seen(value: dict[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in value.items() if not isinstance(name, _Unseen)}


def _size(value: Any) -> int:
    """How many bytes a value has as JSON."""
    return len(JsonResponse.encode(value))


def _difference(before: Any, after: Any) -> Any:
    """What a merge patch would name to make one object of the other."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return after
    named = {name: None for name in before if name not in after}
    for name, value in after.items():
        if name not in before or not _equal(before[name], value):
            named[name] = _difference(before.get(name), value)
    return named
