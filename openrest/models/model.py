"""`Model`: a marshmallow Schema whose fields may also be listed; `OneOf`: one of several models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from marshmallow import Schema, ValidationError
from marshmallow import fields as ma
from marshmallow.exceptions import SCHEMA
from marshmallow.schema import SchemaMeta
from marshmallow.utils import get_value
from marshmallow.validate import Equal

from openrest import messages as msg
from openrest.errors import ModelError
from openrest.messages import say
from openrest.models import shapes as s
from openrest.models.derive import schema_shape
from openrest.models.fields import StringField
from openrest.models.mistakes import annotated_only

__all__ = ["Model", "OneOf"]


class ModelMeta(SchemaMeta):
    """Takes the ``fields`` list of a model, and turns the model into its shape at once."""

    shape: s.Object | s.OneOf

    def __new__(
        mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **options: Any
    ) -> ModelMeta:
        listed = attrs.pop("fields", ())
        mistakes = []
        if isinstance(listed, (str, bytes, Mapping)) or not isinstance(listed, Iterable):
            mistakes.append(f"fields is no list of fields but a {type(listed).__name__}.")
            listed = ()
        for place, field in enumerate(listed):
            label = getattr(field, "declared_name", None)
            if not isinstance(field, ma.Field):
                mistakes.append(f"fields[{place}] is not a field but {field!r}.")
            elif not label:
                mistakes.append(f"fields[{place}], {type(field).__name__}, has no name=.")
            elif not isinstance(label, str):
                mistakes.append(f"fields[{place}]: name={label!r} is no text.")
            elif label in attrs:
                mistakes.append(f"fields[{place}]: the name {label!r} is taken already.")
            else:
                attrs[label] = field
        for label, field in attrs.items():
            other = getattr(field, "declared_name", None) if isinstance(field, ma.Field) else None
            if other not in (None, label):
                mistakes.append(f"{label} = {type(field).__name__}(name={other!r}): two names.")
            if isinstance(field, type) and issubclass(field, ma.Field):
                kind = field.__name__
                mistakes.append(f"{label} = {kind}: a class, which is no field: write {kind}().")
        if mistakes:
            raise ModelError(name, mistakes)
        cls = super().__new__(mcs, name, bases, attrs)
        assert isinstance(cls, ModelMeta)  # nosec B101  # says it to the type checker
        return cls

    def __init__(
        cls, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **options: Any
    ) -> None:
        super().__init__(name, bases, attrs)  # type: ignore[no-untyped-call]  # marshmallow's
        cls.prepare()
        schema_class: Any = cls  # a class made by this is a Schema
        mistakes = list(annotated_only(schema_class))
        try:
            cls.shape = schema_shape(schema_class)
        except ModelError as error:
            raise ModelError(name, [*mistakes, *error.mistakes]) from error.__cause__
        if mistakes:
            raise ModelError(name, mistakes)

    def prepare(cls) -> None:
        """What a kind of model does before its shape is made."""


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


class OneOfMeta(ModelMeta):
    """Joins each variant of a OneOf with what all of them have, into a schema of its own."""

    discriminator: str
    variants: Mapping[str, type[Schema]]
    kinds: Mapping[str, type[Schema]]

    def prepare(cls) -> None:
        """Make the schemas of the variants. Raises ModelError with every mistake."""
        if "kinds" in vars(cls):
            return  # OneOf itself, or the schema of a variant
        mistakes = list(cls._mistakes())
        if mistakes:
            raise ModelError(cls.__name__, mistakes)
        kinds: dict[str, Any] = {}
        for value, variant in cls.variants.items():
            body = {
                cls.discriminator: StringField(required=True, validate=Equal(value)),
                "kinds": {},
                "__module__": variant.__module__,
                "__doc__": variant.__doc__,
            }
            kinds[value] = type(cls)(f"{cls.__name__}{variant.__name__}", (variant, cls), body)
        cls.kinds = kinds

    def _mistakes(cls) -> Iterator[str]:
        if not isinstance(getattr(cls, "discriminator", None), str) or not cls.discriminator:
            yield "discriminator is missing: the name of the member that tells the variants apart."
        elif cls.discriminator in cls._declared_fields:
            yield f"the discriminator {cls.discriminator!r} is a field, too: leave the field out."
        variants = getattr(cls, "variants", None)
        if not isinstance(variants, Mapping) or not variants:
            yield "variants is missing: a mapping from the discriminator's values to models."
            return
        for value, variant in variants.items():
            if not isinstance(value, str) or not value:
                yield f"variants: {value!r} is no text, as which the discriminator is sent."
            if not (isinstance(variant, type) and issubclass(variant, Schema)):
                yield f"variants[{value!r}] is no model but {variant!r}."
            elif isinstance(variant, OneOfMeta):
                yield f"variants[{value!r}], {variant.__name__}, is a OneOf itself."
            else:
                own = {getattr(cls, "discriminator", ""), *cls._declared_fields}
                for name in variant._declared_fields:
                    if name in own:
                        yield f"variants[{value!r}], {variant.__name__}, has {name!r} as well."


class OneOf(Model, metaclass=OneOfMeta):
    """One of several models; a member of each object says which.

        class Pet(OneOf):
            fields = [StringField(name="name", required=True), PkField(name="id")]
            discriminator = "kind"
            variants = {"cat": Cat, "dog": Dog}

    The fields are those that every variant has.
    """

    if TYPE_CHECKING:
        fields: Any  # as in Model

    discriminator: ClassVar[str]
    variants: ClassVar[Mapping[str, type[Schema]]]
    #: The schema of each variant, with the common fields and the discriminator.
    kinds: ClassVar[Mapping[str, type[Schema]]] = {}

    def load(self, data: Any, *, many: bool | None = None, **options: Any) -> Any:
        """The record of a wire object, or with `many` those of a list; marshmallow's options.

        Raises marshmallow's ValidationError.
        """
        if not self.kinds:
            return super().load(data, many=many, **options)
        if self.many if many is None else many:
            return self._load_each(data, options)
        if not isinstance(data, Mapping):
            raise ValidationError({SCHEMA: [msg.OBJECT]})
        kind = data.get(self.discriminator)
        if not isinstance(kind, str) or kind not in self.kinds:
            said = msg.CHOICE if self.discriminator in data else msg.REQUIRED
            wanted = say(said, choices=", ".join(self.kinds))
            raise ValidationError({self.discriminator: [wanted]})
        return self.kinds[kind]().load(data, **options)

    def _load_each(self, data: Any, options: Mapping[str, Any]) -> list[Any]:
        if not isinstance(data, list):
            raise ValidationError({SCHEMA: [msg.ARRAY]})
        loaded = []
        mistakes: dict[str | int, Any] = {}
        for place, item in enumerate(data):
            try:
                loaded.append(self.load(item, many=False, **options))
            except ValidationError as error:
                mistakes[place] = error.messages
        if mistakes:
            raise ValidationError(mistakes)
        return loaded

    def dump(self, obj: Any, *, many: bool | None = None) -> Any:
        """The wire object of a record, or with `many` the list of them."""
        if not self.kinds:
            return super().dump(obj, many=many)
        if self.many if many is None else many:
            return [self.dump(item, many=False) for item in obj]
        kind: Any = get_value(obj, self.discriminator)
        return self.kinds[kind]().dump(obj)
