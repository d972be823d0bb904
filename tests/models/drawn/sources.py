"""Any model, as the Python source of one: drawn by hypothesis, then built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st
from marshmallow import Schema

from tests.models.drawn import names
from tests.models.drawn.leaves import LEAVES, Leaf

__all__ = ["Drawn", "drawn_models"]

T = TypeVar("T")

_HEADER = "from tests.models.drawn.names import *\n\n\n"

#: How deep models are nested in each other.
_LEVELS = 3

_WIRES = ("lastSeen", "a/b~c", "$ref", "__proto__", "a b", "é", "%41", "type", "items", "0", "A")

_PLAIN_KEYS = (
    "ma.Integer()", "ma.UUID()", "ma.String()", "ma.String(validate=validate.Length(2, 5))"
)  # fmt: skip

_OWN_KEYS = (
    "models.PkField()", "models.UUIDPkField()", "models.StringPkField()",
    "models.StringPkField(validate=validate.Length(max=3))",
)  # fmt: skip

#: Fields of the names in a Dict.
_NAMES = (
    "models.StringField()", "ma.String(validate=validate.Length(1, 3))", "models.IntegerField()",
    "models.StringField(validate=validate.Regexp('^[a-z]+$'))", "ma.UUID()", "models.DateField()",
    "models.DateTimeField()", "models.EnumField(Colour)", "ma.Enum(Colour, by_value=True)",
    "models.IPv4Field()", "ma.Date(format='%d/%m/%Y')", "ma.Integer(as_string=True)",
    "ma.String(validate=validate.OneOf(['a', 'b']))", "models.EmailField()",
)  # fmt: skip

_RULES = ("refuse_some", "broken")

_LIST_VALIDATORS = (
    "validate.Length(1, 2)", "validate.Length(equal=2)", "validate.Length(min=1)",
    "validate.Length(max=1)", *_RULES,
)  # fmt: skip

_CONTAINS = (
    "validate.ContainsOnly(['x', 'y', 1, 2])", "validate.ContainsNoneOf(['x', 'admin', 1])"
)  # fmt: skip

_METADATA = (
    "{'description': 'What it is.'}", "{'deprecated': True}", "{'title': 'A title'}",
    "{'description': 'What it is.', 'deprecated': True}",
)  # fmt: skip

_MESSAGES = (
    "{'required': 'give it'}", "{'null': 'is null'}", "{'invalid': 'is wrong'}",
    "{'validator_failed': 'no'}",
)  # fmt: skip

_HOOKS = (
    "@pre_load\ndef before(self, data, **kwargs):\n    return dict(data)",
    "@pre_load\ndef before(self, data, **kwargs):\n    refuse_some(data)\n    return data",
    "@post_load\ndef after(self, data, **kwargs):\n    return dict(data)",
    "@post_load\ndef after(self, data, **kwargs):\n    refuse_some(data)\n    return data",
    "@validates_schema\ndef whole(self, data, **kwargs):\n    pass",
    "@validates_schema\ndef whole(self, data, **kwargs):\n    refuse_some(data)",
)

_METHODS = (
    ("int", "7"), ("str", "'seven'"), ("bool", "True"), ("dt.date", "dt.date(2026, 3, 1)"),
    ("str | None", "None"), ("float", "0.5"), ("decimal.Decimal", "decimal.Decimal('1.50')"),
    ("dict", "{'a': [None]}"), ("'unknown'", "[1]"),
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """The source of a model, and of what it nests; its class is the last one."""

    source: str

    def __repr__(self) -> str:
        return f"\n\n{_HEADER}{self.source}\n"

    def build(self) -> type[Schema]:
        """The class. Raises ModelError for a combination that cannot be documented truthfully."""
        namespace: dict[str, Any] = {name: getattr(names, name) for name in names.__all__}
        namespace["__name__"] = "drawn"
        exec(compile(self.source, "<drawn>", "exec"), namespace)
        built: type[Schema] = namespace["Drawn"]
        return built


@st.composite
def drawn_models(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Drawn:
    """A strategy of models, each with exactly one key."""
    writer = _Writer(draw)
    writer.root()
    return Drawn("\n\n\n".join(writer.classes))


#: What begins a field, its own options, its defaults, and whether it may be required.
_Start = tuple[str, list[str], Sequence[str], bool]


@dataclass
class _Class:
    """A class that is being written."""

    name: str
    plain: bool = False
    keeps: bool = False
    recurs: bool = False
    level: int = 0


#: Making a strategy takes longer than drawing from it.
_sampled = cache(st.sampled_from)


class _Writer:
    """Writes classes from the choices that hypothesis makes; the first of a choice is simplest."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw
        self._fields = 0
        self._recursive_names: set[str] = set()
        self.classes: list[str] = []

    def _one(self, of: Sequence[T]) -> T:
        chosen: T = self._draw(_sampled(tuple(of)))
        return chosen

    def _rarely(self, out_of: int) -> bool:
        return self._one((*(False,) * (out_of - 1), True))

    def _number(self, low: int, high: int) -> int:
        return self._one(range(low, high + 1))

    # Classes

    def root(self) -> None:
        """The model itself, which comes last."""
        if self._rarely(6):
            self._one_of("Drawn", ["id = models.PkField()"], level=0)
            return
        plain = self._rarely(4)
        key = self._one(_PLAIN_KEYS if plain else _OWN_KEYS)
        self._class("Drawn", [f"id = {key}"], plain=plain, level=0, most=7, keeps=False)

    def _class(
        self,
        name: str,
        first: Sequence[str] = (),
        *,
        plain: bool = False,
        level: int,
        most: int = 4,
        keeps: bool = True,
    ) -> list[str]:
        """Write a class; its own fields."""
        unknown = self._one(("", "", "", "", "RAISE", "EXCLUDE", "INCLUDE" if keeps else "RAISE"))
        cls = _Class(name, plain=plain, keeps=unknown == "INCLUDE", level=level)
        body, listed = list(first), []
        own: list[str] = []
        for _ in range(self._number(1, most)):
            label, field, more = self._member(cls)
            own.append(label)
            if not plain and field.startswith("models.") and self._rarely(3):
                listed.append(f"    {_with_name(field, label)},")
            else:
                body.append(f"{label} = {field}")
            body += more
        if listed:
            body.insert(0, "\n".join(["fields = [", *listed, "]"]))
        meta = [f"unknown = {unknown}"] if unknown else []
        shown = list(own)
        if len(own) > 1 and self._rarely(6):
            sided = "_only=True" in "".join(line for line in body if line.startswith(own[0]))
            option = self._one(("exclude", "dump_only", "load_only"))
            if option == "exclude":
                shown.remove(own[0])
            if option == "exclude" or not (sided or listed or cls.keeps):
                meta.append(f"{option} = ({own[0]!r},)")
        if self._rarely(8):
            meta.append(self._one(("dateformat = '%d/%m/%Y'", "timeformat = '%H:%M'")))
        if meta:
            body.append("\n".join(["class Meta:", *(f"    {line}" for line in meta)]))
        if self._rarely(4):
            body.append(self._hook(shown))
        bases = "Schema" if plain else "models.Model"
        self._write(f"class {name}({bases}):", body)
        return shown

    def _one_of(self, name: str, first: Sequence[str], *, level: int) -> list[str]:
        variants = {}
        for kind in ("cat", "dog", "x-y")[: self._number(1, 3)]:
            variants[kind] = self._name()
            plain = self._rarely(3)
            self._class(variants[kind], plain=plain, level=max(level, 1), most=3, keeps=level > 0)
        body = list(first)
        common = []
        for _ in range(self._number(0, 2)):
            label, field, more = self._member(_Class(name, recurs=True, level=level))
            common.append(label)
            body += [f"{label} = {field}", *more]
        pairs = ", ".join(f"{kind!r}: {variant}" for kind, variant in variants.items())
        body += ["discriminator = 'kind'", f"variants = {{{pairs}}}"]
        self._write(f"class {name}(models.OneOf):", body)
        return common

    def _write(self, head: str, body: Sequence[str]) -> None:
        lines = [f"    {line}" for part in body for line in part.split("\n")]
        self.classes.append("\n".join([head, *lines]))

    def _name(self) -> str:
        # Not the number of classes: some that have a name are not written yet.
        self._fields += 1
        return f"Inner{self._fields}"

    def _hook(self, shown: Sequence[str]) -> str:
        if shown and self._rarely(3):
            return (
                f"@validates({shown[0]!r})\ndef one(self, value, **kwargs):\n    refuse_some(value)"
            )
        return self._one(_HOOKS)

    # Fields

    def _member(self, cls: _Class) -> tuple[str, str, list[str]]:
        """A field of a class: its name, what makes it, and what else it needs in the class."""
        self._fields += 1
        label = f"f{self._fields}"
        if self._rarely(14):
            return label, *self._computed(cls, label)
        head, options, defaults, may_be_required = self._kind(cls)
        options = [*options, *self._options(cls, defaults, may_be_required)]
        return label, f"{head}{', '.join(options)})", []

    def _computed(self, cls: _Class, label: str) -> tuple[str, list[str]]:
        module = "ma." if cls.plain else "models."
        suffix = "" if cls.plain else "Field"
        loads = self._rarely(3)
        said, value = self._one(_METHODS)
        if self._rarely(2):
            taken = ", lambda value: value" if loads else ""
            value = self._one(("7", "'seven'", "None", "[1, {'a': None}]"))
            return f"{module}Function{suffix}(lambda record: {value}{taken})", []
        methods = [f"def get_{label}(self, record) -> {said}:\n    return {value}"]
        taken = ""
        if loads:
            taken = f", deserialize='set_{label}'"
            methods.append(f"def set_{label}(self, value):\n    return value")
        return f"{module}Method{suffix}('get_{label}'{taken})", methods

    def _options(self, cls: _Class, defaults: Sequence[str], may_be_required: bool) -> list[str]:
        options = []
        side = self._one(("", "", "", "", "", "dump_only=True", "load_only=True"))
        if side and not (cls.keeps and side == "load_only=True"):
            options.append(side)
        given = self._one(("", "", "required=True", "default", "allow_none=True", "both", "null"))
        if given in ("required=True", "both") and may_be_required:
            options.append("required=True")
        if given in ("allow_none=True", "both"):
            options.append("allow_none=True")
        if given == "null":
            options.append("load_default=None")
        if given == "default" and defaults:
            options.append(f"{self._one(('load', 'load', 'dump'))}_default={self._one(defaults)}")
        if not cls.keeps and self._rarely(5):
            wire = self._one(_WIRES)
            # Two members of one object may not have one name.
            options.append(f"data_key='{wire}{self._fields}'")
        if not cls.keeps and self._rarely(8):
            options.append(f"attribute='own{self._fields}'")
        if self._rarely(8):
            options.append(f"metadata={self._one(_METADATA)}")
        if self._rarely(8):
            options.append(f"error_messages={self._one(_MESSAGES)}")
        return options

    def _inner(self, cls: _Class) -> str:
        """A field within another, with few options."""
        head, options, _, _ = self._kind(cls)
        if self._rarely(4):
            options = [*options, "allow_none=True"]
        return f"{head}{', '.join(options)})"

    def _kind(self, cls: _Class) -> _Start:
        makers: list[Callable[[_Class], _Start]]
        makers = [self._leaf] * 8
        if cls.level < _LEVELS:
            makers += [self._list, self._tuple, self._dict, self._nested]
            if not cls.recurs and not cls.plain:
                makers.append(self._recursive)
        return self._one(makers)(cls)

    def _leaf(self, cls: _Class) -> _Start:
        leaf: Leaf = self._one(LEAVES)
        options = []
        for alternatives in leaf.options:
            if self._rarely(2):
                options.append(self._one(alternatives))
        validators = [self._one(leaf.validators)] if leaf.validators and self._rarely(2) else []
        if validators:
            options.append(f"validate={validators[0]}")
        elif self._rarely(12):
            options.append(
                self._one(("post_load=lambda value: value", "pre_load=lambda value: value"))
            )
        first = [self._one(leaf.first)] if leaf.first else []
        # A default that a validator refuses is refused with the model.
        defaults = leaf.defaults if not validators or self._rarely(12) else ()
        return f"{self._one(leaf.classes)}(", [*first, *options], defaults, True

    def _deeper(self, cls: _Class) -> _Class:
        return _Class(cls.name, cls.plain, cls.keeps, cls.recurs, cls.level + 1)

    def _list(self, cls: _Class) -> _Start:
        inner = self._inner(self._deeper(cls))
        options = [inner]
        if self._rarely(2):
            plain = inner.startswith(("models.String", "ma.String", "models.Integer"))
            validators = _CONTAINS if plain and self._rarely(2) else _LIST_VALIDATORS
            options.append(f"validate={self._one(validators)}")
        empty = () if len(options) > 1 and not self._rarely(12) else ("list", "[]")
        return f"{self._one(('models.ListField', 'ma.List'))}(", options, empty, True

    def _tuple(self, cls: _Class) -> _Start:
        deeper = self._deeper(cls)
        deeper.recurs = True  # not in here: a tuple always has all its items, and so would theirs
        items = [self._inner(deeper) for _ in range(self._number(0, 3))]
        return (
            f"{self._one(('models.TupleField', 'ma.Tuple'))}(",
            [f"[{', '.join(items)}]"],
            (),
            True,
        )

    def _dict(self, cls: _Class) -> _Start:
        options = []
        if self._rarely(2):
            options.append(f"keys={self._one(_NAMES)}")
        if self._rarely(2):
            options.append(f"values={self._inner(self._deeper(cls))}")
        validators = self._rarely(3)
        if validators:
            options.append(f"validate={self._one(_LIST_VALIDATORS)}")
        empty = () if validators else ("dict",)
        return f"{self._one(('models.DictField', 'ma.Dict'))}(", options, empty, True

    def _nested(self, cls: _Class) -> _Start:
        name = self._name()
        if self._rarely(4):
            self._one_of(name, [], level=cls.level + 1)
            return f"{self._one(('models.NestedField', 'ma.Nested'))}(", [name], (), True
        first = [self._one(("id = models.PkField()", "id = models.StringPkField()"))]
        plain = self._rarely(3)
        shown = self._class(
            name, [] if plain or self._rarely(2) else first, plain=plain, level=cls.level + 1
        )
        if shown and self._rarely(5):
            options = [name, repr(shown[0]), *(["many=True"] if self._rarely(3) else [])]
            return f"{self._one(('models.PluckField', 'ma.Pluck'))}(", options, (), True
        options = []
        nested = name
        if shown and self._rarely(3):
            some = f"({shown[0]!r},)"
            choice = self._one(("only=", "exclude=")) + some
            instance = self._one(("", "partial=True", f"partial={some}", choice))
            if instance:
                nested = f"{name}({instance})"
            else:
                options.append(choice)
        if name not in self._recursive_names and self._rarely(4):
            # With INCLUDE much is refused that the class may have.
            options.append(f"unknown={self._one(('RAISE', 'EXCLUDE'))}")
        if self._rarely(4):
            options.append("many=True")
        if self._rarely(6):
            options.append(f"validate={self._one(_RULES)}")
        return f"{self._one(('models.NestedField', 'ma.Nested'))}(", [nested, *options], (), True

    def _recursive(self, cls: _Class) -> _Start:
        """The class in itself, once: two of one name with other options are refused."""
        cls.recurs = True
        self._recursive_names.add(cls.name)
        many = ["many=True"] if self._rarely(3) else []
        field = f"{self._one(('models.NestedField', 'ma.Nested'))}("
        return field, [f"lambda: {cls.name}", *many], ("list",) if many else (), False


def _with_name(field: str, name: str) -> str:
    """The field with a name in its last brackets."""
    inner = field[:-1]
    return f"{inner}{'' if inner.endswith('(') else ', '}name={name!r})"
