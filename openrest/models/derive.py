"""marshmallow fields and schemas -> shapes.

A plain marshmallow field is read as the type it names, strictly: `fields.Integer` as an
integer, although it would load ``"5"`` and ``2.7``. A field of a class whose conversion nobody
but its author knows is any value, and what it refuses is a rule.
"""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from marshmallow import EXCLUDE, INCLUDE, Schema, missing
from marshmallow import fields as ma

from openrest.errors import ContractError, InvalidData, ModelError, did_you_mean
from openrest.models import shapes as s
from openrest.models.computing import computed
from openrest.models.dumping import dumper
from openrest.models.hooks import has_dump_hooks, refiner
from openrest.models.kinds import KINDS, is_json
from openrest.models.loading import wire_loader
from openrest.models.mistakes import (
    binding_mistakes,
    check_metadata,
    check_name,
    told,
    unknown_mistakes,
    validates_mistakes,
)
from openrest.models.narrowing import narrow
from openrest.models.nesting import component_name, hooked, schema_key
from openrest.models.walking import each
from openrest.models.wording import required_words, worded

__all__ = ["field_shape", "schema_shape"]

_CONVERSIONS = ("_deserialize", "_serialize", "deserialize", "serialize")
#: Where marshmallow-sqlalchemy has its fields; its Nested only hands the session on.
_SQLALCHEMY = "marshmallow_sqlalchemy.fields"
#: The fields that are made of others, or of functions.
_CONTAINERS = (ma.List, ma.Tuple, ma.Mapping, ma.Nested, ma.Method, ma.Function)
#: What Python and marshmallow raise of options that are of another type than they expect; a
#: NameError is a model that nobody has made.
_WRONG = (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError)


def field_shape(field: ma.Field[Any], *, inherited: bool = False) -> s.Shape:
    """The shape of a field, its validators and `allow_none` included.

    `inherited` is what its class has from ours, beneath conversions of its author's own.
    Raises ValueError with a sentence where the field cannot be documented truthfully.
    """
    return _Derivation().field(field, inherited=inherited)


def schema_shape(schema_class: type[Schema]) -> s.Object | s.OneOf:
    """The object that a schema describes, or the choice among objects that a `OneOf` does.

    Raises ModelError with every mistake of the schema.
    """
    return _Derivation().model(schema_class)


