"""What every store does with a record that it is given: check it against the model, and copy it."""

from __future__ import annotations

import copy
import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from openrest.datastore.validators import UniqueTogether
from openrest.errors import ContractError, InvalidData, RecordConflict, did_you_mean
from openrest.interfaces import DataStore, Record
from openrest.models import shapes as s
from openrest.models.dumping import dumper
from openrest.models.loading import wire_loader
from openrest.models.objects import fill
from openrest.models.text import has_text_form
from openrest.models.variants import stored_shape
from openrest.models.walking import bare, rebuilt, without_rules

__all__ = [
    "JsonForm",
    "Keeper",
    "copier",
    "is_assigned",
    "keeper",
    "of_many",
    "unique_members",
    "unknown_field",
    "validator_mistakes",
]

#: native value -> the value to keep; ValueError says what is wrong with it
Keep = Callable[[Any], Any]


def is_assigned(key: s.Member) -> bool:
    """Whether the store itself makes the keys: the integers of a PkField."""
    return key.read_only and isinstance(bare(key.shape), s.Integer)


class Keeper:
    """Makes of a record the one that is kept: checked, in its one form, and a copy.

    The form is the one that reading gives back: an instant in UTC, a decimal with all its
    places. Absent fields are filled in as on a create; the key that a store assigns stays absent.
    The rules of validators are not run: whoever made the record has run them.
    """

    def __init__(self, shape: s.Object, key: s.Member) -> None:
        self._key = key.name
        self._names = [member.name for member in shape.members]
        self._fields = [
            (
                member.name,
                member,
                keeper(member),
                member.name == key.name and is_assigned(key),
            )
            for member in shape.members
        ]

    def __call__(self, record: Record) -> Record:
        """The record to keep. Raises ContractError with every field that does not fit."""
        kept, mistakes = self.check(record)
        if mistakes:
            raise ContractError(f"The record does not fit its model: {'; '.join(mistakes)}.")
        return kept

    def instead(self, key: Any, record: Record) -> Record:
        """The record to keep in the place of the one with the key, which is not to change."""
        new = self({self._key: key, **record})
        if new[self._key] != key:
            raise ContractError(f"The key {key!r} was changed to {new[self._key]!r}.")
        return new

    def check(self, record: Record) -> tuple[Record, list[str]]:
        """The record to keep, and what is wrong with it: a sentence for each field."""
        kept: Record = {}
        mistakes: list[str] = []
        found = 0
        for name, member, keep, assigned in self._fields:
            if name in record:
                found += 1
                value = record[name]
                if value is not None:
                    try:
                        kept[name] = keep(value)
                    except ValueError as reason:
                        mistakes.append(f"field {name!r}: {value!r:.80} {reason}")
                elif member.nullable:
                    kept[name] = None
                elif member.always and not assigned:
                    mistakes.append(f"field {name!r}: must not be None")
            elif member.default is not s.MISSING or member.nullable:
                kept[name] = fill(member)
            elif member.required and not member.write_only and not assigned:
                mistakes.append(f"field {name!r}: is required")
        if found != len(record):
            for name in record:
                if name not in self._names:
                    near = did_you_mean(str(name), self._names)
                    mistakes.append(f"{name!r} is no field of the model.{near}")
        return kept, mistakes


def keeper(member: s.Member) -> Keep:
    """What makes of a value the one that a store keeps; ValueError where it does not fit."""
    return _keeper(member.shape)


def _keeper(shape: s.Shape) -> Keep:
    """Native value -> the value to keep; ValueError says what is wrong with it."""
    match shape:
        case s.Ruled(shape=inner) | s.Deferred(shape=inner):
            return _keeper(inner)
        case s.Nullable(shape=inner):
            keep = _keeper(inner)
            return lambda value: None if value is None else keep(value)
        case s.AnyValue():
            return copy.deepcopy
        case s.List(item=item):
            keep = _keeper(item)
            bounded = _exactly(replace(shape, item=s.Nullable(shape=s.AnyValue())))
            low, high = shape.min_items, s.INT64_MAX if shape.max_items is None else shape.max_items

            def keep_list(values: Any) -> Any:
                if type(values) is not list or not low <= len(values) <= high:
                    bounded(values)  # says what is wrong
                return list(map(keep, values))

            return keep_list
        case _:
            return _quickly(_kept_as_it_is(shape), _exactly(_opaque(stored_shape(shape))))


def _opaque(shape: s.Shape) -> s.Shape:
    """The shape that takes values of a user's own fields as they are.

    Nobody knows whether their loading undoes their dumping: a field may hash what it loads.
    """
    match shape:
        case s.AnyValue():
            return s.AnyValue(load=copy.deepcopy)
        case _:
            return rebuilt(shape, _opaque)


