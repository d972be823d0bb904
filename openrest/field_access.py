"""Who may read and who may set a field: the options ``readable`` and ``writable``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any, Final

from openrest import messages as msg
from openrest.access import refusal
from openrest.contract import Contribution, ResponseSpec
from openrest.errors import Forbidden, Mistake
from openrest.interfaces import Authentication, Permission, Record, User
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.loading import same
from openrest.models.objects import fill
from openrest.models.places import pointer
from openrest.models.walking import stored_object
from openrest.options import Names

__all__ = ["FieldAccess", "read_field_access"]

_READING: Final = ("get_list", "get", "patch_many", "delete_many")
_WRITING: Final = ("create", "update", "patch", "patch_many")
_NONE: Final[frozenset[str]] = frozenset()
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class FieldAccess:
    """The permissions that fields need, to be read or to be set; all others are everybody's.

    What somebody may not read is in no answer to them, and they cannot ask by it. What they may not
    set stays as it is.
    """

    authentication: Authentication
    readable: Mapping[str, Permission]
    writable: Mapping[str, Permission]
    members: Mapping[str, s.Member]
    shape: s.Object | s.OneOf

    def contribution(self, handler: str) -> Contribution:
        """The statuses that it adds to the operation of this handler of a controller."""
        responses = []
        if self.readable and handler in _READING:
            responses.append(
                ResponseSpec(
                    status=403,
                    description="Whoever makes the request may not read what it asks by",
                    example=Forbidden(say(msg.MAY_NOT_READ, member=self._wire(self.readable))),
                )
            )
        if self.writable and handler in _WRITING:
            wire = self._wire(self.writable)
            mistake = Mistake(say(msg.NOT_TO_SET), pointer=pointer(wire))
            responses.append(
                ResponseSpec(
                    status=403,
                    description="Whoever makes the request may not set one of the members",
                    example=Forbidden(say(msg.MAY_NOT_SET), [mistake]),
                )
            )
        return Contribution(responses=tuple(responses))

    def marked(self, shape: Any) -> Any:
        """The object of which some members are not for everybody, and a word on each."""
        members = tuple(map(self._marked, shape.members))
        if isinstance(shape, s.OneOf):
            variants = tuple((value, self.marked(variant)) for value, variant in shape.variants)
            return replace(shape, members=members, variants=variants)
        return replace(shape, members=members)

    def _marked(self, member: s.Member) -> s.Member:
        said = f"{member.description} {self._words(member)}".strip()
        return replace(member, description=said, guarded=member.name in self.readable)

    def _words(self, member: s.Member, *, read: bool = True, written: bool = True) -> str:
        """Who is shown the member, and who may set it."""
        reading, writing = self.readable.get(member.name), self.writable.get(member.name)
        words = []
        if reading is not None and read:
            words += ["Not everybody is shown it.", reading.description]
        if writing is not None and written and not member.read_only:
            words += ["Not everybody may set it.", writing.description]
        return " ".join(filter(None, words))

    def narrowed(
        self, shape: Any, hidden: Collection[str], fixed: Collection[str], *, sent: bool = True
    ) -> Any:
        """The marked object of which some fields are not answered, and others not to be set.

        Without `sent` the latter are not there.
        """
        members = tuple(
            self._narrowed(member, hidden, fixed)
            for member in shape.members
            if sent or member.name not in fixed
        )
        if isinstance(shape, s.OneOf):
            variants = tuple(
                (value, self.narrowed(each, hidden, fixed, sent=sent))
                for value, each in shape.variants
            )
            return replace(shape, members=members, variants=variants)
        return replace(shape, members=members)

    def _narrowed(
        self, member: s.Member, hidden: Collection[str], fixed: Collection[str]
    ) -> s.Member:
        read, written = member.name not in hidden, member.name not in fixed
        plain = member.description.removesuffix(self._words(member))
        return replace(
            member,
            write_only=member.write_only or not read,
            read_only=member.read_only or not written,
            description=f"{plain}{self._words(member, read=read, written=written)}".strip(),
        )

    def hidden(self, user: User | None) -> frozenset[str]:
        """The fields that the user may not read."""
        return _forbidden(self.readable, user)

    def fixed(self, user: User | None) -> frozenset[str]:
        """The fields that the user may not set."""
        return _forbidden(self.writable, user)

    def public(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the fields that everybody may read."""
        return tuple(name for name in names if name not in self.readable)

    def see(self, user: User | None, names: Iterable[str]) -> None:
        """Raise Forbidden, or Unauthorized, where one of the fields is hidden from the user."""
        hidden = self.hidden(user)
        for name in names if hidden else ():
            if name in hidden:
                wire = self.members[name].wire
                raise refusal(self.authentication, user, say(msg.MAY_NOT_READ, member=wire))

    def see_members(self, user: User | None, wires: Collection[str]) -> None:
        """As `see`, of members by their names in JSON."""
        self.see(user, (name for name in self.readable if self.members[name].wire in wires))

    def replaced(self, user: User | None, current: Record, new: Record) -> Record:
        """The record for the place of the current one, of one that was sent whole.

        What its sender cannot know or set stays as it is where it was not sent. Raises as
        `changed` does.
        """
        kept = dict(new)
        hidden, fixed = self.hidden(user), self.fixed(user)
        names = self._names(new) if hidden or fixed else _NONE
        for name in hidden | fixed:
            if self._is_usual(name, new):
                kept.pop(name, None)
                if name in current and name in names:
                    kept[name] = current[name]
        sent = [name for name in hidden & fixed if not self._is_usual(name, new)]
        return self.changed(user, current, kept, sent)

    def merged(
        self, user: User | None, current: Record, new: Record, patch: Collection[str]
    ) -> Record:
        """As `changed`, of a patch that has members with these names in JSON."""
        return self.changed(
            user, current, new, [n for n, m in self.members.items() if m.wire in patch]
        )

    def check_new(self, user: User | None, new: Record, index: int | None = None) -> None:
        """Raise Forbidden, or Unauthorized, where a new record has what its sender may not set."""
        fixed = self.fixed(user)
        self._refuse(user, [name for name in fixed if not self._is_usual(name, new)], index)

    def changed(
        self, user: User | None, current: Record, new: Record, sent: Collection[str]
    ) -> Record:
        """The record for the place of the current one, where nothing changes that may not.

        Otherwise it raises Forbidden, or Unauthorized. What somebody may neither read nor set is
        refused wherever it was `sent`, also as it is: else an answer would tell whether a guess
        is right.
        """
        fixed = self.fixed(user)
        unseen = fixed & self.hidden(user) if fixed else fixed
        seen = fixed - unseen
        changed = [
            name for name in seen if not same(new.get(name, _ABSENT), current.get(name, _ABSENT))
        ]
        self._refuse(user, [*changed, *unseen.intersection(sent)])
        if not unseen:
            return new
        return {
            **{name: value for name, value in new.items() if name not in unseen},
            **{name: current[name] for name in unseen & self._names(new) if name in current},
        }

    def _names(self, record: Record) -> Set[str]:
        """The fields that a record of its kind may have."""
        if not isinstance(self.shape, s.OneOf):
            return self.members.keys()
        kind = record.get(self.shape.discriminator)
        found = next(variant for value, variant in self.shape.variants if value == kind)
        return {member.name for member in found.members}

    def _is_usual(self, name: str, record: Record) -> bool:
        """Whether a field is as if it had not been sent."""
        if name not in record:
            return True
        member = self.members[name]
        if member.default is s.MISSING and not member.nullable:
            return False
        return same(record[name], fill(member))

    def _refuse(self, user: User | None, names: Collection[str], index: int | None = None) -> None:
        if not names:
            return
        root = "#" if index is None else f"#/{index}"
        mistakes = [
            Mistake(say(msg.NOT_TO_SET), pointer=root + pointer(self.members[name].wire)[1:])
            for name in sorted(names)
        ]
        raise refusal(self.authentication, user, say(msg.MAY_NOT_SET), mistakes)

    def _wire(self, permissions: Mapping[str, Permission]) -> str:
        return self.members[next(iter(permissions))].wire