class _Derivation:
    """One walk through a schema and all that it nests, which meets each of them once.

    What is nested by a function or a name is looked up later, by the same walk.
    """

    def __init__(self) -> None:
        self._known: dict[Any, s.Object | s.OneOf] = {}

    def field(self, field: ma.Field[Any], *, inherited: bool = False) -> s.Shape:
        """The shape of a field, its validators and `allow_none` included."""
        check_metadata(field)
        shape = worded(field, narrow(self._base(field, inherited), field.validators))
        return s.Nullable(shape=shape) if field.allow_none else shape

    def _base(self, field: ma.Field[Any], inherited: bool) -> s.Shape:
        if _is_of(field, "Related"):
            raise ValueError(
                "a relationship is another row, which only a session can find: leave "
                "include_relationships out, show its key with include_fk = True, or nest a schema"
            )
        own = getattr(field, "base_shape", None)
        for cls in type(field).__mro__:
            if own is not None and "base_shape" in vars(cls):
                shape: s.Shape = own()
                return shape
            if cls in KINDS:
                return KINDS[cls](field)
            if cls in _CONTAINERS:
                return self._container(field)
            if cls is ma.Field and hasattr(field, "loads_by_shape"):
                raise ValueError(f"{type(field).__name__} has no base_shape() that says what it is")
            if _converts(cls) and not inherited:
                break
        return s.AnyValue(
            load=lambda value: field.deserialize(value),
            dump=lambda value: field._serialize(value, field.name, {field.name: value}),
        )

    def _container(self, field: Any) -> s.Shape:
        match field:
            case ma.List():
                return s.List(item=self._inner(field.inner))
            case ma.Tuple():
                return s.Tuple(items=tuple(map(self._inner, field.tuple_fields)))
            case ma.Mapping():
                return self._map(field)
            case ma.Pluck():
                return self._nested(field, self._plucked)
            case ma.Nested():
                return self._nested(field, self._part)
            case _:  # Method and Function
                if _loading(field) is None and not _shows(field):
                    raise ValueError("it has no function, neither to show a value nor to load one")
                return s.AnyValue(load=_loading(field))

    def _inner(self, field: ma.Field[Any]) -> s.Shape:
        """The shape of a field within another, where no store looks for references."""
        if getattr(field, "reference", None) is not None:
            raise ValueError(
                f"{type(field).__name__} stands in another field, where no store can keep what it "
                "refers to: make it a field of the model, or each reference a record of its own"
            )
        return self.field(field)

    def _map(self, field: ma.Mapping[Any]) -> s.Shape:
        key = None if field.key_field is None else self._inner(field.key_field)
        if key == s.String():
            key = None  # any name is text, and not every version of OpenAPI can say more of names
        value: s.Shape = s.Nullable(shape=s.AnyValue())
        if field.value_field is not None:
            value = self._inner(field.value_field)
        match key:
            case s.Integer() if key == s.Integer():
                pass
            case s.Choice(pairs=pairs) if all(type(wire) is str for wire, _ in pairs):
                pass
            case None | s.String() | s.Uuid() | s.Date() | s.DateTime() | s.Parsed():
                pass
            case _:
                raise ValueError(
                    f"keys={type(field.key_field).__name__}: the names in a JSON object are text, "
                    "which these are not, or not in one form"
                )
        return s.Map(key=key, value=value)

    def _nested(self, field: Any, make: Callable[[Any], s.Shape]) -> s.Shape:
        """The nested object, or, where its schema is named or given by a function, later."""
        nested = field.nested
        model = "a model" if field.root is None else type(field.root).__name__
        is_name = isinstance(nested, str)
        if nested == "self":
            raise ValueError(f"'self' names no model: write lambda: {model}")

        def later() -> s.Shape:
            try:
                return make(field)
            except _WRONG as reason:
                hint = f" A Model has no name here: write lambda: {nested}" if is_name else ""
                mistake = f"field {field.name!r}: {told(reason)}{hint}"
                raise ModelError(model, [mistake]) from reason

        if is_name or (callable(nested) and not isinstance(nested, type)):
            # The field is a copy that nobody else has; the schema finds its own place in it.
            return s.Deferred(later)
        return make(field)

    def _part(self, field: Any) -> s.Shape:
        schema: Schema = field.schema
        shape: s.Shape = self._object(schema, field.unknown or schema.unknown)
        return s.List(item=shape) if field.many or schema.many else shape

    def _plucked(self, field: Any) -> s.Shape:
        plucked = field.schema.fields[field.field_name]
        for flag in ("load_only", "dump_only"):
            if getattr(plucked, flag) and not getattr(field, flag):
                raise ValueError(f"{field.field_name!r}, which it plucks, is {flag}, and it is not")
        value = self._inner(plucked)
        if isinstance(value, s.Nullable) and not field.many:
            value = value.shape  # marshmallow asks the Pluck alone whether it may be null
        shape: s.Shape = s.Plucked(shape=value, member=plucked.attribute or field.field_name)
        return s.List(item=shape) if field.many else shape

    def _object(self, schema: Schema, unknown: str) -> s.Object | s.OneOf:
        """The object that a nested schema describes, as a part of another: no key, no hooks twice.

        Raises ValueError with the first mistake of the schema.
        """
        key = (schema_key(schema), unknown)
        if key not in self._known:
            try:
                shape = self.model(type(schema), schema, unknown)
            except ModelError as error:
                raise ValueError(f"{error.subject}: {error.mistakes[0]}") from error
            _check_no_references(shape, type(schema).__name__)
            self._known[key] = _without_key(shape)
        return self._known[key]

    def model(
        self, schema_class: type[Schema], schema: Schema | None = None, unknown: str = ""
    ) -> s.Object | s.OneOf:
        """The shape of a schema, or of one instance of it that has options of its own."""
        if getattr(schema_class, "kinds", None):
            return self._one_of(schema_class)
        mistakes = list(_meta_mistakes(schema_class))
        if has_dump_hooks(schema_class):
            mistakes.append(
                "pre_dump and post_dump may change what the document promises: write a formatter "
                "of the view, which declares what it adds or removes."
            )
        try:
            schema = schema_class() if schema is None else schema
        except _WRONG as reason:
            # A name in class Meta that is no field, or marshmallow's own: two of one data_key.
            found = list(binding_mistakes(schema_class))
            if not isinstance(reason, KeyError) or not mistakes:
                found = found or [told(reason)]
            raise ModelError(schema_class.__name__, [*mistakes, *found]) from reason
        mistakes.extend(validates_mistakes(schema))
        unknown = unknown or schema.unknown
        mistakes.extend(unknown_mistakes(unknown))
        members = []
        for name, field in schema.fields.items():
            try:
                members.append(self._member(name, field, schema))
            except ModelError as error:
                mistakes.append(f"field {name!r}: {error.mistakes[0]}")
            except _WRONG as reason:
                mistakes.append(f"field {name!r}: {told(reason)}")
        if unknown == INCLUDE:
            mistakes.extend(_include_mistakes(members))
        members = _with_views(members, mistakes)
        if mistakes:
            raise ModelError(schema_class.__name__, mistakes)
        shape = s.Object(
            members=tuple(members),
            component=component_name(schema, unknown),
            origin=_origin(schema_class),
            description=_description(schema_class),
            extra={EXCLUDE: "ignore", INCLUDE: "keep"}.get(unknown, "refuse"),  # type: ignore[arg-type]
        )
        refine = refiner(schema, shape)
        return shape if refine is None else hooked(shape, refine)

    def _member(self, name: str, field: ma.Field[Any], schema: Schema) -> s.Member:
        attribute = field.attribute or name
        check_name("attribute" if field.attribute else "name", attribute)
        check_name("data_key" if field.data_key else "name", field.data_key or name)
        shape = self.field(field)
        if "." in attribute:
            raise ValueError(f"attribute={attribute!r} reaches into another object")
        if field.data_key == "":
            raise ValueError("data_key is empty")
        is_key = bool(getattr(field, "is_key", False))
        if is_key:
            _check_key(field)
        if field.load_only and field.dump_only:
            raise ValueError("it is both load_only and dump_only, so nobody sees it")
        reference: s.Reference | None = getattr(field, "reference", None)
        optional = schema.partial is True or name in (schema.partial or ())
        return s.Member(
            name=attribute,
            wire=field.data_key or name,
            shape=shape,
            required=is_key or (field.required and not field.dump_only and not optional),
            is_key=is_key,
            read_only=field.dump_only,
            write_only=field.load_only,
            # A Constant has one although it is required, and then never needs it.
            default=s.MISSING if field.required else _default(field, shape),
            compute=computed(field),
            description=str(field.metadata.get("description", "")) or _refers(reference),
            deprecated=bool(field.metadata.get("deprecated", False)),
            example=_declared_example(field, shape),
            required_words=required_words(field),
            reference=reference,
        )

    def _one_of(self, schema_class: Any) -> s.OneOf:
        name = component_name(schema_class())
        variants = []
        for value, kind in schema_class.kinds.items():
            variant = self.model(kind)
            assert isinstance(variant, s.Object)  # kinds are plain schemas  # nosec B101
            first = sorted(variant.members, key=lambda m: m.wire != schema_class.discriminator)
            variants.append((value, replace(variant, members=tuple(first))))
        return s.OneOf(
            discriminator=schema_class.discriminator,
            variants=tuple(variants),
            component=name,
            origin=_origin(schema_class),
            description=_description(schema_class),
        )


