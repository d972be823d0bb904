"""What whoever makes a request may do with each resource, and how it is known who they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from openrest.config import Definition
from openrest.errors import ContractError, CredentialsRefused
from openrest.interfaces import Authentication, Credentials, User

__all__ = ["Callers", "Rights"]

#: The key of a user of `Callers` that has their rights.
_RIGHTS: Final = "rights"
#: Of one of several schemes, for which the credentials of somebody who is known are wrong.
_REFUSED: Final[User] = {}


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do with a resource: all but this.

    `verbs` are those of the option ``authorization`` that they may not, ``"*"`` among them;
    `hidden` are the fields that they may not read, `fixed` those that they may not set.
    """

    definition: Definition = field(repr=False, compare=False)
    verbs: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()

    def allow(self, method: str) -> bool:
        """Whether they may do what the method does."""
        return (method if method in self.definition.permissions else "*") not in self.verbs


class Callers(Authentication):
    """Tells who makes a request by any of the schemes that resources have, and what they may.

    Credentials that one scheme knows need not be right for the others: what those are for is then
    not theirs, since it would be 401 for them.
    """

    def __init__(self, definitions: Iterable[Definition]) -> None:
        self._definitions = tuple(definitions)
        asked = (definition.authentication for definition in self._definitions)
        # Each instance once, whatever it says that it equals.
        self._schemes = list({id(one): one for one in asked if one is not None}.values())
        self.can_be_away = any(one.can_be_away for one in self._schemes)

    @property
    def schemes(self) -> Mapping[str, Mapping[str, Any]]:
        return {name: scheme for one in self._schemes for name, scheme in one.schemes.items()}

    @property
    def query_parameters(self) -> frozenset[str]:
        return frozenset().union(*(one.query_parameters for one in self._schemes))

    @property
    def cookies(self) -> frozenset[str]:
        return frozenset().union(*(one.cookies for one in self._schemes))

    def requirements(self, scopes: Sequence[str]) -> Sequence[Mapping[str, Sequence[str]]]:
        found: list[Mapping[str, Sequence[str]]] = []
        for one in self._schemes:
            found += [needed for needed in one.requirements(scopes) if needed not in found]
        return found

    def challenges(self, refused: CredentialsRefused | None) -> Sequence[str]:
        every = [challenge for one in self._schemes for challenge in one.challenges(refused)]
        return list(dict.fromkeys(every))

    def authenticate(self, credentials: Credentials) -> User | None:
        known: dict[int, User | None] = {}
        refused: CredentialsRefused | None = None
        for one in self._schemes:
            try:
                known[id(one)] = one.authenticate(credentials)
            except CredentialsRefused as error:
                refused, known[id(one)] = refused or error, _REFUSED
        users = [user for user in known.values() if user is not None and user is not _REFUSED]
        if not users and refused is not None:
            raise refused
        if not users:
            return None
        for user in users:
            if "id" not in user:
                raise ContractError("An Authentication gives a user who has no 'id'.")
        return {"id": users[0]["id"], _RIGHTS: self._rights(known)}

    def rights(self, user: User | None) -> tuple[Rights, ...]:
        """What a user, as `authenticate` gives them, may do with each of the resources."""
        found: tuple[Rights, ...] = self._rights({}) if user is None else user[_RIGHTS]
        return found

    def _rights(self, known: Mapping[int, User | None]) -> tuple[Rights, ...]:
        return tuple(
            _rights_to(definition, known.get(id(definition.authentication)))
            for definition in self._definitions
        )


def _rights_to(definition: Definition, user: User | None) -> Rights:
    if user is _REFUSED:
        return Rights(definition, frozenset(definition.permissions))
    verbs = (verb for verb, needed in definition.permissions.items() if not needed.allows(user))
    fields = definition.fields
    if fields is None:
        return Rights(definition, frozenset(verbs))
    return Rights(definition, frozenset(verbs), fields.hidden(user), fields.fixed(user))
