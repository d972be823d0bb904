"""Who may do what: a permission for each verb, asked once it is known who makes the request."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from openrest.interfaces import Permission, User
from openrest.options import verb_hint

__all__ = ["Anyone", "Authenticated", "Role", "Scope", "read_authorization"]

_PLACE: Final = "controller.options.authorization"


class Anyone(Permission):
    """Everybody may, whether it is known who they are or not."""

    is_for_anyone = True
    may_forbid = False

    def allows(self, user: User | None) -> bool:
        return True


class Authenticated(Permission):
    """Whoever is known may."""

    may_forbid = False

    def allows(self, user: User | None) -> bool:
        return user is not None


class Scope(Permission):
    """Those may who have all of the scopes (RFC 6749, section 3.3): ``Scope("admin")``.

    They are in the user's ``"scopes"``: a list of them, or a text with spaces between them.
    """

    def __init__(self, *scopes: str) -> None:
        _check(self, scopes)
        self.scopes = scopes
        self.description = f"Needs the scope {' and '.join(f'`{each}`' for each in scopes)}."

    def __repr__(self) -> str:
        return f"Scope({', '.join(map(repr, self.scopes))})"

    def allows(self, user: User | None) -> bool:
        return user is not None and {*self.scopes} <= _names(user.get("scopes"))


class Role(Permission):
    """Those may who have one of the roles: ``Role("editor", "admin")``.

    They are in the user's ``"roles"``, as scopes are in ``"scopes"``.
    """

    def __init__(self, *roles: str) -> None:
        _check(self, roles)
        self.roles = roles
        self.description = f"Needs the role {' or '.join(f'`{each}`' for each in roles)}."

    def __repr__(self) -> str:
        return f"Role({', '.join(map(repr, self.roles))})"

    def allows(self, user: User | None) -> bool:
        return user is not None and not {*self.roles}.isdisjoint(_names(user.get("roles")))


class Both(Permission):
    """Those may who have two permissions."""

    def __init__(self, first: Permission, second: Permission) -> None:
        self._parts = (first, second)
        self.scopes = tuple(dict.fromkeys([*first.scopes, *second.scopes]))
        said = dict.fromkeys(filter(None, (first.description, second.description)))
        self.description = " ".join(said)
        # They are told of a class, which has them of any two.
        vars(self).update(
            is_for_anyone=first.is_for_anyone and second.is_for_anyone,
            may_forbid=first.may_forbid or second.may_forbid,
        )

    def allows(self, user: User | None) -> bool:
        return all(part.allows(user) for part in self._parts)


def _check(permission: Permission, names: Collection[Any]) -> None:
    """Raise ValueError where these are no names that a permission can be made of."""
    if not names or not all(isinstance(name, str) and name and " " not in name for name in names):
        shown = ", ".join(map(repr, names)) or "none"
        raise ValueError(f"{type(permission).__name__} needs names, not {shown}.")


def _names(given: Any) -> set[str]:
    if isinstance(given, str):
        return {*given.split()}
    if not isinstance(given, Collection):
        return set()
    return {name for name in given if isinstance(name, str)}


def read_authorization(
    options: Mapping[str, Any], list_verbs: Collection[str], unique_verbs: Collection[str]
) -> tuple[dict[str, Permission] | None, list[str]]:
    """The permission for each verb, or every mistake; None where nobody is asked who they are."""
    if "authentication" not in options or options["authentication"] is None:
        if "authorization" in options:
            return None, [f"{_PLACE}: without the option authentication nobody is known."]
        return None, []
    asked = options.get("authorization", Authenticated())
    verbs = [*dict.fromkeys([*list_verbs, *unique_verbs])]
    if isinstance(asked, Permission):
        return dict.fromkeys([*verbs, "*"], asked), []
    if not isinstance(asked, Mapping):
        return None, [f"{_PLACE}: is neither a permission nor a mapping of verbs but {asked!r}."]
    mistakes = [*_mistakes(asked, verbs)]
    if mistakes:
        return None, mistakes
    rest = asked.get("*", Authenticated())
    return {verb: asked.get(verb, rest) for verb in [*verbs, "*"]}, []


def _mistakes(asked: Mapping[Any, Any], verbs: Collection[str]) -> Iterator[str]:
    for verb, permission in asked.items():
        if verb not in (*verbs, "*"):
            known = [*verbs, "*"]
            hint = verb_hint(verb, known)
            yield f"{_PLACE}: {verb!r} is none of {', '.join(known)}.{hint}"
        if isinstance(permission, Permission):
            continue
        if isinstance(permission, type) and issubclass(permission, Permission):
            name = permission.__name__
            yield f"{_PLACE}: {verb!r}: {name} is a class: write {name}(...)."
        else:
            wanted = "a permission, such as Authenticated()"
            yield f"{_PLACE}: {verb!r} is not {wanted}, but {permission!r}."