def _is_of(field: ma.Field[Any], name: str) -> bool:
    """Whether the field is of a class of marshmallow-sqlalchemy's, which is not imported here."""
    return any((cls.__module__, cls.__name__) == (_SQLALCHEMY, name) for cls in type(field).__mro__)


def _converts(cls: type) -> bool:
    """Whether a class has conversions of its author's own."""
    ours = cls.__module__ in (ma.__name__, _SQLALCHEMY) or "loads_by_shape" in vars(cls)
    return not ours and any(name in vars(cls) for name in _CONVERSIONS)


def _origin(schema_class: type[Schema]) -> str:
    return f"{schema_class.__module__}.{schema_class.__qualname__}"


def _without_key(shape: s.Object | s.OneOf) -> s.Object | s.OneOf:
    """The object as a part of another, where nobody assigns a key to it."""
    if isinstance(shape, s.OneOf):
        variants: Any = tuple((value, _without_key(variant)) for value, variant in shape.variants)
        return replace(shape, variants=variants)
    members = tuple(
        replace(m, is_key=False, required=m.required and not m.read_only) if m.is_key else m
        for m in shape.members
    )
    return replace(shape, members=members)


def _check_no_references(shape: s.Object | s.OneOf, name: str) -> None:
    for one in [shape] if isinstance(shape, s.Object) else [one for _, one in shape.variants]:
        for member in one.members:
            if member.reference is not None:
                raise ValueError(
                    f"{name}: field {member.name!r} refers to another resource, which only a field "
                    "of the resource's own model can"
                )


