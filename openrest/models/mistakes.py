"""What the author of a model wrote and cannot have meant, and marshmallow would let pass."""

from __future__ import annotations

import builtins
import difflib
import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from marshmallow import EXCLUDE, INCLUDE, RAISE, Schema, validate
from marshmallow import fields as ma

from openrest.errors import InvalidData, OpenRestError, did_you_mean

__all__ = [
    "annotated_only",
    "binding_mistakes",
    "check_metadata",
    "check_name",
    "check_validator",
    "known_messages",
    "told",
    "unknown_mistakes",
    "validates_mistakes",
]

#: What is read of a field's `metadata`; the rest of it is its author's.
_READ: Final = ("description", "example", "examples", "deprecated")
#: SQLite ends text at a NUL, and UTF-8 has no surrogates.
_UNSENDABLE: Final = re.compile("[\0\ud800-\udfff]")
#: A scheme of a URL (RFC 3986, section 3.1); none that is in use has one letter.
_SCHEME: Final = re.compile("[a-z][a-z0-9+.-]+")
#: The types that are hardly of anything but a field, where a model is annotated with them.
_FIELD_OF: Final[Mapping[type, str]] = {
    str: "StringField",
    int: "IntegerField",
    float: "FloatField",
    bool: "BooleanField",
    list: "ListField",
    dict: "DictField",
}
_FIELDS: Final = [
    cls for cls in vars(ma).values() if isinstance(cls, type) and issubclass(cls, ma.Field)
]


def told(error: Exception) -> str:
    """What an error says, also one that is no sentence of ours."""
    if isinstance(error, InvalidData):
        return "; ".join(mistake.detail for mistake in error.mistakes)
    if isinstance(error, (ValueError, OpenRestError)):
        return str(error)
    return f"{type(error).__name__}: {error}"


def check_metadata(field: ma.Field[Any]) -> None:
    """Raise ValueError for what is nearly, but not quite, what a document shows."""
    metadata: Any = field.metadata
    if not isinstance(metadata, Mapping):
        raise ValueError(f"metadata is no mapping but {metadata!r}")
    for name in map(str, metadata):
        # Anything else is its author's own, so only what is very near was meant for us.
        near = difflib.get_close_matches(name.lower(), _READ, n=1, cutoff=0.85)
        own = name in _READ or not near or name == f"{near[0]}s"
        if not own and abs(len(near[0]) - len(name)) < 2:
            raise ValueError(f"metadata: nothing reads {name!r}.{did_you_mean(name, near)}")
    examples = metadata.get("examples", [])
    if not isinstance(examples, (list, tuple)):
        raise ValueError(
            f"metadata: examples is a list of values, not {examples!r}; one alone is an example"
        )


def check_name(what: str, name: Any) -> None:
    """Raise ValueError for a name that JSON or a table cannot have."""
    if not isinstance(name, str):
        raise ValueError(f"{what}={name!r} is no text")
    if _UNSENDABLE.search(name):
        raise ValueError(f"{what}={name!r} has a NUL or a surrogate in it")


def check_validator(validator: Any) -> None:
    """Raise ValueError for what would check nothing, or something else."""
    if isinstance(validator, type) and issubclass(validator, validate.Validator):
        name = validator.__name__
        raise ValueError(f"{name} is a class, which checks nothing: write {name}(...)")
    if not callable(validator):
        raise ValueError(f"{validator!r} is no validator, which is a function or such as Length(1)")
    match validator:
        case validate.Length(min=low, max=high, equal=equal):
            for bound in (low, high, equal):
                if bound is not None and (isinstance(bound, bool) or not isinstance(bound, int)):
                    raise ValueError(f"Length counts in whole numbers, of which {bound!r} is none")
        case validate.Regexp() if isinstance(validator.regex.pattern, bytes):
            pattern = validator.regex.pattern
            raise ValueError(f"Regexp({pattern!r}) is of bytes, which no text matches: leave b out")
        case validate.URL() if not all(map(_SCHEME.fullmatch, validator.schemes)):
            raise ValueError(
                "schemes is a collection of names such as {'https'}, not "
                f"{', '.join(map(repr, sorted(validator.schemes)))}"
            )


def known_messages(cls: type[ma.Field[Any]]) -> list[str]:
    """The keys of `error_messages` that mean something.

    Those of other fields are among them: one table of messages may be that of all fields.
    """
    tables = [vars(one).get("default_error_messages", {}) for one in (*cls.__mro__, *_FIELDS)]
    return list(dict.fromkeys(key for table in tables for key in table))


def unknown_mistakes(unknown: Any) -> Iterator[str]:
    """What is wrong with the option of that name."""
    known = (EXCLUDE, INCLUDE, RAISE)
    if unknown not in known:
        yield (
            f"unknown = {unknown!r} is none of {', '.join(map(repr, known))}."
            f"{did_you_mean(str(unknown), known)}"
        )


def binding_mistakes(schema_class: type[Schema]) -> Iterator[str]:
    """The methods that fields name and the schema does not have."""
    own = [name for name in dir(schema_class) if name not in dir(Schema)]
    for name, field in schema_class._declared_fields.items():
        if isinstance(field, ma.Method):
            for method in (field.serialize_method_name, field.deserialize_method_name):
                if method and not callable(getattr(schema_class, str(method), None)):
                    yield (
                        f"field {name!r}: the model has no method {method!r}."
                        f"{did_you_mean(str(method), own)}"
                    )


def validates_mistakes(schema: Schema) -> Iterator[str]:
    """The fields that @validates names and the schema does not have."""
    known = [*schema.declared_fields, *schema.fields]
    for method, _, options in schema._hooks.get("validates", ()):
        for name in options["field_names"]:
            if name not in known:
                yield f"{method} validates {name!r}, which is no field.{did_you_mean(name, known)}"


def annotated_only(cls: type[Schema]) -> Iterator[str]:
    """Annotations that were meant for fields: ``pages: int`` makes none."""
    try:
        annotations = inspect.get_annotations(cls)
    except NameError:  # a name for type checkers only
        return
    for name, annotation in annotations.items():
        # A list of fields is taken out of the class before.
        known = name in ("fields", *cls._declared_fields) or hasattr(cls, name)
        if known or name.startswith("_"):
            continue
        kind = _named(annotation, cls.__module__) if isinstance(annotation, str) else annotation
        if not isinstance(kind, type):
            continue
        if issubclass(kind, ma.Field):
            yield f"{name}: {kind.__name__} makes no field: write {name} = {kind.__name__}()."
        elif kind in _FIELD_OF:
            yield f"{name}: {kind.__name__} makes no field: write {name} = {_FIELD_OF[kind]}()."


def _named(annotation: str, module: str) -> Any:
    """What a name stands for in a module, or None."""
    first, *others = annotation.split(".")
    found = vars(sys.modules[module]).get(first) if module in sys.modules else None
    found = vars(builtins).get(first) if found is None else found
    for name in others:
        found = getattr(found, name, None)
    return found
