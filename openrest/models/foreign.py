"""Fields that refer to the objects of another resource, or of the same one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final, Literal, NotRequired, TypedDict, Unpack, get_args

from openrest.errors import did_you_mean
from openrest.models import shapes as s
from openrest.models.fields import FieldOptions, IntegerField, ShapedField, StringField, UUIDField
from openrest.models.formats import SEGMENT
from openrest.models.links import RESOURCE_NAME, link_shape

__all__ = ["Foreign", "IntForeignField", "StringForeignField", "UUIDForeignField"]

Format = Literal["key", "uri"]
OnDelete = Literal["restrict", "cascade", "set_null"]

_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "format": get_args(Format),
    "on_delete": get_args(OnDelete),
}


# At run time its keys are asked for, their Required marks are not.
class Foreign(TypedDict):
    """What a field refers to.

    resource: the `resource_name` of the other resource, or of its own.
    field: the name of that resource's key; it is found unless given.
    format: ``"uri"`` has clients read and write a link, ``/address/3``, in the place of the key.
    on_delete: what becomes of the records that refer to a deleted one: ``"restrict"``, which is
        the default, refuses to delete it; ``"cascade"`` deletes them, too; ``"set_null"`` makes
        them refer to nothing.
    """

    resource: str
    field: NotRequired[str]
    format: NotRequired[Format]
    on_delete: NotRequired[OnDelete]


class _ForeignField(ShapedField):
    """What the three have in common: `foreign`, and the shape of the key that they refer to."""

    _key: ClassVar[s.Shape]

    def __init__(
        self, *, foreign: Foreign, name: str | None = None, **options: Unpack[FieldOptions]
    ) -> None:
        super().__init__(name=name, **options)
        self.reference = _reference(foreign, self)

    def base_shape(self) -> s.Shape:
        if self.reference.format == "key":
            return self._key
        return link_shape(self.reference.resource, self._key)


class IntForeignField(_ForeignField, IntegerField):
    """The key of an object whose key is a `PkField`: ``foreign={"resource": "address"}``."""

    _key = s.Integer(minimum=0)


class UUIDForeignField(_ForeignField, UUIDField):
    """The key of an object whose key is a `UUIDPkField`."""

    _key = s.Uuid()


class StringForeignField(_ForeignField, StringField):
    """The key of an object whose key is a `StringPkField`."""

    _key = s.String(min_length=1, max_length=255, patterns=(SEGMENT,))


def _reference(foreign: Any, field: Any) -> s.Reference:
    """What `foreign` says. Raises ValueError with every mistake."""
    mistakes = list(_mistakes(foreign, field))
    if mistakes:
        raise ValueError(f"{type(field).__name__}: {'; '.join(mistakes)}")
    return s.Reference(**foreign)


def _mistakes(foreign: Any, field: Any) -> Iterator[str]:
    if not isinstance(foreign, Mapping):
        yield f'foreign must be like {{"resource": "address"}}, not {foreign!r}'
        return
    known = Foreign.__annotations__
    for name in foreign:
        if name not in known:
            yield f"foreign: unknown key {name!r}.{did_you_mean(str(name), known)}"
    for name in ("resource", "field"):
        value = foreign.get(name, "field")
        if not isinstance(value, str) or not value:
            yield f"foreign: {name!r} must be a name, not {value!r}"
    if "resource" not in foreign:
        yield "foreign: 'resource' is missing"
    elif isinstance(name := foreign["resource"], str) and name:
        if not RESOURCE_NAME.fullmatch(name):
            yield f"foreign: no resource can be called {name!r}"
    for name, choices in _CHOICES.items():
        value = foreign.get(name, choices[0])
        if value not in choices:
            near = did_you_mean(str(value), choices)
            yield f"foreign: {name!r} is {value!r}, and none of {', '.join(choices)}.{near}"
    if foreign.get("on_delete") == "set_null" and not field.allow_none:
        yield "foreign: 'set_null' needs allow_none=True"
