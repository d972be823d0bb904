"""How many objects there are on a page: the parameter that the styles have in common."""

from __future__ import annotations

from openrest.contract import Parameter
from openrest.models import shapes as s

__all__ = ["Size"]


class Size:
    """`default` objects unless the parameter `name` asks otherwise, at most `maximum`.

    `maximum` is `default` unless given. What is beyond it is refused, never repaired.
    """

    def __init__(self, style: str, name: str, default: int, maximum: int | None) -> None:
        self.name = name
        self.default = default
        self.maximum = default if maximum is None else maximum
        if (
            type(default) is not int
            or type(self.maximum) is not int
            or not (1 <= default <= self.maximum)
        ):
            raise ValueError(
                f"{style} needs 1 <= {name} <= max_{name}, not {default} and {self.maximum}"
            )
        shape = s.Integer(minimum=1, maximum=self.maximum)
        self.parameter = Parameter(
            name=name,
            shape=shape,
            default=default,
            description="How many objects to send at most",
        )
        #: The parameter as a member of ``meta``.
        self.member = s.Member(name=name, wire=name, shape=shape, required=True, example=default)

    @property
    def words(self) -> str:
        """What a reader wants to know of a page first."""
        size = "1 object" if self.default == 1 else f"{self.default} objects"
        if self.default == self.maximum:
            return f"A page has up to {size}"
        return f"A page has up to {size}, or as many as `{self.name}` says, at most {self.maximum}"