def _forbidden(permissions: Mapping[str, Permission], user: User | None) -> frozenset[str]:
    if not permissions:
        return _NONE
    return frozenset(name for name, needed in permissions.items() if not needed.allows(user))


def read_field_access(
    options: Mapping[str, Any], shape: s.Object | s.OneOf, key: s.Member
) -> tuple[FieldAccess | None, list[str]]:
    """What the options ``readable`` and ``writable`` ask for, or every mistake in them."""
    asked = {name: options[name] for name in ("readable", "writable") if options.get(name)}
    if not asked:
        return None, []
    authentication = options.get("authentication")
    members = {member.name: member for member in stored_object(shape).members}
    fixed = {key.name, shape.discriminator} if isinstance(shape, s.OneOf) else {key.name}
    able: dict[str, Callable[[s.Member], bool]] = {
        "readable": lambda m: not m.write_only,
        "writable": lambda m: not m.read_only,
    }
    why_not = {
        "readable": "no answer shows it to anybody.",
        "writable": "no client can set it.",
    }
    mistakes: list[str] = []
    for option, permissions in asked.items():
        place = f"controller.options.{option}"
        if authentication is None:
            mistakes.append(f"{place}: without the option authentication nobody is known.")
        if not isinstance(permissions, Mapping):
            mistakes.append(f"{place}: is no mapping of fields but {permissions!r}.")
            continue
        names = Names(
            known=list(members),
            hidden={member.name for member in shape.members} - members.keys(),
            able=[name for name, member in members.items() if able[option](member)],
            why_not_hidden="it is computed: say who may read what it is made of.",
            why_not_able=why_not[option],
        )
        asked_for = [name for name in permissions if name not in fixed]
        mistakes += [f"{place}: {mistake}" for mistake in names.mistakes(asked_for)]
        mistakes += [
            f"{place}: {name!r}: it says which object this is, so it is shown to everybody and "
            "never changes."
            for name in permissions
            if name in fixed
        ]
        mistakes += _not_permissions(place, permissions)
    if mistakes or not isinstance(authentication, Authentication):
        return None, mistakes
    return FieldAccess(
        authentication, asked.get("readable", {}), asked.get("writable", {}), members, shape
    ), []


def _not_permissions(place: str, permissions: Mapping[Any, Any]) -> Iterator[str]:
    for name, permission in permissions.items():
        if not isinstance(permission, Permission):
            yield f"{place}: {name!r} is no permission, such as Role('hr'), but {permission!r}."
