"""`Model`: a marshmallow Schema whose fields may also be listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema
from marshmallow import fields as ma
from marshmallow.schema import SchemaMeta

from openrest.errors import ModelError
from openrest.models.derive import schema_shape
from openrest.models.shapes import Object

__all__ = ["Model"]


class ModelMeta(SchemaMeta):
    """Takes the ``fields`` list of a model, and turns the model into its shape at once."""

    shape: Object

    def __new__(
        mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **options: Any
    ) -> ModelMeta:
        listed = attrs.pop("fields", ())
        mistakes = []
        for place, field in enumerate(listed):
            label = getattr(field, "declared_name", None)
            if not isinstance(field, ma.Field):
                mistakes.append(f"fields[{place}] is not a field but {field!r}.")
            elif not label:
                mistakes.append(f"fields[{place}], {type(field).__name__}, has no name=.")
            elif label in attrs:
                mistakes.append(f"fields[{place}]: the name {label!r} is taken already.")
            else:
                attrs[label] = field
        for label, field in attrs.items():
            other = getattr(field, "declared_name", None) if isinstance(field, ma.Field) else None
            if other not in (None, label):
                mistakes.append(f"{label} = {type(field).__name__}(name={other!r}): two names.")
        if mistakes:
            raise ModelError(name, mistakes)
        cls = super().__new__(mcs, name, bases, attrs)
        assert isinstance(cls, ModelMeta)
        return cls

    def __init__(
        cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **options: Any
    ) -> None:
        super().__init__(name, bases, attrs)  # type: ignore[no-untyped-call]  # marshmallow's
        cls.shape = schema_shape(cls)  # type: ignore[arg-type]  # a class made by this is a Schema


class Model(Schema, metaclass=ModelMeta):
    """What a record is: its fields, listed or as class attributes.

        class Person(Model):
            fields = [StringField(name="name", required=True), PkField(name="id")]

    A field that cannot be documented truthfully is refused here, with the reason (ModelError).
    """

    if TYPE_CHECKING:
        fields: Any  # a list in a subclass; marshmallow's own mapping on an instance

    class Meta:
        """marshmallow's options."""

        register = False  # models are found by reference, and two may have one name
