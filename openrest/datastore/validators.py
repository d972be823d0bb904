"""Rules about stored records that a store keeps inside the write itself."""

from __future__ import annotations

from openrest import messages as msg
from openrest.contract import Contribution, ResponseSpec
from openrest.errors import Conflict, Mistake, RecordConflict
from openrest.interfaces import StoreValidator
from openrest.messages import say

__all__ = ["UniqueTogether"]


class UniqueTogether(StoreValidator):
    """No two records have the same values in all of these fields.

        "options": {"validators": [UniqueTogether("first_name", "last_name")]}

    A record that lacks one of the values clashes with none, as in SQL.
    """

    def __init__(self, *members: str) -> None:
        if not members:
            raise ValueError("UniqueTogether names at least one field")
        if len(set(members)) != len(members):
            raise ValueError(f"UniqueTogether names a field twice: {', '.join(members)}")
        self.members = members

    def __repr__(self) -> str:
        return f"UniqueTogether({', '.join(map(repr, self.members))})"

    def contribution(self) -> Contribution:
        clash = RecordConflict(self.members)
        return Contribution(
            responses=(
                ResponseSpec(
                    status=409,
                    description=str(clash),
                    example=Conflict(
                        str(clash),
                        [Mistake(say(msg.TAKEN), pointer=f"#/{member}") for member in self.members],
                    ),
                ),
            )
        )
