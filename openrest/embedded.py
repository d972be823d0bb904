"""The place of related objects in an answer, and the option that says which there may be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from openrest.contract import Contribution, Parameter
from openrest.models import shapes as s
from openrest.options import Names

__all__ = [
    "EMBED",
    "EMBEDDED",
    "EMBED_KEY",
    "RESERVED",
    "Embed",
    "add_embedded",
    "read_embed",
    "without_embedded",
]

#: The parameter that asks for related objects.
EMBED: Final = "embed"
#: Its key in a call, which an author's own parameter called ``embed`` does not have.
EMBED_KEY: Final = ":embed"
#: The member of an object that has them.
EMBEDDED: Final = "_embedded"

#: What no filter may be called beside the option.
RESERVED: Final = Contribution(
    parameters=(Parameter(name=EMBED_KEY, wire=EMBED, shape=s.String()),)
)

#: As deep as an author may let clients ask: each level is a query and a level of JSON.
_DEEPEST: Final = 5

_PLACE: Final = "controller.options.embed"
_DEPTH: Final = "controller.options.max_embed_depth"


def add_embedded(shown: Any, members: Mapping[str, s.Member]) -> Any:
    """What answers show, with a place for what the fields refer to: `members` by their names."""
    if isinstance(shown, s.OneOf):
        variants = tuple((value, add_embedded(each, members)) for value, each in shown.variants)
        return replace(shown, variants=variants)
    names = {member.name for member in shown.members}
    held = tuple(member for name, member in members.items() if name in names)
    if not held:
        return shown
    place = s.Member(
        name=EMBEDDED,
        wire=EMBEDDED,
        shape=s.Object(members=held),
        read_only=True,
        description=f"What it refers to, as far as `{EMBED}` asks for it",
    )
    return replace(shown, members=(*shown.members, place))


def without_embedded(shown: Any) -> Any:
    """What answers show where nothing is asked for."""
    match shown:
        case s.OneOf(variants=variants):
            kinds: Any = tuple((value, without_embedded(each)) for value, each in variants)
            return replace(shown, variants=kinds)
        case s.Object(members=members):
            return replace(shown, members=tuple(m for m in members if m.wire != EMBEDDED))
        case _:
            return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """The fields of `names` may be asked for, and behind dots `depth` levels of them in all.

    Where the author has asked for `all`, there are only those whose objects can be read.
    """

    names: tuple[str, ...] = ()
    all: bool = False
    depth: int = 2


def read_embed(
    options: Mapping[str, Any], shown: s.Object, hidden: Collection[str]
) -> tuple[Embed, list[str]]:
    """What the options ``embed`` and ``max_embed_depth`` ask for, or every mistake in them.

    `shown` are the members that answers show, `hidden` the names of the others that are stored.
    """
    depth = options.get("max_embed_depth", Embed().depth)
    mistakes = []
    if type(depth) is not int or not 1 <= depth <= _DEEPEST:
        mistakes.append(f"{_DEPTH}: must be between 1 and {_DEEPEST}, not {depth!r}.")
    if "embed" not in options:
        if "max_embed_depth" in options:
            mistakes.append(f"{_DEPTH}: there is no option 'embed' whose depth it could bound.")
        return Embed(), mistakes
    asked = options["embed"]
    referring = [member for member in shown.members if member.reference is not None]
    # Commas stand between the paths, and dots in them.
    able = [member.name for member in referring if not set(",.") & set(member.wire)]
    names: Sequence[str] = able if asked is True else asked
    check = Names(
        known=[member.name for member in shown.members],
        hidden=hidden,
        able=able,
        why_not_hidden="answers do not show this field.",
        why_not_able="is no foreign field, or has a comma or a dot in its name.",
        or_true=True,
    )
    mistakes += [f"{_PLACE}: {mistake}" for mistake in check.mistakes(names)]
    if any(member.wire == EMBEDDED for member in shown.members):
        mistakes.append(f"{_PLACE}: the model has a member {EMBEDDED!r}: rename it.")
    if mistakes:
        return Embed(), mistakes
    if not names:
        return Embed(), [f"{_PLACE}: there is no foreign field: leave it out."]
    return Embed(names=tuple(names), all=asked is True, depth=depth), []