def _quickly(plain: Callable[[Any], bool] | None, keep: Callable[[Any], Any]) -> Keep:
    if plain is None:
        return keep
    return lambda value: value if plain(value) else keep(value)


def _kept_as_it_is(shape: s.Shape) -> Callable[[Any], bool] | None:
    """Tells the values that dumping and loading surely give back, without doing either.

    It costs a tenth, which counts in a long list. What it does not know, it leaves to them.
    """
    match shape:
        case s.Boolean():
            return lambda value: type(value) is bool
        case s.Integer(minimum=low, maximum=high):
            return lambda value: type(value) is int and low <= value <= high
        case s.Number(minimum=least, maximum=most):
            # No zero: -0.0 is kept as 0.0.
            return lambda value: type(value) is float and least < value < most and value != 0
        case s.String(patterns=()):
            return _plain_text(shape)
        case s.Date():
            return lambda value: type(value) is dt.date
        case s.Uuid():
            return lambda value: type(value) is uuid.UUID
        case _:
            return None


def _plain_text(shape: s.String) -> Callable[[Any], bool]:
    low, high = shape.min_length, s.INT64_MAX if shape.max_length is None else shape.max_length

    def is_plain(value: Any) -> bool:
        return (
            type(value) is str
            and low <= len(value) <= high
            and value.isascii()
            and "\0" not in value
        )

    return is_plain


def _exactly(shape: s.Shape) -> Callable[[Any], Any]:
    dump, load = dumper(shape), wire_loader(shape)

    def keep(value: Any) -> Any:
        try:
            native = load(dump(value))
        except InvalidData as broken:
            raise ValueError(", ".join(mistake.detail for mistake in broken.mistakes)) from broken
        except (AttributeError, ArithmeticError, KeyError, TypeError, ValueError) as error:
            raise ValueError("is of another type") from error
        if native != value:
            raise ValueError(f"would be read back as {native!r}")
        return native

    return keep


class JsonForm:
    """Kept records as objects of JSON, for stores that have nothing better, and back."""

    def __init__(self, shape: s.Object) -> None:
        shapes = {member.name: without_rules(member.shape) for member in shape.members}
        self.names = tuple(shapes)
        self._dump = {name: dumper(shape) for name, shape in shapes.items()}
        self._load = {name: wire_loader(shape) for name, shape in shapes.items()}

    def dump(self, record: Record) -> dict[str, Any]:
        """The object of a record."""
        return {name: self._dump[name](value) for name, value in record.items()}

    def load(self, stored: dict[str, Any]) -> Record:
        """The record of an object."""
        return {name: self._load[name](value) for name, value in stored.items()}


@contextmanager
def of_many(index: int) -> Iterator[None]:
    """Say of a conflict within it which of several records it is about."""
    try:
        yield
    except RecordConflict as conflict:
        conflict.index = index
        raise


def copier(shape: s.Object) -> Callable[[Record], Record]:
    """The function that copies a kept record, as deep as its values can be changed."""
    changeable = [member.name for member in shape.members if _is_changeable(member.shape)]
    if not changeable:
        return dict

    def copy_record(record: Record) -> Record:
        copied = dict(record)
        for name in changeable:
            if name in copied:
                copied[name] = copy.deepcopy(copied[name])
        return copied

    return copy_record


def _is_changeable(shape: s.Shape) -> bool:
    match shape:
        case s.Nullable(shape=inner) | s.Except(shape=inner) | s.Ruled(shape=inner):
            return _is_changeable(inner)
        case s.List() | s.Tuple() | s.Map() | s.AnyValue() | s.Constant() | s.Plucked():
            return True
        case s.Object() | s.OneOf() | s.Deferred():
            return True
        case _:
            return False


def validator_mistakes(store: DataStore) -> list[str]:
    """What is wrong with the validators of a store: a sentence for each mistake."""
    shapes = {member.name: member.shape for member in store.shape.members}
    mistakes = []
    for validator in store.validators:
        if not isinstance(validator, store.enforces):
            mistakes.append(f"{type(store).__name__} cannot keep the validator {validator!r}.")
            continue
        for name in validator.members:
            if name not in shapes:
                near = did_you_mean(name, shapes)
                mistakes.append(f"{validator!r}: the model has no field {name!r}.{near}")
            elif not has_text_form(shapes[name]):
                mistakes.append(f"{validator!r}: no store can compare the values of {name!r}.")
    return mistakes


def unknown_field(name: str, known: Iterable[str]) -> ContractError:
    """The error of a condition or an order on a field that the model lacks."""
    names = list(known)
    return ContractError(f"The model has no field {name!r}.{did_you_mean(name, names)}")


def unique_members(validators: Sequence[object]) -> list[tuple[str, ...]]:
    """The fields of each UniqueTogether among the validators."""
    return [each.members for each in validators if isinstance(each, UniqueTogether)]
