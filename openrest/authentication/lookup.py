"""Where users are: in a mapping, in a datastore, or behind a function."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from openrest.errors import ConfigurationError
from openrest.interfaces import DataStore, User
from openrest.query import Condition, Query

__all__ = ["Lookup", "lookup"]

#: What somebody is known by -> the user; None for nobody.
Lookup = Callable[[str], User | None]


def lookup(source: Mapping[str, User] | Lookup | DataStore, member: str, *, hide: bool) -> Lookup:
    """The function that finds a user, in a store by its field `member`.

    With `hide` that field is not in the user. Raises ConfigurationError for a store that cannot be
    asked, and ValueError for what is none of these.
    """
    if isinstance(source, DataStore):
        return _in_store(source, member, hide=hide)
    if isinstance(source, Mapping):
        return source.get
    if callable(source):
        return source
    raise ValueError(f"Users are in a mapping, a datastore or a function, not {type(source)!r}.")


def _in_store(store: DataStore, member: str, *, hide: bool) -> Lookup:
    known = {each.name for each in store.shape.members}
    mistakes = []
    if member not in known:
        mistakes.append(f"its model has no field {member!r}.")
    if "eq" not in store.operators:
        mistakes.append("it cannot find a record by a value.")
    if mistakes:
        raise ConfigurationError(type(store).__name__, mistakes)

    def find(text: str) -> User | None:
        found = [*store.find(Query((Condition(member, "eq", text),), limit=2))]
        # Two of one name are nobody: whoever it is, the other one is not.
        if len(found) != 1:
            return None
        return {k: v for k, v in found[0].items() if k != member} if hide else found[0]

    return find