def _include_mistakes(members: list[s.Member]) -> Iterator[str]:
    for member in members:
        if member.write_only:
            yield (
                f"field {member.name!r}: with unknown = INCLUDE all that is stored is shown, so it "
                "cannot be load_only"
            )
        if member.name != member.wire:
            yield (
                f"field {member.name!r}: with unknown = INCLUDE a client could send a member of "
                "this name, which stands for another: leave data_key and attribute out"
            )


def _meta_mistakes(schema_class: type[Schema]) -> Iterator[str]:
    # What an option is, the class that reads them knows: marshmallow-sqlalchemy has more of them.
    known = {"register", *vars(schema_class.opts)}
    for cls in schema_class.__mro__:
        meta = vars(cls).get("Meta")
        if meta is None or cls.__module__.startswith("marshmallow"):
            continue
        for name in vars(meta):
            # marshmallow ignores what it does not know, and a misspelt 'exclude' leaks a field.
            if not name.startswith("__") and name not in known:
                yield f"class Meta: unknown option {name!r}.{did_you_mean(name, known)}"
    declared = schema_class._declared_fields
    for option in ("fields", "load_only", "dump_only"):
        for name in getattr(schema_class.opts, option) or ():
            if name not in declared and "." not in name:
                yield (
                    f"class Meta: {option} names {name!r}, which is no field."
                    f"{did_you_mean(name, declared)}"
                )
    if schema_class.opts.many:
        yield "class Meta: many = True has no meaning for a model, which describes one object."


def _check_key(field: ma.Field[Any]) -> None:
    """Raise ValueError for what a key cannot be."""
    assigned = field.dump_only
    for wrong, said in (
        (field.allow_none, "a key is never null"),
        (field.load_only, "a key is shown"),
        (assigned and isinstance(field, ma.String), "the client sends it, so it is not dump_only"),
        (assigned and field.validators, "its values are the server's: it has no validators"),
        (
            isinstance(field, ma.Integer) and field.load_default is not missing,
            "the store assigns it, so it has no default",
        ),
    ):
        if wrong:
            raise ValueError(said)


