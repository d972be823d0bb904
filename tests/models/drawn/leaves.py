"""Fields of single values as Python source: of each class all options, validators and defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["LEAVES", "Leaf"]


@dataclass(frozen=True)
class Leaf:
    """A class of field, with what may stand in its brackets.

    `options` are lists of alternatives, of each of which one or none is taken. `defaults` are
    values of the field whatever its options and `validators` are.
    """

    classes: Sequence[str]
    options: Sequence[Sequence[str]] = ()
    validators: Sequence[str] = ()
    defaults: Sequence[str] = ()
    first: Sequence[str] = ()


_PATTERNS = (
    "^[a-z]+$", "[a-z]+[0-9]?$", "ab|cd", "^ab|cd$", "[^/]*$", "^[^x]", "(?:a|b){1,3}c?", ".+",
    "^[A-Z][a-z]{0,4}$", "[0-9]{2,4}-[0-9]{2}$", r"\\$[0-9]+\\.[0-9]{2}$", "a*?b", "é+$", "x?",
    "^$", "[ -~]*$", r"[\\w.]+@", "", "a.c$", "(ab)+$", r"\\Aab\\Z", "[\\u0000-\\u001f]",
)  # fmt: skip

_LENGTHS = (
    "validate.Length(min=1)", "validate.Length(max=3)", "validate.Length(1, 4)",
    "validate.Length(equal=2)", "validate.Length(max=0)", "validate.Length(max=70)",
)  # fmt: skip

_ANY = ("refuse_some", "broken", "validate.And(refuse_some, broken)")

_OPEN_RANGES = (
    "validate.Range(0, 10, min_inclusive=False)", "validate.Range(0, 10, max_inclusive=False)",
    "validate.Range(0, 10, min_inclusive=False, max_inclusive=False)",
)  # fmt: skip

_WHOLE_RANGES = (
    "validate.Range(min=0)", "validate.Range(max=10)", "validate.Range(-3, 7)", *_OPEN_RANGES,
    "validate.Range(max=2**53)", "validate.Range(min=-2**63)", "validate.Range(5, 5)",
)  # fmt: skip

_FRACTIONS = (
    "validate.Range(0.5, 1.5)", "validate.Range(0, 1, max_inclusive=False)",
    "validate.Range(min=0.1, min_inclusive=False)", "validate.Range(max=1e300)",
)  # fmt: skip

_LISTED = (
    "validate.OneOf([1, 5, 9])", "validate.NoneOf([0, 13])", "validate.Equal(5)",
    "validate.OneOf([True, 1, 2])", "validate.NoneOf([True])",
)  # fmt: skip

_STRINGS = (
    "validate.OneOf(['a', 'b', ''])", "validate.NoneOf(['admin', 'a', ''])",
    "validate.Equal('a')", "validate.Predicate('isalnum')", "capital",
    "validate.OneOf(['a,b', 'c'])", "validate.ContainsNoneOf('xy')", "validate.ContainsOnly('abc')",
    "validate.URL()", "validate.URL(relative=True)", "validate.URL(absolute=False, relative=True)",
    "validate.URL(require_tld=False, schemes={'https', 'git+ssh'})", "validate.Email()",
    "validate.And(validate.Length(max=5), validate.Regexp('[a-z]'))",
    "validate.And(validate.Length(min=1), validate.And(refuse_some))",
    "validate.Regexp('[a-z]+$', error='{input}: lower case')",
    "validate.Regexp(re.compile(r'\\d+$', re.ASCII))",
    *(f"validate.Regexp('{pattern}')" for pattern in _PATTERNS),
)  # fmt: skip

_FORMATS = ("format='%d/%m/%Y'", "format='%Y%m%d'", "format='%m-%Y'")

LEAVES: tuple[Leaf, ...] = (
    Leaf(
        ("models.StringField", "ma.String"),
        validators=(*_STRINGS, *_LENGTHS, *_LENGTHS, *_ANY),
        defaults=("''", "'a'", "lambda: 'Ab'"),
    ),
    Leaf(
        ("models.StringField", "ma.String"),
        validators=(*_STRINGS, *_LENGTHS),
    ),
    Leaf(
        ("models.EmailField", "ma.Email"),
        validators=("validate.Length(max=20)", *_ANY),
        defaults=("'ada@example.org'",),
    ),
    Leaf(
        ("models.UrlField", "ma.Url"),
        options=(
            ("relative=True", "relative=True, absolute=False"),
            ("schemes={'https'}", "schemes={'git+ssh', 'svn.x'}"),
            ("require_tld=False",),
        ),
        validators=("validate.Length(max=40)", *_ANY),
    ),
    Leaf(
        ("models.IntegerField", "ma.Integer"),
        validators=(*_WHOLE_RANGES, *_LISTED, *_FRACTIONS[:3], "even", *_ANY),
        defaults=("0", "1", "-5", "lambda: 2"),
    ),
    Leaf(
        ("models.IntegerField", "ma.Integer"),
        validators=(*_WHOLE_RANGES, *_LISTED),
    ),
    Leaf(("ma.Integer",), options=(("as_string=True",),), validators=_ANY, defaults=("5",)),
    Leaf(
        ("models.FloatField", "ma.Float"),
        validators=(*_WHOLE_RANGES[:6], *_FRACTIONS, *_LISTED, *_ANY),
        defaults=("0.0", "1.5", "-2"),
    ),
    Leaf(("models.FloatField", "ma.Float"), validators=(*_OPEN_RANGES, *_FRACTIONS[1:3])),
    Leaf(("models.BooleanField", "ma.Boolean"), validators=_ANY, defaults=("True", "False")),
    Leaf(
        ("models.DecimalField",),
        options=(("digits=5", "digits=18", "digits=3"), ("places=0", "places=2", "places=3")),
        validators=("validate.Range(min=decimal.Decimal(0))", "even", *_ANY),
        defaults=("decimal.Decimal(1)",),
    ),
    Leaf(
        ("ma.Decimal",),
        options=(("places=0", "places=2", "places=6"), ("as_string=True",)),
        validators=_ANY,
        defaults=("decimal.Decimal(1)",),
    ),
    Leaf(("models.UUIDField", "ma.UUID"), validators=_ANY, defaults=("uuid.UUID(int=1)",)),
    Leaf(
        ("models.DateTimeField", "ma.DateTime", "ma.AwareDateTime"),
        options=(
            (
                "format='iso'",
                "format='rfc'",
                "format='timestamp'",
                "format='timestamp_ms'",
                "format='%Y-%m-%d %H:%M:%S%z'",
                "format='%d.%m.%Y %H:%M %z'",
            ),
        ),  # fmt: skip
        validators=_ANY,
        defaults=("dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)",),
    ),
    Leaf(
        ("models.DateTimeField", "ma.DateTime", "ma.AwareDateTime"),
        defaults=("dt.datetime(2026, 3, 1, 9, 30, tzinfo=dt.UTC)",),
    ),
    Leaf(
        ("ma.DateTime", "models.NaiveDateTimeField", "ma.NaiveDateTime"),
        options=(("format='%Y-%m-%d %H:%M'", "format='%y%m%d %H%M%S.%f'"),),
        validators=_ANY,
    ),
    Leaf(
        ("models.NaiveDateTimeField", "ma.NaiveDateTime"),
        validators=_ANY,
        defaults=("dt.datetime(2026, 3, 1, 9, 30)",),
    ),
    Leaf(
        ("models.DateField", "ma.Date"),
        options=(_FORMATS,),
        validators=_ANY,
    ),
    Leaf(
        ("models.DateField", "ma.Date"),
        validators=(
            "validate.Range(min=dt.date(2000, 1, 1))",
            "validate.OneOf([dt.date(2026, 3, 1), dt.date(2024, 2, 29)])",
            "validate.NoneOf([dt.date(2026, 3, 1)])",
            *_ANY,
        ),
        defaults=("dt.date(2026, 3, 2)",),
    ),
    Leaf(
        ("models.TimeField", "ma.Time"),
        options=(("format='%H:%M'", "format='%H%M%S.%f'"),),
        validators=_ANY,
        defaults=("dt.time(9, 30)",),
    ),
    Leaf(("models.TimestampField",), validators=_ANY),
    Leaf(
        ("models.TimestampField",),
        validators=("validate.Range(min=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))",),
        defaults=("dt.datetime(2026, 3, 1, tzinfo=dt.UTC)",),
    ),
    Leaf(
        ("models.TimeDeltaField", "ma.TimeDelta"),
        options=(
            tuple(
                f"precision='{unit}'"
                for unit in ("weeks", "days", "hours", "minutes", "milliseconds", "microseconds")
            ),
        ),
        validators=("validate.Range(dt.timedelta(0), dt.timedelta(days=7))", *_ANY),
        defaults=("dt.timedelta(days=7)",),
    ),
    Leaf(("models.IPField", "ma.IP"), validators=_ANY),
    Leaf(
        ("models.IPv4Field", "ma.IPv4"),
        validators=_ANY,
        defaults=("ipaddress.IPv4Address('192.0.2.1')",),
    ),
    Leaf(("models.IPv6Field", "ma.IPv6"), validators=_ANY),
    Leaf(("ma.IPv6",), options=(("exploded=True",),)),
    Leaf(
        ("models.IPInterfaceField", "ma.IPInterface", "ma.IPv4Interface", "ma.IPv6Interface"),
        validators=_ANY,
    ),
    Leaf(
        ("models.EnumField", "ma.Enum"),
        first=("Colour", "Size", "Level"),
        options=(("by_value=True",),),
        validators=_ANY,
    ),
    Leaf(("models.EnumField", "ma.Enum"), first=("Colour",), defaults=("Colour.RED",)),
    Leaf(
        ("ma.Enum",),
        first=("Colour, by_value=ma.String", "Size, by_value=ma.Integer", "Size, by_value=True"),
        defaults=(),
    ),
    Leaf(
        ("models.ConstantField", "ma.Constant"),
        first=("'v1'", "5", "1.5", "True", "None", "[1, 'a']", "{'a': [1.0, None]}", "[]", "''"),
    ),
    Leaf(("models.RawField", "ma.Raw"), validators=_ANY, defaults=("[1]", "'a'")),
)