def _with_views(members: Sequence[s.Member], mistakes: list[str]) -> list[s.Member]:
    """The members, those computed that show the value of another one once more.

    marshmallow lets several fields have one ``attribute``; but one of them can be set at most.
    """
    owners: dict[str, s.Member] = {}
    for member in members:
        owner = owners.setdefault(member.name, member)
        if owner is not member and not member.read_only:
            if not owner.read_only or owner.is_key:
                mistakes.append(
                    f"field {member.wire!r}: attribute={member.name!r} is that of the field "
                    f"{owner.wire!r}, and both can be set: one value would be lost."
                )
            owners[member.name] = member
    return [
        member if member is owners[member.name] else _view(member, owners[member.name])
        for member in members
    ]


def _view(member: s.Member, owner: s.Member) -> s.Member:
    shape = member.shape
    if not owner.always or owner.nullable:
        shape = shape if isinstance(shape, s.Nullable) else s.Nullable(shape=shape)
    name = member.name
    compute = s.Computed(make=lambda record: record.get(name), shape=shape)
    return replace(member, compute=compute, default=s.MISSING)


def _default(field: ma.Field[Any], shape: s.Shape) -> Any:
    default = field.load_default if field.load_default is not missing else field.dump_default
    if default is missing or default is None:
        return s.MISSING
    value = default
    if callable(default):
        try:
            value = default()
        except Exception as error:  # it is its author's own
            raise ValueError(f"its default raises {type(error).__name__}: {error}") from error
    if value == [] and getattr(field, "many", False) and _is_deferred(shape):
        return default  # an empty list, whatever model its items are of, which is made later
    try:
        wire = dumper(shape)(value)
        # Equal again: what is stored is the default, not what JSON makes of it.
        loaded = wire_loader(shape)(wire)
        if loaded != value or not is_json(wire):
            if _is_naive(value) and not _is_naive(loaded):
                raise ValueError("it has no time zone, and all values of the field have one")
            raise ValueError("JSON makes another value of it")
    except (InvalidData, ContractError, *_WRONG) as error:
        raise ValueError(
            f"the default {value!r} is no value of the field: {told(error)}"
        ) from error
    return default


def _is_naive(value: Any) -> bool:
    return isinstance(value, dt.datetime) and value.tzinfo is None


def _is_deferred(shape: s.Shape) -> bool:
    while isinstance(shape, (s.Nullable, s.Ruled)):
        shape = shape.shape
    return isinstance(shape, s.Deferred)


def _declared_example(field: ma.Field[Any], shape: s.Shape) -> Any:
    metadata = field.metadata
    declared = metadata.get("example", next(iter(metadata.get("examples", ())), s.MISSING))
    if declared is s.MISSING or any(isinstance(part, s.Deferred) for part in each(shape)):
        return declared  # what refers to a model that is made later is checked with its resource
    try:
        wire_loader(shape)(declared)
    except InvalidData as error:
        raise ValueError(
            f"the example {declared!r} is no value of the field: {told(error)}"
        ) from error
    return declared


def _shows(field: Any) -> bool:
    """Whether a Method or Function has a half that dumps."""
    named = getattr(field, "serialize_method_name", None)
    return bool(named or getattr(field, "serialize_func", None))


def _loading(field: Any) -> Callable[[Any], Any] | None:
    """The loading half of a Method or Function; None where there is none."""
    has_one = getattr(field, "deserialize_method_name", None) or getattr(
        field, "deserialize_func", None
    )
    return (lambda value: field._deserialize(value, field.name, None)) if has_one else None


def _refers(reference: s.Reference | None) -> str:
    if reference is None:
        return ""
    what = "The key of" if reference.format == "key" else "A link to"
    return f"{what} one in `{reference.resource}`"


def _description(schema_class: type[Schema]) -> str:
    # A class without a docstring of its own inherits marshmallow's, which describes no model.
    return inspect.cleandoc(vars(schema_class).get("__doc__") or "")
